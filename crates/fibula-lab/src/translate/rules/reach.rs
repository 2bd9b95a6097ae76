//! Which chains some message can come to, by hook: the rest is left out. What policies say of Pods is
//! not asked of the processes of a Node, so half of them need not be there twice.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::super::lines::Switch;
use super::names::{Hook, hooks};
use super::write::Writer;
use super::{At, Chain, Mode, Outcome, Shape, Step};

/// Chains by hook.
pub(super) type Reached = BTreeSet<(Hook, Mode, At)>;

/// The chains that messages come to.
pub(super) fn reached(switch: &Switch<'_>, shape: &Shape, chains: &[Chain<'_>]) -> Reached {
    let by_place: FxHashMap<(Mode, At), &Chain<'_>> =
        chains.iter().map(|chain| ((chain.mode, chain.at), chain)).collect();
    let mut reached = Reached::new();
    for &hook in hooks(switch) {
        let places = [0, shape.before].into_iter().chain(shape.jumps.iter().map(|(_, to)| *to));
        let mut todo: Vec<(Mode, At)> = places.map(|to| (Mode::New, At::Place(to))).collect();
        todo.push((Mode::Reply, At::Place(shape.answers)));
        while let Some((mode, at)) = todo.pop() {
            let Some(chain) = by_place.get(&(mode, at)) else { continue };
            if reached.insert((hook, mode, at)) {
                todo.extend(next(switch, shape, chain, hook).into_iter().map(|at| (mode, at)));
            }
        }
    }
    reached
}

/// Where a message can go on from a chain.
fn next(switch: &Switch<'_>, shape: &Shape, chain: &Chain<'_>, hook: Hook) -> Vec<At> {
    let mut next = vec![];
    for step in &chain.steps {
        if Writer::from(switch, step.line.pattern.from, hook).is_none() {
            continue;
        }
        if let Outcome::Goto(to) | Outcome::Masquerade(to) = step.outcome {
            next.push(At::Place(to));
        }
        if decides_all(step, hook) {
            return next;
        }
    }
    let At::Place(place) = chain.at else { return next };
    if let Some(chained) = &switch.tables[place].chained {
        let tables = chained.lists.iter().flat_map(|(_, list)| list);
        next.extend(tables.filter_map(|table| switch.filter(*table)).map(At::Filter));
    }
    // The tables after the rewriting are where a hook begins.
    if place + 1 < switch.tables.len() && !(chain.mode == Mode::New && place + 1 == shape.before) {
        next.push(At::Place(place + 1));
    }
    next
}

/// Whether a step decides about every message that comes by a hook, where it is asked there at all:
/// what processes send has one kind of sender, and what comes by links has several.
pub(super) fn decides_all(step: &Step<'_>, hook: Hook) -> bool {
    // What these match depends on the family too.
    let some = matches!(step.outcome, Outcome::Masquerade(_) | Outcome::Rewrite);
    let from = step.line.pattern.from;
    step.line.takes_all() && !some && (from.is_none() || hook == Hook::Out)
}
