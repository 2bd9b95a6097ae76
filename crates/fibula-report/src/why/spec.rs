//! Policies and their parts, as the API has them.

use fibula_answers::trace::policies::Direction;
use fibula_cluster::{
    NamespaceSelection, PeerOf, PodSelection, Policy, PolicyKind, Requirement, RuleAction,
    RulePort, Selector, TargetPort, Test,
};
use serde_json::{Map, Value, json};

/// A NetworkPolicy, whole. Nothing for another kind.
pub(super) fn manifest(policy: &Policy) -> Option<Value> {
    if policy.kind != PolicyKind::NetworkPolicy {
        return None;
    }
    let rules = |direction: Direction| {
        let rules = match direction {
            Direction::Ingress => &policy.ingress,
            Direction::Egress => &policy.egress,
        };
        let rules = rules.iter().map(|rule| {
            let peers: Vec<PeerOf> = rule.peers().iter().map(|peer| peer.what.clone()).collect();
            self::rule(policy, direction, rule.action, &peers, rule.ports())
        });
        rules.collect::<Option<Vec<Value>>>()
    };
    let mut spec = Map::new();
    spec.insert("podSelector".to_owned(), selector(&policy.subject.pods));
    let mut types = vec![];
    for (direction, isolates, name) in [
        (Direction::Ingress, policy.isolates.ingress, "Ingress"),
        (Direction::Egress, policy.isolates.egress, "Egress"),
    ] {
        if isolates {
            types.push(name);
            spec.insert(direction.name().to_owned(), json!(rules(direction)?));
        }
    }
    spec.insert("policyTypes".to_owned(), json!(types));
    Some(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "name": policy.name, "namespace": policy.namespace },
        "spec": spec,
    }))
}

/// A rule of a policy.
pub(super) fn rule(
    policy: &Policy,
    direction: Direction,
    action: RuleAction,
    peers: &[PeerOf],
    ports: &[RulePort],
) -> Option<Value> {
    let mut rule = Map::new();
    let each = peers.iter().map(|peer| self::peer(policy.kind, &policy.namespace, peer));
    let peers: Vec<Value> = each.collect::<Option<_>>()?;
    if !peers.is_empty() {
        rule.insert(direction.peers().to_owned(), json!(peers));
    }
    let each = ports.iter().map(|port| self::port(policy.kind, port));
    let ports: Vec<Value> = each.collect::<Option<_>>()?;
    if !ports.is_empty() {
        rule.insert(ports_field(policy.kind).to_owned(), json!(ports));
    }
    let word = match (policy.kind, action) {
        (PolicyKind::NetworkPolicy, _) => None,
        (PolicyKind::ClusterNetworkPolicy, RuleAction::Allow) => Some("Accept"),
        (_, RuleAction::Allow) => Some("Allow"),
        (_, RuleAction::Deny) => Some("Deny"),
        (_, RuleAction::Pass) => Some("Pass"),
    };
    if let Some(word) = word {
        rule.insert("action".to_owned(), json!(word));
    }
    Some(Value::Object(rule))
}

/// A peer of a policy in a namespace. Nothing for what no policy of that kind can say.
pub(super) fn peer(kind: PolicyKind, namespace: &str, peer: &PeerOf) -> Option<Value> {
    match (kind, peer) {
        (PolicyKind::NetworkPolicy, PeerOf::Pods(PodSelection { namespaces, pods })) => {
            let mut value = Map::new();
            match namespaces {
                NamespaceSelection::Named(name) if name == namespace => {
                    value.insert("podSelector".to_owned(), selector(pods));
                }
                NamespaceSelection::Named(_) => return None,
                NamespaceSelection::By(by) => {
                    value.insert("namespaceSelector".to_owned(), selector(by));
                    if !pods.is_empty() {
                        value.insert("podSelector".to_owned(), selector(pods));
                    }
                }
            }
            Some(Value::Object(value))
        }
        (PolicyKind::NetworkPolicy, PeerOf::Block { net, except }) => {
            let mut block = Map::new();
            block.insert("cidr".to_owned(), json!(net.to_string()));
            if !except.is_empty() {
                let except: Vec<String> = except.iter().map(ToString::to_string).collect();
                block.insert("except".to_owned(), json!(except));
            }
            Some(json!({ "ipBlock": block }))
        }
        (_, PeerOf::Pods(PodSelection { namespaces: NamespaceSelection::By(by), pods })) => {
            Some(match pods.is_empty() {
                true => json!({ "namespaces": selector(by) }),
                false => json!({
                    "pods": { "namespaceSelector": selector(by), "podSelector": selector(pods) },
                }),
            })
        }
        (_, PeerOf::Block { net, except }) if except.is_empty() => {
            Some(json!({ "networks": [net.to_string()] }))
        }
        _ => None,
    }
}

/// What a kind of policy calls the ports of a rule.
pub(super) fn ports_field(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::ClusterNetworkPolicy => "protocols",
        _ => "ports",
    }
}

/// A port of a rule. Nothing for what no policy of that kind can say.
pub(super) fn port(kind: PolicyKind, port: &RulePort) -> Option<Value> {
    Some(match (kind, port) {
        (PolicyKind::NetworkPolicy, RulePort::All(protocol)) => {
            json!({ "protocol": protocol.name() })
        }
        (PolicyKind::NetworkPolicy, RulePort::Range { protocol, first, last }) => {
            let mut value = json!({ "port": first, "protocol": protocol.name() });
            if first < last {
                value["endPort"] = json!(last);
            }
            value
        }
        (PolicyKind::NetworkPolicy, RulePort::Named { name, protocol }) => {
            json!({ "port": name, "protocol": (*protocol)?.name() })
        }
        (PolicyKind::ClusterNetworkPolicy, RulePort::Range { protocol, first, last }) => {
            let to = match first == last {
                true => json!({ "number": first }),
                false => json!({ "range": { "start": first, "end": last } }),
            };
            let protocol = protocol.name().to_lowercase();
            json!({ protocol: { "destinationPort": to } })
        }
        (PolicyKind::ClusterNetworkPolicy, RulePort::Named { name, .. }) => {
            json!({ "destinationNamedPort": name })
        }
        (_, RulePort::Range { protocol, first, last }) if first == last => {
            json!({ "portNumber": { "port": first, "protocol": protocol.name() } })
        }
        (_, RulePort::Range { protocol, first, last }) => {
            json!({ "portRange": { "start": first, "end": last, "protocol": protocol.name() } })
        }
        (_, RulePort::Named { name, .. }) => json!({ "namedPort": name }),
        (_, RulePort::All(_)) => return None,
    })
}

/// The port of endpoints.
pub(super) fn target(target: &TargetPort) -> Value {
    match target {
        TargetPort::Number(number) => json!(number),
        TargetPort::Name(name) => json!(name),
    }
}

/// A selector: what must be equal as labels, all else as expressions.
pub(super) fn selector(selector: &Selector) -> Value {
    let (mut labels, mut expressions) = (Map::new(), vec![]);
    for Requirement { key, test } in selector.requirements() {
        match test {
            Test::In(values) if values.len() == 1 && !labels.contains_key(key) => {
                labels.insert(key.clone(), json!(values[0]));
            }
            Test::In(values) => {
                expressions.push(json!({ "key": key, "operator": "In", "values": values }));
            }
            Test::NotIn(values) => {
                expressions.push(json!({ "key": key, "operator": "NotIn", "values": values }));
            }
            Test::Exists => expressions.push(json!({ "key": key, "operator": "Exists" })),
            Test::DoesNotExist => {
                expressions.push(json!({ "key": key, "operator": "DoesNotExist" }));
            }
        }
    }
    let mut value = Map::new();
    if !labels.is_empty() {
        value.insert("matchLabels".to_owned(), Value::Object(labels));
    }
    if !expressions.is_empty() {
        value.insert("matchExpressions".to_owned(), json!(expressions));
    }
    Value::Object(value)
}
