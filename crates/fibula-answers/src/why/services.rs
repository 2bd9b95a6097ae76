//! Edits of Services, and of labels that they ask for, where a Service has no use for a message.

use fibula_cluster::{
    Cluster, Pod, Protocol, Service, ServiceKind, ServicePort, TargetPort, Workload,
};
use fibula_network::Header;

use super::blocks::protocol;
use crate::change::{Edit, Labelled};
use crate::trace::Why;

/// How many edits of a kind are tried.
const MOST: usize = 8;

/// Edits that could make a Service of use for a message.
pub(super) fn edits(cluster: &Cluster, why: &Why, header: Header) -> Vec<Edit> {
    let Some(service) = of(cluster, why) else { return vec![] };
    match why {
        Why::NoPort(..) => ports(cluster, service, header),
        Why::SelectsNothing(..) => selectors(cluster, service),
        Why::NoSuchTarget(_, name) => targets(cluster, service, name),
        Why::NoSelector(_)
        | Why::EmptySlices(_)
        | Why::NoFamily(_)
        | Why::Unready(..)
        | Why::Elsewhere(..)
        | Why::OutOfRange(_) => vec![],
    }
}

/// The Service that a reason names.
pub(super) fn of<'c>(cluster: &'c Cluster, why: &Why) -> Option<&'c Service> {
    let (namespace, name) = why.service().split_once('/')?;
    cluster.services.iter().find(|s| s.namespace == namespace && s.name == name)
}

/// A port that the Service does not have: one more, or another number or protocol of one that it has.
fn ports(cluster: &Cluster, service: &Service, header: Header) -> Vec<Edit> {
    let (number, wanted) = (header.dport, protocol(header.proto));
    let object = service.object;
    let mut edits: Vec<Edit> = vec![];
    // With several ports each must have a name.
    let called =
        |number: u16, protocol: Protocol| format!("{}-{number}", protocol.name().to_lowercase());
    let other = match &service.ports[..] {
        [only] if only.name.is_none() => Some(called(only.number, only.protocol)),
        _ => None,
    };
    let named = other.is_some() || service.ports.iter().all(|port| port.name.is_some());
    if named && service.kind != ServiceKind::Headless {
        let pods = service.selects.iter().filter_map(|pod| cluster.pods.get(*pod));
        let mut declared = pods.flat_map(ports_of);
        let listens = declared.any(|(own, port)| own == number && port == wanted);
        let same = service.ports.iter().find_map(|port| match port.target {
            TargetPort::Number(target) if port.protocol == wanted => Some(target),
            _ => None,
        });
        let target = if listens { Some(number) } else { same };
        if let Some(target) = target {
            edits.push(Edit::AddServicePort {
                service: object,
                name: called(number, wanted),
                number,
                protocol: wanted,
                target,
                other,
            });
        }
    }
    let alike = |port: &&ServicePort| port.protocol == wanted || port.number == number;
    let alike = service.ports.iter().filter(alike);
    edits.extend(alike.take(MOST).map(|port| Edit::SetServicePort {
        service: object,
        index: port.index,
        number,
        protocol: wanted,
    }));
    edits
}

/// Labels that no pod has: of a workload that has all others of them, or another value in the
/// Service, that such a workload has. Those come first whose name is most like the Service's.
fn selectors(cluster: &Cluster, service: &Service) -> Vec<Edit> {
    let mut near: Vec<(usize, &Workload, &Pod)> = vec![];
    let own = cluster.pods.iter().filter(|pod| pod.live && pod.namespace == service.namespace);
    for pod in own {
        if near.iter().any(|(_, workload, _)| **workload == pod.workload) {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&service.name, &pod.workload.name);
        near.push((distance, &pod.workload, pod));
    }
    near.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    let mut edits: Vec<Edit> = vec![];
    for (_, workload, pod) in near {
        let missing = service.selector.iter();
        let missing = missing.filter(|(key, value)| pod.labels.get(key) != Some(value));
        let missing: Vec<&(String, String)> = missing.collect();
        let [(key, value)] = missing[..] else { continue };
        if let Some(has) = pod.labels.get(key) {
            edits.push(Edit::SetSelector {
                service: service.object,
                key: key.clone(),
                value: has.to_owned(),
            });
        }
        edits.push(Edit::SetLabel {
            of: Labelled::Workload {
                namespace: service.namespace.clone(),
                workload: workload.clone(),
            },
            key: key.clone(),
            value: Some(value.clone()),
        });
        if edits.len() >= 2 * MOST {
            break;
        }
    }
    edits
}

/// A name that no pod behind the Service has for a port: the ports that they declare.
fn targets(cluster: &Cluster, service: &Service, name: &str) -> Vec<Edit> {
    let named = |port: &&ServicePort| match &port.target {
        TargetPort::Name(own) => own == name,
        TargetPort::Number(_) => false,
    };
    let mut edits: Vec<Edit> = vec![];
    for port in service.ports.iter().filter(named) {
        let pods = service.selects.iter().filter_map(|pod| cluster.pods.get(*pod));
        let mut declared: Vec<u16> = pods
            .flat_map(ports_of)
            .filter(|(_, protocol)| *protocol == port.protocol)
            .map(|(number, _)| number)
            .collect();
        declared.sort_unstable();
        declared.dedup();
        // The Service's own port is what is meant most.
        declared.sort_by_key(|number| *number != port.number);
        edits.extend(declared.into_iter().take(MOST).map(|target| Edit::SetTargetPort {
            service: service.object,
            index: port.index,
            target,
        }));
    }
    edits
}

/// What lasting containers of a pod declare.
fn ports_of(pod: &Pod) -> impl Iterator<Item = (u16, Protocol)> + '_ {
    let lasting = pod.containers.iter().filter(|container| container.lasting);
    lasting.flat_map(|container| &container.ports).map(|port| (port.number, port.protocol))
}
