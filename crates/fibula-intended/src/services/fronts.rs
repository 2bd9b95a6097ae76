//! SVC-20 to SVC-27: where Services stand.

use std::net::IpAddr;

use fibula_cluster::{Service, ServicePort};
use fibula_network::{
    Action, Addr, AddrSetId, Addrs, Choice, ChoiceId, Entry, Family, Pattern, Proto, Range, Reason,
    ServiceId, When,
};

use super::{Maker, at, family_name};
use crate::graph::{object_place, proto};
use crate::owners::Owned;

/// A way in to a port of a Service.
pub(super) struct Front {
    /// The Service, as an index into [`Cluster::services`](fibula_cluster::Cluster::services).
    pub(super) service: usize,
    /// The port, as an index into [`Service::ports`].
    pub(super) port: usize,
    /// The family, of which the Service has a ClusterIP (IP-7).
    pub(super) family: Family,
    /// Where it stands.
    pub(super) at: At,
    /// The number of the port there.
    pub(super) number: u16,
    /// Its protocol.
    pub(super) proto: Proto,
    /// Under which values of choices it is the Service's, where others claim it too.
    pub(super) when: Vec<When>,
    /// Who may use it, where not everyone may (SVC-25).
    pub(super) allowed: Option<AddrSetId>,
}

/// Where a way in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// At a ClusterIP.
    ClusterIp(Addr),
    /// At an address that others bring to the Nodes (SVC-22).
    External(Addr),
    /// At an address of a load balancer, which hands messages on as they are (`ipMode: VIP`).
    Balancer(Addr),
    /// At the addresses of every Node.
    Nodes,
}

/// What two Services must not have in common: an address or, without one, the Nodes; a port.
type Key = (Option<Addr>, Family, Proto, u16);

/// Every way in that the proxy of a Node serves (SVC-5, SVC-20): by Service, family and port, in
/// the order in which the proxy asks.
pub(super) fn all(maker: &mut Maker<'_>, owned: &Owned) -> Vec<Front> {
    let cluster = maker.cluster;
    let mut fronts = Vec::with_capacity(cluster.services.len() * 2);
    let mut ids = (0..).map(ServiceId);
    for (index, service) in cluster.services.iter().enumerate() {
        if service.cluster_ips.is_empty() {
            continue;
        }
        let Some(id) = ids.next() else { break };
        if !service.proxied {
            continue;
        }
        for ip in &service.cluster_ips {
            let addr = Addr::from(*ip);
            let family = addr.family();
            let allowed = allowed(maker, service, family);
            for (port, p) in service.ports.iter().enumerate() {
                let (number, proto) = (p.number, proto(p.protocol));
                let front = |at, when: Option<When>| Front {
                    service: index,
                    port,
                    family,
                    at,
                    number,
                    proto,
                    when: when.into_iter().collect(),
                    allowed: None,
                };
                let held = owned.held(id, addr).into_iter();
                fronts.extend(held.map(|when| front(At::ClusterIp(addr), when)));
                let external = of_family(service.external_ips.iter().copied(), family);
                fronts.extend(external.map(|addr| front(At::External(addr), None)));
                let vips = balancers(service, false, family);
                fronts
                    .extend(vips.map(|addr| Front { allowed, ..front(At::Balancer(addr), None) }));
                let node_port =
                    p.node_port.map(|number| Front { number, ..front(At::Nodes, None) });
                fronts.extend(node_port);
            }
        }
    }
    contest(maker, &mut fronts);
    fronts
}

/// The addresses that load balancers have given a Service, of those that are proxies themselves
/// (`ipMode: Proxy`) or of the others (SVC-21). One that is known only by its name has none here.
pub(super) fn balancers(
    service: &Service,
    proxy: bool,
    family: Family,
) -> impl Iterator<Item = Addr> + '_ {
    let balancers = service.balancers.iter().filter(move |balancer| balancer.proxy == proxy);
    of_family(balancers.filter_map(|balancer| balancer.ip), family)
}

/// The name of a port of a Service: `shop/web:80`, `shop/web:53/UDP`, with `IPv6` for that family.
pub(super) fn name(service: &Service, port: &ServicePort, family: Family) -> String {
    let (namespace, name) = (&service.namespace, &service.name);
    let port = fibula_network::Port { proto: proto(port.protocol), number: port.number };
    match family {
        Family::V4 => format!("{namespace}/{name}:{port}"),
        Family::V6 => format!("{namespace}/{name}:{port} IPv6"),
    }
}

/// SVC-27: a ClusterIP at a port that its Service does not have is refused (DR-12).
pub(super) fn unknown_ports(maker: &mut Maker<'_>, owned: &Owned) -> Vec<Entry> {
    let with_ips = maker.cluster.services.iter().filter(|service| !service.cluster_ips.is_empty());
    let reject = Action::Reject(Reason::Service);
    let (mut entries, mut ranges) = (vec![], vec![]);
    for (id, service) in (0..).map(ServiceId).zip(with_ips).filter(|(_, s)| s.proxied) {
        for addr in service.cluster_ips.iter().map(|ip| Addr::from(*ip)) {
            for when in owned.held(id, addr) {
                let Some(when) = when else {
                    ranges.push(Range::one(addr));
                    continue;
                };
                let pattern = Pattern { when: vec![when], ..Pattern::to(at(addr)) };
                let mut entry = Entry::new("SVC-27", pattern, reject);
                entry.origin.place = object_place(service.object);
                entries.push(entry);
            }
        }
    }
    if !ranges.is_empty() {
        let set = Addrs::Set(maker.set("ClusterIPs", ranges));
        entries.push(Entry::new("SVC-27", Pattern::to(set), reject));
    }
    entries
}

/// The sources that may use the addresses of a Service's load balancers; none where all may
/// (SVC-25). That a Node's own address lies in them lets the Node itself in too.
fn allowed(maker: &mut Maker<'_>, service: &Service, family: Family) -> Option<AddrSetId> {
    balancers(service, false, family).next()?;
    let ranges =
        service.source_ranges.iter().map(|net| Range::prefix(net.addr(), net.prefix_len()));
    let ranges: Vec<Range> = ranges.filter(|range| range.lo.family() == family).collect();
    let (namespace, name) = (&service.namespace, &service.name);
    let family = family_name(family);
    let name = format!("source ranges of {namespace}/{name} {family}");
    (!ranges.is_empty()).then(|| maker.set(&name, ranges))
}

fn of_family(ips: impl Iterator<Item = IpAddr>, family: Family) -> impl Iterator<Item = Addr> {
    ips.map(Addr::from).filter(move |addr| addr.family() == family)
}

/// Leaves open which of several Services has a way in that they all claim: Kubernetes does not say
/// (SVC-7, SVC-20). One choice for all nodePorts and one for all addresses, of at most 255 values.
///
/// Each Service but the last has it under one value, and the last, whose entries come after theirs,
/// under all others. Two that share a ClusterIP contest it by POD-7.
fn contest(maker: &mut Maker<'_>, fronts: &mut [Front]) {
    let mut claims: Vec<(Key, usize, usize)> =
        fronts.iter().enumerate().map(|(i, front)| (front.key(), front.service, i)).collect();
    claims.sort_unstable();
    let mut contested: Vec<(bool, Vec<(usize, usize)>)> = vec![];
    for claims in claims.chunk_by(|a, b| a.0 == b.0) {
        let several = claims.iter().any(|claim| claim.1 != claims[0].1);
        let internal = |(_, _, i): &(_, _, usize)| matches!(fronts[*i].at, At::ClusterIp(_));
        if several && !claims.iter().all(internal) {
            let fronts = claims.iter().map(|(_, service, i)| (*service, *i)).collect();
            contested.push((claims[0].0.0.is_none(), fronts));
        }
    }
    for (nodes, id, what) in [(true, "SVC-7", "nodePort"), (false, "SVC-20", "address and port")] {
        let groups = || contested.iter().filter(|(n, _)| *n == nodes).map(|(_, claims)| claims);
        let services = |claims: &[(usize, usize)]| claims.chunk_by(|a, b| a.0 == b.0).count();
        let Some(values) = groups().map(|claims| services(claims)).max() else { continue };
        let choice = ChoiceId(maker.network.choices.len() as u8);
        let values = values.min(u8::MAX.into());
        let question = format!("several Services claim one {what}: which of them has it?");
        maker.network.choices.push(Choice {
            id: id.into(),
            question: question.into(),
            values: values as u8,
        });
        for claims in groups() {
            let last = services(claims) - 1;
            for (rank, claims) in claims.chunk_by(|a, b| a.0 == b.0).enumerate() {
                // Those beyond the last value come after one that has it, and get nothing.
                let value = rank.min(values - 1) as u8;
                for (_, i) in claims.iter().filter(|_| rank < last) {
                    fronts[*i].when.push(When { choice, value });
                }
            }
        }
    }
}

// === impl Front ===

impl Front {
    /// What it has in common with the other ways in to the same endpoints.
    pub(super) fn backing(&self) -> (usize, usize, Family) {
        (self.service, self.port, self.family)
    }

    fn key(&self) -> Key {
        let addr = match self.at {
            At::ClusterIp(addr) | At::External(addr) | At::Balancer(addr) => Some(addr),
            At::Nodes => None,
        };
        (addr, self.family, self.proto, self.number)
    }
}
