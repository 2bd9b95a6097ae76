//! The life of one message, rule by rule, on a network that is small enough to draw:
//!
//! ```text
//!   c1 ─┐                    ┌─ c2 :80
//!       p1 ── n1 ──── n2 ── p2
//!        d1 ──┘
//! ```

use fibula_network::walk::{Ending, Life, Step, Verdict, walk};
use fibula_network::*;

const N1: ElementId = ElementId(0);
const N2: ElementId = ElementId(1);
const P1: ElementId = ElementId(2);
const P2: ElementId = ElementId(3);
const C1: ElementId = ElementId(4);
const C2: ElementId = ElementId(5);
const D1: ElementId = ElementId(6);

/// The pipelines, each of one table: that of the pods, and that of the Nodes.
const POD: usize = 0;
const NODE: usize = 1;

const CLOSED: Action = Action::Discard(Reason::ClosedPort);

fn addr(text: &str) -> Addr {
    text.parse().unwrap()
}

fn only(text: &str) -> Addrs {
    Addrs::In(text.parse().unwrap())
}

/// The network drawn above, by F2 to F5 and R1; R3 is missing.
fn network() -> Network {
    let hosts = [None, None, Some(N1), Some(N2), Some(P1), Some(P2), Some(N1)];
    let names = ["n1", "n2", "p1", "p2", "c1", "c2", "d1"];
    let kinds = [
        Kind::Node,
        Kind::Node,
        Kind::Pod,
        Kind::Pod,
        Kind::Container,
        Kind::Container,
        Kind::Daemon,
    ];
    let port = Port::tcp(80);
    let listeners = vec![Listener { port, process: C2, place: PlaceId::NONE }];
    let pod = |own: &str, host, listeners| {
        let me = Me { own: vec![addr(own)], listeners, host: Some(host), ..Me::default() };
        Some(Fib { pipeline: PipelineId(0), me })
    };
    let node = Some(Fib { pipeline: PipelineId(1), me: Me::default() });
    let owner = |own, to, via| Owner { addr: addr(own), when: None, to, via };
    let pods = vec![
        Entry::new("F2", Pattern::listened(Addrs::Own), Action::Deliver(Receiver::Listener)),
        Entry::new("R1", Pattern::to(Addrs::Own), CLOSED),
        Entry::new("F3", Pattern::ANY, Action::Forward(Hop::Host)),
    ];
    let elsewhere = Pattern::to(Addrs::Elsewhere(Kind::Pod));
    let nodes = vec![
        Entry::new("F4", Pattern::to(Addrs::Hosted), Action::Forward(Hop::Owner)),
        Entry::new("F5", elsewhere, Action::Forward(Hop::OwnersNode)),
    ];
    let element =
        |(kind, name): (Kind, &str)| Element { kind, name: name.into(), place: PlaceId::NONE };
    let hosted = (0..).map(ElementId).zip(hosts).filter_map(|(id, host)| Some((id, host?)));
    Network {
        elements: kinds.into_iter().zip(names).map(element).collect(),
        links: Links::new(names.len(), hosted.chain([(N1, N2)]), vec![]),
        facts: Facts { host: hosts.into(), ..Facts::default() },
        tables: [pods, nodes].map(|entries| Table::new("t", entries)).into(),
        pipelines: vec![vec![TableId(0)], vec![TableId(1)]],
        fibs: vec![
            node.clone(),
            node,
            pod("10.0.0.1", N1, vec![]),
            pod("10.0.0.2", N2, listeners),
            None,
            None,
            None,
        ],
        owners: vec![owner("10.0.0.1", P1, N1), owner("10.0.0.2", P2, N2)],
        ..Network::default()
    }
}

/// The network with an entry before all others of a pipeline.
fn with(pipeline: usize, pattern: Pattern, action: Action) -> Network {
    let mut network = network();
    network.tables[pipeline].entries.insert(0, Entry::new("test", pattern, action));
    network
}

fn header(dst: &str, dport: u16) -> Header {
    Header { src: addr("10.0.0.1"), sport: 40000, dst: addr(dst), dport, proto: Proto::Tcp }
}

/// What becomes of a message of c1 to an address and a port.
fn life(network: &Network, dst: &str, dport: u16) -> Life {
    walk(network, C1, header(dst, dport), &[])
}

fn ending(verdict: Verdict, at: ElementId) -> Ending {
    Ending { verdict, at }
}

/// The switches that consulted their FIBs, with the entry that decided.
fn decisions(life: &Life) -> Vec<(ElementId, u32, u32)> {
    let decide = |step: &Step| match step {
        Step::Decide { at, entry, .. } => Some((*at, entry.table.0, entry.index)),
        _ => None,
    };
    life.steps.iter().filter_map(decide).collect()
}

/// The elements that received it.
fn path(life: &Life) -> Vec<ElementId> {
    let receive = |step: &Step| match step {
        Step::Recv { at, .. } => Some(*at),
        _ => None,
    };
    life.steps.iter().filter_map(receive).collect()
}

#[test]
fn f2_to_f5_lead_from_pod_to_pod() {
    let life = life(&network(), "10.0.0.2", 80);
    assert_eq!(path(&life), [P1, N1, N2, P2, C2]);
    assert_eq!(decisions(&life), [(P1, 0, 2), (N1, 1, 1), (N2, 1, 0), (P2, 0, 0)]);
    assert_eq!(life.ending, ending(Verdict::Delivered, C2));
}

#[test]
fn every_verdict_has_its_condition() {
    let pod = |action| with(POD, Pattern::ANY, action);
    let unlinked = Network { links: network().links.without(N1, N2), ..network() };
    let cases = [
        (network(), ending(Verdict::Delivered, C2), "F2, and a link"),
        (pod(Action::Deliver(Receiver::Me)), ending(Verdict::Delivered, P1), "process unknown"),
        (pod(CLOSED), ending(Verdict::Closed, P1), "a Discard for a closed port"),
        (pod(Action::Reject(Reason::Service)), ending(Verdict::Rejected, P1), "a Reject"),
        (pod(Action::Discard(Reason::Policy)), ending(Verdict::DroppedByPolicy, P1), "a policy's"),
        (
            pod(Action::Discard(Reason::Service)),
            ending(Verdict::DroppedByService, P1),
            "a Service's",
        ),
        (pod(Action::Discard(Reason::NoRoute)), ending(Verdict::NoRoute, P1), "nobody's address"),
        (unlinked, ending(Verdict::NoLink, N1), "N2"),
        (Network { owners: vec![], ..network() }, ending(Verdict::NoEntry, N1), "the FIB ran out"),
        (
            with(NODE, Pattern::ANY, Action::Forward(Hop::To(P1))),
            ending(Verdict::Loop, N1),
            "received as before",
        ),
    ];
    for (network, expected, why) in &cases {
        assert_eq!(life(network, "10.0.0.2", 80).ending, *expected, "{why}");
    }
    let met: Vec<Verdict> = cases.iter().map(|(_, ending, _)| ending.verdict).collect();
    let mut first = Verdict::ALL.iter().filter(|verdict| **verdict != Verdict::ReplyLost);
    assert!(first.all(|verdict| met.contains(verdict)), "{met:?}");
}

#[test]
fn r1_a_closed_port_is_closed_at_the_pod() {
    assert_eq!(life(&network(), "10.0.0.2", 81).ending, ending(Verdict::Closed, P2));
}

#[test]
fn n2_a_message_crosses_only_a_link() {
    let cases = [
        (C1, P1, C1, 0, "from a process"),
        (P1, N1, P1, 2, "to the host"),
        (N1, N2, N1, 4, "to a Node"),
        (N2, P2, N2, 6, "to the owner"),
        (P2, C2, P2, 8, "to the listener"),
    ];
    for (a, b, at, events, why) in cases {
        let cut = Network { links: network().links.without(a, b), ..network() };
        let life = life(&cut, "10.0.0.2", 80);
        assert_eq!(life.ending, ending(Verdict::NoLink, at), "{why}");
        let decided = decisions(&life).len();
        assert_eq!(life.steps.len() - decided, events, "{why}");
    }
}

#[test]
fn n2_a_forward_to_nowhere_is_no_link() {
    let mut network = network();
    network.fibs[P1.index()].as_mut().unwrap().me.host = None;
    assert_eq!(life(&network, "10.0.0.2", 80).ending, ending(Verdict::NoLink, P1));
    network.facts.host[C1.index()] = None;
    let life = life(&network, "10.0.0.2", 80);
    assert_eq!(life, Life { steps: vec![], ending: ending(Verdict::NoLink, C1), asked: vec![] });
}

#[test]
fn n3_every_send_is_followed_by_its_recv() {
    for (dst, dport) in [("10.0.0.2", 80), ("10.0.0.2", 81), ("10.0.0.1", 80), ("8.8.8.8", 80)] {
        let life = life(&network(), dst, dport);
        let mut holder = C1;
        let mut steps = life.steps.iter();
        while let Some(step) = steps.next() {
            match *step {
                Step::Send { from, to, header: sent } => {
                    assert_eq!(from, holder);
                    assert_eq!(sent, header(dst, dport), "a message arrives as it was sent (C3)");
                    let recv = Step::Recv { at: to, from, header: sent };
                    assert_eq!(steps.next(), Some(&recv));
                    holder = to;
                }
                Step::Recv { .. } => panic!("a Recv without a Send: {step:?}"),
                Step::Decide { at, .. } | Step::Pass { at, .. } => assert_eq!(at, holder),
            }
        }
        assert_eq!(life.ending.at, holder, "it ends where it is, once");
    }
}

#[test]
fn n6_the_first_match_wins() {
    let discard = Action::Discard(Reason::Policy);
    let here = ending(Verdict::DroppedByPolicy, P1);
    let there = ending(Verdict::Delivered, C2);
    let of = |change: fn(&mut Pattern)| {
        let mut pattern = Pattern::ANY;
        change(&mut pattern);
        pattern
    };
    let cases = [
        (Pattern::ANY, here),
        (of(|p| p.src = only("10.0.0.1")), here),
        (of(|p| p.src = only("10.0.0.2-10.0.0.9")), there),
        (of(|p| p.src = Addrs::Own), here),
        (of(|p| p.src = Addrs::Hosted), there),
        (of(|p| p.src = Addrs::Elsewhere(Kind::Pod)), here),
        (of(|p| p.sport = Ports::In(40000, 40000)), here),
        (of(|p| p.sport = Ports::In(0, 39999)), there),
        (of(|p| p.sport = Ports::Listened), there),
        (of(|p| p.dst = only("10.0.0.0/8")), here),
        (of(|p| p.dst = only("::/0")), here),
        (of(|p| p.dst = only("10.0.0.3-10.0.0.9")), there),
        (of(|p| p.dport = Ports::In(79, 80)), here),
        (of(|p| p.dport = Ports::In(81, 65535)), there),
        (of(|p| p.proto = Some(Proto::Tcp)), here),
        (of(|p| p.proto = Some(Proto::Udp)), there),
        (of(|p| p.from = Some(Kind::Container)), here),
        (of(|p| p.from = Some(Kind::World)), there),
    ];
    for (pattern, expected) in cases {
        let network = with(POD, pattern.clone(), discard);
        assert_eq!(life(&network, "10.0.0.2", 80).ending, expected, "{pattern:?}");
    }
}

#[test]
fn n6_tables_come_in_their_order() {
    let stop = Entry::new("test", Pattern::ANY, Action::Discard(Reason::Policy));
    let goto = |table| Entry::new("test", Pattern::ANY, Action::Goto(TableId(table)));
    let dropped = ending(Verdict::DroppedByPolicy, P1);
    let delivered = ending(Verdict::Delivered, C2);
    // Table 0 is the pods', 2 discards, 3 leads to table 0, 4 leads to itself, 5 is empty.
    let cases = [
        (vec![0, 2], delivered, "what decides keeps the later tables out"),
        (vec![2, 0], dropped, "the earlier table decides"),
        (vec![5, 0], delivered, "a table without a match passes it on"),
        (vec![3, 2, 0], delivered, "a Goto passes a table over"),
        (vec![0, 5, 3], delivered, "a Goto that is not met"),
        (vec![4, 0], ending(Verdict::NoEntry, P1), "a Goto that leads to itself"),
        (vec![5, 3], ending(Verdict::NoEntry, P1), "a Goto to a table that is not there"),
        (vec![5], ending(Verdict::NoEntry, P1), "the last table ran out"),
        (vec![], ending(Verdict::NoEntry, P1), "no table"),
    ];
    for (tables, expected, why) in cases {
        let mut network = network();
        for entries in [vec![stop.clone()], vec![goto(0)], vec![goto(4)], vec![]] {
            network.tables.push(Table::new("more", entries));
        }
        network.pipelines.push(tables.into_iter().map(TableId).collect());
        network.fibs[P1.index()].as_mut().unwrap().pipeline = PipelineId(2);
        assert_eq!(life(&network, "10.0.0.2", 80).ending, expected, "{why}");
    }
}

#[test]
fn n6_a_goto_back_is_no_entry() {
    let mut network = with(NODE, Pattern::ANY, Action::Goto(TableId(0)));
    network.pipelines[NODE] = vec![TableId(2), TableId(1)];
    network.tables.push(Table::new("before", vec![]));
    network.tables[NODE].entries[0].action = Action::Goto(TableId(2));
    assert_eq!(life(&network, "10.0.0.2", 80).ending, ending(Verdict::NoEntry, N1));
}

#[test]
fn r1_without_it_a_closed_port_loops_and_the_loop_ends() {
    let mut network = network();
    network.tables[POD].entries.remove(1);
    let life = life(&network, "10.0.0.2", 81);
    // n2 is met twice, but first from n1 and then from p2; p2 from n2 both times.
    assert_eq!(path(&life), [P1, N1, N2, P2, N2, P2]);
    assert_eq!(life.ending, ending(Verdict::Loop, P2));
}

#[test]
fn r5_a_switch_met_twice_by_other_links_is_no_loop() {
    // p1 meets the message from c1 and then from n1, and delivers what comes from a Node.
    let from_node = Pattern { from: Some(Kind::Node), ..Pattern::ANY };
    let mut network = with(POD, from_node, Action::Deliver(Receiver::Element(C1)));
    let back = Entry::new("test", Pattern::ANY, Action::Forward(Hop::To(P1)));
    network.tables[NODE].entries.insert(0, back);
    let life = life(&network, "10.0.0.2", 80);
    assert_eq!(path(&life), [P1, N1, P1, C1]);
    assert_eq!(life.ending, ending(Verdict::Delivered, C1));
}

#[test]
fn f4_a_daemon_sends_through_its_node() {
    let life = walk(&network(), D1, header("10.0.0.2", 80), &[]);
    assert_eq!(path(&life), [N1, N2, P2, C2]);
}

#[test]
fn pod_7_owners_of_one_address_are_alternatives() {
    let mut network = network();
    let when = |value| Some(When { choice: ChoiceId(0), value });
    let owner = |to, via, value| Owner { addr: addr("10.0.0.2"), when: when(value), to, via };
    network.choices =
        vec![Choice { id: "POD-7".into(), question: "who has it?".into(), values: 3 }];
    network.owners = vec![owner(P2, N2, 0), owner(P1, N1, 1)];
    let under = |network: &Network, choices| walk(network, C1, header("10.0.0.2", 80), choices);
    assert_eq!(under(&network, &[0]).ending, ending(Verdict::Delivered, C2));
    assert_eq!(under(&network, &[]).ending, ending(Verdict::Delivered, C2), "0 if left out");
    assert_eq!(under(&network, &[1]).ending, ending(Verdict::Loop, N1), "p1 knows nothing of it");
    assert_eq!(under(&network, &[2]).ending, ending(Verdict::NoEntry, N1), "nobody has it");
    let found = under(&network, &[1]).steps.into_iter().find_map(|step| match step {
        Step::Decide { owner, .. } => owner,
        _ => None,
    });
    assert_eq!(found, Some(owner(P1, N1, 1)));
}

#[test]
fn an_entry_asks_for_all_its_choices() {
    let when = |choice, value| When { choice: ChoiceId(choice), value };
    let pattern = Pattern { when: vec![when(0, 1), when(1, 0)], ..Pattern::ANY };
    let network = with(POD, pattern, CLOSED);
    for (choices, closed) in [([1, 0], true), ([0, 0], false), ([1, 1], false)] {
        let life = walk(&network, C1, header("10.0.0.2", 80), &choices);
        assert_eq!(life.ending.verdict == Verdict::Closed, closed, "{choices:?}");
    }
}

#[test]
fn nm_2_of_two_listeners_on_a_port_the_first_has_it() {
    let mut network = network();
    let me = &mut network.fibs[P2.index()].as_mut().unwrap().me;
    let twin = Listener { process: D1, ..me.listeners[0] };
    me.listeners.push(twin);
    let life = life(&network, "10.0.0.2", 80);
    assert_eq!(life.ending, ending(Verdict::Delivered, C2));
    let found = life.steps.iter().rev().find_map(|step| match step {
        Step::Decide { listener, .. } => Some(*listener),
        _ => None,
    });
    assert_eq!(found.flatten().map(|listener| listener.process), Some(C2));
}
