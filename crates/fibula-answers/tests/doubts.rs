//! What was read and not followed, or contradicts itself, makes an answer undecided (DR-21).

use std::collections::BTreeMap;

use fibula_answers::trace::{Doubt, Ground, MOST_LIVES, Unread, trace};
use fibula_cluster::{Cluster, Decides, Object, ObjectId, Options, Reading, reading};
use fibula_intended::{Intent, network};
use serde_json::{Value, json};

fn read(value: &Value) -> Object {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let Reading::Read(kind) = reading(text("apiVersion"), text("kind")) else {
        panic!("not read: {value}");
    };
    let object = kind.read(value).expect("it reads");
    assert_eq!(object.check(), [], "{value}");
    object
}

/// The doubts about a message on two Nodes, with a pod on each, and these objects.
fn doubts(more: &[Value], from: &str, to: &str) -> Vec<Doubt> {
    doubts_beside(&[], more, from, to)
}

/// The same, where something was not read.
fn doubts_beside(unread: &[Unread], more: &[Value], from: &str, to: &str) -> Vec<Doubt> {
    let base = [node("n1", 1), node("n2", 2), pod("x", "n1", 1), pod("y", "n2", 2)];
    let objects = base.iter().chain(more).map(read);
    let cluster = Cluster::new((0..).map(ObjectId).zip(objects).collect(), &Options::default());
    let network = network(&cluster, &Intent::default());
    let ground = Ground { network: &network, cluster: Some(&cluster), unread, remake: None };
    let answer = trace(ground, None, from, to).unwrap_or_else(|e| panic!("{from} {to}: {e:?}"));
    answer.doubts
}

fn node(name: &str, i: u8) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "spec": {"podCIDR": format!("10.0.{i}.0/24")},
        "status": {"addresses": [
            {"type": "InternalIP", "address": format!("10.0.0.{i}")},
            {"type": "ExternalIP", "address": format!("192.0.2.{i}")}]}})
}

fn pod(name: &str, on: &str, i: u8) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"nodeName": on,
            "containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": format!("10.0.{i}.10")}})
}

fn service(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec,
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}, {"hostname": "lb"}]}}})
}

fn twins(name: &str) -> Vec<Doubt> {
    vec![Doubt::Twins(name.to_owned())]
}

#[test]
fn dr_21_contradicting_nodes_make_their_ranges_and_their_pods_undecided() {
    let more = [node("n2", 3)];
    for (from, to) in [
        ("x", "10.0.2.77:80"),
        ("x", "10.0.3.77:80"),
        ("x", "10.0.0.3:80"),
        ("x", "192.0.2.2:80"),
        ("x", "y:80"),
        ("y", "x:80"),
        ("y", "world:80"),
    ] {
        let to = if to == "world:80" { "203.0.113.1:80" } else { to };
        assert_eq!(doubts(&more, from, to), twins("Node n2"), "{from} {to}");
    }
    for to in ["x:80", "10.0.1.77:80", "203.0.113.1:80"] {
        assert_eq!(doubts(&more, "x", to), [], "{to}");
    }
}

#[test]
fn dr_21_contradicting_ranges_make_what_they_hold_undecided() {
    let cidr = |net: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
            "metadata": {"name": "k"}, "spec": {"cidrs": [net]}})
    };
    let network = |net: &str| {
        json!({"apiVersion": "config.openshift.io/v1", "kind": "Network",
            "metadata": {"name": "cluster"}, "spec": {"serviceNetwork": [net]}})
    };
    for (more, name) in [
        ([cidr("10.96.0.0/16"), cidr("10.97.0.0/16")], "ServiceCIDR k"),
        ([network("10.96.0.0/16"), network("10.97.0.0/16")], "Network cluster"),
    ] {
        assert_eq!(doubts(&more, "x", "10.96.7.7:80"), twins(name));
        assert_eq!(doubts(&more, "x", "10.97.7.7:80"), twins(name));
        assert_eq!(doubts(&more, "x", "10.98.7.7:80"), []);
    }
}

#[test]
fn nm_14_a_contradicting_host_network_pod_makes_its_node_undecided() {
    let daemon = |on: &str, port: u16| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"},
            "spec": {"hostNetwork": true, "nodeName": on,
                "containers": [{"name": "c", "ports": [{"containerPort": port}]}]}})
    };
    let named = [daemon("n2", 1), daemon("n2", 2)];
    assert_eq!(doubts(&named, "x", "10.0.0.2:1"), twins("Pod default/d"));
    assert_eq!(doubts(&named, "x", "10.0.0.1:1"), []);
    let unplaced = [daemon("", 1), daemon("", 2)];
    assert_eq!(doubts(&unplaced, "x", "10.0.0.1:1"), twins("Pod default/d"));
}

#[test]
fn svc_20_what_leads_to_a_service_from_outside_is_followed() {
    let of_kind = |kind: &str| {
        let ports = match kind {
            "ClusterIP" => json!([{"port": 80}]),
            _ => json!([{"port": 80, "nodePort": 30080}]),
        };
        service(json!({"type": kind, "clusterIP": "10.96.0.1", "ports": ports,
            "externalIPs": ["203.0.113.9"]}))
    };
    let all = ["203.0.113.9:80", "198.51.100.7:80", "10.0.0.1:30080", "192.0.2.2:30080"];
    for kind in ["LoadBalancer", "NodePort", "ClusterIP"] {
        for to in all {
            assert_eq!(doubts(&[of_kind(kind)], "x", to), [], "{kind} {to}");
        }
    }
    // Of two that contradict each other both could be meant.
    let other = service(json!({"type": "ClusterIP", "clusterIP": "10.96.0.1",
        "ports": [{"port": 80}]}));
    let more = [of_kind("NodePort"), other];
    assert_eq!(doubts(&more, "x", "10.0.0.1:30080"), twins("Service default/s"));
}

#[test]
fn svc_7_a_node_port_that_is_still_to_be_given_can_be_any_of_its_range() {
    let manifest = service(json!({"type": "NodePort", "ports": [{"port": 80}]}));
    let given = service(json!({"type": "NodePort", "clusterIP": "10.96.0.1",
        "ports": [{"port": 80, "nodePort": 31000}]}));
    let doubt = [Doubt::NodePort("default/s".to_owned())];
    assert_eq!(doubts(std::slice::from_ref(&manifest), "x", "10.0.0.1:31000"), doubt);
    for to in ["10.0.0.1:29999", "10.0.0.1:31000/UDP", "10.0.1.10:31000"] {
        assert_eq!(doubts(std::slice::from_ref(&manifest), "x", to), [], "{to}");
    }
    assert_eq!(doubts(&[given], "x", "10.0.0.1:31000"), []);
}

#[test]
fn dr_20_a_host_port_of_a_pod_that_has_no_node_is_undecided() {
    for to in ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.1:8081"] {
        assert_eq!(doubts(&[], "x", to), [], "{to}");
    }
    // Where nobody says which Node a workload's pods run on, it can be any.
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
        "spec": {"template": {"spec": {"containers": [
            {"name": "c", "ports": [{"containerPort": 80, "hostPort": 7070}]}]}}}});
    let doubt = [Doubt::Placement("default/j".to_owned())];
    for to in ["10.0.0.1:7070", "10.0.0.2:7070"] {
        assert_eq!(doubts(std::slice::from_ref(&job), "x", to), doubt, "{to}");
    }
    assert_eq!(doubts(&[job], "x", "10.0.0.2:7071"), []);
}

/// A Service at 10.96.0.1 that selects the pods of a workload.
fn selecting(more: Value) -> Value {
    let mut spec = json!({"clusterIP": "10.96.0.1", "selector": {"app": "w"},
        "ports": [{"port": 80}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec})
}

#[test]
fn dr_20_a_policy_local_asks_where_pods_run() {
    let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"},
        "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": {
            "metadata": {"labels": {"app": "w"}},
            "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}}});
    let local = selecting(json!({"internalTrafficPolicy": "Local"}));
    let doubt = [Doubt::Placement("default/w".to_owned())];
    for from in ["x", "y"] {
        assert_eq!(doubts(&[workload.clone(), local.clone()], from, "s:80"), doubt, "{from}");
        assert_eq!(doubts(&[workload.clone(), selecting(json!({}))], from, "s:80"), []);
    }
    let mut placed = pod("p", "n2", 3);
    placed["metadata"]["labels"] = json!({"app": "w"});
    assert_eq!(doubts(&[placed, local], "x", "s:80"), []);
}

#[test]
fn dr_21_contradicting_pods_could_stand_behind_a_service() {
    let twin = |i: u8| pod("t", "n2", i);
    let more = [twin(7), twin(8), selecting(json!({}))];
    assert_eq!(doubts(&more, "x", "s:80"), twins("Pod default/t"));
    // Where slices say it, or nothing is selected, pods do not.
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4", "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
        "endpoints": [{"addresses": ["10.0.1.10"]}]});
    assert_eq!(doubts(&[twin(7), twin(8), selecting(json!({})), slice], "x", "s:80"), []);
    assert_eq!(doubts(&[twin(7), twin(8)], "x", "y:80"), []);
}

#[test]
fn dr_21_what_decides_services_and_was_not_read_makes_them_undecided() {
    let unread = |kind: &str, namespace: &str| Unread {
        decides: Decides::Service,
        kind: kind.to_owned(),
        namespaces: BTreeMap::from([(namespace.to_owned(), 1)]),
    };
    let more = [selecting(json!({"type": "NodePort",
        "ports": [{"port": 80, "nodePort": 30080}]}))];
    for (kind, namespace, from, to, doubted) in [
        // A mesh acts in the sender's Pod, on what is sent to any Service.
        ("VirtualService", "other", "x", "s:80", true),
        ("VirtualService", "other", "x", "10.0.0.1:30080", true),
        ("VirtualService", "other", "world", "10.0.0.1:30080", false),
        ("VirtualService", "other", "x", "pod/y:80", false),
        // Imports stand beside the Service of their name.
        ("ServiceImport", "default", "world", "10.0.0.1:30080", true),
        ("ServiceImport", "other", "x", "s:80", false),
        // What is behind a Service is in its slices, whoever asks.
        ("EndpointSlice", "", "world", "10.0.0.1:30080", true),
        ("EndpointSlice", "", "x", "s:80", true),
        ("EndpointSlice", "", "x", "pod/y:80", false),
    ] {
        let unread = [unread(kind, namespace)];
        let doubt = [Doubt::Services(unread.to_vec())];
        let expected = if doubted { &doubt[..] } else { &[] };
        let met = doubts_beside(&unread, &more, from, to);
        assert_eq!(met, expected, "{kind} in {namespace}: {from} {to}");
    }
}

#[test]
fn svc_42_more_branches_than_are_followed_are_undecided() {
    // From outside, any of 66 Nodes, and then any of so many endpoints.
    let nodes: Vec<Value> = (3..=66).map(|i| node(&format!("n{i}"), i)).collect();
    let balanced = |endpoints: u8| {
        let endpoints: Vec<Value> =
            (1..=endpoints).map(|i| json!({"addresses": [format!("10.0.1.{i}")]})).collect();
        let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
            "addressType": "IPv4", "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
            "endpoints": endpoints});
        let service = selecting(json!({"externalIPs": ["203.0.113.9"]}));
        [&nodes[..], &[slice, service]].concat()
    };
    let most = MOST_LIVES / 66;
    assert_eq!(doubts(&balanced(most as u8), "world", "203.0.113.9:80"), []);
    let many = doubts(&balanced(most as u8 + 1), "world", "203.0.113.9:80");
    assert_eq!(many, [Doubt::Many]);
}
