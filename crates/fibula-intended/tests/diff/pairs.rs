//! Every pair of Pods, Nodes and addresses of the world, before and after.

use std::collections::{BTreeMap, BTreeSet};

use fibula_answers::diff::Change;
use fibula_answers::reach::{Line, PartyId, Who, Why};
use fibula_network::walk::{Life, Verdict, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{addresses, arrived, is_contested, ports, process, rewritten};

/// How many ports are tried of a pair.
const PORTS: usize = 4;

/// The values of choices, by name.
type Values = BTreeMap<String, u8>;

/// What becomes of a message under each combination of the choices that it is asked.
type Truth = Vec<(Values, bool)>;

/// What `diff` says of one message: whether it certainly differs, and else on which choices.
type Said = (bool, Vec<BTreeSet<String>>);

/// A switch of either network: whether it is a Pod, and its name.
type Name = (bool, String);

/// Where a message goes.
#[derive(Clone, Debug)]
enum To {
    Switch(Name),
    OwnNode,
    World(Addr),
}

pub(crate) fn agree(scene: &Scene) -> Result<(), String> {
    compare(scene, PORTS)
}

/// At every port and protocol.
pub(crate) fn every(scene: &Scene) -> Result<(), String> {
    compare(scene, usize::MAX)
}

fn compare(scene: &Scene, most: usize) -> Result<(), String> {
    let networks = [&scene.networks[0], &scene.networks[1]];
    let walks = networks.map(Walks::new);
    let switches = networks.map(|network| -> BTreeMap<Name, ElementId> {
        let all = network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node));
        all.map(|id| ((network.kind(id) == Kind::Pod, network.element(id).name.to_string()), id))
            .collect()
    });
    let names: BTreeSet<&Name> = switches.iter().flat_map(BTreeMap::keys).collect();
    let cuts: BTreeSet<u16> = networks.iter().flat_map(|network| ports(network)).collect();
    let cuts: Vec<u16> = cuts.into_iter().collect();
    let world = ["8.8.8.8", "8.0.0.1", "198.51.100.9", "203.0.113.1", "2001:db8::9", "2600::1"]
        .map(|addr| addr.parse::<Addr>().expect("an address"));
    let nobody = |addr: &Addr| networks.iter().all(|n| n.owners_of(*addr).is_empty());
    let world: Vec<Addr> = world.into_iter().filter(nobody).collect();
    let mut nth = 0;
    for from in &names {
        let to = names.iter().filter(|to| *to != from).map(|to| To::Switch((*to).clone()));
        for to in to.chain(world.iter().map(|addr| To::World(*addr))) {
            for family in [Family::V4, Family::V6] {
                let Some(asked) = asked(scene, &walks, &switches, (from, &to, family)) else {
                    continue;
                };
                let all = cuts.len() * Proto::ALL.len();
                for _ in 0..all.min(most) {
                    nth += if most < all { 7 } else { 1 };
                    let port =
                        Port { proto: Proto::ALL[nth % 3], number: cuts[nth / 3 % cuts.len()] };
                    one(scene, &walks, (from, &asked.to, family), &asked.sides, port)?;
                }
            }
        }
    }
    Ok(())
}

/// Who sends what, where the sender and the target are there.
type Side = Option<(ElementId, Addr, Addr)>;

struct Asked {
    to: To,
    sides: [Side; 2],
}

/// What is asked of a pair; none where it is no question.
fn asked(
    scene: &Scene,
    walks: &[Walks<'_>; 2],
    switches: &[BTreeMap<Name, ElementId>; 2],
    (from, to, family): (&Name, &To, Family),
) -> Option<Asked> {
    let target_is_pod = matches!(to, To::Switch((true, _)));
    // NP-5: no policy has a word between these.
    if !from.0 && !target_is_pod {
        return None;
    }
    let mut own = [None; 2];
    let mut sides: [Side; 2] = [None; 2];
    for side in 0..2 {
        let network = walks[side].network();
        let source = switches[side].get(from).copied();
        let target = match to {
            To::Switch(name) => switches[side].get(name).copied(),
            _ => None,
        };
        let host = |id: ElementId| network.fib(id).and_then(|fib| fib.me.host);
        // NP-32.
        if let (Some(source), Some(target)) = (source, target) {
            if host(target) == Some(source) {
                not_said(scene, from, to);
                return None;
            }
            own[side] = Some(host(source) == Some(target));
            if is_contested(network, target) {
                said_so(scene, network, target);
                return None;
            }
        }
        let Some(source) = source else { continue };
        if is_contested(network, source) {
            said_so(scene, network, source);
            return None;
        }
        let addr =
            |id: ElementId| addresses(network, id).into_iter().find(|addr| addr.family() == family);
        let dst = match to {
            To::World(addr) => Some(*addr).filter(|addr| addr.family() == family),
            _ => target.and_then(addr),
        };
        // A Node without a process sends nothing, whatever it could.
        let sender = process(network, source)?;
        sides[side] = addr(source).zip(dst).map(|(src, dst)| (sender, src, dst));
    }
    if sides == [None; 2] {
        return None;
    }
    // A pod that went to the Node, or left it, is asked about neither as one of the others.
    let is_own: Vec<bool> = own.into_iter().flatten().collect();
    let to = match (scene.diff.own_node, &is_own[..]) {
        (true, [true, false] | [false, true]) => return None,
        (true, [true, ..]) => To::OwnNode,
        _ => to.clone(),
    };
    Some(Asked { to, sides })
}

/// No policy has a word between a Node and a pod that it hosts (NP-32).
fn not_said(scene: &Scene, from: &Name, to: &To) {
    let To::Switch(to) = to else { return };
    let is = |ids: &[PartyId], name: &Name| ids.iter().any(|id| has(scene, *id, &name.1));
    for Change { line: Line { from: sources, to: toward }, .. } in
        scene.diff.opens.iter().chain(&scene.diff.closes).filter(|change| !change.with)
    {
        let told = toward.iter().any(|toward| is(&toward.targets, to));
        assert!(!(told && is(sources, from)), "{from:?} hosts {to:?}: {:?}", scene.diff.parties);
    }
}

fn said_so(scene: &Scene, network: &Network, id: ElementId) {
    let name = &network.element(id).name;
    let said = scene.diff.contested.iter().any(|(party, _)| has(scene, *party, name));
    let same = scene.networks[0] == scene.networks[1];
    assert!(said || same, "{name} has an address that another one has: {:?}", scene.diff.contested);
}

fn one(
    scene: &Scene,
    walks: &[Walks<'_>; 2],
    (from, to, family): (&Name, &To, Family),
    sides: &[Side; 2],
    port: Port,
) -> Result<(), String> {
    let mut truths: [Truth; 2] = Default::default();
    for (side, truth) in truths.iter_mut().enumerate() {
        *truth = match sides[side] {
            None => vec![(Values::new(), false)],
            Some((sender, src, dst)) => {
                let Port { proto, number: dport } = port;
                let header = Header { src, sport: 41_000, dst, dport, proto };
                let Some(truth) = ask(&walks[side], sender, header) else { return Ok(()) };
                truth
            }
        };
    }
    for (which, changes) in [&scene.diff.opens, &scene.diff.closes].into_iter().enumerate() {
        let expected = differs(&truths[1 - which], &truths[which]);
        let said = said(scene, changes, (from, to, family), port);
        if said != expected {
            let what = ["opens", "closes"][which];
            return Err(format!(
                "{from:?} to {to:?} {port:?} over {family:?} {what}: {expected:?}, but diff says \
                 {said:?}"
            ));
        }
    }
    Ok(())
}

/// Asks under each value of each choice that is asked on the way. None where a Service has a say:
/// that is no question about the pair.
fn ask(walks: &Walks<'_>, process: ElementId, header: Header) -> Option<Truth> {
    let network = walks.network();
    let name = |choice: ChoiceId| {
        let choice = network.choice(choice);
        format!("{} {}", choice.id, choice.question)
    };
    let mut open: Vec<BTreeMap<ChoiceId, u8>> = vec![BTreeMap::new()];
    let mut ends = vec![];
    while let Some(fixed) = open.pop() {
        let value = |i: usize| fixed.get(&ChoiceId(i as u8)).copied().unwrap_or_default();
        let choices: Vec<u8> = (0..network.choices.len()).map(value).collect();
        let lives = walks.branches(process, header, &choices, 200).lives;
        let mut asked = lives.iter().flat_map(|life| &life.asked);
        if let Some(asked) = asked.find(|asked| !fixed.contains_key(*asked)) {
            for value in 0..network.choice(*asked).values {
                open.push(fixed.iter().map(|(k, v)| (*k, *v)).chain([(*asked, value)]).collect());
            }
            continue;
        }
        let refused = |life: &Life| {
            matches!(life.ending.verdict, Verdict::Rejected | Verdict::DroppedByService)
        };
        if lives.iter().any(|life| refused(life) || rewritten(life, header)) {
            return None;
        }
        let values = fixed.into_iter().map(|(choice, value)| (name(choice), value)).collect();
        ends.push((values, lives.iter().all(arrived)));
    }
    Some(ends)
}

/// Whether one is open and the other is not: always, or on which choices that depends.
fn differs(open: &Truth, closed: &Truth) -> Said {
    let mut domains: BTreeMap<&String, BTreeSet<u8>> = BTreeMap::new();
    for (values, _) in open.iter().chain(closed) {
        values.iter().for_each(|(name, value)| {
            domains.entry(name).or_default().insert(*value);
        });
    }
    let mut all: Vec<Values> = vec![Values::new()];
    for (name, values) in &domains {
        all = all
            .into_iter()
            .flat_map(|fixed| {
                values.iter().map(move |value| {
                    let new = [((*name).clone(), *value)];
                    fixed.clone().into_iter().chain(new).collect::<Values>()
                })
            })
            .collect();
    }
    let under = |truth: &Truth, fixed: &Values| {
        let fits = |values: &Values| values.iter().all(|(name, v)| fixed.get(name) == Some(v));
        truth.iter().find(|(values, _)| fits(values)).is_some_and(|(_, is)| *is)
    };
    let is = |fixed: &Values| under(open, fixed) && !under(closed, fixed);
    let mut depends: BTreeSet<String> = BTreeSet::new();
    for fixed in &all {
        for (name, values) in &domains {
            for value in values {
                let mut other = fixed.clone();
                other.insert((*name).clone(), *value);
                if is(fixed) != is(&other) {
                    depends.insert((*name).clone());
                }
            }
        }
    }
    match depends.is_empty() {
        true => (is(&all[0]), vec![]),
        false => (false, vec![depends]),
    }
}

/// Whether a party has a switch of this name.
pub(crate) fn has(scene: &Scene, party: PartyId, name: &str) -> bool {
    match &scene.diff.parties[party.0 as usize].who {
        // Each pod of these clusters is a workload of its own.
        Who::Workload { namespace, name: own, only, .. } => {
            only.is_empty() && name == format!("{namespace}/{own}")
        }
        Who::Node(own) => name == own,
        Who::OwnNode | Who::World(_) => false,
    }
}

/// What `diff` says of a message.
fn said(
    scene: &Scene,
    changes: &[Change],
    (from, to, family): (&Name, &To, Family),
    port: Port,
) -> Said {
    let is_pod =
        |id: &PartyId| matches!(scene.diff.parties[id.0 as usize].who, Who::Workload { .. });
    let is = |id: &PartyId, (pod, name): &Name| *pod == is_pod(id) && has(scene, *id, name);
    let is_to = |id: &PartyId| match (to, &scene.diff.parties[id.0 as usize].who) {
        (To::Switch(name), Who::Workload { .. } | Who::Node(_)) => is(id, name),
        (To::OwnNode, Who::OwnNode) => true,
        (To::World(addr), Who::World(ranges)) => ranges.iter().any(|range| range.contains(*addr)),
        _ => false,
    };
    let opens = |line: &Line| {
        line.from.iter().any(|id| is(id, from))
            && line.to.iter().any(|toward| {
                toward.targets.iter().any(is_to)
                    && toward.ports.has(port.proto, port.number)
                    && toward.family.is_none_or(|own| own == family)
            })
    };
    let mut said: Said = (false, vec![]);
    for Change { why, .. } in changes.iter().filter(|change| opens(&change.line)) {
        match why {
            None => said.0 = true,
            Some(Why::Choices(choices)) => {
                let names = choices.iter().map(|id| {
                    let choice = &scene.diff.choices[usize::from(id.0)];
                    format!("{} {}", choice.id, choice.question)
                });
                said.1.push(names.collect());
            }
            Some(Why::Unread) => said.1.push(BTreeSet::new()),
        }
    }
    said
}
