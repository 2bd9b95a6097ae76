//! What people see of messages that policies judge. `SNAPSHOTS=overwrite` writes the sessions anew.

mod common;

use fibula_report::Screen;
use snapbox::{Data, assert_data_eq, file};

use common::{Ran, run, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(120), color: true, unicode: true };

/// The cluster of these tests: a shop with policies of every kind.
const INPUT: &str = "tests/input/policies.yaml";

/// Runs a command line as it would be typed where the input is, and shows it so.
fn shown(screen: Screen, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let words: Vec<&str> =
        words.into_iter().map(|word| if word == "shop.yaml" { INPUT } else { word }).collect();
    let Ran { code, out, err } = run_on(screen, &words, b"");
    let printed = format!("$ fibula {line}\n{err}{out}[exit {code}]\n");
    printed.replace("tests/input/policies.yaml", "shop.yaml").replace("tests/input/", "")
}

/// A session of traces of the cluster.
fn session(screen: Screen, traces: &[&str]) -> String {
    let lines = traces.iter().map(|trace| format!("trace -f shop.yaml -n shop {trace}"));
    lines.map(|line| shown(screen, &line)).collect::<Vec<_>>().join("\n")
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

#[test]
fn np_2_what_no_rule_allows_is_dropped_and_says_why() {
    let traces = [
        // Another label, and a policy without a rule.
        "--profile reference api db:15432",
        // Some endpoints; a peer of another namespace; a port of another name; no pod.
        "web api:80",
        "lab/probe db.shop:15432",
        "api db:80",
        "10.0.0.9 pod/db:5432",
        "world pod/db:5432",
        "agent pod/db:15432",
        // Both ends.
        "db canary:8080",
    ];
    check(&session(USUAL, &traces), file!["snapshots/policies-100.txt"]);
    check(&session(NARROW, &traces), file!["snapshots/policies-80.txt"]);
    check(&session(WIDE, &traces[..3]), file!["snapshots/policies-200.txt"]);
    let ascii = session(ASCII, &traces[..2]);
    assert!(ascii.is_ascii());
    check(&ascii, file!["snapshots/policies-ascii.txt"]);
    assert_data_eq!(session(COLOUR, &traces[..2]), file!["snapshots/policies.term.svg"].raw());
    check(&session(Screen::PIPE, &traces[..1]), file!["snapshots/policies-pipe.txt"]);
}

#[test]
fn np_40_a_block_that_matches_is_no_reason() {
    let lines = ["--decide DR-2b=yes", "--profile reference", "", "--decide DR-2b=no"];
    let trace = "trace -f tests/input/blocks.yaml prom svc/web:80";
    let all: Vec<String> =
        lines.iter().map(|how| shown(USUAL, format!("{trace} {how}").trim_end())).collect();
    for (said, decided) in all.iter().zip(lines) {
        assert_eq!(said.contains("no pods here"), decided.ends_with("no"), "{decided}");
    }
    check(&all.join("\n"), file!["snapshots/policies-blocks.txt"]);
}

#[test]
fn dns_12_who_may_not_ask_has_no_names() {
    let alone = "trace -f tests/input/dns.yaml -n shop web";
    let both = "trace -f tests/input/dns.yaml -f tests/input/kube-dns.yaml -n shop web";
    let lines = [
        format!("{both} db:5432"),
        // Who says the object, or an address, asks nobody.
        format!("{both} svc/db:5432"),
        format!("{both} 10.1.0.2:5432"),
        // Without kube-dns in the input nobody knows.
        format!("{alone} db:5432"),
        format!("{both} db:5432 -q -o json"),
    ];
    let all: Vec<String> = lines.iter().map(|line| shown(USUAL, line)).collect();
    let says = |i: usize, what: &str| all[i].contains(what);
    assert!(says(0, "no such name") && says(0, "netpol/shop/own drops it"), "{}", all[0]);
    for said in &all[1..3] {
        assert!(said.contains("✓ delivered") && !said.contains("DNS-12"), "{said}");
    }
    assert!(says(3, "✓ delivered") && says(3, "let it ask the cluster's DNS"), "{}", all[3]);
    assert!(says(4, "[exit 1]"), "{}", all[4]);
    check(&all[0], file!["snapshots/policies-dns.txt"]);
    let Ran { out, .. } =
        run(&[&both.split(' ').collect::<Vec<_>>()[..], &["db:5432", "-o", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((&json["answer"], &json["query"]["outcome"]), (&"none".into(), &"withheld".into()));
}

#[test]
fn cnp_10_each_tier_is_named() {
    let traces = [
        // Accepted and passed on by Admin, denied by Baseline and by Admin.
        "lab/probe api.shop:80",
        "--profile reference web api:80",
        "lab/probe pod/web:9000",
        "--profile reference db lab/probe:22",
        "api lab/probe:22",
    ];
    check(&session(USUAL, &traces), file!["snapshots/policies-tiers.txt"]);
}

#[test]
fn np_32_what_is_not_for_policies_to_say() {
    let traces = [
        "n2/kubelet pod/db:5432",
        "n1/kubelet pod/db:5432",
        "--profile reference web node/n1:10250",
        "agent canary:8080",
    ];
    check(&session(USUAL, &traces), file!["snapshots/policies-nodes.txt"]);
}

#[test]
fn dr_2b_what_an_answer_depends_on_is_asked() {
    let traces = [
        // An ipBlock and a pod; its own Node; labels of a namespace that was not read; several.
        "web db:15432",
        "--profile cilium web db:15432",
        "--decide DR-2b=yes web db:15432",
        "web node/n1:10250",
        "lab/probe db.shop:80",
    ];
    check(&session(USUAL, &traces), file!["snapshots/policies-open.txt"]);
    check(&session(NARROW, &traces[..1]), file!["snapshots/policies-open-80.txt"]);
}

#[test]
fn every_choice_that_a_profile_decides_is_told_by_the_words_that_decide_it() {
    use fibula_answers::trace::Means;
    use fibula_intended::Decision;
    for decision in Decision::ALL {
        for (value, word) in (0..).zip(decision.values()) {
            assert_eq!(Means::of(decision.id(), value).word(), Some(word), "{decision}={word}");
        }
    }
}

#[test]
fn json_has_rulings_and_open_choices() {
    let asked = |from: &str, to: &str| {
        let Ran { out, .. } = run(&["trace", "-f", INPUT, "-n", "shop", from, to, "-o", "json"]);
        out
    };
    let both = [asked("api", "db:15432"), asked("web", "db:15432")].join("\n");
    check(&both, file!["snapshots/policies.json.txt"]);
}

#[test]
fn graph_prints_chains() {
    let lines = ["graph -f shop.yaml", "graph -f shop.yaml n2", "graph -f shop.yaml n2 --shared"];
    let all: Vec<String> = lines.iter().map(|line| shown(USUAL, line)).collect();
    check(&all.join("\n"), file!["snapshots/policies-graph.txt"]);
}

#[test]
fn a_file_decides_what_is_open_and_says_what_is_wrong_in_it() {
    let lines = [
        "trace -f shop.yaml -n shop web db:15432 -q --config tests/input/cilium.toml",
        "trace -f shop.yaml -n shop web db:15432 -q --config tests/input/cilium.toml --profile reference",
        "trace -f shop.yaml -n shop web db:15432 --profile reference --decide DR-2b=no",
        "trace -f shop.yaml -n shop web db:15432 --config tests/input/wrong.toml",
        "trace -f shop.yaml -n shop web db:15432 --config tests/input/broken.toml",
        "trace -f shop.yaml -n shop web db:15432 --config tests/input/absent.toml",
        "trace -f shop.yaml -n shop web db:15432 --profile calico",
        "trace -f shop.yaml -n shop web db:15432 --decide DR-3",
        "trace -f shop.yaml -n shop web db:15432 --decide DR-2=yes",
    ];
    let all: Vec<String> = lines.iter().map(|line| shown(USUAL, line)).collect();
    check(&all.join("\n"), file!["snapshots/policies-config.txt"]);
}
