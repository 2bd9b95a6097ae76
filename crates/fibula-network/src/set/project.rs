//! Forgetting a field.

use super::nodes::END;
use super::{Level, SetId, Space};

/// The task of the cache, after those of `ops`; the level stands above it.
const EXISTS: u32 = 4;

impl Space {
    /// The headers that are members with some value at `level`, whatever theirs is: the field
    /// forgotten.
    pub fn exists(&mut self, set: SetId, level: Level) -> SetId {
        self.cache.begin();
        self.forgotten(set, level)
    }

    /// [`Space::exists`], or a part of it.
    fn forgotten(&mut self, set: SetId, level: Level) -> SetId {
        let asked = self.nodes.level(set);
        if asked > level.0 || asked == END {
            return set;
        }
        let task = EXISTS | u32::from(level.0) << 8;
        if let Some(known) = self.cache.get(task, set.0, 0) {
            return known;
        }
        let result = if asked == level.0 {
            let edges = self.nodes.edges(set).iter();
            let mut children: Vec<SetId> = edges.map(|edge| edge.to).collect();
            children.sort_unstable();
            children.dedup();
            self.joined(children)
        } else {
            let base = self.scratch.len();
            for at in self.nodes.span(set) {
                let edge = self.nodes.edge(at);
                let to = self.forgotten(edge.to, level);
                self.push(base, edge.hi, to);
            }
            self.finish(asked, base)
        };
        self.cache.put(task, set.0, 0, result);
        result
    }
}
