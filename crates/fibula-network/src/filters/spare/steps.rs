//! Chains as lists of steps, and what is let through from each on.

use super::Part;
use crate::set::{SetId, Space};

/// Neighbouring entries of one part that do the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) owner: Option<u32>,
    pub(super) part: u64,
    pub(super) set: SetId,
    /// The place that they lead to; none where they drop.
    pub(super) to: Option<usize>,
}

/// The steps of a chain, by its place in the pipeline.
pub(super) struct Chain {
    pub(super) place: usize,
    pub(super) steps: Vec<Step>,
}

/// How many other parts are looked at as covers of one.
const MOST_COVERS: usize = 64;

/// What is let through from each step of a chain on, and from behind its last, of those steps that
/// are there; given the same of the chains behind it.
pub(super) fn backwards(
    space: &mut Space,
    chains: &[Chain],
    from: &[Vec<SetId>],
    at: usize,
    is_there: impl Fn(usize) -> bool,
) -> Vec<SetId> {
    let chain = &chains[at];
    let mut rest = beyond(chains, from, chain.place + 1);
    let mut out = vec![rest; chain.steps.len() + 1];
    for (i, step) in chain.steps.iter().enumerate().rev() {
        if is_there(i) {
            let to = step.to.map_or(Space::EMPTY, |to| beyond(chains, from, to));
            let passes = space.and(step.set, to);
            let others = space.minus(rest, step.set);
            rest = space.or(passes, others);
        }
        out[i] = rest;
    }
    out
}

/// What is let through from a place of the pipeline on.
pub(super) fn beyond(chains: &[Chain], from: &[Vec<SetId>], place: usize) -> SetId {
    let next = chains.iter().position(|chain| chain.place >= place);
    next.and_then(|next| from[next].first()).copied().unwrap_or(Space::FULL)
}

/// Parts that match all that a part matches: any before it, and those of its chain that do the same,
/// where all do. Of those that are known from other stacks, if some are.
pub(super) fn covers(
    space: &mut Space,
    chains: &[Chain],
    at: usize,
    (own, set): (&[usize], SetId),
    known: Option<&Part>,
) -> Vec<(u32, u64)> {
    let steps = &chains[at].steps;
    let own_part = (steps[own[0]].owner, steps[own[0]].part);
    let alike = steps.iter().filter(|step| step.owner.is_some() && step.part != u64::MAX);
    let alike = alike.map(|step| step.to).all(|to| to == steps[own[0]].to);
    let before = chains[..at].iter().flat_map(|chain| &chain.steps);
    let here = steps.iter().enumerate().filter(|(i, _)| alike || *i < own[0]);
    let all = before.chain(here.map(|(_, step)| step));
    let mut covers = vec![];
    let others = all.filter(|step| step.owner.is_some() && (step.owner, step.part) != own_part);
    let others = others.filter_map(|step| Some((step.owner?, step.part, step.set)));
    let asked = others.filter(|(owner, part, _)| {
        let known = known.and_then(|known| known.covers.as_ref());
        known.is_none_or(|known| known.contains(&(*owner, *part)))
    });
    for (owner, part, other) in asked.take(MOST_COVERS) {
        if set != Space::EMPTY && space.minus(set, other) == Space::EMPTY {
            covers.push((owner, part));
        }
    }
    covers
}
