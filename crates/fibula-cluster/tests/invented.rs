//! Nodes, placement and addresses where the input is silent.

mod common;

use common::*;
use fibula_cluster::{Assumption, Cluster, Options, RangeKind, RangeSource};
use ipnet::IpNet;
use serde_json::{Value, json};

#[test]
fn dr_20_without_nodes_there_are_two() {
    let cluster = cluster(&[bare("p")]);
    let names: Vec<_> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["node-1", "node-2"]);
    assert!(cluster.nodes.iter().all(|node| node.invented && node.object.is_none()));
    assert!(pod(&cluster, "p").placed);
    assert_eq!(
        cluster.assumptions,
        [
            Assumption::Nodes(2),
            Assumption::NodeAddresses(2),
            Assumption::Placement(1),
            Assumption::PodAddresses(1),
            Assumption::NoServiceRange,
        ]
    );
    let options = Options { nodes: Some(3), ..Options::default() };
    assert_eq!(Cluster::new(objects(&[bare("p")]), &options).nodes.len(), 3);
}

#[test]
fn nodes_that_pods_name_are_there_with_the_addresses_that_pods_tell() {
    let on = |name: &str, node: &str, phase: &str| {
        let mut pod = bare(name);
        pod["spec"]["nodeName"] = json!(node);
        pod["status"] = json!({"phase": phase, "hostIP": "10.0.0.1", "podIP": "10.1.0.1"});
        pod
    };
    let mut manifest = bare("m");
    manifest["spec"]["nodeName"] = json!("n2");
    let old = on("old", "gone", "Failed");
    let cluster = cluster(&[on("p", "n1", "Running"), manifest, old]);
    let names: Vec<_> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["n1", "n2"]);
    assert_eq!(text(&node(&cluster, "n1").addresses), ["10.0.0.1"]);
    assert!(node(&cluster, "n2").invented && !node(&cluster, "n1").invented);
    let named = Assumption::NamedNodes(vec!["n1".to_owned(), "n2".to_owned()]);
    assert!(cluster.assumptions.contains(&named));
    assert!(!cluster.assumptions.iter().any(|a| matches!(a, Assumption::Placement(_))));
}

#[test]
fn dr_20_pods_are_placed_on_nodes_that_were_read() {
    let mut named = bare("q");
    named["spec"]["nodeName"] = json!("other");
    let read = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "read"}});
    let cluster = cluster(&[bare("a"), bare("b"), bare("c"), named, read]);
    for pod in &cluster.pods {
        let expected = if pod.name == "q" { "other" } else { "read" };
        assert_eq!(cluster.nodes[pod.node].name, expected);
        assert_eq!(pod.placed, pod.name != "q");
    }
}

#[test]
fn dr_19_invented_addresses_come_from_names_and_stay() {
    let one = cluster(&[workload("Deployment", "web", json!(1))]);
    let two = cluster(&[workload("Deployment", "web", json!(1)), bare("a"), bare("z")]);
    assert_eq!(pod(&one, "web").addresses, pod(&two, "web").addresses);
    let range: IpNet = "198.18.0.0/16".parse().unwrap();
    assert!(range.contains(&pod(&one, "web").addresses[0]));
    let ranges = one.ranges.iter().map(|r| (r.kind, r.net, &r.from)).collect::<Vec<_>>();
    assert_eq!(
        ranges,
        [
            (RangeKind::Pods, range, &RangeSource::Invented),
            (RangeKind::Nodes, "192.0.2.0/24".parse().unwrap(), &RangeSource::Invented),
        ]
    );
}

#[test]
fn dr_19_invented_ranges_avoid_what_the_input_has_and_grow_with_it() {
    let mut taken = bare("p");
    taken["status"]["podIP"] = json!("198.18.7.7");
    let small = objects(&[taken, bare("q")]);
    let options = Options::default();
    let big = objects(&[workload("Deployment", "w", json!(20_000))]);
    for (objects, options) in [(small, options), (big, Options::default())] {
        let cluster = Cluster::new(objects, &options);
        let range = cluster.ranges.iter().find(|r| r.from == RangeSource::Invented).unwrap();
        assert_eq!(range.net.to_string(), "240.0.0.0/8");
        let invented = cluster.pods.iter().filter(|pod| pod.invented);
        let mut all: Vec<_> = invented.clone().flat_map(|p| &p.addresses).collect();
        assert!(all.iter().all(|address| range.net.contains(*address)));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), invented.count());
    }
}

#[test]
fn dr_19_invented_addresses_lie_in_the_range_that_is_stated() {
    let range: IpNet = "10.244.0.0/16".parse().unwrap();
    let options = Options { pod_ranges: vec![range], ..Options::default() };
    let cluster = Cluster::new(objects(&[workload("Deployment", "w", json!(300))]), &options);
    assert!(cluster.pods.iter().all(|pod| pod.invented && range.contains(&pod.addresses[0])));
    // Too small for all of them, it is left alone.
    let small: IpNet = "10.244.0.0/24".parse().unwrap();
    let options = Options { pod_ranges: vec![small], ..Options::default() };
    let cluster = Cluster::new(objects(&[workload("Deployment", "w", json!(300))]), &options);
    assert!(cluster.pods.iter().all(|pod| !small.contains(&pod.addresses[0])));
}

#[test]
fn nm_12_invented_addresses_have_the_families_of_the_input() {
    let node = |cidrs: Value| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
            "spec": {"podCIDRs": cidrs}})
    };
    let service = |name: &str, spec: Value| {
        let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": spec});
        service["spec"]["ports"] = json!([{"port": 80}]);
        service
    };
    for (cidrs, pods, single, dual) in [
        (json!([]), "4", "4", "4"),
        (json!(["10.1.0.0/24"]), "4", "4", "4"),
        (json!(["fd00:1::/64"]), "6", "6", "6"),
        (json!(["fd00:1::/64", "10.1.0.0/24"]), "46", "4", "46"),
    ] {
        let cluster = cluster(&[
            node(cidrs),
            bare("p"),
            service("single", json!({})),
            service("six", json!({"ipFamilies": ["IPv6", "IPv4"]})),
            service("dual", json!({"ipFamilyPolicy": "PreferDualStack"})),
        ]);
        let families = |addresses: &[std::net::IpAddr]| {
            addresses.iter().map(|a| if a.is_ipv4() { '4' } else { '6' }).collect::<String>()
        };
        assert_eq!(families(&pod(&cluster, "p").addresses), pods);
        assert_eq!(families(&cluster.nodes[0].addresses), pods);
        assert_eq!(families(&common::service(&cluster, "single").cluster_ips), single);
        assert_eq!(families(&common::service(&cluster, "dual").cluster_ips), dual);
        assert_eq!(families(&common::service(&cluster, "six").cluster_ips), "64");
    }
}

#[test]
fn a_service_without_an_address_gets_one_of_its_own_range() {
    let value = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}]}});
    object(&value);
    let cluster = cluster(&[value]);
    let range: IpNet = "198.19.0.0/16".parse().unwrap();
    assert!(range.contains(&service(&cluster, "s").cluster_ips[0]));
    assert!(service(&cluster, "s").invented);
    assert!(cluster.assumptions.contains(&Assumption::ServiceAddresses(1)));
}
