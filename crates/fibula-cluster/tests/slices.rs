//! What stands behind a Service by EndpointSlices and Endpoints.

mod common;

use common::behind::*;
use common::{cluster, object, service, text, unchecked};
use fibula_cluster::Cluster;
use serde_json::{Value, json};

#[test]
fn svc_15_svc_17_slices_of_any_writer_win_over_pods() {
    let ports = json!([{"port": 8080}]);
    let one = slice("s-1", ports.clone(), json!([{"addresses": ["10.0.0.8"], "nodeName": "n1"}]));
    let two = by_controller(slice("s-2", ports, json!([{"addresses": ["10.0.0.9"]}])));
    let far = with(one.clone(), "/metadata/namespace", json!("far"));
    let nobodys = with(one.clone(), "/metadata/labels", json!({}));
    let (a, b) = ("80 10.0.0.8:8080 rs @n1", "80 10.0.0.9:8080 rs @-");
    let implied = "80 10.0.0.1:8080 rs @n1";
    for (slices, expected) in [
        (vec![one.clone(), two.clone()], vec![a, b]),
        (vec![two], vec![b]),
        (vec![far, nobodys], vec![implied]),
    ] {
        let sliced = expected != [implied];
        let values = [n1(), pod("p", "10.0.0.1"), web()];
        let values: Vec<_> = values.into_iter().chain(slices).collect();
        let cluster = cluster(&values);
        assert_eq!(behind(&cluster, "s"), expected);
        assert_eq!(service(&cluster, "s").sliced, sliced);
    }
}

#[test]
fn svc_17_where_slices_were_read_a_service_without_one_has_no_endpoints() {
    let of_other = with(
        slice("t-1", json!([]), json!([])),
        "/metadata/labels/kubernetes.io~1service-name",
        json!("t"),
    );
    let from_cluster = with(web(), "/metadata/uid", json!("1"));
    let far = with(by_controller(of_other.clone()), "/metadata/namespace", json!("far"));
    for (service, slice, endpoints) in [
        (from_cluster.clone(), by_controller(of_other.clone()), 0),
        // By hand, of another namespace, or a Service that no controller has seen.
        (from_cluster.clone(), of_other.clone(), 1),
        (from_cluster, far, 1),
        (web(), by_controller(of_other), 1),
    ] {
        let cluster = cluster(&[n1(), pod("p", "10.0.0.1"), service, slice.clone()]);
        assert_eq!(behind(&cluster, "s").len(), endpoints, "{slice}");
    }
}

#[test]
fn svc_15_endpoints_are_mirrored_only_for_a_service_without_a_selector() {
    let subsets = json!([{"addresses": [{"ip": "192.0.2.1"}, {"ip": "10.9.0.1", "nodeName": "n1"}],
        "notReadyAddresses": [{"ip": "192.0.2.2"}], "ports": [{"port": 9376}]}]);
    let given = endpoints(subsets);
    let skipped = with(
        given.clone(),
        "/metadata/labels",
        json!({"endpointslice.kubernetes.io/skip-mirror": "true"}),
    );
    let mirror = with(
        slice("s-1", json!([{"port": 1}]), json!([{"addresses": ["192.0.2.9"]}])),
        "/metadata/labels/endpointslice.kubernetes.io~1managed-by",
        json!("endpointslicemirroring-controller.k8s.io"),
    );
    let mirrored =
        vec!["80 10.9.0.1:9376 rs @n1", "80 192.0.2.1:9376 rs @-", "80 192.0.2.2:9376 s @-"];
    for (values, expected) in [
        (vec![manual(), given.clone()], mirrored),
        (vec![manual(), skipped], vec![]),
        (vec![manual(), given.clone(), mirror], vec!["80 192.0.2.9:1 rs @-"]),
        (vec![web(), given, pod("p", "10.0.0.1")], vec!["80 10.0.0.1:8080 rs @n1"]),
    ] {
        let values: Vec<_> = values.into_iter().chain([n1()]).collect();
        assert_eq!(behind(&cluster(&values), "s"), expected);
    }
}

#[test]
fn svc_16_what_a_slice_leaves_out_has_a_default() {
    for (conditions, state) in [
        (Value::Null, "rs"),
        (json!({}), "rs"),
        (json!({"ready": null, "serving": null}), "rs"),
        (json!({"ready": false}), "s"),
        (json!({"ready": false, "serving": true, "terminating": true}), "st"),
        (json!({"ready": false, "serving": false, "terminating": true}), "t"),
    ] {
        let endpoint = json!([{"addresses": ["10.0.0.8"], "conditions": conditions}]);
        let cluster = cluster(&[manual(), slice("s-1", json!([{"port": 1}]), endpoint)]);
        assert_eq!(behind(&cluster, "s"), [format!("80 10.0.0.8:1 {state} @-")]);
    }
}

#[test]
fn svc_16_the_first_address_counts_names_do_not_and_repeats_are_one() {
    let port = json!([{"port": 1}]);
    let two = slice("s-1", port.clone(), json!([{"addresses": ["10.0.0.8", "10.0.0.9"]}]));
    let mut fqdn = slice("s-2", port.clone(), json!([{"addresses": ["db.example"]}]));
    fqdn["addressType"] = json!("FQDN");
    let going = json!([{"addresses": ["10.0.0.8"], "conditions": {"terminating": true}}]);
    let first = cluster(&[manual(), two, fqdn, slice("s-0", port, going)]);
    // The one that is not terminating stays, though the other comes first.
    assert_eq!(behind(&first, "s"), ["80 10.0.0.8:1 rs @-"]);
}

#[test]
fn svc_4_svc_18_slices_join_by_name_and_protocol_and_bring_their_number() {
    let service = with(
        manual(),
        "/spec/ports",
        json!([
        {"name": "a", "port": 80, "targetPort": 8080},
        {"name": "b", "port": 81, "targetPort": "web"},
        {"name": "c", "port": 82, "protocol": "UDP"}]),
    );
    let ports = json!([
        {"name": "b", "port": 5001},
        {"name": "a", "port": 5000, "protocol": "TCP"},
        {"name": "c", "port": 5002},
        {"name": "d", "port": 80},
        {"port": 80}]);
    let absent = json!([{"name": "a"}, {"name": "b", "port": null}]);
    let endpoint = json!([{"addresses": ["10.0.0.8"]}]);
    let cluster =
        cluster(&[service, slice("s-1", ports, endpoint.clone()), slice("s-2", absent, endpoint)]);
    assert_eq!(behind(&cluster, "s"), ["a 10.0.0.8:5000 rs @-", "b 10.0.0.8:5001 rs @-"]);
}

#[test]
fn svc_16_slices_of_v1beta1_say_where_in_their_topology() {
    let endpoint = json!([{"addresses": ["10.0.0.8"], "topology": {
        "kubernetes.io/hostname": "n1", "topology.kubernetes.io/zone": "z"}}]);
    let mut slice = slice("s-1", json!([{"port": 1}]), endpoint);
    slice["apiVersion"] = json!("discovery.k8s.io/v1beta1");
    let near = with(manual(), "/spec/trafficDistribution", json!("PreferClose"));
    let cluster = cluster(&[n1(), near, slice]);
    assert_eq!(behind(&cluster, "s"), ["80 10.0.0.8:1 rs @n1"]);
    assert_eq!(hints(&cluster, "s"), ["10.0.0.8 [z] []"]);
}

#[test]
fn an_endpoint_is_the_pod_that_it_names_or_whose_address_it_has() {
    let host = |name: &str| with(pod(name, "10.9.0.1"), "/spec/hostNetwork", json!(true));
    let named = |ip: &str, name: &str| {
        json!({"addresses": [ip],
        "targetRef": {"kind": "Pod", "name": name}})
    };
    let slice = slice(
        "s-1",
        json!([{"port": 1}]),
        json!([
            named("10.0.0.1", "p"),
            named("10.9.0.1", "host-2"),
            named("10.0.0.2", "p"),
            named("10.0.0.3", "gone")
        ]),
    );
    let cluster = cluster(&[
        n1(),
        pod("p", "10.0.0.1"),
        pod("q", "10.0.0.2"),
        host("host-1"),
        host("host-2"),
        manual(),
        slice,
    ]);
    let pods = service(&cluster, "s").endpoints.iter().map(|e| {
        let pod = e.pod.map(|i| cluster.pods[i].name.as_str());
        format!("{} {}", e.addr, pod.unwrap_or("-"))
    });
    let pods: Vec<_> = pods.collect();
    assert_eq!(pods, ["10.0.0.1 p", "10.0.0.2 q", "10.0.0.3 -", "10.9.0.1 host-2"]);
}

#[test]
fn svc_43_svc_44_hints_of_slices_are_verbatim_and_computed_where_they_lack() {
    let near = with(manual(), "/spec/trafficDistribution", json!("PreferSameNode"));
    let hinted = json!({"addresses": ["10.0.0.1"], "nodeName": "n1",
        "hints": {"forZones": [{"name": "x"}, {"name": "y"}], "forNodes": [{"name": "n2"}]}});
    let plain = json!({"addresses": ["10.0.0.2"], "nodeName": "n2"});
    let with_zone = json!({"addresses": ["10.0.0.3"], "nodeName": "n2", "zone": "own"});
    let unready = json!({"addresses": ["10.0.0.4"], "nodeName": "n2", "zone": "own",
        "conditions": {"ready": false}});
    for (endpoints, expected) in [
        (json!([hinted, plain]), vec!["10.0.0.1 [x y] [n2]", "10.0.0.2 [] []"]),
        (
            json!([plain, with_zone, unready]),
            vec!["10.0.0.2 [b] [n2]", "10.0.0.3 [own] [n2]", "10.0.0.4 [] []"],
        ),
    ] {
        let slice = slice("s-1", json!([{"port": 1}]), endpoints);
        assert_eq!(hints(&cluster(&[n1(), n2(), near.clone(), slice]), "s"), expected);
    }
}

#[test]
fn ip_9_endpoints_cannot_be_addresses_of_one_machine_or_link() {
    let of = |kind: &str, address: &str| {
        let port = json!([{"port": 1}]);
        let slice = slice("s-1", port, json!([{"addresses": [address]}]));
        with(slice, "/addressType", json!(kind))
    };
    let subset = |ip: &str| endpoints(json!([{"addresses": [{"ip": ip}]}]));
    let local = "an address that is no loopback, link-local or unspecified one";
    for (value, expected) in [
        (of("IPv4", "127.0.0.1"), format!("endpoints[0].addresses[0]: 127.0.0.1, {local}")),
        (of("IPv4", "169.254.0.1"), format!("endpoints[0].addresses[0]: 169.254.0.1, {local}")),
        (of("IPv4", "224.0.0.1"), format!("endpoints[0].addresses[0]: 224.0.0.1, {local}")),
        (of("IPv6", "fe80::1"), format!("endpoints[0].addresses[0]: fe80::1, {local}")),
        (of("IPv6", "ff02::1"), format!("endpoints[0].addresses[0]: ff02::1, {local}")),
        (of("IPv4", "0.0.0.0"), format!("endpoints[0].addresses[0]: 0.0.0.0, {local}")),
        (of("IPv4", "db"), "endpoints[0].addresses[0]: db, an IP address".to_owned()),
        (
            of("IPv4", "2001:db8::1"),
            "endpoints[0].addresses[0]: 2001:db8::1, an IPv4 address, as addressType says"
                .to_owned(),
        ),
        (of("v4", "10.0.0.1"), "addressType: v4, IPv4, IPv6 or FQDN".to_owned()),
        (subset("127.0.0.1"), format!("subsets[0].addresses[0].ip: 127.0.0.1, {local}")),
        (
            slice("s-1", json!([{"port": 70000}]), json!([])),
            "ports[0].port: 70000, a port from 1 to 65535".to_owned(),
        ),
        (
            slice("s-1", json!([{"port": 1, "protocol": "tcp"}]), json!([])),
            "ports[0].protocol: tcp, TCP, UDP or SCTP".to_owned(),
        ),
        (
            slice("s-1", json!([{"port": 1}, {"port": 2}]), json!([])),
            "ports[1].name: , a name, since there are several ports".to_owned(),
        ),
        (
            slice("s-1", json!([{"port": 1, "name": "HTTP"}]), json!([])),
            "ports[0].name: HTTP, a name: at most 63 lowercase letters, digits, and - within"
                .to_owned(),
        ),
    ] {
        let object = unchecked(&value);
        let faults = object.check();
        let faults: Vec<_> =
            faults.iter().map(|f| format!("{}: {}, {}", f.path, f.got, f.expected)).collect();
        assert_eq!(faults, [expected]);
        // And it makes no endpoint.
        let objects = vec![
            (fibula_cluster::ObjectId(0), unchecked(&manual())),
            (fibula_cluster::ObjectId(1), object),
        ];
        let cluster = Cluster::new(objects, &fibula_cluster::Options::default());
        assert_eq!(behind(&cluster, "s"), [""; 0], "{value}");
    }
    object(&of("FQDN", "db.example"));
}

#[test]
fn dr_21_contradicting_slices_leave_their_service_undecided() {
    let of = |ip: &str| slice("s-1", json!([{"port": 1}]), json!([{"addresses": [ip]}]));
    let mut service = manual();
    service["spec"]["type"] = json!("NodePort");
    service["spec"]["ports"] = json!([{"port": 80, "nodePort": 30080}]);
    let cluster = cluster(&[n1(), service, of("10.0.0.1"), of("10.0.0.2")]);
    let [twins] = &cluster.twins[..] else { panic!("twins") };
    assert_eq!(twins.called(), "EndpointSlice default/s-1");
    assert_eq!(text(&twins.addresses), ["10.96.0.1"]);
    assert_eq!(twins.fronts.iter().map(|front| front.first).collect::<Vec<_>>(), [30080]);
    assert_eq!(behind(&cluster, "s"), [""; 0]);
}
