//! What serde cannot see: names that are missing, ports and addresses that are none.

mod cluster_policy;
mod endpoints;
mod policy;
mod service;
mod words;

use crate::api;
use crate::cluster::{DnsPolicy, Protocol};
use crate::object::{Fault, Kind, Object};
use crate::selector::Selector;
use crate::sloppy::{parse_cidr, parse_ip};

pub(crate) use service::local;
use words::{PLAIN_NAME, PORT_NAME, object_name, plain_name, port_name};

/// The most pods that one workload may ask for: as many as a cluster of supported size has
/// (SC-1). More is a mistake, and would fill the memory.
pub(crate) const MOST_REPLICAS: i64 = 150_000;

impl Object {
    /// Everything in the object that cannot be what it stands for, in the order of its fields.
    /// An object with faults makes no sense to [`Cluster::new`](crate::Cluster::new), which
    /// leaves out the parts that are wrong.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        let name = &*self.metadata().name;
        if self.name().is_empty() {
            faults.add("metadata.name", "", "a name");
        } else if let Some(expected) = object_name(self.kind(), name).filter(|_| !name.is_empty()) {
            faults.add("metadata.name", name, expected);
        }
        let namespace = &*self.metadata().namespace;
        if !namespace.is_empty() && !plain_name(namespace) {
            faults.add("metadata.namespace", namespace, PLAIN_NAME);
        }
        match self {
            Self::Namespace(_) => {}
            Self::Node(node) => faults.node(node),
            Self::Pod(pod) => {
                faults.pod_spec("spec", &pod.spec);
                faults.pod_status(&pod.status);
            }
            Self::Service(service) => faults.service(service),
            Self::Workload(kind, workload) => faults.workload("spec", *kind, &workload.spec),
            Self::CronJob(cron) => {
                faults.workload("spec.jobTemplate.spec", Kind::Job, &cron.spec.job_template.spec);
            }
            Self::ServiceCidr(cidr) => faults.service_cidr(&cidr.spec.cidrs),
            Self::OpenShiftNetwork(network) => {
                faults.network("spec", &network.spec);
                faults.network("status", &network.status);
            }
            Self::EndpointSlice(slice) => faults.slice(slice),
            Self::Endpoints(endpoints) => faults.endpoints(endpoints),
            Self::NetworkPolicy(policy) => faults.network_policy(policy),
            Self::ClusterPolicy(kind, policy) => faults.cluster_policy(*kind, policy),
        }
        faults.0
    }
}

impl Selector {
    /// Everything in a selector that makes no sense: paths begin with its own.
    pub fn check(at: &str, selector: &api::LabelSelector) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        faults.selector(&|| at.to_owned(), selector);
        faults.0
    }
}

/// What was expected where an address is none.
const IP: &str = "an IP address";

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: impl Into<String>, got: impl ToString, expected: &str) {
        let (path, got) = (path.into(), got.to_string());
        self.0.push(Fault { path, got, expected: expected.to_owned() });
    }

    fn node(&mut self, node: &api::Node) {
        if !node.spec.pod_cidr.is_empty() {
            self.cidr("spec.podCIDR", &node.spec.pod_cidr);
        }
        self.cidrs("spec.podCIDRs", &node.spec.pod_cidrs);
        for (i, entry) in node.status.addresses.iter().enumerate() {
            if matches!(entry.kind.as_str(), "InternalIP" | "ExternalIP") {
                self.ip(&format!("status.addresses[{i}].address"), &entry.address);
            }
        }
    }

    fn pod_spec(&mut self, at: &str, spec: &api::PodSpec) {
        if DnsPolicy::read(&spec.dns_policy).is_none() {
            let policies = "ClusterFirst, ClusterFirstWithHostNet, Default or None";
            self.add(format!("{at}.dnsPolicy"), &*spec.dns_policy, policies);
        }
        let lists = [
            ("containers", &spec.containers),
            ("initContainers", &spec.init_containers),
            ("ephemeralContainers", &spec.ephemeral_containers),
        ];
        for (list, containers) in lists {
            for (c, container) in containers.iter().enumerate() {
                for (p, port) in container.ports.iter().enumerate() {
                    let field = |name| format!("{at}.{list}[{c}].ports[{p}].{name}");
                    if port_number(port.container_port).is_none() {
                        self.port(field("containerPort"), port.container_port);
                    }
                    if Protocol::read(&port.protocol).is_none() {
                        self.protocol(field("protocol"), &port.protocol);
                    }
                    if !port.name.is_empty() && !port_name(&port.name) {
                        self.add(field("name"), &*port.name, PORT_NAME);
                    }
                    if port.host_port != 0 && port_number(port.host_port).is_none() {
                        self.port(field("hostPort"), port.host_port);
                    }
                    if !port.host_ip.is_empty() {
                        self.address(&port.host_ip, || field("hostIP"));
                    }
                }
            }
        }
    }

    fn pod_status(&mut self, status: &api::PodStatus) {
        let lists = [
            ("podIP", &status.pod_ip, &status.pod_ips),
            ("hostIP", &status.host_ip, &status.host_ips),
        ];
        for (field, single, list) in lists {
            if list.is_empty() && !single.is_empty() {
                self.address(single, || format!("status.{field}"));
            }
            for (i, entry) in list.iter().enumerate().filter(|(_, entry)| !entry.ip.is_empty()) {
                self.address(&entry.ip, || format!("status.{field}s[{i}].ip"));
            }
        }
    }

    fn workload(&mut self, at: &str, kind: Kind, spec: &api::WorkloadSpec) {
        let (field, count) = match kind {
            Kind::DaemonSet => ("", None),
            Kind::Job => ("parallelism", spec.parallelism),
            _ => ("replicas", spec.replicas),
        };
        if let Some(count) = count.filter(|count| !(0..=MOST_REPLICAS).contains(count)) {
            self.add(format!("{at}.{field}"), count, "a count from 0 to 150000");
        }
        self.pod_spec(&format!("{at}.template.spec"), &spec.template.spec);
    }

    fn network(&mut self, at: &str, ranges: &api::NetworkRanges) {
        for (i, range) in ranges.cluster_network.iter().enumerate() {
            self.cidr(&format!("{at}.clusterNetwork[{i}].cidr"), &range.cidr);
        }
        self.cidrs(&format!("{at}.serviceNetwork"), &ranges.service_network);
    }

    /// A ServiceCIDR has one range for each family at most (IP-3).
    fn service_cidr(&mut self, cidrs: &[String]) {
        self.cidrs("spec.cidrs", cidrs);
        let families: Vec<bool> =
            cidrs.iter().filter_map(|c| parse_cidr(c)).map(|net| net.addr().is_ipv4()).collect();
        if families.len() > 2 || (families.len() == 2 && families[0] == families[1]) {
            self.add("spec.cidrs", cidrs.join(", "), "at most one range for each family");
        }
    }

    fn cidrs(&mut self, at: &str, cidrs: &[String]) {
        for (i, cidr) in cidrs.iter().enumerate() {
            self.cidr(&format!("{at}[{i}]"), cidr);
        }
    }

    fn cidr(&mut self, path: &str, text: &str) {
        if parse_cidr(text).is_none() {
            self.add(path, text, "a range such as 10.0.0.0/8");
        }
    }

    fn ip(&mut self, path: &str, text: &str) {
        if parse_ip(text).is_none() {
            self.add(path, text, IP);
        }
    }

    /// The path is written only where it is shown: each of 150,000 pods has four addresses.
    fn address(&mut self, address: &api::Address, path: impl FnOnce() -> String) {
        if address.ip().is_none() {
            self.add(path(), address, IP);
        }
    }

    fn port(&mut self, path: String, got: i64) {
        let got = if got == 0 { String::new() } else { got.to_string() };
        self.add(path, got, "a port from 1 to 65535");
    }

    fn protocol(&mut self, path: String, got: &str) {
        self.add(path, got, "TCP, UDP or SCTP");
    }
}

/// A port that exists.
pub(crate) fn port_number(number: i64) -> Option<u16> {
    u16::try_from(number).ok().filter(|&number| number != 0)
}

impl DnsPolicy {
    /// Reads a policy as pods spell it; `ClusterFirst` where they are silent (DNS-11).
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "" | "ClusterFirst" => Some(Self::ClusterFirst),
            "ClusterFirstWithHostNet" => Some(Self::ClusterFirstWithHostNet),
            "Default" => Some(Self::Default),
            "None" => Some(Self::None),
            _ => None,
        }
    }
}

impl Protocol {
    /// Each of them.
    pub const ALL: [Protocol; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// Reads a protocol as objects spell it; TCP where they are silent (SVC-1, POD-3).
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "" | "TCP" => Some(Self::Tcp),
            "UDP" => Some(Self::Udp),
            "SCTP" => Some(Self::Sctp),
            _ => None,
        }
    }

    /// As objects spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}
