//! What becomes of one promise.

use std::collections::BTreeSet;
use std::rc::Rc;

use fibula_cluster::promise::{Promise, Said, Verb};
use fibula_network::filters::Filters;
use fibula_network::ranges::{tidy, without};
use fibula_network::set::{SetId, Space};
use fibula_network::{ChoiceId, Port, Proto, Range};

use super::breach::{self, Exempt, Pending};
use super::entrances::{End, Entrance};
use super::inside::{self, Came};
use super::pairs::{self, Found, Parts, Senders, Wanted};
use super::picked::Picked;
use super::scene::Scene;
use super::sets::{Index, Set};
use super::targets::{Target, Targets, targets};
use super::unknown::Unknown;
use super::{Breach, Doubt, Outcome, Wrong, uses, world};
use crate::reach::{By as DoorBy, depends};

/// What is known of a promise so far.
pub(super) struct Judge<'s, 'a> {
    pub(super) scene: &'s mut Scene<'a>,
    /// Under which choices it is broken.
    when: SetId,
    pending: Vec<Pending>,
    /// What came by ways in.
    came: Vec<Came>,
    breaches: Vec<Breach>,
    doubts: Vec<Doubt>,
    /// What was not read and could change what Services lead to.
    pub(super) unknown: Unknown,
}

/// What becomes of a promise that was written.
pub(super) fn written(
    scene: &mut Scene<'_>,
    index: &mut Index<'_>,
    promise: &Promise,
    namespace: Option<&str>,
) -> Outcome {
    let home = promise.namespace.as_deref().or(namespace);
    let mut wrong = vec![];
    let about = index.all(&promise.about, home, &mut wrong);
    let others = index.all(&promise.others, home, &mut wrong);
    let verb = promise.verb;
    let (from, to) = if verb == Verb::OnlyFrom { (others, about) } else { (about, others) };
    for (said, _) in from.iter().filter(|(_, set)| !set.services.is_empty()) {
        wrong.push(Wrong {
            path: said.path.clone(),
            expected: "somebody who can send".to_owned(),
            got: said.to_string(),
            help: Some("a Service cannot send: say the workload behind it".to_owned()),
        });
    }
    if wrong.is_empty() {
        wrong.extend(unjudged(&from, &to, verb));
    }
    if !wrong.is_empty() {
        return Outcome::Wrong(wrong);
    }
    let about = Sides { from: &from, to: &to, promise };
    let labels: BTreeSet<Doubt> =
        from.iter().chain(&to).flat_map(|(_, set)| set.doubts.iter().cloned()).collect();
    if labels.is_empty() {
        return about.judged(scene, index, false);
    }
    // Of some nobody knows whether they are meant (DR-22). What breaks it if they are not meant as far
    // as that can be, breaks it; what does not if they are, does not.
    let least = about.judged(scene, index, false);
    if least.is_broken() || least.is_wrong() {
        return least;
    }
    let most = about.judged(scene, index, true);
    if most.is_wrong() || least == Outcome::Kept && most == Outcome::Kept {
        return most;
    }
    let mut doubts = vec![];
    for outcome in [least, most] {
        if let Outcome::Undecided(own) = outcome {
            doubts.extend(own);
        }
    }
    doubts.extend(labels);
    doubts.sort();
    doubts.dedup();
    Outcome::Undecided(doubts)
}

/// Who sends in a promise, and to whom.
struct Sides<'p> {
    from: &'p [(Said, Rc<Set>)],
    to: &'p [(Said, Rc<Set>)],
    promise: &'p Promise,
}

impl Sides<'_> {
    /// What becomes of it, if those of whom nobody knows are meant so that the `most` breaks it; else
    /// so that the least does.
    fn judged(&self, scene: &mut Scene<'_>, index: &Index<'_>, most: bool) -> Outcome {
        let Promise { verb, ports, .. } = self.promise;
        let sides = [(self.from, Verb::OnlyFrom), (self.to, Verb::ReachesOnly)];
        let [from, to] = sides.map(|(side, only)| -> Vec<(Said, Rc<Set>)> {
            let perhaps = most != (*verb == only);
            side.iter().map(|(said, set)| (said.clone(), set.with(perhaps))).collect()
        });
        let mut targets = targets(scene, index, &to, ports, *verb);
        if !targets.wrong.is_empty() {
            return Outcome::Wrong(targets.wrong);
        }
        let mut senders = Set::default();
        from.iter().for_each(|(_, set)| senders.add(&set.of_cluster(*verb == Verb::Reaches)));
        let mut judge = Judge::new(scene);
        judge.doubts.append(&mut targets.doubts);
        judge.unknown = std::mem::take(&mut targets.unknown);
        // Whoever is reached could be behind a Service that may be.
        if *verb == Verb::ReachesOnly && judge.unknown.is_some() {
            return judge.outcome();
        }
        match verb {
            Verb::Reaches => judge.reaches(&senders, &targets),
            Verb::NeverReaches => judge.never(&senders, &targets.all),
            Verb::OnlyFrom => judge.only_from(&senders, &targets.all),
            Verb::ReachesOnly => judge.reaches_only(&senders, &targets.all),
        }
        judge.outcome()
    }
}

/// What is wrong with a promise between Nodes and the world: no policy has a word there.
fn unjudged(from: &[(Said, Rc<Set>)], to: &[(Said, Rc<Set>)], verb: Verb) -> Option<Wrong> {
    let pods = |list: &[(Said, Rc<Set>)]| {
        list.iter().any(|(_, set)| {
            let pods = !set.pods.is_empty() || !set.perhaps.is_empty();
            set.all_pods || pods || !set.services.is_empty()
        })
    };
    let some = match verb {
        Verb::Reaches | Verb::NeverReaches => pods(from) || pods(to),
        Verb::OnlyFrom | Verb::ReachesOnly => true,
    };
    let (said, _) = to.first().filter(|_| !some)?;
    Some(Wrong {
        path: said.path.clone(),
        expected: "pods at one end".to_owned(),
        got: said.to_string(),
        help: Some("no policy has a word between nodes and the world (NP-5)".to_owned()),
    })
}

// === impl Judge ===

impl<'s, 'a> Judge<'s, 'a> {
    pub(super) fn new(scene: &'s mut Scene<'a>) -> Judge<'s, 'a> {
        let (pending, came, breaches, doubts) = (vec![], vec![], vec![], vec![]);
        let unknown = Unknown::default();
        Judge { scene, when: Space::EMPTY, pending, came, breaches, doubts, unknown }
    }

    fn never(&mut self, from: &Set, targets: &[Target]) {
        let atoms = &self.scene.atoms;
        let senders = Senders { pods: from.pods(atoms), nodes: from.nodes(atoms) };
        for target in targets {
            self.open(&senders, target, true);
        }
        inside::comes_in(self, &senders, targets, false, Exempt::default());
        self.by_world(&from.world, targets, false);
    }

    fn only_from(&mut self, from: &Set, targets: &[Target]) {
        let atoms = &self.scene.atoms;
        // Nodes are exempt where none is listed (NP-32).
        let nodes = match from.has_nodes() {
            true => from.nodes(atoms).others(),
            false => Picked::none(),
        };
        let senders = Senders { pods: from.pods(atoms).others(), nodes };
        for target in targets {
            self.open(&senders, target, false);
        }
        let exempt = Exempt { inwards: true, ..Exempt::default() };
        inside::comes_in(self, &senders, targets, false, exempt);
        let world = without(&[Range::ALL], &tidy(from.world.clone()));
        self.by_world(&world, targets, false);
    }

    fn reaches_only(&mut self, from: &Set, allowed: &[Target]) {
        let atoms = &self.scene.atoms;
        let senders = Senders { pods: from.pods(atoms), nodes: from.nodes(atoms) };
        // A pod's own Node is exempt: the documentation has it that it can be reached (NP-33).
        let exempt = Exempt { outwards: true, inwards: true };
        let besides = pairs::besides(atoms, allowed);
        let mut found = [Found::default(); 2];
        for part in &besides {
            let more = self.certain_and_all(&senders, part, Wanted::Open);
            for (found, more) in found.iter_mut().zip(more) {
                let both = self.scene.filters.space.or(found.others.0, more.others.0);
                *found = Found { others: Parts(both), ..Found::default() };
            }
            self.perhaps(&senders, part, Wanted::Open, exempt);
        }
        self.found(&senders, &besides, Wanted::Open, found);
        inside::comes_in(self, &senders, allowed, true, exempt);
        self.by_world(&from.world, allowed, true);
    }

    fn reaches(&mut self, from: &Set, targets: &Targets) {
        let stranger = self.scene.stranger;
        let atoms = &self.scene.atoms;
        let pods = from.pods(atoms).without(atoms, stranger);
        let senders = Senders { pods, nodes: from.nodes(atoms) };
        for target in &targets.all {
            let pods = target.pods.without(&self.scene.atoms, stranger);
            let (nodes, world) = (target.nodes.clone(), target.world.clone());
            let target = Target { pods, nodes, world, ports: target.ports.clone() };
            self.closed(&senders, &target);
            world::reaches(self, &from.world, &target);
        }
        for (why, by) in &targets.nameless {
            self.breach(breach::nameless(self.scene, &senders, why.clone(), by));
        }
        for (service, port) in &targets.services {
            uses::reaches(self, &senders, *service, *port);
            world::reaches_service(self, &from.world, *service, *port);
        }
    }

    fn open(&mut self, senders: &Senders, target: &Target, own_pods: bool) {
        let found = self.certain_and_all(senders, target, Wanted::Open);
        let found = found.map(|found| Found { hosted: found.hosted.filter(|_| own_pods), ..found });
        let exempt = Exempt { inwards: !own_pods, ..Exempt::default() };
        self.perhaps(senders, target, Wanted::Open, exempt);
        self.found(senders, std::slice::from_ref(target), Wanted::Open, found);
    }

    /// What is closed between some, and must not be.
    pub(super) fn closed(&mut self, senders: &Senders, target: &Target) {
        let found = self.certain_and_all(senders, target, Wanted::Closed);
        self.perhaps(senders, target, Wanted::Closed, Exempt::default());
        self.found(senders, std::slice::from_ref(target), Wanted::Closed, found);
        if let Some(breach) = breach::apart(self.scene, senders, target) {
            self.breach(breach);
        }
    }

    /// What is certain, and what is at all, if nothing could change it that was not read.
    fn certain_and_all(
        &mut self,
        senders: &Senders,
        target: &Target,
        wanted: Wanted,
    ) -> [Found; 2] {
        let all = pairs::find(self.scene, senders, target, wanted, false);
        match self.scene.certain.is_some() {
            true => [pairs::find(self.scene, senders, target, wanted, true), all],
            false => [all, all],
        }
    }

    /// What is not certain, whatever was found.
    fn perhaps(&mut self, senders: &Senders, target: &Target, wanted: Wanted, exempt: Exempt) {
        if self.could_differ(senders, target, wanted) {
            self.doubts.push(Doubt::Unread);
        }
        let contested = breach::contested(self.scene, senders, target, exempt);
        self.doubts.extend(contested.map(Doubt::Choices));
    }

    /// What was found to be certain, and what was found at all, between some and any of these.
    fn found(
        &mut self,
        senders: &Senders,
        targets: &[Target],
        wanted: Wanted,
        [certain, all]: [Found; 2],
    ) {
        let when = self.under(certain);
        self.when = self.scene.filters.space.or(self.when, when);
        if when != Space::EMPTY {
            let (senders, targets) = (senders.clone(), targets.to_vec());
            self.pending.push(Pending { senders, targets, wanted, found: certain });
        }
        self.doubts.extend((all != certain).then_some(Doubt::Unread));
    }

    /// Under which choices something was found.
    fn under(&mut self, found: Found) -> SetId {
        if found.hosted.is_some() {
            return Space::FULL;
        }
        let space = &mut self.scene.filters.space;
        let both = [found.others.0, found.own.0].map(|set| {
            let levels =
                [Filters::TARGET, Filters::SOURCE, Filters::PROTO, Filters::PORT].into_iter();
            levels.fold(set, |set, level| space.exists(set, level))
        });
        space.or(both[0], both[1])
    }

    /// Whether policies that were not read could make of a pair the other.
    fn could_differ(&self, senders: &Senders, target: &Target, wanted: Wanted) -> bool {
        let Some(sure) = &self.scene.certain else { return false };
        // What is closed could be opened, what is open could be withheld.
        let [sources, targets] = &sure[1 - wanted as usize];
        let is_none = target.is_none() || senders.pods.is_none() && senders.nodes.is_none();
        let mut from = pairs::members(self.scene, &senders.pods).into_iter();
        let mut to = pairs::members(self.scene, &target.pods).into_iter();
        !is_none && (from.any(|id| !sources.counts(id)) || to.any(|id| !targets.counts(id)))
    }

    /// Whether policies that were not read could let in what is kept out (DR-21), to those that are
    /// meant, by a way in that there is.
    pub(super) fn opens(&mut self, meant: &dyn Fn(&Scene<'_>, End, Proto) -> bool) -> bool {
        self.could_open(&|scene, entrance, end| meant(scene, end, entrance.port.proto))
    }

    /// The same of a port of a Service.
    pub(super) fn opens_service(&mut self, name: &str, port: Port) -> bool {
        let is = |by: &DoorBy| matches!(by, DoorBy::Service(own) if own == name);
        self.could_open(&|_, entrance, _| is(&entrance.by) && entrance.own == port)
    }

    fn could_open(&mut self, meant: &dyn Fn(&Scene<'_>, &Entrance, End) -> bool) -> bool {
        if self.scene.certain.is_none() {
            return false;
        }
        let entrances = self.scene.take_entrances();
        let could = self.scene.certain.as_ref().is_some_and(|sure| {
            let [_, targets] = &sure[1 - Wanted::Open as usize];
            entrances.iter().any(|entrance| {
                let mut ends = entrance.ends.iter();
                ends.any(|end| !targets.counts(end.0) && meant(self.scene, entrance, *end))
            })
        });
        self.scene.put_entrances(entrances);
        could
    }

    /// Something that breaks it under whatever choices.
    pub(super) fn breach(&mut self, breach: Breach) {
        self.when = Space::FULL;
        self.breaches.push(breach);
    }

    /// Something that came by a way in.
    pub(super) fn came(&mut self, came: Came) {
        self.when = self.scene.filters.space.or(self.when, came.when);
        if !self.came.iter_mut().any(|other| other.joins(&came)) {
            self.came.push(came);
        }
    }

    pub(super) fn doubt(&mut self, doubt: Doubt) {
        self.doubts.push(doubt);
    }

    /// What comes in from some addresses of the world to targets, or, if `beyond`, to others.
    fn by_world(&mut self, from: &[Range], targets: &[Target], beyond: bool) {
        if !from.is_empty() {
            world::comes_in(self, from, targets, beyond);
        }
    }

    pub(super) fn outcome(mut self) -> Outcome {
        self.doubts.extend(self.unknown.doubt());
        self.doubts.sort();
        self.doubts.dedup();
        if self.when == Space::FULL {
            let all = breach::all(self.scene, &self.pending, &self.came, self.breaches);
            return Outcome::Broken(all);
        }
        if !matches!(self.when, Space::EMPTY | Space::FULL) {
            let choices: Vec<ChoiceId> = depends(&self.scene.filters, self.when);
            self.doubts.insert(0, Doubt::Choices(choices));
        }
        self.doubts.dedup();
        match self.doubts.is_empty() {
            true => Outcome::Kept,
            false => Outcome::Undecided(self.doubts),
        }
    }
}
