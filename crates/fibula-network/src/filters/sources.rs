//! What each source's filters let through, as one set.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Filters;
use crate::set::{SetId, Space};

/// The headers from each atom that are in its set; the sets ask no source.
///
/// A set asks for its targets first, and has to stand under its own sources there. So this goes
/// along the targets, knows at each which sources may send there what, and makes one node of
/// sources where that changes: it costs what it makes. (To give each set its sources and join all
/// of them made every node a dozen times, and took twice the time on thousands of sets.)
pub(super) fn under_sources(space: &mut Space, by_atom: &[SetId]) -> SetId {
    let mut numbers: FxHashMap<SetId, usize> = FxHashMap::default();
    // The sources of each set, as ranges.
    let mut sources: Vec<(SetId, Vec<(u32, u32)>)> = vec![];
    for (atom, set) in (0..).zip(by_atom).filter(|(_, set)| **set != Space::EMPTY) {
        let number = *numbers.entry(*set).or_insert(sources.len());
        if number == sources.len() {
            sources.push((*set, vec![]));
        }
        match sources[number].1.last_mut().filter(|(_, hi)| *hi + 1 == atom) {
            Some((_, hi)) => *hi = atom,
            None => sources[number].1.push((atom, atom)),
        }
    }
    // From which target on a set has which part.
    let mut changes: Vec<(u32, usize, SetId)> = vec![];
    for (number, (set, _)) in sources.iter().enumerate() {
        let parts = space.parts(*set, Filters::TARGET);
        changes.extend(parts.into_iter().map(|((lo, _), part)| (lo, number, part)));
    }
    changes.sort_unstable();
    let mut open: BTreeMap<u32, (u32, SetId)> = BTreeMap::new();
    let mut rows: Vec<(u32, u32, SetId)> = vec![];
    let mut changes = changes.chunk_by(|a, b| a.0 == b.0).peekable();
    while let Some(here) = changes.next() {
        for (_, number, part) in here {
            for (lo, hi) in &sources[*number].1 {
                match *part {
                    Space::EMPTY => open.remove(lo),
                    part => open.insert(*lo, (*hi, part)),
                };
            }
        }
        let row = open.iter().map(|(lo, (hi, part))| (*lo, *hi, *part));
        let row = space.runs(Filters::SOURCE, row);
        let end = changes.peek().map_or(u32::MAX, |next| next[0].0 - 1);
        rows.push((here[0].0, end, row));
    }
    space.runs(Filters::TARGET, rows.into_iter())
}
