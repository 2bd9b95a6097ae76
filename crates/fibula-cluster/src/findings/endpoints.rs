//! Endpoints that are not ready, not up to date, or not to be reached.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::services::{declared, name};
use super::{One, Severity, Told, count, whole};
use crate::build::endpoints::Around;
use crate::cluster::{Cluster, RangeKind};
use crate::service::{Endpoint, Service, TargetPort};

/// Services that select pods, of which none is ready (SVC-11): what is sent to them is rejected.
/// Names of ports that no pod has, and slices without their pods, are told apart.
pub(super) fn none_ready(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let usable = |e: &Endpoint| e.ready || (e.serving && e.terminating);
    let elsewhere = |service: &Service| match service.standing().next().is_none() {
        true => {
            let unknown = |port| !declared(cluster, service, port);
            let named = |target: &TargetPort| matches!(target, TargetPort::Name(_));
            service.sliced || service.ports.iter().all(|p| named(&p.target) && unknown(p))
        }
        false => service.standing().any(usable),
    };
    let services = cluster.services.iter().filter(|service| !service.selects.is_empty());
    let services = services.filter(|service| !elsewhere(service));
    let ones = services.map(|service| One::new(name(service), whole(service.object)));
    let ones = ones.collect();
    told.alike(("no-ready-endpoint", "SVC-11", Severity::Note), ones, |n, names| {
        let (have, they, select) = match n {
            1 => ("has", "it", "selects"),
            _ => ("have", "they", "select"),
        };
        format!(
            "{} {have} no endpoint that is ready, though {they} {select} pods: {names}",
            count(n, "Service")
        )
    });
}

/// Services whose slices say something else than their pods (SVC-17). Slices win, so a proxy that
/// is right about them is wrong about the pods. Said only where the pods were read, with their
/// addresses; of what contradicting objects claim nothing is said.
pub(super) fn stale(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let sliced = |service: &&Service| service.sliced && !service.selector.is_empty();
    let services: Vec<&Service> = cluster.services.iter().filter(sliced).collect();
    if services.is_empty() {
        return;
    }
    let around = Around::new(&cluster.pods, &cluster.nodes, &cluster.twins);
    let claimed = claimed(cluster);
    let mut ones = Vec::new();
    for service in services {
        let at = cluster.pods.partition_point(|pod| pod.namespace < service.namespace);
        let read = cluster.pods.get(at).is_some_and(|pod| pod.namespace == service.namespace);
        let invented = service.selects.iter().any(|&pod| cluster.pods[pod].invented);
        if !read || invented {
            continue;
        }
        if let Some(difference) = difference(service, &around, &claimed) {
            let one = One::new(format!("{} ({difference})", name(service)), whole(service.object));
            ones.push(one.known_by(name(service)));
        }
    }
    told.alike(("stale-slices", "SVC-17", Severity::Warning), ones, |n, names| {
        let have = if n == 1 { "has" } else { "have" };
        format!(
            "{} {have} other endpoints in slices than by their pods; the slices count: {names}",
            count(n, "Service")
        )
    });
}

/// The first difference between what slices say and what pods imply.
fn difference(service: &Service, around: &Around<'_>, claimed: &HashSet<IpAddr>) -> Option<String> {
    let shown = service.standing().map(|endpoint| endpoint.addr);
    let own = service.cluster_ips.iter().copied();
    let families: Vec<bool> = own.chain(shown).map(|ip| ip.is_ipv4()).collect();
    let family = |ip: IpAddr| families.is_empty() || families.contains(&ip.is_ipv4());
    let implied = around.implied(service, family);

    let key = |e: &Endpoint| (e.port, e.addr, e.number);
    let known = |e: &&Endpoint| !claimed.contains(&e.addr) && family(e.addr);
    let mut all: BTreeMap<_, [Option<bool>; 2]> = BTreeMap::new();
    for endpoint in service.standing().filter(known) {
        all.entry(key(endpoint)).or_default()[0] = Some(endpoint.ready);
    }
    for endpoint in implied.iter().filter(known) {
        all.entry(key(endpoint)).or_default()[1] = Some(endpoint.ready);
    }
    all.into_iter().find_map(|((_, addr, number), said)| {
        let at = match number {
            0 => addr.to_string(),
            _ => std::net::SocketAddr::new(addr, number).to_string(),
        };
        match said {
            [sliced, implied] if sliced == implied => None,
            [None, _] => Some(format!("lacks {at}")),
            [_, None] => Some(format!("{at} is no pod of it")),
            [sliced, _] => {
                let what = if sliced == Some(true) { "ready" } else { "not ready" };
                Some(format!("{at} counts as {what}"))
            }
        }
    })
}

/// Endpoints that somebody wrote and that lie where pods do, but are none (SVC-15): what is sent
/// there is lost. An address elsewhere may well be outside of the cluster.
pub(super) fn nobodys(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let written = |service: &&Service| service.sliced && service.selector.is_empty();
    let services: Vec<&Service> = cluster.services.iter().filter(written).collect();
    if services.is_empty() {
        return;
    }
    let mut owned = claimed(cluster);
    owned.extend(cluster.nodes.iter().flat_map(|node| &node.addresses));
    let of_pods = |ip: IpAddr| {
        let mut ranges = cluster.ranges.iter().filter(|range| range.kind == RangeKind::Pods);
        ranges.any(|range| range.net.contains(&ip))
    };
    let lost = |e: &&Endpoint| e.pod.is_none() && !owned.contains(&e.addr) && of_pods(e.addr);
    let ones = services.into_iter().flat_map(|service| {
        let mut lost: Vec<_> = service.standing().filter(lost).collect();
        lost.sort_by_key(|endpoint| endpoint.addr);
        lost.dedup_by_key(|endpoint| endpoint.addr);
        lost.into_iter()
            .map(move |e| One::new(format!("{} → {}", name(service), e.addr), whole(e.object)))
    });
    let ones = ones.collect();
    told.alike(("endpoint-without-pod", "SVC-15", Severity::Warning), ones, |n, names| {
        let lie = if n == 1 { "lies" } else { "lie" };
        format!(
            "{} {lie} in the range of Pods, and no pod has the address: {names}",
            count(n, "endpoint")
        )
    });
}

/// Endpoints on Nodes that the cluster does not know (SVC-16): no Node counts them as its own, so a
/// policy `Local` never leads to them, and nothing says in which zone they are. Where no Node was read
/// at all there is less to wonder about.
pub(super) fn lost_nodes(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let contradicting: HashSet<&str> = cluster
        .twins
        .iter()
        .filter(|twins| twins.kind == "Node")
        .map(|twins| twins.name.as_str())
        .collect();
    let lost = cluster.services.iter().flat_map(|service| {
        let nodes = service.lost_nodes.iter();
        let nodes = nodes.filter(|(node, _)| !contradicting.contains(node.as_str()));
        nodes.map(move |(node, slice)| {
            One::new(format!("{} → {node}", name(service)), whole(*slice))
        })
    });
    let ones = lost.collect();
    let read = cluster.nodes.iter().any(|node| node.object.is_some());
    let severity = if read { Severity::Warning } else { Severity::Note };
    told.alike(("endpoint-without-node", "SVC-16", severity), ones, |_, names| {
        format!(
            "slices name Nodes that were not read, and no Node counts the endpoints there as its \
             own: {names}"
        )
    });
}

/// Endpoints that are ClusterIPs: no proxy sends a message through two Services (IP-9).
pub(super) fn virtual_addresses(told: &mut Told<'_>) {
    let cluster = told.cluster;
    if !cluster.services.iter().any(|service| service.sliced) {
        return;
    }
    let virtual_ips: HashSet<IpAddr> =
        cluster.services.iter().flat_map(|service| &service.cluster_ips).copied().collect();
    let mut ones = Vec::new();
    for service in cluster.services.iter().filter(|service| service.sliced) {
        let mut found: Vec<&Endpoint> =
            service.standing().filter(|e| virtual_ips.contains(&e.addr)).collect();
        found.sort_by_key(|endpoint| endpoint.addr);
        found.dedup_by_key(|endpoint| endpoint.addr);
        ones.extend(
            found
                .iter()
                .map(|e| One::new(format!("{} → {}", name(service), e.addr), whole(e.object))),
        );
    }
    told.alike(("endpoint-is-service", "IP-9", Severity::Warning), ones, |n, names| {
        let are = if n == 1 { "is a ClusterIP" } else { "are ClusterIPs" };
        format!("{} {are}, and no proxy follows a second Service: {names}", count(n, "endpoint"))
    });
}

/// Every address that contradicting objects claim.
fn claimed(cluster: &Cluster) -> HashSet<IpAddr> {
    cluster.twins.iter().flat_map(|twins| &twins.addresses).copied().collect()
}
