//! Classes of switches that decide alike, so that 5,000 Node Switches cost no more than one.

use rustc_hash::FxHashMap;

use super::atoms::Atoms;
use super::chains::{Filtering, compares};
use super::matching::is_relative;
use crate::addr::{Addr, Family};
use crate::element::{ElementId, Kind};
use crate::fib::{Action, Addrs, Fib, Hop, Ports, Receiver, Scope, Source, ZoneId};
use crate::header::Port;
use crate::network::Network;
use crate::numbers::Numbers;

/// Switches by what they do, apart from the addresses that are particular to them.
///
/// Two switches of a class send every message alike, as long as its target is neither theirs nor
/// led to by them nor by what hosts them: to the same place, or each to its own host, or to its own
/// listener. The hosts of a class are a class too, and so are the links to wherever its entries
/// lead.
#[derive(Clone, Debug)]
pub(crate) struct Classes {
    /// By element; 0 for a process, whose class nobody asks.
    of: Vec<u32>,
    /// The switches of each class, sorted.
    pub(crate) members: Vec<Vec<ElementId>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    pipeline: u32,
    host: Option<(u32, bool)>,
    /// The number of its links: whether one leads to each element that the pipeline's entries
    /// name, and whether it is in each mesh.
    links: u32,
    /// The number of its listeners, where those of the class must be alike: the port of each, and
    /// whether a link leads to it.
    layout: u32,
    /// The zone, where it sees backends by it.
    zone: Option<ZoneId>,
    /// What tells the addresses that it masquerades by from those of others, one by family.
    masquerade: [Option<u32>; 2],
    alone: Option<ElementId>,
}

/// What tells switches apart.
#[derive(Clone, Copy)]
pub(crate) enum Detail<'a> {
    /// As little as can be: not their listeners, nor their chains.
    Least(&'a Filtering),
    /// Not their chains.
    Layouts(&'a Filtering),
    /// All that they do.
    Chains(&'a Filtering),
}

/// Classes under construction.
struct Maker<'n> {
    network: &'n Network,
    sources: Sources<'n>,
    classes: Classes,
    links: Numbers<bool>,
    layouts: Numbers<(Port, bool)>,
    /// What [`key`](Maker::key) numbers: kept, so that it need not be made for each switch.
    listed: (Vec<bool>, Vec<(Port, bool)>),
    /// The switches that their chains tell from all others, sorted.
    hosts: Vec<ElementId>,
}

/// What the entries of a pipeline refer to.
#[derive(Default)]
struct Uses {
    targets: Vec<ElementId>,
    relative_source: bool,
    listened_source: bool,
    /// Whether some backends are for the switches of a zone.
    zones: bool,
    /// Whether some tables have chains.
    chains: bool,
    /// Whether messages get a source that is particular to the switch.
    masquerades: bool,
}

/// What tells two sources apart.
struct Sources<'b> {
    /// The line, cut by the ranges that patterns name as sources.
    cuts: Atoms,
    /// Whether patterns speak of sources in relative words, which may mean any address.
    relative: bool,
    /// Whether patterns compare sources with targets.
    compared: bool,
    /// The addresses of backends, by which a message is found to come from its own backend.
    backends: &'b [Addr],
}

// === impl Classes ===

impl Classes {
    /// The classes of a network's switches. Costs a pass over switches, links and entries.
    pub(crate) fn new(network: &Network, backends: &[Addr], detail: Detail<'_>) -> Classes {
        let uses: Vec<Uses> = network.pipelines.iter().map(|p| Uses::new(network, p)).collect();
        let classes = Classes { of: vec![0; network.elements.len()], members: vec![] };
        let (links, numbers, listed) = (Numbers::default(), Numbers::default(), Default::default());
        let sources = Sources::new(network, backends, detail);
        let mut hosts = vec![];
        if let Detail::Chains(_) = detail {
            let led = network.owners.iter().filter(|owner| owner.to != owner.via);
            hosts.extend(led.map(|owner| owner.via));
            hosts.sort_unstable();
            hosts.dedup();
        }
        let mut maker = Maker { network, sources, classes, links, layouts: numbers, listed, hosts };
        let layouts = !matches!(detail, Detail::Least(_));
        let mut known: FxHashMap<Key, u32> = FxHashMap::default();
        for switch in by_depth(network) {
            let Some(fib) = network.fib(switch) else { continue };
            let key = maker.key(switch, fib, &uses[fib.pipeline.0 as usize], layouts);
            let Classes { of, members } = &mut maker.classes;
            let class = *known.entry(key).or_insert(members.len() as u32);
            if class as usize == members.len() {
                members.push(vec![]);
            }
            of[switch.index()] = class;
            members[class as usize].push(switch);
        }
        for members in &mut maker.classes.members {
            members.sort_unstable();
        }
        maker.classes
    }

    /// The class of a switch.
    pub(crate) fn of(&self, switch: ElementId) -> u32 {
        self.of[switch.index()]
    }
}

// === impl Maker ===

impl Maker<'_> {
    fn key(&mut self, s: ElementId, fib: &Fib, uses: &Uses, layouts: bool) -> Key {
        let network = self.network;
        let linked = |to| network.links.contains(s, to);
        let meshes = network.links.meshes();
        let masquerade = if uses.masquerades { self.sources.of(fib) } else { Some([None; 2]) };
        let alone = uses.relative_source
            || masquerade.is_none()
            || uses.targets.binary_search(&s).is_ok()
            || uses.chains && self.hosts.binary_search(&s).is_ok()
            || meshes.iter().any(|mesh| mesh.except.iter().any(|(a, b)| *a == s || *b == s))
            || has_peers(network, s, fib, uses);
        let (links, listeners) = &mut self.listed;
        links.clear();
        links.extend(uses.targets.iter().map(|to| linked(*to)));
        links.extend(meshes.iter().map(|mesh| mesh.members.binary_search(&s).is_ok()));
        listeners.clear();
        if layouts || uses.listened_source {
            listeners.extend(fib.me.listeners.iter().map(|l| (l.port, linked(l.process))));
        }
        Key {
            kind: network.kind(s),
            pipeline: fib.pipeline.0,
            host: fib.me.host.map(|host| (self.classes.of(host), linked(host))),
            links: self.links.of(links),
            layout: self.layouts.of(listeners),
            zone: fib.me.zone.filter(|_| uses.zones),
            masquerade: masquerade.unwrap_or_default(),
            alone: alone.then_some(s),
        }
    }
}

/// Whether a switch is linked to another one apart from the meshes, its host, what it hosts, and
/// what its entries name.
fn has_peers(network: &Network, s: ElementId, fib: &Fib, uses: &Uses) -> bool {
    network.links.listed(s).iter().any(|peer| {
        network.fib(*peer).is_some_and(|theirs| theirs.me.host != Some(s))
            && fib.me.host != Some(*peer)
            && uses.targets.binary_search(peer).is_err()
    })
}

/// The switches, each after its host. Hosts that go in a circle are left for the end.
fn by_depth(network: &Network) -> Vec<ElementId> {
    let depth = |switch: ElementId| {
        let mut at = switch;
        for depth in 0..=u8::MAX {
            match network.fib(at).and_then(|fib| fib.me.host) {
                Some(host) => at = host,
                None => return depth,
            }
        }
        u8::MAX
    };
    let mut switches: Vec<(u8, ElementId)> =
        network.ids().filter(|id| network.fib(*id).is_some()).map(|id| (depth(id), id)).collect();
    switches.sort_unstable();
    switches.into_iter().map(|(_, id)| id).collect()
}

// === impl Sources ===

impl<'b> Sources<'b> {
    fn new(network: &Network, backends: &'b [Addr], detail: Detail<'_>) -> Sources<'b> {
        let (filtering, all) = match detail {
            Detail::Least(filtering) | Detail::Layouts(filtering) => (filtering, false),
            Detail::Chains(filtering) => (filtering, true),
        };
        let patterns = || filtering.patterns(network, all);
        let ranges = patterns().flat_map(|pattern| match pattern.src {
            Addrs::In(range) => vec![range],
            Addrs::Set(set) => network.set(set).ranges.clone(),
            _ => vec![],
        });
        let relative = patterns().any(|pattern| is_relative(pattern.src));
        let compared = patterns().any(compares);
        Sources { cuts: Atoms::cut(ranges), relative, compared, backends }
    }

    /// What tells the addresses that a switch masquerades by from those of others; none where
    /// everything could.
    ///
    /// A source that is a backend's address is met again where that backend is chosen. The switch
    /// that has the address for its own is special for messages to it, and no other matters.
    fn of(&self, fib: &Fib) -> Option<[Option<u32>; 2]> {
        let apart = |addr: &Addr| {
            self.relative
                || (self.compared || self.backends.binary_search(addr).is_ok())
                    && fib.me.own.binary_search(addr).is_err()
        };
        let cut = |family| fib.me.masquerade(family).map(|addr| self.cuts.of(addr));
        let alike = !fib.me.masquerade.iter().any(apart);
        alike.then(|| [Family::V4, Family::V6].map(cut))
    }
}

// === impl Uses ===

impl Uses {
    fn new(network: &Network, pipeline: &[crate::fib::TableId]) -> Uses {
        let chains = pipeline.iter().any(|table| network.table(*table).chains.is_some());
        let mut uses = Uses { chains, ..Uses::default() };
        for entry in pipeline.iter().flat_map(|table| &network.table(*table).entries) {
            match entry.action {
                Action::Forward(Hop::To(to)) | Action::Deliver(Receiver::Element(to)) => {
                    uses.targets.push(to);
                }
                Action::Forward(Hop::OneOf(hops)) => {
                    uses.targets.extend_from_slice(network.hops(hops));
                }
                Action::Rewrite { to, .. } => {
                    let members = &network.backends(to).members;
                    let zonal = members.partition_point(|b| b.at < Scope::Zone(ZoneId(0)));
                    let scope = members.get(zonal).map(|backend| backend.at);
                    uses.zones |= matches!(scope, Some(Scope::Zone(_)));
                }
                Action::Masquerade { by: Source::Own, .. } => uses.masquerades = true,
                _ => {}
            }
            uses.relative_source |= is_relative(entry.pattern.src);
            uses.listened_source |= entry.pattern.sport == Ports::Listened;
        }
        uses.targets.sort_unstable();
        uses.targets.dedup();
        uses
    }
}
