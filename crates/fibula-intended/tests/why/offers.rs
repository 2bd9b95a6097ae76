//! Each offer does what it says, and nothing else.

use std::collections::BTreeSet;

use fibula_answers::change::Change;
use fibula_answers::reach::Who;
use fibula_answers::trace::header_before;
use fibula_answers::why::{Besides, Goal, Pairs, Why};
use fibula_intended::network;
use fibula_network::{Addr, ElementId, Kind, Network};

use crate::Scene;
use crate::truth::{Message, numbers, opened, truth};

pub(crate) fn agree(scene: &Scene, why: &Why) -> Result<(), String> {
    for offer in &why.offers {
        one(scene, why, &offer.change, &offer.besides)
            .map_err(|error| format!("{:?}: {error}", offer.change))?;
    }
    Ok(())
}

/// A message as the trace asked for it, where it is to arrive.
pub(crate) fn wanted(scene: &Scene, why: &Why) -> Option<Message> {
    let network = &scene.network;
    let from = network.facts.host(why.trace.from.process)?;
    let life = &why.trace.branches().first()?.life;
    let last = header_before(life, life.steps.len())?;
    Some((from, last.dst, last.proto, last.dport))
}

pub(crate) fn one(
    scene: &Scene,
    why: &Why,
    change: &Change,
    besides: &Besides,
) -> Result<(), String> {
    let changed = change.apply(&scene.cluster).ok_or("it cannot be made")?;
    let new = network(&changed, &scene.intent);
    let wanted = wanted(scene, why).ok_or("no message was asked for")?;
    let numbers = numbers(&[&scene.network, &new], wanted);
    let (before, after) = (truth(&scene.network, &numbers), truth(&new, &numbers));
    let should = why.goal == Goal::Allow;
    if after.get(&wanted).is_some_and(|open| *open != should) {
        return Err(format!("it does not do what it is for: {:?}", after.get(&wanted)));
    }
    let lists = [
        (opened(&before, &after), &besides.opens, "opens"),
        (opened(&after, &before), &besides.closes, "closes"),
    ];
    for (mut truly, said, what) in lists {
        truly.remove(&wanted);
        let certain = said.iter().filter(|pairs| !pairs.perhaps);
        let certain: Vec<&Pairs> = certain.collect();
        for message in before.keys().filter(|message| after.contains_key(*message)) {
            let is_said = certain.iter().any(|pairs| says(&scene.network, pairs, *message));
            let is_perhaps = said.iter().any(|pairs| says(&scene.network, pairs, *message));
            let is_true = truly.contains(message);
            if is_said && !is_true || is_true && !is_said && !is_perhaps {
                return Err(format!(
                    "{what} {message:?} from {}: said {is_said}, true {is_true}",
                    scene.network.element(message.0).name
                ));
            }
        }
    }
    Ok(())
}

/// Whether connections that are said to differ are of a message.
fn says(network: &Network, pairs: &Pairs, (from, dst, proto, port): Message) -> bool {
    let owner = network.owners_of(dst).first().map(|owner| owner.to);
    let host = network.fib(from).and_then(|fib| fib.me.host);
    let family = pairs.family.is_none_or(|family| family == dst.family());
    let target = |who: &Who| match owner {
        Some(owner) if *who == Who::OwnNode => host == Some(owner),
        Some(owner) => is(network, who, owner),
        None => is_world(who, dst),
    };
    family
        && pairs.ports.has(proto, port)
        && pairs.from.iter().any(|who| is(network, who, from))
        && pairs.to.iter().any(target)
}

fn is(network: &Network, who: &Who, id: ElementId) -> bool {
    let name = &*network.element(id).name;
    match who {
        Who::Workload { namespace, name: own, only, .. } => {
            network.kind(id) == Kind::Pod
                && match only.is_empty() {
                    true => format!("{namespace}/{own}") == name,
                    false => only.iter().any(|pod| format!("{namespace}/{pod}") == name),
                }
        }
        Who::Node(own) => network.kind(id) == Kind::Node && own == name,
        Who::OwnNode | Who::World(_) => false,
    }
}

fn is_world(who: &Who, addr: Addr) -> bool {
    match who {
        Who::World(ranges) => ranges.iter().any(|range| range.contains(addr)),
        _ => false,
    }
}

/// Messages that a change opens, and those that it closes, without the one that it is for.
pub(crate) fn comes_to(
    scene: &Scene,
    change: &Change,
    wanted: Message,
) -> Option<(bool, BTreeSet<Message>, BTreeSet<Message>)> {
    let changed = change.apply(&scene.cluster)?;
    let new = network(&changed, &scene.intent);
    let numbers = numbers(&[&scene.network, &new], wanted);
    let (before, after) = (truth(&scene.network, &numbers), truth(&new, &numbers));
    let open = *after.get(&wanted)?;
    let (mut opens, mut closes) = (opened(&before, &after), opened(&after, &before));
    opens.remove(&wanted);
    closes.remove(&wanted);
    let same = |a: &fibula_cluster::Service, b: &fibula_cluster::Service| a.selects == b.selects;
    let still = scene.cluster.services.iter().zip(&changed.services).all(|(a, b)| same(a, b));
    still.then_some((open, opens, closes))
}
