//! Names become what DNS gives to who asks for them, or a workload: each statement by its id.

use fibula_answers::names::{NameError, Names, To, hosts};
use fibula_cluster::{Cluster, Object, ObjectId, Options, Reading, reading};
use fibula_intended::{Daemon, Intent, network};
use serde_json::{Value, json};

fn read(value: &Value) -> Object {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let Reading::Read(kind) = reading(text("apiVersion"), text("kind")) else {
        panic!("not read: {value}");
    };
    let object = kind.read(value).expect("it reads");
    assert_eq!(object.check(), [], "{value}");
    object
}

fn object(kind: &str, path: &str, spec: Value) -> Value {
    let (namespace, name) = path.split_once('/').expect("namespace/name");
    json!({"apiVersion": "v1", "kind": kind,
        "metadata": {"namespace": namespace, "name": name}, "spec": spec})
}

fn node(name: &str, i: u8) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"addresses": [
            {"type": "InternalIP", "address": format!("10.0.0.{i}")},
            {"type": "InternalIP", "address": format!("fd00:0:0:1::{i}")}]}})
}

/// A pod with its name as its hostname, below a headless Service.
fn pod(path: &str, ip: &str, labels: Value, subdomain: &str, ready: bool) -> Value {
    let name = path.split('/').nth(1);
    let mut pod = object(
        "Pod",
        path,
        json!({"nodeName": "n1", "hostname": name, "subdomain": subdomain,
            "containers": [{"name": "c", "ports": [{"containerPort": 15432, "name": "pg"}]}]}),
    );
    pod["metadata"]["labels"] = labels;
    let status = if ready { "True" } else { "False" };
    pod["status"] = json!({"phase": "Running", "podIP": ip,
        "conditions": [{"type": "Ready", "status": status}]});
    pod
}

/// A pod of `ops` that asks for names so.
fn asking(name: &str, ip: &str, policy: &str, host_network: bool) -> Value {
    let spec = json!({"nodeName": "n1", "dnsPolicy": policy, "hostNetwork": host_network,
        "containers": [{"name": "c"}]});
    let mut pod = object("Pod", &format!("ops/{name}"), spec);
    pod["status"] = json!({"phase": "Running", "podIP": ip});
    pod
}

fn service(path: &str, spec: Value) -> Value {
    object("Service", path, spec)
}

fn alias(path: &str, to: &str) -> Value {
    service(path, json!({"type": "ExternalName", "externalName": to}))
}

fn shop() -> Vec<Value> {
    let db = json!({"app": "db"});
    vec![
        node("n1", 1),
        node("n2", 2),
        pod("shop/web", "10.0.1.1", json!({"app": "web"}), "", true),
        pod("shop/db-0", "10.0.1.2", db.clone(), "db", true),
        pod("shop/db-1", "10.0.1.3", db.clone(), "db", true),
        pod("shop/db-2", "10.0.1.4", db.clone(), "db", false),
        asking("prober", "10.0.1.5", "ClusterFirst", false),
        asking("default", "10.0.1.6", "Default", false),
        asking("own", "10.0.1.7", "None", false),
        asking("agent", "10.0.0.1", "ClusterFirst", true),
        asking("asker", "10.0.0.1", "ClusterFirstWithHostNet", true),
        service(
            "shop/web",
            json!({"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"],
                "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack",
                "selector": {"app": "web"}, "externalIPs": ["203.0.113.7"],
                "ports": [{"name": "http", "port": 80, "targetPort": 8080},
                    {"name": "admin", "port": 8443}]}),
        ),
        service(
            "shop/empty",
            json!({"clusterIP": "10.96.0.8", "selector": {"app": "nobody"}, "ports": [{"port": 80}]}),
        ),
        service(
            "shop/db",
            json!({"clusterIP": "None", "selector": {"app": "db"},
                "ports": [{"name": "pg", "port": 5432, "targetPort": 15432}]}),
        ),
        service(
            "shop/all",
            json!({"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"port": 15432}],
                "publishNotReadyAddresses": true}),
        ),
        service(
            "shop/idle",
            json!({"clusterIP": "None", "selector": {"app": "nobody"}, "ports": [{"port": 1}]}),
        ),
        service("shop/portless", json!({"clusterIP": "None", "selector": {"app": "db"}})),
        service("bank/web", json!({"clusterIP": "10.96.1.7", "ports": [{"port": 81}]})),
        alias("shop/alias", "Web.bank.svc.cluster.local."),
        alias("shop/twice", "alias.shop.svc.cluster.local"),
        alias("shop/out", "db.example.com"),
        alias("shop/short", "web.bank"),
        alias("shop/digits", "10.0.0.7"),
        alias("shop/round", "around.shop.svc.cluster.local"),
        alias("shop/around", "round.shop.svc.cluster.local"),
        alias("shop/gone", "gone.bank.svc.cluster.local"),
    ]
}

fn cluster(objects: &[Value]) -> Cluster {
    let objects = objects.iter().map(read);
    Cluster::new((0..).map(ObjectId).zip(objects).collect(), &Options::default())
}

/// What a name gives, as text: `NAME = NAME = ADDRESSES:PORT by ID as OBJECT`.
fn said(to: Result<To, NameError>) -> String {
    match to {
        Ok(to) => {
            let all: Vec<String> = to.addresses.iter().map(ToString::to_string).collect();
            let chosen = to.chosen.map_or("anyone".to_owned(), |chosen| chosen.full());
            let (names, by) = match to.dns {
                Some(dns) => (dns.names, format!(" by {}", dns.by)),
                None => (vec![], String::new()),
            };
            let names: Vec<String> =
                names.iter().map(|n| n.replace(".svc.cluster.local", "…") + " = ").collect();
            format!("{}{} port {}{by} as {chosen}", names.concat(), all.join(" "), to.port)
        }
        Err(NameError::NoSuchName { why, by, near, .. }) => format!("no: {why} {by} {near:?}"),
        Err(NameError::Elsewhere { names, why, by, near, .. }) => {
            format!("elsewhere: {} {why} {by} {near:?}", names.join(" "))
        }
        Err(other) => format!("{other:?}"),
    }
}

/// Holds what senders get for names against what they should.
fn hold(objects: &[Value], table: &[(&str, &str, &str)]) {
    let cluster = cluster(objects);
    let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
    let network = network(&cluster, &intent);
    let names = Names::new(&network, Some(&cluster), None);
    for (from, to, want) in table {
        let from = names.from(from).unwrap_or_else(|e| panic!("{from}: {e:?}"));
        let got = said(names.to(to, Some(&from)));
        assert_eq!(got, *want, "{} {to}", from.chosen.full());
    }
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
