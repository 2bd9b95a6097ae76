//! Ranges that overlap, addresses out of range, addresses with several owners.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Finding, One, Severity, Told, list, pod_name, whole};
use crate::cluster::{Cluster, Range, RangeKind, RangeSource};
use crate::place::Place;

/// What can own an address (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A pod, as an index into [`Cluster::pods`].
    Pod(usize),
    /// A Node, as an index into [`Cluster::nodes`].
    Node(usize),
    /// A Service, as an index into [`Cluster::services`].
    Service(usize),
}

/// Every address that more than one live entity has, with all its owners, sorted: over live pods
/// off the host network, Nodes and ClusterIPs (NM-20, POD-6, POD-7).
pub fn shared_addresses(cluster: &Cluster) -> Vec<(IpAddr, Vec<Owner>)> {
    let live = cluster.pods.iter().enumerate().filter(|(_, pod)| pod.live && !pod.host_network);
    let pods = live.flat_map(|(i, pod)| pod.addresses.iter().map(move |&a| (a, Owner::Pod(i))));
    let nodes = cluster.nodes.iter().enumerate();
    let nodes =
        nodes.flat_map(|(i, node)| node.addresses.iter().map(move |&a| (a, Owner::Node(i))));
    let services = cluster.services.iter().enumerate();
    let services =
        services.flat_map(|(i, s)| s.cluster_ips.iter().map(move |&a| (a, Owner::Service(i))));

    let mut owned: Vec<_> = pods.chain(nodes).chain(services).collect();
    owned.sort_unstable();
    owned.dedup();
    let same = owned.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
    same.map(|same| (same[0].0, same.iter().map(|(_, owner)| *owner).collect())).collect()
}

/// Addresses that several live entities share (NM-20; POD-7 where a pod is among them).
pub(super) fn shared(told: &mut Told<'_>) {
    let cluster = told.cluster;
    // Dual-stack owners share both addresses: one finding.
    let mut by_owners: BTreeMap<Vec<Owner>, Vec<String>> = BTreeMap::new();
    for (address, owners) in shared_addresses(cluster) {
        by_owners.entry(owners).or_default().push(address.to_string());
    }
    for (owners, addresses) in by_owners {
        let names: Vec<String> = owners.iter().map(|owner| owner.describe(cluster)).collect();
        let pods = owners.iter().any(|owner| matches!(owner, Owner::Pod(_)));
        let places = owners.iter().filter_map(|owner| owner.place(cluster)).collect();
        told.each("shared-address", places, |places| Finding {
            id: "shared-address",
            rule: if pods { "POD-7" } else { "NM-20" },
            severity: Severity::Error,
            message: format!(
                "{} {} of {}; what is sent there is undecided",
                list(&addresses),
                if addresses.len() == 1 { "is the address" } else { "are the addresses" },
                list(&names)
            ),
            places,
            subjects: names,
        });
    }
}

/// Ranges that overlap although they must not: those of different kinds (IP-1), and the podCIDRs
/// of two Nodes (IP-2). A podCIDR within the cluster's range for pods is as it should be.
///
/// Two ranges either nest or do not touch, so in order of their first address each needs to look
/// only at those that are still open around it.
pub(super) fn overlapping_ranges(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let invented = |range: &&Range| range.from == RangeSource::Invented;
    let mut ranges: Vec<&Range> = cluster.ranges.iter().filter(|range| !invented(range)).collect();
    ranges.sort_by_key(|range| (range.net.network(), range.net.prefix_len(), *range));

    let mut open: Vec<&Range> = Vec::new();
    let mut within: BTreeMap<&Range, Vec<&Range>> = BTreeMap::new();
    for range in ranges {
        while open.last().is_some_and(|outer| !outer.net.contains(&range.net)) {
            open.pop();
        }
        if let Some(outer) = open.iter().rev().find(|outer| exclusive(outer, range)) {
            within.entry(outer).or_default().push(range);
        }
        open.push(range);
    }
    for (outer, inner) in within {
        let names: Vec<String> = inner.into_iter().map(describe_range).collect();
        let outer = describe_range(outer);
        let what = match names.len() {
            1 => names[0].clone(),
            more => format!("{more} others: {}", list(&names)),
        };
        told.tell(Finding {
            id: "overlapping-ranges",
            rule: "IP-1",
            severity: Severity::Error,
            message: format!("{outer} overlaps {what}"),
            places: Vec::new(),
            subjects: [outer].into_iter().chain(names).collect(),
        });
    }
}

/// Pods with an address outside the podCIDR that their Node has of that family (IP-2): allowed
/// where the plugin takes addresses from elsewhere, odd where it does not.
pub(super) fn outside_pod_cidr(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let mut ones = Vec::new();
    for pod in cluster.pods.iter().filter(|pod| pod.live && !pod.invented && !pod.placed) {
        let Some(node) = cluster.nodes.get(pod.node) else { continue };
        for address in &pod.addresses {
            let same_family = |cidr: &&ipnet::IpNet| cidr.addr().is_ipv4() == address.is_ipv4();
            if let Some(cidr) = node.pod_cidrs.iter().find(same_family)
                && !cidr.contains(address)
            {
                let name = format!("{} {address} on {} ({cidr})", pod_name(pod), node.name);
                ones.push(One::new(name, whole(pod.object)).known_by(pod_name(pod)));
            }
        }
    }
    told.alike(("outside-podcidr", "IP-2", Severity::Warning), ones, |n, names| {
        let lie = match n {
            1 => "1 pod address lies outside its".to_owned(),
            more => format!("{more} pod addresses lie outside their"),
        };
        format!("{lie} Node's podCIDR: {names}")
    });
}

fn exclusive(a: &Range, b: &Range) -> bool {
    use RangeSource::PodCidr;
    match (&a.from, &b.from) {
        (PodCidr(a), PodCidr(b)) => a != b,
        _ => a.kind != b.kind,
    }
}

fn describe_range(range: &Range) -> String {
    let kind = match range.kind {
        RangeKind::Pods => "Pods",
        RangeKind::Services => "Services",
        RangeKind::Nodes => "Nodes",
    };
    let from = match &range.from {
        RangeSource::PodCidr(node) => format!("podCIDR of {node}"),
        RangeSource::Object(object) => object.clone(),
        RangeSource::Stated => "stated".to_owned(),
        RangeSource::Invented => "invented".to_owned(),
    };
    format!("{kind} {} ({from})", range.net)
}

// === impl Owner ===

impl Owner {
    fn describe(self, cluster: &Cluster) -> String {
        match self {
            Self::Pod(i) => format!("pod {}", pod_name(&cluster.pods[i])),
            Self::Node(i) => format!("Node {}", cluster.nodes[i].name),
            Self::Service(i) => {
                let service = &cluster.services[i];
                format!("Service {}/{}", service.namespace, service.name)
            }
        }
    }

    fn place(self, cluster: &Cluster) -> Option<Place> {
        let object = match self {
            Self::Pod(i) => Some(cluster.pods[i].object),
            Self::Node(i) => cluster.nodes[i].object,
            Self::Service(i) => Some(cluster.services[i].object),
        };
        object.map(whole)
    }
}
