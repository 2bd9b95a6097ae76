//! Which pods and Nodes policies speak of, for all policies at once.
//!
//! Pods that no policy can tell apart are one class: the same namespace, the same labels as far as
//! some selector asks for them, the same ports by the names that some rule uses, the same kind of
//! network. A selection is a list of classes, and equal selections are answered once. So 5,000
//! policies over 150,000 pods cost what their classes cost, and a label that nobody asks for, such
//! as the number of a StatefulSet's pod, costs nothing.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::cluster::{Cluster, Protocol};
use crate::policy::{NamespaceSelection, PeerOf, PodSelection, Policy, RulePort};
use crate::selector::Selector;

mod classes;
mod index;
mod namespaces;

use classes::Classes;
use index::Index;
use namespaces::Namespaces;

/// Which pods and Nodes the policies of a cluster speak of.
#[derive(Clone, Debug)]
pub struct Select {
    classes: Vec<Class>,
    class_of: Vec<ClassId>,
    ids: FxHashMap<PodSelection, SelectionId>,
    /// By policy, its subject.
    subjects: Vec<SelectionId>,
    pods: Vec<Selected<ClassId>>,
    nodes: FxHashMap<Selector, Selected<usize>>,
}

/// A class, numbered by namespace and then by the name of its first pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// A selection of pods: equal ones have the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectionId(u32);

/// Pods that no policy can tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Which they are, as indices into [`Cluster::pods`], ascending; never empty.
    pub pods: Vec<u32>,
    /// Whether they use their Nodes' network: then most plugins do not see them as pods (DR-1).
    pub host_network: bool,
    /// Whether they take part: not once they have finished, nor while they have no address (NP-52).
    pub live: bool,
    /// What they call their ports, of the names that some rule uses, in the order of the pod.
    pub ports: Arc<[NamedPort]>,
}

/// A port that a rule can name (NP-42).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedPort {
    /// Its name.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub number: u16,
    /// Whether a sidecar declares it: some plugins do not look there (DR-8).
    pub sidecar: bool,
}

/// What is selected, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected<T> {
    /// Whatever nobody knows.
    pub surely: Vec<T>,
    /// If the labels of an object that was not read are such (DR-22).
    pub perhaps: Vec<T>,
}

// === impl Select ===

impl Select {
    /// Answers every selection of a cluster's policies.
    pub fn new(cluster: &Cluster) -> Self {
        Self::with(cluster, &[])
    }

    /// Answers these selections of pods too.
    ///
    /// Near linear in the pods and in what is selected: a selection looks at the classes that have
    /// its rarest label, in its namespaces.
    pub fn with(cluster: &Cluster, more: &[PodSelection]) -> Self {
        let mut asked = Asked::default();
        let policies = cluster.policies.iter();
        let subjects = policies.map(|policy| asked.policy(policy)).collect();
        more.iter().for_each(|selection| _ = asked.pods(selection));

        let Classes { classes, class_of, labels, namespaces } = Classes::new(cluster, &asked);
        let index = Index::new(labels, &asked.pod_keys);
        let namespaces = Namespaces::new(cluster, namespaces, &asked.selections);
        let pods = asked.selections.par_iter().map(|selection| {
            let pods = &selection.pods;
            match &selection.namespaces {
                NamespaceSelection::Named(name) => {
                    let range = namespaces.named(name).unwrap_or_default();
                    Selected { surely: ids(index.select(pods, range)), perhaps: Vec::new() }
                }
                NamespaceSelection::By(by) => {
                    let found = namespaces.by(by);
                    Selected {
                        surely: ids(index.select_in(pods, &found.surely)),
                        perhaps: ids(index.select_in(pods, &found.perhaps)),
                    }
                }
            }
        });
        let pods = pods.collect();
        let nodes = asked.nodes.iter().map(|by| ((*by).clone(), nodes(cluster, by))).collect();
        let ids = asked.ids.into_iter().map(|(s, id)| (s.clone(), SelectionId(id))).collect();
        Self { classes, class_of, ids, subjects, pods, nodes }
    }

    /// All classes, by their number.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The class of each pod, by its index in [`Cluster::pods`].
    pub fn class_of(&self) -> &[ClassId] {
        &self.class_of
    }

    /// The number of a selection; none for one that was not asked about.
    pub fn id(&self, selection: &PodSelection) -> Option<SelectionId> {
        self.ids.get(selection).copied()
    }

    /// Whom a policy speaks of, by its index in [`Cluster::policies`].
    pub fn subject(&self, policy: u32) -> SelectionId {
        self.subjects[policy as usize]
    }

    /// The pods of a selection that was asked about. Its namespaces may be unread: then what their
    /// labels decide is only perhaps selected. Host-network pods and such as take no part are in
    /// it: what becomes of them is for policies to say (DR-1, NP-52).
    pub fn pods(&self, id: SelectionId) -> &Selected<ClassId> {
        &self.pods[id.0 as usize]
    }

    /// The Nodes of a selector of some policy, as indices into [`Cluster::nodes`]; none for one
    /// that was not asked about. What is known of a Node that was not read is only its name.
    pub fn nodes(&self, selector: &Selector) -> Option<&Selected<usize>> {
        self.nodes.get(selector)
    }
}

/// What policies ask about pods and Nodes.
#[derive(Default)]
struct Asked<'p> {
    ids: FxHashMap<&'p PodSelection, u32>,
    selections: Vec<&'p PodSelection>,
    nodes: FxHashSet<&'p Selector>,
    /// The keys of pods' labels.
    pod_keys: FxHashSet<&'p str>,
    /// The names of ports.
    ports: FxHashSet<&'p str>,
}

impl<'p> Asked<'p> {
    fn policy(&mut self, policy: &'p Policy) -> SelectionId {
        let subject = self.pods(&policy.subject);
        for rule in policy.rules() {
            for peer in rule.peers() {
                match &peer.what {
                    PeerOf::Pods(selection) => _ = self.pods(selection),
                    PeerOf::Nodes(selector) => _ = self.nodes.insert(selector),
                    PeerOf::Block { .. } | PeerOf::Domains(_) | PeerOf::Unknown => {}
                }
            }
            for port in rule.ports() {
                if let RulePort::Named { name, .. } = port {
                    self.ports.insert(name);
                }
            }
        }
        subject
    }

    fn pods(&mut self, selection: &'p PodSelection) -> SelectionId {
        let next = self.selections.len() as u32;
        let id = *self.ids.entry(selection).or_insert(next);
        if id == next {
            self.selections.push(selection);
            let keys = selection.pods.requirements().iter();
            self.pod_keys.extend(keys.map(|requirement| requirement.key.as_str()));
        }
        SelectionId(id)
    }
}

fn ids(classes: Vec<u32>) -> Vec<ClassId> {
    classes.into_iter().map(ClassId).collect()
}

/// Nodes are few, and so are selectors of them.
fn nodes(cluster: &Cluster, by: &Selector) -> Selected<usize> {
    let mut selected = Selected { surely: Vec::new(), perhaps: Vec::new() };
    for (i, node) in cluster.nodes.iter().enumerate() {
        if by.is_empty() || (node.object.is_some() && by.matches(&node.labels)) {
            selected.surely.push(i);
        } else if node.object.is_none() {
            selected.perhaps.push(i);
        }
    }
    selected
}

/// A run of classes.
type Run = Range<u32>;
