//! Each numbered statement of sections 3 and 4 of the semantics sheet, as far as a verdict can show
//! it: manifests, and what becomes of messages. The traps of section 13 that policies set.
//!
//! Not here: what the API server refuses (NP-10, CNP-21, parts of CNP-27 and CNP-28) and how objects
//! are read (CNP-29 in full), which `fibula-cluster/tests/policies*.rs` hold; NP-37, which the
//! conformance suite asserts; and what a network in its steady state cannot show: who implements what
//! (CNP-1, CNP-2), delays and connections that exist already (NP-50), what policies cannot say
//! (NP-53), and protocols without ports, of which no message is (NP-46, DR-14).

mod cluster;
mod hosts;
mod namespaced;
mod peers;
mod ports;
mod tiers;
mod traps;

use crate::scene::Scene;

/// Two Nodes; `shop` with `web` on the first and `db` on the second, `ops` with `bot` on the first;
/// on each Node an agent of the host network. `web` and `db` call different ports `http`.
const FIXTURE: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {role: front}}, status: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: ExternalIP, address: 203.0.113.1}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2, labels: {role: back}}, status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: ops, labels: {team: ops}}}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: shop, name: web, labels: {app: web, tier: front}}
  spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}]}]}
  status: {podIP: 10.1.1.1}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: shop, name: db, labels: {app: db}}
  spec: {nodeName: n2, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
  status: {podIP: 10.1.2.2}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: ops, name: bot, labels: {app: bot}}
  spec: {nodeName: n1, containers: [{name: c}]}
  status: {podIP: 10.1.1.3}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: agent1, labels: {app: agent}}, spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: agent2, labels: {app: agent}}, spec: {nodeName: n2, hostNetwork: true, containers: [{name: c}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {type: NodePort, clusterIP: 10.96.0.1, selector: {app: web}, ports: [{port: 8000, targetPort: 80, nodePort: 30080}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: db}, spec: {type: NodePort, externalTrafficPolicy: Local, clusterIP: 10.96.0.2, selector: {app: db}, ports: [{port: 8000, targetPort: 8080, nodePort: 30082}]}}
";

/// Where messages go, and whether they arrive: from, to, and `yes`, `no` or what that depends on.
type Table<'a> = &'a [(&'a str, &'a str, &'a str)];

/// A NetworkPolicy of a namespace.
fn np(namespace: &str, spec: &str) -> String {
    object("networking.k8s.io/v1", "NetworkPolicy", &format!("namespace: {namespace}, "), spec)
}

/// A ClusterNetworkPolicy of a tier and a priority.
fn cnp(tier: &str, priority: u16, spec: &str) -> String {
    let spec = format!("tier: {tier}, priority: {priority}, {spec}");
    object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "", &spec)
}

fn object(version: &str, kind: &str, metadata: &str, spec: &str) -> String {
    // A name that its contents make: equal objects may be repeated, others must not share one.
    let sum = spec.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let metadata = format!("{{{metadata}name: p{sum:x}}}");
    format!("apiVersion: {version}\nkind: {kind}\nmetadata: {metadata}\nspec: {{{spec}}}\n")
}

/// The fixture with policies.
fn scene(policies: &[String]) -> Scene {
    Scene::of(&[&[FIXTURE.to_owned()], policies].concat().join("---\n"))
}

/// What becomes of messages in the fixture with these policies.
fn check(policies: &[String], table: Table<'_>) {
    told(&scene(policies), table);
}

fn told(scene: &Scene, table: Table<'_>) {
    let found: Vec<_> =
        table.iter().map(|(from, to, _)| (*from, *to, scene.told(from, to))).collect();
    let found: Vec<_> = found.iter().map(|(from, to, told)| (*from, *to, told.as_str())).collect();
    assert_eq!(found, table);
}
