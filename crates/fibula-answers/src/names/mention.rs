//! Addresses that pods name: what they stand for, as the pod itself would find out.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Pod};
use fibula_network::Addr;

use super::dns::{Of, zone};
use super::{Asks, Resolver, ZONE};

/// What a host that a pod names stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A Service, an index into the cluster's.
    Service(usize),
    /// Whoever has one of these addresses.
    Addresses(Vec<Addr>),
}

/// What a host that a pod names stands for there: none for a name that means nothing, or something
/// outside.
pub(crate) fn meant(cluster: &Cluster, pod: &Pod, host: &str) -> Option<Meant> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        let mut services = cluster.services.iter();
        let service = services.position(|service| service.cluster_ips.contains(&ip));
        let addresses = || Meant::Addresses(vec![Addr::from(ip)]);
        return Some(service.map_or_else(addresses, Meant::Service));
    }
    let resolver = Resolver::of_pod(pod);
    if resolver.asks != Asks::Cluster {
        return None;
    }
    let found = zone(cluster, ZONE).resolve(host, &pod.namespace).ok()?;
    match found.of {
        Of::Service(at) if !cluster.services[at].cluster_ips.is_empty() => Some(Meant::Service(at)),
        _ => Some(Meant::Addresses(found.resolved.addresses)),
    }
}
