//! What is written is read again, and says the same.

mod common;

use fibula_cluster::api::Given;
use fibula_cluster::generate::{Format, Shape, objects};
use fibula_cluster::{Cluster, Dump, Keep, Missing, Object, ObjectId, Options, Reading, reading};
use proptest::prelude::*;
use serde_json::{Value, json};

use common::object;

const ALL: Keep<'static> = &|_, _| true;

/// The objects of a dump, as JSON.
fn written(dump: &Dump<'_>) -> Vec<Value> {
    let mut bytes = vec![];
    dump.write(Format::Json, &mut bytes).expect("memory takes it");
    let list: Value = serde_json::from_slice(&bytes).expect("it is JSON");
    list["items"].as_array().expect("it is a List").clone()
}

fn again(objects: &[(ObjectId, Object)], with_env: bool) -> Vec<(ObjectId, Object)> {
    let keep = with_env.then_some(ALL);
    let dump = Dump { objects, missing: &[], keep };
    common::objects(&written(&dump))
}

/// With `Debug`, which tells apart even what objects call equal: mentions, and whether there is a uid.
fn same(value: &Value) {
    let before = vec![(ObjectId(0), object(value))];
    assert_eq!(format!("{:?}", again(&before, true)), format!("{before:?}"), "{value}");
}

#[test]
fn every_kind_says_the_same_when_it_is_read_again() {
    let spec = json!({"hostNetwork": true, "nodeName": "n1", "hostname": "h", "subdomain": "s",
        "dnsPolicy": "None",
        "initContainers": [{"name": "i", "restartPolicy": "Always"}],
        "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 80,
            "hostPort": 8080, "hostIP": "10.0.0.1", "protocol": "UDP"}]}]});
    let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": spec});
    let meta = |name: &str| {
        json!({"name": name, "namespace": "shop", "uid": "x",
        "labels": {"app": "a"}, "annotations": {"a": "b",
            "service.kubernetes.io/topology-mode": "Auto"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": true}]})
    };
    let of = |api_version: &str, kind: &str, body: Value| {
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": meta("a")});
        for (key, value) in body.as_object().expect("a mapping") {
            object[key] = value.clone();
        }
        object
    };
    let conditions = json!([{"type": "Ready", "status": "False"}]);
    let workload = |replicas: Value| json!({"spec": {"replicas": replicas, "template": template}});
    let all = [
        of("v1", "Namespace", json!({})),
        of(
            "v1",
            "Node",
            json!({"spec": {"podCIDRs": ["10.1.0.0/24"]}, "status": {"addresses":
            [{"type": "InternalIP", "address": "10.0.0.1"}]}}),
        ),
        of(
            "v1",
            "Pod",
            json!({"spec": spec, "status": {"phase": "Running", "podIP": "10.0.0.1",
            "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}], "hostIP": "10.0.0.1",
            "conditions": conditions}}),
        ),
        of(
            "v1",
            "Service",
            json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"], "ipFamilies": ["IPv4"], "selector": {"app": "a"},
            "ports": [{"port": 80, "targetPort": "http", "nodePort": 30080}],
            "allocateLoadBalancerNodePorts": false, "sessionAffinity": "ClientIP",
            "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}},
            "loadBalancerSourceRanges": ["10.0.0.0/8"]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "Proxy"}]}}}),
        ),
        of("apps/v1", "Deployment", workload(json!(0))),
        of("apps/v1", "Deployment", workload(Value::Null)),
        of("apps/v1", "DaemonSet", workload(Value::Null)),
        of("apps/v1", "StatefulSet", workload(json!(3))),
        of("batch/v1", "Job", json!({"spec": {"parallelism": 2, "template": template}})),
        of(
            "batch/v1",
            "CronJob",
            json!({"spec": {"jobTemplate": {"spec": {"template": template}}}}),
        ),
        of("networking.k8s.io/v1", "ServiceCIDR", json!({"spec": {"cidrs": ["10.96.0.0/16"]}})),
        of(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            json!({"addressType": "IPv4",
            "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": false,
                "serving": true}, "hints": {"forZones": [{"name": "z"}]}, "nodeName": "n1",
                "targetRef": {"kind": "Pod", "name": "a"}}]}),
        ),
        of(
            "v1",
            "Endpoints",
            json!({"subsets": [{"addresses": [{"ip": "10.0.0.1"}],
            "ports": [{"port": 80}]}]}),
        ),
    ];
    all.iter().for_each(same);
}

/// Absent and empty mean different things.
#[test]
fn policies_say_the_same_when_they_are_read_again() {
    let specs = [
        json!({"podSelector": {}}),
        json!({"podSelector": {}, "policyTypes": ["Egress"]}),
        json!({"podSelector": {}, "ingress": [{}], "egress": []}),
        json!({"podSelector": {"matchLabels": {"a": ""}}, "ingress": [{"from": [{"podSelector": {}}]}]}),
        json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}},
            {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
                "namespaceSelector": {"matchLabels": {"b": "c"}}}]}]}),
        json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8",
            "except": ["10.1.0.0/16"]}}], "ports": [{"port": "http"}, {"protocol": "UDP"},
            {"port": 80, "endPort": 90}]}]}),
    ];
    for spec in specs {
        same(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "p", "namespace": "shop"}, "spec": spec}));
    }
    same(
        &json!({"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "p"}, "spec": {"tier": "Admin", "priority": 0,
            "subject": {"namespaces": {}},
            "ingress": [{"name": "r", "action": "Deny", "from": [{"pods": {"namespaceSelector": {},
                "podSelector": {"matchLabels": {"a": "b"}}}}]}],
            "egress": [{"action": "Pass", "to": [{"networks": ["10.0.0.0/8"]}]}]}}),
    );
    same(&json!({"apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "BaselineAdminNetworkPolicy", "metadata": {"name": "default"},
        "spec": {"subject": {"pods": {"namespaceSelector": {}, "podSelector": {}}},
            "ingress": [{"action": "Allow", "from": [{"namespaces": {}}],
                "ports": [{"portNumber": {"protocol": "TCP", "port": 80}},
                    {"portRange": {"start": 1, "end": 5}}, {"namedPort": "http"}]}]}}));
}

fn naming() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c",
            "env": [{"name": "DSN", "value": "postgres://me:secret@db:5432,db2:5432/main?key=hidden"},
                {"name": "CACHE_HOST", "value": "cache"}, {"name": "CACHE_PORT", "value": "6379"},
                {"name": "TOKEN", "value": "hidden"}],
            "command": ["run", "--password=hidden"], "args": ["--to=http://api/x?token=hidden"]}]}})
}

#[test]
fn values_of_environments_are_left_out_but_for_addresses_that_are_asked_for() {
    let before = vec![(ObjectId(0), object(&naming()))];
    let dump = |keep| written(&Dump { objects: &before, missing: &[], keep })[0].clone();
    let without = &dump(None)["spec"]["containers"][0];
    assert_eq!(without, &json!({"name": "c", "env": [{"name": "CACHE_HOST"}, {"name": "DSN"}]}));
    let with = &dump(Some(ALL))["spec"]["containers"][0];
    let expected = json!({"name": "c", "args": ["api:80"],
        "env": [{"name": "CACHE_HOST", "value": "cache:6379"},
            {"name": "DSN", "value": "db:5432,db2:5432"}]});
    assert_eq!(with, &expected);
    assert_eq!(Dump { objects: &before, missing: &[], keep: None }.naming(), 1);
    // Only what is to be kept, and of what is not not even by whom.
    let keep: Keep<'_> = &|namespace, host| namespace == "default" && host == "db2";
    let some = &dump(Some(keep))["spec"]["containers"][0];
    assert_eq!(some, &json!({"name": "c", "env": [{"name": "DSN", "value": "db2:5432"}]}));
    // All that is named is still named, by the same.
    let cluster = |objects| format!("{:?}", Cluster::new(objects, &Options::default()).pods);
    assert_eq!(cluster(again(&before, true)), cluster(before));
}

#[test]
fn what_is_missing_is_noted_and_is_no_object() {
    let one = Missing { api_version: "v1", kind: "Gateway", namespace: "shop", name: "front" };
    let all = Missing { api_version: "x/v1", kind: "Policy", namespace: "", name: "" };
    let noted = written(&Dump { objects: &[], missing: &[one, all], keep: None });
    let text = |value: &Value, key: &str| value[key].as_str().expect("a text").to_owned();
    for (value, names) in
        noted.iter().zip([json!({"namespace": "shop", "name": "front"}), json!({})])
    {
        let kind = reading(&text(value, "apiVersion"), &text(value, "kind"));
        assert_eq!((kind, &value["metadata"]), (Reading::Missing, &names));
    }
}

proptest! {
    /// Whatever cluster it is.
    #[test]
    fn a_dump_gives_the_same_cluster(
        seed in 0..u64::MAX,
        workloads: bool,
        dual_stack: bool,
        dumped: bool,
    ) {
        let shape =
            Shape { workloads, dual_stack, pods: 20, services: 8, seed, ..Shape::of_nodes(3) };
        let mut before = objects(&shape);
        // With a uid a workload makes no pods, where pods were read from the cluster too.
        let other = objects(&Shape { workloads: dumped, seed: seed / 2, ..shape });
        before.extend((before.len() as u32..).map(ObjectId).zip(other.into_iter().map(|(_, o)| o)));
        for (_, object) in &mut before {
            match object {
                Object::Workload(_, o) => o.metadata.uid = Given(dumped),
                Object::Service(o) => o.metadata.uid = Given(dumped),
                _ => {}
            }
        }
        let after = again(&before, false);
        let cluster = |objects| format!("{:?}", Cluster::new(objects, &Options::default()));
        prop_assert_eq!(cluster(before), cluster(after));
    }
}
