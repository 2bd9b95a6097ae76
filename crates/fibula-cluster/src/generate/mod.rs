//! Clusters of any size and shape from a seed, for tests, benchmarks and users.
//!
//! Pods belong to apps: an app is a namespace, labels and containers that all its pods share, and
//! at most one Service or a few select it. App and pod come from the seed and their number alone,
//! so a cluster of 150,000 pods is written without being held.

mod app;
mod pad;
mod plan;
mod write;

pub(crate) use write::write_all;
pub use write::{Format, write};

use crate::api::{self, Labels, Metadata, OwnerReference};
use crate::object::{Kind, Object};
use crate::place::ObjectId;
use app::App;
use plan::Plan;

/// The size and shape of a cluster to generate.
///
/// What is out of bounds is brought into them: 1 to 20,000 Nodes, to 1,000,000 pods and Services,
/// 1 to 50,000 namespaces, 1 to 50 containers, to 100 ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What chance decides follows from this alone.
    pub seed: u64,
    /// How many Nodes.
    pub nodes: usize,
    /// How many pods: host-network and finished ones too.
    pub pods: usize,
    /// How many namespaces pods and Services are spread over.
    pub namespaces: usize,
    /// The most containers in a pod.
    pub containers: usize,
    /// The most ports of a container.
    pub ports: usize,
    /// How many Services.
    pub services: usize,
    /// Whether everything has an IPv6 address too.
    pub dual_stack: bool,
    /// How many in 100 apps use their Node's network.
    pub host_network: u8,
    /// Write manifests, Deployments without a status and no Nodes, instead of a dump with
    /// addresses. An app of the host network is then a DaemonSet, whatever `pods` says.
    pub workloads: bool,
    /// Write what the model does not read too, so that a pod takes some 4 KB of JSON as in a
    /// dump of `kubectl`.
    pub padding: bool,
}

/// The objects of a cluster, in the order in which [`write()`] writes them.
///
/// They satisfy the model: addresses are unique (C1), pods lie in their Node's podCIDR, ClusterIPs
/// in the ServiceCIDR, no port is declared twice in a pod (NM-2) or on a Node (POD-8). A few pods
/// have finished and still show an address that another pod has now (POD-6).
pub fn objects(shape: &Shape) -> Vec<(ObjectId, Object)> {
    (0..).map(ObjectId).zip(stream(shape)).collect()
}

/// The objects one by one.
fn stream(shape: &Shape) -> impl Iterator<Item = Object> {
    let plan = Plan::new(shape);
    let namespaces = (0..plan.namespaces).map(move |i| {
        let metadata = Metadata { name: plan.namespace(i), ..Metadata::default() };
        Object::Namespace(Box::new(api::Namespace { metadata }))
    });
    let (in_dump, in_manifests) = if plan.workloads { (0, plan.apps) } else { (1, 0) };
    let nodes = (0..in_dump * plan.nodes).map(move |i| plan.node(i));
    let mut last: Option<App> = None;
    let pods = (0..in_dump * plan.pods).map(move |i| {
        let number = plan.app_of(i);
        let app = match last.take() {
            Some(app) if app.number == number => app,
            _ => App::new(&plan, number),
        };
        let pod = pod(&plan, &app, i);
        last = Some(app);
        pod
    });
    let workloads = (0..in_manifests).map(move |i| workload(&plan, App::new(&plan, i)));
    let range = (0..in_dump).map(move |_| plan.service_cidr());
    let services =
        (0..plan.services).map(move |i| App::new(&plan, i % plan.apps).service(&plan, i));
    namespaces.chain(nodes).chain(pods).chain(workloads).chain(range).chain(services)
}

fn pod(plan: &Plan, app: &App, index: usize) -> Object {
    let replica_set = format!("{}-{}", app.name, app.hash);
    let labels = app.labels.iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
    let labels = labels.chain([("pod-template-hash".to_owned(), app.hash.clone())]);
    let slot = index / plan.nodes;
    let node = index % plan.nodes;
    let mut containers = app.containers.clone();
    let host_network = app.host_network && app::move_ports(plan, &mut containers, slot);
    // The first pod of each Node stays: finished pods still show its address.
    let finished = slot > 0 && !host_network && plan.chance(&[2, index], 3);
    let addresses = match (host_network, finished) {
        (true, _) => plan.node_addresses(node),
        (_, true) => plan.pod_addresses(node),
        (_, false) => plan.pod_addresses(index),
    };
    let phase = if finished { "Succeeded" } else { "Running" };
    Object::Pod(Box::new(api::Pod {
        metadata: Metadata {
            name: format!("{replica_set}-{}", plan::letters(index)),
            namespace: app.namespace.clone(),
            labels: labels.collect(),
            owner_references: vec![OwnerReference {
                kind: "ReplicaSet".into(),
                name: replica_set,
                controller: true,
            }],
            ..Metadata::default()
        },
        spec: api::PodSpec {
            node_name: plan.node_name(node),
            host_network,
            containers,
            ..api::PodSpec::default()
        },
        status: api::PodStatus {
            phase: phase.into(),
            pod_ip: addresses[0].as_str().into(),
            pod_ips: ips(&addresses),
            host_ip: plan.node_addresses(node)[0].as_str().into(),
            host_ips: ips(&plan.node_addresses(node)),
            ..api::PodStatus::default()
        },
    }))
}

fn ips(addresses: &[String]) -> Vec<api::Ip> {
    addresses.iter().map(|ip| api::Ip { ip: ip.as_str().into() }).collect()
}

fn workload(plan: &Plan, app: App) -> Object {
    let mut containers = app.containers;
    // A DaemonSet's ports are free on every Node if no other app has them.
    let daemon = app.host_network && app::move_ports(plan, &mut containers, app.number);
    let replicas = plan.pods_of(app.number);
    let workload = api::Workload {
        metadata: Metadata {
            name: app.name,
            namespace: app.namespace,
            labels: Labels::default(),
            ..Metadata::default()
        },
        spec: api::WorkloadSpec {
            replicas: (!daemon).then(|| i64::try_from(replicas).unwrap_or(i64::MAX)),
            template: api::PodTemplate {
                metadata: Metadata { labels: app.labels, ..Metadata::default() },
                spec: api::PodSpec { host_network: daemon, containers, ..api::PodSpec::default() },
            },
            ..api::WorkloadSpec::default()
        },
    };
    let kind = if daemon { Kind::DaemonSet } else { Kind::Deployment };
    Object::Workload(kind, Box::new(workload))
}

impl Default for Shape {
    /// A small, pleasant cluster.
    fn default() -> Self {
        Self {
            seed: 1,
            nodes: 3,
            pods: 12,
            namespaces: 2,
            containers: 2,
            ports: 2,
            services: 4,
            dual_stack: false,
            host_network: 10,
            workloads: false,
            padding: false,
        }
    }
}

impl Shape {
    /// A cluster of so many Nodes as large clusters are: 30 pods a Node, of 2 containers at most,
    /// and 2 Services a Node (SC-1, SC-2).
    pub fn of_nodes(nodes: usize) -> Self {
        Self {
            nodes,
            pods: nodes.saturating_mul(30),
            namespaces: (nodes / 10).max(1),
            services: nodes.saturating_mul(2),
            ..Self::default()
        }
    }
}
