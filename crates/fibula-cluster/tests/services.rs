//! What a Service says, with its defaults, and what the API server would refuse.

mod common;

use std::fmt::Debug;

use common::*;
use fibula_cluster::{Cluster, Distribution, Options, Service, ServiceKind};
use serde_json::{Value, json};

/// A Service `s` with these fields of its specification, at 10.1.0.1 unless they say otherwise.
fn spec(fields: Value) -> Value {
    let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"clusterIP": "10.1.0.1", "ports": [{"port": 80}]}});
    merge(&mut service["spec"], fields);
    service
}

fn merge(into: &mut Value, fields: Value) {
    let Value::Object(fields) = fields else { panic!("no fields") };
    for (key, value) in fields {
        into[key] = value;
    }
}

fn metadata(mut service: Value, fields: Value) -> Value {
    merge(&mut service["metadata"], fields);
    service
}

fn ingress(mut service: Value, ingress: Value) -> Value {
    service["status"] = json!({"loadBalancer": {"ingress": ingress}});
    service
}

fn read(value: Value) -> Service {
    service(&cluster(&[value]), "s").clone()
}

/// Reads each Service and compares one thing of it.
fn each<T: PartialEq + Debug>(what: impl Fn(&Service) -> T, rows: Vec<(Value, T)>) {
    for (value, expected) in rows {
        assert_eq!(what(&read(value.clone())), expected, "{value}");
    }
}

#[test]
fn svc_1_policies_and_affinity_have_defaults() {
    let node_port =
        |policy: Value| spec(json!({"type": "NodePort", "externalTrafficPolicy": policy}));
    each(
        |s| (s.internal_local, s.external_local, s.affinity, s.externally_accessible()),
        vec![
            (spec(json!({})), (false, false, None, false)),
            (spec(json!({"internalTrafficPolicy": "Local"})), (true, false, None, false)),
            (spec(json!({"internalTrafficPolicy": "Cluster"})), (false, false, None, false)),
            (node_port(Value::Null), (false, false, None, true)),
            (node_port(json!("Local")), (false, true, None, true)),
            (
                spec(json!({"externalIPs": ["192.0.2.1"], "externalTrafficPolicy": "Local"})),
                (false, true, None, true),
            ),
            (spec(json!({"sessionAffinity": "None"})), (false, false, None, false)),
        ],
    );
}

#[test]
fn svc_42_a_client_keeps_its_endpoint_for_three_hours_unless_the_service_says() {
    let config = |seconds| {
        spec(json!({"sessionAffinity": "ClientIP",
            "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": seconds}}}))
    };
    each(
        |s| s.affinity,
        vec![
            (spec(json!({"sessionAffinity": "ClientIP"})), Some(10_800)),
            (config(json!(60)), Some(60)),
            (config(Value::Null), Some(10_800)),
        ],
    );
}

#[test]
fn svc_2_the_kind_says_where_a_service_can_be_reached() {
    let ports = json!([{"port": 80, "nodePort": 30080}]);
    let node_ports = |s: &Service| s.ports.iter().filter_map(|p| p.node_port).collect::<Vec<_>>();
    each(
        |s| (s.kind, node_ports(s), s.external_name.clone()),
        vec![
            (spec(json!({})), (ServiceKind::ClusterIp, vec![], None)),
            (spec(json!({"type": "ClusterIP"})), (ServiceKind::ClusterIp, vec![], None)),
            (spec(json!({"clusterIP": "None"})), (ServiceKind::Headless, vec![], None)),
            (
                spec(json!({"type": "NodePort", "ports": ports})),
                (ServiceKind::NodePort, vec![30080], None),
            ),
            (
                spec(json!({"type": "LoadBalancer", "ports": ports})),
                (ServiceKind::LoadBalancer, vec![30080], None),
            ),
            (
                spec(
                    json!({"type": "ExternalName", "externalName": "db.example", "clusterIP": null}),
                ),
                (ServiceKind::ExternalName, vec![], Some("db.example".to_owned())),
            ),
        ],
    );
}

#[test]
fn svc_5_some_services_are_nobodys_or_another_proxys() {
    let label = |key: &str| metadata(spec(json!({})), json!({"labels": {key: ""}}));
    let name = json!({"type": "ExternalName", "externalName": "x.example", "clusterIP": null});
    each(
        |s| s.proxied,
        vec![
            (spec(json!({})), true),
            (label("app"), true),
            (label("service.kubernetes.io/service-proxy-name"), false),
            (label("service.kubernetes.io/headless"), false),
            (spec(json!({"clusterIP": "None"})), false),
            (spec(name), false),
        ],
    );
}

#[test]
fn svc_7_svc_23_a_manifest_awaits_its_node_ports() {
    let of = |kind: &str, ip: Value, allocate: Value| {
        spec(json!({"type": kind, "clusterIP": ip, "allocateLoadBalancerNodePorts": allocate}))
    };
    let given = json!("10.1.0.1");
    each(
        |s| s.awaits_node_ports,
        vec![
            (of("ClusterIP", Value::Null, Value::Null), false),
            (of("NodePort", Value::Null, Value::Null), true),
            (of("LoadBalancer", Value::Null, Value::Null), true),
            (of("LoadBalancer", Value::Null, json!(true)), true),
            (of("LoadBalancer", Value::Null, json!(false)), false),
            (of("LoadBalancer", given.clone(), json!(false)), false),
            (of("NodePort", given, Value::Null), false),
        ],
    );
}

#[test]
fn svc_20_svc_21_a_balancer_has_an_address_or_a_name_and_may_proxy_itself() {
    let balancer = || spec(json!({"type": "LoadBalancer"}));
    let read = |entries: Value| {
        let service = read(ingress(balancer(), entries));
        let entry = |b: &fibula_cluster::Balancer| {
            let ip = b.ip.map(|ip| ip.to_string()).unwrap_or_default();
            format!("{ip} {} {}", b.hostname.as_deref().unwrap_or_default(), b.proxy)
        };
        service.balancers.iter().map(entry).collect::<Vec<_>>()
    };
    for (entries, expected) in [
        (json!([]), vec![]),
        (json!([{"ip": "203.0.113.1"}]), vec!["203.0.113.1  false"]),
        (json!([{"ip": "203.0.113.1", "ipMode": "VIP"}]), vec!["203.0.113.1  false"]),
        (json!([{"ip": "203.0.113.1", "ipMode": "Proxy"}]), vec!["203.0.113.1  true"]),
        (
            json!([{"hostname": "lb.example"}, {"ip": "2001:db8::1"}]),
            vec![" lb.example false", "2001:db8::1  false"],
        ),
        (json!([{}]), vec![]),
    ] {
        assert_eq!(read(entries), expected);
    }
}

#[test]
fn svc_22_external_addresses_are_each_once() {
    let service = read(spec(json!({"externalIPs": ["192.0.2.2", "192.0.2.1", "192.000.2.1"]})));
    assert_eq!(text(&service.external_ips), ["192.0.2.1", "192.0.2.2"]);
}

#[test]
fn svc_25_source_ranges_are_the_fields_or_the_older_annotations() {
    const ANNOTATION: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
    let annotated = |service| {
        metadata(
            service,
            json!({"annotations": {
        ANNOTATION: "198.51.100.0/24, 2001:db8::/32", "other": "x"}}),
        )
    };
    let balancer =
        |ranges: Value| spec(json!({"type": "LoadBalancer", "loadBalancerSourceRanges": ranges}));
    each(
        |s| text(&s.source_ranges),
        vec![
            (balancer(Value::Null), vec![]),
            (balancer(json!(["192.0.2.7/24 "])), vec!["192.0.2.0/24".to_owned()]),
            (
                annotated(balancer(Value::Null)),
                vec!["198.51.100.0/24".to_owned(), "2001:db8::/32".to_owned()],
            ),
            (annotated(balancer(json!(["192.0.2.0/24"]))), vec!["192.0.2.0/24".to_owned()]),
            (annotated(spec(json!({"type": "NodePort"}))), vec![]),
        ],
    );
}

#[test]
fn svc_43_svc_44_an_annotation_beats_the_field_of_distribution() {
    let of = |word: &str| spec(json!({"trafficDistribution": word}));
    let mode =
        |mode: &str, key: &str| metadata(of("PreferSameNode"), json!({"annotations": {key: mode}}));
    let key = "service.kubernetes.io/topology-mode";
    each(
        |s| s.distribution,
        vec![
            (spec(json!({})), Distribution::None),
            (of("PreferClose"), Distribution::SameZone),
            (of("PreferSameZone"), Distribution::SameZone),
            (of("PreferSameNode"), Distribution::SameNode),
            (mode("Auto", key), Distribution::Auto),
            (mode("auto", "service.kubernetes.io/topology-aware-hints"), Distribution::Auto),
            (mode("Disabled", key), Distribution::SameNode),
        ],
    );
}

#[test]
fn svc_59_a_health_check_needs_a_balancer_with_the_local_policy() {
    let of = |kind: &str, policy: &str| {
        spec(json!({"type": kind, "externalTrafficPolicy": policy, "healthCheckNodePort": 32000}))
    };
    each(
        |s| s.health_check_port,
        vec![
            (of("LoadBalancer", "Local"), Some(32000)),
            (of("LoadBalancer", "Cluster"), None),
            (of("NodePort", "Local"), None),
        ],
    );
}

#[test]
fn svc_3_each_of_several_ports_has_a_name_and_a_place() {
    let ports = json!([
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "bad", "port": 0},
        {"name": "dns-tcp", "port": 53}]);
    // What makes no sense is left out, and the rest keeps its place.
    let object = unchecked(&spec(json!({"ports": ports})));
    let cluster = Cluster::new(vec![(fibula_cluster::ObjectId(0), object)], &Options::default());
    let read: Vec<_> = service(&cluster, "s").ports.iter().map(|p| (p.index, p.number)).collect();
    assert_eq!(read, [(0, 53), (2, 53)]);
}

#[test]
fn svc_1_svc_3_what_the_api_server_refuses_is_a_fault() {
    let ports = |ports: Value| spec(json!({"ports": ports}));
    for (value, expected) in [
        (
            ports(json!([{"port": 1}, {"port": 2, "name": "b"}])),
            "spec.ports[0].name: , a name, since there are several ports",
        ),
        (
            ports(json!([{"port": 1, "name": "a"}, {"port": 2, "name": "a"}])),
            "spec.ports[1].name: a, a name that no other port has",
        ),
        (
            ports(json!([{"port": 1, "name": "a"}, {"port": 1, "name": "b"}])),
            "spec.ports[1].port: 1, each port of a protocol once",
        ),
        (
            ports(json!([{"port": 1, "nodePort": 30000}])),
            "spec.ports[0].nodePort: 30000, nothing: only a NodePort or LoadBalancer has ports of Nodes",
        ),
        (
            spec(json!({"type": "LoadBalanced"})),
            "spec.type: LoadBalanced, ClusterIP, NodePort, LoadBalancer or ExternalName",
        ),
        (
            spec(json!({"internalTrafficPolicy": "local"})),
            "spec.internalTrafficPolicy: local, Cluster or Local",
        ),
        (
            spec(json!({"externalTrafficPolicy": "Local"})),
            "spec.externalTrafficPolicy: Local, nothing: only what can be reached from outside has one",
        ),
        (
            spec(json!({"sessionAffinity": "Cookie"})),
            "spec.sessionAffinity: Cookie, None or ClientIP",
        ),
        (
            spec(json!({"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}})),
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: 0, a count of seconds from 1 to 86400",
        ),
        (
            spec(json!({"trafficDistribution": "Near"})),
            "spec.trafficDistribution: Near, PreferClose, PreferSameZone or PreferSameNode",
        ),
        (
            spec(json!({"type": "ExternalName", "clusterIP": null})),
            "spec.externalName: , the name that an ExternalName stands for",
        ),
        (
            spec(json!({"externalIPs": ["127.0.0.1"]})),
            "spec.externalIPs[0]: 127.0.0.1, an address that is no loopback, link-local or \
             unspecified one",
        ),
        (
            spec(json!({"loadBalancerSourceRanges": ["10.0.0.0"]})),
            "spec.loadBalancerSourceRanges[0]: 10.0.0.0, a range such as 10.0.0.0/8",
        ),
        (
            metadata(
                spec(json!({})),
                json!({"annotations":
                {"service.beta.kubernetes.io/load-balancer-source-ranges": "all"}}),
            ),
            "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: all, \
             a range such as 10.0.0.0/8",
        ),
        (
            spec(json!({"clusterIPs": ["10.1.0.1", "10.1.0.2"]})),
            "spec.clusterIPs[1]: 10.1.0.2, an address of another family than those before",
        ),
        (
            spec(json!({"clusterIPs": ["10.1.0.2"]})),
            "spec.clusterIP: 10.1.0.1, the first of clusterIPs, 10.1.0.2",
        ),
        (spec(json!({"ipFamilies": ["v4"]})), "spec.ipFamilies[0]: v4, IPv4 or IPv6"),
        (
            ingress(spec(json!({"type": "LoadBalancer"})), json!([{"ipMode": "vip"}])),
            "status.loadBalancer.ingress[0].ipMode: vip, VIP or Proxy",
        ),
        (
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
                "metadata": {"name": "c"}, "spec": {"cidrs": ["10.0.0.0/16", "10.1.0.0/16"]}}),
            "spec.cidrs: 10.0.0.0/16, 10.1.0.0/16, at most one range for each family",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
                "spec": {"dnsPolicy": "Cluster"}}),
            "spec.dnsPolicy: Cluster, ClusterFirst, ClusterFirstWithHostNet, Default or None",
        ),
        (spec(json!({"ports": []})), "spec.ports: , at least one port"),
        (
            ports(json!([{"port": 1, "name": "HTTP"}])),
            "spec.ports[0].name: HTTP, a name: at most 63 lowercase letters, digits, and - within",
        ),
        (
            ports(json!([{"port": 1, "targetPort": "80"}])),
            "spec.ports[0].targetPort: 80, the name of a port: at most 15 of a-z, 0-9 and single \
             dashes, with a letter",
        ),
        (
            spec(json!({"selector": {"app": "a b"}})),
            "spec.selector[app]: a b, the value of a label: at most 63 letters, digits and -_. within",
        ),
        (
            metadata(spec(json!({})), json!({"name": "a.b"})),
            "metadata.name: a.b, a name: at most 63 lowercase letters, digits, and - within",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Web"}}),
            "metadata.name: Web, a name: lowercase letters, digits, and - and . within",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
                "spec": {"containers": [
                    {"name": "c", "ports": [{"containerPort": 1, "name": "Web"}]}]}}),
            "spec.containers[0].ports[0].name: Web, the name of a port: at most 15 of a-z, 0-9 and \
             single dashes, with a letter",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
                "spec": {"podCIDR": "10.0.0.0", "podCIDRs": ["10.0.0.0/24"]}}),
            "spec.podCIDR: 10.0.0.0, a range such as 10.0.0.0/8",
        ),
    ] {
        let faults = unchecked(&value).check();
        let faults: Vec<_> =
            faults.iter().map(|f| format!("{}: {}, {}", f.path, f.got, f.expected)).collect();
        assert_eq!(faults, [expected]);
    }
}

#[test]
fn svc_1_what_is_right_is_no_fault() {
    for fields in [
        json!({"type": "NodePort", "externalTrafficPolicy": "Local",
            "ports": [{"name": "a", "port": 53, "nodePort": 30053},
                {"name": "b", "port": 53, "protocol": "UDP", "nodePort": 30053}]}),
        json!({"clusterIPs": ["010.1.0.1", "2001:db8::1"], "ipFamilies": ["IPv4", "IPv6"],
            "ipFamilyPolicy": "RequireDualStack"}),
        json!({"clusterIP": "None", "clusterIPs": ["None"]}),
        json!({"clusterIP": "None", "ports": []}),
    ] {
        object(&spec(fields));
    }
}
