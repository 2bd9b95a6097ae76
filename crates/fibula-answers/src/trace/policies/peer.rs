//! The other end of a message, as a policy sees it.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Place, Pod, Protocol};
use fibula_network::walk::Choices;
use fibula_network::{Addr, Addrs, ElementId, Header, Kind, Network, Port, Proto, TableId};

use super::Direction;
use crate::trace::place;

/// A message at the switch where policies are asked.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) network: &'a Network,
    /// Who sent it.
    pub(super) process: ElementId,
    /// The header that it was sent with.
    pub(super) sent: Header,
    /// The header that policies see.
    pub(super) header: Header,
    /// How the open choices fall.
    pub(super) choices: &'a Choices,
    /// The tables of the Pod that is asked about.
    pub(super) chain: &'a [TableId],
}

/// The other end of a message.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    /// A pod.
    Pod(ElementId, &'a Pod),
    /// A Node, by one of its addresses: its own processes, and its host-network pods (DR-1).
    Node(&'a str),
    /// Nobody of the cluster.
    Outside,
}

/// What an ipBlock means of a pod whose address is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Means {
    /// No pod (DR-2b).
    NoPods,
    /// The pod would be meant, but its address was invented and is taken to be elsewhere (DR-19).
    Elsewhere,
    /// The pod.
    Pods,
}

// === impl Asked ===

impl<'a> Asked<'a> {
    /// The address of the other end.
    pub(super) fn address(self, direction: Direction) -> Addr {
        match direction {
            Direction::Egress => self.header.dst,
            Direction::Ingress => self.header.src,
        }
    }

    /// The other end.
    pub(super) fn who(self, direction: Direction) -> Who<'a> {
        let addr = self.address(direction);
        let owner = self.network.owners_of(addr).first().map(|owner| owner.to);
        if let Some((id, pod)) = owner.and_then(|id| Some((id, self.pod(id)?))) {
            return Who::Pod(id, pod);
        }
        let has = |ip: &IpAddr| Addr::from(*ip) == addr;
        let mut nodes = self.cluster.nodes.iter();
        match nodes.find(|node| node.addresses.iter().chain(&node.external).any(has)) {
            Some(node) => Who::Node(&node.name),
            None => Who::Outside,
        }
    }

    /// The pod that a switch is.
    pub(super) fn pod(self, switch: ElementId) -> Option<&'a Pod> {
        if self.network.kind(switch) != Kind::Pod {
            return None;
        }
        let (namespace, name) = self.network.element(switch).name.split_once('/')?;
        pod(self.cluster, namespace, name)
    }

    /// The host-network pod that a process of a Node is a container of.
    pub(super) fn host_network_pod(self) -> Option<&'a Pod> {
        host_network_pod(self.cluster, self.network, self.process)
    }

    /// Whether an ipBlock that holds the address of a pod means that pod here (DR-2b), as its entries
    /// say. None where it has no entry: of a rule whose named ports nobody has there is none.
    pub(super) fn block_means(self, direction: Direction, block: Place) -> Option<Means> {
        let addr = self.address(direction);
        let tables = self.chain.iter().map(|table| self.network.table(*table));
        let own = tables.flat_map(|table| &table.entries);
        let own = own.filter(|entry| entry.origin.place.0 == block.number());
        let mut means = None;
        for entry in own {
            let addrs = match direction {
                Direction::Egress => entry.pattern.dst,
                Direction::Ingress => entry.pattern.src,
            };
            let holds = match addrs {
                Addrs::In(range) => range.contains(addr),
                Addrs::Set(set) => self.network.set(set).contains(addr),
                _ => true,
            };
            let falls = |id: &str| {
                let when = entry.pattern.when.iter();
                let mut of = when.filter(|when| &*self.network.choice(when.choice).id == id);
                of.all(|when| {
                    let value = self.choices.get(usize::from(when.choice.0)).copied();
                    value.unwrap_or(0) == when.value
                })
            };
            let here = match (holds, falls("DR-2b"), falls("DR-19")) {
                (true, true, true) => Means::Pods,
                (true, true, false) => Means::Elsewhere,
                _ => Means::NoPods,
            };
            means = means.max(Some(here));
        }
        means
    }

    /// The port that the message is for.
    pub(super) fn port(self) -> Port {
        Port { proto: self.header.proto, number: self.header.dport }
    }

    /// The protocol of the message.
    pub(super) fn protocol(self) -> Protocol {
        match self.header.proto {
            Proto::Tcp => Protocol::Tcp,
            Proto::Udp => Protocol::Udp,
            Proto::Sctp => Protocol::Sctp,
        }
    }
}

/// A pod by its names.
pub(in crate::trace) fn pod<'c>(
    cluster: &'c Cluster,
    namespace: &str,
    name: &str,
) -> Option<&'c Pod> {
    let wanted = (namespace, name);
    let key = |pod: &Pod| (pod.namespace.as_str(), pod.name.as_str()).cmp(&wanted);
    let at = cluster.pods.binary_search_by(key).ok()?;
    cluster.pods.get(at)
}

/// The host-network pod that a process of a Node is a container of.
pub(in crate::trace) fn host_network_pod<'c>(
    cluster: &'c Cluster,
    network: &Network,
    process: ElementId,
) -> Option<&'c Pod> {
    if place::pod(network, process).is_some() {
        return None;
    }
    let mut parts = network.element(process).name.split('/');
    let (namespace, name, _) = (parts.next()?, parts.next()?, parts.next()?);
    pod(cluster, namespace, name).filter(|pod| pod.host_network)
}
