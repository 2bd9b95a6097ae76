//! What a promise comes to, by `walk`.

use std::collections::{BTreeMap, BTreeSet};

use fibula_answers::promises::{Doubt, Outcome};
use fibula_cluster::promise::{self, Promise, Said, Verb};
use fibula_cluster::{Service, ServicePort};
use fibula_network::walk::{Life, Step, Verdict, Walks};
use fibula_network::*;

use crate::Scene;
use crate::whom::{self, End, addresses};

/// The values of the choices that a message asked, and whether it breaks the promise under them.
type Case = (BTreeMap<ChoiceId, u8>, bool);

/// How many choices may matter at once.
const MOST_CHOICES: usize = 8;

/// What is asked with.
struct Brute<'s> {
    scene: &'s Scene,
    walks: Walks<'s>,
    promise: &'s Promise,
    /// Of each message that the promise is about.
    cases: Vec<(String, Vec<Case>)>,
    /// Whether somebody is asked about whose address two have.
    contested: bool,
    /// Whether somebody is asked about who has no process to send from.
    mute: bool,
    /// Whether a Service was asked about of which a share arrives.
    shared: bool,
}

pub(crate) fn agree(scene: &Scene, promise: &Promise, outcome: &Outcome) -> Result<(), String> {
    let walks = Walks::new(&scene.network);
    let mut brute = Brute {
        scene,
        walks,
        promise,
        cases: vec![],
        contested: false,
        mute: false,
        shared: false,
    };
    brute.ask();
    let Some(broken) = brute.broken().filter(|_| !brute.mute) else { return Ok(()) };
    let all = broken.iter().all(|broken| *broken);
    let none = broken.iter().all(|broken| !*broken);
    let said = match outcome {
        Outcome::Kept => "kept",
        Outcome::Broken(_) => "broken",
        Outcome::Undecided(_) => "undecided",
        Outcome::Wrong(_) => return Ok(()),
    };
    let unsure = brute.contested || whom::is_unsure(scene, promise);
    let right = match outcome {
        Outcome::Kept => none && !unsure,
        Outcome::Broken(_) => all,
        // Whom it is about is not known, or how many connections a Service loses.
        Outcome::Undecided(_) if unsure || brute.shared => true,
        Outcome::Undecided(doubts) => {
            let choices = |doubt: &Doubt| matches!(doubt, Doubt::Choices(_));
            // Ways in are not put together with what else depends on the same choices.
            let doors = from_world(scene, promise);
            doubts.iter().all(choices) && (!(all || none) || doors && all)
        }
        Outcome::Wrong(_) => true,
    };
    match right {
        true => Ok(()),
        false => {
            let breaks = |(_, cases): &&(String, Vec<Case>)| cases.iter().any(|(_, b)| *b);
            let by: Vec<_> = brute.cases.iter().filter(breaks).take(3).collect();
            Err(format!("it is {said}, but walk finds it broken under {broken:?}, by {by:?}"))
        }
    }
}

fn from_world(scene: &Scene, promise: &Promise) -> bool {
    let from = if promise.verb == Verb::OnlyFrom { &promise.others } else { &promise.about };
    let world = whom::everybody(scene).into_iter().filter(|end| matches!(end, End::World(_)));
    world.into_iter().any(|end| {
        from.iter().any(|said| whom::is(scene, said, end)) != (promise.verb == Verb::OnlyFrom)
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
        let about = |said: &[Said], end: End| {
            said.iter().any(|one| match verb {
                Verb::Reaches => whom::reaches(self.scene, one, end),
                _ => whom::is(self.scene, one, end),
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
    fn ports<'p>(&'p self, said: &'p Said) -> &'p [promise::Ports] {
        said.port.as_ref().map_or(&self.promise.ports, std::slice::from_ref)
    }

    /// Whether a target is meant at a port: by its name, or behind a Service.
    fn is_at(&self, to: &[Said], end: End, port: Port) -> bool {
        let verb = self.promise.verb;
        let reach = verb == Verb::Reaches;
        to.iter().any(|said| match whom::service(self.scene, said) {
            Some(service) => {
                let headless = service.cluster_ips.is_empty();
                (!reach || headless) && self.behind(service, self.ports(said), end, port)
            }
            None => {
                let is = match verb {
                    Verb::Reaches => whom::reaches(self.scene, said, end),
                    _ => whom::is(self.scene, said, end),
                };
                is && whom::at(self.scene, self.ports(said), end, port, reach)
            }
        })
    }

    /// Whether somebody is an endpoint of a Service, at a port of those that are meant.
    fn behind(&self, service: &Service, ports: &[promise::Ports], end: End, wanted: Port) -> bool {
        let owns = |ip: std::net::IpAddr| match end {
            End::Pod(id) | End::Node(id) => {
                addresses(&self.scene.network, id).contains(&Addr::from(ip))
            }
            End::World(addr) => addr == Addr::from(ip),
        };
        let reach = self.promise.verb == Verb::Reaches;
        (0u16..).zip(&service.ports).filter(|(i, p)| self.offers(service, ports, *i, p)).any(
            |(i, p)| {
                let ends = service.endpoints_of(i).iter().filter(|end| end.ready || !reach);
                let said = |number: u16| {
                    ports.iter().any(|ports| match ports {
                        promise::Ports::Range { protocol, first, last } => {
                            *protocol == p.protocol && (*first..=*last).contains(&number)
                        }
                        promise::Ports::Named(_) => false,
                    })
                };
                let narrow =
                    service.cluster_ips.is_empty() && ends.clone().any(|end| said(end.number));
                p.protocol.name() == wanted.proto.name()
                    && ends.clone().any(|end| {
                        end.number == wanted.number
                            && owns(end.addr)
                            && (!narrow || said(end.number))
                    })
            },
        )
    }

    fn offers(
        &self,
        service: &Service,
        ports: &[promise::Ports],
        index: u16,
        port: &ServicePort,
    ) -> bool {
        let headless = service.cluster_ips.is_empty();
        ports.is_empty()
            || ports.iter().any(|ports| match ports {
                promise::Ports::Named(name) => port.name.as_ref() == Some(name),
                promise::Ports::Range { protocol, first, last } => {
                    let own = service.endpoints_of(index).iter().map(|end| end.number);
                    let mut all = own.filter(|_| headless).chain([port.number]);
                    *protocol == port.protocol && all.any(|n| (*first..=*last).contains(&n))
                }
            })
    }

    /// Messages from one to another, at ports that entries tell apart.
    fn pair(&mut self, from: End, to: End, targets: &[Said]) {
        let network = &self.scene.network;
        let host = |id: ElementId| network.fib(id).and_then(|fib| fib.me.host);
        let (source, target) = match (from, to) {
            (End::Pod(a), End::Pod(b)) if a == b => return,
            (End::Pod(a), End::Pod(b) | End::Node(b)) => (a, Some(b)),
            (End::Pod(a), End::World(_)) => (a, None),
            (End::Node(a), End::Pod(b)) => (a, Some(b)),
            _ => return,
        };
        let own = target
            .is_some_and(|target| host(source) == Some(target) || host(target) == Some(source));
        let exempt = match (self.promise.verb, from) {
            (Verb::OnlyFrom, End::Node(_)) | (Verb::ReachesOnly, _) => own,
            _ => false,
        };
        if exempt {
            return;
        }
        let contested =
            |id: ElementId| addresses(network, id).iter().any(|addr| network.is_contested(*addr));
        let beyond = self.promise.verb == Verb::ReachesOnly;
        let cuts = ports(network, self.promise);
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

    /// Whether it breaks the promise that something is open, or is not.
    fn breaks(&self, open: bool) -> bool {
        open != (self.promise.verb == Verb::Reaches)
    }

    /// Every way in of the world that leads to a target, or to somebody else.
    fn doors(&mut self, from: End, targets: &[Said]) {
        let End::World(src) = from else { return };
        let network = &self.scene.network;
        let Some(world) = network.of_kind(Kind::World).next() else { return };
        if !network.owners_of(src).is_empty() || self.promise.verb == Verb::Reaches {
            return;
        }
        let beyond = self.promise.verb == Verb::ReachesOnly;
        for (dst, Port { proto, number: dport }) in fronts(self.scene) {
            if dst.family() != src.family() {
                continue;
            }
            let header = Header { src, sport: 41_000, dst, dport, proto };
            let cases = self.lives(world, header, &|lives| {
                lives.iter().any(|life| {
                    let end = end(network, life).filter(|_| arrived(life) && led(life, header));
                    end.is_some_and(|(id, number)| {
                        let to = match network.kind(id) {
                            Kind::Pod => End::Pod(id),
                            Kind::Node => End::Node(id),
                            _ => return false,
                        };
                        self.is_at(targets, to, Port { proto, number }) != beyond
                    })
                })
            });
            self.cases.push((format!("{header:?}"), cases));
        }
    }

    /// Every connection to a Service, but for those that lead back.
    fn service(&mut self, from: End, said: &Said, service: &Service) {
        let network = &self.scene.network;
        let (End::Pod(source) | End::Node(source)) = from else {
            self.shared = true;
            return;
        };
        let contested = addresses(network, source).iter().any(|addr| network.is_contested(*addr));
        let Some(process) = process(network, source) else {
            self.mute = true;
            return;
        };
        let offered: Vec<Port> = (0u16..)
            .zip(&service.ports)
            .filter(|(i, p)| self.offers(service, self.ports(said), *i, p))
            .filter_map(|(_, p)| {
                let proto = Proto::ALL.into_iter().find(|q| q.name() == p.protocol.name())?;
                Some(Port { proto, number: p.number })
            })
            .collect();
        if offered.is_empty() || service.cluster_ips.is_empty() {
            return;
        }
        self.contested |= contested;
        let mut met = false;
        for ip in &service.cluster_ips {
            let dst = Addr::from(*ip);
            let own = addresses(network, source);
            let Some(src) = own.iter().copied().find(|addr| addr.family() == dst.family()) else {
                continue;
            };
            met = true;
            for port in &offered {
                let header =
                    Header { src, sport: 41_000, dst, dport: port.number, proto: port.proto };
                let cases = self.lives(process, header, &|lives| {
                    let mine = |life: &&Life| {
                        let to = last(life).map(|header| header.dst);
                        matches!(from, End::Pod(_)) && to.is_some_and(|to| own.contains(&to))
                    };
                    let others: Vec<&Life> = lives.iter().filter(|life| !mine(life)).collect();
                    // A Service that has no endpoint refuses everybody.
                    !others.iter().all(|life| arrived(life))
                });
                self.shared |= cases.len() > 1;
                let backends =
                    service.endpoints.iter().any(|end| network.is_contested(Addr::from(end.addr)));
                self.contested |= backends;
                self.cases.push((format!("{header:?}"), cases));
            }
        }
        if !met {
            self.cases.push((format!("{from:?} no family"), vec![(BTreeMap::new(), true)]));
        }
    }

    /// What becomes of a message under each value of each choice that is asked on its way.
    fn lives<T>(
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

fn led(life: &Life, header: Header) -> bool {
    life.steps.iter().any(|step| match step {
        Step::Decide { becomes: Some(becomes), .. } => {
            (becomes.dst, becomes.dport) != (header.dst, header.dport)
        }
        _ => false,
    })
}

fn last(life: &Life) -> Option<Header> {
    life.steps.iter().rev().find_map(|step| match step {
        Step::Recv { header, .. } | Step::Decide { becomes: Some(header), .. } => Some(*header),
        _ => None,
    })
}

fn end(network: &Network, life: &Life) -> Option<(ElementId, u16)> {
    let at = life.ending.at;
    let at = if network.kind(at).is_process() { network.facts.host(at)? } else { at };
    Some((at, last(life)?.dport))
}

fn process(network: &Network, of: ElementId) -> Option<ElementId> {
    let mut all = network.ids().filter(|id| network.kind(*id).is_process());
    all.find(|id| network.facts.host(*id) == Some(of))
}

/// Ports that nothing tells from those before them, up to the next.
fn ports(network: &Network, promise: &Promise) -> Vec<u16> {
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let mut cuts: BTreeSet<u16> = [0, 1].into();
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
    cuts.into_iter().collect()
}

/// Addresses and ports by which the world can come in.
fn fronts(scene: &Scene) -> Vec<(Addr, Port)> {
    let mut fronts = vec![];
    let nodes = &scene.cluster.nodes;
    let on_nodes = |port: Port| {
        nodes.iter().flat_map(|node| &node.addresses).map(move |ip| (Addr::from(*ip), port))
    };
    for service in &scene.cluster.services {
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        for ip in service.external_ips.iter().copied().chain(balancers) {
            fronts.extend(service.ports.iter().map(|p| (Addr::from(ip), Port::tcp(p.number))));
        }
        for port in service.ports.iter().filter_map(|port| port.node_port) {
            fronts.extend(on_nodes(Port::tcp(port)));
        }
    }
    let ports = scene.cluster.pods.iter().flat_map(|pod| &pod.containers).flat_map(|c| &c.ports);
    for port in ports {
        if let Some(host) = port.host {
            let proto = Proto::ALL.into_iter().find(|p| p.name() == port.protocol.name());
            let proto = proto.expect("a protocol");
            fronts.extend(on_nodes(Port { proto, number: host.number }));
        }
    }
    fronts
}
