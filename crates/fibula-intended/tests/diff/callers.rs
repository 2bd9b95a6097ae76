//! Which pods come in as the world does: every pod, by every address and port that is there for the
//! world, before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_answers::reach::{At, By, Who};
use fibula_cluster::{Cluster, Protocol};
use fibula_network::walk::{Life, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, arrived, ask, end, process, rewritten};
use crate::pairs::has;

/// A way in, wherever it stands, and whom it leads to at which port.
pub(crate) type Way = (By, bool, u16, Proto, (bool, String), u16);

/// By way and pod, whether it is certainly open.
type Open = BTreeMap<(Way, String), bool>;

pub(crate) fn agree(scene: &Scene, clusters: [&Cluster; 2]) -> Result<(), String> {
    let open = [0, 1].map(|side| open(&scene.networks[side], clusters[side]));
    let pods = [0, 1].map(|side| pods(&scene.networks[side]));
    for (pod, _) in pods[0].iter().filter(|(pod, _)| pods[1].contains_key(*pod)) {
        let ways: BTreeSet<&Way> =
            open.iter().flat_map(BTreeMap::keys).map(|(way, _)| way).collect();
        for way in ways {
            // Where pods happen to be is no change by itself of what is open.
            let [was, is] = [0, 1].map(|side| stands(&scene.networks[side], pod, &way.4.1));
            if was != is {
                continue;
            }
            let sides = [0, 1].map(|side| open[side].get(&(way.clone(), pod.clone())).copied());
            for (opens, now, then) in [(true, sides[1], sides[0]), (false, sides[0], sides[1])] {
                let expected = match (now, then) {
                    (Some(certain), None) => Some(certain),
                    (Some(true), Some(false)) => Some(false),
                    _ => None,
                };
                let said = said(scene, way, pod, opens);
                if said != expected {
                    let what = if opens { "opens" } else { "closes" };
                    return Err(format!("{pod} by {way:?} {what}: {expected:?}, not {said:?}"));
                }
            }
        }
    }
    Ok(())
}

fn said(scene: &Scene, way: &Way, pod: &str, opens: bool) -> Option<bool> {
    let (by, nodes, port, proto, target, number) = way;
    let mut all = scene.diff.doors.iter().filter(|door| {
        let to = door.to.iter().any(|(id, at)| {
            let who = &scene.diff.parties[id.0 as usize].who;
            let is_pod = matches!(who, Who::Workload { .. });
            at == number && is_pod == target.0 && has(scene, *id, &target.1)
        });
        door.opens == opens
            && door.by == *by
            && matches!(door.at, At::Nodes(..)) == *nodes
            && (door.port, door.proto) == (*port, *proto)
            && to
            && door.callers.iter().any(|id| has(scene, *id, pod))
    });
    let certain = all.next().map(|door| door.certain);
    assert!(all.next().is_none(), "{way:?} of {pod} is told once");
    certain
}

/// Whether a pod is on the Node of a target, and its zone.
fn stands(network: &Network, pod: &str, target: &str) -> (bool, Option<String>) {
    let find = |name: &str| {
        let mut all = network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node));
        all.find(|id| *network.element(*id).name == *name)
    };
    let host = |id: ElementId| network.fib(id).and_then(|fib| fib.me.host);
    let own = find(pod).and_then(host);
    let near = own.is_some() && own == find(target).map(|id| host(id).unwrap_or(id));
    let zone = own.and_then(|own| network.fib(own)?.me.zone);
    (near, zone.map(|zone| format!("{:?}", network.zones[zone.0 as usize])))
}

fn pods(network: &Network) -> BTreeMap<String, ElementId> {
    network.of_kind(Kind::Pod).map(|id| (network.element(id).name.to_string(), id)).collect()
}

fn open(network: &Network, cluster: &Cluster) -> Open {
    let walks = Walks::new(network);
    let mut open = Open::new();
    for (name, pod) in pods(network) {
        let Some(sender) = process(network, pod) else { continue };
        for (by, addr, nodes, port) in fronts(cluster) {
            let dst = Addr::from(addr);
            let own = network.fib(pod).map(|fib| fib.me.own.clone()).unwrap_or_default();
            let Some(src) = own.into_iter().find(|own| own.family() == dst.family()) else {
                continue;
            };
            let Port { proto, number: dport } = port;
            let header = Header { src, sport: 41_000, dst, dport, proto };
            let judge = |lives: &[Life]| led(network, lives, header);
            let (to, certain) = match ask(&walks, sender, header, judge) {
                Truth::Always((to, _)) => (to, true),
                Truth::Depends(_, all) => (all.into_iter().flat_map(|(to, _)| to).collect(), false),
            };
            for (end, number) in to {
                let end = (network.kind(end) == Kind::Pod, network.element(end).name.to_string());
                let way = (by.clone(), nodes, dport, proto, end, number);
                *open.entry((way, name.clone())).or_default() |= certain;
            }
        }
    }
    open
}

/// Whom ways in led a message to, and whether all of it arrived.
pub(crate) fn led(
    network: &Network,
    lives: &[Life],
    header: Header,
) -> (BTreeSet<(ElementId, u16)>, bool) {
    let come = lives.iter().filter(|life| arrived(life) && rewritten(life, header));
    let inside = |id| matches!(network.kind(id), Kind::Pod | Kind::Node);
    let to = come.filter_map(|life| end(network, life)).filter(|(id, _)| inside(*id));
    (to.collect(), lives.iter().all(arrived))
}

/// What is there for the world: at every Node, whether or not an endpoint is there.
pub(crate) fn fronts(cluster: &Cluster) -> Vec<(By, IpAddr, bool, Port)> {
    let proto = |protocol: Protocol| match protocol {
        Protocol::Tcp => Proto::Tcp,
        Protocol::Udp => Proto::Udp,
        Protocol::Sctp => Proto::Sctp,
    };
    let at = |protocol, number| Port { proto: proto(protocol), number };
    let nodes = || cluster.nodes.iter().flat_map(|node| node.addresses.iter().copied());
    let mut fronts = vec![];
    let known = cluster.services.iter().filter(|s| s.externally_accessible() && s.proxied);
    for service in known {
        let by = || By::Service(format!("{}/{}", service.namespace, service.name));
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        let addresses: Vec<IpAddr> =
            service.external_ips.iter().copied().chain(balancers).collect();
        for port in &service.ports {
            let here = |addr: &IpAddr| (by(), *addr, false, at(port.protocol, port.number));
            fronts.extend(addresses.iter().map(here));
            let node_port = port.node_port.map(|number| at(port.protocol, number));
            fronts.extend(
                node_port
                    .into_iter()
                    .flat_map(|port| nodes().map(move |addr| (by(), addr, true, port))),
            );
        }
    }
    for pod in cluster.pods.iter().filter(|pod| pod.live && pod.has_network()) {
        let ports = pod.containers.iter().flat_map(|container| &container.ports);
        for (protocol, host) in ports.filter_map(|port| Some((port.protocol, port.host?))) {
            let own = cluster.nodes.get(pod.node).map(|node| node.addresses.clone());
            let mut own = own.unwrap_or_default();
            own.retain(|addr| match host.ip {
                Some(ip) if ip.is_unspecified() => ip.is_ipv4() == addr.is_ipv4(),
                Some(ip) => ip == *addr,
                None => true,
            });
            let port = at(protocol, host.number);
            fronts.extend(own.into_iter().map(|addr| (By::HostPort, addr, true, port)));
        }
    }
    fronts
}
