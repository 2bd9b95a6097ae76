//! What breaks a promise: who, to whom, at which ports, and a message that shows it.

use std::collections::BTreeSet;

use fibula_network::filters::{Filters, Owner};
use fibula_network::ranges::{meet, meets};
use fibula_network::set::{SetId, Space};
use fibula_network::{ChoiceId, ElementId, Proto, Range};

use super::inside::Came;
use super::pairs::{self, Found, Senders, Wanted};
use super::scene::Scene;
use super::targets::Target;
use super::{Breach, By, Member, Witness, is_pod, witness};
use crate::reach::{Ports, depends};

/// Something that was found, and is to be told if it breaks the promise.
pub(super) struct Pending {
    pub(super) senders: Senders,
    /// Any of these, each at its ports.
    pub(super) targets: Vec<Target>,
    pub(super) wanted: Wanted,
    pub(super) found: Found,
}

/// Of pods and the Nodes that host them, what is not asked about.
#[derive(Clone, Copy, Default)]
pub(super) struct Exempt {
    /// What pods send to them (NP-33).
    pub(super) outwards: bool,
    /// What they send to pods (NP-32).
    pub(super) inwards: bool,
}

/// A set of pairs that is told: whether they are pods and their own Nodes.
#[derive(Clone, Copy)]
struct Told {
    set: SetId,
    own: bool,
}

/// The breaches that something found makes, besides those that are certain: what holds under whatever
/// choices; if nothing does, what holds under some, with these.
pub(super) fn all(
    scene: &mut Scene<'_>,
    pending: &[Pending],
    came: &[Came],
    mut besides: Vec<Breach>,
) -> Vec<Breach> {
    let mut breaches = vec![];
    for certain in [true, false] {
        for pending in pending {
            if let Some((node, pod)) = pending.found.hosted.filter(|_| certain) {
                breaches.push(hosted(scene, pending, node, pod));
            }
            let parts = [(pending.found.others.0, false), (pending.found.own.0, true)];
            for (set, own) in parts {
                let set = match certain {
                    true => scene.filters.may_and_must(set).1,
                    false => set,
                };
                if set != Space::EMPTY {
                    let choices = if certain { vec![] } else { depends(&scene.filters, set) };
                    breaches.push(of(scene, pending, Told { set, own }, choices));
                }
            }
        }
        let came = came.iter().filter(|came| !certain || came.when == Space::FULL);
        breaches.extend(came.map(|came| came.breach(scene)));
        if !(breaches.is_empty() && besides.is_empty()) {
            break;
        }
    }
    let mut breaches = once(breaches);
    breaches.append(&mut besides);
    breaches
}

/// A name that has no address, whoever asks for it.
pub(super) fn nameless(
    scene: &Scene<'_>,
    senders: &Senders,
    why: String,
    by: &'static str,
) -> Breach {
    Breach {
        open: false,
        from: scene.members(pairs::members(scene, &senders.pods)),
        strangers: [false; 2],
        to: vec![],
        ports: Ports::default(),
        by: By::Name(why, by),
        choices: vec![],
        witness: None,
    }
}

/// Some who send, and some targets, that have no address of one family (NM-12): no message can be
/// sent between them.
pub(super) fn apart(scene: &Scene<'_>, senders: &Senders, target: &Target) -> Option<Breach> {
    if scene.one_family {
        return None;
    }
    let nodes = |picked: &super::picked::Picked| -> Vec<ElementId> {
        let all = scene.network().of_kind(fibula_network::Kind::Node);
        all.filter(|id| picked.has(*id)).collect()
    };
    let (from, to) = (pairs::members(scene, &senders.pods), pairs::members(scene, &target.pods));
    let (from_nodes, to_nodes) = (nodes(&senders.nodes), nodes(&target.nodes));
    let ways = [(&from, &to), (&from, &to_nodes), (&from_nodes, &to)];
    let apart =
        |a: &ElementId, b: &ElementId| a != b && scene.families(*a) & scene.families(*b) == 0;
    let (mut lost, mut missed) = (vec![], vec![]);
    for (from, to) in ways {
        lost.extend(from.iter().filter(|a| to.iter().any(|b| apart(a, b))));
        missed.extend(to.iter().filter(|b| from.iter().any(|a| apart(a, b))));
    }
    missed.sort_unstable();
    missed.dedup();
    lost.sort_unstable();
    lost.dedup();
    (!lost.is_empty()).then(|| Breach {
        open: false,
        from: scene.members(lost),
        strangers: [false; 2],
        to: scene.members(missed),
        ports: target.ports.clone(),
        by: By::NoFamily,
        choices: vec![],
        witness: None,
    })
}

/// The choices of who has an address that several claim, if one of the two ends has such a one.
pub(super) fn contested(
    scene: &Scene<'_>,
    senders: &Senders,
    target: &Target,
    exempt: Exempt,
) -> Option<Vec<ChoiceId>> {
    let network = scene.network();
    let near = |a: ElementId, b: ElementId| scene.host(a) == Some(b) || scene.host(b) == Some(a);
    let any = |kind, picked: &super::picked::Picked, one: ElementId, exempt: bool| {
        let mut all = network.of_kind(kind);
        all.any(|id| id != one && picked.has(id) && !(exempt && near(id, one)))
    };
    let (pod, node) = (fibula_network::Kind::Pod, fibula_network::Kind::Node);
    let world = || scene.outside.iter().any(|ranges| meets(ranges, &target.world));
    // Between Nodes, and between them and the world, nothing is asked.
    let asked = |id: &ElementId| match is_pod(network, *id) {
        true => {
            let to = any(pod, &target.pods, *id, false)
                || any(node, &target.nodes, *id, exempt.outwards);
            let from = any(pod, &senders.pods, *id, false)
                || any(node, &senders.nodes, *id, exempt.inwards);
            senders.pods.has(*id) && (to || world()) || target.pods.has(*id) && from
        }
        false => {
            senders.nodes.has(*id) && any(pod, &target.pods, *id, exempt.inwards)
                || target.nodes.has(*id) && any(pod, &senders.pods, *id, exempt.outwards)
        }
    };
    let found = scene.atoms.contested.iter().copied().find(asked)?;
    let choices = network.owners.iter().filter(|owner| owner.to == found);
    let mut choices: Vec<ChoiceId> =
        choices.filter_map(|owner| owner.when).map(|when| when.choice).collect();
    choices.sort_unstable();
    choices.dedup();
    Some(choices)
}

/// Nodes that reach the pods which they host, of which a Node and a pod are shown.
fn hosted(scene: &Scene<'_>, pending: &Pending, node: ElementId, pod: ElementId) -> Breach {
    let target = &pending.targets[0];
    let ports = target.ports.clone();
    let port = witness::port(&ports, scene.declared(pod)).unwrap_or((Proto::Tcp, 80));
    let witness = witness::between(scene, node, pod, port, true, &[]);
    let pods = pairs::hosted(scene, &pending.senders, target);
    let nodes: BTreeSet<ElementId> = pods.iter().map(|(node, _)| *node).collect();
    Breach {
        open: true,
        from: scene.members(nodes),
        strangers: [false; 2],
        to: scene.members(pods.into_iter().map(|(_, pod)| pod)),
        ports,
        by: By::Address,
        choices: vec![],
        witness,
    }
}

/// Leaves out what another breach says as well.
fn once(breaches: Vec<Breach>) -> Vec<Breach> {
    let holds = |all: &[Member], some: &[Member]| {
        some.iter().all(|one| all.iter().any(|a| a.party == one.party && a.some >= one.some))
    };
    let says = |a: &Breach, b: &Breach| {
        (a.open, &a.by, &a.choices) == (b.open, &b.by, &b.choices)
            && a.by == By::Address
            && holds(&a.from, &b.from)
            && holds(&a.to, &b.to)
            && (0..2).all(|end| a.strangers[end] >= b.strangers[end])
            && b.ports.minus(&a.ports).is_empty()
    };
    let mut told: Vec<Breach> = vec![];
    for breach in breaches {
        if !told.iter().any(|other| says(other, &breach)) {
            told.retain(|other| !says(&breach, other));
            told.push(breach);
        }
    }
    told
}

fn of(scene: &mut Scene<'_>, pending: &Pending, told: Told, choices: Vec<ChoiceId>) -> Breach {
    let Pending { senders, targets, wanted, .. } = pending;
    let (set, space) = (told.set, &mut scene.filters.space);
    let values = |level| space.values(set, level);
    let [from, to] = [Filters::SOURCE, Filters::TARGET].map(values);
    let ports = [Filters::TARGET, Filters::SOURCE];
    let ports = ports.into_iter().fold(set, |set, level| space.exists(set, level));
    let ports = scene.filters.connections(ports).into_iter();
    // All but port 0 are all.
    let whole = |(lo, hi)| if (lo, hi) == (1, u32::from(u16::MAX)) { (0, hi) } else { (lo, hi) };
    let ports = Ports::new(ports.map(|(proto, ports, _)| (proto, whole(ports))));
    let each = |ranges: &[(u32, u32)]| ranges.iter().flat_map(|(lo, hi)| *lo..=*hi).collect();
    let (from, to): (Vec<u32>, Vec<u32>) = (each(&from), each(&to));
    let from = from.iter().flat_map(|atom| at(scene, &senders.pods, &senders.nodes, *atom));
    let mut from: BTreeSet<ElementId> = from.collect();
    // Of several those that are meant at one of these ports.
    let met: Vec<&Target> = targets.iter().filter(|t| !t.ports.and(&ports).is_empty()).collect();
    let pairs = to.iter().flat_map(|atom| met.iter().map(move |target| (*atom, *target)));
    let world = pairs.clone().flat_map(|(atom, target)| {
        let ranges = &scene.filters.atoms.get(atom).ranges;
        meet(ranges, &target.world)
    });
    let world: Vec<Range> = world.collect();
    let targets = pairs.flat_map(|(atom, target)| at(scene, &target.pods, &target.nodes, atom));
    let mut targets: BTreeSet<ElementId> = targets.collect();
    // Nobody counts for itself; of a pod and its own Node there is another set, or none is asked,
    // unless whatever Nodes send to their pods is a breach.
    let all_hosted = pending.found.hosted.is_some();
    let counts = |from: ElementId, to: ElementId| {
        let near = |pod: ElementId, node: ElementId| scene.host(pod) == Some(node);
        let own = near(from, to) || near(to, from) && !all_hosted;
        from != to && own == told.own
    };
    if world.is_empty() {
        from.retain(|one| targets.iter().any(|to| counts(*one, *to)));
    }
    targets.retain(|one| from.iter().any(|from| counts(*from, *one)));
    let is_stranger = |all: &BTreeSet<ElementId>| scene.stranger.is_some_and(|s| all.contains(&s));
    let strangers = [is_stranger(&from), is_stranger(&targets)];
    let witness = pick(scene, pending, told, &from);
    let mut to = scene.members(targets);
    to.extend((!world.is_empty()).then(|| scene.names.world(&world)));
    let from: Vec<Member> = scene.members(from);
    let open = *wanted == Wanted::Open;
    Breach { open, from, strangers, to, ports, by: By::Address, choices, witness }
}

/// Those of some pods and Nodes that have an address in an atom.
fn at<'s>(
    scene: &'s Scene<'_>,
    pods: &'s super::picked::Picked,
    nodes: &'s super::picked::Picked,
    atom: u32,
) -> impl Iterator<Item = ElementId> + 's {
    let atoms = &scene.filters.atoms;
    let picked = match atoms.get(atom).owner {
        Owner::Pods => Some(pods),
        Owner::Nodes => Some(nodes),
        Owner::Nobody => None,
    };
    picked
        .into_iter()
        .flat_map(move |picked| picked.members(atoms, &scene.everybody, atom))
        .filter(move |id| scene.atoms.of(*id).contains(&atom))
}

/// A message of a set: preferably to a port that its target declares, and from somebody who is here.
fn pick(
    scene: &mut Scene<'_>,
    pending: &Pending,
    told: Told,
    from: &BTreeSet<ElementId>,
) -> Option<Witness> {
    let Pending { senders, targets, wanted, .. } = pending;
    let mut set = told.set;
    let here = from.iter().filter(|id| Some(**id) != scene.stranger);
    let mut here: Vec<u32> = here.flat_map(|id| scene.atoms.of(*id).iter().copied()).collect();
    here.sort_unstable();
    here.dedup();
    if !here.is_empty() {
        let here = scene.filters.space.values_of(Filters::SOURCE, &here);
        set = scene.filters.space.and(set, here);
    }
    let first = scene.filters.space.pick(set)?;
    let some = targets.iter().find_map(|t| at(scene, &t.pods, &t.nodes, first[0]).next());
    let declared = some.into_iter().flat_map(|some| scene.declared(some));
    let declared = declared.map(|port| (port.proto, port.number));
    let ports: Vec<(Proto, u16)> = declared.chain(witness::usual_ports()).collect();
    for (proto, number) in ports {
        let space = &mut scene.filters.space;
        let number = u32::from(number);
        let levels =
            [(Filters::TARGET, first[0]), (Filters::PROTO, proto as u32), (Filters::PORT, number)];
        let better = levels.into_iter().fold(set, |set, (level, value)| {
            let value = space.interval(level, value, value);
            space.and(set, value)
        });
        if better != Space::EMPTY {
            set = better;
            break;
        }
    }
    let found = scene.filters.space.pick(set)?;
    let (to, source) = (found[0], found[1]);
    let proto = Proto::ALL[found[2] as usize];
    let choices: Vec<u8> = found[4..].iter().map(|value| *value as u8).collect();
    let port = (proto, found[3] as u16);
    let met: Vec<&Target> = targets.iter().filter(|t| t.ports.has(port.0, port.1)).collect();
    let open = *wanted == Wanted::Open;
    let sources: Vec<ElementId> = at(scene, &senders.pods, &senders.nodes, source).collect();
    if scene.filters.atoms.get(to).owner == Owner::Nobody {
        let ranges: Vec<Range> =
            met.iter().flat_map(|t| meet(&scene.outside[to as usize], &t.world)).collect();
        let dst = witness::somewhere(scene.network(), &ranges)?;
        return witness::to_address(scene, *sources.first()?, dst, port, open, &choices);
    }
    let targets: Vec<ElementId> =
        met.iter().flat_map(|t| at(scene, &t.pods, &t.nodes, to)).collect();
    let mut pairs = targets.iter().flat_map(|to| sources.iter().map(move |from| (*from, *to)));
    let (from, to) = pairs
        .find(|(from, to)| {
            let host = is_pod(scene.network(), *from).then(|| scene.host(*from)).flatten();
            let hosted = is_pod(scene.network(), *to).then(|| scene.host(*to)).flatten();
            let near = host == Some(*to) || hosted == Some(*from);
            from != to && near == told.own && Some(*from) != scene.stranger
        })
        .or_else(|| {
            let mut pairs =
                targets.iter().flat_map(|to| sources.iter().map(move |from| (*from, *to)));
            pairs.find(|(from, to)| from != to)
        })?;
    witness::between_at(scene, (from, source), (to, found[0]), port, open, &choices)
}
