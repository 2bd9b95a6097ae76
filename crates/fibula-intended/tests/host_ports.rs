//! Ports of Nodes that lead to pods (POD-9 to POD-11).

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use clusters::{ends, k1, node_port, ready, web};
use fibula_cluster::{Cluster, HostPort, Pod, Service, ServiceKind};
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;

/// Where messages go and what is seen there: from, to, and each branch.
type Table<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

fn made(cluster: &Cluster) -> Network {
    let network = network(cluster, &Intent { listeners: Listeners::Declared, ..Intent::default() });
    assert_eq!(fibula_network::check(&network), vec![]);
    network
}

fn check(network: &Network, table: Table<'_>) {
    for (from, to, branches) in table {
        assert_eq!(ends(network, from, to, &[]), *branches, "{from} to {to}");
    }
}

/// K1, where these pods want hostPort 80 for their port 8080, at an address or at all.
fn wanted(pods: &[(&str, Option<&str>)]) -> Cluster {
    let mut cluster = k1();
    for (name, ip) in pods {
        let ip = ip.map(|ip| ip.parse().expect("an address"));
        let pod = cluster.pods.iter_mut().find(|pod| pod.name == *name).expect("a pod");
        pod.containers[0].ports[0].host = Some(HostPort { number: 80, ip });
    }
    cluster
}

#[test]
fn pod_9_a_host_port_leads_from_the_addresses_of_the_pods_node() {
    let n = made(&wanted(&[("p1", None)]));
    let table: Table<'_> = &[
        ("world", "10.0.0.1:80", &["POD-9 c1-1:8080 from 198.51.100.7"]),
        ("world", "10.0.0.2:80", &["closed at n2"]),
        ("c2-1", "10.0.0.1:80", &["POD-9 c1-1:8080 from 10.0.2.1"]),
        ("d2", "10.0.0.1:80", &["POD-9 c1-1:8080 from 10.0.0.2"]),
        ("d1", "10.0.0.1:80", &["POD-9 c1-1:8080 from 10.0.0.1"]),
        ("world", "10.0.0.1:8080", &["closed at n1"]),
    ];
    check(&n, table);
}

#[test]
fn pod_9_one_entry_leads_to_each_nodes_own_pod() {
    let n = made(&wanted(&[("p1", None), ("p2", None)]));
    assert_eq!(n.backends.len(), 1);
    let table: Table<'_> = &[
        ("world", "10.0.0.1:80", &["POD-9 c1-1:8080 from 198.51.100.7"]),
        ("world", "10.0.0.2:80", &["POD-9 c2-1:8080 from 198.51.100.7"]),
    ];
    check(&n, table);
}

#[test]
fn pod_9_a_host_ip_is_the_only_address() {
    let mut cluster = wanted(&[("p1", Some("10.0.0.9")), ("p3", Some("10.0.0.1"))]);
    cluster.nodes[0].addresses.push("10.0.0.9".parse().expect("an address"));
    let n = made(&cluster);
    assert!(n.choices.is_empty());
    let table: Table<'_> = &[
        ("world", "10.0.0.9:80", &["POD-9 c1-1:8080 from 198.51.100.7"]),
        ("world", "10.0.0.1:80", &["POD-9 c3-1:8080 from 198.51.100.7"]),
    ];
    check(&n, table);
    // The unspecified address is all of its family.
    let n = made(&wanted(&[("p1", Some("0.0.0.0"))]));
    check(&n, &[("world", "10.0.0.1:80", &["POD-9 c1-1:8080 from 198.51.100.7"])]);
    let n = made(&wanted(&[("p1", Some("::"))]));
    check(&n, &[("world", "10.0.0.1:80", &["closed at n1"])]);
}

#[test]
fn pod_9_a_finished_pod_and_one_of_the_host_network_have_none() {
    let mut cluster = wanted(&[("p1", None)]);
    cluster.pods[2].live = false;
    assert_eq!(made(&cluster).backends.len(), 0);
    cluster.pods[2] = Pod { live: true, host_network: true, ..cluster.pods[2].clone() };
    assert_eq!(made(&cluster).backends.len(), 0);
}

#[test]
fn pod_9_a_host_port_of_two_pods_of_one_node_is_an_open_choice() {
    let n = made(&wanted(&[("p1", None), ("p3", None), ("p2", None)]));
    assert_eq!((n.choices.len(), n.choices[0].id.as_ref(), n.choices[0].values), (1, "POD-9", 2));
    let to = |node: &str| [0, 1].map(|value| ends(&n, "world", node, &[value]).join(" | "));
    let of = |c| format!("POD-9 {c}:8080 from 198.51.100.7");
    assert_eq!(to("10.0.0.1:80"), ["c1-1", "c3-1"].map(of));
    assert_eq!(to("10.0.0.2:80"), ["c2-1", "c2-1"].map(of));
}

#[test]
fn pod_9_one_for_all_addresses_excludes_one_for_an_address() {
    let mut cluster = wanted(&[("p1", Some("10.0.0.9")), ("p3", None)]);
    cluster.nodes[0].addresses.push("10.0.0.9".parse().expect("an address"));
    let n = made(&cluster);
    let to = |node: &str| [0, 1].map(|value| ends(&n, "world", node, &[value]).join(" | "));
    let of = |c| format!("POD-9 {c}:8080 from 198.51.100.7");
    assert_eq!(to("10.0.0.9:80"), ["c3-1", "c1-1"].map(of));
    assert_eq!(to("10.0.0.1:80"), ["c3-1", "c3-1"].map(of));
}

#[test]
fn pod_10_only_pods_of_the_node_and_loopback_have_their_source_rewritten() {
    let n = made(&wanted(&[("p1", None)]));
    let table: Table<'_> = &[
        ("c3-1", "10.0.0.1:80", &["POD-10 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ("c1-1", "10.0.0.1:80", &["POD-10 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ("d1", "127.0.0.1:80", &["POD-10 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ("d1", "[::1]:80", &["closed at n1"]),
        ("d2", "127.0.0.1:80", &["closed at n2"]),
        // A pod's loopback is its own.
        ("c3-1", "127.0.0.1:80", &["closed at p3"]),
    ];
    check(&n, table);
}

#[test]
fn pod_11_whether_a_node_port_or_a_host_port_comes_first_is_open() {
    let mut cluster = wanted(&[("p1", None)]);
    cluster.services.push(Service {
        kind: ServiceKind::NodePort,
        ports: vec![node_port(0, 80, 80)],
        ..web(vec![ready("10.0.2.1", 1)])
    });
    let n = made(&cluster);
    assert_eq!((n.choices.len(), n.choices[0].id.as_ref()), (1, "POD-11"));
    let to = |node: &str| [0, 1].map(|value| ends(&n, "world", node, &[value]).join(" | "));
    let node_port = |node| format!("SVC-52 SVC-61 c2-1:8080 from 10.0.0.{node}");
    let host_port = "POD-9 c1-1:8080 from 198.51.100.7".to_owned();
    assert_eq!(to("10.0.0.1:80"), [node_port(1), host_port]);
    assert_eq!(to("10.0.0.2:80"), [node_port(2), node_port(2)]);
}
