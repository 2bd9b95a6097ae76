//! Targets that are alike: what is true of the messages to one is true of those to the other, with
//! other names.

use rustc_hash::FxHashMap;

use super::ground::{Ground, Hosted};
use super::trust::Trust;
use crate::addr::Addr;
use crate::element::{ElementId, Kind};
use crate::network::Network;
use crate::numbers::Numbers;

/// What the fate of all messages to an address depends on, without the names of the Pod and the
/// Node that it concerns.
///
/// A Pod and its Node are what [`Flow::fate`](super::Flow::fate) takes for special for the Pod's
/// address. Exchange two such pairs, with the processes and Pods that each hosts: if no entry
/// names any of them, if they decide alike, host alike switches and have alike links, then every
/// entry means what it meant before, and the fates are exchanged with the names. An address whose
/// owner an entry names has no likeness: for it the argument fails.
///
/// Backends, their scopes and lists of hops name Pods and Nodes too, but only the entries that can
/// match a message matter to it. So an address has no likeness where an entry can send its messages
/// to one of several switches or rewrites them, with one exception: the owner itself rewrites
/// them, to backends that are all trusted. Then no message is followed there, and all that matters
/// of the backends is of which lists the owner sees some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness {
    zone: u32,
    owner: u32,
    node: u32,
    near: u32,
    /// What narrows *own* for the address.
    sets: u64,
    /// Which backends its owner alone sees, if it rewrites messages to the address.
    sees: Option<u32>,
    rewritten: bool,
}

/// By Node, what it hosts and is linked to: one number for alike ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearness {
    of: FxHashMap<ElementId, u32>,
}

// === impl Ground ===

impl Ground<'_> {
    /// The likeness of an address that one Pod or Node owns, as the article has it: the owner
    /// takes it for its own, and one Node leads there. None for any other. Costs a few searches.
    pub fn likeness(&self, addr: Addr, trust: Option<&Trust>) -> Option<Likeness> {
        let ([owner], [(_, holder)]) = (self.network.owners_of(addr), self.holders(addr)) else {
            return None;
        };
        let host = |id| self.network.fib(id).and_then(|fib| fib.me.host);
        let zone = self.zone(addr);
        let usual = owner.when.is_none()
            && owner.to == *holder
            && self.network.kind(owner.via) == Kind::Node
            && host(owner.via).is_none()
            && (owner.to == owner.via || host(owner.to) == Some(owner.via))
            && !self.is_named(owner.to)
            && !self.is_named(owner.via)
            && !self.zone_listens(zone)
            && !self.zone_forks(zone);
        let mut rewrites = self.rewriting(addr).peekable();
        let rewritten = rewrites.peek().is_some();
        let sees = rewrites.peek().and_then(|_| self.rewrites.sees(*holder));
        let usual =
            usual && rewrites.all(|rewrite| trust.is_some_and(|trust| trust.trusts(rewrite.to)));
        let alone = owner.to == owner.via || !self.near.of.contains_key(&owner.to);
        (usual && alone && !self.has_peers(owner.to, owner.via)).then(|| Likeness {
            zone,
            owner: self.layouts.of(owner.to),
            // What a Node listens on does not matter to messages that it leads to a Pod.
            node: self.classes.of(owner.via),
            near: self.near.of.get(&owner.via).copied().unwrap_or(u32::MAX),
            sets: self.own_sets(addr),
            sees,
            rewritten,
        })
    }

    /// Whether a Pod Switch is linked to a switch that is not its host.
    fn has_peers(&self, switch: ElementId, host: ElementId) -> bool {
        let listed = self.network.links.listed(switch).iter();
        switch != host
            && listed.filter(|id| **id != host).any(|id| !self.network.kind(*id).is_process())
    }
}

// === impl Likeness ===

impl Likeness {
    /// Whether the owner of the address rewrites messages to it: then addresses are alike as far as
    /// it matters whether each message ends with a reason, not where.
    pub fn is_rewritten(&self) -> bool {
        self.rewritten
    }
}

// === impl Nearness ===

impl Nearness {
    /// Numbers the neighbourhoods: for each host the classes of what it hosts, and whether it is
    /// one or several of each; and the switches that it is linked to beside those and the meshes.
    pub(crate) fn new(network: &Network, hosted: &[Hosted]) -> Nearness {
        let mut nearness = Nearness::default();
        let mut numbers = Numbers::default();
        let mut near = vec![];
        for hosted in hosted.chunk_by(|a, b| a.host == b.host) {
            let host = hosted[0].host;
            near.clear();
            for class in hosted.chunk_by(|a, b| a.class == b.class) {
                near.extend([class[0].class, u32::from(class.len() > 1)]);
            }
            near.push(u32::MAX);
            let listed = network.links.listed(host).iter();
            let peer =
                |id: &&ElementId| network.fib(**id).is_some_and(|fib| fib.me.host != Some(host));
            near.extend(listed.filter(peer).map(|id| id.0));
            nearness.of.insert(host, numbers.of(&near));
        }
        nearness
    }
}
