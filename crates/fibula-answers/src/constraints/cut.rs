//! Processes without a link to their host: whatever they send is lost (N2).

use fibula_network::walk::Verdict;
use fibula_network::{Addr, ElementId, Entity, Family, Header, Kind, Network, Port};

use super::tally::{Tallies, Tally, Witness};
use crate::tenants::Tenants;

/// Notes what such processes break: every pair that they are part of.
pub(crate) fn tally(network: &Network, tenants: &Tenants<'_>, tallies: &mut Tallies) {
    if tenants.cut.is_empty() {
        return;
    }
    let all = [Family::V4, Family::V6].map(|family| Doors::of_all(network, tenants, family));
    for &process in &tenants.cut {
        let Some(host) = network.facts.host(process) else { continue };
        let lost = Lost { network, tenants, process };
        let own =
            |family| network.facts.addresses(Entity::Switch(host)).find(|a| a.family() == family);
        match network.kind(process) {
            Kind::Container => {
                for loopback in tenants.loopbacks(host) {
                    let doors = Doors { count: tenants.doors(host), first: Some((loopback, host)) };
                    lost.note(&mut tallies.c2, loopback, doors);
                }
                for (family, doors) in [Family::V4, Family::V6].into_iter().zip(all) {
                    if let Some(src) = own(family) {
                        lost.note(&mut tallies.c3, src, doors);
                    }
                }
            }
            Kind::Daemon => {
                for &pod in tenants.pods(host) {
                    for addr in network.facts.addresses(Entity::Switch(pod)) {
                        let src = own(addr.family()).unwrap_or(Addr::loopback(addr.family()));
                        let doors = Doors { count: tenants.doors(pod), first: Some((addr, pod)) };
                        lost.note(&mut tallies.c4, src, doors);
                    }
                }
            }
            _ => {}
        }
        let src = own(Family::V4).unwrap_or(Addr::LOOPBACK_V4);
        tallies.r5.note(1, lost.witness(src, src, Port::tcp(80), vec![]));
    }
}

/// Addresses and open ports, each with each: what a process could have sent to.
#[derive(Clone, Copy)]
struct Doors {
    count: u64,
    /// The first address, and its Pod.
    first: Option<(Addr, ElementId)>,
}

// === impl Doors ===

impl Doors {
    /// Those of all Pods in a family.
    fn of_all(network: &Network, tenants: &Tenants<'_>, family: Family) -> Doors {
        let pods = network.of_kind(Kind::Pod).filter(|pod| tenants.doors(*pod) > 0);
        let addresses = pods.flat_map(|pod| {
            let own = network.facts.addresses(Entity::Switch(pod));
            own.filter(|addr| addr.family() == family).map(move |addr| (addr, pod))
        });
        addresses.fold(Doors { count: 0, first: None }, |all, (addr, pod)| Doors {
            count: all.count + tenants.doors(pod),
            first: Some(all.first.map_or((addr, pod), |first| first.min((addr, pod)))),
        })
    }
}

struct Lost<'a> {
    network: &'a Network,
    tenants: &'a Tenants<'a>,
    process: ElementId,
}

// === impl Lost ===

impl Lost<'_> {
    fn note(&self, tally: &mut Tally, src: Addr, doors: Doors) {
        let Some((dst, pod)) = doors.first else { return };
        if let Some(first) = self.tenants.promises(pod).into_iter().next() {
            tally.note(doors.count, self.witness(src, dst, first.port, first.by));
        }
    }

    fn witness(&self, src: Addr, dst: Addr, port: Port, expected: Vec<ElementId>) -> Witness {
        let Port { proto, number } = port;
        Witness {
            open: false,
            verdict: expected.is_empty().then_some(Verdict::NoLink),
            unowned: false,
            ipv6: dst.family() == Family::V6,
            dst,
            sender: self.network.kind(self.process),
            from: self.process,
            header: Header { src, sport: super::prover::SPORTS.0, dst, dport: number, proto },
            choices: vec![0; self.network.choices.len()],
            expected,
            droppable: false,
        }
    }
}
