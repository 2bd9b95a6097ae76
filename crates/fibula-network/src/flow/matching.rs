//! What an entry matches of all messages to one target, as a set of headers.

use rustc_hash::FxHashMap;

use super::atoms::Atom;
use super::chains::{Care, compares};
use super::fields::Fields;
use super::ground::Ground;
use super::trust::Trust;
use crate::addr::Addr;
use crate::element::{ElementId, Kind};
use crate::fib::{
    Action, Addrs, Backend, BackendsId, Entry, EntryId, Fib, Hop, HopsId, Listener, Mark, Owner,
    Pattern, Ports, Receiver, Source, TableId,
};
use crate::header::Port;
use crate::network::Network;
use crate::set::{SetId, Space};
use crate::walk::Verdict;

/// What to decide: a switch, and a target.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) ground: &'a Ground<'a>,
    pub(crate) network: &'a Network,
    pub(crate) fields: Fields,
    pub(crate) switch: ElementId,
    pub(crate) fib: &'a Fib,
    pub(crate) arrived: Kind,
    pub(crate) care: Care,
    pub(crate) trust: Option<&'a Trust>,
    pub(crate) target: Atom,
    /// Stands for all targets between the same ends of ranges that patterns name.
    pub(crate) zone: u32,
    /// Whether an entry says *listened* of targets in the zone that are not the switch's own.
    pub(crate) zone_listens: bool,
    pub(crate) owners: &'a [Owner],
}

/// What an entry does, without the words that depend on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Move(Move),
    Goto(TableId),
    Rewrite(BackendsId, Mark, TableId),
    Masquerade(Source, TableId),
}

/// What a switch does with some of the messages to a target, in words that hold for all switches
/// that decide alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    /// To the host of the switch.
    Host,
    /// To the owner of the target.
    Owner,
    /// To the Node that leads to the owner of the target.
    OwnersNode,
    /// To this switch.
    To(ElementId),
    /// To any of these switches.
    OneOf(HopsId),
    /// To a backend, from where every message is known to end with a reason (see [`Trust`]).
    Trusted,
    /// To this process, or to the switch's own Pod or Node.
    Deliver(ElementId),
    /// To the switch's listener with this index.
    Listener(u32),
    /// To whichever of its listeners.
    SomeListener,
    /// The life ends here.
    End(Verdict),
}

/// What a switch is to the owner of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Relation {
    /// The target is the switch's own, and in which of the sets it is that patterns narrow *own*
    /// by.
    pub(crate) own: Option<u64>,
    /// The switch leads to the owner, which it is not itself.
    pub(crate) hosted: bool,
    /// Another switch leads to the owner, which is of this kind.
    pub(crate) elsewhere: Option<Kind>,
}

/// Matches entries, and remembers for one space what they ask.
#[derive(Default)]
pub(crate) struct Matcher {
    /// What an entry asks of a header but the target address, and the target port where it says
    /// *listened*: the same for each switch, unless it speaks of the source in relative words.
    fields: FxHashMap<EntryId, SetId>,
    ports: FxHashMap<Port, SetId>,
}

// === impl Matcher ===

impl Matcher {
    /// What an entry matches of the messages to the target, in disjoint parts, and what it does.
    pub(crate) fn matches(
        &mut self,
        space: &mut Space,
        case: &Case<'_>,
        id: EntryId,
        entry: &Entry,
    ) -> Vec<(SetId, Act)> {
        let pattern = &entry.pattern;
        let owners = match case.target(pattern.dst) {
            Some(owners) if pattern.from.is_none_or(|kind| kind == case.arrived) => owners,
            _ => return vec![],
        };
        let fields = self.fields(space, case, id, entry);
        let mut out = vec![];
        for owner in owners {
            let set = match owner.and_then(|owner| owner.when) {
                Some(when) => {
                    let chosen = case.fields.when(space, when);
                    space.and(fields, chosen)
                }
                None => fields,
            };
            let vague = case.is_vague(pattern);
            if vague || pattern.dport != Ports::Listened {
                out.push((set, case.act(entry.action, owner, (!vague).then_some(0))));
                continue;
            }
            for (i, listener) in case.listeners() {
                let at = *self
                    .ports
                    .entry(listener.port)
                    .or_insert_with(|| case.fields.port(space, listener.port));
                out.push((space.and(set, at), case.act(entry.action, owner, Some(i))));
            }
        }
        out
    }

    fn fields(&mut self, space: &mut Space, case: &Case<'_>, id: EntryId, entry: &Entry) -> SetId {
        if let Some(known) = self.fields.get(&id) {
            return *known;
        }
        let pattern = &entry.pattern;
        let mut parts = vec![case.source(space, pattern.src)];
        if pattern.dst == Addrs::Same {
            parts.push(case.source(space, Addrs::Same));
        }
        if let Some(proto) = pattern.proto {
            parts.push(case.fields.proto(space, proto));
        }
        for when in &pattern.when {
            parts.push(case.fields.when(space, *when));
        }
        if let Ports::In(lo, hi) = pattern.dport {
            parts.push(case.fields.dport(space, lo, hi));
        }
        match pattern.sport {
            Ports::Any => {}
            Ports::In(lo, hi) => parts.push(case.fields.sport(space, lo, hi)),
            Ports::Listened => {
                let mut listened = vec![];
                for listener in &case.fib.me.listeners {
                    let Port { proto, number } = listener.port;
                    let proto = case.fields.proto(space, proto);
                    let number = case.fields.sport(space, number, number);
                    listened.push(space.and(proto, number));
                }
                parts.push(space.any(&listened));
            }
        }
        let set = parts.into_iter().fold(Space::FULL, |all, part| space.and(all, part));
        if !is_relative(pattern.src) && !compares(pattern) && pattern.sport != Ports::Listened {
            self.fields.insert(id, set);
        }
        set
    }
}

// === impl Case ===

impl<'a> Case<'a> {
    /// What the switch is to the owner of the target; none where that is left to a choice.
    pub(crate) fn relation(&self) -> Option<Relation> {
        let owner = match self.owners {
            [] => None,
            [owner] if owner.when.is_none() => Some(owner),
            _ => return None,
        };
        let led = owner.filter(|owner| owner.via != self.switch);
        Some(Relation {
            own: self.is_own().then(|| self.ground.own_sets(self.first())),
            hosted: owner.is_some_and(|o| o.via == self.switch && o.to != self.switch),
            elsewhere: led.map(|owner| self.network.kind(owner.to)),
        })
    }

    /// The place of a table in the pipeline, if it comes after `position`.
    pub(crate) fn later(&self, position: usize, table: TableId) -> Option<usize> {
        let tables = self.network.pipeline(self.fib.pipeline);
        (position + 1..tables.len()).find(|i| tables[*i] == table)
    }

    /// The same of another target.
    pub(crate) fn toward(&self, target: Atom) -> Case<'a> {
        let addr = self.ground.atoms.range(target).lo;
        let zone = self.ground.zone(addr);
        let zone_listens = self.ground.zone_listens(zone);
        let owners = self.network.owners_of(addr);
        Case { target, zone, zone_listens, owners, ..*self }
    }

    /// The backends of a list that the switch sees.
    pub(crate) fn seen(&self, list: BackendsId) -> impl Iterator<Item = &'a Backend> + use<'a> {
        self.network.backends(list).seen_by(self.switch, &self.fib.me)
    }

    /// Whether every message that is rewritten to a backend of a list is known to end with a
    /// reason.
    pub(crate) fn trusts(&self, list: BackendsId) -> bool {
        self.care.trusts() && self.trust.is_some_and(|trust| trust.trusts(list))
    }

    /// Whether a pattern could match any port or none: it asks for ports that are *listened* of
    /// *own* targets, and whoever asks does not care which those are.
    pub(crate) fn is_vague(&self, pattern: &Pattern) -> bool {
        self.care == Care::Roughly
            && pattern.dport == Ports::Listened
            && matches!(pattern.dst, Addrs::Own | Addrs::OwnIn(_))
    }

    /// What the switch gives messages to the target as their source.
    pub(crate) fn masquerade(&self, by: Source) -> Option<Atom> {
        let family = self.first().family();
        let addr = match by {
            Source::Own => self.fib.me.masquerade(family),
            Source::Is(addr) => Some(addr).filter(|addr| addr.family() == family),
        };
        addr.map(|addr| self.ground.atoms.of(addr))
    }

    /// Whether the target is the switch's own.
    pub(crate) fn is_own(&self) -> bool {
        self.fib.me.own.binary_search(&self.first()).is_ok()
    }

    /// The target's first address.
    pub(crate) fn first(&self) -> Addr {
        self.ground.atoms.range(self.target).lo
    }

    /// Whether the target is in the field: the owners that make it so, none if none need to.
    fn target(&self, field: Addrs) -> Option<Vec<Option<Owner>>> {
        let owned = |accept: &dyn Fn(&Owner) -> bool| {
            let owners: Vec<_> =
                self.owners.iter().filter(|o| accept(o)).map(|o| Some(*o)).collect();
            (!owners.is_empty()).then_some(owners)
        };
        let plain = |is: bool| is.then(|| vec![None]);
        match field {
            // Of *same* the source says.
            Addrs::Any | Addrs::Same => plain(true),
            Addrs::In(range) => plain(range.contains(self.first())),
            Addrs::Set(set) => plain(self.network.set(set).contains(self.first())),
            Addrs::OwnIn(set) if !self.network.set(set).contains(self.first()) => None,
            Addrs::OwnIn(_) => self.target(Addrs::Own),
            Addrs::Own if !self.is_own() => None,
            Addrs::Own if self.owners.iter().any(|o| o.when.is_some()) => {
                owned(&|o| o.to == self.switch)
            }
            Addrs::Own => plain(true),
            Addrs::Hosted => owned(&|o| self.leads_to(o)),
            Addrs::Elsewhere(kind) => owned(&|o| self.elsewhere(o, kind)),
        }
    }

    /// Whether the switch leads to an owner, which it is not itself.
    pub(crate) fn leads_to(&self, owner: &Owner) -> bool {
        owner.via == self.switch && owner.to != self.switch
    }

    fn elsewhere(&self, owner: &Owner, kind: Kind) -> bool {
        owner.via != self.switch && self.network.kind(owner.to) == kind
    }

    /// The headers whose source is in the field.
    fn source(&self, space: &mut Space, field: Addrs) -> SetId {
        let network = self.network;
        let mut parts = vec![];
        match field {
            Addrs::Any => return Space::FULL,
            Addrs::Same => {
                let same = self.ground.atoms.same(self.target);
                return same.map_or(Space::EMPTY, |atom| self.fields.from(space, (atom, atom)));
            }
            Addrs::In(range) => parts.push((range.lo, range.hi, None)),
            Addrs::Set(set) => {
                parts.extend(network.set(set).ranges.iter().map(|r| (r.lo, r.hi, None)));
            }
            Addrs::Own | Addrs::OwnIn(_) => {
                let within = |addr: &Addr| match field {
                    Addrs::OwnIn(set) => network.set(set).contains(*addr),
                    _ => true,
                };
                for addr in self.fib.me.own.iter().filter(|addr| within(addr)) {
                    let mine = network.owners_of(*addr).iter().filter(|o| o.to == self.switch);
                    match network.is_contested(*addr) {
                        true => parts.extend(mine.map(|o| (*addr, *addr, o.when))),
                        false => parts.push((*addr, *addr, None)),
                    }
                }
            }
            Addrs::Hosted | Addrs::Elsewhere(_) => {
                let owners = network.owners.iter().filter(|owner| match field {
                    Addrs::Elsewhere(kind) => self.elsewhere(owner, kind),
                    _ => self.leads_to(owner),
                });
                parts.extend(owners.map(|o| (o.addr, o.addr, o.when)));
            }
        }
        let (mut sets, atoms) = (vec![], &self.ground.atoms);
        for (lo, hi, when) in parts {
            let mut set = self.fields.from(space, (atoms.of(lo), atoms.of(hi)));
            if let Some(when) = when {
                let chosen = self.fields.when(space, when);
                set = space.and(set, chosen);
            }
            sets.push(set);
        }
        space.any(&sets)
    }

    /// The listeners that can be reached: of those on one port, the first.
    fn listeners(&self) -> impl Iterator<Item = (u32, &'a Listener)> {
        let all = &self.fib.me.listeners;
        let first = |i: usize| i == 0 || all[i - 1].port != all[i].port;
        (0..all.len()).filter(move |i| first(*i)).map(|i| (i as u32, &all[i]))
    }

    fn act(&self, action: Action, owner: Option<Owner>, listener: Option<u32>) -> Act {
        let alternative = owner.filter(|_| self.relation().is_none());
        Act::Move(match action {
            Action::Goto(then) | Action::Undo { then } => return Act::Goto(then),
            Action::Rewrite { to, mark, then } => return Act::Rewrite(to, mark, then),
            Action::Masquerade { by, then } => return Act::Masquerade(by, then),
            // Nobody began the connection of a message that is no reply.
            Action::Deliver(Receiver::Caller) => Move::End(Verdict::NoLink),
            Action::Forward(Hop::OneOf(hops)) => Move::OneOf(hops),
            Action::Forward(Hop::To(to)) => Move::To(to),
            Action::Forward(Hop::Host) => Move::Host,
            Action::Forward(Hop::Owner) => alternative.map_or(Move::Owner, |o| Move::To(o.to)),
            Action::Forward(Hop::OwnersNode) => {
                alternative.map_or(Move::OwnersNode, |o| Move::To(o.via))
            }
            Action::Deliver(Receiver::Element(to)) => Move::Deliver(to),
            Action::Deliver(Receiver::Listener) => {
                listener.map_or(Move::SomeListener, Move::Listener)
            }
            Action::Deliver(Receiver::Me) => Move::End(Verdict::Delivered),
            Action::Discard(reason) => Move::End(Verdict::of(reason)),
            Action::Reject(_) => Move::End(Verdict::Rejected),
        })
    }
}

/// Whether a field speaks of the switch that decides.
pub(crate) fn is_relative(field: Addrs) -> bool {
    !matches!(field, Addrs::Any | Addrs::In(_) | Addrs::Set(_) | Addrs::Same)
}
