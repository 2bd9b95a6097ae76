//! A pod of a namespace that was not read: without labels, in a namespace without any. Of these there
//! may be any; whoever lets it in lets anybody in, as long as no rule asks that a label be missing.

use std::net::IpAddr;
use std::sync::Arc;

use fibula_cluster::api::Labels;
use fibula_cluster::{Cluster, Container, DnsPolicy, Namespace, ObjectId, Place, Pod, Workload};
use fibula_network::{ElementId, Kind, Network};

/// No namespace can have this name; it sorts behind all that can, so that places in the lists of a
/// cluster stay.
pub(crate) const NAMESPACE: &str = "~";
const NAME: &str = "anybody";
/// An object that is in no file.
const NOWHERE: ObjectId = ObjectId(u32::MAX);

/// What is known of its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// That it has no label but its name.
    Bare,
    /// Nothing but its name (DR-22).
    Name,
}

/// A cluster with such a pod; none where there is no room for one.
pub(crate) fn joined(cluster: &Cluster, known: Known) -> Option<Cluster> {
    let pod = anybody(cluster)?;
    let mut joined = cluster.clone();
    joined.pods.push(pod);
    joined.namespaces.push(Namespace {
        name: NAMESPACE.to_owned(),
        object: (known == Known::Bare).then_some(NOWHERE),
        labels: [("kubernetes.io/metadata.name", NAMESPACE.to_owned())].into_iter().collect(),
    });
    Some(joined)
}

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
        node: like.node,
        addresses,
        invented: like.invented,
        containers: vec![container],
        hostname: None,
        subdomain: None,
        dns_policy: DnsPolicy::ClusterFirst,
        object: NOWHERE,
        labels: Arc::new(Labels::default()),
        placed: true,
        live: true,
        ready: true,
        terminating: false,
        host_network: false,
    })
}

/// Such a pod in a network.
pub(crate) fn find(network: &Network) -> Option<ElementId> {
    let pod = network.of_kind(Kind::Pod).last()?;
    let name = &*network.element(pod).name;
    (name == format!("{NAMESPACE}/{NAME}")).then_some(pod)
}
