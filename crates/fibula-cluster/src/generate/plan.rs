//! Numbers to names and addresses: where everything of a generated cluster lies.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Shape;
use crate::api::{
    Metadata, Node, NodeAddress, NodeSpec, NodeStatus, ServiceCidr, ServiceCidrSpec, ZONE,
};
use crate::object::Object;

/// How many zones the Nodes are in.
const ZONES: usize = 3;

/// A shape within its bounds.
///
/// | | IPv4 | IPv6 |
/// |---|---|---|
/// | pods | a block a Node from 10.0.0.0 on, /24 or as big as its pods need | fd00:10:0:NODE::/64 |
/// | Nodes | 172.16.0.0/16 | fd00:20::/64 |
/// | Services | 10.96.0.0/12 | fd00:96::/108 |
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) nodes: usize,
    pub(super) pods: usize,
    pub(super) namespaces: usize,
    pub(super) apps: usize,
    pub(super) containers: usize,
    pub(super) ports: usize,
    pub(super) services: usize,
    pub(super) dual_stack: bool,
    pub(super) host_network: u8,
    pub(super) workloads: bool,
    /// How many bits of an address tell the pods of one Node apart.
    host_bits: u32,
}

impl Plan {
    pub(super) fn new(shape: &Shape) -> Self {
        let nodes = shape.nodes.clamp(1, 20_000);
        let pods = shape.pods.min(1_000_000);
        let services = shape.services.min(1_000_000);
        let of_a_node = pods.div_ceil(nodes) + 2;
        Self {
            seed: shape.seed,
            nodes,
            pods,
            namespaces: shape.namespaces.clamp(1, 50_000),
            // A Service of its own for each app where there are enough pods, else three pods each.
            apps: if services == 0 { pods.div_ceil(3) } else { services.min(pods) }.max(1),
            containers: shape.containers.clamp(1, 50),
            ports: shape.ports.min(100),
            services,
            dual_stack: shape.dual_stack,
            host_network: shape.host_network,
            workloads: shape.workloads,
            host_bits: of_a_node.next_power_of_two().trailing_zeros().max(8),
        }
    }

    /// The app of a pod; apps are runs of pods, as even as can be.
    pub(super) fn app_of(&self, pod: usize) -> usize {
        pod * self.apps / self.pods.max(1)
    }

    /// How many pods an app has.
    pub(super) fn pods_of(&self, app: usize) -> usize {
        let first = |app: usize| (app * self.pods).div_ceil(self.apps);
        first(app + 1) - first(app)
    }

    pub(super) fn namespace(&self, index: usize) -> String {
        format!("team-{}", letters(index))
    }

    /// The namespace of an app; namespaces are runs of apps.
    pub(super) fn namespace_of(&self, app: usize) -> String {
        self.namespace(app * self.namespaces / self.apps)
    }

    pub(super) fn node_name(&self, node: usize) -> String {
        format!("node-{:05}", node + 1)
    }

    pub(super) fn node(&self, index: usize) -> Object {
        let addresses = self.node_addresses(index).into_iter();
        let internal = |address| NodeAddress { kind: "InternalIP".to_owned(), address };
        let hostname = NodeAddress { kind: "Hostname".to_owned(), address: self.node_name(index) };
        let cidr = format!("{}/{}", Ipv4Addr::from(self.block(index)), 32 - self.host_bits);
        let v6 = self.dual_stack.then(|| format!("{}/64", Ipv6Addr::from(block_v6(index))));
        Object::Node(Box::new(Node {
            metadata: Metadata {
                name: self.node_name(index),
                labels: [(ZONE, format!("zone-{}", index % ZONES + 1))].into_iter().collect(),
                ..Metadata::default()
            },
            spec: NodeSpec {
                pod_cidr: cidr.clone(),
                pod_cidrs: [cidr].into_iter().chain(v6).collect(),
            },
            status: NodeStatus { addresses: addresses.map(internal).chain([hostname]).collect() },
        }))
    }

    pub(super) fn service_cidr(&self) -> Object {
        let v6 = self.dual_stack.then(|| "fd00:96::/108".to_owned());
        Object::ServiceCidr(Box::new(ServiceCidr {
            metadata: Metadata { name: "kubernetes".to_owned(), ..Metadata::default() },
            spec: ServiceCidrSpec {
                cidrs: ["10.96.0.0/12".to_owned()].into_iter().chain(v6).collect(),
            },
        }))
    }

    /// A pod's addresses: it is one of its Node's pods, and counted within them.
    pub(super) fn pod_addresses(&self, pod: usize) -> Vec<String> {
        let (node, slot) = (pod % self.nodes, pod / self.nodes + 1);
        self.both(self.block(node) + low(slot), block_v6(node) + slot as u128)
    }

    pub(super) fn node_addresses(&self, node: usize) -> Vec<String> {
        let v4 = u32::from(Ipv4Addr::new(172, 16, 0, 0)) + low(node + 1);
        let v6 = u128::from(Ipv6Addr::new(0xfd00, 0x20, 0, 0, 0, 0, 0, 0));
        self.both(v4, v6 + node as u128 + 1)
    }

    pub(super) fn service_addresses(&self, service: usize) -> Vec<String> {
        let v4 = u32::from(Ipv4Addr::new(10, 96, 0, 0)) + low(service + 1);
        let v6 = u128::from(Ipv6Addr::new(0xfd00, 0x96, 0, 0, 0, 0, 0, 0));
        // 2^20 addresses in each.
        self.both(v4, v6 + service as u128 + 1)
    }

    /// Whether chance, `percent` in 100, says yes to these numbers.
    pub(super) fn chance(&self, of: &[usize], percent: u8) -> bool {
        self.random(of).next() % 100 < u64::from(percent)
    }

    /// The chance that belongs to these numbers.
    pub(super) fn random(&self, of: &[usize]) -> SplitMix {
        of.iter().fold(SplitMix(self.seed), |mut random, &n| SplitMix(random.next() ^ n as u64))
    }

    fn both(&self, v4: u32, v6: u128) -> Vec<String> {
        let v6 = self.dual_stack.then(|| Ipv6Addr::from(v6).to_string());
        [Ipv4Addr::from(v4).to_string()].into_iter().chain(v6).collect()
    }

    /// Within 10.0.0.0 to 10.95.255.255 for every shape within its bounds.
    fn block(&self, node: usize) -> u32 {
        u32::from(Ipv4Addr::new(10, 0, 0, 0)) + (low(node) << self.host_bits)
    }
}

/// SplitMix64: small, and the same everywhere.
pub(super) struct SplitMix(u64);

impl SplitMix {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most`.
    pub(super) fn up_to(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % (most as u64 + 1)).unwrap_or(0)
    }
}

/// A number as five letters, which sort as the number does.
pub(super) fn letters(number: usize) -> String {
    let digit = |power: u32| char::from(b'a' + (number / 26_usize.pow(power) % 26) as u8);
    (0..5).rev().map(digit).collect()
}

/// A number that the bounds of a shape keep small.
fn low(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn block_v6(node: usize) -> u128 {
    let node = u16::try_from(node).unwrap_or(u16::MAX);
    u128::from(Ipv6Addr::new(0xfd00, 0x10, 0, node, 0, 0, 0, 0))
}
