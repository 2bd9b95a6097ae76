//! Every pair of Pods, Nodes and addresses of the world.

use std::collections::BTreeSet;

use fibula_answers::reach::{Line, PartyId, Who, Why};
use fibula_network::walk::{Life, Verdict, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, addresses, arrived, ask, is_contested, ports, process, rewritten};

/// How many ports are tried of a pair.
const PORTS: usize = 4;

/// What `reach` says of one message: whether it is certainly open, and on which choices it depends.
type Said = (bool, Vec<BTreeSet<ChoiceId>>);

/// Where a message goes.
#[derive(Clone, Copy)]
enum To {
    Switch(ElementId),
    /// The Node of the sender.
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
    let network = &scene.network;
    let walks = Walks::new(network);
    let ports = ports(network);
    let switches: Vec<ElementId> =
        network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node)).collect();
    let own_node = scene.reach.parties.iter().any(|party| party.who == Who::OwnNode);
    let world = ["8.8.8.8", "8.0.0.1", "198.51.100.9", "203.0.113.1", "2001:db8::9", "2600::1"]
        .map(|addr| addr.parse::<Addr>().expect("an address"));
    let mut nth = 0;
    for &from in &switches {
        let Some(sender) = process(network, from) else { continue };
        let host = network.fib(from).and_then(|fib| fib.me.host);
        let to = switches.iter().filter(|to| **to != from).flat_map(|to| {
            let own = host == Some(*to) && own_node;
            let means = if own { To::OwnNode } else { To::Switch(*to) };
            addresses(network, *to).into_iter().map(move |addr| (means, addr))
        });
        let outside = world.iter().filter(|addr| network.owners_of(**addr).is_empty());
        for (to, dst) in to.chain(outside.map(|addr| (To::World(*addr), *addr))) {
            let src = addresses(network, from).into_iter().find(|a| a.family() == dst.family());
            let Some(src) = src else { continue };
            let all = ports.len() * Proto::ALL.len();
            for _ in 0..all.min(most) {
                nth += if most < all { 7 } else { 1 };
                let dport = ports[nth / 3 % ports.len()];
                let proto = Proto::ALL[nth % 3];
                let header = Header { src, sport: 41_000, dst, dport, proto };
                one(scene, &walks, (from, sender), to, header)?;
            }
        }
    }
    Ok(())
}

fn one(
    scene: &Scene,
    walks: &Walks<'_>,
    (from, sender): (ElementId, ElementId),
    to: To,
    header: Header,
) -> Result<(), String> {
    let network = &scene.network;
    let pod = |id: ElementId| network.kind(id) == Kind::Pod;
    let host = |id: ElementId| network.fib(id).and_then(|fib| fib.me.host);
    let target = match to {
        To::Switch(to) => Some(to),
        To::OwnNode => host(from),
        To::World(_) => None,
    };
    let contested = |id: ElementId| is_contested(network, id);
    if contested(from) || target.is_some_and(contested) {
        let to = target.map_or(to, To::Switch);
        let said = said(scene, from, to, header);
        let asked = pod(from) || target.is_some_and(pod);
        let pod_7 =
            |ids: &BTreeSet<ChoiceId>| ids.iter().any(|id| &*network.choice(*id).id == "POD-7");
        return match !said.0 && said.1.iter().any(pod_7) || !asked {
            true => Ok(()),
            false => Err(format!("{header:?} should be undecided by POD-7: {said:?}")),
        };
    }
    // Where a Service has a say, this is no question about the pair.
    let judge = |lives: &[Life]| {
        let refused = |life: &Life| {
            matches!(life.ending.verdict, Verdict::Rejected | Verdict::DroppedByService)
        };
        let served = lives.iter().any(|life| refused(life) || rewritten(life, header));
        (!served).then(|| lives.iter().all(arrived))
    };
    let truth = match ask(walks, sender, header, judge) {
        Truth::Always(Some(open)) => Truth::Always(open),
        Truth::Depends(choices, ends) if ends.iter().all(Option::is_some) => {
            Truth::Depends(choices, ends.into_iter().flatten().collect())
        }
        _ => return Ok(()),
    };
    // NP-5: no policy has a word between these. NP-32: nor here, and `own_pods` says so.
    match (pod(from), target.map(|to| (pod(to), host(to) == Some(from)))) {
        (false, None | Some((false, _))) => return Ok(()),
        (false, Some((true, true))) => {
            let open = truth == Truth::Always(true) && scene.reach.own_pods;
            return if open { Ok(()) } else { Err(format!("{header:?}: {truth:?}")) };
        }
        _ => {}
    }
    let said = said(scene, from, to, header);
    let expected: Said = match &truth {
        Truth::Always(open) => (*open, vec![]),
        Truth::Depends(choices, _) => (false, vec![choices.clone()]),
    };
    match said == expected {
        true => Ok(()),
        false => Err(format!("{header:?}: reach says {said:?}, walk {expected:?}")),
    }
}

/// What `reach` says of a message.
fn said(scene: &Scene, from: ElementId, to: To, header: Header) -> Said {
    let family = header.dst.family();
    let party = |id: &PartyId| &scene.reach.parties[id.0 as usize];
    let is_to = |id: &PartyId| match (to, &party(id).who) {
        (To::Switch(to), Who::Workload { .. } | Who::Node(_)) => party(id).elements.contains(&to),
        (To::OwnNode, Who::OwnNode) => true,
        (To::World(addr), Who::World(ranges)) => ranges.iter().any(|range| range.contains(addr)),
        _ => false,
    };
    let opens = |line: &Line| {
        line.from.iter().any(|id| party(id).elements.contains(&from))
            && line.to.iter().any(|toward| {
                toward.targets.iter().any(is_to)
                    && toward.ports.has(header.proto, header.dport)
                    && toward.family.is_none_or(|own| own == family)
            })
    };
    let certain = scene.reach.lines.iter().any(opens);
    let mut undecided: Vec<BTreeSet<ChoiceId>> = vec![];
    for (why, line) in &scene.reach.undecided {
        if let Why::Choices(choices) = why
            && opens(line)
        {
            undecided.push(choices.iter().copied().collect());
        }
    }
    (certain, undecided)
}

/// The counts are those of the lines.
pub(crate) fn counts(scene: &Scene) -> Result<(), String> {
    let pods: Vec<ElementId> = scene.network.of_kind(Kind::Pod).collect();
    let has = |line: &Line, from: ElementId, to: ElementId| {
        let party = |id: &PartyId, of| scene.reach.parties[id.0 as usize].elements.contains(&of);
        line.from.iter().any(|id| party(id, from))
            && line.to.iter().any(|toward| toward.targets.iter().any(|id| party(id, to)))
    };
    let (mut open, mut undecided) = (0, 0);
    for from in &pods {
        for to in pods.iter().filter(|to| *to != from) {
            if scene.reach.lines.iter().any(|line| has(line, *from, *to)) {
                open += 1;
            } else if scene.reach.undecided.iter().any(|(_, line)| has(line, *from, *to)) {
                undecided += 1;
            }
        }
    }
    let pairs = scene.reach.pairs;
    let all = (pods.len() * pods.len().saturating_sub(1)) as u64;
    match (pairs.all, pairs.open, pairs.undecided) == (all, open, undecided) {
        true => Ok(()),
        false => Err(format!("{pairs:?}, but {open} open and {undecided} undecided of {all}")),
    }
}
