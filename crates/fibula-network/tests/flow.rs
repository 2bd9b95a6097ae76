//! `flow` against `walk`: one follows sets of headers, the other single messages, and they share no
//! matching code. On random networks both must say the same of every header: the ends of its lives,
//! over all branches, are those in whose sets it is.
//!
//! 256 networks for each property; for the long form, `PROPTEST_CASES=20000 cargo test --release
//! -p fibula-network --test flow`.

mod random;

use std::collections::BTreeSet;

use fibula_network::flow::{Fate, Flow, Ground};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Ending, Verdict, branches, reply, walk};
use fibula_network::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};
use random::{Drawn, Samples, articles, filtered, mutate, networks, rolls};

/// Headers that are tried from each process of a network.
const HEADERS: usize = 300;

/// Lives of a message that are followed; a message with more is left out.
const BRANCHES: usize = 60;

/// The ends of a message, over all of its branches; none if they are too many.
fn ends(
    network: &Network,
    process: ElementId,
    header: Header,
    choices: &[u8],
) -> Option<BTreeSet<Ending>> {
    let branches = branches(network, process, header, choices, BRANCHES);
    branches.all.then(|| branches.lives.iter().map(|life| seen(life.ending)).collect())
}

/// The same for one who does not look where a loop is found.
fn seen(ending: Ending) -> Ending {
    match ending.verdict {
        Verdict::Loop => Ending { at: ElementId(0), ..ending },
        _ => ending,
    }
}

/// Whether sets are all headers together, and none is empty.
fn cover(space: &mut Space, parts: &[SetId]) -> Result<(), String> {
    if parts.iter().any(|part| space.is_empty(*part)) {
        return Err(format!("an empty part among {parts:?}"));
    }
    let all = parts.iter().fold(Space::EMPTY, |all, part| space.or(all, *part));
    match all == Space::FULL {
        true => Ok(()),
        false => {
            let rest = space.not(all);
            Err(format!("{parts:?} lack {:?}", space.pick(rest)))
        }
    }
}

/// Whether `flow` says of `asked` what `walk` does in `walked`: for every process, and for headers
/// that matter in either.
fn compare(asked: &Network, walked: &Network) -> Result<(), String> {
    compare_some(asked, walked, HEADERS)
}

/// The same for so many headers from each process.
fn compare_some(asked: &Network, walked: &Network, headers: usize) -> Result<(), String> {
    let ground = Ground::new(asked);
    let mut flow = Flow::new(&ground);
    let samples = [Samples::of(asked), Samples::of(walked)];
    for process in asked.ids().filter(|id| asked.kind(*id).is_process()) {
        let parts = flow.flow(process, Space::FULL);
        let sets: Vec<SetId> = parts.iter().map(|(set, _)| *set).collect();
        cover(&mut flow.space, &sets).map_err(|why| format!("from {process:?}: {why}"))?;
        for samples in &samples {
            for (header, choices) in samples.take(headers / 2, process.0.into()) {
                let Some(ends) = ends(walked, process, header, choices) else { continue };
                let member = flow.fields.member(&ground.atoms, header, choices);
                let within = parts.iter().filter(|(set, _)| flow.space.contains(*set, &member));
                let said: BTreeSet<Ending> = within.map(|(_, ending)| seen(*ending)).collect();
                if said != ends {
                    let lives = branches(walked, process, header, choices, BRANCHES).lives;
                    return Err(format!(
                        "from {process:?} under {choices:?}: {header:?}\nflow: {said:?}\nwalk: \
                         {ends:?}\n{lives:#?}"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The network with a daemon at each switch, so that messages can begin everywhere.
fn with_probes(network: &Network) -> Network {
    let mut n = network.clone();
    let mut pairs: Vec<_> = n.links.pairs().collect();
    for switch in network.ids().filter(|id| network.fib(*id).is_some()) {
        let probe = ElementId(n.elements.len() as u32);
        let name = format!("probe{}", probe.0).into();
        n.elements.push(Element { kind: Kind::Daemon, name, place: PlaceId::NONE });
        n.facts.host.push(Some(switch));
        n.fibs.push(None);
        pairs.push((probe, switch));
    }
    n.links = Links::new(n.elements.len(), pairs, n.links.meshes().to_vec());
    n
}

/// A fate in the words of one switch, in an order that depends on it alone.
fn told(flow: &mut Flow<'_>, fate: &Fate, switch: ElementId) -> Vec<(Ending, SetId)> {
    let mut told: Vec<(Ending, SetId)> = vec![];
    for (set, end) in fate.iter() {
        let at = flow.place(switch, end.at);
        let ending = seen(Ending { verdict: end.verdict, at });
        match told.iter_mut().find(|(known, _)| *known == ending) {
            Some((_, known)) => *known = flow.space.or(*known, *set),
            None => told.push((ending, *set)),
        }
    }
    told.sort_unstable();
    told
}

/// Whether the switches that [`Flow::switches`] and [`Flow::alike`] take together are alike, and
/// none is left out.
fn alike(network: &Network) -> Result<(), String> {
    let ground = Ground::new(network);
    let mut flow = Flow::new(&ground);
    let samples = Samples::of(network);
    for target in ground.targets() {
        let toward = flow.exactly(target);
        let to = ground.atoms.range(target).lo;
        let mut covered = BTreeSet::new();
        for one in flow.switches(&toward) {
            let fate = flow.fate(&toward, one, Kind::Daemon);
            for switch in flow.alike(&toward, one).collect::<Vec<_>>() {
                covered.insert(switch);
                flow.forget();
                let anew = flow.exactly(target);
                let asked = flow.fate(&anew, switch, Kind::Daemon);
                let asked = told(&mut flow, &asked, switch);
                let parts = told(&mut flow, &fate, switch);
                if parts != asked {
                    return Err(format!("to {to} {one:?} {parts:?}, but {switch:?} {asked:?}"));
                }
                let hosted = network
                    .of_kind(Kind::Daemon)
                    .filter(|id| network.facts.host(*id) == Some(switch));
                let Some(probe) = hosted.last() else {
                    return Err(format!("{switch:?} has no probe"));
                };
                for (header, choices) in samples.take(30, switch.0.into()) {
                    let header = Header { dst: to, ..header };
                    let member = flow.fields.member(&ground.atoms, header, choices);
                    let Some(ends) = ends(network, probe, header, choices) else { continue };
                    let within = parts.iter().filter(|(_, set)| flow.space.contains(*set, &member));
                    let said: BTreeSet<Ending> = within.map(|(ending, _)| *ending).collect();
                    if said != ends {
                        return Err(format!(
                            "from {switch:?}, alike {one:?}, under {choices:?}: {header:?}\nflow: \
                             {said:?}\nwalk: {ends:?}"
                        ));
                    }
                }
            }
        }
        let all: BTreeSet<ElementId> =
            network.ids().filter(|id| network.fib(*id).is_some()).collect();
        if covered != all {
            return Err(format!("to {to} nothing stands for {:?}", &all - &covered));
        }
    }
    Ok(())
}

/// Whether two targets have one fate, with each in the place of the other among the sources: an
/// entry may compare the two. In an atom of several addresses no source is the same as a target.
fn exchanged(
    flow: &mut Flow<'_>,
    [one, other]: [u32; 2],
    fates: &[Vec<(Ending, SetId)>; 2],
) -> bool {
    let Flow { ground, fields, ref mut space, .. } = *flow;
    let single = |atom| {
        let range = ground.atoms.range(atom);
        range.lo == range.hi
    };
    let both_single = single(one) && single(other);
    let mut alike = true;
    let mut told = |target: u32, another: u32, fate: &[(Ending, SetId)]| -> Vec<_> {
        let own = fields.from(space, (target, target));
        let from_other = fields.from(space, (another, another));
        let both = space.or(own, from_other);
        let parts = fate.iter().map(|(ending, set)| {
            let rest = space.minus(*set, both);
            let [own, from_other] = [own, from_other].map(|from| {
                let part = space.and(*set, from);
                space.exists(part, fields.source())
            });
            alike &= single(target) || own == from_other;
            let same = if both_single { own } else { Space::EMPTY };
            (*ending, [rest, from_other, same])
        });
        parts.filter(|(_, parts)| *parts != [Space::EMPTY; 3]).collect()
    };
    let same = told(one, other, &fates[0]) == told(other, one, &fates[1]);
    same && alike
}

/// Whether each atom is in one group of targets, and all atoms of a group have its fate.
fn targets(network: &Network) -> Result<(), String> {
    let ground = Ground::new(network);
    let mut flow = Flow::new(&ground);
    let switches: Vec<ElementId> = network.ids().filter(|id| network.fib(*id).is_some()).collect();
    let targets = ground.targets();
    for atom in 0..ground.atoms.count() {
        let group: Vec<u32> =
            targets.iter().copied().filter(|target| ground.together(*target, atom)).collect();
        let [target] = group[..] else {
            return Err(format!("atom {atom} is in {} groups", group.len()));
        };
        for switch in &switches {
            let fates = [atom, target].map(|atom| {
                let toward = flow.toward(atom);
                let fate = flow.fate(&toward, *switch, Kind::Container);
                told(&mut flow, &fate, *switch)
            });
            if fates[0] != fates[1] && !exchanged(&mut flow, [atom, target], &fates) {
                let [mine, theirs] = fates;
                return Err(format!("from {switch:?} {mine:?} to {atom}, {theirs:?} to {target}"));
            }
        }
    }
    Ok(())
}

/// Whether what chains could do holds what they do; and holds no more, but for the ends that some
/// filter has and for what comes after tables with chains.
fn at_most(network: &Network) -> Result<(), String> {
    let ground = Ground::new(network);
    let mut flow = Flow::new(&ground);
    let chained = network.tables.iter().any(|table| table.chains.is_some());
    for target in ground.targets() {
        for switch in network.ids().filter(|id| network.fib(*id).is_some()) {
            let [most, least] = [false, true].map(|exact| {
                let toward = if exact { flow.exactly(target) } else { flow.closely(target) };
                let fate = flow.fate(&toward, switch, Kind::Daemon);
                told(&mut flow, &fate, switch)
            });
            for (ending, set) in &least {
                let known = most.iter().find(|(known, _)| known == ending);
                let lacks = flow.space.minus(*set, known.map_or(Space::EMPTY, |known| known.1));
                if !flow.space.is_empty(lacks) {
                    let lacks = flow.space.pick(lacks);
                    return Err(format!("{ending:?} from {switch:?} to {target}: {lacks:?}"));
                }
            }
            if !chained && most != least {
                return Err(format!("no chains, but {most:?} is not {least:?}"));
            }
        }
    }
    Ok(())
}

fn holds(result: Result<(), String>) -> Result<(), TestCaseError> {
    result.map_err(TestCaseError::fail)
}

proptest! {
    #[test]
    fn flow_agrees_with_walk(Drawn(network) in networks()) {
        holds(compare(&network, &network))?;
    }

    #[test]
    fn flow_agrees_with_walk_after_a_fault(Drawn(network) in articles(), fault in rolls(20)) {
        let network = mutate(&network, &fault);
        holds(compare(&network, &network))?;
    }

    #[test]
    fn flow_agrees_with_walk_through_filters(Drawn(network) in filtered(), change in rolls(20)) {
        holds(compare(&network, &network))?;
        let network = mutate(&network, &change);
        holds(compare(&network, &network))?;
    }

    #[test]
    fn what_chains_could_do_holds_what_they_do(Drawn(network) in networks()) {
        holds(at_most(&network))?;
    }

    #[test]
    fn the_same_fate_for_switches_alike(Drawn(network) in networks()) {
        holds(alike(&with_probes(&network)))?;
    }

    #[test]
    fn the_same_fate_for_targets_together(Drawn(network) in networks()) {
        holds(targets(&network))?;
    }
}

#[test]
fn r5_random_networks_end_messages_in_every_way() {
    let mut runner = TestRunner::deterministic();
    let (mut met, mut back) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..100 {
        let Drawn(network) = networks().new_tree(&mut runner).unwrap().current();
        let samples = Samples::of(&network);
        for process in network.ids().filter(|id| network.kind(*id).is_process()) {
            for (header, choices) in samples.take(60, process.0.into()) {
                let life = walk(&network, process, header, choices);
                met.insert(life.ending.verdict);
                let reply = reply(&network, &life, choices);
                back.extend(reply.map(|reply| reply.ending.verdict));
            }
        }
    }
    let firsts = Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::ReplyLost);
    assert_eq!(met, firsts.collect(), "what is never met is never compared");
    assert_eq!(back, BTreeSet::from([Verdict::Delivered, Verdict::ReplyLost]));
}

#[test]
fn f2_a_listener_after_65536_others_is_found() {
    let place = PlaceId::NONE;
    let element = |kind, name: &str| Element { kind, name: name.into(), place };
    let listener = |port, process| Listener { port: Port::tcp(port), process, place };
    let [node, first, last] = [0, 1, 2].map(ElementId);
    let mut listeners = vec![listener(1, first); 1 << 16];
    listeners.push(listener(2, last));
    let pattern = Pattern::listened(Addrs::Any);
    let entry = Entry::new("F2", pattern, Action::Deliver(Receiver::Listener));
    let me = Me { listeners, ..Me::default() };
    let network = Network {
        elements: vec![
            element(Kind::Node, "n"),
            element(Kind::Daemon, "first"),
            element(Kind::Daemon, "last"),
        ],
        facts: Facts { host: vec![None, Some(node), Some(node)], ..Facts::default() },
        links: Links::new(3, [(node, first), (node, last)], vec![]),
        tables: vec![Table::new("t", vec![entry])],
        pipelines: vec![vec![TableId(0)]],
        fibs: vec![Some(Fib { pipeline: PipelineId(0), me }), None, None],
        ..Network::default()
    };
    assert_eq!(check(&network), []);
    let ground = Ground::new(&network);
    let parts = Flow::new(&ground).flow(first, Space::FULL);
    let delivered = parts.iter().filter(|(_, ending)| ending.verdict == Verdict::Delivered);
    let receivers: BTreeSet<ElementId> = delivered.map(|(_, ending)| ending.at).collect();
    assert_eq!(receivers, BTreeSet::from([first, last]));
}

/// A network without a fault, the same in every run.
fn sound() -> Network {
    let rolls: Vec<u32> = (1..120u32).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
    let network = random::article(&rolls);
    assert!(network.of_kind(Kind::Node).count() > 1 && network.of_kind(Kind::Pod).count() > 2);
    network
}

/// The pods' and the Nodes' tables of [`sound`], and some of their entries.
const POD: usize = 1;
const NODE: usize = 3;

#[test]
fn a_planted_fault_is_noticed() {
    let sound = sound();
    assert_eq!(compare(&sound, &sound), Ok(()));
    let pod =
        sound.of_kind(Kind::Pod).find(|pod| !sound.fib(*pod).unwrap().me.listeners.is_empty());
    let pod = pod.unwrap();
    let node = sound.facts.host(pod).unwrap();
    let listener = sound.fib(pod).unwrap().me.listeners[0];
    let me = |network: &mut Network, change: fn(&mut Me)| {
        let me = &mut network.fibs[pod.index()].as_mut().unwrap().me;
        change(me);
        me.listeners.sort_unstable();
    };
    let with = |change: &dyn Fn(&mut Network)| {
        let mut faulty = sound.clone();
        change(&mut faulty);
        faulty
    };
    let unlink = |a, b| with(&|n| n.links = n.links.without(a, b));
    let other = sound.of_kind(Kind::Node).find(|other| *other != node).unwrap();
    let faults = [
        ("F1: no loopback", with(&|n| drop(n.tables[POD].entries.remove(0)))),
        ("F2: no listener", with(&|n| drop(n.tables[POD].entries.remove(2)))),
        ("F3: no way out", with(&|n| drop(n.tables[POD].entries.pop()))),
        ("F4: no way in", with(&|n| drop(n.tables[NODE].entries.remove(2)))),
        ("F5: no way to others", with(&|n| drop(n.tables[NODE].entries.remove(3)))),
        ("F3 first", with(&|n| n.tables[POD].entries.rotate_right(1))),
        (
            "R1: another reason",
            with(&|n| {
                n.tables[POD].entries[3].action = Action::Discard(Reason::Policy);
            }),
        ),
        ("G5: the listener's link", unlink(listener.process, pod)),
        ("G7: the pod's link", unlink(pod, node)),
        ("G8: a link between Nodes", unlink(node, other)),
        ("an owner", with(&|n| n.owners.retain(|owner| owner.to != pod))),
        (
            "a wrong Node",
            with(&|n| {
                n.owners.iter_mut().filter(|o| o.to == pod).for_each(|owner| owner.via = other);
            }),
        ),
        ("an own address", with(&|n| me(n, |me| me.own.clear()))),
        ("a port", with(&|n| me(n, |me| me.listeners[0].port.number ^= 1))),
        (
            "a protocol",
            with(&|n| {
                me(n, |me| {
                    me.listeners[0].port.proto = match me.listeners[0].port.proto {
                        Proto::Tcp => Proto::Udp,
                        _ => Proto::Tcp,
                    };
                })
            }),
        ),
        ("a host", with(&|n| me(n, |me| me.host = None))),
        (
            "one source port",
            with(&|n| {
                let pattern = Pattern { sport: Ports::In(7, 7), ..Pattern::ANY };
                let entry = Entry::new("fault", pattern, Action::Reject(Reason::Policy));
                n.tables[NODE].entries.insert(0, entry);
            }),
        ),
    ];
    for (fault, network) in faults {
        assert!(compare(&sound, &network).is_err(), "{fault}: unnoticed, flow being sound");
        assert!(compare(&network, &sound).is_err(), "{fault}: unnoticed, walk being sound");
        assert_eq!(compare(&network, &network), Ok(()), "{fault}");
    }
}

/// [`sound`] with a Service of two Pods, which the Nodes rewrite and masquerade; a policy of the
/// Pods by which it shows who is masqueraded; and an address that the outside sends to one of two
/// Nodes.
fn serving() -> Network {
    let mut n = sound();
    let one = |addr: &str| Addrs::In(addr.parse().unwrap());
    let nodes: Vec<ElementId> = n.of_kind(Kind::Node).take(2).collect();
    let owned = |kind| -> Vec<Addr> {
        let owners = n.owners.iter().filter(|owner| n.kind(owner.to) == kind);
        owners.map(|owner| owner.addr).filter(|addr| addr.family() == Family::V4).collect()
    };
    let v4 = |addr: &Addr| addr.family() == Family::V4;
    // Each at a port that somebody listens on, if anybody does there.
    let backend = |addr: Addr| {
        let listeners = n.owners_of(addr).iter().filter_map(|owner| n.fib(owner.to));
        let mut ports = listeners.flat_map(|fib| &fib.me.listeners).map(|l| l.port.number);
        let (at, place) = (Scope::Everywhere, PlaceId::NONE);
        Backend { at, addr, port: ports.next().unwrap_or(9), place }
    };
    let mut pods: Vec<Backend> = owned(Kind::Pod).into_iter().map(backend).collect();
    pods.sort_by_key(|backend| backend.port == 9);
    pods.truncate(2);
    assert_ne!(pods[0].port, 9);
    let members = pods;
    let masks: Vec<Range> = owned(Kind::Node).into_iter().map(Range::one).collect();
    n.backends = vec![Backends::new("web", members)];
    n.hops = vec![nodes];
    n.sets.push(AddrSet::new("nodes", masks));
    let nodes = Addrs::Set(AddrSetId(n.sets.len() as u32 - 1));
    for fib in n.fibs.iter_mut().flatten().filter(|fib| fib.pipeline == PipelineId(1)) {
        fib.me.masquerade = fib.me.own.iter().copied().filter(v4).collect();
    }
    let (node, source) = (TableId(NODE as u32), TableId(n.tables.len() as u32));
    let marked = Pattern { marked: Some(true), ..Pattern::ANY };
    let masquerade = Action::Masquerade { by: Source::Own, then: node };
    let rewrite = Action::Rewrite { to: BackendsId(0), mark: Mark::Hairpin, then: source };
    let policy = Pattern { src: nodes, ..Pattern::to(Addrs::Own) };
    n.tables.push(Table::new("source", vec![Entry::new("SVC-62", marked, masquerade)]));
    n.pipelines[1].insert(1, source);
    n.tables[2].entries = vec![Entry::new("SVC-50", Pattern::to(one("10.96.0.1")), rewrite)];
    n.tables[4].entries = vec![Entry::new(
        "SVC-22",
        Pattern::to(one("10.0.77.77")),
        Action::Forward(Hop::OneOf(HopsId(0))),
    )];
    n.tables[POD].entries.insert(0, Entry::new("policy", policy, Action::Discard(Reason::Policy)));
    n
}

#[test]
fn a_planted_fault_in_a_service_is_noticed() {
    let sound = serving();
    assert_eq!(check(&sound), []);
    const MANY: usize = 2000;
    assert_eq!(compare_some(&sound, &sound, MANY), Ok(()));
    let node = sound.hops[0][0];
    let rewrite = |n: &mut Network, change: fn(&mut BackendsId, &mut Mark, &mut TableId)| {
        if let Action::Rewrite { to, mark, then } = &mut n.tables[2].entries[0].action {
            change(to, mark, then);
        }
    };
    type Fault<'a> = (&'a str, Box<dyn Fn(&mut Network) + 'a>);
    let faults: [Fault<'_>; 9] = [
        ("a backend less", Box::new(|n| n.backends[0].members.truncate(1))),
        ("another port", Box::new(|n| n.backends[0].members.iter_mut().for_each(|b| b.port = 9))),
        ("a backend that one Node sees", {
            Box::new(move |n| {
                n.backends[0].members[1].at = Scope::Switch(node);
            })
        }),
        ("a hop less", Box::new(|n| n.hops[0].truncate(1))),
        ("never marked", Box::new(|n| rewrite(n, |_, mark, _| *mark = Mark::Never))),
        ("always marked", Box::new(|n| rewrite(n, |_, mark, _| *mark = Mark::Always))),
        ("past the sources", {
            Box::new(|n| rewrite(n, |_, _, then| *then = TableId(NODE as u32)))
        }),
        ("no masquerade", Box::new(|n| n.tables[6].entries.clear())),
        ("only for replies", Box::new(|n| n.tables[2].entries[0].pattern.reply = Some(true))),
    ];
    for (fault, plant) in faults {
        let mut network = sound.clone();
        plant(&mut network);
        let noticed = |asked, walked| compare_some(asked, walked, MANY).is_err();
        assert!(noticed(&sound, &network), "{fault}: unnoticed, flow being sound");
        assert!(noticed(&network, &sound), "{fault}: unnoticed, walk being sound");
        assert_eq!(compare_some(&network, &network, MANY), Ok(()), "{fault}");
    }
}

/// [`sound`] with policies: a table of the Nodes asks of what a Pod sends and then of what it gets,
/// but for messages of daemons and of Pods to themselves, and tells by a choice what it is to do
/// with a protocol.
fn policing() -> Network {
    let mut n = sound();
    let [egress, ingress, ask, admin, deny] = [6, 7, 8, 9, 10].map(TableId);
    let node = TableId(NODE as u32);
    let drop = Action::Discard(Reason::Policy);
    let on = Action::Goto(node);
    let entry = |pattern, action| Entry::new("NP-1", pattern, action);
    let from = |kind| Pattern { from: Some(kind), ..Pattern::ANY };
    let tcp = Pattern { proto: Some(Proto::Tcp), ..Pattern::ANY };
    let udp = Pattern { proto: Some(Proto::Udp), ..Pattern::ANY };
    n.choices = vec![Choice { id: "NP-9".into(), question: "which?".into(), values: 2 }];
    let when = vec![When { choice: ChoiceId(0), value: 1 }];
    let same = Pattern { src: Addrs::Same, ..Pattern::ANY };
    let gate = vec![entry(from(Kind::Daemon), on), entry(same, on)];
    n.tables.extend([
        Table::new("egress", gate),
        Table::new("ingress", vec![]),
        Table::new("ask", vec![entry(Pattern { when, ..udp }, drop)]),
        Table::new("admin", vec![entry(tcp, on)]),
        Table::new("deny", vec![entry(Pattern::ANY, drop)]),
    ]);
    n.pipelines[1] = vec![TableId(2), egress, ingress, node];
    let pods: Vec<ElementId> = n.of_kind(Kind::Pod).collect();
    let of = |chain: fn(usize) -> u32| -> Vec<(ElementId, ChainId)> {
        (0..).zip(&pods).map(|(i, pod)| (*pod, ChainId(chain(i)))).collect()
    };
    let chains = |by, of, lists: &[&[TableId]]| {
        let lists = lists.iter().map(|list| list.to_vec()).collect();
        Some(Box::new(Chains { by, of, lists }))
    };
    let (by_source, by_target) = (of(|i| i as u32 % 2), of(|i| (i / 2) as u32 % 2));
    n.tables[6].chains = chains(Side::Source, by_source, &[&[ask], &[admin, deny]]);
    n.tables[7].chains = chains(Side::Target, by_target, &[&[ask, admin, deny], &[]]);
    n
}

#[test]
fn a_planted_fault_in_a_policy_is_noticed() {
    let sound = policing();
    assert_eq!(check(&sound), []);
    const MANY: usize = 2000;
    assert_eq!(compare_some(&sound, &sound, MANY), Ok(()));
    fn chains(n: &mut Network, table: usize) -> &mut Chains {
        n.tables[table].chains.as_deref_mut().unwrap()
    }
    type Fault = (&'static str, fn(&mut Network));
    let faults: [Fault; 10] = [
        ("a pod without its chain", |n| chains(n, 6).of.truncate(1)),
        ("a pod with another chain", |n| chains(n, 7).of[0].1 = ChainId(1)),
        ("a filter less", |n| chains(n, 6).lists[1].truncate(1)),
        ("filters the other way round", |n| chains(n, 7).lists[0].rotate_right(1)),
        ("by the other address", |n| chains(n, 6).by = Side::Target),
        ("no chains", |n| n.tables[7].chains = None),
        ("a filter without a choice", |n| n.tables[8].entries[0].pattern.when.clear()),
        ("a filter that does not let on", |n| drop(n.tables[9].entries.remove(0))),
        ("daemons are asked", |n| drop(n.tables[6].entries.remove(0))),
        ("a pod's messages to itself are asked", |n| drop(n.tables[6].entries.remove(1))),
    ];
    for (fault, plant) in faults {
        let mut network = sound.clone();
        plant(&mut network);
        let noticed = |asked, walked| compare_some(asked, walked, MANY).is_err();
        assert!(noticed(&sound, &network), "{fault}: unnoticed, flow being sound");
        assert!(noticed(&network, &sound), "{fault}: unnoticed, walk being sound");
        assert_eq!(compare_some(&network, &network, MANY), Ok(()), "{fault}");
    }
}
