//! Services by the thousand: what kinds there are, a message to one, and the headers that all of
//! them rewrite.

use std::net::Ipv4Addr;
use std::ops;

use fibula_cluster::api::{Ingress, Service};
use fibula_cluster::{Object, ObjectId};
use fibula_network::flow::{Atom, Atoms, Fields, Ground};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Life, Step, Verdict, Walks};
use fibula_network::{
    Action, Addrs, ElementId, Entry, Fib, Header, Kind, Network, Pattern, Ports, Range,
};

use crate::scene::message;

/// Where the API server takes nodePorts from (SVC-7).
const NODE_PORTS: ops::Range<i64> = 30_000..32_768;

/// Makes Services as they are in large clusters: each has a ClusterIP; of 100, 10 are NodePorts and
/// 5 LoadBalancers, as long as there are nodePorts, of which every third keeps to its Node; 5 of the
/// others do so too, and 12 prefer their zone.
pub(crate) fn mix(objects: &mut [(ObjectId, Object)]) {
    let mut node_ports = NODE_PORTS;
    let services = objects.iter_mut().filter_map(|(_, object)| match object {
        Object::Service(service) => Some(service),
        _ => None,
    });
    for (number, service) in services.enumerate() {
        one(service, number, &mut node_ports);
    }
}

fn one(service: &mut Service, number: usize, node_ports: &mut ops::Range<i64>) {
    let spec = &mut service.spec;
    let word = |yes: bool, word: &str| if yes { word.to_owned() } else { String::new() };
    // 7 and 100 have no common divisor: each rest comes up once in 100, in no run.
    let (kind, even) = (number * 7 % 100, number / 100);
    // In the range of the generated cluster, from 10.96.0.1 on.
    spec.cluster_ip = Ipv4Addr::from(0x0a60_0001 + number as u32).to_string();
    spec.cluster_ips = vec![spec.cluster_ip.clone()];
    let node_port = if kind < 15 { node_ports.next() } else { None };
    let balanced = node_port.is_some() && kind < 5;
    let outside = if balanced { "LoadBalancer" } else { "NodePort" };
    spec.kind = word(node_port.is_some(), outside);
    spec.external_traffic_policy = word(node_port.is_some() && even % 3 == 0, "Local");
    spec.internal_traffic_policy = word((15..20).contains(&kind), "Local");
    spec.traffic_distribution = word((20..32).contains(&kind), "PreferSameZone");
    for port in &mut spec.ports {
        port.node_port = node_port.unwrap_or(0);
    }
    let ip = |number: usize| format!("203.0.{}.{}", number >> 8 & 255, number & 255);
    let ingress = balanced.then(|| Ingress { ip: ip(number), ..Ingress::default() });
    service.status.load_balancer.ingress = ingress.into_iter().collect();
}

/// A message from a container that a Service brings to one of its pods: the last Service for which
/// that is so.
pub(crate) fn to_service(walks: &Walks<'_>, network: &Network) -> Option<(ElementId, Header)> {
    let (from, header) = message(network)?;
    let node = network.facts.host(network.facts.host(from)?)?;
    let table = rewriting(network, network.fib(node)?)?;
    let headers = table.iter().rev().filter_map(|entry| {
        let Pattern { dst: Addrs::In(Range { lo, hi }), dport: Ports::In(port, _), proto, .. } =
            entry.pattern
        else {
            return None;
        };
        (lo == hi).then_some(Header { dst: lo, dport: port, proto: proto?, ..header })
    });
    let rewritten = |life: &Life| {
        let becomes = |step: &Step| matches!(step, Step::Decide { becomes: Some(_), .. });
        life.ending.verdict == Verdict::Delivered && life.steps.iter().any(becomes)
    };
    let mut headers = headers.filter(|header| rewritten(&walks.walk(from, *header, &[])));
    Some((from, headers.next()?))
}

/// What a Node does with the first messages of connections before it asks for their next hop.
pub struct Rewritten {
    /// Where the sets are.
    pub space: Space,
    /// The headers that an entry rewrites.
    pub all: SetId,
    /// The headers for which each entry decides, by its place in the table.
    pub parts: Vec<SetId>,
}

/// The headers that the Services rewrite at a Node, of messages that come from such elements: by
/// entry, and all of them as one set. None where there are no Services.
pub fn rewritten(ground: &Ground<'_>, node: ElementId, from: Kind) -> Option<Rewritten> {
    let network = ground.network;
    let fib = network.fib(node)?;
    let table = rewriting(network, fib)?;
    let (fields, space) = Fields::new(network, &ground.atoms);
    let mut maker = Maker { network, atoms: &ground.atoms, fields, space, node, fib };
    let mut parts: Vec<SetId> = table.iter().map(|entry| maker.matched(entry, from)).collect();
    let Maker { mut space, .. } = maker;
    partition(&mut space, &mut parts);
    let rewrites = |entry: &Entry| matches!(entry.action, Action::Rewrite { .. });
    let rewriting = table.iter().zip(&parts).filter(|(entry, _)| rewrites(entry));
    let rewriting: Vec<SetId> = rewriting.map(|(_, part)| *part).collect();
    let all = space.any(&rewriting);
    Some(Rewritten { space, all, parts })
}

/// The entries of the table of a FIB that rewrites targets.
fn rewriting<'n>(network: &'n Network, fib: &Fib) -> Option<&'n [Entry]> {
    let rewrites = |entry: &Entry| matches!(entry.action, Action::Rewrite { .. });
    let tables = network.pipeline(fib.pipeline).iter().map(|id| &*network.table(*id).entries);
    tables.into_iter().find(|entries| entries.iter().any(rewrites))
}

/// Takes from each set what those before it have, and returns the union. Halves that have nothing
/// in common, as those of different Services, cost one look.
fn partition(space: &mut Space, sets: &mut [SetId]) -> SetId {
    match sets {
        [] => Space::EMPTY,
        [one] => *one,
        _ => {
            let (before, after) = sets.split_at_mut(sets.len() / 2);
            let (first, second) = (partition(space, before), partition(space, after));
            let both = space.and(first, second);
            if !space.is_empty(both) {
                for set in after {
                    *set = space.minus(*set, first);
                }
            }
            space.or(first, second)
        }
    }
}

struct Maker<'g> {
    network: &'g Network,
    atoms: &'g Atoms,
    fields: Fields,
    space: Space,
    node: ElementId,
    fib: &'g Fib,
}

// === impl Maker ===

impl Maker<'_> {
    /// The headers that an entry matches here.
    fn matched(&mut self, entry: &Entry, from: Kind) -> SetId {
        let Pattern { dst, src, sport, dport, proto, ref when, reply, marked, .. } = entry.pattern;
        let elsewhere = entry.pattern.from.is_some_and(|kind| kind != from);
        let seen = match entry.action {
            Action::Rewrite { to, .. } => {
                self.network.backends(to).seen_by(self.node, &self.fib.me).next().is_some()
            }
            _ => true,
        };
        if elsewhere || !seen || reply == Some(true) || marked == Some(true) {
            return Space::EMPTY;
        }
        let ports = |ports| match ports {
            Ports::In(lo, hi) => (lo, hi),
            Ports::Any | Ports::Listened => (0, u16::MAX),
        };
        let ((lo, hi), (sport, to_sport)) = (ports(dport), ports(sport));
        let (fields, space) = (self.fields, &mut self.space);
        let mut set = fields.dport(space, lo, hi);
        let sport = fields.sport(space, sport, to_sport);
        set = space.and(sport, set);
        if let Some(proto) = proto {
            let proto = fields.proto(space, proto);
            set = space.and(proto, set);
        }
        let src = self.addresses(src, Fields::from);
        let dst = self.addresses(dst, Fields::to);
        let space = &mut self.space;
        set = space.and(src, set);
        set = space.and(dst, set);
        for when in when {
            let chosen = fields.when(space, *when);
            set = space.and(chosen, set);
        }
        set
    }

    /// The headers with such an address in one of their fields.
    fn addresses(
        &mut self,
        addrs: Addrs,
        field: fn(Fields, &mut Space, (Atom, Atom)) -> SetId,
    ) -> SetId {
        let ranges = self.ranges(addrs).into_iter().map(|range| self.atoms.within(range));
        let sets: Vec<SetId> =
            ranges.map(|atoms| field(self.fields, &mut self.space, atoms)).collect();
        self.space.any(&sets)
    }

    /// What a set of addresses means at this Node, of those that Services use.
    fn ranges(&self, addrs: Addrs) -> Vec<Range> {
        let own = || self.fib.me.own.iter().copied();
        match addrs {
            Addrs::In(range) => vec![range],
            Addrs::Set(set) => self.network.set(set).ranges.clone(),
            Addrs::Own => own().map(Range::one).collect(),
            Addrs::OwnIn(set) => {
                let set = self.network.set(set);
                own().filter(|addr| set.contains(*addr)).map(Range::one).collect()
            }
            Addrs::Any | Addrs::Same | Addrs::Hosted | Addrs::Elsewhere(_) => {
                vec![Range::ALL]
            }
        }
    }
}
