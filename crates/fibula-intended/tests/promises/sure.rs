//! What is certain, what is not, and what is shown of it.

use fibula_answers::promises::{By, Doubt, Outcome};
use fibula_answers::reach::Who;
use fibula_answers::trace::Unread;
use fibula_cluster::Decides;
use fibula_intended::{Decision, Decisions, Profile};
use fibula_network::Addr;
use fibula_network::walk::Step;

use crate::statements::{breaches, decided, policy, words};

fn reference() -> Decisions {
    Decisions::from(Profile::Reference)
}

fn unread() -> Vec<Unread> {
    vec![Unread {
        decides: Decides::Policy,
        kind: "CiliumNetworkPolicy".to_owned(),
        namespaces: [("shop".to_owned(), 1)].into(),
    }]
}

#[test]
fn dr_4_what_comes_back_by_a_service_is_what_the_plugin_makes_of_it() {
    // The databases let in nobody but the shop's web, and so nobody of their own.
    let closed = policy(
        "{podSelector: {matchLabels: {n: '0'}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
    );
    let only = "- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: mine}, spec: {clusterIP: 10.96.0.7, selector: {n: '0'}, ports: [{port: 5432, targetPort: sql}]}}\n";
    let more = format!("{closed}{only}");
    let wanted = ["from: db-0, reaches: [svc/mine]", "from: web, reaches: [svc/mine]"];
    let open = decided(&more, &wanted, &[], Decisions::default());
    assert_eq!(words(&open), ["undecided", "kept"]);
    let Outcome::Undecided(doubts) = &open.written[0] else { panic!("{open:?}") };
    assert!(matches!(&doubts[..], [Doubt::Choices(_)]), "{doubts:?}");
    let mut judged = reference();
    judged.set(Decision::Hairpin, 1);
    assert_eq!(words(&decided(&more, &wanted, &[], judged)), ["broken", "kept"]);
    let mut exempt = reference();
    exempt.set(Decision::Hairpin, 0);
    assert_eq!(words(&decided(&more, &wanted, &[], exempt)), ["kept", "kept"]);
}

#[test]
fn np_32_only_the_nodes_that_do_not_host_it_are_kept_out() {
    let closed = policy("{podSelector: {matchLabels: {app: db}}}");
    let wanted = [
        "from: nodes, reaches: ['db-0:5432']",
        "from: node/n1, reaches: ['db-0:5432']",
        "from: all, reaches: ['db-0:5432']",
        "from: nodes, reaches: ['app=db:5432']",
    ];
    let found = decided(&closed, &wanted, &[], reference());
    assert_eq!(words(&found), ["broken", "kept", "broken", "broken"]);
    let nodes = |promise: usize| -> Vec<&str> {
        let from = breaches(&found.written[promise]).iter().flat_map(|breach| &breach.from);
        let who = from.map(|member| &found.party(member.party).who);
        who.filter_map(|who| match who {
            Who::Node(name) => Some(&**name),
            _ => None,
        })
        .collect()
    };
    assert_eq!(nodes(0), ["n2"]);
    assert_eq!(nodes(2), ["n2"]);
    // Each of two Nodes is kept out of the pod of the other.
    assert_eq!(nodes(3), ["n1", "n2"]);
}

#[test]
fn np_32_nodes_that_reach_their_own_pods_are_told_once() {
    let open = decided("", &["from: nodes, never-reaches: db-0"], &[], reference());
    let [breach] = breaches(&open.written[0]) else { panic!("{open:?}") };
    assert_eq!(breach.from.len(), 2);
    let closed = policy("{podSelector: {matchLabels: {app: db}}}");
    let wanted = ["from: nodes, never-reaches: app=db"];
    let own = decided(&closed, &wanted, &[], reference());
    let [breach] = breaches(&own.written[0]) else { panic!("{own:?}") };
    assert_eq!((breach.from.len(), breach.to.len()), (2, 2));
}

#[test]
fn svc_24_a_load_balancer_without_an_address_is_no_way_in_yet() {
    let service = |status: &str| {
        format!(
            "- {{apiVersion: v1, kind: Service, metadata: {{namespace: shop, name: lb}}, spec: {{type: LoadBalancer, allocateLoadBalancerNodePorts: false, clusterIP: 10.96.0.8, selector: {{app: web}}, ports: [{{port: 80, targetPort: http}}]}}, status: {status}}}\n"
        )
    };
    let wanted = ["from: world, reaches: [svc/lb]", "from: world, reaches: ['web:8080']"];
    let found = decided(&service("{}"), &wanted, &[], reference());
    let awaited = Outcome::Undecided(vec![Doubt::Awaited("shop/lb".to_owned())]);
    assert_eq!(found.written, [awaited.clone(), awaited]);
    let given = service("{loadBalancer: {ingress: [{ip: 192.0.2.1}]}}");
    assert_eq!(words(&decided(&given, &wanted, &[], reference())), ["kept", "kept"]);
}

#[test]
fn np_12_who_is_not_here_has_an_address_all_the_same() {
    let wanted = [
        "from: web, reaches-only: [0.0.0.0/0, '::/0']",
        "from: web, reaches-only: [0.0.0.0/0]",
        "from: web, reaches-only: [10.0.0.0/8, nodes, world]",
    ];
    assert_eq!(words(&decided("", &wanted, &[], reference())), ["kept", "kept", "broken"]);
}

#[test]
fn np_16_a_range_is_of_one_family() {
    let wanted = ["from: web, never-reaches: '::/0'", "from: web, never-reaches: 0.0.0.0/0"];
    assert_eq!(words(&decided("", &wanted, &[], reference())), ["kept", "broken"]);
}

#[test]
fn pod_7_an_address_that_two_claim_is_promised_to_nobody_known() {
    let twin = "- {apiVersion: v1, kind: Pod, metadata: {namespace: lab, name: twin}, spec: {nodeName: n1, containers: [{name: c, env: [{name: DB_ADDR, value: '10.0.2.2:5433'}]}]}, status: {podIP: 10.0.1.9}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: lab, name: other}, spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.2.2}}
";
    let found = decided(twin, &[], &[], reference());
    let named = found.implied.iter().find(|(implied, _)| implied.by == "DB_ADDR");
    let (_, outcome) = named.expect("it is promised");
    assert!(
        matches!(outcome, Outcome::Undecided(doubts) if matches!(&doubts[..], [Doubt::Choices(_)])),
        "{outcome:?}"
    );
}

#[test]
fn a_message_that_shows_it_could_be_sent() {
    let wanted = [
        "from: web, never-reaches: all",
        "from: web, never-reaches: 198.51.100.0/24",
        "from: nodes, never-reaches: lab/probe",
        "to: lab/probe, only-from: [nodes]",
        "from: lab/probe, reaches-only: [web]",
        "from: web, reaches-only: [db-0, db-1, lab/probe, nodes, world], ports: [1-65535, 1-65535/UDP, 1-65535/SCTP]",
    ];
    let found = decided("", &wanted, &[], reference());
    assert_eq!(words(&found), ["broken"; 6]);
    for outcome in &found.written {
        for breach in breaches(outcome) {
            let witness = breach.witness.as_ref().expect("a message shows it");
            let Some(Step::Send { header, .. }) = witness.branch.life.steps.first() else {
                panic!("it was sent");
            };
            assert!([80, 443, 8080, 5432, 5433, 10250].contains(&header.dport), "{header:?}");
            assert_ne!(header.dst, Addr::v4([198, 51, 100, 0]));
        }
    }
    // Nothing is left but who is not here, and nobody by port 0.
    let [breach] = breaches(&found.written[5]) else { panic!("{found:?}") };
    assert_eq!((breach.strangers, breach.to.len()), ([false, true], 0));
}

#[test]
fn dr_21_unread_policies_matter_where_a_way_in_leads() {
    let closed = policy("{podSelector: {}}");
    let gate = "- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: gate, labels: {app: gate}}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 9000, hostPort: 9000}]}]}, status: {podIP: 10.0.2.7}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: front}, spec: {type: NodePort, clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}]}}
";
    let wanted = [
        // No way in leads there, whatever policies say.
        "from: world, never-reaches: app=db",
        "from: world, never-reaches: web",
        "from: world, never-reaches: ['web:9999']",
        "from: world, never-reaches: gate",
        "from: world, reaches: [svc/front]",
        "from: world, reaches: [svc/db]",
        "from: world, reaches: ['db-0:5432']",
        "from: world, reaches-only: [web]",
    ];
    let found = decided(&format!("{closed}{gate}"), &wanted, &unread(), reference());
    let expected =
        ["kept", "undecided", "kept", "undecided", "undecided", "broken", "broken", "undecided"];
    assert_eq!(words(&found), expected);
    let [breach] = breaches(&found.written[5]) else { panic!("{found:?}") };
    assert!(matches!(breach.by, By::Service(..)));
}

#[test]
fn svc_25_the_world_is_told_apart_by_who_may_use_a_load_balancer() {
    let lb = "- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: lb}, spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, clusterIP: 10.96.0.8, loadBalancerSourceRanges: [198.51.100.0/24], selector: {app: web}, ports: [{port: 80, targetPort: http}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}\n";
    let wanted = [
        "from: world, never-reaches: web",
        "from: 198.51.100.0/24, never-reaches: web",
        "from: 203.0.113.0/24, never-reaches: web",
        "from: 203.0.113.0/24, reaches: [svc/lb]",
    ];
    let found = decided(lb, &wanted, &[], reference());
    assert_eq!(words(&found), ["broken", "broken", "kept", "broken"]);
}
