//! G1 to G8: which elements and links a cluster has, and the facts about them.

use std::net::IpAddr;

use fibula_cluster::{Cluster, ObjectId, Place, Pod, Protocol};
use fibula_network::{
    Addr, Element, ElementId, Entity, Facts, Fib, Kind, Links, Listener, Me, Mesh, Network, Open,
    PipelineId, PlaceId, Port, Proto, ServiceId,
};

use crate::place::place_id;
use crate::{Daemon, Intent, Refinement};

/// The process that says at a Node whether a load balancer finds an endpoint there (SVC-59): the one
/// that acts for Services.
const PROXY: &str = "kube-proxy";

/// A network under construction.
struct Maker {
    network: Network,
}

/// The elements of a cluster (G1 to G4), their hosts, ports and addresses. The Nodes come first,
/// in the cluster's order.
pub(crate) fn elements(cluster: &Cluster, intent: &Intent) -> Network {
    // G2: the daemons of a Node are what the user names, what tells load balancers of endpoints,
    // and the containers of its host-network pods (NM-14).
    let daemons = of_every_node(cluster, intent);
    let mut maker = Maker::with_room(cluster, daemons.len());
    // G4
    for node in &cluster.nodes {
        let place = node.object.map_or(PlaceId::NONE, object_place);
        let id = maker.switch(Kind::Node, node.name.as_str().into(), None, place);
        maker.addresses(id, &node.addresses);
    }
    if intent.has(Refinement::R3) {
        let outside = maker.switch(Kind::Outside, "outside".into(), None, PlaceId::NONE);
        maker.element(Kind::World, "world".into(), Some(outside), PlaceId::NONE);
    }
    // G2
    for (i, node) in cluster.nodes.iter().enumerate() {
        let host = ElementId(i as u32);
        for ports in daemons.chunk_by(|a, b| a.name == b.name) {
            let Everywhere { name, place, .. } = ports[0];
            let id = maker.element(Kind::Daemon, path([&node.name, name]), Some(host), place);
            for daemon in ports {
                maker.open(id, host, daemon.port, daemon.place);
            }
        }
    }
    for pod in cluster.pods.iter().filter(|pod| pod.live) {
        let node = ElementId(pod.node as u32);
        if pod.host_network {
            maker.containers(pod, Kind::Daemon, node);
        } else if !pod.addresses.is_empty() {
            // G3
            let name = path([&pod.namespace, &pod.name]);
            let id = maker.switch(Kind::Pod, name, Some(node), object_place(pod.object));
            maker.addresses(id, &pod.addresses);
            maker.containers(pod, Kind::Container, id);
        }
    }
    for service in cluster.services.iter().filter(|service| !service.cluster_ips.is_empty()) {
        maker.service(&service.namespace, &service.name, &service.cluster_ips);
    }
    maker.finish()
}

/// A port of a process that every Node has.
#[derive(Clone, Copy)]
struct Everywhere<'a> {
    name: &'a str,
    /// Where it is said, if in an object.
    place: PlaceId,
    port: Port,
}

/// The processes of every Node, by name: those that are in no object, and the proxy, if a Service
/// has a port for health checks (SVC-59). It takes every connection there, whatever it answers.
fn of_every_node<'a>(cluster: &'a Cluster, intent: &'a Intent) -> Vec<Everywhere<'a>> {
    let named = |daemon: &'a Daemon| {
        let Daemon { name, port } = daemon;
        Everywhere { name, place: PlaceId::NONE, port: *port }
    };
    let mut all: Vec<Everywhere<'_>> = intent.daemons.iter().map(named).collect();
    let proxied = cluster.services.iter().filter(|service| service.proxied);
    all.extend(proxied.filter_map(|service| {
        let (place, port) = (object_place(service.object), Port::tcp(service.health_check_port?));
        Some(Everywhere { name: PROXY, place, port })
    }));
    // Two Services with one port: the first of the cluster has it.
    all.sort_by_key(|daemon| (daemon.name, daemon.port));
    all.dedup_by_key(|daemon| (daemon.name, daemon.port));
    all
}

/// The links of a cluster's elements.
pub(crate) fn links(network: &Network) -> Links {
    // G5, G6, G7: each element and its host; and the world with the outside.
    let hosts = network.facts.host.iter().enumerate();
    let hosted = hosts.filter_map(|(i, host)| Some((ElementId(i as u32), (*host)?)));
    // R3: each Node with the outside.
    let outside = network.of_kind(Kind::Outside).next();
    let nodes: Vec<ElementId> = network.of_kind(Kind::Node).collect();
    let edges = outside.into_iter().flat_map(|outside| nodes.iter().map(move |n| (*n, outside)));
    // G8
    let mesh = Mesh { members: nodes.clone(), ..Mesh::default() };
    Links::new(network.elements.len(), hosted.chain(edges), vec![mesh])
}

// === impl Maker ===

impl Maker {
    /// Room for the elements of a cluster, so that lists of a million items never move.
    fn with_room(cluster: &Cluster, daemons: usize) -> Maker {
        let containers: usize = cluster.pods.iter().map(|pod| pod.containers.len()).sum();
        let switches = cluster.nodes.len() + cluster.pods.len();
        let elements = switches + containers + cluster.nodes.len() * daemons + 2;
        let mut network = Network::default();
        network.elements.reserve_exact(elements);
        network.fibs.reserve_exact(elements);
        network.facts.host.reserve_exact(elements);
        network.facts.addr.reserve(switches + cluster.services.len());
        network.facts.open.reserve(elements);
        Maker { network }
    }

    fn element(
        &mut self,
        kind: Kind,
        name: Box<str>,
        host: Option<ElementId>,
        place: PlaceId,
    ) -> ElementId {
        let id = ElementId(self.network.elements.len() as u32);
        self.network.elements.push(Element { kind, name, place });
        self.network.facts.host.push(host);
        self.network.fibs.push(None);
        id
    }

    fn switch(
        &mut self,
        kind: Kind,
        name: Box<str>,
        host: Option<ElementId>,
        place: PlaceId,
    ) -> ElementId {
        let id = self.element(kind, name, host, place);
        let me = Me { host, ..Me::default() };
        self.network.fibs[id.index()] = Some(Fib { pipeline: PipelineId(0), me });
        id
    }

    /// G1: the containers of a pod, each a process of `host`.
    fn containers(&mut self, pod: &Pod, kind: Kind, host: ElementId) {
        for container in &pod.containers {
            let name = path([&pod.namespace, &pod.name, &container.name]);
            let id = self.element(kind, name, Some(host), place_id(container.place));
            for port in &container.ports {
                let proto = proto(port.protocol);
                self.open(id, host, Port { proto, number: port.number }, place_id(port.place));
            }
        }
    }

    fn addresses(&mut self, id: ElementId, addresses: &[IpAddr]) {
        let addresses: Vec<Addr> = addresses.iter().map(|ip| Addr::from(*ip)).collect();
        let facts = addresses.iter().map(|addr| (Entity::Switch(id), *addr));
        self.network.facts.addr.extend(facts);
        if let Some(fib) = &mut self.network.fibs[id.index()] {
            fib.me.own = addresses;
        }
    }

    fn open(&mut self, process: ElementId, host: ElementId, port: Port, place: PlaceId) {
        self.network.facts.open.push(Open { process, port, place });
        if let Some(fib) = &mut self.network.fibs[host.index()] {
            // A pod has one or two: room for four would be most of its size.
            if fib.me.listeners.len() < 2 {
                fib.me.listeners.reserve_exact(1);
            }
            fib.me.listeners.push(Listener { port, process, place });
        }
    }

    fn service(&mut self, namespace: &str, name: &str, addresses: &[IpAddr]) {
        let facts = &mut self.network.facts;
        let id = ServiceId(facts.services.len() as u32);
        facts.services.push(path([namespace, name]));
        facts.addr.extend(addresses.iter().map(|ip| (Entity::Service(id), Addr::from(*ip))));
    }

    fn finish(mut self) -> Network {
        let Facts { addr, open, .. } = &mut self.network.facts;
        addr.sort_unstable();
        addr.dedup();
        open.sort_unstable();
        open.dedup_by_key(|open| (open.process, open.port));
        for fib in self.network.fibs.iter_mut().flatten() {
            fib.me.own.sort_unstable();
            fib.me.own.dedup();
            // Where two containers share a port, the first of the pod has it (NM-2).
            fib.me.listeners.sort_by_key(|listener| listener.port);
        }
        self.network
    }
}

/// The name of what is in something else: `shop/web/server`.
fn path<const N: usize>(names: [&str; N]) -> Box<str> {
    names.join("/").into()
}

/// A protocol, as headers have it.
pub(crate) fn proto(protocol: Protocol) -> Proto {
    match protocol {
        Protocol::Tcp => Proto::Tcp,
        Protocol::Udp => Proto::Udp,
        Protocol::Sctp => Proto::Sctp,
    }
}

/// A port of a Service, by its index in `spec.ports`.
pub(crate) fn port_place(service: ObjectId, index: u16) -> PlaceId {
    place_id(Place { object: service, container: None, port: Some(index) })
}

/// An object as a whole.
pub(crate) fn object_place(object: ObjectId) -> PlaceId {
    place_id(Place { object, container: None, port: None })
}
