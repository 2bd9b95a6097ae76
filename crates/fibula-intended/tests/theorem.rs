//! The theorem: the network that Kubernetes intends for a cluster satisfies C1 to C4 and R5, as
//! long as no two entities share an address.

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use std::collections::BTreeSet;

use clusters::{Drawn, Shape, drawn, shared};
use fibula_answers::{Outcome, verify};
use fibula_intended::network;
use fibula_network::walk::walk;
use fibula_network::*;
use proptest::prelude::*;

const SHAPE: Shape = Shape { nodes: 5, pods: 8, services: 3, beyond_the_article: true };

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn c1_to_c4_and_r5_hold_in_every_intended_network(Drawn { cluster, intent } in drawn(SHAPE)) {
        let proof = verify(&network(&cluster, &intent));
        prop_assert!(proof.holds(), "{proof:#?}");
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
