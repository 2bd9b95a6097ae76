//! What people see. `SNAPSHOTS=overwrite` writes the sessions anew.

use fibula_report::Screen;
use snapbox::{Data, assert_data_eq, file};

use crate::shown;

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(120), color: true, unicode: true };

/// A session of questions about the shop.
fn session(screen: Screen, questions: &[&str]) -> String {
    let lines = questions.iter().map(|question| format!("why -f shop.yaml -n shop {question}"));
    lines.map(|line| shown(screen, &line)).collect::<Vec<_>>().join("\n")
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

#[test]
fn what_policies_drop_can_be_allowed() {
    let questions = [
        // Both ends; one port; a policy of the cluster, which no NetworkPolicy can overrule.
        "web db:5432",
        "web pod/cart:9",
        "ops/report svc/shop/db:5432",
        // The world, and what is allowed already.
        "web world:443",
        "cart db:5432",
    ];
    check(&session(USUAL, &questions), file!["../snapshots/why/policies-100.txt"]);
    check(&session(NARROW, &questions[..2]), file!["../snapshots/why/policies-80.txt"]);
    check(&session(WIDE, &questions[..2]), file!["../snapshots/why/policies-200.txt"]);
    let ascii = session(ASCII, &questions[..2]);
    assert!(ascii.is_ascii());
    check(&ascii, file!["../snapshots/why/policies-ascii.txt"]);
    check(&session(Screen::PIPE, &questions[..2]), file!["../snapshots/why/policies-pipe.txt"]);
    assert_data_eq!(session(COLOUR, &questions[..2]), file!["../snapshots/why/why.term.svg"].raw());
}

#[test]
fn svc_10_what_a_service_has_no_use_for_can_be_allowed() {
    let questions = [
        // It selects nothing; its target port is nobody's name; it has no such port.
        "web cart:7070",
        "cart web:80",
        "cart db:5433",
        // Nothing helps.
        "cart 10.9.9.9:80",
    ];
    check(&session(USUAL, &questions), file!["../snapshots/why/services.txt"]);
}

#[test]
fn the_world_and_nodes_are_ends_as_in_trace() {
    let questions = [
        // Only the network decides, and no change of a policy or a Service does anything about it.
        "world pod/web:8080",
        "world svc/web:80",
        "world node/n2:10250",
        "node/n2 world:443",
        // A policy decides: of a pod, by the address of the other end.
        "web node/n2:10250",
        "node/n2 pod/web:8080",
        "web world:443/udp",
    ];
    let lines =
        questions.map(|question| format!("why -f tests/input/why-ends.yaml -n shop {question}"));
    let session: Vec<String> = lines.iter().map(|line| shown(USUAL, line)).collect();
    check(&session.join("\n"), file!["../snapshots/why/ends.txt"]);
    // Whatever `trace` takes is taken, and answered alike.
    for question in questions.iter().chain(&["n2 world:80", "10.9.9.9 web:80", "world web"]) {
        let code = |command: &str| {
            let line = format!("{command} -f tests/input/why-ends.yaml -n shop {question}");
            shown(USUAL, &line).lines().last().map(str::to_owned)
        };
        assert_eq!(code("why"), code("trace"), "{question}");
    }
}

#[test]
fn one_port_can_be_of_another_protocol() {
    let lines = [
        // In a rule, and in a Service that has the number for another protocol.
        "why -f tests/input/why-ends.yaml -n shop web pod/dns:53/udp",
        "why -f tests/input/why-ends.yaml -n shop node/n2 svc/dns:53/UDP",
        "why -f tests/input/why-ends.yaml -n shop node/n2 svc/dns:5353/udp",
    ];
    let session = lines.map(|line| shown(USUAL, line)).join("\n");
    check(&session, file!["../snapshots/why/udp.txt"]);
}

#[test]
fn what_works_can_be_closed() {
    let questions =
        ["cart db:5432 --close", "cart pod/web-1:8080 --close", "web svc/cart:7070 --close"];
    check(&session(USUAL, &questions), file!["../snapshots/why/close.txt"]);
}

#[test]
fn policies_of_all_kinds_are_told() {
    let each = [
        "db canary:8080",
        "web api:80",
        "lab/probe db.shop:15432",
        "api db:80",
        "agent pod/db:5432",
        "--profile reference db lab/probe:22",
        "lab/probe pod/web:9000",
        // It depends on a choice.
        "web db:15432",
    ];
    let lines = each.map(|question| format!("why -f tests/input/policies.yaml -n shop {question}"));
    let said: Vec<String> = lines.iter().map(|line| shown(USUAL, line)).collect();
    check(&said.join("\n"), file!["../snapshots/why/kinds.txt"]);
}

#[test]
fn what_is_not_known_of_an_offer_or_a_block_is_said_beside_it() {
    let lines = [
        // Nothing is uncertain of the message that is rejected, and something of the one that is let in.
        "why -f tests/input/why-unread.yaml lab/probe 10.96.0.7:8080",
        // It never comes to the policies of which nobody knows which is first.
        "why -f tests/input/why-tie.yaml shop/db shop/web:8080",
    ];
    let session = lines.map(|line| shown(USUAL, line));
    assert!(!session[0].contains("✓ works") && session[0].contains("? works"), "{}", session[0]);
    assert!(session[0].contains("DR-21") && session[1].contains("DR-6"));
    check(&session.join("\n"), file!["../snapshots/why/open.txt"]);
}

#[test]
fn dns_12_who_may_not_ask_can_be_let() {
    let line = "why -f tests/input/dns.yaml -f tests/input/kube-dns.yaml -n shop web db:5432";
    check(&shown(USUAL, line), file!["../snapshots/why/dns.txt"]);
}

#[test]
fn what_cannot_run_says_why() {
    let lines = [
        "why -f shop.yaml -n shop web db:5432 --patch 9",
        "why -f shop.yaml -n shop web db:5432 --patch 0",
        "why -f shop.yaml -n shop cart db:5432 --patch 1",
        "why -f shop.yaml -n shop cart 10.9.9.9:80 --patch 1",
        "why -f shop.yaml -n shop wep db:5432",
        "why -f shop.yaml -n shop web db:5432 --patch 1 -o json",
    ];
    let said: Vec<String> = lines.iter().map(|line| shown(USUAL, line)).collect();
    check(&said.join("\n"), file!["../snapshots/why/errors.txt"]);
}
