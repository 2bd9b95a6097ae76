//! Ways in that make of a sender somebody else: whoever sends there is asked, too (SVC-61, DR-7).

use fibula_answers::promises::{Breach, By, Doubt, Outcome};
use fibula_answers::reach::{At, By as DoorBy};
use fibula_cluster::{Cluster, HostPort, Options, Policy};
use fibula_intended::{Decision, Decisions, Profile};
use fibula_network::Action;
use fibula_source::{Input, read};
use proptest::prelude::*;

use crate::clusters::{Drawn, policed, ready};
use crate::drawn::{Wish, closed, promise};
use crate::statements::{breaches, decided, policy, words};
use crate::{SHAPE, Scene, agree, brute, config};

/// What lets in the addresses of Nodes alone, and what sends to no others.
const POLICIES: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: a, name: in}, spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/32}}]}]}}
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: b, name: in}, spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.2/31}}, {ipBlock: {cidr: 'fd00::/120'}}]}]}}
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: c, name: in}, spec: {podSelector: {}, policyTypes: [Ingress]}}
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: b, name: out}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/24}}, {ipBlock: {cidr: 192.0.2.0/24}}]}]}}
";

fn policies() -> Vec<Policy> {
    let read = read(&[Input::Text { name: "p.yaml".to_owned(), text: POLICIES.to_owned() }]);
    assert_eq!(read.refused, []);
    Cluster::new(read.objects, &Options::default()).policies
}

/// Clusters in which each Service has every way in and a pod behind it, and pods have hostPorts.
fn fronted() -> impl Strategy<Value = Drawn> {
    (policed(SHAPE, 1), 0..8usize).prop_map(|(mut drawn, behind)| {
        let cluster = &mut drawn.cluster;
        let pods = cluster.pods.iter().filter(|pod| pod.live && !pod.addresses.is_empty());
        let pods: Vec<_> = pods.map(|pod| (pod.addresses.clone(), pod.node)).collect();
        for (i, service) in cluster.services.iter_mut().enumerate() {
            for (k, port) in service.ports.iter_mut().enumerate() {
                port.node_port.get_or_insert(31000 + (i * 10 + k) as u16);
            }
            if service.external_ips.is_empty() {
                service
                    .external_ips
                    .push(format!("192.0.2.{}", 50 + i).parse().expect("an address"));
            }
            service.proxied = true;
            if let Some((addresses, node)) = pods.get((behind + i) % pods.len().max(1)) {
                for addr in addresses {
                    service.endpoints.push(ready(&addr.to_string(), *node));
                }
                service.endpoints.sort_by_key(|end| (end.port, end.addr, end.number));
                service.endpoints.dedup_by_key(|end| (end.port, end.addr, end.number));
            }
        }
        for (i, pod) in cluster.pods.iter_mut().enumerate() {
            let ports = pod.containers.iter_mut().flat_map(|container| &mut container.ports);
            if let Some(port) = ports.into_iter().next() {
                port.host = Some(HostPort { number: 41000 + i as u16, ip: None });
            }
        }
        cluster.policies.extend(policies());
        drawn
    })
}

/// Everybody is asked at each of many ways in: half as many cases as elsewhere will do.
fn some() -> ProptestConfig {
    let usual = config();
    ProptestConfig { cases: usual.cases.div_ceil(2), ..usual }
}

proptest! {
    #![proptest_config(some())]

    #[test]
    fn svc_61_who_comes_in_as_a_node_is_who_walk_finds(
        drawn in fronted(),
        wishes in proptest::collection::vec(closed(), 4),
    ) {
        let scene = Scene::new(&drawn.cluster, &drawn.intent);
        let all = |wish: &Wish| promise(&drawn.cluster, wish);
        let promises: Vec<_> = wishes.iter().map(all).collect();
        let found = agree(&scene, &promises);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}

/// A Service of the first database, which lets in the first Node only; and another Node.
const FRONT: &str = "
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: front}, spec: {type: NodePort, clusterIP: 10.96.0.9, externalIPs: [192.0.2.9], selector: {n: '1'}, ports: [{port: 5432, targetPort: sql, nodePort: 30432}]}}
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, name: db}, spec: {podSelector: {matchLabels: {n: '1'}}, ingress: [{from: [{ipBlock: {cidr: 172.18.0.1/32}}]}]}}
";

fn reference() -> Decisions {
    Decisions::from(Profile::Reference)
}

#[test]
fn svc_61_a_pod_that_comes_by_a_node_is_seen_as_that_node() {
    let front = FRONT.trim_start();
    let wanted = [
        "from: lab/probe, never-reaches: db-1",
        "to: db-1, only-from: [nodes]",
        "from: lab/probe, reaches-only: [web, db-0, nodes, world, lab/probe]",
        "from: db-0, never-reaches: ['db-1:80']",
    ];
    let found = decided(front, &wanted, &[], reference());
    assert_eq!(words(&found), ["broken", "broken", "broken", "kept"]);
    let [breach] = breaches(&found.written[0]) else { panic!("{found:?}") };
    // The probe is on the second Node, where the pod is: it has to go by the first.
    let By::Door(door) = &breach.by else { panic!("{breach:?}") };
    assert_eq!(door.by, DoorBy::Service("shop/front".to_owned()));
    assert_eq!(door.at, At::Nodes(vec!["n1".to_owned()], 2));
    let witness = breach.witness.as_ref().expect("a message shows it");
    assert_eq!(witness.to.to_string(), "172.18.0.1");
    // A pod of a namespace that is not read comes in as well.
    assert!(breaches(&found.written[1]).iter().any(|breach| breach.strangers[0]));
}

#[test]
fn svc_22_an_external_address_is_answered_by_the_node_of_who_sends() {
    let front = FRONT.trim_start().replace("type: NodePort, ", "").replace(", nodePort: 30432", "");
    let wanted = ["from: web, never-reaches: db-1", "from: lab/probe, never-reaches: db-1"];
    let found = decided(&front, &wanted, &[], reference());
    // Only the first Node is let in, so only its pods are.
    assert_eq!(words(&found), ["broken", "kept"]);
    let [breach] = breaches(&found.written[0]) else { panic!("{found:?}") };
    let By::Door(door) = &breach.by else { panic!("{breach:?}") };
    assert_eq!(door.at, At::Address([192, 0, 2, 9].into()));
}

#[test]
fn pod_9_a_host_port_is_seen_as_the_node_by_who_sends() {
    let host = "- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: gate, labels: {app: gate}}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 9000, hostPort: 9000}]}]}, status: {podIP: 10.0.2.7}}\n";
    let out = policy(
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.18.0.2/32}}]}]}",
    );
    let wanted = [
        "from: web, never-reaches: gate",
        "from: web, reaches-only: [nodes]",
        "from: web, reaches-only: [nodes, gate]",
    ];
    let found = decided(&format!("{host}{out}"), &wanted, &[], reference());
    assert_eq!(words(&found), ["broken", "broken", "kept"]);
    let [breach] = breaches(&found.written[0]) else { panic!("{found:?}") };
    assert!(matches!(&breach.by, By::Door(door) if door.by == DoorBy::HostPort), "{breach:?}");
}

#[test]
fn dr_7_a_pod_that_is_masqueraded_before_policies_is_its_own_node() {
    let front = FRONT.trim_start().replace("172.18.0.1/32", "172.18.0.99/32");
    let wanted = ["from: lab/probe, never-reaches: db-1"];
    let open = decided(&front, &wanted, &[], Decisions::default());
    let Outcome::Undecided(doubts) = &open.written[0] else { panic!("{open:?}") };
    assert!(matches!(&doubts[..], [Doubt::Choices(_)]), "{doubts:?}");
    assert_eq!(words(&decided(&front, &wanted, &[], reference())), ["kept"]);
    let mut before = reference();
    before.set(Decision::SeenSource, 1);
    assert_eq!(words(&decided(&front, &wanted, &[], before)), ["broken"]);
}

#[test]
fn dr_7_what_depends_on_something_is_not_shown_beside_what_is_certain() {
    let front = FRONT.trim_start().replace("172.18.0.1/32", "172.18.0.99/32");
    let wanted =
        ["from: lab/probe, never-reaches: db-1", "from: lab/probe, never-reaches: [web, db-1]"];
    let found = decided(&front, &wanted, &[], Decisions::default());
    assert_eq!(words(&found), ["undecided", "broken"]);
    let all = breaches(&found.written[1]);
    assert!(
        all.iter().all(|breach| breach.by == By::Address && breach.choices.is_empty()),
        "{all:?}"
    );
}

#[test]
fn dr_7_nor_beside_what_comes_from_the_world() {
    // The world comes in to the other database; the probe to the first, or does not.
    let front = FRONT.trim_start().replace("172.18.0.1/32", "172.18.0.99/32");
    let host = "- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: gate, labels: {app: gate}}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 9000, hostPort: 9000}]}]}, status: {podIP: 10.0.2.7}}\n";
    let shut = policy(
        "{podSelector: {matchLabels: {app: gate}}, ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}]}",
    );
    let wanted = ["from: [lab/probe, 198.51.100.0/24], never-reaches: [gate, db-1]"];
    let found = decided(&format!("{front}{host}{shut}"), &wanted, &[], Decisions::default());
    let all = breaches(&found.written[0]);
    assert!(!all.is_empty() && all.iter().all(|breach| breach.choices.is_empty()), "{all:?}");
    let is = |breach: &&Breach| matches!(&breach.by, By::Door(door) if door.by == DoorBy::HostPort);
    assert_eq!(all.iter().filter(is).count(), all.len(), "{all:?}");
}

#[test]
fn dr_6_what_is_so_in_either_order_says_what_it_depends_on() {
    let anp = |name: &str, allowed: u16, denied: u16| {
        let rule = |action, port: u16| {
            format!(
                "{{action: {action}, from: [{{namespaces: {{}}}}], ports: [{{portNumber: {{port: {port}, protocol: TCP}}}}]}}"
            )
        };
        format!(
            "- {{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{name: {name}}}, spec: {{priority: 1, subject: {{namespaces: {{matchLabels: {{team: shop}}}}}}, ingress: [{}, {}]}}}}\n",
            rule("Allow", allowed),
            rule("Deny", denied)
        )
    };
    let more = format!("{}{}", anp("one", 81, 82), anp("two", 82, 81));
    let wanted = ["from: lab/probe, never-reaches: 'web:81-82'"];
    let found = decided(&more, &wanted, &[], reference());
    let [breach] = breaches(&found.written[0]) else { panic!("{found:?}") };
    assert!(!breach.choices.is_empty(), "{breach:?}");
}

#[test]
fn a_masquerade_that_is_lost_is_noticed() {
    let text = format!("{}{}", crate::statements::SHOP, FRONT.trim_start());
    let read = read(&[Input::Text { name: "shop.yaml".to_owned(), text }]);
    let cluster = Cluster::new(read.objects, &Options::default());
    let intent =
        fibula_intended::Intent { decisions: reference(), ..fibula_intended::Intent::default() };
    let whole = Scene::new(&cluster, &intent);
    let text = "promises:\n- {from: lab/probe, never-reaches: pod/shop/db-1}\n";
    let input = Input::Text { name: "p.yaml".to_owned(), text: text.to_owned() };
    let promises = fibula_source::promises(&[input]).all;
    let promises: Vec<_> = promises.into_iter().map(|(_, promise)| promise).collect();
    let outcome = &whole.check(&promises).written[0];
    brute::agree(&whole, &promises[0], outcome).expect("they agree as long as nothing is planted");
    let mut lost = Scene::new(&cluster, &intent);
    for table in &mut lost.network.tables {
        table.entries.retain(|entry| !matches!(entry.action, Action::Masquerade { .. }));
    }
    assert!(brute::agree(&lost, &promises[0], outcome).is_err());
}
