//! Between how many pairs of workloads something changed.

use std::collections::BTreeMap;

use fibula_network::filters::{Filters, Owner, Pair};
use fibula_network::set::SetId;
use rustc_hash::FxHashMap;

use super::cells::{by_value, is_empty};
use super::classes::Class;
use super::entities::Entities;
use crate::reach::PartyId;
use crate::reach::opened::{Leaf, Reader};

/// Pairs of a workload and another one. One that policies tell apart in parts counts once for each
/// of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Between which something was certainly open before.
    pub before: u64,
    /// Of those, the ones between which nothing differs, or may.
    pub unchanged: u64,
    /// Between which something certainly opens.
    pub opened: u64,
    /// Between which something certainly closes.
    pub closed: u64,
}

/// What is allowed before and after, what opens and what closes: of a target, or of a pair.
type Sets = [Leaf; 3];

/// Counts them, as far as policies tell pods apart: not pair by pair.
pub(super) fn pairs(
    pair: &Pair,
    classes: &[Class],
    entities: &Entities,
    (allowed, differ): ([SetId; 2], [SetId; 2]),
    reader: &mut Reader,
) -> Pairs {
    // The workloads of each class of pods.
    let pods = |class: &&Class| class.owner == Owner::Pods && class.contested.is_empty();
    let of: Vec<(&Class, Vec<PartyId>)> = classes
        .iter()
        .filter(pods)
        .map(|class| {
            let mut own: Vec<PartyId> =
                class.entities.iter().map(|at| entities.all[*at].whole).collect();
            own.sort_unstable();
            own.dedup();
            (class, own)
        })
        .collect();
    let sets = [allowed[0], differ[0], differ[1]];
    let columns = sets.map(|set| by_value(pair, set, Filters::TARGET));
    let mut targets: BTreeMap<Sets, Vec<usize>> = BTreeMap::new();
    for (at, (class, _)) in of.iter().enumerate() {
        let leaves =
            [0, 1, 2].map(|i| class.atoms.map(|a| a.map(|atom| columns[i][atom as usize])));
        if leaves.iter().any(|leaf| !is_empty(*leaf)) {
            targets.entry(leaves).or_default().push(at);
        }
    }
    let mut found = Pairs::default();
    for (leaves, to) in targets {
        let mut parts: FxHashMap<PartyId, u64> = FxHashMap::default();
        to.iter().flat_map(|at| &of[*at].1).for_each(|id| *parts.entry(*id).or_default() += 1);
        let all: u64 = parts.values().sum();
        let sources =
            leaves.map(|leaf| leaf.map(|set| set.map(|set| by_value(pair, set, Filters::SOURCE))));
        for (class, own) in &of {
            let [before, opened, closed] = [0, 1, 2].map(|i| {
                let mut own: Leaf = [None; 2];
                for (family, own) in own.iter_mut().enumerate() {
                    let sets = sources[i][family].as_ref().zip(class.atoms[family]);
                    *own = sets.map(|(sets, atom)| sets[atom as usize]);
                }
                if is_empty(own) { (false, false) } else { reader.is_open(pair, own) }
            });
            if !(before.0 || opened.0 || closed.0) {
                continue;
            }
            let same: u64 = own.iter().map(|id| parts.get(id).copied().unwrap_or(0)).sum();
            let count = own.len() as u64 * all - same;
            let differs = [opened, closed].iter().any(|(certain, perhaps)| *certain || *perhaps);
            found.before += if before.0 { count } else { 0 };
            found.unchanged += if before.0 && !differs { count } else { 0 };
            found.opened += if opened.0 { count } else { 0 };
            found.closed += if closed.0 { count } else { 0 };
        }
    }
    found
}
