//! Who sends: one of those that no entry can tell apart, or everybody.

use std::collections::BTreeSet;

use fibula_network::walk::{Ending, Verdict, Walks};
use fibula_network::{
    Addr, Addrs, ElementId, Entity, Family, Header, Kind, Network, PipelineId, Proto, Range, ZoneId,
};

use super::filters::piped;
use super::probes::Coverage;

/// A process, and the addresses that it sends from, at most one of each family for what is in the
/// cluster.
pub(super) struct Sender {
    pub(super) process: ElementId,
    pub(super) sources: Vec<Addr>,
}

/// What entries can tell senders apart by, beside who they are.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    node: Option<ElementId>,
    kind: Kind,
    pipeline: Option<PipelineId>,
    zone: Option<ZoneId>,
    /// Whether rewriting can lead back to it.
    backend: bool,
    families: Vec<Family>,
    /// In which ranges of sources it is.
    within: Vec<bool>,
}

/// Addresses outside of every cluster: of the ranges for documentation.
const SOMEWHERE: [&str; 2] = ["203.0.113.1", "2001:db8:cb00:7101::1"];

/// The senders of a network.
pub(super) fn senders(network: &Network, coverage: Coverage) -> Vec<Sender> {
    let sources = source_ranges(network);
    let backends: BTreeSet<Addr> =
        network.backends.iter().flat_map(|list| &list.members).map(|b| b.addr).collect();
    let mut seen = BTreeSet::new();
    let mut senders = vec![];
    for process in network.ids().filter(|id| network.kind(*id).is_process()) {
        let Some(host) = network.facts.host(process) else { continue };
        let kind = network.kind(process);
        let addresses = match kind {
            Kind::World => outside(network, &sources),
            _ => first_of_each(network, host),
        };
        let fib = network.fib(host);
        let class = Class {
            node: network.facts.host(host).or(Some(host)),
            kind,
            pipeline: fib.map(|fib| fib.pipeline),
            zone: fib.and_then(|fib| fib.me.zone),
            backend: addresses.iter().any(|addr| backends.contains(addr)),
            families: addresses.iter().map(|addr| addr.family()).collect(),
            within: sources.iter().map(|r| addresses.iter().any(|a| r.contains(*a))).collect(),
        };
        if seen.insert(class) || coverage == Coverage::All {
            senders.push(Sender { process, sources: addresses });
        }
    }
    senders
}

/// The first address of a switch in each family; a Node's is what it masquerades by, if it does.
fn first_of_each(network: &Network, switch: ElementId) -> Vec<Addr> {
    let masquerade = network.fib(switch).map_or(&[][..], |fib| &fib.me.masquerade);
    let own: Vec<Addr> = network.facts.addresses(Entity::Switch(switch)).collect();
    let first = |family: Family| {
        let all = masquerade.iter().filter(|addr| own.contains(addr)).chain(&own);
        all.copied().find(|addr| addr.family() == family)
    };
    [Family::V4, Family::V6].into_iter().filter_map(first).collect()
}

/// Addresses of the world: somewhere, and in each range that entries ask sources for.
fn outside(network: &Network, sources: &[Range]) -> Vec<Addr> {
    let world = World::new(network);
    let mut found: Vec<Addr> = vec![];
    for first in SOMEWHERE
        .iter()
        .filter_map(|text| text.parse().ok())
        .chain(sources.iter().map(|range| range.lo))
    {
        let free = std::iter::successors(Some(first), |addr: &Addr| addr.next())
            .take(256)
            .find(|addr| world.has(*addr));
        found.extend(free.filter(|addr| !found.contains(addr)));
    }
    found
}

/// The world, and which addresses it has.
pub(super) struct World<'n> {
    walks: Walks<'n>,
    network: &'n Network,
    process: Option<ElementId>,
}

impl<'n> World<'n> {
    pub(super) fn new(network: &'n Network) -> World<'n> {
        let process = network.of_kind(Kind::World).next();
        World { walks: Walks::new(network), network, process }
    }

    pub(super) fn process(&self) -> Option<ElementId> {
        self.process
    }

    /// Addresses outside of every cluster, one of each family.
    pub(super) fn somewhere(&self) -> Vec<Addr> {
        SOMEWHERE.iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// Whether an address is the world's. Not one from which it would hear nothing, since what is
    /// sent there does not come to it (DR-13).
    pub(super) fn has(&self, addr: Addr) -> bool {
        let header = Header { src: addr, sport: 1, dst: addr, dport: 1, proto: Proto::Tcp };
        self.process.is_some_and(|world| {
            let home = Ending { verdict: Verdict::Delivered, at: world };
            is_free(self.network, addr) && self.walks.walk(world, header, &[]).ending == home
        })
    }
}

/// Whether an address is nobody's, as far as the network knows, and could be somebody's.
pub(super) fn is_free(network: &Network, addr: Addr) -> bool {
    let special = [
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/3",
        "::/96",
        "fe80::/10",
        "ff00::/8",
    ];
    let special = special.iter().filter_map(|text| text.parse::<Range>().ok());
    let mut taken =
        network.facts.addr.iter().map(|(_, addr)| addr).chain(
            network.backends.iter().flat_map(|list| &list.members).map(|backend| &backend.addr),
        );
    special.into_iter().all(|range| !range.contains(addr)) && !taken.any(|taken| *taken == addr)
}

/// The ranges that entries ask sources for, those of filters aside.
fn source_ranges(network: &Network) -> Vec<Range> {
    let mut ranges = BTreeSet::new();
    for entry in piped(network) {
        match entry.pattern.src {
            Addrs::In(range) => _ = ranges.insert(range),
            Addrs::Set(set) => ranges.extend(network.set(set).ranges.iter().copied()),
            _ => {}
        }
    }
    ranges.into_iter().collect()
}
