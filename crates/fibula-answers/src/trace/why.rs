//! Why a Service has no use for a message: what the cluster knows of it.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Endpoint, Service, ServicePort, TargetPort};
use fibula_network::walk::{Life, Step};
use fibula_network::{Action, ElementId, Network, Port, Reason};

use super::header_before;
use super::service::{At, AtKind, at};
use crate::names::proto;

/// Why a Service refuses or drops a message. Each names the Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It does not have the port (SVC-27): those it has.
    NoPort(String, Vec<Port>),
    /// It selects labels that no pod has (SVC-10).
    SelectsNothing(String, Vec<(String, String)>),
    /// It has no selector, and nothing else names an endpoint (SVC-10, SVC-15).
    NoSelector(String),
    /// The pods that it selects have no port of that name (SVC-14).
    NoSuchTarget(String, String),
    /// Its slices name no endpoint for the port, in this family (SVC-17).
    EmptySlices(String),
    /// The pods that it selects have no address in this family (SVC-12).
    NoFamily(String),
    /// None of so many endpoints is ready (SVC-11, SVC-40).
    Unready(String, usize),
    /// It has endpoints, but none on this Node, and its policy is `Local` (SVC-51, SVC-53): the
    /// field that says so.
    Elsewhere(String, ElementId, &'static str),
    /// Its source ranges do not let the sender in (SVC-25).
    OutOfRange(String),
}

// === impl Why ===

impl Why {
    /// The Service, by namespace and name.
    pub fn service(&self) -> &str {
        let (Why::NoPort(name, _)
        | Why::SelectsNothing(name, _)
        | Why::NoSelector(name)
        | Why::NoSuchTarget(name, _)
        | Why::EmptySlices(name)
        | Why::NoFamily(name)
        | Why::Unready(name, _)
        | Why::Elsewhere(name, ..)
        | Why::OutOfRange(name)) = self;
        name
    }
}

/// Why the Service that ended a life did; none where none did, or where the cluster does not tell.
pub(super) fn why(cluster: &Cluster, network: &Network, life: &Life) -> Option<Why> {
    let last = life.steps.len().checked_sub(1)?;
    let Step::Decide { at: node, entry, .. } = *life.steps.get(last)? else { return None };
    let drops = match network.entry(entry).action {
        Action::Discard(Reason::Service) => true,
        Action::Reject(Reason::Service) => false,
        _ => return None,
    };
    let header = header_before(life, last)?;
    let At { service, port, kind } = at(cluster, header)?;
    let name = format!("{}/{}", service.namespace, service.name);
    let Some(port) = port else {
        let has = service.ports.iter();
        let has = has.map(|p| Port { proto: proto(p.protocol), number: p.number }).collect();
        return Some(Why::NoPort(name, has));
    };
    let dst = IpAddr::from(header.dst);
    let family = |endpoint: &&Endpoint| endpoint.addr.is_ipv4() == dst.is_ipv4();
    let endpoints = || endpoints_of(service, port).iter().filter(family);
    let usable = |e: &Endpoint| e.ready || (e.serving && e.terminating);
    if endpoints().any(usable) {
        let src = IpAddr::from(header.src);
        let ranges = &service.source_ranges;
        let outside = !ranges.iter().any(|range| range.contains(&src));
        return match kind {
            _ if !drops => None,
            AtKind::Balancer if !ranges.is_empty() && outside => Some(Why::OutOfRange(name)),
            AtKind::ClusterIp => Some(Why::Elsewhere(name, node, "internalTrafficPolicy")),
            _ => Some(Why::Elsewhere(name, node, "externalTrafficPolicy")),
        };
    }
    Some(match endpoints().count() {
        0 => nothing_behind(cluster, service, port, name, dst.is_ipv4()),
        n => Why::Unready(name, n),
    })
}

fn endpoints_of<'s>(service: &'s Service, port: &ServicePort) -> &'s [Endpoint] {
    let at = service.ports.iter().position(|p| p == port).unwrap_or(usize::MAX);
    service.endpoints_of(u16::try_from(at).unwrap_or(u16::MAX))
}

/// Why a port of a Service has no endpoint at all.
fn nothing_behind(
    cluster: &Cluster,
    service: &Service,
    port: &ServicePort,
    name: String,
    v4: bool,
) -> Why {
    if service.sliced {
        return Why::EmptySlices(name);
    }
    if service.selector.is_empty() {
        return Why::NoSelector(name);
    }
    let pods = service.selects.iter().filter_map(|pod| cluster.pods.get(*pod));
    let mut live = pods.filter(|pod| pod.live);
    let labels = service.selector.clone();
    let Some(first) = live.next() else { return Why::SelectsNothing(name, labels) };
    let has_family = |pod: &fibula_cluster::Pod| {
        let node = cluster.nodes.get(pod.node).filter(|_| pod.host_network);
        let addresses = node.map_or(&pod.addresses, |node| &node.addresses);
        addresses.iter().any(|addr| addr.is_ipv4() == v4)
    };
    match &port.target {
        TargetPort::Name(target) if std::iter::once(first).chain(live).any(has_family) => {
            Why::NoSuchTarget(name, target.clone())
        }
        _ => Why::NoFamily(name),
    }
}
