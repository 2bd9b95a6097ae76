//! `@kube[:CONTEXT]`, by a stand-in kubectl.

use serde_json::{Value, json};
use snapbox::file;

use crate::stage::{Stage, check, err, out};

fn pod(name: &str, ip: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": name}},
        "spec": {"nodeName": "n1",
            "containers": [{"name": name, "ports": [{"containerPort": 80}]}]},
        "status": {"phase": "Running", "podIP": ip}})
}

/// Two pods, one behind a Service, and a policy that lets only the other in.
fn shop() -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "n1"},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}),
        pod("web", "10.1.0.5"),
        pod("db", "10.1.0.6"),
        pod("else", "10.1.0.7"),
        json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "db", "namespace": "shop", "uid": "s"},
            "spec": {"clusterIP": "10.96.0.7", "selector": {"app": "db"}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "db"}},
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]}}),
    ]
}

#[test]
fn a_cluster_that_runs_is_an_input_and_objects_are_called_by_their_names() {
    let stage = Stage::new("kube");
    stage.serve(&shop());
    let lines = [
        "trace -f @kube -n shop web db:80",
        "trace -f @kube -n shop else db:80",
        "verify @kube",
        "reach -f @kube:prod",
        "lint --context prod",
    ];
    check(&stage.session(&lines), file!["../snapshots/inputs/kube.txt"]);
    assert_eq!(stage.contexts(), ["prod"]);
}

/// What is asked for is a fixed list, of which a cluster has some.
#[test]
fn only_kinds_that_matter_are_listed_and_never_secrets() {
    let stage = Stage::new("kube-asks");
    let mut objects = shop();
    objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "front", "namespace": "shop"}}));
    stage.serve(&objects);
    stage.write(".programs/cluster/widgets.example.org.json", "not for us");
    assert_eq!(stage.run(&["verify", "@kube"]).status.code(), Some(0));
    let expected = [
        "api-resources --verbs=list -o name",
        "get ingresses.networking.k8s.io -A -o json",
        "get namespaces -A -o json",
        "get networkpolicies.networking.k8s.io -A -o json",
        "get nodes -A -o json",
        "get pods -A -o json",
        "get services -A -o json",
    ];
    assert_eq!(stage.asked(), expected);
}

/// Random clusters, from a file and from a cluster that runs.
#[test]
fn a_cluster_says_what_its_dump_says() {
    for seed in ["1", "2", "3", "4"] {
        let stage = Stage::new(&format!("kube-same-{seed}"));
        stage.serve_generated(&["--seed", seed, "--nodes", "2", "--pods", "12", "--services", "5"]);
        let ask = |args: &[&str], input: &str| {
            let ran = stage.run(&[args, &["-f", input]].concat());
            assert_eq!(err(&ran), "");
            let text = out(&ran).replace(input, "INPUT");
            let told = |line: &&str| !line.starts_with("read ") && !line.starts_with("         ");
            (ran.status.code(), text.lines().filter(told).map(str::to_owned).collect::<Vec<_>>())
        };
        for question in [&["verify"][..], &["reach"], &["lint"]] {
            assert_eq!(
                ask(question, "@kube"),
                ask(question, "cluster.json"),
                "{seed} {question:?}"
            );
        }
    }
}

#[test]
fn what_may_not_be_listed_is_unread_in_every_answer_that_it_could_change() {
    let stage = Stage::new("kube-forbidden");
    stage.serve(&shop());
    stage.forbid("networkpolicies.networking.k8s.io");
    stage.forbid("nodes");
    stage.forbid("routes.route.openshift.io");
    let lines = [
        "trace -f @kube -n shop else db:80",
        "trace -f @kube -n shop else db:80 --ignore NetworkPolicy",
        "reach -f @kube",
        "verify @kube",
        "lint @kube",
    ];
    check(&stage.session(&lines), file!["../snapshots/inputs/kube-forbidden.txt"]);
    let json = out(&stage.run(&["verify", "@kube", "-o", "json"]));
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    let unread =
        json!([{"kind": "NetworkPolicy", "count": null}, {"kind": "Route", "count": null}]);
    assert_eq!(json["basis"]["unread"], unread);
}

/// Where slices may not be listed, nobody knows what a Service leads to.
#[test]
fn slices_that_may_not_be_listed_leave_services_undecided() {
    let stage = Stage::new("kube-slices");
    let mut objects = shop();
    objects.push(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "front", "namespace": "shop", "uid": "f"},
        "spec": {"type": "NodePort", "clusterIP": "10.96.0.8", "selector": {"app": "web"},
            "ports": [{"port": 80, "nodePort": 30080}]}}));
    stage.serve(&objects);
    stage.forbid("endpointslices.discovery.k8s.io");
    let by_service = stage.run(&["trace", "-f", "@kube", "-n", "shop", "web", "svc/db:80"]);
    assert_eq!(by_service.status.code(), Some(3), "{}", out(&by_service));
    let by_pod = stage.run(&["trace", "-f", "@kube", "-n", "shop", "web", "pod/db:80"]);
    assert_eq!(by_pod.status.code(), Some(0), "{}", out(&by_pod));
    // Who can reach whom by a Service is as open, of a Service and of what the world finds by one.
    let lines =
        ["reach -f @kube -n shop all svc/db", "reach -f @kube world", "reach -f @kube web shop/db"];
    let session = stage.session(&lines);
    check(&session, file!["../snapshots/inputs/kube-slices.txt"]);
    let codes = lines.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        stage.run(&words).status.code()
    });
    assert_eq!(codes, [Some(3), Some(3), Some(0)], "{session}");
    // What is promised of one, and what becomes of one.
    stage.write(
        "promises.yaml",
        "promises:\n- {from: web, reaches: [svc/db]}\n- {from: web, reaches: ['pod/db:80']}\n- {from: \
         world, never-reaches: web}\n- {from: else, never-reaches: pod/db}\n",
    );
    let mut old = objects.clone();
    old[7]["spec"]["selector"] = json!({"app": "else"});
    let items = json!({"apiVersion": "v1", "kind": "List", "items": old});
    stage.write("old.json", &items.to_string());
    let lines = ["check -f @kube -n shop promises.yaml", "diff old.json @kube"];
    let session = stage.session(&lines);
    check(&session, file!["../snapshots/inputs/kube-slices-acted-on.txt"]);
    let codes = lines.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        stage.run(&words).status.code()
    });
    assert_eq!(codes, [Some(3), Some(3)], "{session}");
}

#[test]
fn what_kubectl_cannot_is_an_error_for_people() {
    let stage = Stage::new("kube-errors");
    stage.serve(&shop());
    let at = |resource: &str, script: &str, line: &str| {
        stage.says(resource, script);
        let shown = stage.session(&[line]);
        std::fs::remove_file(stage.path(&format!(".programs/cluster/{resource}.says")))
            .expect("it is ours");
        shown
    };
    let fails = |says: &str| format!("echo '{says}' >&2\nexit 1\n");
    let log = "E1130 02:13:05.515741   19555 memcache.go:265] \"Unhandled Error\" err=\"x\"";
    let slow = "sleep 30 & wait\n";
    let shown = [
        at("", &fails("error: context \"prod\" does not exist"), "verify @kube:prod"),
        at(
            "",
            &fails(&format!(
                "{log}\nThe connection to the server localhost:8080 was refused - did you specify \
                 the right host or port?"
            )),
            "verify @kube",
        ),
        at("", &fails("Unable to connect to the server: dial tcp: i/o timeout"), "verify @kube"),
        at("", &fails("error: You must be logged in to the server (Unauthorized)"), "lint @kube"),
        at("", "echo '<html>'\nexit 0\n", "verify @kube"),
        at("pods", "echo 'Hello there'\nexit 0\n", "verify @kube"),
        at("pods", &fails("Error from server: etcdserver: request timed out"), "verify @kube"),
        at("nodes", slow, "verify @kube --kube-timeout 1"),
        {
            stage.forbid("pods");
            at("services", &fails("Error from server (Forbidden): no"), "verify @kube")
        },
        stage.session(&["verify @cube", "verify @kubernetes", "verify"]),
    ];
    let nowhere = Stage::new("kube-none").alone();
    let shown = format!("{}\n{}", shown.join("\n"), nowhere.session(&["trace -f @kube a b:80"]));
    check(&shown, file!["../snapshots/inputs/kube-errors.txt"]);
}

/// An object that makes no sense hides no other, and a list that is cut off none before it.
#[test]
fn what_is_broken_in_a_cluster_is_refused_by_its_name() {
    let stage = Stage::new("kube-broken");
    let mut objects = shop();
    objects[5]["spec"]["ports"][0]["port"] = 99_999.into();
    stage.serve(&objects);
    let list = stage.path(".programs/cluster/pods.json");
    let text = std::fs::read_to_string(&list).expect("it is there");
    std::fs::write(&list, &text[..text.len() - 10]).expect("it is ours");
    let lines = ["trace -f @kube -n shop web pod/db:80"];
    check(&stage.session(&lines), file!["../snapshots/inputs/kube-broken.txt"]);
}

/// A kind that is gone since it was told is no error; an aggregated API that is down neither.
#[test]
fn what_the_cluster_does_not_have_is_skipped() {
    let stage = Stage::new("kube-gone");
    stage.serve(&shop());
    let missing =
        "echo \"error: the server doesn't have a resource type \\\"gone\\\"\" >&2\nexit 1\n";
    stage.says("authorizationpolicies.security.istio.io", missing);
    let ran = stage.run(&["verify", "@kube"]);
    assert_eq!((ran.status.code(), err(&ran).as_str()), (Some(0), ""), "{}", out(&ran));
    let says = |group: &str| {
        let why = "unable to retrieve the complete list of server APIs";
        format!("echo 'error: {why}: {group}/v1: unavailable' >&2\ntrap 'exit 1' EXIT\n")
    };
    stage.says("", &says("metrics.k8s.io"));
    let ran = stage.run(&["verify", "@kube"]);
    assert_eq!((ran.status.code(), err(&ran).as_str()), (Some(0), ""), "{}", out(&ran));
    // But of a group that decides traffic anything could be there (DR-21).
    stage.says("", &says("projectcalico.org"));
    let ran = stage.run(&["reach", "-f", "@kube"]);
    assert_eq!(ran.status.code(), Some(3), "{}", out(&ran));
    assert!(err(&ran).contains("GlobalNetworkPolicy"), "{}", err(&ran));
}
