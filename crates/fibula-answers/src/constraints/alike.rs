//! Targets for which the proof is the same, with other names: one of them is proved for all.

use fibula_network::flow::{Atom, Ground, Likeness};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::prover::Prover;
use super::tally::Tallies;
use crate::tenants::Tenants;

/// What the proof for an address depends on: its likeness for the FIBs, and by the facts what the
/// Pod promises that owns it.
type Kind = (Likeness, Option<u32>);

/// What breaks a constraint among all messages.
///
/// Of targets that are alike the first is asked; the others only if some message to that one breaks
/// a constraint, for then they are to be counted.
pub(crate) fn prove(ground: &Ground<'_>, tenants: &Tenants<'_>) -> Tallies {
    let targets = ground.targets();
    let kinds: Vec<Option<Kind>> =
        targets.par_iter().map(|target| kind(ground, tenants, *target)).collect();
    let mut places: FxHashMap<Kind, usize> = FxHashMap::default();
    let (mut first, mut others): (Vec<Atom>, Vec<(usize, Atom)>) = (vec![], vec![]);
    for (target, kind) in targets.into_iter().zip(kinds) {
        let place = kind.map_or(first.len(), |kind| *places.entry(kind).or_insert(first.len()));
        match place == first.len() {
            true => first.push(target),
            false => others.push((place, target)),
        }
    }
    let (tallies, kept) = each(ground, tenants, &first);
    others.retain(|(place, _)| !kept[*place]);
    let others: Vec<Atom> = others.into_iter().map(|(_, target)| target).collect();
    tallies.merge(each(ground, tenants, &others).0)
}

/// What breaks a constraint among the messages to these targets, and to which of them none does.
fn each(ground: &Ground<'_>, tenants: &Tenants<'_>, targets: &[Atom]) -> (Tallies, Vec<bool>) {
    let share = targets.len().div_ceil(rayon::current_num_threads() * 4).max(256);
    let parts: Vec<(Tallies, Vec<bool>)> = targets
        .par_chunks(share)
        .map(|targets| Prover::new(ground, tenants).prove(targets))
        .collect();
    let mut all = (Tallies::default(), vec![]);
    for (tallies, kept) in parts {
        all = (all.0.merge(tallies), [all.1, kept].concat());
    }
    all
}

/// The kind of a target, where that is the usual: the Pod that owns it by the facts is the one
/// that the FIBs lead to, by the Node that hosts it.
fn kind(ground: &Ground<'_>, tenants: &Tenants<'_>, target: Atom) -> Option<Kind> {
    let addr = ground.atoms.range(target).lo;
    let likeness = ground.likeness(addr)?;
    let owner = ground.network.owners_of(addr).first()?;
    let mut owners = tenants.owners(addr);
    match (owners.next(), owners.next()) {
        (None, _) => Some((likeness, None)),
        (Some(pod), None) => {
            let same = pod == owner.to && ground.network.facts.host(pod) == Some(owner.via);
            same.then(|| (likeness, Some(tenants.promised(pod))))
        }
        _ => None,
    }
}
