//! Whether an answer depends on where pods run, and the input does not say it (DR-20).

use std::net::IpAddr;

use fibula_cluster::{Cluster, Pod};
use fibula_network::walk::{Life, Step, Verdict, branches, reply};
use fibula_network::{Addr, ElementId, Header, Kind, Network};

use super::service::{self, At, AtKind};
use super::{Ground, MOST_LIVES, Trace, header_before, place};
use crate::names::proto;

/// Whose pods the answer asks for the place of, where the input does not say it (DR-20): a hostPort
/// stands on the Node of its pod, and a policy `Local` asks for a pod on this one.
pub(super) fn placement(
    ground: Ground<'_>,
    cluster: &Cluster,
    trace: &Trace,
    met: &[At<'_>],
) -> Option<String> {
    let network = ground.network;
    if cluster.nodes.len() < 2 {
        return None;
    }
    let Header { dst, dport, proto: wanted, .. } = trace.header;
    let leads = |pod: &&Pod| {
        let mut ports = pod.containers.iter().flat_map(|container| &container.ports);
        ports.any(|port| {
            let host = port.host.filter(|host| host.number == dport);
            host.is_some() && proto(port.protocol) == wanted
        })
    };
    if service::is_node(cluster, dst) {
        let mut placed = cluster.pods.iter().filter(|pod| pod.placed && pod.live);
        if let Some(pod) = placed.find(leads) {
            return Some(format!("{}/{}", pod.namespace, pod.workload.name));
        }
    }
    let local = met.iter().filter(|at| match at.kind {
        AtKind::ClusterIp => at.service.internal_local,
        AtKind::External | AtKind::Balancer | AtKind::NodePort => at.service.external_local,
    });
    let sender = place::pod(network, trace.from.process);
    let placed_sender = cluster.pods.iter().find(|pod| {
        let name = sender.map(|id| network.element(id).name.split_once('/'));
        pod.placed && name == Some(Some((&pod.namespace, &pod.name)))
    });
    let local = local.into_iter().find_map(|at| {
        let mut pods = at.service.endpoints.iter().filter_map(|e| cluster.pods.get(e.pod?));
        placed_sender.or_else(|| pods.find(|pod| pod.placed))
    });
    let pod = local
        .or_else(|| neighbour(cluster, network, trace))
        .or_else(|| moved(ground, cluster, trace))?;
    Some(format!("{}/{}", pod.namespace, pod.workload.name))
}

/// The pod whose place decides whether policies are asked: a Node's own processes reach the pods of
/// that Node whatever policies say (NP-32), and what a pod sends to its own Node may be exempt too
/// (DR-3). It does where the same message between other Nodes ends otherwise.
fn neighbour<'c>(cluster: &'c Cluster, network: &Network, trace: &Trace) -> Option<&'c Pod> {
    let placed = |switch: ElementId| {
        let pod = &cluster.pods[index(cluster, network, switch)?];
        Some(pod).filter(|pod| pod.placed)
    };
    let process = trace.from.process;
    let sender = place::pod(network, process);
    let sends = |from: ElementId, header: Header| {
        let choices = &trace.ways[0].choices;
        let found = branches(network, from, header, choices, MOST_LIVES);
        found.lives.iter().map(|life| life.ending.verdict).collect::<Vec<Verdict>>()
    };
    let now = sends(process, trace.header);
    let own = |switch: ElementId, family| {
        let own = network.fib(switch).into_iter().flat_map(|fib| &fib.me.own);
        own.copied().find(|addr: &Addr| addr.family() == family)
    };
    let family = trace.header.dst.family();
    // The Node of a pod, and one that is not.
    let two = |pod: ElementId| {
        let host = network.facts.host(pod);
        let other = network.of_kind(Kind::Node).find(move |node| Some(*node) != host);
        host.into_iter().chain(other)
    };
    match sender.map(placed) {
        // From a pod to a Node's own address.
        Some(pod) => {
            let pod = pod.filter(|_| service::is_node(cluster, trace.header.dst))?;
            let others = two(place::pod(network, process)?).filter_map(|node| own(node, family));
            let mut others = others.map(|dst| sends(process, Header { dst, ..trace.header }));
            others.any(|other| other != now).then_some(pod)
        }
        // From a Node's own process to a pod.
        None if network.kind(process) == Kind::Daemon => {
            let ends = trace.lives().filter_map(|life| place::pod(network, life.ending.at));
            let named = trace.to.chosen.iter().flat_map(|chosen| chosen.elements.iter().copied());
            let named = named.filter_map(|end| place::pod(network, end));
            // Where a policy drops it, the Pod that it was for.
            let lasts = trace.lives().filter_map(|life| header_before(life, life.steps.len()));
            let owners = lasts.filter_map(|last| network.owners_of(last.dst).first());
            let targets = owners.filter_map(|owner| place::pod(network, owner.to));
            let mut ends = ends.chain(named).chain(targets);
            let (end, pod) = ends.find_map(|end| Some((end, placed(end)?)))?;
            let mut others = two(end).filter_map(|node| {
                let mut hosted = network.links.listed(node).iter().copied();
                let daemon = hosted.find(|id| network.kind(*id) == Kind::Daemon)?;
                Some(sends(daemon, Header { src: own(node, family)?, ..trace.header }))
            });
            others.any(|other| other != now).then_some(pod)
        }
        None => None,
    }
}

/// How many pods a cluster has at most whose networks are made anew to see what moves.
const MOST_MOVED: usize = 5_000;

/// The first of the pods that the message meets which, run elsewhere, would make it end otherwise:
/// masquerade, policies and traffic policies all depend on which Node a message passes (SVC-64, NP-32,
/// DR-3). The same message is followed again in networks with these pods moved.
fn moved<'c>(ground: Ground<'_>, cluster: &'c Cluster, trace: &Trace) -> Option<&'c Pod> {
    let remake = ground.remake.filter(|_| cluster.pods.len() <= MOST_MOVED)?;
    let network = ground.network;
    let headers = trace.lives().flat_map(|life| &life.steps).filter_map(|step| match step {
        Step::Recv { header, .. } | Step::Decide { becomes: Some(header), .. } => Some(header.dst),
        _ => None,
    });
    let owners = headers.flat_map(|addr| network.owners_of(addr)).map(|owner| owner.to);
    let sender = place::pod(network, trace.from.process);
    let mut met: Vec<usize> = sender
        .into_iter()
        .chain(owners)
        .filter_map(|switch| index(cluster, network, switch))
        .filter(|pod| cluster.pods[*pod].placed && !cluster.pods[*pod].host_network)
        .collect();
    met.sort_unstable();
    met.dedup();
    met.truncate(3);
    let choices = &trace.ways[0].choices;
    let ends = |network: &Network| {
        let found = branches(network, trace.from.process, trace.header, choices, MOST_LIVES);
        let end = |life: &Life| match reply(network, life, choices) {
            Some(reply) => reply.ending.verdict,
            None => life.ending.verdict,
        };
        found.lives.iter().map(end).collect::<Vec<Verdict>>()
    };
    let now = ends(network);
    let to = |pod: usize, nth: usize| {
        let other = (0..cluster.nodes.len()).filter(|node| *node != cluster.pods[pod].node);
        let dst = IpAddr::from(trace.header.dst);
        let target = other.clone().find(|node| cluster.nodes[*node].addresses.contains(&dst));
        target.filter(|_| nth > 0).or_else(|| other.clone().next())
    };
    (1..1usize << met.len()).flat_map(|set| [(set, 0), (set, 1)]).find_map(|(set, nth)| {
        let mut elsewhere = cluster.clone();
        let some = met.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
        let mut first = None;
        for (_, pod) in some {
            let node = to(*pod, nth)?;
            elsewhere.pods[*pod].node = node;
            let endpoints = elsewhere.services.iter_mut().flat_map(|s| &mut s.endpoints);
            for endpoint in endpoints.filter(|endpoint| endpoint.pod == Some(*pod)) {
                endpoint.node = endpoint.node.map(|_| node);
            }
            first = first.or(Some(*pod));
        }
        let pod = &cluster.pods[first?];
        (ends(&remake(&elsewhere)) != now).then_some(pod)
    })
}

/// The pod of a cluster that a switch is.
pub(crate) fn index(cluster: &Cluster, network: &Network, switch: ElementId) -> Option<usize> {
    let (namespace, name) = network.element(switch).name.split_once('/')?;
    let key = |pod: &Pod| (pod.namespace.as_str().cmp(namespace), pod.name.as_str().cmp(name));
    cluster.pods.binary_search_by(|pod| key(pod).0.then(key(pod).1)).ok()
}
