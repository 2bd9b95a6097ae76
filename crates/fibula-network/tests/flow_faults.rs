//! `flow` and `walk` notice every fault that is planted in what the other one reads.

mod compared;
#[allow(unused_imports, reason = "messages are not drawn here")]
mod random;

use compared::{compare, compare_some};
use fibula_network::*;

/// A network without a fault, the same in every run.
fn sound() -> Network {
    let rolls: Vec<u32> = (1..120u32).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
    let network = random::article(&rolls);
    assert!(network.of_kind(Kind::Node).count() > 1 && network.of_kind(Kind::Pod).count() > 2);
    network
}

/// The pods' and the Nodes' tables of [`sound`], and some of their entries.
const POD: usize = 1;
const NODE: usize = 3;

#[test]
fn a_planted_fault_is_noticed() {
    let sound = sound();
    assert_eq!(compare(&sound, &sound), Ok(()));
    let pod =
        sound.of_kind(Kind::Pod).find(|pod| !sound.fib(*pod).unwrap().me.listeners.is_empty());
    let pod = pod.unwrap();
    let node = sound.facts.host(pod).unwrap();
    let listener = sound.fib(pod).unwrap().me.listeners[0];
    let me = |network: &mut Network, change: fn(&mut Me)| {
        let me = &mut network.fibs[pod.index()].as_mut().unwrap().me;
        change(me);
        me.listeners.sort_unstable();
    };
    let with = |change: &dyn Fn(&mut Network)| {
        let mut faulty = sound.clone();
        change(&mut faulty);
        faulty
    };
    let unlink = |a, b| with(&|n| n.links = n.links.without(a, b));
    let other = sound.of_kind(Kind::Node).find(|other| *other != node).unwrap();
    let faults = [
        ("F1: no loopback", with(&|n| drop(n.tables[POD].entries.remove(0)))),
        ("F2: no listener", with(&|n| drop(n.tables[POD].entries.remove(2)))),
        ("F3: no way out", with(&|n| drop(n.tables[POD].entries.pop()))),
        ("F4: no way in", with(&|n| drop(n.tables[NODE].entries.remove(2)))),
        ("F5: no way to others", with(&|n| drop(n.tables[NODE].entries.remove(3)))),
        ("F3 first", with(&|n| n.tables[POD].entries.rotate_right(1))),
        (
            "R1: another reason",
            with(&|n| {
                n.tables[POD].entries[3].action = Action::Discard(Reason::Policy);
            }),
        ),
        ("G5: the listener's link", unlink(listener.process, pod)),
        ("G7: the pod's link", unlink(pod, node)),
        ("G8: a link between Nodes", unlink(node, other)),
        ("an owner", with(&|n| n.owners.retain(|owner| owner.to != pod))),
        (
            "a wrong Node",
            with(&|n| {
                n.owners.iter_mut().filter(|o| o.to == pod).for_each(|owner| owner.via = other);
            }),
        ),
        ("an own address", with(&|n| me(n, |me| me.own.clear()))),
        ("a port", with(&|n| me(n, |me| me.listeners[0].port.number ^= 1))),
        (
            "a protocol",
            with(&|n| {
                me(n, |me| {
                    me.listeners[0].port.proto = match me.listeners[0].port.proto {
                        Proto::Tcp => Proto::Udp,
                        _ => Proto::Tcp,
                    };
                })
            }),
        ),
        ("a host", with(&|n| me(n, |me| me.host = None))),
        (
            "one source port",
            with(&|n| {
                let pattern = Pattern { sport: Ports::In(7, 7), ..Pattern::ANY };
                let entry = Entry::new("fault", pattern, Action::Reject(Reason::Policy));
                n.tables[NODE].entries.insert(0, entry);
            }),
        ),
    ];
    for (fault, network) in faults {
        assert!(compare(&sound, &network).is_err(), "{fault}: unnoticed, flow being sound");
        assert!(compare(&network, &sound).is_err(), "{fault}: unnoticed, walk being sound");
        assert_eq!(compare(&network, &network), Ok(()), "{fault}");
    }
}

/// [`sound`] with a Service of two Pods, which the Nodes rewrite and masquerade; a policy of the
/// Pods by which it shows who is masqueraded; and an address that the outside sends to one of two
/// Nodes.
fn serving() -> Network {
    let mut n = sound();
    let one = |addr: &str| Addrs::In(addr.parse().unwrap());
    let nodes: Vec<ElementId> = n.of_kind(Kind::Node).take(2).collect();
    let owned = |kind| -> Vec<Addr> {
        let owners = n.owners.iter().filter(|owner| n.kind(owner.to) == kind);
        owners.map(|owner| owner.addr).filter(|addr| addr.family() == Family::V4).collect()
    };
    let v4 = |addr: &Addr| addr.family() == Family::V4;
    // Each at a port that somebody listens on, if anybody does there.
    let backend = |addr: Addr| {
        let listeners = n.owners_of(addr).iter().filter_map(|owner| n.fib(owner.to));
        let mut ports = listeners.flat_map(|fib| &fib.me.listeners).map(|l| l.port.number);
        let (at, place) = (Scope::Everywhere, PlaceId::NONE);
        Backend { at, addr, port: ports.next().unwrap_or(9), place }
    };
    let mut pods: Vec<Backend> = owned(Kind::Pod).into_iter().map(backend).collect();
    pods.sort_by_key(|backend| backend.port == 9);
    pods.truncate(2);
    assert_ne!(pods[0].port, 9);
    let members = pods;
    let masks: Vec<Range> = owned(Kind::Node).into_iter().map(Range::one).collect();
    n.backends = vec![Backends::new("web", members)];
    n.hops = vec![nodes];
    n.sets.push(AddrSet::new("nodes", masks));
    let nodes = Addrs::Set(AddrSetId(n.sets.len() as u32 - 1));
    for fib in n.fibs.iter_mut().flatten().filter(|fib| fib.pipeline == PipelineId(1)) {
        fib.me.masquerade = fib.me.own.iter().copied().filter(v4).collect();
    }
    let (node, source) = (TableId(NODE as u32), TableId(n.tables.len() as u32));
    let marked = Pattern { marked: Some(true), ..Pattern::ANY };
    let masquerade = Action::Masquerade { by: Source::Own, then: node };
    let rewrite = Action::Rewrite { to: BackendsId(0), mark: Mark::Hairpin, then: source };
    let policy = Pattern { src: nodes, ..Pattern::to(Addrs::Own) };
    n.tables.push(Table::new("source", vec![Entry::new("SVC-62", marked, masquerade)]));
    n.pipelines[1].insert(1, source);
    n.tables[2].entries = vec![Entry::new("SVC-50", Pattern::to(one("10.96.0.1")), rewrite)];
    n.tables[4].entries = vec![Entry::new(
        "SVC-22",
        Pattern::to(one("10.0.77.77")),
        Action::Forward(Hop::OneOf(HopsId(0))),
    )];
    n.tables[POD].entries.insert(0, Entry::new("policy", policy, Action::Discard(Reason::Policy)));
    n
}

#[test]
fn a_planted_fault_in_a_service_is_noticed() {
    let sound = serving();
    assert_eq!(check(&sound), []);
    const MANY: usize = 2000;
    assert_eq!(compare_some(&sound, &sound, MANY), Ok(()));
    let node = sound.hops[0][0];
    let rewrite = |n: &mut Network, change: fn(&mut BackendsId, &mut Mark, &mut TableId)| {
        if let Action::Rewrite { to, mark, then } = &mut n.tables[2].entries[0].action {
            change(to, mark, then);
        }
    };
    type Fault<'a> = (&'a str, Box<dyn Fn(&mut Network) + 'a>);
    let faults: [Fault<'_>; 9] = [
        ("a backend less", Box::new(|n| n.backends[0].members.truncate(1))),
        ("another port", Box::new(|n| n.backends[0].members.iter_mut().for_each(|b| b.port = 9))),
        ("a backend that one Node sees", {
            Box::new(move |n| {
                n.backends[0].members[1].at = Scope::Switch(node);
            })
        }),
        ("a hop less", Box::new(|n| n.hops[0].truncate(1))),
        ("never marked", Box::new(|n| rewrite(n, |_, mark, _| *mark = Mark::Never))),
        ("always marked", Box::new(|n| rewrite(n, |_, mark, _| *mark = Mark::Always))),
        ("past the sources", {
            Box::new(|n| rewrite(n, |_, _, then| *then = TableId(NODE as u32)))
        }),
        ("no masquerade", Box::new(|n| n.tables[6].entries.clear())),
        ("only for replies", Box::new(|n| n.tables[2].entries[0].pattern.reply = Some(true))),
    ];
    for (fault, plant) in faults {
        let mut network = sound.clone();
        plant(&mut network);
        let noticed = |asked, walked| compare_some(asked, walked, MANY).is_err();
        assert!(noticed(&sound, &network), "{fault}: unnoticed, flow being sound");
        assert!(noticed(&network, &sound), "{fault}: unnoticed, walk being sound");
        assert_eq!(compare_some(&network, &network, MANY), Ok(()), "{fault}");
    }
}

/// [`sound`] with policies: a table of the Nodes asks of what a Pod sends and then of what it gets,
/// but for messages of daemons and of Pods to themselves, and tells by a choice what it is to do
/// with a protocol.
fn policing() -> Network {
    let mut n = sound();
    let [egress, ingress, ask, admin, deny] = [6, 7, 8, 9, 10].map(TableId);
    let node = TableId(NODE as u32);
    let drop = Action::Discard(Reason::Policy);
    let on = Action::Goto(node);
    let entry = |pattern, action| Entry::new("NP-1", pattern, action);
    let from = |kind| Pattern { from: Some(kind), ..Pattern::ANY };
    let tcp = Pattern { proto: Some(Proto::Tcp), ..Pattern::ANY };
    let udp = Pattern { proto: Some(Proto::Udp), ..Pattern::ANY };
    n.choices = vec![Choice { id: "NP-9".into(), question: "which?".into(), values: 2 }];
    let when = vec![When { choice: ChoiceId(0), value: 1 }];
    let same = Pattern { src: Addrs::Same, ..Pattern::ANY };
    let gate = vec![entry(from(Kind::Daemon), on), entry(same, on)];
    n.tables.extend([
        Table::new("egress", gate),
        Table::new("ingress", vec![]),
        Table::new("ask", vec![entry(Pattern { when, ..udp }, drop)]),
        Table::new("admin", vec![entry(tcp, on)]),
        Table::new("deny", vec![entry(Pattern::ANY, drop)]),
    ]);
    n.pipelines[1] = vec![TableId(2), egress, ingress, node];
    let pods: Vec<ElementId> = n.of_kind(Kind::Pod).collect();
    let of = |chain: fn(usize) -> u32| -> Vec<(ElementId, ChainId)> {
        (0..).zip(&pods).map(|(i, pod)| (*pod, ChainId(chain(i)))).collect()
    };
    let chains = |by, of, lists: &[&[TableId]]| {
        let lists = lists.iter().map(|list| list.to_vec()).collect();
        Some(Box::new(Chains { by, of, lists }))
    };
    let (by_source, by_target) = (of(|i| i as u32 % 2), of(|i| (i / 2) as u32 % 2));
    n.tables[6].chains = chains(Side::Source, by_source, &[&[ask], &[admin, deny]]);
    n.tables[7].chains = chains(Side::Target, by_target, &[&[ask, admin, deny], &[]]);
    n
}

#[test]
fn a_planted_fault_in_a_policy_is_noticed() {
    let sound = policing();
    assert_eq!(check(&sound), []);
    const MANY: usize = 2000;
    assert_eq!(compare_some(&sound, &sound, MANY), Ok(()));
    fn chains(n: &mut Network, table: usize) -> &mut Chains {
        n.tables[table].chains.as_deref_mut().unwrap()
    }
    type Fault = (&'static str, fn(&mut Network));
    let faults: [Fault; 10] = [
        ("a pod without its chain", |n| chains(n, 6).of.truncate(1)),
        ("a pod with another chain", |n| chains(n, 7).of[0].1 = ChainId(1)),
        ("a filter less", |n| chains(n, 6).lists[1].truncate(1)),
        ("filters the other way round", |n| chains(n, 7).lists[0].rotate_right(1)),
        ("by the other address", |n| chains(n, 6).by = Side::Target),
        ("no chains", |n| n.tables[7].chains = None),
        ("a filter without a choice", |n| n.tables[8].entries[0].pattern.when.clear()),
        ("a filter that does not let on", |n| drop(n.tables[9].entries.remove(0))),
        ("daemons are asked", |n| drop(n.tables[6].entries.remove(0))),
        ("a pod's messages to itself are asked", |n| drop(n.tables[6].entries.remove(1))),
    ];
    for (fault, plant) in faults {
        let mut network = sound.clone();
        plant(&mut network);
        let noticed = |asked, walked| compare_some(asked, walked, MANY).is_err();
        assert!(noticed(&sound, &network), "{fault}: unnoticed, flow being sound");
        assert!(noticed(&network, &sound), "{fault}: unnoticed, walk being sound");
        assert_eq!(compare_some(&network, &network, MANY), Ok(()), "{fault}");
    }
}
