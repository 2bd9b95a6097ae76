//! What people see of a change. `SNAPSHOTS=overwrite` writes the sessions anew.

mod common;
#[path = "diff/nodes.rs"]
mod nodes;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use fibula_report::Screen;
use snapbox::{Data, assert_data_eq, file};

use common::{Ran, run, run_on};

const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(120), color: true, unicode: true };

/// Online Boutique with its policies, where the inputs of others are.
const BOUTIQUE: &str = "applications/online-boutique-network-policies.yaml";

/// The inputs of others: skipped where they are not there.
fn boutique() -> Option<String> {
    let folder = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let text = fs::read_to_string(folder.join(BOUTIQUE));
    if text.is_err() {
        let text = format!("skipped: {BOUTIQUE} is not here\n");
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    text.ok()
}

/// Writes a file where all of these tests run: in a folder of their own, so that names are short.
fn write(name: &str, text: &str) {
    static FOLDER: OnceLock<()> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("fibula-diff-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        std::env::set_current_dir(folder).expect("a folder to work in");
    });
    fs::write(name, text).expect("a file");
}

/// As it would be typed.
fn shown(screen: Screen, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let Ran { code, out, err } = run_on(screen, &words, b"");
    format!("$ fibula {line}\n{err}{out}[exit {code}]\n")
}

/// With other words in place of the first that are meant, after some others.
fn edited(text: &str, after: &str, from: &str, to: &str) -> String {
    let start = text.find(after).expect(after);
    let at = start + text[start..].find(from).expect(from);
    format!("{}{to}{}", &text[..at], &text[at + from.len()..])
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

/// The pull request of face.md: one item too much in a list of peers, and a label that is lost.
fn pull_request(old: &str) -> String {
    let app = "          app: cartservice\n";
    let opened = edited(
        old,
        "  name: redis-cart\nspec:\n  egress",
        app,
        &format!("{app}    - namespaceSelector: {{}}\n"),
    );
    edited(
        &opened,
        "  name: recommendationservice\nspec:\n  selector",
        "      labels:\n        app: recommendationservice\n",
        "      labels:\n        tier: backend\n",
    )
}

#[test]
fn a_pull_request_opens_and_closes() {
    let Some(old) = boutique() else { return };
    write("boutique.yaml", &old);
    write("pr.yaml", &pull_request(&old));
    let line = "diff boutique.yaml pr.yaml";
    check(&shown(USUAL, line), file!["snapshots/diff-boutique-100.txt"]);
    check(&shown(NARROW, line), file!["snapshots/diff-boutique-80.txt"]);
    assert!(shown(ASCII, line).is_ascii());
    assert_data_eq!(shown(COLOUR, line), file!["snapshots/diff.term.svg"].raw());
    let markdown = shown(Screen::PIPE, &format!("{line} -o markdown"));
    check(&markdown, file!["snapshots/diff.markdown.txt"]);
    let github = shown(Screen::PIPE, &format!("{line} -o github"));
    check(&github, file!["snapshots/diff.github.txt"]);
    for (more, code) in [(&["-o", "sarif"][..], 1), (&["-o", "json"], 1), (&["--exit-zero"], 0)] {
        let ran = run_on(USUAL, &[&["diff", "boutique.yaml", "pr.yaml"], more].concat(), b"");
        assert_eq!(ran.code, code, "{more:?}");
    }
}

/// Objects of a small shop.
const SHOP: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: http, nodePort: 30080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: sql}]
";

fn small(name: &str, new: &str) -> String {
    let file = format!("{}.yaml", name.replace(' ', "-"));
    write("shop.yaml", SHOP);
    write(&file, new);
    shown(USUAL, &format!("diff shop.yaml {file} --profile reference"))
}

#[test]
fn each_kind_of_change_is_told() {
    let policy = |from: &str, to: &str| edited(SHOP, "kind: NetworkPolicy", from, to);
    let service = |from: &str, to: &str| edited(SHOP, "kind: Service", from, to);
    let web = |from: &str, to: &str| edited(SHOP, "name: web", from, to);
    let documents: Vec<&str> = SHOP.split("---\n").collect();
    let without = |number: usize| {
        let mut left = documents.clone();
        left.remove(number);
        left.join("---\n")
    };
    let sessions = [
        small("same", SHOP),
        small("other port", &policy("port: sql", "port: 5433")),
        small("no rule", &policy(RULE, "ingress: []\n")),
        small("no policy", &without(4)),
        small("other subject", &policy("app: db", "app: web")),
        small("pod port", &edited(SHOP, "name: db", "containerPort: 5432", "containerPort: 6000")),
        small("label", &web("{labels: {app: web}}", "{labels: {app: www}}")),
        small("target port", &service("targetPort: http", "targetPort: 80")),
        small("no node port", &service("  type: NodePort\n", "").replace(", nodePort: 30080", "")),
        small("no service", &without(3)),
        small(
            "closed door",
            &policy("app: db", "app: web").replace("app: web}}}]", "app: nobody}}}]"),
        ),
        small("host network", &web("spec: {containers", "spec: {hostNetwork: true, containers")),
        small("one more", &format!("{SHOP}---\n{CACHE}")),
        small("replicas", &web("spec:\n  selector", "spec:\n  replicas: 3\n  selector")),
        small("namespace", &SHOP.replace("team: a", "team: b")),
    ];
    check(&sessions.join("\n"), file!["snapshots/diff-kinds.txt"]);
}

/// How a Service lost those behind it is said, and what never led to anybody opens nothing.
#[test]
fn svc_10_what_leads_to_nobody_neither_opens_nor_closes() {
    let service = |from: &str, to: &str| edited(SHOP, "kind: Service", from, to);
    let other = "  selector: {app: wob}\n";
    let lost = service("  selector: {app: web}\n", "");
    let moved = service("  selector: {app: web}\n", other).replace("port: 80,", "port: 81,");
    let nobody = format!("{SHOP}---\n{}", NOBODY);
    write("nobody.yaml", &nobody);
    let sessions = [
        small("no selector", &lost),
        small("other selector", &service("  selector: {app: web}\n", other)),
        small("other selector and port", &moved),
        small("new to nobody", &nobody),
        shown(USUAL, "diff nobody.yaml shop.yaml --profile reference"),
    ];
    check(&sessions.join("\n"), file!["snapshots/diff-services.txt"]);
}

const NOBODY: &str = "\
apiVersion: v1
kind: Service
metadata: {name: nobody, namespace: shop}
spec:
  selector: {app: nobody}
  ports: [{port: 80}]
";

#[test]
fn who_can_use_them_is_asked_of_every_service_that_changed() {
    let service = |i: usize| {
        format!("---\n{}", NOBODY.replace("nobody}", "web}").replace("nobody", &format!("s{i}")))
    };
    let services: String = (0..250).map(service).collect();
    write("shop.yaml", SHOP);
    write("services.yaml", &format!("{SHOP}{services}"));
    let out = run(&["diff", "shop.yaml", "services.yaml", "-o", "json"]).out;
    let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let services = value["services"].as_array().expect("services");
    assert_eq!(services.len(), 250);
    for service in services {
        assert_eq!(service["asked"], true, "{service}");
        assert!(!service["gained"].as_array().expect("users").is_empty(), "{service}");
    }
    assert_eq!(value["unasked"], 0);
}

/// A policy that lets Nodes in, and one that does not: pods come by the port of a Node as the world
/// does, and may come from a Node then. Between the pods themselves nothing changes.
#[test]
fn svc_61_pods_that_come_by_a_node_are_told_of() {
    let nodes: String = (1..3)
        .map(|i| {
            format!(
                "---\napiVersion: v1\nkind: Node\nmetadata: {{name: n{i}}}\n\
                 status: {{addresses: [{{type: InternalIP, address: 10.0.0.{i}}}]}}\n"
            )
        })
        .collect();
    let rule = |cidr: &str| {
        let subject = edited(SHOP, "kind: NetworkPolicy", "app: db", "app: web");
        let from = format!("ingress:\n  - from: [{{ipBlock: {{cidr: {cidr}}}}}]\n");
        format!("{}{nodes}", subject.replace(RULE, &from))
    };
    write("from-nodes.yaml", &rule("10.0.0.0/24"));
    write("from-nobody.yaml", &rule("10.9.0.0/24"));
    let line = "diff from-nodes.yaml from-nobody.yaml";
    let decided = "--decide DR-7=client";
    let sessions = [
        shown(USUAL, line),
        shown(USUAL, &format!("{line} {decided}")),
        shown(USUAL, &format!("diff from-nobody.yaml from-nodes.yaml {decided}")),
    ];
    check(&sessions.join("\n"), file!["snapshots/diff-callers.txt"]);
}

#[test]
fn much_to_read_begins_with_what_changed() {
    let Some(old) = boutique() else { return };
    write("boutique.yaml", &old);
    let documents = old.split("\n---").filter(|text| !text.contains("kind: NetworkPolicy"));
    let without: Vec<&str> = documents.collect();
    write("no-policies.yaml", &without.join("\n---"));
    for (old, new, said) in [
        ("boutique.yaml", "no-policies.yaml", "netpol/deny-all and 12 more policies are gone"),
        ("no-policies.yaml", "boutique.yaml", "netpol/deny-all and 12 more policies are new"),
    ] {
        let page = run(&["diff", old, new]).out;
        assert_eq!(page.lines().next(), Some(&*format!("changed      {said}")));
        let markdown = run(&["diff", old, new, "-o", "markdown"]).out;
        assert!(markdown.contains(&format!("**changed**: {said}")), "{markdown}");
    }
    let few = run(&["diff", "boutique.yaml", "boutique.yaml"]).out;
    assert!(!few.contains("changed"), "{few}");
}

const RULE: &str = "\
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: sql}]
";

const CACHE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cache, namespace: shop}
spec:
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec: {containers: [{name: c}]}
";

#[test]
fn dr_21_what_is_not_read_leaves_it_undecided() {
    let cilium = "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
                  metadata: {name: x, namespace: shop}\nspec: {}\n";
    let old = format!("{SHOP}{cilium}");
    write("old.yaml", &old);
    write("changed.yaml", &edited(&old, "kind: NetworkPolicy", "port: sql", "port: 5433"));
    let both = shown(USUAL, "diff old.yaml changed.yaml --profile reference");
    let one = small("more unread", &old);
    write("other.yaml", &old.replace("spec: {}\n", "spec: {endpointSelector: {}}\n"));
    let other = shown(USUAL, "diff old.yaml other.yaml --profile reference");
    let accepted = "--ignore CiliumNetworkPolicy";
    let accepted =
        shown(USUAL, &format!("diff old.yaml other.yaml --profile reference {accepted}"));
    let all = [both, one, other, accepted].join("\n");
    check(&all, file!["snapshots/diff-unread.txt"]);
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let documents: Vec<&str> = SHOP.split("---\n").collect();
    let reversed: Vec<&str> = documents.iter().rev().copied().collect();
    let reversed: Vec<String> =
        reversed.iter().map(|text| format!("{}\n", text.trim_end())).collect();
    let changed = edited(SHOP, "kind: NetworkPolicy", "port: sql", "port: 5433");
    let json = |old: &str, new: &str| {
        write("order-old.yaml", old);
        write("order-new.yaml", new);
        let out = run(&["diff", "order-old.yaml", "order-new.yaml", "-o", "json"]).out;
        let mut value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        // Only lines are others.
        for piece in value["pieces"].as_array_mut().expect("pieces") {
            piece["at"] = serde_json::Value::Null;
        }
        for field in ["services", "doors", "came"] {
            value[field].as_array_mut().expect(field).iter_mut().for_each(|one| {
                one["at"] = serde_json::Value::Null;
            });
        }
        value["basis"] = serde_json::Value::Null;
        value
    };
    assert_eq!(json(SHOP, &changed), json(&reversed.join("---\n"), &changed));
    assert_eq!(json(SHOP, &reversed.join("---\n"))["verdict"], "alike");
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let errors = [
        run(&["diff", "old.yaml"]),
        run(&["diff", "-", "-"]),
        run(&["diff", "nowhere.yaml", "@k1"]),
        run(&["diff", "@k1", "@k1", "--network", "net.json"]),
    ];
    let said: Vec<String> =
        errors.iter().map(|ran| format!("{}[exit {}]\n", ran.err, ran.code)).collect();
    check(&said.join("\n"), file!["snapshots/diff-errors.txt"]);
}
