//! For whom an endpoint is preferred, where the Service says so and no slice does (SVC-43).

use std::sync::Arc;

use crate::cluster::Node;
use crate::service::{Distribution, Hints};

/// The hints that endpoints of each Node get: one value for all of them.
pub(super) struct Preferred<'a> {
    nodes: &'a [Node],
    same_zone: Vec<Option<Arc<Hints>>>,
    same_node: Vec<Arc<Hints>>,
}

impl<'a> Preferred<'a> {
    pub(super) fn new(nodes: &'a [Node]) -> Self {
        let zones = |node: &Node| node.zone.iter().cloned().collect::<Vec<_>>();
        let same_zone = nodes.iter().map(|node| {
            let hints = || Arc::new(Hints { zones: zones(node), nodes: Vec::new() });
            node.zone.is_some().then(hints)
        });
        let same_node = nodes.iter().enumerate();
        let same_node =
            same_node.map(|(i, node)| Arc::new(Hints { zones: zones(node), nodes: vec![i] }));
        Self { nodes, same_zone: same_zone.collect(), same_node: same_node.collect() }
    }

    /// What the controller would write for a ready endpoint on a Node, in a zone that is the
    /// Node's where it is empty. Nothing where the Service prefers none, or leaves it to CPUs.
    pub(super) fn of(
        &self,
        distribution: Distribution,
        node: Option<usize>,
        zone: &str,
    ) -> Option<Arc<Hints>> {
        let on_node = distribution == Distribution::SameNode;
        if !on_node && distribution != Distribution::SameZone {
            return None;
        }
        let known = node.and_then(|i| self.nodes.get(i));
        if !zone.is_empty() && known.is_none_or(|node| node.zone.as_deref() != Some(zone)) {
            let nodes = node.filter(|_| on_node).into_iter().collect();
            return Some(Arc::new(Hints { zones: vec![zone.to_owned()], nodes }));
        }
        match on_node {
            true => self.same_node.get(node?).cloned(),
            false => self.same_zone.get(node?)?.clone(),
        }
    }
}
