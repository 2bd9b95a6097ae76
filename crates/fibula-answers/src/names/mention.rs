//! Addresses that pods name: what they stand for, as the pod itself would find out.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Pod};
use fibula_network::Addr;

use super::dns::{Found, Lacks, Miss, Of, zone};
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
    Some(of(cluster, found))
}

/// Why a host that a pod names stands for nothing, and the statement that says so, where it surely
/// should stand for something of the cluster: the Service is there and has no address, or the name
/// has a namespace that was read.
pub(crate) fn lacking(cluster: &Cluster, pod: &Pod, host: &str) -> Option<(String, &'static str)> {
    if host.parse::<IpAddr>().is_ok() || Resolver::of_pod(pod).asks != Asks::Cluster {
        return None;
    }
    let zone = zone(cluster, ZONE);
    let Err(Miss::Lack(lack)) = zone.resolve(host, &pod.namespace) else { return None };
    let torn = lack.service.as_ref().is_some_and(|(namespace, name)| {
        let mut twins = cluster.twins.iter();
        twins.any(|twins| twins.namespace == *namespace && twins.name == *name)
    });
    let surely = match lack.lacks {
        Lacks::Part | Lacks::Record => true,
        Lacks::Service => host.trim_end_matches('.').contains('.'),
        Lacks::Form | Lacks::Namespace => false,
    };
    (surely && !torn).then_some((lack.why, lack.by))
}

/// What the name of a Service stands for, an index into the cluster's: none where that is nothing, or
/// something outside.
pub(crate) fn served(cluster: &Cluster, at: usize) -> Option<Meant> {
    let service = &cluster.services[at];
    let found = zone(cluster, ZONE).service(&service.name, at).ok()?;
    Some(of(cluster, found))
}

fn of(cluster: &Cluster, found: Found) -> Meant {
    match found.of {
        Of::Service(at) if !cluster.services[at].cluster_ips.is_empty() => Meant::Service(at),
        _ => Meant::Addresses(found.resolved.addresses),
    }
}
