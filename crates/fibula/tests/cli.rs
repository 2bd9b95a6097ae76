//! What people see: sessions, with their exit codes. `SNAPSHOTS=overwrite` writes them anew.

mod common;

use fibula_report::Screen;
use snapbox::data::DataFormat;
use snapbox::{Data, assert_data_eq, file};

use common::{Ran, run, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(100), color: true, unicode: true };

/// Where the inputs of these tests are, from where they run.
const HERE: &str = "tests/input/";

/// A new file of the tests' own.
fn output(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}

/// Runs a command line as it would be typed where the inputs are, and shows it so.
fn shown(screen: Screen, line: &str, stdin: &str) -> String {
    let path = |word: &str| match word {
        // Where a line breaks may not depend on where these sources are.
        "shop.yaml" | "findings.yaml" | "refused.yaml" | "misspelt.yaml" => {
            format!("{HERE}{word}")
        }
        word => word.to_owned(),
    };
    let words: Vec<String> = line.split_whitespace().map(path).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Ran { code, out, err } = run_on(screen, &words, stdin.as_bytes());
    let colour = if screen.color { "\u{1b}[1m" } else { "" };
    let end = if screen.color { "\u{1b}[0m" } else { "" };
    let shown = format!("{colour}$ fibula {line}{end}\n{err}{out}[exit {code}]\n");
    shown.replace(HERE, "")
}

/// A session: each line as it is typed, what it prints, and its exit code.
fn session(screen: Screen, lines: &[&str]) -> String {
    let shown: Vec<String> = lines.iter().map(|line| shown(screen, line, "")).collect();
    shown.join("\n")
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

#[test]
fn fibula_alone_says_what_there_is() {
    check(&session(USUAL, &[""]), file!["snapshots/alone.txt"]);
}

#[test]
fn demo_fits_the_screen() {
    check(&session(NARROW, &["demo"]), file!["snapshots/demo-80.txt"]);
    check(&session(USUAL, &["demo"]), file!["snapshots/demo-100.txt"]);
    check(&session(WIDE, &["demo"]), file!["snapshots/demo-200.txt"]);
    check(&session(Screen::PIPE, &["demo"]), file!["snapshots/demo-pipe.txt"]);
    let ascii = session(ASCII, &["demo"]);
    assert!(ascii.is_ascii());
    check(&ascii, file!["snapshots/demo-ascii.txt"]);
}

/// A picture of what is printed in colours that are told apart on its dark ground.
fn picture(session: &str) -> String {
    let svg = Data::text(session).coerce_to(DataFormat::TermSvg);
    let mut svg = svg.render().expect("text becomes a picture");
    let colours = [
        (".fg { fill: #AAAAAA }", ".fg { fill: #D8DEE9 }"),
        (".bg { fill: #000000 }", ".bg { fill: #161B22 }"),
        (".fg-blue { fill: #0000AA }", ".fg-blue { fill: #79B8FF }"),
        (".fg-cyan { fill: #00AAAA }", ".fg-cyan { fill: #56D4DD }"),
        (".fg-green { fill: #00AA00 }", ".fg-green { fill: #3FB950 }"),
        (".fg-red { fill: #AA0000 }", ".fg-red { fill: #FF7B72 }"),
        (".fg-yellow { fill: #AA5500 }", ".fg-yellow { fill: #E3B341 }"),
        (".dimmed { opacity: 0.4; }", ".dimmed { fill-opacity: 0.6; }"),
    ];
    for (usual, ours) in colours {
        svg = svg.replace(usual, ours);
    }
    svg
}

/// The pictures of the README.
#[test]
fn pictures_of_the_readme_are_what_is_printed() {
    let shown = |line| shown(COLOUR, line, "").replace("[exit 0]\n", "").replace("[exit 1]\n", "");
    check(&picture(&shown("demo")), file!["../../../docs/img/demo.svg": Text]);
    let trace = ["trace -f @k1 c1-1 p2:8080", "trace -f @k1 c1-1 p2:1234"].map(shown).join("\n");
    check(&picture(&trace), file!["../../../docs/img/trace.svg": Text]);
    let input = "tests/input/policies.yaml";
    let asked = ["trace", "-f", input, "-n", "shop", "api", "db:80"];
    let Ran { out, .. } = run_on(COLOUR, &asked, b"");
    let dropped = format!("$ fibula trace -n shop api db:80\n{out}").replace(input, "shop.yaml");
    check(&picture(&dropped), file!["../../../docs/img/policies.svg": Text]);
}

#[test]
fn trace_follows_a_message_to_each_kind_of_end() {
    let lines = [
        "trace -f @k1 c1-1 p2:8080",
        "trace -f @k1 c1-1 localhost:9090",
        "trace -f @k1 d1 p1:8080",
        "trace -f @k1 c1-1 p2:1234",
        "trace -f @k1 c1-1 8.8.8.8:53/UDP",
        "trace -f @k1 world p2:8080",
        "trace -f @k1 --without R1 c1-1 p2:1234",
        "trace -f shop.yaml shop/web shop/db:5432",
        "trace -f shop.yaml -n lab web shop/web:http",
        "trace -f shop.yaml -n lab --ignore AuthorizationPolicy web shop/web:http",
        "trace -f shop.yaml shop/web 10.1.2.77:80",
    ];
    check(&session(USUAL, &lines), file!["snapshots/trace-100.txt"]);
    check(&session(NARROW, &lines), file!["snapshots/trace-80.txt"]);
}

#[test]
fn trace_takes_names_as_people_say_them() {
    let lines = [
        "trace -f shop.yaml -n shop deploy/web pod/db:pg",
        "trace -f shop.yaml -n shop rs/web-5d4f8c7b9 pod/db:metrics",
        "trace -f shop.yaml web-5d4f8c7b9-t7hjd db.shop.svc",
        "trace -f shop.yaml shop/db/exporter [fd00:1:1::7]:4222",
        "trace -f shop.yaml node/n1 shop/queue",
        "trace -f shop.yaml 10.1.2.5 10.1.2.6:9187",
    ];
    check(&session(USUAL, &lines), file!["snapshots/names.txt"]);
}

#[test]
fn names_that_mean_nothing_or_too_much_are_told_with_near_ones() {
    let lines = [
        "trace -f shop.yaml wbe dbb:5432",
        "trace -f shop.yaml pod/web pod/db",
        "trace -f shop.yaml -n lab web db:5432",
        "trace -f shop.yaml nginx shop/db:5432",
        "trace -f shop.yaml svc/db shop/web:80",
        "trace -f shop.yaml shop/web shop/queue:4222",
        "trace -f shop.yaml shop/backup 10.1.1.5:80",
        "trace -f shop.yaml shop/web pod/db",
        "trace -f shop.yaml shop/web pod/db:http",
        "trace -f shop.yaml shop/web pod/db:70000",
        "trace -f findings.yaml twin 10.1.1.11:8080",
        "graph -f @k1 n3 p1",
        "explain F9",
        "explain podcidr",
    ];
    check(&session(USUAL, &lines), file!["snapshots/names-unknown.txt"]);
}

#[test]
fn verify_proves_or_refutes() {
    let lines = [
        "verify @k1",
        "verify @k1 --without R1",
        "verify shop.yaml",
        "verify shop.yaml --ignore AuthorizationPolicies",
        "verify shop.yaml -q --ignore NetworkPolicy --ignore Typo --ignore VirtualService",
        "verify findings.yaml",
    ];
    check(&session(USUAL, &lines), file!["snapshots/verify-100.txt"]);
    check(&session(NARROW, &lines), file!["snapshots/verify-80.txt"]);
}

/// K1 as a file, with some text in it replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut network = run(&["graph", "-f", "@k1", "-o", "json"]).out;
    for (old, new) in edits {
        assert!(network.contains(old), "{old} is in the file of K1");
        network = network.replace(old, new);
    }
    network
}

#[test]
fn a_network_that_was_read_is_proved_or_refuted() {
    let verify = |edits: &[_]| shown(USUAL, "verify --network -", &edited(edits));
    let shared = "\"name\": \"default/p3\", \"host\": \"n1\", \"addresses\": [\"10.0.1.2\"]";
    let sharing = shared.replace("10.0.1.2", "10.0.1.1");
    let sessions = [
        verify(&[]),
        shown(USUAL, "trace --network - -n default p1 p2:8080", &edited(&[])),
        shown(USUAL, "trace --network - -n shop p1 p2:8080", &edited(&[])),
        shown(USUAL, "graph --network - p1", &edited(&[])),
        // The link between the nodes is cut (G8).
        verify(&[("\"members\": [\"n1\", \"n2\"]", "\"members\": [\"n1\"]")]),
        // A pod's address is said to be another's too (C1).
        verify(&[(shared, &sharing)]),
        // Loopback is closed (C2).
        verify(&[("\"to\": \"127.0.0.1\"", "\"to\": \"127.0.0.2\"")]),
        shown(USUAL, "verify --network -", "{\"fibula\": \"network/9\"}"),
        shown(USUAL, "verify --network -", "not a network"),
        verify(&[("\"kind\": \"pod\"", "\"kind\": \"pot\"")]),
        verify(&[("\"do\": \"forward host\"", "\"do\": \"forwards host\"")]),
        verify(&[("\"addresses\": [\"10.0.0.1\"]", "\"address\": [\"10.0.0.1\"]")]),
    ];
    check(&sessions.join("\n"), file!["snapshots/network.txt"]);
}

#[test]
fn lint_finds_what_looks_wrong() {
    let lines = ["lint findings.yaml", "lint @k1", "lint shop.yaml"];
    check(&session(USUAL, &lines), file!["snapshots/lint-100.txt"]);
    check(&session(NARROW, &lines), file!["snapshots/lint-80.txt"]);
    check(&session(USUAL, &["lint findings.yaml -o json"]), file!["snapshots/lint.json.txt"]);
}

#[test]
fn np_4_what_a_rule_only_passes_on_it_does_not_allow() {
    let found = run(&["lint", "tests/input/why-tie.yaml"]).out;
    assert!(found.contains("anp/eq ingress[0] allows nothing"), "{found}");
    assert!(!found.contains("anp/deny-lab ingress[0] allows"), "{found}");
}

#[test]
fn graph_shows_k1_in_each_form() {
    let lines = ["graph -f @k1", "graph -f @k1 p1 n1", "graph -f @k1 p1 n1 --shared"];
    check(&session(USUAL, &lines), file!["snapshots/graph.txt"]);
    check(&run(&["graph", "-f", "@k1", "-o", "dot"]).out, file!["snapshots/k1.dot"]);
    check(&run(&["graph", "-f", "@k1", "-o", "mermaid"]).out, file!["snapshots/k1.mmd"]);
    check(&run(&["graph", "-f", "@k1", "-o", "json"]).out, file!["snapshots/k1.json"]);
}

#[test]
fn answers_are_json_too() {
    let lines = ["verify @k1 -o json", "trace -f @k1 c1-1 p1:8080 -o json", "explain F4 -o json"];
    check(&session(USUAL, &lines), file!["snapshots/answers.json.txt"]);
}

/// Programs get an answer on standard output too where a name leads nowhere.
#[test]
fn what_does_not_resolve_is_json_too() {
    let answer = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Ran { code, out, err } = run(&words);
        assert!(!err.is_empty(), "{line}");
        let json: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
        (code, json)
    };
    let shop = format!("{HERE}shop.yaml");
    let (code, json) = answer(&format!("trace -f {shop} -n shop web crat.shop.svc:80 -o json"));
    assert_eq!((code, &json["fibula"], &json["answer"]), (1, &"trace/2".into(), &"none".into()));
    assert_eq!(json["verdict"], "no such name");
    assert_eq!(
        (&json["errors"][0]["name"], &json["errors"][0]["id"]),
        (&"crat.shop.svc".into(), &"DNS-8".into())
    );
    let (code, json) = answer(&format!("trace -f {shop} wbe shop/web -o json"));
    assert_eq!((code, &json["answer"]), (2, &serde_json::Value::Null));
    assert_eq!(json["errors"][0]["error"], "unknown");
    let (code, json) = answer("verify /nowhere -o json");
    assert_eq!((code, &json["fibula"]), (2, &"error/1".into()));
    // In a file, or where nothing is to be printed, standard output stays empty.
    for more in ["-q -o json", "-o text"] {
        let line = format!("trace -f {shop} wbe shop/web {more}");
        assert_eq!(run(&line.split_whitespace().collect::<Vec<_>>()).out, "", "{more}");
    }
}

/// A policy with a field that nobody reads means more than it says.
#[test]
fn a_misspelt_field_of_a_policy_is_refused() {
    check(&session(USUAL, &["lint misspelt.yaml"]), file!["snapshots/misspelt.txt"]);
    // What JSON says is as strict.
    let policy = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web"}, "spec": {"podSelectr": {}}}"#;
    let Ran { code, err, .. } = run_on(Screen::PIPE, &["lint", "-"], policy.as_bytes());
    assert!(code == 2 && err.contains("`podSelectr` is no field: write `podSelector`"), "{err}");
}

#[test]
fn what_is_refused_is_shown_with_what_was_expected() {
    let lines = ["verify refused.yaml", "lint refused.yaml", "trace -f refused.yaml fine fine"];
    check(&session(USUAL, &lines), file!["snapshots/refused.txt"]);
}

#[test]
fn usage_errors_say_what_to_do() {
    let lines = [
        "verify",
        "verify nothing-here",
        "verify @cube",
        "trase",
        "trace -f @k1 c1-1",
        "verify @k1 -o dot",
        "verify @k1 -o svg",
        "verify @k1 -o json=",
        "verify @k1 --without R9",
        "verify @k1 --daemon kubelet",
        "verify @k1 --pod-cidr 10.0.0/8",
        "verify --network net.json @k1",
        "verify --network net.json -f @k1",
        "verify --network net.json --without R1",
        "verify --network nothing-here",
        "lint --network net.json",
        "lint @k1 --deny all",
        "generate --nodes many",
        "verify @k1 --nodes 0",
        "why -f @k1 p1 p2 --patch x",
        "why -f @k1 p1 p2 --patch 0",
        "lint @k1 -o sarf=a.sarif",
        "check -f @k1 -o junit=a.xml -o text -o sarif=./a.xml",
    ];
    check(&session(USUAL, &lines), file!["snapshots/usage.txt"]);
}

#[test]
fn folders_without_objects_are_told() {
    let (empty, others) = (output("empty"), output("others"));
    for folder in [&empty, &others] {
        std::fs::create_dir_all(folder).expect("the test folder takes folders");
    }
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    std::fs::write(format!("{others}/map.yaml"), map).expect("the test folder takes files");
    // Paths of the tests' own folder differ from machine to machine: nothing is broken.
    let verify = |folder: &str| shown(Screen::PIPE, &format!("verify {folder}"), "");
    // What is no YAML at all is named; what shows nothing of Kubernetes is not refused for that.
    let garbled = output("garbled");
    std::fs::create_dir_all(format!("{garbled}/templates")).expect("the test folder takes folders");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: A}]}\n";
    let helpers = "{{- if .Values.x }}\nname: {{ .Values.name }}\n{{- end }}\n";
    for (name, text) in
        [("pod.yaml", pod), ("bad.yaml", "a: [b\n c: }\n"), ("templates/_x.yaml", helpers)]
    {
        std::fs::write(format!("{garbled}/{name}"), text).expect("the test folder takes files");
    }
    let session =
        [verify(&empty), verify(&others), verify(&garbled)].join("\n").replace(&output(""), "");
    check(&session, file!["snapshots/folders.txt"]);
}
