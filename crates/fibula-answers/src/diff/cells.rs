//! What one network lets through and the other does not, as cells: sources and targets between which
//! the same differs.

use std::collections::BTreeMap;

use fibula_network::filters::{Filters, Owner, Pair};
use fibula_network::set::{Level, SetId, Space};

use super::classes::Class;
use crate::reach::is_asked;
use crate::reach::opened::{Leaf, Part, Reader};

/// Sources and targets between which the same differs.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Numbers of classes.
    pub(super) from: Vec<usize>,
    pub(super) to: Vec<usize>,
    pub(super) part: Part,
    /// All that differs, of which that is a part.
    pub(super) leaf: Leaf,
    /// Whether one of the two ends is only in the network where it is open.
    pub(super) with: bool,
}

/// Targets alike: whose they are, whether they are in both networks, and what may come to them.
type Column = (Owner, bool, Leaf);

/// The cells of a set.
pub(super) fn cells(pair: &Pair, classes: &[Class], set: SetId, reader: &mut Reader) -> Vec<Cell> {
    if set == Space::EMPTY {
        return vec![];
    }
    let mut found = vec![];
    let targets = by_value(pair, set, Filters::TARGET);
    let mut columns: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
    for (at, class) in classes.iter().enumerate().filter(|(_, class)| class.contested.is_empty()) {
        let leaf = class.atoms.map(|atom| atom.map(|atom| targets[atom as usize]));
        if !is_empty(leaf) {
            columns.entry((class.owner, both(class), leaf)).or_default().push(at);
        }
    }
    for ((owner, stays, leaf), to) in columns {
        let leaves = leaf.map(|set| set.map(|set| by_value(pair, set, Filters::SOURCE)));
        let mut sources: BTreeMap<(bool, Leaf), Vec<usize>> = BTreeMap::new();
        for (at, class) in classes.iter().enumerate() {
            if !is_asked(class.owner, owner) || !class.contested.is_empty() {
                continue;
            }
            let mut leaf: Leaf = [None; 2];
            for (family, leaves) in leaves.iter().enumerate() {
                if let (Some(leaves), Some(atom)) = (leaves, class.atoms[family]) {
                    leaf[family] = Some(leaves[atom as usize]);
                }
            }
            if !is_empty(leaf) {
                sources.entry((both(class) && stays, leaf)).or_default().push(at);
            }
        }
        for ((stay, leaf), from) in sources {
            for part in reader.parts(pair, leaf) {
                let (from, to) = (from.clone(), to.clone());
                found.push(Cell { from, to, part, leaf, with: !stay });
            }
        }
    }
    found
}

/// Whether it is in both networks.
pub(super) fn both(class: &Class) -> bool {
    class.is == [true; 2]
}

pub(super) fn is_empty(leaf: Leaf) -> bool {
    leaf.into_iter().flatten().all(|set| set == Space::EMPTY)
}

/// By atom, the part of a set where a level has it.
pub(super) fn by_value(pair: &Pair, set: SetId, level: Level) -> Vec<SetId> {
    let mut values = vec![Space::EMPTY; pair.atoms.len()];
    for ((lo, hi), part) in pair.space.parts(set, level) {
        if let Some(values) = values.get_mut(lo as usize..=hi as usize) {
            values.fill(part);
        }
    }
    values
}
