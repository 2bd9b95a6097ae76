//! What filters tell apart: for each chain, one sender and one target of each kind, instead of every
//! Pod with every other.
//!
//! ```text
//!   chain by target ──► at one Pod of each Node: its ports, and those that its filters name, from one
//!                       sender of each kind that the sources of its entries tell apart
//!   chain by source ──► from one Pod of each Node: one target of each kind that the targets of its
//!                       entries tell apart, at the ports that they name
//! ```
//!
//! Ports are asked for on both sides of each edge. What is behind a Service is asked for there too.
//! So the number of messages grows with the chains and not with its square.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::{
    Action, Addr, Addrs, ChainId, Chains, ElementId, Entity, Entry, Kind, Network, Port, Ports,
    Proto, Range, Side, TableId,
};

use super::probes::is_loopback;
use super::senders::World;

/// A message to ask about: who sends it, from which address, to which and which port.
pub(super) type Asked = (ElementId, Addr, Addr, Port);

/// Who sends, or where to: an address, and a process of the switch that has it.
#[derive(Clone, Copy, Debug)]
struct Peer {
    addr: Addr,
    process: ElementId,
    /// The Node that it is on; none outside.
    node: Option<ElementId>,
    kind: Kind,
}

/// What a chain's entries can tell of an address.
type Signature = (Kind, Vec<bool>);

struct Asker<'n> {
    network: &'n Network,
    protos: &'n [Proto],
    spare: u16,
    world: World<'n>,
    /// Whoever is in the cluster.
    peers: Vec<Peer>,
    /// Where an address can be reached by another: the first target that is rewritten to it.
    fronts: BTreeMap<Addr, (Addr, Port)>,
}

/// The tables that are in a pipeline, and not only in chains.
pub(super) fn piped(network: &Network) -> impl Iterator<Item = &Entry> {
    let piped: BTreeSet<TableId> = network.pipelines.iter().flatten().copied().collect();
    piped.into_iter().flat_map(|table| &network.table(table).entries)
}

/// The messages that filters tell apart. Costs, for each chain, a look at every address.
pub(super) fn asked(network: &Network, protos: &[Proto], spare: u16) -> Vec<Asked> {
    let chained = network.tables.iter().filter_map(|table| table.chains.as_deref());
    let chained: Vec<&Chains> = chained.collect();
    if chained.is_empty() {
        return vec![];
    }
    let peers = peers(network);
    let world = World::new(network);
    let fronts = fronts(network);
    let asker = Asker { network, protos, spare, world, peers, fronts };
    let mut asked = vec![];
    for side in [Side::Target, Side::Source] {
        let all: Vec<&Chains> = chained.iter().copied().filter(|c| c.by == side).collect();
        for (chains, pods) in alike(network, &all) {
            let tables = all.iter().zip(&chains).filter_map(|(all, id)| Some(all.list((*id)?)));
            let tables: BTreeSet<TableId> = tables.flatten().copied().collect();
            let entries = tables.into_iter().flat_map(|table| &network.table(table).entries);
            let entries: Vec<&Entry> = entries.collect();
            match side {
                Side::Target => asker.toward(&pods, &entries, &mut asked),
                Side::Source => asker.from(&pods, &entries, &mut asked),
            }
        }
    }
    asked
}

/// Pods by their chains in these tables: one of each Node.
fn alike(network: &Network, all: &[&Chains]) -> BTreeMap<Vec<Option<ChainId>>, Vec<ElementId>> {
    let pods: BTreeSet<ElementId> =
        all.iter().flat_map(|chains| &chains.of).map(|(pod, _)| *pod).collect();
    let mut alike: BTreeMap<Vec<Option<ChainId>>, BTreeMap<_, ElementId>> = BTreeMap::new();
    for pod in pods {
        let chains = all.iter().map(|chains| chains.chain(pod)).collect();
        alike.entry(chains).or_default().entry(network.facts.host(pod)).or_insert(pod);
    }
    alike.into_iter().map(|(chains, pods)| (chains, pods.into_values().collect())).collect()
}

/// Whoever is in the cluster: the first process at each address.
fn peers(network: &Network) -> Vec<Peer> {
    let mut first: BTreeMap<ElementId, ElementId> = BTreeMap::new();
    for process in network.ids().filter(|id| network.kind(*id).is_process()) {
        if let Some(host) = network.facts.host(process) {
            first.entry(host).or_insert(process);
        }
    }
    let peer = |(entity, addr): &(Entity, Addr)| match entity {
        Entity::Switch(switch) => Some(Peer {
            addr: *addr,
            process: *first.get(switch)?,
            node: network.facts.host(*switch).or(Some(*switch)),
            kind: network.kind(*switch),
        }),
        Entity::Service(_) => None,
    };
    network.facts.addr.iter().filter_map(peer).collect()
}

/// The first target that is rewritten to each address.
fn fronts(network: &Network) -> BTreeMap<Addr, (Addr, Port)> {
    let mut fronts = BTreeMap::new();
    for entry in piped(network) {
        let pattern = &entry.pattern;
        let (Action::Rewrite { to, .. }, Addrs::In(at)) = (entry.action, pattern.dst) else {
            continue;
        };
        let (Ports::In(number, _), Some(proto)) = (pattern.dport, pattern.proto) else { continue };
        // From loopback only the Node itself sends.
        let one = at.lo == at.hi && !is_loopback(at.lo);
        for backend in network.backends(to).members.iter().filter(|_| one) {
            fronts.entry(backend.addr).or_insert((at.lo, Port { proto, number }));
        }
    }
    fronts
}

// === impl Asker ===

impl Asker<'_> {
    /// What filters of these Pods, which are alike, tell apart by source.
    fn toward(&self, pods: &[ElementId], entries: &[&Entry], asked: &mut Vec<Asked>) {
        let fields: BTreeSet<Addrs> = entries.iter().map(|entry| entry.pattern.src).collect();
        let mut senders: BTreeMap<Signature, Vec<Peer>> = BTreeMap::new();
        for peer in self.peers.iter().copied().chain(self.outside(&fields)) {
            let alike = senders.entry(self.signature(&fields, peer)).or_default();
            // One more of another Node: a Node's own processes are not judged.
            if alike.iter().all(|known| known.node != peer.node) && alike.len() < 2 {
                alike.push(peer);
            }
        }
        let named = self.ports(entries);
        for &pod in pods {
            let here = self.network.facts.host(pod);
            for addr in self.network.facts.addresses(Entity::Switch(pod)) {
                let mut targets: BTreeSet<(Addr, Port)> =
                    named.iter().map(|port| (addr, *port)).collect();
                targets.extend(self.listened(pod).map(|port| (addr, port)));
                targets.extend(self.fronts.get(&addr));
                for alike in senders.values() {
                    let of_family = || alike.iter().filter(|p| p.addr.family() == addr.family());
                    let other = of_family().find(|peer| peer.node != here);
                    let Some(sender) = other.or_else(|| of_family().next()) else { continue };
                    let ask = |&(to, port): &_| (sender.process, sender.addr, to, port);
                    asked.extend(targets.iter().map(ask));
                }
            }
        }
    }

    /// What filters of these Pods, which are alike, tell apart by target.
    fn from(&self, pods: &[ElementId], entries: &[&Entry], asked: &mut Vec<Asked>) {
        let fields: BTreeSet<Addrs> = entries.iter().map(|entry| entry.pattern.dst).collect();
        let mut targets: BTreeMap<Signature, Vec<Peer>> = BTreeMap::new();
        for peer in self.peers.iter().copied().chain(self.outside(&fields)) {
            let alike = targets.entry(self.signature(&fields, peer)).or_default();
            if alike.iter().all(|known| known.node != peer.node) && alike.len() < 2 {
                alike.push(peer);
            }
        }
        let named = self.ports(entries);
        let of_pod = |pod: ElementId| self.peers.iter().filter(move |peer| self.is_of(peer, pod));
        for sender in pods.iter().flat_map(|pod| of_pod(*pod)) {
            let mut ask = |to, port| asked.push((sender.process, sender.addr, to, port));
            // Itself, by a Service, and its own Node.
            for peer in targets.values().flatten().chain([sender]) {
                if peer.addr.family() != sender.addr.family() {
                    continue;
                }
                if let Some((front, port)) = self.fronts.get(&peer.addr) {
                    ask(*front, *port);
                }
                let switch = self.network.facts.host(peer.process);
                let listened = switch.into_iter().flat_map(|switch| self.listened(switch));
                named.iter().copied().chain(listened).for_each(|port| ask(peer.addr, port));
            }
        }
    }

    fn is_of(&self, peer: &Peer, pod: ElementId) -> bool {
        self.network.facts.host(peer.process) == Some(pod)
    }

    fn signature(&self, fields: &BTreeSet<Addrs>, peer: Peer) -> Signature {
        let within = |field: &Addrs| match field {
            Addrs::In(range) => range.contains(peer.addr),
            Addrs::Set(set) => self.network.set(*set).contains(peer.addr),
            _ => false,
        };
        let family = peer.addr.family() == fibula_network::Family::V4;
        (peer.kind, fields.iter().map(within).chain([family]).collect())
    }

    /// Addresses of the world: at both sides of each edge of these fields.
    fn outside(&self, fields: &BTreeSet<Addrs>) -> Vec<Peer> {
        let Some(process) = self.world.process() else { return vec![] };
        let mut candidates: Vec<Addr> = vec![];
        let mut edges = |range: &Range| {
            let beyond = [range.lo.previous(), Some(range.lo), Some(range.hi), range.hi.next()];
            candidates.extend(beyond.into_iter().flatten());
            candidates.extend(range.lo.next().filter(|addr| range.contains(*addr)));
        };
        for field in fields {
            match field {
                Addrs::In(range) => edges(range),
                // A Pod's address is nobody's in the world.
                Addrs::Set(set) => {
                    let ranges = self.network.set(*set).ranges.iter();
                    let unowned = |range: &&Range| self.network.owners_of(range.lo).is_empty();
                    ranges.filter(unowned).for_each(&mut edges);
                }
                _ => {}
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let mut seen = BTreeSet::new();
        let mut found = vec![];
        for addr in self.world.somewhere().into_iter().chain(candidates) {
            let peer = Peer { addr, process, node: None, kind: Kind::World };
            let signature = self.signature(fields, peer);
            if !seen.contains(&signature) && self.world.has(addr) {
                seen.insert(signature);
                found.push(peer);
            }
        }
        found
    }

    /// The ports that entries name, and those beside them; and one that none names.
    fn ports(&self, entries: &[&Entry]) -> BTreeSet<Port> {
        let mut ports = BTreeSet::new();
        for &proto in self.protos {
            ports.insert(Port { proto, number: self.spare });
        }
        for entry in entries {
            let Ports::In(lo, hi) = entry.pattern.dport else { continue };
            let numbers = [lo.saturating_sub(1).max(1), lo, hi, hi.saturating_add(1)];
            let protos =
                self.protos.iter().filter(|p| entry.pattern.proto.is_none_or(|e| e == **p));
            ports.extend(protos.flat_map(|&proto| numbers.map(|number| Port { proto, number })));
        }
        ports
    }

    fn listened(&self, switch: ElementId) -> impl Iterator<Item = Port> + '_ {
        let listeners = self.network.fib(switch).map_or(&[][..], |fib| &fib.me.listeners);
        listeners.iter().map(|l| l.port).filter(|port| self.protos.contains(&port.proto))
    }
}
