//! The examples of `docs/inputs.md` are run, and print what they print there.

use std::fmt::Write as _;

use serde_json::{Value, json};
use snapbox::file;

use crate::stage::{Stage, check};

const DEPLOY: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, ports: [{containerPort: 5432}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}}
";

const NEW: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
";

/// What `DEPLOY` has become in a cluster.
fn running() -> Vec<Value> {
    let pod = |name: &str, ip: &str, port: u16| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": name}},
            "spec": {"nodeName": "n1",
                "containers": [{"name": name, "ports": [{"containerPort": port}]}]},
            "status": {"phase": "Running", "podIP": ip}})
    };
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "n1"},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}),
        pod("web", "10.1.0.5", 80),
        pod("db", "10.1.0.6", 5432),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "db"}}}}),
    ]
}

#[test]
fn the_page_shows_what_is_printed() {
    let stage = Stage::new("docs");
    stage.git("init -q -b main");
    stage.write("deploy/shop.yaml", DEPLOY);
    stage.git("add deploy");
    stage.git("commit -q -m one");
    stage.write("new/policy.yaml", NEW);
    stage.serve(&running());

    let page = include_str!("../../../../docs/inputs.md");
    let mut shown = String::new();
    let mut inside = false;
    for line in page.lines() {
        inside = if inside { !line.starts_with("```") } else { line == "```console" };
        // What was printed before is left out, and printed anew.
        match line.strip_prefix("$ fibula ").filter(|_| inside) {
            Some(args) => shown.push_str(&run(&stage, args)),
            None if inside && line != "```console" => {}
            None => shown.push_str(&format!("{line}\n")),
        }
    }
    check(&shown, file!["../../../../docs/inputs.md"]);
}

/// The role that the page shows may list whatever a cluster without other kinds is asked for.
#[test]
fn the_role_of_the_page_is_enough() {
    let page = include_str!("../../../../docs/inputs.md");
    let own = ["", "apps", "batch", "discovery.k8s.io", "networking.k8s.io"];
    let group = |resource: &str| resource.split_once('.').map_or("", |(_, group)| group).to_owned();
    let asked = fibula_cluster::listed(|resource| own.contains(&group(resource).as_str()));
    for kind in asked {
        let rules =
            format!("apiGroups: [{}]", if kind.group.is_empty() { "\"\"" } else { kind.group });
        let rule = page.split("- ").find(|rule| rule.starts_with(&rules));
        let plural = kind.resource.split('.').next().unwrap_or_default();
        assert!(rule.is_some_and(|rule| rule.contains(plural)), "{}", kind.resource);
    }
}

/// A command and what it prints, without blank lines at its end.
fn run(stage: &Stage, args: &str) -> String {
    let words: Vec<&str> = args.split(' ').collect();
    let ran = stage.run(&words);
    let mut shown = format!("$ fibula {args}\n");
    for text in [&ran.stderr, &ran.stdout] {
        let _ = write!(shown, "{}", String::from_utf8_lossy(text));
    }
    shown
}
