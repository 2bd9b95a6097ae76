//! What is open between some who send and some targets, or is not: as a set of source, target, port
//! and choices.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::filters::{Filters, Owner};
use fibula_network::ranges::meet;
use fibula_network::set::{SetId, Space};
use fibula_network::{ElementId, Family, Proto, Range};

use super::picked::{Picked, Population};
use super::scene::{Atoms, Scene};
use super::targets::Target;
use super::witness::somewhere;
use crate::reach::{FAMILIES, Ports};

/// Who sends.
#[derive(Clone)]
pub(super) struct Senders {
    pub(super) pods: Picked,
    pub(super) nodes: Picked,
}

/// What is asked of pairs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// What is open.
    Open,
    /// What is not.
    Closed,
}

/// Pairs, ports and choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Of all but pods and the Nodes that host them.
    pub(super) others: Parts,
    /// Of pods, and the Node that hosts each of them (DR-3).
    pub(super) own: Parts,
    /// A Node and a pod that it hosts, which it reaches whatever policies say (NP-32).
    pub(super) hosted: Option<(ElementId, ElementId)>,
}

/// A set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts(pub(super) SetId);

impl Default for Parts {
    fn default() -> Parts {
        Parts(Space::EMPTY)
    }
}

/// What was found of one family, and pairs of a pod and its own Node, which are still to be asked.
#[derive(Clone, Copy)]
struct Shape {
    others: SetId,
    own: SetId,
}

/// What is asked, and at which ports: at all of them the full set.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    ports: SetId,
    wanted: Wanted,
}

/// Who counts, as a source and as a target.
pub(super) type Counted<'p> = [&'p Population; 2];

/// Everybody besides some, at each port: those who are besides the same together.
pub(super) fn besides(atoms: &Atoms, some: &[Target]) -> Vec<Target> {
    let all = Target {
        pods: Picked::none().others(),
        nodes: Picked::none().others(),
        world: vec![Range::ALL],
        ports: sendable(),
    };
    let mut parts = vec![all];
    for target in some {
        let split = |part: Target| {
            let (with, without) = (part.ports.and(&target.ports), part.ports.minus(&target.ports));
            let besides = Target { ports: with, ..part.clone() }.but(atoms, target);
            [besides, Target { ports: without, ..part }]
        };
        parts = parts.into_iter().flat_map(split).filter(|p| !p.ports.is_empty()).collect();
    }
    parts
}

/// What is open between some, or is not; if it is to be `certain`, only of those of whom no policy
/// could say more that was not read.
pub(super) fn find(
    scene: &mut Scene<'_>,
    senders: &Senders,
    target: &Target,
    wanted: Wanted,
    certain: bool,
) -> Found {
    let certain = certain.then_some(wanted);
    // Where all ports are meant, what is empty is so without a look at them.
    let whole = target.ports.any() || target.ports == sendable();
    let ports = if whole { Space::FULL } else { ports(&mut scene.filters, &target.ports) };
    let asked = Asked { ports, wanted };
    let (mut others, mut own) = (Space::EMPTY, Space::EMPTY);
    for family in FAMILIES {
        let one = of_family(scene, senders, target, family, (asked, certain));
        others = scene.filters.space.or(others, one.others);
        own = scene.filters.space.or(own, one.own);
    }
    let open = scene.filters.own_node;
    let (others, own) = (Parts(others), Parts(asked.of(scene, own, open)));
    let first = |scene: &Scene<'_>| hosted(scene, senders, target).first().copied();
    let hosted = (wanted == Wanted::Open).then(|| first(scene)).flatten();
    Found { others, own, hosted }
}

/// Nodes that send, each with a pod of the targets that it hosts.
pub(super) fn hosted(
    scene: &Scene<'_>,
    senders: &Senders,
    target: &Target,
) -> Vec<(ElementId, ElementId)> {
    if senders.nodes.is_none() {
        return vec![];
    }
    let pods = members(scene, &target.pods).into_iter();
    let pairs = pods.filter_map(|pod| Some((scene.host(pod)?, pod)));
    let sends = |(node, pod): &(ElementId, ElementId)| {
        // Who has an address that several claim is not certain (POD-7).
        let sure = [node, pod].iter().all(|id| !scene.atoms.of(**id).is_empty());
        sure && senders.nodes.has(*node) && scene.families(*node) & scene.families(*pod) != 0
    };
    pairs.filter(sends).collect()
}

/// The pods that are picked.
pub(super) fn members(scene: &Scene<'_>, pods: &Picked) -> Vec<ElementId> {
    match pods.is_list() {
        true => pods.listed().to_vec(),
        false => {
            let all = scene.network().of_kind(fibula_network::Kind::Pod);
            all.filter(|id| pods.has(*id)).collect()
        }
    }
}

/// All ports that something can be sent to: nothing is to port 0.
fn sendable() -> Ports {
    Ports(Proto::ALL.into_iter().map(|proto| (proto, (1, u32::from(u16::MAX)))).collect())
}

/// Ports as a set, but port 0.
fn ports(filters: &mut Filters<'_>, ports: &Ports) -> SetId {
    let parts: Vec<SetId> = ports
        .0
        .iter()
        .map(|(proto, (lo, hi))| {
            let proto = filters.space.interval(Filters::PROTO, *proto as u32, *proto as u32);
            let ports = filters.space.interval(Filters::PORT, (*lo).max(1), *hi);
            filters.space.and(proto, ports)
        })
        .collect();
    filters.space.any(&parts)
}

fn of_family(
    scene: &mut Scene<'_>,
    senders: &Senders,
    target: &Target,
    family: Family,
    (asked, certain): (Asked, Option<Wanted>),
) -> Shape {
    let mut shape = Shape { others: Space::EMPTY, own: Space::EMPTY };
    let Scene { filters, everybody, certain: sure, .. } = scene;
    let counted: Counted<'_> = match (sure.as_ref(), certain) {
        (Some(sure), Some(wanted)) => {
            let [sources, targets] = &sure[wanted as usize];
            [sources, targets]
        }
        _ => [everybody, everybody],
    };
    let [from_pods, from_nodes] = [(&senders.pods, Owner::Pods), (&senders.nodes, Owner::Nodes)]
        .map(|(picked, owner)| picked.set(filters, counted[0], Filters::SOURCE, (owner, family)));
    let [to_pods, to_nodes] = [(&target.pods, Owner::Pods), (&target.nodes, Owner::Nodes)]
        .map(|(picked, owner)| picked.set(filters, counted[1], Filters::TARGET, (owner, family)));
    if from_pods != Space::EMPTY && to_pods != Space::EMPTY {
        let same = same(filters, counted, senders, target, family);
        let found = asked.between(scene, to_pods, from_pods);
        let found = scene.filters.space.minus(found, same);
        shape.others = scene.filters.space.or(shape.others, found);
    }
    let mut pairs = vec![(from_nodes, to_pods), (from_pods, to_nodes)];
    if from_pods != Space::EMPTY && !target.world.is_empty() {
        pairs.push((from_pods, world(scene, &target.world, family)));
    }
    for (from, to) in pairs {
        if from != Space::EMPTY && to != Space::EMPTY {
            let found = asked.between(scene, to, from);
            shape.others = scene.filters.space.or(shape.others, found);
        }
    }
    if (from_pods != Space::EMPTY && to_nodes != Space::EMPTY)
        || (from_nodes != Space::EMPTY && to_pods != Space::EMPTY)
    {
        hosts(scene, senders, target, family, certain, &mut shape);
    }
    shape
}

/// A pod and itself, where nobody else is in both: it always reaches itself (NP-30).
fn same(
    filters: &mut Filters<'_>,
    counted: Counted<'_>,
    senders: &Senders,
    target: &Target,
    family: Family,
) -> SetId {
    let (from, to) = (&senders.pods, &target.pods);
    let of = |picked: &Picked| -> Option<Vec<u32>> {
        picked.is_list().then(|| picked.atoms().collect())
    };
    let candidates = match of(to).or_else(|| of(from)) {
        Some(list) => list,
        None => (0..filters.atoms.count()).collect(),
    };
    let alone = candidates.into_iter().filter(|atom| {
        let atoms = &filters.atoms;
        let is = atoms.get(*atom).owner == Owner::Pods && atoms.get(*atom).family == family;
        is && from
            .sole(atoms, counted[0], *atom)
            .is_some_and(|one| to.sole(atoms, counted[1], *atom) == Some(one))
    });
    let alone: Vec<u32> = alone.collect();
    let mut runs = vec![];
    for atom in alone {
        runs.push((atom, atom, filters.space.interval(Filters::SOURCE, atom, atom)));
    }
    filters.space.runs(Filters::TARGET, runs.into_iter())
}

/// The atoms of a family that have an address in some ranges of the world.
fn world(scene: &mut Scene<'_>, ranges: &[Range], family: Family) -> SetId {
    let key = (ranges.to_vec(), family);
    if let Some(known) = scene.within.get(&key) {
        return *known;
    }
    let (atoms, network) = (&scene.filters.atoms, scene.ground.network);
    let has = |(atom, outside): (u32, &Vec<Range>)| {
        let is = !outside.is_empty() && atoms.get(atom).family == family;
        let both = if is { meet(outside, ranges) } else { vec![] };
        somewhere(network, &both).map(|_| atom)
    };
    let values: Vec<u32> = (0..).zip(&scene.outside).filter_map(has).collect();
    let within = scene.filters.space.values_of(Filters::TARGET, &values);
    scene.within.insert(key, within);
    within
}

/// Takes pairs of a pod and the Node that hosts it out of the others, where there are no others in
/// the same atoms, and puts them by themselves.
fn hosts(
    scene: &mut Scene<'_>,
    senders: &Senders,
    target: &Target,
    family: Family,
    certain: Option<Wanted>,
    shape: &mut Shape,
) {
    let of_family = |scene: &Scene<'_>, id: ElementId| -> Vec<u32> {
        let own = scene.atoms.of(id).iter().copied();
        own.filter(|atom| scene.filters.atoms.get(*atom).family == family).collect()
    };
    // Of each way: (target atom, source atom), with the Nodes that host pods of the pair.
    for outwards in [true, false] {
        let (pods, nodes) = match outwards {
            true => (&senders.pods, &target.nodes),
            false => (&target.pods, &senders.nodes),
        };
        if nodes.is_none() || pods.is_none() {
            continue;
        }
        let side = usize::from(!outwards);
        let counts = |scene: &Scene<'_>, side: usize, id| match (&scene.certain, certain) {
            (Some(sure), Some(wanted)) => sure[wanted as usize][side].counts(id),
            _ => true,
        };
        let mut by_atom: BTreeMap<u32, BTreeSet<ElementId>> = BTreeMap::new();
        for pod in members(scene, pods).into_iter().filter(|pod| counts(scene, side, *pod)) {
            let Some(host) = scene.host(pod) else { continue };
            for atom in of_family(scene, pod) {
                by_atom.entry(atom).or_default().insert(host);
            }
        }
        let mut own: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut none: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (atom, hosts) in &by_atom {
            for host in hosts.iter().filter(|host| nodes.has(**host)) {
                for at in of_family(scene, *host) {
                    let (to, from) = if outwards { (at, *atom) } else { (*atom, at) };
                    own.entry(to).or_default().push(from);
                    let sole = nodes.sole(&scene.filters.atoms, &scene.everybody, at);
                    if hosts.len() == 1 && sole == Some(*host) {
                        none.entry(to).or_default().push(from);
                    }
                }
            }
        }
        let none = rects(&mut scene.filters, none);
        shape.others = scene.filters.space.minus(shape.others, none);
        if outwards {
            let own = rects(&mut scene.filters, own);
            shape.own = scene.filters.space.or(shape.own, own);
        }
    }
}

/// Pairs as a set: of each target its sources.
fn rects(filters: &mut Filters<'_>, pairs: BTreeMap<u32, Vec<u32>>) -> SetId {
    let mut runs = vec![];
    for (to, mut from) in pairs {
        from.sort_unstable();
        from.dedup();
        runs.push((to, to, filters.space.values_of(Filters::SOURCE, &from)));
    }
    filters.space.runs(Filters::TARGET, runs.into_iter())
}

// === impl Asked ===

impl Asked {
    /// What was asked of some targets and some sources.
    ///
    /// Of these targets it is asked once for everybody: promises mostly speak of few sources and all
    /// targets, or of few targets, and what is left of all targets is little.
    fn between(self, scene: &mut Scene<'_>, to: SetId, from: SetId) -> SetId {
        let found = match scene.asked.get(&(self, to)) {
            Some(known) => *known,
            None => {
                let open = scene.filters.allowed;
                let found = self.of(scene, to, open);
                scene.asked.insert((self, to), found);
                found
            }
        };
        scene.filters.space.and(found, from)
    }

    /// What was asked, of some pairs and what is open.
    fn of(self, scene: &mut Scene<'_>, pairs: SetId, open: SetId) -> SetId {
        let space = &mut scene.filters.space;
        let pairs = space.and(pairs, self.ports);
        let found = match self.wanted {
            Wanted::Open => space.and(pairs, open),
            Wanted::Closed => space.minus(pairs, open),
        };
        if self.ports != Space::FULL || found == Space::EMPTY {
            return found;
        }
        let ports = space.interval(Filters::PORT, 1, u32::from(u16::MAX));
        space.and(found, ports)
    }
}
