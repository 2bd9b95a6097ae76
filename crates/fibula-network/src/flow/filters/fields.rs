//! What the entries of filters ask, as sets of headers over classes of addresses.

use rustc_hash::FxHashMap;

use super::partition::Partition;
use super::{Levels, Owned};
use crate::element::Kind;
use crate::fib::{Action, Addrs, Ports, Side, TableId, When};
use crate::network::Network;
use crate::set::{Interval, Level, SetId, Space};

/// How words are read that speak of the deciding switch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Source and target are on different Nodes, and neither is the Node's own.
    Apart,
    /// One of them is the deciding Node itself.
    OwnNode,
}

/// Reads filters, and remembers what it read.
pub(super) struct Fields<'a> {
    network: &'a Network,
    pub(super) partition: &'a Partition,
    pub(super) levels: Levels,
    reading: Reading,
    /// The headers with such an address.
    addrs: FxHashMap<(Side, Addrs), SetId>,
    /// The filters, by side.
    filters: FxHashMap<(Side, TableId), Box<[Run]>>,
}

/// Entries that follow each other and do the same.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// Where they go on; none if they end messages.
    pub(super) then: Option<TableId>,
    /// What one of them matches.
    pub(super) set: SetId,
}

// === impl Fields ===

impl<'a> Fields<'a> {
    pub(super) fn new(
        network: &'a Network,
        partition: &'a Partition,
        levels: Levels,
        reading: Reading,
    ) -> Fields<'a> {
        let (addrs, filters) = (FxHashMap::default(), FxHashMap::default());
        Fields { network, partition, levels, reading, addrs, filters }
    }

    /// What a filter of a side does, in the order of its entries.
    pub(super) fn filter(&mut self, space: &mut Space, side: Side, filter: TableId) -> &[Run] {
        if !self.filters.contains_key(&(side, filter)) {
            let runs = self.runs(space, side, filter);
            self.filters.insert((side, filter), runs);
        }
        self.filters.get(&(side, filter)).map_or(&[], |runs| runs)
    }

    fn runs(&mut self, space: &mut Space, side: Side, filter: TableId) -> Box<[Run]> {
        let mut runs: Vec<(Option<TableId>, Vec<SetId>)> = vec![];
        let network = self.network;
        for entry in &network.table(filter).entries {
            let then = match entry.action {
                Action::Goto(then) => Some(then),
                _ => None,
            };
            let set = self.matched(space, side, entry);
            match runs.last_mut() {
                Some((last, sets)) if *last == then => sets.push(set),
                _ => runs.push((then, vec![set])),
            }
        }
        let runs = runs.into_iter().map(|(then, sets)| Run { then, set: space.any(&sets) });
        runs.collect()
    }

    fn matched(&mut self, space: &mut Space, side: Side, entry: &crate::fib::Entry) -> SetId {
        let pattern = &entry.pattern;
        let arrived = match (side, self.reading) {
            (Side::Source, _) => Kind::Pod,
            (Side::Target, Reading::Apart) => Kind::Node,
            (Side::Target, Reading::OwnNode) => Kind::Daemon,
        };
        // What is asked is the first message of a connection, which nothing marked.
        let other = pattern.from.is_some_and(|kind| kind != arrived);
        if other || pattern.reply == Some(true) || pattern.marked == Some(true) {
            return Space::EMPTY;
        }
        let levels = self.levels;
        let mut set = match pattern.dport {
            Ports::Any => Space::FULL,
            Ports::In(lo, hi) => space.interval(levels.target_port(), lo.into(), hi.into()),
            Ports::Listened => Space::EMPTY,
        };
        let sport = match pattern.sport {
            Ports::Any => Space::FULL,
            Ports::In(lo, hi) => space.interval(levels.source_port(), lo.into(), hi.into()),
            Ports::Listened => Space::EMPTY,
        };
        set = space.and(set, sport);
        if let Some(proto) = pattern.proto {
            let proto = space.interval(levels.protocol(), proto as u32, proto as u32);
            set = space.and(set, proto);
        }
        for (side, addrs) in [(Side::Source, pattern.src), (Side::Target, pattern.dst)] {
            let addrs = self.addrs(space, side, addrs);
            set = space.and(set, addrs);
        }
        pattern.when.iter().fold(set, |set, when| {
            let chosen = chosen(space, *when);
            space.and(set, chosen)
        })
    }

    /// The headers with an address in a field.
    fn addrs(&mut self, space: &mut Space, side: Side, addrs: Addrs) -> SetId {
        if addrs == Addrs::Any {
            return Space::FULL;
        }
        if let Some(known) = self.addrs.get(&(side, addrs)) {
            return *known;
        }
        let level = self.level(side);
        let partition = self.partition;
        let own = self.reading == Reading::OwnNode;
        let set = match addrs {
            Addrs::In(_) | Addrs::Set(_) => self.named(space, level, addrs),
            Addrs::Own if own => self.kind(space, level, Kind::Node),
            Addrs::OwnIn(set) if own => {
                let nodes = self.kind(space, level, Kind::Node);
                let within = self.named(space, level, Addrs::Set(set));
                space.and(nodes, within)
            }
            Addrs::Elsewhere(kind) if !own => {
                let sure = self.kind(space, level, kind);
                let contested = partition.atoms.iter().enumerate();
                let contested = contested.filter(|(_, class)| class.owner == Owned::Contested);
                contested.fold(sure, |set, (atom, class)| {
                    let atom = space.interval(level, atom as u32, atom as u32);
                    let claims = self.network.owners_of(class.first).iter();
                    claims.filter(|claim| self.network.kind(claim.to) == kind).fold(
                        set,
                        |set, claim| {
                            let when = claim.when.map_or(Space::FULL, |when| chosen(space, when));
                            let held = space.and(atom, when);
                            space.or(set, held)
                        },
                    )
                })
            }
            _ => Space::EMPTY,
        };
        self.addrs.insert((side, addrs), set);
        set
    }

    fn named(&self, space: &mut Space, level: Level, addrs: Addrs) -> SetId {
        let atoms = self.partition.fields.get(&addrs).map_or(&[][..], |atoms| atoms);
        space.values_in(level, &intervals(atoms.iter().copied()))
    }

    /// The addresses whose only owner is of a kind.
    fn kind(&self, space: &mut Space, level: Level, kind: Kind) -> SetId {
        let is = |owner: Owned| match owner {
            Owned::Node(_) => kind == Kind::Node,
            Owned::Pods => kind == Kind::Pod,
            Owned::World | Owned::Contested => false,
        };
        let atoms = (0..).zip(&self.partition.atoms).filter(|(_, class)| is(class.owner));
        space.values_in(level, &intervals(atoms.map(|(atom, _)| atom)))
    }

    pub(super) fn level(&self, side: Side) -> Level {
        match side {
            Side::Source => self.levels.source(),
            Side::Target => self.levels.target(),
        }
    }
}

/// The headers under one value of a choice.
pub(super) fn chosen(space: &mut Space, when: When) -> SetId {
    space.interval(Level(when.choice.0), when.value.into(), when.value.into())
}

/// Sorted values as intervals.
pub(super) fn intervals(sorted: impl Iterator<Item = u32>) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = vec![];
    for value in sorted {
        match intervals.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => intervals.push((value, value)),
        }
    }
    intervals
}
