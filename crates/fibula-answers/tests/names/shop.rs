//! A small cluster, and what names give in it, as text.

use fibula_answers::names::{NameError, Names, To};
use fibula_cluster::{Cluster, Object, ObjectId, Options, Reading, reading};
use fibula_intended::{Daemon, Intent, network};
use serde_json::{Value, json};

pub(crate) fn read(value: &Value) -> Object {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let Reading::Read(kind) = reading(text("apiVersion"), text("kind")) else {
        panic!("not read: {value}");
    };
    let object = kind.read(value).expect("it reads");
    assert_eq!(object.check(), [], "{value}");
    object
}

pub(crate) fn object(kind: &str, path: &str, spec: Value) -> Value {
    let (namespace, name) = path.split_once('/').expect("namespace/name");
    json!({"apiVersion": "v1", "kind": kind,
        "metadata": {"namespace": namespace, "name": name}, "spec": spec})
}

pub(crate) fn node(name: &str, i: u8) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"addresses": [
            {"type": "InternalIP", "address": format!("10.0.0.{i}")},
            {"type": "InternalIP", "address": format!("fd00:0:0:1::{i}")}]}})
}

/// A pod with its name as its hostname, below a headless Service.
pub(crate) fn pod(path: &str, ip: &str, labels: Value, subdomain: &str, ready: bool) -> Value {
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
pub(crate) fn asking(name: &str, ip: &str, policy: &str, host_network: bool) -> Value {
    let spec = json!({"nodeName": "n1", "dnsPolicy": policy, "hostNetwork": host_network,
        "containers": [{"name": "c"}]});
    let mut pod = object("Pod", &format!("ops/{name}"), spec);
    pod["status"] = json!({"phase": "Running", "podIP": ip});
    pod
}

pub(crate) fn service(path: &str, spec: Value) -> Value {
    object("Service", path, spec)
}

pub(crate) fn alias(path: &str, to: &str) -> Value {
    service(path, json!({"type": "ExternalName", "externalName": to}))
}

pub(crate) fn shop() -> Vec<Value> {
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

pub(crate) fn cluster(objects: &[Value]) -> Cluster {
    let objects = objects.iter().map(read);
    Cluster::new((0..).map(ObjectId).zip(objects).collect(), &Options::default())
}

/// What a name gives, as text: `NAME = NAME = ADDRESSES:PORT by ID as OBJECT`.
pub(crate) fn said(to: Result<To, NameError>) -> String {
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
pub(crate) fn hold(objects: &[Value], table: &[(&str, &str, &str)]) {
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
