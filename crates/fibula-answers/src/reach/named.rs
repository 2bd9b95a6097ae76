//! Which pairs the manifests name themselves: whom a pod means to talk to, by its environment, its
//! command and its arguments.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{Cluster, Protocol};
use fibula_network::filters::Filters;
use fibula_network::{Addr, ElementId, Kind, Port};

use super::cells::{columns, part_of};
use super::doubts::Doubts;
use super::joints::Joints;
use super::opened::Reader;
use super::parties::{Parties, own};
use super::pick::Picked;
use super::{Named, PartyId};
use crate::names::{Meant, meant, proto};
use crate::trace::Ground;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// Each pair, and each port of it, once.
    pub(super) named: Vec<Named>,
    /// The pairs of joints of which a named port is certainly open.
    pub(super) open: BTreeSet<(usize, usize)>,
    /// How many pairs of parties that are, as [`Pairs`](super::Pairs) counts.
    pub(super) pairs: u64,
}

/// The pods that answer for an address, each at a port of its own.
type Ends = Vec<(ElementId, Port)>;

/// Whom a workload names, and where it does.
type Wanted = BTreeMap<(usize, PartyId, Ends), (String, String)>;

/// Looks up whatever the pods of a cluster name.
pub(super) fn named(
    ground: Ground<'_>,
    filters: &Filters<'_>,
    parties: &Parties,
    joints: &Joints,
    picked: &Picked,
    doubts: &Doubts,
) -> Found {
    let Some(cluster) = ground.cluster else { return Found::default() };
    let network = ground.network;
    let mut wanted: Wanted = BTreeMap::new();
    // Pods of one template name the same: each name is looked up once for each namespace.
    let mut known: BTreeMap<(&str, &str, u16), Ends> = BTreeMap::new();
    for (pod, id) in own(cluster).zip(network.of_kind(Kind::Pod)) {
        let mentions = pod.containers.iter().flat_map(|container| &container.mentions);
        for mention in mentions {
            let (Some(party), Some(joint)) = (parties.of(id), joints.of(id)) else { continue };
            let key = (pod.namespace.as_str(), mention.host.as_str(), mention.port);
            let targets = known.entry(key).or_insert_with(|| {
                let meant = meant(cluster, pod, &mention.host);
                meant.map_or_else(Vec::new, |meant| ends(ground, cluster, &meant, mention.port))
            });
            if !targets.is_empty() && picked.from.has(party) {
                let text = format!("{}:{}", mention.host, mention.port);
                wanted
                    .entry((joint, party, targets.clone()))
                    .or_insert_with(|| (mention.by.clone(), text));
            }
        }
    }
    let allowed = columns(filters, filters.allowed, Filters::TARGET);
    let mut reader = Reader::default();
    let mut found = Found::default();
    let mut seen: BTreeSet<(usize, PartyId, usize, PartyId)> = BTreeSet::new();
    let mut said: BTreeMap<(PartyId, PartyId, Port), Named> = BTreeMap::new();
    for ((source, from, targets), (by, text)) in wanted {
        for (element, port) in targets {
            let (Some(to), Some(target)) = (parties.of(element), joints.of(element)) else {
                continue;
            };
            let inside = |id| picked.is_inside(&parties.get(id).who);
            if to == from || !picked.to.has(to) || !picked.wants(inside(from), inside(to)) {
                continue;
            }
            let atoms = joints.all[source].atoms.into_iter().zip(joints.all[target].atoms);
            let open = atoms.into_iter().any(|(source, target)| {
                source.zip(target).is_some_and(|(source, target)| {
                    let leaf = part_of(filters, allowed[target as usize], source);
                    reader.opened(filters, leaf).certain.has(port.proto, port.number)
                })
            });
            let named = said.entry((from, to, port)).or_insert_with(|| Named {
                from,
                to,
                port,
                by: by.clone(),
                text: text.clone(),
                open: true,
            });
            let who = |id: PartyId| &parties.get(id).who;
            let open = open && !doubts.source(who(from)) && !doubts.target(who(to));
            named.open &= open;
            if open && seen.insert((source, from, target, to)) {
                found.open.insert((source, target));
                found.pairs += 1;
            }
        }
    }
    found.named = said.into_values().collect();
    found
}

/// The pods that answer for a host at a port, and their own ports.
fn ends(ground: Ground<'_>, cluster: &Cluster, meant: &Meant, port: u16) -> Ends {
    let owner = |addr: Addr| match ground.network.owners_of(addr) {
        [owner] => Some(owner.to).filter(|id| ground.network.kind(*id) == Kind::Pod),
        _ => None,
    };
    let mut ends: Ends = match meant {
        Meant::Addresses(addresses, _) => {
            let owners = addresses.iter().filter_map(|addr| owner(*addr));
            owners.map(|id| (id, Port::tcp(port))).collect()
        }
        Meant::Service(at) => {
            let service = &cluster.services[*at];
            // A name says no protocol: TCP, where the Service has that.
            let ports = || (0u16..).zip(&service.ports).filter(|(_, p)| p.number == port);
            let tcp = ports().any(|(_, p)| p.protocol == Protocol::Tcp);
            let ports = ports().filter(|(_, p)| !tcp || p.protocol == Protocol::Tcp);
            ports
                .flat_map(|(index, p)| {
                    service.endpoints_of(index).iter().filter_map(move |end| {
                        let port = Port { proto: proto(p.protocol), number: end.number };
                        Some((owner(end.addr.into())?, port))
                    })
                })
                .collect()
        }
    };
    ends.sort_unstable();
    ends.dedup();
    ends
}
