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
    let pods: Vec<ElementId> = network.of_kind(Kind::Pod).collect();
    for &process in &tenants.cut {
        let Some(host) = network.facts.host(process) else { continue };
        let lost = Lost { network, tenants, process };
        let own =
            |family| network.facts.addresses(Entity::Switch(host)).find(|a| a.family() == family);
        match network.kind(process) {
            Kind::Container => {
                for loopback in tenants.loopbacks(host) {
                    lost.note(&mut tallies.c2, host, loopback, loopback);
                }
                for pod in &pods {
                    for addr in network.facts.addresses(Entity::Switch(*pod)) {
                        if let Some(src) = own(addr.family()) {
                            lost.note(&mut tallies.c3, *pod, src, addr);
                        }
                    }
                }
            }
            Kind::Daemon => {
                for &pod in tenants.pods(host) {
                    for addr in network.facts.addresses(Entity::Switch(pod)) {
                        let src = own(addr.family()).unwrap_or(Addr::loopback(addr.family()));
                        lost.note(&mut tallies.c4, pod, src, addr);
                    }
                }
            }
            _ => {}
        }
        let src = own(Family::V4).unwrap_or(Addr::LOOPBACK_V4);
        tallies.r5.note(1, lost.witness(src, src, Port::tcp(80), vec![]));
    }
}

struct Lost<'a> {
    network: &'a Network,
    tenants: &'a Tenants<'a>,
    process: ElementId,
}

// === impl Lost ===

impl Lost<'_> {
    fn note(&self, tally: &mut Tally, pod: ElementId, src: Addr, dst: Addr) {
        let promises = self.tenants.promises(pod);
        let count = promises.len() as u64;
        if let Some(first) = promises.into_iter().next() {
            tally.note(count, self.witness(src, dst, first.port, first.by));
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
        }
    }
}
