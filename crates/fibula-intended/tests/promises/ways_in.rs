//! Ways in, each of which is asked by `walk`: from the world, and from those inside.

use fibula_cluster::promise::{Said, Verb};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Brute, arrived, end, led, process};
use crate::whom::{End, addresses};

impl Brute<'_> {
    /// Every way in of the world that leads to a target, or to somebody else.
    pub(super) fn doors(&mut self, from: End, targets: &[Said]) {
        let End::World(src) = from else { return };
        let network = &self.scene.network;
        let Some(world) = network.of_kind(Kind::World).next() else { return };
        if !network.owners_of(src).is_empty() || self.promise.verb == Verb::Reaches {
            return;
        }
        let beyond = self.promise.verb == Verb::ReachesOnly;
        for (dst, Port { proto, number: dport }) in fronts(self.scene) {
            if dst.family() != src.family() {
                continue;
            }
            let header = Header { src, sport: 41_000, dst, dport, proto };
            let cases = self.lives(world, header, &|lives| {
                lives.iter().any(|life| {
                    let end = end(network, life).filter(|_| arrived(life) && led(life, header));
                    end.is_some_and(|(id, number)| {
                        let to = match network.kind(id) {
                            Kind::Pod => End::Pod(id),
                            Kind::Node => End::Node(id),
                            _ => return false,
                        };
                        self.is_at(targets, to, Port { proto, number }) != beyond
                    })
                })
            });
            self.cases.push((format!("{header:?}"), cases));
        }
    }

    /// Every way in, by which somebody inside may be seen as somebody else: what comes to a target, or
    /// to somebody else.
    pub(super) fn inside(&mut self, from: End, targets: &[Said]) {
        let network = &self.scene.network;
        let (End::Pod(source) | End::Node(source)) = from else { return };
        if self.promise.verb == Verb::Reaches {
            return;
        }
        let Some(process) = process(network, source) else {
            self.mute = true;
            return;
        };
        let own = addresses(network, source);
        if own.iter().any(|addr| network.is_contested(*addr)) {
            return;
        }
        let beyond = self.promise.verb == Verb::ReachesOnly;
        for (dst, Port { proto, number: dport }) in fronts(self.scene) {
            for src in own.iter().copied().filter(|src| src.family() == dst.family()) {
                let header = Header { src, sport: 41_000, dst, dport, proto };
                let cases = self.lives(process, header, &|lives| {
                    lives.iter().any(|life| {
                        let end = end(network, life).filter(|_| arrived(life) && led(life, header));
                        end.is_some_and(|(id, number)| {
                            self.asked(from, id).is_some_and(|to| {
                                let port = Port { proto, number };
                                !self.is_exempt(from, to) && self.is_at(targets, to, port) != beyond
                            })
                        })
                    })
                });
                self.cases.push((format!("{header:?}"), cases));
            }
        }
    }

    /// Somebody whom another may be asked about: two, of whom one is a pod.
    fn asked(&self, from: End, to: ElementId) -> Option<End> {
        match (from, self.scene.network.kind(to)) {
            (End::Pod(from), Kind::Pod) => Some(End::Pod(to)).filter(|_| from != to),
            (End::Node(_), Kind::Pod) => Some(End::Pod(to)),
            (End::Pod(_), Kind::Node) => Some(End::Node(to)),
            _ => None,
        }
    }
}

/// Addresses and ports by which the world can come in.
fn fronts(scene: &Scene) -> Vec<(Addr, Port)> {
    let mut fronts = vec![];
    let nodes = &scene.cluster.nodes;
    let on_nodes = |port: Port| {
        nodes.iter().flat_map(|node| &node.addresses).map(move |ip| (Addr::from(*ip), port))
    };
    for service in &scene.cluster.services {
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        for ip in service.external_ips.iter().copied().chain(balancers) {
            fronts.extend(service.ports.iter().map(|p| (Addr::from(ip), Port::tcp(p.number))));
        }
        for port in service.ports.iter().filter_map(|port| port.node_port) {
            fronts.extend(on_nodes(Port::tcp(port)));
        }
    }
    let ports = scene.cluster.pods.iter().flat_map(|pod| &pod.containers).flat_map(|c| &c.ports);
    for port in ports {
        if let Some(host) = port.host {
            let proto = Proto::ALL.into_iter().find(|p| p.name() == port.protocol.name());
            let proto = proto.expect("a protocol");
            fronts.extend(on_nodes(Port { proto, number: host.number }));
        }
    }
    fronts
}
