//! Random small clusters, with addresses that nobody shares.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Container, Pod, RangeKind, RangeSource};
use fibula_intended::{Daemon, Intent, Listeners};
use fibula_network::Port;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::random_services::{self, furnish};
use super::{container, node, pod, range, service};

/// A cluster, and what is taken for granted of it.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) cluster: Cluster,
    pub(crate) intent: Intent,
}

/// How much of a cluster there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) nodes: usize,
    pub(crate) pods: usize,
    pub(crate) services: usize,
    /// Whether there is IPv6, host networking, and one port in several containers of a pod; whether
    /// Services have ports, and Nodes zones and hostPorts.
    pub(crate) beyond_the_article: bool,
}

/// A pod that is yet to be placed.
#[derive(Clone, Debug)]
struct Plan {
    node: usize,
    state: State,
    containers: Vec<Vec<&'static str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    WithoutAddress,
    Finished,
    HostNetwork,
}

#[derive(Clone, Copy, Debug)]
enum Families {
    V4,
    V6,
    Both,
}

const PORTS: [&str; 7] = ["80", "8080", "8080/UDP", "53/UDP", "9999/SCTP", "10250", "65535"];
const DAEMONS: [&str; 4] = ["kubelet:10250", "proxy:10249", "proxy:10256", "dns:53/UDP"];

/// Random clusters of a shape; shrinks towards fewer and plainer objects.
pub(crate) fn drawn(shape: Shape) -> impl Strategy<Value = Drawn> {
    let Shape { nodes, pods, services, beyond_the_article: beyond } = shape;
    let families = if beyond {
        prop_oneof![Just(Families::V4), Just(Families::Both), Just(Families::V6)].boxed()
    } else {
        Just(Families::V4).boxed()
    };
    let daemons = subsequence(DAEMONS.to_vec(), 0..=DAEMONS.len());
    let plans = vec(plan(beyond), 0..=pods);
    let services =
        vec(random_services::plan().prop_map(move |plan| beyond.then_some(plan)), 0..=services);
    (1..=nodes, plans, services, daemons, families, any::<bool>(), any::<bool>()).prop_map(
        |(nodes, plans, services, daemons, families, ranges, declared)| {
            let daemons = daemons.iter().filter_map(|daemon| daemon.parse::<Daemon>().ok());
            Drawn {
                cluster: cluster(nodes, &plans, &services, families, ranges),
                intent: Intent {
                    without: vec![],
                    listeners: if declared { Listeners::Declared } else { Listeners::Unknown },
                    daemons: daemons.collect(),
                    ..Intent::default()
                },
            }
        },
    )
}

/// Random clusters in which a live pod has an address of another entity too, and that address.
pub(crate) fn shared(shape: Shape) -> impl Strategy<Value = (Drawn, IpAddr)> {
    (drawn(shape), any::<Index>(), any::<Index>()).prop_filter_map(
        "a pod and another address",
        |(mut drawn, taker, from)| {
            let pods = &drawn.cluster.pods;
            let live = |i: &usize| pods[*i].live && !pods[*i].addresses.is_empty();
            let live: Vec<usize> = (0..pods.len()).filter(live).collect();
            let taker = *live.get(taker.index(live.len().max(1)))?;
            let others = addresses(&drawn.cluster, taker);
            let addr = *others.get(from.index(others.len().max(1)))?;
            let own = &mut drawn.cluster.pods[taker].addresses;
            *own.iter_mut().find(|own| own.is_ipv4() == addr.is_ipv4())? = addr;
            Some((drawn, addr))
        },
    )
}

/// The addresses of everything but one pod.
fn addresses(cluster: &Cluster, but: usize) -> Vec<IpAddr> {
    let pods = cluster.pods.iter().enumerate();
    let pods = pods.filter(|(i, pod)| *i != but && pod.live && !pod.host_network);
    let pods = pods.flat_map(|(_, pod)| &pod.addresses);
    let nodes = cluster.nodes.iter().flat_map(|node| &node.addresses);
    let services = cluster.services.iter().flat_map(|service| &service.cluster_ips);
    pods.chain(nodes).chain(services).copied().collect()
}

fn plan(beyond: bool) -> impl Strategy<Value = Plan> {
    let others = if beyond { 1 } else { 0 };
    let state = prop_oneof![
        6 => Just(State::Running),
        1 => Just(State::WithoutAddress),
        1 => Just(State::Finished),
        others => Just(State::HostNetwork),
    ];
    let containers = vec(subsequence(PORTS.to_vec(), 0..=3), 1..=3);
    (0..5usize, state, containers).prop_map(move |(node, state, mut containers)| {
        if !beyond {
            let mut seen: Vec<Port> = vec![];
            let port = |text: &str| text.parse::<Port>().expect("a port");
            for ports in &mut containers {
                ports.retain(|text| !seen.contains(&port(text)));
                seen.extend(ports.iter().map(|text| port(text)));
            }
        }
        Plan { node, state, containers }
    })
}

fn cluster(
    nodes: usize,
    plans: &[Plan],
    services: &[Option<random_services::Plan>],
    families: Families,
    ranges: bool,
) -> Cluster {
    let of_families = |v4: String, v6: String| match families {
        Families::V4 => vec![v4],
        Families::V6 => vec![v6],
        Families::Both => vec![v4, v6],
    };
    let mut cluster = Cluster::default();
    for i in 1..=nodes {
        let addresses = of_families(format!("10.0.0.{i}"), format!("fd00::{i}"));
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        cluster.nodes.push(node(&format!("n{i}"), &addresses));
        let cidrs = of_families(format!("10.0.{i}.0/24"), format!("fd00:{i}::/64"));
        for cidr in cidrs.iter().filter(|_| ranges) {
            let from = RangeSource::PodCidr(format!("n{i}"));
            cluster.ranges.push(range(RangeKind::Pods, cidr, from));
        }
    }
    for (i, plan) in plans.iter().enumerate() {
        let node = plan.node % nodes;
        // A finished pod still shows an address, which another one has now (POD-6).
        let slot = if plan.state == State::Finished { 1 } else { i + 1 };
        let addresses =
            of_families(format!("10.0.{}.{slot}", node + 1), format!("fd00:{}::{slot}", node + 1));
        let addresses: Vec<&str> = match plan.state {
            State::Running | State::Finished => addresses.iter().map(String::as_str).collect(),
            State::WithoutAddress | State::HostNetwork => vec![],
        };
        let containers = plan.containers.iter().enumerate();
        let containers: Vec<Container> =
            containers.map(|(k, ports)| container(&format!("c{}-{k}", i + 1), ports)).collect();
        cluster.pods.push(Pod {
            live: plan.state != State::Finished,
            host_network: plan.state == State::HostNetwork,
            ..pod(&format!("p{}", i + 1), node, &addresses, containers)
        });
    }
    for (i, plan) in (1..).zip(services) {
        let addresses = of_families(format!("10.96.0.{i}"), format!("fd00:96::{i}"));
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let service = match plan {
            Some(plan) => random_services::made(&cluster, i, &addresses, plan),
            None => service(&format!("s{i}"), &addresses),
        };
        cluster.services.push(service);
    }
    if services.iter().any(Option::is_some) {
        furnish(&mut cluster);
    }
    let stated = of_families("10.96.0.0/16".to_owned(), "fd00:96::/112".to_owned());
    for net in stated.iter().filter(|_| ranges) {
        cluster.ranges.push(range(RangeKind::Services, net, RangeSource::Stated));
    }
    cluster
}
