//! One form for policies that mean the same: defaults, and rules that nobody reads.

use super::policies::isolates;
use crate::api::{ClusterPolicy, IntOrString, LabelSelector, NetworkPolicy, Word};

/// NP-6, NP-7 and NP-40.
pub(super) fn network_policy(policy: &mut NetworkPolicy) {
    let spec = &mut policy.spec;
    let isolates = isolates(spec);
    let types = [("Egress", isolates.egress), ("Ingress", isolates.ingress)];
    let types = types.into_iter().filter(|(_, given)| *given).map(|(name, _)| Word::from(name));
    spec.policy_types = types.collect();
    if !isolates.ingress {
        spec.ingress.clear();
    }
    if !isolates.egress {
        spec.egress.clear();
    }
    selector(&mut spec.pod_selector);
    for rule in spec.ingress.iter_mut().chain(&mut spec.egress) {
        for port in &mut rule.ports {
            tcp(&mut port.protocol);
            let single = matches!(port.port, Some(IntOrString::Int(n)) if port.end_port == Some(n));
            port.end_port = port.end_port.filter(|_| !single);
        }
        for peer in rule.from.iter_mut().chain(&mut rule.to) {
            [&mut peer.pod_selector, &mut peer.namespace_selector]
                .into_iter()
                .flatten()
                .for_each(selector);
        }
    }
}

/// An absent selector of pods selects all of them, in the kinds where it may be absent (CNP-29).
pub(super) fn cluster_policy(policy: &mut ClusterPolicy) {
    let spec = &mut policy.spec;
    let subject = &mut spec.subject;
    subject.namespaces.iter_mut().for_each(selector);
    let rules = spec.ingress.iter_mut().chain(&mut spec.egress);
    let mut namespaced: Vec<_> = subject.pods.iter_mut().collect();
    for rule in rules {
        for peer in rule.from.iter_mut().chain(&mut rule.to) {
            peer.namespaces.iter_mut().chain(&mut peer.nodes).for_each(selector);
            namespaced.extend(&mut peer.pods);
        }
        for port in rule.ports.iter_mut().flatten() {
            port.port_number.iter_mut().for_each(|port| tcp(&mut port.protocol));
            port.port_range.iter_mut().for_each(|range| tcp(&mut range.protocol));
        }
    }
    for pods in namespaced {
        selector(&mut pods.namespace_selector);
        selector(pods.pod_selector.get_or_insert_default());
    }
}

fn tcp(protocol: &mut Word) {
    if *protocol == *"TCP" {
        *protocol = Word::default();
    }
}

/// All of its requirements hold, in any order.
fn selector(selector: &mut LabelSelector) {
    for expression in &mut selector.match_expressions {
        expression.values.sort();
        expression.values.dedup();
    }
    let key = |e: &crate::api::Expression| (e.key.clone(), e.operator.clone(), e.values.clone());
    selector.match_expressions.sort_by_key(key);
}
