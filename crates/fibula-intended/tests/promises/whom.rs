//! Whom names mean, found one by one.

use std::collections::BTreeSet;

use fibula_cluster::promise::{Named, Ports, Said, Selected};
use fibula_cluster::{Namespace, Pod, Service};
use fibula_network::*;

use crate::Scene;

/// Somebody at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Pod(ElementId),
    Node(ElementId),
    World(Addr),
}

/// Addresses of the world, in which somebody could be meant.
pub(crate) const WORLD: [&str; 8] = [
    "10.0.1.77",
    "fd00:1::77",
    "8.8.8.8",
    "8.0.0.1",
    "198.51.100.9",
    "203.0.113.1",
    "2001:db8::9",
    "2600::1",
];

/// Everybody; of the world addresses on both sides of whatever entries tell apart there.
pub(crate) fn everybody(scene: &Scene) -> Vec<End> {
    let network = &scene.network;
    let mut world: BTreeSet<Addr> =
        WORLD.iter().map(|addr| addr.parse().expect("an address")).collect();
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    for addrs in entries.flat_map(|entry| [entry.pattern.src, entry.pattern.dst]) {
        let ranges = match addrs {
            Addrs::In(range) => vec![range],
            Addrs::Set(set) => network.set(set).ranges.clone(),
            _ => vec![],
        };
        for range in ranges {
            world.extend(
                [Some(range.lo), range.lo.previous(), Some(range.hi), range.hi.next()]
                    .into_iter()
                    .flatten(),
            );
        }
    }
    let cluster = &scene.cluster;
    let ends = cluster.services.iter().flat_map(|service| &service.endpoints);
    world.extend(ends.map(|end| Addr::from(end.addr)));
    let inside = |addr: &Addr| {
        let ip = std::net::IpAddr::from(*addr);
        ip.is_loopback()
            || cluster.ranges.iter().any(|range| range.net.contains(&ip))
            || cluster.services.iter().any(|service| {
                let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
                let mut all = service.cluster_ips.iter().chain(&service.external_ips).copied();
                all.any(|own| own == ip) || balancers.into_iter().any(|own| own == ip)
            })
    };
    world.retain(|addr| network.owners_of(*addr).is_empty() && !inside(addr));
    let pods = network.of_kind(Kind::Pod).map(End::Pod);
    let nodes = network.of_kind(Kind::Node).map(End::Node);
    pods.chain(nodes).chain(world.into_iter().map(End::World)).collect()
}

/// The object of a pod's switch.
pub(crate) fn pod(scene: &Scene, id: ElementId) -> &Pod {
    let name = &*scene.network.element(id).name;
    let mut pods = scene.cluster.pods.iter();
    pods.find(|pod| format!("{}/{}", pod.namespace, pod.name) == name).expect("a pod")
}

pub(crate) fn addresses(network: &Network, id: ElementId) -> Vec<Addr> {
    network.fib(id).map(|fib| fib.me.own.clone()).unwrap_or_default()
}

/// The Services that some of a promise names.
pub(crate) fn service<'s>(scene: &'s Scene, said: &Said) -> Option<&'s Service> {
    let Named::Name(name) = &said.who else { return None };
    let path = name.strip_prefix("svc/")?;
    let mut all = scene.cluster.services.iter();
    all.find(|service| format!("{}/{}", service.namespace, service.name) == path)
}

/// Whether somebody is meant, who is no Service; `perhaps`, if nobody knows (DR-22).
pub(crate) fn is(scene: &Scene, said: &Said, end: End, perhaps: bool) -> bool {
    let network = &scene.network;
    let within = |range: &Range| match end {
        End::Pod(id) | End::Node(id) => {
            addresses(network, id).iter().any(|addr| range.contains(*addr))
        }
        End::World(addr) => range.contains(addr),
    };
    match (&said.who, end) {
        (Named::Selected(Selected { cidr: Some(cidr), except, .. }), _) => {
            let range = |net: &ipnet::IpNet| Range::prefix(net.addr(), net.prefix_len());
            let meant = |addr: Addr| {
                range(cidr).contains(addr) && !except.iter().any(|e| range(e).contains(addr))
            };
            match end {
                End::Pod(id) | End::Node(id) => addresses(network, id).into_iter().any(meant),
                End::World(addr) => meant(addr),
            }
        }
        (Named::Selected(selected), End::Pod(id)) => {
            let pod = pod(scene, id);
            let home = &pod.namespace;
            let mut all = scene.cluster.namespaces.iter();
            let namespace = all.find(|namespace| namespace.name == *home);
            selected.namespace.as_ref().is_none_or(|name| name == home)
                && selected.namespaces.as_ref().is_none_or(|by| {
                    let name = "kubernetes.io/metadata.name";
                    let selects = |n: &Namespace| match n.object {
                        Some(_) => by.matches(&n.labels),
                        None => by.matches_partly(name, &n.name).unwrap_or(perhaps),
                    };
                    by.is_empty() || namespace.is_some_and(selects)
                })
                && selected.pods.as_ref().is_none_or(|pods| pods.matches(&pod.labels))
        }
        (Named::Selected(_), _) => false,
        (Named::Name(name), end) => match (&**name, end) {
            ("all", _) | ("pods", End::Pod(_)) | ("nodes", End::Node(_)) => true,
            ("world", End::World(_)) => true,
            ("pods" | "nodes" | "world", _) => false,
            (name, end) => match (name.parse::<Range>(), end) {
                (Ok(range), _) => within(&range),
                (Err(_), End::Pod(id)) => {
                    let pod = pod(scene, id);
                    let path = format!("{}/{}", pod.namespace, pod.name);
                    let labelled = |label: &str| {
                        let (key, value) = label.split_once('=').unwrap_or_default();
                        pod.labels.get(key) == Some(value)
                    };
                    match name.split_once('/') {
                        Some(("ns", namespace)) => pod.namespace == namespace,
                        Some(("pod", rest)) => rest == path,
                        Some((namespace, rest)) if rest.contains('=') => {
                            pod.namespace == namespace && labelled(rest)
                        }
                        Some(_) => name == path,
                        None => labelled(name),
                    }
                }
                (Err(_), End::Node(id)) => {
                    name.strip_prefix("node/") == Some(&*network.element(id).name)
                }
                (Err(_), End::World(_)) => false,
            },
        },
    }
}

/// Whether somebody is meant who is to reach, or to be reached: of a range those of the cluster, where
/// there are some.
pub(crate) fn reaches(scene: &Scene, said: &Said, end: End, perhaps: bool) -> bool {
    let range = match &said.who {
        Named::Selected(selected) => selected.cidr.is_some(),
        Named::Name(name) => name.parse::<Range>().is_ok(),
    };
    let inside = |end: &End| !matches!(end, End::World(_)) && is(scene, said, *end, perhaps);
    let some = range && everybody(scene).iter().any(inside);
    is(scene, said, end, perhaps) && !(some && matches!(end, End::World(_)))
}

/// Whether a port is meant at a target; where none is said, any, or if it is to be reached one that
/// is declared there.
pub(crate) fn at(scene: &Scene, ports: &[Ports], end: End, wanted: Port, reach: bool) -> bool {
    let own = |id: ElementId| {
        let facts = &scene.network.facts;
        facts.open.iter().filter(move |open| facts.host(open.process) == Some(id))
    };
    if ports.is_empty() {
        return match end {
            End::Pod(id) | End::Node(id) => !reach || own(id).any(|open| open.port == wanted),
            End::World(_) => !reach,
        };
    }
    ports.iter().any(|ports| match (ports, end) {
        (Ports::Range { protocol, first, last }, _) => {
            protocol.name() == wanted.proto.name() && (*first..=*last).contains(&wanted.number)
        }
        (Ports::Named(name), End::Pod(id)) => {
            let containers = pod(scene, id).containers.iter().filter(|c| c.lasting);
            let mut all = containers.flat_map(|container| &container.ports);
            let found = all.find(|port| port.name.as_deref() == Some(name));
            found.is_some_and(|port| {
                port.protocol.name() == wanted.proto.name() && port.number == wanted.number
            })
        }
        (Ports::Named(_), _) => false,
    })
}
