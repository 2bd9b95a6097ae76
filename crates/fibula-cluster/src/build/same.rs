//! One form for all objects that mean the same: defaults as the API server sets them, older
//! fields read as their newer ones, and nothing that the model does not read.

use super::same_policies as policies;
use crate::api::{
    Address, EndpointPort, EndpointSlice, Endpoints, Ip, LabelSelector, Node, OpenShiftNetwork,
    PodStatus, WorkloadSpec,
};
use crate::api::{Container, IntOrString, Metadata, PodSpec, PodTemplate, Service, ServiceSpec};
use crate::object::{Kind, Object};

/// Brings an object to that form. No list of containers or ports changes its order or its length,
/// because places are counted in them.
pub(crate) fn plain(object: &mut Object) {
    let namespaced = object.kind().namespaced();
    metadata(object.metadata_mut(), namespaced);
    match object {
        Object::Namespace(_) | Object::ServiceCidr(_) => {}
        Object::EndpointSlice(o) => slice(o),
        Object::Endpoints(o) => endpoints(o),
        Object::Node(o) => node(o),
        Object::Pod(pod) => {
            pod_spec(&mut pod.spec);
            pod_status(&mut pod.status);
        }
        Object::Service(o) => service(o),
        Object::Workload(kind, workload) => {
            counts(*kind, &mut workload.spec);
            template(&mut workload.spec.template);
        }
        Object::CronJob(cron) => {
            let job = &mut cron.spec.job_template.spec;
            counts(Kind::CronJob, job);
            template(&mut job.template);
        }
        Object::OpenShiftNetwork(o) => network(o),
        Object::NetworkPolicy(o) => policies::network_policy(o),
        Object::ClusterPolicy(_, o) => policies::cluster_policy(o),
    }
}

fn metadata(metadata: &mut Metadata, namespaced: bool) {
    metadata.name = metadata.name().to_owned();
    metadata.generate_name.clear();
    metadata.namespace = if namespaced { metadata.namespace().to_owned() } else { String::new() };
    let controller = metadata.controller().cloned();
    metadata.owner_references = controller.into_iter().collect();
    metadata.owner_references.iter_mut().for_each(|owner| owner.controller = true);
}

/// `podCIDR` is the first of `podCIDRs` (IP-2); names are no addresses (NM-15).
fn node(node: &mut Node) {
    let ranges: Vec<String> = node.spec.ranges().map(str::to_owned).collect();
    (node.spec.pod_cidr, node.spec.pod_cidrs) = one_or_all(ranges);
    node.status.addresses.retain(|entry| matches!(&*entry.kind, "InternalIP" | "ExternalIP"));
}

/// A single value in the older field, several in the newer one.
fn one_or_all<T: Default>(mut all: Vec<T>) -> (T, Vec<T>) {
    let one = if all.len() == 1 { all.pop() } else { None };
    (one.unwrap_or_default(), all)
}

fn pod_spec(spec: &mut PodSpec) {
    let host_network = spec.host_network;
    if spec.dns_policy == *"ClusterFirst" {
        spec.dns_policy = "".into();
    }
    let each = |container: &mut Container, init: bool| {
        // Sidecars are told by it (POD-1); it means nothing elsewhere.
        let sidecar = init && container.restart_policy == "Always";
        container.restart_policy = if sidecar { "Always" } else { "" }.to_owned();
        for port in &mut container.ports {
            if port.protocol == *"TCP" {
                port.protocol = "".into();
            }
            if host_network || (init && !sidecar) {
                port.host_port = 0;
            }
            if port.host_port == 0 {
                port.host_ip = Address::default();
            }
        }
    };
    spec.containers.iter_mut().for_each(|container| each(container, false));
    spec.ephemeral_containers.iter_mut().for_each(|container| each(container, false));
    spec.init_containers.iter_mut().for_each(|container| each(container, true));
}

/// `podIP` is the first of `podIPs` (NM-13).
fn pod_status(status: &mut PodStatus) {
    let form = |addresses: Vec<Address>| {
        let (one, all) = one_or_all(addresses);
        (one, all.into_iter().map(|ip| Ip { ip }).collect())
    };
    (status.pod_ip, status.pod_ips) = form(status.addresses().cloned().collect());
    (status.host_ip, status.host_ips) = form(status.host_addresses().cloned().collect());
}

/// Of a template only the labels are read.
fn template(template: &mut PodTemplate) {
    let labels = std::mem::take(&mut template.metadata.labels);
    template.metadata = Metadata { labels, ..Metadata::default() };
    pod_spec(&mut template.spec);
}

/// One pod where the object does not say; a DaemonSet and a CronJob are not asked.
fn counts(kind: Kind, spec: &mut WorkloadSpec) {
    let (replicas, parallelism) = match kind {
        Kind::DaemonSet | Kind::CronJob => (None, None),
        Kind::Job => (None, Some(spec.parallelism.unwrap_or(1))),
        _ => (Some(spec.replicas.unwrap_or(1)), None),
    };
    (spec.replicas, spec.parallelism) = (replicas, parallelism);
    // It decides nothing: only what it should be is told (`oddities`).
    spec.selector = LabelSelector::default();
    if kind != Kind::StatefulSet {
        spec.service_name.clear();
    }
}

/// The defaults of SVC-1; families count only where there are no addresses yet (IP-6).
fn service(service: &mut Service) {
    let spec = &mut service.spec;
    if spec.kind.is_empty() {
        spec.kind = "ClusterIP".to_owned();
    }
    if spec.is_name() {
        spec.selector = crate::api::Labels::default();
    } else {
        spec.external_name.clear();
    }
    addresses(spec);
    defaults(spec);
    let on_nodes = spec.on_nodes();
    for port in &mut spec.ports {
        if port.protocol == *"TCP" {
            port.protocol = "".into();
        }
        port.target_port = match port.target_port.take() {
            None | Some(IntOrString::Int(0)) => Some(IntOrString::Int(port.port)),
            Some(IntOrString::String(name)) if name.is_empty() => Some(IntOrString::Int(port.port)),
            said => said,
        };
        if !on_nodes {
            port.node_port = 0;
        }
    }
    let ingress = &mut service.status.load_balancer.ingress;
    ingress.retain(|entry| !entry.ip.is_empty() || !entry.hostname.is_empty());
    ingress.iter_mut().filter(|entry| entry.ip_mode == "VIP").for_each(|e| e.ip_mode.clear());
}

/// What says the same as nothing does (SVC-1), or nothing at all.
fn defaults(spec: &mut ServiceSpec) {
    let silent = |field: &mut String, default| {
        if field == default {
            field.clear();
        }
    };
    silent(&mut spec.internal_traffic_policy, "Cluster");
    silent(&mut spec.external_traffic_policy, "Cluster");
    silent(&mut spec.session_affinity, "None");
    if spec.traffic_distribution == "PreferClose" {
        spec.traffic_distribution = "PreferSameZone".to_owned();
    }
    let timeout = &mut spec.session_affinity_config.client_ip.timeout_seconds;
    if spec.session_affinity.is_empty() || *timeout == Some(10_800) {
        *timeout = None;
    }
    if spec.kind != "LoadBalancer" || spec.allocate_load_balancer_node_ports == Some(true) {
        spec.allocate_load_balancer_node_ports = None;
    }
}

/// The defaults of SVC-16. The zone and the Node are read from the newer fields.
fn slice(slice: &mut EndpointSlice) {
    for endpoint in &mut slice.endpoints {
        endpoint.node_name = endpoint.node().to_owned();
        endpoint.zone = endpoint.zone().into();
        endpoint.topology = crate::api::Labels::default();
        let conditions = &mut endpoint.conditions;
        conditions.ready = Some(conditions.ready.unwrap_or(true));
        conditions.serving = Some(conditions.serving.unwrap_or(true));
        conditions.terminating = Some(conditions.terminating.unwrap_or(false));
    }
    endpoint_ports(&mut slice.ports);
}

fn endpoints(endpoints: &mut Endpoints) {
    endpoints.subsets.iter_mut().for_each(|subset| endpoint_ports(&mut subset.ports));
}

fn endpoint_ports(ports: &mut [EndpointPort]) {
    ports.iter_mut().filter(|p| p.protocol == *"TCP").for_each(|p| p.protocol = "".into());
}

fn addresses(spec: &mut ServiceSpec) {
    let all: Vec<String> = match (spec.is_name(), spec.headless()) {
        (true, _) => Vec::new(),
        (_, true) => vec!["None".to_owned()],
        _ => spec.addresses().map(str::to_owned).collect(),
    };
    if spec.is_name() || !all.is_empty() {
        spec.ip_families.clear();
        spec.ip_family_policy.clear();
    }
    (spec.cluster_ip, spec.cluster_ips) = one_or_all(all);
    let dual = matches!(&*spec.ip_family_policy, "PreferDualStack" | "RequireDualStack");
    let asked = if dual && spec.ip_families.is_empty() { "PreferDualStack" } else { "" };
    spec.ip_family_policy = asked.to_owned();
}

/// What is in force is read, else what was asked for.
fn network(network: &mut OpenShiftNetwork) {
    let in_force = std::mem::take(&mut network.status);
    if !in_force.cluster_network.is_empty() {
        network.spec.cluster_network = in_force.cluster_network;
    }
    if !in_force.service_network.is_empty() {
        network.spec.service_network = in_force.service_network;
    }
}
