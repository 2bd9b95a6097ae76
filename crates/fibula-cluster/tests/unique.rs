//! Order, repeats, twins and faults.

mod common;

use common::policies::{cluster_policy, network_policy};
use common::*;
use fibula_cluster::{Assumption, Cluster, ObjectId, Options};
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
