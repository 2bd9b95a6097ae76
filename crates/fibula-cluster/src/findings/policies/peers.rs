//! The other ends of rules: selectors that nothing has, and lists that say OR where AND was meant.

use std::collections::BTreeMap;

use super::{Ground, perhaps, rule_name, rules};
use crate::api::NAMESPACE_NAME;
use crate::findings::near::is_in;
use crate::findings::{Finding, One, Severity, Told, count, list};
use crate::place::ContainerList;
use crate::policy::{NamespaceSelection, Peer, PeerOf, PodSelection, Policy, Rule};
use crate::select::Selected;

pub(super) fn tell(told: &mut Told<'_>, ground: &Ground<'_, '_>) {
    let mut unknown: BTreeMap<String, Vec<One>> = BTreeMap::new();
    for (i, policy) in ground.policies() {
        for (way, rule) in rules(policy) {
            // Of a policy that speaks of nobody that is told, and no more.
            for peer in rule.peers().iter().filter(|_| ground.subject(i).next().is_some()) {
                nothing(told, ground, (policy, way, rule, peer), &mut unknown);
            }
            either(told, ground, (policy, way, rule));
        }
    }
    let wanted: Vec<String> = unknown
        .iter()
        .map(|(wanted, ones)| match ones.len() {
            n if n == 1 || unknown.len() == 1 => wanted.clone(),
            n => format!("{wanted} ({n} times)"),
        })
        .collect();
    let ones = unknown.into_values().flatten().collect();
    told.alike((NOTHING, "NP-11", Severity::Note), ones, |n, _| {
        let mean = if n == 1 { "means" } else { "mean" };
        format!("{} {mean} pods of which none is here: {}", count(n, "peer"), list(&wanted))
    });
}

const NOTHING: &str = "peer-without-pods";

/// A peer that selects no pod (NP-11, CNP-20), or only pods of the host network, which are nobody's
/// peers (DR-1). With a label that is almost right it is a warning; without one, the pods may well be
/// elsewhere.
fn nothing(
    told: &mut Told<'_>,
    ground: &Ground<'_, '_>,
    (policy, way, rule, peer): (&Policy, ContainerList, &Rule, &Peer),
    unknown: &mut BTreeMap<String, Vec<One>>,
) {
    let PeerOf::Pods(selection) = &peer.what else { return };
    let Some(id) = ground.select.id(selection) else { return };
    let Selected { surely, perhaps: open } = ground.select.pods(id);
    let at = format!("{}{}", rule_name(policy, way, rule), part(way, peer));
    let wanted = wanted(ground, selection);
    let mut all = surely.iter().chain(open).map(|class| ground.class(*class)).peekable();
    if all.peek().is_some() {
        if all.all(|class| class.host_network) && told.hears(NOTHING, peer.place) {
            told.tell(finding(
                peer,
                &at,
                &format!(
                    "no rule means pods of the host network, and only such have {wanted} (DR-1)"
                ),
            ));
        }
        return;
    }
    match ground.near.of_selection(selection) {
        None if told.hears(NOTHING, peer.place) => {
            let one = One::new(format!("{at} ({wanted})"), peer.place).known_by(at);
            unknown.entry(wanted).or_default().push(one);
        }
        None => {}
        near if told.hears(NOTHING, peer.place) => {
            told.tell(finding(peer, &at, &format!("no pod has {wanted}{}", perhaps(near))));
        }
        _ => {}
    }
}

fn finding(peer: &Peer, at: &str, what: &str) -> Finding {
    Finding {
        id: NOTHING,
        rule: "NP-11",
        severity: Severity::Warning,
        message: format!("{at} matches nothing: {what}"),
        places: vec![peer.place],
        subjects: vec![at.to_owned()],
    }
}

/// Two peers of which the one is all of the policy's own namespace, so that the other, a selector of
/// some of its pods, limits nothing: a dash too many made an OR of an AND (NP-11).
fn either(
    told: &mut Told<'_>,
    ground: &Ground<'_, '_>,
    (policy, way, rule): (&Policy, ContainerList, &Rule),
) {
    let own = |peer: &&Peer| match &peer.what {
        PeerOf::Pods(PodSelection { namespaces: NamespaceSelection::Named(_), pods }) => {
            !pods.is_empty()
        }
        _ => false,
    };
    let all = |peer: &&Peer| match &peer.what {
        PeerOf::Pods(PodSelection { namespaces: NamespaceSelection::By(by), pods }) => {
            pods.is_empty() && is_in(ground.cluster, &policy.namespace, by) == Some(true)
        }
        _ => false,
    };
    let (Some(own), Some(all)) = (rule.peers().iter().find(own), rule.peers().iter().find(all))
    else {
        return;
    };
    if !told.hears("or-of-peers", all.place) {
        return;
    }
    let name = rule_name(policy, way, rule);
    let part = |peer| self::part(way, peer).trim_start_matches('.').to_owned();
    told.tell(Finding {
        id: "or-of-peers",
        rule: "NP-11",
        severity: Severity::Warning,
        message: format!(
            "{name}: {} is every pod of {}, so {} limits nothing; a dash less makes them one peer, \
             and both must hold",
            part(all),
            policy.namespace,
            part(own)
        ),
        places: vec![all.place],
        subjects: vec![name],
    });
}

/// `.from[1]`
fn part(way: ContainerList, peer: &Peer) -> String {
    let list = if way == ContainerList::Ingress { "from" } else { "to" };
    peer.place.port.map_or_else(String::new, |i| format!(".{list}[{i}]"))
}

/// What a selection wants and nothing has, for people.
fn wanted(ground: &Ground<'_, '_>, selection: &PodSelection) -> String {
    let (what, no_namespace) = ground.near.wanted(selection);
    let namespaces = match &selection.namespaces {
        NamespaceSelection::Named(name) => format!("in {name}"),
        NamespaceSelection::By(by) if by.is_empty() => "in any namespace".to_owned(),
        NamespaceSelection::By(by) => {
            let text = by.to_string();
            match text.strip_prefix(&format!("{NAMESPACE_NAME}=")) {
                Some(name) if by.requirements().len() == 1 => format!("in {name}"),
                _ => format!("in namespaces {text}"),
            }
        }
    };
    match no_namespace || selection.pods.is_empty() {
        true => format!("any pod {namespaces}"),
        false => format!("{what} {namespaces}"),
    }
}
