//! What is worth telling about the endpoints and the ports of Services.

mod common;

use common::behind::*;
use common::cluster;
use fibula_cluster::{Cluster, findings};
use serde_json::{Value, json};

/// Findings as `id rule: message`, without those that a target port is not declared.
fn told(cluster: &Cluster) -> Vec<String> {
    let findings = findings(cluster);
    let findings = findings.iter().filter(|f| f.id != "undeclared-port" && f.id != "host-network");
    findings.map(|f| format!("{} {}: {}", f.id, f.rule, f.message)).collect()
}

fn one(told: &str) -> Vec<String> {
    Vec::from([told.to_owned()])
}

/// A slice of pods that are ready, at these addresses.
fn of_pods(ips: &[&str]) -> Value {
    let endpoints: Vec<_> =
        ips.iter().map(|ip| json!({"addresses": [ip], "nodeName": "n1"})).collect();
    slice("s-1", json!([{"port": 8080}]), json!(endpoints))
}

/// The Service with this name, of the type NodePort at this port.
fn node_port(name: &str, number: u16, protocol: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"type": "NodePort", "clusterIPs": [],
            "ports": [{"port": 80, "nodePort": number, "protocol": protocol}]}})
}

/// A pod on n1 with a hostPort.
fn host_port(name: &str, ip: &str, number: u16, host_ip: &str) -> Value {
    let ports = json!([{"containerPort": 80, "hostPort": number, "hostIP": host_ip}]);
    with(pod(name, ip), "/spec/containers/0/ports", ports)
}

#[test]
fn svc_11_a_service_whose_pods_are_all_unready_is_told() {
    let unready = with(pod("p", "10.0.0.1"), "/status/conditions/1/status", json!("False"));
    let going = with(pod("p", "10.0.0.1"), "/metadata/deletionTimestamp", json!("now"));
    let v6 = with(web(), "/spec/clusterIP", json!("2001:db8::1"));
    let publish = with(web(), "/spec/publishNotReadyAddresses", json!(true));
    let none = "no-ready-endpoint SVC-11: 1 Service has no endpoint that is ready, though it \
        selects pods: default/s";
    for (pod, service, expected) in [
        (pod("p", "10.0.0.1"), web(), vec![]),
        (unready.clone(), web(), one(none)),
        (unready, publish, vec![]),
        // It still serves.
        (going, web(), vec![]),
        (pod("p", "10.0.0.1"), v6, one(none)),
    ] {
        assert_eq!(told(&cluster(&[n1(), pod, service])), expected);
    }
}

#[test]
fn svc_17_slices_that_differ_from_the_pods_are_told() {
    let stale = |what: &str| {
        one(&format!(
            "stale-slices SVC-17: 1 Service has other endpoints in slices than by their pods; \
             the slices count: default/s ({what})"
        ))
    };
    let (p, q) = (pod("p", "10.0.0.1"), pod("q", "10.0.0.2"));
    let twin = with(p.clone(), "/status/podIP", json!("10.0.0.9"));
    let unready = slice(
        "s-1",
        json!([{"port": 8080}]),
        json!([
        {"addresses": ["10.0.0.1"], "conditions": {"ready": false}}]),
    );
    for (values, expected) in [
        (vec![p.clone(), of_pods(&["10.0.0.1"])], vec![]),
        (vec![p.clone(), q.clone(), of_pods(&["10.0.0.1"])], stale("lacks 10.0.0.2:8080")),
        (
            vec![p.clone(), of_pods(&["10.0.0.1", "10.0.0.3"])],
            stale("10.0.0.3:8080 is no pod of it"),
        ),
        (vec![p.clone(), unready], stale("10.0.0.1:8080 counts as not ready")),
        // No pod of the namespace was read.
        (vec![of_pods(&["10.0.0.1"])], vec![]),
    ] {
        let values: Vec<_> = values.into_iter().chain([n1(), web()]).collect();
        let mut told = told(&cluster(&values));
        told.retain(|told| !told.starts_with("no-ready-endpoint"));
        assert_eq!(told, expected);
    }
    // What contradicting pods claim may well be so.
    let values = [n1(), web(), p, twin, q, of_pods(&["10.0.0.1", "10.0.0.2"])];
    let told = told(&cluster(&values));
    assert!(told.iter().all(|told| told.starts_with("contradicting-twins")), "{told:?}");
}

#[test]
fn svc_15_an_endpoint_that_lies_among_pods_and_is_none_is_told() {
    let with_range = with(n1(), "/spec", json!({"podCIDR": "10.0.0.0/24"}));
    let lost = "endpoint-without-pod SVC-15: 1 endpoint lies in the range of Pods, and no pod has \
        the address: default/s → 10.0.0.9";
    for (node, ips, expected) in [
        (with_range.clone(), vec!["10.0.0.1", "10.9.0.1", "192.0.2.1"], vec![]),
        (with_range, vec!["10.0.0.1", "10.0.0.9"], one(lost)),
        (n1(), vec!["10.0.0.9"], vec![]),
    ] {
        let values = [node, pod("p", "10.0.0.1"), manual(), of_pods(&ips)];
        assert_eq!(told(&cluster(&values)), expected);
    }
}

#[test]
fn ip_9_an_endpoint_that_is_a_cluster_ip_is_told() {
    let other = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "t"},
        "spec": {"clusterIP": "10.96.0.2", "ports": [{"port": 80}]}});
    let told = told(&cluster(&[n1(), manual(), other, of_pods(&["10.96.0.2"])]));
    assert_eq!(
        told,
        ["endpoint-is-service IP-9: 1 endpoint is a ClusterIP, and no proxy follows a second \
          Service: default/s → 10.96.0.2"]
    );
}

#[test]
fn svc_7_a_node_port_of_several_services_is_told() {
    for (services, expected) in [
        ([node_port("a", 30080, "TCP"), node_port("b", 30080, "UDP")], vec![]),
        ([node_port("a", 30080, "TCP"), node_port("b", 30081, "TCP")], vec![]),
        (
            [node_port("a", 30080, "TCP"), node_port("b", 30080, "TCP")],
            one("same-node-port SVC-7: nodePort TCP 30080 is given to Services default/a and \
                default/b; a cluster gives each once"),
        ),
    ] {
        assert_eq!(told(&cluster(&services)), expected);
    }
}

#[test]
fn svc_16_an_endpoint_on_a_node_that_is_not_there_is_told() {
    let on = |nodes: &[&str]| {
        let endpoints = nodes.iter().zip(["10.0.0.1", "10.0.0.2"]);
        let endpoints: Vec<_> =
            endpoints.map(|(n, ip)| json!({"addresses": [ip], "nodeName": n})).collect();
        slice("s-1", json!([{"port": 8080}]), json!(endpoints))
    };
    let lost = |names: &str| {
        one(&format!(
            "endpoint-without-node SVC-16: slices name Nodes that were not read, and no Node counts \
             the endpoints there as its own: {names}"
        ))
    };
    for (nodes, expected) in [
        (&["n1", ""][..], vec![]),
        (&["n1", "gone"], lost("default/s → gone")),
        (&["away", "gone"], lost("default/s → away and default/s → gone")),
    ] {
        assert_eq!(told(&cluster(&[n1(), manual(), on(nodes)])), expected);
    }
}

#[test]
fn pod_11_a_host_port_that_is_a_node_port_is_told() {
    let both = "node-port-is-host-port POD-11: nodePort TCP 30080 of Service default/a is a \
        hostPort of default/p too; which of them gets a message is not defined";
    for (service, expected) in [
        (node_port("a", 30080, "TCP"), one(both)),
        (node_port("a", 30080, "UDP"), vec![]),
        (node_port("a", 30081, "TCP"), vec![]),
    ] {
        let values = [n1(), host_port("p", "10.0.0.1", 30080, ""), service];
        assert_eq!(told(&cluster(&values)), expected);
    }
}

#[test]
fn pod_9_two_pods_of_one_node_with_one_host_port_are_told() {
    let conflict =
        one("host-port-conflict POD-9: TCP 80 of Node n1 is wanted by more than one pod, by a \
         hostPort at least once, of default/p and default/q");
    let host_network = with(pod("q", "10.9.0.1"), "/spec/hostNetwork", json!(true));
    let host_network =
        with(host_network, "/spec/containers/0/ports", json!([{"containerPort": 80}]));
    let elsewhere = with(host_port("q", "10.0.0.2", 80, ""), "/spec/nodeName", json!("n2"));
    let unplaced = with(host_port("q", "10.0.0.2", 80, ""), "/spec/nodeName", json!(""));
    let p = |ip| host_port("p", "10.0.0.1", 80, ip);
    let q = |ip| host_port("q", "10.0.0.2", 80, ip);
    for (p, q, expected) in [
        (p(""), q(""), conflict.clone()),
        (p("10.9.0.1"), q("10.9.0.1"), conflict.clone()),
        (p("10.9.0.1"), q("0.0.0.0"), conflict.clone()),
        (p("10.9.0.1"), q("10.9.0.3"), vec![]),
        (p(""), host_network, conflict),
        (p(""), elsewhere, vec![]),
        (p(""), unplaced, vec![]),
    ] {
        assert_eq!(told(&cluster(&[n1(), n2(), p, q])), expected);
    }
}
