//! A set as disjoint boxes, for printing.

use rustc_hash::FxHashMap;

use super::{Interval, SetId, Space};

/// A box of headers: for each level the values it may have, as sorted ranges that do not touch.
/// A field that does not matter has its whole domain as one range.
pub type Cube = Vec<Vec<Interval>>;

/// The boxes of a set, in order (see [`Space::cubes`]).
pub struct Cubes<'a> {
    space: &'a Space,
    /// What the levels above the next branch are fixed to.
    cube: Cube,
    /// Branches to follow, the next one last: level, the values that lead there, and where.
    open: Vec<(usize, Vec<Interval>, SetId)>,
}

// === impl Space ===

impl Space {
    /// The set as disjoint boxes whose union it is, one per path through the diagram; all values of
    /// a field that lead to the same place are one branch. In the order of each branch's smallest
    /// value, which is a function of the set alone. Lazy: there can be exponentially many.
    pub fn cubes(&self, set: SetId) -> Cubes<'_> {
        let mut cubes = Cubes { space: self, cube: Vec::new(), open: Vec::new() };
        match set {
            Self::EMPTY => {}
            // The one branch of a set that asks nothing: a level that fixes nothing.
            Self::FULL => cubes.open.push((0, Vec::new(), set)),
            _ => cubes.branch(set),
        }
        cubes
    }
}

// === impl Cubes ===

impl Cubes<'_> {
    fn branch(&mut self, set: SetId) {
        let nodes = &self.space.nodes;
        let level = usize::from(nodes.level(set));
        self.free_to(level);
        let mut places: FxHashMap<SetId, usize> = FxHashMap::default();
        let start = self.open.len();
        let mut lo = 0;
        for edge in nodes.edges(set) {
            if edge.to != Space::EMPTY {
                let place = *places.entry(edge.to).or_insert(self.open.len());
                if place == self.open.len() {
                    self.open.push((level, Vec::new(), edge.to));
                }
                self.open[place].1.push((lo, edge.hi));
            }
            lo = edge.hi.wrapping_add(1);
        }
        self.open[start..].reverse();
    }

    /// The levels up to `level` that were not asked may have every value.
    fn free_to(&mut self, level: usize) {
        let free = self.space.tops.get(self.cube.len()..level).unwrap_or_default();
        self.cube.extend(free.iter().map(|&top| vec![(0, top)]));
    }
}

impl Iterator for Cubes<'_> {
    type Item = Cube;

    fn next(&mut self) -> Option<Cube> {
        loop {
            let (level, ranges, to) = self.open.pop()?;
            self.cube.truncate(level);
            if !ranges.is_empty() {
                self.cube.push(ranges);
            }
            if to == Space::FULL {
                self.free_to(self.space.tops.len());
                return Some(self.cube.clone());
            }
            self.branch(to);
        }
    }
}
