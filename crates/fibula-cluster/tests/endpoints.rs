//! What stands behind a Service by its pods.

mod common;

use common::behind::*;
use common::{cluster, service, text, workload};
use serde_json::{Value, json};

#[test]
fn svc_10_finished_pods_and_pods_without_an_address_are_no_endpoints() {
    let failed = with(pod("failed", "10.0.0.2"), "/status/phase", json!("Failed"));
    let without = with(pod("without", "10.0.0.3"), "/status/podIP", json!(""));
    let terminating = with(pod("going", "10.0.0.4"), "/metadata/deletionTimestamp", json!("now"));
    let cluster = cluster(&[n1(), pod("p", "10.0.0.1"), failed, without, terminating, web()]);
    assert_eq!(behind(&cluster, "s"), ["80 10.0.0.1:8080 rs @n1", "80 10.0.0.4:8080 st @n1"]);
    assert!(!service(&cluster, "s").sliced);
}

#[test]
fn svc_11_ready_is_serving_and_not_terminating_or_published() {
    let conditions = |list: Value| with(pod("p", "10.0.0.1"), "/status/conditions", list);
    let ready = |status: &str| conditions(json!([{"type": "Ready", "status": status}]));
    let going =
        |pod: Value| with(pod, "/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"));
    let pending = |pod: Value| with(pod, "/status/phase", json!("Pending"));
    for (pod, plain, published) in [
        (ready("True"), "rs", "rs"),
        (ready("False"), "", "r"),
        (ready("Unknown"), "", "r"),
        (going(ready("True")), "st", "rst"),
        (going(ready("False")), "t", "rt"),
        // Without conditions nothing says that it is not ready.
        (conditions(Value::Null), "rs", "rs"),
        (conditions(json!([{"type": "Initialized", "status": "True"}])), "", "r"),
        (pending(conditions(Value::Null)), "", "r"),
    ] {
        let publish = with(web(), "/spec/publishNotReadyAddresses", json!(true));
        for (service, state) in [(web(), plain), (publish, published)] {
            let cluster = cluster(&[n1(), pod.clone(), service]);
            assert_eq!(behind(&cluster, "s"), [format!("80 10.0.0.1:8080 {state} @n1")], "{pod}");
        }
    }
}

#[test]
fn svc_11_pods_without_a_status_are_ready() {
    let mut deployment = workload("Deployment", "a", json!(2));
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"] = json!("web");
    let cluster = cluster(&[deployment, web()]);
    let service = service(&cluster, "s");
    assert_eq!(service.endpoints.len(), 2);
    assert!(service.endpoints.iter().all(|e| e.ready && e.serving && e.number == 80));
}

#[test]
fn svc_12_ip_7_endpoints_have_the_families_of_their_service() {
    let both = json!([{"ip": "10.0.0.1"}, {"ip": "2001:db8::1"}]);
    let pod_of_both = with(pod("p", "10.0.0.1"), "/status/podIPs", both);
    let v4_only = pod("q", "10.0.0.2");
    let of = |fields: Value| {
        let mut service = selecting(json!([{"port": 80}]));
        service["spec"]["clusterIP"] = Value::Null;
        for (key, value) in fields.as_object().unwrap() {
            service["spec"][key] = value.clone();
        }
        service
    };
    let (v4, v6) = (["10.0.0.1", "10.0.0.2"], ["2001:db8::1"]);
    let all = ["10.0.0.1", "10.0.0.2", "2001:db8::1"];
    for (fields, expected) in [
        (json!({"clusterIP": "10.96.0.1"}), &v4[..]),
        (json!({"clusterIP": "2001:db8:96::1"}), &v6),
        (json!({"clusterIPs": ["10.96.0.1", "2001:db8:96::1"], "clusterIP": "10.96.0.1"}), &all),
        (json!({"clusterIP": "None"}), &v4),
        (json!({"clusterIP": "None", "ipFamilies": ["IPv6"]}), &v6),
        (json!({"clusterIP": "None", "ipFamilyPolicy": "PreferDualStack"}), &all),
    ] {
        let cluster = cluster(&[n1(), pod_of_both.clone(), v4_only.clone(), of(fields.clone())]);
        let addresses: Vec<_> = service(&cluster, "s").endpoints.iter().map(|e| e.addr).collect();
        assert_eq!(text(&addresses), expected, "{fields}");
    }
}

#[test]
fn svc_12_pods_of_the_host_network_bring_their_nodes_address() {
    let host = with(pod("p", "10.9.0.1"), "/spec/hostNetwork", json!(true));
    let cluster = cluster(&[n1(), host, web()]);
    assert_eq!(behind(&cluster, "s"), ["80 10.9.0.1:8080 rs @n1"]);
    assert_eq!(service(&cluster, "s").endpoints[0].pod, Some(0));
}

#[test]
fn svc_13_a_pod_whose_node_is_gone_is_no_endpoint() {
    let far = with(pod("q", "10.0.0.2"), "/spec/nodeName", json!("gone"));
    let publish = with(web(), "/spec/publishNotReadyAddresses", json!(true));
    let here = "80 10.0.0.1:8080 rs @n1";
    let there = "80 10.0.0.2:8080 rs @gone";
    for (values, expected) in [
        (vec![n1(), web()], vec![here]),
        (vec![n1(), publish], vec![here, there]),
        // No Node was read: those that are named are all there are.
        (vec![web()], vec![here, there]),
    ] {
        let values: Vec<_> =
            [pod("p", "10.0.0.1"), far.clone()].into_iter().chain(values).collect();
        assert_eq!(behind(&cluster(&values), "s"), expected);
    }
}

#[test]
fn svc_13_a_hostname_counts_below_its_own_service() {
    for (hostname, subdomain, expected) in [
        (json!("h"), json!("s"), Some("h")),
        (json!("h"), json!("t"), None),
        (json!("h"), Value::Null, None),
        (Value::Null, json!("s"), None),
    ] {
        let pod = with(pod("p", "10.0.0.1"), "/spec/hostname", hostname);
        let cluster = cluster(&[n1(), with(pod, "/spec/subdomain", subdomain), web()]);
        assert_eq!(service(&cluster, "s").endpoints[0].hostname.as_deref(), expected);
    }
}

#[test]
fn dns_6_pods_of_a_stateful_set_are_known_by_their_names() {
    let mut set = workload("StatefulSet", "a", json!(2));
    set["spec"]["serviceName"] = json!("s");
    let cluster = cluster(&[set, selecting(json!([{"port": 80}]))]);
    let mut names: Vec<_> = service(&cluster, "s").endpoints.iter().map(|e| &e.hostname).collect();
    names.sort();
    assert_eq!(names, [&Some("a-0".into()), &Some("a-1".into())]);
}

#[test]
fn svc_14_a_named_port_is_looked_up_in_each_pod() {
    let of = |name: &str, ip: &str, spec: Value| {
        let mut pod = with(pod(name, ip), "/spec", spec);
        pod["spec"]["nodeName"] = json!("n1");
        pod
    };
    let port = |number: u16, protocol: &str| json!([{"name": "web", "containerPort": number, "protocol": protocol}]);
    let pods = [
        of(
            "other-number",
            "10.0.0.1",
            json!({"containers": [{"name": "c", "ports": port(81, "TCP")}]}),
        ),
        of(
            "other-protocol",
            "10.0.0.2",
            json!({"containers": [{"name": "c", "ports": port(82, "UDP")}]}),
        ),
        of(
            "sidecar",
            "10.0.0.3",
            json!({"containers": [{"name": "c"}], "initContainers": [
            {"name": "i", "ports": port(80, "TCP")},
            {"name": "s", "restartPolicy": "Always", "ports": port(83, "TCP")}]}),
        ),
        of(
            "first",
            "10.0.0.4",
            json!({"containers": [{"name": "c", "ports": port(84, "TCP")}],
            "initContainers": [
                {"name": "s", "restartPolicy": "Always", "ports": port(85, "TCP")}]}),
        ),
        of(
            "debug",
            "10.0.0.5",
            json!({"containers": [{"name": "c"}],
            "ephemeralContainers": [{"name": "d", "ports": port(86, "TCP")}]}),
        ),
    ];
    let named = selecting(json!([{"name": "a", "port": 80, "targetPort": "web"},
        {"name": "b", "port": 90, "targetPort": 9090}]));
    let values: Vec<_> = pods.into_iter().chain([n1(), named]).collect();
    assert_eq!(
        behind(&cluster(&values), "s"),
        [
            "a 10.0.0.1:81 rs @n1",
            "a 10.0.0.3:83 rs @n1",
            "a 10.0.0.4:84 rs @n1",
            "b 10.0.0.1:9090 rs @n1",
            "b 10.0.0.2:9090 rs @n1",
            "b 10.0.0.3:9090 rs @n1",
            "b 10.0.0.4:9090 rs @n1",
            "b 10.0.0.5:9090 rs @n1",
        ]
    );
}

#[test]
fn svc_43_distribution_makes_hints_for_ready_endpoints() {
    let on_n2 = with(pod("q", "10.0.0.2"), "/spec/nodeName", json!("n2"));
    let unready = with(pod("r", "10.0.0.3"), "/status/conditions/1/status", json!("False"));
    let of = |word: &str| with(web(), "/spec/trafficDistribution", json!(word));
    let auto = with(
        of("PreferClose"),
        "/metadata/annotations",
        json!({"service.kubernetes.io/topology-mode": "Auto"}),
    );
    let zones = ["10.0.0.1 [a] []", "10.0.0.2 [b] []", "10.0.0.3 [] []"];
    let nodes = ["10.0.0.1 [a] [n1]", "10.0.0.2 [b] [n2]", "10.0.0.3 [] []"];
    let none = ["10.0.0.1 [] []", "10.0.0.2 [] []", "10.0.0.3 [] []"];
    for (service, expected) in [
        (web(), none),
        (of("PreferClose"), zones),
        (of("PreferSameZone"), zones),
        (of("PreferSameNode"), nodes),
        (auto, none),
    ] {
        let cluster =
            cluster(&[n1(), n2(), pod("p", "10.0.0.1"), on_n2.clone(), unready.clone(), service]);
        assert_eq!(hints(&cluster, "s"), expected);
    }
}

#[test]
fn svc_2_a_name_for_another_name_has_no_endpoints() {
    let name = with(
        web(),
        "/spec",
        json!({"type": "ExternalName", "externalName": "x.example",
        "selector": {"app": "a"}, "ports": [{"port": 80}]}),
    );
    let slice = slice("s-1", json!([{"port": 1}]), json!([{"addresses": ["10.0.0.8"]}]));
    assert_eq!(behind(&cluster(&[n1(), pod("p", "10.0.0.1"), name, slice]), "s"), [""; 0]);
}

#[test]
fn pod_9_host_ports_are_those_of_lasting_containers_with_a_network_of_their_own() {
    let port =
        |host: Value, ip: Value| json!([{"containerPort": 80, "hostPort": host, "hostIP": ip}]);
    let pod = |spec: Value| {
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
        let cluster = cluster(&[pod]);
        let ports = cluster.pods[0].containers.iter().flat_map(|container| &container.ports);
        let hosts = ports.map(|port| {
            let host = |h: fibula_cluster::HostPort| {
                format!("{}:{}", h.ip.map(|ip| ip.to_string()).unwrap_or_default(), h.number)
            };
            port.host.map(host).unwrap_or_default()
        });
        hosts.collect::<Vec<_>>()
    };
    let container = |ports| json!({"containers": [{"name": "c", "ports": ports}]});
    let mut host_network = container(port(json!(80), Value::Null));
    host_network["hostNetwork"] = json!(true);
    for (spec, expected) in [
        (container(port(json!(8080), Value::Null)), vec![":8080"]),
        (container(port(json!(8080), json!("10.9.0.1"))), vec!["10.9.0.1:8080"]),
        (container(port(json!(8080), json!("0.0.0.0"))), vec!["0.0.0.0:8080"]),
        (container(port(Value::Null, Value::Null)), vec![""]),
        (host_network, vec![""]),
        (
            json!({"containers": [], "initContainers": [{"name": "s", "restartPolicy": "Always",
                "ports": port(json!(81), Value::Null)}]}),
            vec![":81"],
        ),
        (
            json!({"containers": [], "ephemeralContainers": [{"name": "d",
                "ports": port(json!(81), Value::Null)}]}),
            vec![""],
        ),
    ] {
        assert_eq!(pod(spec.clone()), expected, "{spec}");
    }
}
