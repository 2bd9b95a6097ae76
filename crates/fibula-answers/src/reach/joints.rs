//! Switches that no policy tells apart, in either family.

use std::collections::BTreeMap;

use fibula_network::filters::{Filters, Owner};
use fibula_network::{ChoiceId, ElementId, Family, Kind, Range};
use rustc_hash::FxHashMap;

use super::PartyId;
use super::parties::Parties;

/// Pods, Nodes or ranges whose addresses lie in the same atoms, family by family.
#[derive(Clone, Debug)]
pub(crate) struct Joint {
    pub(crate) owner: Owner,
    /// The atom in each family, where it has an address there.
    pub(crate) atoms: [Option<u32>; 2],
    pub(crate) elements: Vec<ElementId>,
    pub(crate) ranges: Vec<Range>,
    /// The choices of who has its address (POD-7): then nothing of it is certain.
    pub(crate) contested: Vec<ChoiceId>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Joints {
    pub(crate) all: Vec<Joint>,
    /// The families that pods have addresses of.
    pub(crate) families: Vec<Family>,
    of: FxHashMap<ElementId, usize>,
}

type Key = (Owner, Option<PartyId>, [Option<u32>; 2], Vec<ChoiceId>);

// === impl Joints ===

impl Joints {
    /// Joins the atoms of each switch. Pods of different workloads stay apart where they are to be
    /// told `apart`.
    pub(crate) fn new(filters: &Filters<'_>, parties: &Parties, apart: bool) -> Joints {
        let network = filters.network;
        // The atoms of each switch by family, and the choices of its addresses.
        let mut of: BTreeMap<ElementId, ([Vec<u32>; 2], Vec<ChoiceId>)> = BTreeMap::new();
        let mut joints = Joints::default();
        for owner in &network.owners {
            let (atoms, choices) = of.entry(owner.to).or_default();
            choices.extend(owner.when.map(|when| when.choice));
            let family = owner.addr.family();
            if network.kind(owner.to) == Kind::Pod && !joints.families.contains(&family) {
                joints.families.push(family);
            }
            if owner.when.is_none() {
                atoms[index(owner.addr.family())].push(filters.atoms.of(owner.addr));
            }
        }
        let mut joined: BTreeMap<Key, Vec<ElementId>> = BTreeMap::new();
        for (element, (mut atoms, mut choices)) in of {
            let owner = match network.kind(element) {
                Kind::Pod => Owner::Pods,
                _ => Owner::Nodes,
            };
            choices.sort_unstable();
            choices.dedup();
            if !choices.is_empty() {
                atoms = Default::default();
            }
            let party = parties.of(element).filter(|_| apart && owner == Owner::Pods);
            let [v4, v6] = &mut atoms;
            // A Node may have several addresses of a family.
            for i in 0..v4.len().max(v6.len()).max(1) {
                let atoms = [v4.get(i).copied(), v6.get(i).copied()];
                joined.entry((owner, party, atoms, choices.clone())).or_default().push(element);
            }
        }
        for ((owner, _, atoms, contested), elements) in joined {
            let at = joints.all.len();
            joints.of.extend(elements.iter().map(|element| (*element, at)));
            joints.all.push(Joint { owner, atoms, elements, ranges: vec![], contested });
        }
        joints.families.sort_unstable();
        for (number, atom) in filters.atoms.iter().filter(|(_, atom)| atom.owner == Owner::Nobody) {
            if joints.families.contains(&atom.family) {
                let mut atoms = [None; 2];
                atoms[index(atom.family)] = Some(number);
                let ranges = atom.ranges.clone();
                let (elements, contested) = (vec![], vec![]);
                joints.all.push(Joint { owner: Owner::Nobody, atoms, elements, ranges, contested });
            }
        }
        joints
    }

    /// The joint of a switch, by its number; of a Node with several addresses the last.
    pub(crate) fn of(&self, element: ElementId) -> Option<usize> {
        self.of.get(&element).copied()
    }
}

/// The place of a family.
pub(crate) fn index(family: Family) -> usize {
    match family {
        Family::V4 => 0,
        Family::V6 => 1,
    }
}

/// The family of a place.
pub(crate) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];
