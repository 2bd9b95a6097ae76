//! What stands behind each Service: what slices say, else what its pods imply (SVC-10 to SVC-18).

use std::net::IpAddr;

use rayon::prelude::*;

use super::hints::Preferred;
use super::invent::Family;
use super::services::ServiceDraft;
use super::slices::Slices;
use crate::cluster::{Node, Pod, Protocol, Twins};
use crate::service::{Endpoint, Service, ServiceKind, TargetPort};

/// What the endpoints of all Services are made of.
pub(crate) struct Around<'a> {
    pub(super) pods: &'a [Pod],
    pub(super) nodes: &'a [Node],
    /// Of each Node, whether it exists as an object.
    exists: Vec<bool>,
    pub(super) preferred: Preferred<'a>,
}

/// Finds what stands behind each Service.
///
/// Slices win over pods (SVC-17): for a Service that has one. A Service with a selector that has
/// none is what its pods imply, except where it was read from a cluster (it has a `uid`) and a
/// slice of the slice controller was read from its namespace: the controller writes one for each
/// Service, so there it has no endpoints. A slice that somebody wrote by hand says nothing of
/// other Services, and a Service that is only a manifest has no slices yet. Endpoints of a Service
/// without a selector are slices, as they are mirrored (SVC-15), unless the mirror was read.
pub(super) fn join(
    drafts: Vec<ServiceDraft>,
    around: &Around<'_>,
    slices: &Slices<'_>,
) -> Vec<Service> {
    let joined = drafts.into_par_iter().map(|draft| {
        let ServiceDraft { mut service, families, observed, .. } = draft;
        if service.kind == ServiceKind::ExternalName {
            return service;
        }
        let endpoints = match slices.of(&service, observed, around) {
            Some(given) => {
                service.lost_nodes = given.lost_nodes.into_iter().collect();
                service.sliced = true;
                each_once(given.endpoints)
            }
            None => around.implied(&service, |ip| families.contains(&Family::of(ip))),
        };
        match service.is_portless() {
            true => service.portless = endpoints,
            false => service.endpoints = endpoints,
        }
        service
    });
    joined.collect()
}

impl<'a> Around<'a> {
    pub(crate) fn new(pods: &'a [Pod], nodes: &'a [Node], twins: &[Twins]) -> Self {
        // Where no Node was read, those that pods name or that were invented are all there are
        // (SVC-13). Of contradicting Nodes one exists.
        let none_read = nodes.iter().all(|node| node.object.is_none());
        let contradicting =
            |node: &Node| twins.iter().any(|twins| twins.kind == "Node" && twins.name == node.name);
        let exists = nodes.iter();
        let exists =
            exists.map(|node| none_read || node.object.is_some() || contradicting(node)).collect();
        Self { pods, nodes, exists, preferred: Preferred::new(nodes) }
    }

    /// The endpoints that the pods of a Service imply, with addresses of these families (SVC-10
    /// to SVC-14): what the slice controller would write.
    pub(crate) fn implied(
        &self,
        service: &Service,
        family: impl Fn(IpAddr) -> bool,
    ) -> Vec<Endpoint> {
        let mut endpoints = Vec::with_capacity(service.ports.len() * service.selects.len());
        let ports = (0..).zip(service.ports.iter().map(Some));
        // Without ports it is about addresses alone (DNS-3).
        let nameless = service.is_portless().then_some((0, None));
        for (index, port) in ports.chain(nameless) {
            for &at in &service.selects {
                let pod = &self.pods[at];
                let there = self.exists.get(pod.node).is_some_and(|exists| *exists);
                let number = match port.map(|port| (&port.target, port.protocol)) {
                    _ if !there && !service.publish_not_ready => None,
                    None => Some(0),
                    Some((TargetPort::Number(number), _)) => Some(*number),
                    Some((TargetPort::Name(name), protocol)) => find_port(pod, name, protocol),
                };
                let Some(number) = number else { continue };
                let (serving, terminating) = (pod.ready, pod.terminating);
                let ready = service.publish_not_ready || (serving && !terminating);
                for addr in self.addresses(pod).filter(|addr| family(*addr)) {
                    let prefer = || self.preferred.of(service.distribution, Some(pod.node), "");
                    endpoints.push(Endpoint {
                        port: index,
                        addr,
                        number,
                        ready,
                        serving,
                        terminating,
                        node: Some(pod.node),
                        hints: if ready { prefer() } else { None },
                        hostname: hostname(pod, service),
                        pod: Some(at),
                        object: service.object,
                    });
                }
            }
        }
        each_once(endpoints)
    }

    /// The addresses of a pod, of the host network those of its Node, one per family (SVC-12).
    pub(super) fn addresses<'s>(&'s self, pod: &'s Pod) -> impl Iterator<Item = IpAddr> + 's {
        let all: &[IpAddr] = match (pod.host_network, self.nodes.get(pod.node)) {
            (true, Some(node)) => &node.addresses,
            _ => &pod.addresses,
        };
        let first = |(i, ip): &(usize, &IpAddr)| {
            !all[..*i].iter().any(|before| Family::of(*before) == Family::of(**ip))
        };
        all.iter().enumerate().filter(first).map(|(_, ip)| *ip)
    }
}

/// Sorted by port, address and number, and each of these once: of several the one that is not
/// terminating stays (SVC-16), then the one that is ready, then the one that came first.
pub(super) fn each_once(mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    endpoints.sort_by_key(|e| (e.port, e.addr, e.number, e.terminating, !e.ready));
    endpoints.dedup_by_key(|e| (e.port, e.addr, e.number));
    endpoints
}

/// The number of a named port: the first with this name and protocol among the containers that
/// last, sidecars after the others (SVC-14).
fn find_port(pod: &Pod, name: &str, protocol: Protocol) -> Option<u16> {
    let lasting = pod.containers.iter().filter(|container| container.lasting);
    let mut ports = lasting.flat_map(|container| &container.ports);
    let found = ports.find(|p| p.protocol == protocol && p.name.as_deref() == Some(name));
    found.map(|port| port.number)
}

/// The name of a pod below its Service (SVC-13).
fn hostname(pod: &Pod, service: &Service) -> Option<Box<str>> {
    let below = pod.subdomain.as_ref() == Some(&service.name);
    pod.hostname.as_deref().filter(|_| below).map(Into::into)
}
