//! Who and what a rule speaks of: NP-10 to NP-17, NP-40 to NP-43, CNP-20 to CNP-28.

use fibula_cluster::api::Labels;
use fibula_cluster::{
    NamespaceSelection, PeerOf, Peers, Pod, PodSelection, PolicyKind, Protocol, Requirement, Rule,
    RulePort, Selector, Test,
};

use super::{End, Evaluator, Message};

/// The label that every namespace has (NP-14).
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Whether a rule has a peer of which nothing is known (CNP-26).
pub(super) fn knows_too_little(rule: &Rule) -> bool {
    rule.peers().iter().any(|peer| peer.what == PeerOf::Unknown)
}

impl Evaluator<'_> {
    /// Whether a selection selects a pod, which has a network of its own.
    pub(super) fn selects(&self, selection: &PodSelection, pod: usize) -> bool {
        let pod = &self.cluster.pods[pod];
        let namespace = match &selection.namespaces {
            NamespaceSelection::Named(name) => *name == pod.namespace,
            NamespaceSelection::By(by) => self.namespace_has(&pod.namespace, by),
        };
        namespace && selects(&selection.pods, &pod.labels)
    }

    /// NP-14, DR-22: of a namespace that was not read, only its name is known.
    fn namespace_has(&self, name: &str, by: &Selector) -> bool {
        let mut known = self.cluster.namespaces.iter();
        let known = known.find(|known| known.name == name && known.object.is_some());
        if let Some(known) = known {
            return selects(by, &known.labels);
        }
        let (of_name, others): (Vec<&Requirement>, Vec<&Requirement>) =
            by.requirements().iter().partition(|requirement| requirement.key == NAMESPACE_NAME);
        let told = || self.open.namespace.is_some_and(|has| has(name, by));
        of_name.iter().all(|requirement| holds(requirement, Some(name)))
            && (others.is_empty() || told())
    }

    /// Whether one of the peers is the other end; of `pods_only` those that name pods.
    pub(super) fn peers_match(
        &self,
        kind: PolicyKind,
        peers: &Peers,
        other: End,
        pods_only: bool,
    ) -> bool {
        let Peers::Of(peers) = peers else { return true };
        peers.iter().any(|peer| match (&peer.what, other) {
            (PeerOf::Pods(selection), End::Pod(pod, _)) => self.selects(selection, pod),
            (PeerOf::Pods(_), End::Node(..) | End::Outside(_)) => false,
            _ if pods_only => false,
            // DR-2b is about ipBlocks; what CNP calls networks includes pods (CNP-23).
            (PeerOf::Block { .. }, End::Pod(..))
                if kind == PolicyKind::NetworkPolicy && self.open.blocks_miss_pods =>
            {
                false
            }
            (
                PeerOf::Block { net, except },
                End::Pod(_, addr) | End::Node(_, addr) | End::Outside(addr),
            ) => net.contains(&addr) && !except.iter().any(|except| except.contains(&addr)),
            (PeerOf::Nodes(by), End::Pod(_, addr) | End::Node(_, addr) | End::Outside(addr)) => {
                self.cluster.nodes.iter().any(|node| {
                    let known = node.object.is_some() || by.requirements().is_empty();
                    let has = match known {
                        true => selects(by, &node.labels),
                        false => self.open.node.is_some_and(|has| has(&node.name, by)),
                    };
                    has && (node.addresses.contains(&addr) || node.external.contains(&addr))
                })
            }
            // Whose address is known to be the cluster's has no such name (CNP-25).
            (PeerOf::Domains(names), End::Outside(_)) => {
                self.open.domains.is_some_and(|are| are(names))
            }
            (PeerOf::Domains(_), End::Pod(..) | End::Node(..)) => false,
            (PeerOf::Unknown, _) => false,
        })
    }

    pub(super) fn port_matches(&self, port: &RulePort, message: Message) -> bool {
        match port {
            RulePort::All(protocol) => *protocol == message.protocol,
            RulePort::Range { protocol, first, last } => {
                *protocol == message.protocol && (*first..=*last).contains(&message.port)
            }
            // NP-42: the target pod says what the name means; nothing else can.
            RulePort::Named { name, protocol } => {
                let End::Pod(pod, _) = message.to else { return false };
                protocol.is_none_or(|protocol| protocol == message.protocol)
                    && called(&self.cluster.pods[pod], name, message.protocol) == Some(message.port)
            }
        }
    }
}

/// The first port of that name and protocol: of a container or a sidecar (SVC-14, DR-8).
fn called(pod: &Pod, name: &str, protocol: Protocol) -> Option<u16> {
    let lasting = pod.containers.iter().filter(|container| container.lasting);
    let mut ports = lasting.flat_map(|container| &container.ports);
    let called = ports.find(|p| p.name.as_deref() == Some(name) && p.protocol == protocol);
    called.map(|port| port.number)
}

/// NP-13.
fn selects(selector: &Selector, labels: &Labels) -> bool {
    selector.requirements().iter().all(|requirement| {
        let label = labels.iter().find(|(key, _)| *key == requirement.key);
        holds(requirement, label.map(|(_, value)| value))
    })
}

fn holds(requirement: &Requirement, value: Option<&str>) -> bool {
    let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|v| v == value));
    match &requirement.test {
        Test::In(values) => among(values),
        Test::NotIn(values) => !among(values),
        Test::Exists => value.is_some(),
        Test::DoesNotExist => value.is_none(),
    }
}
