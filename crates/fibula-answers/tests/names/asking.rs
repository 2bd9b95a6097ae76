//! Who asks, and how; and the names that do not exist.

use fibula_answers::names::{NameError, Names, hosts};
use fibula_intended::{Intent, network};
use serde_json::json;

use crate::shop::{cluster, hold, pod, said, service, shop};

#[test]
fn dns_7_an_address_with_dashes_is_a_name() {
    hold(
        &shop(),
        &[
            (
                "prober",
                "10-0-1-2.db.shop",
                "10-0-1-2.db.shop… = 10.0.1.2 port 15432 by DNS-7 as pod/shop/db-0",
            ),
            ("prober", "10-0-1-4.db.shop", "no: svc/shop/db has no endpoint 10-0-1-4 DNS-4 []"),
            (
                "prober",
                "10-0-1-4.shop.pod:1",
                "10-0-1-4.shop.pod.cluster.local = 10.0.1.4 port 1 by DNS-7 as pod/shop/db-2",
            ),
            (
                "prober",
                "fd00--9.shop.pod.cluster.local:1",
                "fd00--9.shop.pod.cluster.local = fd00::9 port 1 by DNS-7 as anyone",
            ),
            ("prober", "10-0-1-4.nowhere.pod:1", "no: there is no namespace nowhere DNS-8 []"),
        ],
    );
}

#[test]
fn dns_8_what_does_not_exist_is_no_such_name_and_a_slip_of_the_pen_is_not() {
    let slip = |said: &str, near: &[&str]| {
        let near: Vec<String> = near.iter().map(ToString::to_string).collect();
        format!(
            "{:?}",
            NameError::Unknown {
                said: said.to_owned(),
                wanted: "no Service, workload or pod",
                namespace: None,
                near,
            }
        )
    };
    hold(
        &shop(),
        &[
            (
                "prober",
                "webb.shop.svc:80",
                "no: namespace shop has no Service webb DNS-8 [\"web.shop\"]",
            ),
            (
                "prober",
                "webb.shop:80",
                "no: namespace shop has no Service webb DNS-8 [\"web.shop\"]",
            ),
            (
                "shop/web",
                "webb.shop.svc:80",
                "no: namespace shop has no Service webb DNS-8 [\"web\"]",
            ),
            ("prober", "web.shpo.svc:80", "no: there is no namespace shpo DNS-8 [\"web.shop\"]"),
            // Only in other namespaces.
            (
                "prober",
                "web:80",
                "no: namespace ops has no Service web DNS-8 [\"web.bank\", \"web.shop\"]",
            ),
            ("prober", "web.:80", "no: cluster.local has no names of the form of web DNS-8 []"),
            ("shop/web", "wbe:80", &slip("wbe", &["web", "bank/web"])),
            ("prober", "db-0:1", "10.0.1.2 port 1 as pod/shop/db-0"),
            (
                "prober",
                "db.example.com:443",
                "elsewhere:  is a name outside of the cluster: no address is known here DNS-9 []",
            ),
            (
                "prober",
                "web.shpo:443",
                "elsewhere:  is a name outside of the cluster: no address is known here DNS-9 \
                 [\"web.shop\"]",
            ),
        ],
    );
}

#[test]
fn dns_9_the_search_list_is_of_the_namespace_of_who_asks() {
    let mut objects = shop();
    // `db-0.shop` is then an endpoint of `bank`'s own Service `shop`.
    objects.extend([
        pod("bank/db-0", "10.0.1.20", json!({"app": "s"}), "shop", true),
        pod("bank/x", "10.0.1.21", json!({}), "", true),
        service(
            "bank/shop",
            json!({"clusterIP": "None", "selector": {"app": "s"}, "ports": [{"port": 15432}]}),
        ),
        service("shop/db-0", json!({"clusterIP": "10.96.0.9", "ports": [{"port": 1}]})),
    ]);
    let db = "db-0.shop… = 10.96.0.9 port 1 by DNS-1 as svc/shop/db-0";
    hold(
        &objects,
        &[
            (
                "shop/web",
                "web:80",
                "web.shop… = 10.96.0.7 fd00::7 port 80 by DNS-1 as svc/shop/web",
            ),
            ("bank/x", "web", "web.bank… = 10.96.1.7 port 81 by DNS-1 as svc/bank/web"),
            ("prober", "db-0.shop", db),
            (
                "bank/x",
                "db-0.shop",
                "db-0.shop.bank… = 10.0.1.20 port 15432 by DNS-6 as pod/bank/db-0",
            ),
            // A dot at the end, or the zone: no search.
            ("bank/x", "db-0.shop.svc.cluster.local.", db),
            ("bank/x", "db-0.shop.svc", db),
            (
                "bank/x",
                "db-0.shop.svc.",
                "no: cluster.local has no names of the form of db-0.shop.svc DNS-8 []",
            ),
        ],
    );
}

#[test]
fn dns_11_who_asks_its_node_does_not_find_the_names_of_the_cluster() {
    let default = "with dnsPolicy Default the resolver of the Node is asked, which does not know \
                   the names of the cluster";
    let node = "a Node's own processes ask its resolver, which does not know the names of the \
                cluster";
    let world = "the world does not ask the DNS of the cluster";
    let own = "elsewhere:  is asked of whom the sender's dnsConfig names, for its dnsPolicy is \
               None; dnsConfig is not read DNS-11 [\"svc/shop/web\"]";
    hold(
        &shop(),
        &[
            ("ops/default", "web.shop:80", &format!("no: {default} DNS-11 [\"svc/shop/web\"]")),
            ("n1/kubelet", "web.shop:80", &format!("no: {node} DNS-11 [\"svc/shop/web\"]")),
            ("node/n2", "empty", &format!("no: {node} DNS-11 [\"svc/shop/empty\"]")),
            (
                "world",
                "web.shop:80",
                &format!("no: {world} DNS-11 [\"203.0.113.7\", \"svc/shop/web\"]"),
            ),
            ("own", "web.shop:80", own),
            ("n1/kubelet", "db-0.db.shop", &format!("no: {node} DNS-11 [\"pod/shop/db-0\"]")),
            ("node/n2", "db-0:1", "10.0.1.2 port 1 as pod/shop/db-0"),
        ],
    );
}

#[test]
fn dns_13_a_host_network_pod_finds_them_only_if_it_says_so() {
    let why = "on the host network dnsPolicy ClusterFirst means Default: the resolver of the Node \
               is asked, which does not know the names of the cluster";
    hold(
        &shop(),
        &[
            ("ops/agent", "web.shop.svc:80", &format!("no: {why} DNS-13 [\"svc/shop/web\"]")),
            (
                "ops/asker",
                "web.shop.svc:80",
                "web.shop… = 10.96.0.7 fd00::7 port 80 by DNS-1 as svc/shop/web",
            ),
        ],
    );
}

#[test]
fn addresses_and_objects_are_taken_as_they_are_said() {
    hold(
        &shop(),
        &[
            ("203.0.113.9", "203.0.113.7:80", "203.0.113.7 port 80 as anyone"),
            ("2001:db8::9", "10.96.0.7:http", "10.96.0.7 port 80 as svc/shop/web"),
            ("world", "node/n1:30080", "10.0.0.1 fd00:0:0:1::1 port 30080 as node/n1"),
            ("10.0.1.5", "n1:10250", "10.0.0.1 fd00:0:0:1::1 port 10250 as node/n1"),
            ("prober", "pod/shop/web:pg", "10.0.1.1 port 15432 as pod/shop/web"),
        ],
    );
}

#[test]
fn dr_21_a_service_that_contradicts_itself_keeps_its_name() {
    let mut objects = shop();
    objects.push(service("bank/web", json!({"clusterIP": "10.96.1.8", "ports": [{"port": 81}]})));
    let kept = format!(
        "{:?}",
        NameError::KeptOut {
            said: "web.bank".to_owned(),
            object: "Service bank/web".to_owned(),
            differ: "spec.clusterIP".to_owned(),
        }
    );
    hold(&objects, &[("prober", "web.bank:81", &kept)]);
}

#[test]
fn the_zone_can_have_another_name() {
    let cluster = cluster(&shop());
    let network = network(&cluster, &Intent::default());
    let names = Names::new(&network, Some(&cluster), None).in_zone("K8s.Example.");
    let from = names.from("prober").expect("it sends");
    let to = |name| said(names.to(name, Some(&from)));
    let web = "web.bank.svc.k8s.example = 10.96.1.7 port 81 by DNS-1 as svc/bank/web";
    assert_eq!(to("web.bank"), web);
    assert_eq!(to("web.bank.svc.k8s.example"), web);
    assert!(to("web.bank.svc.cluster.local:81").starts_with("elsewhere: "));
}

#[test]
fn hosts_say_what_dns_would() {
    let mut objects = shop();
    objects.retain(|object| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        object["kind"] != "Service" || ["web", "db", "alias", "out", "idle"].contains(&name)
    });
    let cluster = cluster(&objects);
    let rows: Vec<String> = hosts(&cluster, "shop")
        .into_iter()
        .map(|(addr, names)| format!("{addr} {}", names.join(" ")))
        .collect();
    let want = [
        "10.96.1.7 web.bank web.bank.svc web.bank.svc.cluster.local",
        "10.96.1.7 alias alias.shop alias.shop.svc alias.shop.svc.cluster.local",
        "10.0.1.2 db db.shop db.shop.svc db.shop.svc.cluster.local",
        "10.0.1.3 db db.shop db.shop.svc db.shop.svc.cluster.local",
        "10.0.1.2 db-0.db db-0.db.shop db-0.db.shop.svc db-0.db.shop.svc.cluster.local",
        "10.0.1.3 db-1.db db-1.db.shop db-1.db.shop.svc db-1.db.shop.svc.cluster.local",
        "10.96.0.7 web web.shop web.shop.svc web.shop.svc.cluster.local",
        "fd00::7 web web.shop web.shop.svc web.shop.svc.cluster.local",
    ];
    assert_eq!(rows, want);
}
