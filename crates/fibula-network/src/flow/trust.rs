//! Backends from which every message is known to end with a reason, so that none need be followed
//! there.
//!
//! 10,000 Services with 15 backends each, seen from thousands of switches, are too many pairs to
//! follow. So what is rewritten is proved apart from what rewrites it, by a contract:
//!
//! 1. Whatever message was just rewritten to one of the backends of a list, marked or not, by
//!    whichever switch, it ends with a reason ([`Flow::rewritten`](super::Flow::rewritten)); where
//!    it is rewritten once more, to a trusted list, that counts as such an end.
//! 2. From a trusted list, rewriting comes to an end: [`Trust::candidates`] are the lists from
//!    which no message can be rewritten again and again, by the targets and ports of entries alone.
//!
//! By 2 the lists have an order in which each leads only to earlier ones, and along it 1 says that
//! every message that is rewritten to a trusted list ends with a reason (R5). It says nothing of
//! where: whoever asks that follows every alternative ([`Flow::closely`](super::Flow::closely)).

use rustc_hash::FxHashSet;

use super::ground::Ground;
use super::rewrites::Rewrites;
use crate::addr::Addr;
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
    /// The lists from which no message is rewritten again and again. Costs a pass over the
    /// backends.
    pub fn candidates(ground: &Ground<'_>) -> Trust {
        let lists = &ground.network.backends;
        let again = |addr: &Addr| ground.rewriting(*addr).next().is_some();
        let again: FxHashSet<Addr> =
            ground.rewrites.backends.iter().copied().filter(again).collect();
        let mut trust = Trust { lists: vec![true; lists.len()] };
        if again.is_empty() {
            return trust;
        }
        // Of the ports of a Node that are rewritten a backend has few, and mostly none.
        let mut own_ports = vec![false; 1 << 16];
        for (lo, hi) in Rewrites::own_ports(ground.network) {
            own_ports[usize::from(lo)..=usize::from(hi)].fill(true);
        }
        // From each list to those that its backends can be rewritten to.
        let mut before: Vec<Vec<usize>> = vec![vec![]; lists.len()];
        let mut left: Vec<usize> = vec![0; lists.len()];
        for (i, list) in lists.iter().enumerate() {
            let mut next = vec![];
            for backend in list.members.iter().filter(|backend| again.contains(&backend.addr)) {
                let own = own_ports[usize::from(backend.port)];
                let rewrites = ground.rewriting_as(backend.addr, own);
                let rewrites = rewrites.filter(|rewriting| rewriting.at_port(backend.port));
                next.extend(rewrites.map(|rewriting| rewriting.to.0 as usize));
            }
            next.sort_unstable();
            next.dedup();
            left[i] = next.len();
            next.into_iter().for_each(|to| before[to].push(i));
        }
        // A list is done when all are that it leads to: what is never done is in a circle, or leads
        // to one.
        let mut done: Vec<usize> = (0..lists.len()).filter(|i| left[*i] == 0).collect();
        trust.lists.fill(false);
        while let Some(list) = done.pop() {
            trust.lists[list] = true;
            for &before in &before[list] {
                left[before] -= 1;
                if left[before] == 0 {
                    done.push(before);
                }
            }
        }
        trust
    }

    /// Whether a list is trusted.
    pub fn trusts(&self, list: BackendsId) -> bool {
        self.lists.get(list.0 as usize).copied().unwrap_or(false)
    }

    /// Trusts a list no longer.
    pub fn doubt(&mut self, list: BackendsId) {
        if let Some(trusted) = self.lists.get_mut(list.0 as usize) {
            *trusted = false;
        }
    }
}
