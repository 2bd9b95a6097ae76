//! What Pods can reach of the Node that hosts them.

use std::collections::BTreeMap;

use fibula_network::ElementId;
use fibula_network::filters::{Filters, Owner};
use fibula_network::set::Space;
use rustc_hash::FxHashMap;

use super::cells::{Cell, Cells, Group, Sides, columns, part_of};
use super::opened::Leaf;

impl Cells<'_, '_> {
    /// What Pods can reach of the Node that hosts them, where policies have another word for that
    /// (DR-3): then the names of Nodes mean the others.
    pub(super) fn own_nodes(&mut self, sides: &Sides) {
        let joints = self.joints;
        let (allowed, own) = (self.filters.allowed, self.filters.own_node);
        if allowed == own {
            return;
        }
        let own = columns(self.filters, own, Filters::TARGET);
        let mut known: FxHashMap<(usize, ElementId), [Leaf; 2]> = FxHashMap::default();
        let mut by_leaf: BTreeMap<Leaf, Vec<ElementId>> = BTreeMap::new();
        let mut differs = false;
        for (at, joint) in joints.all.iter().enumerate() {
            if !sides[0][at] || joint.owner != Owner::Pods || !joint.contested.is_empty() {
                continue;
            }
            for pod in &joint.elements {
                let host = self.filters.network.fib(*pod).and_then(|fib| fib.me.host);
                let Some(host) = host else { continue };
                let Some(to) = joints.of(host).filter(|to| sides[1][*to]) else { continue };
                let node = &joints.all[to];
                if !node.contested.is_empty() {
                    continue;
                }
                let leaves = match known.get(&(at, host)) {
                    Some(leaves) => *leaves,
                    None => {
                        let leaves = [&self.columns, &own].map(|columns| {
                            let mut leaf: Leaf = [None; 2];
                            for (family, set) in leaf.iter_mut().enumerate() {
                                *set = joint.atoms[family].zip(node.atoms[family]).map(
                                    |(source, target)| {
                                        let column = columns[target as usize];
                                        part_of(self.filters, column, source)
                                    },
                                );
                            }
                            leaf
                        });
                        known.insert((at, host), leaves);
                        leaves
                    }
                };
                differs |= leaves[0] != leaves[1];
                by_leaf.entry(leaves[1]).or_default().push(*pod);
            }
        }
        if !differs {
            return;
        }
        self.no_own_nodes();
        for (leaf, elements) in by_leaf {
            let wanted = self.wanted.unwrap_or(Space::FULL);
            let leaf = leaf.map(|set| set.map(|set| self.filters.space.and(set, wanted)));
            for part in self.reader.parts(self.filters, leaf) {
                let from = Group { elements: elements.clone(), ..Group::default() };
                let to = Group { own_node: true, ..Group::default() };
                self.found.push(Cell { from, to, part, unread: false });
            }
        }
    }

    /// Takes out of the sources of a Node the Pods that it hosts.
    fn no_own_nodes(&mut self) {
        let (network, joints) = (self.filters.network, self.joints);
        let certain = |id: ElementId| {
            joints.of(id).is_some_and(|joint| joints.all[joint].contested.is_empty())
        };
        for cell in &mut self.found {
            if let [node] = cell.to.elements[..]
                && certain(node)
            {
                let hosted = |id: &ElementId| network.fib(*id).and_then(|fib| fib.me.host);
                cell.from.elements.retain(|id| hosted(id) != Some(node) || !certain(*id));
            }
        }
        self.found.retain(|cell| !cell.from.is_empty());
    }
}
