//! Real input: applications as their authors ship them, and the dump of a cluster.
//!
//! The files are not part of the project: `FIBULA_CASES` names their folder.

mod common;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fibula_source::{Input, read};
use serde_json::Value;

use common::{Ran, run};

/// A folder or file among the cases; says that the test was skipped where it is absent.
fn case(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let path = folder.join(path);
    if path.exists() {
        return Some(path);
    }
    let text = format!("skipped: no {} among the external cases\n", path.display());
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

fn json(command: &str, path: &Path) -> (u8, Value) {
    let path = path.to_str().expect("the path is UTF-8");
    let ran = run(&[command, path, "-o", "json"]);
    assert_eq!(ran.err, "", "{path}");
    (ran.code, serde_json::from_str(&ran.out).expect("JSON is what was asked for"))
}

/// What a finding of `lint` or `verify` is called, and how often it is there.
fn findings(answer: &Value) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for finding in answer["findings"].as_array().expect("findings are a list") {
        *counts.entry(finding["id"].as_str().expect("it has an id")).or_default() += 1;
    }
    counts
}

fn outcomes(answer: &Value) -> Vec<(&str, &str)> {
    let constraints = answer["constraints"].as_array().expect("constraints are a list");
    constraints
        .iter()
        .map(|c| (c["id"].as_str().unwrap_or_default(), c["outcome"].as_str().unwrap_or_default()))
        .collect()
}

const PROVED: [(&str, &str); 5] =
    [("C1", "proved"), ("C2", "proved"), ("C3", "proved"), ("C4", "proved"), ("R5", "proved")];

#[test]
fn every_file_of_every_application_reads() {
    let Some(folder) = case("applications") else { return };
    let read = read(&[Input::Path(folder)]);
    assert_eq!(read.refused, []);
    assert!(read.files > 250, "{} files", read.files);
}

/// What is whole, how many pods and Services it has, how many pairs C3 is proved for, and what
/// `lint` finds.
type Whole = (&'static str, u64, u64, u64, &'static [(&'static str, usize)]);

const WHOLE: &[Whole] = &[
    (
        "online-boutique-network-policies.yaml",
        12,
        12,
        132,
        // What lets everything in, and what lets everything out.
        &[("allows-everything", 2), ("exposed", 1)],
    ),
    ("online-boutique-base.yaml", 12, 12, 132, &[("exposed", 1)]),
    ("BuoyantIO-emojivoto-kustomize-deployment.yaml", 4, 3, 20, &[]),
    ("sock-shop/kubernetes/complete-demo.yaml", 14, 14, 240, &[("exposed", 1)]),
    (
        "argo-cd/manifests/install.yaml",
        7,
        8,
        77,
        &[("allows-everything", 1), ("undeclared-port", 1)],
    ),
    ("bank-of-anthos", 9, 8, 27, &[("exposed", 1), ("undeclared-port", 1)]),
    (
        "kube-prometheus",
        8,
        8,
        99,
        &[
            ("allows-everything", 2),
            ("host-network", 1),
            ("peer-without-pods", 1),
            ("policy-on-host-network", 1),
            ("policy-without-pods", 1),
            ("service-without-pods", 1),
        ],
    ),
    (
        "kubeflow-platform-nocrd-nopipelines.yaml",
        36,
        35,
        2720,
        &[("namespace-without-policies", 1), ("policy-without-pods", 1), ("undeclared-port", 1)],
    ),
];

#[test]
fn every_whole_application_is_proved() {
    let Some(folder) = case("applications") else { return };
    for &(name, pods, services, pairs, found) in WHOLE {
        let (code, answer) = json("verify", &folder.join(name));
        let read = &answer["basis"]["read"];
        assert_eq!(outcomes(&answer), PROVED, "{name}");
        assert_eq!((code, answer["verdict"].as_str()), (0, Some("proved")), "{name}");
        let counts = (read["pods"].as_u64(), read["services"].as_u64());
        assert_eq!(counts, (Some(pods), Some(services)), "{name}");
        assert_eq!(answer["constraints"][2]["scope"]["pairs"].as_u64(), Some(pairs), "{name}");
        let (_, lint) = json("lint", &folder.join(name));
        let found: BTreeMap<&str, usize> = found.iter().copied().collect();
        assert_eq!(findings(&lint), found, "{name}");
    }
}

/// What `reach` counts: pairs of workloads, those that are open, undecided, and named.
fn pairs(answer: &Value) -> [Option<u64>; 4] {
    ["all", "open", "undecided", "named"].map(|what| answer["pairs"][what].as_u64())
}

fn reach(path: &Path, args: &[&str]) -> (u8, Value) {
    let path = path.to_str().expect("the path is UTF-8");
    let ran = run(&[&["reach", "-f", path, "-o", "json"], args].concat());
    assert_eq!(ran.err, "", "{path}");
    (ran.code, serde_json::from_str(&ran.out).expect("JSON is what was asked for"))
}

#[test]
fn who_can_reach_whom_in_online_boutique() {
    let Some(path) = case("applications/online-boutique-network-policies.yaml") else { return };
    let (code, answer) = reach(&path, &[]);
    assert_eq!((code, pairs(&answer)), (0, [132, 26, 0, 16].map(Some)));
    let named = answer["named"].as_array().expect("a list");
    assert_eq!(named.iter().filter(|named| named["open"] == true).count(), 16);
    // The front door has no address yet (SVC-24).
    assert_eq!(answer["doors"][0]["at"], "awaited");
    let (_, unused) = reach(&path, &["--only", "unused"]);
    assert_eq!(pairs(&unused), [132, 10, 0, 0].map(Some));
}

#[test]
fn every_application_says_who_can_reach_whom() {
    let expected: [(&str, u8, [u64; 4]); 6] = [
        ("online-boutique-base.yaml", 0, [132, 132, 0, 16]),
        ("BuoyantIO-emojivoto-kustomize-deployment.yaml", 0, [12, 12, 0, 3]),
        ("sock-shop/kubernetes/complete-demo.yaml", 0, [182, 182, 0, 1]),
        ("argo-cd/manifests/install.yaml", 0, [42, 39, 0, 0]),
        ("bank-of-anthos", 0, [72, 72, 0, 1]),
        ("kube-prometheus", 0, [20, 4, 0, 0]),
    ];
    let Some(folder) = case("applications") else { return };
    for (name, code, counts) in expected {
        let (found, answer) = reach(&folder.join(name), &[]);
        assert_eq!((found, pairs(&answer)), (code, counts.map(Some)), "{name}");
    }
    let Some(dump) = case("dumps/openshift-aws") else { return };
    let (code, answer) = reach(&dump, &[]);
    assert_eq!((code, pairs(&answer)), (0, [4032, 4032, 0, 2].map(Some)));
}

/// Some of Istio's policies stand in its root namespace, so each pod could be a target of theirs:
/// what is open between pods without them is undecided, what is dropped stays so, and nothing is
/// said of what pods send to Nodes and the world.
#[test]
fn dr_21_policies_that_are_not_read_leave_open_what_they_could_change() {
    let kinds = "AuthorizationPolicy,PeerAuthentication,RequestAuthentication";
    let Some(path) = case("applications/kubeflow-platform-nocrd-nopipelines.yaml") else { return };
    let (code, doubtful) = reach(&path, &[]);
    let (_, without) = reach(&path, &["--ignore", kinds]);
    assert_eq!(code, 3);
    assert_eq!(pairs(&without), [1122, 646, 1, 2].map(Some));
    assert_eq!(pairs(&doubtful), [1122, 0, 647, 0].map(Some));
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let party = |id: &Value| &doubtful["parties"][id.as_u64().expect("a number") as usize]["kind"];
    for line in list(&doubtful["lines"]) {
        for target in list(&line["to"]).iter().flat_map(|toward| list(&toward["targets"])) {
            assert!(["Node", "world", "own node"].map(Value::from).contains(party(&target)));
        }
    }
}

/// Variants of one application side by side: which of them is meant, nobody knows.
#[test]
fn dr_21_variants_side_by_side_are_undecided() {
    let Some(folder) = case("applications/argo-cd") else { return };
    let Ran { code, out, err } =
        run(&["verify", folder.to_str().expect("the path is UTF-8"), "-o", "json"]);
    let answer: Value = serde_json::from_str(&out).expect("JSON is what was asked for");
    // What it is, and what to do about it.
    assert!(err.contains("have a kustomization") && err.contains("kustomize build"), "{err}");
    assert_eq!((code, answer["verdict"].as_str()), (3, Some("undecided")));
    assert_eq!(findings(&answer).get("contradicting-twins"), Some(&3));
}

/// What makes an answer undecided: ids, and the kinds that were not read, with how many there are.
fn doubts(path: &Path, more: &[&str], from: &str, to: &str) -> (u8, Vec<String>) {
    let path = path.to_str().expect("the path is UTF-8");
    let ran = run(&[&["trace", "-f", path, from, to, "-o", "json"], more].concat());
    assert_eq!(ran.err, "", "{from} {to}");
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON is what was asked for");
    let doubts = answer["doubts"].as_array().expect("doubts are a list");
    let doubts = doubts.iter().flat_map(|doubt| match doubt["unread"].as_array() {
        Some(unread) => unread.iter().map(|u| format!("{} {}", u["count"], u["kind"])).collect(),
        None => vec![doubt["id"].to_string()],
    });
    (ran.code, doubts.map(|doubt| doubt.replace('"', "")).collect())
}

/// Kubeflow's AuthorizationPolicies act where a message arrives: those of the namespace there, and
/// those of the root namespace of its mesh. What they could not change stays certain.
#[test]
fn dr_21_policies_of_a_mesh_leave_open_what_they_could_change() {
    let Some(path) = case("applications/kubeflow-platform-nocrd-nopipelines.yaml") else { return };
    let mesh = ["--ignore", "DestinationRule,Sidecar,VirtualService"];
    let asked = |from, to| doubts(&path, &mesh, from, to);
    let open = |kinds: &[&str]| (3, kinds.iter().map(|kind| (*kind).to_owned()).collect());
    let root = "1 RequestAuthentication";
    assert_eq!(
        asked("kubeflow/centraldashboard", "katib-ui.kubeflow:80"),
        open(&["12 AuthorizationPolicy", root])
    );
    assert_eq!(
        asked("cert-manager/cert-manager", "cert-manager-webhook.cert-manager:443"),
        open(&["5 AuthorizationPolicy", root])
    );
    // What leaves, what stays in a pod, what goes to a Node.
    for to in ["1.1.1.1:443", "localhost:8080", "node/node-1:10250"] {
        assert_eq!(asked("kubeflow/katib-ui", to), (0, vec![]), "{to}");
    }
    // What a NetworkPolicy drops no mesh lets through.
    assert_eq!(asked("cert-manager/cert-manager", "oauth2-proxy.oauth2-proxy:80"), (1, vec![]));
    let more = ["--ignore", "AuthorizationPolicy,RequestAuthentication"];
    let all = [&mesh[..], &more].concat();
    let accepted = doubts(&path, &all, "kubeflow/centraldashboard", "katib-ui.kubeflow:80");
    assert_eq!(accepted, (0, vec![]));
}

/// A Route says what a router does with a request that it has got: it takes no message elsewhere.
#[test]
fn dr_21_routes_leave_nothing_open() {
    let Some(folder) = case("dumps/openshift-aws") else { return };
    for (from, to, code) in [
        ("openshift-console/console", "svc/openshift-ingress/router-internal-default:443", 0),
        ("openshift-console/console", "svc/openshift-console/downloads:80", 0),
        ("world", "svc/openshift-ingress/router-default:80", 1),
    ] {
        assert_eq!(doubts(&folder, &[], from, to), (code, vec![]), "{from} {to}");
    }
}

/// Online Boutique: what its 13 policies let through is what its authors wrote down as variables of
/// its pods.
#[test]
fn np_3_the_policies_of_online_boutique_allow_what_its_pods_ask_for() {
    let Some(path) = case("applications/online-boutique-network-policies.yaml") else { return };
    for (from, to, code) in [
        ("checkoutservice", "emailservice:5000", 0),
        ("frontend", "cartservice:7070", 0),
        ("cartservice", "redis-cart:6379", 0),
        ("frontend", "redis-cart:6379", 1),
        ("adservice", "paymentservice:50051", 1),
        ("loadgenerator", "frontend:80", 0),
    ] {
        assert_eq!(doubts(&path, &[], from, to), (code, vec![]), "{from} {to}");
    }
}

#[test]
fn the_dump_of_a_cluster_is_proved() {
    let Some(folder) = case("dumps/openshift-aws") else { return };
    let (code, answer) = json("verify", &folder);
    assert_eq!(code, 0);
    assert_eq!(outcomes(&answer), PROVED);
    let read = &answer["basis"]["read"];
    let read = ["files", "nodes", "namespaces", "pods", "pods_not_running", "services", "refused"]
        .map(|what| read[what].as_u64());
    assert_eq!(read, [754, 6, 56, 239, 56, 78, 0].map(Some));
    let scope = |at: usize, of: &str| answer["constraints"][at]["scope"][of].as_u64();
    let c1 = ["addresses", "pods", "nodes", "services"].map(|of| scope(0, of));
    assert_eq!(c1, [169, 103, 6, 60].map(Some));
    let rest = [(1, "pairs"), (2, "pairs"), (3, "pairs"), (4, "processes")];
    assert_eq!(rest.map(|(at, of)| scope(at, of)), [386, 26_950, 4_960, 354].map(Some));
    let expected = [("exposed", 1), ("host-network", 1), ("same-port", 1), ("undeclared-port", 1)];
    assert_eq!(findings(&answer), expected.into_iter().collect());
}
