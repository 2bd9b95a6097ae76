//! Sets of sources and targets, by name.

use fibula_network::ranges::{meet, of_family, tidy};
use fibula_network::{Addr, ElementId, Kind, Range};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Asked;
use super::parties::{Parties, PartyId, Who, own};
use crate::trace::Ground;

/// A part of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// What is open between workloads, and no manifest names.
    Unused,
    /// What goes into a namespace.
    In,
    /// What goes out of one.
    Out,
}

/// A name that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickError {
    /// The name.
    pub said: String,
    /// A near one.
    pub near: Option<String>,
}

/// What was picked of one side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    /// Everything.
    pub(crate) all: bool,
    /// By party.
    pub(crate) parties: Vec<bool>,
    /// Whether the world is among them, by address where one was said: sorted and apart.
    pub(crate) world: Vec<Range>,
    /// Services, as indices into those of the cluster.
    pub(crate) services: Vec<usize>,
}

/// What was picked.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    pub(crate) from: Side,
    pub(crate) to: Side,
    pub(crate) asked: Asked,
}

impl Side {
    pub(super) fn has(&self, party: PartyId) -> bool {
        self.all || self.parties.get(party.0 as usize).copied().unwrap_or(false)
    }

    /// What of these ranges of the world is among them.
    pub(super) fn world_of(&self, ranges: &[Range]) -> Vec<Range> {
        if self.all {
            return ranges.to_vec();
        }
        meet(ranges, &self.world)
    }
}

impl Picked {
    /// The namespace whose traffic was asked about, where nothing else was named.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.asked.namespace.as_deref().filter(|_| self.from.all && self.to.all)
    }

    /// Whether traffic between two was asked about, each inside the namespace that was, or not.
    pub(super) fn wants(&self, from: bool, to: bool) -> bool {
        match (self.namespace(), self.asked.only) {
            (None, _) => true,
            (_, Some(Only::In)) => !from && to,
            (_, Some(Only::Out)) => from && !to,
            _ => from || to,
        }
    }

    /// Whether somebody is in the namespace that was asked about.
    pub(super) fn is_inside(&self, who: &Who) -> bool {
        matches!(who, Who::Workload { namespace, .. } if Some(&**namespace) == self.namespace())
    }
}

/// Finds what is asked about.
pub(super) fn pick(
    ground: Ground<'_>,
    parties: &Parties,
    asked: &Asked,
) -> Result<Picked, Vec<PickError>> {
    let mut errors = vec![];
    let mut side = |names: &[String], services: bool| {
        let mut side = Side { parties: vec![false; parties.all.len()], ..Side::default() };
        if names.is_empty() {
            side.all = true;
            return side;
        }
        for said in names {
            if !add(ground, parties, asked, &mut side, said, services) {
                errors.push(PickError { said: said.clone(), near: near(ground, parties, said) });
            }
        }
        side.world = tidy(side.world);
        side
    };
    let (from, to) = (side(&asked.from, false), side(&asked.to, true));
    match errors.is_empty() {
        true => Ok(Picked { from, to, asked: asked.clone() }),
        false => Err(errors),
    }
}

/// Adds what a name means; false where it means nothing.
fn add(
    ground: Ground<'_>,
    parties: &Parties,
    asked: &Asked,
    side: &mut Side,
    said: &str,
    services: bool,
) -> bool {
    match said {
        "world" => {
            side.world.push(Range::ALL);
            return true;
        }
        "all" | "any" => {
            side.all = true;
            return true;
        }
        "nodes" => return mark(side, parties, |who, _| matches!(who, Who::Node(_))),
        _ => {}
    }
    if let Ok(range) = said.parse::<Range>() {
        let ranges = of_family(&[range], range.lo.family());
        let has = |addr: &Addr| ranges.iter().any(|range| range.contains(*addr));
        // What somebody in the cluster has is none of the world's.
        if range.lo != range.hi || ground.network.owners_of(range.lo).is_empty() {
            side.world.extend(&ranges);
        }
        mark(side, parties, |_, elements| {
            elements
                .iter()
                .any(|id| ground.network.fib(*id).is_some_and(|fib| fib.me.own.iter().any(has)))
        });
        return true;
    }
    let (kind, path) = kinded(said);
    let (namespace, name) = within_namespace(asked.namespace.as_deref(), path);
    let within = |own: &str| namespace.is_none_or(|namespace| namespace == own);
    if matches!(kind, Some("svc" | "service" | "services")) {
        let all = ground.cluster.map_or(&[][..], |cluster| &cluster.services);
        let found = all.iter().enumerate().filter(|(_, s)| s.name == name && within(&s.namespace));
        let before = side.services.len();
        if services {
            side.services.extend(found.map(|(i, _)| i));
        }
        return side.services.len() > before;
    }
    if matches!(kind, Some("ns" | "namespace")) {
        return mark(
            side,
            parties,
            |who, _| matches!(who, Who::Workload { namespace, .. } if namespace == path),
        );
    }
    if let Some((key, value)) = name.split_once('=') {
        return labelled(ground, parties, side, &within, (key, value));
    }
    mark(side, parties, |who, elements| match who {
        Who::Node(node) => matches!(kind, None | Some("node" | "nodes")) && node == path,
        Who::Workload { namespace, name: workload, kind: is, .. } => {
            let pod = |id| {
                let full = &ground.network.element(id).name;
                full.split_once('/').is_some_and(|(_, own)| own == name)
            };
            within(namespace)
                && match kind {
                    Some("pod" | "po" | "pods") => elements.iter().any(|id| pod(*id)),
                    Some(kind) => workload == name && short(is) == kind,
                    None => workload == name || name == "*" || elements.iter().any(|id| pod(*id)),
                }
        }
        Who::World(_) | Who::OwnNode => false,
    })
}

fn mark(
    side: &mut Side,
    parties: &Parties,
    is: impl Fn(&Who, &[fibula_network::ElementId]) -> bool,
) -> bool {
    let mut any = false;
    for (i, party) in parties.all.iter().enumerate() {
        if is(&party.who, &party.elements) {
            side.parties[i] = true;
            any = true;
        }
    }
    any
}

/// Marks what pods with a label belong to.
fn labelled(
    ground: Ground<'_>,
    parties: &Parties,
    side: &mut Side,
    within: &dyn Fn(&str) -> bool,
    (key, value): (&str, &str),
) -> bool {
    let found = with_label(ground, within, (key, value));
    mark(side, parties, |_, elements| elements.iter().any(|id| found.contains(id)))
}

/// The pods that have a label.
fn with_label(
    ground: Ground<'_>,
    within: &dyn Fn(&str) -> bool,
    (key, value): (&str, &str),
) -> FxHashSet<ElementId> {
    let pods = ground.cluster.into_iter().flat_map(own).zip(ground.network.of_kind(Kind::Pod));
    let found =
        pods.filter(|(pod, _)| within(&pod.namespace) && pod.labels.get(key) == Some(value));
    found.map(|(_, id)| id).collect()
}

/// A namespace and the rest of a path: what has a dot before the slash is the key of a label.
pub(crate) fn within_namespace<'a>(
    namespace: Option<&'a str>,
    path: &'a str,
) -> (Option<&'a str>, &'a str) {
    let label = |namespace: &str, rest: &str| namespace.contains('.') && rest.contains('=');
    match path.split_once('/').filter(|(namespace, rest)| !label(namespace, rest)) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (namespace, path),
    }
}

/// What tells pods of one workload apart: a bit for each name that means some of them. Of more than
/// 64 names the last do not.
pub(super) fn told(ground: Ground<'_>, asked: &Asked) -> FxHashMap<ElementId, u64> {
    let network = ground.network;
    let mut told: FxHashMap<ElementId, u64> = FxHashMap::default();
    for (bit, said) in asked.from.iter().chain(&asked.to).take(64).enumerate() {
        let range = said.parse::<Range>().ok();
        let (kind, path) = kinded(said);
        let (namespace, name) = within_namespace(asked.namespace.as_deref(), path);
        let within = |own: &str| namespace.is_none_or(|namespace| namespace == own);
        let labelled = name.split_once('=').map(|label| with_label(ground, &within, label));
        let is = |id: &ElementId| match (&range, &labelled) {
            (Some(range), _) => {
                network.fib(*id).is_some_and(|fib| fib.me.own.iter().any(|a| range.contains(*a)))
            }
            (None, Some(labelled)) => labelled.contains(id),
            (None, None) => {
                let full = network.element(*id).name.split_once('/');
                let named = full.is_some_and(|(own, pod)| within(own) && pod == name);
                named && matches!(kind, None | Some("pod" | "po" | "pods"))
            }
        };
        for id in network.of_kind(Kind::Pod).filter(is) {
            *told.entry(id).or_default() |= 1 << bit;
        }
    }
    told
}

const KINDS: [(&str, &str); 8] = [
    ("Deployment", "deploy"),
    ("ReplicaSet", "rs"),
    ("StatefulSet", "sts"),
    ("DaemonSet", "ds"),
    ("Job", "job"),
    ("CronJob", "cj"),
    ("ReplicationController", "rc"),
    ("Pod", "pod"),
];

/// The kind that a name says, and the rest of it.
pub(crate) fn kinded(said: &str) -> (Option<&str>, &str) {
    match said.split_once('/') {
        Some((kind, path)) if is_kind(kind) => (Some(kind), path),
        _ => (None, said),
    }
}

fn is_kind(kind: &str) -> bool {
    let more = ["po", "pods", "node", "nodes", "svc", "service", "services", "ns", "namespace"];
    more.contains(&kind) || KINDS.iter().any(|(_, short)| *short == kind)
}

/// What kubectl calls a kind.
pub(crate) fn short(kind: &str) -> &str {
    KINDS.iter().find(|(long, _)| *long == kind).map_or(kind, |(_, short)| short)
}

/// A name that is nearly the one said.
pub(crate) fn near(ground: Ground<'_>, parties: &Parties, said: &str) -> Option<String> {
    let wanted = said.rsplit('/').next().unwrap_or(said);
    let service = said.starts_with("svc/") || said.starts_with("service");
    let workloads = parties.all.iter().filter_map(|party| match &party.who {
        Who::Workload { namespace, name, .. } => {
            Some((name.clone(), format!("{namespace}/{name}")))
        }
        Who::Node(name) => Some((name.clone(), format!("node/{name}"))),
        Who::World(_) | Who::OwnNode => None,
    });
    let services = ground.cluster.map_or(&[][..], |cluster| &cluster.services);
    let services = services.iter().map(|service| {
        (service.name.clone(), format!("svc/{}/{}", service.namespace, service.name))
    });
    let all = workloads.filter(|_| !service).chain(services).map(|(name, full)| {
        let distance = strsim::damerau_levenshtein(wanted, &name);
        (distance, full)
    });
    let (distance, near) = all.min()?;
    (distance <= 1 + wanted.len() / 4).then_some(near)
}
