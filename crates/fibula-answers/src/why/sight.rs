//! What NetworkPolicies would see of two ends if one had another label: which of them would isolate, and
//! which of their rules could match.
//!
//! It decides nothing: what could match is tried on a network. It only spares trying labels that no
//! policy that matters tells from others, or after which all of them still say no.

use fibula_cluster::api::{Labels, Word};
use fibula_cluster::{
    Cluster, NamespaceSelection, ObjectId, PeerOf, Peers, Pod, PodSelection, Rule, RulePort,
    RulePorts, Tier,
};

use super::blocks::Judged;
use super::peers::End;
use crate::change::{Edit, Labelled};
use crate::trace::policies::Direction;

/// What policies would see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    isolating: Vec<ObjectId>,
    matching: Vec<(ObjectId, u16)>,
}

/// An end with the labels that it would have.
struct Seen<'c> {
    pod: Option<&'c Pod>,
    labels: Labels,
    namespace: &'c str,
    of_namespace: Labels,
}

/// What policies would see of what was judged, after a label is set.
pub(super) fn sees(cluster: &Cluster, judged: &Judged, edit: &Edit) -> Sight {
    let (subject, other) =
        (Seen::new(cluster, &judged.subject, edit), Seen::new(cluster, &judged.other, edit));
    let direction = judged.ruling.direction;
    let mut sight = Sight { isolating: vec![], matching: vec![] };
    for policy in cluster.policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy) {
        let isolates = match direction {
            Direction::Ingress => policy.isolates.ingress,
            Direction::Egress => policy.isolates.egress,
        };
        if !isolates || !subject.is(&policy.subject) {
            continue;
        }
        sight.isolating.push(policy.object);
        for rule in direction.rules(policy) {
            if has_port(rule, judged) && has_peer(rule, &other) {
                sight.matching.push((policy.object, rule.index));
            }
        }
    }
    sight
}

/// Whether a rule could be for the port.
fn has_port(rule: &Rule, judged: &Judged) -> bool {
    let (own, number) = judged.port;
    let is = |port: &RulePort| match port {
        RulePort::All(protocol) => *protocol == own,
        RulePort::Range { protocol, first, last } => {
            *protocol == own && (*first..=*last).contains(&number)
        }
        RulePort::Named { .. } => true,
    };
    match &rule.ports {
        RulePorts::Any => true,
        RulePorts::Of(ports) => ports.iter().any(is),
    }
}

/// Whether a rule could be for the other end.
fn has_peer(rule: &Rule, other: &Seen<'_>) -> bool {
    let is = |what: &PeerOf| match what {
        PeerOf::Pods(selection) => other.is(selection),
        PeerOf::Block { net, .. } => {
            other.pod.is_none_or(|pod| pod.addresses.iter().any(|addr| net.contains(addr)))
        }
        PeerOf::Nodes(_) | PeerOf::Domains(_) | PeerOf::Unknown => true,
    };
    match &rule.peers {
        Peers::Any => true,
        Peers::Of(peers) => peers.iter().any(|peer| is(&peer.what)),
    }
}

// === impl Sight ===

impl Sight {
    /// Whether all of them still say no.
    pub(super) fn is_no(&self) -> bool {
        !self.isolating.is_empty() && self.matching.is_empty()
    }
}

// === impl Seen ===

impl<'c> Seen<'c> {
    fn new(cluster: &'c Cluster, end: &'c End, edit: &Edit) -> Seen<'c> {
        let namespace = end.namespace().unwrap_or_default();
        let known = cluster.namespaces.iter().find(|known| known.name == namespace);
        let pod = end.pods(cluster).into_iter().next();
        let mut seen = Seen {
            pod,
            labels: pod.map(|pod| pod.labels.as_ref().clone()).unwrap_or_default(),
            namespace,
            of_namespace: known.map(|known| known.labels.clone()).unwrap_or_default(),
        };
        let Edit::SetLabel { of, key, value } = edit else { return seen };
        let set = |labels: &Labels| -> Labels {
            let others = labels.iter().filter(|(own, _)| *own != key);
            let all = others.chain(value.as_deref().map(|value| (key.as_str(), value)));
            all.map(|(key, value)| (Word::from(key), value.to_owned())).collect()
        };
        match (of, end) {
            (Labelled::Namespace(name), _) if name == namespace => {
                seen.of_namespace = set(&seen.of_namespace);
            }
            (
                Labelled::Workload { namespace: of, workload },
                End::Pods { namespace, workload: own },
            ) if (of, workload) == (namespace, own) => seen.labels = set(&seen.labels),
            _ => {}
        }
        seen
    }

    /// Whether a selection means it.
    fn is(&self, selection: &PodSelection) -> bool {
        let namespace = match &selection.namespaces {
            NamespaceSelection::Named(name) => name == self.namespace,
            NamespaceSelection::By(by) => by.matches(&self.of_namespace),
        };
        self.pod.is_some() && namespace && selection.pods.matches(&self.labels)
    }
}
