//! What could change what a Service leads to, and was not read (DR-21).

use fibula_answers::promises::{Checked, Doubt, Outcome};
use fibula_answers::trace::Unread;
use fibula_cluster::Decides;
use fibula_intended::{Decisions, Profile};

use crate::statements::{decided, policy, words};

fn unread(kind: &str, namespace: &str, count: usize) -> Unread {
    let namespaces = [(namespace.to_owned(), count)].into();
    Unread { decides: Decides::Service, kind: kind.to_owned(), namespaces }
}

/// Slices that nobody may list.
fn slices() -> Unread {
    unread("EndpointSlice", "", 0)
}

/// Two ways in: by a nodePort to the web, and by a hostPort to a gate.
const FRONT: &str = "- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: front}, spec: {type: NodePort, clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: gate, labels: {app: gate}}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 9000, hostPort: 9000}]}]}, status: {podIP: 10.0.2.7}}
";

fn asked(more: &str, wanted: &[&str], unread: &[Unread]) -> Checked {
    decided(more, wanted, unread, Decisions::from(Profile::Reference))
}

/// What becomes of promises, first where all was read, and then where this was not.
fn both(more: &str, wanted: &[(&str, &str, &str)], unread: &[Unread]) {
    let promises: Vec<&str> = wanted.iter().map(|(promise, ..)| *promise).collect();
    let [read, not] = [&[][..], unread].map(|unread| words(&asked(more, &promises, unread)));
    for (((promise, with, without), read), not) in wanted.iter().zip(read).zip(not) {
        assert_eq!((read, not), (*with, *without), "{promise}");
    }
}

#[test]
fn svc_15_what_goes_by_a_service_is_not_known_without_its_slices() {
    let wanted = [
        ("from: web, reaches: [svc/db]", "kept", "undecided"),
        ("from: nodes, reaches: [svc/db]", "kept", "undecided"),
        ("from: web, reaches: [svc/dbs]", "kept", "undecided"),
        ("from: web, reaches: [svc/alias]", "kept", "undecided"),
        ("from: web, never-reaches: [svc/db]", "broken", "undecided"),
        ("from: web, never-reaches: ['svc/db:5432']", "broken", "undecided"),
        ("to: svc/db, only-from: [web]", "broken", "undecided"),
        ("from: web, reaches-only: [svc/db]", "broken", "undecided"),
        // By their own addresses nothing changes.
        ("from: web, reaches: ['db-0:5432']", "kept", "kept"),
        ("from: web, never-reaches: ['db-0:5432']", "broken", "broken"),
        ("to: 'db-0:5432', only-from: [web]", "broken", "broken"),
        ("from: web, reaches-only: [lab/probe]", "broken", "broken"),
    ];
    both("", &wanted, &[slices()]);
    let found = asked("", &["from: web, reaches: [svc/db]"], &[slices()]);
    assert_eq!(found.written, [Outcome::Undecided(vec![Doubt::Services(vec![slices()])])]);
}

#[test]
fn what_a_pod_names_is_no_more_certain() {
    let outcome = |unread: &[Unread]| {
        let found = asked("", &[], unread);
        let of = found.implied.iter().find(|(implied, _)| implied.by == "DB");
        of.map(|(_, outcome)| outcome.clone())
    };
    assert_eq!(outcome(&[]), Some(Outcome::Kept));
    let doubts = |unread: Unread| Some(Outcome::Undecided(vec![Doubt::Services(vec![unread])]));
    for one in [slices(), unread("VirtualService", "lab", 2), unread("ServiceImport", "shop", 1)] {
        assert_eq!(outcome(std::slice::from_ref(&one)), doubts(one));
    }
    assert_eq!(outcome(&[unread("ServiceImport", "lab", 1)]), Some(Outcome::Kept));
}

#[test]
fn a_name_of_a_headless_service_has_whatever_addresses_its_slices_say() {
    let env = |host: &str| {
        format!(
            "- {{apiVersion: v1, kind: Pod, metadata: {{namespace: lab, name: asks}}, spec: {{nodeName: n1, containers: [{{name: c, env: [{{name: ASKED, value: '{host}'}}]}}]}}, status: {{podIP: 10.0.1.9}}}}\n"
        )
    };
    let none = "- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: none}, spec: {clusterIP: None, selector: {app: none}, ports: [{port: 80}]}}\n";
    let outcome = |host: &str, unread: &[Unread]| {
        let found = asked(&format!("{none}{}", env(host)), &[], unread);
        let mut named = found.implied.into_iter().filter(|(implied, _)| implied.by == "ASKED");
        named.next().map(|(_, outcome)| outcome)
    };
    let open = Outcome::Undecided(vec![Doubt::Services(vec![slices()])]);
    assert_eq!(outcome("dbs.shop:5432", &[]), Some(Outcome::Kept));
    assert_eq!(outcome("dbs.shop:5432", &[slices()]), Some(open.clone()));
    assert!(outcome("none.shop:80", &[]).is_some_and(|outcome| outcome.is_broken()));
    assert_eq!(outcome("none.shop:80", &[slices()]), Some(open));
    // A name that is not there has none, whatever slices say.
    for unread in [vec![], vec![slices()]] {
        assert!(outcome("nil.shop:80", &unread).is_some_and(|outcome| outcome.is_broken()));
    }
}

#[test]
fn a_way_in_may_lead_anywhere_without_slices() {
    let wanted = [
        ("from: world, reaches: [svc/front]", "kept", "undecided"),
        ("from: world, reaches: ['web:8080']", "kept", "undecided"),
        ("from: world, reaches: ['gate:9000']", "kept", "kept"),
        ("from: world, never-reaches: web", "broken", "undecided"),
        // The Service could lead there.
        ("from: world, never-reaches: app=db", "kept", "undecided"),
        ("from: world, never-reaches: gate", "broken", "broken"),
        ("from: world, reaches-only: [web, gate]", "kept", "undecided"),
        ("from: world, reaches-only: [web]", "broken", "broken"),
        // No Service with an address outside leads there.
        ("from: world, reaches: [svc/db]", "broken", "broken"),
    ];
    both(FRONT, &wanted, &[slices()]);
    // Without any way in by a Service nothing could.
    both("", &[("from: world, never-reaches: app=db", "kept", "kept")], &[slices()]);
}

#[test]
fn svc_61_what_comes_by_a_node_is_no_more_certain() {
    // A Node puts its own address in place of the sender's, and Nodes are let in.
    let nodes = policy(
        "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 172.18.0.0/24}}]}]}",
    );
    let more = format!("{nodes}{FRONT}");
    let by_node = ("from: lab/probe, never-reaches: web", "broken", "undecided");
    both(&more, &[by_node], &[slices()]);
    // A mesh acts in the pod that sends; not in a Node.
    let meshed = [unread("VirtualService", "lab", 1)];
    both(&more, &[by_node, ("from: nodes, reaches: [svc/front]", "kept", "kept")], &meshed);
    let kept = [
        ("from: lab/probe, never-reaches: app=gate", "broken", "broken"),
        ("from: world, never-reaches: web", "broken", "broken"),
        ("from: web, reaches: [svc/db]", "kept", "undecided"),
        ("from: [web, nodes], reaches: [svc/db]", "kept", "undecided"),
    ];
    both(&more, &kept, &meshed);
}
