//! Section 9.2: the conformance suite of ClusterNetworkPolicy, by the names of its tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fibula_cluster::{Cluster, Options, RangeSource};
use fibula_source::{Input, read};
use serde_json::Value;

use crate::external::case;
use crate::scene::Scene;

/// Each test, and how many probes it has.
const TESTS: [(&str, usize); 24] = [
    ("CNPAdminTierEgressInlineCIDRPeers", 27),
    ("CNPAdminTierEgressNamedPort", 2),
    ("CNPAdminTierEgressNodePeers", 5),
    ("CNPAdminTierEgressSCTP", 12),
    ("CNPAdminTierEgressTCP", 12),
    ("CNPAdminTierEgressUDP", 12),
    ("CNPAdminTierGress", 54),
    ("CNPAdminTierIngressNamedPort", 2),
    ("CNPAdminTierIngressSCTP", 12),
    ("CNPAdminTierIngressTCP", 12),
    ("CNPAdminTierIngressUDP", 12),
    ("CNPAdminTierIntegration", 12),
    ("CNPAdminTierPriorityField", 8),
    ("CNPBaselineTierEgressInlineCIDRPeers", 27),
    ("CNPBaselineTierEgressNamedPort", 2),
    ("CNPBaselineTierEgressNodePeers", 4),
    ("CNPBaselineTierEgressSCTP", 8),
    ("CNPBaselineTierEgressTCP", 8),
    ("CNPBaselineTierEgressUDP", 8),
    ("CNPBaselineTierGress", 36),
    ("CNPBaselineTierIngressNamedPort", 2),
    ("CNPBaselineTierIngressSCTP", 8),
    ("CNPBaselineTierIngressTCP", 8),
    ("CNPBaselineTierIngressUDP", 8),
];

/// The suite brings no Nodes.
const NODES: &str = "
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/os: linux}}
status: {addresses: [{type: InternalIP, address: 172.18.0.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {kubernetes.io/os: linux}}
status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
";

/// Nothing that a probe meets is open: what the suite asserts holds for every plugin.
#[test]
fn every_conformance_test_of_cluster_network_policy_is_right() {
    let Some(folder) = case("cluster-network-policy") else { return };
    let text = fs::read_to_string(folder.join("pokes.jsonl")).expect("the probes are readable");
    let mut scenes: BTreeMap<(String, String), Scene> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = vec![];
    for line in text.lines() {
        let poke: Value = serde_json::from_str(line).expect("a line is a probe");
        let (test, labels) = (word(&poke["test"]), &poke["ns_label_overrides"]);
        *counts.entry(test.to_owned()).or_default() += 1;
        let state = word(&poke["policies"]).rsplit('/').next().unwrap_or_default().to_owned();
        let key = (state, labels.to_string());
        let scene =
            scenes.entry(key).or_insert_with_key(|(state, _)| scene(&folder, state, labels));
        let pod = |end: &Value| format!("{}/{}", word(&end["ns"]), word(&end["pod"]));
        let (from, to) = (pod(&poke["from"]), pod(&poke["to"]));
        let at = format!("{}/{}", poke["port"], word(&poke["proto"]).to_uppercase());
        let told = scene.told(&from, &format!("{to}:{at}"));
        let expected = if poke["allowed"] == true { "yes" } else { "no" };
        if told != expected {
            wrong.push(format!("{test}, {}: {from} to {to}:{at} is {told}", poke["subtest"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let expected = TESTS.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(counts, expected);
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The fixture with the policies of a state, and with labels of namespaces that a probe changed.
fn scene(folder: &Path, state: &str, labels: &Value) -> Scene {
    let text = |path: &str| fs::read_to_string(folder.join(path)).expect("a file of the suite");
    let base = format!("{NODES}---\n{}", text("base-rendered.yaml"));
    let mut policies = text(&format!("states/{state}"));
    for pod in &cluster(&base).pods {
        let place = format!("$(PODIP:{}/{})", pod.namespace, pod.name);
        if let Some(ip) = pod.addresses.first() {
            policies = policies.replace(&place, &ip.to_string());
        }
    }
    assert!(!policies.contains("$("), "{state}");
    let mut cluster = cluster(&format!("{base}\n---\n{policies}"));
    for namespace in &mut cluster.namespaces {
        let Some(added) = labels[&namespace.name].as_object() else { continue };
        let old = std::mem::take(&mut namespace.labels).into_iter();
        let old = old.filter(|(key, _)| !added.contains_key(&**key));
        let new = added.iter().map(|(key, value)| (key.as_str().into(), word(value).into()));
        namespace.labels = old.chain(new).collect();
    }
    Scene::new(cluster)
}

/// What is invented here is the fixture's: addresses that pods are given, and one pod of the host
/// network on each Node.
fn cluster(manifests: &str) -> Cluster {
    let input = Input::Text { name: "fixture".to_owned(), text: manifests.to_owned() };
    let read = read(&[input]);
    assert_eq!(read.refused, []);
    let mut cluster = Cluster::new(read.objects, &Options::default());
    cluster.ranges.iter_mut().for_each(|range| range.from = RangeSource::Stated);
    cluster.pods.iter_mut().for_each(|pod| pod.invented = false);
    let hosts = cluster.pods.iter_mut().filter(|pod| pod.host_network);
    hosts.enumerate().for_each(|(i, pod)| pod.node = i % 2);
    cluster
}
