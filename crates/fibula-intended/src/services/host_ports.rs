//! POD-9 to POD-11: ports of Nodes that lead to pods.
//!
//! One entry serves all Nodes: of its backends each Node sees the pods that it hosts.

use std::collections::BTreeSet;

use fibula_cluster::HostPort;
use fibula_network::{
    Action, Addr, Addrs, Backend, Backends, Choice, ChoiceId, Entry, Family, Kind, Mark, Pattern,
    PlaceId, Port, Range, Scope, When,
};

use super::fronts::{At, Front};
use super::{FAMILIES, Maker, at_port, entry, node};
use crate::graph::proto;
use crate::place::place_id;
use crate::tables::Slot;

/// The entries of hostPorts.
pub(super) struct HostPorts {
    /// Those that come before a Service's where hostPorts do (POD-11).
    pub(super) first: Vec<Entry>,
    /// All, after those of Services.
    pub(super) rest: Vec<Entry>,
}

/// A port of the Nodes: what one entry speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Door {
    family: Family,
    port: Port,
    /// At which address of a Node, where it is not at all of them.
    ip: Option<Addr>,
    /// Of several pods on a Node that claim it, which one.
    rank: usize,
}

/// A hostPort of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    family: Family,
    port: Port,
    node: usize,
    ip: Option<Addr>,
    backend: Backend,
}

pub(super) fn all(maker: &mut Maker<'_>, fronts: &[Front]) -> HostPorts {
    let mut made = HostPorts { first: vec![], rest: vec![] };
    let mut doors = doors(claims(maker));
    if doors.is_empty() {
        return made;
    }
    // Later ranks come first, each under its value; where a Node has fewer, the first has it.
    doors.sort_by_key(|(door, _)| (door.family, door.port, std::cmp::Reverse(door.rank), door.ip));
    let values = doors.iter().map(|(door, _)| door.rank + 1).max().unwrap_or(1);
    let values = values.min(u8::MAX.into()) as u8;
    let shared = (values > 1).then(|| {
        let question = "several pods of one Node claim one hostPort: which of them has it?";
        open(maker, "POD-9", question, values)
    });
    let at_nodes = at_nodes(maker, fronts);
    let taken = |door: &Door| at_nodes.contains(&(door.family, door.port));
    let before = doors.iter().any(|(door, _)| taken(door)).then(|| {
        let question = "a port is a hostPort and a Service's at the Nodes: which comes first?";
        let choice = open(maker, "POD-11", question, 2);
        When { choice, value: 1 }
    });
    let mut later = vec![];
    for (door, members) in doors {
        let place = members.first().map_or(PlaceId::NONE, |b| b.place);
        let to = maker.backends(Backends::new(&door.name(), members));
        let patterns = door.patterns(maker);
        let rewrite = |mark| Action::Rewrite { to, mark, then: Slot::Egress.table() };
        let entries = |when: &[When]| {
            let when = |pattern: &Pattern| Pattern { when: when.to_vec(), ..pattern.clone() };
            let entries =
                patterns.iter().map(|(rule, p, mark)| entry(rule, when(p), rewrite(*mark), place));
            entries.collect::<Vec<_>>()
        };
        let of_rank = shared.filter(|_| door.rank > 0);
        let of_rank = of_rank.map(|choice| When { choice, value: door.rank.min(254) as u8 });
        if let Some(before) = before.filter(|_| taken(&door)) {
            let when: Vec<When> = of_rank.into_iter().chain([before]).collect();
            made.first.extend(entries(&when));
        }
        made.rest.extend(entries(of_rank.as_slice()));
        if of_rank.is_some() {
            // At an address where no pod comes before it, it has the port under every value.
            later.extend(entries(&[]));
        }
    }
    made.rest.append(&mut later);
    made
}

/// The hostPorts of live pods, sorted.
fn claims(maker: &Maker<'_>) -> Vec<Claim> {
    let mut claims = vec![];
    let live = maker.cluster.pods.iter().filter(|pod| pod.live && !pod.host_network);
    for pod in live {
        for port in pod.containers.iter().flat_map(|container| &container.ports) {
            let Some(HostPort { number, ip }) = port.host else { continue };
            let proto = proto(port.protocol);
            for addr in pod.addresses.iter().map(|ip| Addr::from(*ip)) {
                let family = addr.family();
                let host = ip.map(Addr::from);
                if host.is_some_and(|host| host.family() != family) {
                    continue;
                }
                let backend = Backend {
                    at: Scope::Switch(node(pod.node)),
                    addr,
                    port: port.number,
                    place: place_id(port.place),
                };
                let ip = host.filter(|_| !ip.is_some_and(|ip| ip.is_unspecified()));
                let port = Port { proto, number };
                claims.push(Claim { family, port, node: pod.node, ip, backend });
            }
        }
    }
    claims.sort_unstable();
    claims
}

/// What each entry leads to. Claims of one Node exclude each other where one of them is for all
/// addresses, or both are for the same (POD-9).
fn doors(claims: Vec<Claim>) -> Vec<(Door, Vec<Backend>)> {
    let mut ranked: Vec<(Door, Backend)> = Vec::with_capacity(claims.len());
    let on_node = |a: &Claim, b: &Claim| (a.family, a.port, a.node) == (b.family, b.port, b.node);
    for claims in claims.chunk_by(on_node) {
        for (i, claim) in claims.iter().enumerate() {
            let Claim { family, port, ip, backend, .. } = *claim;
            let excludes = |other: &&Claim| other.ip.is_none() || ip.is_none() || other.ip == ip;
            let rank = claims[..i].iter().filter(excludes).count();
            ranked.push((Door { family, port, ip, rank }, backend));
        }
    }
    ranked.sort_unstable();
    let doors = ranked.chunk_by(|a, b| a.0 == b.0);
    doors.map(|door| (door[0].0, door.iter().map(|(_, backend)| *backend).collect())).collect()
}

/// The ports at which Services stand at the Nodes' own addresses.
fn at_nodes(maker: &mut Maker<'_>, fronts: &[Front]) -> BTreeSet<(Family, Port)> {
    let sets = FAMILIES.map(|family| maker.node_set(family));
    let own = |addr| sets.iter().any(|set| maker.network.set(*set).contains(addr));
    let fronts = fronts.iter().filter(|front| match front.at {
        At::External(addr) | At::Balancer(addr) => own(addr),
        At::Nodes => true,
        At::ClusterIp(_) => false,
    });
    fronts.map(|front| (front.family, Port { proto: front.proto, number: front.number })).collect()
}

fn open(maker: &mut Maker<'_>, id: &str, question: &str, values: u8) -> ChoiceId {
    let choice = ChoiceId(maker.network.choices.len() as u8);
    maker.network.choices.push(Choice { id: id.into(), question: question.into(), values });
    choice
}

// === impl Door ===

impl Door {
    /// What reaches it, by which rule, and whether its source is rewritten (POD-10): of the pods of
    /// the Node, which share a subnet with the target, and of what comes from loopback.
    fn patterns(&self, maker: &mut Maker<'_>) -> Vec<(&'static str, Pattern, Mark)> {
        let Door { family, port: Port { proto, number }, ip, .. } = *self;
        let loopback = match ip {
            None => Some(Range::LOOPBACK_V4).filter(|_| family == Family::V4),
            Some(ip) => Some(Range::one(ip)).filter(|_| Range::LOOPBACK_V4.contains(ip)),
        };
        let dst = match ip {
            None => maker.node_addrs(family),
            Some(ip) => Addrs::OwnIn(maker.set(&format!("hostIP {ip}"), vec![Range::one(ip)])),
        };
        let to = at_port(dst, number, proto);
        let pod = Pattern { from: Some(Kind::Pod), ..to.clone() };
        let mut patterns = vec![("POD-10", pod, Mark::Always), ("POD-9", to, Mark::Never)];
        if let Some(range) = loopback {
            let own = at_port(Addrs::In(range), number, proto);
            let own = Pattern { from: Some(Kind::Daemon), ..own };
            patterns.push(("POD-10", own, Mark::Always));
        }
        patterns
    }

    /// Its name, as entries print it.
    fn name(&self) -> String {
        let ip = self.ip.map(|ip| format!(" of {ip}")).unwrap_or_default();
        let family = if self.family == Family::V6 { " IPv6" } else { "" };
        format!("hostPort {}{ip}{family}", self.port)
    }
}
