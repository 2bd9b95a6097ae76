//! Addresses that pods name: what they stand for, as the pod itself would find out.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fibula_cluster::{Cluster, Pod};
use fibula_network::Addr;

use super::dns::{Found, Lack, Lacks, Miss, Of, Zone, zone};
use super::{Asks, Resolver, ZONE};

/// What a host that a pod names stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A Service, an index into the cluster's.
    Service(usize),
    /// Whoever has one of these addresses; where those are of endpoints, with the namespace of their
    /// Service.
    Addresses(Vec<Addr>, Option<String>),
}

/// What a host that a pod names stands for there: none for a name that means nothing, or something
/// outside.
pub(crate) fn meant(cluster: &Cluster, pod: &Pod, host: &str) -> Option<Meant> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        let mut services = cluster.services.iter();
        let service = services.position(|service| service.cluster_ips.contains(&ip));
        let addresses = || Meant::Addresses(vec![Addr::from(ip)], None);
        return Some(service.map_or_else(addresses, Meant::Service));
    }
    let resolver = Resolver::of_pod(pod);
    if resolver.asks != Asks::Cluster {
        return None;
    }
    let found = zone(cluster, ZONE).resolve(host, &pod.namespace).ok()?;
    Some(of(cluster, found))
}

/// Why a host stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lacking {
    pub(crate) why: String,
    /// The statement that says so.
    pub(crate) by: &'static str,
    /// The namespace of the Service, where it is for want of endpoints.
    pub(crate) behind: Option<String>,
}

/// Why a host that a pod names stands for nothing, where it surely should stand for something of the
/// cluster: the Service is there and has no address, or the name has a namespace that was read.
pub(crate) fn lacking(cluster: &Cluster, pod: &Pod, host: &str) -> Option<Lacking> {
    if host.parse::<IpAddr>().is_ok() || Resolver::of_pod(pod).asks != Asks::Cluster {
        return None;
    }
    let zone = zone(cluster, ZONE);
    let Err(Miss::Lack(lack)) = zone.resolve(host, &pod.namespace) else { return None };
    let is = surely(&lack, host) && !torn(cluster, &lack);
    is.then_some(Lacking { why: lack.why, by: lack.by, behind: lack.ends })
}

/// Whether a host surely should stand for something of the cluster, and does not.
fn surely(lack: &Lack, host: &str) -> bool {
    match lack.lacks {
        Lacks::Part | Lacks::Record => true,
        Lacks::Service => host.trim_end_matches('.').contains('.'),
        Lacks::Form | Lacks::Namespace => false,
    }
}

/// Whether the Service that is meant is there, and was kept out.
fn torn(cluster: &Cluster, lack: &Lack) -> bool {
    lack.service.as_ref().is_some_and(|(namespace, name)| {
        let mut twins = cluster.twins.iter();
        twins.any(|twins| twins.namespace == *namespace && twins.name == *name)
    })
}

/// Which hosts mean something of a cluster, whoever names them: so that nothing else that looks like
/// one need be told on.
pub struct Hosts<'a> {
    cluster: &'a Cluster,
    zone: Zone<'a>,
    /// Of Services, pods and Nodes.
    addresses: BTreeSet<IpAddr>,
}

// === impl Hosts ===

impl<'a> Hosts<'a> {
    /// Those of a cluster.
    pub fn new(cluster: &'a Cluster) -> Hosts<'a> {
        let services = cluster.services.iter().flat_map(|service| &service.cluster_ips);
        let pods = cluster.pods.iter().filter(|pod| !pod.invented).flat_map(|pod| &pod.addresses);
        let nodes = cluster.nodes.iter().filter(|node| !node.invented);
        let nodes = nodes.flat_map(|node| &node.addresses);
        let addresses = services.chain(pods).chain(nodes).copied().collect();
        Hosts { cluster, zone: zone(cluster, ZONE), addresses }
    }

    /// Whether a host means something of the cluster where a pod of this namespace names it: an
    /// address of it, a name that its DNS has or surely should have, or one that only such a DNS could
    /// have.
    pub fn has(&self, namespace: &str, host: &str) -> bool {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.addresses.contains(&ip);
        }
        match self.zone.resolve(host, namespace) {
            Ok(_) => true,
            // An alias is the name of a Service.
            Err(Miss::Outside(names)) => names.len() > 1,
            Err(Miss::Lack(lack)) => {
                let lower = host.to_ascii_lowercase();
                let bare = lower.trim_end_matches('.');
                surely(&lack, host)
                    || torn(self.cluster, &lack)
                    || self.zone.holds(bare)
                    || bare.ends_with(".svc")
            }
        }
    }
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
        Of::Service(at) => {
            let namespace = cluster.services[at].namespace.clone();
            Meant::Addresses(found.resolved.addresses, Some(namespace))
        }
        Of::Pod(at) => {
            let namespace = cluster.pods[at].namespace.clone();
            Meant::Addresses(found.resolved.addresses, Some(namespace))
        }
        Of::Anyone => Meant::Addresses(found.resolved.addresses, None),
    }
}
