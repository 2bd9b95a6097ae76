//! What opens and closes to the world: ways in, as `reach` finds them in both.

mod cause;
mod stands;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fibula_cluster::{Place, Service};
use fibula_network::filters::{Filters, Pair};
use fibula_network::{Addr, ChoiceId, ElementId, Kind, Proto, Range};
use rustc_hash::FxHashMap;

use super::callers::{Called, Open as Sure};
use super::causes::Because;
use super::entities::Entities;
use super::facts::Fact;
use super::lines::{Group, Namer};
use super::pieces::At as Spot;
use crate::reach::doors::doors;
use crate::reach::doubts::Doubts;
use crate::reach::fronts::MOST_NODES;
use crate::reach::parties::Parties;
use crate::reach::pick::{Picked, Side};
use crate::reach::{Asked, At, By, Door, PartyId, Who};
use crate::trace::Ground;
use crate::unread::{meshes, of_door};
pub(super) use cause::because;
use stands::{Comparing, Turn};

/// A way in from the world that opened or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doorway {
    /// Whether it opened.
    pub opens: bool,
    /// What it is a way in to.
    pub by: By,
    /// Where it stands.
    pub at: At,
    /// Where else it is open in both.
    pub stays: Option<At>,
    /// Where it stood, where it only moved: then it neither opens nor closes.
    pub moved: Option<At>,
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
    /// What of its Service is not as it was, where that can tell why.
    pub facts: Vec<Fact>,
    /// Where the first of these stands.
    pub says: Option<Spot>,
}

/// What stands for the same way in before and after, wherever exactly it stands: what it leads to,
/// whether it is a port of Nodes, its port, and whom it reaches at which of theirs.
pub(super) type Key = (By, bool, u16, Proto, PartyId, u16);

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
    let found = [0, 1].map(|side| {
        doors(grounds[side], filters[side], parties[side], &picked, doubts[side], false)
    });
    let mut ways: BTreeMap<Key, [Vec<&Door>; 2]> = BTreeMap::new();
    for (side, found) in found.iter().enumerate() {
        for door in found {
            for (party, number) in &door.to {
                let Some(whole) = wholes.get(&parties[side].get(*party).who) else { continue };
                let nodes = matches!(door.at, At::Nodes(..));
                let key = (door.by.clone(), nodes, door.port, door.proto, *whole, *number);
                ways.entry(key).or_default()[side].push(door);
            }
        }
    }
    let services = Services::new(grounds);
    let nodes = grounds.map(|ground| -> BTreeSet<&str> {
        let nodes = ground.cluster.into_iter().flat_map(|cluster| &cluster.nodes);
        nodes.map(|node| node.name.as_str()).collect()
    });
    let comparing = Comparing {
        networks: grounds.map(|ground| ground.network),
        pair,
        both: nodes[0].intersection(&nodes[1]).copied().collect(),
        nodes: nodes.each_ref().map(BTreeSet::len),
    };
    // Whom each leads to, of those that are else the same.
    let mut told: BTreeMap<Told, Vec<(PartyId, u16)>> = BTreeMap::new();
    for (key, own) in ways {
        let all_places = services.all_places(&key.0);
        let (by, _, port, proto, whole, number) = key;
        for turn in comparing.turns([&own[0], &own[1]], all_places) {
            let told = told.entry(Told { by: by.clone(), port, proto, turn }).or_default();
            told.push((whole, number));
        }
    }
    let found = told.into_iter().map(|(Told { by, port, proto, turn }, to)| {
        let Turn { opens, at, stays, moved, certain, from, choices, unread } = turn;
        // Where nobody knows what it leads to in one of the two, nothing is certain.
        let unknown = services.is_unknown(&by, false);
        let place = services.place(usize::from(opens), &by);
        Doorway {
            opens,
            by,
            at,
            stays,
            moved,
            port,
            proto,
            from,
            callers: vec![],
            to,
            certain: certain && !unknown,
            choices: choices.into_iter().collect(),
            unread,
            unknown,
            place,
            because: Because::default(),
            facts: vec![],
            says: None,
        }
    });
    let mut found: Vec<Doorway> = found.collect();
    found.sort_by_key(|door| (!door.opens, !door.certain));
    found
}

/// What is told of a way in, but for whom it leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    by: By,
    port: u16,
    proto: Proto,
    turn: Turn,
}

/// Adds what opened and closed to pods by the same ways: beside the world, where both are led to the
/// same, or by itself.
pub(super) fn join(
    doors: &mut Vec<Doorway>,
    called: Vec<Called>,
    grounds: [Ground<'_>; 2],
    namer: &mut Namer<'_>,
) {
    let services = Services::new(grounds);
    let mut own: BTreeMap<Way, (At, Vec<(PartyId, u16)>)> = BTreeMap::new();
    for Called { opens, key, at, open, who } in called {
        let (by, nodes, port, proto, whole, number) = key;
        let Sure { certain, choices, unread } = open;
        let unknown = services.is_unknown(&by, true);
        let sure = (certain && !unknown, choices.into_iter().collect(), unread, unknown);
        let callers = namer.name(&Group { entities: who, ..Group::default() });
        let way = Way { opens, by, nodes, port, proto, sure, callers };
        let (stands, to) = own.entry(way).or_insert_with(|| (at.clone(), vec![]));
        stands.join(at);
        to.push((whole, number));
    }
    // Those of the world that are so wherever they stand.
    type Led = (Way, Vec<(PartyId, u16)>);
    let mut of_world: BTreeMap<Led, VecDeque<usize>> = BTreeMap::new();
    for (at, door) in doors.iter().enumerate() {
        if door.stays.is_none() && door.moved.is_none() {
            let key = (Way::of(door), door.to.clone());
            of_world.entry(key).or_default().push_back(at);
        }
    }
    for (way, (at, to)) in own {
        let key = (Way { callers: vec![], ..way.clone() }, to);
        if let Some(world) = of_world.get_mut(&key).and_then(VecDeque::pop_front) {
            doors[world].callers = way.callers;
            doors[world].at.join(at);
            continue;
        }
        let Way { opens, by, port, proto, sure, callers, .. } = way;
        let (certain, choices, unread, unknown) = sure;
        let place = services.place(usize::from(opens), &by);
        let because = Because::default();
        doors.push(Doorway {
            opens,
            by,
            at,
            stays: None,
            moved: None,
            port,
            proto,
            from: vec![],
            callers,
            to: key.1,
            certain,
            choices,
            unread,
            unknown,
            place,
            because,
            facts: vec![],
            says: None,
        });
    }
    doors.sort_by_key(|door| (!door.opens, !door.certain));
}

/// What ways in of the world and of pods have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    opens: bool,
    by: By,
    nodes: bool,
    port: u16,
    proto: Proto,
    /// Whether it is certain, on what it depends, and what was not read.
    sure: (bool, Vec<ChoiceId>, bool, bool),
    callers: Vec<PartyId>,
}

// === impl Way ===

impl Way {
    fn of(door: &Doorway) -> Way {
        let Doorway { opens, port, proto, .. } = *door;
        Way {
            opens,
            by: door.by.clone(),
            nodes: matches!(door.at, At::Nodes(..)),
            port,
            proto,
            sure: (door.certain, door.choices.clone(), door.unread, door.unknown),
            callers: door.callers.clone(),
        }
    }
}

/// The Services of both, by namespace and name.
struct Services<'a> {
    grounds: [Ground<'a>; 2],
    all: [FxHashMap<(&'a str, &'a str), &'a Service>; 2],
    /// Nodes, by their places in the cluster's list.
    nodes: [FxHashMap<ElementId, usize>; 2],
}

// === impl Services ===

impl<'a> Services<'a> {
    fn new(grounds: [Ground<'a>; 2]) -> Services<'a> {
        let all = grounds.map(|ground| {
            let services = ground.cluster.into_iter().flat_map(|cluster| &cluster.services);
            services.map(|own| ((&*own.namespace, &*own.name), own)).collect()
        });
        let nodes = grounds.map(|ground| ground.network.of_kind(Kind::Node).zip(0..).collect());
        Services { grounds, all, nodes }
    }

    /// The Service that a way in is of.
    fn of(&self, side: usize, by: &By) -> Option<&'a Service> {
        let By::Service(path) = by else { return None };
        self.all[side].get(&path.split_once('/')?).copied()
    }

    /// Where it stands.
    fn place(&self, side: usize, by: &By) -> Option<Spot> {
        let object = self.of(side, by)?.object;
        Some(Spot::new(side, Place { object, container: None, port: None }, ""))
    }

    /// Whether nobody knows, in one of the two, what a way in leads to; or where it leads pods.
    fn is_unknown(&self, by: &By, pods: bool) -> bool {
        [0, 1].into_iter().any(|side| {
            let unread = self.grounds[side].unread;
            let other = || of_door(unread, by).next().is_some();
            let elsewhere = || pods && *by != By::HostPort && meshes(unread).next().is_some();
            !unread.is_empty() && self.of(side, by).is_some() && (other() || elsewhere())
        })
    }

    /// Whether a way in was asked for at all the Nodes where it may differ.
    fn all_places(&self, by: &By) -> bool {
        [0, 1].into_iter().all(|side| {
            let Some(service) = self.of(side, by) else { return true };
            if service.endpoints.len() <= MOST_NODES {
                return true;
            }
            let network = self.grounds[side].network;
            let hosts = service.endpoints.iter().flat_map(|end| {
                let owners = network.owners_of(Addr::from(end.addr)).iter();
                let hosts = owners.filter_map(|owner| self.nodes[side].get(&owner.via).copied());
                hosts.chain(end.node)
            });
            hosts.collect::<BTreeSet<usize>>().len() <= MOST_NODES
        })
    }
}
