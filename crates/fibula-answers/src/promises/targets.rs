//! At which ports targets are meant.

use std::collections::BTreeMap;
use std::rc::Rc;

use fibula_cluster::promise::{self, Said, Verb};
use fibula_cluster::{Endpoint, Protocol, Service, ServicePort};
use fibula_network::ranges::{tidy, without};
use fibula_network::{Addr, ElementId, Port, Range};

use super::picked::Picked;
use super::scene::{Atoms, Scene};
use super::sets::{Index, Set};
use super::unknown::Unknown;
use super::{Doubt, Wrong, is_pod};
use crate::names::{Meant, proto, served};
use crate::reach::Ports;
use crate::unread::beside;

/// Targets at the same ports.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) pods: Picked,
    pub(super) nodes: Picked,
    /// Addresses, sorted and apart: those of the world that are among them.
    pub(super) world: Vec<Range>,
    pub(super) ports: Ports,
}

/// What a promise says of targets.
#[derive(Default)]
pub(super) struct Targets {
    pub(super) all: Vec<Target>,
    /// Ports of Services that are to be reached by their ClusterIPs, as indices into the cluster's.
    pub(super) services: Vec<(usize, Port)>,
    /// Names that have no address, why, and the statement that says so.
    pub(super) nameless: Vec<(String, &'static str)>,
    pub(super) doubts: Vec<Doubt>,
    /// What was not read and could change who is behind a Service that is meant.
    pub(super) unknown: Unknown,
    pub(super) wrong: Vec<Wrong>,
}

/// Switches and addresses by the ports that are meant there.
type ByPorts = BTreeMap<Ports, (Vec<ElementId>, Vec<Range>)>;

/// What is looked up with.
struct Finder<'f, 'a> {
    scene: &'f Scene<'a>,
    index: &'f Index<'a>,
    /// Whether each target is to be reached; else none is, or they alone may be.
    reach: bool,
    found: Targets,
}

/// The targets of a promise.
pub(super) fn targets(
    scene: &Scene<'_>,
    index: &Index<'_>,
    said: &[(Said, Rc<Set>)],
    ports: &[promise::Ports],
    verb: Verb,
) -> Targets {
    let reach = verb == Verb::Reaches;
    let mut finder = Finder { scene, index, reach, found: Targets::default() };
    for (said, set) in said {
        let own = said.port.as_ref().map(std::slice::from_ref).unwrap_or(ports);
        finder.add(said, &set.of_cluster(reach), own);
        for at in &set.services {
            finder.service(said, *at, own);
        }
    }
    finder.found
}

/// Ports by number.
fn numbers(ports: &[promise::Ports]) -> Option<Ports> {
    let number = |ports: &promise::Ports| match ports {
        promise::Ports::Range { protocol, first, last } => {
            Some((proto(*protocol), (u32::from(*first), u32::from(*last))))
        }
        promise::Ports::Named(_) => None,
    };
    Some(Ports::new(ports.iter().map(number).collect::<Option<Vec<_>>>()?))
}

// === impl Target ===

impl Target {
    /// Whether nobody is meant.
    pub(super) fn is_none(&self) -> bool {
        self.pods.is_none() && self.nodes.is_none() && self.world.is_empty()
    }

    /// The same without those of another.
    pub(super) fn but(self, atoms: &Atoms, other: &Target) -> Target {
        let (pods, nodes) =
            (self.pods.but(atoms, &other.pods), self.nodes.but(atoms, &other.nodes));
        let world = without(&self.world, &other.world);
        Target { pods, nodes, world, ..self }
    }
}

// === impl Finder ===

impl Finder<'_, '_> {
    fn wrong(&mut self, said: &Said, expected: String, help: Option<&str>) {
        let (path, got) = (said.path.clone(), said.to_string());
        let help = help.map(str::to_owned);
        self.found.wrong.push(Wrong { path, expected, got, help });
    }

    /// Pods, Nodes and addresses.
    fn add(&mut self, said: &Said, set: &Set, ports: &[promise::Ports]) {
        let some = set.all_pods || set.has_nodes() || !set.pods.is_empty();
        if !some && set.world.is_empty() {
            return;
        }
        let atoms = &self.scene.atoms;
        let all = match ports {
            [] if self.reach => None,
            [] => Some(Ports::all()),
            ports => numbers(ports),
        };
        if let Some(ports) = all {
            let (pods, nodes) = (set.pods(atoms), set.nodes(atoms));
            self.found.all.push(Target { pods, nodes, world: set.world.clone(), ports });
            return;
        }
        if !some {
            return self.wrong(said, "a target with a port, such as world:443".to_owned(), None);
        }
        let network = self.scene.network();
        let mut by_ports = ByPorts::new();
        let pods = network.of_kind(fibula_network::Kind::Pod);
        let pods: Vec<ElementId> = pods.filter(|id| set.pods(atoms).has(*id)).collect();
        let nodes = network.of_kind(fibula_network::Kind::Node);
        let nodes: Vec<ElementId> = nodes.filter(|id| set.nodes(atoms).has(*id)).collect();
        for id in pods.into_iter().chain(nodes) {
            let own = self.own(id, ports);
            if !own.is_empty() {
                by_ports.entry(own).or_default().0.push(id);
            }
        }
        if by_ports.is_empty() {
            let names: Vec<String> = ports.iter().map(ToString::to_string).collect();
            return match names.is_empty() {
                true => self.wrong(
                    said,
                    "a target with a port: none is declared there".to_owned(),
                    Some("say it behind the name, as in db:5432, or in `ports`"),
                ),
                false => self.wrong(
                    said,
                    format!("somebody who declares a port {}", names.join(" or ")),
                    None,
                ),
            };
        }
        self.by_ports(by_ports);
    }

    /// The ports that somebody declares, or that are called so there.
    fn own(&self, id: ElementId, ports: &[promise::Ports]) -> Ports {
        let one = |port: Port| (port.proto, (u32::from(port.number), u32::from(port.number)));
        if ports.is_empty() {
            return Ports::new(self.scene.declared(id).map(one));
        }
        let pod = self.index.pod(id);
        let called = |name: &str| {
            let lasting = pod.into_iter().flat_map(|pod| &pod.containers).filter(|c| c.lasting);
            let mut ports = lasting.flat_map(|container| &container.ports);
            let port = ports.find(|port| port.name.as_deref() == Some(name))?;
            Some(one(Port { proto: proto(port.protocol), number: port.number }))
        };
        Ports::new(ports.iter().filter_map(|ports| match ports {
            promise::Ports::Range { protocol, first, last } => {
                Some((proto(*protocol), (u32::from(*first), u32::from(*last))))
            }
            promise::Ports::Named(name) => called(name),
        }))
    }

    fn by_ports(&mut self, by_ports: ByPorts) {
        let (network, atoms) = (self.scene.network(), &self.scene.atoms);
        for (ports, (elements, world)) in by_ports {
            let (pods, nodes) = elements.into_iter().partition(|id| is_pod(network, *id));
            self.found.all.push(Target {
                pods: Picked::of(atoms, pods),
                nodes: Picked::of(atoms, nodes),
                world: tidy(world),
                ports,
            });
        }
    }

    fn service(&mut self, said: &Said, at: usize, ports: &[promise::Ports]) {
        let Some(cluster) = self.scene.ground.cluster else { return };
        let service = &cluster.services[at];
        let path = format!("svc/{}/{}", service.namespace, service.name);
        if service.external_name.is_some() {
            return match served(cluster, at) {
                Some(Meant::Service(other)) if other != at => self.service(said, other, ports),
                _ => {
                    let to = service.external_name.as_deref().unwrap_or_default();
                    let why = format!("{path} is an alias of {to}, which is not in the cluster");
                    self.found.doubts.push(Doubt::Outside(why));
                }
            };
        }
        let headless = service.cluster_ips.is_empty();
        let offered: Vec<(u16, &ServicePort)> =
            (0u16..).zip(&service.ports).filter(|(i, p)| offers(service, *i, p, ports)).collect();
        if offered.is_empty() {
            let has: Vec<String> = service.ports.iter().map(called).collect();
            let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
            return self.wrong(said, format!("a port of {path}: it has {has}"), None);
        }
        if self.reach && !headless {
            let port =
                |port: &ServicePort| Port { proto: proto(port.protocol), number: port.number };
            return self.found.services.extend(offered.iter().map(|(_, p)| (at, port(p))));
        }
        if self.found.unknown.note(beside(self.scene.ground.unread, &service.namespace)) {
            return;
        }
        let mut by_ports = ByPorts::new();
        for (index, port) in offered {
            let ends = service.endpoints_of(index).iter();
            let mut ends: Vec<&Endpoint> = ends.filter(|end| end.ready || !self.reach).collect();
            // Clients of a headless Service use the ports of its endpoints.
            let meant = |end: &&Endpoint| {
                ports.iter().any(|ports| is_number(ports, port.protocol, end.number))
            };
            if headless && ends.iter().any(meant) {
                ends.retain(meant);
            }
            for end in ends {
                let number = u32::from(end.number);
                let ports = Ports::new([(proto(port.protocol), (number, number))]);
                let addr = Addr::from(end.addr);
                let (elements, world) = by_ports.entry(ports).or_default();
                match self.scene.network().owners_of(addr) {
                    [] => world.push(Range::one(addr)),
                    owners => elements.extend(owners.iter().map(|owner| owner.to)),
                }
            }
        }
        if by_ports.is_empty() && self.reach {
            let why = format!("{path} is headless, and none of its endpoints is ready");
            self.found.nameless.push((why, "DNS-3"));
        }
        self.by_ports(by_ports);
    }
}

/// What a port of a Service is called.
fn called(port: &ServicePort) -> String {
    Port { proto: proto(port.protocol), number: port.number }.to_string()
}

/// Whether a port of a Service is meant: by its number or name, and of a headless Service also by
/// those of its endpoints, which clients use.
fn offers(service: &Service, index: u16, port: &ServicePort, ports: &[promise::Ports]) -> bool {
    let is = |wanted: &promise::Ports| match wanted {
        promise::Ports::Named(name) => port.name.as_ref() == Some(name),
        promise::Ports::Range { .. } => {
            let mut ends = service.endpoints_of(index).iter();
            let headless = service.cluster_ips.is_empty();
            let meant = |number| is_number(wanted, port.protocol, number);
            meant(port.number) || headless && ends.any(|end| meant(end.number))
        }
    };
    ports.is_empty() || ports.iter().any(is)
}

/// Whether a number is among some ports.
fn is_number(ports: &promise::Ports, of: Protocol, number: u16) -> bool {
    match ports {
        promise::Ports::Range { protocol, first, last } => {
            *protocol == of && (*first..=*last).contains(&number)
        }
        promise::Ports::Named(_) => false,
    }
}
