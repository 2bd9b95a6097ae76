//! The gate: how many instructions the core operations take, counted by valgrind and compared with
//! what is checked in. Counts hardly depend on the machine and its load, so they can be a test.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fibula_answers::constraints::verify;
use fibula_cluster::{Cluster, Options};
use fibula_intended::{Intent, Listeners, network};
use fibula_network::filters::Filters;
use fibula_network::flow::Ground;
use fibula_network::set::{Level, Space};
use fibula_network::walk::{Walks, walk};
use fibula_network::{Kind, Network};
use fibula_source::{Input, read};

use crate::policies::{self, intended, reached};
use crate::scene::{Variant, message};
use crate::services::{rewritten, to_service};

/// How far a count may be from what is checked in, in percent: compilers differ a little.
const TOLERANCE: u64 = 10;

/// K1, the example of the model.
pub(crate) const K1: &str = include_str!("../../fibula/k1.yaml");

/// An operation whose instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// K1's manifest to objects.
    ReadK1,
    /// A message between Pods of K1's two Nodes, 100 times.
    WalkK1,
    /// C1 to C4 and R5 of K1.
    VerifyK1,
    /// C1 to C4 and R5 of 10 Nodes and 300 pods.
    Verify10,
    /// A Node's FIB of 10 Nodes in the article's form.
    Written10,
    /// 100 walks to a Service of 10 Nodes, among entries that were looked up before.
    WalkService,
    /// The network of 10 Nodes with 20 Services.
    Network10,
    /// The headers that these rewrite at a Node.
    Rewritten10,
    /// C1 to C4 and R5 of 10 Nodes with 20 Services.
    VerifyServices,
    /// The network of 100 workloads with 220 policies.
    NetworkPolicies,
    /// What the filters of these let through.
    Filters,
    /// Who of these can reach whom.
    Reach,
    /// Unions, intersections and differences of sets of headers.
    Sets,
}

// === impl Operation ===

impl Operation {
    /// Each operation.
    pub const ALL: [Operation; 13] = [
        Operation::ReadK1,
        Operation::WalkK1,
        Operation::VerifyK1,
        Operation::Verify10,
        Operation::Written10,
        Operation::WalkService,
        Operation::Network10,
        Operation::Rewritten10,
        Operation::VerifyServices,
        Operation::NetworkPolicies,
        Operation::Filters,
        Operation::Reach,
        Operation::Sets,
    ];

    /// Its name in the checked-in file.
    pub fn name(self) -> &'static str {
        match self {
            Operation::ReadK1 => "read K1",
            Operation::WalkK1 => "100 walks on K1",
            Operation::VerifyK1 => "verify K1",
            Operation::Verify10 => "verify 10 Nodes",
            Operation::Written10 => "write a FIB of 10 Nodes",
            Operation::WalkService => "100 walks to a Service",
            Operation::Network10 => "network of 20 Services",
            Operation::Rewritten10 => "rewritten headers",
            Operation::VerifyServices => "verify 20 Services",
            Operation::NetworkPolicies => "network of 220 policies",
            Operation::Filters => "filters of 220 policies",
            Operation::Reach => "reach of 220 policies",
            Operation::Sets => "set operations",
        }
    }

    /// Does it so many times.
    fn run(self, times: usize) {
        let k1 = || {
            let objects = read(&[Input::Text { name: "k1.yaml".into(), text: K1.into() }]).objects;
            let cluster = Cluster::new(objects, &Options::default());
            network(&cluster, &Intent { listeners: Listeners::Declared, ..Intent::default() })
        };
        let ten = || Variant::Plain.network(&Variant::Plain.cluster(10));
        let serving = || {
            let cluster = Variant::Services.cluster(10);
            let network = Variant::Services.network(&cluster);
            (cluster, network)
        };
        match self {
            Operation::ReadK1 => {
                let inputs = [Input::Text { name: "k1.yaml".into(), text: K1.into() }];
                repeat(times, || read(black_box(&inputs)));
            }
            Operation::WalkK1 => {
                let network = k1();
                let Some((from, header)) = message(&network) else { return };
                repeat(times * 100, || walk(&network, black_box(from), header, &[]));
            }
            Operation::VerifyK1 => verified(times, &k1()),
            Operation::Verify10 => verified(times, &ten()),
            Operation::Written10 => {
                let network = ten();
                let Some(node) = network.of_kind(Kind::Node).next() else { return };
                repeat(times, || network.written(black_box(node)));
            }
            Operation::WalkService => {
                let network = serving().1;
                let walks = Walks::new(&network);
                let Some((from, header)) = to_service(&walks, &network) else { return };
                repeat(times * 100, || walks.walk(black_box(from), header, &[]));
            }
            Operation::Network10 => {
                let (cluster, _) = serving();
                repeat(times, || Variant::Services.network(black_box(&cluster)));
            }
            Operation::Rewritten10 => {
                let (_, network) = serving();
                let ground = Ground::new(&network);
                let Some(node) = network.of_kind(Kind::Node).next() else { return };
                repeat(times, || rewritten(black_box(&ground), node, Kind::Pod));
            }
            Operation::VerifyServices => verified(times, &serving().1),
            Operation::NetworkPolicies | Operation::Filters | Operation::Reach => {
                let cluster = policies::Scene::Workloads { namespaces: 20 }.cluster();
                let network = intended(&cluster);
                match self {
                    Operation::NetworkPolicies => repeat(times, || intended(black_box(&cluster))),
                    Operation::Filters => repeat(times, || Filters::new(black_box(&network))),
                    _ => repeat(times, || reached(&cluster, black_box(&network))),
                }
            }
            Operation::Sets => repeat(times, sets),
        }
    }
}

fn verified(times: usize, network: &Network) {
    repeat(times, || verify(black_box(network)));
}

fn repeat<T>(times: usize, mut operation: impl FnMut() -> T) {
    for _ in 0..times {
        black_box(operation());
    }
}

/// A space of two levels in which 64 overlapping boxes are joined, cut and taken away.
fn sets() -> usize {
    let mut space = Space::new(&[1 << 16, 1 << 16]);
    let mut all = Space::EMPTY;
    for i in 0..64 {
        let (lo, hi) = (i * 1009 % 60_000, i * 1009 % 60_000 + 5_000);
        let row = space.interval(Level(0), lo, hi);
        let column = space.interval(Level(1), hi / 2, hi);
        let part = space.and(row, column);
        all = if i % 3 == 2 { space.minus(all, part) } else { space.or(all, part) };
    }
    space.nodes()
}

/// If this process was started to be counted, does the operation: whether that was so.
pub fn child() -> bool {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [word, name, times] = &args[..] else { return false };
    let operation = Operation::ALL.into_iter().find(|operation| operation.name() == name);
    let (Some(operation), Ok(times)) = (operation.filter(|_| word == "count"), times.parse())
    else {
        return false;
    };
    operation.run(times);
    true
}

/// Counts all operations and compares them with the checked-in counts, which `bless` writes anew:
/// whether none takes more. Where valgrind is absent nothing is counted, and that is said.
///
/// # Errors
/// Where a process cannot be run or a file not be read or written.
pub fn run(bless: bool, out: &mut dyn Write) -> io::Result<bool> {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        writeln!(out, "skipped: no valgrind")?;
        return Ok(true);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.json");
    let known: BTreeMap<String, u64> = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let mut counts = BTreeMap::new();
    let mut good = true;
    for operation in Operation::ALL {
        let name = operation.name();
        // What comes before the operation is in both.
        let count = count(name, 2)?.saturating_sub(count(name, 1)?);
        let verdict = match known.get(name) {
            _ if bless => "written",
            None => "new: run with --bless",
            Some(known) if count * 100 > known * (100 + TOLERANCE) => "more than before",
            Some(known) if count * 100 < known * (100 - TOLERANCE) => "fewer: --bless keeps it so",
            Some(_) => "as before",
        };
        good &= verdict != "more than before" && !verdict.starts_with("new");
        let before = known.get(name).copied().unwrap_or_default();
        writeln!(out, "{name:24} {count:12}  before {before:12}  {verdict}")?;
        counts.insert(name.to_owned(), count);
    }
    if bless {
        let mut text = serde_json::to_string_pretty(&counts).map_err(io::Error::other)?;
        text.push('\n');
        fs::write(&path, text)?;
    }
    Ok(good)
}

/// The instructions of a process that does an operation so many times, on one thread.
fn count(name: &str, times: usize) -> io::Result<u64> {
    let file: PathBuf = std::env::temp_dir().join(format!("fibula-count-{}", std::process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", &format!("--callgrind-out-file={}", file.display())])
        .arg(std::env::current_exe()?)
        .args(["count", name, &times.to_string()])
        .env("RAYON_NUM_THREADS", "1")
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    let total = total.and_then(|total| total.trim().parse().ok());
    total.ok_or_else(|| io::Error::other("valgrind printed no total"))
}
