//! What becomes of messages that are rewritten on their way, and of their replies, on a network
//! that is small enough to draw. Services are entries as any other here: what each of them should
//! be is not the question.
//!
//! ```text
//!   c1 ── p1 ─┐              ┌─ p2 ── c2
//!             n1 ────────── n2
//!   c3 ── p3 ─┘└─ outside ──┘
//!                    └ world
//! ```

use fibula_network::file::read;
use fibula_network::walk::{Life, Step, Verdict, branches, reply, walk};
use fibula_network::*;

/// Each container listens on 8080. A Service 10.96.0.1:80, and ports of the Nodes that lead to the
/// same backends: 30080 with a masquerade, 30081 without, 30082 to the backends of the Node alone.
const FILE: &str = r#"{"fibula": "network/1",
"elements": [
  {"kind": "node", "name": "n1"}, {"kind": "node", "name": "n2"},
  {"kind": "outside", "name": "out"}, {"kind": "world", "name": "world", "host": "out"},
  {"kind": "pod", "name": "p1", "host": "n1"}, {"kind": "container", "name": "c1", "host": "p1"},
  {"kind": "pod", "name": "p2", "host": "n2"}, {"kind": "container", "name": "c2", "host": "p2"},
  {"kind": "pod", "name": "p3", "host": "n1"}, {"kind": "container", "name": "c3", "host": "p3"}],
"links": [["c1", "p1"], ["c2", "p2"], ["c3", "p3"], ["p1", "n1"], ["p2", "n2"], ["p3", "n1"],
  ["n1", "n2"], ["n1", "out"], ["n2", "out"], ["world", "out"]],
"zones": ["a", "b"],
"backends": {
  "web": ["10.0.0.2:8080", "10.0.0.3:8080"],
  "six": ["[fd00::2]:8080"],
  "first": ["10.0.0.1:8080"],
  "here": [{"to": "10.0.0.2:8080", "switch": "n2"}],
  "near": [{"to": "10.0.0.3:8080", "zone": "a"}],
  "there": [{"to": "192.168.0.2:7", "switch": "n1"}, {"to": "192.168.0.1:7", "switch": "n2"}]},
"hops": {"nodes": ["n1", "n2"]},
"tables": {
  "pod": [
    {"to": "own", "reply": true, "do": "deliver caller"},
    {"to": "own", "port": "listened", "do": "deliver listener"},
    {"to": "own", "do": "discard closed port"},
    {"do": "forward host"}],
  "services": [
    {"reply": true, "do": "undo", "then": "next hop"},
    {"to": "10.96.0.1", "port": 80, "do": "rewrite web", "mark": "hairpin", "then": "source"},
    {"to": "fd00:96::1", "port": 80, "do": "rewrite six", "mark": "always", "then": "source"},
    {"to": "10.96.0.2", "port": 80, "do": "rewrite first", "mark": "hairpin", "then": "source"},
    {"to": "10.96.0.2", "port": 81, "do": "rewrite first", "then": "source"},
    {"to": "10.96.0.3", "port": 80, "do": "rewrite near", "then": "source"},
    {"to": "10.96.0.3", "port": 80, "do": "reject service"},
    {"to": "own", "port": 30080, "do": "rewrite web", "mark": "always", "then": "source"},
    {"to": "own", "port": 30081, "do": "rewrite web", "then": "source"},
    {"to": "own", "port": 30082, "do": "rewrite here", "then": "source"},
    {"to": "own", "port": 30082, "do": "discard service"},
    {"to": "own", "port": 7, "do": "rewrite there", "then": "source"}],
  "source": [
    {"marked": true, "do": "masquerade own", "then": "next hop"}],
  "next hop": [
    {"to": "own", "reply": true, "do": "deliver caller"},
    {"to": "own", "do": "deliver me"},
    {"to": "hosted", "do": "forward owner"},
    {"to": "elsewhere pod", "do": "forward owner's node"},
    {"to": "elsewhere node", "do": "forward owner's node"},
    {"do": "forward out"}],
  "out": [
    {"to": "203.0.113.1", "do": "forward one of nodes"},
    {"to": "elsewhere pod", "do": "forward owner's node"},
    {"to": "elsewhere node", "do": "forward owner's node"},
    {"reply": true, "do": "deliver caller"},
    {"do": "deliver world"}]},
"pipelines": {"pod": ["pod"], "node": ["services", "source", "next hop"], "out": ["out"]},
"fibs": {
  "n1": {"pipeline": "node", "own": ["192.168.0.1", "203.0.113.1"], "zone": "a", "masquerade": ["192.168.0.1", "fd00:1::1"]},
  "n2": {"pipeline": "node", "own": ["192.168.0.2", "203.0.113.1"], "zone": "b", "masquerade": ["192.168.0.2"]},
  "out": {"pipeline": "out"},
  "p1": {"pipeline": "pod", "own": ["10.0.0.1", "fd00::1"], "host": "n1", "listeners": [{"port": 8080, "process": "c1"}]},
  "p2": {"pipeline": "pod", "own": ["10.0.0.2", "fd00::2"], "host": "n2", "listeners": [{"port": 8080, "process": "c2"}]},
  "p3": {"pipeline": "pod", "own": ["10.0.0.3"], "host": "n1", "listeners": [{"port": 8080, "process": "c3"}]}},
"owners": [
  {"address": "10.0.0.1", "to": "p1", "via": "n1"}, {"address": "fd00::1", "to": "p1", "via": "n1"},
  {"address": "10.0.0.2", "to": "p2", "via": "n2"}, {"address": "fd00::2", "to": "p2", "via": "n2"},
  {"address": "10.0.0.3", "to": "p3", "via": "n1"},
  {"address": "fd00:1::1", "to": "n1", "via": "n1"},
  {"address": "192.168.0.1", "to": "n1", "via": "n1"}, {"address": "192.168.0.2", "to": "n2", "via": "n2"}]}"#;

fn network() -> Network {
    read(FILE.as_bytes()).unwrap().network
}

/// The network with a line of its file replaced.
fn edited(from: &str, to: &str) -> Network {
    assert!(FILE.contains(from), "{from}");
    read(FILE.replacen(from, to, 1).as_bytes()).unwrap().network
}

fn named(network: &Network, name: &str) -> ElementId {
    network.ids().find(|id| &*network.element(*id).name == name).unwrap()
}

fn header(src: &str, dst: &str, dport: u16) -> Header {
    let [src, dst] = [src, dst].map(|addr| addr.parse().unwrap());
    Header { src, sport: 40000, dst, dport, proto: Proto::Tcp }
}

/// Who received it, what it became, and how it ended: `n1 (10.0.0.1 > 10.0.0.2:8080) p2 c2 ✓`.
fn told(network: &Network, life: &Life) -> String {
    let mut told = String::new();
    for step in &life.steps {
        match *step {
            Step::Recv { at, .. } => told += &format!("{} ", network.element(at).name),
            Step::Decide { becomes: Some(Header { src, dst, dport, .. }), .. } => {
                told += &format!("({src} > {dst}:{dport}) ");
            }
            _ => {}
        }
    }
    match life.ending.verdict {
        Verdict::Delivered => told + "✓",
        verdict => told + verdict.name(),
    }
}

/// The branches of a message, each followed by its reply.
fn lives(network: &Network, from: &str, src: &str, dst: &str, dport: u16) -> Vec<String> {
    let process = named(network, from);
    let all = branches(network, process, header(src, dst, dport), &[], 100);
    assert!(all.all);
    let mut lives = vec![];
    for life in &all.lives {
        lives.push(told(network, life));
        lives.extend(reply(network, life, &[]).map(|reply| told(network, &reply)));
    }
    lives
}

#[test]
fn a_rewrite_changes_target_and_port_and_alternatives_are_branches_in_their_order() {
    let n = network();
    let expected = [
        "p1 n1 (10.0.0.1 > 10.0.0.2:8080) n2 p2 c2 ✓",
        "p2 n2 (10.0.0.2 > 10.0.0.1:40000) n1 (10.96.0.1 > 10.0.0.1:40000) p1 c1 ✓",
        "p1 n1 (10.0.0.1 > 10.0.0.3:8080) p3 c3 ✓",
        "p3 n1 (10.96.0.1 > 10.0.0.1:40000) p1 c1 ✓",
    ];
    assert_eq!(lives(&n, "c1", "10.0.0.1", "10.96.0.1", 80), expected);
    let first = walk(&n, named(&n, "c1"), header("10.0.0.1", "10.96.0.1", 80), &[]);
    assert_eq!(told(&n, &first), expected[0], "a walk takes the first");
    let forks: Vec<(u32, u32)> = first.forks().map(|fork| (fork.taken, fork.of)).collect();
    assert_eq!(forks, [(0, 2)]);
}

#[test]
fn branches_stop_at_their_limit() {
    let n = network();
    let of = |limit| {
        let header = header("10.0.0.1", "10.96.0.1", 80);
        let all = branches(&n, named(&n, "c1"), header, &[], limit);
        (all.lives.len(), all.all)
    };
    assert_eq!([of(1), of(2), of(3)], [(1, false), (2, true), (2, true)]);
}

#[test]
fn only_the_port_that_an_entry_names_is_rewritten() {
    let n = network();
    assert_eq!(lives(&n, "c1", "10.0.0.1", "10.96.0.1", 81)[0], "p1 n1 out world ✓");
}

#[test]
fn a_hairpin_is_masqueraded_and_comes_back() {
    let masqueraded = [
        "p1 n1 (10.0.0.1 > 10.0.0.1:8080) (192.168.0.1 > 10.0.0.1:8080) p1 c1 ✓",
        "p1 n1 (10.96.0.2 > 10.0.0.1:40000) p1 c1 ✓",
    ];
    assert_eq!(lives(&network(), "c1", "10.0.0.1", "10.96.0.2", 80), masqueraded);
    let others = lives(&network(), "c3", "10.0.0.3", "10.96.0.2", 80);
    assert_eq!(others[0], "p3 n1 (10.0.0.3 > 10.0.0.1:8080) p1 c1 ✓", "no hairpin");
}

#[test]
fn a_masquerade_is_by_the_address_of_the_family_or_none() {
    let n = network();
    let six = "p1 n1 (fd00::1 > fd00::2:8080) (fd00:1::1 > fd00::2:8080) n2 p2 c2 ✓";
    assert_eq!(lives(&n, "c1", "fd00::1", "fd00:96::1", 80)[0], six);
    // n2 has no IPv6 address to masquerade by: its entry matches nothing.
    let six = "p2 n2 (fd00::2 > fd00::2:8080) p2 c2 ✓";
    assert_eq!(lives(&n, "c2", "fd00::2", "fd00:96::1", 80)[0], six);
    let fixed = edited("masquerade own", "masquerade 10.9.9.9");
    let four = "p1 n1 (10.0.0.1 > 10.0.0.1:8080) (10.9.9.9 > 10.0.0.1:8080) p1 c1 ✓";
    assert_eq!(lives(&fixed, "c1", "10.0.0.1", "10.96.0.2", 80)[0], four);
}

#[test]
fn a_rewrite_matches_only_where_the_switch_sees_a_backend() {
    let n = network();
    let zoned = |from, src| lives(&n, from, src, "10.96.0.3", 80)[0].clone();
    assert_eq!(zoned("c1", "10.0.0.1"), "p1 n1 (10.0.0.1 > 10.0.0.3:8080) p3 c3 ✓");
    assert_eq!(zoned("c2", "10.0.0.2"), "p2 n2 rejected", "n2 is in another zone");
    let local = |node| lives(&n, "world", "8.8.8.8", node, 30082)[0].clone();
    assert_eq!(local("192.168.0.1"), "out n1 dropped by service");
    assert_eq!(local("192.168.0.2"), "out n2 (8.8.8.8 > 10.0.0.2:8080) p2 c2 ✓");
}

#[test]
fn one_of_several_switches_is_a_branch_each() {
    let expected = [
        "out n1 dropped by service",
        "out n2 (8.8.8.8 > 10.0.0.2:8080) p2 c2 ✓",
        "p2 n2 (203.0.113.1 > 8.8.8.8:40000) out world ✓",
    ];
    assert_eq!(lives(&network(), "world", "8.8.8.8", "203.0.113.1", 30082), expected);
}

#[test]
fn a_message_can_pass_a_switch_twice_and_so_can_its_reply() {
    let through = lives(&network(), "c1", "10.0.0.1", "192.168.0.2", 30080);
    let expected = [
        "p1 n1 n2 (10.0.0.1 > 10.0.0.3:8080) (192.168.0.2 > 10.0.0.3:8080) n1 p3 c3 ✓",
        "p3 n1 (10.0.0.3 > 192.168.0.2:40000) n2 (192.168.0.2 > 10.0.0.1:40000) \
         n1 (192.168.0.2 > 10.0.0.1:40000) p1 c1 ✓",
    ];
    assert_eq!(through[2..], expected);
}

#[test]
fn a_reply_comes_home_to_a_port_that_nobody_listens_on() {
    let n = network();
    let closed = walk(&n, named(&n, "c2"), header("10.0.0.2", "10.0.0.1", 40000), &[]);
    assert_eq!(closed.ending.verdict, Verdict::Closed);
    let [_, back] = &lives(&n, "c1", "10.0.0.1", "10.0.0.2", 8080)[..] else { panic!() };
    assert!(back.ends_with("n1 (10.0.0.2 > 10.0.0.1:40000) p1 c1 ✓"), "{back}");
}

#[test]
fn a_reply_that_misses_who_rewrote_is_lost() {
    let n = network();
    let back = |n: &Network, src, dst, dport, branch: usize| {
        let from = if src == "8.8.8.8" { "world" } else { "c1" };
        lives(n, from, src, dst, dport)[2 * branch + 1].clone()
    };
    let cases = [
        (
            "n2 rewrote without a masquerade, and n1 knows the way home",
            back(&n, "8.8.8.8", "192.168.0.2", 30081, 1),
            "p3 n1 (10.0.0.3 > 8.8.8.8:40000) out world reply lost",
        ),
        (
            "the pod knows itself: n1 never sees the reply",
            back(&n, "10.0.0.1", "10.96.0.2", 81, 0),
            "p1 c1 reply lost",
        ),
        (
            "n1 undoes nothing, and to p1 it answers no message",
            back(
                &edited("{\"reply\": true, \"do\": \"undo\", \"then\": \"next hop\"},", ""),
                "10.0.0.1",
                "10.96.0.1",
                80,
                1,
            ),
            "p3 n1 p1 reply lost",
        ),
        (
            "nobody owns the source",
            back(
                &edited("{\"address\": \"10.0.0.1\", \"to\": \"p1\", \"via\": \"n1\"},", ""),
                "10.0.0.1",
                "10.0.0.3",
                8080,
                0,
            ),
            "p3 n1 (10.0.0.3 > 10.0.0.1:40000) out world reply lost",
        ),
        (
            "it is dropped on its way",
            back(
                &edited(
                    "{\"to\": \"hosted\"",
                    "{\"from\": \"10.0.0.3\", \"do\": \"discard policy\"}, {\"to\": \"hosted\"",
                ),
                "10.0.0.1",
                "10.0.0.3",
                8080,
                0,
            ),
            "p3 n1 (10.0.0.3 > 10.0.0.1:40000) reply lost",
        ),
        (
            "the source is an address of somebody else",
            back(&n, "10.0.0.2", "10.0.0.3", 8080, 0),
            "p3 n1 (10.0.0.3 > 10.0.0.2:40000) n2 p2 reply lost",
        ),
    ];
    for (why, back, expected) in cases {
        assert_eq!(back, expected, "{why}");
    }
}

#[test]
fn what_is_not_delivered_has_no_reply() {
    let n = network();
    let life = walk(&n, named(&n, "c1"), header("10.0.0.1", "10.0.0.2", 81), &[]);
    assert_eq!(life.ending.verdict, Verdict::Closed);
    assert_eq!(reply(&n, &life, &[]), None);
}

#[test]
fn r5_rewriting_in_a_circle_is_a_loop() {
    let expected = "out n1 (8.8.8.8 > 192.168.0.2:7) n2 (8.8.8.8 > 192.168.0.1:7) \
                    n1 (8.8.8.8 > 192.168.0.2:7) n2 loop";
    assert_eq!(lives(&network(), "world", "8.8.8.8", "192.168.0.1", 7), [expected]);
}

#[test]
fn backends_of_several_scopes_are_seen_once_and_in_one_order() {
    let addr = |text: &str| text.parse::<Addr>().unwrap();
    let backend = |at, to, port| Backend { at, addr: addr(to), port, place: PlaceId::NONE };
    let [one, other] = [0, 1].map(ElementId);
    let list = Backends::new(
        "web",
        vec![
            backend(Scope::Switch(one), "10.0.0.1", 80),
            backend(Scope::Zone(ZoneId(1)), "10.0.0.2", 80),
            backend(Scope::Zone(ZoneId(0)), "10.0.0.1", 80),
            backend(Scope::Everywhere, "10.0.0.3", 80),
            backend(Scope::Zone(ZoneId(0)), "10.0.0.3", 80),
            backend(Scope::Everywhere, "10.0.0.1", 81),
        ],
    );
    let seen = |switch, zone| {
        let me = Me { zone: Option::map(zone, ZoneId), ..Me::default() };
        let seen = list.seen_by(switch, &me).map(|b| format!("{}:{}", b.addr, b.port));
        seen.collect::<Vec<_>>()
    };
    let all = ["10.0.0.1:80", "10.0.0.1:81", "10.0.0.3:80"];
    assert_eq!(seen(one, Some(0)), all);
    assert_eq!(seen(other, Some(0)), all);
    assert_eq!(seen(one, None), all);
    assert_eq!(seen(other, None), all[1..]);
    assert_eq!(seen(other, Some(1)), ["10.0.0.1:81", "10.0.0.2:80", "10.0.0.3:80"]);
}
