//! `--overlay`.

use snapbox::file;

use crate::stage::{Stage, check, out};

/// A dump: a Deployment with two pods, and a Service in front of them.
const DUMP: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "1"},
 "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
{"apiVersion": "apps/v1", "kind": "Deployment",
 "metadata": {"name": "web", "namespace": "shop", "uid": "2"},
 "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}},
  "spec": {"containers": [{"name": "web", "ports": [{"containerPort": 80}]}]}}}},
{"apiVersion": "v1", "kind": "Pod",
 "metadata": {"name": "web-5d-a", "namespace": "shop", "uid": "3",
  "labels": {"app": "web", "pod-template-hash": "5d"},
  "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d", "controller": true}]},
 "spec": {"nodeName": "n1", "containers": [{"name": "web", "ports": [{"containerPort": 80}]}]},
 "status": {"phase": "Running", "podIP": "10.1.0.5"}},
{"apiVersion": "v1", "kind": "Pod",
 "metadata": {"name": "admin", "namespace": "shop", "uid": "4", "labels": {"app": "admin"}},
 "spec": {"nodeName": "n1", "containers": [{"name": "sh"}]},
 "status": {"phase": "Running", "podIP": "10.1.0.6"}},
{"apiVersion": "v1", "kind": "Service",
 "metadata": {"name": "web", "namespace": "shop", "uid": "5"},
 "spec": {"clusterIP": "10.96.0.7", "selector": {"app": "web"}, "ports": [{"port": 80}]}}]}
"#;

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
";

const POLICY: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: []}
";

fn shop(name: &str) -> Stage {
    let stage = Stage::new(name);
    stage.write("dump.json", DUMP);
    stage.write("deploy/service.yaml", SERVICE);
    stage.write("deploy/web.yaml", DEPLOYMENT);
    stage.write("policy.yaml", POLICY);
    stage
}

#[test]
fn an_overlay_is_seen_by_every_question_and_told() {
    let stage = shop("overlay");
    let lines = [
        "trace -f dump.json -n shop admin svc/web:80",
        "trace -f dump.json --overlay deploy -n shop admin svc/web:80",
        "trace -f dump.json --overlay deploy --overlay policy.yaml -n shop admin svc/web:80",
        "reach -f dump.json --overlay policy.yaml --overlay dump.json",
        "verify dump.json --overlay deploy --overlay policy.yaml",
        "lint dump.json --overlay policy.yaml",
    ];
    check(&stage.session(&lines), file!["../snapshots/inputs/overlay.txt"]);
    let json = stage.run(&["verify", "dump.json", "--overlay", "deploy", "-o", "json"]);
    assert!(out(&json).contains("\"overlay\": {"), "{}", out(&json));
}

/// What is there already changes nothing, but for what is said of it.
#[test]
fn an_overlay_of_the_input_is_the_input() {
    let stage = shop("overlay-same");
    let ask = |over: &[&str]| {
        let args = [&["reach", "-f", "dump.json"], over].concat();
        let lines = out(&stage.run(&args));
        let lines: Vec<&str> = lines.lines().filter(|l| !l.starts_with("overlay")).collect();
        lines.join("\n")
    };
    assert_eq!(ask(&["--overlay", "dump.json"]), ask(&[]));
}

#[test]
fn what_is_wrong_in_an_overlay_is_refused_as_anywhere() {
    let stage = shop("overlay-wrong");
    stage.write("wrong/wrong.yaml", &POLICY.replace("podSelector", "podSelectors"));
    let lines = [
        "trace -f dump.json --overlay nothing -n shop admin svc/web:80",
        "trace -f dump.json --overlay wrong -n shop admin svc/web:80",
        "verify --overlay deploy",
        "verify --network net.json --overlay deploy",
    ];
    check(&stage.session(&lines), file!["../snapshots/inputs/overlay-wrong.txt"]);
}
