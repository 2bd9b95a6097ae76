//! Things by their labels.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Run;
use crate::api::Labels;
use crate::selector::{Selector, Test};

/// Things by their labels, numbered in their order.
pub(super) struct Index<'c> {
    things: Vec<&'c Labels>,
    /// The things that have a label, ascending.
    with: FxHashMap<(&'c str, &'c str), Vec<u32>>,
}

impl<'c> Index<'c> {
    /// An index of the labels of these keys.
    pub(super) fn new(things: Vec<&'c Labels>, keys: &FxHashSet<&str>) -> Self {
        let mut with: FxHashMap<(&str, &str), Vec<u32>> = FxHashMap::default();
        for (i, labels) in (0..).zip(&things) {
            for label in labels.iter().filter(|(key, _)| keys.contains(key)) {
                with.entry(label).or_default().push(i);
            }
        }
        Self { things, with }
    }

    /// The things of a run that a selector selects, ascending.
    pub(super) fn select(&self, selector: &Selector, run: Run) -> Vec<u32> {
        self.select_in(selector, &[run])
    }

    /// The same of several runs, which ascend.
    ///
    /// Looks at the things that have one of the labels of the requirement that the fewest have.
    pub(super) fn select_in(&self, selector: &Selector, runs: &[Run]) -> Vec<u32> {
        let all: usize = runs.iter().map(Run::len).sum();
        let rarest = self.rarest(selector, runs);
        let candidates: Vec<u32> = match rarest.filter(|parts| count(parts) < all) {
            None => runs.iter().cloned().flatten().collect(),
            Some(parts) => {
                let mut things: Vec<u32> = parts.concat();
                // The values of one key are on different things; each list ascends.
                things.sort_unstable();
                things
            }
        };
        let matches = |thing: &u32| {
            selector.is_empty()
                || self.things.get(*thing as usize).is_some_and(|l| selector.matches(l))
        };
        candidates.into_iter().filter(matches).collect()
    }

    /// The parts in these runs of the lists of one requirement: of that with the fewest things.
    fn rarest<'i>(&'i self, selector: &'i Selector, runs: &[Run]) -> Option<Vec<&'i [u32]>> {
        let asked = selector.requirements().iter().filter_map(|requirement| {
            let Test::In(values) = &requirement.test else { return None };
            let lists = values.iter().filter_map(|value| {
                self.with.get(&(requirement.key.as_str(), value.as_str())).map(Vec::as_slice)
            });
            Some(lists.collect::<Vec<&'i [u32]>>())
        });
        let fewest =
            |lists: &Vec<&[u32]>| lists.iter().map(|list| cut_len(list, runs)).sum::<usize>();
        let lists = asked.min_by_key(fewest)?;
        Some(lists.into_iter().flat_map(|list| cut(list, runs)).collect())
    }
}

fn count(parts: &[&[u32]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// How much of a list is in these runs at most: an estimate that is exact for one run.
fn cut_len(list: &[u32], runs: &[Run]) -> usize {
    match (runs.first(), runs.last()) {
        (Some(first), Some(last)) => part(list, &(first.start..last.end)).len(),
        _ => 0,
    }
}

/// The parts of a list that are in these runs.
fn cut<'l>(list: &'l [u32], runs: &[Run]) -> Vec<&'l [u32]> {
    let parts = runs.iter().map(|run| part(list, run));
    parts.filter(|part| !part.is_empty()).collect()
}

fn part<'l>(list: &'l [u32], run: &Run) -> &'l [u32] {
    let start = list.partition_point(|thing| *thing < run.start);
    let end = list.partition_point(|thing| *thing < run.end);
    list.get(start..end).unwrap_or_default()
}
