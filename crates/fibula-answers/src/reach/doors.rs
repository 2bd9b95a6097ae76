//! What the world can reach, and by which way in: each is followed by `walk`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_network::filters::Filters;
use fibula_network::ranges::tidy;
use fibula_network::walk::{Life, Step, Verdict, Walks};
use fibula_network::{Addr, ChoiceId, ElementId, Header, Kind, Network, Proto, Range};
use rustc_hash::FxHashMap;

use super::doubts::Doubts;
use super::fronts::{Front, fronts};
use super::parties::Parties;
use super::pick::Picked;
use super::sources::Sources;
use super::{PartyId, awaited};
use crate::trace::Ground;
use crate::unread::of_door;

/// A way in from the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Door {
    /// What it is a way in to.
    pub by: By,
    /// Where it stands.
    pub at: At,
    /// The port there.
    pub port: u16,
    /// Its protocol.
    pub proto: Proto,
    /// From where: ranges that policies tell apart.
    pub from: Vec<Range>,
    /// Who is reached, at which port.
    pub to: Vec<(PartyId, u16)>,
    /// Whether every connection arrives; else some do.
    pub all: bool,
    /// The choices that this depends on; none where it is certain.
    pub choices: Vec<ChoiceId>,
    /// Whether policies that were not read could withhold it (DR-21).
    pub unread: bool,
    /// Whether nobody knows what is behind its Service: what says so was not read (DR-21).
    pub unknown: bool,
}

/// What a way in leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// A Service, by namespace and name.
    Service(String),
    /// A port of a Node that leads to one pod (POD-9).
    HostPort,
}

/// Where a way in stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    /// At an address.
    Address(IpAddr),
    /// At these Nodes, of so many.
    Nodes(Vec<String>, usize),
    /// At the address that a load balancer is to get (SVC-24).
    Awaited,
}

/// Who has a name, who was asked about, and of whom nobody is sure.
pub(crate) type Whom<'a> = (&'a Parties, &'a Picked, &'a Doubts);

/// The source port of what is sent: no entry asks for it.
pub(crate) const SPORT: u16 = 40_000;
/// How many ranges of the world are asked about: the first, where policies tell more apart.
const MOST_RANGES: usize = 32;
/// How many ways of one message are followed.
pub(crate) const MOST_BRANCHES: usize = 4096;
/// Under how many combinations of choices.
const MOST_WAYS: usize = 64;

/// How many ways in there are for each port of a Service, and for each hostPort, where only whom they
/// lead to is asked; and how many ways of a message are followed then.
const FEW: usize = 2;
const FEW_HOST_PORTS: usize = 64;
const FEW_BRANCHES: usize = 16;

/// A port of Nodes, and what becomes of messages from some ranges to it.
type OfNodes = (By, u16, Proto, Outcome, Vec<Range>);

/// What becomes of a message of the world.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outcome {
    pub(crate) to: BTreeSet<(ElementId, u16)>,
    pub(crate) all: bool,
    pub(crate) choices: Vec<ChoiceId>,
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A few ways in of each kind, of which some branches are followed: it is enough to know of one.
    Few,
    /// All, from the first ranges of the world.
    Shown,
    /// All, from each range that policies tell apart: what is not found is not there.
    All,
}

/// The ways in from the world that lead to somebody who was asked about; or a `few` of each kind.
pub(crate) fn doors(
    ground: Ground<'_>,
    filters: &Filters<'_>,
    parties: &Parties,
    picked: &Picked,
    doubts: &Doubts,
    few: bool,
) -> Vec<Door> {
    let how = if few { How::Few } else { How::Shown };
    asked(ground, filters, (parties, picked, doubts), how)
}

/// The same, of as many as are asked.
pub(crate) fn asked(
    ground: Ground<'_>,
    filters: &Filters<'_>,
    whom: Whom<'_>,
    how: How,
) -> Vec<Door> {
    let few = how == How::Few;
    let most_ranges = if how == How::All { usize::MAX } else { MOST_RANGES };
    let (_, picked, _) = whom;
    let network = ground.network;
    let (Some(cluster), Some(world)) = (ground.cluster, network.of_kind(Kind::World).next()) else {
        return vec![];
    };
    if picked.from.world_of(&[Range::ALL]).is_empty() {
        return vec![];
    }
    let walks = Walks::new(network);
    let mut doors: Vec<Door> = vec![];
    let mut nodes: BTreeMap<OfNodes, Vec<String>> = BTreeMap::new();
    let mut tried: BTreeMap<(By, u16, Proto), usize> = BTreeMap::new();
    let most = if few { FEW_BRANCHES } else { MOST_BRANCHES };
    let mut sources = Sources::new(cluster, filters, most_ranges);
    for front in fronts(cluster, filters) {
        let tries = tried.entry((front.by.clone(), front.port, front.proto)).or_default();
        *tries += 1;
        if few && *tries > if front.by == By::HostPort { FEW_HOST_PORTS } else { FEW } {
            continue;
        }
        let Front { by, at, nodes: alike, port, proto, allowed } = front;
        if picked.asked.port.is_some_and(|asked| asked != (proto, port)) {
            continue;
        }
        let mut known: BTreeMap<Outcome, Vec<Range>> = BTreeMap::new();
        let dst = Addr::from(at);
        for (src, ranges) in &*sources.to(dst.family(), &allowed) {
            let header = Header { src: *src, sport: SPORT, dst, dport: port, proto };
            let ranges = picked.from.world_of(ranges);
            if !ranges.is_empty() {
                known.entry(outcome(&walks, world, header, most)).or_default().extend(ranges);
            }
        }
        for (outcome, from) in known {
            let from = tidy(from);
            match &alike[..] {
                [] => {
                    let door = door(by.clone(), At::Address(at), (port, proto), from, &outcome);
                    doors.extend(door.asked(whom, &outcome));
                }
                alike => {
                    let names = nodes.entry((by.clone(), port, proto, outcome, from)).or_default();
                    names.extend(alike.iter().map(|node| cluster.nodes[*node].name.clone()));
                }
            }
        }
    }
    let mut alike: Vec<Door> = vec![];
    let mut joined: FxHashMap<Door, usize> = FxHashMap::default();
    for ((by, port, proto, outcome, from), mut names) in nodes {
        // An address of each family leads there.
        names.sort();
        names.dedup();
        let at = At::Nodes(names, cluster.nodes.len());
        let door = door(by, at, (port, proto), from, &outcome);
        let Some(door) = door.asked(whom, &outcome) else { continue };
        // Nodes may lead to different pods of the same workloads.
        match joined.entry(Door { at: At::Awaited, ..door.clone() }) {
            Entry::Occupied(other) => alike[*other.get()].at.join(door.at),
            Entry::Vacant(new) => {
                new.insert(alike.len());
                alike.push(door);
            }
        }
    }
    doors.extend(alike);
    for service in cluster.services.iter().filter(|service| awaited::is_awaited(service)) {
        doors.extend(awaited::doors(ground, cluster, &mut sources, service, whom));
    }
    for door in &mut doors {
        door.unknown = of_door(ground.unread, &door.by).next().is_some();
    }
    let key = |door: &Door| (door.by.clone(), door.at.clone(), door.port, door.proto);
    doors.sort_by_key(key);
    doors
}

pub(super) fn door(
    by: By,
    at: At,
    at_port: (u16, Proto),
    from: Vec<Range>,
    outcome: &Outcome,
) -> Door {
    let (port, proto) = at_port;
    let Outcome { all, choices, .. } = outcome;
    Door {
        by,
        at,
        port,
        proto,
        from,
        to: vec![],
        all: *all,
        choices: choices.clone(),
        unread: false,
        unknown: false,
    }
}

impl Door {
    /// With whom it leads to, if somebody of them was asked about.
    pub(super) fn asked(
        mut self,
        (parties, picked, doubts): Whom<'_>,
        outcome: &Outcome,
    ) -> Option<Door> {
        let to = outcome.to.iter().filter_map(|(pod, port)| {
            let party = parties.of(*pod)?;
            let asked = picked.wants(false, picked.is_inside(&parties.get(party).who));
            (asked && picked.to.has(party)).then_some((party, *port))
        });
        let to: BTreeSet<(PartyId, u16)> = to.collect();
        self.unread = to.iter().any(|(party, _)| doubts.target(&parties.get(*party).who));
        self.to = to.into_iter().collect();
        (!self.to.is_empty()).then_some(self)
    }
}

impl At {
    /// Adds the Nodes of another place.
    pub(crate) fn join(&mut self, other: At) {
        if let (At::Nodes(nodes, _), At::Nodes(more, _)) = (self, other) {
            nodes.extend(more);
            nodes.sort();
            nodes.dedup();
        }
    }
}

/// Whom a message came to that an entry led there, and at which port: what none leads on has come to
/// a port of the Node itself. Nobody where it did not arrive.
pub(crate) fn came_to(network: &Network, life: &Life, header: Header) -> Option<(ElementId, u16)> {
    let at = life.ending.at;
    let switch = if network.kind(at).is_process() { network.facts.host(at) } else { Some(at) };
    let port = life.steps.iter().rev().find_map(|step| match step {
        Step::Recv { header, .. } | Step::Decide { becomes: Some(header), .. } => {
            Some(header.dport)
        }
        _ => None,
    });
    let led = life.steps.iter().any(|step| match step {
        Step::Decide { becomes: Some(becomes), .. } => {
            (becomes.dst, becomes.dport) != (header.dst, header.dport)
        }
        _ => false,
    });
    let arrived = matches!(life.ending.verdict, Verdict::Delivered | Verdict::Closed);
    Some((switch.filter(|_| led && arrived)?, port?))
}

/// The values of the choices that were asked, and the ways that a message takes under them.
pub(crate) type Followed = (BTreeMap<ChoiceId, u8>, Vec<Life>);

/// Follows a message under every value of each choice that is asked on its way; of very many of one
/// value each.
pub(crate) fn explored(
    walks: &Walks<'_>,
    process: ElementId,
    header: Header,
    most: usize,
) -> Vec<Followed> {
    let network = walks.network();
    let mut found = vec![];
    let mut todo: Vec<BTreeMap<ChoiceId, u8>> = vec![BTreeMap::new()];
    let mut left = MOST_WAYS;
    while let Some(mut under) = todo.pop() {
        let mut choices = vec![0; network.choices.len()];
        under.iter().for_each(|(choice, value)| choices[usize::from(choice.0)] = *value);
        let followed = walks.branches(process, header, &choices, most);
        let mut asked = followed.lives.iter().flat_map(|life| &life.asked);
        if let Some(new) = asked.find(|choice| !under.contains_key(choice)).filter(|_| left > 0) {
            for value in 0..network.choice(*new).values {
                left = left.saturating_sub(1);
                todo.push(under.iter().map(|(k, v)| (*k, *v)).chain([(*new, value)]).collect());
            }
            continue;
        }
        // What was asked beyond the last holds under the value that it was followed with.
        let asked = followed.lives.iter().flat_map(|life| &life.asked);
        asked.for_each(|choice| _ = under.entry(*choice).or_insert(0));
        found.push((under, followed.lives));
    }
    found
}

/// What becomes of a message under every value of each choice that is asked on its way.
pub(crate) fn outcome(
    walks: &Walks<'_>,
    process: ElementId,
    header: Header,
    most: usize,
) -> Outcome {
    let network = walks.network();
    let mut found: Vec<(BTreeSet<(ElementId, u16)>, bool)> = vec![];
    let mut met: BTreeSet<ChoiceId> = BTreeSet::new();
    for (under, lives) in explored(walks, process, header, most) {
        met.extend(under.keys());
        let mut to = BTreeSet::new();
        // Of more ways than are followed those count that were.
        let mut all = true;
        for life in &lives {
            match came_to(network, life, header) {
                Some(end) => _ = to.insert(end),
                None => all = false,
            }
        }
        if !found.contains(&(to.clone(), all)) {
            found.push((to, all));
        }
    }
    let certain = found.len() < 2;
    Outcome {
        all: found.iter().all(|(_, all)| *all),
        to: found.into_iter().flat_map(|(to, _)| to).collect(),
        choices: if certain { vec![] } else { met.into_iter().collect() },
    }
}
