//! What people see of who can reach whom. `SNAPSHOTS=overwrite` writes the sessions anew.

mod common;

use std::fmt::Write as _;

use fibula_report::Screen;
use snapbox::{Data, assert_data_eq, file};

use common::{Ran, run, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(120), color: true, unicode: true };

/// The cluster of these tests: a shop with policies, and a lab without.
const INPUT: &str = "tests/input/reach.yaml";

/// Runs a command line as it would be typed where the input is, and shows it so.
fn shown(screen: Screen, line: &str, stdin: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let words: Vec<&str> =
        words.into_iter().map(|word| if word == "shop.yaml" { INPUT } else { word }).collect();
    let Ran { code, out, err } = run_on(screen, &words, stdin.as_bytes());
    format!("$ fibula {line}\n{err}{out}[exit {code}]\n").replace(INPUT, "shop.yaml")
}

/// A session of questions about the cluster.
fn session(screen: Screen, asked: &[&str]) -> String {
    let lines = asked.iter().map(|asked| format!("reach -f shop.yaml {asked}"));
    let lines = lines.map(|line| line.trim_end().to_owned());
    lines.map(|line| shown(screen, &line, "")).collect::<Vec<_>>().join("\n")
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

#[test]
fn alike_sources_share_a_row_on_every_screen() {
    let asked = ["", "--profile reference"];
    check(&session(USUAL, &asked), file!["snapshots/reach-100.txt"]);
    check(&session(NARROW, &asked[..1]), file!["snapshots/reach-80.txt"]);
    check(&session(WIDE, &asked[..1]), file!["snapshots/reach-200.txt"]);
    check(&session(Screen::PIPE, &asked[..1]), file!["snapshots/reach-pipe.txt"]);
    let ascii = session(ASCII, &["", "all svc/shop/api"]);
    assert!(ascii.is_ascii());
    check(&ascii, file!["snapshots/reach-ascii.txt"]);
    assert_data_eq!(session(COLOUR, &asked), file!["snapshots/reach.term.svg"].raw());
}

#[test]
fn sets_are_named_as_people_say_them() {
    let asked = [
        "shop/web shop/api",
        "ns/shop world",
        "all db,node/n1",
        "app=web app=api --port 9005",
        "198.51.100.0/24 all",
        "world,nodes shop/web --profile reference",
        "lab/probe 10.0.0.0/8,8.8.0.0/16 --profile reference",
        "all shop/db --port 53/UDP",
        "lab/probe shop/db --port 5432",
        "-n lab",
        "-n shop --only in",
        "-n shop --only out",
        "--only unused --profile reference",
        // Names that mean nothing, and words that do not fit.
        "weeb shop/ap",
        "all svc/shop/wab",
        "--only in",
        "-o yaml",
        "--port http",
    ];
    check(&session(USUAL, &asked), file!["snapshots/reach-sets.txt"]);
}

#[test]
fn svc_50_who_can_use_a_service() {
    let asked = [
        "all svc/shop/api,svc/shop/db --profile reference",
        "lab/probe svc/shop/web",
        "-n shop all svc/db --port 53/UDP",
    ];
    check(&session(USUAL, &asked), file!["snapshots/reach-services.txt"]);
}

#[test]
fn an_answer_has_other_forms() {
    let forms = ["json", "markdown", "dot", "mermaid"];
    for form in forms {
        let session = session(WIDE, &[&format!("-o {form}")]);
        check(&session, Data::read_from(&path(&format!("reach.{form}.txt")), None));
    }
    // Other commands say what they lack.
    let lines = [
        "verify -f shop.yaml -o markdown",
        "graph -f shop.yaml -o markdown",
        "lint shop.yaml -o dot",
    ];
    let lines = lines.map(|line| shown(USUAL, line, ""));
    check(&lines.join("\n"), file!["snapshots/reach-forms.txt"]);
}

fn path(name: &str) -> std::path::PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots", name].iter().collect()
}

/// Two pods with addresses of both families, and one of one.
const DUAL: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n\
     status: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: fd00::1}]}\n---\n\
     apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\n\
     spec: {nodeName: n1, containers: [{name: c}]}\n\
     status: {podIP: 10.0.1.1, podIPs: [{ip: 10.0.1.1}, {ip: 'fd00:1::1'}]}\n---\n\
     apiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {app: b}}\n\
     spec: {nodeName: n1, containers: [{name: c}]}\n\
     status: {podIP: 10.0.1.2, podIPs: [{ip: 10.0.1.2}, {ip: 'fd00:1::2'}]}\n---\n\
     apiVersion: v1\nkind: Pod\nmetadata: {name: old, labels: {app: old}}\n\
     spec: {nodeName: n1, containers: [{name: c}]}\n\
     status: {podIP: 10.0.1.3, podIPs: [{ip: 10.0.1.3}]}\n---\n\
     apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: b}\n\
     spec:\n  podSelector: {matchLabels: {app: b}}\n  policyTypes: [Ingress, Egress]\n  ingress:\n\
     \x20 - from: [{podSelector: {}}]\n    ports: [{port: 80}]\n\
     \x20 - from: [{ipBlock: {cidr: 10.0.1.0/24}}]\n    ports: [{port: 81}]\n\
     \x20 egress:\n  - to: [{ipBlock: {cidr: '::/0'}}]\n";

#[test]
fn what_is_open_in_one_family_says_so() {
    let lines = ["reach -f - --profile reference", "reach -f -"];
    let all = lines.map(|line| shown(USUAL, line, DUAL));
    check(&all.join("\n"), file!["snapshots/reach-families.txt"]);
}

#[test]
fn pod_7_who_has_an_address_is_not_certain() {
    let twice = DUAL.replace("10.0.1.3", "10.0.1.1");
    check(
        &shown(USUAL, "reach -f - --profile reference", &twice),
        file!["snapshots/reach-pod-7.txt"],
    );
}

/// Namespaces with a policy for each of their workloads.
fn many(namespaces: usize) -> String {
    let mut text = String::new();
    for i in 0..namespaces {
        let ns = format!("team-{i}");
        let _ = write!(
            text,
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {ns}, labels: {{team: {ns}}}}}\n---\n\
             apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
             metadata: {{name: closed, namespace: {ns}}}\nspec: {{podSelector: {{}}}}\n---\n"
        );
        for (k, app) in ["web", "api", "db", "cache", "queue"].into_iter().enumerate() {
            let peer = match k {
                0 => format!("namespaceSelector: {{matchLabels: {{team: team-{}}}}}", i / 5 * 5),
                1 => "podSelector: {}".to_owned(),
                _ => format!("podSelector: {{matchLabels: {{app: {}}}}}", ["web", "api"][k % 2]),
            };
            let _ = write!(
                text,
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {app}, namespace: {ns}}}\n\
                 spec:\n  replicas: 2\n  selector: {{matchLabels: {{app: {app}}}}}\n  template:\n\
                 \x20   metadata: {{labels: {{app: {app}}}}}\n\
                 \x20   spec: {{containers: [{{name: c, ports: [{{containerPort: 8080}}]}}]}}\n---\n\
                 apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                 metadata: {{name: {app}, namespace: {ns}}}\nspec:\n\
                 \x20 podSelector: {{matchLabels: {{app: {app}}}}}\n  ingress:\n\
                 \x20 - from: [{{{peer}}}]\n    ports: [{{port: 808{k}}}]\n---\n"
            );
        }
    }
    text
}

#[test]
fn a_hundred_workloads_stay_readable() {
    let input = many(20);
    let all = [NARROW, WIDE].map(|screen| shown(screen, "reach -f -", &input));
    check(&all.join("\n"), file!["snapshots/reach-hundred.txt"]);
}

/// A mesh's policies act where a message arrives; others at both ends, and some could let through
/// what is dropped. One that is accepted is not there.
#[test]
fn dr_21_what_was_not_read_leaves_open_what_it_could_change() {
    let policy = |group: &str, kind: &str| {
        format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{name: p, namespace: lab}}\n")
    };
    let mesh = policy("security.istio.io/v1", "AuthorizationPolicy");
    let cilium = policy("cilium.io/v2", "CiliumNetworkPolicy");
    let routes = policy("networking.istio.io/v1", "VirtualService");
    let lines = [
        ("reach -f shop.yaml -f - --profile reference", &mesh),
        ("reach -f shop.yaml -f - --profile reference --ignore AuthorizationPolicy -q", &mesh),
        ("reach -f shop.yaml -f - --profile reference", &cilium),
        ("reach -f shop.yaml -f - --profile reference all svc/shop/web", &cilium),
        ("reach -f shop.yaml -f - --profile reference all svc/shop/web", &routes),
    ];
    let all = lines.map(|(line, policy)| shown(USUAL, line, policy));
    check(&all.join("\n"), file!["snapshots/reach-unread.txt"]);
}

/// The order of the objects makes no difference.
#[test]
fn the_input_may_be_in_any_order() {
    let text = std::fs::read_to_string(INPUT).expect("the input is there");
    let mut objects: Vec<&str> = text.split("---\n").collect();
    objects.reverse();
    // Places are not the same: an answer about who can reach whom names none.
    let forward = run(&["reach", "-f", INPUT, "-o", "json"]).out;
    let backward =
        run_on(Screen::PIPE, &["reach", "-f", "-", "-o", "json"], objects.join("---\n").as_bytes());
    assert_eq!(forward, backward.out);
}

/// A pod of a StatefulSet, by the label that its controller writes, is isolated; the other is not.
const STATEFUL: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cl, namespace: shop, labels: {app: cl}}
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: first, namespace: shop}
spec:
  podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}
";

#[test]
fn np_1_one_pod_is_answered_for_by_itself() {
    let ask = |line: &str| {
        let words = [&["reach", "-f", "-"], &*line.split_whitespace().collect::<Vec<_>>()].concat();
        run_on(Screen::PIPE, &words, STATEFUL.as_bytes()).code
    };
    assert_eq!(ask("shop/cl pod/shop/db-0"), 1, "its policy isolates it");
    assert_eq!(ask("shop/cl pod/shop/db-1"), 0);
    assert_eq!(ask("shop/cl shop/db"), 0, "one of the two is open");
    assert_eq!(ask("shop/cl statefulset.kubernetes.io/pod-name=db-0"), 1);
}
