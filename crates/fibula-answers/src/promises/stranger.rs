//! A pod of a namespace that was not read: without labels, in a namespace without any. Whoever lets it
//! in lets anybody in.

use std::net::IpAddr;
use std::sync::Arc;

use fibula_cluster::api::Labels;
use fibula_cluster::promise::{Promise, Verb};
use fibula_cluster::{Cluster, Container, Namespace, ObjectId, Place, Pod, Workload};
use fibula_network::{ElementId, Kind, Network};

use crate::trace::Ground;

/// No namespace can have this name; it sorts behind all that can, so that places in the lists of a
/// cluster stay.
const NAMESPACE: &str = "~";
const NAME: &str = "anybody";

/// A cluster with such a pod, and its network.
#[derive(Debug)]
pub struct Strangers {
    cluster: Cluster,
    network: Network,
}

// === impl Strangers ===

impl Strangers {
    /// The same cluster with such a pod, where a promise is also about those who are not here, and
    /// the network can be made again. Costs what that costs.
    pub fn new(ground: Ground<'_>, promises: &[Promise]) -> Option<Strangers> {
        if promises.iter().all(|promise| promise.verb == Verb::Reaches) {
            return None;
        }
        let (cluster, remake) = (ground.cluster?, ground.remake?);
        let mut cluster = cluster.clone();
        cluster.pods.push(anybody(&cluster)?);
        cluster.namespaces.push(Namespace {
            name: NAMESPACE.to_owned(),
            object: Some(NOWHERE),
            labels: [("kubernetes.io/metadata.name", NAMESPACE.to_owned())].into_iter().collect(),
        });
        let network = remake(&cluster);
        Some(Strangers { cluster, network })
    }

    /// What questions are put to.
    pub fn ground<'s>(&'s self, ground: Ground<'s>) -> Ground<'s> {
        Ground { network: &self.network, cluster: Some(&self.cluster), ..ground }
    }

    /// The network with such a pod.
    pub fn network(&self) -> &Network {
        &self.network
    }
}

/// An object that is in no file.
const NOWHERE: ObjectId = ObjectId(u32::MAX);

/// The pod: with an address of each family that pods have, which lies in a range that no cluster
/// uses, and so in no block of a policy that is not for all.
fn anybody(cluster: &Cluster) -> Option<Pod> {
    let of = |v4: bool| {
        let mut pods = cluster.pods.iter().flat_map(|pod| &pod.addresses);
        pods.any(|addr| addr.is_ipv4() == v4)
    };
    let taken = |addr: &IpAddr| {
        let pods = cluster.pods.iter().flat_map(|pod| &pod.addresses);
        let services = cluster.services.iter().flat_map(|service| &service.cluster_ips);
        let nodes = cluster.nodes.iter().flat_map(|node| &node.addresses);
        pods.chain(services).chain(nodes).any(|own| own == addr)
    };
    let v4 = (1..=250).map(|last| IpAddr::from([198, 18, 255, last]));
    let v6 = (1..=250).map(|last| IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0xffff, last]));
    let v4 = of(true).then(|| v4.into_iter().find(|addr| !taken(addr))).flatten();
    let v6 = of(false).then(|| v6.into_iter().find(|addr| !taken(addr))).flatten();
    let addresses: Vec<IpAddr> = v4.into_iter().chain(v6).collect();
    let like = cluster.pods.iter().find(|pod| !pod.host_network && !pod.addresses.is_empty())?;
    let place = Place { object: NOWHERE, container: None, port: None };
    let container = Container {
        name: NAME.to_owned(),
        place,
        lasting: true,
        ports: vec![],
        mentions: Box::default(),
    };
    Some(Pod {
        namespace: NAMESPACE.to_owned(),
        name: NAME.to_owned(),
        workload: Workload { kind: "Pod".to_owned(), name: NAME.to_owned() },
        addresses,
        containers: vec![container],
        hostname: None,
        subdomain: None,
        object: NOWHERE,
        labels: Arc::new(Labels::default()),
        placed: true,
        live: true,
        ready: true,
        terminating: false,
        host_network: false,
        ..like.clone()
    })
}

/// Such a pod in a network.
pub(super) fn find(network: &Network) -> Option<ElementId> {
    let pods = network.of_kind(Kind::Pod).last()?;
    let name = &*network.element(pods).name;
    (name == format!("{NAMESPACE}/{NAME}")).then_some(pods)
}
