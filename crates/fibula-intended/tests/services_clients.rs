//! Whom the endpoints of Services see, and what clients hear, by where they are (SVC-53 to SVC-64).

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use clusters::{balancer, ends, find, k1_with, node_port, ready, web};
use fibula_cluster::{Endpoint, Service, ServiceKind};
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;

/// Where messages go and what is seen there: from, to, and each branch.
type Table<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

const EXTERNAL: &str = "192.0.2.1:80";

fn with(services: Vec<Service>) -> Network {
    let intent = Intent { listeners: Listeners::Declared, ..Intent::default() };
    let network = network(&k1_with(services), &intent);
    assert_eq!(fibula_network::check(&network), vec![]);
    network
}

fn check(network: &Network, table: Table<'_>) {
    for (from, to, branches) in table {
        assert_eq!(ends(network, from, to, &[]), *branches, "{from} to {to}");
    }
}

/// A Service with nodePort 30080.
fn nodes(endpoints: Vec<Endpoint>) -> Service {
    let ports = vec![node_port(0, 80, 30080)];
    Service { kind: ServiceKind::NodePort, ports, ..web(endpoints) }
}

fn local(service: Service) -> Service {
    Service { external_local: true, ..service }
}

/// The same behind a load balancer at 192.0.2.1.
fn balanced(proxy: bool, service: Service) -> Service {
    let balancers = vec![balancer("192.0.2.1", proxy)];
    Service { kind: ServiceKind::LoadBalancer, balancers, ..service }
}

/// The same with an external address, 192.0.2.1.
fn external(service: Service) -> Service {
    let external_ips = vec!["192.0.2.1".parse().expect("an address")];
    Service { external_ips, ..service }
}

#[test]
fn svc_57_from_within_only_a_node_port_minds_the_local_policy() {
    let one = || local(nodes(vec![ready("10.0.1.1", 0)]));
    let service = balanced(false, one());
    let external =
        Service { external_ips: vec!["192.0.2.9".parse().expect("an address")], ..service };
    let n = with(vec![external]);
    let anywhere = ["SVC-54 c1-1:8080 from 10.0.2.2"];
    let table: Table<'_> = &[
        ("c4-1", EXTERNAL, &anywhere),
        ("c4-1", "192.0.2.9:80", &anywhere),
        ("d2", EXTERNAL, &["SVC-55 SVC-61 c1-1:8080 from 10.0.0.2"]),
        ("c3-1", "10.0.0.2:30080", &["SVC-56 dropped by service at n2"]),
        ("c4-1", "10.0.0.1:30080", &["SVC-56 c1-1:8080 from 10.0.2.2"]),
    ];
    check(&n, table);
}

#[test]
fn svc_62_a_local_policy_keeps_the_source_except_a_nodes_own() {
    let n = with(vec![local(external(nodes(vec![ready("10.0.1.1", 0)])))]);
    let table: Table<'_> = &[
        ("world", "10.0.0.1:30080", &["SVC-53 c1-1:8080 from 198.51.100.7"]),
        ("c3-1", "10.0.0.1:30080", &["SVC-54 c1-1:8080 from 10.0.1.2"]),
        ("c4-1", EXTERNAL, &["SVC-54 c1-1:8080 from 10.0.2.2"]),
        ("d1", EXTERNAL, &["SVC-55 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ("d2", EXTERNAL, &["SVC-55 SVC-61 c1-1:8080 from 10.0.0.2"]),
    ];
    check(&n, table);
}

#[test]
fn svc_64_the_entry_node_sees_the_client_and_another_node_the_entry_node() {
    // What a policy will be asked about (DR-7): who sends to the endpoint, at each switch.
    let n = with(vec![nodes(vec![ready("10.0.1.1", 0), ready("10.0.2.1", 1)])]);
    let addr = |text: &str| text.parse().expect("an address");
    let (src, dst) = (addr("198.51.100.7"), addr("10.0.0.1"));
    let header = Header { src, sport: 40000, dst, dport: 30080, proto: Proto::Tcp };
    let lives = walk::branches(&n, find(&n, "world"), header, &[], 9).lives;
    let seen = lives.iter().map(|life| {
        let steps = life.steps.iter().filter_map(|step| match *step {
            walk::Step::Decide { at, becomes: Some(header), .. } => Some((at, header)),
            walk::Step::Recv { at, header, .. } => Some((at, header)),
            _ => None,
        });
        let steps = steps.filter(|(at, header)| header.dport == 8080 && n.kind(*at) == Kind::Node);
        steps.map(|(at, h)| format!("{} {}", n.element(at).name, h.src)).collect::<Vec<_>>()
    });
    let local = ["n1 198.51.100.7", "n1 10.0.0.1"];
    let remote = ["n1 198.51.100.7", "n1 10.0.0.1", "n2 10.0.0.1"];
    assert_eq!(seen.collect::<Vec<_>>(), [local.to_vec(), remote.to_vec()]);
}

#[test]
fn svc_53_a_refusal_that_does_not_come_through_the_entry_node_is_not_heard() {
    // A slice that names a wrong Node: the pod is on n2, and answers the client from there.
    let refused = |endpoint: Endpoint| {
        let n = with(vec![local(nodes(vec![Endpoint { number: 81, ..endpoint }]))]);
        let addr = |text: &str| text.parse().expect("an address");
        let (src, dst) = (addr("198.51.100.7"), addr("10.0.0.1"));
        let header = Header { src, sport: 40000, dst, dport: 30080, proto: Proto::Tcp };
        let life = walk::walk(&n, find(&n, "world"), header, &[]);
        assert_eq!(life.ending.verdict, walk::Verdict::Closed);
        walk::refusal(&n, &life, &[]).expect("it was refused").ending.verdict
    };
    assert_eq!(refused(ready("10.0.1.1", 0)), walk::Verdict::Delivered);
    assert_eq!(refused(ready("10.0.2.1", 0)), walk::Verdict::ReplyLost);
}
