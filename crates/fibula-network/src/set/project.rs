//! Fixing a field, and forgetting it.

use super::nodes::END;
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
        self.cache.begin();
        self.fixed(set, level, value)
    }

    /// The headers that are members with some value at `level`, whatever theirs is: the field
    /// forgotten.
    pub fn exists(&mut self, set: SetId, level: Level) -> SetId {
        self.cache.begin();
        self.forgotten(set, level)
    }

    /// [`Space::only`] for a value of the level, or a part of it.
    fn fixed(&mut self, set: SetId, level: Level, value: u32) -> SetId {
        let asked = self.nodes.level(set);
        if asked > level.0 || asked == END {
            return set;
        }
        if asked == level.0 {
            return self.child(set, value);
        }
        let task = ONLY | u32::from(level.0) << 8;
        self.rebuilt(task, set, value, |space, child| space.fixed(child, level, value))
    }

    /// [`Space::exists`], or a part of it.
    fn forgotten(&mut self, set: SetId, level: Level) -> SetId {
        let asked = self.nodes.level(set);
        if asked > level.0 || asked == END {
            return set;
        }
        let task = EXISTS | u32::from(level.0) << 8;
        if asked < level.0 {
            return self.rebuilt(task, set, 0, |space, child| space.forgotten(child, level));
        }
        if let Some(known) = self.cache.get(task, set.0, 0) {
            return known;
        }
        let mut children: Vec<SetId> = self.nodes.edges(set).iter().map(|edge| edge.to).collect();
        children.sort_unstable();
        children.dedup();
        let result = self.joined(children);
        self.cache.put(task, set.0, 0, result);
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
        self.cache.put(task, set.0, with, result);
        result
    }
}
