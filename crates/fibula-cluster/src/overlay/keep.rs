//! What the API server keeps of an object that a manifest is applied to: the fields that it sets
//! itself, where the manifest does not.

use crate::api::{Node, Pod, Service, ServicePort, Word};
use crate::object::{Kind, Object};

/// The labels of its Node that a pod gets from the API server when it is bound to it.
pub(super) const TOPOLOGY: [&str; 2] =
    ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// Keeps what a manifest lacks and the API server has set.
pub(super) fn server_set(before: &Object, object: &mut Object) {
    // It is in the cluster already.
    object.metadata_mut().uid.0 |= before.metadata().uid.0;
    match (before, object) {
        (Object::Service(before), Object::Service(service)) => self::service(before, service),
        (Object::Pod(before), Object::Pod(pod)) => self::pod(before, pod),
        (Object::Node(before), Object::Node(node)) => self::node(before, node),
        (Object::Workload(kind, before), Object::Workload(_, workload)) => {
            // A manifest without a number leaves it to whoever scales the workload.
            let (old, new) = (&before.spec, &mut workload.spec);
            match kind {
                Kind::Job => new.parallelism = new.parallelism.or(old.parallelism),
                _ => new.replicas = new.replicas.or(old.replicas),
            }
            let owners = &mut workload.metadata.owner_references;
            if owners.is_empty() {
                owners.clone_from(&before.metadata.owner_references);
            }
        }
        (Object::OpenShiftNetwork(before), Object::OpenShiftNetwork(network)) => {
            or(&mut network.status, &before.status);
        }
        _ => {}
    }
}

/// Takes the other value where this one says nothing.
fn or<T: Clone + Default + PartialEq>(value: &mut T, other: &T) {
    if *value == T::default() {
        value.clone_from(other);
    }
}

/// The addresses of a Service never change (SVC-2), nor do the ports of Nodes that it has been given.
fn service(before: &Service, service: &mut Service) {
    or(&mut service.status, &before.status);
    let (old, new) = (&before.spec, &mut service.spec);
    if new.is_name() || old.is_name() {
        return;
    }
    if new.cluster_ip.is_empty() && new.cluster_ips.is_empty() {
        new.cluster_ip.clone_from(&old.cluster_ip);
        new.cluster_ips.clone_from(&old.cluster_ips);
    }
    or(&mut new.ip_families, &old.ip_families);
    or(&mut new.ip_family_policy, &old.ip_family_policy);
    if !new.on_nodes() {
        return;
    }
    or(&mut new.health_check_node_port, &old.health_check_node_port);
    let mut taken: Vec<i64> = new.ports.iter().map(|port| port.node_port).collect();
    let mut give = |port: &mut ServicePort, from: &ServicePort| {
        if port.node_port == 0 && from.node_port != 0 && !taken.contains(&from.node_port) {
            port.node_port = from.node_port;
            taken.push(from.node_port);
        }
    };
    // As `kubectl apply` does it: ports are told by number and protocol.
    for port in &mut new.ports {
        let same =
            |other: &&ServicePort| other.port == port.port && protocol(other) == protocol(port);
        if let Some(from) = old.ports.iter().find(same) {
            give(port, from);
        }
    }
}

fn protocol(port: &ServicePort) -> &str {
    if port.protocol.is_empty() { "TCP" } else { &port.protocol }
}

/// A pod stays where it runs.
fn pod(before: &Pod, pod: &mut Pod) {
    or(&mut pod.status, &before.status);
    or(&mut pod.spec.node_name, &before.spec.node_name);
    let (had, has) = (&before.metadata.labels, &mut pod.metadata.labels);
    let labels = TOPOLOGY.iter().filter(|key| has.get(key).is_none());
    let labels: Vec<(Word, String)> =
        labels.filter_map(|key| Some((Word::from(*key), had.get(key)?.to_owned()))).collect();
    if !labels.is_empty() {
        *has = std::mem::take(has).into_iter().chain(labels).collect();
    }
    or(&mut pod.metadata.owner_references, &before.metadata.owner_references);
    or(&mut pod.metadata.deletion_timestamp, &before.metadata.deletion_timestamp);
}

fn node(before: &Node, node: &mut Node) {
    or(&mut node.status, &before.status);
    if node.spec.ranges().next().is_none() {
        node.spec.pod_cidr.clone_from(&before.spec.pod_cidr);
        node.spec.pod_cidrs.clone_from(&before.spec.pod_cidrs);
    }
}
