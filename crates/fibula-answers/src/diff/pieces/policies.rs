//! What of a policy changed, piece by piece; and the policy that has some of the pieces and not the
//! others.

use fibula_cluster::{
    ContainerList, Peer, Peers, Place, Policy, PolicyKind, Rule, RulePort, RulePorts,
};

use super::At;
use crate::trace::policies::Direction;

/// A piece of what changed in a policy. Indices are those of its lists in the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The policy is new.
    New,
    /// It is gone.
    Gone,
    /// It selects other pods.
    Subject,
    /// It isolates in other directions.
    Isolates,
    /// Its tier or its priority is another one.
    Order,
    /// A rule is new.
    RuleNew(Direction, u16),
    /// A rule is gone.
    RuleGone(Direction, u16),
    /// What a rule does is something else.
    Action(Direction, u16),
    /// A peer of a rule is new, and another item of its list stayed.
    PeerNew(Direction, u16, u16),
    /// A peer of a rule is gone.
    PeerGone(Direction, u16, u16),
    /// A peer of a rule is another one.
    PeerChanged(Direction, u16, u16),
    /// A rule that named peers names none: it is for everybody.
    PeersAny(Direction, u16),
    /// A rule that named none does.
    PeersSome(Direction, u16),
    /// The ports of a rule are others.
    Ports(Direction, u16),
}

/// The pieces of a policy that is in both, with what they replace.
#[derive(Clone, Debug)]
pub(super) struct Edits {
    pub(super) all: Vec<(Edit, At)>,
    /// By direction: the rules of both, as far as one is the other's; by their places in the lists.
    rules: [Vec<(Option<usize>, Option<usize>)>; 2],
}

const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

// === impl Edits ===

impl Edits {
    pub(super) fn new(old: &Policy, new: &Policy) -> Edits {
        let mut edits = Edits { all: vec![], rules: Default::default() };
        let whole = |path: &str| At::new(1, place(new, None), path);
        if old.subject != new.subject {
            let path =
                if new.kind == PolicyKind::NetworkPolicy { "podSelector" } else { "subject" };
            edits.all.push((Edit::Subject, whole(&format!("spec.{path}"))));
        }
        if old.isolates != new.isolates {
            edits.all.push((Edit::Isolates, whole("spec.policyTypes")));
        }
        if (old.tier, old.priority) != (new.tier, new.priority) {
            edits.all.push((Edit::Order, whole("spec.priority")));
        }
        for (i, direction) in DIRECTIONS.into_iter().enumerate() {
            let pairs = paired(rules(old, direction), rules(new, direction));
            for (was, is) in &pairs {
                let was = was.map(|at| &rules(old, direction)[at]);
                let is = is.map(|at| &rules(new, direction)[at]);
                edits.of_rule(direction, (old, was), (new, is));
            }
            edits.rules[i] = pairs;
        }
        edits
    }

    fn of_rule(
        &mut self,
        direction: Direction,
        (old, was): (&Policy, Option<&Rule>),
        (new, is): (&Policy, Option<&Rule>),
    ) {
        let all = &mut self.all;
        let (was, is) = match (was, is) {
            (Some(was), Some(is)) => (was, is),
            (None, Some(is)) => {
                let at = At::new(1, place(new, Some((direction, is.index))), "");
                return all.push((Edit::RuleNew(direction, is.index), at));
            }
            (Some(was), None) => {
                let at = At::new(0, place(old, Some((direction, was.index))), "");
                return all.push((Edit::RuleGone(direction, was.index), at));
            }
            (None, None) => return,
        };
        let rule = place(new, Some((direction, is.index)));
        let path = format!("spec.{}[{}]", direction.name(), is.index);
        if was.action != is.action {
            let at = At::new(1, rule, &format!("{path}.action"));
            all.push((Edit::Action(direction, is.index), at));
        }
        match (&was.peers, &is.peers) {
            (Peers::Any, Peers::Of(_)) => {
                all.push((Edit::PeersSome(direction, is.index), At::new(1, rule, "")));
            }
            (Peers::Of(_), Peers::Any) => {
                all.push((Edit::PeersAny(direction, is.index), At::new(1, rule, "")));
            }
            (Peers::Any, Peers::Any) => {}
            (Peers::Of(before), Peers::Of(after)) => {
                let gone = others(before, after);
                let came = others(after, before);
                if let ([_], [to]) = (&gone[..], &came[..]) {
                    let at = At::new(1, after[*to].place, "");
                    all.push((Edit::PeerChanged(direction, is.index, *to as u16), at));
                } else {
                    let came = came.into_iter().map(|to| {
                        let edit = Edit::PeerNew(direction, is.index, to as u16);
                        (edit, At::new(1, after[to].place, ""))
                    });
                    all.extend(came);
                    let gone = gone.into_iter().map(|from| {
                        let edit = Edit::PeerGone(direction, was.index, from as u16);
                        (edit, At::new(0, before[from].place, ""))
                    });
                    all.extend(gone);
                }
            }
        }
        if ports(was) != ports(is) {
            let at = At::new(1, rule, &format!("{path}.ports"));
            all.push((Edit::Ports(direction, is.index), at));
        }
    }

    /// The old policy with some of the pieces, by their places in the list.
    pub(super) fn applied(&self, old: &Policy, new: &Policy, some: &[usize]) -> Policy {
        let mut policy = old.clone();
        let has = |edit: &Edit| some.iter().any(|at| self.all[*at].0 == *edit);
        if has(&Edit::Subject) {
            policy.subject.clone_from(&new.subject);
        }
        if has(&Edit::Isolates) {
            policy.isolates = new.isolates;
        }
        if has(&Edit::Order) {
            (policy.tier, policy.priority) = (new.tier, new.priority);
        }
        for (i, direction) in DIRECTIONS.into_iter().enumerate() {
            let (before, after) = (rules(old, direction), rules(new, direction));
            let mut list = vec![];
            for (was, is) in &self.rules[i] {
                match (was.map(|at| &before[at]), is.map(|at| &after[at])) {
                    (None, Some(is)) if has(&Edit::RuleNew(direction, is.index)) => {
                        list.push(is.clone());
                    }
                    (Some(was), None) if !has(&Edit::RuleGone(direction, was.index)) => {
                        list.push(was.clone());
                    }
                    (Some(was), Some(is)) => list.push(mixed(direction, was, is, &has)),
                    _ => {}
                }
            }
            match direction {
                Direction::Ingress => policy.ingress = list,
                Direction::Egress => policy.egress = list,
            }
        }
        policy
    }
}

/// A rule with some of the pieces.
fn mixed(direction: Direction, was: &Rule, is: &Rule, has: &dyn Fn(&Edit) -> bool) -> Rule {
    let mut rule = was.clone();
    if has(&Edit::Action(direction, is.index)) {
        rule.action = is.action;
    }
    if has(&Edit::Ports(direction, is.index)) {
        rule.ports = is.ports.clone();
    }
    match (&was.peers, &is.peers) {
        (Peers::Of(before), Peers::Of(after)) => {
            let gone = others(before, after);
            let came = others(after, before);
            let changed = |to: usize| Edit::PeerChanged(direction, is.index, to as u16);
            let swapped = came.iter().any(|to| has(&changed(*to)));
            let keep = |at: &usize| {
                let edit = Edit::PeerGone(direction, was.index, *at as u16);
                !gone.contains(at) || !(swapped || has(&edit))
            };
            let kept = (0..before.len()).filter(keep).map(|at| before[at].clone());
            let mut peers: Vec<Peer> = kept.collect();
            let new = came
                .iter()
                .filter(|to| swapped || has(&Edit::PeerNew(direction, is.index, **to as u16)));
            peers.extend(new.map(|to| after[*to].clone()));
            // A list that has lost all of its items would mean everybody: it has none of them only
            // where others came for them.
            if !peers.is_empty() {
                rule.peers = Peers::Of(peers);
            }
        }
        (_, after) => {
            let some = [Edit::PeersAny(direction, is.index), Edit::PeersSome(direction, is.index)];
            if some.iter().any(has) {
                rule.peers = after.clone();
            }
        }
    }
    rule
}

/// The place of a policy, or of a rule of it.
fn place(policy: &Policy, rule: Option<(Direction, u16)>) -> Place {
    let container = rule.map(|(direction, index)| match direction {
        Direction::Ingress => (ContainerList::Ingress, index),
        Direction::Egress => (ContainerList::Egress, index),
    });
    Place { object: policy.object, container, port: None }
}

fn rules(policy: &Policy, direction: Direction) -> &[Rule] {
    match direction {
        Direction::Ingress => &policy.ingress,
        Direction::Egress => &policy.egress,
    }
}

/// The items of a list that another one lacks, each as often as it is missing there.
fn others(list: &[Peer], other: &[Peer]) -> Vec<usize> {
    let mut left: Vec<&Peer> = other.iter().collect();
    let mut found = vec![];
    for (at, peer) in list.iter().enumerate() {
        match left.iter().position(|other| other.what == peer.what) {
            Some(same) => _ = left.swap_remove(same),
            None => found.push(at),
        }
    }
    found
}

/// The ports of a rule, in whatever order.
fn ports(rule: &Rule) -> Option<Vec<RulePort>> {
    match &rule.ports {
        RulePorts::Any => None,
        RulePorts::Of(ports) => {
            let mut ports = ports.clone();
            ports.sort();
            ports.dedup();
            Some(ports)
        }
    }
}

fn same(a: &Rule, b: &Rule) -> bool {
    let alike = match (&a.peers, &b.peers) {
        (Peers::Any, Peers::Any) => true,
        (Peers::Of(a), Peers::Of(b)) => others(a, b).is_empty() && others(b, a).is_empty(),
        _ => false,
    };
    alike && a.action == b.action && ports(a) == ports(b)
}

/// How much two rules have in common.
fn likeness(a: &Rule, b: &Rule) -> usize {
    let peers = match (&a.peers, &b.peers) {
        (Peers::Any, Peers::Any) => 1,
        (Peers::Of(a), Peers::Of(b)) => a.len() - others(a, b).len(),
        _ => 0,
    };
    2 * peers + usize::from(ports(a) == ports(b))
}

/// Which rule is which: those that say the same, then those that have most in common, then those in
/// the same place. In the order of the new list, with what is gone where it was.
fn paired(old: &[Rule], new: &[Rule]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut of_new: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let take = |of_new: &mut Vec<Option<usize>>, taken: &mut Vec<bool>, from: usize, to: usize| {
        of_new[to] = Some(from);
        taken[from] = true;
    };
    for (to, rule) in new.iter().enumerate() {
        let same = (0..old.len()).find(|from| !taken[*from] && same(&old[*from], rule));
        if let Some(from) = same {
            take(&mut of_new, &mut taken, from, to);
        }
    }
    loop {
        let free = |to: &usize| of_new[*to].is_none();
        let pairs = (0..new.len()).filter(free).flat_map(|to| {
            let taken = &taken;
            (0..old.len()).filter(move |from| !taken[*from]).map(move |from| (from, to))
        });
        let scored = pairs.map(|(from, to)| {
            let near = usize::MAX - from.abs_diff(to);
            let at = usize::from(old[from].index == new[to].index);
            (likeness(&old[from], &new[to]) * 2 + at, near, from, to)
        });
        let Some((likeness, _, from, to)) = scored.max() else { break };
        if likeness == 0 {
            break;
        }
        take(&mut of_new, &mut taken, from, to);
    }
    let mut pairs: Vec<(Option<usize>, Option<usize>)> =
        of_new.into_iter().enumerate().map(|(to, from)| (from, Some(to))).collect();
    for from in (0..old.len()).filter(|from| !taken[*from]) {
        let after = pairs.iter().position(|(was, _)| was.is_some_and(|was| was > from));
        pairs.insert(after.unwrap_or(pairs.len()), (Some(from), None));
    }
    pairs
}
