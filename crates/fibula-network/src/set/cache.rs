//! Results of operations: a table that forgets.
//!
//! Each key has one slot, which a newer key takes over; what is forgotten is only computed again.
//! An exact map (`FxHashMap`) was measured to be three to five times slower on small sets.
//!
//! How many slots there are depends on the largest single operation, not on the space: it needs its
//! own parts again, and would take exponential time without. Past operations are seldom asked for
//! again, and a table that kept them all would cost a cache miss for each look-up (again three
//! times slower, on a million small sets).

use super::SetId;

/// An odd number without pattern (2⁶⁴ divided by the golden ratio): multiplying by it spreads the
/// differences of near keys over the upper bits.
pub(super) const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A past result. `task` names the operation, with a level where it has one.
#[derive(Clone, Copy)]
struct Known {
    task: u32,
    a: u32,
    b: u32,
    result: SetId,
}

/// Past results by what was asked.
pub(super) struct Cache {
    /// A power of two long.
    slots: Vec<Known>,
    /// Results since the operation began that is under way.
    parts: usize,
}

/// No operation has the number 0.
const VACANT: Known = Known { task: 0, a: 0, b: 0, result: SetId(0) };

// === impl Cache ===

impl Cache {
    pub(super) fn new() -> Cache {
        Cache { slots: vec![VACANT; 1 << 12], parts: 0 }
    }

    pub(super) fn get(&self, task: u32, a: u32, b: u32) -> Option<SetId> {
        let known = &self.slots[self.place(task, a, b)];
        (known.task == task && known.a == a && known.b == b).then_some(known.result)
    }

    /// Says that an operation begins, one that is no part of another.
    pub(super) fn begin(&mut self) {
        self.parts = 0;
    }

    /// Remembers a result.
    pub(super) fn put(&mut self, task: u32, a: u32, b: u32, result: SetId) {
        self.parts += 1;
        if self.parts > self.slots.len() / 2 {
            self.grow();
        }
        let place = self.place(task, a, b);
        self.slots[place] = Known { task, a, b, result };
    }

    fn place(&self, task: u32, a: u32, b: u32) -> usize {
        let key = (u64::from(a) << 32 | u64::from(b)) ^ u64::from(task).rotate_left(24);
        let hash = (key ^ key >> 32).wrapping_mul(ODD);
        (hash >> 32) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        let larger = vec![VACANT; self.slots.len() * 2];
        for known in std::mem::replace(&mut self.slots, larger) {
            let place = self.place(known.task, known.a, known.b);
            if known.task != VACANT.task {
                self.slots[place] = known;
            }
        }
    }
}
