//! The proof of C2 to C4 and R5 for some targets.

use std::rc::Rc;

use fibula_network::flow::{Fate, Flow, Ground, Targets, Toward};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Ending, Verdict};
use fibula_network::{Addr, ElementId, Entity, Family, Kind, Network, Port, Proto};
use rustc_hash::FxHashMap;

use super::tally::{Tallies, Tally, Witness};
use crate::tenants::{Promise, Tenants};

/// Source ports that look like one, for the messages that are shown.
pub(crate) const SPORTS: (u16, u16) = (32768, 60999);
/// A target port for the messages that are shown, where any will do.
const DPORT: u16 = 1234;
/// How many switches a proof looks at to count what is broken, before it says "at least".
const PATIENCE: u64 = 20_000_000;

/// Proves, with a space of sets of its own.
pub(crate) struct Prover<'g> {
    network: &'g Network,
    tenants: &'g Tenants<'g>,
    flow: Flow<'g>,
    ports: FxHashMap<Port, SetId>,
    tallies: Tallies,
    looked_at: u64,
}

/// Messages that break a constraint: some of those from these switches to a target.
struct Broken<'a> {
    /// Stands for all that treat the target alike.
    switch: ElementId,
    set: SetId,
    /// Whether a sender has to use an address of its own (C3).
    own_source: bool,
    verdict: Option<Verdict>,
    expected: &'a [ElementId],
}

// === impl Prover ===

impl<'g> Prover<'g> {
    pub(crate) fn new(ground: &'g Ground<'g>, tenants: &'g Tenants<'g>) -> Prover<'g> {
        Prover {
            network: ground.network,
            tenants,
            flow: Flow::new(ground),
            ports: FxHashMap::default(),
            tallies: Tallies::default(),
            looked_at: 0,
        }
    }

    /// What breaks a constraint among the messages to these targets.
    pub(crate) fn prove(mut self, targets: &[Targets]) -> Tallies {
        for target in targets {
            let mut toward = self.flow.toward(target.atom);
            let addr = self.flow.ground.atoms.range(target.atom).lo;
            let switches = self.flow.switches(&toward);
            self.ends(&mut toward, addr, &switches);
            for pod in self.tenants.owners(addr) {
                self.pod_to_pod(&mut toward, addr, &switches, pod);
                self.daemon_to_pod(&mut toward, addr, pod);
            }
            if addr == Addr::LOOPBACK_V4 || addr == Addr::LOOPBACK_V6 {
                self.container_to_container(&mut toward, addr, &switches);
            }
        }
        self.tallies
    }

    /// R5: no message to the target ends without a reason.
    fn ends(&mut self, toward: &mut Toward<'g>, addr: Addr, switches: &[ElementId]) {
        let mut shown: Vec<(Verdict, SetId)> = vec![];
        let mut worst: Option<Witness> = None;
        for &switch in switches {
            let fate = self.fate(toward, switch);
            for (set, end) in fate.iter().filter(|(_, end)| !end.verdict.has_reason()) {
                let again = (end.verdict, *set);
                if shown.contains(&again) {
                    continue;
                }
                let broken = Broken {
                    switch,
                    set: *set,
                    own_source: false,
                    verdict: Some(end.verdict),
                    expected: &[],
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
    /// container that listens.
    fn pod_to_pod(
        &mut self,
        toward: &mut Toward<'g>,
        addr: Addr,
        switches: &[ElementId],
        pod: ElementId,
    ) {
        let promises = self.tenants.promises(pod);
        let mut alike: Vec<(Vec<(SetId, Ending)>, bool)> = vec![];
        for &switch in switches.iter().filter(|s| self.network.kind(**s) == Kind::Pod) {
            let fate = self.fate(toward, switch);
            let endings = self.endings(&fate, switch);
            if alike.iter().any(|(known, kept)| *kept && *known == endings) {
                continue;
            }
            let mut kept = true;
            for promise in &promises {
                let port = self.port(promise.port);
                let set = self.missed(port, &endings, &promise.by);
                if !self.flow.space.is_empty(set) {
                    kept = false;
                    let broken = Broken::promise(switch, set, true, promise);
                    self.note(toward, addr, &broken, |tallies| &mut tallies.c3);
                }
            }
            alike.push((endings, kept));
        }
    }

    /// C4: a message from a daemon of the Pod's Node, from whatever address, is received by the
    /// container that listens.
    fn daemon_to_pod(&mut self, toward: &mut Toward<'g>, addr: Addr, pod: ElementId) {
        let Some(node) = self.network.facts.host(pod) else { return };
        let fate = self.fate(toward, node);
        let endings = self.endings(&fate, node);
        for promise in &self.tenants.promises(pod) {
            let port = self.port(promise.port);
            let set = self.missed(port, &endings, &promise.by);
            if !self.flow.space.is_empty(set) {
                let broken = Broken::promise(node, set, false, promise);
                self.note_one(toward, addr, &broken, node, |tallies| &mut tallies.c4);
            }
        }
    }

    /// C2: a message from loopback to loopback is received by the container of the same Pod that
    /// listens.
    fn container_to_container(
        &mut self,
        toward: &mut Toward<'g>,
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
                    let set = self.missed(asked, &endings, &promise.by);
                    if !self.flow.space.is_empty(set) {
                        let broken = Broken::promise(pod, set, false, promise);
                        self.note_one(toward, addr, &broken, pod, |tallies| &mut tallies.c2);
                    }
                }
            }
        }
    }

    /// The fate of what the processes of a switch send.
    fn fate(&mut self, toward: &mut Toward<'g>, switch: ElementId) -> Fate {
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

    /// Those of the messages asked about that are not delivered to one of these.
    fn missed(&mut self, asked: SetId, endings: &[(SetId, Ending)], by: &[ElementId]) -> SetId {
        let kept =
            |ending: &Ending| ending.verdict == Verdict::Delivered && by.contains(&ending.at);
        endings
            .iter()
            .filter(|(_, ending)| kept(ending))
            .fold(asked, |rest, (set, _)| self.flow.space.minus(rest, *set))
    }

    fn port(&mut self, port: Port) -> SetId {
        let (fields, space) = (self.flow.fields, &mut self.flow.space);
        *self.ports.entry(port).or_insert_with(|| fields.port(space, port))
    }

    /// Notes what the containers of all switches that treat the target alike break.
    fn note(
        &mut self,
        toward: &Toward<'g>,
        addr: Addr,
        broken: &Broken<'_>,
        tally: impl Fn(&mut Tallies) -> &mut Tally,
    ) {
        let Some(witness) = self.witness(toward, addr, broken) else { return };
        let patient = self.looked_at < PATIENCE;
        let count = if patient { self.count(toward, addr, broken) } else { 1 };
        let tally = tally(&mut self.tallies);
        tally.at_least |= !patient;
        tally.note(count, witness);
    }

    /// Notes what the processes of one switch break.
    fn note_one(
        &mut self,
        toward: &Toward<'g>,
        addr: Addr,
        broken: &Broken<'_>,
        switch: ElementId,
        tally: impl Fn(&mut Tallies) -> &mut Tally,
    ) {
        let senders = self.tenants.senders(switch).count() as u64;
        let from = self.tenants.senders(switch).next();
        let Some(from) = from else { return };
        let witness = self.message(toward, addr, broken, switch, from);
        tally(&mut self.tallies).note(senders, witness);
    }

    fn count(&mut self, toward: &Toward<'g>, addr: Addr, broken: &Broken<'_>) -> u64 {
        let alike = self.flow.alike(toward, broken.switch);
        self.looked_at += alike.len() as u64;
        let mut count = 0;
        for switch in alike {
            if self.sources(broken, switch, addr.family()).is_some() {
                count += self.tenants.senders(switch).count() as u64;
            }
        }
        count
    }

    /// The first message of those that break a constraint; none if nobody can send one.
    fn witness(&mut self, toward: &Toward<'g>, addr: Addr, broken: &Broken<'_>) -> Option<Witness> {
        let alike = self.flow.alike(toward, broken.switch);
        self.looked_at += 1;
        alike.into_iter().find_map(|switch| {
            let from = self.tenants.senders(switch).next()?;
            self.sources(broken, switch, addr.family())?;
            Some(self.message(toward, addr, broken, switch, from))
        })
    }

    /// The messages that a process of the switch can send of those that break a constraint.
    fn sources(&mut self, broken: &Broken<'_>, switch: ElementId, family: Family) -> Option<SetId> {
        if !broken.own_source {
            return Some(broken.set);
        }
        let addresses = self.network.facts.addresses(Entity::Switch(switch));
        let own: Vec<Addr> = addresses.filter(|addr| addr.family() == family).collect();
        own.into_iter().find_map(|addr| {
            let atom = self.flow.ground.atoms.of(addr);
            let from = self.flow.fields.from(&mut self.flow.space, (atom, atom));
            let set = self.flow.space.and(broken.set, from);
            (!self.flow.space.is_empty(set)).then_some(set)
        })
    }

    /// A message of those that break a constraint, one that looks like a message where it can.
    fn message(
        &mut self,
        toward: &Toward<'g>,
        addr: Addr,
        broken: &Broken<'_>,
        switch: ElementId,
        from: ElementId,
    ) -> Witness {
        let family = addr.family();
        let all = self.sources(broken, switch, family).unwrap_or(broken.set);
        let network = self.network;
        let certain = self.certain(all);
        let open = self.flow.space.is_empty(certain);
        let Flow { ground, fields, ref mut space, .. } = self.flow;
        let mut set = if open { all } else { certain };
        let owners = network.facts.addresses(Entity::Switch(switch)).find(|a| a.family() == family);
        let own = owners.map(|addr| ground.atoms.of(addr));
        let mut likely = vec![fields.to(space, (toward.atom, toward.atom))];
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
            from,
            header,
            choices,
            expected: broken.expected.to_vec(),
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

// === impl Broken ===

impl<'a> Broken<'a> {
    fn promise(switch: ElementId, set: SetId, own_source: bool, to: &'a Promise) -> Broken<'a> {
        Broken { switch, set, own_source, verdict: None, expected: &to.by }
    }
}
