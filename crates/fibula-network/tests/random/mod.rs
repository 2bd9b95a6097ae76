//! Random small networks, and random changes to them.
//!
//! A network is the article's graph (G1 to G8, F1 to F5) for a few Nodes, bent by a few changes
//! until it uses all that the types allow: what a network promises, what its FIBs say, and what its
//! links bear differ. Half of them have Services, with all that replies need to come back, and half of them filters of Pods. Addresses come from a tiny pool, so that messages collide and go in circles.
//! What the types' documentation promises still holds: lists are sorted, a Pod's host is a Node,
//! relative actions stand beside the patterns that they need.
//!
//! Needs nothing but `fibula_network` and `proptest`, so that other crates' tests use it by
//! `#[path]`.
#![allow(dead_code, reason = "each test that shares this uses a part of it")]

mod article;
mod chains;
mod change;
mod draw;
mod sample;
mod services;

use std::fmt;
use std::slice;

use fibula_network::{Chains, Network};
use proptest::prelude::*;

pub(crate) use sample::Samples;

/// A random network; printed as its elements, links and FIBs, so that a failure can be read.
#[derive(Clone)]
pub(crate) struct Drawn(pub(crate) Network);

/// Decisions, made in advance by proptest: fewer and lower rolls mean a simpler network, which is
/// how it shrinks.
pub(crate) struct Dice<'a>(slice::Iter<'a, u32>);

/// Random networks. `proptest` shrinks them towards one Node without pods.
pub(crate) fn networks() -> impl Strategy<Value = Drawn> {
    rolls(400).prop_map(|rolls| Drawn(network(&rolls)))
}

/// Random networks that keep to the article's graph: every entry, link and owner is in place.
pub(crate) fn articles() -> impl Strategy<Value = Drawn> {
    rolls(120).prop_map(|rolls| Drawn(article(&rolls)))
}

/// Random networks that keep to the article's graph, but for chains of filters.
pub(crate) fn filtered() -> impl Strategy<Value = Drawn> {
    let enough = prop::collection::vec(any::<u32>(), 80..=240);
    (rolls(120), enough).prop_map(|(rolls, more)| {
        let mut network = article(&rolls);
        let dice = &mut Dice(more.iter());
        for _ in 0..1 + dice.below(4) {
            chains::change(&mut network, dice);
        }
        Drawn(network)
    })
}

/// What [`mutate`] needs to decide.
pub(crate) fn rolls(most: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..=most)
}

/// The network that some decisions make, of those that keep to the article's graph.
pub(crate) fn article(rolls: &[u32]) -> Network {
    article::network(&mut Dice(rolls.iter()))
}

/// The network that some decisions make.
pub(crate) fn network(rolls: &[u32]) -> Network {
    let dice = &mut Dice(rolls.iter());
    let mut network = article::network(dice);
    services::install(&mut network, dice);
    chains::install(&mut network, dice);
    for _ in 0..dice.below(30) {
        if dice.0.len() > 0 {
            change::bend(&mut network, dice);
        }
    }
    network
}

/// The network after one change to an entry, a link, an owner, a listener, an own address or a
/// fact; which one, `rolls` say. Sometimes it changes nothing, where there is nothing to change.
pub(crate) fn mutate(network: &Network, rolls: &[u32]) -> Network {
    let mut changed = network.clone();
    change::mutate(&mut changed, &mut Dice(rolls.iter()));
    changed
}

// === impl Dice ===

impl Dice<'_> {
    /// A number below `n`, or 0; always 0 when the decisions have run out.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let roll = self.0.next().copied().unwrap_or(0);
        ((u64::from(roll) * n as u64) >> 32) as usize
    }

    /// Yes, once in so many times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        n > 0 && self.below(n) == n - 1
    }

    /// One of some.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).copied()
    }
}

// === impl Drawn ===

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = &self.0;
        writeln!(f)?;
        for id in network.ids() {
            let host = network.facts.host(id);
            writeln!(f, "{id:?} {} host {host:?}", network.element(id).name)?;
            if let Some(fib) = network.fib(id) {
                let me = &fib.me;
                writeln!(f, "   {:?} own {:?} host {:?}", fib.pipeline, me.own, me.host)?;
                writeln!(f, "   {:?} masquerades by {:?}", me.zone, me.masquerade)?;
                for listener in &me.listeners {
                    writeln!(f, "   {} is listened on by {:?}", listener.port, listener.process)?;
                }
            }
        }
        for (number, pipeline) in network.pipelines.iter().enumerate() {
            writeln!(f, "pipeline {number}: {pipeline:?}")?;
        }
        for (number, table) in network.tables.iter().enumerate() {
            writeln!(f, "table {number}:")?;
            for entry in &table.entries {
                writeln!(f, "   {:?}\n      {:?}", entry.pattern, entry.action)?;
            }
            if let Some(Chains { by, of, lists }) = table.chains.as_deref() {
                writeln!(f, "   by {by:?}: {lists:?} of {of:?}")?;
            }
        }
        for owner in &network.owners {
            writeln!(f, "{} of {:?} by {:?} {:?}", owner.addr, owner.to, owner.via, owner.when)?;
        }
        writeln!(f, "links {:?} {:?}", network.links.pairs().collect::<Vec<_>>(), {
            network.links.meshes()
        })?;
        for (number, list) in network.backends.iter().enumerate() {
            writeln!(f, "backends {number}: {:?}", list.members)?;
        }
        writeln!(f, "hops {:?}", network.hops)?;
        writeln!(f, "sets {:?}", network.sets)?;
        writeln!(f, "choices {:?}", network.choices)?;
        writeln!(f, "facts {:?} {:?}", network.facts.addr, network.facts.open)
    }
}
