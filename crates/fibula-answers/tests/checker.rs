//! `verify` judged by enumeration: it reports a violation exactly when sending one message for
//! each combination of values that the network tells apart finds one, and counts the same pairs.
//!
//! The judge reads C1 to C4 and R5 from the model and knows `walk`; nothing of sets of headers.
//! The long form: `PROPTEST_CASES=20000 cargo test --release -p fibula-answers --test checker`.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../../fibula-intended/tests/clusters/mod.rs"]
mod clusters;
mod judge;
#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../../fibula-network/tests/random/mod.rs"]
mod random;

use fibula_answers::verify;
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use judge::{Messages, compare, enumerate, replay};

/// So many messages enumerate in a moment, unoptimised.
const FEW: usize = 12_000;

/// 64 cases, unless PROPTEST_CASES says how many.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 64, ..config },
    }
}

/// Whether a network is small enough, and every process has a host as the types ask for.
fn judgeable(network: &Network) -> bool {
    let hosted = |id| !network.kind(id).is_process() || network.facts.host(id).is_some();
    network.ids().all(hosted) && Messages::of(network).count() <= FEW
}

/// Proves a network and enumerates its messages; both must say the same.
fn agree(network: &Network) -> Result<(), TestCaseError> {
    if !judgeable(network) {
        return Ok(());
    }
    let Some(found) = enumerate(network) else { return Ok(()) };
    let proof = verify(network);
    let agreed = compare(&proof, &found).and_then(|()| replay(network, &proof));
    agreed.map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn verify_is_right_of_random_networks(
        network in random::networks().prop_filter("few messages", |drawn| judgeable(&drawn.0)),
        rolls in random::rolls(12),
    ) {
        agree(&network.0)?;
        agree(&random::mutate(&network.0, &rolls))?;
    }

    #[test]
    fn verify_is_right_of_a_network_that_leaves_choices_open(network in undecided()) {
        agree(&network.0)?;
    }

    #[test]
    fn verify_is_right_of_an_article_with_a_fault(
        network in random::articles().prop_filter("few messages", |drawn| judgeable(&drawn.0)),
        faults in prop::collection::vec(random::rolls(12), 1..4),
    ) {
        for rolls in faults {
            agree(&random::mutate(&network.0, &rolls))?;
        }
    }

    #[test]
    fn verify_is_right_of_filters_and_a_fault(
        network in random::filtered().prop_filter("few messages", |drawn| judgeable(&drawn.0)),
        faults in prop::collection::vec(random::rolls(12), 1..4),
    ) {
        agree(&network.0)?;
        for rolls in faults {
            agree(&random::mutate(&network.0, &rolls))?;
        }
    }

    #[test]
    fn verify_is_right_of_an_intended_network_with_a_fault(
        (network, _drawn) in intended(),
        faults in prop::collection::vec(random::rolls(12), 1..4),
    ) {
        for rolls in faults {
            agree(&random::mutate(&network.0, &rolls))?;
        }
    }
}

/// Small articles with a choice on which entries before the article's own depend: by source, by
/// target, or whatever the message.
fn undecided() -> impl Strategy<Value = random::Drawn> {
    let entry = (any::<[prop::sample::Index; 3]>(), 0..4usize, prop::option::of(0..2u8), 0..5usize);
    let entries = prop::collection::vec(entry, 1..=5);
    (random::articles(), entries)
        .prop_map(|(mut drawn, entries)| {
            let n = &mut drawn.0;
            let (id, question) = ("POD-7".into(), "which?".into());
            n.choices = vec![Choice { id, question, values: 2 }];
            for ([table, src, dst], fields, value, action) in entries {
                let addr = |at: prop::sample::Index| {
                    Addrs::In(Range::one(n.facts.addr[at.index(n.facts.addr.len())].1))
                };
                let when = value.map(|value| When { choice: ChoiceId(0), value });
                let pattern = Pattern {
                    src: if fields & 1 == 0 { addr(src) } else { Addrs::Any },
                    dst: if fields & 2 == 0 { addr(dst) } else { Addrs::Any },
                    when: when.into_iter().collect(),
                    ..Pattern::ANY
                };
                let action = match action {
                    0 => Action::Discard(Reason::NoRoute),
                    1 => Action::Discard(Reason::Policy),
                    2 => Action::Forward(Hop::Host),
                    3 => Action::Deliver(Receiver::Me),
                    _ => Action::Forward(Hop::To(ElementId(0))),
                };
                // The tables before the Pods' and the Nodes' own.
                let entries = &mut n.tables[2 * table.index(2)].entries;
                entries.push(Entry::new("random", pattern, action));
            }
            drawn
        })
        .prop_filter("few messages", |drawn| judgeable(&drawn.0))
}

/// Intended networks of small clusters, some with an address that two entities share (POD-7), in
/// some a switch that shares no tables.
fn intended() -> impl Strategy<Value = (random::Drawn, clusters::Drawn)> {
    let shape = clusters::Shape { nodes: 3, pods: 3, services: 1, beyond_the_article: true };
    let unshared = any::<prop::sample::Index>();
    let drawn = prop_oneof![
        2 => clusters::drawn(shape),
        1 => clusters::shared(shape).prop_map(|(drawn, _)| drawn),
    ];
    (drawn, any::<bool>(), unshared)
        .prop_map(|(drawn, unshare, at)| {
            let mut network = network(&drawn.cluster, &drawn.intent);
            if unshare {
                let switch = at.index(network.elements.len());
                network.unshare(ElementId(switch as u32));
            }
            (random::Drawn(network), drawn)
        })
        .prop_filter("few messages", |(network, _)| judgeable(&network.0))
}

/// The last table of the switches of a kind: the article's own.
fn last<'n>(n: &'n mut Network, kind: &str) -> &'n mut Table {
    let switch = n.ids().find(|id| n.kind(*id).name() == kind).expect("a switch");
    let pipeline = n.fib(switch).expect("a FIB").pipeline;
    let table = *n.pipeline(pipeline).last().expect("a table");
    &mut n.tables[table.0 as usize]
}

/// The judge is judged: a proof of another network than the one enumerated is noticed.
#[test]
fn a_proof_of_another_network_is_noticed() {
    type Fault = Box<dyn Fn(&mut Network)>;
    let intent = Intent { listeners: Listeners::Declared, ..Intent::default() };
    let sound = network(&clusters::k1(), &intent);
    let entry = |kind: &'static str, rule: &'static str| {
        move |n: &mut Network| {
            last(n, kind).entries.retain(|entry| entry.origin.rule != rule);
        }
    };
    let first = |n: &Network, kind: Kind| n.of_kind(kind).next().expect("an element");
    let link = |a: Kind, b: Kind| {
        move |n: &mut Network| n.links = n.links.without(first(n, a), first(n, b))
    };
    let cases: [(&str, Fault); 9] = [
        ("C2", Box::new(entry("pod", "F1"))),
        ("C3", Box::new(entry("pod", "F2"))),
        ("C3", Box::new(entry("pod", "F3"))),
        ("C4", Box::new(entry("node", "F4"))),
        ("C3", Box::new(entry("node", "F5"))),
        ("R5", Box::new(entry("outside", "R3"))),
        ("C2", Box::new(link(Kind::Container, Kind::Pod))),
        ("C4", Box::new(link(Kind::Pod, Kind::Node))),
        (
            "C1",
            Box::new(|n: &mut Network| {
                let (_, addr) = n.facts.addr[0];
                let last = n.of_kind(Kind::Pod).last().expect("a Pod");
                n.facts.addr.push((Entity::Switch(last), addr));
                n.facts.addr.sort_unstable();
            }),
        ),
    ];
    let (right, found) = (verify(&sound), enumerate(&sound).expect("few alternatives"));
    assert_eq!(compare(&right, &found), Ok(()));
    for (id, fault) in cases {
        let mut faulty = sound.clone();
        fault(&mut faulty);
        let (wrong, missed) = (verify(&faulty), enumerate(&faulty).expect("few alternatives"));
        assert_eq!(compare(&wrong, &missed), Ok(()), "{id}");
        for (proof, found) in [(&right, &missed), (&wrong, &found)] {
            let noticed = compare(proof, found).expect_err("a fault");
            assert!(noticed.contains(": found"), "{noticed}");
        }
        let violated = |c: &&fibula_answers::Constraint| {
            matches!(c.outcome, fibula_answers::Outcome::Violated { .. })
        };
        let violated: Vec<&str> = wrong.constraints.iter().filter(violated).map(|c| c.id).collect();
        assert!(violated.contains(&id), "{id} is not among {violated:?}");
    }
}

/// An entry before those of a kind of switch.
fn before(n: &mut Network, kind: &str, pattern: Pattern, action: Action) {
    last(n, kind).entries.insert(0, Entry::new("bent", pattern, action));
}

/// Delivers what a pattern matches in a table to the first container, which is linked to all
/// switches of a kind.
fn deliver(n: &mut Network, table: &str, pattern: Pattern, kind: Kind) {
    let container = n.of_kind(Kind::Container).next().expect("a container");
    let links: Vec<_> = n.links.pairs().chain(n.of_kind(kind).map(|id| (container, id))).collect();
    n.links = Links::new(n.elements.len(), links, n.links.meshes().to_vec());
    before(n, table, pattern, Action::Deliver(Receiver::Element(container)));
}

fn one(addr: &str) -> Addrs {
    Addrs::In(addr.parse().expect("a range"))
}

fn addr_of(n: &mut Network, kind: Kind, addr: &str) {
    let entity = Entity::Switch(n.of_kind(kind).next().expect("a switch"));
    n.facts.addr.push((entity, addr.parse().expect("an address")));
    n.facts.addr.sort_unstable();
}

fn choice(n: &mut Network) -> impl Fn(u8) -> Vec<When> + use<> {
    n.choices.push(Choice { id: "POD-7".into(), question: "which?".into(), values: 2 });
    |value| vec![When { choice: ChoiceId(0), value }]
}

/// What a proof got wrong once, on K1: random networks come across it too rarely.
#[test]
fn verify_is_right_where_it_was_wrong() {
    type Bend = fn(&mut Network);
    let cases: [(&str, Bend); 11] = [
        ("C3: a promised address that nobody owns", |n| addr_of(n, Kind::Pod, "10.9.9.9")),
        ("C2: 127.0.0.1 is no target of its own", |n| {
            let pattern = Pattern::to(one("127.0.0.0/8"));
            n.tables.iter_mut().for_each(|table| {
                table.entries.retain(|entry| entry.pattern.dst != one("127.0.0.1"));
            });
            before(n, "pod", pattern, Action::Discard(Reason::Policy));
        }),
        ("C3: alike pods with other listeners", |n| {
            n.facts.open.remove(0);
            let fib = n.fibs.iter_mut().flatten().find(|fib| fib.me.listeners.len() == 2);
            fib.expect("a Pod Switch").me.listeners.remove(0);
            let (pod, node) = (n.of_kind(Kind::Pod).next(), n.of_kind(Kind::Node).next());
            n.links = n.links.without(pod.expect("a Pod"), node.expect("a Node"));
        }),
        ("C3: alike pods, one of which depends on a choice", |n| {
            let when = choice(n)(0);
            let dst = one("10.0.2.1");
            let open = Pattern { src: one("10.0.1.1"), when, ..Pattern::to(dst) };
            let sure = Pattern { src: one("10.0.1.2"), ..Pattern::to(dst) };
            before(n, "pod", open, Action::Discard(Reason::NoRoute));
            before(n, "pod", sure, Action::Discard(Reason::NoRoute));
        }),
        ("C3: pods that keep the target to themselves", |n| {
            addr_of(n, Kind::Pod, "10.9.9.9");
            let listened = Pattern::listened(one("10.9.0.0/16"));
            before(n, "pod", listened, Action::Deliver(Receiver::Listener));
        }),
        ("R5: silent in one way or in another", |n| {
            let when = choice(n);
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            let other = n.of_kind(Kind::Node).last().expect("a Node");
            let back = |to, value| {
                let pattern = Pattern { when: when(value), ..Pattern::to(one("10.7.7.7")) };
                (pattern, Action::Forward(Hop::To(to)))
            };
            // The one has no link to the Pod, the other goes in a circle.
            let (pattern, action) = back(pod, 0);
            before(n, "node", pattern, action);
            let (pattern, action) = back(other, 1);
            before(n, "node", pattern, action);
        }),
        // Alike Pods, one of which an entry names.
        ("C3: every Node leads its Pods' messages to one Pod", |n| {
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            before(n, "node", Pattern::to(Addrs::Hosted), Action::Forward(Hop::To(pod)));
        }),
        ("C3: every Node delivers a port of its Pods to one container", |n| {
            let port = Pattern { dport: Ports::In(8080, 8080), ..Pattern::to(Addrs::Hosted) };
            deliver(n, "node", Pattern { proto: Some(Proto::Tcp), ..port }, Kind::Node);
        }),
        ("C3: every Pod delivers a port to one container", |n| {
            let port = Pattern { dport: Ports::In(8080, 8080), ..Pattern::to(Addrs::Own) };
            deliver(n, "pod", Pattern { proto: Some(Proto::Tcp), ..port }, Kind::Pod);
        }),
        ("R5: the outside leads to one Node, which leads nowhere else", |n| {
            let node = n.of_kind(Kind::Node).next().expect("a Node");
            let pods = Pattern::to(Addrs::Elsewhere(Kind::Pod));
            before(n, "outside", pods.clone(), Action::Forward(Hop::To(node)));
            let outside = n.of_kind(Kind::Outside).next().expect("the outside");
            let lost = Pattern { from: Some(Kind::Outside), ..pods };
            before(n, "node", lost, Action::Forward(Hop::To(outside)));
        }),
        ("C2: a Node has loopback for its own, and no entry speaks of it", |n| {
            for table in &mut n.tables {
                table.entries.retain(|entry| !matches!(entry.pattern.dst, Addrs::In(_)));
            }
            let node = n.of_kind(Kind::Node).next().expect("a Node");
            let addr = Addr::LOOPBACK_V4;
            n.fibs[node.index()].as_mut().expect("a FIB").me.own.push(addr);
            n.owners.push(Owner { addr, when: None, to: node, via: node });
            n.owners.sort_unstable();
        }),
    ];
    let intent = Intent { listeners: Listeners::Declared, ..Intent::default() };
    for (case, bend) in cases {
        let mut network = network(&clusters::k1(), &intent);
        bend(&mut network);
        let proof = verify(&network);
        let found = enumerate(&network).expect("few alternatives");
        let agreed = compare(&proof, &found).and_then(|()| replay(&network, &proof));
        assert_eq!(agreed, Ok(()), "{case}");
        let id = &case[..2];
        assert!(found[id].broken > 0, "{case}: {found:?}");
    }
}

/// Rewrites messages to an address at every Node, before all else that the Nodes do.
fn rewriting(n: &mut Network, dst: &str, mark: Mark, to: &[(&str, u16)]) {
    let node = n.of_kind(Kind::Node).next().expect("a Node");
    let pipeline = n.fib(node).expect("a FIB").pipeline;
    let member = |(addr, port): &(&str, u16)| Backend {
        at: Scope::Everywhere,
        addr: addr.parse().expect("an address"),
        port: *port,
        place: PlaceId::NONE,
    };
    let list = BackendsId(n.backends.len() as u32);
    n.backends.push(Backends::new("bent", to.iter().map(member).collect()));
    let first = TableId(n.tables.len() as u32);
    let then = n.pipeline(pipeline)[0];
    let entry = Entry::new("bent", Pattern::to(one(dst)), Action::Rewrite { to: list, mark, then });
    n.tables.push(Table::new("bent", vec![entry]));
    n.pipelines[pipeline.0 as usize].insert(0, first);
}

/// Rewriting that keeps the constraints, and rewriting that breaks each, on K1.
#[test]
fn verify_is_right_of_rewriting() {
    type Bend = fn(&mut Network);
    let cases: [(&str, Bend); 8] = [
        ("-: a Service of two Pods", |n| {
            rewriting(n, "10.96.7.1", Mark::Hairpin, &[("10.0.1.1", 8080), ("10.0.2.1", 8080)]);
        }),
        ("-: a Service of a Service", |n| {
            rewriting(n, "10.96.7.2", Mark::Always, &[("10.0.1.1", 8080)]);
            rewriting(n, "10.96.7.1", Mark::Never, &[("10.96.7.2", 80)]);
        }),
        ("C3: a Pod's own address is rewritten", |n| {
            rewriting(n, "10.0.2.1", Mark::Never, &[("10.0.1.1", 8080)]);
        }),
        ("C4: one of two alternatives leads elsewhere", |n| {
            rewriting(n, "10.0.2.1", Mark::Always, &[("10.0.2.1", 8080), ("10.0.1.1", 8080)]);
        }),
        ("R5: two Services go in a circle", |n| {
            rewriting(n, "10.96.7.2", Mark::Never, &[("10.96.7.1", 80)]);
            rewriting(n, "10.96.7.1", Mark::Never, &[("10.96.7.2", 80)]);
            // Only what comes back to the Nodes goes round.
            let nodes: Vec<ElementId> = n.of_kind(Kind::Node).collect();
            before(n, "node", Pattern::to(one("10.96.7.1")), Action::Forward(Hop::To(nodes[0])));
            before(n, "node", Pattern::to(one("10.96.7.2")), Action::Forward(Hop::To(nodes[1])));
        }),
        ("R5: a backend that some Nodes do not reach", |n| {
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            rewriting(n, "10.96.7.1", Mark::Never, &[("10.0.1.1", 80), ("10.7.7.7", 80)]);
            before(n, "node", Pattern::to(one("10.7.7.7")), Action::Forward(Hop::To(pod)));
        }),
        ("R5: lost where it is masqueraded", |n| {
            rewriting(n, "10.96.7.1", Mark::Always, &[("10.0.1.1", 80)]);
            let marked = Pattern { marked: Some(true), ..Pattern::ANY };
            let container = n.of_kind(Kind::Container).next().expect("a container");
            before(n, "node", marked, Action::Deliver(Receiver::Element(container)));
        }),
        ("R5: a port that no Pod may be sent", |n| {
            rewriting(n, "10.96.7.1", Mark::Never, &[("10.0.1.1", 81), ("10.0.1.1", 80)]);
            let port = Pattern { dport: Ports::In(81, 81), ..Pattern::to(one("10.0.1.1")) };
            let container = n.of_kind(Kind::Container).next().expect("a container");
            before(n, "node", port, Action::Deliver(Receiver::Element(container)));
        }),
    ];
    let intent = Intent { listeners: Listeners::Declared, ..Intent::default() };
    for (case, bend) in cases {
        let mut network = network(&clusters::k1(), &intent);
        bend(&mut network);
        assert_eq!(check(&network), [], "{case}");
        let proof = verify(&network);
        let found = enumerate(&network).expect("few alternatives");
        let agreed = compare(&proof, &found).and_then(|()| replay(&network, &proof));
        assert_eq!(agreed, Ok(()), "{case}");
        match found.get(&case[..2]) {
            Some(count) => assert!(count.broken > 0, "{case}: {found:?}"),
            None => assert!(proof.holds(), "{case}: {proof:#?}"),
        }
    }
}

/// Chains for all Pods, of one filter, that the Nodes ask of messages that came from a kind of
/// element: before all else that the Nodes do.
fn filtering(n: &mut Network, by: Side, from: Kind, filter: Vec<Entry>) {
    let node = n.of_kind(Kind::Node).next().expect("a Node");
    let pipeline = n.fib(node).expect("a FIB").pipeline.0 as usize;
    let on = Action::Goto(n.pipelines[pipeline][0]);
    let others = Kind::ALL.into_iter().filter(|kind| *kind != from);
    let past = others.map(|kind| Pattern { from: Some(kind), ..Pattern::ANY });
    let gate = past.map(|pattern| Entry::new("gate", pattern, on)).collect();
    let [table, filter_id] = [0, 1].map(|i| TableId((n.tables.len() + i) as u32));
    let of = n.of_kind(Kind::Pod).map(|pod| (pod, ChainId(0))).collect();
    let chains = Some(Box::new(Chains { by, of, lists: vec![vec![filter_id]] }));
    n.tables.push(Table { chains, ..Table::new("gate", gate) });
    n.tables.push(Table::new("filter", filter));
    n.pipelines[pipeline].insert(0, table);
}

fn dropped(pattern: Pattern) -> Entry {
    Entry::new("NP-1", pattern, Action::Discard(Reason::Policy))
}

/// The Nodes lose what Pods send.
fn lossy(n: &mut Network) {
    let sent = Pattern { from: Some(Kind::Pod), ..Pattern::ANY };
    before(n, "node", sent, Action::Discard(Reason::NoRoute));
}

/// Policies that keep the constraints, and what breaks each beside them, on K1 (NM-3).
#[test]
fn verify_is_right_of_policies() {
    type Bend = fn(&mut Network);
    let cases: [(&str, Bend); 10] = [
        ("-: a policy that drops all that is sent", |n| {
            filtering(n, Side::Source, Kind::Pod, vec![dropped(Pattern::ANY)]);
        }),
        ("-: a policy that drops all that Pods get, but from their Node", |n| {
            filtering(n, Side::Target, Kind::Pod, vec![dropped(Pattern::ANY)]);
            filtering(n, Side::Target, Kind::Node, vec![dropped(Pattern::ANY)]);
        }),
        ("-: a lost route behind a policy that drops everything", |n| {
            lossy(n);
            filtering(n, Side::Source, Kind::Pod, vec![dropped(Pattern::ANY)]);
        }),
        ("C3: a lost route that some allowed message meets", |n| {
            lossy(n);
            let open = Pattern { dport: Ports::In(8080, 8080), ..Pattern::to(one("10.0.2.1")) };
            let on = Action::Goto(*n.pipelines[1].last().expect("a table"));
            let allowed = Entry::new("NP-1", open, on);
            filtering(n, Side::Source, Kind::Pod, vec![allowed, dropped(Pattern::ANY)]);
        }),
        ("C3: a lost route, and a policy of which one Pod is free", |n| {
            lossy(n);
            filtering(n, Side::Source, Kind::Pod, vec![dropped(Pattern::ANY)]);
            let chained = n.tables.iter_mut().find_map(|table| table.chains.as_deref_mut());
            chained.expect("chains").of.truncate(3);
        }),
        ("C3: a lost route that is met under one value of a choice", |n| {
            lossy(n);
            let when = choice(n)(0);
            filtering(n, Side::Source, Kind::Pod, vec![dropped(Pattern { when, ..Pattern::ANY })]);
        }),
        ("C3: a filter that refuses and is no policy's Discard", |n| {
            let refused = Entry::new("NP-1", Pattern::ANY, Action::Reject(Reason::Policy));
            filtering(n, Side::Source, Kind::Pod, vec![refused]);
        }),
        ("C4: a policy is asked about a daemon's messages", |n| {
            let port = Pattern { dport: Ports::In(8080, 8080), ..Pattern::ANY };
            filtering(n, Side::Target, Kind::Daemon, vec![dropped(port)]);
        }),
        ("-: what goes in a circle is dropped before", |n| {
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            let circle = Pattern { from: Some(Kind::Pod), ..Pattern::to(one("10.7.0.0/16")) };
            before(n, "node", circle, Action::Forward(Hop::To(pod)));
            filtering(n, Side::Source, Kind::Pod, vec![dropped(Pattern::to(one("10.7.0.0/16")))]);
            // From whatever is no Pod's address, too.
            let spoofed = Pattern { from: Some(Kind::Pod), ..Pattern::ANY };
            before(n, "node", spoofed, Action::Discard(Reason::Policy));
        }),
        ("R5: what goes in a circle is dropped before, but for an address", |n| {
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            let circle = Pattern { from: Some(Kind::Pod), ..Pattern::to(one("10.7.0.0/16")) };
            before(n, "node", circle, Action::Forward(Hop::To(pod)));
            let on = Action::Goto(*n.pipelines[1].last().expect("a table"));
            let allowed = Entry::new("NP-1", Pattern::to(one("10.7.7.7")), on);
            filtering(n, Side::Source, Kind::Pod, vec![allowed, dropped(Pattern::ANY)]);
        }),
    ];
    let intent = Intent { listeners: Listeners::Declared, ..Intent::default() };
    for (case, bend) in cases {
        let mut network = network(&clusters::k1(), &intent);
        bend(&mut network);
        assert_eq!(check(&network), [], "{case}");
        let proof = verify(&network);
        let found = enumerate(&network).expect("few alternatives");
        let agreed = compare(&proof, &found).and_then(|()| replay(&network, &proof));
        assert_eq!(agreed, Ok(()), "{case}");
        match found.get(&case[..2]) {
            Some(count) => assert!(count.broken + count.open > 0, "{case}: {found:?}"),
            None => assert!(proof.holds(), "{case}: {proof:#?}"),
        }
    }
}
