//! Pods that workloads make.

mod common;

use common::*;
use fibula_cluster::Assumption;
use serde_json::{Value, json};

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
