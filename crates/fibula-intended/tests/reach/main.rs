//! `reach` against brute force: `walk`, of every pair of Pods, Nodes and the world, at ports that
//! filters tell apart, under every combination of the choices that are asked.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../clusters/mod.rs"]
mod clusters;

mod brute;
mod doors;
mod pairs;
mod planted;
mod services;
mod withheld;

use fibula_answers::reach::{Asked, Reach, reach};
use fibula_answers::trace::Ground;
use fibula_cluster::Cluster;
use fibula_intended::{Intent, network};
use fibula_network::Network;
use proptest::prelude::*;

use clusters::{Drawn, Shape, policed};

const SHAPE: Shape = Shape { nodes: 3, pods: 6, services: 2, beyond_the_article: true };

/// A cluster, its network, and what `reach` says of it.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) network: Network,
    pub(crate) reach: Reach,
}

impl Scene {
    fn new(cluster: Cluster, intent: &Intent, asked: &Asked) -> Scene {
        let network = network(&cluster, intent);
        let ground =
            Ground { network: &network, cluster: Some(&cluster), unread: &[], remake: None };
        let reach = reach(ground, asked).expect("the names are there, and filters are plain");
        Scene { cluster, network, reach }
    }
}

/// Everything, and who can use each Service.
fn everything(cluster: &Cluster) -> Asked {
    let services = cluster.services.iter().map(|s| format!("svc/{}/{}", s.namespace, s.name));
    let to = services.chain(["all".to_owned()]).collect();
    Asked { to, ..Asked::default() }
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

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn agree(drawn: &Drawn) -> Result<(), String> {
    let asked = everything(&drawn.cluster);
    let scene = Scene::new(drawn.cluster.clone(), &drawn.intent, &asked);
    pairs::agree(&scene)?;
    pairs::counts(&scene)?;
    services::agree(&scene)?;
    withheld::agree(&scene)?;
    doors::agree(&scene)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reach_is_what_walk_finds(drawn in policed(SHAPE, 5)) {
        let found = agree(&drawn);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn pod_7_who_has_an_address_that_two_claim_is_undecided(drawn in contested()) {
        let found = agree(&drawn);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}
