//! Who can use a Service: its backends are targets like others.

use fibula_cluster::Service;
use fibula_network::filters::{Filters, Owner};
use fibula_network::set::{SetId, Space};
use fibula_network::{
    Action, Addr, Addrs, Backends, Kind, Network, Port, Ports, Proto, Range, Scope,
};

use super::PartyId;
use super::parties::{Map, Namer};
use super::pick::Picked;
use crate::names::proto;
use crate::trace::Ground;

/// Who can use a port of a Service, of pods that are no endpoint of it themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its namespace and name.
    pub service: String,
    /// The port.
    pub port: Port,
    /// Those of whom every connection arrives.
    pub all: Vec<PartyId>,
    /// Those of whom some do: it depends on the endpoint.
    pub some: Vec<PartyId>,
    /// How many endpoints it has.
    pub endpoints: usize,
    /// Whether it depends on the client's Node or zone which of them it gets (SVC-40, SVC-51).
    pub local: bool,
    /// Whether more could, or fewer, by choices that are open.
    pub undecided: bool,
}

/// The same, while atoms have no names.
pub(super) struct Raw {
    of: Use,
    all: Vec<u32>,
    some: Vec<u32>,
}

/// Asks for each port of each Service that was picked.
pub(super) fn ask(
    ground: Ground<'_>,
    filters: &mut Filters<'_>,
    map: &Map,
    picked: &Picked,
) -> Vec<Raw> {
    let Some(cluster) = ground.cluster else { return vec![] };
    let services = picked.to.services.iter().map(|i| &cluster.services[*i]);
    let ports = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let asked = ports.filter_map(|(service, port)| {
        let port = Port { proto: proto(port.protocol), number: port.number };
        let wanted = picked.asked.port.is_none_or(|(p, n)| p == port.proto && n == port.number);
        let ip = service.cluster_ips.first().filter(|_| wanted)?;
        one(ground.network, filters, map, picked, service, Addr::from(*ip), port)
    });
    asked.collect()
}

/// Names who was found.
pub(super) fn named(raw: Vec<Raw>, namer: &mut Namer<'_, '_>, picked: &Picked) -> Vec<Use> {
    let has = |party| picked.from.has(party);
    let mut name = |atoms: &[u32]| namer.name(atoms, &has);
    raw.into_iter()
        .map(|Raw { of, all, some }| Use { all: name(&all), some: name(&some), ..of })
        .collect()
}

fn one(
    network: &Network,
    filters: &mut Filters<'_>,
    map: &Map,
    picked: &Picked,
    service: &Service,
    ip: Addr,
    port: Port,
) -> Option<Raw> {
    let empty = Backends::default();
    let backends = backends(network, ip, port)?.unwrap_or(&empty);
    let mut ends: Vec<(u32, u16)> =
        backends.members.iter().map(|b| (filters.atoms.of(b.addr), b.port)).collect();
    ends.sort_unstable();
    ends.dedup();
    let (mut all, mut some) = (Space::FULL, Space::EMPTY);
    for (atom, number) in ends {
        let may = sources(filters, atom, Port { number, ..port });
        (all, some) = (filters.space.and(all, may), filters.space.or(some, may));
    }
    if backends.members.is_empty() {
        all = Space::EMPTY;
    }
    let (may_all, must_all) = filters.may_and_must(all);
    let (may_some, must_some) = filters.may_and_must(some);
    let only = filters.space.minus(must_some, must_all);
    let family = ip.family();
    let atoms = |filters: &Filters<'_>, set: SetId| -> Vec<u32> {
        let values = filters.space.values(set, Filters::SOURCE);
        let atoms = values.into_iter().flat_map(|(lo, hi)| lo..=hi);
        let pods = atoms.filter(|atom| {
            let of = filters.atoms.get(*atom);
            let picked = map.of(*atom).iter().any(|party| picked.from.has(*party));
            of.owner == Owner::Pods && of.family == family && picked
        });
        pods.collect()
    };
    let of = Use {
        service: format!("{}/{}", service.namespace, service.name),
        port,
        all: vec![],
        some: vec![],
        endpoints: backends.members.len(),
        local: backends.members.iter().any(|backend| backend.at != Scope::Everywhere),
        undecided: may_all != must_all || may_some != must_some,
    };
    Some(Raw { of, all: atoms(filters, must_all), some: atoms(filters, only) })
}

/// From where a port of a target is open.
fn sources(filters: &mut Filters<'_>, target: u32, port: Port) -> SetId {
    let space = &mut filters.space;
    let parts = [
        space.interval(Filters::TARGET, target, target),
        space.interval(Filters::PROTO, port.proto as u32, port.proto as u32),
        space.interval(Filters::PORT, port.number.into(), port.number.into()),
    ];
    let open = parts.into_iter().fold(filters.allowed, |all, part| space.and(all, part));
    [Filters::TARGET, Filters::PROTO, Filters::PORT]
        .into_iter()
        .fold(open, |set, level| space.exists(set, level))
}

/// What the first entry for a ClusterIP leads a pod's messages to: nothing inside where it refuses
/// them; none where no entry speaks of it.
fn backends(network: &Network, ip: Addr, port: Port) -> Option<Option<&Backends>> {
    let node = network.of_kind(Kind::Node).next()?;
    let tables = network.pipeline(network.fib(node)?.pipeline);
    let at_port = |proto: Option<Proto>, ports: Ports| {
        proto.is_none_or(|proto| proto == port.proto)
            && match ports {
                Ports::Any => true,
                Ports::In(lo, hi) => (lo..=hi).contains(&port.number),
                Ports::Listened => false,
            }
    };
    let mut entries = tables.iter().flat_map(|table| &network.table(*table).entries);
    let entry = entries.find(|entry| {
        let pattern = &entry.pattern;
        pattern.dst == Addrs::In(Range::one(ip))
            && pattern.from.is_none_or(|from| from == Kind::Pod)
            && pattern.src == Addrs::Any
            && at_port(pattern.proto, pattern.dport)
    })?;
    match entry.action {
        Action::Rewrite { to, .. } => Some(Some(network.backends(to))),
        _ => Some(None),
    }
}
