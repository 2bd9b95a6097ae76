//! The article's clauses as Datalog: a fourth reading of the model, word for word. On small
//! clusters it derives the elements, links and entries that fibula makes with R1 to R4 off.

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use std::collections::BTreeSet;
use std::net::IpAddr;

use ascent::ascent;
use clusters::{Drawn, Shape, drawn, next_hop};
use fibula_cluster::{Cluster, Protocol};
use fibula_intended::{Intent, Refinement, network};
use fibula_network::*;
use proptest::prelude::*;

/// An element, by its full name.
type Name = String;
type Address = String;

/// The action of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Does {
    Deliver(Name),
    Forward(Name),
}
use Does::{Deliver, Forward};

/// `[* * address port action]`, where none is `*`.
type Line = (Name, Option<Address>, Option<Port>, Does);

const LOOPBACK: &str = "127.0.0.1";

ascent! {
    struct Clauses;

    // What is known of a cluster.
    relation pod(Name);
    relation node(Name);
    relation daemon(Name);
    relation container(Name, Name); // C is a container of Pod P
    relation host(Name, Name); // Node N hosts X
    relation addr(Name, Address); // E has address a
    relation open(Name, Port); // C listens on p

    // What follows.
    relation process(Name);
    relation switch(Name);
    relation link(Name, Name);
    relation fib(Name, Option<Address>, Option<Port>, Does);

    // G1: every container is a Process
    process(c) <-- container(c, _);
    // G2: every daemon is a Process
    process(d) <-- daemon(d);
    // G3: every Pod is a Switch
    switch(p) <-- pod(p);
    // G4: every Node is a Switch
    switch(n) <-- node(n);
    // G5: every container is linked to the switch of its Pod
    link(c, p) <-- container(c, p);
    // G6: every daemon is linked to the switch of the Node that hosts it
    link(d, n) <-- daemon(d), host(n, d);
    // G7: every Pod Switch is linked to the switch of the Node that hosts it
    link(p, n) <-- pod(p), host(n, p);
    // G8: every Node Switch is linked to every other Node Switch
    link(n, m) <-- node(n), node(m), if n != m;
    // N2: a link has no direction
    link(y, x) <-- link(x, y);

    // F1: [* * 127.0.0.1 p Deliver(C)] in FIB[P]
    fib(p, Some(LOOPBACK.to_owned()), Some(*port), Deliver(c.clone())) <--
        container(c, p), open(c, port);
    // F2: [* * a p Deliver(C)] in FIB[P]
    fib(p, Some(a.clone()), Some(*port), Deliver(c.clone())) <--
        container(c, p), addr(p, a), open(c, port);
    // F3: [* * * * Forward(N)] in FIB[P]
    fib(p, None, None, Forward(n.clone())) <-- pod(p), host(n, p);
    // F4: [* * a * Forward(P)] in FIB[N]
    fib(n, Some(a.clone()), None, Forward(p.clone())) <-- pod(p), host(n, p), addr(p, a);
    // F5: [* * a * Forward(N2)] in FIB[N1], for every other Node N1
    fib(n1, Some(a.clone()), None, Forward(n2.clone())) <--
        pod(p), host(n2, p), addr(p, a), node(n1), if n1 != n2;
}

/// What is known of a cluster, for the clauses.
fn known(cluster: &Cluster, intent: &Intent) -> Clauses {
    let mut known = Clauses::default();
    let text = |ip: &IpAddr| ip.to_string();
    for node in &cluster.nodes {
        known.node.push((node.name.clone(),));
        known.addr.extend(node.addresses.iter().map(|ip| (node.name.clone(), text(ip))));
        for daemon in &intent.daemons {
            let name = format!("{}/{}", node.name, daemon.name);
            known.daemon.push((name.clone(),));
            known.host.push((node.name.clone(), name.clone()));
            known.open.push((name, daemon.port));
        }
    }
    for pod in cluster.pods.iter().filter(|pod| pod.live) {
        let node = cluster.nodes[pod.node].name.clone();
        let name = format!("{}/{}", pod.namespace, pod.name);
        // Without an address it takes no part (POD-5).
        let takes_part = !pod.addresses.is_empty() && !pod.host_network;
        if takes_part {
            known.pod.push((name.clone(),));
            known.host.push((node.clone(), name.clone()));
            known.addr.extend(pod.addresses.iter().map(|ip| (name.clone(), text(ip))));
        }
        for container in &pod.containers {
            let process = format!("{name}/{}", container.name);
            if takes_part {
                known.container.push((process.clone(), name.clone()));
            } else if pod.host_network {
                known.daemon.push((process.clone(),));
                known.host.push((node.clone(), process.clone()));
            }
            known.open.extend(container.ports.iter().map(|port| {
                let proto = match port.protocol {
                    Protocol::Tcp => Proto::Tcp,
                    Protocol::Udp => Proto::Udp,
                    Protocol::Sctp => Proto::Sctp,
                };
                (process.clone(), Port { proto, number: port.number })
            }));
        }
    }
    known
}

/// Elements, links and entries, as the clauses and as fibula have them.
#[derive(Debug, PartialEq, Eq)]
struct Graph {
    processes: BTreeSet<Name>,
    switches: BTreeSet<Name>,
    links: BTreeSet<(Name, Name)>,
    fibs: BTreeSet<Line>,
}

fn derived(cluster: &Cluster, intent: &Intent) -> Graph {
    let mut program = known(cluster, intent);
    program.run();
    Graph {
        processes: program.process.into_iter().map(|(name,)| name).collect(),
        switches: program.switch.into_iter().map(|(name,)| name).collect(),
        links: program.link.into_iter().collect(),
        fibs: program.fib.into_iter().collect(),
    }
}

fn made(n: &Network) -> Graph {
    let name = |id: ElementId| n.element(id).name.to_string();
    let names = |process: bool| {
        n.ids().filter(|id| n.kind(*id).is_process() == process).map(name).collect()
    };
    let pairs = n.ids().flat_map(|a| n.ids().map(move |b| (a, b)));
    // Replies and Services are not the article's.
    let lines = n.ids().flat_map(|id| next_hop(n, id).into_iter().map(move |entry| (id, entry)));
    Graph {
        processes: names(true),
        switches: names(false),
        links: pairs
            .filter(|(a, b)| n.links.contains(*a, *b))
            .map(|(a, b)| (name(a), name(b)))
            .collect(),
        fibs: lines.map(|(id, entry)| line(n, id, &entry)).collect(),
    }
}

/// A written entry as the article has it; a panic if it says more than the article can.
fn line(n: &Network, switch: ElementId, entry: &Entry) -> Line {
    let name = |id: ElementId| n.element(id).name.to_string();
    let Pattern { from, src, sport, dst, dport, proto, ref when, .. } = entry.pattern;
    assert_eq!((from, src, sport, when.len()), (None, Addrs::Any, Ports::Any, 0), "{entry:?}");
    let address = match dst {
        Addrs::Any => None,
        Addrs::In(range) if range.lo == range.hi => Some(range.lo.to_string()),
        _ => panic!("not an address: {entry:?}"),
    };
    let port = match (dport, proto) {
        (Ports::Any, None) => None,
        (Ports::In(lo, hi), Some(proto)) if lo == hi => Some(Port { proto, number: lo }),
        _ => panic!("not a port: {entry:?}"),
    };
    let does = match entry.action {
        Action::Deliver(Receiver::Element(to)) => Deliver(name(to)),
        Action::Forward(Hop::To(to)) => Forward(name(to)),
        _ => panic!("not an action of the article: {entry:?}"),
    };
    (name(switch), address, port, does)
}

fn article(intent: Intent) -> Intent {
    Intent { without: Refinement::ALL.to_vec(), ..intent }
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn g1_to_g8_and_f1_to_f5_derive_the_network_that_fibula_makes(
        Drawn { cluster, intent } in drawn(Shape {
            nodes: 4,
            pods: 6,
            services: 2,
            beyond_the_article: false,
        }),
    ) {
        let intent = article(intent);
        prop_assert_eq!(derived(&cluster, &intent), made(&network(&cluster, &intent)));
    }
}

#[test]
fn f1_to_f5_have_20_pod_switch_and_8_node_switch_entries_on_k1() {
    let (cluster, intent) = (clusters::k1(), article(Intent::default()));
    let derived = derived(&cluster, &intent);
    let (nodes, pods): (Vec<&Line>, Vec<&Line>) =
        derived.fibs.iter().partition(|(switch, ..)| ["n1", "n2"].contains(&switch.as_str()));
    assert_eq!((pods.len(), nodes.len()), (20, 8));
    assert_eq!(derived, made(&network(&cluster, &intent)));
}
