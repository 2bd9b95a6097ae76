//! What `kubectl` shows beside what the model reads: so that reading is measured on real bulk.

use serde_json::{Value, json};

use crate::object::Kind;

/// A creation time; every object has the same, because time is no part of a shape.
const TIME: &str = "2026-01-02T03:04:05Z";

/// Gives an object that only a cluster makes its `uid`, and with `padding` what else the API
/// server shows.
pub(super) fn complete(object: &mut Value, kind: Kind, index: usize, padding: bool) {
    let observed = matches!(kind, Kind::Node | Kind::Pod);
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

    containers(&mut object["spec"]["containers"]);
    let spec = json!({
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "serviceAccountName": "default",
    });
    merge(&mut object["spec"], spec);
    let states = names.iter().map(|name| {
        json!({
            "containerID": format!("containerd://{index:064x}"),
            "image": image(name),
            "name": name,
            "ready": !finished,
            "restartCount": 0,
        })
    });
    let status = json!({
        "conditions": [{"lastTransitionTime": TIME, "status": "True", "type": "Ready"}],
        "containerStatuses": states.collect::<Vec<Value>>(),
        "qosClass": "Burstable",
        "startTime": TIME,
    });
    merge(&mut object["status"], status);
}

fn containers(containers: &mut Value) {
    for container in containers.as_array_mut().into_iter().flatten() {
        let image = image(container["name"].as_str().unwrap_or_default());
        let fields = json!({
            "env": [{"name": "LOG_LEVEL", "value": "info"}],
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        });
        merge(container, fields);
    }
}

fn image(container: &str) -> String {
    format!("registry.example/{container}:1.4.2")
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
    for (key, value) in fields {
        object.entry(key).or_insert(value);
    }
}
