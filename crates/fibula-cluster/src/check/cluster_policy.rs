//! What the API server refuses in the policies of a cluster: the schema of their CRDs.

use std::net::IpAddr;

use ipnet::IpNet;

use super::policy::At;
use super::words::{PORT_NAME, port_name, word};
use super::{Faults, port_number};
use crate::api::{self, ClusterPeer, ClusterRule, PortRange};
use crate::cluster::Protocol;
use crate::object::Kind;

/// The most characters of a rule's name.
const LONGEST_NAME: usize = 100;

/// The most ranges or names in one peer (CNP-23, CNP-25).
const MOST_IN_PEER: usize = 25;

/// The last priority (CNP-11).
const LAST_PRIORITY: i64 = 1000;

/// Whether a text has the form that a field takes.
type Right = fn(&str) -> bool;

/// What a kind allows (CNP-21, CNP-29).
struct Schema {
    kind: Kind,
    /// The most rules in a direction, and peers and ports in a rule.
    most: usize,
    /// What its rules do, and that as one says it.
    actions: (&'static [&'static str], &'static str),
}

impl Schema {
    fn of(kind: Kind) -> Self {
        let (most, actions): (_, (&[_], _)) = match kind {
            Kind::BaselineAdminNetworkPolicy => (100, (&["Allow", "Deny"], "Allow or Deny")),
            Kind::AdminNetworkPolicy => (100, (&["Allow", "Deny", "Pass"], "Allow, Deny or Pass")),
            _ => (25, (&["Accept", "Deny", "Pass"], "Accept, Deny or Pass")),
        };
        Self { kind, most, actions }
    }

    /// Whether it is the kind of today.
    fn is_todays(&self) -> bool {
        self.kind == Kind::ClusterNetworkPolicy
    }
}

impl Faults {
    pub(super) fn cluster_policy(&mut self, kind: Kind, policy: &api::ClusterPolicy) {
        let schema = Schema::of(kind);
        let (name, spec) = (policy.metadata.name(), &policy.spec);
        if kind == Kind::BaselineAdminNetworkPolicy && !name.is_empty() && name != "default" {
            self.add("metadata.name", name, "default: there is only one of this kind");
        }
        if schema.is_todays() && !matches!(&*spec.tier, "Admin" | "Baseline") {
            self.add("spec.tier", &*spec.tier, "Admin or Baseline");
        }
        if kind != Kind::BaselineAdminNetworkPolicy
            && !spec.priority.is_some_and(|priority| (0..=LAST_PRIORITY).contains(&priority))
        {
            let got = spec.priority.map(|priority| priority.to_string());
            self.add("spec.priority", got.unwrap_or_default(), "a priority from 0 to 1000");
        }
        let subject = &spec.subject;
        if subject.namespaces.is_some() == subject.pods.is_some() {
            self.add("spec.subject", "", "either namespaces or pods");
        }
        if let Some(namespaces) = &subject.namespaces {
            self.selector(&|| "spec.subject.namespaces".to_owned(), namespaces);
        }
        if let Some(pods) = &subject.pods {
            self.namespaced(&schema, &|| "spec.subject.pods".to_owned(), pods);
        }
        for (direction, rules) in [("ingress", &spec.ingress), ("egress", &spec.egress)] {
            self.at_most(&|| format!("spec.{direction}"), rules.len(), schema.most);
            for (i, rule) in rules.iter().enumerate() {
                let at = || format!("spec.{direction}[{i}]");
                self.cluster_rule(&schema, direction == "egress", &at, rule);
            }
        }
    }

    fn cluster_rule(&mut self, schema: &Schema, egress: bool, at: At<'_>, rule: &ClusterRule) {
        let (actions, expected) = schema.actions;
        if !actions.contains(&&*rule.action) {
            self.add(format!("{}.action", at()), &*rule.action, expected);
        }
        if rule.name.chars().count() > LONGEST_NAME {
            let expected = format!("at most {LONGEST_NAME} characters");
            self.add(format!("{}.name", at()), &rule.name, &expected);
        }
        let (list, peers) = if egress { ("to", &rule.to) } else { ("from", &rule.from) };
        let peers_at = || format!("{}.{list}", at());
        if peers.is_empty() {
            self.add(peers_at(), "", "at least one peer");
        }
        self.at_most(&peers_at, peers.len(), schema.most);
        for (i, peer) in peers.iter().enumerate() {
            self.cluster_peer(schema, egress, &|| format!("{}[{i}]", peers_at()), peer);
            let names = peer.domain_names.is_some();
            let allows = matches!(&*rule.action, "Accept" | "Allow");
            if names && !allows && actions.contains(&&*rule.action) {
                let expected = format!("{}: no other rule takes domainNames", actions[0]);
                self.add(format!("{}.action", at()), &*rule.action, &expected);
            }
        }

        let ports = rule.ports.as_ref().map(|ports| ("ports", ports.len()));
        let protocols = rule.protocols.as_ref().map(|all| ("protocols", all.len()));
        if let Some((field, count)) = protocols.or(ports) {
            let path = || format!("{}.{field}", at());
            if count == 0 {
                self.add(path(), "", "at least one, or none at all for every port");
            }
            self.at_most(&path, count, schema.most);
        }
        for (i, protocol) in rule.protocols.iter().flatten().enumerate() {
            self.cluster_protocol(&|| format!("{}.protocols[{i}]", at()), protocol);
        }
        for (i, port) in rule.ports.iter().flatten().enumerate() {
            self.cluster_port(&|| format!("{}.ports[{i}]", at()), port);
        }
        // What has no pods has no names of ports (CNP-28).
        let no_pods =
            |p: &ClusterPeer| p.networks.is_some() || p.nodes.is_some() || p.domain_names.is_some();
        let mut named = rule.protocols.iter().flatten().map(|p| &p.destination_named_port);
        let mut old = rule.ports.iter().flatten().map(|port| &port.named_port);
        if peers.iter().any(no_pods) && (named.any(Option::is_some) || old.any(Option::is_some)) {
            let expected = "pods or namespaces only, since a port is named";
            self.add(peers_at(), "", expected);
        }
    }

    fn cluster_peer(&mut self, schema: &Schema, egress: bool, at: At<'_>, peer: &ClusterPeer) {
        let known = [
            ("namespaces", peer.namespaces.is_some()),
            ("pods", peer.pods.is_some()),
            ("nodes", peer.nodes.is_some()),
            ("networks", peer.networks.is_some()),
            ("domainNames", peer.domain_names.is_some()),
        ];
        // What one rule or kind does not know another does: no newer API is in sight (CNP-26).
        let foreign = |field: &str| match field {
            "namespaces" | "pods" => false,
            "domainNames" => !egress || schema.kind == Kind::BaselineAdminNetworkPolicy,
            _ => !egress,
        };
        let given = known.iter().filter(|(_, given)| *given);
        let all = given.clone().count() + peer.unknown.len();
        let alien = given.clone().find(|(field, _)| foreign(field));
        if let Some((field, _)) = alien {
            let expected = match egress {
                false => "namespaces or pods: an ingress rule has no other peers",
                true => "namespaces, pods, nodes or networks",
            };
            self.add(format!("{}.{field}", at()), "", expected);
        } else if all != 1 {
            let expected = match egress {
                false => "a peer: either namespaces or pods",
                true => "a peer: one of namespaces, pods, networks, nodes and domainNames",
            };
            self.add(at(), "", expected);
        }
        for (field, selector) in [("namespaces", &peer.namespaces), ("nodes", &peer.nodes)] {
            if let Some(selector) = selector {
                self.selector(&|| format!("{}.{field}", at()), selector);
            }
        }
        if let Some(pods) = &peer.pods {
            self.namespaced(schema, &|| format!("{}.pods", at()), pods);
        }
        let range = (is_cidr as Right, "a range such as 10.0.0.0/8 or fd00::/8");
        self.texts(&|| format!("{}.networks", at()), peer.networks.as_deref(), range);
        let name = (is_domain as Right, "a name such as *.example.com");
        self.texts(&|| format!("{}.domainNames", at()), peer.domain_names.as_deref(), name);
    }

    /// A list of ranges or names, if it is given, each once and each of its form.
    fn texts(&mut self, at: At<'_>, list: Option<&[String]>, form: (Right, &str)) {
        let Some(list) = list else { return };
        let (right, expected) = form;
        if list.is_empty() {
            self.add(at(), "", "at least one");
        }
        self.at_most(at, list.len(), MOST_IN_PEER);
        for (i, text) in list.iter().enumerate().filter(|(_, text)| !right(text)) {
            self.add(format!("{}[{i}]", at()), text, expected);
        }
        self.once(at, list);
    }

    /// Manifests of the older kinds leave the pods' selector out, and mean all: they are read so.
    fn namespaced(&mut self, schema: &Schema, at: At<'_>, pods: &api::NamespacedPods) {
        let field = |field: &str| format!("{}.{field}", at());
        self.selector(&|| field("namespaceSelector"), &pods.namespace_selector);
        match &pods.pod_selector {
            Some(selector) => self.selector(&|| field("podSelector"), selector),
            None if schema.is_todays() => {
                self.add(field("podSelector"), "", "a selector, {} for all")
            }
            None => {}
        }
    }

    fn cluster_protocol(&mut self, at: At<'_>, protocol: &api::ClusterProtocol) {
        let all = [("tcp", &protocol.tcp), ("udp", &protocol.udp), ("sctp", &protocol.sctp)];
        let named = &protocol.destination_named_port;
        let given = all.iter().filter(|(_, port)| port.is_some()).count();
        if given + usize::from(named.is_some()) != 1 {
            self.add(at(), "", "one of tcp, udp, sctp and destinationNamedPort");
        }
        if let Some(name) = named.as_ref().filter(|name| name.is_empty()) {
            self.add(format!("{}.destinationNamedPort", at()), name, "a name");
        }
        for (field, port) in all {
            let Some(port) = port else { continue };
            let path = || format!("{}.{field}.destinationPort", at());
            let Some(port) = &port.destination_port else {
                self.add(path(), "", "a port or a range of ports");
                continue;
            };
            if port.number.is_some() == port.range.is_some() {
                self.add(path(), "", "either a number or a range");
            }
            if let Some(number) = port.number.filter(|number| port_number(*number).is_none()) {
                self.port(format!("{}.number", path()), number);
            }
            if let Some(range) = &port.range {
                self.range(&|| format!("{}.range", path()), range);
            }
        }
    }

    fn cluster_port(&mut self, at: At<'_>, port: &api::ClusterPort) {
        let given =
            [port.port_number.is_some(), port.port_range.is_some(), port.named_port.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            self.add(at(), "", "one of portNumber, portRange and namedPort");
        }
        if let Some(number) = &port.port_number {
            let field = |field| format!("{}.portNumber.{field}", at());
            if port_number(number.port).is_none() {
                self.port(field("port"), number.port);
            }
            if Protocol::read(&number.protocol).is_none() {
                self.protocol(field("protocol"), &number.protocol);
            }
        }
        if let Some(range) = &port.port_range {
            self.range(&|| format!("{}.portRange", at()), range);
        }
        if let Some(name) = port.named_port.as_ref().filter(|name| !port_name(name)) {
            self.add(format!("{}.namedPort", at()), name, PORT_NAME);
        }
    }

    fn range(&mut self, at: At<'_>, range: &PortRange) {
        let ends = [("start", range.start), ("end", range.end)];
        let wrong = ends.into_iter().filter(|(_, port)| port_number(*port).is_none());
        let before = self.0.len();
        wrong.for_each(|(field, port)| self.port(format!("{}.{field}", at()), port));
        if self.0.len() == before && range.start >= range.end {
            let expected = format!("a port after start, {}", range.start);
            self.add(format!("{}.end", at()), range.end, &expected);
        }
        if Protocol::read(&range.protocol).is_none() {
            self.protocol(format!("{}.protocol", at()), &range.protocol);
        }
    }
}

/// Whether a text is a range as CRDs take it: as it is written today, and no IPv4 inside of IPv6.
fn is_cidr(text: &str) -> bool {
    let plain = text.contains(':') != text.contains('.');
    let address = text.split_once('/').map(|(address, _)| address.parse::<IpAddr>());
    plain && matches!(address, Some(Ok(_))) && text.parse::<IpNet>().is_ok()
}

/// Whether a text is a name as CRDs take it (CNP-25): two labels at least, `*.` before them or not.
fn is_domain(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| !label.is_empty() && word(label, b"-_");
    name.contains('.') && name.split('.').all(label)
}
