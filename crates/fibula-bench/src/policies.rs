//! Policies by the thousand: from a cluster to who can reach whom, by scene and by stage.

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

use crate::manifests::{App, Manifests, Policy, block, peer, rule};
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

/// How many Nodes pods are spread over: 30 a Node, as elsewhere.
fn nodes(pods: usize) -> usize {
    pods.div_ceil(30).max(2)
}

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
            Scene::Profile => (PROFILE_PODS, PROFILE_POLICIES),
            Scene::Apps { namespaces, replicas } => (namespaces * 10 * replicas, namespaces * 5),
        }
    }

    /// Its objects, as YAML.
    pub fn text(self) -> String {
        let mut out = Manifests::default();
        match self {
            Scene::Workloads { namespaces } => workloads(&mut out, namespaces),
            Scene::Profile => profile(&mut out),
            Scene::Apps { namespaces, replicas } => apps(&mut out, namespaces, replicas),
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

fn in_namespace<'a>(
    namespace: &'a str,
    name: &'a str,
    pods: &'a str,
    direction: &'a str,
    rules: &'a [String],
) -> Policy<'a> {
    Policy { namespace, name, pods, direction, rules }
}

fn workloads(out: &mut Manifests, namespaces: usize) {
    out.nodes(nodes(namespaces * 5));
    let name = |namespace: usize| format!("team-{namespace}");
    for number in 0..namespaces {
        let namespace = &*name(number);
        out.namespace(namespace, &format!("team: t{number}"));
        out.policy(&in_namespace(namespace, "deny", "{}", "Ingress", &[]));
        for app in 0..5 {
            let called = &*format!("app-{app}");
            out.deployment(&App { namespace, name: called, replicas: 1, labels: &[] });
            let from = format!("{{app: app-{}}}", (app + 1) % 5);
            let other = format!("{{team: t{}}}", (number + 7 * app + 1) % namespaces);
            let from = peer(Some(&from), (app % 2 == 0).then_some(&*other));
            let cidr = block(&format!("198.51.{}.0/24", number % 256));
            let ports = [("TCP", 8080)];
            let rules = [rule("Ingress", &[from], &ports), rule("Ingress", &[cidr], &ports)];
            let selected = &*format!("{{matchLabels: {{app: {called}}}}}");
            out.policy(&in_namespace(
                namespace,
                &format!("{called}-in"),
                selected,
                "Ingress",
                &rules,
            ));
            let any = [peer(None, Some("{}"))];
            let rules = [rule("Egress", &any, &[("TCP", 8080), ("UDP", 53)])];
            out.policy(&in_namespace(
                namespace,
                &format!("{called}-out"),
                selected,
                "Egress",
                &rules,
            ));
        }
    }
}

fn apps(out: &mut Manifests, namespaces: usize, replicas: usize) {
    let nodes = nodes(namespaces * 10 * replicas);
    out.nodes(nodes);
    for number in 0..namespaces {
        let namespace = &*format!("team-{number}");
        out.namespace(namespace, &format!("team: t{number}"));
        out.policy(&in_namespace(namespace, "deny", "{}", "Ingress", &[]));
        for app in 0..10 {
            let called = &*format!("app-{app}");
            let it = App { namespace, name: called, replicas, labels: &[] };
            out.pods(&it, nodes);
            out.service(&it);
            let selected = &*format!("{{matchLabels: {{app: {called}}}}}");
            let from = format!("{{app: app-{}}}", (app + 1) % 10);
            let rules = match app {
                0 | 1 => vec![rule("Ingress", &[peer(Some(&from), None)], &[("TCP", 8080)])],
                2 => {
                    let other = format!("{{team: t{}}}", (number + 1) % namespaces);
                    let cidr = block(&format!("198.51.{}.0/24", number % 256));
                    let peers = [peer(Some(&from), Some(&other)), cidr];
                    vec![rule("Ingress", &peers, &[("TCP", 8080)])]
                }
                3 => {
                    let any = [peer(None, Some("{}"))];
                    vec![rule("Egress", &any, &[("TCP", 8080), ("UDP", 53)])]
                }
                _ => continue,
            };
            let direction = if app == 3 { "Egress" } else { "Ingress" };
            out.policy(&in_namespace(namespace, called, selected, direction, &rules));
        }
    }
}

const PROFILE_PODS: usize = 5_413;
const PROFILE_POLICIES: usize = 13_678;
const PROFILE_NAMESPACES: usize = 604;

/// Namespaces are as skewed as cities are: a few have dozens of pods, and as many policies the more
/// pods they have. Apps have two pods, groups of a namespace six.
fn profile(out: &mut Manifests) {
    let nodes = nodes(PROFILE_PODS);
    out.nodes(nodes);
    let mut random = Random(1);
    let mut pods = vec![1; PROFILE_NAMESPACES];
    let weight =
        |rank: usize| (PROFILE_PODS as f64 * 0.0255 / (rank as f64 + 3.0).powf(0.62)) as usize;
    pods.iter_mut().enumerate().for_each(|(rank, pods)| *pods += weight(rank));
    let mut left = PROFILE_PODS.saturating_sub(pods.iter().sum());
    for number in (0..PROFILE_NAMESPACES).cycle() {
        if left == 0 {
            break;
        }
        pods[number] += 1;
        left -= 1;
    }
    let mut homes: Vec<usize> = vec![];
    for (number, pods) in pods.iter().enumerate() {
        let namespace = &*format!("ns-{number}");
        out.namespace(namespace, &format!("zone: z{}", number % 24));
        for pod in (0..*pods).step_by(2) {
            let labels = [format!("group: g{}", pod / 6)];
            let name = &*format!("app-{}", pod / 2);
            let replicas = (*pods - pod).min(2);
            out.pods(&App { namespace, name, replicas, labels: &labels }, nodes);
            homes.extend([number].repeat(replicas));
        }
    }
    for policy in 0..PROFILE_POLICIES {
        let number = homes[random.below(homes.len())];
        let (namespace, size) = (&*format!("ns-{number}"), pods[number]);
        let selected = match random.below(100) {
            0..25 => format!("{{matchLabels: {{app: app-{}}}}}", random.below(size.div_ceil(2))),
            25..75 => format!("{{matchLabels: {{group: g{}}}}}", random.below(size.div_ceil(6))),
            _ => "{}".to_owned(),
        };
        let direction = if random.below(10) < 7 { "Ingress" } else { "Egress" };
        let mut rules = vec![];
        let port = [("TCP", 8000 + random.below(20) as u16)];
        if random.below(100) < 54 {
            let cidr = format!("198.{}.{}.0/24", 18 + random.below(2), random.below(256));
            rules.push(rule(direction, &[block(&cidr)], &port));
        }
        if random.below(100) < 62 {
            let peer = match random.below(100) {
                0..86 => {
                    peer(Some(&format!("{{app: app-{}}}", random.below(size.div_ceil(2)))), None)
                }
                _ => peer(None, Some(&format!("{{zone: z{}}}", random.below(24)))),
            };
            rules.push(rule(direction, &[peer], &port));
        }
        let name = &*format!("policy-{policy}");
        out.policy(&Policy { namespace, name, pods: &selected, direction, rules: &rules });
    }
}

/// Numbers that look random, the same each time.
struct Random(u64);

// === impl Random ===

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}
