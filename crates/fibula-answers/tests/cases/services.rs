//! Targets that differ by their Service alone, and such that only look so: what is proved of one must
//! not be taken for proved of another.

use fibula_answers::verify;
use fibula_intended::{Daemon, Intent, Listeners, network};
use fibula_network::*;

use super::{before, one};
use crate::clusters;
use crate::judge::{compare, enumerate, replay};

/// What an entry of the Nodes does with messages to a Service.
#[derive(Clone, Copy)]
enum Act {
    To(BackendsId),
    /// Hands it to a process to which no link leads.
    Lose,
    Refuse,
}

use Act::{Lose, Refuse, To};

/// A table of the Nodes before all others.
fn table(n: &mut Network, entries: &[(Pattern, Act)]) {
    let node = n.of_kind(Kind::Node).next().expect("a Node");
    let container = n.of_kind(Kind::Container).next().expect("a container");
    let pipeline = n.fib(node).expect("a FIB").pipeline;
    let then = n.pipeline(pipeline)[0];
    let entries = entries.iter().map(|(pattern, act)| {
        let action = match *act {
            To(to) => Action::Rewrite { to, mark: Mark::Never, then },
            Lose => Action::Deliver(Receiver::Element(container)),
            Refuse => Action::Reject(Reason::Service),
        };
        Entry::new("bent", pattern.clone(), action)
    });
    let first = TableId(n.tables.len() as u32);
    let made = Table::new("bent", entries.collect());
    n.tables.push(made);
    n.pipelines[pipeline.0 as usize].insert(0, first);
}

/// A list of one backend, the first Pod's port, for everybody or for each of some Nodes.
fn list(n: &mut Network, nodes: Option<&[usize]>) -> BackendsId {
    backing(n, nodes, "10.0.1.1")
}

fn backing(n: &mut Network, nodes: Option<&[usize]>, addr: &str) -> BackendsId {
    let all: Vec<ElementId> = n.of_kind(Kind::Node).collect();
    let scopes = match nodes {
        None => vec![Scope::Everywhere],
        Some(nodes) => nodes.iter().map(|node| Scope::Switch(all[*node])).collect(),
    };
    let addr = addr.parse().expect("an address");
    let backend = |at| Backend { at, addr, port: 8080, place: PlaceId::NONE };
    n.backends.push(Backends::new("bent", scopes.into_iter().map(backend).collect()));
    BackendsId(n.backends.len() as u32 - 1)
}

fn at(dst: &str, port: u16) -> Pattern {
    Pattern { dport: Ports::In(port, port), ..Pattern::to(one(dst)) }
}

fn own(port: u16) -> Pattern {
    Pattern { dport: Ports::In(port, port), ..Pattern::to(Addrs::Own) }
}

const A: &str = "10.96.7.1";
const B: &str = "10.96.7.3";

/// Services that are alike, and one of two that is not, on K1.
#[test]
fn verify_is_right_of_services_that_look_alike() {
    type Bend = fn(&mut Network);
    let cases: [(&str, Bend); 16] = [
        ("-: two Services of one shape, at other ports", |n| {
            let (to, other) = (list(n, None), backing(n, None, "10.0.2.1"));
            table(n, &[(at(A, 80), To(to)), (at(B, 443), To(other))]);
        }),
        ("-: each Node sees a backend, and what sees none is lost", |n| {
            let (to, other) = (list(n, Some(&[0, 1])), list(n, Some(&[0, 1])));
            table(n, &[(at(A, 80), To(to)), (at(A, 80), Lose), (at(B, 80), To(other))]);
        }),
        ("-: backends of one Node each, and the rest is refused", |n| {
            let (to, other) = (list(n, Some(&[0])), list(n, Some(&[1])));
            let entries = [(A, To(to)), (A, Refuse), (B, To(other)), (B, Refuse)];
            table(n, &entries.map(|(addr, act)| (at(addr, 80), act)));
        }),
        ("R5: one of two Services has an entry more", |n| {
            let to = list(n, None);
            table(n, &[(at(A, 80), To(to)), (at(B, 80), To(to)), (at(B, 81), Lose)]);
        }),
        ("R5: the same entries in another order", |n| {
            let to = list(n, None);
            let entries = [(A, To(to)), (A, Lose), (B, Lose), (B, To(to))];
            table(n, &entries.map(|(addr, act)| (at(addr, 80), act)));
        }),
        ("R5: the same entries at other ports", |n| {
            let to = list(n, None);
            table(n, &[(at(A, 80), To(to)), (at(A, 80), Lose)]);
            table(n, &[(at(B, 80), To(to)), (at(B, 81), Lose)]);
        }),
        ("R5: ports that touch, and such that do not", |n| {
            let to = list(n, None);
            let ports = |dst: &str, lo, hi| Pattern { dport: Ports::In(lo, hi), ..at(dst, lo) };
            table(n, &[(ports(A, 0, 79), To(to)), (ports(A, 80, 65535), To(to))]);
            table(n, &[(ports(B, 0, 79), To(to)), (ports(B, 81, 65535), To(to))]);
            table(n, &[(ports(A, 0, 65535), Refuse), (ports(B, 0, 79), Refuse)]);
            table(n, &[(ports(B, 80, 80), Lose)]);
        }),
        ("R5: one of two is for a kind of element only", |n| {
            let to = list(n, None);
            let from = Some(Kind::Daemon);
            table(n, &[(Pattern { from, ..at(A, 80) }, To(to)), (at(B, 80), To(to))]);
            table(n, &[(at(A, 80), Lose), (at(B, 80), Lose)]);
            // The last that was added comes first.
            table(n, &[(at(B, 80), To(to))]);
        }),
        ("R5: only one Node sees a backend of the second", |n| {
            let (to, other) = (list(n, None), list(n, Some(&[1])));
            let entries = [(A, To(to)), (A, Lose), (B, To(other)), (B, Lose)];
            table(n, &entries.map(|(addr, act)| (at(addr, 80), act)));
        }),
        ("R5: nobody sees a backend of the second", |n| {
            let (to, other) = (list(n, Some(&[0, 1])), list(n, Some(&[])));
            let entries = [(A, To(to)), (A, Lose), (B, To(other)), (B, Lose)];
            table(n, &entries.map(|(addr, act)| (at(addr, 80), act)));
        }),
        ("R5: the backend of the second is lost", |n| {
            let (to, other) = (list(n, None), backing(n, None, "10.7.7.7"));
            table(n, &[(at(A, 80), To(to)), (at(B, 80), To(other))]);
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            before(n, "node", Pattern::to(one("10.7.7.7")), Action::Forward(Hop::To(pod)));
        }),
        ("R5: Pods lose what is for the second", |n| {
            let to = list(n, None);
            table(n, &[(at(A, 80), To(to)), (at(B, 80), To(to))]);
            let pod = n.of_kind(Kind::Pod).next().expect("a Pod");
            before(n, "pod", Pattern::to(one(B)), Action::Forward(Hop::To(pod)));
        }),
        ("-: what one Node rewrites to a backend of its own the other refuses", |n| {
            let to = list(n, Some(&[0]));
            table(n, &[(own(30000), To(to)), (own(30000), Refuse)]);
        }),
        ("R5: a nodePort of which the second Node sees no backend", |n| {
            let to = list(n, Some(&[0]));
            table(n, &[(own(30000), To(to)), (own(30000), Lose)]);
        }),
        ("R5: a nodePort of which the first Node sees no backend", |n| {
            let to = list(n, Some(&[1]));
            table(n, &[(own(30000), To(to)), (own(30000), Lose)]);
        }),
        ("R5: a port that the second Node does not listen on", |n| {
            let nodes: Vec<ElementId> = n.of_kind(Kind::Node).collect();
            let fib = n.fibs[nodes[1].index()].as_mut().expect("a FIB");
            let port = fib.me.listeners.pop().expect("a listener").port;
            // Behind the entry for listened ports.
            let closed = super::last(n, "node").entries.iter().position(|entry| {
                entry.pattern.dst == Addrs::Own && entry.pattern.dport == Ports::Listened
            });
            let place = closed.expect("an entry for listeners") + 1;
            let lost = Pattern { proto: Some(port.proto), ..own(port.number) };
            let container = n.of_kind(Kind::Container).next().expect("a container");
            let action = Action::Deliver(Receiver::Element(container));
            super::last(n, "node").entries.insert(place, Entry::new("bent", lost, action));
        }),
    ];
    let intent = Intent {
        listeners: Listeners::Declared,
        daemons: vec![Daemon::kubelet()],
        ..Intent::default()
    };
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
