//! What comes from those inside by ways in, each of which was followed by `walk`.

use std::collections::BTreeSet;

use fibula_network::set::{SetId, Space};
use fibula_network::{Addr, ElementId, Header, Kind, Port};

use super::breach::Exempt;
use super::entrances::End;
use super::judge::Judge;
use super::pairs::{Senders, Wanted};
use super::scene::Scene;
use super::targets::Target;
use super::{Breach, By, Doubt, Witness, is_pod, witness};
use crate::reach::{At, By as DoorBy, Door, Ports, SPORT, came_to, depends};
use crate::trace::{self, Branch};
use crate::unread::{meshes, of_door};

/// What some reach by a way in, and must not.
pub(super) struct Came {
    by: DoorBy,
    port: Port,
    at: At,
    from: BTreeSet<ElementId>,
    to: BTreeSet<End>,
    /// Under which choices.
    pub(super) when: SetId,
    /// One of them, the address that it sends to, and whom it reaches.
    shown: (ElementId, Addr, End),
}

/// Tells of what senders reach of targets, or, if `beyond`, of anybody else, by ways in, where the
/// filters between them would not let it through.
pub(super) fn comes_in(
    judge: &mut Judge<'_, '_>,
    senders: &Senders,
    targets: &[Target],
    beyond: bool,
    exempt: Exempt,
) {
    if !senders.pods.is_none() || !senders.nodes.is_none() {
        judge.ways_in(targets, beyond);
    }
    let mut entrances = judge.scene.take_entrances();
    let (mut unread, mut elsewhere) = (false, false);
    let all = judge.scene.ground.unread;
    let meshed = meshes(all).next().is_some();
    for entrance in &mut entrances {
        let (by, port) = (entrance.by.clone(), entrance.port);
        let is = |end: &End| is_meant(judge.scene, targets, *end, port.proto) != beyond;
        let meant: Vec<End> = entrance.ends.iter().copied().filter(is).collect();
        // Where some lead nobody knows, which was said.
        if meant.is_empty() || of_door(all, &by).next().is_some() {
            continue;
        }
        for class in entrance.classes(judge.scene, senders) {
            let ways = entrance.ways(judge.scene, class);
            let mut members: Option<Vec<ElementId>> = None;
            for way in ways.iter() {
                for (end, when) in &way.ends {
                    if meant.binary_search(end).is_err() {
                        continue;
                    }
                    let scene = &mut *judge.scene;
                    let members =
                        members.get_or_insert_with(|| entrance.members(scene, class, senders));
                    let asked = |id: &ElementId| is_asked(scene, *id, end.0, exempt);
                    let mut from: Vec<ElementId> = members.iter().copied().filter(asked).collect();
                    let Some(first) = from.first() else { continue };
                    // What is open by its own address was told.
                    let open = scene.between(*first, *end, port.proto);
                    if scene.filters.space.minus(*when, open) == Space::EMPTY {
                        continue;
                    }
                    if let Some(sure) = &scene.certain {
                        let [sources, targets] = &sure[Wanted::Open as usize];
                        let all = from.len();
                        from.retain(|id| sources.counts(*id) && targets.counts(end.0));
                        unread |= from.len() < all;
                    }
                    if meshed && matches!(by, DoorBy::Service(_)) {
                        let all = from.len();
                        from.retain(|id| !is_pod(scene.network(), *id));
                        elsewhere |= from.len() < all;
                    }
                    let here = from.iter().copied().find(|id| Some(*id) != scene.stranger);
                    let Some(shown) = here.or_else(|| from.first().copied()) else { continue };
                    let at = place(scene, way.node, way.dst);
                    judge.came(Came {
                        by: by.clone(),
                        port,
                        at,
                        from: from.into_iter().collect(),
                        to: [*end].into(),
                        when: *when,
                        shown: (shown, way.dst, *end),
                    });
                }
            }
        }
    }
    judge.scene.put_entrances(entrances);
    if unread {
        judge.doubt(Doubt::Unread);
    }
    if elsewhere {
        judge.meshes();
    }
}

/// Whether somebody is one of these, at a port.
pub(super) fn is_meant(
    scene: &Scene<'_>,
    targets: &[Target],
    (id, port): End,
    proto: fibula_network::Proto,
) -> bool {
    targets.iter().any(|target| {
        let is = match scene.network().kind(id) {
            Kind::Pod => target.pods.has(id),
            _ => target.nodes.has(id),
        };
        is && target.ports.has(proto, port)
    })
}

/// Whether that is asked about two: nobody sends to itself, between Nodes policies have no word, and
/// a Node reaches the pods that it hosts whatever they say (NP-32).
fn is_asked(scene: &Scene<'_>, from: ElementId, to: ElementId, exempt: Exempt) -> bool {
    let network = scene.network();
    match (network.kind(from), network.kind(to)) {
        (Kind::Pod, Kind::Pod) => from != to,
        (Kind::Node, Kind::Pod) => scene.host(to) != Some(from),
        (Kind::Pod, Kind::Node) => !(exempt.outwards && scene.host(from) == Some(to)),
        _ => false,
    }
}

/// Where a way in stands, by its Node or address.
fn place(scene: &Scene<'_>, node: Option<usize>, dst: Addr) -> At {
    let nodes = scene.ground.cluster.map_or(&[][..], |cluster| &cluster.nodes);
    match node.and_then(|node| nodes.get(node)) {
        Some(node) => At::Nodes(vec![node.name.clone()], nodes.len()),
        None => At::Address(dst.into()),
    }
}

// === impl Came ===

impl Came {
    /// Adds another one by the same way in, at whatever Node, under the same choices.
    pub(super) fn joins(&mut self, other: &Came) -> bool {
        let at = match (&self.at, &other.at) {
            (At::Nodes(..), At::Nodes(..)) => true,
            (one, other) => one == other,
        };
        let same = (&self.by, self.port, self.when) == (&other.by, other.port, other.when);
        if at && same {
            self.at.join(other.at.clone());
            self.from.extend(&other.from);
            self.to.extend(&other.to);
        }
        at && same
    }

    /// What it breaks.
    pub(super) fn breach(&self, scene: &Scene<'_>) -> Breach {
        let Came { by, port, at, from, to, when, .. } = self;
        let choices = depends(&scene.filters, *when);
        let party = |(id, port): &End| Some((scene.parties.of(*id)?, *port));
        let mut parties: Vec<_> = to.iter().filter_map(party).collect();
        parties.sort_unstable();
        parties.dedup();
        let door = Door {
            by: by.clone(),
            at: at.clone(),
            port: port.number,
            proto: port.proto,
            from: vec![],
            to: parties,
            all: false,
            choices: choices.clone(),
            unread: false,
            unknown: false,
        };
        let numbers = to.iter().map(|(_, port)| (u32::from(*port), u32::from(*port)));
        Breach {
            open: true,
            from: scene.members(from.iter().copied()),
            strangers: [scene.stranger.is_some_and(|id| from.contains(&id)), false],
            to: scene.members(to.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>()),
            ports: Ports::new(numbers.map(|number| (port.proto, number))),
            by: By::Door(Box::new(door)),
            choices,
            witness: self.witness(scene),
        }
    }

    /// A message by it.
    fn witness(&self, scene: &Scene<'_>) -> Option<Witness> {
        let (from, dst, end) = self.shown;
        let picked = scene.filters.space.pick(self.when)?;
        let choices: Vec<u8> = picked[4..].iter().map(|value| *value as u8).collect();
        let process = scene.process(from)?;
        let own = scene.addresses(from).iter().copied();
        let Port { proto, number: dport } = self.port;
        own.filter(|src| src.family() == dst.family()).find_map(|src| {
            let header = Header { src, sport: SPORT, dst, dport, proto };
            let branches = trace::message(scene.ground, process, header, &choices);
            let is = |branch: &Branch| came_to(scene.network(), &branch.life, header) == Some(end);
            witness::kept(branches, choices.clone(), dst, &is)
        })
    }
}
