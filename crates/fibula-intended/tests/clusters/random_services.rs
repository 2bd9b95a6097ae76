//! Random Services: every policy, way in and state of an endpoint.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Endpoint, HostPort, Service, ServiceKind, ServicePort};
use proptest::collection::vec;
use proptest::prelude::*;

use super::services::{balancer, ending, hinted, port, ready, unready};
use super::{ips, service};

/// A Service that is yet to get its addresses.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    ports: Vec<u16>,
    /// Ways in, and policies.
    node_port: bool,
    external: bool,
    balancer: Option<bool>,
    guarded: bool,
    internal_local: bool,
    external_local: bool,
    proxied: bool,
    endpoints: Vec<Behind>,
}

/// An endpoint that is yet to get its address.
#[derive(Clone, Debug)]
struct Behind {
    /// Of which entity: the pods, then the Nodes.
    of: usize,
    port: usize,
    number: u16,
    state: u8,
    hints: u8,
}

/// Random Services; shrinks towards plainer ones.
pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let behind = (0..12usize, 0..2usize, prop_oneof![Just(8080u16), Just(53)], 0..6u8, 0..4u8);
    let behind = behind.prop_map(|(of, port, number, state, hints)| Behind {
        of,
        port,
        number,
        state,
        hints,
    });
    let ports = prop_oneof![3 => Just(vec![80u16]), 1 => Just(vec![]), 2 => Just(vec![80, 81])];
    let ways = (any::<bool>(), any::<bool>(), proptest::option::of(any::<bool>()), any::<bool>());
    let policies = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.9));
    (ports, ways, policies, vec(behind, 0..6)).prop_map(|(ports, ways, policies, endpoints)| {
        let (node_port, external, balancer, guarded) = ways;
        let (internal_local, external_local, proxied) = policies;
        Plan {
            ports,
            node_port,
            external,
            balancer,
            guarded,
            internal_local,
            external_local,
            proxied,
            endpoints,
        }
    })
}

/// The Service of a plan, the `index`th, with these ClusterIPs. No other has its addresses and
/// nodePorts.
pub(super) fn made(cluster: &Cluster, index: usize, cluster_ips: &[&str], plan: &Plan) -> Service {
    let open = plan.node_port || plan.balancer.is_some();
    let number = |i: usize| 30000 + (index * 10 + i) as u16;
    let ports = plan.ports.iter().enumerate().map(|(i, at)| ServicePort {
        node_port: plan.node_port.then(|| number(i)),
        ..port(i as u16, *at)
    });
    let addrs = |last: usize| [format!("192.0.2.{last}"), format!("2001:db8:1::{last}")];
    let given = plan.balancer.map(|proxy| addrs(100 + index).map(|ip| balancer(&ip, proxy)));
    let external = if plan.external { addrs(index).to_vec() } else { vec![] };
    let ranges: &[&str] = if plan.guarded { &["10.0.1.0/24", "10.0.0.1/32"] } else { &[] };
    let mut endpoints: Vec<Endpoint> =
        plan.endpoints.iter().flat_map(|behind| behind.made(cluster)).collect();
    endpoints.retain(|endpoint| usize::from(endpoint.port) < plan.ports.len());
    endpoints.sort_by_key(|endpoint| (endpoint.port, endpoint.addr, endpoint.number));
    endpoints.dedup_by_key(|endpoint| (endpoint.port, endpoint.addr, endpoint.number));
    Service {
        kind: match plan.balancer {
            Some(_) => ServiceKind::LoadBalancer,
            None if open => ServiceKind::NodePort,
            None => ServiceKind::ClusterIp,
        },
        proxied: plan.proxied,
        ports: ports.collect(),
        external_ips: external.iter().flat_map(|ip| ips(&[ip])).collect(),
        balancers: given.into_iter().flatten().collect(),
        source_ranges: ranges.iter().map(|net| net.parse().expect("a range")).collect(),
        internal_local: plan.internal_local,
        external_local: plan.external_local && (open || plan.external),
        endpoints,
        ..service(&format!("s{index}"), cluster_ips)
    }
}

/// Gives each Node a zone, but one in three, and some pods a hostPort that no other has.
pub(super) fn furnish(cluster: &mut Cluster) {
    for (i, node) in cluster.nodes.iter_mut().enumerate() {
        node.zone = [Some("a"), None, Some("b")][i % 3].map(str::to_owned);
    }
    for (i, pod) in cluster.pods.iter_mut().enumerate().filter(|(i, _)| i % 2 == 0) {
        for port in pod.containers.iter_mut().flat_map(|container| &mut container.ports).take(1) {
            port.host = Some(HostPort { number: 40000 + i as u16, ip: None });
        }
    }
}

// === impl Behind ===

impl Behind {
    /// In each family that its entity has.
    fn made(&self, cluster: &Cluster) -> Vec<Endpoint> {
        let pods = cluster.pods.iter().filter(|pod| pod.live && !pod.host_network);
        let pods = pods.map(|pod| (&pod.addresses, pod.node));
        let nodes = cluster.nodes.iter().enumerate().map(|(i, node)| (&node.addresses, i));
        let all: Vec<(&Vec<IpAddr>, usize)> = pods.chain(nodes).collect();
        let (addrs, node) = all[self.of % all.len()];
        let made = |addr: &IpAddr| {
            let addr = addr.to_string();
            let endpoint = match self.state {
                0 => unready(&addr, node),
                1 => ending(&addr, node),
                2 => Endpoint { node: None, ..ready(&addr, node) },
                _ => ready(&addr, node),
            };
            let endpoint = match self.hints {
                1 => hinted(endpoint, &["a"], &[]),
                2 => hinted(endpoint, &["b"], &[node]),
                _ => endpoint,
            };
            Endpoint { port: self.port as u16, number: self.number, ..endpoint }
        };
        addrs.iter().map(made).collect()
    }
}
