//! `diff` against brute force: `walk`, of every pair of Pods, Nodes and the world of two clusters, at
//! ports that filters tell apart, under every combination of the choices that are asked.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../clusters/mod.rs"]
mod clusters;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../reach/brute.rs"]
mod brute;
mod callers;
mod causes;
mod change;
mod pairs;
mod planted;
mod unknown;
mod used;
mod world;

use fibula_answers::diff::{Diff, Limits, Served, diff_within};
use fibula_answers::trace::Ground;
use fibula_cluster::Cluster;
use fibula_intended::{Intent, network};
use fibula_network::Network;
use proptest::prelude::*;

use change::{Changed, changed, served};
use clusters::Shape;

const SHAPE: Shape = Shape { nodes: 3, pods: 6, services: 2, beyond_the_article: true };

/// Two clusters, their networks, and what `diff` says of them.
pub(crate) struct Scene {
    pub(crate) networks: [Network; 2],
    pub(crate) diff: Diff,
}

impl Scene {
    fn new(clusters: [&Cluster; 2], intents: [&Intent; 2]) -> Scene {
        Scene::within(clusters, intents, Limits::default())
    }

    fn within(clusters: [&Cluster; 2], intents: [&Intent; 2], limits: Limits) -> Scene {
        let networks = [0, 1].map(|side| network(clusters[side], intents[side]));
        let remake = |cluster: &Cluster| network(cluster, intents[0]);
        let [old, new] = [0, 1].map(|side| Ground {
            network: &networks[side],
            cluster: Some(clusters[side]),
            unread: &[],
            remake: Some(&remake),
        });
        let diff = diff_within(old, new, limits).expect("filters are plain, and choices few");
        Scene { networks, diff }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_opens_and_closes_is_what_walk_finds(Changed { old, new, intent } in changed(SHAPE)) {
        let found = pairs::agree(&Scene::new([&old, &new], [&intent; 2]));
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn which_pods_come_in_as_the_world_does_is_what_walk_finds(
        Changed { old, new, intent } in changed(SHAPE)
    ) {
        let found = callers::agree(&Scene::new([&old, &new], [&intent; 2]), [&old, &new]);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn who_can_use_services_that_changed_is_what_walk_finds(
        Changed { old, new, intent } in served(SHAPE)
    ) {
        let scene = Scene::new([&old, &new], [&intent; 2]);
        let found = used::agree(&scene, [&old, &new]);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn where_the_world_comes_in_is_what_walk_finds(
        Changed { old, new, intent } in prop_oneof![changed(SHAPE), served(SHAPE)]
    ) {
        let found = world::agree(&Scene::new([&old, &new], [&intent; 2]), [&old, &new]);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    /// What is not asked is told, and never taken for the same.
    #[test]
    fn beyond_its_limits_nothing_is_alike(Changed { old, new, intent } in changed(SHAPE)) {
        let all = Scene::new([&old, &new], [&intent; 2]).diff;
        let none = Limits { users: 0, callers: 0 };
        let less = Scene::within([&old, &new], [&intent; 2], none).diff;
        prop_assert_eq!(all.unasked, 0);
        let callers = |diff: &Diff| diff.doors.iter().any(|door| !door.callers.is_empty());
        prop_assert!(!callers(&all) || less.unasked > 0);
        prop_assert!(!callers(&less));
        // Of some it is only known once it was asked that nothing differs.
        prop_assert!(all.services.iter().all(|served| served.asked));
        for less in &less.services {
            prop_assert!(!less.asked || less.gained.is_empty(), "{less:?}");
        }
        for all in &all.services {
            let own = |less: &&Served| less.service == all.service;
            prop_assert!(less.services.iter().any(|less| own(&less)), "{all:?}");
        }
        if all.is_different() || all.is_undecided() {
            prop_assert!(less.is_different() || less.is_undecided());
        }
    }

    #[test]
    fn a_cluster_is_like_itself(Changed { old, intent, .. } in changed(SHAPE)) {
        let Scene { diff, .. } = Scene::new([&old, &old], [&intent; 2]);
        prop_assert!(!diff.is_different() && !diff.is_undecided(), "{diff:?}");
        prop_assert_eq!(diff.pairs.before, diff.pairs.unchanged);
    }

    #[test]
    fn what_is_said_to_have_done_it_has(Changed { old, new, intent } in changed(SHAPE)) {
        let found = causes::hold(&old, &new, &intent);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    /// What opens one way closes the other way.
    #[test]
    fn the_other_way_round_it_is_the_contrary(Changed { old, new, intent } in changed(SHAPE)) {
        let one = Scene::new([&old, &new], [&intent; 2]).diff;
        let other = Scene::new([&new, &old], [&intent; 2]).diff;
        prop_assert_eq!(one.pairs.opened, other.pairs.closed);
        prop_assert_eq!(one.pairs.closed, other.pairs.opened);
        prop_assert_eq!(one.pairs.unchanged, other.pairs.unchanged);
        prop_assert_eq!(one.is_different(), other.is_different());
    }
}
