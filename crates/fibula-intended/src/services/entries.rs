//! SVC-50 to SVC-56: what becomes of a message at a way in, by where it came from.

use fibula_cluster::Service;
use fibula_network::{Action, Addrs, BackendsId, Entry, Kind, Mark, Pattern, PlaceId, Reason};
use rayon::prelude::*;

use super::endpoints::{self, Sets, Wanted};
use super::fronts::{At, Front};
use super::{Maker, at, at_port, entry};
use crate::graph::port_place;
use crate::tables::Slot;

/// The entries of all ways in, in the order of their tests.
pub(super) struct Made {
    /// At addresses.
    pub(super) addresses: Vec<Entry>,
    /// At ports of every Node.
    pub(super) node_ports: Vec<Entry>,
}

/// The lists of [`Sets`], as the network knows them.
struct Numbered {
    cluster: Vec<BackendsId>,
    local: Option<BackendsId>,
    any: bool,
}

/// A row of the table of SVC-50 to SVC-56, with the marks of SVC-60 to SVC-63.
struct Way {
    /// What it came from, by the link.
    from: Option<Kind>,
    to: To,
    mark: Mark,
    rule: &'static str,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Cluster,
    Local,
    /// Away: the only endpoints are elsewhere.
    Nowhere,
}

const fn way(from: Option<Kind>, to: To, mark: Mark, rule: &'static str) -> Way {
    Way { from, to, mark, rule }
}

/// ClusterIP, `internalTrafficPolicy: Cluster`.
const INTERNAL_CLUSTER: &[Way] = &[
    way(Some(Kind::Pod), To::Cluster, Mark::Hairpin, "SVC-50"),
    way(None, To::Cluster, Mark::Always, "SVC-50"),
];
/// ClusterIP, `Local`.
const INTERNAL_LOCAL: &[Way] = &[
    way(Some(Kind::Pod), To::Local, Mark::Hairpin, "SVC-51"),
    way(None, To::Local, Mark::Always, "SVC-51"),
    way(None, To::Nowhere, Mark::Never, "SVC-51"),
];
/// From outside, `externalTrafficPolicy: Cluster`.
const EXTERNAL_CLUSTER: &[Way] = &[way(None, To::Cluster, Mark::Always, "SVC-52")];
/// From outside, `Local`.
const EXTERNAL_LOCAL: &[Way] = &[
    way(Some(Kind::Pod), To::Cluster, Mark::Hairpin, "SVC-54"),
    way(Some(Kind::Daemon), To::Cluster, Mark::Always, "SVC-55"),
    way(None, To::Local, Mark::Never, "SVC-53"),
    way(None, To::Nowhere, Mark::Never, "SVC-53"),
];
/// The same at a nodePort, where what another Node sends is its own or its pods'.
const NODE_PORT_LOCAL: &[Way] = &[
    way(Some(Kind::Pod), To::Cluster, Mark::Hairpin, "SVC-54"),
    way(Some(Kind::Daemon), To::Cluster, Mark::Always, "SVC-55"),
    way(Some(Kind::Node), To::Local, Mark::Never, "SVC-56"),
    way(Some(Kind::Node), To::Nowhere, Mark::Never, "SVC-56"),
    way(None, To::Local, Mark::Never, "SVC-53"),
    way(None, To::Nowhere, Mark::Never, "SVC-53"),
];

pub(super) fn all(maker: &mut Maker<'_>, fronts: &[Front]) -> Made {
    let mut made = Made { addresses: vec![], node_ports: vec![] };
    let (cluster, zones) = (maker.cluster, &maker.zones);
    let backed: Vec<&[Front]> = fronts.chunk_by(|a, b| a.backing() == b.backing()).collect();
    let sets: Vec<Sets> = backed
        .par_iter()
        .map(|fronts| {
            let Front { service, port, family, .. } = fronts[0];
            let service = &cluster.services[service];
            let mut wanted = Wanted::default();
            for way in fronts.iter().flat_map(|front| ways(service, front.at)) {
                wanted.cluster |= way.to == To::Cluster;
                wanted.local |= way.to == To::Local;
            }
            endpoints::sets(zones, service, port, family, wanted)
        })
        .collect();
    for (fronts, sets) in backed.into_iter().zip(sets) {
        let Front { service, port, family, .. } = fronts[0];
        let service = &cluster.services[service];
        let sets = Numbered::new(maker, sets);
        let place = port_place(service.object, service.ports[port].index);
        for front in fronts {
            let (dst, made) = match front.at {
                At::ClusterIp(addr) | At::External(addr) | At::Balancer(addr) => {
                    (at(addr), &mut made.addresses)
                }
                At::Nodes => (maker.node_addrs(family), &mut made.node_ports),
            };
            let pattern = Pattern {
                src: front.allowed.map_or(Addrs::Any, Addrs::Set),
                when: front.when.clone(),
                ..at_port(dst, front.number, front.proto)
            };
            enter(made, &pattern, ways(service, front.at), &sets, place);
            if front.allowed.is_some() {
                let pattern = Pattern { src: Addrs::Any, ..pattern };
                made.push(entry("SVC-25", pattern, Action::Discard(Reason::Service), place));
            }
        }
    }
    made
}

/// What a policy makes of a way in. The two policies are each for its own side.
fn ways(service: &Service, at: At) -> &'static [Way] {
    match at {
        At::ClusterIp(_) if service.internal_local => INTERNAL_LOCAL,
        At::ClusterIp(_) => INTERNAL_CLUSTER,
        At::Nodes if service.external_local => NODE_PORT_LOCAL,
        At::External(_) | At::Balancer(_) if service.external_local => EXTERNAL_LOCAL,
        At::External(_) | At::Balancer(_) | At::Nodes => EXTERNAL_CLUSTER,
    }
}

impl Numbered {
    fn new(maker: &mut Maker<'_>, sets: Sets) -> Numbered {
        let Sets { cluster, local, any } = sets;
        let cluster = cluster.into_iter().map(|list| maker.backends(list)).collect();
        Numbered { cluster, local: local.map(|list| maker.backends(list)), any }
    }
}

/// The entries of a way in; one where no endpoint could be used anywhere, which is to refuse.
fn enter(made: &mut Vec<Entry>, pattern: &Pattern, ways: &[Way], sets: &Numbered, place: PlaceId) {
    if !sets.any {
        let rule = ways.last().map_or("SVC-50", |way| way.rule);
        return made.push(entry(rule, pattern.clone(), Action::Reject(Reason::Service), place));
    }
    for way in ways {
        let to = match way.to {
            To::Cluster => &sets.cluster[..],
            To::Local => sets.local.as_slice(),
            To::Nowhere => &[],
        };
        let pattern = Pattern { from: way.from, ..pattern.clone() };
        for to in to {
            let rewrite = Action::Rewrite { to: *to, mark: way.mark, then: Slot::Egress.table() };
            made.push(entry(way.rule, pattern.clone(), rewrite, place));
        }
        if way.to == To::Nowhere {
            made.push(entry(way.rule, pattern, Action::Discard(Reason::Service), place));
        }
    }
}
