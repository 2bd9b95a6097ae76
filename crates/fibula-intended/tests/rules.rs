//! Every rule of the intended network on K1 (`model.md`, sections 3 and 4).

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use clusters::{container, fib, find, k1, pod, rules, service, walked};
use fibula_cluster::{Cluster, Pod, RangeKind, RangeSource};
use fibula_intended::{Intent, Listeners, Refinement, network};
use fibula_network::*;

/// The declared ports are all that is listened on, and these refinements are off.
fn declared(without: &[Refinement]) -> Intent {
    Intent { without: without.to_vec(), listeners: Listeners::Declared, ..Intent::default() }
}

/// K1's network without the refinements, as in the article.
fn article() -> Network {
    network(&k1(), &declared(&Refinement::ALL))
}

/// A TCP message, from Pod 1's address.
fn to(dst: &str, dport: u16) -> Header {
    let addr = |text: &str| text.parse().expect("an address");
    Header { src: addr("10.0.1.1"), sport: 40000, dst: addr(dst), dport, proto: Proto::Tcp }
}

/// K1 with these pods too.
fn k1_and(pods: impl IntoIterator<Item = Pod>) -> Cluster {
    let mut cluster = k1();
    cluster.pods.extend(pods);
    cluster
}

/// Checks the elements that messages meet, and how they end.
fn check(network: &Network, walks: &[(&str, Header, &str)]) {
    for (from, header, walk) in walks {
        assert_eq!(walked(network, from, *header, &[]), *walk, "{header:?}");
    }
}

fn named(n: &Network, kind: Kind) -> Vec<&str> {
    n.of_kind(kind).map(|id| n.element(id).name.as_ref()).collect()
}

// --- L1 to L4 ---

#[test]
fn l1_to_l4_meet_the_elements_of_the_article() {
    let lives = [
        ("c1-1", to("10.0.1.1", 9090), "c1-1 p1 c1-2: delivered", "F2"),
        ("c1-1", to("127.0.0.1", 9090), "c1-1 p1 c1-2: delivered", "F1"),
        ("c1-1", to("10.0.1.2", 8080), "c1-1 p1 n1 p3 c3-1: delivered", "F3 F4 F2"),
        ("c1-1", to("10.0.2.1", 8080), "c1-1 p1 n1 n2 p2 c2-1: delivered", "F3 F5 F4 F2"),
        ("d1", to("10.0.1.1", 8080), "d1 n1 p1 c1-1: delivered", "F4 F2"),
    ];
    for network in [article(), network(&k1(), &declared(&[])), network(&k1(), &Intent::default())] {
        for (from, header, walk, decided) in lives {
            assert_eq!(walked(&network, from, header, &[]), walk);
            assert_eq!(rules(&network, from, header), decided, "{walk}");
        }
    }
}

// --- G1 to G8 ---

#[test]
fn g1_to_g4_containers_and_daemons_are_processes_pods_and_nodes_are_switches() {
    let n = article();
    let containers = ["p1/c1-1", "p1/c1-2", "p2/c2-1", "p2/c2-2"];
    let containers = containers.into_iter().chain(["p3/c3-1", "p3/c3-2", "p4/c4-1", "p4/c4-2"]);
    let containers: Vec<String> = containers.map(|name| format!("default/{name}")).collect();
    assert_eq!(named(&n, Kind::Container), containers);
    assert_eq!(named(&n, Kind::Daemon), ["default/d1/d1", "default/d2/d2"]);
    assert_eq!(named(&n, Kind::Pod), ["default/p1", "default/p2", "default/p3", "default/p4"]);
    assert_eq!(named(&n, Kind::Node), ["n1", "n2"]);
    assert_eq!(n.elements.len(), 16);
    for id in n.ids() {
        assert_eq!(n.fib(id).is_none(), n.kind(id).is_process(), "N4");
    }
}

#[test]
fn g5_to_g8_each_element_is_linked_to_its_host_and_each_node_to_the_other() {
    let n = article();
    let links = [
        ("g5", [("c1-1", "p1"), ("c1-2", "p1"), ("c2-1", "p2"), ("c2-2", "p2")]),
        ("g5", [("c3-1", "p3"), ("c3-2", "p3"), ("c4-1", "p4"), ("c4-2", "p4")]),
        ("g7", [("p1", "n1"), ("p2", "n2"), ("p3", "n1"), ("p4", "n2")]),
    ];
    for (rule, pairs) in links {
        for (a, b) in pairs {
            assert!(n.links.contains(find(&n, a), find(&n, b)), "{rule}: {a} {b}");
        }
    }
    for (rule, a, b) in [("g6", "d1", "n1"), ("g6", "d2", "n2"), ("g8", "n1", "n2")] {
        assert!(n.links.contains(find(&n, a), find(&n, b)), "{rule}: {a} {b}");
    }
    assert_eq!(n.links.count(), 8 + 2 + 4 + 1);
}

// --- F1 to F5 ---

#[test]
fn f1_to_f5_are_the_fibs_of_the_article() {
    let n = article();
    let p1 = [
        "F1 [* * 127.0.0.1 8080 Deliver(c1-1)]",
        "F1 [* * 127.0.0.1 9090 Deliver(c1-2)]",
        "F2 [* * 10.0.1.1 8080 Deliver(c1-1)]",
        "F2 [* * 10.0.1.1 9090 Deliver(c1-2)]",
        "F3 [* * * * Forward(n1)]",
    ];
    let n1 = [
        "F4 [* * 10.0.1.1 * Forward(p1)]",
        "F4 [* * 10.0.1.2 * Forward(p3)]",
        "F5 [* * 10.0.2.1 * Forward(n2)]",
        "F5 [* * 10.0.2.2 * Forward(n2)]",
    ];
    assert_eq!(fib(&n, "p1"), p1);
    assert_eq!(fib(&n, "n1"), n1);
}

#[test]
fn f1_to_f5_and_r1_to_r4_are_the_refined_fibs() {
    let n = network(&k1(), &declared(&[]));
    let p1 = [
        "F1 [* * 127.0.0.1 8080 Deliver(c1-1)]",
        "F1 [* * 127.0.0.1 9090 Deliver(c1-2)]",
        "F1 [* * ::1 8080 Deliver(c1-1)]",
        "F1 [* * ::1 9090 Deliver(c1-2)]",
        "F2 [* * 10.0.1.1 8080 Deliver(c1-1)]",
        "F2 [* * 10.0.1.1 9090 Deliver(c1-2)]",
        "R2 [* * 127.0.0.0/8 * Discard(closed port)]",
        "R2 [* * ::1 * Discard(closed port)]",
        "R1 [* * 10.0.1.1 * Discard(closed port)]",
        "F3 [* * * * Forward(n1)]",
    ];
    let n1 = [
        "R4 [* * 127.0.0.0/8 * Discard(closed port)]",
        "R4 [* * ::1 * Discard(closed port)]",
        "R4 [* * 10.0.0.1 * Discard(closed port)]",
        "F4 [* * 10.0.1.1 * Forward(p1)]",
        "F4 [* * 10.0.1.2 * Forward(p3)]",
        "F5 [* * 10.0.2.1 * Forward(n2)]",
        "F5 [* * 10.0.2.2 * Forward(n2)]",
        "R4 [* * 10.0.0.2 * Forward(n2)]",
        "R3 [* * pods * Discard(no route)]",
        "R3 [* * * * Forward(outside)]",
    ];
    assert_eq!(fib(&n, "p1"), p1);
    assert_eq!(fib(&n, "n1"), n1);
}

// --- R1 to R4 ---

#[test]
fn r1_without_it_a_closed_port_loops() {
    let (on, off) = (declared(&[]), declared(&[Refinement::R1]));
    check(&network(&k1(), &off), &[("c1-1", to("10.0.1.1", 81), "c1-1 p1 n1 p1 n1: loop")]);
    let walks = [
        ("c1-1", to("10.0.1.1", 81), "c1-1 p1: closed"),
        ("c2-1", to("10.0.1.1", 81), "c2-1 p2 n2 n1 p1: closed"),
    ];
    check(&network(&k1(), &on), &walks);
}

#[test]
fn r1_where_listeners_are_unknown_the_pod_has_the_message() {
    let n = network(&k1(), &Intent::default());
    check(&n, &[("c1-1", to("10.0.1.1", 81), "c1-1 p1: delivered")]);
    check(&n, &[("c1-1", to("127.0.0.1", 81), "c1-1 p1: delivered")]);
    let fib = fib(&n, "p1");
    assert!(fib.contains(&"R1 [* * 10.0.1.1 * Deliver(p1)]".to_owned()), "{fib:#?}");
    assert!(fib.contains(&"R2 [* * 127.0.0.0/8 * Deliver(p1)]".to_owned()), "{fib:#?}");
    assert!(!fib.iter().any(|entry| entry.contains("Discard")), "{fib:#?}");
}

#[test]
fn r2_without_it_loopback_leaves_the_pod_and_ipv6_has_none() {
    let (on, off) = (declared(&[]), declared(&[Refinement::R2]));
    let walks = [
        ("c1-1", to("127.0.0.1", 8080), "c1-1 p1 c1-1: delivered"),
        ("c1-1", to("127.0.0.1", 81), "c1-1 p1 n1: closed"),
        ("c1-1", to("::1", 8080), "c1-1 p1 n1: closed"),
    ];
    check(&network(&k1(), &off), &walks);
    let walks = [
        ("c1-1", to("127.0.0.1", 8080), "c1-1 p1 c1-1: delivered"),
        ("c1-1", to("127.0.0.1", 81), "c1-1 p1: closed"),
        ("c1-1", to("127.9.9.9", 8080), "c1-1 p1: closed"),
        ("c1-1", to("::1", 8080), "c1-1 p1 c1-1: delivered"),
        ("c1-1", to("::1", 81), "c1-1 p1: closed"),
    ];
    check(&network(&k1(), &on), &walks);
}

#[test]
fn r3_without_it_a_node_has_no_entry_for_what_nobody_owns() {
    let mut cluster = k1();
    cluster.services.push(service("s1", &["10.96.0.1"]));
    cluster.ranges.push(clusters::range(RangeKind::Services, "10.96.0.0/16", RangeSource::Stated));
    let messages = [to("10.0.1.77", 80), to("10.96.0.9", 80), to("8.8.8.8", 53)];
    let off = network(&cluster, &declared(&[Refinement::R3]));
    for message in messages {
        check(&off, &[("c1-1", message, "c1-1 p1 n1: no entry")]);
    }
    assert_eq!(off.of_kind(Kind::Outside).count() + off.of_kind(Kind::World).count(), 0);
    let on = network(&cluster, &declared(&[]));
    let ends = ["c1-1 p1 n1: no route", "c1-1 p1 n1: no route"];
    let ends = ends.into_iter().chain(["c1-1 p1 n1 outside world: delivered"]);
    for (message, end) in messages.into_iter().zip(ends) {
        check(&on, &[("c1-1", message, end)]);
    }
}

#[test]
fn r4_without_it_nothing_reaches_a_node_or_its_daemons() {
    let kubelet = |without: &[Refinement]| {
        let daemons = vec!["kubelet:10250".parse().expect("a daemon")];
        network(&k1(), &Intent { daemons, ..declared(without) })
    };
    let messages = [
        ("c1-1", to("10.0.0.1", 10250), "c1-1 p1 n1 kubelet: delivered"),
        ("c1-1", to("10.0.0.2", 10250), "c1-1 p1 n1 n2 kubelet: delivered"),
        ("c1-1", to("10.0.0.2", 81), "c1-1 p1 n1 n2: closed"),
        ("d1", to("127.0.0.1", 10250), "d1 n1 kubelet: delivered"),
        ("d1", to("::1", 10250), "d1 n1 kubelet: delivered"),
        ("d1", to("127.0.0.1", 81), "d1 n1: closed"),
        ("world", to("10.0.0.1", 10250), "world outside n1 kubelet: delivered"),
    ];
    check(&kubelet(&[]), &messages);
    let off = kubelet(&[Refinement::R3, Refinement::R4]);
    for (from, message, _) in messages.into_iter().filter(|(from, ..)| *from != "world") {
        assert!(walked(&off, from, message, &[]).ends_with(": no entry"), "{message:?}");
    }
}

// --- what the semantics add ---

#[test]
fn dr_13_the_world_does_not_reach_pods() {
    let mut cluster = k1();
    cluster.services.push(service("s1", &["10.96.0.1"]));
    let n = network(&cluster, &declared(&[]));
    let walks = [
        ("world", to("10.0.1.1", 8080), "world outside: no route"),
        ("world", to("10.0.1.77", 8080), "world outside: no route"),
        ("world", to("10.96.0.1", 80), "world outside: no route"),
        ("world", to("10.0.0.1", 80), "world outside n1: closed"),
        ("world", to("8.8.8.8", 80), "world outside world: delivered"),
    ];
    check(&n, &walks);
}

#[test]
fn nm_2_of_two_containers_with_one_port_the_first_has_it() {
    let containers = vec![container("a", &["80"]), container("b", &["80", "81"])];
    let n = network(&k1_and([pod("p5", 0, &["10.0.1.5"], containers)]), &declared(&[]));
    let walks = [
        ("c1-1", to("10.0.1.5", 80), "c1-1 p1 n1 p5 a: delivered"),
        ("c1-1", to("10.0.1.5", 81), "c1-1 p1 n1 p5 b: delivered"),
    ];
    check(&n, &walks);
}

#[test]
fn nm_14_the_containers_of_a_host_network_pod_are_daemons_of_its_node() {
    let host = pod("h1", 1, &[], vec![container("agent", &["9100", "53/UDP"])]);
    let n = network(&k1_and([Pod { host_network: true, ..host }]), &declared(&[]));
    assert_eq!(named(&n, Kind::Daemon), ["default/d1/d1", "default/d2/d2", "default/h1/agent"]);
    assert_eq!(named(&n, Kind::Pod).len(), 4);
    let agent = find(&n, "agent");
    assert_eq!(n.facts.host(agent), Some(find(&n, "n2")));
    let udp = Header { proto: Proto::Udp, ..to("10.0.0.2", 53) };
    let walks = [
        ("agent", to("10.0.2.1", 8080), "agent n2 p2 c2-1: delivered"),
        ("c1-1", to("10.0.0.2", 9100), "c1-1 p1 n1 n2 agent: delivered"),
        ("c1-1", udp, "c1-1 p1 n1 n2 agent: delivered"),
        ("c1-1", to("10.0.0.2", 53), "c1-1 p1 n1 n2: closed"),
    ];
    check(&n, &walks);
}

#[test]
fn pod_5_a_pod_without_an_address_takes_no_part() {
    let pending = pod("p5", 0, &[], vec![container("a", &["80"])]);
    let with = network(&k1_and([pending]), &declared(&[]));
    assert_eq!(with, network(&k1(), &declared(&[])));
}

#[test]
fn pod_6_a_finished_pod_owns_nothing() {
    // Its address is another pod's now.
    let finished = pod("p5", 1, &["10.0.1.1"], vec![container("a", &["80"])]);
    let with = network(&k1_and([Pod { live: false, ..finished }]), &declared(&[]));
    assert_eq!(with, network(&k1(), &declared(&[])));
}

#[test]
fn pod_7_who_has_a_shared_address_is_an_open_choice() {
    let twin = pod("p5", 1, &["10.0.1.1"], vec![container("a", &["8080"])]);
    let n = network(&k1_and([twin]), &declared(&[]));
    assert_eq!(n.choices.len(), 1);
    assert_eq!((n.choices[0].id.as_ref(), n.choices[0].values), ("POD-7", 2));
    // Nobody's switch says who has it, not even those of the two.
    let walks = [
        ("c3-1", ["c3-1 p3 n1 p1 c1-1: delivered", "c3-1 p3 n1 n2 p5 a: delivered"]),
        ("c1-1", ["c1-1 p1 c1-1: delivered", "c1-1 p1 n1 n2 p5 a: delivered"]),
        ("a", ["a p5 n2 n1 p1 c1-1: delivered", "a p5 a: delivered"]),
    ];
    for (from, ends) in walks {
        let header = to("10.0.1.1", 8080);
        assert_eq!([0, 1].map(|value| walked(&n, from, header, &[value])), ends);
    }
    let n1 = fib(&n, "n1");
    assert!(n1.contains(&"F4 [* * 10.0.1.1 * Forward(p1)] when 0".to_owned()), "{n1:#?}");
    assert!(n1.contains(&"F5 [* * 10.0.1.1 * Forward(n2)] when 1".to_owned()), "{n1:#?}");
}
