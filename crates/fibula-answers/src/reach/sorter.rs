//! Cells as lines: sources that can reach the same, by name.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::Family;

use super::cells::Cell;
use super::doubts::Doubts;
use super::parties::{Namer, Parties, Party};
use super::pick::Picked;
use super::ports::Ports;
use super::{Line, PartyId, Toward, Who, Why};

/// Puts cells into lines.
pub(super) struct Sorter<'u> {
    doubts: &'u Doubts,
    picked: &'u Picked,
    lines: BTreeMap<(Option<Why>, Vec<PartyId>), Targets>,
}

/// Targets, by what is open there.
type Targets = BTreeMap<(Ports, Option<Family>), BTreeSet<PartyId>>;

// === impl Sorter ===

impl<'u> Sorter<'u> {
    pub(super) fn new(doubts: &'u Doubts, picked: &'u Picked) -> Sorter<'u> {
        Sorter { doubts, picked, lines: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, namer: &mut Namer<'_>, cell: &Cell) {
        let (choices, family, ports) = &cell.part;
        let (from, to) = (&self.picked.from, &self.picked.to);
        let mut sources = namer.name(&cell.from, &|party| from.has(party));
        let targets = namer.name(&cell.to, &|party| to.has(party));
        // A pod always reaches itself (NP-30), and that is no news.
        if let [one] = targets[..]
            && namer.is_single(one)
        {
            sources.retain(|source| *source != one);
        }
        let why = choices.clone().map(Why::Choices);
        let unread = why.clone().unwrap_or(Why::Unread);
        let parts = |parties: Vec<PartyId>, is: &dyn Fn(&Who) -> bool| -> [Vec<PartyId>; 2] {
            let (yes, no) = parties.into_iter().partition(|party| is(namer.who(*party)));
            [yes, no]
        };
        // What policies could open that were not read is in cells of its own.
        let opens = |who: &Who| self.doubts.opens(who);
        let [opened, sources] = parts(sources, &opens);
        let [opening, targets] = parts(targets, &opens);
        let all = |a: &[PartyId], b: &[PartyId]| [a, b].concat();
        let pairs = match cell.unread {
            true => vec![
                (opened.clone(), all(&opening, &targets), Some(Why::Unread)),
                (sources, opening, Some(Why::Unread)),
            ],
            false => {
                let [far, near] = parts(sources, &|who| self.doubts.source(who));
                let [doubtful, certain] = parts(targets, &|who| self.doubts.target(who));
                vec![
                    (far, all(&doubtful, &certain), Some(unread.clone())),
                    (near.clone(), doubtful, Some(unread)),
                    (near, certain, why),
                ]
            }
        };
        for (from, to, why) in pairs {
            for (from, mut to) in self.of_namespace(namer, &from, &to) {
                to.sort_unstable();
                let line = self.lines.entry((why.clone(), from)).or_default();
                line.entry((ports.clone(), *family)).or_default().extend(to);
            }
        }
    }

    /// What of sources and targets was asked about, where that is what goes in and out of a
    /// namespace.
    fn of_namespace(
        &self,
        namer: &Namer<'_>,
        from: &[PartyId],
        to: &[PartyId],
    ) -> Vec<(Vec<PartyId>, Vec<PartyId>)> {
        let picked = self.picked;
        if picked.namespace().is_none() && !from.is_empty() && !to.is_empty() {
            return vec![(from.to_vec(), to.to_vec())];
        }
        let is = |party: &PartyId| picked.is_inside(namer.who(*party));
        let (own, others): (Vec<PartyId>, Vec<PartyId>) = from.iter().partition(|party| is(party));
        let of = |inside: bool| -> Vec<PartyId> {
            to.iter().copied().filter(|party| picked.wants(inside, is(party))).collect()
        };
        let mut parts = vec![(own, of(true)), (others, of(false))];
        parts.retain(|(from, to)| !from.is_empty() && !to.is_empty());
        parts
    }

    /// Workloads of which nobody else in the cluster can reach a pod.
    pub(super) fn unreached(&self, whole: &Parties, all: &[Party]) -> Vec<PartyId> {
        // A part of a workload that is reached is enough.
        let mut reached: BTreeSet<PartyId> = BTreeSet::new();
        for ((_, from), to) in &self.lines {
            for party in to.values().flatten() {
                if from.iter().any(|from| from != party) {
                    let first = all[party.0 as usize].elements.first();
                    reached.extend(first.and_then(|pod| whole.of(*pod)));
                }
            }
        }
        let ids = (0..whole.all.len() as u32).map(PartyId);
        let Picked { from, to, asked } = self.picked;
        let asked_all = from.all && asked.namespace.is_none() && asked.only.is_none();
        ids.filter(|id| {
            let workload = matches!(whole.get(*id).who, Who::Workload { .. });
            workload && asked_all && to.has(*id) && !reached.contains(id)
        })
        .collect()
    }

    pub(super) fn finish(self, namer: &mut Namer<'_>) -> (Vec<Line>, Vec<(Why, Line)>) {
        let (mut lines, mut undecided) = (vec![], vec![]);
        for ((why, from), to) in self.lines {
            let mut to: Vec<Toward> = to
                .into_iter()
                .map(|((ports, family), targets)| {
                    let targets = namer.one_world(targets.into_iter().collect());
                    Toward { targets, ports, family }
                })
                .collect();
            to.sort();
            let line = Line { from, to };
            match why {
                None => lines.push(line),
                Some(why) => undecided.push((why, line)),
            }
        }
        lines.sort_by_key(|line| line.from.len());
        undecided.sort_by_key(|(_, line)| line.from.len());
        (lines, undecided)
    }
}
