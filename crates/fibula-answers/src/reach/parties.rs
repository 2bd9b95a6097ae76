//! What has a name: workloads, Nodes, and the world.

use std::collections::BTreeMap;

use fibula_cluster::Cluster;
use fibula_network::ranges::tidy;
use fibula_network::{ElementId, Kind, Network, Range};
use rustc_hash::FxHashMap;

use super::cells::Group;
use crate::trace::Ground;

/// A party, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(pub u32);

/// What has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Who it is.
    pub who: Who,
    /// The switches that it is, sorted; none for the world.
    pub elements: Vec<ElementId>,
}

/// Who a party is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Pods of a workload: all, or those that policies tell from the others.
    Workload {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its kind, such as `Deployment`.
        kind: String,
        /// Names of the pods that are meant, where others of the workload are told apart.
        only: Vec<String>,
    },
    /// A Node.
    Node(String),
    /// Of each source the Node that hosts it.
    OwnNode,
    /// Addresses that nobody in the cluster has.
    World(Vec<Range>),
}

/// All parties.
pub(crate) struct Parties {
    pub(crate) all: Vec<Party>,
    /// By element, its party in the list of whole workloads.
    of: FxHashMap<ElementId, PartyId>,
}

impl Parties {
    /// The workloads of a cluster, or the Pods of a network without one; and the Nodes. Pods that are
    /// asked about, while others of their workload are not, are parties apart: by what was asked,
    /// `told` gives such the same number.
    /// One that is `left` out is no party.
    pub(crate) fn new(
        ground: Ground<'_>,
        told: &FxHashMap<ElementId, u64>,
        left: Option<ElementId>,
    ) -> Parties {
        let network = ground.network;
        let mut workloads: BTreeMap<Who, Vec<ElementId>> = BTreeMap::new();
        let pods: Vec<ElementId> = network.of_kind(Kind::Pod).collect();
        match ground.cluster.filter(|cluster| own(cluster).count() == pods.len()) {
            Some(cluster) => {
                for (pod, id) in own(cluster).zip(pods).filter(|(_, id)| Some(*id) != left) {
                    let who = Who::Workload {
                        namespace: pod.namespace.clone(),
                        name: pod.workload.name.clone(),
                        kind: pod.workload.kind.clone(),
                        only: vec![],
                    };
                    workloads.entry(who).or_default().push(id);
                }
            }
            None => workloads.extend(pods.into_iter().map(|id| (pod(network, id), vec![id]))),
        }
        let nodes = network.of_kind(Kind::Node);
        workloads
            .extend(nodes.map(|id| (Who::Node(network.element(id).name.to_string()), vec![id])));
        let mut parties = Parties { all: vec![], of: FxHashMap::default() };
        for (who, elements) in workloads {
            let mut parts: BTreeMap<u64, Vec<ElementId>> = BTreeMap::new();
            for element in elements {
                let part = told.get(&element).copied().unwrap_or(0);
                parts.entry(part).or_default().push(element);
            }
            let whole = parts.len() == 1;
            for elements in parts.into_values() {
                let mut who = who.clone();
                if let (Who::Workload { only, .. }, false) = (&mut who, whole) {
                    *only = elements.iter().map(|id| last(network, *id).to_owned()).collect();
                }
                let id = PartyId(parties.all.len() as u32);
                parties.of.extend(elements.iter().map(|element| (*element, id)));
                parties.all.push(Party { who, elements });
            }
        }
        parties
    }

    pub(crate) fn get(&self, id: PartyId) -> &Party {
        &self.all[id.0 as usize]
    }

    /// The party of a switch.
    pub(crate) fn of(&self, element: ElementId) -> Option<PartyId> {
        self.of.get(&element).copied()
    }
}

/// Names parts of workloads while lines are made.
pub(crate) struct Namer<'a> {
    network: &'a Network,
    whole: &'a Parties,
    known: FxHashMap<(PartyId, Vec<ElementId>), PartyId>,
    world: FxHashMap<Vec<Range>, PartyId>,
    own_node: Option<PartyId>,
    pub(crate) all: Vec<Party>,
}

impl<'a> Namer<'a> {
    pub(crate) fn new(network: &'a Network, whole: &'a Parties) -> Namer<'a> {
        Namer {
            network,
            whole,
            known: FxHashMap::default(),
            world: FxHashMap::default(),
            own_node: None,
            all: whole.all.clone(),
        }
    }

    /// Who a party is.
    pub(crate) fn who(&self, party: PartyId) -> &Who {
        &self.all[party.0 as usize].who
    }

    /// Whether a party is one switch.
    pub(crate) fn is_single(&self, party: PartyId) -> bool {
        self.all[party.0 as usize].elements.len() == 1
    }

    /// The parties of a group, sorted: of those in `picked` only.
    pub(crate) fn name(&mut self, group: &Group, picked: &dyn Fn(PartyId) -> bool) -> Vec<PartyId> {
        let mut by_party: BTreeMap<PartyId, Vec<ElementId>> = BTreeMap::new();
        for element in &group.elements {
            if let Some(party) = self.whole.of(*element).filter(|party| picked(*party)) {
                by_party.entry(party).or_default().push(*element);
            }
        }
        let mut found: Vec<PartyId> =
            by_party.into_iter().map(|(party, elements)| self.part(party, elements)).collect();
        if !group.ranges.is_empty() {
            found.push(self.world(group.ranges.clone()));
        }
        if group.own_node {
            let next = self.next();
            let id = *self.own_node.get_or_insert(next);
            if id == next {
                self.all.push(Party { who: Who::OwnNode, elements: vec![] });
            }
            found.push(id);
        }
        found.sort_unstable();
        found
    }

    /// Some pods of a workload, or all.
    fn part(&mut self, party: PartyId, mut elements: Vec<ElementId>) -> PartyId {
        elements.sort_unstable();
        elements.dedup();
        let whole = self.whole.get(party);
        if elements.len() == whole.elements.len() {
            return party;
        }
        let mut who = whole.who.clone();
        if let Who::Workload { only, .. } = &mut who {
            let name = |id: &ElementId| {
                let name = &self.network.element(*id).name;
                name.rsplit('/').next().unwrap_or_default().to_owned()
            };
            *only = elements.iter().map(name).collect();
        }
        let next = self.next();
        let id = *self.known.entry((party, elements.clone())).or_insert(next);
        if id == next {
            self.all.push(Party { who, elements });
        }
        id
    }

    fn world(&mut self, ranges: Vec<Range>) -> PartyId {
        let ranges = tidy(ranges);
        let next = self.next();
        let id = *self.world.entry(ranges.clone()).or_insert(next);
        if id == next {
            self.all.push(Party { who: Who::World(ranges), elements: vec![] });
        }
        id
    }

    /// The same with one world, where these have several parts of it.
    pub(crate) fn one_world(&mut self, mut parties: Vec<PartyId>) -> Vec<PartyId> {
        let mut ranges = vec![];
        let mut parts = 0;
        for party in &parties {
            if let Who::World(own) = self.who(*party) {
                ranges.extend(own);
                parts += 1;
            }
        }
        if parts > 1 {
            parties.retain(|party| !matches!(self.who(*party), Who::World(_)));
            parties.push(self.world(ranges));
        }
        parties
    }

    fn next(&self) -> PartyId {
        PartyId(self.all.len() as u32)
    }
}

/// The pods that are switches, in the order of those.
pub(crate) fn own(cluster: &Cluster) -> impl Iterator<Item = &fibula_cluster::Pod> {
    cluster.pods.iter().filter(|pod| pod.has_network())
}

/// A Pod by itself.
fn pod(network: &Network, id: ElementId) -> Who {
    let name = &*network.element(id).name;
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    Who::Workload {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: "Pod".to_owned(),
        only: vec![],
    }
}

/// The name of a Pod without its namespace.
fn last(network: &Network, pod: ElementId) -> &str {
    let name = &*network.element(pod).name;
    name.split_once('/').map_or(name, |(_, name)| name)
}
