//! What Pods can reach of the Node that hosts them, where policies have another word for that
//! (DR-3): then the names of Nodes mean the others.

use std::collections::BTreeMap;

use fibula_network::ElementId;
use fibula_network::filters::{Filters, Owner, Pair};
use fibula_network::set::{SetId, Space};
use rustc_hash::FxHashMap;

use super::cells::is_empty;
use super::classes::Class;
use super::entities::Entities;
use crate::reach::cells::{columns, part_of};
use crate::reach::joints::Joints;
use crate::reach::opened::{Leaf, Part, Reader};

/// Pods of which the same differs of their own Node.
#[derive(Clone, Debug)]
pub(super) struct OwnNode {
    /// Numbers of entities, sorted.
    pub(super) from: Vec<usize>,
    pub(super) part: Part,
    /// All that differs, of which that is a part.
    pub(super) leaf: Leaf,
    /// Whether they are only there where it is open.
    pub(super) with: bool,
}

/// What the Node of a pod lets through of it, by the joints of the pod and of the Node: already in the
/// space of both.
type Known = FxHashMap<(usize, usize), Leaf>;

/// What opens and what closes of each pod's own Node. None where that is as other Nodes in both.
pub(super) fn own_nodes(
    pair: &mut Pair,
    filters: [&Filters<'_>; 2],
    joints: [&Joints; 2],
    entities: &Entities,
    classes: &[Class],
    reader: &mut Reader,
) -> Option<[Vec<OwnNode>; 2]> {
    if filters.iter().all(|filters| filters.own_node == filters.allowed) {
        return None;
    }
    let own = filters.map(|filters| columns(filters, filters.own_node, Filters::TARGET));
    let mut known: [Known; 2] = Default::default();
    let mut found: [BTreeMap<(bool, Leaf), Vec<usize>>; 2] = Default::default();
    let pods = classes.iter().filter(|class| class.owner == Owner::Pods);
    for at in pods.filter(|class| class.contested.is_empty()).flat_map(|class| &class.entities) {
        let entity = entities.all[*at];
        let leaves = [0, 1].map(|side| {
            let of = Of { side, filters: filters[side], joints: joints[side], own: &own[side] };
            of.leaf(pair, entity.sides[side], &mut known[side])
        });
        // Of a Node whose address is disputed nobody knows.
        let (Some(old), Some(new)) = (leaves[0], leaves[1]) else { continue };
        for (which, (open, closed)) in [(new, old), (old, new)].into_iter().enumerate() {
            let mut leaf: Leaf = [None; 2];
            for (family, leaf) in leaf.iter_mut().enumerate() {
                let but = closed[family].unwrap_or(Space::EMPTY);
                *leaf = open[family].map(|open| pair.space.minus(open, but));
            }
            if !is_empty(leaf) {
                let with = entity.sides.contains(&None);
                found[which].entry((with, leaf)).or_default().push(*at);
            }
        }
    }
    Some(found.map(|by_leaf| {
        let mut all = vec![];
        for ((with, leaf), mut entities) in by_leaf {
            entities.sort_unstable();
            let parts = reader.parts(pair, leaf).into_iter();
            let own = |part| OwnNode { from: entities.clone(), part, leaf, with };
            all.extend(parts.map(own));
        }
        all
    }))
}

/// One of the two networks.
struct Of<'a, 'n> {
    side: usize,
    filters: &'a Filters<'n>,
    joints: &'a Joints,
    own: &'a [SetId],
}

impl Of<'_, '_> {
    /// What the own Node of a pod lets through, of a pod that is there; nothing of one that is not.
    fn leaf(&self, pair: &mut Pair, pod: Option<ElementId>, known: &mut Known) -> Option<Leaf> {
        let Some(pod) = pod else { return Some([None; 2]) };
        let source = self.joints.of(pod)?;
        let Some(host) = self.filters.network.fib(pod).and_then(|fib| fib.me.host) else {
            return Some([None; 2]);
        };
        let target = self.joints.of(host)?;
        if let Some(leaf) = known.get(&(source, target)) {
            return Some(*leaf);
        }
        let node = &self.joints.all[target];
        if !node.contested.is_empty() {
            return None;
        }
        let mut leaf: Leaf = [None; 2];
        for (family, leaf) in leaf.iter_mut().enumerate() {
            let atoms = self.joints.all[source].atoms[family].zip(node.atoms[family]);
            *leaf = atoms.map(|(source, target)| {
                let set = part_of(self.filters, self.own[target as usize], source);
                pair.import_part(self.side, self.filters, set)
            });
        }
        known.insert((source, target), leaf);
        Some(leaf)
    }
}
