//! Chains of filters, which may drop what they like.

use fibula_answers::verify;
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;

use super::{before, choice, one};
use crate::clusters;
use crate::judge::{compare, enumerate, replay};

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
