//! Entries that rewrite messages.

use fibula_answers::verify;
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;

use super::{before, one};
use crate::clusters;
use crate::judge::{compare, enumerate, replay};

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
