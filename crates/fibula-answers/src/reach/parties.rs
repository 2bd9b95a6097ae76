//! What has a name: workloads, Nodes, and the world.

use std::collections::BTreeMap;

use fibula_cluster::Cluster;
use fibula_network::filters::{Filters, Owner};
use fibula_network::{ElementId, Kind, Network, Range};
use rustc_hash::FxHashMap;

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
    /// Addresses that nobody in the cluster has.
    World(Vec<Range>),
}

/// All parties.
pub(super) struct Parties {
    pub(super) all: Vec<Party>,
    /// By element, its party in the list of whole workloads.
    of: FxHashMap<ElementId, PartyId>,
}

/// Atoms as parties.
pub(super) struct Map {
    /// By atom.
    parties: Vec<Vec<PartyId>>,
}

impl Parties {
    /// The workloads of a cluster, or the Pods of a network without one; and the Nodes.
    pub(super) fn new(ground: Ground<'_>) -> Parties {
        let network = ground.network;
        let mut workloads: BTreeMap<Who, Vec<ElementId>> = BTreeMap::new();
        let pods: Vec<ElementId> = network.of_kind(Kind::Pod).collect();
        match ground.cluster.filter(|cluster| own(cluster).count() == pods.len()) {
            Some(cluster) => {
                for (pod, id) in own(cluster).zip(pods) {
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
            let id = PartyId(parties.all.len() as u32);
            parties.of.extend(elements.iter().map(|element| (*element, id)));
            parties.all.push(Party { who, elements });
        }
        parties
    }

    pub(super) fn get(&self, id: PartyId) -> &Party {
        &self.all[id.0 as usize]
    }

    /// The party of a switch.
    pub(super) fn of(&self, element: ElementId) -> Option<PartyId> {
        self.of.get(&element).copied()
    }
}

impl Map {
    /// Makes parties of what filters tell apart: parts of workloads, and the world.
    pub(super) fn new(filters: &Filters<'_>, parties: &Parties) -> Map {
        let atoms = filters.atoms.iter();
        let parties = atoms
            .map(|(_, atom)| {
                let mut found: Vec<PartyId> =
                    atom.elements.iter().filter_map(|element| parties.of(*element)).collect();
                found.sort_unstable();
                found.dedup();
                found
            })
            .collect();
        Map { parties }
    }

    /// The whole workloads and Nodes that an atom has parts of.
    pub(super) fn of(&self, atom: u32) -> &[PartyId] {
        &self.parties[atom as usize]
    }
}

/// Names parts of workloads while lines are made.
pub(super) struct Namer<'a, 'n> {
    filters: &'a Filters<'n>,
    whole: &'a Parties,
    known: FxHashMap<(PartyId, Vec<ElementId>), PartyId>,
    world: FxHashMap<Vec<Range>, PartyId>,
    pub(super) all: Vec<Party>,
}

impl<'a, 'n> Namer<'a, 'n> {
    pub(super) fn new(filters: &'a Filters<'n>, whole: &'a Parties) -> Namer<'a, 'n> {
        let all = whole.all.clone();
        Namer { filters, whole, known: FxHashMap::default(), world: FxHashMap::default(), all }
    }

    /// Who a party is.
    pub(super) fn who(&self, party: PartyId) -> &Who {
        &self.all[party.0 as usize].who
    }

    /// Whether a party is one switch.
    pub(super) fn is_single(&self, party: PartyId) -> bool {
        self.all[party.0 as usize].elements.len() == 1
    }

    /// The parties of some atoms, sorted: of those in `picked` only, if that says which.
    pub(super) fn name(&mut self, atoms: &[u32], picked: &dyn Fn(PartyId) -> bool) -> Vec<PartyId> {
        let mut elements: Vec<ElementId> = vec![];
        let mut ranges: Vec<Range> = vec![];
        for atom in atoms {
            let atom = self.filters.atoms.get(*atom);
            match atom.owner {
                Owner::Nobody => ranges.extend(&atom.ranges),
                Owner::Pods | Owner::Nodes => elements.extend(&atom.elements),
            }
        }
        let network = self.filters.network;
        let mut by_party: BTreeMap<PartyId, Vec<ElementId>> = BTreeMap::new();
        for element in elements {
            if let Some(party) = self.whole.of(element).filter(|party| picked(*party)) {
                by_party.entry(party).or_default().push(element);
            }
        }
        let mut found = vec![];
        for (party, mut elements) in by_party {
            elements.sort_unstable();
            elements.dedup();
            let whole = self.whole.get(party);
            if elements.len() == whole.elements.len() {
                found.push(party);
                continue;
            }
            let mut who = whole.who.clone();
            if let Who::Workload { only, .. } = &mut who {
                let name = |id: &ElementId| {
                    network.element(*id).name.rsplit('/').next().unwrap_or_default().to_owned()
                };
                *only = elements.iter().map(name).collect();
            }
            let next = PartyId(self.all.len() as u32);
            let id = *self.known.entry((party, elements.clone())).or_insert(next);
            if id == next {
                self.all.push(Party { who, elements });
            }
            found.push(id);
        }
        if !ranges.is_empty() {
            let ranges = fibula_network::AddrSet::new("", ranges).ranges;
            let next = PartyId(self.all.len() as u32);
            let id = *self.world.entry(ranges.clone()).or_insert(next);
            if id == next {
                self.all.push(Party { who: Who::World(ranges), elements: vec![] });
            }
            found.push(id);
        }
        found
    }
}

/// The pods that are switches, in the order of those.
fn own(cluster: &Cluster) -> impl Iterator<Item = &fibula_cluster::Pod> {
    let own =
        |pod: &&fibula_cluster::Pod| pod.live && !pod.host_network && !pod.addresses.is_empty();
    cluster.pods.iter().filter(own)
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
