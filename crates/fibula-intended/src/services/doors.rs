//! SVC-20 to SVC-24 from outside: who brings messages to the Nodes.

use fibula_cluster::Service;
use fibula_network::{
    Action, Addr, Addrs, Backend, Backends, ElementId, Entry, Family, Hop, HopsId, Mark, Pattern,
    Scope, Source,
};

use super::fronts::{self, At, Front};
use super::{Maker, at, at_port, entry, node};
use crate::graph::port_place;
use crate::owners::Owned;
use crate::tables::Slot;

/// The entries of the outside.
#[derive(Default)]
pub(super) struct Doors {
    /// What rewrites targets.
    pub(super) balancers: Vec<Entry>,
    /// What rewrites sources.
    pub(super) balancer_source: Vec<Entry>,
    /// What leads to Nodes.
    pub(super) doors: Vec<Entry>,
}

pub(super) fn all(maker: &mut Maker<'_>, fronts: &[Front], owned: &Owned) -> Doors {
    let mut doors = Doors::default();
    if maker.cluster.nodes.is_empty() {
        return doors;
    }
    let mut all_nodes = None;
    for fronts in fronts.chunk_by(|a, b| a.backing() == b.backing()) {
        let (front, service) = (&fronts[0], &maker.cluster.services[fronts[0].service]);
        let place = port_place(service.object, service.ports[front.port].index);
        // SVC-59: a load balancer asks the Nodes, where it matters to which of them it turns.
        let mut checked = None;
        for front in fronts {
            let (addr, rule) = match front.at {
                // SVC-22: that somebody brings them there is taken for granted.
                At::External(addr) => (addr, "SVC-22"),
                At::Balancer(addr) if service.external_local => (addr, "SVC-59"),
                At::Balancer(addr) => (addr, "SVC-20"),
                At::ClusterIp(_) | At::Nodes => continue,
            };
            let known = if rule == "SVC-59" { &mut checked } else { &mut all_nodes };
            let nodes = || match rule {
                "SVC-59" => healthy(maker, service, front.family),
                _ => every(maker),
            };
            let hops = match *known {
                Some(hops) => hops,
                None => *known.insert(list(maker, nodes())),
            };
            let pattern = at_port(at(addr), front.number, front.proto);
            // What the world answers is not balanced: it belongs to a connection (NP-20).
            let pattern = Pattern { when: front.when.clone(), reply: Some(false), ..pattern };
            doors.doors.push(entry(rule, pattern, Action::Forward(Hop::OneOf(hops)), place));
        }
        if let Some(node_port) = service.ports[front.port].node_port {
            // An address that is a Node's or a pod's is no balancer's of its own: what is sent there
            // comes to its owner.
            let own = fronts::balancers(service, true, front.family);
            for addr in own.filter(|addr| !owned.has_owner(*addr)) {
                proxy(maker, &mut doors, front, addr, node_port);
            }
        }
    }
    doors
}

/// SVC-21: a load balancer that is a proxy itself. No Node knows its address: it takes messages and
/// sends its own to a nodePort, of a Node that says it can serve.
///
/// Without a nodePort nothing says where it would send them, and they are left to the world. Where
/// a port has two such addresses of a family, the first stands for both as the source.
fn proxy(maker: &mut Maker<'_>, doors: &mut Doors, front: &Front, addr: Addr, node_port: u16) {
    let service = &maker.cluster.services[front.service];
    let port = &service.ports[front.port];
    let place = port_place(service.object, port.index);
    let nodes = match service.external_local {
        true => healthy(maker, service, front.family),
        false => every(maker),
    };
    let first = |node: &ElementId| {
        let addrs = maker.cluster.nodes[node.index()].addresses.iter().map(|ip| Addr::from(*ip));
        addrs.into_iter().find(|addr| addr.family() == front.family)
    };
    let backend = |addr| Backend { at: Scope::Everywhere, addr, port: node_port, place };
    let members: Vec<Backend> = nodes.iter().filter_map(first).map(backend).collect();
    if members.is_empty() {
        return;
    }
    let name = fronts::name(service, port, front.family);
    let to = maker.backends(Backends::new(&format!("{name} at the Nodes"), members));
    let rewrite = Action::Rewrite { to, mark: Mark::Always, then: Slot::Egress.table() };
    let pattern = at_port(at(addr), port.number, front.proto);
    doors.balancers.push(entry("SVC-21", pattern, rewrite, place));
    let set = Addrs::Set(maker.node_set(front.family));
    let marked = Pattern { marked: Some(true), ..at_port(set, node_port, front.proto) };
    let masquerade = Action::Masquerade { by: Source::Is(addr), then: Slot::NextHop.table() };
    doors.balancer_source.push(entry("SVC-21", marked, masquerade, place));
}

fn list(maker: &mut Maker<'_>, nodes: Vec<ElementId>) -> HopsId {
    maker.network.hops.push(nodes);
    HopsId(maker.network.hops.len() as u32 - 1)
}

fn every(maker: &Maker<'_>) -> Vec<ElementId> {
    (0..maker.cluster.nodes.len()).map(node).collect()
}

/// The Nodes that a health check finds, by a ready endpoint of their own (SVC-59), at any port;
/// where it finds none, a load balancer has nothing to go by, and turns to any.
fn healthy(maker: &Maker<'_>, service: &Service, family: Family) -> Vec<ElementId> {
    let ready = service.endpoints.iter().filter(|endpoint| endpoint.ready);
    let ready = ready.filter(|endpoint| Addr::from(endpoint.addr).family() == family);
    let mut nodes: Vec<ElementId> =
        ready.filter_map(|endpoint| Some(node(endpoint.node?))).collect();
    nodes.sort_unstable();
    nodes.dedup();
    if nodes.is_empty() { every(maker) } else { nodes }
}
