//! F4, F5, R3 and R4: the FIB of every Node Switch.

use fibula_network::{Action, Addrs, Entry, Hop, Kind, Network, Pattern, Range, Reason, Receiver};

use crate::tables::{LOOPBACK, Sets, own_replies};
use crate::{Intent, Listeners, Refinement};

/// The entries that all Node Switches share, most specific first.
pub(crate) fn entries(intent: &Intent, network: &Network, sets: Sets) -> Vec<Entry> {
    let closed = intent.closed_port();
    let mut entries: Vec<Entry> = own_replies().collect();
    if intent.has(Refinement::R4) {
        let deliver = Action::Deliver(Receiver::Listener);
        let loopback = LOOPBACK.map(|(addr, _)| Addrs::In(Range::one(addr)));
        // R4 [* * a p Deliver(D)], F2's twin, and F1's
        for to in loopback.into_iter().chain([Addrs::Own]) {
            entries.push(Entry::new("R4", Pattern::listened(to), deliver));
        }
        for to in LOOPBACK.map(|(_, range)| Addrs::In(range)).into_iter().chain([Addrs::Own]) {
            entries.push(Entry::new("R4", Pattern::to(to), closed));
        }
    }
    // F4 [* * a * Forward(P)]
    entries.push(Entry::new("F4", Pattern::to(Addrs::Hosted), Action::Forward(Hop::Owner)));
    // F5 [* * a * Forward(N2)]
    let elsewhere = |kind| Pattern::to(Addrs::Elsewhere(kind));
    let to_node = Action::Forward(Hop::OwnersNode);
    entries.push(Entry::new("F5", elsewhere(Kind::Pod), to_node));
    // R4 [* * a * Forward(N2)], F5's twin
    if intent.has(Refinement::R4) {
        entries.push(Entry::new("R4", elsewhere(Kind::Node), to_node));
    }
    // R3
    for set in [sets.pods, sets.services].into_iter().flatten() {
        let pattern = Pattern::to(Addrs::Set(set));
        entries.push(Entry::new("R3", pattern, Action::Discard(Reason::NoRoute)));
    }
    if let Some(outside) = network.of_kind(Kind::Outside).next() {
        entries.push(Entry::new("R3", Pattern::ANY, Action::Forward(Hop::To(outside))));
    }
    entries
}

// === impl Intent ===

impl Intent {
    /// What becomes of a message to a port that nobody declares (R1): discarded where the
    /// listeners are known, else delivered to the Pod or Node, by whichever process that may be.
    pub(crate) fn closed_port(&self) -> Action {
        match self.listeners {
            Listeners::Declared => Action::Discard(Reason::ClosedPort),
            Listeners::Unknown => Action::Deliver(Receiver::Me),
        }
    }
}
