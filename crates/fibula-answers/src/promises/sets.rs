//! Whom a promise means.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use fibula_cluster::promise::{Named, Said, Selected};
use fibula_cluster::{Namespace, Pod, Selector, Service};
use fibula_network::ranges::{of_family, prefix, tidy, without};
use fibula_network::{AddrSet, ElementId, Kind, Range};
use rustc_hash::FxHashMap;

use super::picked::Picked;
use super::scene::Atoms;
use super::{Doubt, Wrong};
use crate::reach::{Parties, Who, kinded, near, own, own_ranges, short, within_namespace};
use crate::stranger;
use crate::trace::Ground;

/// Some of a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    /// Whether all pods are meant, and not only those below.
    pub(super) all_pods: bool,
    pub(super) pods: Vec<ElementId>,
    pub(super) all_nodes: bool,
    pub(super) nodes: Vec<ElementId>,
    /// Addresses, sorted and apart: those of the world that are among them.
    pub(super) world: Vec<Range>,
    /// Whether it is whoever has an address in a range.
    range: bool,
    /// Services, as indices into those of the cluster.
    pub(super) services: Vec<usize>,
    /// Pods that may be meant or not: the labels of their namespaces were not read (DR-22).
    pub(super) perhaps: Vec<ElementId>,
    /// Why nobody knows of these.
    pub(super) doubts: Vec<Doubt>,
}

/// Namespaces that are meant, and those of which nobody knows (DR-22).
struct Homes {
    sure: BTreeSet<String>,
    perhaps: BTreeSet<String>,
}

/// Pods, each with its namespace.
type Pods<'a> = Vec<(&'a str, ElementId)>;

/// Everything that has a name, by name.
pub(super) struct Index<'a> {
    ground: Ground<'a>,
    parties: &'a Parties,
    pods: Vec<(ElementId, &'a Pod)>,
    /// By the last part of a name: workloads and pods.
    workloads: FxHashMap<&'a str, Vec<usize>>,
    by_pod: FxHashMap<&'a str, Pods<'a>>,
    nodes: FxHashMap<&'a str, ElementId>,
    namespaces: BTreeMap<&'a str, Vec<ElementId>>,
    services: FxHashMap<&'a str, Vec<usize>>,
    /// By key and value; made when a label is first asked for.
    labels: Option<FxHashMap<(&'a str, &'a str), Pods<'a>>>,
    known: FxHashMap<(Option<String>, String), Option<Rc<Set>>>,
}

// === impl Set ===

impl Set {
    /// Everybody in one of two.
    pub(super) fn add(&mut self, other: &Set) {
        self.all_pods |= other.all_pods;
        self.pods.extend(&other.pods);
        self.all_nodes |= other.all_nodes;
        self.nodes.extend(&other.nodes);
        self.world.extend(&other.world);
        self.world = tidy(std::mem::take(&mut self.world));
        self.services.extend(&other.services);
    }

    pub(super) fn pods(&self, atoms: &Atoms) -> Picked {
        match self.all_pods {
            true => Picked::none().others(),
            false => Picked::of(atoms, self.pods.clone()),
        }
    }

    pub(super) fn nodes(&self, atoms: &Atoms) -> Picked {
        match self.all_nodes {
            true => Picked::none().others(),
            false => Picked::of(atoms, self.nodes.clone()),
        }
    }

    /// Whether Nodes are in it.
    pub(super) fn has_nodes(&self) -> bool {
        self.all_nodes || !self.nodes.is_empty()
    }

    /// The same with those who may be meant, or without.
    pub(super) fn with(self: &Rc<Set>, perhaps: bool) -> Rc<Set> {
        match perhaps && !self.perhaps.is_empty() {
            true => {
                let pods = self.pods.iter().chain(&self.perhaps).copied().collect();
                Rc::new(Set { pods, ..Set::clone(self) })
            }
            false => self.clone(),
        }
    }

    /// The same; if those of a range are to reach, or to be reached, those of the cluster, where there
    /// are some: an address that nobody has does neither.
    pub(super) fn of_cluster(&self, reach: bool) -> Set {
        let some = !self.pods.is_empty() || !self.nodes.is_empty();
        match reach && self.range && some {
            true => Set { world: vec![], ..self.clone() },
            false => self.clone(),
        }
    }

    fn is_empty(&self) -> bool {
        !(self.all_pods || self.has_nodes())
            && self.pods.is_empty()
            && self.world.is_empty()
            && self.services.is_empty()
            && self.doubts.is_empty()
    }
}

// === impl Index ===

impl<'a> Index<'a> {
    pub(super) fn new(ground: Ground<'a>, parties: &'a Parties) -> Index<'a> {
        let network = ground.network;
        let pods: Vec<ElementId> = network.of_kind(Kind::Pod).collect();
        let pods: Vec<(ElementId, &Pod)> = match ground.cluster {
            Some(cluster) if own(cluster).count() == pods.len() => {
                pods.into_iter().zip(own(cluster)).collect()
            }
            _ => vec![],
        };
        let mut index = Index {
            ground,
            parties,
            pods,
            workloads: FxHashMap::default(),
            by_pod: FxHashMap::default(),
            nodes: FxHashMap::default(),
            namespaces: BTreeMap::new(),
            services: FxHashMap::default(),
            labels: None,
            known: FxHashMap::default(),
        };
        for (at, party) in parties.all.iter().enumerate() {
            match &party.who {
                Who::Workload { namespace, name, .. } => {
                    index.workloads.entry(name).or_default().push(at);
                    index.namespaces.entry(namespace).or_default().extend(&party.elements);
                }
                Who::Node(name) => {
                    index.nodes.extend(party.elements.first().map(|id| (name.as_str(), *id)));
                }
                Who::OwnNode | Who::World(_) => {}
            }
        }
        for id in network.of_kind(Kind::Pod) {
            if let Some((namespace, name)) = network.element(id).name.split_once('/') {
                index.by_pod.entry(name).or_default().push((namespace, id));
            }
        }
        for (at, service) in index.all_services().iter().enumerate() {
            index.services.entry(&service.name).or_default().push(at);
        }
        index
    }

    fn all_services(&self) -> &'a [Service] {
        self.ground.cluster.map_or(&[], |cluster| &cluster.services)
    }

    /// A pod as an object.
    pub(super) fn pod(&self, id: ElementId) -> Option<&'a Pod> {
        let at = self.pods.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.pods[at].1)
    }

    /// Whom some of a promise means, each by itself.
    pub(super) fn all(
        &mut self,
        said: &[Said],
        namespace: Option<&str>,
        wrong: &mut Vec<Wrong>,
    ) -> Vec<(Said, Rc<Set>)> {
        let mut all = vec![];
        for one in said {
            match self.one(one, namespace) {
                Ok(set) => all.push((one.clone(), set)),
                Err(fault) => wrong.push(*fault),
            }
        }
        all
    }

    fn one(&mut self, said: &Said, namespace: Option<&str>) -> Result<Rc<Set>, Box<Wrong>> {
        let name = match &said.who {
            Named::Selected(selected) => return self.selected(said, selected, namespace),
            Named::Name(name) => name,
        };
        let key = (namespace.map(str::to_owned), name.clone());
        let known = match self.known.get(&key) {
            Some(known) => known.clone(),
            None => {
                let set = Some(self.name(name, namespace)).filter(|set| !set.is_empty());
                self.known.entry(key).or_insert(set.map(Rc::new)).clone()
            }
        };
        known.ok_or_else(|| Box::new(self.unknown(said, name)))
    }

    fn unknown(&self, said: &Said, name: &str) -> Wrong {
        let near =
            near(self.ground, self.parties, name).map(|near| format!("did you mean {near}?"));
        let pods = self.ground.cluster.map_or(&[][..], |cluster| &cluster.pods);
        let last = name.rsplit('/').next().unwrap_or(name);
        let of_node = pods
            .iter()
            .any(|pod| pod.host_network && (pod.workload.name == last || pod.name == last));
        let own =
            || format!("{last} uses its node's network, which policies see: say nodes (DR-1)");
        let (expected, help) = match of_node {
            true => ("a pod with its own network", Some(own())),
            false => ("the name of something that is here", near),
        };
        Wrong { path: said.path.clone(), expected: expected.to_owned(), got: name.to_owned(), help }
    }

    /// Whom a name means.
    fn name(&mut self, said: &str, namespace: Option<&str>) -> Set {
        let mut set = Set::default();
        match said {
            "world" => return Set { world: vec![Range::ALL], ..set },
            "pods" => return Set { all_pods: true, ..set },
            "nodes" => return Set { all_nodes: true, ..set },
            "all" | "any" => {
                return Set { all_pods: true, all_nodes: true, world: vec![Range::ALL], ..set };
            }
            _ => {}
        }
        if let Ok(range) = said.parse::<Range>() {
            return self.range(&of_family(&[range], range.lo.family()));
        }
        let (kind, path) = kinded(said);
        let (home, name) = within_namespace(namespace, path);
        let within = |own: &str| home.is_none_or(|home| home == own);
        if matches!(kind, Some("ns" | "namespace")) {
            set.pods = self.namespaces.get(path).cloned().unwrap_or_default();
            return set;
        }
        let services = |index: &Self| -> Vec<usize> {
            let all = index.services.get(name).into_iter().flatten().copied();
            all.filter(|at| within(&index.all_services()[*at].namespace)).collect()
        };
        if matches!(kind, Some("svc" | "service" | "services")) {
            set.services = services(self);
            return set;
        }
        if let Some((key, value)) = name.split_once('=') {
            let all = self.labels().get(&(key, value)).into_iter().flatten();
            set.pods = all.filter(|(own, _)| within(own)).map(|(_, id)| *id).collect();
            return set;
        }
        if matches!(kind, None | Some("node" | "nodes")) {
            set.nodes.extend(self.nodes.get(path));
        }
        let as_workload = |is: &str| kind.is_none_or(|kind| short(is) == kind);
        for at in self.workloads.get(name).into_iter().flatten() {
            let party = &self.parties.all[*at];
            let Who::Workload { namespace, kind: is, .. } = &party.who else { continue };
            if within(namespace) && as_workload(is) {
                set.pods.extend(&party.elements);
            }
        }
        if name == "*" && kind.is_none() {
            let all = self.namespaces.iter().filter(|(own, _)| within(own));
            let mut pods: Vec<ElementId> = all.flat_map(|(_, pods)| pods).copied().collect();
            pods.sort_unstable();
            set.pods = pods;
        }
        if matches!(kind, None | Some("pod" | "po" | "pods")) {
            let pods = self.by_pod.get(name).into_iter().flatten();
            set.pods.extend(pods.filter(|(own, _)| within(own)).map(|(_, id)| *id));
        }
        if set.is_empty() && kind.is_none() {
            set.services = services(self);
        }
        set
    }

    /// Whoever has an address in one of these ranges, and what of them nobody has. What somebody in
    /// the cluster has is none of the world's.
    fn range(&self, ranges: &[Range]) -> Set {
        let network = self.ground.network;
        let ranges = AddrSet::new("", ranges.to_vec());
        let mut set = Set { range: true, ..Set::default() };
        // A pod that is not here has whatever address: one in all of them.
        let all = |family| of_family(&[Range::ALL], family);
        let held = |family| without(&all(family), &ranges.ranges).is_empty();
        let stranger = stranger::find(network).filter(|id| {
            let own = network.fib(*id).map_or(&[][..], |fib| &fib.me.own);
            !own.iter().any(|addr| held(addr.family()))
        });
        for id in network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node)) {
            let has = network
                .fib(id)
                .is_some_and(|fib| fib.me.own.iter().any(|addr| ranges.contains(*addr)));
            match network.kind(id) {
                _ if !has || Some(id) == stranger => {}
                Kind::Pod => set.pods.push(id),
                _ => set.nodes.push(id),
            }
        }
        // In the cluster's own ranges nobody else is (R3).
        let own = self.ground.cluster.map_or_else(Vec::new, own_ranges);
        set.world = without(&ranges.ranges, &own);
        set
    }

    fn labels(&mut self) -> &FxHashMap<(&'a str, &'a str), Vec<(&'a str, ElementId)>> {
        let pods = &self.pods;
        self.labels.get_or_insert_with(|| {
            let mut labels: FxHashMap<_, Vec<_>> = FxHashMap::default();
            for (id, pod) in pods {
                for label in pod.labels.iter() {
                    labels.entry(label).or_default().push((pod.namespace.as_str(), *id));
                }
            }
            labels
        })
    }

    fn selected(
        &self,
        said: &Said,
        selected: &Selected,
        namespace: Option<&str>,
    ) -> Result<Rc<Set>, Box<Wrong>> {
        let Selected { namespace: named, namespaces, pods, cidr, except } = selected;
        if let Some(cidr) = cidr {
            let of = |net: &ipnet::IpNet| prefix(net.addr(), net.prefix_len());
            let except = tidy(except.iter().flat_map(of).collect());
            return Ok(Rc::new(self.range(&without(&of(cidr), &except))));
        }
        let mut set = Set::default();
        let homes = self.homes(named.as_deref(), namespaces.as_ref(), namespace);
        let labelled = |pod: &Pod| pods.as_ref().is_none_or(|pods| pods.matches(&pod.labels));
        for (id, pod) in self.pods.iter().filter(|(_, pod)| labelled(pod)) {
            match &homes {
                Some(homes) if homes.perhaps.contains(&pod.namespace) => {
                    set.perhaps.push(*id);
                    set.doubts.push(Doubt::Labels(pod.namespace.clone()));
                }
                Some(homes) if !homes.sure.contains(&pod.namespace) => {}
                _ => set.pods.push(*id),
            }
        }
        set.doubts.dedup();
        if set.is_empty() {
            let (expected, got) = ("pods that are here".to_owned(), said.who.to_string());
            let path = said.path.clone();
            return Err(Box::new(Wrong { path, expected, got, help: None }));
        }
        Ok(Rc::new(set))
    }

    /// The namespaces that are meant, if not all.
    fn homes(
        &self,
        named: Option<&str>,
        by: Option<&Selector>,
        home: Option<&str>,
    ) -> Option<Homes> {
        let Some(by) = by else {
            let sure = [named.or(home)?.to_owned()].into();
            return Some(Homes { sure, perhaps: BTreeSet::new() });
        };
        if by.is_empty() {
            return None;
        }
        let all = self.ground.cluster.map_or(&[][..], |cluster| &cluster.namespaces);
        let selects = |namespace: &Namespace| match namespace.object {
            Some(_) => Some(by.matches(&namespace.labels)),
            None => by.matches_partly("kubernetes.io/metadata.name", &namespace.name),
        };
        let of = |is: Option<bool>| {
            let found = all.iter().filter(|namespace| selects(namespace) == is);
            found.map(|namespace| namespace.name.clone()).collect()
        };
        Some(Homes { sure: of(Some(true)), perhaps: of(None) })
    }
}
