//! 122 cases of NetworkPolicy, each a matrix for every port and protocol.

use std::fs;

use serde_json::{Value, json};

use crate::external::case;
use crate::scene::Scene;

/// What the simulator says otherwise: its namespaces lack the label that every one has, so that a
/// selector of that label finds none (NP-14).
const WITHOUT_LABEL: [&str; 3] = [
    "217 step 0: x/a to z/a TCP/80 not X",
    "217 step 0: x/a to z/b TCP/80 not X",
    "217 step 0: x/a to z/c TCP/80 not X",
];

/// Every verdict but those of pods to themselves: a simulator wrote them, which judges these like
/// any other, and the right answer is always that they arrive (NP-30).
#[test]
fn every_verdict_of_the_matrix_is_right() {
    let Some(path) = case("netpol-matrix/cases.jsonl") else { return };
    let text = fs::read_to_string(path).expect("the cases are readable");
    let (mut cases, mut verdicts, mut wrong) = (0, 0, vec![]);
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("a line is a case");
        cases += 1;
        for (i, step) in list(&case["steps"]).iter().enumerate() {
            let scene = Scene::of(&manifests(step));
            let order: Vec<&str> = list(&step["order"]).iter().filter_map(Value::as_str).collect();
            for (at, rows) in step["expected"].as_object().expect("answers by port") {
                let (protocol, port) = at.split_once('/').expect("a protocol and a port");
                for (from, row) in order.iter().zip(list(rows)) {
                    let row = row.as_str().expect("a row of answers").chars();
                    for (to, answer) in order.iter().zip(row).filter(|(to, _)| *to != from) {
                        verdicts += 1;
                        if scene.arrives(from, &format!("{to}:{port}/{protocol}"))
                            != (answer == '.')
                        {
                            wrong.push(format!(
                                "{} step {i}: {from} to {to} {at} not {answer}",
                                case["id"]
                            ));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(wrong, WITHOUT_LABEL);
    assert_eq!((cases, verdicts), (122, 60_804));
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The objects of a step, one JSON document after another.
fn manifests(step: &Value) -> String {
    let namespaces = step["namespaces"].as_object().expect("namespaces by name");
    let namespaces = namespaces.iter().map(|(name, labels)| {
        let metadata = json!({"name": name, "labels": labels});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    });
    let pods = list(&step["pods"]).iter().map(|pod| {
        let ports: Vec<Value> = list(&pod["ports"])
            .iter()
            .map(|port| {
                let (name, number, protocol) = (&port["name"], &port["port"], &port["protocol"]);
                json!({"name": name, "containerPort": number, "protocol": protocol})
            })
            .collect();
        let metadata = json!({
            "namespace": pod["namespace"], "name": pod["name"], "labels": pod["labels"],
        });
        let ip = &pod["ip"];
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"containers": [{"name": "c", "ports": ports}]},
            "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
        })
    });
    let policies = list(&step["policies"]).iter().cloned();
    let objects = namespaces.chain(pods).chain(policies).map(|object| object.to_string());
    objects.collect::<Vec<_>>().join("\n")
}
