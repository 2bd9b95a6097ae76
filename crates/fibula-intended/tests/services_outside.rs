//! Services from outside: nodePorts, external addresses, load balancers (SVC-20 to SVC-25, SVC-52
//! to SVC-62).

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use clusters::{balancer, container, ending, ends, k1_with, node_port, pod, ready, sent, web};
use fibula_cluster::{Cluster, Endpoint, Pod, Service, ServiceKind};
use fibula_intended::{Intent, Listeners, network};
use fibula_network::*;

/// Where messages go and what is seen there: from, to, and each branch.
type Table<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

const EXTERNAL: &str = "192.0.2.1:80";

fn made(cluster: &Cluster) -> Network {
    let network = network(cluster, &Intent { listeners: Listeners::Declared, ..Intent::default() });
    assert_eq!(fibula_network::check(&network), vec![]);
    network
}

fn with(services: Vec<Service>) -> Network {
    made(&k1_with(services))
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

// --- nodePorts ---

#[test]
fn svc_52_a_node_port_leads_anywhere_with_the_address_of_the_node() {
    let n = with(vec![nodes(vec![ready("10.0.1.1", 0)])]);
    let masqueraded = ["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"];
    let other = ["SVC-52 SVC-61 c1-1:8080 from 10.0.0.2"];
    let table: Table<'_> = &[
        ("world", "10.0.0.1:30080", &masqueraded),
        ("world", "10.0.0.2:30080", &other),
        ("c3-1", "10.0.0.1:30080", &masqueraded),
        ("c3-1", "10.0.0.2:30080", &other),
        ("d1", "10.0.0.1:30080", &masqueraded),
        ("d1", "10.0.0.2:30080", &other),
        ("world", "10.0.0.1:30081", &["closed at n1"]),
        // Not at a pod's address, nor at loopback (SVC-26, DR-9).
        ("c3-1", "10.0.2.1:30080", &["closed at p2"]),
        ("d1", "127.0.0.1:30080", &["closed at n1"]),
    ];
    check(&n, table);
}

#[test]
fn svc_52_without_an_endpoint_every_way_in_refuses() {
    let service = external(balanced(false, nodes(vec![])));
    let table: Table<'_> = &[
        ("world", "10.0.0.1:30080", &["SVC-52 rejected at n1"]),
        ("c3-1", "10.0.0.2:30080", &["SVC-52 rejected at n2"]),
        ("c3-1", EXTERNAL, &["SVC-52 rejected at n1"]),
    ];
    check(&with(vec![service.clone()]), table);
    check(&with(vec![local(service)]), &[("c3-1", EXTERNAL, &["SVC-53 rejected at n1"])]);
}

#[test]
fn svc_53_a_local_policy_keeps_the_source_and_stays_on_the_node() {
    let n = with(vec![local(nodes(vec![ready("10.0.1.1", 0)]))]);
    let table: Table<'_> = &[
        ("world", "10.0.0.1:30080", &["SVC-53 c1-1:8080 from 198.51.100.7"]),
        ("world", "10.0.0.2:30080", &["SVC-53 dropped by service at n2"]),
    ];
    check(&n, table);
    let ending = with(vec![local(nodes(vec![ready("10.0.1.1", 0), ending("10.0.2.1", 1)]))]);
    let there: &[&str] = &["SVC-53 c2-1:8080 from 198.51.100.7"];
    check(&ending, &[("world", "10.0.0.2:30080", there)]);
}

#[test]
fn svc_54_a_pod_uses_any_endpoint_at_its_own_node() {
    let service = external(local(nodes(vec![ready("10.0.1.1", 0)])));
    let far = ["SVC-54 c1-1:8080 from 10.0.2.2"];
    let near = ["SVC-54 c1-1:8080 from 10.0.1.2"];
    let table: Table<'_> = &[
        ("c4-1", "10.0.0.2:30080", &far),
        ("c4-1", EXTERNAL, &far),
        ("c3-1", "10.0.0.1:30080", &near),
        // Itself, through its Node (SVC-65).
        ("c1-1", EXTERNAL, &["SVC-54 SVC-61 c1-1:8080 from 10.0.0.1"]),
    ];
    check(&with(vec![service.clone()]), table);
    let balanced = Service { external_ips: vec![], ..balanced(false, service) };
    check(&with(vec![balanced]), &[("c4-1", EXTERNAL, &far)]);
}

#[test]
fn svc_55_a_process_of_the_node_uses_any_endpoint_too() {
    let n = with(vec![external(local(nodes(vec![ready("10.0.1.1", 0)])))]);
    let branch = ["SVC-55 SVC-61 c1-1:8080 from 10.0.0.2"];
    check(&n, &[("d2", "10.0.0.2:30080", &branch), ("d2", EXTERNAL, &branch)]);
}

#[test]
fn svc_56_at_another_node_a_pod_gets_that_nodes_own_endpoints() {
    let n = with(vec![local(nodes(vec![ready("10.0.1.1", 0)]))]);
    let table: Table<'_> = &[
        ("c3-1", "10.0.0.2:30080", &["SVC-56 dropped by service at n2"]),
        ("d1", "10.0.0.2:30080", &["SVC-56 dropped by service at n2"]),
        ("c4-1", "10.0.0.1:30080", &["SVC-56 c1-1:8080 from 10.0.2.2"]),
    ];
    check(&n, table);
}

#[test]
fn svc_61_a_process_of_the_entry_node_sees_the_client() {
    // Source rewriting comes after routing, which a message for the Node itself never passes.
    let mut cluster = k1_with(vec![nodes(vec![ready("10.0.0.2", 1)])]);
    let host = pod("h1", 1, &[], vec![container("agent", &["8080"])]);
    cluster.pods.push(Pod { host_network: true, ..host });
    let table: Table<'_> = &[
        ("world", "10.0.0.2:30080", &["SVC-52 agent:8080 from 198.51.100.7"]),
        ("world", "10.0.0.1:30080", &["SVC-52 SVC-61 agent:8080 from 10.0.0.1"]),
    ];
    check(&made(&cluster), table);
}

#[test]
fn svc_61_a_node_masquerades_by_its_first_address_of_the_family() {
    let mut cluster = k1_with(vec![nodes(vec![ready("10.0.1.1", 0)])]);
    cluster.nodes[0].addresses =
        ["fd00::1", "10.0.0.9", "10.0.0.1"].map(|addr| addr.parse().expect("an address")).to_vec();
    let branch = ["SVC-52 SVC-61 c1-1:8080 from 10.0.0.9"];
    // Each of its addresses answers (DR-9).
    let table: Table<'_> =
        &[("world", "10.0.0.1:30080", &branch), ("world", "10.0.0.9:30080", &branch)];
    check(&made(&cluster), table);
}

#[test]
fn svc_7_a_node_port_of_two_services_is_an_open_choice() {
    let second = Service {
        name: "s2".to_owned(),
        cluster_ips: vec!["10.96.0.2".parse().expect("an address")],
        ..nodes(vec![ready("10.0.2.1", 1)])
    };
    let third = Service {
        name: "s3".to_owned(),
        cluster_ips: vec!["10.96.0.3".parse().expect("an address")],
        ..nodes(vec![])
    };
    let n = with(vec![nodes(vec![ready("10.0.1.1", 0)]), second, third]);
    assert_eq!(n.choices.len(), 1);
    assert_eq!((n.choices[0].id.as_ref(), n.choices[0].values), ("SVC-7", 3));
    let ends = [0, 1, 2].map(|value| ends(&n, "world", "10.0.0.1:30080", &[value]).join(" | "));
    let expected = [
        "SVC-52 SVC-61 c1-1:8080 from 10.0.0.1",
        "SVC-52 SVC-61 c2-1:8080 from 10.0.0.1",
        "SVC-52 rejected at n1",
    ];
    assert_eq!(ends, expected);
}

// --- external addresses ---

#[test]
fn svc_22_an_external_address_leads_from_outside_to_some_node() {
    let n = with(vec![external(web(vec![ready("10.0.1.1", 0)]))]);
    let both = [
        "SVC-22 SVC-52 SVC-61 c1-1:8080 from 10.0.0.1",
        "SVC-22 SVC-52 SVC-61 c1-1:8080 from 10.0.0.2",
    ];
    let table: Table<'_> = &[
        ("world", EXTERNAL, &both),
        ("c4-1", EXTERNAL, &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.2"]),
        // Nobody has it at another port.
        ("c4-1", "192.0.2.1:81", &["world:81 from 10.0.2.2"]),
    ];
    check(&n, table);
}

#[test]
fn svc_22_an_external_address_may_be_a_nodes() {
    let mut service = external(web(vec![ready("10.0.1.1", 0)]));
    service.external_ips = vec!["10.0.0.2".parse().expect("an address")];
    let table: Table<'_> = &[
        ("world", "10.0.0.2:80", &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.2"]),
        // The first Node that sees it acts.
        ("c3-1", "10.0.0.2:80", &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ("c3-1", "10.0.0.2:81", &["closed at n2"]),
    ];
    check(&with(vec![service]), table);
}

#[test]
fn svc_20_an_address_of_two_services_is_an_open_choice_at_their_common_port() {
    let second = Service {
        name: "s2".to_owned(),
        cluster_ips: vec!["10.96.0.2".parse().expect("an address")],
        ports: vec![node_port(0, 80, 30081), node_port(1, 81, 30082)],
        ..nodes(vec![ready("10.0.2.1", 1), Endpoint { port: 1, ..ready("10.0.2.1", 1) }])
    };
    let first = nodes(vec![ready("10.0.1.1", 0)]);
    let n = with(vec![external(first), balanced(false, second)]);
    assert_eq!((n.choices.len(), n.choices[0].id.as_ref()), (1, "SVC-20"));
    let at = |port: u16| {
        [0, 1].map(|v| ends(&n, "c3-1", &format!("192.0.2.1:{port}"), &[v]).join(" | "))
    };
    let (one, two) =
        ("SVC-52 SVC-61 c1-1:8080 from 10.0.0.1", "SVC-52 SVC-61 c2-1:8080 from 10.0.0.1");
    assert_eq!((at(80), at(81)), ([one, two].map(str::to_owned), [two, two].map(str::to_owned)));
}

// --- load balancers ---

#[test]
fn svc_20_a_load_balancer_hands_messages_to_the_nodes() {
    let n = with(vec![balanced(false, nodes(vec![ready("10.0.1.1", 0)]))]);
    let from_outside = [
        "SVC-20 SVC-52 SVC-61 c1-1:8080 from 10.0.0.1",
        "SVC-20 SVC-52 SVC-61 c1-1:8080 from 10.0.0.2",
    ];
    let table: Table<'_> = &[
        ("world", EXTERNAL, &from_outside),
        // Within the cluster it is never met.
        ("c4-1", EXTERNAL, &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.2"]),
    ];
    check(&n, table);
}

#[test]
fn svc_59_a_load_balancer_asks_which_nodes_have_a_ready_endpoint() {
    let service = |endpoints| with(vec![balanced(false, local(nodes(endpoints)))]);
    let one = ["SVC-59 SVC-53 c1-1:8080 from 198.51.100.7"];
    check(&service(vec![ready("10.0.1.1", 0)]), &[("world", EXTERNAL, &one)]);
    // What is about to end still serves, but is not asked for.
    let mixed = service(vec![ready("10.0.1.1", 0), ending("10.0.2.1", 1)]);
    check(&mixed, &[("world", EXTERNAL, &one)]);
    // None is healthy: any Node.
    let none =
        ["SVC-59 SVC-53 dropped by service at n1", "SVC-59 SVC-53 c2-1:8080 from 198.51.100.7"];
    check(&service(vec![ending("10.0.2.1", 1)]), &[("world", EXTERNAL, &none)]);
}

#[test]
fn svc_59_every_node_answers_health_checks_whatever_it_says() {
    let checked = |service| Service { health_check_port: Some(32000), ..service };
    let service = checked(balanced(false, local(nodes(vec![ready("10.0.1.1", 0)]))));
    let n = with(vec![service.clone()]);
    let table: Table<'_> = &[
        ("world", "10.0.0.1:32000", &["kube-proxy:32000 from 198.51.100.7"]),
        // No endpoint is here, and it says so: the connection stands.
        ("world", "10.0.0.2:32000", &["kube-proxy:32000 from 198.51.100.7"]),
        ("c1-1", "10.0.0.2:32000", &["kube-proxy:32000 from 10.0.1.1"]),
    ];
    check(&n, table);
    // Who does not act for a Service says nothing of it (SVC-5).
    let n = with(vec![Service { proxied: false, ..service }]);
    check(&n, &[("world", "10.0.0.1:32000", &["closed at n1"])]);
}

#[test]
fn svc_21_a_load_balancer_that_is_a_proxy_is_outside() {
    let n = with(vec![balanced(true, nodes(vec![ready("10.0.1.1", 0)]))]);
    let through = [
        "SVC-21 SVC-21 SVC-52 SVC-61 c1-1:8080 from 10.0.0.1",
        "SVC-21 SVC-21 SVC-52 SVC-61 c1-1:8080 from 10.0.0.2",
    ];
    let table: Table<'_> = &[
        ("world", EXTERNAL, &through),
        // Out, and back in.
        ("c1-1", EXTERNAL, &through),
        ("d2", EXTERNAL, &through),
        ("world", "10.0.0.1:30080", &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"]),
    ];
    check(&n, table);
    // It is the client that a local policy keeps, and asks for health too.
    let n = with(vec![balanced(true, local(nodes(vec![ready("10.0.1.1", 0)])))]);
    check(&n, &[("world", EXTERNAL, &["SVC-21 SVC-21 SVC-53 c1-1:8080 from 192.0.2.1"])]);
}

#[test]
fn svc_21_an_address_that_is_a_nodes_is_no_proxys() {
    let mut service = balanced(true, nodes(vec![ready("10.0.1.1", 0)]));
    service.balancers = vec![balancer("10.0.0.2", true)];
    let table: Table<'_> =
        &[("world", "10.0.0.2:80", &["closed at n2"]), ("c3-1", "10.0.0.2:80", &["closed at n2"])];
    check(&with(vec![service]), table);
}

#[test]
fn svc_21_without_a_node_port_such_a_balancer_is_the_worlds() {
    let mut service = balanced(true, nodes(vec![ready("10.0.1.1", 0)]));
    service.ports[0].node_port = None;
    check(&with(vec![service]), &[("c1-1", EXTERNAL, &["world:80 from 10.0.1.1"])]);
}

#[test]
fn svc_23_a_load_balancer_needs_no_node_port() {
    let mut service = balanced(false, nodes(vec![ready("10.0.1.1", 0)]));
    service.ports[0].node_port = None;
    let table: Table<'_> = &[
        ("c3-1", EXTERNAL, &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ("c3-1", "10.0.0.1:30080", &["closed at n1"]),
    ];
    check(&with(vec![service]), table);
}

#[test]
fn svc_24_without_a_status_a_load_balancer_is_a_node_port() {
    let service = Service { kind: ServiceKind::LoadBalancer, ..nodes(vec![ready("10.0.1.1", 0)]) };
    let n = with(vec![service]);
    let table: Table<'_> = &[
        ("world", EXTERNAL, &["world:80 from 198.51.100.7"]),
        ("world", "10.0.0.1:30080", &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"]),
    ];
    check(&n, table);
}

#[test]
fn svc_25_source_ranges_guard_the_balancers_address_only() {
    let mut service = external(balanced(false, nodes(vec![ready("10.0.1.1", 0)])));
    service.external_ips = vec!["192.0.2.2".parse().expect("an address")];
    service.source_ranges =
        ["198.51.100.0/24", "10.0.0.1/32"].map(|net| net.parse().expect("a range")).to_vec();
    let n = with(vec![service]);
    let one = ["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"];
    let table: Table<'_> = &[
        (
            "world",
            EXTERNAL,
            &[
                "SVC-20 SVC-52 SVC-61 c1-1:8080 from 10.0.0.1",
                "SVC-20 SVC-52 SVC-61 c1-1:8080 from 10.0.0.2",
            ],
        ),
        // Clients in the cluster too; a Node whose own address is in a range may.
        ("c3-1", EXTERNAL, &["SVC-25 dropped by service at n1"]),
        ("d1", EXTERNAL, &one),
        ("d2", EXTERNAL, &["SVC-25 dropped by service at n2"]),
        // Never the other ways in.
        ("c3-1", "10.96.0.1:80", &["SVC-50 c1-1:8080 from 10.0.1.2"]),
        ("c3-1", "10.0.0.1:30080", &one),
        ("c3-1", "192.0.2.2:80", &one),
    ];
    check(&n, table);
    let other = sent(&n, "world", Some("203.0.113.9"), EXTERNAL, Proto::Tcp, &[]);
    let dropped = "SVC-20 SVC-25 dropped by service at";
    assert_eq!(other, [format!("{dropped} n1"), format!("{dropped} n2")]);
}

#[test]
fn svc_25_ranges_of_the_other_family_guard_nothing() {
    let mut service = balanced(false, nodes(vec![ready("10.0.1.1", 0)]));
    service.source_ranges = vec!["2001:db8::/32".parse().expect("a range")];
    let n = with(vec![service]);
    check(&n, &[("c3-1", EXTERNAL, &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"])]);
}

#[test]
fn np_20_what_the_world_answers_comes_back() {
    // Without a Service on its way: the address of a pod means something to its own cluster.
    let table: Table<'_> = &[
        ("c1-1", "8.8.8.8:53", &["world:53 from 10.0.1.1"]),
        ("d2", "8.8.8.8:53", &["world:53 from 10.0.0.2"]),
        ("world", "10.0.1.1:8080", &["no route at outside"]),
    ];
    check(&with(vec![]), table);
}
