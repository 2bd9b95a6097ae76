//! What is made where the input is silent: pods of workloads, Nodes, placement, addresses.

mod common;

use common::{cluster, node, object, objects, pod, pod_names, service, text, unchecked};
use fibula_cluster::{Assumption, Cluster, ObjectId, Options, RangeKind, RangeSource};
use ipnet::IpNet;
use proptest::prelude::*;
use serde_json::{Value, json};

fn workload(kind: &str, name: &str, replicas: Value) -> Value {
    let group = if kind == "Job" || kind == "CronJob" { "batch/v1" } else { "apps/v1" };
    let api_version = if kind == "ReplicationController" { "v1" } else { group };
    let template = json!({"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}});
    let spec = match kind {
        "CronJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
        "Job" => json!({"parallelism": replicas, "template": template}),
        _ => json!({"replicas": replicas, "template": template}),
    };
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn owned(mut value: Value, kind: &str, name: &str) -> Value {
    value["metadata"]["ownerReferences"] =
        json!([{"kind": kind, "name": name, "controller": true, "apiVersion": "x", "uid": "1"}]);
    value
}

fn bare(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c"}]}})
}

#[test]
fn workloads_make_the_pods_that_the_input_lacks() {
    for (kind, replicas, expected, path) in [
        ("Deployment", Value::Null, vec!["w"], "spec.template.spec.containers[0].ports[0]"),
        ("Deployment", json!(0), vec![], ""),
        ("Deployment", json!(2), vec!["w-1", "w-2"], "spec.template.spec.containers[0].ports[0]"),
        ("ReplicaSet", json!(1), vec!["w"], "spec.template.spec.containers[0].ports[0]"),
        ("ReplicationController", json!(1), vec!["w"], "spec.template.spec.containers[0].ports[0]"),
        ("StatefulSet", json!(2), vec!["w-0", "w-1"], "spec.template.spec.containers[0].ports[0]"),
        (
            "DaemonSet",
            Value::Null,
            vec!["w-node-1", "w-node-2"],
            "spec.template.spec.containers[0].ports[0]",
        ),
        ("Job", json!(2), vec!["w-1", "w-2"], "spec.template.spec.containers[0].ports[0]"),
        (
            "CronJob",
            Value::Null,
            vec!["w"],
            "spec.jobTemplate.spec.template.spec.containers[0].ports[0]",
        ),
    ] {
        let cluster = cluster(&[workload(kind, "w", replicas)]);
        assert_eq!(pod_names(&cluster), expected, "{kind}");
        for pod in &cluster.pods {
            assert_eq!((pod.workload.kind.as_str(), pod.workload.name.as_str()), (kind, "w"));
            assert!(pod.live && pod.invented && pod.addresses.len() == 1);
            assert_eq!(cluster.path(pod.containers[0].ports[0].place), path);
        }
    }
}

#[test]
fn workloads_that_own_pods_of_the_input_make_none() {
    let replica_set = owned(workload("ReplicaSet", "w-5d9", json!(2)), "Deployment", "w");
    let job = owned(workload("Job", "w-1", json!(1)), "CronJob", "w");
    for (objects, expected, belongs) in [
        (
            vec![workload("Deployment", "w", json!(2)), replica_set.clone()],
            vec!["w-1", "w-2"],
            "Deployment/w",
        ),
        (
            vec![
                workload("Deployment", "w", json!(2)),
                replica_set.clone(),
                owned(bare("w-5d9-x"), "ReplicaSet", "w-5d9"),
            ],
            vec!["w-5d9-x"],
            "Deployment/w",
        ),
        (vec![replica_set], vec!["w-5d9-1", "w-5d9-2"], "Deployment/w"),
        (vec![workload("CronJob", "w", Value::Null), job.clone()], vec!["w"], "CronJob/w"),
        (
            vec![workload("CronJob", "w", Value::Null), job, owned(bare("w-1-x"), "Job", "w-1")],
            vec!["w-1-x"],
            "CronJob/w",
        ),
        (vec![owned(bare("static-n1"), "Node", "n1")], vec!["static-n1"], "Pod/static-n1"),
        (vec![owned(bare("p"), "CatalogSource", "c")], vec!["p"], "CatalogSource/c"),
    ] {
        let cluster = cluster(&objects);
        assert_eq!(pod_names(&cluster), expected);
        for pod in &cluster.pods {
            assert_eq!(format!("{}/{}", pod.workload.kind, pod.workload.name), belongs);
        }
    }
}

#[test]
fn a_replica_set_that_was_not_read_is_told_by_the_hash_of_its_pods() {
    for (hash, belongs) in
        [("5d9", "Deployment/w"), ("77", "ReplicaSet/w-5d9"), ("", "ReplicaSet/w-5d9")]
    {
        let mut pod = owned(bare("w-5d9-x"), "ReplicaSet", "w-5d9");
        pod["metadata"]["labels"] = json!({"pod-template-hash": hash});
        let cluster = cluster(&[pod]);
        let workload = &cluster.pods[0].workload;
        assert_eq!(format!("{}/{}", workload.kind, workload.name), belongs);
    }
}

#[test]
fn workloads_of_a_dump_make_no_pods_beside_those_of_the_dump() {
    let mut cron = workload("CronJob", "w", Value::Null);
    cron["metadata"]["uid"] = json!("1-2");
    let mut running = bare("p");
    running["status"] = json!({"phase": "Running", "podIP": "10.0.0.1"});
    assert_eq!(pod_names(&cluster(&[cron.clone(), running])), ["p"]);
    assert_eq!(pod_names(&cluster(&[cron])), ["w"]);
}

#[test]
fn names_of_made_pods_never_collide() {
    let cluster = cluster(&[
        bare("w"),
        workload("Deployment", "w", json!(1)),
        workload("Job", "w", json!(1)),
        bare("w-job"),
    ]);
    assert_eq!(pod_names(&cluster), ["w", "w-deployment", "w-job", "w-job-2"]);
}

#[test]
fn sc_1_too_many_pods_are_refused_and_never_fill_the_memory() {
    let faults = unchecked(&workload("Deployment", "w", json!(1_000_000_000))).check();
    let faults: Vec<_> = faults.iter().map(|f| (f.path.as_str(), f.got.as_str())).collect();
    assert_eq!(faults, [("spec.replicas", "1000000000")]);
    let faults = unchecked(&workload("Job", "w", json!(-1))).check();
    assert_eq!(faults[0].path, "spec.parallelism");

    let values = [
        workload("Deployment", "big", json!(150_000)),
        workload("Deployment", "also", json!(149_999)),
        workload("Deployment", "small", json!(1)),
    ];
    let cluster = cluster(&values);
    assert!(cluster.pods.len() <= 150_001);
    assert!(pod_names(&cluster).contains(&"small"));
    let capped = Assumption::Capped { asked: 300_000, made: cluster.pods.len() };
    assert!(cluster.assumptions.contains(&capped));
}

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
    let small = objects(&[bare("p")]);
    let options =
        Options { pod_ranges: vec!["198.18.7.0/24".parse().unwrap()], ..Options::default() };
    let big = objects(&[workload("Deployment", "w", json!(20_000))]);
    for (objects, options) in [(small, options), (big, Options::default())] {
        let cluster = Cluster::new(objects, &options);
        let range = cluster.ranges.iter().find(|r| r.from == RangeSource::Invented).unwrap();
        assert_eq!(range.net.to_string(), "240.0.0.0/8");
        let mut all: Vec<_> = cluster.pods.iter().flat_map(|p| &p.addresses).collect();
        assert!(all.iter().all(|address| range.net.contains(*address)));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), cluster.pods.len());
    }
}

#[test]
fn nm_12_invented_addresses_have_the_families_of_the_input() {
    let node = |cidrs: Value| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
            "spec": {"podCIDRs": cidrs}})
    };
    let service = |name: &str, spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec});
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
    ]);
    (kind, name.clone(), name, 0..4_i64, 0..3_u8, any::<bool>()).prop_map(
        |(kind, name, other, n, mode, flag)| match kind {
            "Node" => json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name},
                "status": {"addresses": [
                    {"type": "InternalIP", "address": format!("10.0.0.{n}")}]}}),
            "Service" => json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name},
                "spec": {"selector": {"app": other}, "ports": [{"port": n}],
                    "ipFamilyPolicy": if flag { "PreferDualStack" } else { "SingleStack" }}}),
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
    cluster.services.iter_mut().for_each(|service| service.object = zero);
    cluster.twins.iter_mut().for_each(|twins| twins.objects.fill(zero));
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

#[test]
fn a_service_without_an_address_gets_one_of_its_own_range() {
    let value = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}});
    object(&value);
    let cluster = cluster(&[value]);
    let range: IpNet = "198.19.0.0/16".parse().unwrap();
    assert!(range.contains(&service(&cluster, "s").cluster_ips[0]));
    assert!(service(&cluster, "s").invented);
    assert!(cluster.assumptions.contains(&Assumption::ServiceAddresses(1)));
}
