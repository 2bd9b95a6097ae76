//! Services: what the Node Switches and the outside do beyond the article's own entries.
//!
//! ```text
//!   fronts      SVC-20 to 27   where a Service stands: address or nodePort, port, protocol
//!   endpoints   SVC-40 to 46   which endpoints a switch may choose
//!   entries     SVC-50 to 56   what becomes of a message there, by where it came from
//!   source      SVC-60 to 65   whose address it has then
//!   host_ports  POD-9 to 11    ports of Nodes that lead to pods
//!   doors       SVC-20 to 24   who brings messages from outside to the Nodes
//! ```
//!
//! All Node Switches share these entries: what differs from Node to Node is which backends they see
//! ([`Scope`]), their own addresses and their zone. Costs a pass over the endpoints, on two cores
//! where there are two, and a sort of the ports.

mod doors;
mod endpoints;
mod entries;
mod fronts;
mod host_ports;
mod source;

use fibula_cluster::Cluster;
use fibula_network::{
    Action, Addr, AddrSet, AddrSetId, Addrs, Backends, BackendsId, ElementId, Entry, Family,
    Network, Pattern, PlaceId, Ports, Proto, Range, Scope,
};

use crate::owners::Owned;

/// The tables that Services give the Node Switches and the outside; empty where there is nothing to
/// do.
pub(crate) struct Tables {
    /// Rewrites targets at every Node.
    pub(crate) services: Vec<Entry>,
    /// Rewrites sources at every Node.
    pub(crate) source: Vec<Entry>,
    /// Rewrites targets outside: what load balancers do that are proxies themselves.
    pub(crate) balancers: Vec<Entry>,
    /// Rewrites sources outside.
    pub(crate) balancer_source: Vec<Entry>,
    /// Leads from the outside to the Nodes.
    pub(crate) doors: Vec<Entry>,
}

/// What has been named on the way.
struct Maker<'a> {
    network: &'a mut Network,
    cluster: &'a Cluster,
    /// The names of the zones of Nodes, sorted.
    zones: Vec<&'a str>,
    /// The addresses that answer nodePorts, by family.
    node_addrs: [Option<AddrSetId>; 2],
}

/// The entries of all Services and hostPorts of a cluster.
pub(crate) fn tables(network: &mut Network, cluster: &Cluster, owned: &Owned) -> Tables {
    let mut maker = Maker::new(network, cluster);
    let fronts = fronts::all(&mut maker, owned);
    let host_ports = host_ports::all(&mut maker, &fronts);
    let made = entries::all(&mut maker, &fronts);
    let unknown = fronts::unknown_ports(&mut maker, owned);
    // A port of a Node may be a hostPort too: which is asked first is open (POD-11).
    let services: Vec<Entry> = [made.addresses, host_ports.first, made.node_ports, host_ports.rest]
        .into_iter()
        .flatten()
        .chain(unknown)
        .collect();
    let source = if services.is_empty() { vec![] } else { source::entries(&mut maker) };
    let doors::Doors { balancers, balancer_source, doors } = doors::all(&mut maker, &fronts, owned);
    maker.finish();
    Tables { services, source, balancers, balancer_source, doors }
}

/// `[* * dst port …]`
fn at_port(dst: Addrs, port: u16, proto: Proto) -> Pattern {
    Pattern { dport: Ports::In(port, port), proto: Some(proto), ..Pattern::to(dst) }
}

fn entry(rule: &'static str, pattern: Pattern, action: Action, place: PlaceId) -> Entry {
    let mut entry = Entry::new(rule, pattern, action);
    entry.origin.place = place;
    entry
}

fn at(addr: Addr) -> Addrs {
    Addrs::In(Range::one(addr))
}

/// The switch of a Node: the Nodes are the first elements.
fn node(index: usize) -> ElementId {
    ElementId(index as u32)
}

const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// What tells the names of two families apart.
fn family_name(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

// === impl Maker ===

impl<'a> Maker<'a> {
    fn new(network: &'a mut Network, cluster: &'a Cluster) -> Maker<'a> {
        let mut zones: Vec<&str> =
            cluster.nodes.iter().filter_map(|node| node.zone.as_deref()).collect();
        zones.sort_unstable();
        zones.dedup();
        Maker { network, cluster, zones, node_addrs: [None; 2] }
    }

    fn set(&mut self, name: &str, ranges: Vec<Range>) -> AddrSetId {
        self.network.sets.push(AddrSet::new(name, ranges));
        AddrSetId(self.network.sets.len() as u32 - 1)
    }

    fn backends(&mut self, backends: Backends) -> BackendsId {
        self.network.backends.push(backends);
        BackendsId(self.network.backends.len() as u32 - 1)
    }

    /// The addresses of Nodes that answer nodePorts, of a family: their `InternalIP`s (DR-9).
    fn node_addrs(&mut self, family: Family) -> Addrs {
        Addrs::OwnIn(self.node_set(family))
    }

    fn node_set(&mut self, family: Family) -> AddrSetId {
        let known = FAMILIES.iter().position(|f| *f == family).unwrap_or_default();
        if let Some(set) = self.node_addrs[known] {
            return set;
        }
        let addrs = self.cluster.nodes.iter().flat_map(|node| &node.addresses);
        let ranges = addrs.map(|ip| Range::one(Addr::from(*ip)));
        let ranges = ranges.filter(|range| range.lo.family() == family).collect();
        let set = self.set(&format!("node addresses {}", family_name(family)), ranges);
        self.node_addrs[known] = Some(set);
        set
    }

    /// Tells the Node Switches their zones, where a list of backends speaks of one.
    fn finish(self) {
        let Maker { network, cluster, zones, .. } = self;
        let lists = network.backends.iter();
        let zoned = |at: Scope| matches!(at, Scope::Zone(_));
        if !lists.flat_map(|list| &list.members).any(|backend| zoned(backend.at)) {
            return;
        }
        network.zones = zones.iter().map(|zone| Box::from(*zone)).collect();
        for (node, fib) in cluster.nodes.iter().zip(&mut network.fibs) {
            if let Some(fib) = fib {
                fib.me.zone = endpoints::zone(&zones, node.zone.as_deref());
            }
        }
    }
}
