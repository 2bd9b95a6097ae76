//! What `why` offers against brute force: each offer makes the connection work and opens and closes
//! exactly what it said, by `walk` of every pair at every port that entries tell apart; and no change
//! of an offered kind that breaks nothing opens less.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../clusters/mod.rs"]
mod clusters;

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../reach/brute.rs"]
mod brute;

mod narrow;
mod offers;
mod planted;
mod truth;

use fibula_answers::trace::{Answer, Ground, trace};
use fibula_answers::why::{Book, Goal, Question, Why, why};
use fibula_cluster::{Cluster, Workload};
use fibula_intended::{Intent, network};
use fibula_network::{Kind, Network};
use proptest::prelude::*;

use clusters::{Drawn, Shape, policed};

const SHAPE: Shape = Shape { nodes: 2, pods: 5, services: 1, beyond_the_article: false };

/// A cluster, its network, and how others are made.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) intent: Intent,
    pub(crate) network: Network,
}

/// Nothing is known beside the cluster.
struct NoBook;

impl Book for NoBook {
    fn selects_itself(&self, _: &str, _: &Workload, _: &str) -> bool {
        false
    }
}

impl Scene {
    pub(crate) fn new(cluster: Cluster, intent: &Intent) -> Scene {
        let network = network(&cluster, intent);
        Scene { cluster, intent: intent.clone(), network }
    }

    fn ground<'a>(&'a self, remake: &'a dyn Fn(&Cluster) -> Network) -> Ground<'a> {
        Ground {
            network: &self.network,
            cluster: Some(&self.cluster),
            unread: &[],
            remake: Some(remake),
        }
    }

    /// What `why` says of a connection.
    pub(crate) fn why(&self, from: &str, to: &str, goal: Goal) -> Why {
        let remake = |cluster: &Cluster| network(cluster, &self.intent);
        let question = Question { namespace: None, from, to };
        why(self.ground(&remake), question, goal, &NoBook).expect("the names are there")
    }

    /// The names of pods that have an address, with those of one port each, and whether a message
    /// between them arrives; nothing where that depends on a choice.
    fn connections(&self) -> Vec<(String, String, bool)> {
        let remake = |cluster: &Cluster| network(cluster, &self.intent);
        let ground = Ground { remake: None, ..self.ground(&remake) };
        let pods: Vec<&str> =
            self.network.of_kind(Kind::Pod).map(|id| &*self.network.element(id).name).collect();
        let mut found = vec![];
        for (i, from) in pods.iter().enumerate() {
            for (k, to) in pods.iter().enumerate().filter(|(k, _)| *k != i) {
                let port = ["80", "8080", "53/UDP", "65535"][(i + 3 * k) % 4];
                let (from, to) = (format!("pod/{from}"), format!("pod/{to}:{port}"));
                let Ok(trace) = trace(ground, None, &from, &to) else { continue };
                match trace.answer() {
                    Answer::All => found.push((from, to, true)),
                    Answer::None => found.push((from, to, false)),
                    Answer::Some | Answer::Undecided => {}
                }
            }
        }
        found
    }
}

/// How many clusters are drawn, unless more are asked for: each is asked many times.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(24);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// How many connections of a cluster are asked about.
const MOST: usize = 3;

fn agree(drawn: &Drawn, goal: Goal) -> Result<(), String> {
    let scene = Scene::new(drawn.cluster.clone(), &drawn.intent);
    let wanted = goal == Goal::Close;
    let connections = scene.connections();
    let some = connections.iter().filter(|(.., open)| *open == wanted);
    for (from, to, _) in some.take(MOST) {
        let why = scene.why(from, to, goal);
        let context = |error: String| format!("{from} → {to}: {error}");
        offers::agree(&scene, &why).map_err(context)?;
        narrow::agree(&scene, &why, (from, to)).map_err(context)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_would_allow_a_connection_is_as_it_says(drawn in policed(SHAPE, 4)) {
        let found = agree(&drawn, Goal::Allow);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn what_would_close_a_connection_is_as_it_says(drawn in policed(SHAPE, 4)) {
        let found = agree(&drawn, Goal::Close);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}
