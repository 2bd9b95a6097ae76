//! What opens and closes to the world: ways in, as `reach` finds them in both.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{Place, Service};
use fibula_network::filters::{Filters, Pair};
use fibula_network::ranges::{meet, tidy, without};
use fibula_network::{Addr, ChoiceId, ElementId, Kind, Proto, Range};

use super::callers::{Called, Open as Sure};
use super::causes::{Because, To, Trial, Witness};
use super::classes;
use super::entities::{Entities, Entity};
use super::lines::{Group, Namer};
use super::pieces::At as Spot;
use super::witness::Witnesses;
use crate::reach::doors::doors;
use crate::reach::doubts::Doubts;
use crate::reach::parties::Parties;
use crate::reach::pick::{Picked, Side};
use crate::reach::{Asked, At, By, Door, PartyId, Who};
use crate::trace::Ground;
use crate::unread::{meshes, of_door};

/// A way in from the world that opened or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doorway {
    /// Whether it opened.
    pub opens: bool,
    /// What it is a way in to.
    pub by: By,
    /// Where it stands.
    pub at: At,
    /// The port there.
    pub port: u16,
    /// Its protocol.
    pub proto: Proto,
    /// From where of the world; nothing where it is for pods only.
    pub from: Vec<Range>,
    /// The pods of the cluster that came this way or come now: those that are in both.
    pub callers: Vec<PartyId>,
    /// Who is reached, at which port.
    pub to: Vec<(PartyId, u16)>,
    /// Whether that is certain.
    pub certain: bool,
    /// The choices that it depends on, where it is not.
    pub choices: Vec<ChoiceId>,
    /// Whether policies that were not read could withhold it (DR-21).
    pub unread: bool,
    /// Whether nobody knows, in one of the two, what its Service leads to: what says so was not read
    /// (DR-21).
    pub unknown: bool,
    /// Where the Service stands.
    pub place: Option<Spot>,
    /// What made the difference, where a piece did.
    pub because: Because,
}

/// What stands for the same way in before and after, wherever exactly it stands: what it leads to,
/// whether it is a port of Nodes, its port, and whom it reaches at which of theirs.
pub(super) type Key = (By, bool, u16, Proto, PartyId, u16);

/// From where it is open, certainly and perhaps.
#[derive(Clone, Debug, Default)]
struct Open {
    certain: Vec<Range>,
    perhaps: Vec<Range>,
    at: Option<At>,
    /// On what that depends which is open perhaps.
    choices: BTreeSet<ChoiceId>,
    unread: bool,
}

/// What opened and what closed.
pub(super) fn doorways(
    grounds: [Ground<'_>; 2],
    filters: [&Filters<'_>; 2],
    parties: [&Parties; 2],
    doubts: [&Doubts; 2],
    entities: &Entities,
    pair: &Pair,
) -> Vec<Doorway> {
    let all = || Side { all: true, ..Side::default() };
    let picked = Picked { from: all(), to: all(), asked: Asked::default() };
    let wholes: BTreeMap<&Who, PartyId> =
        entities.wholes.iter().zip(0..).map(|(party, id)| (&party.who, PartyId(id))).collect();
    let open = [0, 1].map(|side| {
        let found =
            doors(grounds[side], filters[side], parties[side], &picked, doubts[side], false);
        let mut open: BTreeMap<Key, Open> = BTreeMap::new();
        for door in found {
            for (party, number) in &door.to {
                let Some(whole) = wholes.get(&parties[side].get(*party).who) else { continue };
                let Door { by, at, port, proto, from, choices, unread, .. } = &door;
                let network = grounds[side].network;
                let asked = choices.iter().map(|choice| network.choice(*choice));
                let nodes = matches!(at, At::Nodes(..));
                let key = (by.clone(), nodes, *port, *proto, *whole, *number);
                let known = open.entry(key).or_default();
                match choices.is_empty() && !unread {
                    true => known.certain.extend(from),
                    false => known.perhaps.extend(from),
                }
                known.choices.extend(asked.filter_map(|choice| classes::choice(pair, choice)));
                known.unread |= unread;
                known.at.get_or_insert_with(|| at.clone());
            }
        }
        for known in open.values_mut() {
            known.certain = tidy(std::mem::take(&mut known.certain));
            known.perhaps = tidy(std::mem::take(&mut known.perhaps));
        }
        open
    });
    let keys: BTreeSet<&Key> = open.iter().flat_map(BTreeMap::keys).collect();
    let none = Open::default();
    let mut found: Vec<Doorway> = vec![];
    for key in keys {
        let sides = [0, 1].map(|side| open[side].get(key).unwrap_or(&none));
        for (opens, is, was) in [(true, 1, 0), (false, 0, 1)] {
            let (now, then) = (sides[is], sides[was]);
            let any = tidy([&now.certain[..], &now.perhaps].concat());
            let before = tidy([&then.certain[..], &then.perhaps].concat());
            // What is certain on one side and perhaps on the other may have changed.
            let certain = without(&now.certain, &before);
            let perhaps = without(&any, &then.certain);
            let perhaps = without(&perhaps, &certain);
            let perhaps = without(&perhaps, &meet(&now.perhaps, &then.perhaps));
            // Where nobody knows what it leads to in one of the two, nothing is certain.
            let unknown = is_unknown(grounds, &key.0, false);
            let (certain, perhaps) = match unknown {
                true => (vec![], tidy([certain, perhaps].concat())),
                false => (certain, perhaps),
            };
            for (certain, from) in [(true, certain), (false, perhaps)] {
                if from.is_empty() {
                    continue;
                }
                let (by, _, port, proto, whole, number) = key.clone();
                let place = service(grounds[is], &by).map(|place| Spot::new(is, place, ""));
                let at = now.at.clone().unwrap_or(At::Awaited);
                let choices: BTreeSet<ChoiceId> = match certain {
                    true => BTreeSet::new(),
                    false => now.choices.union(&then.choices).copied().collect(),
                };
                let door = Doorway {
                    opens,
                    by,
                    at,
                    port,
                    proto,
                    from,
                    callers: vec![],
                    to: vec![],
                    certain,
                    choices: choices.into_iter().collect(),
                    unread: !certain && (now.unread || then.unread),
                    unknown,
                    place,
                    because: Because::default(),
                };
                let same = found
                    .iter_mut()
                    .find(|other| Doorway { to: vec![], ..(**other).clone() } == door);
                match same {
                    Some(same) => same.to.push((whole, number)),
                    None => found.push(Doorway { to: vec![(whole, number)], ..door }),
                }
            }
        }
    }
    found.sort_by_key(|door| (!door.opens, !door.certain));
    found
}

/// Adds what opened and closed to pods by the same ways: beside the world, where both are led to the
/// same, or by itself.
pub(super) fn join(
    doors: &mut Vec<Doorway>,
    called: Vec<Called>,
    grounds: [Ground<'_>; 2],
    namer: &mut Namer<'_>,
) {
    let mut own: Vec<Doorway> = vec![];
    for Called { opens, key, at, open, who } in called {
        let (by, _, port, proto, whole, number) = key;
        let is = usize::from(opens);
        let place = service(grounds[is], &by).map(|place| Spot::new(is, place, ""));
        let Sure { certain, choices, unread } = open;
        let unknown = is_unknown(grounds, &by, true);
        let door = Doorway {
            opens,
            by,
            at,
            port,
            proto,
            from: vec![],
            callers: namer.name(&Group { entities: who, ..Group::default() }),
            to: vec![],
            certain: certain && !unknown,
            choices: choices.into_iter().collect(),
            unread,
            unknown,
            place,
            because: Because::default(),
        };
        let same = own.iter_mut().find(|other| {
            let at = At::Awaited;
            let plain = |door: &Doorway| Doorway { to: vec![], at: at.clone(), ..door.clone() };
            plain(other) == plain(&door)
        });
        match same {
            Some(same) => {
                same.at.join(door.at);
                same.to.push((whole, number));
            }
            None => own.push(Doorway { to: vec![(whole, number)], ..door }),
        }
    }
    for door in own {
        let nodes = |door: &Doorway| matches!(door.at, At::Nodes(..));
        let key = |door: &Doorway| {
            let why = (door.certain, door.choices.clone(), door.unread, door.unknown);
            (door.opens, door.by.clone(), nodes(door), door.port, door.proto, why, door.to.clone())
        };
        let world =
            doors.iter_mut().find(|world| world.callers.is_empty() && key(world) == key(&door));
        match world {
            Some(world) => world.callers = door.callers,
            None => doors.push(door),
        }
    }
    doors.sort_by_key(|door| (!door.opens, !door.certain));
}

/// Which piece opened or closed each way in that certainly did.
pub(super) fn because(
    doors: &mut [Doorway],
    witnesses: &Witnesses<'_>,
    trial: &Trial<'_>,
    elements: &dyn Fn(PartyId) -> Vec<ElementId>,
) {
    let asked = doors.iter().map(|door| witness(door, witnesses, elements));
    let asked: Vec<Option<Witness>> = asked.collect();
    let messages: Vec<Witness> = asked.iter().flatten().cloned().collect();
    let mut causes = trial.causes(&messages).into_iter();
    for (door, _) in doors.iter_mut().zip(asked).filter(|(_, asked)| asked.is_some()) {
        door.because = causes.next().filter(|cause| cause.proved.is_some()).unwrap_or_default();
    }
}

/// A message that comes in by a way, to somebody who was there before.
fn witness(
    door: &Doorway,
    witnesses: &Witnesses<'_>,
    elements: &dyn Fn(PartyId) -> Vec<ElementId>,
) -> Option<Witness> {
    let (to, _) = door.to.first().filter(|_| door.certain)?;
    let was = |entity: &&Entity| entity.whole == *to && entity.sides[0].is_some();
    let entity = *witnesses.entities.all.iter().find(was)?;
    let network = witnesses.grounds[0].network;
    // The world where it comes in, or else one of the pods.
    let callers = door.callers.first().filter(|_| door.from.is_empty());
    let caller = callers.and_then(|caller| {
        let is = |entity: &&Entity| {
            let Some(id) = entity.sides[1] else { return false };
            entity.sides[0].is_some() && elements(*caller).contains(&id)
        };
        witnesses.entities.all.iter().find(is).copied()
    });
    let src = match caller.and_then(|caller| caller.sides[0]) {
        Some(id) => {
            let own = network.fib(id)?.me.own.iter();
            let family = |at: &Addr| match &door.at {
                At::Address(ip) => at.family() == Addr::from(*ip).family(),
                _ => true,
            };
            *own.into_iter().find(|addr| family(addr))?
        }
        None => witnesses.address(door.from.iter())?,
    };
    let dst = match &door.at {
        At::Address(ip) => Addr::from(*ip),
        At::Nodes(names, _) => {
            let named = |id: &ElementId| names.contains(&network.element(*id).name.to_string());
            let node = network.of_kind(Kind::Node).find(named)?;
            let own = &network.fib(node)?.me.own;
            *own.iter().find(|addr| addr.family() == src.family())?
        }
        At::Awaited => return None,
    };
    Some(Witness {
        from: caller,
        to: To::Door(src, dst, entity),
        family: src.family(),
        proto: door.proto,
        port: door.port,
        choices: vec![],
        opens: door.opens,
    })
}

/// Whether nobody knows, in one of the two, what a way in leads to; or where it leads pods.
fn is_unknown(grounds: [Ground<'_>; 2], by: &By, pods: bool) -> bool {
    grounds.into_iter().any(|ground| {
        let unread = ground.unread;
        let other = of_door(unread, by).next().is_some();
        let elsewhere = pods && *by != By::HostPort && meshes(unread).next().is_some();
        (other || elsewhere) && served(ground, by).is_some()
    })
}

/// The Service that a way in is of.
fn served<'a>(ground: Ground<'a>, by: &By) -> Option<&'a Service> {
    let By::Service(path) = by else { return None };
    let (namespace, name) = path.split_once('/')?;
    let services = &ground.cluster?.services;
    services.iter().find(|s| s.namespace == namespace && s.name == name)
}

/// The place of a Service.
fn service(ground: Ground<'_>, by: &By) -> Option<Place> {
    let service = served(ground, by)?;
    Some(Place { object: service.object, container: None, port: None })
}
