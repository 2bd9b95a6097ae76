//! Promises against brute force: random promises about random clusters, by `walk` of every pair, port
//! and way in that they are about, under every combination of the choices that are asked.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../clusters/mod.rs"]
mod clusters;

mod brute;
mod drawn;
mod fronted;
mod lives;
mod planted;
mod services;
mod statements;
mod sure;
mod unknown;
mod ways_in;
mod whom;

use fibula_answers::promises::{Asked, Checked, Outcome, check};
use fibula_answers::trace::Ground;
use fibula_cluster::Cluster;
use fibula_cluster::promise::Promise;
use fibula_intended::{Daemon, Intent, network};
use fibula_network::Network;
use proptest::prelude::*;

use clusters::{Drawn, Shape, policed};
use drawn::{Wish, promise, wish};

const SHAPE: Shape = Shape { nodes: 3, pods: 6, services: 2, beyond_the_article: true };

/// A cluster, and its network.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) network: Network,
}

impl Scene {
    pub(crate) fn new(cluster: &Cluster, intent: &Intent) -> Scene {
        // Nodes send, too.
        let mut intent = intent.clone();
        if intent.daemons.is_empty() {
            intent.daemons.push(Daemon::kubelet());
        }
        Scene { cluster: cluster.clone(), network: network(cluster, &intent) }
    }

    pub(crate) fn check(&self, promises: &[Promise]) -> Checked {
        let ground = Ground {
            network: &self.network,
            cluster: Some(&self.cluster),
            unread: &[],
            remake: None,
        };
        let asked = Asked { promises, ..Asked::default() };
        check(ground, &asked).expect("filters are plain")
    }
}

/// A case is four promises, each asked at every port that anything tells apart.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: usual.cases.div_ceil(4), ..usual }
}

/// Each promise is what brute force says of it, and what is shown was followed.
pub(crate) fn agree(scene: &Scene, promises: &[Promise]) -> Result<usize, String> {
    let checked = scene.check(promises);
    let mut told = 0;
    for (promise, outcome) in promises.iter().zip(&checked.written) {
        if matches!(outcome, Outcome::Wrong(_)) {
            continue;
        }
        told += 1;
        let about = |error: String| format!("{promise:?}\n{outcome:?}\n{error}");
        brute::agree(scene, promise, outcome).map_err(about)?;
        lives::are_as_said(scene, outcome).map_err(about)?;
    }
    Ok(told)
}

/// Two pods with one address, of clusters that have two.
fn contested() -> impl Strategy<Value = Drawn> {
    policed(SHAPE, 4).prop_filter_map("two pods with addresses", |mut drawn| {
        let pods = drawn.cluster.pods.iter_mut();
        let mut live = pods.filter(|pod| pod.live && !pod.addresses.is_empty());
        let (one, other) = (live.next()?, live.next()?);
        one.addresses.clone_from(&other.addresses);
        Some(drawn)
    })
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    proptest::collection::vec(wish(), 4)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn promises_are_what_walk_finds(drawn in policed(SHAPE, 5), wishes in wishes()) {
        let scene = Scene::new(&drawn.cluster, &drawn.intent);
        let promises: Vec<Promise> = wishes.iter().map(|w| promise(&drawn.cluster, w)).collect();
        let found = agree(&scene, &promises);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn pod_7_who_has_an_address_that_two_claim_is_undecided(drawn in contested(), wishes in wishes()) {
        let scene = Scene::new(&drawn.cluster, &drawn.intent);
        let promises: Vec<Promise> = wishes.iter().map(|w| promise(&drawn.cluster, w)).collect();
        let found = agree(&scene, &promises);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}
