//! F1 to F3, R1 and R2: the FIB of every Pod Switch.

use fibula_network::{Action, Addrs, Entry, Hop, Pattern, Range, Receiver};

use crate::tables::{LOOPBACK, own_replies};
use crate::{Intent, Refinement};

/// The entries that all Pod Switches share, most specific first.
pub(crate) fn entries(intent: &Intent) -> Vec<Entry> {
    let deliver = Action::Deliver(Receiver::Listener);
    let closed = intent.closed_port();
    // R2: the article's F1 speaks of IPv4 only; it holds for ::1 too.
    let families = if intent.has(Refinement::R2) { &LOOPBACK[..] } else { &LOOPBACK[..1] };
    let mut entries: Vec<Entry> = own_replies().collect();
    // F1 [* * 127.0.0.1 p Deliver(C)]
    for (addr, _) in families {
        let to = Addrs::In(Range::one(*addr));
        entries.push(Entry::new("F1", Pattern::listened(to), deliver));
    }
    // F2 [* * a p Deliver(C)]
    entries.push(Entry::new("F2", Pattern::listened(Addrs::Own), deliver));
    // R2 [* * 127.0.0.0/8 * Discard(closed port)]
    if intent.has(Refinement::R2) {
        for (_, range) in LOOPBACK {
            entries.push(Entry::new("R2", Pattern::to(Addrs::In(range)), closed));
        }
    }
    // R1 [* * a * Discard(closed port)]
    if intent.has(Refinement::R1) {
        entries.push(Entry::new("R1", Pattern::to(Addrs::Own), closed));
    }
    // F3 [* * * * Forward(N)]
    entries.push(Entry::new("F3", Pattern::ANY, Action::Forward(Hop::Host)));
    entries
}
