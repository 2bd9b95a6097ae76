//! What the zone of a cluster holds.

use fibula_answers::names::Names;
use fibula_intended::{Intent, network};
use serde_json::json;

use crate::shop::{cluster, hold, pod, service, shop};

#[test]
fn dns_3_a_headless_service_without_ports_has_the_addresses_of_its_slices() {
    let mut objects = shop();
    let slice = |service: &str, ports| {
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"namespace": "shop", "name": format!("{service}-1"),
                "labels": {"kubernetes.io/service-name": service}},
            "addressType": "IPv4", "ports": ports, "endpoints": [
                {"addresses": ["10.0.1.2"], "nodeName": "n1", "hostname": "first"},
                {"addresses": ["10.0.1.4"], "conditions": {"ready": false}}]})
    };
    objects.extend([
        service("shop/bare", json!({"clusterIP": "None"})),
        slice("bare", json!(null)),
        service("shop/more", json!({"clusterIP": "None"})),
        slice("more", json!([{"name": "x", "port": 7}])),
    ]);
    hold(
        &objects,
        &[
            ("shop/web", "bare:9", "bare.shop… = 10.0.1.2 port 9 by DNS-3 as svc/shop/bare"),
            ("shop/web", "more:9", "more.shop… = 10.0.1.2 port 9 by DNS-3 as svc/shop/more"),
            // By its name there, and by its address (DNS-4, DNS-7).
            (
                "shop/web",
                "first.bare:9",
                "first.bare.shop… = 10.0.1.2 port 9 by DNS-4 as pod/shop/db-0",
            ),
            (
                "shop/web",
                "10-0-1-2.bare:9",
                "10-0-1-2.bare.shop… = 10.0.1.2 port 9 by DNS-7 as pod/shop/db-0",
            ),
        ],
    );
}

#[test]
fn dns_1_a_service_has_its_cluster_ips_with_or_without_endpoints() {
    let web = "web.shop… = 10.96.0.7 fd00::7 port 80 by DNS-1 as svc/shop/web";
    hold(
        &shop(),
        &[
            ("shop/web", "web.shop:80", web),
            ("shop/web", "WEB.Shop.SVC:80", web),
            ("shop/web", "web.shop.svc.cluster.local:80", web),
            ("shop/web", "web.shop.svc.cluster.local.:80", web),
            ("shop/web", "web:http", web),
            ("shop/web", "svc/web:http", web),
            ("default", "svc/shop/web:http", web),
            ("shop/web", "shop/web:http", web),
            ("shop/web", "empty", "empty.shop… = 10.96.0.8 port 80 by DNS-1 as svc/shop/empty"),
        ],
    );
}

#[test]
fn dns_2_a_service_record_gives_the_port() {
    let mut odd = pod("shop/odd", "10.0.1.9", json!({"app": "odd"}), "", true);
    odd["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(7);
    let mut objects = shop();
    objects.extend([
        odd,
        pod("shop/even", "10.0.1.8", json!({"app": "odd"}), "", true),
        service(
            "shop/mixed",
            json!({"clusterIP": "None", "selector": {"app": "odd"},
                "ports": [{"name": "pg", "port": 5432, "targetPort": "pg"}]}),
        ),
    ]);
    let web = "_http._tcp.web.shop… = 10.96.0.7 fd00::7 port 80 by DNS-2 as svc/shop/web";
    let needs = |said: &str| format!("NoPort {{ said: {said:?}, declared: [\"7\", \"15432\"] }}");
    hold(
        &objects,
        &[
            ("prober", "_http._tcp.web.shop.svc", web),
            ("shop/web", "_HTTP._tcp.web", web),
            (
                "shop/web",
                "_pg._tcp.db",
                "_pg._tcp.db.shop… = 10.0.1.2 10.0.1.3 port 15432 by DNS-2 as svc/shop/db",
            ),
            ("shop/web", "_http._udp.web", "no: svc/shop/web has no port _http._udp DNS-2 []"),
            ("shop/web", "_pg._tcp.mixed", &needs("_pg._tcp.mixed")),
            ("shop/web", "mixed:pg", &needs("mixed:pg")),
            (
                "shop/web",
                "_pg._tcp.mixed:7",
                "_pg._tcp.mixed.shop… = 10.0.1.9 port 7 by DNS-2 as svc/shop/mixed",
            ),
        ],
    );
}

#[test]
fn dns_3_a_headless_service_has_its_ready_endpoints_and_no_port_of_its_own() {
    let idle = "no: svc/shop/idle is headless, and none of its endpoints is ready DNS-3 []";
    hold(
        &shop(),
        &[
            ("shop/web", "db", "db.shop… = 10.0.1.2 10.0.1.3 port 15432 by DNS-3 as svc/shop/db"),
            (
                "shop/web",
                "db:pg",
                "db.shop… = 10.0.1.2 10.0.1.3 port 15432 by DNS-3 as svc/shop/db",
            ),
            (
                "shop/web",
                "db:5432",
                "db.shop… = 10.0.1.2 10.0.1.3 port 5432 by DNS-3 as svc/shop/db",
            ),
            (
                "shop/web",
                "all",
                "all.shop… = 10.0.1.2 10.0.1.3 10.0.1.4 port 15432 by DNS-3 as svc/shop/all",
            ),
            (
                "shop/web",
                "portless:9",
                "portless.shop… = 10.0.1.2 10.0.1.3 port 9 by DNS-3 as svc/shop/portless",
            ),
            ("shop/web", "idle", idle),
            ("shop/web", "svc/idle", idle),
        ],
    );
}

#[test]
fn dns_4_an_endpoint_of_a_slice_has_its_hostname() {
    let mut objects = shop();
    objects.push(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"namespace": "shop", "name": "manual-1",
            "labels": {"kubernetes.io/service-name": "manual"}},
        "addressType": "IPv4", "ports": [{"port": 9}],
        "endpoints": [
            {"addresses": ["192.0.2.1"], "hostname": "east"},
            {"addresses": ["192.0.2.2"], "hostname": "west"},
            {"addresses": ["192.0.2.3"], "hostname": "west"},
            {"addresses": ["192.0.2.4"], "hostname": "old", "conditions": {"ready": false}}]}));
    objects.push(service("shop/manual", json!({"clusterIP": "None", "ports": [{"port": 9}]})));
    hold(
        &objects,
        &[
            (
                "shop/web",
                "east.manual",
                "east.manual.shop… = 192.0.2.1 port 9 by DNS-4 as svc/shop/manual",
            ),
            (
                "prober",
                "West.manual.shop",
                "west.manual.shop… = 192.0.2.2 192.0.2.3 port 9 by DNS-4 as svc/shop/manual",
            ),
            ("shop/web", "old.manual", "no: old of svc/shop/manual is not ready DNS-4 []"),
            (
                "shop/web",
                "eas.manual",
                "no: svc/shop/manual has no endpoint eas DNS-4 [\"east.manual\"]",
            ),
        ],
    );
}

#[test]
fn dns_5_an_external_name_leads_on_inside_or_out() {
    let lost = "short.shop.svc.cluster.local is an alias of web.bank, which does not end in \
                cluster.local: no search list is used for an alias";
    hold(
        &shop(),
        &[
            (
                "shop/web",
                "alias",
                "alias.shop… = web.bank… = 10.96.1.7 port 81 by DNS-1 as svc/shop/alias",
            ),
            (
                "shop/web",
                "svc/alias",
                "alias.shop… = web.bank… = 10.96.1.7 port 81 by DNS-1 as svc/shop/alias",
            ),
            (
                "prober",
                "twice.shop",
                "twice.shop… = alias.shop… = web.bank… = 10.96.1.7 port 81 by DNS-1 as svc/shop/twice",
            ),
            (
                "shop/web",
                "out:443",
                "elsewhere: out.shop.svc.cluster.local db.example.com leads to db.example.com, \
                 outside of the cluster: no address is known here DNS-5 []",
            ),
            ("shop/web", "short:81", &format!("no: {lost} DNS-5 []")),
            (
                "shop/web",
                "digits:81",
                "no: digits.shop.svc.cluster.local is an alias of 10.0.0.7, which is taken for a \
                 name DNS-5 []",
            ),
            (
                "shop/web",
                "round:81",
                "no: around.shop.svc.cluster.local is an alias of round.shop.svc.cluster.local, \
                 and aliases go round and round DNS-5 []",
            ),
            (
                "shop/web",
                "gone:81",
                "no: gone.shop.svc.cluster.local is an alias of gone.bank.svc.cluster.local, but \
                 namespace bank has no Service gone DNS-5 []",
            ),
        ],
    );
}

#[test]
fn dns_6_a_pod_has_the_name_that_it_chose_while_it_is_ready() {
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"namespace": "shop", "name": "kv"},
        "spec": {"serviceName": "kv", "replicas": 2, "selector": {"matchLabels": {"app": "kv"}},
            "template": {"metadata": {"labels": {"app": "kv"}},
                "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 6379}]}]}}}});
    let mut objects = shop();
    let headless =
        json!({"clusterIP": "None", "selector": {"app": "kv"}, "ports": [{"port": 6379}]});
    objects.extend([set, service("shop/kv", headless)]);
    hold(
        &objects,
        &[
            (
                "shop/web",
                "db-0.db",
                "db-0.db.shop… = 10.0.1.2 port 15432 by DNS-6 as pod/shop/db-0",
            ),
            (
                "prober",
                "db-1.db.shop.svc.cluster.local",
                "db-1.db.shop… = 10.0.1.3 port 15432 by DNS-6 as pod/shop/db-1",
            ),
            (
                "shop/web",
                "db-2.db",
                "no: db-2 of svc/shop/db is not ready DNS-4 [\"db-0.db\", \"db-1.db\"]",
            ),
            // The subdomain of the pod is not this Service.
            ("shop/web", "db-0.all", "no: svc/shop/all has no endpoint db-0 DNS-4 []"),
            ("shop/web", "web.web", "no: svc/shop/web has no endpoint web DNS-7 []"),
        ],
    );
    let cluster = cluster(&objects);
    let network = network(&cluster, &Intent::default());
    let names = Names::new(&network, Some(&cluster), None);
    let from = names.from("prober").expect("it sends");
    let to = names.to("kv-1.kv.shop", Some(&from)).expect("it resolves");
    let pod = cluster.pods.iter().find(|pod| pod.name == "kv-1").expect("it is made");
    assert_eq!(to.addresses, [pod.addresses[0].into()]);
    assert_eq!(to.dns.expect("by DNS").by, "DNS-6");
}
