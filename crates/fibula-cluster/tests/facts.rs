//! What objects say about a cluster: addresses, phases, containers, ranges, Services.

mod common;

use common::{cluster, node, object, pod, service, text};
use fibula_cluster::{Assumption, Cluster, Options, Protocol, TargetPort};
use serde_json::{Value, json};

fn running(name: &str, ip: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "ports": [{"containerPort": 80}]}]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}})
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key] = new;
    value
}

#[test]
fn nm_13_pod_ips_are_at_most_one_per_family_and_pod_ip_fills_in() {
    let ips = |list: Value| with(running("p", "10.0.0.9"), "/status/podIPs", list);
    for (value, expected) in [
        (ips(json!([])), vec!["10.0.0.9"]),
        (ips(Value::Null), vec!["10.0.0.9"]),
        (ips(json!([{"ip": "10.0.0.9"}, {"ip": "2001:db8::9"}])), vec!["10.0.0.9", "2001:db8::9"]),
        (ips(json!([{"ip": "10.0.0.9"}, {"ip": "10.0.0.10"}])), vec!["10.0.0.9"]),
        (ips(json!([{"ip": "010.0.0.09"}])), vec!["10.0.0.9"]),
    ] {
        let cluster = cluster(&[value]);
        assert_eq!(text(&pod(&cluster, "p").addresses), expected);
        assert!(!pod(&cluster, "p").invented);
    }
}

#[test]
fn nm_14_a_host_network_pod_has_no_address_of_its_own() {
    let cluster = cluster(&[with(running("p", "10.0.0.1"), "/spec/hostNetwork", json!(true))]);
    let pod = pod(&cluster, "p");
    assert!(pod.host_network && pod.live && pod.addresses.is_empty());
}

#[test]
fn nm_15_internal_ips_are_the_addresses_of_a_node() {
    let address = |kind, address| json!({"type": kind, "address": address});
    let cluster =
        cluster(&[json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
        "status": {"addresses": [
            address("Hostname", "n1"), address("ExternalIP", "203.0.113.1"),
            address("InternalIP", "10.0.0.2"), address("InternalIP", "10.0.0.1"),
            address("InternalIP", "10.0.0.2"), address("InternalDNS", "n1.local")]}})]);
    let node = node(&cluster, "n1");
    assert_eq!(text(&node.addresses), ["10.0.0.2", "10.0.0.1"]);
    assert_eq!(text(&node.external), ["203.0.113.1"]);
    assert!(!node.invented);
}

#[test]
fn ip_2_pod_cidrs_are_at_most_one_per_family_and_pod_cidr_fills_in() {
    for (spec, expected) in [
        (json!({"podCIDR": "10.0.1.7/24"}), vec!["10.0.1.0/24"]),
        (
            json!({"podCIDR": "10.0.1.0/24", "podCIDRs": ["10.0.1.0/24", "2001:db8::/64"]}),
            vec!["10.0.1.0/24", "2001:db8::/64"],
        ),
        (json!({"podCIDRs": ["10.0.1.0/24", "10.0.2.0/24"]}), vec!["10.0.1.0/24"]),
        (json!({}), vec![]),
        (Value::Null, vec![]),
    ] {
        let cluster = cluster(&[json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n1"}, "spec": spec})]);
        assert_eq!(text(&node(&cluster, "n1").pod_cidrs), expected);
    }
}

#[test]
fn ip_3_ranges_come_from_objects_and_the_user() {
    let objects = [
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
            "metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/12"]}}),
        json!({"apiVersion": "config.openshift.io/v1", "kind": "Network",
            "metadata": {"name": "cluster"},
            "spec": {"clusterNetwork": [{"cidr": "1.0.0.0/8"}], "serviceNetwork": null},
            "status": {"clusterNetwork": [{"cidr": "10.128.0.0/14", "hostPrefix": 23}],
                "serviceNetwork": ["172.30.0.0/16"]}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
            "spec": {"podCIDR": "10.244.1.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}),
    ];
    let options = Options {
        pod_ranges: vec!["10.9.9.9/16".parse().unwrap()],
        node_ranges: vec!["10.0.0.0/24".parse().unwrap()],
        ..Options::default()
    };
    let cluster = Cluster::new(common::objects(&objects), &options);
    let ranges: Vec<_> =
        cluster.ranges.iter().map(|r| format!("{:?} {} {:?}", r.kind, r.net, r.from)).collect();
    assert_eq!(
        ranges,
        [
            "Pods 10.9.0.0/16 Stated",
            "Pods 10.128.0.0/14 Object(\"Network/cluster\")",
            "Pods 10.244.1.0/24 PodCidr(\"n1\")",
            "Services 10.96.0.0/12 Object(\"ServiceCIDR/kubernetes\")",
            "Services 172.30.0.0/16 Object(\"Network/cluster\")",
            "Nodes 10.0.0.0/24 Stated",
        ]
    );
    assert_eq!(cluster.assumptions, []);
}

#[test]
fn r3_missing_ranges_are_told() {
    let cluster = cluster(&[running("p", "10.0.0.9")]);
    assert!(cluster.assumptions.contains(&Assumption::NoPodRange));
    assert!(cluster.assumptions.contains(&Assumption::NoServiceRange));
}

#[test]
fn pod_1_processes_are_containers_sidecars_debuggers_and_while_pending_init_containers() {
    let names = |phase: &str| {
        let spec = json!({"nodeName": "n1", "containers": [{"name": "app"}, {"name": "log"}],
            "initContainers": [{"name": "setup"}, {"name": "proxy", "restartPolicy": "Always"}],
            "ephemeralContainers": [{"name": "debug"}]});
        let value = with(running("p", "10.0.0.9"), "/spec", spec);
        let cluster = cluster(&[with(value, "/status/phase", json!(phase))]);
        let pod = pod(&cluster, "p");
        let paths: Vec<_> = pod.containers.iter().map(|c| cluster.path(c.place)).collect();
        let names = pod.containers.iter().map(|c| c.name.clone());
        names.zip(paths).map(|(name, path)| format!("{name} {path}")).collect::<Vec<_>>()
    };
    let steady = [
        "app spec.containers[0]",
        "log spec.containers[1]",
        "proxy spec.initContainers[1]",
        "debug spec.ephemeralContainers[0]",
    ];
    assert_eq!(names("Running"), steady);
    assert_eq!(names("Pending")[..4], steady);
    assert_eq!(names("Pending")[4..], ["setup spec.initContainers[0]"]);
}

#[test]
fn pod_3_a_port_has_a_name_and_the_protocol_tcp_by_default() {
    let ports = json!([{"containerPort": 53, "protocol": "UDP", "name": "dns"},
        {"containerPort": 80, "name": ""}]);
    let cluster = cluster(&[with(running("p", "10.0.0.9"), "/spec/containers/0/ports", ports)]);
    let container = &pod(&cluster, "p").containers[0];
    let ports: Vec<_> = container
        .ports
        .iter()
        .map(|p| (p.number, p.protocol, p.name.as_deref(), cluster.path(p.place)))
        .collect();
    assert_eq!(
        ports,
        [
            (53, Protocol::Udp, Some("dns"), "spec.containers[0].ports[0]".to_owned()),
            (80, Protocol::Tcp, None, "spec.containers[0].ports[1]".to_owned()),
        ]
    );
}

#[test]
fn pod_5_a_pod_with_a_status_but_no_address_has_none() {
    let status = |phase: &str| json!({"phase": phase});
    let pending = with(running("p", ""), "/status", status("Pending"));
    let unscheduled = with(pending.clone(), "/spec/nodeName", Value::Null);
    for (value, live) in [(pending, true), (unscheduled, false)] {
        let cluster = cluster(&[value]);
        let pod = pod(&cluster, "p");
        assert!(pod.addresses.is_empty() && !pod.invented);
        assert_eq!(pod.live, live);
    }
    // `status: {}` is what tools write that have no cluster: a manifest.
    let cluster = cluster(&[with(running("p", ""), "/status", json!({}))]);
    assert!(pod(&cluster, "p").invented);
    assert_eq!(pod(&cluster, "p").addresses.len(), 1);
}

#[test]
fn pod_6_a_finished_pod_owns_nothing() {
    for phase in ["Succeeded", "Failed"] {
        let old = with(running("old", "10.0.0.9"), "/status/phase", json!(phase));
        let old = with(old, "/metadata/labels", json!({"app": "a"}));
        let new = with(running("new", "10.0.0.9"), "/metadata/labels", json!({"app": "a"}));
        let svc = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
            "spec": {"selector": {"app": "a"}, "clusterIP": "10.1.0.1",
                "ports": [{"port": 80}]}});
        let cluster = cluster(&[old, new, svc]);
        assert!(!pod(&cluster, "old").live);
        assert!(pod(&cluster, "old").addresses.is_empty());
        assert_eq!(text(&pod(&cluster, "new").addresses), ["10.0.0.9"]);
        assert_eq!(service(&cluster, "s").selects.len(), 1);
    }
}

#[test]
fn svc_1_service_defaults() {
    let cluster = cluster(&[json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "s"}, "spec": {"clusterIP": "10.1.0.1", "ports": [
            {"port": 80, "name": "a"}, {"port": 81, "targetPort": 0, "name": "b"},
            {"port": 82, "targetPort": "", "name": "c"},
            {"port": 83, "targetPort": 8083, "protocol": "UDP", "name": "u"},
            {"port": 84, "targetPort": "web", "name": "d"}]}})]);
    let ports: Vec<_> = service(&cluster, "s")
        .ports
        .iter()
        .map(|p| (p.number, p.protocol, p.target.clone()))
        .collect();
    assert_eq!(
        ports,
        [
            (80, Protocol::Tcp, TargetPort::Number(80)),
            (81, Protocol::Tcp, TargetPort::Number(81)),
            (82, Protocol::Tcp, TargetPort::Number(82)),
            (83, Protocol::Udp, TargetPort::Number(8083)),
            (84, Protocol::Tcp, TargetPort::Name("web".to_owned())),
        ]
    );
}

#[test]
fn svc_2_headless_and_external_names_have_no_address() {
    for (spec, ips) in [
        (json!({"clusterIP": "None"}), vec![]),
        (json!({"clusterIPs": ["None"]}), vec![]),
        (json!({"type": "ExternalName", "externalName": "x.org", "selector": {"a": "b"}}), vec![]),
        (
            json!({"type": "NodePort", "clusterIP": "10.1.0.1", "ports": [{"port": 80}]}),
            vec!["10.1.0.1"],
        ),
        (
            json!({"clusterIP": "10.1.0.1", "clusterIPs": ["10.1.0.1", "2001:db8::1"],
                "ports": [{"port": 80}]}),
            vec!["10.1.0.1", "2001:db8::1"],
        ),
    ] {
        let cluster = cluster(&[json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "s"}, "spec": spec})]);
        let service = service(&cluster, "s");
        assert_eq!(text(&service.cluster_ips), ips);
        assert!(!service.invented && service.selector.is_empty());
    }
}

#[test]
fn svc_10_a_service_selects_by_all_its_labels_in_its_namespace() {
    let pod = |name: &str, labels: Value| {
        with(running(name, &format!("10.0.0.{}", name.len())), "/metadata/labels", labels)
    };
    let far = with(pod("pppp", json!({"app": "a"})), "/metadata/namespace", json!("far"));
    let host = with(pod("ppppp", json!({"app": "a"})), "/spec/hostNetwork", json!(true));
    let gone = with(pod("pppppp", json!({"app": "a"})), "/status", json!({"phase": "Pending"}));
    for (selector, expected) in [
        (json!({"app": "a"}), vec!["p", "pp", "ppppp"]),
        (json!({"app": "a", "tier": "x"}), vec!["pp"]),
        (json!({"app": "b"}), vec![]),
        (json!({}), vec![]),
        (Value::Null, vec![]),
    ] {
        let cluster = cluster(&[
            pod("p", json!({"app": "a"})),
            pod("pp", json!({"app": "a", "tier": "x"})),
            pod("ppp", Value::Null),
            far.clone(),
            host.clone(),
            gone.clone(),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
                "spec": {"selector": selector, "ports": [{"port": 80}]}}),
        ]);
        let selects = &service(&cluster, "s").selects;
        let names: Vec<_> = selects.iter().map(|&i| cluster.pods[i].name.as_str()).collect();
        assert_eq!(names, expected);
    }
}

#[test]
fn namespaces_are_those_read_and_those_named() {
    let cluster = cluster(&[
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "read"}}),
        with(running("p", "10.0.0.1"), "/metadata/namespace", json!("named")),
        running("q", "10.0.0.2"),
    ]);
    let names: Vec<_> =
        cluster.namespaces.iter().map(|ns| (ns.name.as_str(), ns.object.is_some())).collect();
    assert_eq!(names, [("default", false), ("named", false), ("read", true)]);
}

#[test]
fn null_is_absent_and_unknown_fields_are_ignored() {
    object(&json!({"apiVersion": "v1", "kind": "Pod", "more": 1,
        "metadata": {"name": "p", "labels": null, "annotations": null, "ownerReferences": null},
        "spec": {"containers": [{"name": "c", "ports": null, "env": [{"name": "x"}]}],
            "initContainers": null, "nodeName": null, "hostNetwork": null},
        "status": null}));
    object(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"clusterIP": "None", "ports": null, "selector": {"a": null}}, "status": {"loadBalancer": {}}}));
}
