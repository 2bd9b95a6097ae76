//! Targets that are alike: what is true of the messages to one is true of those to the other, with
//! other names.

use rustc_hash::FxHashMap;

use super::atoms::Atom;
use super::ground::{Ground, Hosted};
use super::rewrites::Rewrites;
use super::shapes::Shapes;
use super::trust::Trust;
use crate::addr::Addr;
use crate::element::{ElementId, Kind};
use crate::fib::Fib;
use crate::network::Network;
use crate::numbers::Numbers;

/// What the fate of all messages to an address depends on, without the names of the Pod and the
/// Node that it concerns, or of the Service.
///
/// A Pod and its Node are what [`Flow::fate`](super::Flow::fate) takes for special for the Pod's
/// address. Exchange two such pairs, with the processes and Pods that each hosts: if no entry
/// names any of them, if they decide alike, host alike switches and have alike links, then every
/// entry means what it meant before, and the fates are exchanged with the names. An address whose
/// owner an entry names has no likeness: for it the argument fails.
///
/// Backends, their scopes and lists of hops name Pods and Nodes too, but only the entries that can
/// match a message matter to it. So an owned address has no likeness where an entry can send its
/// messages to one of several switches or rewrites them, with one exception: the owner itself
/// rewrites them, to backends that are all trusted. Then no message is followed there, and which of
/// the backends the owner sees does not matter to whoever asks
/// [`roughly`](super::Flow::roughly). Nor does to these which ports it listens on, as long as a link
/// leads to each listener: to others Pods are alike only if they have one
/// [`layout`](Ground::layout).
///
/// An address that nobody owns, such as a ClusterIP, has the shape of the entries that can match
/// it: see `shapes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness(Form);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Owned {
        zone: u32,
        owner: u32,
        linked: bool,
        node: u32,
        near: u32,
        /// What narrows *own* for the address.
        sets: u64,
        rewritten: bool,
    },
    /// By shape.
    Unowned(u32),
}

/// The likenesses of a network's targets, as long as these backends are trusted.
pub struct Likenesses<'a, 'n> {
    ground: &'a Ground<'n>,
    trust: &'a Trust,
    shapes: Shapes,
    /// Whether every list is trusted to which messages to own addresses are rewritten.
    trusts_own: bool,
    /// By layout, whether a link leads to each listener.
    linked: Vec<bool>,
}

/// By Node, what it hosts and is linked to: one number for alike ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearness {
    of: FxHashMap<ElementId, u32>,
}

// === impl Likenesses ===

impl<'a, 'n> Likenesses<'a, 'n> {
    /// Costs a look at the entries that can match each zone of addresses.
    pub fn new(ground: &'a Ground<'n>, trust: &'a Trust) -> Likenesses<'a, 'n> {
        let mut own = Rewrites::own_lists(ground.network);
        let trusts_own = own.all(|list| trust.trusts(list));
        let linked = ground.layouts.members.iter().map(|members| {
            let fib = members.first().and_then(|id| Some((*id, ground.network.fib(*id)?)));
            fib.is_none_or(|(id, fib)| has_listeners(ground.network, id, fib))
        });
        let linked = linked.collect();
        Likenesses { ground, trust, shapes: Shapes::new(ground, trust), trusts_own, linked }
    }

    /// The likeness of a target; none for one that is alike to no other. It is meant for whoever
    /// asks [`roughly`](super::Flow::roughly); where nothing is rewritten and the owners have one
    /// [`layout`](Ground::layout), for everybody. Costs a few searches.
    pub fn of(&self, target: Atom) -> Option<Likeness> {
        let addr = self.ground.atoms.range(target).lo;
        match self.ground.group(addr) {
            Some(zone) => self.shapes.of(zone).map(|shape| Likeness(Form::Unowned(shape))),
            None => self.owned(addr),
        }
    }

    /// The likeness of an address that one Pod or Node owns, as the article has it: the owner
    /// takes it for its own, and one Node leads there. None for any other.
    fn owned(&self, addr: Addr) -> Option<Likeness> {
        let Likenesses { ground, trust, .. } = *self;
        let network = ground.network;
        let ([owner], [(_, holder)]) = (network.owners_of(addr), ground.holders(addr)) else {
            return None;
        };
        let host = |id| network.fib(id).and_then(|fib| fib.me.host);
        let zone = ground.zone(addr);
        let usual = owner.when.is_none()
            && owner.to == *holder
            && network.kind(owner.via) == Kind::Node
            && host(owner.via).is_none()
            && (owner.to == owner.via || host(owner.to) == Some(owner.via))
            && !ground.is_named(owner.to)
            && !ground.is_named(owner.via)
            && !ground.zone_listens(zone)
            && !ground.zone_forks(zone);
        let mut rewrites = ground.rewriting(addr).peekable();
        let rewritten = rewrites.peek().is_some();
        // A Node can have thousands of ports that are rewritten, and there are thousands of Nodes.
        let trusted = match self.trusts_own {
            true => ground.rewrites.of(network, addr, false).all(|r| trust.trusts(r.to)),
            false => rewrites.all(|rewrite| trust.trusts(rewrite.to)),
        };
        let alone = owner.to == owner.via || !ground.near.of.contains_key(&owner.to);
        let peers = ground.has_peers(owner.to, owner.via);
        let near = ground.near.of.get(&owner.via).copied().unwrap_or(u32::MAX);
        (usual && trusted && alone && !peers).then(|| {
            Likeness(Form::Owned {
                zone,
                owner: ground.classes.of(owner.to),
                linked: self.linked[ground.layouts.of(owner.to) as usize],
                // What a Node listens on does not matter to messages that it leads to a Pod.
                node: ground.classes.of(owner.via),
                near,
                sets: ground.own_sets(addr),
                rewritten,
            })
        })
    }
}

/// Whether a message that a switch delivers to whichever of its listeners is received.
pub(super) fn has_listeners(network: &Network, switch: ElementId, fib: &Fib) -> bool {
    fib.me.listeners.iter().map(|listener| listener.process).all(|process| {
        network.kind(process).is_process() && network.links.contains(switch, process)
    })
}

// === impl Ground ===

impl Ground<'_> {
    /// Whether a Pod Switch is linked to a switch that is not its host.
    fn has_peers(&self, switch: ElementId, host: ElementId) -> bool {
        let listed = self.network.links.listed(switch).iter();
        switch != host
            && listed.filter(|id| **id != host).any(|id| !self.network.kind(*id).is_process())
    }
}

// === impl Likeness ===

impl Likeness {
    /// Whether nobody owns the address.
    pub fn is_unowned(&self) -> bool {
        matches!(self.0, Form::Unowned(_))
    }

    /// Whether the owner of the address rewrites messages to it: then addresses are alike as far as
    /// it matters whether each message ends with a reason, not where.
    pub fn is_rewritten(&self) -> bool {
        matches!(self.0, Form::Owned { rewritten: true, .. })
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
