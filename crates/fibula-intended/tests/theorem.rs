//! The theorem: the network that Kubernetes intends for a cluster satisfies C1 to C4 and R5, as
//! long as no two entities share an address.

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use std::collections::BTreeSet;

use clusters::{Drawn, Shape, drawn, shared};
use fibula_answers::{Outcome, verify};
use fibula_intended::network;
use fibula_network::walk::{Verdict, branches, reply, walk};
use fibula_network::*;
use proptest::prelude::*;

const SHAPE: Shape = Shape { nodes: 4, pods: 6, services: 2, beyond_the_article: true };

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// Each address that an entry or a fact names, with each port that an entry does.
fn targets(n: &Network) -> Vec<(Addr, Port)> {
    let entries = || n.tables.iter().flat_map(|table| &table.entries);
    let mut addrs: BTreeSet<Addr> = n.facts.addr.iter().map(|(_, addr)| *addr).collect();
    addrs.extend(["127.0.0.1", "::1", "8.8.8.8"].map(|addr| addr.parse::<Addr>().expect("one")));
    addrs.extend(entries().filter_map(|entry| match entry.pattern.dst {
        Addrs::In(range) if range.lo == range.hi => Some(range.lo),
        _ => None,
    }));
    let mut ports: BTreeSet<Port> = [Port::tcp(8080), Port::tcp(9)].into();
    ports.extend(entries().filter_map(|entry| match entry.pattern.dport {
        Ports::In(number, _) => Some(Port { proto: entry.pattern.proto?, number }),
        _ => None,
    }));
    addrs.iter().flat_map(|addr| ports.iter().map(|port| (*addr, *port))).collect()
}

/// An address that a process can send from and be answered at.
fn own_address(n: &Network, process: ElementId, family: Family) -> Option<Addr> {
    let fib = n.fib(n.facts.host(process)?)?;
    let somewhere = ["198.51.100.7", "2001:db8::7"].map(|addr| addr.parse::<Addr>().expect("one"));
    let world = (n.kind(process) == Kind::World).then_some(&somewhere[..]);
    let own = world.unwrap_or(&fib.me.own);
    own.iter().copied().find(|addr| addr.family() == family)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn c1_to_c4_and_r5_hold_in_every_intended_network(Drawn { cluster, intent } in drawn(SHAPE)) {
        let proof = verify(&network(&cluster, &intent));
        prop_assert!(proof.holds(), "{proof:#?}");
    }

    /// From an address of the sender's own to any address and port that an entry or a fact names.
    #[test]
    fn np_20_every_reply_comes_back_in_every_intended_network(
        Drawn { cluster, intent } in drawn(SHAPE),
    ) {
        let n = network(&cluster, &intent);
        let targets = targets(&n);
        // Containers of one pod send alike.
        let mut met = BTreeSet::new();
        let senders = n.ids().filter(|id| n.kind(*id).is_process());
        for process in senders.filter(|id| met.insert((n.facts.host(*id), n.kind(*id)))) {
            for (dst, port) in &targets {
                let Some(src) = own_address(&n, process, dst.family()) else { continue };
                let Port { proto, number: dport } = *port;
                let header = Header { src, sport: 40000, dst: *dst, dport, proto };
                for life in branches(&n, process, header, &[], 1000).lives {
                    prop_assert!(life.ending.verdict.has_reason(), "{header:?} {life:#?}");
                    let Some(reply) = reply(&n, &life, &[]) else { continue };
                    let verdict = reply.ending.verdict;
                    prop_assert_eq!(verdict, Verdict::Delivered, "{:?} {:#?} {:#?}", header, life, reply);
                }
            }
        }
    }

    /// Whoever has the address, the other one does not, and who does is not ours to say: not even
    /// where the sender is one of the two.
    #[test]
    fn pod_7_a_shared_address_violates_c1_and_decides_nothing(
        (Drawn { cluster, intent }, ip) in shared(SHAPE),
    ) {
        let (network, addr) = (network(&cluster, &intent), Addr::from(ip));
        let proof = verify(&network);
        let violated = matches!(proof.constraints[0].outcome, Outcome::Violated { broken: 1, .. });
        prop_assert!(violated, "{proof:#?}");
        prop_assert_eq!(&proof.constraints[4].outcome, &Outcome::Proved, "R5");
        prop_assert_eq!(network.choices.len(), 1);
        let inside = |kind: Kind| matches!(kind, Kind::Container | Kind::Daemon);
        for process in network.ids().filter(|id| inside(network.kind(*id))) {
            let header =
                Header { src: addr, sport: 40000, dst: addr, dport: 80, proto: Proto::Tcp };
            let values = 0..network.choices[0].values;
            let endings: BTreeSet<_> =
                values.map(|value| walk(&network, process, header, &[value]).ending).collect();
            prop_assert!(endings.len() > 1, "{process:?} {addr}: {endings:?}");
        }
    }
}
