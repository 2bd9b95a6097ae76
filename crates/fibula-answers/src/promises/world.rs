//! What comes in from the world: by the ways in, each of which was followed by `walk`.

use fibula_network::{Addr, AddrSet, ElementId, Kind, Port, Proto, Range};

use super::judge::Judge;
use super::scene::{meet, without};
use super::targets::Target;
use super::witness;
use super::{Breach, By, Doubt, Witness};
use crate::reach::{At, By as DoorBy, Door, Ports, came_to};
use crate::trace::{self, Branch};

/// Who is reached by a way in, at which port.
type End = (ElementId, u16);

/// Tells of ways in from some addresses to targets, or, if `beyond`, to anybody else.
pub(super) fn comes_in(
    judge: &mut Judge<'_, '_>,
    from: &[Range],
    targets: &[Target],
    beyond: bool,
) {
    let from = AddrSet::new("", from.to_vec()).ranges;
    let world = judge.scene.world();
    let doors: Vec<Door> = judge.scene.doors().to_vec();
    for door in doors {
        let ranges = meet(&AddrSet::new("", door.from.clone()).ranges, &from);
        let senders = meet(&ranges, &world);
        if witness::somewhere(judge.scene.network(), &senders).is_none() {
            continue;
        }
        let ends: Vec<End> = ends(judge, &door)
            .into_iter()
            .filter(|(id, port)| {
                targets.iter().any(|target| is_at(judge, target, *id, door.proto, *port)) != beyond
            })
            .collect();
        let Some(first) = ends.first() else { continue };
        if door.unread {
            judge.doubt(Doubt::Unread);
            continue;
        }
        if !door.choices.is_empty() {
            judge.doubt(Doubt::Choices(door.choices.clone()));
            continue;
        }
        let witness = shown(judge, &door, &senders, Some(*first));
        let numbers =
            ends.iter().map(|(_, port)| (door.proto, (u32::from(*port), u32::from(*port))));
        let ports = Ports::new(numbers.collect::<Vec<_>>());
        let to = judge.scene.members(ends.iter().map(|(id, _)| *id));
        let from = vec![judge.scene.names.world(&ranges)];
        judge.breach(Breach {
            open: true,
            from,
            strangers: [false; 2],
            to,
            ports,
            by: By::Door(Box::new(door)),
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

fn is_at(judge: &Judge<'_, '_>, target: &Target, id: ElementId, proto: Proto, port: u16) -> bool {
    let is = match judge.scene.network().kind(id) {
        Kind::Pod => target.pods.has(id),
        _ => target.nodes.has(id),
    };
    is && target.ports.has(proto, port)
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
    for pod in pods {
        for (proto, (lo, hi)) in &target.ports.0 {
            let by: Vec<Door> = doors
                .iter()
                .filter(|door| door.proto == *proto)
                .filter(|door| {
                    let is =
                        |(id, port): &End| *id == pod && (*lo..=*hi).contains(&u32::from(*port));
                    lo == hi && ends(judge, door).iter().any(is)
                })
                .cloned()
                .collect();
            let to = judge.scene.members([pod]);
            let ports = Ports::new([(*proto, (*lo, *hi))]);
            covered(judge, from, &by, to, ports, By::Address);
        }
    }
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
    covered(judge, from, &doors, vec![], ports, By::Service(name, port));
}

/// Whether some ways in are for all of these addresses; those that depend on something make it
/// undecided.
fn covered(
    judge: &mut Judge<'_, '_>,
    from: &[Range],
    doors: &[Door],
    to: Vec<super::Member>,
    ports: Ports,
    by: By,
) {
    let certain = |door: &&Door| door.choices.is_empty() && !door.unread;
    let families = &judge.scene.joints.families;
    let mut world = judge.scene.world();
    world.retain(|range| families.contains(&range.lo.family()));
    let from = AddrSet::new("", from.to_vec()).ranges;
    // Whether there is somebody of the world who could send from there.
    let somebody = |judge: &Judge<'_, '_>, ranges: &[Range]| {
        witness::somewhere(judge.scene.network(), &meet(&world, ranges)).is_some()
    };
    let ranges = |doors: &mut dyn Iterator<Item = &Door>| {
        let ranges = doors.flat_map(|door| &door.from).copied().collect();
        AddrSet::new("", ranges).ranges
    };
    let sure = ranges(&mut doors.iter().filter(certain));
    let left = without(&from, &sure);
    if !somebody(judge, &left) {
        return;
    }
    let perhaps = ranges(&mut doors.iter());
    if !somebody(judge, &without(&left, &perhaps)) {
        for door in doors.iter().filter(|door| !certain(door)) {
            judge.doubt(match door.unread {
                true => Doubt::Unread,
                false => Doubt::Choices(door.choices.clone()),
            });
        }
        return;
    }
    let from = vec![judge.scene.names.world(&left)];
    judge.breach(Breach { open: false, from, strangers: [false; 2], to, ports, by, witness: None });
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
        let own = ranges.iter().copied().filter(|range| range.lo.family() == dst.family());
        let src = witness::somewhere(scene.network(), &own.collect::<Vec<_>>())?;
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
