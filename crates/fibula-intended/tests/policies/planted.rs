//! What compares the evaluator with `walk` notices where they differ.

use fibula_intended::{Daemon, Intent};
use fibula_network::*;

use crate::agree::Both;

/// Where each entry of the policies' tables matters.
const SMALL: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {role: a}}, status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: a}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: b}}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p1, labels: {app: p1}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}, status: {podIP: 10.0.1.1}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p2, labels: {app: p2}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}, status: {podIP: 10.0.1.2}}
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
    - {from: [{ipBlock: {cidr: 10.0.0.2/32}}]}
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
    - {action: Pass, from: [{pods: {podSelector: {matchLabels: {app: p1}}}}]}
    - {action: Deny, from: [{namespaces: {matchLabels: {team: a}}}]}
    egress:
    - {action: Deny, to: [{nodes: {matchLabels: {role: a}}}]}
- apiVersion: policy.networking.k8s.io/v1alpha2
  kind: ClusterNetworkPolicy
  metadata: {name: baseline}
  spec:
    tier: Baseline
    priority: 1
    subject: {namespaces: {}}
    egress:
    - {action: Accept, to: [{networks: [8.8.8.0/24]}]}
    - {action: Deny, to: [{networks: [8.0.0.0/8]}, {networks: [10.0.0.2/32]}]}
";

/// Any entry of the policies' tables that is lost is noticed, and any that ends messages otherwise.
#[test]
fn a_planted_fault_is_noticed() {
    let cluster = crate::scene::cluster(SMALL);
    let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
    let whole = Both::new(&cluster, &intent);
    let messages = whole.messages();
    let agree = |both: &Both<'_>| {
        messages.iter().all(|(process, header)| both.agree(*process, *header).is_ok())
    };
    assert!(agree(&whole));
    let policies = entries(&whole);
    assert!(policies.len() > 10, "{policies:?}");
    for (table, index) in policies {
        for fault in 0..2 {
            let mut both = Both::new(&cluster, &intent);
            let entries = &mut both.with.tables[table].entries;
            let what = format!("{} {index} {:?}", whole.with.tables[table].name, entries[index]);
            match (fault, entries[index].action) {
                // What comes from elsewhere has no chain here: this entry only saves asking.
                (0, _) if entries[index].origin.rule == "NP-5" => continue,
                (0, _) => _ = entries.remove(index),
                (_, Action::Discard(_)) => _ = entries.remove(index),
                (_, _) => entries[index].action = Action::Discard(Reason::Policy),
            }
            assert!(!agree(&both), "{fault}: {what}");
        }
    }
}

/// The entries of tables that only the network with policies has, by table and place.
fn entries(both: &Both<'_>) -> Vec<(usize, usize)> {
    let known = |table: &Table| both.without.tables.iter().any(|other| other.name == table.name);
    let tables = both.with.tables.iter().enumerate().filter(|(_, table)| !known(table));
    tables.flat_map(|(i, table)| (0..table.entries.len()).map(move |index| (i, index))).collect()
}
