//! Where elements are: on which Node, in which namespace.

use std::iter::successors;

use fibula_network::{ElementId, Kind, Network};

/// The Node that an element is, or that hosts it.
pub(super) fn node(network: &Network, id: ElementId) -> Option<ElementId> {
    let mut up = successors(Some(id), |id| network.facts.host(*id)).take(3);
    up.find(|id| network.kind(*id) == Kind::Node)
}

/// The Pod that an element is, or that hosts it.
pub(crate) fn pod(network: &Network, id: ElementId) -> Option<ElementId> {
    match network.kind(id) {
        Kind::Pod => Some(id),
        Kind::Container => network.facts.host(id),
        _ => None,
    }
}

/// The namespace of a Pod, by its name.
pub(super) fn namespace(network: &Network, pod: ElementId) -> Option<&str> {
    Some(network.element(pod).name.split_once('/')?.0)
}
