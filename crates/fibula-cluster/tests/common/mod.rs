//! Clusters written as JSON.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses what it needs")]

pub mod behind;
pub mod policies;

use fibula_cluster::{
    Cluster, Node, Object, ObjectId, Options, Peers, Pod, Reading, Service, reading,
};
use serde_json::{Value, json};

/// Reads objects, numbered from 0, that must be without faults.
pub fn objects(values: &[Value]) -> Vec<(ObjectId, Object)> {
    (0..).map(ObjectId).zip(values.iter().map(object)).collect()
}

pub fn object(value: &Value) -> Object {
    let object = unchecked(value);
    assert_eq!(object.check(), [], "{value}");
    object
}

pub fn unchecked(value: &Value) -> Object {
    let text = |key| value[key].as_str().unwrap_or_default();
    let Reading::Read(kind) = reading(text("apiVersion"), text("kind")) else {
        panic!("not read: {value}");
    };
    kind.read(value).unwrap()
}

pub fn cluster(values: &[Value]) -> Cluster {
    Cluster::new(objects(values), &Options::default())
}

pub fn pod<'a>(cluster: &'a Cluster, name: &str) -> &'a Pod {
    cluster.pods.iter().find(|pod| pod.name == name).unwrap_or_else(|| panic!("no pod {name}"))
}

pub fn node<'a>(cluster: &'a Cluster, name: &str) -> &'a Node {
    cluster.nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("no Node {name}"))
}

pub fn service<'a>(cluster: &'a Cluster, name: &str) -> &'a Service {
    let mut services = cluster.services.iter();
    services.find(|service| service.name == name).unwrap_or_else(|| panic!("no Service {name}"))
}

pub fn pod_names(cluster: &Cluster) -> Vec<&str> {
    cluster.pods.iter().map(|pod| pod.name.as_str()).collect()
}

/// Addresses, or anything else, as text.
pub fn text<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

pub fn workload(kind: &str, name: &str, replicas: Value) -> Value {
    let group = if kind == "Job" || kind == "CronJob" { "batch/v1" } else { "apps/v1" };
    let api_version = if kind == "ReplicationController" { "v1" } else { group };
    let template = json!({"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}});
    let spec = match kind {
        "CronJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
        "Job" => json!({"parallelism": replicas, "template": template}),
        _ => json!({"replicas": replicas, "template": template}),
    };
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

pub fn owned(mut value: Value, kind: &str, name: &str) -> Value {
    value["metadata"]["ownerReferences"] =
        json!([{"kind": kind, "name": name, "controller": true, "apiVersion": "x", "uid": "1"}]);
    value
}

pub fn bare(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c"}]}})
}

/// The cluster without its numbers of objects, which are all that order may decide.
pub fn numbered(mut cluster: Cluster) -> Cluster {
    let zero = ObjectId(0);
    cluster.namespaces.iter_mut().for_each(|ns| ns.object = ns.object.map(|_| zero));
    cluster.nodes.iter_mut().for_each(|node| node.object = node.object.map(|_| zero));
    for service in &mut cluster.services {
        service.object = zero;
        service.endpoints.iter_mut().for_each(|endpoint| endpoint.object = zero);
    }
    cluster.twins.iter_mut().for_each(|twins| twins.objects.fill(zero));
    for policy in &mut cluster.policies {
        policy.object = zero;
        // Rules that are ignored mean nothing, and are told all the same.
        policy.ignored = Default::default();
        for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
            rule.place.object = zero;
            if let Peers::Of(peers) = &mut rule.peers {
                peers.iter_mut().for_each(|peer| peer.place.object = zero);
            }
        }
    }
    cluster.makers.iter_mut().for_each(|maker| maker.0 = zero);
    cluster.makers.sort();
    for pod in &mut cluster.pods {
        pod.object = zero;
        for container in &mut pod.containers {
            container.place.object = zero;
            container.ports.iter_mut().for_each(|port| port.place.object = zero);
        }
    }
    cluster
}
