//! Policies of all four kinds, for pods in every state: selectors, blocks with holes over pods, Nodes
//! and the world, named ports, ranges of ports. What the API server would refuse is not among them.

use serde_json::{Value, json};

use super::addresses::{of_node, of_pod, outside, pod_range};
use super::{Draft, NAMESPACES, TEAMS, host_bits};

/// The labels of pods.
const APPS: [&str; 2] = ["web", "db"];

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// The numbers that pods and policies have in common, and some beside them.
const NUMBERS: [u16; 6] = [8080, 8081, 9090, 53, 80, 8443];

const NAMES: [&str; 4] = ["http", "admin", "dns", "none"];

/// The kinds of policies of the whole cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wide {
    Cluster,
    Admin,
    Baseline,
}

// === impl Draft ===

impl Draft {
    /// Namespaces, some of which nobody reads, and policies.
    pub(super) fn policies(&mut self) {
        for name in NAMESPACES {
            if !self.dice.once_in(4) {
                let labels = json!({ "team": self.dice.one(&TEAMS) });
                self.items.push(json!({
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": { "name": name, "labels": labels },
                }));
            }
        }
        (0..self.dice.below(5)).for_each(|i| self.network_policy(i));
        (0..self.dice.below(3)).for_each(|i| self.wide(i, Wide::Cluster));
        (0..self.dice.below(3)).for_each(|i| self.wide(i, Wide::Admin));
        if self.dice.once_in(3) {
            self.wide(0, Wide::Baseline);
        }
    }

    fn network_policy(&mut self, i: usize) {
        let mut spec = json!({});
        if !self.dice.once_in(4) {
            spec["podSelector"] = self.pod_selector();
        }
        match self.dice.below(5) {
            0 => spec["policyTypes"] = json!(["Ingress"]),
            1 => spec["policyTypes"] = json!(["Egress"]),
            2 => {}
            _ => spec["policyTypes"] = json!(["Ingress", "Egress"]),
        }
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            if self.dice.once_in(4) {
                continue;
            }
            let rules: Vec<Value> = (0..self.dice.below(3)).map(|_| self.rule(peers)).collect();
            spec[direction] = rules.into();
        }
        let namespace = *self.dice.one(&NAMESPACES);
        self.items.push(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": format!("np{i}"), "namespace": namespace }, "spec": spec,
        }));
    }

    fn rule(&mut self, peers: &str) -> Value {
        let mut rule = json!({});
        if !self.dice.once_in(4) {
            let list: Vec<Value> = (0..1 + self.dice.below(2)).map(|_| self.peer()).collect();
            rule[peers] = list.into();
        }
        if !self.dice.once_in(3) {
            let list: Vec<Value> =
                (0..1 + self.dice.below(2)).map(|_| self.policy_port()).collect();
            rule["ports"] = list.into();
        }
        rule
    }

    fn peer(&mut self) -> Value {
        match self.dice.below(6) {
            0 => json!({ "podSelector": self.pod_selector() }),
            1 => json!({ "namespaceSelector": self.namespace_selector() }),
            2 => json!({
                "namespaceSelector": self.namespace_selector(), "podSelector": self.pod_selector(),
            }),
            _ => {
                let (net, inside) = self.block();
                match inside.filter(|_| self.dice.once_in(2)) {
                    Some(except) => json!({ "ipBlock": { "cidr": net, "except": [except] } }),
                    None => json!({ "ipBlock": { "cidr": net } }),
                }
            }
        }
    }

    fn policy_port(&mut self) -> Value {
        let number = *self.dice.one(&NUMBERS);
        let mut port = match self.dice.below(5) {
            0 => json!({}),
            1 => json!({ "port": self.dice.one(&NAMES) }),
            2 => json!({ "port": number, "endPort": number + self.dice.below(1200) as u16 }),
            _ => json!({ "port": number }),
        };
        if !self.dice.once_in(3) {
            port["protocol"] = (*self.dice.one(&PROTOCOLS)).into();
        }
        port
    }

    /// A policy of the whole cluster. Some share a priority (DR-6).
    fn wide(&mut self, i: usize, kind: Wide) {
        let mut spec = json!({ "subject": self.subject() });
        if kind != Wide::Baseline {
            spec["priority"] = self.dice.below(3).into();
        }
        if kind == Wide::Cluster {
            spec["tier"] = (*self.dice.one(&["Admin", "Baseline"])).into();
        }
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            let rules = (0..self.dice.below(3)).map(|_| self.wide_rule(kind, peers));
            let rules: Vec<Value> = rules.collect();
            if !rules.is_empty() {
                spec[direction] = rules.into();
            }
        }
        let (version, kind, name) = match kind {
            Wide::Cluster => ("v1alpha2", "ClusterNetworkPolicy", format!("cnp{i}")),
            Wide::Admin => ("v1alpha1", "AdminNetworkPolicy", format!("anp{i}")),
            Wide::Baseline => ("v1alpha1", "BaselineAdminNetworkPolicy", "default".to_owned()),
        };
        self.items.push(json!({
            "apiVersion": format!("policy.networking.k8s.io/{version}"), "kind": kind,
            "metadata": { "name": name }, "spec": spec,
        }));
    }

    fn wide_rule(&mut self, kind: Wide, peers: &str) -> Value {
        let actions: &[&str] = match kind {
            Wide::Cluster => &["Accept", "Deny", "Pass"],
            Wide::Admin => &["Allow", "Deny", "Pass"],
            Wide::Baseline => &["Allow", "Deny"],
        };
        let mut rule = json!({ "action": self.dice.one(actions) });
        let list: Vec<Value> =
            (0..1 + self.dice.below(2)).map(|_| self.wide_peer(peers == "to")).collect();
        // Only pods have names of ports.
        let pods = list.iter().all(|peer| peer.get("networks").or(peer.get("nodes")).is_none());
        rule[peers] = list.into();
        if self.dice.once_in(2) {
            let (field, one) = match kind {
                Wide::Cluster => ("protocols", Draft::protocol as fn(&mut Draft, bool) -> Value),
                _ => ("ports", Draft::wide_port as fn(&mut Draft, bool) -> Value),
            };
            let list: Vec<Value> = (0..1 + self.dice.below(2)).map(|_| one(self, pods)).collect();
            rule[field] = list.into();
        }
        rule
    }

    fn wide_peer(&mut self, egress: bool) -> Value {
        match self.dice.below(if egress { 6 } else { 3 }) {
            0 => json!({ "namespaces": self.namespace_selector() }),
            1 | 2 => json!({ "pods": {
                "namespaceSelector": self.namespace_selector(), "podSelector": self.pod_selector(),
            } }),
            3 => {
                let zones = json!({ "matchLabels": { "topology.kubernetes.io/zone": "a" } });
                json!({ "nodes": if self.dice.once_in(2) { json!({}) } else { zones } })
            }
            _ => json!({ "networks": [self.block().0] }),
        }
    }

    fn protocol(&mut self, pods: bool) -> Value {
        let number = *self.dice.one(&NUMBERS);
        if pods && self.dice.once_in(3) {
            return json!({ "destinationNamedPort": self.dice.one(&NAMES) });
        }
        let port = match self.dice.once_in(3) {
            true => json!({ "range": { "start": number, "end": number + 1000 } }),
            false => json!({ "number": number }),
        };
        let mut protocol = json!({});
        protocol[self.dice.one(&PROTOCOLS).to_lowercase()] = json!({ "destinationPort": port });
        protocol
    }

    fn wide_port(&mut self, pods: bool) -> Value {
        let (number, protocol) = (*self.dice.one(&NUMBERS), *self.dice.one(&PROTOCOLS));
        match self.dice.below(3) {
            0 if pods => json!({ "namedPort": self.dice.one(&NAMES) }),
            1 => json!({ "portRange": {
                "protocol": protocol, "start": number, "end": number + 1000,
            } }),
            _ => json!({ "portNumber": { "protocol": protocol, "port": number } }),
        }
    }

    fn subject(&mut self) -> Value {
        match self.dice.once_in(3) {
            true => json!({ "namespaces": self.namespace_selector() }),
            false => json!({ "pods": {
                "namespaceSelector": self.namespace_selector(), "podSelector": self.pod_selector(),
            } }),
        }
    }

    fn pod_selector(&mut self) -> Value {
        let app = *self.dice.one(&APPS);
        match self.dice.below(5) {
            0 => json!({}),
            1 => {
                json!({ "matchExpressions": [{ "key": "app", "operator": "NotIn", "values": [app] }] })
            }
            2 => json!({ "matchExpressions": [{ "key": "other", "operator": "DoesNotExist" }] }),
            _ => json!({ "matchLabels": { "app": app } }),
        }
    }

    fn namespace_selector(&mut self) -> Value {
        let (name, team) = (*self.dice.one(&NAMESPACES), *self.dice.one(&TEAMS));
        match self.dice.below(4) {
            0 => json!({}),
            1 => json!({ "matchLabels": { "kubernetes.io/metadata.name": name } }),
            2 => {
                json!({ "matchExpressions": [{ "key": "team", "operator": "NotIn", "values": [team] }] })
            }
            _ => json!({ "matchLabels": { "team": team } }),
        }
    }

    /// A block, and a smaller one inside.
    fn block(&mut self) -> (String, Option<String>) {
        let (v6, node) = (*self.dice.one(self.families), self.any_node());
        let pod = self.dice.below(8);
        let bits = host_bits(v6);
        let one = |ip: String| format!("{ip}/{bits}");
        match self.dice.below(7) {
            0 => {
                let all = if v6 { "::/0" } else { "0.0.0.0/0" };
                (all.to_owned(), Some(pod_range(node, v6)))
            }
            1 => (pod_range(node, v6), Some(one(of_pod(pod, node, v6)))),
            2 => (one(of_pod(pod, node, v6)), None),
            3 => (one(of_node(node, 0, v6)), None),
            4 => {
                let nodes = if v6 { "fd00:1::/32" } else { "192.168.0.0/16" };
                (nodes.to_owned(), Some(one(of_node(node, 0, v6))))
            }
            5 => (one(outside(self.dice.below(3), v6)), None),
            // Where the probes of the world come from and go to.
            _ => {
                let (net, inside) = match v6 {
                    true => ("2001:db8::/32", "2001:db8:cb00:7101::/64"),
                    false => ("203.0.112.0/22", "203.0.113.0/26"),
                };
                (net.to_owned(), Some(inside.to_owned()))
            }
        }
    }
}
