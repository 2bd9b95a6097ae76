//! What was not read and could change what a Service leads to (DR-21).

use std::collections::BTreeSet;

use fibula_cluster::Decides;

use crate::reach::By;
use crate::trace::{Ground, Unread};

/// What stands beside a Service, in its namespace, and has a say in what is behind it, whoever asks
/// (SVC-15).
const BESIDE: [&str; 3] = ["EndpointSlice", "ServiceExport", "ServiceImport"];

/// Whether this stands beside Services. What does not is of a mesh.
pub(crate) fn is_beside(unread: &Unread) -> bool {
    BESIDE.contains(&&*unread.kind)
}

/// What could say that something else is behind the Services of a namespace.
pub(crate) fn beside<'u>(
    unread: &'u [Unread],
    namespace: &str,
) -> impl Iterator<Item = &'u Unread> {
    all(unread).filter(move |unread| {
        let near = |name: &str| unread.namespaces.contains_key(name);
        is_beside(unread) && (near("") || near(namespace))
    })
}

/// What could lead elsewhere whatever a pod sends to a Service: a mesh acts in the pod, from any
/// namespace.
pub(crate) fn meshes(unread: &[Unread]) -> impl Iterator<Item = &Unread> {
    all(unread).filter(|unread| !is_beside(unread))
}

fn all(unread: &[Unread]) -> impl Iterator<Item = &Unread> {
    unread.iter().filter(|unread| unread.decides == Decides::Service)
}

/// What could say that something else is behind a way in.
pub(crate) fn of_door<'u>(unread: &'u [Unread], by: &By) -> impl Iterator<Item = &'u Unread> {
    let namespace = match by {
        By::Service(path) => path.split_once('/').map(|(namespace, _)| namespace),
        By::HostPort => None,
    };
    namespace.into_iter().flat_map(|namespace| beside(unread, namespace))
}

/// All that could change what some Service of a cluster leads to.
pub(crate) fn of_services(ground: Ground<'_>) -> Vec<Unread> {
    let services = ground.cluster.map_or(&[][..], |cluster| &cluster.services);
    if services.is_empty() || all(ground.unread).next().is_none() {
        return vec![];
    }
    let namespaces: BTreeSet<&str> = services.iter().map(|s| s.namespace.as_str()).collect();
    let found = namespaces.into_iter().flat_map(|namespace| beside(ground.unread, namespace));
    let found: BTreeSet<&Unread> = found.chain(meshes(ground.unread)).collect();
    found.into_iter().cloned().collect()
}
