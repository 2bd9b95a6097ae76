//! Services inside the cluster: ClusterIPs, which endpoints, and whose address (SVC-20 to SVC-65).

#[allow(unused_imports, reason = "shared with other tests")]
mod clusters;

use clusters::{
    container, ending, ends, find, hinted, k1_with, node_port, pod, port, ready, sent, service,
    unready, web,
};
use fibula_cluster::{Cluster, Endpoint, Protocol, Service, ServiceKind, ServicePort};
use fibula_intended::{Intent, Listeners, network, place};
use fibula_network::*;

/// Where messages go and what is seen there: from, to, and each branch.
type Table<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

const VIP: &str = "10.96.0.1:80";

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

/// K1 with two zones, a Node in each, and this Service.
fn zoned(service: Service) -> Network {
    let mut cluster = k1_with(vec![service]);
    for (node, zone) in cluster.nodes.iter_mut().zip(["a", "b"]) {
        node.zone = Some(zone.to_owned());
    }
    made(&cluster)
}

fn hostnet(cluster: &mut Cluster) {
    let host = pod("h1", 1, &[], vec![container("agent", &["8080"])]);
    cluster.pods.push(fibula_cluster::Pod { host_network: true, ..host });
}

// --- which Services, which addresses ---

#[test]
fn svc_2_a_cluster_ip_leads_to_the_endpoints_from_pods_and_nodes() {
    let n = with(vec![web(vec![ready("10.0.1.1", 0), ready("10.0.2.1", 1)])]);
    let table: Table<'_> = &[
        ("c3-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.2", "SVC-50 c2-1:8080 from 10.0.1.2"]),
        ("c4-1", VIP, &["SVC-50 c1-1:8080 from 10.0.2.2", "SVC-50 c2-1:8080 from 10.0.2.2"]),
        (
            "d1",
            VIP,
            &["SVC-50 SVC-61 c1-1:8080 from 10.0.0.1", "SVC-50 SVC-61 c2-1:8080 from 10.0.0.1"],
        ),
        // Outside it means nothing.
        ("world", VIP, &["no route at outside"]),
    ];
    check(&n, table);
}

#[test]
fn svc_3_a_port_number_serves_several_protocols() {
    let udp = ServicePort { protocol: Protocol::Udp, ..port(1, 80) };
    let to_udp = Endpoint { port: 1, number: 53, ..ready("10.0.2.1", 1) };
    let service = web(vec![ready("10.0.1.1", 0), to_udp]);
    let n = with(vec![Service { ports: vec![port(0, 80), udp], ..service }]);
    let to = |proto| sent(&n, "c3-1", None, VIP, proto, &[]);
    assert_eq!(to(Proto::Tcp), ["SVC-50 c1-1:8080 from 10.0.1.2"]);
    assert_eq!(to(Proto::Udp), ["SVC-50 closed at p2"]);
    assert_eq!(to(Proto::Sctp), ["SVC-27 rejected at n1"]);
}

#[test]
fn svc_5_what_the_proxy_skips_has_no_entries() {
    let skipped = Service { proxied: false, ..web(vec![ready("10.0.1.1", 0)]) };
    let n = with(vec![skipped]);
    check(&n, &[("c3-1", VIP, &["no route at n1"])]);
    assert!(n.backends.is_empty());
}

#[test]
fn ip_7_a_family_without_a_cluster_ip_has_no_entries() {
    let mut cluster = k1_with(vec![Service {
        kind: ServiceKind::NodePort,
        ports: vec![node_port(0, 80, 30080)],
        ..web(vec![ready("10.0.1.1", 0), ready("fd00::1:1", 0)])
    }]);
    for (node, addr) in cluster.nodes.iter_mut().zip(["fd00::1", "fd00::2"]) {
        node.addresses.push(addr.parse().expect("an address"));
    }
    let n = made(&cluster);
    check(
        &n,
        &[
            ("world", "[fd00::1]:30080", &["closed at n1"]),
            ("world", "10.0.0.1:30080", &["SVC-52 SVC-61 c1-1:8080 from 10.0.0.1"]),
        ],
    );
}

#[test]
fn svc_12_each_family_has_its_endpoints() {
    let mut cluster = k1_with(vec![Service {
        cluster_ips: ["10.96.0.1", "fd00:96::1"].map(|ip| ip.parse().expect("an address")).to_vec(),
        ..web(vec![ready("10.0.1.1", 0), ready("fd00:1::1", 0)])
    }]);
    cluster.pods[2].addresses.push("fd00:1::1".parse().expect("an address"));
    cluster.pods[4].addresses.push("fd00:1::2".parse().expect("an address"));
    let n = made(&cluster);
    check(
        &n,
        &[
            ("c3-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.2"]),
            ("c3-1", "[fd00:96::1]:80", &["SVC-50 c1-1:8080 from fd00:1::2"]),
        ],
    );
}

#[test]
fn svc_18_the_port_of_the_endpoint_is_the_target() {
    let elsewhere = Endpoint { number: 9090, ..ready("10.0.1.1", 0) };
    let n = with(vec![web(vec![elsewhere])]);
    check(&n, &[("c3-1", VIP, &["SVC-50 c1-2:9090 from 10.0.1.2"])]);
}

#[test]
fn svc_27_a_port_that_the_service_does_not_have_is_refused() {
    let n = with(vec![web(vec![ready("10.0.1.1", 0)]), service("s2", &["10.96.0.2"])]);
    let table: Table<'_> = &[
        ("c3-1", "10.96.0.1:81", &["SVC-27 rejected at n1"]),
        ("d2", "10.96.0.2:80", &["SVC-27 rejected at n2"]),
    ];
    check(&n, table);
}

#[test]
fn pod_7_a_cluster_ip_that_a_pod_has_too_is_an_open_choice() {
    let mut cluster = k1_with(vec![web(vec![ready("10.0.1.1", 0)])]);
    cluster.services[0].cluster_ips = vec!["10.0.2.1".parse().expect("an address")];
    let n = made(&cluster);
    let to = |port: u16| {
        [0, 1].map(|value| ends(&n, "c3-1", &format!("10.0.2.1:{port}"), &[value]).join(" | "))
    };
    assert_eq!(to(80), ["closed at p2", "SVC-50 c1-1:8080 from 10.0.1.2"]);
    assert_eq!(to(8080), ["c2-1:8080 from 10.0.1.2", "SVC-27 rejected at n1"]);
}

#[test]
fn pod_7_two_services_with_one_cluster_ip_have_it_in_turn() {
    let other = Service { name: "s2".to_owned(), ..web(vec![ready("10.0.2.1", 1)]) };
    let n = with(vec![web(vec![ready("10.0.1.1", 0)]), other]);
    let ids: Vec<&str> = n.choices.iter().map(|choice| choice.id.as_ref()).collect();
    assert_eq!(ids, ["POD-7"]);
    let of = |value| ends(&n, "c3-1", VIP, &[value]);
    assert_eq!(of(0), ["SVC-50 c1-1:8080 from 10.0.1.2"]);
    assert_eq!(of(1), ["SVC-50 c2-1:8080 from 10.0.1.2"]);
}

// --- which endpoints ---

#[test]
fn svc_40_every_ready_endpoint_is_a_branch() {
    let endpoints = vec![
        ready("10.0.1.1", 0),
        unready("10.0.1.2", 0),
        ending("10.0.2.1", 1),
        ready("10.0.2.2", 1),
    ];
    let n = with(vec![web(endpoints)]);
    let branches = &["SVC-50 c1-1:8080 from 10.0.1.2", "SVC-50 c4-1:8080 from 10.0.1.2"];
    check(&n, &[("c3-1", VIP, branches)]);
}

#[test]
fn svc_41_those_about_to_end_serve_where_nothing_is_ready() {
    let n = with(vec![web(vec![ending("10.0.1.1", 0), unready("10.0.2.1", 1)])]);
    check(&n, &[("c3-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.2"])]);
    // What ends and does not serve gets nothing.
    let gone = Endpoint { serving: false, ..ending("10.0.1.1", 0) };
    check(&with(vec![web(vec![gone])]), &[("c3-1", VIP, &["SVC-50 rejected at n1"])]);
}

#[test]
fn svc_43_the_same_node_then_the_same_zone_then_any() {
    let both = |addr, node| hinted(ready(addr, node), &[["a", "b"][node]], &[node]);
    let n = zoned(web(vec![both("10.0.1.1", 0), both("10.0.2.1", 1)]));
    let table: Table<'_> = &[
        ("c3-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.2"]),
        ("c4-1", VIP, &["SVC-50 c2-1:8080 from 10.0.2.2"]),
    ];
    check(&n, table);
    // Only in zone b: a Node of zone a has neither, and takes any.
    let n = zoned(web(vec![hinted(ready("10.0.2.1", 1), &["b"], &[])]));
    check(&n, &[("c3-1", VIP, &["SVC-50 c2-1:8080 from 10.0.1.2"])]);
    // The Node's own come before those of its zone.
    let near = vec![
        hinted(ready("10.0.1.1", 0), &["a"], &[0]),
        hinted(ready("10.0.2.1", 1), &["a"], &[1]),
    ];
    check(&zoned(web(near)), &[("c3-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.2"])]);
}

#[test]
fn svc_44_hints_are_taken_as_they_are() {
    // The controller may send a zone to another one's endpoint.
    let crossed =
        vec![hinted(ready("10.0.1.1", 0), &["b"], &[]), hinted(ready("10.0.2.1", 1), &["a"], &[])];
    check(&zoned(web(crossed)), &[("c3-1", VIP, &["SVC-50 c2-1:8080 from 10.0.1.2"])]);
}

#[test]
fn svc_40_hints_are_ignored_when_one_endpoint_lacks_them() {
    let all = &["SVC-50 c1-1:8080 from 10.0.1.2", "SVC-50 c2-1:8080 from 10.0.1.2"];
    let some = vec![hinted(ready("10.0.1.1", 0), &["a"], &[0]), ready("10.0.2.1", 1)];
    check(&zoned(web(some)), &[("c3-1", VIP, all)]);
    // One that is not ready does not count.
    let rest = vec![hinted(ready("10.0.1.1", 0), &["a"], &[]), unready("10.0.2.1", 1)];
    check(&zoned(web(rest)), &[("c3-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.2"])]);
}

#[test]
fn svc_46_a_node_without_a_zone_ignores_zones() {
    let endpoints =
        vec![hinted(ready("10.0.1.1", 0), &["a"], &[]), hinted(ready("10.0.2.1", 1), &["b"], &[])];
    let n = with(vec![web(endpoints)]);
    let all = &["SVC-50 c1-1:8080 from 10.0.1.2", "SVC-50 c2-1:8080 from 10.0.1.2"];
    check(&n, &[("c3-1", VIP, all)]);
}

#[test]
fn svc_45_a_local_policy_comes_before_hints() {
    let endpoints = vec![
        hinted(ready("10.0.1.1", 0), &["b"], &[1]),
        hinted(ready("10.0.2.1", 1), &["a"], &[0]),
    ];
    let n = zoned(Service { internal_local: true, ..web(endpoints) });
    check(&n, &[("c3-1", VIP, &["SVC-51 c1-1:8080 from 10.0.1.2"])]);
}

#[test]
fn svc_42_every_endpoint_is_a_branch_though_a_client_keeps_its_own() {
    let endpoints = || vec![ready("10.0.1.1", 0), ready("10.0.2.1", 1)];
    let all = &["SVC-50 c1-1:8080 from 10.0.1.2", "SVC-50 c2-1:8080 from 10.0.1.2"];
    for affinity in [None, Some(60)] {
        check(&with(vec![Service { affinity, ..web(endpoints()) }]), &[("c3-1", VIP, all)]);
    }
}

// --- the verdict of each way in ---

#[test]
fn svc_50_without_an_endpoint_a_cluster_ip_refuses() {
    let n = with(vec![web(vec![unready("10.0.1.1", 0)])]);
    let table: Table<'_> =
        &[("c3-1", VIP, &["SVC-50 rejected at n1"]), ("d2", VIP, &["SVC-50 rejected at n2"])];
    check(&n, table);
}

#[test]
fn svc_58_only_what_a_service_has_is_refused_and_only_to_begin_with() {
    // The nodePort is the source port of d1's message: the reply to that begins nothing.
    let ports = vec![node_port(0, 80, 40000)];
    let n = with(vec![Service { kind: ServiceKind::NodePort, ports, ..web(vec![]) }]);
    let table: Table<'_> = &[
        ("c3-1", VIP, &["SVC-50 rejected at n1"]),
        ("world", "10.0.0.1:40000", &["SVC-52 rejected at n1"]),
        ("d1", "10.0.2.1:8080", &["c2-1:8080 from 10.0.0.1"]),
        // An address of no Service, and a pod's, at the same port.
        ("c3-1", "10.96.0.9:80", &["world:80 from 10.0.1.2"]),
        ("c3-1", "10.0.2.1:80", &["closed at p2"]),
    ];
    check(&n, table);
}

#[test]
fn svc_5a_a_refusal_comes_from_the_clients_node_before_anything_else_is_asked() {
    let n = with(vec![web(vec![unready("10.0.2.1", 1)])]);
    let table: Table<'_> = &[
        ("c3-1", VIP, &["SVC-50 rejected at n1"]),
        ("c4-1", VIP, &["SVC-50 rejected at n2"]),
        ("d1", VIP, &["SVC-50 rejected at n1"]),
    ];
    check(&n, table);
    let node = n.fib(find(&n, "n1")).expect("a switch");
    let refuses = |id: &&TableId| {
        let mut entries = n.table(**id).entries.iter();
        entries.any(|entry| matches!(entry.action, Action::Reject(_)))
    };
    let tables: Vec<&TableId> = n.pipeline(node.pipeline).iter().filter(refuses).collect();
    let names: Vec<&str> = tables.iter().map(|id| n.table(**id).name.as_ref()).collect();
    assert_eq!(names, ["services"], "where policies are not asked yet");
}

#[test]
fn svc_51_a_local_policy_uses_the_nodes_own_drops_or_refuses() {
    let local = |endpoints| with(vec![Service { internal_local: true, ..web(endpoints) }]);
    let table: Table<'_> = &[
        ("c3-1", VIP, &["SVC-51 c1-1:8080 from 10.0.1.2"]),
        ("d1", VIP, &["SVC-51 SVC-61 c1-1:8080 from 10.0.0.1"]),
        // Endpoints elsewhere only.
        ("c4-1", VIP, &["SVC-51 dropped by service at n2"]),
        ("d2", VIP, &["SVC-51 dropped by service at n2"]),
    ];
    check(&local(vec![ready("10.0.1.1", 0)]), table);
    check(&local(vec![]), &[("c3-1", VIP, &["SVC-51 rejected at n1"])]);
    // Those about to end serve on a Node that has no other, whatever other Nodes have.
    let mixed = local(vec![ready("10.0.1.1", 0), ending("10.0.1.2", 0), ending("10.0.2.1", 1)]);
    let table: Table<'_> = &[
        ("c3-1", VIP, &["SVC-51 c1-1:8080 from 10.0.1.2"]),
        ("c4-1", VIP, &["SVC-51 c2-1:8080 from 10.0.2.2"]),
    ];
    check(&mixed, table);
    // An endpoint of no known Node is nobody's own.
    let nowhere = Endpoint { node: None, ..ready("10.0.1.1", 0) };
    check(&local(vec![nowhere]), &[("c3-1", VIP, &["SVC-51 dropped by service at n1"])]);
}

// --- whose address ---

#[test]
fn svc_65_a_pod_reaches_itself_through_its_service() {
    // Its Node rewrites the source, or the reply would never come back through it (SVC-60).
    let n = with(vec![web(vec![ready("10.0.1.1", 0), ready("10.0.1.2", 0)])]);
    let branches = &["SVC-50 SVC-61 c1-1:8080 from 10.0.0.1", "SVC-50 c3-1:8080 from 10.0.1.1"];
    check(&n, &[("c1-1", VIP, branches)]);
}

#[test]
fn svc_60_without_masquerade_a_hairpin_loses_its_reply() {
    // What the previous test would miss if replies were not followed.
    let mut n = with(vec![web(vec![ready("10.0.1.1", 0)])]);
    for entry in n.tables.iter_mut().flat_map(|table| &mut table.entries) {
        if let Action::Rewrite { mark, .. } = &mut entry.action {
            *mark = Mark::Never;
        }
    }
    check(&n, &[("c1-1", VIP, &["SVC-50 c1-1:8080 from 10.0.1.1 (reply lost)"])]);
}

#[test]
fn svc_63_a_node_has_its_own_address_everywhere() {
    let mut cluster = k1_with(vec![web(vec![ready("10.0.0.2", 1), ready("10.0.2.1", 1)])]);
    hostnet(&mut cluster);
    let n = made(&cluster);
    let table: Table<'_> = &[
        (
            "d1",
            VIP,
            &["SVC-50 SVC-61 agent:8080 from 10.0.0.1", "SVC-50 SVC-61 c2-1:8080 from 10.0.0.1"],
        ),
        // A message that stays on its Node is not rewritten (DR-7).
        ("d2", VIP, &["SVC-50 agent:8080 from 10.0.0.2", "SVC-50 SVC-61 c2-1:8080 from 10.0.0.2"]),
        // To a process of the Node, from a pod: as to any endpoint.
        ("c4-1", VIP, &["SVC-50 agent:8080 from 10.0.2.2", "SVC-50 c2-1:8080 from 10.0.2.2"]),
    ];
    check(&n, table);
}

// --- the shape of the entries ---

#[test]
fn each_entry_knows_the_port_behind_it() {
    let mut s1 = web(vec![ready("10.0.1.1", 0)]);
    s1.object = fibula_cluster::ObjectId(7);
    s1.ports[0].index = 2;
    let n = with(vec![s1]);
    let entries = n.tables.iter().flat_map(|table| &table.entries);
    let of: Vec<_> = entries.filter(|entry| entry.origin.rule == "SVC-50").collect();
    assert_eq!(of.len(), 2, "one for pods, one for everything else");
    for entry in of {
        let at = place(entry.origin.place).expect("a place");
        assert_eq!((at.object.0, at.container, at.port), (7, None, Some(2)));
    }
}

#[test]
fn nodes_without_services_have_the_articles_table_alone() {
    let n = made(&clusters::k1());
    let names: Vec<&str> = n.tables.iter().map(|table| table.name.as_ref()).collect();
    assert_eq!(names, ["pod", "next hop", "outside"]);
    let n = with(vec![web(vec![ready("10.0.1.1", 0)])]);
    let node = n.fib(find(&n, "n1")).expect("a switch");
    let tables = n.pipeline(node.pipeline).iter().map(|id| n.table(*id).name.as_ref());
    assert_eq!(tables.collect::<Vec<_>>(), ["replies", "services", "source", "next hop"]);
}
