//! What the API server refuses in a Service.

use std::collections::HashSet;
use std::net::IpAddr;

use super::words::{
    LABEL_KEY, LABEL_VALUE, PLAIN_NAME, PORT_NAME, label_key, label_value, plain_name, port_name,
};
use super::{Faults, port_number};
use crate::api::{self, SOURCE_RANGES};
use crate::cluster::Protocol;
use crate::sloppy::parse_ip;

/// A field of a Service, what it says, the words that it may say, and these as one says them.
/// An absent field has a default (SVC-1).
type Choice<'a> = (&'a str, &'a str, &'a [&'a str], &'a str);

const POLICIES: (&[&str], &str) = (&["Cluster", "Local"], "Cluster or Local");

/// The longest time for which a client keeps its endpoint, in seconds: a day.
const LONGEST: i64 = 86_400;

impl Faults {
    pub(super) fn service(&mut self, service: &api::Service) {
        let spec = &service.spec;
        self.choices(spec);
        self.cluster_ips(spec);
        self.service_ports(spec);
        for (key, value) in spec.selector.iter() {
            if !label_key(key) {
                self.add(format!("spec.selector[{key}]"), key, LABEL_KEY);
            }
            if !label_value(value) {
                self.add(format!("spec.selector[{key}]"), value, LABEL_VALUE);
            }
        }
        for (i, ip) in spec.external_ips.iter().enumerate() {
            self.reachable(&format!("spec.externalIPs[{i}]"), ip, parse_ip(ip));
        }
        if spec.is_name() && spec.external_name.is_empty() {
            self.add("spec.externalName", "", "the name that an ExternalName stands for");
        }
        let policy = &spec.external_traffic_policy;
        if !policy.is_empty() && !spec.externally_accessible() {
            let expected = "nothing: only what can be reached from outside has one";
            self.add("spec.externalTrafficPolicy", policy, expected);
        }
        let timeout = spec.session_affinity_config.client_ip.timeout_seconds;
        if let Some(timeout) = timeout.filter(|timeout| !(1..=LONGEST).contains(timeout)) {
            let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
            self.add(path, timeout, "a count of seconds from 1 to 86400");
        }
        let health = spec.health_check_node_port;
        if health != 0 && port_number(health).is_none() {
            self.port("spec.healthCheckNodePort".to_owned(), health);
        }
        for (i, range) in spec.load_balancer_source_ranges.iter().enumerate() {
            self.cidr(&format!("spec.loadBalancerSourceRanges[{i}]"), range.trim());
        }
        for range in service.metadata.annotations.source_ranges() {
            self.cidr(&format!("metadata.annotations[{SOURCE_RANGES}]"), range);
        }
        for (i, entry) in service.status.load_balancer.ingress.iter().enumerate() {
            if !entry.ip.is_empty() {
                self.ip(&format!("status.loadBalancer.ingress[{i}].ip"), &entry.ip);
            }
            if !matches!(entry.ip_mode.as_str(), "" | "VIP" | "Proxy") {
                let path = format!("status.loadBalancer.ingress[{i}].ipMode");
                self.add(path, &entry.ip_mode, "VIP or Proxy");
            }
        }
    }

    fn choices(&mut self, spec: &api::ServiceSpec) {
        let (policies, named) = POLICIES;
        let choices: [Choice<'_>; 6] = [
            (
                "type",
                &spec.kind,
                &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
                "ClusterIP, NodePort, LoadBalancer or ExternalName",
            ),
            (
                "ipFamilyPolicy",
                &spec.ip_family_policy,
                &["SingleStack", "PreferDualStack", "RequireDualStack"],
                "SingleStack, PreferDualStack or RequireDualStack",
            ),
            ("internalTrafficPolicy", &spec.internal_traffic_policy, policies, named),
            ("externalTrafficPolicy", &spec.external_traffic_policy, policies, named),
            ("sessionAffinity", &spec.session_affinity, &["None", "ClientIP"], "None or ClientIP"),
            (
                "trafficDistribution",
                &spec.traffic_distribution,
                &["PreferClose", "PreferSameZone", "PreferSameNode"],
                "PreferClose, PreferSameZone or PreferSameNode",
            ),
        ];
        for (field, said, words, expected) in choices {
            if !said.is_empty() && !words.contains(&said) {
                self.add(format!("spec.{field}"), said, expected);
            }
        }
        for (i, family) in spec.ip_families.iter().enumerate() {
            if !matches!(family.as_str(), "IPv4" | "IPv6") {
                self.add(format!("spec.ipFamilies[{i}]"), family, "IPv4 or IPv6");
            }
        }
    }

    /// At most one address for each family, the first of which is `clusterIP` (IP-6).
    fn cluster_ips(&mut self, spec: &api::ServiceSpec) {
        let no_address = |ip: &str| matches!(ip, "" | "None");
        let (one, all) = (&spec.cluster_ip, &spec.cluster_ips);
        if all.is_empty() && !no_address(one) {
            self.ip("spec.clusterIP", one);
        }
        let mut seen: Vec<IpAddr> = Vec::new();
        for (i, text) in all.iter().enumerate().filter(|(_, text)| !no_address(text)) {
            let path = format!("spec.clusterIPs[{i}]");
            match parse_ip(text) {
                None => self.ip(&path, text),
                Some(ip) if seen.iter().any(|other| other.is_ipv4() == ip.is_ipv4()) => {
                    self.add(path, text, "an address of another family than those before");
                }
                Some(ip) => seen.push(ip),
            }
        }
        let same = |first: &String| first == one || parse_ip(first) == parse_ip(one);
        if let Some(first) = all.first().filter(|first| !one.is_empty() && !same(first)) {
            self.add("spec.clusterIP", one, &format!("the first of clusterIPs, {first}"));
        }
    }

    fn service_ports(&mut self, spec: &api::ServiceSpec) {
        // What has no address of its own needs no port for it (SVC-2, DNS-5).
        let headless = |ip: &String| ip == "None";
        let headless = headless(&spec.cluster_ip) || spec.cluster_ips.first().is_some_and(headless);
        if spec.ports.is_empty() && !headless && !spec.is_name() {
            self.add("spec.ports", "", "at least one port");
        }
        let several = spec.ports.len() > 1;
        let (mut names, mut numbers, mut on_nodes) =
            (HashSet::new(), HashSet::new(), HashSet::new());
        for (i, port) in spec.ports.iter().enumerate() {
            let field = |name| format!("spec.ports[{i}].{name}");
            let protocol = Protocol::read(&port.protocol);
            if protocol.is_none() {
                self.protocol(field("protocol"), &port.protocol);
            }
            if port_number(port.port).is_none() {
                self.port(field("port"), port.port);
            } else if !numbers.insert((protocol, port.port)) {
                self.add(field("port"), port.port, "each port of a protocol once");
            }
            if several && port.name.is_empty() {
                self.add(field("name"), "", "a name, since there are several ports");
            } else if !names.insert(&port.name) {
                self.add(field("name"), &port.name, "a name that no other port has");
            } else if !port.name.is_empty() && !plain_name(&port.name) {
                self.add(field("name"), &port.name, PLAIN_NAME);
            }
            // 0 is "the same as port" (SVC-1).
            match &port.target_port {
                Some(api::IntOrString::Int(number))
                    if *number != 0 && port_number(*number).is_none() =>
                {
                    self.port(field("targetPort"), *number);
                }
                Some(api::IntOrString::String(name)) if !name.is_empty() && !port_name(name) => {
                    self.add(field("targetPort"), name, PORT_NAME);
                }
                _ => {}
            }
            if port.node_port == 0 {
                continue;
            }
            if port_number(port.node_port).is_none() {
                self.port(field("nodePort"), port.node_port);
            } else if !spec.on_nodes() {
                let expected = "nothing: only a NodePort or LoadBalancer has ports of Nodes";
                self.add(field("nodePort"), port.node_port, expected);
            } else if !on_nodes.insert((protocol, port.node_port)) {
                self.add(field("nodePort"), port.node_port, "each nodePort of a protocol once");
            }
        }
    }

    /// An address that can be sent to from elsewhere: no loopback, and none of one link (IP-9).
    pub(super) fn reachable(&mut self, path: &str, text: impl ToString, ip: Option<IpAddr>) {
        let expected = match ip {
            Some(ip) if !local(ip) => return,
            Some(_) => "an address that is no loopback, link-local or unspecified one",
            None => super::IP,
        };
        self.add(path, text, expected);
    }
}

/// Whether an address means something only to a machine or a link: the API server takes none of
/// these for an endpoint or an external address (IP-9).
pub(crate) fn local(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.segments()[0] & 0xff0f == 0xff02,
    };
    link_local || ip.is_loopback() || ip.is_unspecified()
}
