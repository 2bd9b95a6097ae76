//! The lab: how long a network takes to be up in the kernel of this machine, and how many messages a
//! second it carries.
//!
//! Each scene has a process of its own, which must enter its namespaces before it has a second
//! thread, and prints its rows itself.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use fibula_cluster::generate::{Shape, objects};
use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent, Listeners, network};
use fibula_lab::compare::{Comparison, Coverage, compare, questions};
use fibula_lab::kernel::{Ground, Lab, Outcome, Probe};
use fibula_lab::plan::SpaceId;
use fibula_lab::translate::{Setup, Translation, translate};
use fibula_network::{Addr, Entity, Kind, Network, Proto};
use fibula_source::{Input, read};

use crate::instructions::K1;
use crate::measure::{held, median};

/// What is put into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// The example of the model: every message that the comparison knows, from every process.
    K1,
    /// 10 Nodes, with Services, and so many pods in all.
    TenNodes {
        /// How many.
        pods: usize,
    },
}

/// How often K1 goes up and down.
const TIMES: usize = 15;

/// How many messages are sent through the larger scene.
const PROBES: usize = 20_000;

// === impl Scene ===

impl Scene {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Scene::K1 => "lab, K1".to_owned(),
            Scene::TenNodes { pods } => format!("lab, {pods} pods on 10 Nodes"),
        }
    }

    /// The scene of this name.
    pub fn named(name: &str) -> Option<Scene> {
        let pods = || name.strip_prefix("lab, ")?.strip_suffix(" pods on 10 Nodes")?.parse().ok();
        match name {
            "lab, K1" => Some(Scene::K1),
            _ => Some(Scene::TenNodes { pods: pods()? }),
        }
    }

    /// Measures it in this process, and prints a row for each number. Where the kernel lets nobody
    /// make namespaces, or lacks something that the lab needs, prints why.
    ///
    /// # Errors
    ///
    /// The rows cannot be written.
    pub fn run(self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.name();
        let measured =
            Ground::enter().map_err(|why| why.to_string()).and_then(|ground| match self {
                Scene::K1 => k1(&ground),
                Scene::TenNodes { pods } => ten_nodes(&ground, pods),
            });
        match measured {
            Ok(rows) => rows
                .iter()
                .try_for_each(|(what, number)| writeln!(out, "| {name}: {what} | {number} |")),
            Err(why) => writeln!(out, "| {name} | skipped: {why} |"),
        }
    }
}

/// Rows of a table: what, and how much.
type Rows = Vec<(String, String)>;

fn k1(ground: &Ground) -> Result<Rows, String> {
    let objects = read(&[Input::Text { name: "k1.yaml".into(), text: K1.into() }]).objects;
    let network = intended(&Cluster::new(objects, &Options::default()));
    let mut parts: [Vec<f64>; 5] = Default::default();
    let mut last = Comparison::default();
    for _ in 0..TIMES {
        let start = Instant::now();
        let asked = questions(&network, Coverage::All, &[Proto::Tcp, Proto::Udp]);
        let translation = translated(&network, asked.targets())?;
        let planned = start.elapsed();
        let mut lab = Lab::up(ground, &translation.plan).map_err(|why| why.to_string())?;
        let up = start.elapsed();
        last = compare(&network, &translation, &[], &mut lab, &asked.all)
            .map_err(|why| why.to_string())?;
        let compared = start.elapsed();
        drop(lab);
        let down = start.elapsed();
        let times = [planned, up - planned, compared - up, down - compared, down];
        for (part, time) in parts.iter_mut().zip(times) {
            part.push(time.as_secs_f64());
        }
    }
    let [planned, up, compared, down, all] = parts.map(|part| ms(median(part)));
    let Comparison { questions, probes, differences, .. } = last;
    let different: usize = differences.iter().map(|difference| difference.questions.len()).sum();
    Ok(vec![
        ("up, all pairs, down".into(), all),
        ("of that the plan".into(), planned),
        ("of that up".into(), up),
        (
            format!("of that {questions} messages in {probes} probes, {different} different"),
            compared,
        ),
        ("of that down".into(), down),
    ])
}

fn ten_nodes(ground: &Ground, pods: usize) -> Result<Rows, String> {
    let shape = Shape { nodes: 10, pods, services: pods / 15, ..Shape::default() };
    let network = intended(&Cluster::new(objects(&shape), &Options::default()));
    let start = Instant::now();
    let translation = translated(&network, vec![])?;
    let planned = start.elapsed().as_secs_f64();
    let before = [held(), system()];
    let start = Instant::now();
    let mut lab = Lab::up(ground, &translation.plan).map_err(|why| why.to_string())?;
    let up = start.elapsed().as_secs_f64();
    let after = [held(), system()];
    let live = network.of_kind(Kind::Pod).count().max(1);
    let each = |i: usize| after[i].saturating_sub(before[i]) as f64 / 1e3 / live as f64;
    let mut rows = vec![
        (format!("the plan, {live} pods that have an address"), ms(planned)),
        ("up".into(), ms(up)),
        ("memory of a pod, in the kernel".into(), format!("{:.0} KB", each(1))),
        ("memory of a pod, in the process".into(), format!("{:.0} KB", each(0))),
    ];
    for (proto, what) in [(Proto::Tcp, "connections"), (Proto::Udp, "datagrams")] {
        let probes = probes(&network, &translation, proto, PROBES.min(pods * 20));
        let start = Instant::now();
        let seen = lab.probe(&probes).map_err(|why| why.to_string())?;
        let speed = seen.len() as f64 / start.elapsed().as_secs_f64();
        let home = |outcome| matches!(outcome, Outcome::Accepted(_));
        let home = seen.iter().filter(|seen| home(seen.outcome)).count();
        let what = format!("{} {what}, of which {home} were answered", seen.len());
        rows.push((what, format!("{speed:.0} a second")));
    }
    let start = Instant::now();
    drop(lab);
    rows.push(("down".into(), ms(start.elapsed().as_secs_f64())));
    Ok(rows)
}

fn intended(cluster: &Cluster) -> Network {
    let daemons = vec![Daemon::kubelet()];
    network(cluster, &Intent { listeners: Listeners::Declared, daemons, ..Intent::default() })
}

fn translated(
    network: &Network,
    targets: Vec<(Addr, fibula_network::Port)>,
) -> Result<Translation, String> {
    let setup = Setup { targets, ..Setup::default() };
    translate(network, &setup).map_err(|refusal| refusal.to_string())
}

/// Messages from Pods to open ports of others, each Pod in its turn and a target far from it.
fn probes(network: &Network, translation: &Translation, proto: Proto, many: usize) -> Vec<Probe> {
    let addr = |id| network.facts.addresses(Entity::Switch(id)).next();
    let from: Vec<(SpaceId, Addr)> = network
        .of_kind(Kind::Pod)
        .filter_map(|pod| Some((translation.space(pod)?, addr(pod)?)))
        .collect();
    let open =
        network.facts.open.iter().filter(|open| {
            open.port.proto == proto && network.kind(open.process) == Kind::Container
        });
    let to: Vec<SocketAddr> = open
        .filter_map(|open| {
            let addr = addr(network.facts.host(open.process)?)?;
            Some(SocketAddr::new(IpAddr::from(addr), open.port.number))
        })
        .collect();
    if from.is_empty() || to.is_empty() {
        return vec![];
    }
    let probe = |i: usize| {
        let (space, src) = from[i % from.len()];
        let to = to[i * 31 % to.len()];
        Probe { space, from: SocketAddr::new(IpAddr::from(src), 0), to, proto }
    };
    (0..many).map(probe).collect()
}

/// What the kernel holds for itself and for all processes, in bytes, of what network namespaces
/// need. All that runs on the machine counts.
fn system() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let counts = ["Slab", "KernelStack", "PageTables", "VmallocUsed", "Percpu"];
        counts.contains(&name).then_some(())?;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    };
    text.lines().filter_map(kib).sum::<u64>() * 1024
}

fn ms(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}
