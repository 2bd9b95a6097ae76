//! How fast pods are read: `cargo run --release -p fibula-source --example throughput [MB]`.
//!
//! Generates that many megabytes (50) of pods of some 4 KB, as `kubectl get -o yaml|json` writes
//! them and prints megabytes a second. With
//! `RAYON_NUM_THREADS=1` it is the speed of one core.
#![allow(clippy::print_stdout, reason = "it is a program that prints a table")]

use std::fmt::Write;
use std::time::Instant;

use fibula_source::{Input, read};

fn main() {
    let megabytes: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(50);
    let count = megabytes * 1_000_000 / yaml(0).len();
    let documents: Vec<String> = (0..count).map(yaml).collect();
    let item = |pod: &String| {
        let mut lines = pod.lines();
        let first = lines.next().unwrap_or_default();
        lines.fold(format!("- {first}\n"), |mut text, line| {
            let _ = writeln!(text, "  {line}");
            text
        })
    };
    let list = documents.iter().map(item).collect::<String>();
    let jsons: Vec<String> = (0..count).map(json).collect();
    let table = [
        ("YAML documents", "p.yaml", documents.join("---\n")),
        ("YAML List", "l.yaml", format!("apiVersion: v1\nitems:\n{list}kind: List\n")),
        ("JSON lines", "p.json", jsons.concat().replace("\n", "") + "\n"),
        (
            "JSON List",
            "l.json",
            format!(
                "{{\"apiVersion\": \"v1\", \"items\": [{}], \"kind\": \"List\"}}",
                jsons.join(",\n")
            ),
        ),
    ];
    drop((documents, list, jsons));
    for (what, name, text) in table {
        let path = std::env::temp_dir().join(format!("fibula-{}-{name}", std::process::id()));
        let megabytes = text.len() as f64 / 1e6;
        if std::fs::write(&path, text).is_err() {
            continue;
        }
        let (start, before) = (Instant::now(), processor_seconds());
        let read = read(&[Input::Path(path.clone())]);
        let seconds = start.elapsed().as_secs_f64();
        let processor = processor_seconds() - before;
        let _ = std::fs::remove_file(&path);
        println!(
            "{what:15} {megabytes:6.1} MB  {:6.0} MB/s  {:6.0} MB/s of processor time  {} objects, \
             {} refused",
            megabytes / seconds,
            megabytes / processor,
            read.objects.len(),
            read.refused.len(),
        );
    }
}

/// The processor time of this process so far, where the system tells it: it counts 10 ms steps.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A pod as `kubectl get -o yaml` writes it.
fn yaml(index: usize) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  creationTimestamp: \"2026-01-01T00:00:00Z\"\n  \
         generateName: web-{index}-\n  labels:\n    app: web-{}\n    pod-template-hash: 6d5f8c\n  \
         name: web-{index}\n  namespace: ns-{}\n  ownerReferences:\n  - apiVersion: apps/v1\n    \
         blockOwnerDeletion: true\n    controller: true\n    kind: ReplicaSet\n    name: web-6d5f8c\n    \
         uid: 0b1c2d3e-0000-4000-8000-{index:012}\n  resourceVersion: \"{index}\"\nspec:\n  containers:\n",
        index % 100,
        index % 50,
    );
    for name in ["main", "proxy"] {
        let _ = write!(text, "  - args:\n    - --listen=:8080\n    - --log=info\n    env:\n");
        for variable in 0..12 {
            let _ = write!(
                text,
                "    - name: VARIABLE_{variable}\n      value: http://service-{variable}.svc:8080/\n"
            );
        }
        let _ = write!(
            text,
            "    image: registry.example.org/team/{name}:v1.2.3\n    imagePullPolicy: IfNotPresent\n    \
             livenessProbe:\n      failureThreshold: 3\n      httpGet:\n        path: /healthz\n        \
             port: http\n        scheme: HTTP\n      periodSeconds: 10\n    name: {name}\n    ports:\n    \
             - containerPort: 80{}\n      name: http\n      protocol: TCP\n    resources:\n      limits:\n        \
             cpu: 500m\n        memory: 128Mi\n      requests:\n        cpu: 100m\n        memory: 64Mi\n    \
             terminationMessagePath: /dev/termination-log\n    volumeMounts:\n    \
             - mountPath: /var/run/secrets/kubernetes.io/serviceaccount\n      name: kube-api-access\n      \
             readOnly: true\n",
            if name == "main" { 80 } else { 81 },
        );
    }
    let _ = write!(
        text,
        "  dnsPolicy: ClusterFirst\n  nodeName: node-{}\n  restartPolicy: Always\n  tolerations:\n  \
         - effect: NoExecute\n    key: node.kubernetes.io/not-ready\n    operator: Exists\n    \
         tolerationSeconds: 300\n  volumes:\n  - name: kube-api-access\n    projected:\n      \
         defaultMode: 420\nstatus:\n  conditions:\n",
        index % 500,
    );
    for kind in ["Initialized", "Ready", "ContainersReady", "PodScheduled"] {
        let _ = write!(
            text,
            "  - lastProbeTime: null\n    lastTransitionTime: \"2026-01-01T00:00:00Z\"\n    \
             status: \"True\"\n    type: {kind}\n"
        );
    }
    let _ = write!(
        text,
        "  hostIP: 10.0.0.{}\n  phase: Running\n  podIP: 10.{}.{}.{}\n  podIPs:\n  - ip: 10.{}.{}.{}\n  \
         qosClass: Burstable\n",
        index % 250,
        index >> 16,
        index >> 8 & 255,
        index & 255,
        index >> 16,
        index >> 8 & 255,
        index & 255,
    );
    text
}

/// The same pod as `kubectl get -o json` writes it: shorter, one container.
fn json(index: usize) -> String {
    let variables: Vec<String> = (0..20)
        .map(|variable| {
            format!(
                "                        {{\n                            \"name\": \"VARIABLE_{variable}\",\n                            \
                 \"value\": \"http://service-{variable}.svc:8080/\"\n                        }}"
            )
        })
        .collect();
    format!(
        "        {{\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Pod\",\n            \
         \"metadata\": {{\n                \"labels\": {{\n                    \"app\": \"web-{}\"\n                }},\n                \
         \"name\": \"web-{index}\",\n                \"namespace\": \"ns-{}\"\n            }},\n            \
         \"spec\": {{\n                \"containers\": [\n                    {{\n                    \"env\": [\n{}\n                    ],\n                    \
         \"name\": \"main\",\n                    \"ports\": [\n                        {{\n                            \
         \"containerPort\": 8080,\n                            \"protocol\": \"TCP\"\n                        }}\n                    ]\n                    }}\n                ],\n                \
         \"nodeName\": \"node-{}\"\n            }},\n            \"status\": {{\n                \"phase\": \"Running\",\n                \
         \"podIP\": \"10.{}.{}.{}\"\n            }}\n        }}\n",
        index % 100,
        index % 50,
        variables.join(",\n"),
        index % 500,
        index >> 16,
        index >> 8 & 255,
        index & 255,
    )
}
