//! A Service `s`, what stands behind it, and how to see that.

use fibula_cluster::{Cluster, Endpoint};
use serde_json::{Value, json};

use super::service;

/// Endpoints as `PORT ADDRESS:NUMBER STATE @NODE`, where STATE is of r(eady), s(erving) and
/// t(erminating).
pub fn behind(cluster: &Cluster, name: &str) -> Vec<String> {
    let service = service(cluster, name);
    let port = |e: &Endpoint| {
        let port = &service.ports[usize::from(e.port)];
        port.name.clone().unwrap_or_else(|| port.number.to_string())
    };
    let state = |e: &Endpoint| {
        let flags = [(e.ready, 'r'), (e.serving, 's'), (e.terminating, 't')];
        flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| flag).collect::<String>()
    };
    let node = |e: &Endpoint| e.node.map_or("-", |i| cluster.nodes[i].name.as_str()).to_owned();
    let told = service.endpoints.iter().map(|e| {
        let at = std::net::SocketAddr::new(e.addr, e.number);
        format!("{} {at} {} @{}", port(e), state(e), node(e))
    });
    told.collect()
}

/// Each endpoint's address and whom it prefers, as `ADDRESS zones Nodes`.
pub fn hints(cluster: &Cluster, name: &str) -> Vec<String> {
    let told = service(cluster, name).endpoints.iter().map(|e| {
        let nodes: Vec<_> = e.nodes().iter().map(|&i| cluster.nodes[i].name.as_str()).collect();
        format!("{} [{}] [{}]", e.addr, e.zones().join(" "), nodes.join(" "))
    });
    told.collect()
}

pub fn with(mut value: Value, path: &str, field: Value) -> Value {
    let (parent, key) = path.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key.replace("~1", "/")] = field;
    value
}

pub fn node(name: &str, ip: &str, zone: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name,
            "labels": {"topology.kubernetes.io/zone": zone}},
        "status": {"addresses": [{"type": "InternalIP", "address": ip}]}})
}

/// A pod of the app `a` that is ready on the Node n1, with the port 8080 named `web`.
pub fn pod(name: &str, ip: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "a"}},
        "spec": {"nodeName": "n1",
            "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": ip,
            "conditions": [{"type": "Initialized", "status": "True"},
                {"type": "Ready", "status": "True"}]}})
}

/// The Service `s` of the app `a`.
pub fn selecting(ports: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "a"}, "ports": ports}})
}

pub fn web() -> Value {
    selecting(json!([{"port": 80, "targetPort": "web"}]))
}

/// The Service `s` without a selector.
pub fn manual() -> Value {
    with(web(), "/spec/selector", Value::Null)
}

/// A slice of the Service `s`.
pub fn slice(name: &str, ports: Value, endpoints: Value) -> Value {
    json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4", "ports": ports, "endpoints": endpoints})
}

pub fn by_controller(slice: Value) -> Value {
    let controller = json!("endpointslice-controller.k8s.io");
    with(slice, "/metadata/labels/endpointslice.kubernetes.io~1managed-by", controller)
}

pub fn endpoints(subsets: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "s"}, "subsets": subsets})
}

pub fn n1() -> Value {
    node("n1", "10.9.0.1", "a")
}

pub fn n2() -> Value {
    node("n2", "10.9.0.2", "b")
}
