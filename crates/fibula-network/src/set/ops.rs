//! Operations on two sets: one recursion that walks two nodes side by side.

use std::ops::Range;

use super::nodes::Nodes;
use super::{SetId, Space};

/// What is done with two sets. Numbers are tasks of the cache, from 1.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    And = 1,
    Or = 2,
    Minus = 3,
}

/// Two nodes side by side at the upper one's level.
struct Pair {
    level: u8,
    top: u32,
    a: Side,
    b: Side,
    done: bool,
}

/// One of the two: the edges that are left of it, or, where it does not ask this level, itself for
/// every value.
struct Side {
    whole: Option<SetId>,
    next: usize,
    end: usize,
}

// === impl Space ===

impl Space {
    /// The headers in both.
    pub fn and(&mut self, a: SetId, b: SetId) -> SetId {
        self.begin(Op::And, a, b)
    }

    /// The headers in at least one of the two.
    pub fn or(&mut self, a: SetId, b: SetId) -> SetId {
        self.begin(Op::Or, a, b)
    }

    /// The headers in `a` that are not in `b`.
    pub fn minus(&mut self, a: SetId, b: SetId) -> SetId {
        self.begin(Op::Minus, a, b)
    }

    /// The headers that are not in it.
    pub fn not(&mut self, set: SetId) -> SetId {
        self.begin(Op::Minus, Self::FULL, set)
    }

    /// The headers in at least one of many. Joins neighbours, then neighbours of what that gave:
    /// n single values cost n·log n edges, where one after the other costs n².
    pub fn any(&mut self, sets: &[SetId]) -> SetId {
        self.cache.begin();
        self.joined(sets.to_vec())
    }

    /// Whether it has no member. Costs nothing.
    pub fn is_empty(&self, set: SetId) -> bool {
        set == Self::EMPTY
    }

    /// [`Space::any`], as part of an operation.
    pub(super) fn joined(&mut self, mut sets: Vec<SetId>) -> SetId {
        while sets.len() > 1 {
            let halved = sets.chunks(2).map(|two| match *two {
                [a, b] => self.apply(Op::Or, a, b),
                _ => two[0],
            });
            sets = halved.collect();
        }
        sets.first().copied().unwrap_or(Self::EMPTY)
    }

    /// An operation from its outside.
    fn begin(&mut self, op: Op, a: SetId, b: SetId) -> SetId {
        self.cache.begin();
        self.apply(op, a, b)
    }

    /// An operation, or a part of one.
    fn apply(&mut self, op: Op, a: SetId, b: SetId) -> SetId {
        if let Some(settled) = op.settled(a, b) {
            return settled;
        }
        let (a, b) = op.ordered(a, b);
        let task = op as u32;
        if let Some(known) = self.cache.get(task, a.0, b.0) {
            return known;
        }
        let base = self.scratch.len();
        let mut pair = self.pair(a, b);
        while let Some((hi, x, y)) = pair.step(&self.nodes, op) {
            let to = self.apply(op, x, y);
            self.push(base, hi, to);
            let unchanged = pair.unchanged(&self.nodes, op);
            if !unchanged.is_empty() {
                let first = self.nodes.edge(unchanged.start);
                self.push(base, first.hi, first.to);
                let rest = self.nodes.slice(unchanged.start + 1..unchanged.end);
                self.scratch.extend_from_slice(rest);
            }
        }
        let result = self.finish(pair.level, base);
        self.cache.put(task, a.0, b.0, result);
        result
    }

    fn pair(&self, a: SetId, b: SetId) -> Pair {
        let level = self.nodes.level(a).min(self.nodes.level(b));
        let side = |set| {
            let span = self.nodes.span(set);
            let whole = (self.nodes.level(set) != level).then_some(set);
            Side { whole, next: span.start, end: span.end }
        };
        let top = self.top(super::Level(level));
        Pair { level, top, a: side(a), b: side(b), done: false }
    }
}

// === impl Op ===

impl Op {
    /// The result where it needs no look into both sets.
    fn settled(self, a: SetId, b: SetId) -> Option<SetId> {
        const EMPTY: SetId = Space::EMPTY;
        const FULL: SetId = Space::FULL;
        match self {
            Op::And if a == b || a == EMPTY || b == FULL => Some(a),
            Op::And if b == EMPTY || a == FULL => Some(b),
            Op::Or if a == b || a == FULL || b == EMPTY => Some(a),
            Op::Or if b == FULL || a == EMPTY => Some(b),
            Op::Minus if a == b || b == FULL => Some(EMPTY),
            Op::Minus if a == EMPTY || b == EMPTY => Some(a),
            _ => None,
        }
    }

    /// The same question in the one form under which it is remembered.
    fn ordered(self, a: SetId, b: SetId) -> (SetId, SetId) {
        if self == Op::Minus || a < b { (a, b) } else { (b, a) }
    }

    /// Whether with `a` on the left the result is the same for every right side.
    fn decided_by_left(self, a: SetId) -> bool {
        a == if self == Op::Or { Space::FULL } else { Space::EMPTY }
    }

    /// Whether with `a` on the left the result is always the right side.
    fn neutral_left(self, a: SetId) -> bool {
        self != Op::Minus && self.neutral_right(a)
    }

    /// Whether with `b` on the right the result is always the left side.
    fn neutral_right(self, b: SetId) -> bool {
        b == if self == Op::And { Space::FULL } else { Space::EMPTY }
    }

    /// Whether with `b` on the right the result is the same for every left side.
    fn decided_by_right(self, b: SetId) -> bool {
        b == if self == Op::And { Space::EMPTY } else { Space::FULL }
    }
}

// === impl Pair ===

impl Pair {
    /// The next run of values for which both sides have one child, or where one side's child
    /// decides: up to which value, and the two children. Because a side that decides skips the
    /// other's edges, a small set against a large one costs the small one's edges, not the large's.
    fn step(&mut self, nodes: &Nodes, op: Op) -> Option<(u32, SetId, SetId)> {
        if self.done {
            return None;
        }
        let (x_hi, x) = self.a.edge(nodes, self.top);
        let (y_hi, y) = self.b.edge(nodes, self.top);
        let hi = if op.decided_by_left(x) {
            x_hi
        } else if op.decided_by_right(y) {
            y_hi
        } else {
            x_hi.min(y_hi)
        };
        self.done = hi == self.top;
        if !self.done {
            self.a.pass(nodes, x_hi, hi);
            self.b.pass(nodes, y_hi, hi);
        }
        Some((hi, x, y))
    }

    /// Edges of one side that belong to the result as they are, because the other's child is
    /// neutral for all of them; passes them. Always leaves an edge for the next step. Without it,
    /// adding a value to a set of many would look at every child.
    fn unchanged(&mut self, nodes: &Nodes, op: Op) -> Range<usize> {
        if self.done {
            return 0..0;
        }
        let (x_hi, x) = self.a.edge(nodes, self.top);
        let (y_hi, y) = self.b.edge(nodes, self.top);
        if x_hi < y_hi && op.neutral_right(y) {
            self.a.run(nodes, y_hi)
        } else if y_hi < x_hi && op.neutral_left(x) {
            self.b.run(nodes, x_hi)
        } else {
            0..0
        }
    }
}

// === impl Side ===

impl Side {
    fn edge(&self, nodes: &Nodes, top: u32) -> (u32, SetId) {
        match self.whole {
            Some(set) => (top, set),
            None => {
                let edge = nodes.edge(self.next);
                (edge.hi, edge.to)
            }
        }
    }

    /// Leaves the edges behind that end at or before `hi`; the present one ends at `mine`.
    fn pass(&mut self, nodes: &Nodes, mine: u32, hi: u32) {
        if self.whole.is_some() || mine > hi {
            return;
        }
        self.next += 1;
        // Mostly the next one is right already, and a search would cost more than the look.
        if mine < hi && nodes.edge(self.next).hi <= hi {
            self.next += nodes.slice(self.next..self.end).partition_point(|edge| edge.hi <= hi);
        }
    }

    /// Passes the edges that end before `hi`, of which there is at least one.
    fn run(&mut self, nodes: &Nodes, hi: u32) -> Range<usize> {
        let start = self.next;
        self.next += nodes.slice(start..self.end).partition_point(|edge| edge.hi < hi);
        start..self.next
    }
}
