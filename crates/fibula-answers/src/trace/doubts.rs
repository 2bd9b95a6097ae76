//! Why an answer is not certain: what could make it another one.

use std::net::IpAddr;

use fibula_cluster::{
    Cluster, Decides, Front, FrontAt, Range, RangeKind, RangeSource, Service, ServiceKind, Twins,
};
use fibula_network::walk::Verdict;
use fibula_network::{Addr, ElementId, Header, Kind, Network};

use super::placement::placement;
use super::service::{self, At};
use super::{Doubt, Ground, Trace, Unread, header_before, place};
use crate::names::proto;
use crate::unread::is_beside;

/// Where the API server takes a nodePort from, unless it is told otherwise (SVC-7).
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

/// What could make the answer another one, beside choices.
pub(crate) fn doubts(ground: Ground<'_>, trace: &Trace) -> Vec<Doubt> {
    let network = ground.network;
    let mut doubts = vec![];
    if let Some(cluster) = ground.cluster {
        let met = service::met(cluster, network, trace);
        if is_invented(cluster, trace, network) {
            doubts.push(Doubt::Invented);
        }
        doubts.extend(awaited(cluster, trace).map(|s| Doubt::NodePort(path(s))));
        doubts.extend(placement(ground, cluster, trace, &met).map(Doubt::Placement));
        let at = target_nodes(cluster, network, trace);
        let ends = end_nodes(network, trace);
        let behind = |twins: &Twins| met.iter().any(|at| stands_behind(twins, at.service));
        let twins = cluster.twins.iter();
        let twins = twins.filter(|t| concerns(t, &at, &ends, trace) || behind(t));
        doubts.extend(twins.map(|t| Doubt::Twins(t.called())));
        let unread = meshes(ground, trace, &met);
        if !unread.is_empty() {
            doubts.push(Doubt::Services(unread));
        }
    }
    let policies = policies(ground, trace);
    if !policies.is_empty() {
        doubts.push(Doubt::Policies(policies));
    }
    doubts
}

/// Whether an address is one that fibula invented, or may be one of a cluster whose ranges the
/// input does not say (DR-19): then it means something else there.
fn is_invented(cluster: &Cluster, trace: &Trace, network: &Network) -> bool {
    let dst = IpAddr::from(trace.header.dst);
    let known = |kind| {
        let mut ranges = cluster.ranges.iter().filter(move |range| range.kind == kind);
        ranges.any(|range| range.from != RangeSource::Invented)
    };
    let ours = |range: &Range| range.from == RangeSource::Invented && range.net.contains(&dst);
    let private = match dst {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    let leaves = trace.lives().any(|life| network.kind(life.ending.at) == Kind::World);
    let unknown = !cluster.pods.is_empty() && !known(RangeKind::Pods)
        || !cluster.services.is_empty() && !known(RangeKind::Services);
    trace.to.literal && (cluster.ranges.iter().any(ours) || private && leaves && unknown)
}

/// The Service that is still to get a nodePort, where the target could be it (SVC-7): a Node's
/// address, at a port of that range that no Service has yet.
fn awaited<'c>(cluster: &'c Cluster, trace: &Trace) -> Option<&'c Service> {
    let Header { dst, dport, proto: wanted, .. } = trace.header;
    if !NODE_PORTS.contains(&dport)
        || !service::is_node(cluster, dst)
        || service::at(cluster, trace.header).is_some()
    {
        return None;
    }
    let given = matches!(trace.to.port.number, n if n == dport);
    cluster.services.iter().find(|service| {
        let ports = service.ports.iter();
        let mut open = ports.filter(|p| p.node_port.is_none() && proto(p.protocol) == wanted);
        given && service.awaits_node_ports && open.next().is_some()
    })
}

/// The Nodes that have the target's address: their own, an external one, or the loopback of the
/// Node whose process sends (SVC-26).
fn target_nodes<'a>(cluster: &'a Cluster, network: &'a Network, trace: &Trace) -> Vec<&'a str> {
    let dst = trace.header.dst;
    if IpAddr::from(dst).is_loopback() {
        let host = network.facts.host(trace.from.process);
        let host = host.filter(|id| network.kind(*id) == Kind::Node);
        return host.map(|id| &*network.element(id).name).into_iter().collect();
    }
    let has = |ip: &IpAddr| Addr::from(*ip) == dst;
    let nodes = cluster.nodes.iter();
    let nodes = nodes.filter(|node| node.addresses.iter().chain(&node.external).any(has));
    nodes.map(|node| node.name.as_str()).collect()
}

/// Whether the target is this way in, where these Nodes have its address.
fn meets(front: &Front, nodes: &[&str], trace: &Trace) -> bool {
    let Header { dst, dport, proto: wanted, .. } = trace.header;
    let at = match &front.at {
        FrontAt::Address(ip) => Addr::from(*ip) == dst,
        FrontAt::Nodes => !nodes.is_empty(),
        FrontAt::Node(name) => nodes.contains(&name.as_str()),
    };
    at && wanted == proto(front.protocol) && (front.first..=front.last).contains(&dport)
}

/// The Nodes of both ends: of who sends, of what was named, and of where each life ends.
fn end_nodes<'a>(network: &'a Network, trace: &Trace) -> Vec<&'a str> {
    let named = trace.to.chosen.iter().flat_map(|chosen| chosen.elements.iter().copied());
    let lives = trace.lives().map(|life| life.ending.at);
    let all = named.chain(lives).chain([trace.from.process]);
    let mut nodes: Vec<ElementId> = all.filter_map(|end| place::node(network, end)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes.into_iter().map(|id| &*network.element(id).name).collect()
}

/// Whether contradicting objects could change the answer (DR-21).
fn concerns(twins: &Twins, at: &[&str], ends: &[&str], trace: &Trace) -> bool {
    let dst = trace.header.dst;
    twins.addresses.iter().any(|ip| Addr::from(*ip) == dst)
        || twins.ranges.iter().any(|range| range.contains(&IpAddr::from(dst)))
        || twins.fronts.iter().any(|front| meets(front, at, trace))
        || (twins.kind == "Node" && ends.contains(&twins.name.as_str()))
}

/// Whether contradicting objects could be endpoints of a Service, or say which it has: pods, what
/// makes pods, and slices of its namespace (SVC-10, SVC-15).
fn stands_behind(twins: &Twins, service: &Service) -> bool {
    const OTHER: [&str; 5] = ["Service", "Namespace", "ServiceCIDR", "Network", "NetworkPolicy"];
    let pods_count = !service.sliced && !service.selector.is_empty();
    let slices = matches!(twins.kind, "EndpointSlice" | "Endpoints");
    twins.namespace == service.namespace
        && !OTHER.contains(&twins.kind)
        && (slices || pods_count)
        && service.kind != ServiceKind::ExternalName
}

/// What was not read and could change what a Service leads to (DR-21): what stands beside it in
/// its namespace; and a mesh, from anywhere, for what a pod sends, for it acts there.
fn meshes(ground: Ground<'_>, trace: &Trace, met: &[At<'_>]) -> Vec<Unread> {
    let pod = place::pod(ground.network, trace.from.process).is_some();
    let unread = ground.unread.iter().filter(|u| u.decides == Decides::Service && !met.is_empty());
    let near = |name: &String| met.iter().any(|at| *name == at.service.namespace);
    unread
        .filter_map(|unread| {
            let mut unread = unread.clone();
            match is_beside(&unread) {
                true => unread.namespaces.retain(|name, _| name.is_empty() || near(name)),
                false if pod => {}
                false => return None,
            }
            (!unread.namespaces.is_empty()).then_some(unread)
        })
        .collect()
}

/// The unread policies that could withhold a message that arrives, or allow one that a policy drops.
fn policies(ground: Ground<'_>, trace: &Trace) -> Vec<Unread> {
    let network = ground.network;
    let mut ends: Vec<(Verdict, ElementId)> = vec![];
    for branch in trace.ways.iter().flat_map(|way| &way.branches) {
        let end = match branch.verdict() {
            Verdict::Delivered => Some(branch.life.ending.at),
            // Whose address it was for.
            Verdict::DroppedByPolicy => {
                let header = header_before(&branch.life, branch.life.steps.len());
                let owners = header.map(|header| network.owners_of(header.dst));
                owners.and_then(|owners| Some(owners.first()?.to))
            }
            _ => None,
        };
        ends.extend(end.map(|end| (branch.verdict(), end)));
    }
    ends.sort_unstable();
    ends.dedup();
    let policies = ground.unread.iter().filter(|unread| unread.decides == Decides::Policy);
    policies
        .filter_map(|policy| {
            let mut unread = policy.clone();
            let could = |name: &str| {
                ends.iter().any(|(verdict, end)| match verdict {
                    Verdict::Delivered => withholds(network, trace, *end, &policy.kind, name),
                    _ => ALLOW.contains(&&*policy.kind) && near(network, trace, *end, name),
                })
            };
            unread.namespaces.retain(|name, _| could(name));
            (!unread.namespaces.is_empty()).then_some(unread)
        })
        .collect()
}

/// Kinds that can allow what other policies drop: rules of all of them count alike.
pub(crate) const ALLOW: [&str; 6] = [
    "NetworkPolicy",
    "ClusterNetworkPolicy",
    "AdminNetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
];
/// Kinds of meshes, which act where the message arrives, and nowhere else.
pub(crate) const AT_TARGET: [&str; 5] = [
    "AuthorizationPolicy",
    "PeerAuthentication",
    "RequestAuthentication",
    "Server",
    "ServerAuthorization",
];
/// The namespace whose objects of a mesh are for all others too, unless it is told otherwise.
pub(crate) const ROOT: &str = "istio-system";

/// Whether a policy of a kind, in a namespace, could withhold a message that arrives: none within a
/// Pod (NP-30), else those of the namespaces of both ends, and those of the cluster. A NetworkPolicy
/// withholds nothing from a Node's own processes to its Pods (NP-32).
fn withholds(network: &Network, trace: &Trace, end: ElementId, kind: &str, name: &str) -> bool {
    let source = place::pod(network, trace.from.process);
    let target = place::pod(network, end);
    if source == target {
        return false;
    }
    if AT_TARGET.contains(&kind) {
        let namespace = target.and_then(|pod| place::namespace(network, pod));
        let everywhere = name.is_empty() || name == ROOT;
        return namespace.is_some_and(|namespace| everywhere || namespace == name);
    }
    let host = |pod| network.facts.host(pod);
    let local = source.is_none() && target.is_some_and(|pod| host(pod) == host(trace.from.process));
    !(local && kind == "NetworkPolicy") && near(network, trace, end, name)
}

/// Whether what stands in a namespace, or in none, is about one of the two ends.
fn near(network: &Network, trace: &Trace, end: ElementId, name: &str) -> bool {
    let ends = [trace.from.process, end].into_iter().filter_map(|end| place::pod(network, end));
    let mut ends = ends.peekable();
    let any = ends.peek().is_some();
    any && (name.is_empty() || {
        ends.filter_map(|pod| place::namespace(network, pod)).any(|namespace| namespace == name)
    })
}

fn path(service: &Service) -> String {
    format!("{}/{}", service.namespace, service.name)
}
