//! Looking into a set.

use rustc_hash::{FxHashMap, FxHashSet};

use super::nodes::END;
use super::{Interval, Level, SetId, Space};

impl Space {
    /// Whether the header with these values, one per level, is a member. One search per level that
    /// is asked. No, if a value is none of its level, or if there are more or fewer than levels.
    pub fn contains(&self, set: SetId, header: &[u32]) -> bool {
        let known = |(value, top): (&u32, &u32)| value <= top;
        let fits = header.len() == self.tops.len() && header.iter().zip(&self.tops).all(known);
        let mut at = if fits { set } else { Self::EMPTY };
        while self.nodes.level(at) != END {
            at = self.child(at, header[usize::from(self.nodes.level(at))]);
        }
        at == Self::FULL
    }

    /// The smallest member, one value per level, the first level counting most. None if there is
    /// none. Linear in the edges of one path.
    pub fn pick(&self, set: SetId) -> Option<Vec<u32>> {
        if set == Self::EMPTY {
            return None;
        }
        let mut header = vec![0; self.tops.len()];
        let mut at = set;
        while at != Self::FULL {
            // Every set but EMPTY has a member, so the first edge to such a one will do; two
            // touching edges never both lead to EMPTY, so it is one of the first two.
            let edges = self.nodes.edges(at);
            let first = usize::from(edges[0].to == Self::EMPTY);
            if first > 0 {
                header[usize::from(self.nodes.level(at))] = edges[0].hi + 1;
            }
            at = edges[first].to;
        }
        Some(header)
    }

    /// The values that a level has in some member: sorted, disjoint, not touching. Linear in the
    /// part of the diagram down to that level.
    pub fn values(&self, set: SetId, level: Level) -> Vec<Interval> {
        let everything = vec![(0, self.top(level))];
        let mut found = Vec::new();
        let whole = self.descend(set, level, |at| {
            if self.nodes.level(at) != level.0 || at == Self::FULL {
                return at != Self::EMPTY;
            }
            let mut lo = 0;
            for edge in self.nodes.edges(at) {
                if edge.to != Self::EMPTY {
                    found.push((lo, edge.hi));
                }
                lo = edge.hi.wrapping_add(1);
            }
            false
        });
        if whole { everything } else { united(found) }
    }

    /// The members of a set that asks no level above this one, by its values: values after which the
    /// same is asked, and what that is; in the order of their first values, without those that have
    /// no member.
    pub fn split(&self, set: SetId, level: Level) -> Vec<(Vec<Interval>, SetId)> {
        if self.nodes.level(set) != level.0 || set == Self::EMPTY || set == Self::FULL {
            let all = vec![(0, self.top(level))];
            return if set == Self::EMPTY { vec![] } else { vec![(all, set)] };
        }
        let mut parts: Vec<(Vec<Interval>, SetId)> = vec![];
        let mut places: FxHashMap<SetId, usize> = FxHashMap::default();
        let mut lo = 0;
        for edge in self.nodes.edges(set) {
            if edge.to != Self::EMPTY {
                let place = *places.entry(edge.to).or_insert(parts.len());
                if place == parts.len() {
                    parts.push((vec![], edge.to));
                }
                parts[place].0.push((lo, edge.hi));
            }
            lo = edge.hi.wrapping_add(1);
        }
        parts
    }

    /// Whether membership depends on that field: whether the level is asked anywhere in the set.
    /// Linear in the part of the diagram down to that level.
    pub fn depends_on(&self, set: SetId, level: Level) -> bool {
        self.descend(set, level, |at| {
            self.nodes.level(at) == level.0 && self.nodes.level(at) != END
        })
    }

    /// Where a set goes on for a value of the level that it asks first.
    fn child(&self, set: SetId, value: u32) -> SetId {
        let edges = self.nodes.edges(set);
        edges[edges.partition_point(|edge| edge.hi < value)].to
    }

    /// Whether `stop` holds for one of the sets that are reached by answering every question above
    /// `level`; asks for each once and no further than the first.
    fn descend(&self, set: SetId, level: Level, mut stop: impl FnMut(SetId) -> bool) -> bool {
        if self.nodes.level(set) >= level.0 {
            return stop(set);
        }
        let (mut open, mut seen) = (vec![set], FxHashSet::default());
        while let Some(at) = open.pop() {
            for edge in self.nodes.edges(at) {
                if !seen.insert(edge.to) {
                    continue;
                }
                if self.nodes.level(edge.to) < level.0 {
                    open.push(edge.to);
                } else if stop(edge.to) {
                    return true;
                }
            }
        }
        false
    }
}

/// The same values as sorted, disjoint ranges that do not touch.
fn united(mut ranges: Vec<Interval>) -> Vec<Interval> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joined = next.0 <= kept.1.saturating_add(1);
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
    ranges
}
