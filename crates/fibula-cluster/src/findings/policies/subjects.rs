//! Whom policies select, and whom none selects.

use std::collections::BTreeMap;

use super::{Ground, perhaps};
use crate::findings::{One, Severity, Told, count};
use crate::place::{ContainerList, Place};
use crate::policy::{Policy, PolicyKind, RuleAction};
use crate::select::ClassId;

pub(super) fn tell(told: &mut Told<'_>, ground: &Ground<'_, '_>) {
    select_nothing(told, ground);
    host_network(told, ground);
    unselected(told, ground);
}

/// Policies that select no pod (NP-1, CNP-17), and those of a namespace of which nothing else was
/// read.
fn select_nothing(told: &mut Told<'_>, ground: &Ground<'_, '_>) {
    let mut nobody = Vec::new();
    let mut nowhere = Vec::new();
    for (_, policy) in ground.policies().filter(|(i, _)| ground.subject(*i).next().is_none()) {
        if policy.kind == PolicyKind::NetworkPolicy && !is_read(ground, &policy.namespace) {
            let names = ground.cluster.pods.iter().map(|pod| pod.namespace.as_str());
            let near = super::super::near::nearest(&policy.namespace, names);
            let near = perhaps(near.map(str::to_owned));
            let name = format!("{}{near}", policy.called());
            nowhere.push(One::new(name, Place::whole(policy.object)).known_by(policy.called()));
            continue;
        }
        let near = ground.near.of_selection(&policy.subject);
        let what = wanted(ground, policy);
        let name = format!("{} ({what}{})", policy.called(), perhaps(near));
        nobody.push(One::new(name, subject(policy)).known_by(policy.called()));
    }
    told.alike(("policy-without-pods", "NP-1", Severity::Warning), nobody, |n, names| {
        let select = if n == 1 { "selects" } else { "select" };
        format!("{} {select} no pod: {names}", policies(n))
    });
    told.alike(("policy-without-namespace", "NP-1", Severity::Warning), nowhere, |n, names| {
        let is = if n == 1 { "is" } else { "are" };
        format!("{} {is} of a namespace of which nothing else was read: {names}", policies(n))
    });
}

/// Whether more was read of a namespace than its policies.
fn is_read(ground: &Ground<'_, '_>, name: &str) -> bool {
    let cluster = ground.cluster;
    let object = cluster.namespaces.iter().any(|n| n.name == name && n.object.is_some());
    object
        || cluster.pods.iter().any(|pod| pod.namespace == name)
        || cluster.services.iter().any(|service| service.namespace == name)
}

/// Policies that mean pods of the host network, which most plugins exempt (NP-35, NP-36).
fn host_network(told: &mut Told<'_>, ground: &Ground<'_, '_>) {
    let mut ones = Vec::new();
    for (i, policy) in ground.policies() {
        let live = ground.subject(i).filter(|class| ground.class(*class).live);
        let (exempt, others): (Vec<ClassId>, Vec<ClassId>) =
            live.partition(|class| ground.class(*class).host_network);
        // Who selects whatever is there does not mean these.
        if exempt.is_empty() || (!others.is_empty() && policy.subject.pods.is_empty()) {
            continue;
        }
        let pods: usize = exempt.iter().map(|class| ground.class(*class).pods.len()).sum();
        let name = format!("{} ({})", policy.called(), count(pods, "pod"));
        ones.push(One::new(name, subject(policy)).known_by(policy.called()));
    }
    told.alike(("policy-on-host-network", "NP-36", Severity::Warning), ones, |n, names| {
        let select = if n == 1 { "selects" } else { "select" };
        format!(
            "{} {select} pods of the host network, which most plugins exempt: {names}",
            policies(n)
        )
    });
}

/// Namespaces and pods that no policy selects, where others are selected (NP-2): all is allowed.
fn unselected(told: &mut Told<'_>, ground: &Ground<'_, '_>) {
    let mut selected = vec![false; ground.select.classes().len()];
    for (i, _) in ground.policies().filter(|(_, policy)| withholds(policy)) {
        ground.subject(i).for_each(|class| selected[class.0 as usize] = true);
    }
    // By namespace: how many are selected, and the workloads of which pods are not.
    let mut namespaces: BTreeMap<&str, (usize, BTreeMap<&str, Place>)> = BTreeMap::new();
    for (class, selected) in (0..).map(ClassId).zip(selected) {
        let it = ground.class(class);
        if !it.live || it.host_network {
            continue;
        }
        for pod in ground.pods(class) {
            let (some, workloads) = namespaces.entry(&pod.namespace).or_default();
            match selected {
                true => *some += 1,
                false => {
                    workloads.entry(&pod.workload.name).or_insert(Place::whole(pod.object));
                }
            }
        }
    }
    if namespaces.values().all(|(some, _)| *some == 0) {
        return;
    }
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for (namespace, (some, workloads)) in namespaces {
        let of = |(name, place): (&str, Place)| One::new(format!("{namespace}/{name}"), place);
        match (some, workloads.values().next()) {
            (0, Some(first)) => {
                let mut known = ground.cluster.namespaces.iter();
                let object = known.find(|known| known.name == namespace).and_then(|n| n.object);
                let place = object.map_or(*first, Place::whole);
                whole.push(One::new(namespace, place));
            }
            _ => parts.extend(workloads.into_iter().map(of)),
        }
    }
    told.alike(("namespace-without-policies", "NP-2", Severity::Note), whole, |n, names| {
        let namespaces = count(n, "namespace");
        format!("no policy selects a pod of {namespaces}, though others have some: {names}")
    });
    told.alike(("pod-without-policy", "NP-2", Severity::Note), parts, |n, names| {
        let workloads = count(n, "workload");
        format!(
            "no policy selects {workloads} of namespaces that have policies; all is allowed there: \
             {names}"
        )
    });
}

/// Whether a policy can withhold anything: each NetworkPolicy does, others where they deny (CNP-13).
fn withholds(policy: &Policy) -> bool {
    let denies = |action| matches!(action, RuleAction::Deny);
    policy.kind == PolicyKind::NetworkPolicy || policy.rules().any(|rule| denies(rule.action))
}

/// Where a policy says whom it selects.
fn subject(policy: &Policy) -> Place {
    let field = match policy.kind {
        PolicyKind::NetworkPolicy => ContainerList::PodSelector,
        _ => ContainerList::Subject,
    };
    Place::field(policy.object, field)
}

/// What a policy wants of pods and none has.
fn wanted(ground: &Ground<'_, '_>, policy: &Policy) -> String {
    match ground.near.wanted(&policy.subject) {
        (namespaces, true) => format!("namespaces {namespaces}"),
        (pods, _) if pods.is_empty() => "any pod".to_owned(),
        (pods, _) => pods,
    }
}

fn policies(n: usize) -> String {
    if n == 1 { "1 policy".to_owned() } else { format!("{n} policies") }
}
