//! The life of one message, and of its reply: N3 and N6, followed hop by hop.
//!
//! Written apart from [`flow`](crate::flow), which asks the same of sets of headers: the two share
//! no matching code, and the tests hold them against each other.

use std::collections::BTreeSet;

use crate::addr::Addr;
use crate::element::{ElementId, Kind};
use crate::fib::{
    Action, Addrs, ChoiceId, Entry, EntryId, Fib, Hop, Listener, Mark, Owner, Pattern, Ports,
    Reason, Receiver, Source, TableId,
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
        /// The header from here on, where the entry rewrote it: then it is not the last that
        /// decides here.
        becomes: Option<Header>,
        /// Which of its alternatives the message took, where the entry has some.
        fork: Option<Fork>,
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

/// Follows a message that `process` sends, under these choices; where it has alternatives, it takes
/// the first. Costs a pass over the entries of each switch that it meets; never more than one for
/// each switch, kind of link and header.
pub fn walk(network: &Network, process: ElementId, header: Header, choices: &Choices) -> Life {
    Walker::new(network, header, choices, &[], None).live(process)
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
    let mut lives = vec![];
    let mut picks: Vec<u32> = vec![];
    loop {
        let life = Walker::new(network, header, choices, &picks, None).live(process);
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

/// The life of the reply to a message that was delivered: sent by whoever received it, with the
/// header turned round, under the same choices. None where the message was not delivered.
///
/// A reply either comes back to the process that sent the message, from the address that it was
/// sent to, or ends as *reply lost*.
pub fn reply(network: &Network, life: &Life, choices: &Choices) -> Option<Life> {
    let connection = Connection::of(network, life)?;
    let header = connection.received.mirrored();
    let expected = connection.sent.mirrored();
    let caller = connection.caller;
    let mut walker = Walker::new(network, header, choices, &[], Some(connection));
    let mut ending = match network.fib(life.ending.at) {
        Some(_) => walker.go(life.ending.at, local_process(network.kind(life.ending.at))),
        None => walker.send(life.ending.at),
    };
    let home = Ending { verdict: Verdict::Delivered, at: caller };
    if ending != home || walker.header != expected {
        ending.verdict = Verdict::ReplyLost;
    }
    Some(Life { steps: walker.steps, ending })
}

/// What a process of a switch is, of which no more is known.
fn local_process(switch: Kind) -> Kind {
    match switch {
        Kind::Pod => Kind::Container,
        Kind::Outside => Kind::World,
        _ => Kind::Daemon,
    }
}

/// A connection, as the switches on its way know it from its first message.
struct Connection {
    caller: ElementId,
    sent: Header,
    received: Header,
    /// Each switch that it passed, with the header before and after.
    passed: Vec<(ElementId, Header, Header)>,
}

struct Walker<'a> {
    network: &'a Network,
    header: Header,
    choices: &'a Choices,
    /// Which alternatives to take, in their order; then the first.
    picks: &'a [u32],
    /// The connection that the message answers.
    answers: Option<Connection>,
    steps: Vec<Step>,
    met: BTreeSet<(ElementId, Kind, Header)>,
}

/// An entry that matched, and what its relative words mean for this message.
struct Match<'n> {
    id: EntryId,
    entry: &'n Entry,
    owner: Option<Owner>,
    listener: Option<Listener>,
}

/// A message at a switch.
struct Arrival<'n> {
    at: ElementId,
    fib: &'n Fib,
    from: Kind,
    marked: bool,
    /// Where it is a reply, the header with which the message that it answers arrived here.
    answered: Option<Header>,
}

// === impl Connection ===

impl Connection {
    fn of(network: &Network, life: &Life) -> Option<Connection> {
        if life.ending.verdict != Verdict::Delivered {
            return None;
        }
        let Step::Send { from: caller, header: sent, .. } = *life.steps.first()? else {
            return None;
        };
        let mut passed: Vec<(ElementId, Header, Header)> = vec![];
        let mut received = sent;
        for step in &life.steps {
            match *step {
                Step::Recv { at, header, .. } => {
                    received = header;
                    if network.fib(at).is_some() {
                        passed.push((at, header, header));
                    }
                }
                Step::Decide { becomes: Some(header), .. } => {
                    received = header;
                    if let Some((_, _, after)) = passed.last_mut() {
                        *after = header;
                    }
                }
                Step::Send { .. } | Step::Decide { .. } => {}
            }
        }
        Some(Connection { caller, sent, received, passed })
    }

    /// With which header the message arrived at a switch that this one answers; none if no such
    /// message left it.
    fn answered(&self, at: ElementId, header: Header) -> Option<Header> {
        let mut passed = self.passed.iter();
        passed.find(|(s, _, after)| *s == at && after.mirrored() == header).map(|p| p.1)
    }
}

// === impl Walker ===

impl<'a> Walker<'a> {
    fn new(
        network: &'a Network,
        header: Header,
        choices: &'a Choices,
        picks: &'a [u32],
        answers: Option<Connection>,
    ) -> Walker<'a> {
        let (steps, met) = (vec![], BTreeSet::new());
        Walker { network, header, choices, picks, answers, steps, met }
    }

    fn live(mut self, process: ElementId) -> Life {
        let ending = self.send(process);
        Life { steps: self.steps, ending }
    }

    fn send(&mut self, process: ElementId) -> Ending {
        let host = self.network.facts.host(process);
        match self.exchange(process, host) {
            Ok(to) => self.go(to, self.network.kind(process)),
            Err(ending) => ending,
        }
    }

    /// From the arrival at a switch to the end.
    fn go(&mut self, mut at: ElementId, mut from: Kind) -> Ending {
        loop {
            let Some(fib) = self.network.fib(at) else {
                return Ending { verdict: Verdict::Delivered, at };
            };
            let end = |verdict| Ending { verdict, at };
            if !self.met.insert((at, from, self.header)) {
                return end(Verdict::Loop);
            }
            let Some(found) = self.consult(at, fib, from) else {
                return end(Verdict::NoEntry);
            };
            let next = match found.entry.action {
                Action::Forward(hop) => match hop {
                    Hop::To(switch) => Some(switch),
                    Hop::Host => fib.me.host,
                    Hop::Owner => found.owner.map(|owner| owner.to),
                    Hop::OwnersNode => found.owner.map(|owner| owner.via),
                    Hop::OneOf(hops) => {
                        let hops = self.network.hops(hops);
                        let fork = self.fork(hops.len());
                        self.decided(at, &found, None, Some(fork));
                        hops.get(fork.taken as usize).copied()
                    }
                },
                Action::Deliver(receiver) => match receiver {
                    Receiver::Me => None,
                    Receiver::Element(e) => Some(e),
                    Receiver::Listener => found.listener.map(|listener| listener.process),
                    Receiver::Caller => self.answers.as_ref().map(|c| c.caller),
                },
                _ => None,
            };
            if !matches!(found.entry.action, Action::Forward(Hop::OneOf(_))) {
                self.decided(at, &found, None, None);
            }
            match found.entry.action {
                Action::Deliver(Receiver::Me) => return end(Verdict::Delivered),
                Action::Deliver(_) if next == Some(at) => return end(Verdict::Delivered),
                Action::Reject(_) => return end(Verdict::Rejected),
                Action::Discard(reason) => return end(Verdict::of(reason)),
                _ => {}
            }
            match self.exchange(at, next) {
                Ok(to) => (from, at) = (self.network.kind(at), to),
                Err(ending) => return ending,
            }
        }
    }

    /// Sends the message on, if a link leads there (N2).
    fn exchange(&mut self, from: ElementId, to: Option<ElementId>) -> Result<ElementId, Ending> {
        let Some(to) = to.filter(|to| self.network.links.contains(from, *to)) else {
            return Err(Ending { verdict: Verdict::NoLink, at: from });
        };
        let header = self.header;
        self.steps.push(Step::Send { from, to, header });
        self.steps.push(Step::Recv { at: to, from, header });
        Ok(to)
    }

    fn decided(
        &mut self,
        at: ElementId,
        found: &Match<'_>,
        becomes: Option<Header>,
        fork: Option<Fork>,
    ) {
        let &Match { id, owner, listener, .. } = found;
        self.steps.push(Step::Decide { at, entry: id, owner, listener, becomes, fork });
    }

    /// The next alternative to take, of so many.
    fn fork(&self, of: usize) -> Fork {
        let met = self.steps.iter().filter_map(Step::fork).count();
        let taken = self.picks.get(met).copied().unwrap_or(0);
        Fork { taken, of: of as u32 }
    }

    /// The entry that says where the message goes or ends: the first that matches, table by
    /// table, after those that rewrite it.
    fn consult(&mut self, at: ElementId, fib: &'a Fib, from: Kind) -> Option<Match<'a>> {
        let tables = self.network.pipeline(fib.pipeline);
        let answered = self.answers.as_ref().and_then(|c| c.answered(at, self.header));
        let mut here = Arrival { at, fib, from, marked: false, answered };
        let mut position = 0;
        while let Some(&table) = tables.get(position) {
            position += 1;
            let Some(found) = self.first(&here, table) else { continue };
            match found.entry.action {
                Action::Rewrite { to, mark, .. } => {
                    let mut seen = self.network.backends(to).seen_by(at, &fib.me);
                    let fork = self.fork(seen.clone().count());
                    if let Some(backend) = seen.nth(fork.taken as usize) {
                        here.marked |= match mark {
                            Mark::Never => false,
                            Mark::Hairpin => self.header.src == backend.addr,
                            Mark::Always => true,
                        };
                        self.header.dst = backend.addr;
                        self.header.dport = backend.port;
                    }
                    self.decided(at, &found, Some(self.header), Some(fork));
                }
                Action::Masquerade { by, .. } => {
                    self.header.src = self.source(fib, by).unwrap_or(self.header.src);
                    self.decided(at, &found, Some(self.header), None);
                }
                Action::Undo { .. } => {
                    self.header = here.answered.map_or(self.header, Header::mirrored);
                    self.decided(at, &found, Some(self.header), None);
                }
                _ => {}
            }
            let Some(then) = found.entry.action.then() else { return Some(found) };
            // An entry that does not lead on would never end: it is as good as none.
            position += tables[position..].iter().position(|table| *table == then)?;
        }
        None
    }

    /// The address that a switch masquerades by, if it has one in the family of the target.
    fn source(&self, fib: &Fib, by: Source) -> Option<Addr> {
        let family = self.header.dst.family();
        match by {
            Source::Own => fib.me.masquerade(family),
            Source::Is(addr) => Some(addr).filter(|addr| addr.family() == family),
        }
    }

    /// Whether an entry that matches can do what it says here.
    fn applies(&self, here: &Arrival<'_>, action: Action) -> bool {
        match action {
            Action::Rewrite { to, .. } => {
                let backends = self.network.backends(to);
                backends.seen_by(here.at, &here.fib.me).next().is_some()
            }
            Action::Masquerade { by, .. } => self.source(here.fib, by).is_some(),
            _ => true,
        }
    }

    fn first(&self, here: &Arrival<'_>, table: TableId) -> Option<Match<'a>> {
        let entries = self.network.table(table).entries.iter().enumerate();
        entries.into_iter().find_map(|(index, entry)| {
            let id = EntryId { table, index: index as u32 };
            let (owner, listener) = self.matches(here, &entry.pattern)?;
            let found = Match { id, entry, owner, listener };
            self.applies(here, entry.action).then_some(found)
        })
    }

    fn matches(
        &self,
        here: &Arrival<'_>,
        pattern: &Pattern,
    ) -> Option<(Option<Owner>, Option<Listener>)> {
        let Header { src, sport, dst, dport, proto } = self.header;
        let port = Port { proto, number: dport };
        let me = &here.fib.me;
        let owner = self.address(here.at, here.fib, pattern.dst, dst)?;
        let plain = pattern.from.is_none_or(|kind| kind == here.from)
            && pattern.proto.is_none_or(|p| p == proto)
            && pattern.marked.is_none_or(|marked| marked == here.marked)
            && pattern.reply.is_none_or(|reply| reply == here.answered.is_some())
            && pattern.when.iter().all(|when| self.chosen(when.choice) == when.value)
            && self.address(here.at, here.fib, pattern.src, src).is_some()
            && match pattern.sport {
                Ports::Any => true,
                Ports::In(lo, hi) => lo <= sport && sport <= hi,
                Ports::Listened => me.listener(Port { proto, number: sport }).is_some(),
            };
        if !plain {
            return None;
        }
        match pattern.dport {
            Ports::Any => Some((owner, None)),
            Ports::In(lo, hi) => (lo <= dport && dport <= hi).then_some((owner, None)),
            Ports::Listened => me.listener(port).map(|listener| (owner, Some(*listener))),
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
            Addrs::OwnIn(set) if !self.network.set(set).contains(addr) => None,
            Addrs::OwnIn(_) => self.address(at, fib, Addrs::Own, addr),
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
            Step::Send { .. } | Step::Recv { .. } => None,
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
