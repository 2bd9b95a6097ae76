//! The proof of C2 to C4 and R5 for some targets.

use std::rc::Rc;

use fibula_network::flow::{At, Atom, Fate, Flow, Ground, Toward, Trust};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Ending, Verdict};
use fibula_network::{Addr, ElementId, Kind, Network, Port};
use rustc_hash::FxHashMap;

use super::broken::Broken;
use super::tally::{Tallies, Witness};
use crate::tenants::Tenants;

/// Source ports that look like one, for the messages that are shown.
pub(crate) const SPORTS: (u16, u16) = (32768, 60999);
/// How many targets a proof follows through each chain, before it is content with those that it
/// found to break a constraint.
const EXACTLY: usize = 64;

/// Proves, with a space of sets of its own.
pub(crate) struct Prover<'g> {
    pub(super) network: &'g Network,
    pub(super) tenants: &'g Tenants<'g>,
    pub(super) flow: Flow<'g>,
    pub(super) ports: FxHashMap<Port, SetId>,
    pub(super) tallies: Tallies,
    /// Whether all messages to the target keep all constraints, as far as is known.
    pub(super) keeps: bool,
    pub(super) looked_at: u64,
    /// How many targets were followed through each chain.
    pub(super) exactly: usize,
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
        let mut keeps = true;
        // What could be so at most, whoever sees which backends, is asked of every target; what is
        // so only of one for which the former is too much.
        if !promised {
            let toward = self.flow.roughly(target);
            let suspected = self.suspected(&toward, addr);
            keeps = self.keeps;
            if suspected.is_empty() {
                return keeps;
            }
        }
        let toward = if promised { self.flow.closely(target) } else { self.flow.toward(target) };
        if !ground.has_chains() {
            self.ask(&toward, addr);
            return keeps && self.keeps;
        }
        // Likewise what chains could do, and what they do.
        let suspected = self.suspected(&toward, addr);
        keeps &= self.keeps;
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

    /// What breaks a constraint among messages to a target, if more messages end in each way than
    /// do: nothing is noted of it.
    fn suspected(&mut self, toward: &Rc<Toward<'g>>, addr: Addr) -> Tallies {
        let (before, looked_at) = (std::mem::take(&mut self.tallies), self.looked_at);
        self.ask(toward, addr);
        self.looked_at = looked_at;
        std::mem::replace(&mut self.tallies, before)
    }

    /// Asks for each constraint what breaks it among the messages to a target.
    fn ask(&mut self, toward: &Rc<Toward<'g>>, addr: Addr) {
        self.keeps = true;
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
}

fn is_loopback(addr: Addr) -> bool {
    addr == Addr::LOOPBACK_V4 || addr == Addr::LOOPBACK_V6
}
