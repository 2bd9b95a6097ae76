//! What a Service is to its clients: one that keeps them, and one that the world finds elsewhere.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fibula_cluster::{Cluster, Service, ServiceKind, ServicePort};
use fibula_network::walk::{Step, Verdict};
use fibula_network::{Action, Header, Kind};

use super::service::{At, AtKind, at};
use super::{Ground, Trace, header_before};

/// A Service whose clients keep the endpoint that they got first (SVC-42).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affinity {
    /// Its namespace and name.
    pub service: String,
    /// For how many seconds after their last connection.
    pub seconds: u32,
}

/// Where the world finds a Service (SVC-20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    /// Its namespace and name.
    pub service: String,
    /// Targets to ask for, of load balancers, external addresses and one Node; none where nothing
    /// leads there from outside.
    pub targets: Vec<String>,
    /// Whether a load balancer is still to get its address (SVC-24).
    pub pending: bool,
}

/// The Services whose entries choose among several endpoints, and that let a client keep its own
/// (SVC-42). A load balancer that is a proxy chooses by itself.
pub(super) fn affinity(ground: Ground<'_>, trace: &Trace) -> Vec<Affinity> {
    let Some(cluster) = ground.cluster else { return vec![] };
    let network = ground.network;
    if cluster.services.iter().all(|service| service.affinity.is_none()) {
        return vec![];
    }
    // Thousands of branches have few targets between them.
    let mut headers: BTreeSet<Header> = BTreeSet::new();
    for life in trace.lives() {
        for (i, step) in life.steps.iter().enumerate() {
            if let Step::Decide { at, entry, fork: Some(fork), .. } = *step
                && fork.of > 1
                && network.kind(at) == Kind::Node
                && matches!(network.entry(entry).action, Action::Rewrite { .. })
            {
                headers.extend(header_before(life, i));
            }
        }
    }
    let met = headers.into_iter().filter_map(|header| at(cluster, header));
    let kept: BTreeSet<Affinity> = met
        .filter_map(|At { service, .. }| {
            Some(Affinity { service: name(service), seconds: service.affinity? })
        })
        .collect();
    kept.into_iter().collect()
}

/// Where the world finds the Service whose ClusterIP it has no way to (DR-13).
pub(super) fn instead(ground: Ground<'_>, trace: &Trace) -> Option<Instead> {
    let cluster = ground.cluster?;
    let world = ground.network.kind(trace.from.process) == Kind::World;
    if !world || trace.verdict() != Some(Verdict::NoRoute) {
        return None;
    }
    let At { service, port, kind: AtKind::ClusterIp } = at(cluster, trace.header)? else {
        return None;
    };
    let port = port?;
    let v4 = IpAddr::from(trace.header.dst).is_ipv4();
    let balancers = service.balancers.iter();
    let named = balancers.clone().filter(|b| b.ip.is_none()).filter_map(|b| b.hostname.clone());
    let addresses = balancers.filter_map(|balancer| balancer.ip);
    let addresses = addresses.chain(service.external_ips.iter().copied());
    let addresses = addresses.filter(|ip| ip.is_ipv4() == v4).map(|ip| match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    });
    let suffix = match port.protocol {
        fibula_cluster::Protocol::Tcp => String::new(),
        other => format!("/{}", other.name()),
    };
    let mut targets: Vec<String> =
        addresses.chain(named).map(|host| format!("{host}:{}{suffix}", port.number)).collect();
    targets.extend(node(cluster, service, port, v4).map(|node| format!("{node}{suffix}")));
    let pending = service.kind == ServiceKind::LoadBalancer && service.balancers.is_empty();
    Some(Instead { service: name(service), targets, pending })
}

/// A Node at whose nodePort the Service is: where only a Node with an endpoint of its own will do
/// (SVC-53), the first such.
fn node(cluster: &Cluster, service: &Service, port: &ServicePort, v4: bool) -> Option<String> {
    let number = port.node_port?;
    let at = service.ports.iter().position(|p| p == port).and_then(|at| u16::try_from(at).ok())?;
    let family = |ip: &IpAddr| ip.is_ipv4() == v4;
    let own = |node: usize| {
        let mut endpoints = service.endpoints_of(at).iter();
        endpoints.any(|e| e.ready && e.node == Some(node) && family(&e.addr))
    };
    let mut nodes =
        cluster.nodes.iter().enumerate().filter(|(_, n)| n.addresses.iter().any(family));
    let first = nodes.clone().next();
    let found = match service.external_local {
        true => nodes.find(|(i, _)| own(*i)).or(first),
        false => first,
    };
    found.map(|(_, node)| format!("node/{}:{number}", node.name))
}

fn name(service: &Service) -> String {
    format!("{}/{}", service.namespace, service.name)
}
