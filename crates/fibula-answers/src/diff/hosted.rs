//! A Node and the pods that it hosts: between these no policy has a word (NP-32), and of what a pod
//! sends to its own Node some have another one (DR-3). So neither opens nor closes anything between
//! the two.

use std::collections::{BTreeMap, BTreeSet};

use super::entities::Entities;
use super::lines::Group;
use crate::reach::Who;
use crate::trace::Ground;

/// Of how many Nodes together it is told apart which of them host whom. What is said of more Nodes, or
/// of such as no object says to be there, is meant of those that do not, as in `reach`.
const MOST_NODES: usize = 8;

/// Tells who hosts whom.
pub(super) struct Hosted<'a> {
    grounds: [Ground<'a>; 2],
    entities: &'a Entities,
    /// The Nodes that are objects, in one of the two.
    said: BTreeSet<usize>,
}

// === impl Hosted ===

impl<'a> Hosted<'a> {
    pub(super) fn new(grounds: [Ground<'a>; 2], entities: &'a Entities) -> Hosted<'a> {
        let nodes = grounds.iter().flat_map(|ground| ground.cluster).flat_map(|own| &own.nodes);
        let names = nodes
            .filter(|node| node.object.is_some() || !node.invented)
            .map(|node| node.name.as_str());
        let names: BTreeSet<&str> = names.collect();
        let known = grounds.iter().any(|ground| ground.cluster.is_some());
        let said = entities.all.iter().zip(0..).filter_map(|(entity, at)| {
            let Who::Node(name) = &entities.wholes[entity.whole.0 as usize].who else {
                return None;
            };
            (!known || names.contains(name.as_str())).then_some(at)
        });
        Hosted { grounds, entities, said: said.collect() }
    }

    /// The same as pairs of groups of which no Node of one hosts a pod of the other; of many Nodes only
    /// what is of one Node and its own pods alone is left out.
    /// So is it of what came or went with one of its ends.
    pub(super) fn apart(
        &self,
        (from, to): (Group, Group),
        own_node: bool,
        with: bool,
    ) -> Vec<(Group, Group)> {
        let (senders, receivers) = (self.nodes(&from), self.nodes(&to));
        let mut said = senders.iter().chain(&receivers);
        let most = if with || !said.all(|node| self.is_said(*node)) { 1 } else { MOST_NODES };
        let mut pairs = match senders.len() <= most && !senders.is_empty() {
            true => self.parted(&senders, from, to),
            false => vec![(from, to)],
        };
        if own_node && !receivers.is_empty() && receivers.len() <= most {
            let parted = pairs.into_iter().flat_map(|(from, to)| {
                let receivers = self.nodes(&to);
                let parted = self.parted(&receivers, to, from);
                parted.into_iter().map(|(to, from)| (from, to)).collect::<Vec<_>>()
            });
            pairs = parted.collect();
        }
        pairs
    }

    /// The others by which of some Nodes host them.
    fn parted(&self, nodes: &[usize], ours: Group, others: Group) -> Vec<(Group, Group)> {
        let mut by_hosts: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for at in &others.entities {
            let hosts = nodes.iter().copied().filter(|node| self.hosts(*node, *at));
            by_hosts.entry(hosts.collect()).or_default().push(*at);
        }
        if by_hosts.keys().all(Vec::is_empty) {
            return vec![(ours, others)];
        }
        let Group { ranges, own_node, .. } = &others;
        if !ranges.is_empty() || *own_node {
            by_hosts.entry(vec![]).or_default();
        }
        let parted = by_hosts.into_iter().map(|(hosts, entities)| {
            let mut ours = ours.clone();
            ours.entities.retain(|at| !hosts.contains(at));
            let all = hosts.is_empty();
            let ranges = if all { ranges.clone() } else { vec![] };
            (ours, Group { entities, ranges, own_node: all && *own_node })
        });
        let is_any = |group: &Group| {
            !(group.entities.is_empty() && group.ranges.is_empty() && !group.own_node)
        };
        parted.filter(|(ours, others)| is_any(ours) && is_any(others)).collect()
    }

    /// Those of a group that are Nodes.
    fn nodes(&self, group: &Group) -> Vec<usize> {
        let mut nodes = group.entities.clone();
        nodes.retain(|at| self.entities.is_node(*at));
        nodes
    }

    /// Whether an object says that there is a Node: where pods of a cluster of manifests are, nobody
    /// knows.
    fn is_said(&self, node: usize) -> bool {
        self.said.contains(&node)
    }

    /// Whether a Node hosts a pod, before or after.
    fn hosts(&self, node: usize, pod: usize) -> bool {
        let (node, pod) = (self.entities.all[node].sides, self.entities.all[pod].sides);
        [0, 1].into_iter().any(|side| {
            let host = pod[side].and_then(|id| self.grounds[side].network.fib(id)?.me.host);
            host.is_some() && host == node[side]
        })
    }
}
