//! What all questions to one network share: atoms, zones and classes.

use crate::addr::{Addr, Range};
use crate::element::ElementId;
use crate::facts::Entity;
use crate::fib::{Action, Addrs, Hop, Ports, Receiver};
use crate::network::Network;

use super::atoms::{Atom, Atoms};
use super::classes::Classes;
use super::likeness::Nearness;
use super::sieve::Sieve;

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
        let zones = Atoms::cut(target_ranges(network).map(|(range, _)| range));
        let mut listens = vec![false; zones.count() as usize];
        for (range, _) in target_ranges(network).filter(|(_, listened)| *listened) {
            let (lo, hi) = zones.within(range);
            listens[lo as usize..=hi as usize].fill(true);
        }
        let apart = apart(network, &own);
        let classes = Classes::new(network, false);
        let layouts = Classes::new(network, true);
        let mut hosted: Vec<Hosted> = network
            .ids()
            .filter_map(|switch| {
                let host = network.fib(switch)?.me.host?;
                let (class, layout) = (classes.of(switch), layouts.of(switch));
                Some(Hosted { host, class, layout, switch })
            })
            .collect();
        hosted.sort_unstable();
        let near = Nearness::new(network, &hosted);
        Ground {
            network,
            atoms: Atoms::new(network, &apart),
            zones,
            listens,
            own,
            apart,
            classes,
            layouts,
            hosted,
            sieves: network.tables.iter().map(Sieve::new).collect(),
            near,
            named: named(network),
        }
    }

    /// Targets, of which each stands for all to which the network sends messages alike: those that
    /// nobody owns, no constraint speaks of and no pattern tells apart. Sorted.
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
        by_layout: bool,
        but: &'a [ElementId],
    ) -> impl Iterator<Item = ElementId> + 'a {
        let start = self.hosted.partition_point(|h| h.host < host);
        let len = self.hosted[start..].partition_point(|h| h.host == host);
        let mut rest = &self.hosted[start..start + len];
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

/// By element, whether an entry names it.
fn named(network: &Network) -> Vec<bool> {
    let mut named = vec![false; network.elements.len()];
    for entry in network.tables.iter().flat_map(|table| &table.entries) {
        if let Action::Forward(Hop::To(id)) | Action::Deliver(Receiver::Element(id)) = entry.action
        {
            named[id.index()] = true;
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

/// The ranges that patterns name as targets, and whether at ports that are *listened*.
///
/// *own* at listened ports concerns the switch that owns the target, which is never taken for
/// another; *hosted* at listened ports may concern any.
fn target_ranges(network: &Network) -> impl Iterator<Item = (Range, bool)> + '_ {
    network.tables.iter().flat_map(|table| &table.entries).flat_map(move |entry| {
        let listened = entry.pattern.dport == Ports::Listened;
        let ranges = match entry.pattern.dst {
            Addrs::In(range) => vec![range],
            Addrs::Set(set) => network.set(set).ranges.clone(),
            Addrs::Any | Addrs::Elsewhere(_) => vec![Range::ALL],
            Addrs::Hosted if listened => vec![Range::ALL],
            Addrs::Own | Addrs::OwnIn(_) | Addrs::Hosted => vec![],
        };
        ranges.into_iter().map(move |range| (range, listened))
    })
}
