//! Which Service a message is for, by the facts of the cluster.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fibula_cluster::{Cluster, Service, ServicePort};
use fibula_network::walk::{Life, Step};
use fibula_network::{Action, Addr, EntryId, Header, Kind, Network, Reason};

use super::{Granted, Ground, Trace, header_before};
use crate::names::proto;

/// An address of a Service, as a message has it.
#[derive(Clone, Copy)]
pub(super) struct At<'c> {
    pub(super) service: &'c Service,
    /// The port, if the Service has it.
    pub(super) port: Option<&'c ServicePort>,
    pub(super) kind: AtKind,
}

/// What kind of address of a Service it is (SVC-20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtKind {
    ClusterIp,
    External,
    Balancer,
    NodePort,
}

/// The Service that a target address and port lead to (SVC-20): of several the first.
pub(super) fn at(cluster: &Cluster, header: Header) -> Option<At<'_>> {
    let dst = IpAddr::from(header.dst);
    let port = |service: &'_ Service, number: u16| {
        let mut ports = service.ports.iter();
        ports.position(|p| proto(p.protocol) == header.proto && p.number == number)
    };
    let whole = cluster.services.iter().find_map(|service| {
        let kind = if service.cluster_ips.contains(&dst) {
            AtKind::ClusterIp
        } else if service.external_ips.contains(&dst) {
            AtKind::External
        } else if service.balancers.iter().any(|balancer| balancer.ip == Some(dst)) {
            AtKind::Balancer
        } else {
            return None;
        };
        let found = port(service, header.dport);
        // Two Services can share an external address, each with its ports.
        (kind == AtKind::ClusterIp || found.is_some()).then(|| At {
            service,
            port: found.map(|i| &service.ports[i]),
            kind,
        })
    });
    whole.or_else(|| {
        if !is_node(cluster, header.dst) {
            return None;
        }
        cluster.services.iter().find_map(|service| {
            let mut ports = service.ports.iter();
            let found = ports
                .find(|p| proto(p.protocol) == header.proto && p.node_port == Some(header.dport))?;
            Some(At { service, port: Some(found), kind: AtKind::NodePort })
        })
    })
}

/// Whether an address is a Node's.
pub(super) fn is_node(cluster: &Cluster, addr: Addr) -> bool {
    let dst = IpAddr::from(addr);
    cluster.nodes.iter().any(|node| node.addresses.contains(&dst) || node.external.contains(&dst))
}

/// The decisions of a life that a Service makes: each entry, and the header that it saw.
pub(super) fn decisions<'l>(
    network: &'l Network,
    life: &'l Life,
) -> impl Iterator<Item = (EntryId, Header)> + 'l {
    life.steps.iter().enumerate().filter_map(|(i, step)| match *step {
        Step::Decide { entry, .. } => {
            let by_service = matches!(
                network.entry(entry).action,
                Action::Rewrite { .. }
                    | Action::Reject(Reason::Service)
                    | Action::Discard(Reason::Service)
            );
            by_service.then(|| Some((entry, header_before(life, i)?)))?
        }
        Step::Send { .. } | Step::Recv { .. } | Step::Pass { .. } => None,
    })
}

/// The Services that decide in any branch, once each.
pub(super) fn met<'c>(cluster: &'c Cluster, network: &Network, trace: &Trace) -> Vec<At<'c>> {
    // Thousands of branches have few targets between them.
    let decisions = trace.lives().flat_map(|life| decisions(network, life));
    let headers: BTreeSet<Header> = decisions.map(|(_, header)| header).collect();
    let mut met: Vec<At<'c>> = vec![];
    for header in headers {
        let new = at(cluster, header);
        let known = |at: &At<'_>| {
            met.iter().any(|m| std::ptr::eq(m.service, at.service) && m.kind == at.kind)
        };
        if let Some(new) = new.filter(|at| !known(at)) {
            met.push(new);
        }
    }
    met
}

/// What is taken for granted of who brings a message to a Node.
pub(super) fn granted(ground: Ground<'_>, trace: &Trace) -> Vec<Granted> {
    let network = ground.network;
    let spread = trace.lives().flat_map(|life| &life.steps).any(|step| match step {
        Step::Decide { at, fork: Some(_), .. } => network.kind(*at) == Kind::Outside,
        _ => false,
    });
    let Some(cluster) = ground.cluster.filter(|_| spread) else { return vec![] };
    let dst = trace.header.dst.to_string();
    match at(cluster, trace.header).map(|at| at.kind) {
        Some(AtKind::External) => vec![Granted::Routed(dst)],
        Some(AtKind::Balancer) => vec![Granted::Balanced(dst)],
        Some(AtKind::ClusterIp | AtKind::NodePort) | None => vec![],
    }
}
