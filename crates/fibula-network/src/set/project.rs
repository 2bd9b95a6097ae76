//! Fixing a field, and forgetting it.

use super::{Level, SetId, Space};

/// Tasks of the cache, after those of `ops`; the level stands above them.
const ONLY: u32 = 8;
const EXISTS: u32 = 9;

impl Space {
    /// The headers that would be members if their value at `level` were `value`, whatever it is:
    /// the field fixed, then free. Empty if that is no value of the level.
    pub fn only(&mut self, set: SetId, level: Level, value: u32) -> SetId {
        if value > self.top(level) {
            return Self::EMPTY;
        }
        let asked = self.nodes.level(set);
        if asked >= level.0 {
            let here = asked == level.0 && set != Self::EMPTY && set != Self::FULL;
            return if here { self.child(set, value) } else { set };
        }
        let task = ONLY | u32::from(level.0) << 8;
        self.rebuilt(task, set, value, |space, child| space.only(child, level, value))
    }

    /// The headers that are members with some value at `level`, whatever theirs is: the field
    /// forgotten.
    pub fn exists(&mut self, set: SetId, level: Level) -> SetId {
        let asked = self.nodes.level(set);
        if asked > level.0 || set == Self::EMPTY || set == Self::FULL {
            return set;
        }
        let task = EXISTS | u32::from(level.0) << 8;
        if asked < level.0 {
            return self.rebuilt(task, set, 0, |space, child| space.exists(child, level));
        }
        if let Some(known) = self.cache.get(task, set.0, 0) {
            return known;
        }
        let mut children: Vec<SetId> = self.nodes.edges(set).iter().map(|edge| edge.to).collect();
        children.sort_unstable();
        children.dedup();
        let result = self.any(&children);
        self.cache.put(self.nodes.len(), task, set.0, 0, result);
        result
    }

    /// The set with `f` applied to each child of its top node; remembered under the task.
    fn rebuilt(
        &mut self,
        task: u32,
        set: SetId,
        with: u32,
        mut f: impl FnMut(&mut Space, SetId) -> SetId,
    ) -> SetId {
        if let Some(known) = self.cache.get(task, set.0, with) {
            return known;
        }
        let base = self.scratch.len();
        for at in self.nodes.span(set) {
            let edge = self.nodes.edge(at);
            let to = f(self, edge.to);
            self.push(base, edge.hi, to);
        }
        let result = self.finish(self.nodes.level(set), base);
        self.cache.put(self.nodes.len(), task, set.0, with, result);
        result
    }
}
