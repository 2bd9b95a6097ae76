//! Services whose ports or selectors lead nowhere.

use std::collections::BTreeMap;

use super::near::Near;
use super::{One, Severity, Told, count, whole};
use crate::cluster::Cluster;
use crate::place::{ContainerList, Place};
use crate::service::{Service, ServicePort, TargetPort};

/// Ports of Services that no selected pod declares: a number works all the same (POD-2), a name
/// leads nowhere (SVC-14).
pub(super) fn targets(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let mut numbers = Vec::new();
    let mut services: BTreeMap<usize, usize> = BTreeMap::new();
    let some = cluster.services.iter().enumerate().filter(|(_, s)| !s.selects.is_empty());
    for (index, service) in some {
        let undeclared = service.ports.iter().filter(|port| !declared(cluster, service, port));
        for port in undeclared {
            let at = format!("{}:{}", name(service), port.number);
            let place = target(service, port);
            match &port.target {
                TargetPort::Number(number) => {
                    let name = format!("{at} → {number}/{}", port.protocol.name());
                    if told.hears("undeclared-port", place) {
                        numbers.push(One::new(name, place).known_by(&at));
                        *services.entry(index).or_default() += 1;
                    }
                }
                TargetPort::Name(target) => {
                    let kind = ("unknown-port-name", "SVC-14", Severity::Warning);
                    let near = near_port(cluster, service, port, target);
                    let near =
                        near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                    told.alike(kind, vec![One::new(at, place)], |_, at| {
                        format!(
                            "Service {at} targets the {} port named {target}, and no pod that it \
                             selects has one: it has no endpoints{near}",
                            port.protocol.name()
                        )
                    });
                }
            }
        }
    }
    let services = services.len();
    told.alike(("undeclared-port", "SVC-14", Severity::Note), numbers, |n, names| {
        let target = if services == 1 { "targets" } else { "target" };
        format!(
            "{} {target} {} that no container declares; that is allowed: {names}",
            count(services, "Service"),
            count(n, "port")
        )
    });
}

/// Services with a selector that selects no pod (SVC-10) and that no slice gives an endpoint: what
/// is sent to them is rejected.
pub(super) fn select_nothing(told: &mut Told<'_>, near: &Near<'_>) {
    let nothing = |s: &&Service| {
        !s.selector.is_empty() && s.selects.is_empty() && s.standing().next().is_none()
    };
    let services = told.cluster.services.iter().filter(nothing);
    let ones = services.map(|service| {
        let labels = near.wanted_labels(&service.namespace, &service.selector);
        let near = near.of_labels(&service.namespace, &service.selector);
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let place = Place::field(service.object, ContainerList::Selector);
        One::new(format!("{} ({labels}{near})", name(service)), place).known_by(name(service))
    });
    let ones = ones.collect();
    told.alike(("service-without-pods", "SVC-10", Severity::Note), ones, |n, names| {
        let select = if n == 1 { "selects" } else { "select" };
        format!("{} {select} no pod: {names}", count(n, "Service"))
    });
}

/// Where a port of a Service says which port of its pods it means; where it does not, the Service.
fn target(service: &Service, port: &ServicePort) -> Place {
    let container = Some((ContainerList::Targets, port.index));
    Place { container, ..whole(service.object) }
}

/// A name of a port that is like the one that a Service targets, of its pods.
fn near_port(
    cluster: &Cluster,
    service: &Service,
    port: &ServicePort,
    target: &str,
) -> Option<String> {
    let pods = service.selects.iter().map(|&pod| &cluster.pods[pod]);
    let lasting = pods.flat_map(|pod| &pod.containers).filter(|container| container.lasting);
    let ports = lasting.flat_map(|c| &c.ports).filter(|p| p.protocol == port.protocol);
    super::near::nearest(target, ports.filter_map(|port| port.name.as_deref())).map(str::to_owned)
}

/// Whether some pod that the Service selects declares the target. A name is looked for where
/// FindPort looks (SVC-14), which is not among containers that come and go.
pub(super) fn declared(cluster: &Cluster, service: &Service, port: &ServicePort) -> bool {
    let pods = service.selects.iter().map(|&pod| &cluster.pods[pod]);
    let containers = pods.flat_map(|pod| &pod.containers);
    let lasting = containers.filter(|container| container.lasting);
    let mut ports = lasting.flat_map(|c| &c.ports).filter(|p| p.protocol == port.protocol);
    ports.any(|candidate| match &port.target {
        TargetPort::Number(number) => candidate.number == *number,
        TargetPort::Name(name) => candidate.name.as_ref() == Some(name),
    })
}

pub(super) fn name(service: &Service) -> String {
    format!("{}/{}", service.namespace, service.name)
}
