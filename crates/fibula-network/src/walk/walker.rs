//! One message, from switch to switch.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{Choices, Ending, Fork, Life, Step, Verdict, Walks};
use crate::addr::Addr;
use crate::element::{ElementId, Kind};
use crate::fib::{
    Action, Addrs, ChoiceId, Entry, EntryId, Fib, Hop, Listener, Mark, Owner, Pattern, Ports,
    Receiver, Side, Source, TableId,
};
use crate::header::{Header, Port};
use crate::network::Network;

/// What a process of a switch is, of which no more is known.
pub(super) fn local_process(switch: Kind) -> Kind {
    match switch {
        Kind::Pod => Kind::Container,
        Kind::Outside => Kind::World,
        _ => Kind::Daemon,
    }
}

/// A connection, as the switches on its way know it from its first message.
pub(super) struct Connection {
    pub(super) caller: ElementId,
    pub(super) sent: Header,
    pub(super) received: Header,
    /// Each switch that it passed, with the header before and after.
    passed: Vec<(ElementId, Header, Header)>,
}

/// A message on its way.
pub(super) struct Walker<'a> {
    walks: &'a Walks<'a>,
    network: &'a Network,
    pub(super) header: Header,
    choices: &'a Choices,
    /// Which alternatives to take, in their order; then the first.
    picks: &'a [u32],
    /// The connection that the message answers.
    answers: Option<Connection>,
    steps: Vec<Step>,
    asked: RefCell<BTreeSet<ChoiceId>>,
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

/// Whether it may depend on a choice if an address is in a field.
fn asks(field: Addrs) -> bool {
    matches!(field, Addrs::Own | Addrs::OwnIn(_) | Addrs::Hosted | Addrs::Elsewhere(_))
}

// === impl Connection ===
impl Connection {
    pub(super) fn of(network: &Network, life: &Life) -> Option<Connection> {
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
                Step::Send { .. } | Step::Decide { .. } | Step::Pass { .. } => {}
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
    pub(super) fn new(
        walks: &'a Walks<'a>,
        header: Header,
        choices: &'a Choices,
        picks: &'a [u32],
        answers: Option<Connection>,
    ) -> Walker<'a> {
        let (steps, met, asked) = (vec![], BTreeSet::new(), RefCell::default());
        let network = walks.network;
        Walker { walks, network, header, choices, picks, answers, steps, asked, met }
    }

    pub(super) fn live(mut self, process: ElementId) -> Life {
        let ending = self.send(process);
        self.life(ending)
    }

    /// What became of the message.
    pub(super) fn life(self, ending: Ending) -> Life {
        Life { steps: self.steps, ending, asked: self.asked.into_inner().into_iter().collect() }
    }

    pub(super) fn send(&mut self, process: ElementId) -> Ending {
        let host = self.network.facts.host(process);
        match self.exchange(process, host) {
            Ok(to) => self.go(to, self.network.kind(process)),
            Err(ending) => ending,
        }
    }

    /// From the arrival at a switch to the end.
    pub(super) fn go(&mut self, mut at: ElementId, mut from: Kind) -> Ending {
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
            let Some(found) = self.first(&here, table).or_else(|| self.filter(&here, table)) else {
                continue;
            };
            match found.entry.action {
                Action::Goto(_) => self.steps.push(Step::Pass { at, entry: found.id }),
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
        let entries = &self.network.table(table).entries;
        self.walks.candidates(table, self.header).find_map(|index| {
            let (id, entry) = (EntryId { table, index }, &entries[index as usize]);
            let (owner, listener) = self.matches(here, &entry.pattern)?;
            let found = Match { id, entry, owner, listener };
            self.applies(here, entry.action).then_some(found)
        })
    }

    /// The first entry that matches in the chain of the Pod that the message is from or for, if
    /// this switch hosts that. Where several have the address, their chains are asked in their
    /// order.
    fn filter(&self, here: &Arrival<'_>, table: TableId) -> Option<Match<'a>> {
        let chains = self.network.table(table).chains.as_ref()?;
        let addr = match chains.by {
            Side::Source => self.header.src,
            Side::Target => self.header.dst,
        };
        self.network.owners_of(addr).iter().find_map(|owner| {
            let hosted = owner.via == here.at && owner.to != here.at;
            let filters = chains.of(owner.to).filter(|_| hosted)?;
            let held = owner.when.is_none_or(|when| self.chosen(when.choice) == when.value);
            filters.iter().filter(|_| held).find_map(|table| self.first(here, *table))
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
        let field = |field, addr| self.address(here.at, here.fib, field, addr);
        let unlike = |plain, addr| !asks(plain) && field(plain, addr).is_none();
        let plain = pattern.from.is_none_or(|kind| kind == here.from)
            && pattern.proto.is_none_or(|p| p == proto)
            && pattern.marked.is_none_or(|marked| marked == here.marked)
            && pattern.reply.is_none_or(|reply| reply == here.answered.is_some())
            && (pattern.src != Addrs::Same && pattern.dst != Addrs::Same || src == dst)
            && !unlike(pattern.dst, dst)
            && !unlike(pattern.src, src)
            && match pattern.sport {
                Ports::Any => true,
                Ports::In(lo, hi) => lo <= sport && sport <= hi,
                Ports::Listened => me.listener(Port { proto, number: sport }).is_some(),
            };
        if !plain {
            return None;
        }
        let listener = match pattern.dport {
            Ports::Any => None,
            Ports::In(lo, hi) if lo <= dport && dport <= hi => None,
            Ports::In(..) => return None,
            Ports::Listened => Some(*me.listener(port)?),
        };
        // What may ask a choice comes last: what does not match anyway does not depend on it.
        let owner = field(pattern.dst, dst)?;
        field(pattern.src, src)?;
        let chosen = pattern.when.iter().all(|when| self.chosen(when.choice) == when.value);
        chosen.then_some((owner, listener))
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
            // Of *same* both addresses say.
            Addrs::Any | Addrs::Same => plain(true),
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
        self.asked.borrow_mut().insert(choice);
        self.choices.get(usize::from(choice.0)).copied().unwrap_or(0)
    }
}
