//! Policies written as JSON, and what became of them.

use fibula_cluster::{
    Cluster, PeerOf, Peers, Policy, Rule, RuleAction, RulePort, RulePorts, Selector,
};
use fibula_cluster::{NamespaceSelection, PodSelection, Protocol, Reading, reading};
use serde_json::{Value, json};

use super::cluster;

/// A NetworkPolicy `np` in the namespace `x`.
pub fn network_policy(spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "np", "namespace": "x"}, "spec": spec})
}

/// A ClusterNetworkPolicy `cnp` for all pods, with these fields too.
pub fn cluster_policy(spec: Value) -> Value {
    let mut all = json!({"tier": "Admin", "priority": 5, "subject": {"namespaces": {}}});
    add(&mut all, spec);
    json!({"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "cnp"}, "spec": all})
}

/// An AdminNetworkPolicy or BaselineAdminNetworkPolicy `default` for all pods.
pub fn old_policy(kind: &str, spec: Value) -> Value {
    let mut all = json!({"subject": {"namespaces": {}}});
    if kind == "AdminNetworkPolicy" {
        all["priority"] = json!(5);
    }
    add(&mut all, spec);
    json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind,
        "metadata": {"name": "default"}, "spec": all})
}

fn add(object: &mut Value, fields: Value) {
    let (Value::Object(object), Value::Object(fields)) = (object, fields) else { return };
    object.extend(fields);
}

/// The one policy that this object is.
pub fn policy(value: &Value) -> Policy {
    let Cluster { mut policies, .. } = cluster(std::slice::from_ref(value));
    assert_eq!(policies.len(), 1, "{value}");
    policies.remove(0)
}

/// What is wrong in an object, as `path: got, expected`.
pub fn faults(value: &Value) -> Vec<String> {
    let text = |key| value[key].as_str().unwrap_or_default();
    let Reading::Read(kind) = reading(text("apiVersion"), text("kind")) else {
        panic!("not read: {value}");
    };
    let faults = kind.read(value).unwrap().check();
    faults.iter().map(|f| format!("{}: {}, {}", f.path, f.got, f.expected)).collect()
}

/// A rule as `ACTION PEERS PORTS`.
pub fn told(rule: &Rule) -> String {
    let action = match rule.action {
        RuleAction::Allow => "allow",
        RuleAction::Deny => "deny",
        RuleAction::Pass => "pass",
    };
    let peers = match &rule.peers {
        Peers::Any => "any".to_owned(),
        Peers::Of(peers) => {
            peers.iter().map(|peer| peer_told(&peer.what)).collect::<Vec<_>>().join(" | ")
        }
    };
    let ports = match &rule.ports {
        RulePorts::Any => "any".to_owned(),
        RulePorts::Of(ports) => ports.iter().map(port_told).collect::<Vec<_>>().join(" "),
    };
    format!("{action} [{peers}] [{ports}]")
}

pub fn selection_told(PodSelection { namespaces, pods }: &PodSelection) -> String {
    let all = |selector: &Selector| match selector.is_empty() {
        true => "*".to_owned(),
        false => selector.to_string(),
    };
    match namespaces {
        NamespaceSelection::Named(name) => format!("{name}/{}", all(pods)),
        NamespaceSelection::By(by) => format!("({})/{}", all(by), all(pods)),
    }
}

fn peer_told(peer: &PeerOf) -> String {
    match peer {
        PeerOf::Pods(selection) => selection_told(selection),
        PeerOf::Block { net, except } => {
            let except = except.iter().map(|net| format!(" but {net}"));
            format!("{net}{}", except.collect::<String>())
        }
        PeerOf::Nodes(selector) => format!("nodes {selector}"),
        PeerOf::Domains(names) => names.join(","),
        PeerOf::Unknown => "unknown".to_owned(),
    }
}

fn port_told(port: &RulePort) -> String {
    match port {
        RulePort::All(protocol) => format!("*/{}", protocol.name()),
        RulePort::Range { protocol, first, last } if first == last => {
            format!("{first}/{}", protocol.name())
        }
        RulePort::Range { protocol, first, last } => {
            format!("{first}-{last}/{}", protocol.name())
        }
        RulePort::Named { name, protocol } => {
            format!("{name}/{}", protocol.map_or("?", Protocol::name))
        }
    }
}
