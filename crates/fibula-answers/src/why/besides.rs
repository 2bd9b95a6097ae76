//! What a change opens and closes besides the connection that it is made for.

use std::collections::BTreeSet;

use fibula_cluster::Cluster;
use fibula_network::ranges::without;
use fibula_network::{Addr, ElementId, Family, Kind, Network, Proto, Range};

use super::uses::{Used, uses};
use crate::diff::{self, Side};
use crate::names::What;
use crate::reach::{Party, PartyId, Ports, Who, own_ranges};
use crate::trace::{Ground, Trace, header_before, place, placement};

/// What else a change comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Besides {
    /// What is open then, and is not now.
    pub opens: Vec<Pairs>,
    /// What is open now, and is not then.
    pub closes: Vec<Pairs>,
    /// Services of which more is of use then, and to whom.
    pub serves: Vec<Used>,
    /// Services of which less is.
    pub fails: Vec<Used>,
}

/// Sources and targets between which the same is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// The sources.
    pub from: Vec<Who>,
    /// The targets.
    pub to: Vec<Who>,
    /// What is open.
    pub ports: Ports,
    /// In which family, where both have two and it is open in one.
    pub family: Option<Family>,
    /// Whether nobody knows: it depends on a choice, or on what was not read.
    pub perhaps: bool,
    /// How many messages it is: pairs of pods, Nodes or addresses, times ports.
    weight: f64,
}

/// What was asked: from any pod of a workload to those of others, at their ports.
pub(super) struct Wanted {
    from: BTreeSet<ElementId>,
    /// Whether the world sends.
    world: bool,
    /// Whether it is sent to the world, and to no address of it in particular.
    to_world: bool,
    to: BTreeSet<(ElementId, Proto, u16)>,
    out: BTreeSet<(Addr, Proto, u16)>,
}

/// What differs between two networks besides what was wanted. Nothing where that cannot be told.
pub(super) fn besides(old: &mut Side<'_>, new: Ground<'_>, wanted: &Wanted) -> Option<Besides> {
    let diff = diff::compare_sides(old, &mut Side::new(new).ok()?).ok()?;
    let old = old.ground;
    let (before, after) = (old.cluster?, new.cluster?);
    let mut found = Besides {
        opens: pairs(&diff, &diff.opens, (after, new.network), wanted),
        closes: pairs(&diff, &diff.closes, (before, old.network), wanted),
        ..Besides::default()
    };
    let both = before.services.iter().zip(&after.services).enumerate();
    let touched: Vec<usize> = both.filter(|(_, (old, new))| old != new).map(|(at, _)| at).collect();
    if !touched.is_empty() {
        (found.serves, found.fails) = uses(old, new, &touched, &|from| wanted.sends(from));
    }
    Some(found)
}

fn pairs(
    diff: &diff::Diff,
    changes: &[diff::Change],
    (cluster, network): (&Cluster, &Network),
    wanted: &Wanted,
) -> Vec<Pairs> {
    let party = |id: &PartyId| &diff.parties[id.0 as usize];
    // Nobody listens on port 0, and no rule can name it.
    let zero = Ports::new(Proto::ALL.iter().map(|proto| (*proto, (0, 0))));
    let mut found: Vec<Pairs> = vec![];
    let inner = own_ranges(cluster);
    for change in changes {
        for toward in &change.line.to {
            // One by one, for the one that was wanted may be among them.
            for from in &change.line.from {
                for to in &toward.targets {
                    let (from, to) = (party(from), party(to));
                    // No policy keeps a Node from its own pods (NP-32); what keeps a pod from its own
                    // Node is a target of its own, where it is not the same.
                    let to = elsewhere(network, from, to);
                    let from = match diff.own_node {
                        true => to.as_ref().and_then(|to| elsewhere(network, to, from)),
                        false => Some(from.clone()),
                    };
                    let both = from.zip(to);
                    let both = both
                        .and_then(|(from, to)| Some((beyond(&inner, from)?, beyond(&inner, to)?)));
                    let Some((from, to)) = &both else { continue };
                    let ports = toward.ports.minus(&zero);
                    let ports = match wanted.is(from, to) {
                        Some(own) => ports.minus(&own),
                        None => ports,
                    };
                    if ports.is_empty() {
                        continue;
                    }
                    let weight = weight(from, to, &ports);
                    let (family, perhaps) = (toward.family, change.why.is_some());
                    let (from, to) = (vec![from.who.clone()], vec![to.who.clone()]);
                    found.push(Pairs { from, to, ports, family, perhaps, weight });
                }
            }
        }
    }
    together(found)
}

/// What of one side is no pod of the Node that is the other; nothing where all is.
fn elsewhere(network: &Network, node: &Party, pods: &Party) -> Option<Party> {
    let (Who::Node(_), [node]) = (&node.who, &node.elements[..]) else { return Some(pods.clone()) };
    let Who::Workload { .. } = pods.who else { return Some(pods.clone()) };
    let own = |pod: &ElementId| network.facts.host(*pod) == Some(*node);
    let others: Vec<ElementId> = pods.elements.iter().copied().filter(|pod| !own(pod)).collect();
    let mut left = pods.clone();
    if let Who::Workload { only, .. } = &mut left.who
        && others.len() < pods.elements.len()
    {
        let name = |pod: &ElementId| {
            let name = &*network.element(*pod).name;
            name.rsplit('/').next().unwrap_or(name).to_owned()
        };
        *only = others.iter().map(name).collect();
    }
    left.elements = others;
    (!left.elements.is_empty()).then_some(left)
}

/// A party without addresses of the cluster's own ranges that nobody has: there is nobody to reach
/// (R3). Nothing where none is left.
fn beyond(inner: &[Range], party: Party) -> Option<Party> {
    let Who::World(ranges) = &party.who else { return Some(party) };
    let left = without(ranges, inner);
    (!left.is_empty()).then_some(Party { who: Who::World(left), ..party })
}

/// Sources with the same targets together, and targets with the same sources.
fn together(mut found: Vec<Pairs>) -> Vec<Pairs> {
    let mut merge = |key: fn(&Pairs) -> &Vec<Who>, other: fn(&mut Pairs) -> &mut Vec<Who>| {
        found.sort_by(|a, b| {
            let of = |pairs: &Pairs| {
                (key(pairs).clone(), pairs.ports.clone(), pairs.family, pairs.perhaps)
            };
            of(a).cmp(&of(b))
        });
        let mut merged: Vec<Pairs> = vec![];
        for mut pairs in found.drain(..) {
            let same = merged.last_mut().filter(|last| {
                key(last) == key(&pairs)
                    && (&last.ports, last.family, last.perhaps)
                        == (&pairs.ports, pairs.family, pairs.perhaps)
            });
            match same {
                Some(last) => {
                    other(last).append(other(&mut pairs));
                    other(last).sort();
                    last.weight += pairs.weight;
                }
                None => merged.push(pairs),
            }
        }
        found = merged;
    };
    merge(|pairs| &pairs.from, |pairs| &mut pairs.to);
    merge(|pairs| &pairs.to, |pairs| &mut pairs.from);
    found
}

fn weight(from: &Party, to: &Party, ports: &Ports) -> f64 {
    let many = |party: &Party| match &party.who {
        Who::World(ranges) => ranges.iter().map(|range| size(*range)).sum(),
        Who::OwnNode => 1.0,
        Who::Workload { .. } | Who::Node(_) => party.elements.len() as f64,
    };
    let ports: f64 = ports.0.iter().map(|(_, (lo, hi))| f64::from(hi - lo) + 1.0).sum();
    many(from) * many(to) * ports
}

fn size(range: Range) -> f64 {
    let number = |addr: Addr| match std::net::IpAddr::from(addr) {
        std::net::IpAddr::V4(v4) => f64::from(u32::from(v4)),
        std::net::IpAddr::V6(v6) => u128::from(v6) as f64,
    };
    number(range.hi) - number(range.lo) + 1.0
}

/// Workloads that Services select then and not now, or the other way round: the path of the Service,
/// the workload, and whether it is selected then.
pub(super) fn selects(before: &Cluster, after: &Cluster) -> Vec<(String, String, bool)> {
    let mut found: BTreeSet<(String, String, bool)> = BTreeSet::new();
    for (old, new) in before.services.iter().zip(&after.services) {
        if old.selects == new.selects {
            continue;
        }
        let path = format!("{}/{}", old.namespace, old.name);
        let mut each = |all: &[usize], others: &[usize], then: bool| {
            for pod in all.iter().filter(|pod| !others.contains(pod)) {
                if let Some(pod) = after.pods.get(*pod) {
                    found.insert((path.clone(), pod.workload.name.clone(), then));
                }
            }
        };
        each(&old.selects, &new.selects, false);
        each(&new.selects, &old.selects, true);
    }
    found.into_iter().collect()
}

// === impl Wanted ===

impl Wanted {
    /// What a trace asked for, where it arrives.
    pub(super) fn new(ground: Ground<'_>, trace: &Trace) -> Wanted {
        let network = ground.network;
        let mut wanted = Wanted {
            from: BTreeSet::new(),
            world: network.kind(trace.from.process) == Kind::World,
            to_world: trace.to.chosen.as_ref().is_some_and(|to| to.what == What::World)
                && !trace.to.literal,
            to: BTreeSet::new(),
            out: BTreeSet::new(),
        };
        match place::pod(network, trace.from.process) {
            Some(pod) => wanted.from.extend(alike(ground, pod)),
            None => wanted.from.extend(network.facts.host(trace.from.process)),
        }
        for branch in trace.ways.iter().flat_map(|way| &way.branches) {
            let Some(last) = header_before(&branch.life, branch.life.steps.len()) else { continue };
            let (proto, port) = (last.proto, last.dport);
            match network.owners_of(last.dst).first().map(|owner| owner.to) {
                Some(owner) => {
                    let all = match network.kind(owner) {
                        Kind::Pod => alike(ground, owner),
                        _ => vec![owner],
                    };
                    wanted.to.extend(all.into_iter().map(|to| (to, proto, port)));
                }
                None => {
                    wanted.out.insert((last.dst, proto, port));
                }
            }
        }
        wanted
    }

    /// Whether a switch is one whose messages were asked about.
    fn sends(&self, switch: ElementId) -> bool {
        self.from.contains(&switch)
    }

    /// The ports that were asked about between two, if they were.
    fn is(&self, from: &Party, to: &Party) -> Option<Ports> {
        let source = match &from.who {
            Who::World(_) => self.world,
            _ => !from.elements.is_empty() && from.elements.iter().all(|id| self.sends(*id)),
        };
        if !source {
            return None;
        }
        let ports = match &to.who {
            Who::World(ranges) => {
                let is = |addr: &Addr| match ranges[..] {
                    _ if self.to_world => true,
                    [only] => only.lo == *addr && only.hi == *addr,
                    _ => false,
                };
                let own = self.out.iter().filter(|(addr, ..)| is(addr));
                Ports::new(
                    own.map(|(_, proto, port)| (*proto, (u32::from(*port), u32::from(*port)))),
                )
            }
            _ => {
                // What was asked of each of them.
                let of = |id: &ElementId| {
                    let own = self.to.iter().filter(|(to, ..)| to == id);
                    Ports::new(own.map(|(_, proto, p)| (*proto, (u32::from(*p), u32::from(*p)))))
                };
                let mut all = to.elements.iter().map(of);
                let first = all.next()?;
                all.fold(first, |ports, own| ports.and(&own))
            }
        };
        (!ports.is_empty()).then_some(ports)
    }
}

/// The Pods of a Pod's workload.
fn alike(ground: Ground<'_>, pod: ElementId) -> Vec<ElementId> {
    let network = ground.network;
    let own = ground.cluster.and_then(|cluster| {
        let own = cluster.pods.get(placement::index(cluster, network, pod)?)?;
        let names: BTreeSet<String> = cluster
            .pods
            .iter()
            .filter(|p| p.namespace == own.namespace && p.workload == own.workload)
            .map(|p| format!("{}/{}", p.namespace, p.name))
            .collect();
        let pods = network.of_kind(Kind::Pod);
        Some(pods.filter(|id| names.contains(&*network.element(*id).name)).collect())
    });
    own.unwrap_or_else(|| vec![pod])
}

// === impl Besides ===

impl Besides {
    /// Whether it changes nothing else.
    pub fn is_nothing(&self) -> bool {
        *self == Besides::default()
    }

    /// Whether something stops working that works now.
    pub fn breaks(&self) -> bool {
        !self.closes.is_empty() || !self.fails.is_empty()
    }

    /// How many messages it opens, and how many it closes.
    pub fn weights(&self) -> (f64, f64) {
        let sum = |pairs: &[Pairs], uses: &[Used]| {
            pairs.iter().map(|pairs| pairs.weight).sum::<f64>()
                + uses.iter().map(|used| used.from.len() as f64).sum::<f64>()
        };
        (sum(&self.opens, &self.serves), sum(&self.closes, &self.fails))
    }
}
