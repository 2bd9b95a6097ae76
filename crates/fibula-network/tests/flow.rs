//! `flow` against `walk`: one follows sets of headers, the other single messages, and they share no
//! matching code. On random networks both must say the same of every header: the ends of its lives,
//! over all branches, are those in whose sets it is.
//!
//! 256 networks for each property; for the long form, `PROPTEST_CASES=20000 cargo test --release
//! -p fibula-network --test flow`.

mod compared;
mod random;

use std::collections::BTreeSet;

use compared::{compare, ends, seen};
use fibula_network::flow::{Fate, Flow, Ground};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Ending, Verdict, reply, walk};
use fibula_network::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};
use random::{Drawn, Samples, articles, filtered, mutate, networks, rolls};

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
