//! Services whose ports or selectors lead nowhere.

use super::{Finding, Severity, count, list, whole};
use crate::cluster::Cluster;
use crate::service::{Service, ServicePort, TargetPort};

/// Ports of Services that no selected pod declares: a number works all the same (POD-2), a name
/// leads nowhere (SVC-14).
pub(super) fn targets(cluster: &Cluster, findings: &mut Vec<Finding>) {
    let mut numbers = Vec::new();
    let mut services = Vec::new();
    for service in cluster.services.iter().filter(|service| !service.selects.is_empty()) {
        let undeclared = service.ports.iter().filter(|port| !declared(cluster, service, port));
        for port in undeclared {
            let at = format!("{}:{}", name(service), port.number);
            match &port.target {
                TargetPort::Number(number) => {
                    numbers.push(format!("{at} → {number}/{}", port.protocol.name()));
                    services.push(service.object);
                }
                TargetPort::Name(target) => findings.push(Finding {
                    id: "unknown-port-name",
                    rule: "SVC-14",
                    severity: Severity::Warning,
                    message: format!(
                        "Service {at} targets the {} port named {target}, and no pod that it \
                         selects has one: it has no endpoints",
                        port.protocol.name()
                    ),
                    places: vec![whole(service.object)],
                    subjects: vec![at],
                }),
            }
        }
    }
    if !numbers.is_empty() {
        let ports = count(numbers.len(), "port");
        services.dedup();
        let target = if services.len() == 1 { "targets" } else { "target" };
        findings.push(Finding {
            id: "undeclared-port",
            rule: "SVC-14",
            severity: Severity::Note,
            message: format!(
                "{} {target} {ports} that no container declares; that is allowed: {}",
                count(services.len(), "Service"),
                list(&numbers)
            ),
            places: services.into_iter().map(whole).collect(),
            subjects: numbers,
        });
    }
}

/// Services with a selector that selects no pod (SVC-10) and that no slice gives an endpoint: what
/// is sent to them is rejected.
pub(super) fn select_nothing(cluster: &Cluster, findings: &mut Vec<Finding>) {
    let nothing = |s: &&Service| {
        !s.selector.is_empty() && s.selects.is_empty() && s.standing().next().is_none()
    };
    let services: Vec<&Service> = cluster.services.iter().filter(nothing).collect();
    let names: Vec<String> = services
        .iter()
        .map(|service| {
            let labels = service.selector.iter().map(|(key, value)| format!("{key}={value}"));
            format!("{} ({})", name(service), labels.collect::<Vec<_>>().join(","))
        })
        .collect();
    if !names.is_empty() {
        let select = if names.len() == 1 { "selects" } else { "select" };
        findings.push(Finding {
            id: "service-without-pods",
            rule: "SVC-10",
            severity: Severity::Note,
            message: format!("{} {select} no pod: {}", count(names.len(), "Service"), list(&names)),
            places: services.iter().map(|service| whole(service.object)).collect(),
            subjects: names,
        });
    }
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
