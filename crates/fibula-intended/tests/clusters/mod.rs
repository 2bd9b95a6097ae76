//! Clusters by hand, random clusters, and FIBs in the article's own form.
//!
//! Needs nothing but the crates below `fibula-answers`, so that its tests use it by `#[path]`.
#![allow(dead_code, reason = "each test that shares this uses a part of it")]

mod print;
mod random;
mod random_policies;
mod random_services;
mod services;

use std::net::IpAddr;
use std::sync::Arc;

use fibula_cluster::api::Labels;
use fibula_cluster::{
    Cluster, Container, Distribution, DnsPolicy, Node, ObjectId, Place, Pod, Port, Protocol, Range,
    RangeKind, RangeSource, Service, ServiceKind, Workload,
};

pub(crate) use print::{fib, find, next_hop, rules, walked};
pub(crate) use random::{Drawn, Shape, drawn, shared};
pub(crate) use random_policies::policed;
pub(crate) use services::*;

/// K1, the article's example, as `k1.yaml` has it.
pub(crate) fn k1() -> Cluster {
    let mut cluster = Cluster {
        nodes: vec![node("n1", &["10.0.0.1"]), node("n2", &["10.0.0.2"])],
        ..Cluster::default()
    };
    for (i, name) in ["d1", "d2"].into_iter().enumerate() {
        let containers = vec![container(name, &[])];
        cluster.pods.push(Pod { host_network: true, ..pod(name, i, &[], containers) });
    }
    let pods = ["10.0.1.1", "10.0.2.1", "10.0.1.2", "10.0.2.2"];
    for (i, addr) in pods.into_iter().enumerate() {
        let name = |k| format!("c{}-{k}", i + 1);
        let containers = vec![container(&name(1), &["8080"]), container(&name(2), &["9090"])];
        cluster.pods.push(pod(&format!("p{}", i + 1), i % 2, &[addr], containers));
    }
    for (name, range) in [("n1", "10.0.1.0/24"), ("n2", "10.0.2.0/24")] {
        let from = RangeSource::PodCidr(name.to_owned());
        cluster.ranges.push(self::range(RangeKind::Pods, range, from));
    }
    cluster
}

pub(crate) fn node(name: &str, addresses: &[&str]) -> Node {
    Node {
        name: name.to_owned(),
        addresses: ips(addresses),
        external: vec![],
        pod_cidrs: vec![],
        object: None,
        invented: false,
        zone: None,
        labels: Labels::default(),
    }
}

/// A live pod in the namespace `default`.
pub(crate) fn pod(name: &str, node: usize, addresses: &[&str], containers: Vec<Container>) -> Pod {
    Pod {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        workload: Workload { kind: "Pod".to_owned(), name: name.to_owned() },
        node,
        placed: false,
        host_network: false,
        live: true,
        addresses: ips(addresses),
        invented: false,
        containers,
        ready: true,
        terminating: false,
        hostname: None,
        subdomain: None,
        dns_policy: DnsPolicy::ClusterFirst,
        object: ObjectId(0),
        labels: Arc::default(),
    }
}

/// A container that declares these ports, such as `8080` and `53/UDP`.
pub(crate) fn container(name: &str, ports: &[&str]) -> Container {
    let place = Place { object: ObjectId(0), container: None, port: None };
    let port = |text: &&str| {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
        let protocol = match protocol {
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            _ => Protocol::Tcp,
        };
        Port { name: None, number: number.parse().expect("a port"), protocol, host: None, place }
    };
    Container {
        name: name.to_owned(),
        place,
        lasting: true,
        ports: ports.iter().map(port).collect(),
        mentions: Box::default(),
    }
}

pub(crate) fn service(name: &str, cluster_ips: &[&str]) -> Service {
    Service {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        cluster_ips: ips(cluster_ips),
        invented: false,
        ports: vec![],
        selector: vec![],
        selects: vec![],
        kind: ServiceKind::ClusterIp,
        proxied: true,
        external_name: None,
        awaits_node_ports: false,
        external_ips: vec![],
        balancers: vec![],
        source_ranges: vec![],
        internal_local: false,
        external_local: false,
        affinity: None,
        distribution: Distribution::None,
        publish_not_ready: false,
        health_check_port: None,
        endpoints: vec![],
        portless: vec![],
        lost_nodes: vec![],
        sliced: false,
        object: ObjectId(0),
    }
}

pub(crate) fn range(kind: RangeKind, net: &str, from: RangeSource) -> Range {
    Range { kind, net: net.parse().expect("a range"), from }
}

fn ips(addresses: &[&str]) -> Vec<IpAddr> {
    addresses.iter().map(|addr| addr.parse().expect("an address")).collect()
}
