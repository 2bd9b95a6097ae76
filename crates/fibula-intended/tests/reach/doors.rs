//! What the world can reach: each way in, from several of its addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fibula_answers::reach::{At, By, Door};
use fibula_network::walk::{Life, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, arrived, ask, end, rewritten};

const WORLD: [&str; 5] = ["198.51.100.7", "203.0.113.5", "8.8.8.8", "2001:db8::7", "2600::1"];

/// Who is reached, and whether every connection arrives.
type Reached = (BTreeSet<(ElementId, u16)>, bool);

pub(crate) fn agree(scene: &Scene) -> Result<(), String> {
    let network = &scene.network;
    let walks = Walks::new(network);
    let Some(world) = network.of_kind(Kind::World).next() else { return Ok(()) };
    for (by, addr, node, port) in fronts(scene) {
        for src in WORLD.map(|addr| addr.parse::<Addr>().expect("an address")) {
            let dst = Addr::from(addr);
            if src.family() != dst.family() || !network.owners_of(src).is_empty() {
                continue;
            }
            let Port { proto, number: dport } = port;
            let header = Header { src, sport: 41_000, dst, dport, proto };
            let judge = |lives: &[Life]| -> Reached {
                // A Service that is another proxy's leads nowhere (SVC-5).
                let come = |life: &&Life| arrived(life) && rewritten(life, header);
                let come = lives.iter().filter(come);
                let inside = |id| matches!(network.kind(id), Kind::Pod | Kind::Node);
                let to = come.filter_map(|life| end(network, life)).filter(|(id, _)| inside(*id));
                let to: BTreeSet<_> = to.collect();
                (to, lives.iter().all(arrived))
            };
            let (truth, certain) = match ask(&walks, world, header, judge) {
                Truth::Always(reached) => (reached, true),
                Truth::Depends(_, all) => {
                    let to = all.iter().flat_map(|(to, _)| to.clone()).collect();
                    ((to, all.iter().all(|(_, all)| *all)), false)
                }
            };
            let is = |door: &&Door| {
                let at = match &door.at {
                    At::Address(ip) => *ip == addr && node.is_none(),
                    At::Nodes(names, _) => node.as_ref().is_some_and(|n| names.contains(n)),
                    At::Awaited => false,
                };
                at && door.by == by
                    && (door.port, door.proto) == (dport, proto)
                    && door.from.iter().any(|range| range.contains(src))
            };
            // A Node with an address in each family has a door for each.
            let doors: Vec<&Door> = scene.reach.doors.iter().filter(is).collect();
            let said: Vec<(Reached, bool)> = doors
                .iter()
                .map(|door| {
                    let of = |party: u32| &scene.reach.parties[party as usize].elements;
                    let to = door
                        .to
                        .iter()
                        .flat_map(|(party, port)| of(party.0).iter().map(move |id| (*id, *port)));
                    ((to.collect(), door.all), door.choices.is_empty())
                })
                .collect();
            let expected = if truth.0.is_empty() { vec![] } else { vec![(truth.clone(), certain)] };
            if said != expected {
                return Err(format!("{header:?}: reach says {said:?}, walk {expected:?}"));
            }
        }
    }
    Ok(())
}

/// The ways in, with the Node whose address it is.
fn fronts(scene: &Scene) -> Vec<(By, IpAddr, Option<String>, Port)> {
    let mut fronts = vec![];
    let nodes = &scene.cluster.nodes;
    for service in &scene.cluster.services {
        let by = By::Service(format!("{}/{}", service.namespace, service.name));
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        let addresses = service.external_ips.iter().copied().chain(balancers);
        for ip in addresses {
            for port in &service.ports {
                fronts.push((by.clone(), ip, None, Port::tcp(port.number)));
            }
        }
        for port in service.ports.iter().filter_map(|port| port.node_port) {
            for node in nodes {
                let name = Some(node.name.clone());
                let at = |ip: &IpAddr| (by.clone(), *ip, name.clone(), Port::tcp(port));
                fronts.extend(node.addresses.iter().map(at));
            }
        }
    }
    let pods = scene.cluster.pods.iter();
    for pod in pods.filter(|pod| pod.live && !pod.host_network && !pod.addresses.is_empty()) {
        let node = &nodes[pod.node];
        for port in pod.containers.iter().flat_map(|container| &container.ports) {
            let Some(host) = port.host else { continue };
            let proto = match port.protocol.name() {
                "UDP" => Proto::Udp,
                "SCTP" => Proto::Sctp,
                _ => Proto::Tcp,
            };
            let port = Port { proto, number: host.number };
            let at = |ip: &IpAddr| (By::HostPort, *ip, Some(node.name.clone()), port);
            fronts.extend(node.addresses.iter().map(at));
        }
    }
    fronts
}
