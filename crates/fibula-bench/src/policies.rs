//! Policies by the thousand: from a cluster to who can reach whom, by scene and by stage.

mod made;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fibula_answers::constraints::verify;
use fibula_answers::diff::diff;
use fibula_answers::lint::lint;
use fibula_answers::reach::{Asked, reach};
use fibula_answers::trace::Ground;
use fibula_cluster::{
    Cluster, NamespaceSelection, Options, Peer, PeerOf, Peers, PodSelection, Selector, Wanted,
};
use fibula_intended::{Daemon, Intent, network};
use fibula_network::Network;
use fibula_network::filters::Filters;
use fibula_source::{Input, read};

use crate::manifests::Manifests;
use crate::measure::{Sample, measure};
use crate::process;

/// A cluster with policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Namespaces of five Deployments of one pod: in each a policy that denies everything; for each
    /// app one that lets in TCP 8080 from a pod selector, or a namespace and a pod selector, and from
    /// a block of addresses; and one that lets out TCP 8080 and UDP 53 to any namespace.
    Workloads {
        /// How many namespaces.
        namespaces: usize,
    },
    /// 5,413 pods in 604 namespaces with 13,678 policies, as a published profile has them: per policy
    /// 13.1 selected pods, 0.54 blocks of addresses, 0.62 pod selectors and 35.4 pods per selector,
    /// with medians of 6, 1, 1 and 2.
    Profile,
    /// Namespaces of ten apps, each with a Service; five policies in each namespace: one that denies
    /// what comes in, three that let it in for an app, one that lets out for another.
    Apps {
        /// How many namespaces.
        namespaces: usize,
        /// How many pods each app has.
        replicas: usize,
    },
}

/// A stage on the way, or all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A cluster to its network.
    Network,
    /// A network to what its filters let through.
    Filters,
    /// A network to who can reach whom, filters among it.
    Reach,
    /// A cluster to who can reach whom.
    Whole,
    /// C1 to C4 and R5 of the network.
    Verify,
    /// Two networks, whose clusters differ in one peer of one policy, to what opens between them, and
    /// why: with one network more to try the peer.
    Diff,
    /// A network to what looks wrong, filters among it.
    Lint,
    /// A network to what becomes of a thousand promises, filters among it.
    Promises,
    /// The same with a pod of a namespace that is not there: its network is made first.
    Strangers,
}

/// The scenes of the budgets, and those between which one number grows.
const SCENES: [Scene; 8] = [
    Scene::Workloads { namespaces: 200 },
    Scene::Profile,
    Scene::Apps { namespaces: 1_000, replicas: 15 },
    Scene::Apps { namespaces: 100, replicas: 1 },
    Scene::Apps { namespaces: 100, replicas: 10 },
    Scene::Apps { namespaces: 100, replicas: 100 },
    Scene::Apps { namespaces: 10, replicas: 100 },
    Scene::Apps { namespaces: 1_000, replicas: 1 },
];

// === impl Scene ===

impl Scene {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Scene::Workloads { namespaces } => format!("{} workloads", namespaces * 5),
            Scene::Profile => "profile".to_owned(),
            Scene::Apps { namespaces, replicas } => {
                format!("{} apps of {replicas}", namespaces * 10)
            }
        }
    }

    /// The scene of a name.
    pub fn named(name: &str) -> Option<Scene> {
        SCENES.into_iter().find(|scene| scene.name() == name)
    }

    /// How many pods and policies there are.
    fn counts(self) -> (usize, usize) {
        match self {
            Scene::Workloads { namespaces } => (namespaces * 5, namespaces * 11),
            Scene::Profile => (made::PROFILE_PODS, made::PROFILE_POLICIES),
            Scene::Apps { namespaces, replicas } => (namespaces * 10 * replicas, namespaces * 5),
        }
    }

    /// Its objects, as YAML.
    pub fn text(self) -> String {
        let mut out = Manifests::default();
        match self {
            Scene::Workloads { namespaces } => made::workloads(&mut out, namespaces),
            Scene::Profile => made::profile(&mut out),
            Scene::Apps { namespaces, replicas } => made::apps(&mut out, namespaces, replicas),
        }
        out.text
    }

    /// The facts of the cluster.
    pub fn cluster(self) -> Cluster {
        let text = self.text();
        let objects = read(&[Input::Text { name: "scene.yaml".into(), text }]).objects;
        Cluster::new(objects, &Options::default())
    }

    /// Measures a stage in this process.
    pub fn run(self, stage: Stage) -> Sample {
        let cluster = self.cluster();
        if stage == Stage::Network {
            return measure(|| (), |()| intended(&cluster), 1);
        }
        if stage == Stage::Whole {
            let whole = |()| {
                let network = intended(&cluster);
                (reached(&cluster, &network), network)
            };
            return measure(|| (), whole, 1);
        }
        let network = intended(&cluster);
        match stage {
            Stage::Filters => {
                // The filters borrow the network: what is dropped is timed, and small.
                measure(|| (), |()| Filters::new(&network).map(|f| f.space.nodes()), 1)
            }
            Stage::Verify => measure(|| (), |()| verify(&network), 1),
            Stage::Diff => {
                let changed = changed(&cluster);
                let other = intended(&changed);
                let compared = |()| differ((&cluster, &network), (&changed, &other));
                measure(|| (), compared, 1)
            }
            Stage::Lint => measure(|| (), |()| linted(&cluster, &network), 1),
            _ => measure(|| (), |()| reached(&cluster, &network), 1),
        }
    }
}

/// The network of a cluster, as the command line makes it.
pub fn intended(cluster: &Cluster) -> Network {
    network(cluster, &Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() })
}

/// A cluster in which one rule has one peer more: everybody in the cluster.
pub fn changed(cluster: &Cluster) -> Cluster {
    let mut changed = cluster.clone();
    let rules = changed.policies.iter_mut().flat_map(|policy| &mut policy.ingress);
    let peers = rules.into_iter().find_map(|rule| match &mut rule.peers {
        Peers::Of(peers) => Some(peers),
        Peers::Any => None,
    });
    if let Some(peers) = peers {
        let (namespaces, pods) = (NamespaceSelection::By(Selector::default()), Selector::default());
        let what = PeerOf::Pods(PodSelection { namespaces, pods });
        peers.extend(peers.first().cloned().map(|peer| Peer { what, ..peer }));
    }
    changed
}

/// How many lines say what opens and closes.
pub fn differ(old: (&Cluster, &Network), new: (&Cluster, &Network)) -> usize {
    let [old, new] = [old, new].map(|(cluster, network)| Ground {
        network,
        cluster: Some(cluster),
        unread: &[],
        remake: Some(&intended),
    });
    diff(old, new).map_or(0, |diff| diff.opens.len() + diff.closes.len())
}

/// How many lines say who can reach whom.
pub fn reached(cluster: &Cluster, network: &Network) -> usize {
    let ground = Ground { network, cluster: Some(cluster), unread: &[], remake: None };
    reach(ground, &Asked::default()).map_or(0, |reach| reach.lines.len())
}

/// How much looks wrong.
pub fn linted(cluster: &Cluster, network: &Network) -> usize {
    let ground = Ground { network, cluster: Some(cluster), unread: &[], remake: None };
    lint(ground, &Wanted::default()).findings.len()
}

// === impl Stage ===

impl Stage {
    /// Each stage.
    pub const ALL: [Stage; 7] = [
        Stage::Network,
        Stage::Filters,
        Stage::Reach,
        Stage::Whole,
        Stage::Verify,
        Stage::Diff,
        Stage::Lint,
    ];

    /// Those of promises.
    pub const OF_PROMISES: [Stage; 2] = [Stage::Promises, Stage::Strangers];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Network => "cluster to network",
            Stage::Filters => "network to filters",
            Stage::Reach => "network to reach",
            Stage::Whole => "cluster to reach",
            Stage::Verify => "network to proof",
            Stage::Diff => "networks to diff",
            Stage::Lint => "network to lint",
            Stage::Promises => "network to promises",
            Stage::Strangers => "network to promises, with who is not here",
        }
    }
}

/// Measures all stages of the scenes whose names contain a part, and prints a table.
///
/// # Errors
/// Where a process or file cannot be made, or the table cannot be written.
pub fn run(part: &str, smoke: bool, folder: &Path, out: &mut dyn Write) -> io::Result<()> {
    let small = |scene: &Scene| !smoke || scene.counts().0 <= 1_000;
    let named = |scene: &Scene| format!("policies: {}", scene.name()).contains(part);
    let scenes = SCENES.into_iter().filter(|scene| small(scene) && named(scene));
    for (number, scene) in scenes.enumerate() {
        if number == 0 {
            let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.name()).collect();
            let stages = stages.join(" | ");
            writeln!(out, "\n| policies | pods | policies | {stages} | `fibula reach` | memory |")?;
            writeln!(out, "|---|---|---|{}---|---|", "---|".repeat(Stage::ALL.len()))?;
        }
        let (pods, policies) = scene.counts();
        write!(out, "| {} | {pods} | {policies} |", scene.name())?;
        for stage in Stage::ALL {
            let sample = process::policies(scene, stage)?;
            write!(out, " {} |", crate::speed::time(sample.seconds))?;
            out.flush()?;
        }
        let file: PathBuf = folder.join("scene.yaml");
        fs::write(&file, scene.text())?;
        let args = ["reach", "-f", &file.to_string_lossy()];
        let sample = crate::speed::middle(3, || process::fibula(&args, false))?;
        let memory = sample.peak as f64 / 1e6;
        writeln!(out, " {} | {memory:.0} MB |", crate::speed::time(sample.seconds))?;
    }
    Ok(())
}
