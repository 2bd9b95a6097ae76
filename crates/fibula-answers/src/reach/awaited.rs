//! Load balancers that have no address yet: whom the world will reach by them.

use std::collections::BTreeMap;

use fibula_cluster::{Cluster, Service, ServiceKind};
use fibula_network::filters::Filters;
use fibula_network::ranges::tidy;
use fibula_network::{Addr, ChoiceId, Family, Range};

use super::cells::{columns, part_of};
use super::doors::{At, By, Door, Outcome, Whom, door};
use super::fronts;
use super::opened::Reader;
use super::sources::Sources;
use crate::names::proto;
use crate::trace::Ground;

/// Whether the world is to reach a Service by a load balancer that has no address yet (SVC-24).
pub(crate) fn is_awaited(service: &Service) -> bool {
    service.kind == ServiceKind::LoadBalancer && service.balancers.is_empty() && service.proxied
}

/// Who will be reached once the load balancer of a Service has an address. Its entries are still to
/// come: so filters are asked of what they will see. On the Node that a message comes to that is its
/// own source, or the Node (DR-7); on another one the Node that it came by, unless only Nodes with an
/// endpoint get it (SVC-53, SVC-61).
pub(super) fn doors(
    ground: Ground<'_>,
    cluster: &Cluster,
    sources: &mut Sources<'_>,
    service: &Service,
    whom: Whom<'_>,
) -> Vec<Door> {
    let filters = sources.filters;
    let (_, picked, _) = whom;
    let by = By::Service(format!("{}/{}", service.namespace, service.name));
    let allowed = columns(filters, filters.allowed, Filters::TARGET);
    let mut reader = Reader::default();
    let seen_as_node = ground.network.choices.iter().position(|choice| &*choice.id == "DR-7");
    let users = fronts::allowed(service);
    let mut doors = vec![];
    for (index, port) in (0u16..).zip(&service.ports) {
        let proto = proto(port.protocol);
        if picked.asked.port.is_some_and(|asked| asked != (proto, port.number)) {
            continue;
        }
        let ends = service.endpoints_of(index).iter().filter(|end| end.ready);
        let ends: Vec<(Addr, u16, Option<usize>)> =
            ends.map(|end| (Addr::from(end.addr), end.number, end.node)).collect();
        let mut known: BTreeMap<Outcome, Vec<Range>> = BTreeMap::new();
        for family in [Family::V4, Family::V6] {
            let ends: Vec<(Addr, u16, Option<usize>)> =
                ends.iter().copied().filter(|(addr, ..)| addr.family() == family).collect();
            if ends.is_empty() {
                continue;
            }
            let guarded = users.iter().any(|range| range.lo.family() == family);
            let all = sources.to(family, &users);
            let may = |src: &Addr| !guarded || users.iter().any(|range| range.contains(*src));
            for (src, ranges) in all.iter().filter(|(src, _)| may(src)) {
                let ranges = picked.from.world_of(ranges);
                let source = filters.atoms.of(*src);
                let mut outcome = Outcome { all: true, ..Outcome::default() };
                for (addr, number, node) in &ends {
                    let [owner] = ground.network.owners_of(*addr) else { continue };
                    let others = cluster.nodes.iter().enumerate().filter(|(i, other)| {
                        !service.external_local && Some(*i) != *node && !other.addresses.is_empty()
                    });
                    let others = others.flat_map(|(_, other)| &other.addresses);
                    let others = others.map(|ip| Addr::from(*ip));
                    let others = others.filter(|other| other.family() == family);
                    let mut seen: Vec<u32> = others.map(|other| filters.atoms.of(other)).collect();
                    seen.push(source);
                    seen.sort_unstable();
                    seen.dedup();
                    for from in seen {
                        let column = allowed[filters.atoms.of(*addr) as usize];
                        let opened = reader.opened(filters, part_of(filters, column, from));
                        let certain = opened.certain.has(proto, *number);
                        let perhaps = opened.perhaps.iter().find(|(_, p)| p.has(proto, *number));
                        outcome.choices.extend(perhaps.iter().flat_map(|(why, _)| why));
                        let masked = seen_as_node.filter(|_| from == source && !certain);
                        outcome.choices.extend(masked.map(|at| ChoiceId(at as u8)));
                        if certain || perhaps.is_some() || masked.is_some() {
                            outcome.to.insert((owner.to, *number));
                        }
                        outcome.all &= certain;
                    }
                }
                outcome.choices.sort_unstable();
                outcome.choices.dedup();
                if !ranges.is_empty() {
                    known.entry(outcome).or_default().extend(ranges);
                }
            }
        }
        for (outcome, from) in known {
            let from = tidy(from);
            let door = door(by.clone(), At::Awaited, (port.number, proto), from, &outcome);
            doors.extend(door.asked(whom, &outcome));
        }
    }
    doors
}
