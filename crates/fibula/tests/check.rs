//! What people see of promises. `SNAPSHOTS=overwrite` writes the sessions anew.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fibula_report::Screen;
use fibula_source::{Input, promises};
use serde_json::{Value, json};
use snapbox::{Data, assert_data_eq, file};

use common::schema::Schema;
use common::{Ran, answers, run, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(120), color: true, unicode: true };

/// The files of these tests, and what they are called in a session: a shop with policies and a lab
/// without, its promises, and some that make no sense.
const FILES: [(&str, &str); 3] = [
    ("shop.yaml", "tests/input/reach.yaml"),
    ("promises.yaml", "tests/input/promises.yaml"),
    ("wrong.yaml", "tests/input/promises-wrong.yaml"),
];

/// Runs a command line as it would be typed where the files are, and shows it so.
fn shown(screen: Screen, line: &str) -> String {
    let file = |word: &str| {
        let known = FILES.iter().find(|(name, _)| *name == word);
        known.map_or(word, |(_, file)| file).to_owned()
    };
    let words: Vec<String> = line.split_whitespace().map(file).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Ran { code, out, err } = run_on(screen, &words, b"");
    let session = format!("$ fibula {line}\n{err}{out}[exit {code}]\n");
    FILES.iter().fold(session, |session, (name, file)| session.replace(file, name))
}

fn session(screen: Screen, lines: &[&str]) -> String {
    lines.iter().map(|line| shown(screen, line)).collect::<Vec<_>>().join("\n")
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

const ALL: &str = "check promises.yaml -f shop.yaml";

#[test]
fn broken_promises_come_first_on_every_screen() {
    let more = [
        ALL,
        "check promises.yaml -f shop.yaml --profile cilium --all",
        "check -f shop.yaml",
        "check -f shop.yaml -v",
        "check promises.yaml -f shop.yaml --only implied",
        "check promises.yaml -f shop.yaml -q",
    ];
    check(&session(USUAL, &more), file!["snapshots/check-100.txt"]);
    check(&session(NARROW, &more[..2]), file!["snapshots/check-80.txt"]);
    check(&session(WIDE, &more[..1]), file!["snapshots/check-200.txt"]);
    check(&session(Screen::PIPE, &more[..1]), file!["snapshots/check-pipe.txt"]);
    let ascii = session(ASCII, &more[..2]);
    assert!(ascii.is_ascii(), "{ascii}");
    check(&ascii, file!["snapshots/check-ascii.txt"]);
    assert_data_eq!(session(COLOUR, &more[..2]), file!["snapshots/check.term.svg"].raw());
}

#[test]
fn programs_have_forms_of_their_own() {
    for form in ["json", "junit", "sarif", "github", "markdown"] {
        let line = format!("check promises.yaml -f shop.yaml -o {form}");
        let session = session(WIDE, &[&line]);
        check(&session, Data::read_from(&path(&format!("check.{form}.txt")), None));
    }
    let lines = [
        "check wrong.yaml -f shop.yaml -o junit",
        "check promises.yaml -f shop.yaml -o text -o github",
        "check promises.yaml -f shop.yaml -o dot",
    ];
    check(&session(WIDE, &lines), file!["snapshots/check-forms.txt"]);
}

#[test]
fn a_promise_that_makes_no_sense_is_refused_where_it_stands() {
    check(&session(USUAL, &["check wrong.yaml -f shop.yaml"]), file!["snapshots/check-wrong.txt"]);
    let lines = [
        "check shop.yaml -f shop.yaml",
        "check nowhere.yaml -f shop.yaml",
        "check -f @k1",
        "check -f shop.yaml --only written",
        "check promises.yaml",
        "check promises.yaml -f shop.yaml --only some",
    ];
    check(&session(USUAL, &lines), file!["snapshots/check-nothing.txt"]);
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots", name].iter().collect()
}

/// A case of the project's shared folder; nothing where that is not there.
fn boutique() -> Option<String> {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases");
    let cases = std::env::var_os("FIBULA_CASES").unwrap_or_else(|| cases.into());
    let file = Path::new(&cases).join("applications/online-boutique-network-policies.yaml");
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        let text = format!("skipped: no {}\n", file.display());
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    text
}

/// What is broken of an input on standard input: exit code, and the titles.
fn broken(text: &str) -> (u8, Vec<String>) {
    let ran = run_on(Screen::PIPE, &["check", "-f", "-"], text.as_bytes());
    let titles = ran.out.lines().filter_map(|line| line.strip_prefix("✗ "));
    let titles = titles.map(|line| line.split("   ").next().unwrap_or_default().to_owned());
    (ran.code, titles.collect())
}

#[test]
fn online_boutique_keeps_the_promises_of_its_environment() {
    let Some(text) = boutique() else { return };
    assert_eq!(broken(&text), (0, vec![]));
    let ran = run_on(Screen::PIPE, &["check", "-f", "-"], text.as_bytes());
    assert!(ran.out.starts_with("16 promises (16 from env): 16 kept"), "{}", ran.out);

    // A template that loses its label: nobody finds its pods, and its policy selects them no more.
    let (before, after) = text
        .split_once("kind: Deployment\nmetadata:\n  labels:\n    app: recommendationservice")
        .expect("it is there");
    let label = "      labels:\n        app: recommendationservice";
    let without = after.replacen(label, "      labels:\n        app: other", 1);
    assert_ne!(without, after);
    let joined = format!(
        "{before}kind: Deployment\nmetadata:\n  labels:\n    app: recommendationservice{without}"
    );
    let lost = [
        "frontend → recommendationservice:8080",
        "recommendationservice → productcatalogservice:3550",
    ];
    assert_eq!(broken(&joined), (1, lost.map(str::to_owned).to_vec()));

    // A Service of another name: only the one who names it is lost.
    let renamed = text.replace(
        "kind: Service\nmetadata:\n  labels:\n    app: cartservice\n  name: cartservice",
        "kind: Service\nmetadata:\n  labels:\n    app: cartservice\n  name: cart",
    );
    assert_ne!(renamed, text);
    let named = renamed.replace("value: cartservice:7070", "value: cartservice.default.svc:7070");
    let lost = [
        "checkoutservice → cartservice.default.svc:7070",
        "frontend → cartservice.default.svc:7070",
    ];
    assert_eq!(broken(&named), (1, lost.map(str::to_owned).to_vec()));
}

/// A mesh could lead elsewhere what pods send to Services, and to nobody else.
#[test]
fn dr_21_what_goes_by_a_service_is_undecided_beside_a_mesh() {
    let route = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n";
    let asked = |more: &[&str]| {
        let words = ["check", "-f", "tests/input/reach.yaml", "-f", "-", "-o", "json"];
        let ran = run_on(USUAL, &[&words, more].concat(), route.as_bytes());
        let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
        (ran.code, answer)
    };
    let (code, answer) = asked(&[]);
    assert_eq!((code, &answer["verdict"]), (3, &json!("undecided")), "{answer}");
    let doubt = json!([{"id": "DR-21", "unread": [{"kind": "VirtualService", "count": 1}]}]);
    assert!(
        answer["promises"].as_array().is_some_and(|all| all.iter().any(|p| p["doubts"] == doubt))
    );
    let (code, answer) = asked(&["--ignore", "VirtualService"]);
    assert_eq!((code, &answer["verdict"]), (0, &json!("kept")), "{answer}");
}

#[test]
fn exit_codes_say_what_became_of_them() {
    let of = |text: &str| {
        let folder = std::env::temp_dir().join(format!("fibula-check-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("promises.yaml");
        fs::write(&file, text).expect("a file");
        let args = ["check", &file.to_string_lossy(), "-f", FILES[0].1, "--only", "written", "-q"];
        let code = run(&args).code;
        fs::remove_dir_all(&folder).expect("it is there");
        code
    };
    let kept = "- {from: shop/web, reaches: [svc/shop/api]}\n";
    let broken = "- {from: lab/probe, reaches: [svc/shop/api]}\n";
    let open = "- {from: shop/db, never-reaches: nodes}\n";
    let wrong = "- {from: nobody, reaches: [svc/shop/api]}\n";
    let table = [
        (vec![kept], 0),
        (vec![kept, broken, open], 1),
        (vec![kept, open], 3),
        (vec![kept, broken, open, wrong], 2),
    ];
    for (promises, code) in table {
        assert_eq!(of(&format!("promises:\n{}", promises.concat())), code, "{promises:?}");
    }
}

/// A pod with a hostPort that five ranges of the world reach, and one of its Node's network.
const PORTS: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 172.18.0.1}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: gate}, spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 8080, hostPort: 9090}]}]}, status: {podIP: 10.0.1.5}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: agent}, spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}, status: {podIP: 172.18.0.1}}
- {apiVersion: v1, kind: Service, metadata: {namespace: a, name: away}, spec: {type: ExternalName, externalName: example.com}}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {namespace: a, name: gate}
  spec: {podSelector: {}, ingress: [{from: [RANGES]}]}
";

#[test]
fn ranges_of_the_world_are_named_and_pods_of_a_node_told_from_nobody() {
    let file = |name: &str, text: &str| {
        let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
        fs::write(&path, text).expect("a file");
        path
    };
    let said = |ranges: u8, promise: &str| {
        let ranges = (1..=ranges).map(|n| format!("{{ipBlock: {{cidr: {n}.1.0.0/16}}}}"));
        let ranges = ranges.collect::<Vec<_>>().join(", ");
        let input = file("check-ranges.yaml", &PORTS.replace("RANGES", &ranges));
        let promises = file("check-ranges-promises.yaml", &format!("promises:\n- {promise}\n"));
        let args = ["check", &promises, "-f", &input, "--only", "written"];
        let Ran { out, err, .. } = run_on(WIDE, &args, b"");
        out + &err
    };
    let never = "{from: world, never-reaches: a/gate}";
    let five = said(5, never);
    assert!(
        five.contains(
            "(1.1.0.0/16, 2.1.0.0/16, 3.1.0.0/16, 4.1.0.0/16, 5.1.0.0/16) reach gate:8080"
        ),
        "{five}"
    );
    let many = said(9, never);
    assert!(
        many.contains("9 ranges of the world (1.1.0.0/16, 2.1.0.0/16, 3.1.0.0/16, …; -o json lists them) reach"),
        "{many}"
    );
    let agent = said(1, "{from: a/agent, reaches: a/gate}");
    assert!(agent.contains("expected a pod with its own network, got a/agent"), "{agent}");
    // A name that leads out is an answer, of which nothing is printed.
    let input = file("check-quiet.yaml", &PORTS.replace("RANGES", ""));
    let args = ["trace", "-f", &input, "a/gate", "away.a", "-q"];
    let Ran { code, out, err } = run_on(WIDE, &args, b"");
    assert_eq!((code, out + &err), (3, String::new()));
}

/// Promises that use every field.
const EVERY: &str = r#"{"promises": [
    {"name": "a", "because": "x", "namespace": "shop", "from": "web", "reaches": ["db"], "ports": 80},
    {"from": ["web", "api"], "never-reaches": "ns/prod", "ports": [8080, "53/UDP", "http"]},
    {"to": {"namespace": "shop", "labels": {"app": "db"}}, "only-from": ["app=web"]},
    {"to": "db", "only-from": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}]},
    {"from": {"namespaceSelector": {"matchLabels": {"team": "a"}}}, "reaches-only": ["x:80"]},
    {"from": {"podSelector": {"matchExpressions": [
        {"key": "app", "operator": "In", "values": ["x"]}, {"key": "tier", "operator": "Exists"}
    ]}}, "reaches": ["svc/x"]},
    {"from": {"cidr": "10.0.0.0/8", "except": "10.1.0.0/16"}, "never-reaches": ["x"]}
]}"#;

/// Each file that comes of taking something out of a value, or of putting something in.
fn changed(whole: &Value, at: &str, found: &mut Vec<Value>) {
    let mut with = |change: &dyn Fn(&mut Value)| {
        let mut other = whole.clone();
        change(other.pointer_mut(at).expect("a place"));
        found.push(other);
    };
    with(&|value| *value = json!({ "planted": 8 }));
    with(&|value| *value = json!([]));
    with(&|value| *value = json!(true));
    match whole.pointer(at).expect("a place").clone() {
        Value::Object(fields) => {
            with(&|value| value["planted"] = json!("x"));
            for name in fields.keys() {
                with(&|value| _ = value.as_object_mut().and_then(|all| all.remove(name)));
            }
            for name in fields.keys() {
                changed(whole, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for i in 0..items.len() {
                changed(whole, &format!("{at}/{i}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_schema_of_promises_says_what_is_read() {
    let schema = Schema::open(answers::schemas().join("promises.json"));
    let reads = |value: &Value| {
        let input = Input::Text { name: "p.json".to_owned(), text: value.to_string() };
        promises(&[input]).refused.is_empty()
    };
    let every: Value = serde_json::from_str(EVERY).expect("JSON");
    assert!(schema.faults(&every).is_empty() && reads(&every), "{:?}", schema.faults(&every));
    let mut all = vec![];
    changed(&every, "", &mut all);
    assert!(all.len() > 200, "{}", all.len());
    for value in all {
        // What is read is as the schema says; what the schema lets stand may make no sense.
        let faults = schema.faults(&value);
        let reads = reads(&value);
        assert!(!reads || faults.is_empty(), "{value}\nis read, but {faults:?}");
        let sense = value.to_string().contains("except") || value.to_string().contains("operator");
        assert!(reads || !faults.is_empty() || sense, "{value}\nis as the schema says");
    }
}
