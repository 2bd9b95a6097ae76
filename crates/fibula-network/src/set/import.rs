//! Taking a set over from another space, whose levels mean the same and are numbered otherwise.

use rustc_hash::FxHashMap;

use super::nodes::END;
use super::{Level, SetId, Space};

/// How the sets of one space are taken over into another: what its levels are there, and what was
/// taken over already.
pub struct Import {
    levels: Vec<Renamed>,
    known: FxHashMap<SetId, SetId>,
}

/// What a level of another space is here.
#[derive(Clone, Debug)]
pub enum Rename {
    /// The same level with the same values.
    Same,
    /// The same level, whose values are others: for each value here that of the other space. Where
    /// there is none, a set that asks the level has no member, and one that does not ask has all.
    Values(Vec<Option<u32>>),
    /// Another level, with the same values: below all that are not moved.
    Moved(Level),
}

/// The same, the other way round.
enum Renamed {
    Same,
    /// For each value of the other space where its own begin in the list, and the list.
    Values(Vec<u32>, Vec<u32>),
    Moved(Level),
}

// === impl Import ===

impl Import {
    /// By level of the other space, what becomes of it. A level that the list lacks is the same.
    pub fn new(levels: Vec<Rename>) -> Import {
        let levels = levels.into_iter().map(Renamed::from).collect();
        Import { levels, known: FxHashMap::default() }
    }
}

// === impl Space ===

impl Space {
    /// The headers here that are members of a set of another space, there. Costs the edges of its
    /// diagram, each node once for all sets that are taken over by the same [`Import`]; and for
    /// values that change their order a sort.
    pub fn import(&mut self, other: &Space, set: SetId, by: &mut Import) -> SetId {
        let level = other.nodes.level(set);
        if level == END {
            return set;
        }
        if let Some(known) = by.known.get(&set) {
            return *known;
        }
        let below: Vec<(u32, SetId)> = other
            .nodes
            .edges(set)
            .iter()
            .map(|edge| (edge.hi, self.import(other, edge.to, by)))
            .collect();
        let result = match by.levels.get(usize::from(level)) {
            None | Some(Renamed::Same) => {
                let base = self.scratch.len();
                below.into_iter().for_each(|(hi, to)| self.push(base, hi, to));
                self.finish(level, base)
            }
            Some(Renamed::Values(starts, list)) => {
                let mut values: Vec<(u32, SetId)> = vec![];
                let mut lo = 0;
                for (hi, to) in below {
                    if to != Self::EMPTY {
                        let at = |value: u32| starts[(value as usize).min(starts.len() - 1)];
                        let own = at(lo) as usize..at(hi.saturating_add(1)) as usize;
                        values.extend(list[own].iter().map(|value| (*value, to)));
                    }
                    lo = hi.saturating_add(1);
                }
                values.sort_unstable();
                self.runs(Level(level), values.into_iter().map(|(value, to)| (value, value, to)))
            }
            Some(Renamed::Moved(to)) => {
                let to = *to;
                let mut lo = 0;
                let mut parts = vec![];
                for (hi, set) in below {
                    let values = self.interval(to, lo, hi);
                    parts.push(self.and(values, set));
                    lo = hi.saturating_add(1);
                }
                self.any(&parts)
            }
        };
        by.known.insert(set, result);
        result
    }
}

impl From<Rename> for Renamed {
    fn from(rename: Rename) -> Renamed {
        let values = match rename {
            Rename::Same => return Renamed::Same,
            Rename::Moved(level) => return Renamed::Moved(level),
            Rename::Values(values) => values,
        };
        let mut pairs: Vec<(u32, u32)> =
            (0..).zip(&values).filter_map(|(here, there)| Some(((*there)?, here))).collect();
        pairs.sort_unstable();
        let last = pairs.last().map_or(0, |(there, _)| there + 1);
        let mut starts = vec![0; last as usize + 1];
        for (there, _) in &pairs {
            starts[*there as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Renamed::Values(starts, pairs.into_iter().map(|(_, here)| here).collect())
    }
}
