//! Ports of Nodes that several want: pods of the host network, hostPorts and nodePorts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::ports::Number;
use super::services::name;
use super::{Finding, Severity, Told, list, pod_name, whole};
use crate::cluster::{Cluster, HostPort, Pod, Protocol};
use crate::place::Place;

/// A pod that wants a port of its Node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    node: usize,
    number: Number,
    /// The address at which it wants it; all where it is absent (POD-9).
    ip: Option<IpAddr>,
    pod: usize,
    /// Whether it is a hostPort, and not a port of the host network itself.
    forwarded: bool,
    place: Place,
}

/// Pods that want one port of one Node: those of the host network that declare it, for they share
/// the Node's ports (POD-8), and those with a hostPort (POD-9). Not where we chose the Node, for a
/// scheduler would have chosen another.
pub(super) fn taken_twice(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let placed = |claim: &Claim| cluster.pods[claim.pod].placed;
    let mut claims: Vec<Claim> = claims(cluster).filter(|claim| !placed(claim)).collect();
    claims.sort_unstable();
    claims.dedup_by_key(|claim| (claim.node, claim.number, claim.ip, claim.pod));

    // The same workloads on other Nodes are the same finding.
    #[derive(Default)]
    struct Conflict<'a> {
        forwarded: bool,
        nodes: BTreeSet<&'a str>,
        places: BTreeSet<Place>,
    }
    let mut alike: BTreeMap<(Number, BTreeSet<String>), Conflict<'_>> = BTreeMap::new();
    for same in claims.chunk_by(|a, b| (a.node, a.number) == (b.node, b.number)) {
        // Whoever wants all addresses is in the way of everyone (POD-9).
        let at_all = same[0].ip.is_none();
        for same in same.chunk_by(|a, b| at_all || a.ip == b.ip) {
            if same.iter().all(|claim| claim.pod == same[0].pod) {
                continue;
            }
            let workloads = same.iter().map(|claim| {
                let Pod { namespace, workload, .. } = &cluster.pods[claim.pod];
                format!("{namespace}/{}", workload.name)
            });
            let entry = alike.entry((same[0].number, workloads.collect())).or_default();
            entry.forwarded |= same.iter().any(|claim| claim.forwarded);
            entry.nodes.insert(cluster.nodes[same[0].node].name.as_str());
            entry.places.extend(same.iter().map(|claim| claim.place));
        }
    }
    for (((protocol, number), workloads), conflict) in alike {
        let workloads: Vec<String> = workloads.into_iter().collect();
        let nodes: Vec<&str> = conflict.nodes.into_iter().collect();
        let (rule, wanted) = match conflict.forwarded {
            true => ("POD-9", "is wanted by more than one pod, by a hostPort at least once, of"),
            false => ("POD-8", "is declared by more than one pod of the host network, of"),
        };
        let places = conflict.places.into_iter().collect();
        told.each("host-port-conflict", places, |places| Finding {
            id: "host-port-conflict",
            rule,
            severity: Severity::Warning,
            message: format!(
                "{} {number} of Node {} {wanted} {}",
                protocol.name(),
                list(&nodes),
                list(&workloads)
            ),
            places,
            subjects: workloads,
        });
    }
}

/// Every port of a Node that a live pod wants.
fn claims(cluster: &Cluster) -> impl Iterator<Item = Claim> {
    let live = cluster.pods.iter().enumerate().filter(|(_, pod)| pod.live);
    live.flat_map(|(index, pod)| {
        let ports = pod.containers.iter().flat_map(|container| &container.ports);
        ports.filter_map(move |port| {
            let HostPort { number, ip } = match (port.host, pod.host_network) {
                (Some(host), _) => host,
                (None, true) => HostPort { number: port.number, ip: None },
                (None, false) => return None,
            };
            Some(Claim {
                node: pod.node,
                number: (port.protocol, number),
                ip: ip.filter(|ip| !ip.is_unspecified()),
                pod: index,
                forwarded: port.host.is_some(),
                place: port.place,
            })
        })
    })
}

/// NodePorts that more than one Service has (SVC-7): a cluster gives each once.
pub(super) fn given_twice(told: &mut Told<'_>) {
    let cluster = told.cluster;
    for ((protocol, number), services) in node_ports(cluster) {
        if services.len() < 2 {
            continue;
        }
        let names: Vec<String> = services.iter().map(|&i| name(&cluster.services[i])).collect();
        let places = services.iter().map(|&i| whole(cluster.services[i].object)).collect();
        told.each("same-node-port", places, |places| Finding {
            id: "same-node-port",
            rule: "SVC-7",
            severity: Severity::Error,
            message: format!(
                "nodePort {} {number} is given to Services {}; a cluster gives each once",
                protocol.name(),
                list(&names)
            ),
            places,
            subjects: names,
        });
    }
}

/// NodePorts that are hostPorts of pods too: two sets of rules without an order between them
/// (POD-11).
pub(super) fn host_ports(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let node_ports = node_ports(cluster);
    if node_ports.is_empty() {
        return;
    }
    let mut both: BTreeMap<Number, Vec<Claim>> = BTreeMap::new();
    for claim in claims(cluster).filter(|claim| claim.forwarded) {
        if node_ports.contains_key(&claim.number) {
            both.entry(claim.number).or_default().push(claim);
        }
    }
    for ((protocol, number), claims) in both {
        let services = node_ports.get(&(protocol, number)).into_iter().flatten();
        let services: Vec<String> = services.map(|&i| name(&cluster.services[i])).collect();
        let pods: BTreeSet<String> =
            claims.iter().map(|claim| pod_name(&cluster.pods[claim.pod])).collect();
        let pods: Vec<String> = pods.into_iter().collect();
        let places: BTreeSet<Place> = claims.iter().map(|claim| claim.place).collect();
        told.each("node-port-is-host-port", places.into_iter().collect(), |places| Finding {
            id: "node-port-is-host-port",
            rule: "POD-11",
            severity: Severity::Warning,
            message: format!(
                "nodePort {} {number} of Service {} is a hostPort of {} too; which of them gets a \
                 message is not defined",
                protocol.name(),
                list(&services),
                list(&pods)
            ),
            places,
            subjects: services.into_iter().chain(pods).collect(),
        });
    }
}

/// The Services that have each nodePort, each once. A port for health checks is one too (SVC-59).
fn node_ports(cluster: &Cluster) -> BTreeMap<Number, BTreeSet<usize>> {
    let mut ports: BTreeMap<Number, BTreeSet<usize>> = BTreeMap::new();
    for (index, service) in cluster.services.iter().enumerate() {
        let own = service.ports.iter();
        let own = own.filter_map(|port| Some((port.protocol, port.node_port?)));
        let health = service.health_check_port.map(|number| (Protocol::Tcp, number));
        for number in own.chain(health) {
            ports.entry(number).or_default().insert(index);
        }
    }
    ports
}
