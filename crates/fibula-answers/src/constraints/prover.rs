//! The proof of C2 to C4 and R5 for some targets.

use std::rc::Rc;

use fibula_network::flow::{At, Atom, Fate, Flow, Ground, Toward, Trust};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Ending, Verdict};
use fibula_network::{Addr, ElementId, Entity, Family, Kind, Network, Port, Proto, Range};
use rustc_hash::FxHashMap;

use super::tally::{Tallies, Tally, Witness};
use crate::tenants::{Promise, Tenants};

/// Source ports that look like one, for the messages that are shown.
pub(crate) const SPORTS: (u16, u16) = (32768, 60999);
/// A target port for the messages that are shown, where any will do.
const DPORT: u16 = 1234;
/// How many targets a proof follows through each chain, before it is content with those that it
/// found to break a constraint.
const EXACTLY: usize = 64;
/// How many switches a proof looks at to count what is broken, before it says "at least".
const PATIENCE: u64 = 1_000_000;

/// Proves, with a space of sets of its own.
pub(crate) struct Prover<'g> {
    network: &'g Network,
    tenants: &'g Tenants<'g>,
    flow: Flow<'g>,
    ports: FxHashMap<Port, SetId>,
    tallies: Tallies,
    /// Whether all messages to the target keep all constraints, as far as is known.
    keeps: bool,
    looked_at: u64,
    /// How many targets were followed through each chain.
    exactly: usize,
}

/// Messages that break a constraint: some of those from these switches to a target.
struct Broken<'a> {
    /// Stands for all that treat the target alike.
    switch: ElementId,
    set: SetId,
    /// The headers that break the constraint under every value of the open choices, in this way or
    /// in another.
    certain: SetId,
    /// Whether a sender has to use an address of its own (C3).
    own_source: bool,
    /// Whether it matters which: else all senders break it alike.
    by_source: bool,
    verdict: Option<Verdict>,
    expected: &'a [ElementId],
    /// Whether a policy may drop it (NM-3).
    droppable: bool,
}

// === impl Prover ===

impl<'g> Prover<'g> {
    pub(crate) fn new(
        ground: &'g Ground<'g>,
        trust: &'g Trust,
        tenants: &'g Tenants<'g>,
    ) -> Prover<'g> {
        Prover {
            network: ground.network,
            tenants,
            flow: Flow::trusting(ground, trust),
            ports: FxHashMap::default(),
            tallies: Tallies::default(),
            keeps: true,
            looked_at: 0,
            exactly: 0,
        }
    }

    /// What breaks a constraint among the messages to these targets, and to which of them none
    /// does, whoever may send it.
    pub(crate) fn prove(mut self, targets: &[Atom]) -> (Tallies, Vec<bool>) {
        let kept = targets.iter().map(|target| self.prove_one(*target)).collect();
        (self.tallies, kept)
    }

    fn prove_one(&mut self, target: Atom) -> bool {
        let ground = self.flow.ground;
        let addr = ground.atoms.range(target).lo;
        // A promise asks who receives a message, not only whether it ends with a reason.
        let promised = is_loopback(addr) || self.tenants.owners(addr).next().is_some();
        let toward = if promised { self.flow.closely(target) } else { self.flow.toward(target) };
        self.keeps = true;
        if !ground.has_chains() {
            self.ask(&toward, addr);
            return self.keeps;
        }
        // What chains could do at most is asked of every target, what they do only of one for which
        // the former is too much.
        let (before, looked_at) = (std::mem::take(&mut self.tallies), self.looked_at);
        self.ask(&toward, addr);
        let suspected = std::mem::replace(&mut self.tallies, before);
        self.looked_at = looked_at;
        let keeps = self.keeps;
        if suspected.is_empty() {
            return keeps;
        }
        for target in ground.group_of(target) {
            if self.exactly >= EXACTLY && self.tallies.give_up(&suspected) {
                break;
            }
            self.exactly += 1;
            let toward = self.flow.exactly(target);
            self.ask(&toward, ground.atoms.range(target).lo);
        }
        // Of those that are alike another may have another chain.
        keeps
    }

    /// Asks for each constraint what breaks it among the messages to a target.
    fn ask(&mut self, toward: &Rc<Toward<'g>>, addr: Addr) {
        let mut switches = self.flow.switches(toward);
        // Pods first: a message from a container is the better example.
        switches.sort_by_key(|switch| self.network.kind(*switch));
        self.ends(toward, addr, &switches);
        for pod in self.tenants.owners(addr) {
            self.pod_to_pod(toward, addr, &switches, pod);
            self.daemon_to_pod(toward, addr, pod);
        }
        if is_loopback(addr) {
            self.container_to_container(toward, addr, &switches);
        }
    }

    /// R5: no message to the target ends without a reason.
    fn ends(&mut self, toward: &Rc<Toward<'g>>, addr: Addr, switches: &[ElementId]) {
        let mut shown: Vec<(Verdict, SetId, SetId)> = vec![];
        let mut worst: Option<Witness> = None;
        for &switch in switches {
            let fate = self.fate(toward, switch);
            let silent = fate.iter().filter(|(_, end)| !end.verdict.has_reason());
            let all =
                silent.clone().fold(Space::EMPTY, |all, (set, _)| self.flow.space.or(all, *set));
            if self.flow.space.is_empty(all) {
                continue;
            }
            self.keeps = false;
            let certain = self.certain(all);
            for (set, end) in silent {
                let again = (end.verdict, *set, certain);
                if shown.contains(&again) {
                    continue;
                }
                let broken = Broken {
                    switch,
                    set: *set,
                    certain,
                    own_source: false,
                    by_source: true,
                    verdict: Some(end.verdict),
                    expected: &[],
                    droppable: false,
                };
                if let Some(witness) = self.witness(toward, addr, &broken) {
                    shown.push(again);
                    if worst.as_ref().is_none_or(|worst| witness < *worst) {
                        worst = Some(witness.clone());
                    }
                    self.tallies.r5.show(witness);
                }
            }
        }
        // However many of its messages do, a target counts once.
        if let Some(witness) = worst {
            self.tallies.r5.note(1, witness);
        }
    }

    /// C3: a message from a container of any Pod, from an address of that Pod, is received by the
    /// container that listens, unless a policy drops it (NM-3).
    fn pod_to_pod(
        &mut self,
        toward: &Rc<Toward<'g>>,
        addr: Addr,
        switches: &[ElementId],
        pod: ElementId,
    ) {
        let promises = self.tenants.promises(pod);
        let mut known: Vec<(Vec<(SetId, Ending)>, bool)> = vec![];
        for &switch in switches.iter().filter(|s| self.network.kind(**s) == Kind::Pod) {
            let fate = self.fate(toward, switch);
            // Pods that treat the target alike, but each deliver it to a listener of their own, are
            // asked one by one.
            let apart = fate.iter().any(|(_, end)| matches!(end.at, At::Listener(..)));
            let asked = match apart {
                true => self.flow.alike(toward, switch).collect(),
                false => vec![switch],
            };
            for switch in asked {
                let endings = self.endings(&fate, switch);
                if known.iter().any(|(known, kept)| *kept && *known == endings) {
                    continue;
                }
                let mut kept = true;
                for promise in &promises {
                    let port = self.port(promise.port);
                    let set = self.missed(port, &endings, &promise.by, true);
                    if !self.flow.space.is_empty(set) {
                        kept = false;
                        let broken = self.broken(switch, set, true, promise);
                        let all = (!apart).then(|| self.flow.alike(toward, switch));
                        let by =
                            apart.then_some(switch).into_iter().chain(all.into_iter().flatten());
                        self.note(toward, addr, &broken, by, |tallies| &mut tallies.c3);
                    }
                }
                known.push((endings, kept));
            }
        }
    }

    /// C4: a message from a daemon of the Pod's Node, from whatever address, is received by the
    /// container that listens.
    fn daemon_to_pod(&mut self, toward: &Rc<Toward<'g>>, addr: Addr, pod: ElementId) {
        let Some(node) = self.network.facts.host(pod) else { return };
        let fate = self.fate(toward, node);
        let endings = self.endings(&fate, node);
        for promise in &self.tenants.promises(pod) {
            let port = self.port(promise.port);
            let set = self.missed(port, &endings, &promise.by, false);
            if !self.flow.space.is_empty(set) {
                let broken = self.broken(node, set, false, promise);
                self.note(toward, addr, &broken, [node], |tallies| &mut tallies.c4);
            }
        }
    }

    /// C2: a message from loopback to loopback is received by the container of the same Pod that
    /// listens.
    fn container_to_container(
        &mut self,
        toward: &Rc<Toward<'g>>,
        addr: Addr,
        switches: &[ElementId],
    ) {
        let atom = toward.atom;
        let from = self.flow.fields.from(&mut self.flow.space, (atom, atom));
        for &switch in switches.iter().filter(|s| self.network.kind(**s) == Kind::Pod) {
            let fate = self.fate(toward, switch);
            for pod in self.flow.alike(toward, switch) {
                if !self.tenants.loopbacks(pod).any(|loopback| loopback == addr) {
                    continue;
                }
                let endings = self.endings(&fate, pod);
                for promise in &self.tenants.promises(pod) {
                    let port = self.port(promise.port);
                    let asked = self.flow.space.and(port, from);
                    let set = self.missed(asked, &endings, &promise.by, false);
                    if !self.flow.space.is_empty(set) {
                        let broken = self.broken(pod, set, false, promise);
                        self.note(toward, addr, &broken, [pod], |tallies| &mut tallies.c2);
                    }
                }
            }
        }
    }

    /// The fate of what the processes of a switch send.
    fn fate(&mut self, toward: &Rc<Toward<'g>>, switch: ElementId) -> Fate {
        match self.network.kind(switch) {
            Kind::Pod => self.flow.fate(toward, switch, Kind::Container),
            Kind::Node => self.flow.fate(toward, switch, Kind::Daemon),
            Kind::Outside => self.flow.fate(toward, switch, Kind::World),
            Kind::Container | Kind::Daemon | Kind::World => Rc::new([]),
        }
    }

    fn endings(&self, fate: &Fate, switch: ElementId) -> Vec<(SetId, Ending)> {
        let ending = |end: &fibula_network::flow::End| Ending {
            verdict: end.verdict,
            at: self.flow.place(switch, end.at),
        };
        fate.iter().map(|(set, end)| (*set, ending(end))).collect()
    }

    /// Those of the messages asked about that are not delivered to one of these, or not always:
    /// where a message has alternatives, none may lead elsewhere.
    fn missed(
        &mut self,
        asked: SetId,
        endings: &[(SetId, Ending)],
        by: &[ElementId],
        droppable: bool,
    ) -> SetId {
        let kept = |ending: &Ending| match ending.verdict {
            Verdict::Delivered => by.contains(&ending.at),
            verdict => droppable && verdict == Verdict::DroppedByPolicy,
        };
        let missed = endings.iter().filter(|(_, ending)| !kept(ending)).fold(
            Space::EMPTY,
            |missed, (set, _)| {
                let elsewhere = self.flow.space.and(asked, *set);
                self.flow.space.or(missed, elsewhere)
            },
        );
        self.keeps &= self.flow.space.is_empty(missed);
        missed
    }

    fn port(&mut self, port: Port) -> SetId {
        let (fields, space) = (self.flow.fields, &mut self.flow.space);
        *self.ports.entry(port).or_insert_with(|| fields.port(space, port))
    }

    fn broken<'a>(
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
    fn note(
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
    fn witness(
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
    fn certain(&mut self, set: SetId) -> SetId {
        let space: &mut Space = &mut self.flow.space;
        let mut outside = space.not(set);
        for choice in self.flow.fields.choices() {
            outside = space.exists(outside, choice);
        }
        space.not(outside)
    }
}

fn is_loopback(addr: Addr) -> bool {
    addr == Addr::LOOPBACK_V4 || addr == Addr::LOOPBACK_V6
}
