//! A cluster, changed.

use std::sync::Arc;

use fibula_cluster::api::{Labels, Word};
use fibula_cluster::{Cluster, ObjectId, Pod, Service, ServicePort, TargetPort};

use super::{Change, Edit, Labelled, policies};

/// The label of a namespace that is its name (NP-14).
const NAME: &str = "kubernetes.io/metadata.name";

// === impl Change ===

impl Change {
    /// The cluster with this change; nothing where something that it speaks of is not there, or
    /// Kubernetes would refuse it.
    ///
    /// Costs a copy of the cluster; a label also a look at each pod for each Service that asks for it.
    pub fn apply(&self, cluster: &Cluster) -> Option<Cluster> {
        let mut cluster = cluster.clone();
        for edit in &self.edits {
            edit.make(&mut cluster)?;
        }
        Some(cluster)
    }
}

// === impl Edit ===

impl Edit {
    fn make(&self, cluster: &mut Cluster) -> Option<()> {
        match self {
            Edit::AddPeer { .. }
            | Edit::RemovePeer { .. }
            | Edit::AddPort { .. }
            | Edit::RemovePort { .. }
            | Edit::AddRule { .. }
            | Edit::RemoveRule(_)
            | Edit::AddPolicy(_) => policies::make(self, cluster),
            Edit::SetLabel { of: Labelled::Namespace(name), key, value } => {
                let mut namespaces = cluster.namespaces.iter_mut();
                let namespace = namespaces.find(|namespace| namespace.name == *name)?;
                if key == NAME {
                    return None;
                }
                namespace.labels = set(&namespace.labels, key, value.as_deref());
                Some(())
            }
            Edit::SetLabel { of: Labelled::Workload { namespace, workload }, key, value } => {
                let own = |pod: &&mut Pod| pod.namespace == *namespace && pod.workload == *workload;
                let mut found = false;
                let mut last: Option<(Arc<Labels>, Arc<Labels>)> = None;
                for pod in cluster.pods.iter_mut().filter(own) {
                    found = true;
                    let known = last.as_ref().filter(|(before, _)| *before == pod.labels);
                    let after = known.map(|(_, after)| Arc::clone(after));
                    let after =
                        after.unwrap_or_else(|| Arc::new(set(&pod.labels, key, value.as_deref())));
                    last = Some((Arc::clone(&pod.labels), Arc::clone(&after)));
                    pod.labels = after;
                }
                let asks = |service: &Service| {
                    service.namespace == *namespace
                        && service.selector.iter().any(|(asked, _)| asked == key)
                };
                let all = 0..cluster.services.len();
                let services: Vec<usize> = all.filter(|i| asks(&cluster.services[*i])).collect();
                services.into_iter().for_each(|service| cluster.reselect(service));
                found.then_some(())
            }
            Edit::SetSelector { service, key, value } => change(cluster, *service, |service| {
                let asked = service.selector.iter_mut().find(|(asked, _)| asked == key)?;
                asked.1.clone_from(value);
                Some(())
            }),
            Edit::SetServicePort { service, index, number, protocol } => {
                change(cluster, *service, |service| {
                    if has(service, *number, *protocol) {
                        return None;
                    }
                    let port = port(service, *index)?;
                    // Where nothing else is said, the endpoints have the same port (SVC-1); nobody
                    // knows here whether it was said.
                    (port.number, port.protocol) = (*number, *protocol);
                    Some(())
                })
            }
            Edit::AddServicePort { service, name, number, protocol, target, other } => {
                change(cluster, *service, |service| {
                    if let ([only], Some(other)) = (&mut service.ports[..], other) {
                        only.name.get_or_insert_with(|| other.clone());
                    }
                    let named =
                        service.ports.iter().all(|p| p.name.as_ref().is_some_and(|n| n != name));
                    if !named || has(service, *number, *protocol) {
                        return None;
                    }
                    let index = service.ports.last().map_or(0, |last| last.index + 1);
                    service.ports.push(ServicePort {
                        name: Some(name.clone()),
                        number: *number,
                        protocol: *protocol,
                        target: TargetPort::Number(*target),
                        node_port: None,
                        index,
                    });
                    Some(())
                })
            }
            Edit::SetTargetPort { service, index, target } => {
                change(cluster, *service, |service| {
                    port(service, *index)?.target = TargetPort::Number(*target);
                    Some(())
                })
            }
        }
    }
}

/// Changes a Service, and finds again what stands behind it.
fn change(
    cluster: &mut Cluster,
    object: ObjectId,
    change: impl FnOnce(&mut Service) -> Option<()>,
) -> Option<()> {
    let at = cluster.services.iter().position(|service| service.object == object)?;
    change(&mut cluster.services[at])?;
    cluster.reselect(at);
    Some(())
}

fn port(service: &mut Service, index: u16) -> Option<&mut ServicePort> {
    service.ports.iter_mut().find(|port| port.index == index)
}

fn has(service: &Service, number: u16, protocol: fibula_cluster::Protocol) -> bool {
    service.ports.iter().any(|port| (port.number, port.protocol) == (number, protocol))
}

/// Labels with one set, or without it.
fn set(labels: &Labels, key: &str, value: Option<&str>) -> Labels {
    let others = labels.iter().filter(|(own, _)| *own != key);
    let all = others.chain(value.map(|value| (key, value)));
    all.map(|(key, value)| (Word::from(key), value.to_owned())).collect()
}
