//! Entities that no policy tells apart, neither before nor after.

use std::collections::BTreeMap;

use fibula_network::filters::{Filters, Owner, Pair};
use fibula_network::{Choice, ChoiceId, ElementId, Family, Kind, Range};
use rustc_hash::FxHashMap;

use super::entities::Entities;
use crate::reach::joints::{FAMILIES, Joints, index};

/// Pods, Nodes or ranges of the world whose addresses lie in the same atoms, before and after.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) owner: Owner,
    /// The atom of the pair in each family, where it has an address there in one of the two.
    pub(super) atoms: [Option<u32>; 2],
    /// Whether it is in each of the two.
    pub(super) is: [bool; 2],
    /// Indices of entities, sorted.
    pub(super) entities: Vec<usize>,
    pub(super) ranges: Vec<Range>,
    /// The choices of who has its address, in one of the two (POD-7): then nothing of it is certain.
    pub(super) contested: Vec<(usize, ChoiceId)>,
}

/// The joints of each entity on each side, by family the atoms of both, and whether it is disputed.
/// What is of one number has changed in the same way itself.
type Key = (Owner, [[Option<u32>; 2]; 2], [bool; 2], Vec<(usize, ChoiceId)>, u32);

/// All classes, and one space for both. `marks` tell workloads apart by what changed of their own.
pub(super) fn classes(
    filters: [&Filters<'_>; 2],
    joints: [&Joints; 2],
    entities: &Entities,
    marks: &[u32],
) -> Option<(Vec<Class>, Pair)> {
    // A Node with several addresses of a family has several joints.
    let of = joints.map(|joints| {
        let mut of: FxHashMap<ElementId, Vec<usize>> = FxHashMap::default();
        for (at, joint) in joints.all.iter().enumerate() {
            joint.elements.iter().for_each(|id| of.entry(*id).or_default().push(at));
        }
        of
    });
    let mut by_key: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (number, entity) in entities.all.iter().enumerate() {
        let own = [0, 1].map(|side| {
            let own = entity.sides[side].and_then(|id| of[side].get(&id));
            own.map_or(&[][..], Vec::as_slice)
        });
        let kind = [0, 1]
            .into_iter()
            .find_map(|side| entity.sides[side].map(|id| filters[side].network.kind(id)));
        let owner = if kind == Some(Kind::Pod) { Owner::Pods } else { Owner::Nodes };
        let is = entity.sides.map(|side| side.is_some());
        for i in 0..own[0].len().max(own[1].len()) {
            let joint = |side: usize| {
                let at = own[side].get(i).or(own[side].last())?;
                Some(&joints[side].all[*at])
            };
            let atoms = [0, 1]
                .map(|family| [0, 1].map(|side| joint(side).and_then(|joint| joint.atoms[family])));
            let contested = [0, 1].into_iter().flat_map(|side| {
                let all = joint(side).into_iter().flat_map(|joint| &joint.contested);
                all.map(move |choice| (side, *choice))
            });
            let mark = marks.get(entity.whole.0 as usize).copied().unwrap_or(0);
            let key = (owner, atoms, is, contested.collect(), mark);
            let numbers = by_key.entry(key).or_default();
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
    }
    let mut atoms: Vec<[Option<u32>; 2]> = vec![];
    let mut found: Vec<(Key, Vec<usize>, Vec<Range>)> =
        by_key.into_iter().map(|(key, entities)| (key, entities, vec![])).collect();
    for ((family, old, new), ranges) in world(filters) {
        if joints.iter().any(|joints| joints.families.contains(&family)) {
            let mut own = [[None; 2]; 2];
            own[index(family)] = [Some(old), Some(new)];
            found.push(((Owner::Nobody, own, [true; 2], vec![], 0), vec![], ranges));
        }
    }
    for ((_, own, ..), ..) in &found {
        atoms.extend(own.iter().filter(|atom| **atom != [None; 2]));
    }
    let pair = Pair::new(filters, atoms)?;
    let classes = found.into_iter().map(|((owner, atoms, is, contested, _), entities, ranges)| {
        let atoms = atoms.map(|atom| pair.atom(atom));
        Class { owner, atoms, is, entities, ranges, contested }
    });
    Some((classes.collect(), pair))
}

/// Addresses that nobody has, neither before nor after, as pairs of atoms.
fn world(filters: [&Filters<'_>; 2]) -> BTreeMap<(Family, u32, u32), Vec<Range>> {
    let [old, new] = filters.map(|filters| {
        let atoms = filters.atoms.iter().filter(|(_, atom)| atom.owner == Owner::Nobody);
        let mut ranges: Vec<(Range, u32, Family)> = atoms
            .flat_map(|(number, atom)| atom.ranges.iter().map(move |r| (*r, number, atom.family)))
            .collect();
        ranges.sort_unstable_by_key(|(range, ..)| range.lo);
        ranges
    });
    let mut met: BTreeMap<(Family, u32, u32), Vec<Range>> = BTreeMap::new();
    let (mut i, mut k) = (0, 0);
    while let (Some((a, old, family)), Some((b, new, _))) = (old.get(i), new.get(k)) {
        let (lo, hi) = (a.lo.max(b.lo), a.hi.min(b.hi));
        if lo <= hi {
            met.entry((*family, *old, *new)).or_default().push(Range { lo, hi });
        }
        if a.hi <= b.hi {
            i += 1;
        } else {
            k += 1;
        }
    }
    met
}

/// The choices of a pair by what one of the networks calls them.
pub(super) fn choice(pair: &Pair, of: &Choice) -> Option<ChoiceId> {
    let at = pair.choices.iter().position(|choice| choice == of)?;
    Some(ChoiceId(u8::try_from(at).ok()?))
}

/// The families by their places.
pub(super) fn families(joints: [&Joints; 2]) -> Vec<Family> {
    let has = |family: &Family| joints.iter().any(|joints| joints.families.contains(family));
    FAMILIES.into_iter().filter(has).collect()
}
