//! What comes in from the world: by the ways in, each of which was followed by `walk`.

use std::collections::BTreeMap;

use fibula_network::ranges::{meet, of_family, tidy, without};
use fibula_network::{Addr, ElementId, Kind, Port, Proto, Range};

use super::entrances::End;
use super::inside;
use super::judge::Judge;
use super::scene::Scene;
use super::targets::Target;
use super::witness;
use super::{Breach, By, Doubt, Member, Witness};
use crate::reach::{At, By as DoorBy, Door, Ports, came_to};
use crate::trace::{self, Branch};
use crate::unread::of_door;

/// A way in that breaks a promise.
struct Broken {
    door: Door,
    from: Vec<Range>,
    ends: Vec<End>,
    witness: Option<Witness>,
}

/// Tells of ways in from some addresses to targets, or, if `beyond`, to anybody else.
pub(super) fn comes_in(
    judge: &mut Judge<'_, '_>,
    from: &[Range],
    targets: &[Target],
    beyond: bool,
) {
    let from = tidy(from.to_vec());
    let world = judge.scene.world();
    let doors: Vec<Door> = judge.scene.doors().to_vec();
    if witness::somewhere(judge.scene.network(), &meet(&from, &world)).is_some() {
        judge.ways_in(targets, beyond);
    }
    let meant =
        |scene: &Scene<'_>, end: End, proto| inside::is_meant(scene, targets, end, proto) != beyond;
    if judge.opens(&meant) {
        judge.doubt(Doubt::Unread);
    }
    let mut broken: Vec<Broken> = vec![];
    for door in doors {
        let ranges = meet(&door.from, &from);
        let senders = meet(&ranges, &world);
        if witness::somewhere(judge.scene.network(), &senders).is_none() {
            continue;
        }
        let is = |end: &End| meant(judge.scene, *end, door.proto);
        let ends: Vec<End> = ends(judge, &door).into_iter().filter(is).collect();
        let Some(first) = ends.first() else { continue };
        // Of the others it was said that nobody knows where they lead.
        if door.unknown {
            continue;
        }
        if door.unread {
            judge.doubt(Doubt::Unread);
            continue;
        }
        if !door.choices.is_empty() {
            judge.doubt(Doubt::Choices(door.choices.clone()));
            continue;
        }
        // Nodes may lead to different pods.
        let alike = |other: &&mut Broken| {
            let nodes = |door: &Door| matches!(door.at, At::Nodes(..));
            let key = |door: &Door| (door.by.clone(), door.port, door.proto);
            nodes(&door)
                && nodes(&other.door)
                && key(&door) == key(&other.door)
                && other.from == ranges
        };
        if let Some(other) = broken.iter_mut().find(alike) {
            other.door.at.join(door.at);
            other.ends.extend(ends);
            continue;
        }
        let witness = shown(judge, &door, &senders, Some(*first));
        broken.push(Broken { door, from: ranges, ends, witness });
    }
    for Broken { mut door, from, mut ends, witness } in broken {
        ends.sort_unstable();
        ends.dedup();
        let numbers: Vec<_> = ends
            .iter()
            .map(|(_, port)| (door.proto, (u32::from(*port), u32::from(*port))))
            .collect();
        let parties = judge.scene.parties;
        let to = ends.iter().filter_map(|(id, port)| Some((parties.of(*id)?, *port)));
        door.to = to.collect();
        door.to.dedup();
        let from = vec![judge.scene.names.world(&from)];
        let to = judge.scene.members(ends.iter().map(|(id, _)| *id));
        judge.breach(Breach {
            open: true,
            from,
            strangers: [false; 2],
            to,
            ports: Ports::new(numbers),
            by: By::Door(Box::new(door)),
            choices: vec![],
            witness,
        });
    }
}

/// Whom a way in leads to.
fn ends(judge: &Judge<'_, '_>, door: &Door) -> Vec<End> {
    let end =
        |(party, port): &(crate::reach::PartyId, u16)| Some((judge.scene.behind(*party)?, *port));
    door.to.iter().filter_map(end).collect()
}

/// Whether the world reaches each pod of a target at each of its ports, by whatever way in.
pub(super) fn reaches(judge: &mut Judge<'_, '_>, from: &[Range], target: &Target) {
    if from.is_empty() {
        return;
    }
    let all = judge.scene.network().of_kind(Kind::Pod);
    let stranger = judge.scene.stranger;
    let pods = all.filter(|id| target.pods.has(*id) && Some(*id) != stranger);
    let pods: Vec<ElementId> = pods.collect();
    let doors: Vec<Door> = judge.scene.doors().to_vec();
    // Pods that the same addresses do not reach at the same ports are told together.
    let mut lost: BTreeMap<(Vec<Range>, Ports), Vec<ElementId>> = BTreeMap::new();
    for pod in pods {
        for (proto, lo, hi) in one_by_one(&target.ports) {
            let leads = |door: &&Door| {
                let is = |(id, port): &End| *id == pod && u32::from(*port) == lo;
                lo == hi && door.proto == proto && ends(judge, door).iter().any(is)
            };
            let by: Vec<Door> = doors.iter().filter(leads).cloned().collect();
            let ports = Ports::new([(proto, (lo, hi))]);
            if let Some(left) = left(judge, from, &by) {
                let meant = |_: &Scene<'_>, end: End, of: Proto| {
                    of == proto && end.0 == pod && (lo..=hi).contains(&u32::from(end.1))
                };
                let opens = judge.opens(&meant);
                if opens {
                    judge.doubt(Doubt::Unread);
                }
                if !judge.ways_in(std::slice::from_ref(target), false) && !opens {
                    lost.entry((left, ports)).or_default().push(pod);
                }
            }
        }
    }
    for ((left, ports), pods) in lost {
        let to = judge.scene.members(pods);
        closed(judge, &left, to, ports, By::Address);
    }
}

/// Ports by themselves, for each may have a way in of its own; long ranges have none.
fn one_by_one(ports: &Ports) -> Vec<(Proto, u32, u32)> {
    const MOST: u32 = 128;
    let mut all = vec![];
    for (proto, (lo, hi)) in &ports.0 {
        match hi - lo < MOST {
            true => all.extend((*lo..=*hi).map(|port| (*proto, port, port))),
            false => all.push((*proto, *lo, *hi)),
        }
    }
    all
}

/// Whether the world reaches a port of a Service: every connection by some way in.
pub(super) fn reaches_service(judge: &mut Judge<'_, '_>, from: &[Range], at: usize, port: Port) {
    let Some(cluster) = judge.scene.ground.cluster.filter(|_| !from.is_empty()) else { return };
    let service = &cluster.services[at];
    let name = format!("{}/{}", service.namespace, service.name);
    let own = service
        .ports
        .iter()
        .find(|own| own.number == port.number && crate::names::proto(own.protocol) == port.proto);
    let node_port = own.and_then(|own| own.node_port);
    let is = |door: &Door| {
        let number = match door.at {
            At::Nodes(..) => node_port == Some(door.port),
            At::Address(_) | At::Awaited => door.port == port.number,
        };
        door.by == DoorBy::Service(name.clone()) && number && door.proto == port.proto
    };
    let doors: Vec<Door> =
        judge.scene.doors().iter().filter(|door| is(door) && door.all).cloned().collect();
    let number = u32::from(port.number);
    let ports = Ports::new([(port.proto, (number, number))]);
    let Some(left) = left(judge, from, &doors) else { return };
    if service.externally_accessible() && judge.beside(&service.namespace) {
        return;
    }
    match judge.opens_service(&name, port) {
        true => judge.doubt(Doubt::Unread),
        false => closed(judge, &left, vec![], ports, By::Service(name, port)),
    }
}

/// Of some addresses those that none of these ways in is for; what depends on something makes it
/// undecided.
fn left(judge: &mut Judge<'_, '_>, from: &[Range], doors: &[Door]) -> Option<Vec<Range>> {
    let certain = |door: &&Door| {
        let known = !door.unread && !door.unknown;
        known && door.choices.is_empty() && door.at != At::Awaited
    };
    let world = judge.scene.world();
    let from = tidy(from.to_vec());
    // Whether there is somebody of the world who could send from there.
    let somebody = |judge: &Judge<'_, '_>, ranges: &[Range]| {
        witness::somewhere(judge.scene.network(), &meet(&world, ranges)).is_some()
    };
    let ranges = |doors: &mut dyn Iterator<Item = &Door>| {
        let ranges = doors.flat_map(|door| &door.from).copied().collect();
        tidy(ranges)
    };
    let sure = ranges(&mut doors.iter().filter(certain));
    let left = without(&from, &sure);
    if !somebody(judge, &left) {
        return None;
    }
    let perhaps = ranges(&mut doors.iter());
    if !somebody(judge, &without(&left, &perhaps)) {
        for door in doors.iter().filter(|door| !certain(door)) {
            if door.unread {
                judge.doubt(Doubt::Unread);
            }
            if door.unknown {
                judge.unknown.note(of_door(judge.scene.ground.unread, &door.by));
            }
            if !door.choices.is_empty() {
                judge.doubt(Doubt::Choices(door.choices.clone()));
            }
            if let (At::Awaited, DoorBy::Service(name)) = (&door.at, &door.by) {
                judge.doubt(Doubt::Awaited(name.clone()));
            }
        }
        return None;
    }
    Some(left)
}

/// Tells that no way in leads some addresses to a target.
fn closed(judge: &mut Judge<'_, '_>, from: &[Range], to: Vec<Member>, ports: Ports, by: By) {
    let from = vec![judge.scene.names.world(from)];
    judge.breach(Breach {
        open: false,
        from,
        strangers: [false; 2],
        to,
        ports,
        by,
        choices: vec![],
        witness: None,
    });
}

/// A message by a way in, to one that it leads to.
fn shown(
    judge: &Judge<'_, '_>,
    door: &Door,
    ranges: &[Range],
    end: Option<End>,
) -> Option<Witness> {
    let scene = &judge.scene;
    let cluster = scene.ground.cluster?;
    let world = scene.network().of_kind(Kind::World).next()?;
    let at: Vec<Addr> = match &door.at {
        At::Address(ip) => vec![Addr::from(*ip)],
        At::Nodes(names, _) => {
            let named = cluster.nodes.iter().filter(|node| names.contains(&node.name));
            named.flat_map(|node| &node.addresses).map(|ip| Addr::from(*ip)).collect()
        }
        At::Awaited => return None,
    };
    at.into_iter().find_map(|dst| {
        let own = of_family(ranges, dst.family());
        let src = witness::somewhere(scene.network(), &own)?;
        let header = fibula_network::Header {
            src,
            sport: crate::reach::SPORT,
            dst,
            dport: door.port,
            proto: door.proto,
        };
        let choices = vec![0; scene.network().choices.len()];
        let branches = trace::message(scene.ground, world, header, &choices);
        let is = |branch: &Branch| {
            let came = came_to(scene.network(), &branch.life, header);
            came.is_some() && (end.is_none() || came == end)
        };
        witness::kept(branches, choices, dst, &is)
    })
}
