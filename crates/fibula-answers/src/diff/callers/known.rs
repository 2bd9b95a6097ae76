//! What is known of the ways in of one cluster, before they are followed.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{Cluster, Service};
use fibula_network::filters::Filters;
use fibula_network::{Addr, ElementId, Kind, Network};
use rustc_hash::FxHashMap;

use super::super::entities::Entities;
use crate::reach::fronts::{Front, fronts_of_pods};
use crate::reach::{At, By, PartyId, own};

/// What stands behind a Service.
#[derive(Default)]
pub(super) struct Behind {
    pub(super) ends: BTreeSet<ElementId>,
    /// The Nodes that these are on.
    hosts: BTreeSet<ElementId>,
    /// By port, whose they are, their number, and whether they are ready, serve, and end.
    pub(super) standing: BTreeSet<(u16, Option<PartyId>, u16, [bool; 3])>,
}

/// What is known of one side.
pub(super) struct Known<'a> {
    pub(super) network: &'a Network,
    pub(super) fronts: Vec<Front>,
    /// By Service, what stands behind it.
    pub(super) services: FxHashMap<String, Behind>,
    /// By Node and port, the pods that a port of a Node leads to.
    host_ports: FxHashMap<(usize, u16), BTreeSet<ElementId>>,
    /// Nodes, as the cluster lists them.
    pub(super) nodes: Vec<(ElementId, String)>,
    pub(super) numbers: FxHashMap<ElementId, usize>,
    /// The entities by what they are here.
    pub(super) of: FxHashMap<ElementId, usize>,
}

// === impl Known ===

impl<'a> Known<'a> {
    pub(super) fn new(
        (side, network): (usize, &'a Network),
        cluster: &Cluster,
        filters: &Filters<'_>,
        entities: &Entities,
    ) -> Known<'a> {
        let all = entities.all.iter().enumerate();
        let of: FxHashMap<ElementId, usize> =
            all.filter_map(|(at, entity)| Some((entity.sides[side]?, at))).collect();
        let mut services: FxHashMap<String, Behind> = FxHashMap::default();
        for service in cluster.services.iter().filter(|s| s.externally_accessible()) {
            let path = format!("{}/{}", service.namespace, service.name);
            let behind = services.entry(path).or_default();
            for end in &service.endpoints {
                let owners = network.owners_of(Addr::from(end.addr));
                behind.ends.extend(owners.iter().map(|owner| owner.to));
                behind.hosts.extend(owners.iter().map(|owner| owner.via));
                let whole = owners.first().and_then(|owner| of.get(&owner.to));
                let whole = whole.map(|at| entities.all[*at].whole);
                let is = [end.ready, end.serving, end.terminating];
                behind.standing.insert((end.port, whole, end.number, is));
            }
        }
        let mut host_ports: FxHashMap<(usize, u16), BTreeSet<ElementId>> = FxHashMap::default();
        for (pod, id) in own(cluster).zip(network.of_kind(Kind::Pod)) {
            let ports = pod.containers.iter().flat_map(|container| &container.ports);
            for host in ports.filter_map(|port| port.host) {
                host_ports.entry((pod.node, host.number)).or_default().insert(id);
            }
        }
        let nodes = network.of_kind(Kind::Node).zip(&cluster.nodes);
        let nodes: Vec<_> = nodes.map(|(id, node)| (id, node.name.clone())).collect();
        Known {
            network,
            fronts: fronts_of_pods(cluster, filters),
            services,
            host_ports,
            numbers: nodes.iter().zip(0..).map(|((id, _), at)| (*id, at)).collect(),
            nodes,
            of,
        }
    }

    /// Whom a way in can lead to.
    pub(super) fn ends(&self, front: &Front) -> Option<&BTreeSet<ElementId>> {
        match &front.by {
            By::Service(path) => self.services.get(path).map(|behind| &behind.ends),
            By::HostPort => self.host_ports.get(&(*front.nodes.first()?, front.port)),
        }
    }

    /// Whether a Node is like no other one there.
    pub(super) fn is_special(&self, front: &Front, host: ElementId) -> bool {
        let own = match front.nodes[..] {
            [node] => self.nodes.get(node).map(|(id, _)| *id),
            _ => None,
        };
        let hosts = match &front.by {
            By::Service(path) => self.services.get(path).map(|behind| &behind.hosts),
            By::HostPort => None,
        };
        own == Some(host) || hosts.is_some_and(|hosts| hosts.contains(&host))
    }

    /// Where it stands.
    pub(super) fn at(&self, front: &Front) -> At {
        let names = front.nodes.iter().filter_map(|at| Some(self.nodes.get(*at)?.1.clone()));
        match front.nodes.is_empty() {
            true => At::Address(front.at),
            false => At::Nodes(names.collect(), self.nodes.len()),
        }
    }
}

/// Whether Nodes are not what they were, so that any of them may lead elsewhere.
pub(super) fn moved(clusters: [&Cluster; 2]) -> bool {
    let [old, new] = clusters.map(|cluster| {
        let nodes = cluster.nodes.iter().map(|node| (&node.name, &node.addresses, &node.zone));
        (nodes.collect::<Vec<_>>(), &cluster.ranges)
    });
    old != new
}

/// The Services that lead otherwise, or may: by namespace and name. Where one leads to what is on the
/// same Node, pods may have moved.
pub(super) fn changed(clusters: [&Cluster; 2]) -> BTreeSet<String> {
    let [old, new] = clusters.map(|cluster| {
        let all = cluster.services.iter().map(|service| {
            let ports = service.ports.iter().map(|p| (p.protocol, p.number, p.node_port));
            let ports: Vec<_> = ports.collect();
            let Service { kind, external_local, internal_local, affinity, .. } = service;
            let ranges = (&service.source_ranges, &service.balancers, &service.external_ips);
            let key = (*external_local || *internal_local, *kind, *affinity, ports, ranges);
            (format!("{}/{}", service.namespace, service.name), key)
        });
        all.collect::<BTreeMap<_, _>>()
    });
    let local = |key: &str| new.get(key).is_some_and(|own| own.0);
    let names = old.keys().chain(new.keys());
    names.filter(|name| old.get(*name) != new.get(*name) || local(name)).cloned().collect()
}
