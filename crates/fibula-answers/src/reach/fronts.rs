//! Where the world can come in.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fibula_cluster::{Cluster, Service};
use fibula_network::filters::Filters;
use fibula_network::ranges::{prefix, tidy};
use fibula_network::{Addr, ElementId, Kind, Network, Proto, Range};
use rustc_hash::FxHashMap;

use super::doors::By;
use super::parties::own;
use crate::names::proto;

/// A way in, while it is followed.
pub(crate) struct Front {
    pub(crate) by: By,
    pub(crate) at: IpAddr,
    /// For a port of Nodes that of the first of these, which are alike.
    pub(crate) nodes: Vec<usize>,
    pub(crate) port: u16,
    pub(crate) proto: Proto,
    /// Who may use it, where not everybody may (SVC-25).
    pub(crate) allowed: Vec<Range>,
}

/// At how many Nodes with an endpoint a nodePort is asked for.
pub(crate) const MOST_NODES: usize = 64;

/// The ways in: of Services external addresses, load balancers, and nodePorts, where only Nodes with
/// an endpoint will do at some of these (SVC-53); and the hostPorts of pods.
pub(crate) fn fronts(cluster: &Cluster, filters: &Filters<'_>) -> Vec<Front> {
    found(cluster, filters, false)
}

/// The same for pods of the cluster: to these every Node leads on, whatever it hosts (SVC-54).
pub(crate) fn fronts_of_pods(cluster: &Cluster, filters: &Filters<'_>) -> Vec<Front> {
    found(cluster, filters, true)
}

fn found(cluster: &Cluster, filters: &Filters<'_>, everywhere: bool) -> Vec<Front> {
    let network = filters.network;
    let alike = alike(cluster, filters);
    let switches: FxHashMap<ElementId, usize> = network.of_kind(Kind::Node).zip(0..).collect();
    let mut fronts = vec![];
    let open = |service: &&Service| service.externally_accessible() && service.proxied;
    for service in cluster.services.iter().filter(open) {
        let by = By::Service(format!("{}/{}", service.namespace, service.name));
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        let addresses: Vec<IpAddr> =
            service.external_ips.iter().copied().chain(balancers).collect();
        for (index, port) in (0u16..).zip(&service.ports) {
            let proto = proto(port.protocol);
            let front = |at, nodes, port| {
                let (by, allowed) = (by.clone(), vec![]);
                Front { by, at, nodes, port, proto, allowed }
            };
            fronts.extend(
                addresses.iter().map(|ip| Front {
                    allowed: allowed(service),
                    ..front(*ip, vec![], port.number)
                }),
            );
            let Some(node_port) = port.node_port else { continue };
            // Where an endpoint is said to be, and where it is.
            let hosts = service.endpoints_of(index).iter().flat_map(|endpoint| {
                let owners = network.owners_of(Addr::from(endpoint.addr)).iter();
                let hosts = owners.filter_map(|owner| switches.get(&owner.via).copied());
                hosts.chain(endpoint.node)
            });
            let mut hosts: Vec<usize> = hosts.collect();
            hosts.sort_unstable();
            hosts.dedup();
            // Each Node with an endpoint, and of the others one of each kind (SVC-53).
            let others = alike.iter().map(|nodes| -> Vec<usize> {
                let others = nodes.iter().filter(|node| hosts.binary_search(node).is_err());
                others.copied().collect()
            });
            let others: Vec<Vec<usize>> = others.collect();
            let hosts = hosts.iter().take(MOST_NODES).map(|node| vec![*node]);
            let others = others.into_iter().filter(|_| everywhere || !service.external_local);
            for nodes in hosts.chain(others) {
                let Some(node) = nodes.first().and_then(|node| cluster.nodes.get(*node)) else {
                    continue;
                };
                let ips = node.addresses.iter();
                fronts.extend(ips.map(|ip| front(*ip, nodes.clone(), node_port)));
            }
        }
    }
    for HostPort { node, port, proto, at, .. } in host_ports(cluster, network) {
        fronts.extend(at.into_iter().map(|at| Front {
            by: By::HostPort,
            at,
            nodes: vec![node],
            port,
            proto,
            allowed: vec![],
        }));
    }
    fronts
}

/// A port of a Node that leads to one pod (POD-9).
pub(crate) struct HostPort {
    pub(crate) pod: ElementId,
    /// The Node, as an index into those of the cluster.
    pub(crate) node: usize,
    pub(crate) port: u16,
    pub(crate) proto: Proto,
    /// The port of the pod.
    pub(crate) own: u16,
    /// At which addresses of the Node it stands.
    pub(crate) at: Vec<IpAddr>,
}

/// All of them.
pub(crate) fn host_ports(cluster: &Cluster, network: &Network) -> Vec<HostPort> {
    let mut found = vec![];
    for (of, pod) in own(cluster).zip(network.of_kind(Kind::Pod)) {
        for port in of.containers.iter().flat_map(|container| &container.ports) {
            let Some(host) = port.host else { continue };
            let Some(node) = cluster.nodes.get(of.node) else { continue };
            let at = |ip: &&IpAddr| match host.ip {
                Some(own) if own.is_unspecified() => own.is_ipv4() == ip.is_ipv4(),
                Some(own) => own == **ip,
                None => true,
            };
            let at = node.addresses.iter().filter(at).copied().collect();
            let (node, proto) = (of.node, proto(port.protocol));
            found.push(HostPort { pod, node, port: host.number, proto, own: port.number, at });
        }
    }
    found
}

/// Who may use the load balancers of a Service, where not everybody may (SVC-25), sorted and apart.
pub(crate) fn allowed(service: &Service) -> Vec<Range> {
    let ranges = service.source_ranges.iter();
    let ranges = ranges.flat_map(|net| prefix(net.addr(), net.prefix_len()));
    tidy(ranges.collect())
}

/// Nodes that lead messages alike as long as they host none of the endpoints: they have the same
/// tables and zone, and no filter tells their addresses apart.
pub(crate) fn alike(cluster: &Cluster, filters: &Filters<'_>) -> Vec<Vec<usize>> {
    let network = filters.network;
    let switches = network.of_kind(Kind::Node);
    let mut kinds: BTreeMap<(u32, Option<u32>, Vec<u32>), Vec<usize>> = BTreeMap::new();
    for ((at, node), id) in cluster.nodes.iter().enumerate().zip(switches) {
        let Some(fib) = network.fib(id) else { continue };
        let atoms = node.addresses.iter().map(|ip| filters.atoms.of(Addr::from(*ip)));
        let key = (fib.pipeline.0, fib.me.zone.map(|zone| zone.0), atoms.collect());
        kinds.entry(key).or_default().push(at);
    }
    kinds.into_values().collect()
}
