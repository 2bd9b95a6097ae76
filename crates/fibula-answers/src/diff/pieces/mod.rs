//! What of the objects changed, as far as it could have a part in what opens and closes: piece by
//! piece, so that each can be tried by itself.

mod apply;
mod policies;

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::api::Labels;
use fibula_cluster::{
    Cluster, NamespaceSelection, PeerOf, Place, Pod, PodSelection, Policy, PolicyKind, Protocol,
};
use fibula_network::{ElementId, Kind};
use ipnet::IpNet;

use super::entities::{Entities, Entity};
use crate::reach::parties::own;
use crate::reach::{PartyId, Who};
use crate::trace::Ground;
pub use policies::Edit;
use policies::Edits;

/// A piece of what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub what: What,
    /// Where it stands; none for what no object says.
    pub at: Option<At>,
}

/// Where something stands, before or after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// 0 in the old input, 1 in the new one.
    pub side: usize,
    /// The object, or the rule or the peer in it.
    pub place: Place,
    /// The API path of the value; empty where the place says it.
    pub path: String,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A piece of a policy.
    Policy {
        /// Its kind.
        kind: PolicyKind,
        /// Its namespace, if it has one, and its name.
        path: String,
        /// The piece.
        edit: Edit,
    },
    /// Labels of the pods of a workload, of those that selectors ask for.
    Labels {
        /// The workload.
        whole: PartyId,
        /// The labels.
        labels: Relabelled,
        /// Policies that select what these pods were, and do not select them any more.
        still: Vec<String>,
    },
    /// The ports that its pods have names for.
    Ports(PartyId),
    /// The addresses of its pods.
    Addresses(PartyId),
    /// The labels of a namespace.
    Namespace {
        /// Its name.
        name: String,
        /// The labels.
        labels: Relabelled,
        /// Whether its object is there: it was not, or is no more.
        read: Option<bool>,
    },
    /// The labels or the addresses of a Node.
    Node(String, Relabelled),
}

/// Labels that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relabelled {
    /// What is no more: key and value.
    pub lost: Vec<(String, String)>,
    /// What is there now.
    pub got: Vec<(String, String)>,
}

/// All pieces, and what they are made of.
pub(super) struct Pieces<'a> {
    pub(super) all: Vec<Piece>,
    sources: Vec<From>,
    edits: Vec<(usize, usize, Edits)>,
    pub(super) clusters: [&'a Cluster; 2],
    /// By side, the pods that are switches, and their places in the list of the cluster.
    pods: [(Vec<ElementId>, Vec<usize>); 2],
    entities: &'a Entities,
}

/// What a piece is taken from: indices of policies, namespaces and Nodes in the new cluster, or in
/// the old one where they are gone.
#[derive(Clone, Copy, Debug)]
enum From {
    PolicyNew(usize),
    PolicyGone(usize),
    /// Which policy, as a place in the list of edits, and which piece of it.
    Edit(usize, usize),
    Labels(PartyId),
    Ports(PartyId),
    Addresses(PartyId),
    Namespace(usize),
    Node(usize),
}

/// The ports of a pod that have names.
type Named<'a> = Vec<(&'a str, u16, Protocol)>;

// === impl At ===

impl At {
    pub(super) fn new(side: usize, place: Place, path: &str) -> At {
        At { side, place, path: path.to_owned() }
    }
}

// === impl Pieces ===

impl<'a> Pieces<'a> {
    /// None for networks that were read as such: nothing is known of what made them.
    pub(super) fn new(grounds: [Ground<'a>; 2], entities: &'a Entities) -> Option<Pieces<'a>> {
        let clusters = [grounds[0].cluster?, grounds[1].cluster?];
        let pods = [0, 1].map(|side| {
            let ids: Vec<ElementId> = grounds[side].network.of_kind(Kind::Pod).collect();
            let all = clusters[side].pods.iter().enumerate();
            let at: Vec<usize> =
                all.filter(|(_, pod)| pod.has_network()).map(|(at, _)| at).collect();
            (ids, at)
        });
        if [0, 1].iter().any(|side| own(clusters[*side]).count() != pods[*side].0.len()) {
            return None;
        }
        let mut pieces =
            Pieces { all: vec![], sources: vec![], edits: vec![], clusters, pods, entities };
        pieces.policies();
        pieces.pods();
        pieces.namespaces();
        pieces.nodes();
        Some(pieces)
    }

    fn push(&mut self, what: What, at: Option<At>, from: From) {
        self.all.push(Piece { what, at });
        self.sources.push(from);
    }

    fn policies(&mut self) {
        let [old, new] = self.clusters;
        let key = |policy: &Policy| (policy.kind, policy.namespace.clone(), policy.name.clone());
        let what =
            |policy: &Policy, edit| What::Policy { kind: policy.kind, path: policy.path(), edit };
        let whole = |policy: &Policy| Place { object: policy.object, container: None, port: None };
        let before: BTreeMap<_, usize> =
            old.policies.iter().enumerate().map(|(at, policy)| (key(policy), at)).collect();
        let mut after = BTreeSet::new();
        for (to, policy) in new.policies.iter().enumerate() {
            after.insert(key(policy));
            let Some(from) = before.get(&key(policy)) else {
                let at = At::new(1, whole(policy), "");
                self.push(what(policy, Edit::New), Some(at), From::PolicyNew(to));
                continue;
            };
            let edits = Edits::new(&old.policies[*from], policy);
            for (number, (edit, at)) in edits.all.iter().enumerate() {
                let from = From::Edit(self.edits.len(), number);
                self.push(what(policy, edit.clone()), Some(at.clone()), from);
            }
            if !edits.all.is_empty() {
                self.edits.push((*from, to, edits));
            }
        }
        for (from, policy) in old.policies.iter().enumerate() {
            if !after.contains(&key(policy)) {
                let at = At::new(0, whole(policy), "");
                self.push(what(policy, Edit::Gone), Some(at), From::PolicyGone(from));
            }
        }
    }

    /// A pod of a side, by its switch.
    fn pod(&self, side: usize, id: ElementId) -> Option<(usize, &'a Pod)> {
        let (ids, at) = &self.pods[side];
        let at = *at.get(ids.binary_search(&id).ok()?)?;
        Some((at, self.clusters[side].pods.get(at)?))
    }

    fn pods(&mut self) {
        let keys = asked(self.clusters);
        let blocks = blocks(self.clusters);
        let entities = self.entities;
        let mut last = None;
        let mut changed = [false; 3];
        for entity in &entities.all {
            let [Some(was), Some(is)] = entity.sides else { continue };
            let (Some((_, was)), Some((_, is))) = (self.pod(0, was), self.pod(1, is)) else {
                continue;
            };
            if last != Some(entity.whole) {
                changed = [false; 3];
                last = Some(entity.whole);
            }
            let named = |pod: &'a Pod| -> Named<'a> {
                let ports = pod.containers.iter().flat_map(|container| &container.ports);
                ports.filter_map(|p| Some((p.name.as_deref()?, p.number, p.protocol))).collect()
            };
            let whole = entity.whole;
            let labels = relabelled(&was.labels, &is.labels, Some(&keys));
            let object = Place { object: is.object, container: None, port: None };
            if labels != Relabelled::default() && !changed[0] {
                changed[0] = true;
                let still = self.still(was, is);
                let made = self.clusters[1].makers.iter().any(|(id, _)| *id == is.object);
                let path = match (made, &*is.workload.kind) {
                    (false, _) => "metadata.labels",
                    (true, "CronJob") => "spec.jobTemplate.spec.template.metadata.labels",
                    (true, _) => "spec.template.metadata.labels",
                };
                let at = At::new(1, object, path);
                self.push(What::Labels { whole, labels, still }, Some(at), From::Labels(whole));
            }
            if !changed[1] && named(was) != named(is) {
                changed[1] = true;
                let at = At::new(1, object, "");
                self.push(What::Ports(whole), Some(at), From::Ports(whole));
            }
            let within = |pod: &Pod| -> Vec<bool> {
                let holds = |net: &IpNet| pod.addresses.iter().any(|addr| net.contains(addr));
                blocks.iter().map(holds).collect()
            };
            if !changed[2] && was.addresses != is.addresses && within(was) != within(is) {
                changed[2] = true;
                let at = At::new(1, object, "status.podIP");
                self.push(What::Addresses(whole), Some(at), From::Addresses(whole));
            }
        }
    }

    /// The policies that speak of what a pod was, and not of what it is.
    fn still(&self, was: &Pod, is: &Pod) -> Vec<String> {
        let means = |selection: &PodSelection| {
            let within = match &selection.namespaces {
                NamespaceSelection::Named(name) => *name == is.namespace,
                NamespaceSelection::By(_) => true,
            };
            within && selection.pods.matches(&was.labels) && !selection.pods.matches(&is.labels)
        };
        let speaks = |policy: &&Policy| {
            let peers = policy.rules().flat_map(|rule| rule.peers());
            means(&policy.subject)
                || peers
                    .into_iter()
                    .any(|peer| matches!(&peer.what, PeerOf::Pods(selection) if means(selection)))
        };
        self.clusters[1].policies.iter().filter(speaks).map(Policy::called).collect()
    }

    fn namespaces(&mut self) {
        let [old, new] = self.clusters;
        for (to, space) in new.namespaces.iter().enumerate() {
            let Some(was) = old.namespaces.iter().find(|was| was.name == space.name) else {
                continue;
            };
            let labels = relabelled(&was.labels, &space.labels, None);
            let read = Some(space.object.is_some()).filter(|is| *is != was.object.is_some());
            if labels == Relabelled::default() && read.is_none() {
                continue;
            }
            let (side, object) = match (space.object, was.object) {
                (Some(object), _) => (1, Some(object)),
                (None, object) => (0, object),
            };
            let at = object.map(|object| {
                At::new(side, Place { object, container: None, port: None }, "metadata.labels")
            });
            let name = space.name.clone();
            self.push(What::Namespace { name, labels, read }, at, From::Namespace(to));
        }
    }

    fn nodes(&mut self) {
        let [old, new] = self.clusters;
        for (to, node) in new.nodes.iter().enumerate() {
            let Some(was) = old.nodes.iter().find(|was| was.name == node.name) else { continue };
            let labels = relabelled(&was.labels, &node.labels, None);
            if labels == Relabelled::default() && was.addresses == node.addresses {
                continue;
            }
            let at = node.object.map(|object| {
                At::new(1, Place { object, container: None, port: None }, "metadata.labels")
            });
            self.push(What::Node(node.name.clone(), labels), at, From::Node(to));
        }
    }

    /// The policy that a piece is of, before and after.
    pub(super) fn policies_of(&self, piece: usize) -> [Option<&'a Policy>; 2] {
        let [old, new] = self.clusters;
        match self.sources[piece] {
            From::PolicyNew(to) => [None, new.policies.get(to)],
            From::PolicyGone(from) => [old.policies.get(from), None],
            From::Edit(which, _) => {
                let (from, to, _) = self.edits[which];
                [old.policies.get(from), new.policies.get(to)]
            }
            _ => [None; 2],
        }
    }

    /// The pod that an entity is, before and after.
    pub(super) fn pods_of(&self, entity: Entity) -> [Option<&'a Pod>; 2] {
        [0, 1].map(|side| Some(self.pod(side, entity.sides[side]?)?.1))
    }

    /// By whole, what of its own changed: those of the same number have no pieces of their own, or
    /// the same ones.
    pub(super) fn marks(&self) -> Vec<u32> {
        let mut marks = vec![0; self.entities.wholes.len()];
        let spaces: BTreeMap<&str, u32> = (1..)
            .zip(self.all.iter().filter_map(|piece| match &piece.what {
                What::Namespace { name, .. } => Some(name.as_str()),
                _ => None,
            }))
            .map(|(number, name)| (name, number))
            .collect();
        if !spaces.is_empty() {
            for (mark, party) in marks.iter_mut().zip(&self.entities.wholes) {
                if let Who::Workload { namespace, .. } = &party.who {
                    *mark = spaces.get(namespace.as_str()).copied().unwrap_or(0);
                }
            }
        }
        for (number, source) in (1 + spaces.len() as u32..).zip(&self.sources) {
            if let From::Labels(whole) | From::Ports(whole) | From::Addresses(whole) = source {
                marks[whole.0 as usize] = number;
            }
        }
        marks
    }
}

/// The keys of labels of pods that policies and Services ask for.
fn asked(clusters: [&Cluster; 2]) -> BTreeSet<&str> {
    let services = clusters.into_iter().flat_map(|cluster| &cluster.services);
    let selected = services.flat_map(|service| service.selector.iter().map(|(key, _)| &**key));
    let policies = clusters.into_iter().flat_map(|cluster| &cluster.policies);
    let selections = policies.flat_map(|policy| {
        let peers = policy.rules().flat_map(|rule| rule.peers());
        let pods = peers.filter_map(|peer| match &peer.what {
            PeerOf::Pods(selection) => Some(selection),
            _ => None,
        });
        pods.chain([&policy.subject])
    });
    let requirements = selections.flat_map(|selection| selection.pods.requirements());
    requirements.map(|requirement| requirement.key.as_str()).chain(selected).collect()
}

/// The ranges that policies name.
fn blocks(clusters: [&Cluster; 2]) -> BTreeSet<IpNet> {
    let policies = clusters.into_iter().flat_map(|cluster| &cluster.policies);
    let peers = policies.flat_map(|policy| policy.rules().flat_map(|rule| rule.peers()));
    let nets = peers.flat_map(|peer| match &peer.what {
        PeerOf::Block { net, except } => [&[*net][..], except].concat(),
        _ => vec![],
    });
    nets.collect()
}

/// How labels changed, of these keys, or of all.
fn relabelled(was: &Labels, is: &Labels, keys: Option<&BTreeSet<&str>>) -> Relabelled {
    let others = |a: &Labels, b: &Labels| -> Vec<(String, String)> {
        let all = a.iter().filter(|(key, value)| {
            keys.is_none_or(|keys| keys.contains(key)) && b.get(key) != Some(value)
        });
        all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    Relabelled { lost: others(was, is), got: others(is, was) }
}
