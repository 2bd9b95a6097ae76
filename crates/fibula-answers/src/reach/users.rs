//! What pods find at the ClusterIP of a Service: how many of the backends that their Node leads them
//! to are open to them.

use std::collections::BTreeMap;

use fibula_cluster::{Cluster, RangeKind};
use fibula_network::filters::Filters;
use fibula_network::set::{SetId, Space};
use fibula_network::{
    Action, Addr, Addrs, ChoiceId, ElementId, Entry, Kind, Network, PipelineId, Port, Ports,
};
use rustc_hash::FxHashMap;

use super::cells::{columns, part_of};
use super::joints::{Joints, index};
use super::opened::Reader;

/// What a source finds there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nobody but itself (DR-4).
    Itself,
    /// No connection arrives.
    None,
    /// Some do: it depends on the endpoint.
    Some,
    /// Every connection arrives.
    All,
    /// It depends on these choices.
    Undecided(Vec<ChoiceId>),
}

/// Where a ClusterIP leads the messages of a Node's pods: to these, or to nobody knows whom.
type Ends = Result<Vec<(Addr, u16)>, Vec<ChoiceId>>;

/// Where a port of a ClusterIP leads, from some Nodes.
pub(crate) struct Led {
    ip: Addr,
    port: Port,
    /// By Node, its place in `seen`.
    nodes: BTreeMap<ElementId, usize>,
    pub(super) seen: Vec<Ends>,
    pub(super) endpoints: Vec<(Addr, u16)>,
    /// The switches behind it, sorted.
    pub(super) behind: Vec<ElementId>,
}

/// What is asked with.
pub(crate) struct Users<'a> {
    cluster: &'a Cluster,
    pub(super) joints: &'a Joints,
    reader: Reader,
    /// By atom, what may come to it: of all targets, and of Nodes by their own pods.
    columns: [Vec<SetId>; 2],
    entries: FxHashMap<PipelineId, Spoken<'a>>,
}

/// The entries of a pipeline, by the address that they are for.
#[derive(Default)]
struct Spoken<'a> {
    one: FxHashMap<Addr, Vec<(usize, &'a Entry)>>,
    several: Vec<(usize, &'a Entry)>,
}

// === impl Led ===

impl Led {
    /// The switches behind it.
    pub(crate) fn behind(&self) -> impl Iterator<Item = ElementId> {
        self.behind.iter().copied()
    }
}

// === impl Users ===

impl<'a> Users<'a> {
    pub(crate) fn new(
        cluster: &'a Cluster,
        filters: &Filters<'_>,
        joints: &'a Joints,
    ) -> Users<'a> {
        let columns =
            [filters.allowed, filters.own_node].map(|set| columns(filters, set, Filters::TARGET));
        let (reader, entries) = (Reader::default(), FxHashMap::default());
        Users { cluster, joints, reader, columns, entries }
    }

    /// Where a port of a ClusterIP leads, from these Nodes. Costs a few searches for each.
    pub(crate) fn led(
        &mut self,
        network: &'a Network,
        (ip, port): (Addr, Port),
        from: impl Iterator<Item = ElementId>,
    ) -> Led {
        let mut nodes: BTreeMap<ElementId, usize> = BTreeMap::new();
        let mut seen: Vec<Ends> = vec![];
        for node in from {
            let ends = self.ends(network, node, ip, port);
            let at = seen.iter().position(|other| *other == ends).unwrap_or_else(|| {
                seen.push(ends);
                seen.len() - 1
            });
            nodes.insert(node, at);
        }
        let known = seen.iter().flatten().flatten();
        let mut endpoints: Vec<(Addr, u16)> = known.copied().collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let owner = |addr: Addr| network.owners_of(addr).first().map(|owner| owner.to);
        let mut behind: Vec<ElementId> =
            endpoints.iter().filter_map(|(addr, _)| owner(*addr)).collect();
        behind.sort_unstable();
        Led { ip, port, nodes, seen, endpoints, behind }
    }

    /// What each of these pods finds there; nothing is said of those that no Node hosts.
    pub(crate) fn find(
        &mut self,
        filters: &mut Filters<'_>,
        led: &Led,
        sources: &[ElementId],
    ) -> Vec<(ElementId, Found)> {
        let network = filters.network;
        let at_nodes = led.behind.iter().any(|id| network.kind(*id) == Kind::Node);
        // Those of a joint on alike Nodes find the same, unless they stand behind the Service.
        type Key = (usize, usize, Option<ElementId>, Option<ElementId>);
        let mut known: BTreeMap<Key, Found> = BTreeMap::new();
        let mut all = vec![];
        for &pod in sources {
            let Some(at) = self.joints.of(pod) else { continue };
            let joint = &self.joints.all[at];
            let host = network.fib(pod).and_then(|fib| fib.me.host);
            let Some((host, which)) = host.and_then(|h| Some((h, *led.nodes.get(&h)?))) else {
                continue;
            };
            let itself = led.behind.binary_search(&pod).is_ok().then_some(pod);
            let key = (at, which, itself, at_nodes.then_some(host));
            let found = match (&led.seen[which], joint.atoms[index(led.ip.family())]) {
                _ if !joint.contested.is_empty() => Found::Undecided(joint.contested.clone()),
                (Err(choices), _) => Found::Undecided(choices.clone()),
                (Ok(_), None) => Found::None,
                (Ok(ends), Some(atom)) => match known.get(&key) {
                    Some(known) => known.clone(),
                    None => self.of(filters, atom, (pod, host), ends, led.port),
                },
            };
            known.insert(key, found.clone());
            all.push((pod, found));
        }
        all
    }

    /// How many of its ends a pod finds open.
    fn of(
        &mut self,
        filters: &mut Filters<'_>,
        atom: u32,
        (pod, host): (ElementId, ElementId),
        ends: &[(Addr, u16)],
        port: Port,
    ) -> Found {
        let (mut all, mut some) = (Space::FULL, Space::EMPTY);
        let mut others = 0;
        for (addr, number) in ends {
            let at = Port { number: *number, ..port };
            let when = match filters.network.owners_of(*addr) {
                [owner] if owner.to == pod => continue,
                [owner] if owner.to == host => self.when(filters, 1, *addr, atom, at),
                [] if self.is_nowhere(*addr) => Space::EMPTY,
                [] | [_] => self.when(filters, 0, *addr, atom, at),
                several => {
                    let choices = several.iter().filter_map(|owner| owner.when);
                    let mut choices: Vec<ChoiceId> = choices.map(|when| when.choice).collect();
                    choices.dedup();
                    return Found::Undecided(choices);
                }
            };
            others += 1;
            all = filters.space.and(all, when);
            some = filters.space.or(some, when);
        }
        match (all, some) {
            _ if others == 0 && !ends.is_empty() => Found::Itself,
            _ if ends.is_empty() => Found::None,
            (Space::FULL, _) => Found::All,
            (Space::EMPTY, Space::FULL) => Found::Some,
            (_, Space::EMPTY) => Found::None,
            _ => {
                let mut choices = self.reader.depends(filters, all).clone();
                choices.extend(self.reader.depends(filters, some));
                choices.sort_unstable();
                choices.dedup();
                Found::Undecided(choices)
            }
        }
    }

    /// Under which choices a port is open to an atom of sources.
    fn when(
        &self,
        filters: &Filters<'_>,
        own: usize,
        addr: Addr,
        source: u32,
        port: Port,
    ) -> SetId {
        let column = self.columns[own][filters.atoms.of(addr) as usize];
        let leaf = part_of(filters, column, source);
        let (proto, number) = (port.proto as u32, u32::from(port.number));
        let levels = [(Filters::PROTO, proto), (Filters::PORT, number)];
        levels.into_iter().fold(leaf, |set, (level, value)| {
            let parts = filters.parts(set, level);
            parts[parts.partition_point(|((_, hi), _)| *hi < value)].1
        })
    }

    /// Whether messages for an address that nobody has end in the cluster (R3).
    fn is_nowhere(&self, addr: Addr) -> bool {
        let inside = |kind| matches!(kind, RangeKind::Pods | RangeKind::Services);
        let ranges = self.cluster.ranges.iter().filter(|range| inside(range.kind));
        ranges.map(|range| range.net).any(|net| net.contains(&std::net::IpAddr::from(addr)))
    }

    /// Where a Node leads the messages of its pods for an address: by the first entry that speaks of
    /// it and applies. To nobody where it refuses them, or none does.
    fn ends(&mut self, network: &'a Network, node: ElementId, ip: Addr, port: Port) -> Ends {
        let contested = network.owners_of(ip).iter().filter_map(|owner| owner.when);
        let contested: Vec<ChoiceId> = contested.map(|when| when.choice).collect();
        if !contested.is_empty() {
            return Err(contested);
        }
        let Some(fib) = network.fib(node) else { return Ok(vec![]) };
        let pipeline = fib.pipeline;
        let spoken = self.entries.entry(pipeline).or_insert_with(|| Spoken::new(network, pipeline));
        for entry in spoken.of(ip).filter(|entry| speaks(network, entry, ip, port)) {
            if !entry.pattern.when.is_empty() {
                return Err(entry.pattern.when.iter().map(|when| when.choice).collect());
            }
            match entry.action {
                Action::Rewrite { to, .. } => {
                    let seen = network.backends(to).seen_by(node, &fib.me);
                    let ends: Vec<(Addr, u16)> = seen.map(|b| (b.addr, b.port)).collect();
                    if !ends.is_empty() {
                        return Ok(ends);
                    }
                }
                Action::Goto(_) => {}
                _ => return Ok(vec![]),
            }
        }
        Ok(vec![])
    }
}

// === impl Spoken ===

impl<'a> Spoken<'a> {
    fn new(network: &'a Network, pipeline: PipelineId) -> Spoken<'a> {
        let tables = network.pipeline(pipeline).iter();
        let entries = tables.flat_map(|table| &network.table(*table).entries);
        let mut spoken = Spoken::default();
        for (at, entry) in entries.enumerate() {
            match entry.pattern.dst {
                Addrs::In(range) if range.lo == range.hi => {
                    spoken.one.entry(range.lo).or_default().push((at, entry));
                }
                Addrs::In(_) | Addrs::Set(_) => spoken.several.push((at, entry)),
                _ => {}
            }
        }
        spoken
    }

    /// The entries that can be for an address, in their order.
    fn of(&self, ip: Addr) -> impl Iterator<Item = &'a Entry> {
        let mut one = self.one.get(&ip).into_iter().flatten().copied().peekable();
        let mut several = self.several.iter().copied().peekable();
        std::iter::from_fn(move || {
            let first = match (one.peek(), several.peek()) {
                (Some((a, _)), Some((b, _))) => a < b,
                (one, _) => one.is_some(),
            };
            if first { one.next() } else { several.next() }.map(|(_, entry)| entry)
        })
    }
}

/// Whether an entry is for what pods send to an address and port.
fn speaks(network: &Network, entry: &Entry, ip: Addr, port: Port) -> bool {
    let pattern = &entry.pattern;
    let addressed = match pattern.dst {
        Addrs::In(range) => range.contains(ip),
        Addrs::Set(set) => network.set(set).contains(ip),
        _ => false,
    };
    addressed
        && pattern.from.is_none_or(|from| from == Kind::Pod)
        && pattern.src == Addrs::Any
        && pattern.reply != Some(true)
        && pattern.marked != Some(true)
        && pattern.proto.is_none_or(|proto| proto == port.proto)
        && match pattern.dport {
            Ports::Any => true,
            Ports::In(lo, hi) => (lo..=hi).contains(&port.number),
            Ports::Listened => false,
        }
}
