//! Nodes: read, only named by pods, or invented; and which Node a pod runs on.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::pods::one_per_family;
use super::{Draft, assume, hash};
use crate::api;
use crate::cluster::{Assumption, Node};
use crate::options::Options;
use crate::place::ObjectId;
use crate::sloppy::{parse_cidr, parse_ip};

/// How many Nodes there are when nobody says (DR-20): two, so that an answer can depend on it.
const NODES: usize = 2;

/// The most Nodes that are invented, ten times what a cluster of supported size has (SC-1).
const MOST_NODES: usize = 50_000;

/// Nodes that live pods name but that were not read.
pub(super) struct Named {
    read: Arc<FxHashSet<String>>,
    /// With the addresses that the first pod there, by name, gives as its host's (NM-13).
    only_named: BTreeMap<String, Vec<IpAddr>>,
}

impl Named {
    pub(super) fn new(nodes: &[(ObjectId, Box<api::Node>)]) -> Self {
        let read = nodes.iter().map(|(_, node)| node.metadata.name().to_owned()).collect();
        Self { read: Arc::new(read), only_named: BTreeMap::new() }
    }

    /// What notes the Nodes that a piece of the pods names.
    pub(super) fn fork(&self) -> Self {
        Self { read: Arc::clone(&self.read), only_named: BTreeMap::new() }
    }

    /// Adds what a later piece of the pods names.
    pub(super) fn join(&mut self, piece: Self) {
        for (node, addresses) in piece.only_named {
            let known = self.only_named.entry(node).or_default();
            if known.is_empty() {
                *known = addresses;
            }
        }
    }

    /// Notes that a pod names a Node; pods come sorted by name.
    pub(super) fn add(&mut self, node: &str, status: &api::PodStatus) {
        if node.is_empty() || self.read.contains(node) {
            return;
        }
        if !self.only_named.contains_key(node) {
            self.only_named.insert(node.to_owned(), Vec::new());
        }
        if let Some(addresses) = self.only_named.get_mut(node).filter(|list| list.is_empty()) {
            *addresses = one_per_family(status.host_addresses().filter_map(api::Address::ip));
        }
    }
}

/// All Nodes, by name, still without invented addresses.
pub(super) fn nodes(
    read: Vec<(ObjectId, Box<api::Node>)>,
    named: Named,
    options: &Options,
    assumptions: &mut Vec<Assumption>,
) -> Vec<Node> {
    let mut nodes: Vec<Node> = read.into_iter().map(|(id, node)| from_object(id, *node)).collect();
    if !named.only_named.is_empty() {
        assumptions.push(Assumption::NamedNodes(named.only_named.keys().cloned().collect()));
    }
    nodes.extend(named.only_named.into_iter().map(|(name, addresses)| bare(name, addresses)));
    if nodes.is_empty() {
        let count = options.nodes.unwrap_or(NODES).clamp(1, MOST_NODES);
        nodes.extend((1..=count).map(|i| bare(format!("node-{i}"), Vec::new())));
        assumptions.push(Assumption::Nodes(count));
    }
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}

fn bare(name: String, addresses: Vec<IpAddr>) -> Node {
    Node {
        name,
        addresses,
        external: Vec::new(),
        pod_cidrs: Vec::new(),
        object: None,
        invented: false,
        zone: None,
        labels: api::Labels::default(),
    }
}

fn from_object(id: ObjectId, node: api::Node) -> Node {
    let of_kind = |kind| {
        let mut addresses: Vec<IpAddr> = Vec::new();
        let entries = node.status.addresses.iter().filter(|entry| entry.kind == kind);
        for address in entries.filter_map(|entry| parse_ip(&entry.address)) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    };
    let mut pod_cidrs: Vec<IpNet> = Vec::new();
    for range in node.spec.ranges().filter_map(parse_cidr) {
        if !pod_cidrs.iter().any(|seen| seen.addr().is_ipv4() == range.addr().is_ipv4()) {
            pod_cidrs.push(range);
        }
    }
    Node {
        name: node.metadata.name().to_owned(),
        addresses: of_kind("InternalIP"),
        external: of_kind("ExternalIP"),
        pod_cidrs,
        object: Some(id),
        invented: false,
        zone: node.metadata.labels.get(api::ZONE).map(str::to_owned),
        labels: node.metadata.labels,
    }
}

/// Gives every pod its Node: the one that it names, else one by a hash of its name, among the
/// Nodes that were read, or among all where none was (DR-20).
pub(super) fn place(drafts: &mut [Draft], nodes: &[Node], assumptions: &mut Vec<Assumption>) {
    let by_name: FxHashMap<&str, usize> =
        nodes.iter().enumerate().map(|(i, node)| (node.name.as_str(), i)).collect();
    let mut open: Vec<usize> = (0..nodes.len()).filter(|&i| nodes[i].object.is_some()).collect();
    if open.is_empty() {
        open = (0..nodes.len()).collect();
    }
    let mut placed = 0;
    for Draft { pod, node_name, .. } in drafts {
        pod.node = match by_name.get(node_name.as_str()) {
            Some(&node) => node,
            // A Node that only finished pods name may be long gone: they are placed too.
            None => {
                pod.placed = true;
                placed += usize::from(pod.live);
                open[hash::index(&[&pod.namespace, &pod.name], open.len())]
            }
        };
    }
    assume(assumptions, placed, Assumption::Placement);
}
