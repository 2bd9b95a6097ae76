//! What `kubectl` shows beside what the model reads: so that reading is measured on real bulk.

use serde_json::{Map, Value, json};

use crate::object::Kind;

/// A creation time; every object has the same, because time is no part of a shape.
const TIME: &str = "2026-01-02T03:04:05Z";

/// Gives an object that was read from a cluster its `uid`, and with `padding` what else the API
/// server shows.
pub(super) fn complete(object: &mut Value, kind: Kind, index: usize, padding: bool) {
    let observed = object["metadata"].get("uid").is_some();
    if observed {
        let uid = format!("{index:08x}-0000-4000-8000-{index:012x}");
        object["metadata"]["uid"] = uid.into();
    }
    if !padding {
        return;
    }
    if observed {
        object["metadata"]["creationTimestamp"] = TIME.into();
        object["metadata"]["resourceVersion"] = (100_000 + index).to_string().into();
    }
    match kind {
        Kind::Pod => pod(object, index),
        Kind::Deployment | Kind::DaemonSet => {
            containers(&mut object["spec"]["template"]["spec"]["containers"]);
        }
        Kind::Node => node(object),
        _ => {}
    }
}

fn pod(object: &mut Value, index: usize) {
    let names: Vec<String> = object["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|container| container["name"].as_str().map(str::to_owned))
        .collect();
    let finished = object["status"]["phase"] == "Succeeded";
    let namespace = object["metadata"]["namespace"].clone();

    merge(
        &mut object["metadata"],
        json!({
            "annotations": {
                "kubernetes.io/config.seen": TIME,
                "prometheus.io/scrape": "true",
            },
        }),
    );
    containers(&mut object["spec"]["containers"]);
    merge(
        &mut object["spec"],
        json!({
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": true,
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "serviceAccount": "default",
            "serviceAccountName": "default",
            "terminationGracePeriodSeconds": 30,
            "tolerations": [
                {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists",
                    "tolerationSeconds": 300},
                {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists",
                    "tolerationSeconds": 300},
            ],
            "volumes": [{"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            ]}}],
        }),
    );
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(|kind| {
        json!({"lastProbeTime": null, "lastTransitionTime": TIME, "status": "True", "type": kind})
    });
    let states = names.iter().map(|name| {
        let image = format!("registry.example/{}/{name}:1.4.2", namespace.as_str().unwrap_or(""));
        json!({
            "containerID": format!("containerd://{index:064x}"),
            "image": image,
            "imageID": format!("{image}@sha256:{index:064x}"),
            "name": name,
            "ready": !finished,
            "restartCount": 0,
            "started": !finished,
            "state": {"running": {"startedAt": TIME}},
        })
    });
    let states: Vec<Value> = states.collect();
    merge(
        &mut object["status"],
        json!({
            "conditions": conditions,
            "containerStatuses": states,
            "qosClass": "Burstable",
            "startTime": TIME,
        }),
    );
}

fn containers(containers: &mut Value) {
    for container in containers.as_array_mut().into_iter().flatten() {
        let name = container["name"].as_str().unwrap_or_default().to_owned();
        merge(
            container,
            json!({
                "args": ["--config=/etc/config/app.yaml", "--log-level=info"],
                "env": [
                    {"name": "LOG_LEVEL", "value": "info"},
                    {"name": "DATABASE_URL", "value": "postgres://db.default.svc:5432/app"},
                    {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1",
                        "fieldPath": "status.podIP"}}},
                ],
                "image": format!("registry.example/{name}:1.4.2"),
                "imagePullPolicy": "IfNotPresent",
                "readinessProbe": {"failureThreshold": 3, "httpGet": {"path": "/ready",
                    "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1},
                "resources": {"limits": {"memory": "256Mi"},
                    "requests": {"cpu": "100m", "memory": "128Mi"}},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                    "name": "kube-api-access", "readOnly": true}],
            }),
        );
    }
}

fn node(object: &mut Value) {
    let conditions = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map(|kind| {
        let status = if kind == "Ready" { "True" } else { "False" };
        json!({"lastHeartbeatTime": TIME, "lastTransitionTime": TIME, "status": status,
            "type": kind})
    });
    merge(
        &mut object["status"],
        json!({
            "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            "conditions": conditions,
            "nodeInfo": {"architecture": "amd64", "kernelVersion": "6.12.0",
                "kubeletVersion": "v1.35.0", "operatingSystem": "linux"},
        }),
    );
}

/// Adds fields to an object; those that it has stay.
fn merge(object: &mut Value, fields: Value) {
    let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) else { return };
    let more: Map<String, Value> = fields;
    for (key, value) in more {
        object.entry(key).or_insert(value);
    }
}
