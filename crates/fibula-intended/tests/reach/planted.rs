//! What compares `reach` with `walk` notices where they differ.

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent, network};
use fibula_network::*;
use fibula_source::{Input, read};

use crate::{Scene, doors, everything, pairs, services};

const SMALL: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {role: a}}, status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: a}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: b}}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p1, labels: {app: p1}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}, status: {podIP: 10.0.1.1}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p2, labels: {app: p2}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.1.2}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: b, name: p3, labels: {app: p3}}, spec: {nodeName: n2, containers: [{name: c}]}, status: {podIP: 10.0.2.3}}
- {apiVersion: v1, kind: Service, metadata: {namespace: a, name: s}, spec: {type: NodePort, clusterIP: 10.96.0.1, selector: {app: p1}, ports: [{port: 80, nodePort: 30080}]}}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {namespace: a, name: p1}
  spec:
    podSelector: {matchLabels: {app: p1}}
    policyTypes: [Ingress, Egress]
    ingress:
    - {from: [{podSelector: {matchLabels: {app: p2}}}], ports: [{port: web}]}
    - {from: [{ipBlock: {cidr: 198.51.0.0/16}}]}
    egress:
    - {to: [{ipBlock: {cidr: 10.0.0.0/16}}], ports: [{port: 81}]}
- apiVersion: policy.networking.k8s.io/v1alpha2
  kind: ClusterNetworkPolicy
  metadata: {name: admin}
  spec:
    tier: Admin
    priority: 1
    subject: {namespaces: {matchLabels: {team: b}}}
    ingress:
    - {action: Deny, from: [{namespaces: {matchLabels: {team: a}}}]}
    egress:
    - {action: Deny, to: [{nodes: {matchLabels: {role: a}}}]}
";

/// Each filter that is lost, or does the contrary, is noticed by one of the comparisons.
#[test]
fn a_planted_fault_is_noticed() {
    let objects = read(&[Input::Text { name: "small.yaml".to_owned(), text: SMALL.to_owned() }]);
    assert_eq!(objects.refused, []);
    let cluster = Cluster::new(objects.objects, &Options::default());
    let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
    let right = || Scene::new(cluster.clone(), &intent, &everything(&cluster));
    let agree = |scene: &Scene| {
        pairs::every(scene).and_then(|()| services::agree(scene)).and_then(|()| doors::agree(scene))
    };
    agree(&right()).expect("they agree as long as nothing is planted");
    let whole = network(&cluster, &intent);
    let chains = whole.tables.iter().filter_map(|table| table.chains.as_ref());
    let mut filters: Vec<TableId> = chains.flat_map(|chains| chains.lists.concat()).collect();
    filters.sort_unstable();
    filters.dedup();
    let mut planted = 0;
    for table in filters {
        for index in 0..whole.table(table).entries.len() {
            let mut scene = right();
            let entry = &mut scene.network.tables[table.0 as usize].entries[index];
            let what = format!("{} {index} {entry:?}", whole.table(table).name);
            // What a pod sends itself by a Service is not asked.
            if entry.origin.rule == "DR-4" {
                continue;
            }
            match entry.action {
                Action::Discard(_) => {
                    scene.network.tables[table.0 as usize].entries.remove(index);
                }
                _ => entry.action = Action::Discard(Reason::Policy),
            }
            assert!(agree(&scene).is_err(), "{what}");
            planted += 1;
        }
    }
    assert!(planted > 5, "{planted}");
}
