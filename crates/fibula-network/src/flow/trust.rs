//! Backends from which every message is known to end with a reason, so that none need be followed
//! there.

use crate::fib::BackendsId;

/// The lists of backends that are trusted: whatever message is rewritten to one of them by
/// whichever switch, it ends with a reason (R5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// By list.
    lists: Vec<bool>,
}

// === impl Trust ===

impl Trust {
    /// Whether a list is trusted.
    pub fn trusts(&self, list: BackendsId) -> bool {
        self.lists.get(list.0 as usize).copied().unwrap_or(false)
    }
}
