//! Who is who: workloads, their pods and Nodes of two clusters, matched by name.

use std::collections::{BTreeMap, VecDeque};

use fibula_cluster::{Place, Pod, Workload};
use fibula_network::{ElementId, Kind, Network};
use rustc_hash::FxHashMap;

use super::pieces::At;
use crate::reach::parties::own;
use crate::reach::{Party, PartyId, Who};
use crate::trace::Ground;

/// A pod or a Node, in one of the two clusters or in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entity {
    /// Its workload, or itself.
    pub(super) whole: PartyId,
    /// The switch that it is in each.
    pub(super) sides: [Option<ElementId>; 2],
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// In both clusters.
    Both,
    /// In the new one only.
    New,
    /// In the old one only.
    Gone,
}

/// A workload or a Node that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// Which.
    pub party: PartyId,
    /// How.
    pub how: How,
    /// Where it stands.
    pub at: Option<At>,
}

/// A Node that has other addresses now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Which.
    pub party: PartyId,
    /// Where it stands.
    pub at: At,
}

/// How something came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It is new.
    New,
    /// It is gone.
    Gone,
    /// Its pods have a network of their own now, and not their Node's any more.
    OwnNetwork,
    /// Its pods use their Node's network now: policies see a Node (DR-1).
    HostNetwork,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Entities {
    /// Those of a workload together.
    pub(super) all: Vec<Entity>,
    /// What they are parts of; its elements are those of the new cluster, or of the old one where it
    /// is gone.
    pub(super) wholes: Vec<Party>,
    pub(super) standing: Vec<Standing>,
    /// By whole, where its entities begin; and where the last end.
    starts: Vec<usize>,
}

/// The labels by which the pods of one workload differ, and its revisions.
const OF_ONE: [&str; 9] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// A pod of a workload, on one side.
#[derive(Clone, Copy)]
struct Member<'a> {
    id: ElementId,
    name: &'a str,
    pod: Option<&'a Pod>,
}

/// What a workload is called: namespace, kind and name; a Node only has a name.
type Key<'a> = (bool, &'a str, &'a str, &'a str);

// === impl Entities ===

impl Entities {
    pub(super) fn new(grounds: [Ground<'_>; 2]) -> Entities {
        let mut wholes: FxHashMap<Key<'_>, [Vec<Member<'_>>; 2]> = FxHashMap::default();
        for (side, ground) in grounds.into_iter().enumerate() {
            for (key, member) in members(ground) {
                wholes.entry(key).or_default()[side].push(member);
            }
        }
        let wholes: BTreeMap<Key<'_>, [Vec<Member<'_>>; 2]> = wholes.into_iter().collect();
        let mut entities = Entities::default();
        for ((is_node, namespace, kind, name), mut sides) in wholes {
            let whole = PartyId(entities.wholes.len() as u32);
            entities.starts.push(entities.all.len());
            let who = match is_node {
                true => Who::Node(name.to_owned()),
                false => Who::Workload {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    only: vec![],
                },
            };
            let standing = match (sides[0].is_empty(), sides[1].is_empty()) {
                (false, false) => Standing::Both,
                (true, _) => Standing::New,
                (_, true) => Standing::Gone,
            };
            sides.iter_mut().for_each(|side| side.sort_by_key(|member| member.name));
            let pairs = matched(&sides);
            entities.all.extend(pairs.into_iter().map(|sides| Entity { whole, sides }));
            let [old, new] = sides.map(|side| side.iter().map(|m| m.id).collect::<Vec<_>>());
            let elements = if standing == Standing::Gone { old } else { new };
            entities.wholes.push(Party { who, elements });
            entities.standing.push(standing);
        }
        entities.starts.push(entities.all.len());
        entities
    }

    /// Those of a workload.
    pub(super) fn of(&self, whole: PartyId) -> &[Entity] {
        let at = whole.0 as usize;
        let range = self.starts.get(at).zip(self.starts.get(at + 1));
        range.and_then(|(from, to)| self.all.get(*from..*to)).unwrap_or_default()
    }

    /// Whether an entity is a Node.
    pub(super) fn is_node(&self, at: usize) -> bool {
        let whole = &self.wholes[self.all[at].whole.0 as usize];
        matches!(whole.who, Who::Node(_))
    }

    /// How many entities a workload has.
    pub(super) fn count(&self, whole: PartyId) -> usize {
        self.starts[whole.0 as usize + 1] - self.starts[whole.0 as usize]
    }
}

impl Entities {
    /// What came and what went.
    pub(super) fn came(&self, grounds: [Ground<'_>; 2]) -> Vec<Came> {
        let mut came = vec![];
        if self.standing.iter().all(|standing| *standing == Standing::Both) {
            return came;
        }
        let pods = grounds.map(|ground| {
            let pods = ground.cluster.into_iter().flat_map(|cluster| &cluster.pods);
            let live = pods.filter(|pod| pod.live).map(|pod| {
                let Workload { kind, name } = &pod.workload;
                ((&*pod.namespace, &**kind, &**name), (pod.object, pod.host_network))
            });
            live.collect::<FxHashMap<_, _>>()
        });
        for (number, standing) in (0..).zip(&self.standing) {
            let (side, new) = match standing {
                Standing::Both => continue,
                Standing::New => (1, true),
                Standing::Gone => (0, false),
            };
            let who = &self.wholes[number as usize].who;
            let find = |side: usize| {
                let cluster = grounds[side].cluster?;
                let object = match who {
                    Who::Workload { namespace, name, kind, .. } => {
                        let (object, host_network) =
                            pods[side].get(&(&**namespace, &**kind, &**name))?;
                        return Some((Some(*object), *host_network));
                    }
                    Who::Node(name) => cluster.nodes.iter().find(|n| n.name == *name)?.object,
                    Who::OwnNode | Who::World(_) => None,
                };
                Some((object, false))
            };
            // In the other cluster it may be there without a network of its own.
            let how = match (find(1 - side), new) {
                (Some((_, true)), true) => How::OwnNetwork,
                (Some((_, true)), false) => How::HostNetwork,
                (_, true) => How::New,
                (_, false) => How::Gone,
            };
            let side = if how == How::HostNetwork { 1 } else { side };
            let at = find(side)
                .and_then(|(object, _)| object)
                .map(|object| At::new(side, Place { object, container: None, port: None }, ""));
            came.push(Came { party: PartyId(number), how, at });
        }
        came
    }
}

impl Entities {
    /// The Nodes of which the objects say other addresses than before.
    pub(super) fn moved(&self, grounds: [Ground<'_>; 2]) -> Vec<Moved> {
        let [old, new] = grounds.map(|ground| {
            let nodes = ground.cluster.into_iter().flat_map(|cluster| &cluster.nodes);
            let said =
                nodes.filter_map(|node| Some((&*node.name, (node.object?, &node.addresses))));
            said.collect::<FxHashMap<_, _>>()
        });
        let moved = (0..).zip(&self.wholes).filter_map(|(number, party)| {
            let Who::Node(name) = &party.who else { return None };
            let ((_, was), (object, is)) = (old.get(&**name)?, new.get(&**name)?);
            let place = Place { object: *object, container: None, port: None };
            let at = At::new(1, place, "status.addresses");
            (was != is).then_some(Moved { party: PartyId(number), at })
        });
        moved.collect()
    }
}

/// The pods and Nodes of a cluster.
fn members(ground: Ground<'_>) -> Vec<(Key<'_>, Member<'_>)> {
    let network = ground.network;
    let pods: Vec<ElementId> = network.of_kind(Kind::Pod).collect();
    let mut all = Vec::with_capacity(pods.len());
    match ground.cluster.filter(|cluster| own(cluster).count() == pods.len()) {
        Some(cluster) => all.extend(own(cluster).zip(pods).map(|(pod, id)| {
            let workload = &pod.workload;
            let key = (false, &*pod.namespace, &*workload.kind, &*workload.name);
            (key, Member { id, name: &pod.name, pod: Some(pod) })
        })),
        None => all.extend(pods.into_iter().map(|id| {
            let (namespace, name) = split(network, id);
            ((false, namespace, "Pod", name), Member { id, name, pod: None })
        })),
    }
    let nodes = network.of_kind(Kind::Node).map(|id| {
        let name = &*network.element(id).name;
        ((true, "", "", name), Member { id, name, pod: None })
    });
    all.extend(nodes);
    all
}

/// The namespace and the name of a Pod.
pub(super) fn split(network: &Network, pod: ElementId) -> (&str, &str) {
    let name = &*network.element(pod).name;
    name.split_once('/').unwrap_or(("", name))
}

/// The pods of a workload, before and after: by name; of those that a rollout renamed each with one
/// of the same labels; and what was added to a workload, or taken from it, with one that it had or
/// has, for replicas are no news.
fn matched([old, new]: &[Vec<Member<'_>>; 2]) -> Vec<[Option<ElementId>; 2]> {
    let mut pairs = Vec::with_capacity(new.len().max(old.len()));
    let (mut left, mut came): (Vec<Member<'_>>, Vec<Member<'_>>) = Default::default();
    let (mut a, mut b) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x.name == y.name => {
                pairs.push([Some(x.id), Some(y.id)]);
                a.next();
                b.next();
            }
            (Some(x), y) if y.is_none_or(|y| x.name < y.name) => left.extend(a.next()),
            (_, Some(_)) => came.extend(b.next()),
            _ => break,
        }
    }
    // Renamed.
    let mut by_labels: FxHashMap<Vec<(&str, &str)>, VecDeque<Member<'_>>> = FxHashMap::default();
    for member in &left {
        by_labels.entry(labels(member)).or_default().push_back(*member);
    }
    let mut taken: Vec<ElementId> = vec![];
    let mut others = vec![];
    for member in came {
        match by_labels.get_mut(&labels(&member)).and_then(VecDeque::pop_front) {
            Some(was) => {
                taken.push(was.id);
                pairs.push([Some(was.id), Some(member.id)]);
            }
            None => others.push(member),
        }
    }
    taken.sort_unstable();
    left.retain(|member| taken.binary_search(&member.id).is_err());
    let both = left.len().min(others.len());
    for (was, is) in left.iter().zip(&others) {
        pairs.push([Some(was.id), Some(is.id)]);
    }
    // Replicas.
    for member in &others[both..] {
        pairs.push([like(member, old), Some(member.id)]);
    }
    for member in &left[both..] {
        pairs.push([Some(member.id), like(member, new)]);
    }
    pairs
}

/// A pod that is like another one.
fn like(member: &Member<'_>, among: &[Member<'_>]) -> Option<ElementId> {
    let wanted = labels(member);
    let same = among.iter().find(|other| labels(other) == wanted);
    same.or(among.first()).map(|other| other.id)
}

/// The labels that its workload gave a pod.
fn labels<'a>(member: &Member<'a>) -> Vec<(&'a str, &'a str)> {
    let all = member.pod.into_iter().flat_map(|pod| pod.labels.iter());
    all.filter(|(key, _)| !OF_ONE.contains(key)).collect()
}
