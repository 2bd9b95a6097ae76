//! What all questions to one network share: atoms, zones and classes.

use crate::addr::{Addr, Range};
use crate::element::ElementId;
use crate::facts::Entity;
use crate::fib::{Action, AddrSetId, Addrs, Hop, Receiver};
use crate::network::Network;

use super::atoms::{Atom, Atoms};
use super::chains::{Care, Filtering, compares};
use super::classes::{Classes, Detail};
use super::likeness::Nearness;
use super::rewrites::{Rewrites, Rewriting};
use super::sieve::Sieve;
use super::targets::{Target, compared, given, own_sets, target_ranges};

/// A network, prepared for questions. Costs a few sorts of its addresses and a pass over its
/// elements, links and entries; can be shared by threads.
#[derive(Debug)]
pub struct Ground<'n> {
    /// The network.
    pub network: &'n Network,
    /// Its address atoms.
    pub atoms: Atoms,
    /// Cuts of the line by target patterns alone.
    zones: Atoms,
    /// By zone, whether an entry says *listened* of its addresses.
    listens: Vec<bool>,
    /// By zone, whether an entry rewrites its addresses or sends messages to them to one of several
    /// switches, and that not only at switches that have them for their own.
    forks: Vec<bool>,
    /// The sets that patterns narrow *own* targets by, sorted; at most 64, a bit for each.
    own_sets: Vec<AddrSetId>,
    pub(crate) rewrites: Rewrites,
    /// The switches that have an address as their own, sorted by address.
    own: Vec<(Addr, ElementId)>,
    /// The addresses that are targets of their own, sorted: own ones, owned ones, and those that a
    /// constraint speaks of though nobody owns them: facts that no FIB keeps, and loopback (C2).
    apart: Vec<Addr>,
    pub(crate) classes: Classes,
    /// Classes whose switches have alike listeners too.
    pub(crate) layouts: Classes,
    /// The switches that each switch hosts, with their classes and layouts; by host, class and
    /// layout.
    hosted: Vec<Hosted>,
    /// By table.
    sieves: Vec<Sieve>,
    pub(crate) near: Nearness,
    pub(crate) filtering: Filtering,
    /// By element, whether an entry names it.
    named: Vec<bool>,
}

/// A switch that another one hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hosted {
    pub(crate) host: ElementId,
    pub(crate) class: u32,
    layout: u32,
    switch: ElementId,
}

// === impl Ground ===

impl<'n> Ground<'n> {
    /// Prepares a network.
    pub fn new(network: &'n Network) -> Ground<'n> {
        let mut own: Vec<(Addr, ElementId)> = network
            .ids()
            .filter_map(|id| Some((id, network.fib(id)?)))
            .flat_map(|(id, fib)| fib.me.own.iter().map(move |addr| (*addr, id)))
            .collect();
        own.sort_unstable();
        let filtering = Filtering::new(network);
        let own_sets = own_sets(network);
        let ranges = || target_ranges(network, &filtering, &own_sets);
        // What gives a message another source asks of which family its target is.
        let entries = network.tables.iter().flat_map(|table| &table.entries);
        let families = entries.map(|entry| entry.action).find_map(|action| match action {
            Action::Masquerade { .. } => Some(Range::ALL_V4),
            _ => None,
        });
        let rewrites = Rewrites::new(network);
        let apart = apart(network, &own);
        let met = filtering.patterns(network, true).any(compares).then(|| given(network));
        let compared = compared(network, &filtering, &rewrites.backends, &apart);
        let zones = ranges().map(|target| target.range).chain(families).chain(compared);
        let zones = Atoms::cut(zones);
        let mark = |accept: fn(&Target) -> bool| {
            let mut marked = vec![false; zones.count() as usize];
            for target in ranges().filter(accept) {
                let (lo, hi) = zones.within(target.range);
                marked[lo as usize..=hi as usize].fill(true);
            }
            marked
        };
        let listens = mark(|target| target.listened);
        let forks = mark(|target| target.forks);
        let classes = Classes::new(network, &rewrites.backends, Detail::Least(&filtering));
        let layouts = Classes::new(network, &rewrites.backends, Detail::Layouts(&filtering));
        let hosted = hosted(network, &classes, &layouts);
        let near = Nearness::new(network, &hosted);
        Ground {
            network,
            atoms: Atoms::new(network, &apart, &rewrites.backends, met),
            zones,
            listens,
            forks,
            own_sets,
            rewrites,
            own,
            apart,
            classes,
            layouts,
            hosted,
            sieves: network.tables.iter().map(|t| Sieve::new((0..).zip(&t.entries))).collect(),
            near,
            filtering,
            named: named(network),
        }
    }

    /// Targets, of which each stands for all to which the network sends messages alike: those that
    /// nobody owns, no constraint speaks of and no pattern tells apart. Sorted. What chains do with
    /// messages may differ among them.
    pub fn targets(&self) -> Vec<Atom> {
        let mut apart = self.apart.iter().peekable();
        let mut met = vec![false; self.zones.count() as usize];
        let mut targets = Vec::with_capacity(self.apart.len() + met.len());
        for atom in 0..self.atoms.count() {
            let addr = self.atoms.range(atom).lo;
            let alone = apart.next_if_eq(&&addr).is_some();
            if alone || !std::mem::replace(&mut met[self.zone(addr) as usize], true) {
                targets.push(atom);
            }
        }
        targets
    }

    /// Whether no constraint and no pattern tells two targets apart, and nobody owns either.
    pub fn together(&self, a: Atom, b: Atom) -> bool {
        let [a, b] = [a, b].map(|atom| self.atoms.range(atom).lo);
        let apart = |addr| self.apart.binary_search(&addr).is_ok();
        a == b || self.zone(a) == self.zone(b) && !apart(a) && !apart(b)
    }

    /// The targets for which one stands, itself among them, in their order: more than one where
    /// nobody owns it. Costs a pass over all atoms then.
    pub fn group_of(&self, target: Atom) -> Vec<Atom> {
        match self.group(self.atoms.range(target).lo) {
            None => vec![target],
            Some(_) => {
                (0..self.atoms.count()).filter(|atom| self.together(*atom, target)).collect()
            }
        }
    }

    /// Whether some table has chains.
    pub fn has_chains(&self) -> bool {
        !self.filtering.is_empty()
    }

    /// What the targets have in common with which an address is [`together`](Ground::together);
    /// none for one that stands for itself alone.
    pub fn group(&self, addr: Addr) -> Option<u32> {
        self.apart.binary_search(&addr).is_err().then(|| self.zone(addr))
    }

    /// The addresses of all backends, sorted.
    pub fn backends(&self) -> &[Addr] {
        &self.rewrites.backends
    }

    /// Classes of switches that decide alike with their chains, and have alike listeners; and the
    /// switches that each switch hosts, by these.
    pub(crate) fn chained(&self) -> (&Classes, &[Hosted]) {
        let exact = self.exact();
        (&exact.classes, &exact.hosted)
    }

    /// A number for switches that have alike listeners too, of those that decide alike.
    pub fn layout(&self, switch: ElementId) -> u32 {
        self.layouts.of(switch)
    }

    /// The entries of each table that can match a target.
    pub(crate) fn sieves(&self) -> &[Sieve] {
        &self.sieves
    }

    /// Whether an entry, of whichever table, names an element.
    pub fn is_named(&self, element: ElementId) -> bool {
        self.named[element.index()]
    }

    /// The zone of an address.
    pub(crate) fn zone(&self, addr: Addr) -> u32 {
        self.zones.of(addr)
    }

    /// Whether an entry says *listened* of the addresses of a zone.
    pub(crate) fn zone_listens(&self, zone: u32) -> bool {
        self.listens[zone as usize]
    }

    /// Whether messages to the addresses of a zone may have alternatives, other than at switches
    /// that have the addresses for their own.
    pub(crate) fn zone_forks(&self, zone: u32) -> bool {
        self.forks[zone as usize]
    }

    /// In which of the sets an address is that patterns narrow *own* by: a bit for each.
    pub(crate) fn own_sets(&self, addr: Addr) -> u64 {
        let sets = self.own_sets.iter().map(|set| self.network.set(*set).contains(addr));
        sets.fold(0, |bits, within| bits << 1 | u64::from(within))
    }

    /// The Rewrite entries that can match messages to an address at some switch.
    pub(crate) fn rewriting(&self, addr: Addr) -> impl Iterator<Item = Rewriting> + '_ {
        self.rewriting_as(addr, true)
    }

    /// The same; if not `own`, but for those that match at switches only that have the address for
    /// their own.
    pub(crate) fn rewriting_as(
        &self,
        addr: Addr,
        own: bool,
    ) -> impl Iterator<Item = Rewriting> + '_ {
        let rewrites_own = |(_, holder): &(Addr, ElementId)| {
            let pipeline = self.network.fib(*holder).map(|fib| fib.pipeline);
            pipeline.is_some_and(|pipeline| self.rewrites.is_of_own(pipeline))
        };
        let held = own && self.holders(addr).iter().any(rewrites_own);
        self.rewrites.of(self.network, addr, held)
    }

    /// The first address of each zone, in their order.
    pub(crate) fn zone_starts(&self) -> impl Iterator<Item = Addr> + '_ {
        (0..self.zones.count()).map(|zone| self.zones.range(zone).lo)
    }

    /// The switches that have an address as their own.
    pub(crate) fn holders(&self, addr: Addr) -> &[(Addr, ElementId)] {
        let start = self.own.partition_point(|(own, _)| *own < addr);
        let len = self.own[start..].partition_point(|(own, _)| *own == addr);
        &self.own[start..start + len]
    }

    /// One switch of each class that `host` hosts, or of each layout; none of those in `but`: who
    /// stands for a class depends on them, since each of them stands for itself alone. Costs a
    /// search for each class.
    pub(crate) fn hosted<'a>(
        &'a self,
        host: ElementId,
        care: Care,
        by_layout: bool,
        but: &'a [ElementId],
    ) -> impl Iterator<Item = ElementId> + 'a {
        let hosted = if care == Care::Exact { self.chained().1 } else { &self.hosted };
        let start = hosted.partition_point(|h| h.host < host);
        let len = hosted[start..].partition_point(|h| h.host == host);
        let mut rest = &hosted[start..start + len];
        std::iter::from_fn(move || {
            let first = rest.first()?;
            let alike =
                |h: &Hosted| h.class == first.class && (!by_layout || h.layout == first.layout);
            let (members, others) = rest.split_at(rest.partition_point(alike));
            rest = others;
            Some(members.iter().map(|h| h.switch).find(|id| !but.contains(id)))
        })
        .flatten()
    }
}

/// The switches that each switch hosts, sorted.
pub(crate) fn hosted(network: &Network, classes: &Classes, layouts: &Classes) -> Vec<Hosted> {
    let hosted = network.ids().filter_map(|switch| {
        let host = network.fib(switch)?.me.host?;
        let (class, layout) = (classes.of(switch), layouts.of(switch));
        Some(Hosted { host, class, layout, switch })
    });
    let mut hosted: Vec<Hosted> = hosted.collect();
    hosted.sort_unstable();
    hosted
}

/// By element, whether an entry names it. What lists of hops name does not count where the targets
/// of the entry are known not to be alike to others.
fn named(network: &Network) -> Vec<bool> {
    let mut named = vec![false; network.elements.len()];
    for entry in network.tables.iter().flat_map(|table| &table.entries) {
        match (entry.action, entry.pattern.dst) {
            (Action::Forward(Hop::To(id)) | Action::Deliver(Receiver::Element(id)), _) => {
                named[id.index()] = true;
            }
            (Action::Forward(Hop::OneOf(hops)), Addrs::Own | Addrs::OwnIn(_)) => {
                network.hops(hops).iter().for_each(|id| named[id.index()] = true);
            }
            _ => {}
        }
    }
    named
}

/// The addresses that are targets of their own, sorted.
fn apart(network: &Network, own: &[(Addr, ElementId)]) -> Vec<Addr> {
    // Most facts are kept by a FIB, and then counted among the own; of a Service none promises more
    // than that its address is its own (C1).
    let unkept = |(entity, addr): &(Entity, Addr)| match *entity {
        Entity::Switch(id) => {
            let fib = network.fib(id);
            fib.is_none_or(|fib| fib.me.own.binary_search(addr).is_err()).then_some(*addr)
        }
        Entity::Service(_) => None,
    };
    let mut apart: Vec<Addr> = network.facts.addr.iter().filter_map(unkept).collect();
    apart.extend([Addr::LOOPBACK_V4, Addr::LOOPBACK_V6]);
    apart.sort_unstable();
    apart.extend(network.owners.iter().map(|owner| owner.addr));
    apart.extend(own.iter().map(|(addr, _)| *addr));
    // Three sorted parts: a stable sort merges them.
    apart.sort();
    apart.dedup();
    apart
}
