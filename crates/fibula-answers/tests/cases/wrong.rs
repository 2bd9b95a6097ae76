//! What a proof got wrong once, and that the judge would notice it.

use fibula_answers::verify;
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;

use super::{addr_of, before, choice, deliver, last, one};
use crate::clusters;
use crate::judge::{compare, enumerate, replay};

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
