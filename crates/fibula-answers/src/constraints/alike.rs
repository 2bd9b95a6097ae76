//! Targets for which the proof is the same, with other names: one of them is proved for all.
//!
//! This is the step that makes 150,000 addresses cheap, and the one to mistrust. What it rests on:
//! the fates of messages to alike targets are the same up to names ([`Likeness`]), and so is what
//! the constraints ask of them. For C3 and C4 that is which ports the Pod promises, and by which
//! listeners of its switch; so a Pod with a process that an entry names, or that other facts speak
//! of in another way, is asked for itself. C2 asks about loopback, which is never alike to anything.
//! Of an address that nobody has they ask R5 alone, whether each message ends with a reason; which
//! the likeness says as well. Who may send matters to neither: a target counts as kept only if no header at all breaks a
//! constraint, whether or not somebody could send it.

use fibula_network::Addr;
use fibula_network::flow::{Atom, Ground, Likeness, Trust};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::contract;
use super::prover::Prover;
use super::tally::Tallies;
use crate::tenants::Tenants;

/// What the proof for an address depends on: its likeness for the FIBs; and of a Pod that owns it by
/// the facts what it promises, and its listeners.
type Form = (Likeness, Option<(u32, u32)>);

/// How many targets are proved in one go: the same on every machine, for counting gives up after a
/// while in each.
const SHARE: usize = 1024;

/// What breaks a constraint among all messages.
///
/// Of targets that are alike the first is asked; the others only if some message to that one breaks
/// a constraint, for then they are to be counted.
pub(crate) fn prove(ground: &Ground<'_>, tenants: &Tenants<'_>) -> Tallies {
    let targets = ground.targets();
    let (trust, likenesses) = contract::trust(ground, &targets);
    let all = targets.par_iter().zip(&likenesses);
    let forms: Vec<Option<Form>> =
        all.map(|(target, likeness)| form(ground, tenants, *target, *likeness)).collect();
    let mut places: FxHashMap<Form, usize> = FxHashMap::default();
    let (mut first, mut others): (Vec<Atom>, Vec<(usize, Atom)>) = (vec![], vec![]);
    for (target, form) in targets.into_iter().zip(forms) {
        let place = form.map_or(first.len(), |form| *places.entry(form).or_insert(first.len()));
        match place == first.len() {
            true => first.push(target),
            false => others.push((place, target)),
        }
    }
    let (tallies, kept) = each(ground, &trust, tenants, &first);
    others.retain(|(place, _)| !kept[*place]);
    let others: Vec<Atom> = others.into_iter().map(|(_, target)| target).collect();
    tallies.merge(each(ground, &trust, tenants, &others).0)
}

/// What breaks a constraint among the messages to these targets, and to which of them none does.
fn each(
    ground: &Ground<'_>,
    trust: &Trust,
    tenants: &Tenants<'_>,
    targets: &[Atom],
) -> (Tallies, Vec<bool>) {
    let parts: Vec<(Tallies, Vec<bool>)> = targets
        .par_chunks(SHARE)
        .map(|targets| Prover::new(ground, trust, tenants).prove(targets))
        .collect();
    let mut all = (Tallies::default(), vec![]);
    for (tallies, kept) in parts {
        all = (all.0.merge(tallies), [all.1, kept].concat());
    }
    all
}

/// The form of a target, where that is the usual: the Pod that owns it by the facts is the one
/// that the FIBs lead to, by the Node that hosts it.
fn form(
    ground: &Ground<'_>,
    tenants: &Tenants<'_>,
    target: Atom,
    likeness: Option<Likeness>,
) -> Option<Form> {
    let addr = ground.atoms.range(target).lo;
    if addr == Addr::LOOPBACK_V4 || addr == Addr::LOOPBACK_V6 {
        return None;
    }
    let likeness = likeness?;
    if likeness.is_unowned() {
        return tenants.owners(addr).next().is_none().then_some((likeness, None));
    }
    let owner = ground.network.owners_of(addr).first()?;
    let mut owners = tenants.owners(addr);
    match (owners.next(), owners.next()) {
        (None, _) => Some((likeness, None)),
        (Some(pod), None) => {
            let named = tenants.processes(pod).iter().any(|process| ground.is_named(*process));
            let same = pod == owner.to && ground.network.facts.host(pod) == Some(owner.via);
            // What is promised asks who receives a message that the owner rewrites.
            (same && !named && !likeness.is_rewritten())
                .then(|| (likeness, Some((tenants.promised(pod), ground.layout(pod)))))
        }
        _ => None,
    }
}
