//! The life of one message, and of its reply: N3 and N6, followed hop by hop.
//!
//! [`walk`], [`branches`] and [`reply`] say what becomes of one message; [`Walks`] says the same of
//! many, faster.
//!
//! Written apart from [`flow`](crate::flow), which asks the same of sets of headers: the two share
//! no matching code, and the tests hold them against each other.

mod lookup;
mod walker;

use std::sync::OnceLock;

use crate::element::ElementId;
use crate::fib::{ChoiceId, EntryId, Listener, Owner, Reason, TableId};
use crate::header::Header;
use crate::network::Network;
use lookup::{Candidates, Lookup};
use walker::{Connection, Walker, local_process};

/// The life of a message: its events in their order, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// What happened, from the first Send on.
    pub steps: Vec<Step>,
    /// How it ended.
    pub ending: Ending,
    /// The choices that were asked on the way, sorted: whatever the others are, the life is this.
    pub asked: Vec<ChoiceId>,
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
        /// The header from here on, where the entry rewrote it: then it is not the last that
        /// decides here.
        becomes: Option<Header>,
        /// Which of its alternatives the message took, where the entry has some.
        fork: Option<Fork>,
    },
    /// A switch consulted its FIB, and this entry let the message pass to a later table.
    Pass {
        /// The switch.
        at: ElementId,
        /// The entry.
        entry: EntryId,
    },
}

/// An alternative that a message took: a backend, or one of several switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fork {
    /// Which one, counted from 0.
    pub taken: u32,
    /// Of how many, at least one.
    pub of: u32,
}

/// The lives of a message, one for each way in which it can take the alternatives on its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branches {
    /// The lives, in the order of their alternatives; at least one.
    pub lives: Vec<Life>,
    /// Whether these are all.
    pub all: bool,
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
    /// A reply that does not come back to the process that sent the message, from the address that
    /// it was sent to.
    ReplyLost,
}

/// The value of each choice of a network, by [`ChoiceId`]; a choice beyond its end has value 0.
pub type Choices = [u8];

/// A network that many messages are followed through.
///
/// It remembers which entries of a table can match a target, so that a walk does not ask each of
/// them: of 10,000 Services, the few that have the address. It borrows the network, which therefore
/// stays as it is for as long as any of that is remembered.
#[derive(Debug)]
pub struct Walks<'n> {
    network: &'n Network,
    /// By table, from when it is first consulted; none where each entry is asked.
    lookups: Vec<OnceLock<Lookup>>,
}

/// Follows a message that `process` sends, under these choices; where it has alternatives, it takes
/// the first. Costs a pass over the entries of each switch that it meets; never more than one for
/// each switch, kind of link and header. To follow many, ask [`Walks`].
pub fn walk(network: &Network, process: ElementId, header: Header, choices: &Choices) -> Life {
    Walks::plain(network).walk(process, header, choices)
}

/// Follows a message through every alternative, but at most `limit` of its lives. Costs a walk for
/// each.
pub fn branches(
    network: &Network,
    process: ElementId,
    header: Header,
    choices: &Choices,
    limit: usize,
) -> Branches {
    Walks::plain(network).branches(process, header, choices, limit)
}

/// The life of the reply to a message that was delivered: sent by whoever received it, with the
/// header turned round, under the same choices. None where the message was not delivered.
///
/// A reply either comes back to the process that sent the message, from the address that it was
/// sent to, or ends as *reply lost*.
pub fn reply(network: &Network, life: &Life, choices: &Choices) -> Option<Life> {
    Walks::plain(network).reply(life, choices)
}

/// The life of the notice that a message was refused, *closed* or *rejected*: sent by the switch
/// where it ended, as a reply would be. None where the message ended otherwise.
///
/// Where the notice ends as *reply lost*, the sender hears nothing, and waits.
pub fn refusal(network: &Network, life: &Life, choices: &Choices) -> Option<Life> {
    Walks::plain(network).refusal(life, choices)
}

// === impl Walks ===

impl<'n> Walks<'n> {
    /// Costs nothing until a table is consulted, and then a sort of its entries, once.
    pub fn new(network: &'n Network) -> Walks<'n> {
        let lookups = network.tables.iter().map(|_| OnceLock::new()).collect();
        Walks { network, lookups }
    }

    /// The network.
    pub fn network(&self) -> &'n Network {
        self.network
    }

    /// Asks each entry.
    fn plain(network: &'n Network) -> Walks<'n> {
        Walks { network, lookups: vec![] }
    }

    /// What [`walk`] does. Costs, at each switch that the message meets, binary searches and the
    /// entries that name its target or no one target.
    pub fn walk(&self, process: ElementId, header: Header, choices: &Choices) -> Life {
        Walker::new(self, header, choices, &[], None).live(process)
    }

    /// What [`branches`] does. Costs a walk for each.
    pub fn branches(
        &self,
        process: ElementId,
        header: Header,
        choices: &Choices,
        limit: usize,
    ) -> Branches {
        let mut lives = vec![];
        let mut picks: Vec<u32> = vec![];
        loop {
            let life = Walker::new(self, header, choices, &picks, None).live(process);
            let forks: Vec<Fork> = life.forks().collect();
            lives.push(life);
            let Some(last) = forks.iter().rposition(|fork| fork.taken + 1 < fork.of) else {
                return Branches { lives, all: true };
            };
            if lives.len() >= limit {
                return Branches { lives, all: false };
            }
            picks = forks[..=last].iter().map(|fork| fork.taken).collect();
            picks[last] += 1;
        }
    }

    /// What [`reply`] does. Costs a walk.
    pub fn reply(&self, life: &Life, choices: &Choices) -> Option<Life> {
        let network = self.network;
        let connection = Connection::of(network, life)?;
        let header = connection.received.mirrored();
        let expected = connection.sent.mirrored();
        let caller = connection.caller;
        let mut walker = Walker::new(self, header, choices, &[], Some(connection));
        let mut ending = match network.fib(life.ending.at) {
            Some(_) => walker.go(life.ending.at, local_process(network.kind(life.ending.at))),
            None => walker.send(life.ending.at),
        };
        let home = Ending { verdict: Verdict::Delivered, at: caller };
        if ending != home || walker.header != expected {
            ending.verdict = Verdict::ReplyLost;
        }
        Some(walker.life(ending))
    }

    /// What [`refusal`] does. Costs a walk.
    pub fn refusal(&self, life: &Life, choices: &Choices) -> Option<Life> {
        let Ending { verdict, at } = life.ending;
        if !matches!(verdict, Verdict::Closed | Verdict::Rejected) {
            return None;
        }
        let ending = Ending { verdict: Verdict::Delivered, at };
        self.reply(&Life { ending, ..life.clone() }, choices)
    }

    /// The places in a table of the entries that can match a target, in their order.
    fn candidates(&self, table: TableId, header: Header) -> Candidates<'_> {
        let all = self.network.table(table);
        match self.lookups.get(table.0 as usize) {
            Some(lookup) => lookup.get_or_init(|| Lookup::new(all)).candidates(header),
            None => Candidates::All(0..all.entries.len() as u32),
        }
    }
}

// === impl Life ===

impl Life {
    /// The alternatives that the message took, in their order.
    pub fn forks(&self) -> impl Iterator<Item = Fork> + '_ {
        self.steps.iter().filter_map(Step::fork)
    }
}

// === impl Step ===

impl Step {
    /// The alternative that was taken here.
    pub fn fork(&self) -> Option<Fork> {
        match self {
            Step::Decide { fork, .. } => *fork,
            Step::Send { .. } | Step::Recv { .. } | Step::Pass { .. } => None,
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// Each verdict, in their order.
    pub const ALL: [Verdict; 10] = [
        Verdict::Delivered,
        Verdict::Closed,
        Verdict::Rejected,
        Verdict::DroppedByPolicy,
        Verdict::DroppedByService,
        Verdict::NoRoute,
        Verdict::NoLink,
        Verdict::NoEntry,
        Verdict::Loop,
        Verdict::ReplyLost,
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
            Verdict::ReplyLost => "reply lost",
        }
    }
}
