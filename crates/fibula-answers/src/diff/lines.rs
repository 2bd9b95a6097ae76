//! Cells as lines, by name: who gained or lost what, to whom.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::ranges::tidy;
use fibula_network::{ElementId, Family, Range};
use rustc_hash::FxHashMap;

use super::Change;
use super::causes::Because;
use super::classes::Class;
use super::entities::{Entities, split};
use crate::reach::doubts::Doubts;
use crate::reach::opened::Part;
use crate::reach::{Line, Party, PartyId, Ports, Toward, Who, Why};
use crate::trace::Ground;

/// Names what is in cells.
pub(super) struct Namer<'a> {
    grounds: [Ground<'a>; 2],
    entities: &'a Entities,
    known: FxHashMap<(PartyId, Vec<usize>), PartyId>,
    world: FxHashMap<Vec<Range>, PartyId>,
    own_node: Option<PartyId>,
    pub(super) all: Vec<Party>,
    /// By party, which whole it is a part of; none for the world.
    pub(super) of: Vec<Option<PartyId>>,
}

/// Entities and ranges, or the Node of each source.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) entities: Vec<usize>,
    pub(super) ranges: Vec<Range>,
    pub(super) own_node: bool,
}

/// What policies that were not read could do, where it is open and where it is not.
pub(super) struct Doubtful<'d> {
    /// Of the network where it is open: it could be withheld there.
    pub(super) open: &'d Doubts,
    /// Of the other one: it could be open there too.
    pub(super) closed: &'d Doubts,
}

/// Puts what is open on one side into lines.
pub(super) struct Sorter<'d> {
    doubtful: Doubtful<'d>,
    lines: BTreeMap<Key, Targets>,
}

/// What the lines of a group have in common, and their sources.
type Key = (bool, Option<Why>, Because, Vec<PartyId>);

/// Targets, by what is open there.
type Targets = BTreeMap<(Ports, Option<Family>), BTreeSet<PartyId>>;

// === impl Group ===

impl Group {
    pub(super) fn of(classes: &[Class], numbers: &[usize]) -> Group {
        let mut group = Group::default();
        for class in numbers.iter().map(|at| &classes[*at]) {
            group.entities.extend(&class.entities);
            group.ranges.extend(&class.ranges);
        }
        group.entities.sort_unstable();
        group.entities.dedup();
        group
    }
}

// === impl Namer ===

impl<'a> Namer<'a> {
    pub(super) fn new(grounds: [Ground<'a>; 2], entities: &'a Entities) -> Namer<'a> {
        Namer {
            grounds,
            entities,
            known: FxHashMap::default(),
            world: FxHashMap::default(),
            own_node: None,
            all: entities.wholes.clone(),
            of: (0..entities.wholes.len() as u32).map(|id| Some(PartyId(id))).collect(),
        }
    }

    pub(super) fn who(&self, party: PartyId) -> &Who {
        &self.all[party.0 as usize].who
    }

    /// Whether a party is one switch.
    fn is_single(&self, party: PartyId) -> bool {
        self.all[party.0 as usize].elements.len() == 1
    }

    /// The parties of a group, sorted.
    pub(super) fn name(&mut self, group: &Group) -> Vec<PartyId> {
        let entities = self.entities;
        let whole = |at: &usize| entities.all[*at].whole;
        let mut found: Vec<PartyId> = group
            .entities
            .chunk_by(|a, b| whole(a) == whole(b))
            .map(|own| self.part(whole(&own[0]), own))
            .collect();
        if !group.ranges.is_empty() {
            found.push(self.world(&group.ranges));
        }
        if group.own_node {
            let id = match self.own_node {
                Some(id) => id,
                None => self.push(Party { who: Who::OwnNode, elements: vec![] }, None),
            };
            self.own_node = Some(id);
            found.push(id);
        }
        found.sort_unstable();
        found
    }

    /// Some pods of a workload, or all.
    fn part(&mut self, whole: PartyId, own: &[usize]) -> PartyId {
        if own.len() == self.entities.count(whole) {
            return whole;
        }
        if let Some(known) = self.known.get(&(whole, own.to_vec())) {
            return *known;
        }
        let mut who = self.who(whole).clone();
        // A replica is compared with another one, which then is here twice.
        let mut pods: Vec<(usize, ElementId)> = own
            .iter()
            .filter_map(|at| match self.entities.all[*at].sides {
                [_, Some(id)] => Some((1, id)),
                [Some(id), None] => Some((0, id)),
                [None, None] => None,
            })
            .collect();
        pods.sort_unstable();
        pods.dedup();
        if let Who::Workload { only, .. } = &mut who {
            let name = |(side, id): &(usize, ElementId)| {
                split(self.grounds[*side].network, *id).1.to_owned()
            };
            *only = pods.iter().map(name).collect();
        }
        let elements = pods.into_iter().map(|(_, id)| id).collect();
        let id = self.push(Party { who, elements }, Some(whole));
        self.known.insert((whole, own.to_vec()), id);
        id
    }

    fn world(&mut self, ranges: &[Range]) -> PartyId {
        let ranges = tidy(ranges.to_vec());
        if let Some(known) = self.world.get(&ranges) {
            return *known;
        }
        let id = self.push(Party { who: Who::World(ranges.clone()), elements: vec![] }, None);
        self.world.insert(ranges, id);
        id
    }

    /// The same with one world, where these have several parts of it.
    fn one_world(&mut self, mut parties: Vec<PartyId>) -> Vec<PartyId> {
        let mut ranges: Vec<Range> = vec![];
        let mut parts = 0;
        for party in &parties {
            if let Who::World(own) = self.who(*party) {
                ranges.extend(own);
                parts += 1;
            }
        }
        if parts > 1 {
            parties.retain(|party| !matches!(self.who(*party), Who::World(_)));
            parties.push(self.world(&ranges));
        }
        parties
    }

    fn push(&mut self, party: Party, of: Option<PartyId>) -> PartyId {
        self.all.push(party);
        self.of.push(of);
        PartyId(self.all.len() as u32 - 1)
    }
}

// === impl Sorter ===

impl<'d> Sorter<'d> {
    pub(super) fn new(doubtful: Doubtful<'d>) -> Sorter<'d> {
        Sorter { doubtful, lines: BTreeMap::new() }
    }

    /// What differs between two groups: under which choices, in which family, at which ports, and
    /// whether one of them is only there where it is open.
    pub(super) fn add(
        &mut self,
        namer: &mut Namer<'_>,
        (from, to): (&Group, &Group),
        (choices, family, ports): &Part,
        (with, because): (bool, &Because),
    ) {
        let mut sources = namer.name(from);
        let targets = namer.name(to);
        // A pod always reaches itself (NP-30), and that is no news.
        if let [one] = targets[..]
            && namer.is_single(one)
        {
            sources.retain(|source| *source != one);
        }
        let parts = |parties: Vec<PartyId>, is: &dyn Fn(&Who) -> bool| -> [Vec<PartyId>; 2] {
            let (yes, no) = parties.into_iter().partition(|party| is(namer.who(*party)));
            [yes, no]
        };
        let Doubtful { open, closed } = &self.doubtful;
        let [far, near] = parts(sources, &|who| open.source(who) || closed.opens(who));
        let [doubtful, certain] =
            parts(targets.clone(), &|who| open.target(who) || closed.opens(who));
        let why = choices.clone().map(Why::Choices);
        let unread = why.clone().or(Some(Why::Unread));
        for (from, to, why) in
            [(far, targets, unread.clone()), (near.clone(), doubtful, unread), (near, certain, why)]
        {
            if !from.is_empty() && !to.is_empty() {
                let key = (with, why, because.clone(), from);
                let line = self.lines.entry(key).or_default();
                line.entry((ports.clone(), *family)).or_default().extend(to);
            }
        }
    }

    /// The lines: of few sources first, and what is certain before what is not.
    pub(super) fn finish(self, namer: &mut Namer<'_>) -> Vec<Change> {
        let mut changes: Vec<Change> = vec![];
        for ((with, why, because, from), to) in self.lines {
            let mut to: Vec<Toward> = to
                .into_iter()
                .map(|((ports, family), targets)| {
                    let targets = namer.one_world(targets.into_iter().collect());
                    Toward { targets, ports, family }
                })
                .collect();
            to.sort();
            let line = Line { from, to };
            changes.push(Change { line, why, with, because, strangers: false });
        }
        changes.sort_by(|a, b| {
            let key = |change: &Change| {
                let Change { with, why, because, line, .. } = change;
                (*with, why.clone(), because.clone(), line.from.len())
            };
            key(a).cmp(&key(b)).then_with(|| a.line.from.cmp(&b.line.from))
        });
        changes
    }
}
