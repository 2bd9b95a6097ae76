//! Objects that are there twice, said in two ways (DR-21).

mod common;

use common::policies::{cluster_policy, network_policy, old_policy};
use common::*;
use fibula_cluster::Cluster;
use serde_json::{Value, json};

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
