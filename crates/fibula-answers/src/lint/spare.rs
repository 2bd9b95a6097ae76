//! Policies and rules without which no message would end otherwise, and rules that let all through.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{
    Cluster, ContainerList, Finding, One, Peer, PeerOf, Place, Policy, PolicyKind, Rule,
    RuleAction, RulePort, Severity, Told,
};
use fibula_network::filters::{Filters, Owned, Part, PartKey};
use fibula_network::{Entry, Side, TableId};
use rustc_hash::FxHashMap;

use super::{count, policies};

/// A rule, by its policy, its list and its index.
type RuleKey = (u32, u64);

/// What was found of the parts of a cluster's policies.
struct Spare<'c> {
    cluster: &'c Cluster,
    found: BTreeMap<PartKey, Part>,
    /// Policies that are told as a whole.
    whole: BTreeSet<u32>,
}

/// Tells what could be left out (NP-3, CNP-11), and what is as if it were not there (NP-8).
pub(super) fn tell(told: &mut Told<'_>, filters: &mut Filters<'_>) {
    let cluster = told.cluster;
    let mut spare = Spare { cluster, found: parts(cluster, filters), whole: BTreeSet::new() };
    spare.policies(told);
    spare.rules(told);
    spare.everything(told);
    spare.one_side(told);
    spare.nothing(told);
}

/// What each policy, by its index, and each rule of it does, in each direction.
pub fn parts(cluster: &Cluster, filters: &mut Filters<'_>) -> BTreeMap<PartKey, Part> {
    // A table is called as its policy is, and by its direction: one without entries says no more.
    let mut owners: FxHashMap<String, u32> = FxHashMap::default();
    for (i, policy) in (0..).zip(&cluster.policies) {
        owners.insert(format!("{} ingress", policy.called()), i);
        owners.insert(format!("{} egress", policy.called()), i);
    }
    let network = filters.network;
    let owner = |table: TableId| owners.get(&*network.table(table).name).copied();
    filters.spare(&Owned { owner: &owner, part: &part })
}

/// The rule that an entry is of, as a number.
fn part(entry: &Entry) -> u64 {
    let place = Place::of_number(entry.origin.place.0);
    let rule = place.and_then(|place| place.container);
    rule.map_or(0, |(list, index)| rule_number(list, index))
}

fn rule_number(list: ContainerList, index: u16) -> u64 {
    1 + (u64::from(list == ContainerList::Egress) << 16 | u64::from(index))
}

// === impl Spare ===

impl Spare<'_> {
    fn policy(&self, at: u32) -> &Policy {
        &self.cluster.policies[at as usize]
    }

    /// What is known of a policy, or of a rule of it, in each direction that it has a part in.
    fn of(&self, policy: u32, part: Option<u64>) -> impl Iterator<Item = &Part> {
        let sides = [Side::Source, Side::Target].into_iter();
        sides.filter_map(move |side| self.found.get(&(side, policy, part)))
    }

    /// Whether all of it changes nothing, though it matches something.
    fn is_idle(&self, policy: u32, part: Option<u64>) -> bool {
        let mut matches = false;
        let idle = self.of(policy, part).all(|part| {
            matches |= part.matches;
            !part.matters
        });
        idle && matches
    }

    /// Policies that change nothing. One without rules is a safety net, and meant to be.
    fn policies(&mut self, told: &mut Told<'_>) {
        let mut alike: BTreeMap<bool, Vec<One>> = BTreeMap::new();
        for at in 0..self.cluster.policies.len() as u32 {
            let policy = self.policy(at);
            let left = self.is_left_by_others(at) || self.lets_all_through(at);
            if !self.is_idle(at, None) || left {
                continue;
            }
            let of_cluster = policy.kind != PolicyKind::NetworkPolicy;
            let by = self.cover_of_all(at).map(|by| format!(" ({by} does the same)"));
            let name = format!("{}{}", policy.called(), by.unwrap_or_default());
            let one = One::new(name, Place::whole(policy.object)).known_by(policy.called());
            alike.entry(of_cluster).or_default().push(one);
            self.whole.insert(at);
        }
        for (of_cluster, ones) in alike {
            // A Deny that is never asked is worse than an Allow that is said twice.
            let (rule, severity) = match of_cluster {
                true => ("CNP-11", Severity::Warning),
                false => ("NP-3", Severity::Note),
            };
            told.alike(("shadowed-policy", rule, severity), ones, |n, names| {
                let change = if n == 1 { "changes" } else { "change" };
                format!("{} {change} nothing that others do not: {names}", policies(n))
            });
        }
    }

    /// Whether a policy lets everything through in each direction that it isolates: that is told.
    fn lets_all_through(&self, at: u32) -> bool {
        let policy = self.policy(at);
        let all = |list, rules: &[Rule]| {
            let mut keys = rules.iter().map(|rule| rule_number(list, rule.index));
            keys.any(|key| self.lets_all(at, key))
        };
        policy.kind == PolicyKind::NetworkPolicy
            && (!policy.isolates.ingress || all(ContainerList::Ingress, &policy.ingress))
            && (!policy.isolates.egress || all(ContainerList::Egress, &policy.egress))
    }

    /// Whether each rule is covered by a policy that is told to be idle because this one is here: of
    /// two that say the same, one is told.
    fn is_left_by_others(&self, at: u32) -> bool {
        let policy = self.policy(at);
        let mut rules = keys(policy).filter(|key| self.of(at, Some(*key)).any(|p| p.matches));
        let later = |key: u64| {
            let covers = self.covers((at, key));
            let mut covers = covers.iter().filter(|(other, _)| *other != at).peekable();
            covers.peek().is_some()
                && covers.all(|(other, part)| {
                    *other > at && self.covers((*other, *part)).contains(&(at, key))
                })
        };
        rules.any(later)
    }

    /// The one policy that covers each rule of another.
    fn cover_of_all(&self, at: u32) -> Option<String> {
        let rules = keys(self.policy(at)).filter(|key| self.of(at, Some(*key)).any(|p| p.matches));
        let mut common: Option<BTreeSet<u32>> = None;
        for key in rules {
            let covers = self.covers((at, key));
            let covers: BTreeSet<u32> = covers.into_iter().map(|(other, _)| other).collect();
            common = Some(match common {
                None => covers,
                Some(common) => common.intersection(&covers).copied().collect(),
            });
        }
        let by = common?.into_iter().find(|other| *other != at)?;
        Some(self.policy(by).called())
    }

    /// The rules that each match all that a rule matches.
    fn covers(&self, (policy, part): RuleKey) -> Vec<RuleKey> {
        let mut all = self.of(policy, Some(part)).filter_map(|part| part.covers.clone());
        all.next().unwrap_or_default()
    }

    /// Rules that change nothing, of policies that do.
    fn rules(&self, told: &mut Told<'_>) {
        let mut twice = vec![];
        for at in (0..self.cluster.policies.len() as u32).filter(|at| !self.whole.contains(at)) {
            let policy = self.policy(at);
            for key in keys(policy).filter(|key| self.is_idle(at, Some(*key))) {
                let covers = self.covers((at, key));
                // Of two rules that say the same the later is told.
                let mutual = |by: &&RuleKey| self.covers(**by).contains(&(at, key));
                let covers: Vec<&RuleKey> = covers.iter().filter(|by| **by != (at, key)).collect();
                let earlier = covers.iter().find(|by| !mutual(by) || ***by < (at, key)).copied();
                if earlier.is_none() && !covers.is_empty() {
                    continue;
                }
                let Some((name, place)) = self.rule(at, key) else { continue };
                let by = earlier.and_then(|(other, part)| self.rule(*other, *part));
                let own = earlier.is_some_and(|(other, _)| *other == at);
                let all = earlier.is_some_and(|(other, part)| self.lets_all(*other, *part));
                let of_cluster = policy.kind != PolicyKind::NetworkPolicy;
                if !(of_cluster || own && all) {
                    let by = by.map_or_else(String::new, |(by, _)| format!(" (by {by})"));
                    twice.push(One::new(format!("{name}{by}"), place).known_by(name));
                    continue;
                }
                let by = match by {
                    Some((by, _)) if all => format!("{by} allows everything"),
                    Some((by, _)) => format!("{by} decides all that it matches"),
                    None => "others decide all that it matches, or the same comes of it".to_owned(),
                };
                let rule = if of_cluster { "CNP-11" } else { "NP-3" };
                told.each("shadowed-rule", vec![place], |places| Finding {
                    id: "shadowed-rule",
                    rule,
                    severity: Severity::Warning,
                    message: format!("{name} never decides anything: {by}"),
                    places,
                    subjects: vec![name.clone()],
                });
            }
        }
        told.alike(("shadowed-rule", "NP-3", Severity::Note), twice, |n, names| {
            let allow = if n == 1 { "allows" } else { "allow" };
            format!("{} {allow} nothing that others do not: {names}", count(n, "rule"))
        });
    }

    fn lets_all(&self, policy: u32, part: u64) -> bool {
        let mut parts = self.of(policy, Some(part)).peekable();
        parts.peek().is_some() && parts.all(|part| part.lets_all)
    }

    /// Rules that let everything through, of policies that isolate (NP-8).
    fn everything(&self, told: &mut Told<'_>) {
        let mut ways: BTreeMap<bool, Vec<One>> = BTreeMap::new();
        let of_namespaces = (0..).zip(&self.cluster.policies);
        let of_namespaces = of_namespaces.filter(|(_, p)| p.kind == PolicyKind::NetworkPolicy);
        for (at, policy) in of_namespaces {
            let all = keys(policy).filter(|key| self.lets_all(at, *key));
            for (name, place) in all.filter_map(|key| self.rule(at, key)) {
                let egress = matches!(place.container, Some((ContainerList::Egress, _)));
                ways.entry(egress).or_default().push(One::new(name, place));
            }
        }
        for (egress, ones) in ways {
            told.alike(("allows-everything", "NP-8", Severity::Note), ones, |n, names| {
                let allow = if n == 1 { "allows" } else { "allow" };
                let all = if egress { "everything out" } else { "everything in" };
                format!("{} {allow} {all}, as if there were no policy: {names}", count(n, "rule"))
            });
        }
    }

    /// Rules that allow what policies of the other end withhold, all of it (NP-4). What a rule only passes
    /// on, it does not allow.
    fn one_side(&self, told: &mut Told<'_>) {
        for (at, policy) in (0..).zip(&self.cluster.policies) {
            for key in keys(policy) {
                let withheld = self.of(at, Some(key)).any(|part| part.withheld == Some(true));
                let passes = policy.rules().any(|rule| {
                    let own = rule.place.container.map(|(list, _)| rule_number(list, rule.index));
                    own == Some(key) && rule.action == RuleAction::Pass
                });
                let Some((name, place)) = self.rule(at, key).filter(|_| withheld && !passes) else {
                    continue;
                };
                let ingress = matches!(place.container, Some((ContainerList::Ingress, _)));
                let what = match ingress {
                    true => "nothing that its peers may send: their egress withholds all of it",
                    false => "nothing that its peers let in: their ingress withholds all of it",
                };
                told.each("allowed-by-one-side", vec![place], |places| Finding {
                    id: "allowed-by-one-side",
                    rule: "NP-4",
                    severity: Severity::Warning,
                    message: format!("{name} allows {what}"),
                    places,
                    subjects: vec![name.clone()],
                });
            }
        }
    }

    /// Rules that match nothing, though each of their peers is somebody and no port is named: such as
    /// a range of a family that no pod has, or one that is excepted whole (NP-16).
    fn nothing(&self, told: &mut Told<'_>) {
        let mut ones = vec![];
        for (at, policy) in (0..).zip(&self.cluster.policies) {
            for rule in policy.rules() {
                let pods = |peer: &Peer| matches!(peer.what, PeerOf::Pods(_));
                let named = |port: &RulePort| matches!(port, RulePort::Named { .. });
                let Some((list, _)) = rule.place.container else { continue };
                let key = rule_number(list, rule.index);
                let known = self.of(at, Some(key)).next().is_some() || self.is_there(at, list);
                let matches = self.of(at, Some(key)).any(|part| part.matches);
                // Of pods that are not here, and of names that none has, that is told by itself.
                let told = rule.peers().iter().any(pods) || rule.ports().iter().any(named);
                if known && !matches && !told {
                    ones.extend(self.rule(at, key).map(|(name, place)| One::new(name, place)));
                }
            }
        }
        told.alike(("rule-matches-nothing", "NP-16", Severity::Warning), ones, |n, names| {
            let matches = if n == 1 { "matches" } else { "match" };
            format!(
                "{} {matches} no message that any pod can get or send: {names}",
                count(n, "rule")
            )
        });
    }

    /// Whether some Pod has a policy in its chains of a direction.
    fn is_there(&self, policy: u32, list: ContainerList) -> bool {
        let side = if list == ContainerList::Ingress { Side::Target } else { Side::Source };
        self.found.contains_key(&(side, policy, None))
    }

    /// What a rule is called, and where it stands.
    fn rule(&self, policy: u32, part: u64) -> Option<(String, Place)> {
        let policy = self.policy(policy);
        let egress = (part - 1) >> 16 == 1;
        let (way, rules) = match egress {
            true => ("egress", &policy.egress),
            false => ("ingress", &policy.ingress),
        };
        let rule = rules.iter().find(|rule| u64::from(rule.index) == (part - 1) & 0xffff)?;
        let name = rule.name.as_ref().map_or_else(String::new, |name| format!(" {name:?}"));
        Some((format!("{} {way}[{}]{name}", policy.called(), rule.index), rule.place))
    }
}

/// The numbers of a policy's rules.
fn keys(policy: &Policy) -> impl Iterator<Item = u64> {
    let of = |list, rules: &[Rule]| -> Vec<u64> {
        rules.iter().map(|rule| rule_number(list, rule.index)).collect()
    };
    let ingress = of(ContainerList::Ingress, &policy.ingress);
    ingress.into_iter().chain(of(ContainerList::Egress, &policy.egress))
}
