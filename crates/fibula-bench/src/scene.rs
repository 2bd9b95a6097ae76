//! What is measured: clusters of a size and shape, and networks that were damaged.

use fibula_answers::constraints::verify;
use fibula_cluster::generate::{Shape, objects};
use fibula_cluster::{Cluster, Object, ObjectId, Options};
use fibula_intended::{Daemon, Intent, Listeners, Refinement, network};
use fibula_network::{Addr, Addrs, ElementId, Entity, Header, Kind, Network, Open, Proto, Range};

use crate::services;

/// A cluster that differs from the usual one, or a network that someone broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// As large clusters are.
    Plain,
    /// Everything has an IPv6 address too.
    DualStack,
    /// Each pod has ports of its own: no two Pod Switches have alike listeners.
    OwnPorts,
    /// R1 is off, and listeners are declared: every closed port is a loop.
    WithoutR1,
    /// A Pod has lost the link to its Node (G7).
    LostLink,
    /// A Node Switch has lost the entries that lead to one Pod (F4).
    LostEntry,
    /// Two Services a Node, of one port and 15 endpoints each and of every kind: 10,000 with 150,000
    /// endpoints at 5,000 Nodes.
    Services,
    /// The same without Services.
    NoServices,
}

// === impl Variant ===

impl Variant {
    /// Each variant.
    pub const ALL: [Variant; 8] = [
        Variant::Plain,
        Variant::DualStack,
        Variant::OwnPorts,
        Variant::WithoutR1,
        Variant::LostLink,
        Variant::LostEntry,
        Variant::Services,
        Variant::NoServices,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Plain => "plain",
            Variant::DualStack => "dual stack",
            Variant::OwnPorts => "own ports",
            Variant::WithoutR1 => "without R1",
            Variant::LostLink => "a lost link",
            Variant::LostEntry => "a lost entry",
            Variant::Services => "with Services",
            Variant::NoServices => "without Services",
        }
    }

    /// The shape of such a cluster.
    pub fn shape(self, nodes: usize) -> Shape {
        let dual_stack = self == Variant::DualStack;
        let usual = Shape { dual_stack, padding: true, ..Shape::of_nodes(nodes) };
        match self {
            // Of 31 pods one has finished, so that 30 are left.
            Variant::Services | Variant::NoServices => {
                Shape { pods: nodes * 31, containers: 1, ports: 1, ..usual }
            }
            _ => usual,
        }
    }

    /// The objects of such a cluster.
    pub fn objects(self, nodes: usize) -> Vec<(ObjectId, Object)> {
        let mut objects = objects(&self.shape(nodes));
        if self == Variant::OwnPorts {
            for (id, object) in &mut objects {
                let Object::Pod(pod) = object else { continue };
                let ports = pod.spec.containers.iter_mut().flat_map(|c| &mut c.ports);
                for (i, port) in (0..).zip(ports) {
                    port.container_port = 1 + (i64::from(id.0) * 7 + i) % 65_535;
                }
            }
        }
        match self {
            Variant::Services => services::mix(&mut objects),
            Variant::NoServices => {
                objects.retain(|(_, object)| !matches!(object, Object::Service(_)));
            }
            _ => {}
        }
        objects
    }

    /// The facts of such a cluster.
    pub fn cluster(self, nodes: usize) -> Cluster {
        Cluster::new(self.objects(nodes), &Options::default())
    }

    /// The network of such a cluster.
    pub fn network(self, cluster: &Cluster) -> Network {
        let mut intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
        if self == Variant::WithoutR1 {
            intent.without.push(Refinement::R1);
            intent.listeners = Listeners::Declared;
        }
        let mut network = network(cluster, &intent);
        let pod = network.of_kind(Kind::Pod).last();
        let Some((pod, node)) = pod.and_then(|pod| Some((pod, network.facts.host(pod)?))) else {
            return network;
        };
        match self {
            Variant::LostLink => network.links = network.links.without(pod, node),
            Variant::LostEntry => lose_entries(&mut network, node, pod),
            _ => {}
        }
        network
    }

    /// Whether the proof of such a network comes out as it must.
    pub fn right(self, network: &Network) -> bool {
        let proof = verify(network);
        match self {
            Variant::WithoutR1 | Variant::LostLink | Variant::LostEntry => proof.violated(),
            _ => proof.holds(),
        }
    }
}

/// Takes the entries that lead to a Pod from the FIB of its Node.
fn lose_entries(network: &mut Network, node: ElementId, pod: ElementId) {
    network.unshare(node);
    let own: Vec<Addr> = network.facts.addresses(Entity::Switch(pod)).collect();
    let Some(fib) = network.fib(node) else { return };
    for table in network.pipeline(fib.pipeline).to_vec() {
        let entries = &mut network.tables[table.0 as usize].entries;
        let to = |addr: &Addr| Addrs::In(Range::one(*addr));
        entries.retain(|entry| own.iter().all(|addr| entry.pattern.dst != to(addr)));
    }
}

/// A message from a container to an open port of a Pod of another Node: who sends it, and its
/// header. None in a network without such a pair.
pub fn message(network: &Network) -> Option<(ElementId, Header)> {
    let host = |id| network.facts.host(id);
    let from = network.of_kind(Kind::Container).next()?;
    let node = host(host(from)?)?;
    let far = |open: &&Open| {
        network.kind(open.process) == Kind::Container
            && open.port.proto == Proto::Tcp
            && host(open.process).and_then(host).is_some_and(|other| other != node)
    };
    let open = network.facts.open.iter().rev().find(far)?;
    let addr = |id| network.facts.addresses(Entity::Switch(id)).next();
    let header = Header {
        src: addr(host(from)?)?,
        sport: 40_000,
        dst: addr(host(open.process)?)?,
        dport: open.port.number,
        proto: Proto::Tcp,
    };
    Some((from, header))
}
