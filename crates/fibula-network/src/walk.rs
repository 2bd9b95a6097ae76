//! The life of one message: N3 and N6, followed hop by hop.
//!
//! Written apart from [`flow`](crate::flow), which asks the same of sets of headers: the two share
//! no matching code, and the tests hold them against each other.

use std::collections::BTreeSet;

use crate::addr::Addr;
use crate::element::{ElementId, Kind};
use crate::fib::{
    Action, Addrs, ChoiceId, Entry, EntryId, Fib, Hop, Listener, Owner, Pattern, Ports, Reason,
    Receiver, TableId,
};
use crate::header::{Header, Port};
use crate::network::Network;

/// The life of a message: its events in their order, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// What happened, from the first Send on.
    pub steps: Vec<Step>,
    /// How it ended.
    pub ending: Ending,
}

/// A step in the life of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// `Send`: observed at the element that sends (N3).
    Send {
        /// Who sends.
        from: ElementId,
        /// Who is to receive.
        to: ElementId,
        /// The header.
        header: Header,
    },
    /// `Recv`: observed at the element that receives (N3).
    Recv {
        /// Who receives.
        at: ElementId,
        /// Who sent.
        from: ElementId,
        /// The header.
        header: Header,
    },
    /// A switch consulted its FIB, and this entry decided (N6).
    Decide {
        /// The switch.
        at: ElementId,
        /// The entry.
        entry: EntryId,
        /// The owner that a relative entry found.
        owner: Option<Owner>,
        /// The listener that a relative entry found.
        listener: Option<Listener>,
    },
}

/// How a life ends, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ending {
    /// How.
    pub verdict: Verdict,
    /// The process that received it; or the switch where it ended, which for a delivered message
    /// says that the process is unknown.
    pub at: ElementId,
}

/// How the life of a message ends: the closed table of verdicts. Every message has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A Deliver entry, and a link to the receiver.
    Delivered,
    /// A Discard entry for a port that nobody listens on.
    Closed,
    /// A Reject entry.
    Rejected,
    /// A Discard entry of a policy.
    DroppedByPolicy,
    /// A Discard entry of a Service.
    DroppedByService,
    /// A Discard entry for an address that nobody owns.
    NoRoute,
    /// A Deliver or Forward entry, or a Send, without a link to where it leads (N2).
    NoLink,
    /// The FIB ran out: no entry of its last table matched.
    NoEntry,
    /// A switch received it as it had before, and would decide as it did before.
    Loop,
}

/// The value of each choice of a network, by [`ChoiceId`]; a choice beyond its end has value 0.
pub type Choices = [u8];

/// Follows a message that `process` sends, under these choices. Costs a pass over the entries of
/// each switch that it meets; never more than one for each switch and kind of link.
pub fn walk(network: &Network, process: ElementId, header: Header, choices: &Choices) -> Life {
    let mut walker = Walker { network, header, choices, steps: vec![], met: BTreeSet::new() };
    let ending = walker.send(process);
    Life { steps: walker.steps, ending }
}

struct Walker<'a> {
    network: &'a Network,
    header: Header,
    choices: &'a Choices,
    steps: Vec<Step>,
    met: BTreeSet<(ElementId, Kind)>,
}

/// An entry that matched, and what its relative words mean for this message.
struct Match<'n> {
    id: EntryId,
    entry: &'n Entry,
    owner: Option<Owner>,
    listener: Option<Listener>,
}

// === impl Walker ===

impl<'n> Walker<'n> {
    fn send(&mut self, process: ElementId) -> Ending {
        let mut from = process;
        let mut next = self.network.facts.host(process);
        loop {
            let Some(to) = next.filter(|to| self.network.links.contains(from, *to)) else {
                return Ending { verdict: Verdict::NoLink, at: from };
            };
            self.exchange(from, to);
            let Some(fib) = self.network.fib(to) else {
                return Ending { verdict: Verdict::Delivered, at: to };
            };
            let arrived = self.network.kind(from);
            if !self.met.insert((to, arrived)) {
                return Ending { verdict: Verdict::Loop, at: to };
            }
            let Some(found) = self.consult(to, fib, arrived) else {
                return Ending { verdict: Verdict::NoEntry, at: to };
            };
            let Match { id, entry, owner, listener } = found;
            self.steps.push(Step::Decide { at: to, entry: id, owner, listener });
            let end = |verdict| Ending { verdict, at: to };
            next = match entry.action {
                Action::Forward(hop) => match hop {
                    Hop::To(switch) => Some(switch),
                    Hop::Host => fib.me.host,
                    Hop::Owner => owner.map(|owner| owner.to),
                    Hop::OwnersNode => owner.map(|owner| owner.via),
                },
                Action::Deliver(receiver) => match receiver {
                    Receiver::Me => return end(Verdict::Delivered),
                    Receiver::Element(e) if e == to => return end(Verdict::Delivered),
                    Receiver::Element(e) => Some(e),
                    Receiver::Listener => listener.map(|listener| listener.process),
                },
                Action::Reject(_) => return end(Verdict::Rejected),
                Action::Discard(reason) => return end(Verdict::of(reason)),
                Action::Goto(_) => return end(Verdict::NoEntry),
            };
            from = to;
        }
    }

    fn exchange(&mut self, from: ElementId, to: ElementId) {
        let header = self.header;
        self.steps.push(Step::Send { from, to, header });
        self.steps.push(Step::Recv { at: to, from, header });
    }

    /// The entry that decides: the first that matches, table by table.
    fn consult(&self, at: ElementId, fib: &Fib, arrived: Kind) -> Option<Match<'n>> {
        let tables = self.network.pipeline(fib.pipeline);
        let mut position = 0;
        while let Some(&table) = tables.get(position) {
            position += 1;
            if let Some(found) = self.first(at, fib, arrived, table) {
                let Action::Goto(to) = found.entry.action else { return Some(found) };
                // A Goto that does not lead on would never end: it is as good as none.
                position += tables[position..].iter().position(|t| *t == to)?;
            }
        }
        None
    }

    fn first(&self, at: ElementId, fib: &Fib, arrived: Kind, table: TableId) -> Option<Match<'n>> {
        let entries = self.network.table(table).entries.iter().enumerate();
        entries.into_iter().find_map(|(index, entry)| {
            let id = EntryId { table, index: index as u32 };
            self.matches(at, fib, arrived, &entry.pattern).map(|(owner, listener)| Match {
                id,
                entry,
                owner,
                listener,
            })
        })
    }

    fn matches(
        &self,
        at: ElementId,
        fib: &Fib,
        arrived: Kind,
        pattern: &Pattern,
    ) -> Option<(Option<Owner>, Option<Listener>)> {
        let Header { src, sport, dst, dport, proto } = self.header;
        let port = Port { proto, number: dport };
        let owner = self.address(at, fib, pattern.dst, dst)?;
        let plain = pattern.from.is_none_or(|kind| kind == arrived)
            && pattern.proto.is_none_or(|p| p == proto)
            && pattern.when.iter().all(|when| self.chosen(when.choice) == when.value)
            && self.address(at, fib, pattern.src, src).is_some()
            && match pattern.sport {
                Ports::Any => true,
                Ports::In(lo, hi) => lo <= sport && sport <= hi,
                Ports::Listened => fib.me.listener(Port { proto, number: sport }).is_some(),
            };
        if !plain {
            return None;
        }
        match pattern.dport {
            Ports::Any => Some((owner, None)),
            Ports::In(lo, hi) => (lo <= dport && dport <= hi).then_some((owner, None)),
            Ports::Listened => fib.me.listener(port).map(|listener| (owner, Some(*listener))),
        }
    }

    /// Whether the address field matches, and the owner that a relative one found.
    fn address(&self, at: ElementId, fib: &Fib, field: Addrs, addr: Addr) -> Option<Option<Owner>> {
        let owner = |accept: &dyn Fn(&Owner) -> bool| {
            let mut owners = self.network.owners_of(addr).iter();
            let held =
                |o: &&Owner| o.when.is_none_or(|when| self.chosen(when.choice) == when.value);
            owners.find(|o| held(o) && accept(o)).map(|o| Some(*o))
        };
        let plain = |matches: bool| matches.then_some(None);
        match field {
            Addrs::Any => plain(true),
            Addrs::In(range) => plain(range.contains(addr)),
            Addrs::Set(set) => plain(self.network.set(set).contains(addr)),
            Addrs::Own if fib.me.own.binary_search(&addr).is_err() => None,
            Addrs::Own if self.network.is_contested(addr) => owner(&|o| o.to == at),
            Addrs::Own => plain(true),
            Addrs::Hosted => owner(&|o| o.via == at && o.to != at),
            Addrs::Elsewhere(kind) => owner(&|o| o.via != at && self.network.kind(o.to) == kind),
        }
    }

    fn chosen(&self, choice: ChoiceId) -> u8 {
        self.choices.get(usize::from(choice.0)).copied().unwrap_or(0)
    }
}

// === impl Verdict ===

impl Verdict {
    /// Each verdict, in their order.
    pub const ALL: [Verdict; 9] = [
        Verdict::Delivered,
        Verdict::Closed,
        Verdict::Rejected,
        Verdict::DroppedByPolicy,
        Verdict::DroppedByService,
        Verdict::NoRoute,
        Verdict::NoLink,
        Verdict::NoEntry,
        Verdict::Loop,
    ];

    /// What a Discard entry with this reason ends in.
    pub fn of(reason: Reason) -> Verdict {
        match reason {
            Reason::ClosedPort => Verdict::Closed,
            Reason::NoRoute => Verdict::NoRoute,
            Reason::Policy => Verdict::DroppedByPolicy,
            Reason::Service => Verdict::DroppedByService,
        }
    }

    /// Whether it is an end with a reason (R5): every verdict but *loop*, *no link*, *no entry*.
    pub fn has_reason(self) -> bool {
        !matches!(self, Verdict::Loop | Verdict::NoLink | Verdict::NoEntry)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Delivered => "delivered",
            Verdict::Closed => "closed",
            Verdict::Rejected => "rejected",
            Verdict::DroppedByPolicy => "dropped by policy",
            Verdict::DroppedByService => "dropped by service",
            Verdict::NoRoute => "no route",
            Verdict::NoLink => "no link",
            Verdict::NoEntry => "no entry",
            Verdict::Loop => "loop",
        }
    }
}
