//! Messages that break a constraint: who sends them, how many there are, and one to show.

use std::rc::Rc;

use fibula_network::flow::{Flow, Toward};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::Verdict;
use fibula_network::{Addr, ElementId, Entity, Family, Proto, Range};

use super::prover::{Prover, SPORTS};
use super::tally::{Tallies, Tally, Witness};
use crate::tenants::Promise;

/// A target port for the messages that are shown, where any will do.
const DPORT: u16 = 1234;
/// How many switches a proof looks at to count what is broken, before it says "at least".
const PATIENCE: u64 = 1_000_000;

/// Messages that break a constraint: some of those from these switches to a target.
pub(super) struct Broken<'a> {
    /// Stands for all that treat the target alike.
    pub(super) switch: ElementId,
    pub(super) set: SetId,
    /// The headers that break the constraint under every value of the open choices, in this way or
    /// in another.
    pub(super) certain: SetId,
    /// Whether a sender has to use an address of its own (C3).
    pub(super) own_source: bool,
    /// Whether it matters which: else all senders break it alike.
    pub(super) by_source: bool,
    pub(super) verdict: Option<Verdict>,
    pub(super) expected: &'a [ElementId],
    /// Whether a policy may drop it (NM-3).
    pub(super) droppable: bool,
}

// === impl Prover ===

impl<'g> Prover<'g> {
    pub(super) fn broken<'a>(
        &mut self,
        switch: ElementId,
        set: SetId,
        own_source: bool,
        to: &'a Promise,
    ) -> Broken<'a> {
        let certain = self.certain(set);
        let source = self.flow.fields.source();
        let by_source = self.flow.space.depends_on(set, source);
        Broken {
            switch,
            set,
            certain,
            own_source,
            by_source,
            verdict: None,
            expected: &to.by,
            droppable: own_source,
        }
    }

    /// Notes what the processes of these switches break. They treat the target alike but differ in
    /// their own addresses, so that one may break the constraint for certain and another not.
    pub(super) fn note(
        &mut self,
        toward: &Rc<Toward<'g>>,
        addr: Addr,
        broken: &Broken<'_>,
        by: impl IntoIterator<Item = ElementId>,
        tally: impl Fn(&mut Tallies) -> &mut Tally,
    ) {
        let patient = self.looked_at < PATIENCE;
        let never_certain = self.flow.space.is_empty(broken.certain);
        let mut certain: Option<(ElementId, u64)> = None;
        let mut open: Option<(ElementId, u64)> = None;
        for switch in by {
            if !patient && (certain.is_some() || never_certain && open.is_some()) {
                break;
            }
            self.looked_at += 1;
            let senders = self.tenants.senders(switch).count() as u64;
            let sent = self.sent(broken, switch, addr.family());
            if senders == 0 || self.flow.space.is_empty(sent) {
                continue;
            }
            let always = self.flow.space.and(sent, broken.certain);
            let is_open = self.flow.space.is_empty(always);
            let found = if is_open { &mut open } else { &mut certain };
            found.get_or_insert((switch, 0)).1 += senders;
        }
        for (switch, count) in [certain, open].into_iter().flatten() {
            let Some(from) = self.tenants.senders(switch).next() else { continue };
            let witness = self.message(toward, addr, broken, switch, from);
            let tally = tally(&mut self.tallies);
            tally.at_least |= !patient;
            tally.note(count, witness);
        }
    }

    /// The first message of those that break R5; none if nobody can send one.
    pub(super) fn witness(
        &mut self,
        toward: &Rc<Toward<'g>>,
        addr: Addr,
        broken: &Broken<'_>,
    ) -> Option<Witness> {
        let from = |switch| Some((switch, self.tenants.senders(switch).next()?));
        let (switch, from) = self.flow.alike(toward, broken.switch).find_map(from)?;
        Some(self.message(toward, addr, broken, switch, from))
    }

    /// The messages that a process of the switch can send of those that break a constraint.
    fn sent(&mut self, broken: &Broken<'_>, switch: ElementId, family: Family) -> SetId {
        if !broken.own_source {
            return broken.set;
        }
        if !broken.by_source {
            let addresses = self.tenants.addresses(switch);
            let some = match family {
                Family::V4 => addresses.v4 > 0,
                Family::V6 => addresses.v6 > 0,
            };
            return if some { broken.set } else { Space::EMPTY };
        }
        let Flow { ground, fields, ref mut space, .. } = self.flow;
        let addresses = self.network.facts.addresses(Entity::Switch(switch));
        let own = addresses.filter(|addr| addr.family() == family);
        own.fold(Space::EMPTY, |all, addr| {
            let atom = ground.atoms.of(addr);
            let from = fields.from(space, (atom, atom));
            let sent = space.and(broken.set, from);
            space.or(all, sent)
        })
    }

    /// A message of those that break a constraint, one that looks like a message where it can.
    fn message(
        &mut self,
        toward: &Rc<Toward<'g>>,
        addr: Addr,
        broken: &Broken<'_>,
        switch: ElementId,
        from: ElementId,
    ) -> Witness {
        let family = addr.family();
        let all = self.sent(broken, switch, family);
        let network = self.network;
        let Flow { ground, fields, ref mut space, .. } = self.flow;
        let certain = space.and(all, broken.certain);
        let open = space.is_empty(certain);
        let mut set = if open { all } else { certain };
        let owners = network.facts.addresses(Entity::Switch(switch)).find(|a| a.family() == family);
        let own = owners.map(|addr| ground.atoms.of(addr));
        let mut likely = vec![fields.to(space, (toward.atom, toward.atom))];
        if family == Family::V4 {
            likely.push(fields.from(space, ground.atoms.within(Range::ALL_V4)));
        }
        likely.extend(own.map(|atom| fields.from(space, (atom, atom))));
        likely.push(fields.proto(space, Proto::Tcp));
        likely.push(fields.sport(space, SPORTS.0, SPORTS.1));
        likely.push(fields.dport(space, DPORT, DPORT));
        for wish in likely {
            let wished = space.and(set, wish);
            set = if space.is_empty(wished) { set } else { wished };
        }
        let member = space.pick(set).unwrap_or_default();
        let (header, choices) = fields.header(&ground.atoms, &member);
        Witness {
            open,
            verdict: broken.verdict,
            unowned: network.owners_of(addr).is_empty(),
            ipv6: family == Family::V6,
            dst: addr,
            sender: network.kind(from),
            from,
            header,
            choices,
            expected: broken.expected.to_vec(),
            droppable: broken.droppable,
        }
    }

    /// The headers that are in the set under every value of the open choices.
    pub(super) fn certain(&mut self, set: SetId) -> SetId {
        let space: &mut Space = &mut self.flow.space;
        let mut outside = space.not(set);
        for choice in self.flow.fields.choices() {
            outside = space.exists(outside, choice);
        }
        space.not(outside)
    }
}
