//! What the API server refuses in a NetworkPolicy (NP-10), and in any selector.

use std::collections::HashSet;

use super::words::{LABEL_KEY, LABEL_VALUE, PORT_NAME, label_key, label_value, port_name};
use super::{Faults, port_number};
use crate::api::{self, IntOrString, LabelSelector};
use crate::cluster::Protocol;
use crate::sloppy::parse_cidr;

/// A path, written only where it is shown: most policies are right.
pub(super) type At<'a> = &'a dyn Fn() -> String;

impl Faults {
    pub(super) fn network_policy(&mut self, policy: &api::NetworkPolicy) {
        let spec = &policy.spec;
        self.selector(&|| "spec.podSelector".to_owned(), &spec.pod_selector);
        let types = &spec.policy_types;
        if types.len() > 2 {
            let got = types.iter().map(|t| &**t).collect::<Vec<_>>().join(", ");
            self.add("spec.policyTypes", got, "at most two");
        }
        for (i, kind) in types.iter().enumerate() {
            if !matches!(&**kind, "Ingress" | "Egress") {
                self.add(format!("spec.policyTypes[{i}]"), &**kind, "Ingress or Egress");
            }
        }
        for (direction, rules) in [("ingress", &spec.ingress), ("egress", &spec.egress)] {
            self.at_most(&|| format!("spec.{direction}"), rules.len(), usize::from(u16::MAX));
            for (i, rule) in rules.iter().enumerate() {
                for (p, port) in rule.ports.iter().enumerate() {
                    self.policy_port(&|| format!("spec.{direction}[{i}].ports[{p}]"), port);
                }
                for (list, peers) in [("from", &rule.from), ("to", &rule.to)] {
                    let at = || format!("spec.{direction}[{i}].{list}");
                    self.at_most(&at, peers.len(), usize::from(u16::MAX));
                    for (p, peer) in peers.iter().enumerate() {
                        self.policy_peer(&|| format!("{}[{p}]", at()), peer);
                    }
                }
            }
        }
    }

    fn policy_port(&mut self, at: At<'_>, port: &api::NetworkPolicyPort) {
        if Protocol::read(&port.protocol).is_none() {
            self.protocol(format!("{}.protocol", at()), &port.protocol);
        }
        let (first, last) = (&port.port, port.end_port);
        match first {
            Some(IntOrString::Int(number)) if port_number(*number).is_none() => {
                self.port(format!("{}.port", at()), *number);
            }
            Some(IntOrString::String(name)) if !port_name(name) => {
                self.add(format!("{}.port", at()), name, PORT_NAME);
            }
            _ => {}
        }
        let Some(last) = last else { return };
        let path = || format!("{}.endPort", at());
        match first {
            Some(IntOrString::Int(first)) if last < *first => {
                self.add(path(), last, &format!("a port not below port, {first}"));
            }
            Some(IntOrString::Int(_)) if port_number(last).is_none() => self.port(path(), last),
            Some(IntOrString::Int(_)) => {}
            _ => self.add(path(), last, "nothing: only a range from a numeric port has an end"),
        }
    }

    fn policy_peer(&mut self, at: At<'_>, peer: &api::NetworkPolicyPeer) {
        let selectors =
            [("podSelector", &peer.pod_selector), ("namespaceSelector", &peer.namespace_selector)];
        let selects = selectors.iter().any(|(_, selector)| selector.is_some());
        if !selects && peer.ip_block.is_none() {
            self.add(at(), "", "a peer: a podSelector, a namespaceSelector or an ipBlock");
        } else if selects && peer.ip_block.is_some() {
            self.add(format!("{}.ipBlock", at()), "", "either an ipBlock or selectors");
        }
        for (field, selector) in selectors {
            if let Some(selector) = selector {
                self.selector(&|| format!("{}.{field}", at()), selector);
            }
        }
        let Some(block) = &peer.ip_block else { return };
        let Some(net) = parse_cidr(&block.cidr) else {
            return self.cidr(&format!("{}.ipBlock.cidr", at()), &block.cidr);
        };
        for (i, text) in block.except.iter().enumerate() {
            let path = || format!("{}.ipBlock.except[{i}]", at());
            match parse_cidr(text) {
                None => self.cidr(&path(), text),
                Some(except) if except == net || !net.contains(&except) => {
                    self.add(path(), text, &format!("a smaller range within cidr, {}", block.cidr));
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn selector(&mut self, at: At<'_>, selector: &LabelSelector) {
        for (key, value) in selector.match_labels.iter() {
            let path = || format!("{}.matchLabels[{key}]", at());
            if !label_key(key) {
                self.add(path(), key, LABEL_KEY);
            }
            if !label_value(value) {
                self.add(path(), value, LABEL_VALUE);
            }
        }
        for (i, expression) in selector.match_expressions.iter().enumerate() {
            let field = |field: &str| format!("{}.matchExpressions[{i}].{field}", at());
            let api::Expression { key, operator, values } = expression;
            if !label_key(key) {
                self.add(field("key"), &**key, LABEL_KEY);
            }
            match (&**operator, values.is_empty()) {
                ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => {}
                ("In" | "NotIn", true) => {
                    let expected = format!("values for {}", &**operator);
                    self.add(field("values"), "", &expected);
                }
                ("Exists" | "DoesNotExist", false) => {
                    let expected = format!("nothing: {} takes no values", &**operator);
                    self.add(field("values"), values.join(", "), &expected);
                }
                _ => self.add(field("operator"), &**operator, "In, NotIn, Exists or DoesNotExist"),
            }
            for (v, value) in values.iter().enumerate().filter(|(_, value)| !label_value(value)) {
                self.add(field(&format!("values[{v}]")), value, LABEL_VALUE);
            }
        }
    }

    /// Reports a list that is too long.
    pub(super) fn at_most(&mut self, at: At<'_>, count: usize, most: usize) {
        if count > most {
            self.add(at(), format!("{count} items"), &format!("at most {most} items"));
        }
    }

    /// Reports what stands in a list twice.
    pub(super) fn once(&mut self, at: At<'_>, texts: &[String]) {
        let mut seen = HashSet::new();
        for (i, text) in texts.iter().enumerate() {
            if !seen.insert(text) {
                self.add(format!("{}[{i}]", at()), text, "each once");
            }
        }
    }
}
