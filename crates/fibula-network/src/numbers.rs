//! Numbers for lists: alike lists have one number, so that comparing them costs nothing.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Numbers for lists, counted from 0 in the order in which they are first met.
#[derive(Clone, Debug)]
pub struct Numbers<T> {
    known: FxHashMap<Box<[T]>, u32>,
}

// === impl Numbers ===

impl<T> Default for Numbers<T> {
    fn default() -> Numbers<T> {
        Numbers { known: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    /// The number of a list. Costs a look-up, and a copy of a list that was not met before.
    pub fn of(&mut self, list: &[T]) -> u32 {
        if let Some(number) = self.known.get(list) {
            return *number;
        }
        let number = self.known.len() as u32;
        self.known.insert(list.into(), number);
        number
    }
}
