//! What a promise comes to, by `walk`.

use std::collections::{BTreeMap, BTreeSet};

use fibula_answers::promises::{Doubt, Outcome};
use fibula_cluster::promise::{self, Promise, Said, Verb};
use fibula_network::walk::{Life, Step, Verdict, Walks};
use fibula_network::*;

use crate::Scene;
use crate::whom::{self, End, addresses};

/// The values of the choices that a message asked, and whether it breaks the promise under them.
pub(crate) type Case = (BTreeMap<ChoiceId, u8>, bool);

/// How many choices may matter at once.
const MOST_CHOICES: usize = 8;

/// What is asked with.
pub(crate) struct Brute<'s> {
    pub(super) scene: &'s Scene,
    pub(super) walks: Walks<'s>,
    pub(super) promise: &'s Promise,
    /// Whether those of whom nobody knows are meant so that the most breaks it, or the least.
    pub(super) most: bool,
    /// Of each message that the promise is about.
    pub(super) cases: Vec<(String, Vec<Case>)>,
    /// Whether somebody is asked about whose address two have.
    pub(super) contested: bool,
    /// Whether somebody is asked about who has no process to send from.
    pub(super) mute: bool,
    /// Whether a Service was asked about of which a share arrives.
    pub(super) shared: bool,
}

pub(crate) fn agree(scene: &Scene, promise: &Promise, outcome: &Outcome) -> Result<(), String> {
    // Of those of whom nobody knows whether they are meant (DR-22) as few as can be break it, or as
    // many.
    let asked = [false, true].map(|most| {
        let walks = Walks::new(&scene.network);
        let (contested, mute, shared) = (false, false, false);
        let cases = vec![];
        let mut brute = Brute { scene, walks, promise, most, cases, contested, mute, shared };
        brute.ask();
        brute
    });
    let mute = asked.iter().any(|brute| brute.mute);
    let [Some(least), Some(most)] = [asked[0].broken(), asked[1].broken()] else { return Ok(()) };
    if mute {
        return Ok(());
    }
    let all = least.iter().all(|broken| *broken);
    let none = most.iter().all(|broken| !*broken);
    let said = match outcome {
        Outcome::Kept => "kept",
        Outcome::Broken(_) => "broken",
        Outcome::Undecided(_) => "undecided",
        Outcome::Wrong(_) => return Ok(()),
    };
    let contested = asked.iter().any(|brute| brute.contested);
    let shared = asked.iter().any(|brute| brute.shared);
    let right = match outcome {
        Outcome::Kept => none && !contested,
        Outcome::Broken(_) => all,
        // Whom it is about is not known, or how many connections a Service loses.
        Outcome::Undecided(_) if contested || shared => true,
        Outcome::Undecided(doubts) => {
            let known = |doubt: &Doubt| matches!(doubt, Doubt::Choices(_) | Doubt::Labels(_));
            // Ways in are not put together with what else depends on the same choices.
            let doors = from_world(scene, promise);
            doubts.iter().all(known) && (!(all || none) || doors && all)
        }
        Outcome::Wrong(_) => true,
    };
    match right {
        true => Ok(()),
        false => {
            let breaks = |(_, cases): &&(String, Vec<Case>)| cases.iter().any(|(_, b)| *b);
            let by: Vec<_> = asked[1].cases.iter().filter(breaks).take(3).collect();
            Err(format!("it is {said}, but walk finds it broken under {most:?}, by {by:?}"))
        }
    }
}

fn from_world(scene: &Scene, promise: &Promise) -> bool {
    let from = if promise.verb == Verb::OnlyFrom { &promise.others } else { &promise.about };
    let world = whom::everybody(scene).into_iter().filter(|end| matches!(end, End::World(_)));
    world.into_iter().any(|end| {
        from.iter().any(|said| whom::is(scene, said, end, true)) != (promise.verb == Verb::OnlyFrom)
    })
}

impl Brute<'_> {
    /// Whether the promise is broken, under each combination of the choices that matter; nothing
    /// where these are too many.
    fn broken(&self) -> Option<Vec<bool>> {
        let mut choices: BTreeSet<ChoiceId> = BTreeSet::new();
        for (_, cases) in &self.cases {
            if cases.iter().any(|(_, b)| *b) && cases.iter().any(|(_, b)| !*b) {
                choices.extend(cases.iter().flat_map(|(under, _)| under.keys()));
            }
        }
        if choices.len() > MOST_CHOICES {
            return None;
        }
        let mut ways: Vec<BTreeMap<ChoiceId, u8>> = vec![BTreeMap::new()];
        for choice in choices {
            let values = self.scene.network.choice(choice).values;
            let with = |way: &BTreeMap<ChoiceId, u8>, value| {
                way.iter().map(|(k, v)| (*k, *v)).chain([(choice, value)]).collect()
            };
            ways = ways.iter().flat_map(|way| (0..values).map(move |v| with(way, v))).collect();
        }
        let broken = |way: &BTreeMap<ChoiceId, u8>| {
            self.cases.iter().any(|(_, cases)| {
                cases.iter().any(|(under, broken)| {
                    *broken && under.iter().all(|(k, v)| way.get(k).is_none_or(|own| own == v))
                })
            })
        };
        Some(ways.iter().map(broken).collect())
    }

    fn ask(&mut self) {
        let everybody = whom::everybody(self.scene);
        let Promise { about: first, others, verb, .. } = self.promise;
        let perhaps = self.most != (*verb == Verb::OnlyFrom);
        let about = |said: &[Said], end: End| {
            said.iter().any(|one| match verb {
                Verb::Reaches => whom::reaches(self.scene, one, end, perhaps),
                _ => whom::is(self.scene, one, end, perhaps),
            })
        };
        let (from, to) = if *verb == Verb::OnlyFrom { (others, first) } else { (first, others) };
        // Whether addresses that nobody has reach somebody is the business of other tests.
        let world = |said: &Said| {
            everybody
                .iter()
                .all(|end| matches!(end, End::World(_)) || !about(std::slice::from_ref(said), *end))
        };
        self.mute |= *verb == Verb::Reaches && from.iter().any(world);
        let nodes = everybody.iter().any(|end| matches!(end, End::Node(_)) && about(from, *end));
        let sources: Vec<End> = everybody
            .iter()
            .copied()
            .filter(|end| match (verb, end) {
                (Verb::OnlyFrom, End::Node(_)) => nodes && !about(from, *end),
                (Verb::OnlyFrom, _) => !about(from, *end),
                _ => about(from, *end),
            })
            .collect();
        for from in sources {
            for end in &everybody {
                self.pair(from, *end, to);
            }
            self.inside(from, to);
            if matches!(from, End::World(_)) {
                // By which way in the world reaches somebody is the business of other tests.
                self.mute |= *verb == Verb::Reaches;
                self.doors(from, to);
            }
            if *verb == Verb::Reaches {
                for said in to {
                    if let Some(service) = whom::service(self.scene, said) {
                        self.service(from, said, service);
                    }
                }
            }
        }
    }

    /// The ports that go with a name.
    pub(super) fn ports<'p>(&'p self, said: &'p Said) -> &'p [promise::Ports] {
        said.port.as_ref().map_or(&self.promise.ports, std::slice::from_ref)
    }

    /// Whether a target is meant at a port: by its name, or behind a Service.
    pub(super) fn is_at(&self, to: &[Said], end: End, port: Port) -> bool {
        let verb = self.promise.verb;
        let reach = verb == Verb::Reaches;
        let perhaps = self.most != (verb == Verb::ReachesOnly);
        to.iter().any(|said| match whom::service(self.scene, said) {
            Some(service) => {
                let headless = service.cluster_ips.is_empty();
                (!reach || headless) && self.behind(service, self.ports(said), end, port)
            }
            None => {
                let is = match verb {
                    Verb::Reaches => whom::reaches(self.scene, said, end, perhaps),
                    _ => whom::is(self.scene, said, end, perhaps),
                };
                is && whom::at(self.scene, self.ports(said), end, port, reach)
            }
        })
    }

    /// Messages from one to another, at ports that entries tell apart.
    pub(super) fn pair(&mut self, from: End, to: End, targets: &[Said]) {
        let network = &self.scene.network;
        let (source, target) = match (from, to) {
            (End::Pod(a), End::Pod(b)) if a == b => return,
            (End::Pod(a), End::Pod(b) | End::Node(b)) => (a, Some(b)),
            (End::Pod(a), End::World(_)) => (a, None),
            (End::Node(a), End::Pod(b)) => (a, Some(b)),
            _ => return,
        };
        if self.is_exempt(from, to) {
            return;
        }
        let contested =
            |id: ElementId| addresses(network, id).iter().any(|addr| network.is_contested(*addr));
        let beyond = self.promise.verb == Verb::ReachesOnly;
        let cuts = ports(self.scene, self.promise);
        let wanted: Vec<Port> = cuts
            .iter()
            .flat_map(|number| Proto::ALL.map(|proto| Port { proto, number: *number }))
            .filter(|port| self.is_at(targets, to, *port) != beyond)
            .collect();
        if wanted.is_empty() {
            return;
        }
        if contested(source) || target.is_some_and(contested) {
            self.contested = true;
            return;
        }
        let dsts = match to {
            End::World(addr) if network.owners_of(addr).is_empty() => vec![addr],
            End::World(_) => vec![],
            End::Pod(id) | End::Node(id) => addresses(network, id),
        };
        let Some(process) = process(network, source) else {
            self.mute = true;
            return;
        };
        let mut met = false;
        for dst in dsts {
            let mut own = addresses(network, source).into_iter();
            let Some(src) = own.find(|addr| addr.family() == dst.family()) else { continue };
            met = true;
            for port in &wanted {
                let header =
                    Header { src, sport: 41_000, dst, dport: port.number, proto: port.proto };
                let cases = self.lives(process, header, &|lives| {
                    let served = lives.iter().any(|life| is_served(life, header));
                    (!served).then(|| lives.iter().all(arrived))
                });
                // Where a Service has a say, this is no question about the pair.
                let cases: Option<Vec<Case>> = cases
                    .into_iter()
                    .map(|(under, open)| Some((under, self.breaks(open?))))
                    .collect();
                self.cases.extend(cases.map(|cases| (format!("{header:?}"), cases)));
            }
        }
        if !met && self.promise.verb == Verb::Reaches && !matches!(to, End::World(_)) {
            self.cases.push((format!("{from:?} no family"), vec![(BTreeMap::new(), true)]));
        }
    }

    /// Whether it is a pod and the Node that hosts it, of whom that is not asked.
    pub(super) fn is_exempt(&self, from: End, to: End) -> bool {
        let host = |id: ElementId| self.scene.network.fib(id).and_then(|fib| fib.me.host);
        let own = match (from, to) {
            (End::Pod(pod), End::Node(node)) | (End::Node(node), End::Pod(pod)) => {
                host(pod) == Some(node)
            }
            _ => false,
        };
        match (self.promise.verb, from) {
            (Verb::OnlyFrom, End::Node(_)) | (Verb::ReachesOnly, _) => own,
            _ => false,
        }
    }

    /// Whether it breaks the promise that something is open, or is not.
    fn breaks(&self, open: bool) -> bool {
        open != (self.promise.verb == Verb::Reaches)
    }

    /// What becomes of a message under each value of each choice that is asked on its way.
    pub(super) fn lives<T>(
        &self,
        process: ElementId,
        header: Header,
        judge: &dyn Fn(&[Life]) -> T,
    ) -> Vec<(BTreeMap<ChoiceId, u8>, T)> {
        let network = self.walks.network();
        let mut open = vec![BTreeMap::new()];
        let mut ends = vec![];
        while let Some(fixed) = open.pop() {
            let value = |i: usize| fixed.get(&ChoiceId(i as u8)).copied().unwrap_or_default();
            let choices: Vec<u8> = (0..network.choices.len()).map(value).collect();
            let lives = self.walks.branches(process, header, &choices, 200).lives;
            let mut asked = lives.iter().flat_map(|life| &life.asked).copied();
            match asked.find(|asked| !fixed.contains_key(asked)) {
                Some(asked) => {
                    for value in 0..network.choice(asked).values {
                        let new = fixed.iter().map(|(k, v)| (*k, *v)).chain([(asked, value)]);
                        open.push(new.collect());
                    }
                }
                None => ends.push((fixed, judge(&lives))),
            }
        }
        ends
    }
}

/// Whether a life came to its target, whoever listens there (POD-2).
pub(crate) fn arrived(life: &Life) -> bool {
    matches!(life.ending.verdict, Verdict::Delivered | Verdict::Closed)
}

fn is_served(life: &Life, header: Header) -> bool {
    led(life, header)
        || matches!(life.ending.verdict, Verdict::Rejected | Verdict::DroppedByService)
}

pub(crate) fn led(life: &Life, header: Header) -> bool {
    life.steps.iter().any(|step| match step {
        Step::Decide { becomes: Some(becomes), .. } => {
            (becomes.dst, becomes.dport) != (header.dst, header.dport)
        }
        _ => false,
    })
}

pub(crate) fn last(life: &Life) -> Option<Header> {
    life.steps.iter().rev().find_map(|step| match step {
        Step::Recv { header, .. } | Step::Decide { becomes: Some(header), .. } => Some(*header),
        _ => None,
    })
}

pub(crate) fn end(network: &Network, life: &Life) -> Option<(ElementId, u16)> {
    let at = life.ending.at;
    let at = if network.kind(at).is_process() { network.facts.host(at)? } else { at };
    Some((at, last(life)?.dport))
}

pub(crate) fn process(network: &Network, of: ElementId) -> Option<ElementId> {
    let mut all = network.ids().filter(|id| network.kind(*id).is_process());
    all.find(|id| network.facts.host(*id) == Some(of))
}

/// Ports that nothing tells from those before them, up to the next.
fn ports(scene: &Scene, promise: &Promise) -> Vec<u16> {
    let network = &scene.network;
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    // Nobody can send to port 0.
    let mut cuts: BTreeSet<u16> = [1].into();
    for entry in entries {
        if let Ports::In(lo, hi) = entry.pattern.dport {
            cuts.insert(lo);
            cuts.extend(hi.checked_add(1));
        }
    }
    let said = promise.about.iter().chain(&promise.others).filter_map(|said| said.port.as_ref());
    for ports in promise.ports.iter().chain(said) {
        if let promise::Ports::Range { first, last, .. } = ports {
            cuts.insert(*first);
            cuts.extend(last.checked_add(1));
        }
    }
    cuts.extend(network.facts.open.iter().map(|open| open.port.number));
    let ends = scene.cluster.services.iter().flat_map(|service| &service.endpoints);
    cuts.extend(ends.map(|end| end.number));
    cuts.into_iter().collect()
}
