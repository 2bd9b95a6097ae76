//! Policies: four kinds of object to one form.
//!
//! An object of which a part is wrong is left out whole: the rest of a policy means something else
//! than all of it.

use std::cmp::Ordering;

use ipnet::IpNet;
use rayon::prelude::*;

use crate::api::{self, ClusterPeer, ClusterPort, ClusterProtocol, ClusterRule, LabelSelector};
use crate::check::port_number;
use crate::cluster::Protocol;
use crate::object::Kind;
use crate::place::{ContainerList, ObjectId, Place};
use crate::policy::{
    Isolates, NamespaceSelection, Peer, PeerOf, Peers, PodSelection, Policy, PolicyKind, Rule,
    RuleAction, RulePort, RulePorts, Tier,
};
use crate::selector::Selector;
use crate::sloppy::parse_cidr;

/// Policies in their order of evaluation.
pub(super) fn read(
    namespaced: Vec<(ObjectId, Box<api::NetworkPolicy>)>,
    of_cluster: Vec<(ObjectId, Kind, Box<api::ClusterPolicy>)>,
) -> Vec<Policy> {
    let namespaced = namespaced.into_par_iter().filter_map(|(id, o)| network_policy(id, *o));
    let mut policies: Vec<Policy> = namespaced.collect();
    let of_cluster = of_cluster.into_iter();
    policies.extend(of_cluster.filter_map(|(id, kind, o)| cluster_policy(id, kind, *o)));
    policies.sort_by(order);
    policies
}

/// The order of evaluation.
pub(super) fn order(a: &Policy, b: &Policy) -> Ordering {
    let key = |p: &Policy| (p.tier, p.priority);
    let name = (&a.namespace, &a.name, a.kind).cmp(&(&b.namespace, &b.name, b.kind));
    key(a).cmp(&key(b)).then(name)
}

/// The directions in which a NetworkPolicy isolates (NP-2): those that it says, else ingress, and
/// egress where it has rules for it (NP-6).
pub(super) fn isolates(spec: &api::NetworkPolicySpec) -> Isolates {
    let says = |word: &str| spec.policy_types.iter().any(|said| *said == *word);
    match spec.policy_types.is_empty() {
        true => Isolates { ingress: true, egress: !spec.egress.is_empty() },
        false => Isolates { ingress: says("Ingress"), egress: says("Egress") },
    }
}

/// One direction of a policy on its way.
struct Way<'a> {
    object: ObjectId,
    list: ContainerList,
    /// The namespace of a NetworkPolicy.
    namespace: &'a str,
}

fn network_policy(object: ObjectId, policy: api::NetworkPolicy) -> Option<Policy> {
    let api::NetworkPolicy { metadata, spec } = policy;
    let isolates = isolates(&spec);
    let ignored = Isolates {
        ingress: !isolates.ingress && !spec.ingress.is_empty(),
        egress: !isolates.egress && !spec.egress.is_empty(),
    };
    let (namespace, name, _) = metadata.into_names();
    let rules = |list, rules: &[api::NetworkPolicyRule]| {
        let way = Way { object, list, namespace: &namespace };
        let rules = (0..=u16::MAX).zip(rules);
        rules.map(|(index, rule)| way.allows(index, rule)).collect::<Option<Vec<Rule>>>()
    };
    let ingress = if isolates.ingress { spec.ingress.as_slice() } else { &[] };
    let egress = if isolates.egress { spec.egress.as_slice() } else { &[] };
    let (ingress, egress) =
        (rules(ContainerList::Ingress, ingress)?, rules(ContainerList::Egress, egress)?);
    Some(Policy {
        kind: PolicyKind::NetworkPolicy,
        tier: Tier::NetworkPolicy,
        priority: 0,
        object,
        subject: PodSelection {
            namespaces: NamespaceSelection::Named(namespace.clone()),
            pods: Selector::read(&spec.pod_selector)?,
        },
        isolates,
        ignored,
        ingress,
        egress,
        namespace,
        name,
    })
}

fn cluster_policy(object: ObjectId, kind: Kind, policy: api::ClusterPolicy) -> Option<Policy> {
    let api::ClusterPolicy { metadata, spec } = policy;
    let (kind, tier) = match (kind, &*spec.tier) {
        (Kind::AdminNetworkPolicy, _) => (PolicyKind::AdminNetworkPolicy, Tier::Admin),
        (Kind::BaselineAdminNetworkPolicy, _) => {
            (PolicyKind::BaselineAdminNetworkPolicy, Tier::Baseline)
        }
        (_, "Admin") => (PolicyKind::ClusterNetworkPolicy, Tier::Admin),
        (_, "Baseline") => (PolicyKind::ClusterNetworkPolicy, Tier::Baseline),
        _ => return None,
    };
    let priority = match kind {
        PolicyKind::BaselineAdminNetworkPolicy => 0,
        _ => u16::try_from(spec.priority?).ok()?,
    };
    let subject = match (&spec.subject.namespaces, &spec.subject.pods) {
        (Some(namespaces), None) => all_pods(namespaces)?,
        (None, Some(pods)) => namespaced(pods)?,
        _ => return None,
    };
    let rules = |list, rules: &[ClusterRule]| {
        let way = Way { object, list, namespace: "" };
        let rules = (0..=u16::MAX).zip(rules);
        rules.map(|(index, rule)| way.decides(index, rule)).collect::<Option<Vec<Rule>>>()
    };
    Some(Policy {
        kind,
        tier,
        priority,
        namespace: String::new(),
        name: metadata.name().to_owned(),
        object,
        subject,
        isolates: Isolates::default(),
        ignored: Isolates::default(),
        ingress: rules(ContainerList::Ingress, &spec.ingress)?,
        egress: rules(ContainerList::Egress, &spec.egress)?,
    })
}

// === impl Way ===

impl Way<'_> {
    fn place(&self, rule: u16, peer: Option<u16>) -> Place {
        Place { object: self.object, container: Some((self.list, rule)), port: peer }
    }

    /// A rule of a NetworkPolicy.
    fn allows(&self, index: u16, rule: &api::NetworkPolicyRule) -> Option<Rule> {
        let peers = if self.list == ContainerList::Ingress { &rule.from } else { &rule.to };
        let peers = (0..=u16::MAX).zip(peers).map(|(i, peer)| {
            let what = self.peer(peer)?;
            Some(Peer { place: self.place(index, Some(i)), what })
        });
        let peers: Vec<Peer> = peers.collect::<Option<_>>()?;
        let ports: Vec<RulePort> = rule.ports.iter().map(port).collect::<Option<_>>()?;
        Some(Rule {
            action: RuleAction::Allow,
            name: None,
            index,
            peers: if peers.is_empty() { Peers::Any } else { Peers::Of(peers) },
            ports: if ports.is_empty() { RulePorts::Any } else { RulePorts::Of(ports) },
            place: self.place(index, None),
        })
    }

    /// Pods of the policy's namespace or of others (NP-11), or addresses (NP-16).
    fn peer(&self, peer: &api::NetworkPolicyPeer) -> Option<PeerOf> {
        let namespaces = match (&peer.namespace_selector, &peer.pod_selector, &peer.ip_block) {
            (None, None, Some(block)) => return self::block(block),
            (Some(namespaces), _, None) => NamespaceSelection::By(Selector::read(namespaces)?),
            (None, Some(_), None) => NamespaceSelection::Named(self.namespace.to_owned()),
            _ => return None,
        };
        let pods = peer.pod_selector.as_ref().map_or(Some(Selector::default()), Selector::read)?;
        Some(PeerOf::Pods(PodSelection { namespaces, pods }))
    }

    /// A rule of a policy of the cluster.
    fn decides(&self, index: u16, rule: &ClusterRule) -> Option<Rule> {
        let action = match &*rule.action {
            "Accept" | "Allow" => RuleAction::Allow,
            "Deny" => RuleAction::Deny,
            "Pass" => RuleAction::Pass,
            _ => return None,
        };
        let list = if self.list == ContainerList::Ingress { &rule.from } else { &rule.to };
        let mut peers = Vec::with_capacity(list.len());
        for (i, peer) in (0..=u16::MAX).zip(list) {
            let place = self.place(index, Some(i));
            peers.extend(cluster_peers(peer)?.into_iter().map(|what| Peer { place, what }));
        }
        let ports = match (&rule.protocols, &rule.ports) {
            (Some(protocols), _) => protocols.iter().map(protocol).collect::<Option<Vec<_>>>()?,
            (None, Some(ports)) => ports.iter().map(old_port).collect::<Option<Vec<_>>>()?,
            (None, None) => Vec::new(),
        };
        // An empty list is refused, for it could mean anything as well as nothing.
        let given = rule.protocols.is_some() || rule.ports.is_some();
        (!peers.is_empty() && given != ports.is_empty()).then(|| Rule {
            action,
            name: Some(rule.name.clone()).filter(|name| !name.is_empty()),
            index,
            peers: Peers::Of(peers),
            ports: if given { RulePorts::Of(ports) } else { RulePorts::Any },
            place: self.place(index, None),
        })
    }
}

/// What one peer of a policy of the cluster stands for: one thing, or each of its ranges.
fn cluster_peers(peer: &ClusterPeer) -> Option<Vec<PeerOf>> {
    let mut what = Vec::new();
    if let Some(namespaces) = &peer.namespaces {
        what.push(PeerOf::Pods(all_pods(namespaces)?));
    }
    if let Some(pods) = &peer.pods {
        what.push(PeerOf::Pods(namespaced(pods)?));
    }
    if let Some(nodes) = &peer.nodes {
        what.push(PeerOf::Nodes(Selector::read(nodes)?));
    }
    if let Some(names) = &peer.domain_names {
        what.push(PeerOf::Domains(names.clone()));
    }
    if !peer.unknown.is_empty() {
        what.push(PeerOf::Unknown);
    }
    match (&peer.networks, what.len()) {
        (None, 1) => Some(what),
        (Some(networks), 0) if !networks.is_empty() => {
            let nets = networks.iter().map(|text| parse_cidr(text));
            nets.map(|net| Some(PeerOf::Block { net: net?, except: Vec::new() })).collect()
        }
        // One of them must be given, and one only (CNP-21).
        _ => None,
    }
}

fn all_pods(namespaces: &LabelSelector) -> Option<PodSelection> {
    let namespaces = NamespaceSelection::By(Selector::read(namespaces)?);
    Some(PodSelection { namespaces, pods: Selector::default() })
}

fn namespaced(pods: &api::NamespacedPods) -> Option<PodSelection> {
    let namespaces = NamespaceSelection::By(Selector::read(&pods.namespace_selector)?);
    let pods = pods.pod_selector.as_ref().map_or(Some(Selector::default()), Selector::read)?;
    Some(PodSelection { namespaces, pods })
}

/// A selector; nothing where an operator is none.
fn block(block: &api::IpBlock) -> Option<PeerOf> {
    let except = block.except.iter().map(|text| parse_cidr(text));
    let mut except: Vec<IpNet> = except.collect::<Option<_>>()?;
    except.sort();
    except.dedup();
    Some(PeerOf::Block { net: parse_cidr(&block.cidr)?, except })
}

/// Of a NetworkPolicy (NP-40 to NP-42).
fn port(port: &api::NetworkPolicyPort) -> Option<RulePort> {
    let protocol = Protocol::read(&port.protocol)?;
    match (&port.port, port.end_port) {
        (None, None) => Some(RulePort::All(protocol)),
        (Some(api::IntOrString::Int(first)), last) => {
            range(protocol, *first, last.unwrap_or(*first))
        }
        (Some(api::IntOrString::String(name)), None) => {
            Some(RulePort::Named { name: name.clone(), protocol: Some(protocol) })
        }
        (_, Some(_)) => None,
    }
}

/// Of a ClusterNetworkPolicy (CNP-27, CNP-28).
fn protocol(protocol: &ClusterProtocol) -> Option<RulePort> {
    let all = [
        (Protocol::Tcp, &protocol.tcp),
        (Protocol::Udp, &protocol.udp),
        (Protocol::Sctp, &protocol.sctp),
    ];
    let given: Vec<_> = all.iter().filter_map(|(p, port)| Some((*p, port.as_ref()?))).collect();
    match (given.as_slice(), &protocol.destination_named_port) {
        ([(protocol, port)], None) => match port.destination_port.as_ref()? {
            api::PortMatch { number: Some(number), range: None } => {
                range(*protocol, *number, *number)
            }
            api::PortMatch { number: None, range: Some(ends) } => {
                range(*protocol, ends.start, ends.end)
            }
            _ => None,
        },
        ([], Some(name)) => Some(RulePort::Named { name: name.clone(), protocol: None }),
        _ => None,
    }
}

/// Of the kinds before it (CNP-29).
fn old_port(port: &ClusterPort) -> Option<RulePort> {
    match (&port.port_number, &port.port_range, &port.named_port) {
        (Some(port), None, None) => range(Protocol::read(&port.protocol)?, port.port, port.port),
        (None, Some(ends), None) => range(Protocol::read(&ends.protocol)?, ends.start, ends.end),
        (None, None, Some(name)) => Some(RulePort::Named { name: name.clone(), protocol: None }),
        _ => None,
    }
}

fn range(protocol: Protocol, first: i64, last: i64) -> Option<RulePort> {
    let (first, last) = (port_number(first)?, port_number(last)?);
    (first <= last).then_some(RulePort::Range { protocol, first, last })
}
