//! What compares `diff` with `walk` notices where they differ.

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent};
use fibula_network::{Action, Reason, TableId};
use fibula_source::{Input, read};

use crate::{Scene, callers, pairs, used, world};

const SMALL: &str = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: a}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: b}}}
- apiVersion: v1
  kind: Node
  metadata: {name: n1}
  status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: a, name: p1, labels: {app: p1}}
  spec:
    nodeName: n1
    containers: [{name: c, ports: [{name: web, containerPort: 80}]}]
  status: {podIP: 10.0.1.1}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p2, labels: {app: p2}}, \
   spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.1.2}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: b, name: p3}, \
   spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.2.3}}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {namespace: a, name: p1}
  spec:
    podSelector: {matchLabels: {app: p1}}
    policyTypes: [Ingress, Egress]
    ingress:
    - {from: [{podSelector: {matchLabels: {app: p2}}}], ports: [{port: web}]}
    egress:
    - {to: [{ipBlock: {cidr: 10.0.0.0/16}}], ports: [{port: 81}]}
";

const MORE: &str = "\
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: admin}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {matchLabels: {team: b}}}
  ingress:
  - {action: Deny, from: [{namespaces: {matchLabels: {team: a}}}]}
";

fn cluster(text: &str) -> Cluster {
    let read = read(&[Input::Text { name: "small.yaml".to_owned(), text: text.to_owned() }]);
    assert_eq!(read.refused, []);
    Cluster::new(read.objects, &Options::default())
}

/// Each filter that is lost, or does the contrary, in either network, is noticed.
#[test]
fn a_planted_fault_is_noticed() {
    let old = cluster(SMALL);
    let new =
        SMALL.replace("port: web}", "port: web}, {port: 8080}").replace("10.0.0.0/16", "8.0.0.0/6");
    let new = cluster(&format!("{new}{MORE}"));
    let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
    let right = || Scene::new([&old, &new], [&intent; 2]);
    pairs::every(&right()).expect("they agree as long as nothing is planted");
    assert!(right().diff.is_different());
    let mut planted = 0;
    for side in 0..2 {
        let whole = right().networks[side].clone();
        let chains = whole.tables.iter().filter_map(|table| table.chains.as_ref());
        let mut filters: Vec<TableId> = chains.flat_map(|chains| chains.lists.concat()).collect();
        filters.sort_unstable();
        filters.dedup();
        for table in filters {
            for index in 0..whole.table(table).entries.len() {
                let mut scene = right();
                let entry = &mut scene.networks[side].tables[table.0 as usize].entries[index];
                let what = format!("{side} {} {index} {entry:?}", whole.table(table).name);
                // What a pod sends itself by a Service is not asked.
                if entry.origin.rule == "DR-4" {
                    continue;
                }
                match entry.action {
                    Action::Discard(_) => {
                        scene.networks[side].tables[table.0 as usize].entries.remove(index);
                    }
                    _ => entry.action = Action::Discard(Reason::Policy),
                }
                assert!(pairs::every(&scene).is_err(), "{what}");
                planted += 1;
            }
        }
    }
    assert!(planted > 10, "{planted}");
}

const NODE_PORT: &str = "\
---
apiVersion: v1
kind: Service
metadata: {namespace: a, name: p1}
spec:
  type: NodePort
  selector: {app: p1}
  ports: [{port: 80, nodePort: 30080}]
";

/// An entry that leads elsewhere, or nowhere, in either network, is noticed by those who come by it.
#[test]
fn a_planted_fault_is_noticed_where_pods_come_as_the_world_does() {
    let text = format!("{SMALL}{NODE_PORT}");
    let old = cluster(&text);
    let new = cluster(&text.replace("port: web}", "port: 81}"));
    let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
    let right = || Scene::new([&old, &new], [&intent; 2]);
    callers::agree(&right(), [&old, &new]).expect("they agree as long as nothing is planted");
    assert!(right().diff.doors.iter().any(|door| !door.callers.is_empty()));
    for side in 0..2 {
        let mut scene = right();
        for table in &mut scene.networks[side].tables {
            table.entries.retain(|entry| !matches!(entry.action, Action::Rewrite { .. }));
        }
        assert!(callers::agree(&scene, [&old, &new]).is_err(), "{side}");
    }
    let mut scene = right();
    scene.diff.doors.iter_mut().for_each(|door| door.callers.clear());
    assert!(callers::agree(&scene, [&old, &new]).is_err());
}

/// Who can use a Service, and where the world comes in, is noticed where it is not told.
#[test]
fn what_is_not_told_of_a_service_is_noticed() {
    let two = SMALL.replace("  spec:\n    nodeName: n1\n", "  spec:\n    nodeName: n2\n");
    let node = "- apiVersion: v1\n  kind: Node\n  metadata: {name: n2}\n  \
                status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}\n";
    let open = SMALL.find("- apiVersion: networking").expect("a policy");
    let text = format!("{}{node}{NODE_PORT}", &two[..open]);
    let local =
        "  externalTrafficPolicy: Local\n  internalTrafficPolicy: Local\n  type: NodePort\n";
    let old = cluster(&text);
    let new = cluster(&text.replace("  type: NodePort\n", local));
    let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
    let right = || Scene::new([&old, &new], [&intent; 2]);
    world::agree(&right(), [&old, &new]).expect("they agree as long as nothing is planted");
    used::agree(&right(), [&old, &new]).expect("they agree as long as nothing is planted");
    let mut scene = right();
    scene.diff.doors.clear();
    assert!(world::agree(&scene, [&old, &new]).is_err());
    scene.diff.services.clear();
    assert!(used::agree(&scene, [&old, &new]).is_err());
    for side in 0..2 {
        let mut scene = right();
        for table in &mut scene.networks[side].tables {
            table.entries.retain(|entry| !matches!(entry.action, Action::Rewrite { .. }));
        }
        assert!(world::agree(&scene, [&old, &new]).is_err(), "{side}");
    }
}
