//! What is worth telling about a cluster alone.

mod common;

use common::{cluster, objects};
use fibula_cluster::{Cluster, Options, Owner, Severity, findings, shared_addresses};
use serde_json::{Value, json};

fn node(name: &str, ip: &str, cidr: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "spec": {"podCIDR": cidr},
        "status": {"addresses": [{"type": "InternalIP", "address": ip}]}})
}

/// A running pod on n1; a host-network pod where it has no address.
fn pod(name: &str, ip: &str, containers: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "a"},
            "ownerReferences": [{"kind": "StatefulSet", "name": "web", "controller": true}]},
        "spec": {"nodeName": "n1", "hostNetwork": ip.is_empty(), "containers": containers},
        "status": {"phase": "Running", "podIP": ip}})
}

fn ports(name: &str, ports: Value) -> Value {
    json!({"name": name, "ports": ports})
}

fn service(name: &str, ip: &str, selector: Value, ports: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"clusterIP": ip, "selector": selector, "ports": ports}})
}

/// Findings as `id rule: message`.
fn told(cluster: &Cluster) -> Vec<String> {
    let findings = findings(cluster);
    findings.iter().map(|f| format!("{} {}: {}", f.id, f.rule, f.message)).collect()
}

#[test]
fn ip_1_ranges_of_different_kinds_must_not_overlap() {
    let values = [
        node("n1", "10.9.0.1", json!("10.0.1.0/24")),
        node("n2", "10.9.0.2", json!("10.0.2.0/24")),
        node("n3", "10.9.0.3", json!("10.0.2.0/25")),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
            "metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.0.1.128/25"]}}),
    ];
    let options =
        Options { pod_ranges: vec!["10.0.0.0/16".parse().unwrap()], ..Options::default() };
    let overlapping = told(&Cluster::new(objects(&values), &options));
    assert_eq!(
        overlapping,
        [
            "overlapping-ranges IP-1: Pods 10.0.1.0/24 (podCIDR of n1) overlaps \
         Services 10.0.1.128/25 (ServiceCIDR/kubernetes)",
            "overlapping-ranges IP-1: Pods 10.0.2.0/24 (podCIDR of n2) overlaps \
         Pods 10.0.2.0/25 (podCIDR of n3)",
        ]
    );
    assert_eq!(told(&cluster(&values[..2])), [""; 0]);
}

#[test]
fn ip_2_a_pod_address_outside_its_nodes_pod_cidr_is_told() {
    let n1 = node("n1", "10.9.0.1", json!("10.0.1.0/24"));
    let c = json!([{"name": "c"}]);
    let inside = pod("web-0", "10.0.1.5", c.clone());
    let outside = pod("web-1", "10.0.2.5", c.clone());
    let other_family = pod("web-2", "2001:db8::5", c);
    assert_eq!(
        told(&cluster(&[n1, inside, outside, other_family])),
        ["outside-podcidr IP-2: 1 pod address lies outside its Node's podCIDR: \
         shop/web-1 10.0.2.5 on n1 (10.0.1.0/24)",]
    );
}

#[test]
fn pod_7_nm_20_an_address_has_one_live_owner() {
    let c = json!([{"name": "c"}]);
    let mut finished = pod("web-9", "10.0.1.5", c.clone());
    finished["status"]["phase"] = json!("Failed");
    let values = [
        node("n1", "10.9.0.1", Value::Null),
        node("n2", "10.9.0.1", Value::Null),
        pod("web-0", "10.0.1.5", c.clone()),
        pod("web-1", "10.0.1.5", c.clone()),
        pod("web-2", "10.0.1.6", c),
        finished,
        service("api", "10.0.1.6", json!({}), json!([{"port": 80}])),
    ];
    let cluster = cluster(&values);
    assert_eq!(
        told(&cluster),
        [
            "shared-address POD-7: 10.0.1.5 is the address of pod shop/web-0 and pod shop/web-1; \
         what is sent there is undecided",
            "shared-address POD-7: 10.0.1.6 is the address of pod shop/web-2 and Service shop/api; \
         what is sent there is undecided",
            "shared-address NM-20: 10.9.0.1 is the address of Node n1 and Node n2; \
         what is sent there is undecided",
        ]
    );
    assert_eq!(shared_addresses(&cluster)[1].1, [Owner::Pod(2), Owner::Service(0)]);
}

#[test]
fn nm_2_two_containers_of_a_pod_on_one_port_are_told_once_for_a_workload() {
    let twice = json!([
        ports("a", json!([{"containerPort": 80}, {"containerPort": 80}])),
        ports("b", json!([{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}])),
    ]);
    let n1 = node("n1", "10.9.0.1", Value::Null);
    let cluster =
        cluster(&[n1, pod("web-0", "10.0.1.5", twice.clone()), pod("web-1", "10.0.1.6", twice)]);
    assert_eq!(
        told(&cluster),
        ["same-port NM-2: 2 pods: shop/web-0 declares TCP 80 in a and again in b; \
         C2 to C4 hold for one of them",]
    );
    let finding = &findings(&cluster)[0];
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(finding.subjects, ["shop/web-0", "shop/web-1"]);
    assert_eq!(cluster.path(finding.places[0]), "spec.containers[1].ports[0]");
}

#[test]
fn pod_8_host_network_pods_of_a_node_share_its_ports() {
    let c = json!([ports("c", json!([{"containerPort": 9100}]))]);
    let mut other = pod("log-0", "", c.clone());
    other["metadata"]["ownerReferences"][0]["name"] = json!("log");
    let values = [node("n1", "10.9.0.1", Value::Null), pod("web-0", "", c), other];
    assert_eq!(
        told(&cluster(&values)),
        [
            "host-port-conflict POD-8: TCP 9100 of Node n1 is declared by more than one pod of the \
         host network, of shop/log and shop/web",
            "host-network DR-1: 2 pods use their node's address; most plugins exempt them from \
         policies",
        ]
    );
    assert_eq!(told(&cluster(&values[..2])).len(), 1);
}

#[test]
fn svc_14_targets_that_no_pod_declares() {
    let pods = [
        node("n1", "10.9.0.1", Value::Null),
        pod(
            "web-0",
            "10.0.1.5",
            json!([ports("c", json!([{"containerPort": 80, "name": "web"}]))]),
        ),
    ];
    let app = json!({"app": "a"});
    for (port, expected) in [
        (json!({"port": 80}), vec![]),
        (json!({"port": 8080, "targetPort": 80}), vec![]),
        (json!({"port": 80, "targetPort": "web"}), vec![]),
        (
            json!({"port": 80, "protocol": "UDP"}),
            vec![
                "undeclared-port SVC-14: 1 Service targets 1 port that no container declares; \
             that is allowed: shop/api:80 → 80/UDP",
            ],
        ),
        (
            json!({"port": 80, "targetPort": "dns"}),
            vec![
                "unknown-port-name SVC-14: Service shop/api:80 targets the TCP port named dns, and no \
             pod that it selects has one: it has no endpoints",
            ],
        ),
    ] {
        let service = service("api", "10.1.0.1", app.clone(), json!([port]));
        let values: Vec<_> = pods.iter().cloned().chain([service]).collect();
        assert_eq!(told(&cluster(&values)), expected);
    }
}

#[test]
fn svc_10_a_service_without_pods_is_told_one_without_selector_is_not() {
    let none = service("none", "10.1.0.1", json!({"app": "x", "b": "c"}), json!([{"port": 80}]));
    let manual = service("manual", "10.1.0.2", Value::Null, json!([{"port": 80}]));
    assert_eq!(
        told(&cluster(&[none, manual])),
        ["service-without-pods SVC-10: 1 Service selects no pod: shop/none (app=x)",]
    );
}

#[test]
fn dr_21_contradicting_twins_are_an_error() {
    let c = json!([{"name": "c"}]);
    let values = [pod("web-0", "10.0.1.5", c.clone()), pod("web-0", "10.0.1.6", c)];
    let cluster = cluster(&values);
    assert_eq!(
        told(&cluster),
        ["contradicting-twins DR-21: 2 objects are Pod shop/web-0 and differ, first in \
         status.podIP; all are kept out",]
    );
    assert_eq!(findings(&cluster)[0].severity, Severity::Error);
}
