//! Order, repeats, twins and faults.

mod common;

use common::policies::{cluster_policy, network_policy, old_policy};
use common::*;
use fibula_cluster::{Assumption, Cluster, ObjectId, Options, Peers};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn repeats_are_one_object_and_twins_are_none() {
    let with_ip = |ip: &str| {
        let mut pod = bare("p");
        pod["spec"]["nodeName"] = json!("n1");
        pod["status"] = json!({"phase": "Running", "podIP": ip});
        pod
    };
    let cluster = cluster(&[with_ip("10.0.0.2"), bare("q"), bare("q"), with_ip("10.0.0.1")]);
    assert_eq!(pod_names(&cluster), ["q"]);
    assert_eq!(pod(&cluster, "q").object, ObjectId(1));
    let [twins] = &cluster.twins[..] else { panic!("one pair of twins") };
    assert_eq!(
        (twins.kind, twins.namespace.as_str(), twins.name.as_str()),
        ("Pod", "default", "p")
    );
    assert_eq!(twins.objects, [ObjectId(3), ObjectId(0)]);
    assert_eq!(text(&twins.addresses), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(twins.differ, "status.podIP");
}

#[test]
fn twin_workloads_make_no_pods_and_twin_nodes_are_only_named() {
    let mut p = bare("p");
    p["spec"]["nodeName"] = json!("n1");
    let node = |ip: &str| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
            "status": {"addresses": [{"type": "InternalIP", "address": ip}]}})
    };
    let cluster = cluster(&[
        workload("Deployment", "w", json!(1)),
        workload("Deployment", "w", json!(2)),
        node("10.0.0.1"),
        node("10.0.0.2"),
        p,
    ]);
    assert_eq!(pod_names(&cluster), ["p"]);
    let twins: Vec<_> =
        cluster.twins.iter().map(|t| format!("{} {} {}", t.kind, t.name, t.differ)).collect();
    assert_eq!(twins, ["Deployment w spec.replicas", "Node n1 status.addresses[0].address"]);
    assert!(cluster.nodes[0].invented && cluster.nodes[0].object.is_none());
    assert_eq!(cluster.assumptions[0], Assumption::NamedNodes(vec!["n1".to_owned()]));
}

#[test]
fn faults_name_the_field_the_value_and_what_was_expected() {
    let pod = |ports: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c"}, {"name": "d", "ports": ports}]}})
    };
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {},
        "spec": {"podCIDR": "10.0.0.0"},
        "status": {"addresses": [{"type": "InternalIP", "address": "n1"}]}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"clusterIP": "x", "ports": [{"port": 70000, "targetPort": -1}]}});
    for (value, expected) in [
        (
            pod(json!([{"containerPort": 65536}])),
            vec!["spec.containers[1].ports[0].containerPort: 65536, a port from 1 to 65535"],
        ),
        (
            pod(json!([{"containerPort": 80}, {}])),
            vec!["spec.containers[1].ports[1].containerPort: , a port from 1 to 65535"],
        ),
        (
            pod(json!([{"containerPort": 80, "protocol": "tcp"}])),
            vec!["spec.containers[1].ports[0].protocol: tcp, TCP, UDP or SCTP"],
        ),
        (
            node,
            vec![
                "metadata.name: , a name",
                "spec.podCIDR: 10.0.0.0, a range such as 10.0.0.0/8",
                "status.addresses[0].address: n1, an IP address",
            ],
        ),
        (
            service,
            vec![
                "spec.clusterIP: x, an IP address",
                "spec.ports[0].port: 70000, a port from 1 to 65535",
                "spec.ports[0].targetPort: -1, a port from 1 to 65535",
            ],
        ),
    ] {
        let object = unchecked(&value);
        let faults = object.check();
        let faults: Vec<_> =
            faults.iter().map(|f| format!("{}: {}, {}", f.path, f.got, f.expected)).collect();
        assert_eq!(faults, expected);
        // What has faults is no reason to panic.
        Cluster::new(vec![(ObjectId(0), object)], &Options::default());
    }
}

/// Objects from few names, so that repeats, twins, owners and collisions are frequent.
fn any_object() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["a", "a-1", "a-job", "b"]);
    let kind = prop::sample::select(vec![
        "Pod",
        "Node",
        "Service",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "EndpointSlice",
        "Endpoints",
        "NetworkPolicy",
        "ClusterNetworkPolicy",
        "Namespace",
    ]);
    (kind, name.clone(), name, 0..4_i64, 0..3_u8, any::<bool>()).prop_map(
        |(kind, name, other, n, mode, flag)| match kind {
            "Node" => json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name},
                "status": {"addresses": [
                    {"type": "InternalIP", "address": format!("10.0.0.{n}")}]}}),
            "Service" => json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name},
                "spec": {"selector": {"app": other}, "ports": [{"port": n}],
                    "ipFamilyPolicy": if flag { "PreferDualStack" } else { "SingleStack" }}}),
            "EndpointSlice" => json!({"apiVersion": "discovery.k8s.io/v1", "kind": kind,
                "metadata": {"name": name, "labels": {"kubernetes.io/service-name": other}},
                "addressType": "IPv4", "ports": [{"port": n}],
                "endpoints": [{"addresses": [format!("10.1.0.{n}")],
                    "conditions": {"ready": flag}}]}),
            "Endpoints" => json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name},
                "subsets": [{"addresses": [{"ip": format!("10.1.0.{n}")}],
                    "ports": [{"port": n}]}]}),
            "Namespace" => json!({"apiVersion": "v1", "kind": kind,
                "metadata": {"name": name, "labels": {"team": other}}}),
            "NetworkPolicy" => network_policy(json!({
                "podSelector": {"matchLabels": {"app": other}},
                "ingress": [{"ports": [{"port": n + 1}], "from": [{"podSelector": {}}]}]})),
            "ClusterNetworkPolicy" => cluster_policy(json!({"priority": n, "egress": [
                {"action": (if flag { "Deny" } else { "Pass" }),
                    "to": [{"namespaces": {"matchLabels": {"team": other}}}]}]})),
            "Pod" => {
                let mut pod = bare(name);
                pod["metadata"]["labels"] = json!({"app": other});
                pod["spec"]["hostNetwork"] = json!(flag);
                if mode > 0 {
                    pod["spec"]["nodeName"] = json!(other);
                    pod["status"] = json!({"podIP": format!("10.1.0.{n}"),
                        "phase": (if mode == 1 { "Running" } else { "Failed" })});
                }
                if flag { owned(pod, "ReplicaSet", other) } else { pod }
            }
            _ => {
                let made = workload(kind, name, json!(n));
                if flag { owned(made, "Deployment", other) } else { made }
            }
        },
    )
}

/// The cluster without its numbers of objects, which are all that order may decide.
fn numbered(mut cluster: Cluster) -> Cluster {
    let zero = ObjectId(0);
    cluster.namespaces.iter_mut().for_each(|ns| ns.object = ns.object.map(|_| zero));
    cluster.nodes.iter_mut().for_each(|node| node.object = node.object.map(|_| zero));
    for service in &mut cluster.services {
        service.object = zero;
        service.endpoints.iter_mut().for_each(|endpoint| endpoint.object = zero);
    }
    cluster.twins.iter_mut().for_each(|twins| twins.objects.fill(zero));
    for policy in &mut cluster.policies {
        policy.object = zero;
        // Rules that are ignored mean nothing, and are told all the same.
        policy.ignored = Default::default();
        for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
            rule.place.object = zero;
            if let Peers::Of(peers) = &mut rule.peers {
                peers.iter_mut().for_each(|peer| peer.place.object = zero);
            }
        }
    }
    cluster.makers.iter_mut().for_each(|maker| maker.0 = zero);
    cluster.makers.sort();
    for pod in &mut cluster.pods {
        pod.object = zero;
        for container in &mut pod.containers {
            container.place.object = zero;
            container.ports.iter_mut().for_each(|port| port.place.object = zero);
        }
    }
    cluster
}

proptest! {
    #[test]
    fn order_and_repeats_never_matter(
        (values, shuffled) in prop::collection::vec(any_object(), 0..14).prop_flat_map(|values| {
            let twice: Vec<_> = values.iter().chain(&values).cloned().collect();
            (Just(values), Just(twice).prop_shuffle())
        })
    ) {
        let read = |values: &[Value]| {
            let objects = (0..).map(ObjectId).zip(values.iter().map(unchecked)).collect();
            numbered(Cluster::new(objects, &Options::default()))
        };
        prop_assert_eq!(read(&values), read(&shuffled));
    }

    #[test]
    fn every_pod_has_a_node_and_names_are_sorted_and_unique(
        values in prop::collection::vec(any_object(), 0..14)
    ) {
        let objects = (0..).map(ObjectId).zip(values.iter().map(unchecked)).collect();
        let cluster = Cluster::new(objects, &Options::default());
        prop_assert!(cluster.pods.iter().all(|pod| pod.node < cluster.nodes.len()));
        let sorted = cluster.pods.windows(2).all(|pair| {
            (&pair[0].namespace, &pair[0].name) < (&pair[1].namespace, &pair[1].name)
        });
        prop_assert!(sorted);
        prop_assert!(cluster.services.iter().flat_map(|s| &s.selects).all(|&i| i < cluster.pods.len()));
    }
}

/// An object, and the same with what the API server adds, or written another way.
fn said_twice() -> Vec<(Value, Value)> {
    let container = |port: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "ports": [port]}]}})
    };
    let status = |status: Value| {
        let mut pod = bare("p");
        pod["status"] = status;
        pod
    };
    let with = |mut value: Value, path: &str, field: Value| {
        *value.pointer_mut(path).unwrap() = field;
        value
    };
    let node = |spec: Value, addresses: Value| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": spec,
            "status": {"addresses": addresses}})
    };
    let service = |spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec});
    let slice = |endpoints: Value| {
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
            "addressType": "IPv4", "endpoints": endpoints})
    };
    let ip = json!({"type": "InternalIP", "address": "10.0.0.1"});
    let name = json!({"type": "Hostname", "address": "n"});
    let mut sidecar = bare("p");
    sidecar["spec"]["containers"][0]["restartPolicy"] = json!("Always");
    let web = |kind: &str, replicas| workload(kind, "w", replicas);
    vec![
        (bare("p"), with(bare("p"), "/metadata", json!({"name": "p", "namespace": "default"}))),
        (
            container(json!({"containerPort": 80})),
            container(json!({"containerPort": 80, "protocol": "TCP", "name": null})),
        ),
        (bare("p"), sidecar),
        (
            status(json!({"phase": "Running", "podIP": "10.0.0.1", "hostIP": "10.1.0.1"})),
            status(json!({"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}],
                "hostIPs": [{"ip": "10.1.0.1"}], "hostIP": "10.1.0.1"})),
        ),
        (web("Deployment", json!(1)), web("Deployment", Value::Null)),
        (web("Job", json!(1)), web("Job", Value::Null)),
        (web("DaemonSet", json!(3)), web("DaemonSet", Value::Null)),
        (
            node(json!({"podCIDR": "10.0.0.0/24"}), json!([ip])),
            node(json!({"podCIDRs": ["10.0.0.0/24"]}), json!([name, ip])),
        ),
        (
            service(json!({"ports": [{"port": 80}]})),
            service(json!({"type": "ClusterIP", "ipFamilyPolicy": "SingleStack",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]})),
        ),
        (
            service(json!({"clusterIP": "10.96.0.1", "ports": [{"port": 80}]})),
            service(json!({"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"],
                "ports": [{"port": 80}],
                "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})),
        ),
        (
            service(json!({"type": "LoadBalancer", "sessionAffinity": "ClientIP",
                "ports": [{"port": 80}]})),
            service(json!({"type": "LoadBalancer", "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
                "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": true, "ports": [{"port": 80}]})),
        ),
        (
            service(json!({"trafficDistribution": "PreferClose", "ports": [{"port": 80}]})),
            service(json!({"trafficDistribution": "PreferSameZone", "sessionAffinity": "None",
                "ports": [{"port": 80}]})),
        ),
        (
            slice(
                json!([{"addresses": ["10.0.0.1"], "topology": {"kubernetes.io/hostname": "n"}}]),
            ),
            slice(json!([{"addresses": ["10.0.0.1", "10.0.0.2"], "nodeName": "n", "conditions":
                {"ready": true, "serving": true, "terminating": false}}])),
        ),
        (
            service(json!({"clusterIP": "None"})),
            service(json!({"clusterIPs": ["None"], "clusterIP": "None"})),
        ),
        (
            network_policy(json!({"podSelector": {}, "egress": [], "ingress": [
                {"ports": [{"port": 80}], "from": []}]})),
            network_policy(json!({"policyTypes": ["Ingress"], "egress": [{}], "ingress": [
                {"ports": [{"port": 80, "endPort": 80, "protocol": "TCP"}],
                    "to": [{"podSelector": {}}]}]})),
        ),
        (
            network_policy(json!({"podSelector": {"matchExpressions": [
                {"key": "a", "operator": "Exists"},
                {"key": "b", "operator": "In", "values": ["x", "y"]}]}})),
            network_policy(json!({"podSelector": {"matchExpressions": [
                {"key": "b", "operator": "In", "values": ["y", "x", "x"]},
                {"key": "a", "operator": "Exists"}]}})),
        ),
        (
            old_policy(
                "AdminNetworkPolicy",
                json!({"egress": [{"action": "Deny",
                "to": [{"pods": {"namespaceSelector": {}}}],
                "ports": [{"portNumber": {"port": 80}}]}]}),
            ),
            old_policy(
                "AdminNetworkPolicy",
                json!({"tier": "Baseline", "egress": [
                {"action": "Deny", "from": [{}], "protocols": [],
                    "to": [{"pods": {"podSelector": {}}}],
                    "ports": [{"portNumber": {"port": 80, "protocol": "TCP"}}]}]}),
            ),
        ),
    ]
}

#[test]
fn dr_21_a_default_that_is_written_out_contradicts_nothing() {
    // How something is written may be odd, whatever it means.
    let meant = |values: &[Value]| Cluster { oddities: vec![], ..numbered(cluster(values)) };
    for (short, long) in said_twice() {
        let alone = meant(std::slice::from_ref(&short));
        assert_eq!(alone.twins, [], "{short}");
        for values in [[&short, &long], [&long, &short], [&long, &long]] {
            let both = meant(&values.map(Clone::clone));
            assert_eq!(both, alone, "{values:?}");
        }
    }
}

#[test]
fn dr_21_what_the_model_reads_still_contradicts() {
    let port = |port: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "ports": [port]}]}})
    };
    for (a, b, differ) in [
        (
            port(json!({"containerPort": 80})),
            port(json!({"containerPort": 80, "protocol": "UDP"})),
            "spec.containers[0].ports[0].protocol",
        ),
        (
            port(json!({"containerPort": 80})),
            port(json!({"containerPort": 80, "hostPort": 80})),
            "spec.containers[0].ports[0].hostPort",
        ),
        (
            workload("Deployment", "w", Value::Null),
            workload("Deployment", "w", json!(2)),
            "spec.replicas",
        ),
        (
            network_policy(json!({"ingress": []})),
            network_policy(json!({"ingress": [{}]})),
            "spec.ingress",
        ),
        (
            network_policy(json!({"ingress": [{"from": [{"podSelector": {}}]}]})),
            network_policy(json!({"ingress": [{"from": [{"namespaceSelector": {}}]}]})),
            "spec.ingress[0].from[0].namespaceSelector",
        ),
        (
            cluster_policy(json!({"priority": 1})),
            cluster_policy(json!({"priority": 2})),
            "spec.priority",
        ),
    ] {
        let cluster = cluster(&[a, b]);
        assert_eq!(cluster.policies, []);
        let found: Vec<_> = cluster.twins.iter().map(|twins| twins.differ.as_str()).collect();
        assert_eq!(found, [differ]);
    }
}
