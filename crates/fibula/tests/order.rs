//! Order never matters: the same objects shuffled, split over files, repeated, as YAML, as JSON,
//! packed, give the same answers, byte for byte but for positions.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use common::run;

/// How many clusters are made, and how often each is shuffled.
const CLUSTERS: u64 = 12;
const SHUFFLES: u64 = 3;

/// A stream of numbers that follows from a seed alone (xorshift).
struct Chance(u64);

/// One object, as it stands in a YAML file and as JSON.
struct Twice {
    yaml: String,
    json: Value,
}

// === impl Chance ===

impl Chance {
    fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % end as u64).expect("it is below a usize")
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// The objects of a made cluster, and some that something is wrong with.
fn cluster(seed: u64) -> Vec<Twice> {
    let seeds = seed.to_string();
    let mut args = vec!["generate", "--seed", &seeds, "--nodes", "3", "--pods", "14"];
    args.extend(["--services", "5", "--namespaces", "2"]);
    args.extend(seed.is_multiple_of(2).then_some("--dual-stack"));
    args.extend(seed.is_multiple_of(3).then_some("--workloads"));
    let yaml = run(&args).out;
    let list = run(&[&args[..], &["-o", "json"]].concat()).out;
    let list: Value = serde_json::from_str(&list).expect("generate makes JSON");
    let items = list["items"].as_array().expect("it is a List");
    let documents: Vec<&str> = yaml.split("\n---\n").collect();
    assert_eq!(documents.len(), items.len(), "both forms hold the same objects");
    let made = documents.iter().zip(items);
    let made = made.map(|(yaml, json)| Twice { yaml: (*yaml).to_owned(), json: json.clone() });
    // JSON is YAML too, in flow style.
    let wrong = wrong().into_iter();
    made.chain(wrong.map(|json| Twice { yaml: format!("{json:#}"), json })).collect()
}

fn wrong() -> Vec<Value> {
    let pod = |name: &str, node: &str, address: &str, ports: &[u16]| {
        let containers: Vec<Value> = ports
            .iter()
            .enumerate()
            .map(|(i, p)| json!({"name": format!("c{i}"), "ports": [{"containerPort": p}]}))
            .collect();
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"nodeName": node, "containers": containers},
            "status": {"phase": "Running", "podIP": address}})
    };
    vec![
        pod("shared-a", "node-00001", "10.9.0.1", &[80]),
        pod("shared-b", "node-00002", "10.9.0.1", &[81]),
        pod("same-port", "node-00001", "10.9.0.2", &[80, 80]),
        pod("twin", "node-00001", "10.9.0.3", &[80]),
        pod("twin", "node-00002", "10.9.0.3", &[80]),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
            "metadata": {"name": "overlaps"}, "spec": {"cidrs": ["10.0.0.0/23"]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "closed", "namespace": "team-aaaaa"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nobody"},
            "spec": {"clusterIP": "10.96.200.1", "selector": {"app": "none"},
                "ports": [{"port": 80}]}}),
    ]
}

/// Writes the objects in some order, to some files, in some forms, some of them twice; the names
/// of the files, in some order.
fn scatter(objects: &[Twice], chance: &mut Chance, folder: &Path) -> Vec<String> {
    let mut order: Vec<&Twice> = objects.iter().collect();
    chance.shuffle(&mut order);
    let mut files: Vec<Vec<&Twice>> = vec![vec![]; 1 + chance.below(5)];
    for object in order {
        for _ in 0..=usize::from(chance.below(4) == 0) {
            let at = chance.below(files.len());
            files[at].push(object);
        }
    }
    let mut names = vec![];
    for (i, objects) in files.iter().enumerate().filter(|(_, objects)| !objects.is_empty()) {
        let (end, text) = form(objects, chance.below(3));
        let packed = chance.below(3) == 0;
        let name = folder.join(format!("in-{i}.{end}{}", if packed { ".gz" } else { "" }));
        let mut bytes = text.into_bytes();
        if packed {
            let mut packer = GzEncoder::new(vec![], Compression::fast());
            packer.write_all(&bytes).expect("memory takes it");
            bytes = packer.finish().expect("memory takes it");
        }
        std::fs::write(&name, bytes).expect("the test folder takes files");
        names.push(name.to_str().expect("the path is UTF-8").to_owned());
    }
    chance.shuffle(&mut names);
    names
}

/// Objects as one text: YAML documents, a List, or Lists in a List.
fn form(objects: &[&Twice], form: usize) -> (&'static str, String) {
    let list = |items: Vec<Value>| json!({"apiVersion": "v1", "kind": "List", "items": items});
    let items = |objects: &[&Twice]| objects.iter().map(|object| object.json.clone()).collect();
    match form {
        0 => {
            let documents: Vec<&str> = objects.iter().map(|object| object.yaml.as_str()).collect();
            ("yaml", format!("---\n{}", documents.join("\n---\n")))
        }
        1 => ("json", list(items(objects)).to_string()),
        _ => {
            let (some, others) = objects.split_at(objects.len() / 2);
            let inner = vec![list(items(some)), list(items(others))];
            ("json", format!("{:#}", list(inner)))
        }
    }
}

/// What each question answers, without positions and the number of files.
fn answers(files: &[String], ends: &(String, String)) -> Vec<String> {
    let inputs: Vec<&str> = files.iter().flat_map(|file| ["-f", file]).collect();
    let questions = [vec!["verify"], vec!["lint"], vec!["graph"], vec!["trace", &ends.0, &ends.1]];
    let ask = |question: &Vec<&str>| {
        let ran = run(&[&question[..], &inputs, &["-o", "json"]].concat());
        let mut answer = format!("{question:?} exits with {}\n{}", ran.code, ran.err);
        for line in ran.out.lines() {
            let line = if line.contains("\"files\": ") { "" } else { line };
            let _ = writeln!(answer, "{}", redact(line));
        }
        answer
    };
    questions.iter().map(ask).collect()
}

/// A line with each position in our files replaced.
fn redact(line: &str) -> String {
    let folder = concat!("\"", env!("CARGO_TARGET_TMPDIR"));
    let mut parts = line.split(folder);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap_or_default();
        let _ = write!(out, "\"AT\"{rest}");
    }
    out
}

/// Two pods of a network: the first that it lists, and the last, at a port.
fn ends(files: &[String]) -> (String, String) {
    let inputs = files.iter().flat_map(|file| ["-f", file]);
    let graph = run(&["graph", "-o", "json"].into_iter().chain(inputs).collect::<Vec<_>>());
    let graph: Value = serde_json::from_str(&graph.out).expect("graph makes JSON");
    let elements = graph["elements"].as_array().expect("elements are a list");
    let pods = elements.iter().filter(|element| element["kind"] == "pod");
    let pods: Vec<&str> = pods.filter_map(|pod| pod["name"].as_str()).collect();
    (format!("pod/{}", pods[0]), format!("pod/{}:8080", pods[pods.len() - 1]))
}

#[test]
fn order_never_matters() {
    for seed in 1..=CLUSTERS {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("order-{seed}"));
        std::fs::create_dir_all(&folder).expect("the test folder takes folders");
        let objects = cluster(seed);
        let all: Vec<&Twice> = objects.iter().collect();
        let whole = folder.join("whole.yaml");
        std::fs::write(&whole, form(&all, 0).1).expect("the test folder takes files");
        let whole = vec![whole.to_str().expect("the path is UTF-8").to_owned()];
        let ends = ends(&whole);
        let expected = answers(&whole, &ends);
        for shuffle in 1..=SHUFFLES {
            let files = scatter(&objects, &mut Chance::new(seed << 8 | shuffle), &folder);
            for (answer, expected) in answers(&files, &ends).iter().zip(&expected) {
                let differs = answer.lines().zip(expected.lines()).find(|(a, b)| a != b);
                assert!(answer == expected, "{ends:?} {files:?}: {differs:?}");
            }
        }
    }
}
