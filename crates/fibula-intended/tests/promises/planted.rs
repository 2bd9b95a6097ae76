//! What compares promises with `walk` notices where they differ: a filter that is lost, or does the
//! contrary, after the promises were checked.

use fibula_answers::promises::{Asked, check};
use fibula_answers::trace::Ground;
use fibula_cluster::promise::Promise;
use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent, network};
use fibula_network::*;
use fibula_source::{Input, promises, read};

use crate::{Scene, brute};

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
    - {to: [{ipBlock: {cidr: 8.0.0.0/16}}], ports: [{port: 81}]}
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

/// Each filter of that cluster decides one of these.
const KEPT: &str = "
promises:
- {to: a/p1, only-from: [a/p2, 198.51.0.0/16]}
- {from: a/p2, reaches: ['a/p1:web', 'svc/a/s']}
- {from: a/p2, reaches: ['a/p1:80']}
- {from: a/p1, reaches-only: ['8.0.0.0/16:81']}
- {from: a/p1, reaches: ['8.0.0.0/16:81']}
- {from: ns/a, never-reaches: ns/b}
- {from: b/p3, never-reaches: node/n1}
- {from: 198.51.0.0/16, never-reaches: [a/p2, b/p3]}
- {from: 198.51.0.0/16, never-reaches: a/p1}
- {from: b/p3, reaches: ['a/p2:1-65535', 'node/n2:22']}
";

#[test]
fn a_planted_fault_is_noticed() {
    let objects = read(&[Input::Text { name: "small.yaml".to_owned(), text: SMALL.to_owned() }]);
    assert_eq!(objects.refused, []);
    let cluster = Cluster::new(objects.objects, &Options::default());
    let kept = promises(&[Input::Text { name: "kept.yaml".to_owned(), text: KEPT.to_owned() }]);
    assert_eq!(kept.refused, []);
    let kept: Vec<Promise> = kept.all.into_iter().map(|(_, promise)| promise).collect();
    let decisions = fibula_intended::Decisions::from(fibula_intended::Profile::Reference);
    let daemons = vec![Daemon::kubelet()];
    let intent = Intent { daemons, decisions, ..Intent::default() };
    let whole = network(&cluster, &intent);
    let ground = Ground { network: &whole, cluster: Some(&cluster), unread: &[], remake: None };
    let checked = check(ground, &Asked { promises: &kept, ..Asked::default() });
    let outcomes = checked.expect("filters are plain").written;
    let agree = |scene: &Scene| {
        let all = kept.iter().zip(&outcomes);
        all.map(|(promise, outcome)| brute::agree(scene, promise, outcome))
            .collect::<Result<Vec<()>, String>>()
    };
    let right = || Scene { cluster: cluster.clone(), network: whole.clone() };
    agree(&right()).expect("they agree as long as nothing is planted");
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
            // What a pod sends itself by a Service, or its own Node, is not asked.
            if matches!(&*entry.origin.rule, "DR-4" | "DR-3" | "NP-32") {
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
