//! `dump`: a cluster, saved, and read again.

use std::path::PathBuf;

use serde_json::{Value, json};
use snapbox::file;

use crate::stage::{Stage, check, err, out};

/// A file or folder among the cases of others; says that the test was skipped where it is absent.
fn case(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let path = folder.join(name);
    if !path.exists() {
        let text = format!("skipped: no {} among the external cases\n", path.display());
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        return None;
    }
    Some(path)
}

/// What an input answers to each question, but for where things stand.
fn answers(stage: &Stage, input: &str) -> Vec<(Option<i32>, String)> {
    let questions = [&["verify"][..], &["reach", "--only", "unused"], &["check"]];
    let ask = |question: &&[&str]| {
        let ran = stage.run(&[*question, &["-f", input]].concat());
        let text = out(&ran).replace(input, "INPUT");
        let told = |line: &&str| !line.starts_with("read ") && !line.starts_with("         ");
        let mut told: Vec<&str> = text.lines().filter(told).collect();
        // Of promises how many are kept: the places of what breaks one are others.
        if question[0] == "check" {
            told = told.pop().into_iter().collect();
        }
        (ran.status.code(), told.join("\n"))
    };
    questions.iter().map(ask).collect()
}

#[test]
fn a_dump_says_what_its_input_says() {
    let names = [
        "applications/online-boutique-network-policies.yaml",
        "applications/kube-prometheus",
        "applications/bank-of-anthos",
        "applications/argo-cd/manifests/install.yaml",
        "applications/kubeflow-platform-nocrd-nopipelines.yaml",
        "dumps/openshift-aws",
        "cluster-network-policy/base-rendered.yaml",
    ];
    let stage = Stage::new("dump-cases");
    for (name, dump) in names.iter().zip(["dump.json", "dump.yaml.gz"].iter().cycle()) {
        let Some(path) = case(name) else { return };
        let input = path.to_str().expect("the path is UTF-8");
        let ran = stage.run(&["dump", "-f", input, "--with-env", "-o", dump]);
        assert_eq!((ran.status.code(), err(&ran).as_str()), (Some(0), ""), "{name}");
        assert_eq!(answers(&stage, input), answers(&stage, dump), "{name} {dump}");
        // A dump of a dump is that dump.
        let first = stage.run(&["dump", "-f", input, "--with-env"]);
        let again = stage.run(&["dump", "-f", dump, "--with-env"]);
        assert!(first.stdout == again.stdout, "{name}");
    }
}

/// A real cluster, served by a stand-in as kubectl would.
#[test]
fn a_real_cluster_that_runs_says_what_its_files_say() {
    let Some(path) = case("dumps/openshift-aws") else { return };
    let input = path.to_str().expect("the path is UTF-8");
    let stage = Stage::new("dump-served");
    let ran = stage.run(&["dump", "-f", input, "--with-env"]);
    let list: Value = serde_json::from_str(&out(&ran)).expect("it is JSON");
    let object = |value: &Value| match &value["of"] {
        Value::Null => value.clone(),
        of => json!({"apiVersion": of["apiVersion"], "kind": of["kind"],
            "metadata": value["metadata"]}),
    };
    let objects: Vec<Value> =
        list["items"].as_array().expect("a List").iter().map(object).collect();
    stage.serve(&objects);
    assert_eq!(answers(&stage, "@kube"), answers(&stage, input));
}

#[test]
fn what_may_not_be_listed_is_unread_in_a_dump_too() {
    let stage = Stage::new("dump-forbidden");
    stage.serve_generated(&["--seed", "3", "--nodes", "2", "--pods", "6", "--services", "2"]);
    stage.forbid("networkpolicies.networking.k8s.io");
    stage.forbid("namespaces");
    let saved = stage.run(&["dump", "-o", "saved.yaml"]);
    let note = "note: objects of these kinds may not be listed, and were not read: Namespace, \
                NetworkPolicy\n";
    assert_eq!((saved.status.code(), err(&saved).as_str()), (Some(0), note));
    assert_eq!(answers(&stage, "saved.yaml"), answers(&stage, "@kube"));
    assert_eq!(stage.run(&["reach", "-f", "saved.yaml"]).status.code(), Some(3));
    assert_eq!(err(&stage.run(&["reach", "-f", "saved.yaml"])), note);
}

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations: {secret: hidden}
  managedFields: [{manager: hidden}]
spec:
  containers:
  - name: web
    image: web
    env:
    - {name: DB_ADDR, value: \"db:5432\"}
    - {name: DSN, value: \"postgres://me:hidden@db:5432/main\"}
    - {name: TOKEN, value: hidden}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
data: {password: hidden}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front, namespace: shop}
spec: {hosts: [hidden]}
";

#[test]
fn a_dump_holds_what_is_read_and_nothing_else() {
    let stage = Stage::new("dump-holds");
    stage.write("pod.yaml", POD);
    stage.write("refused.yaml", &POD.replace("name: web\n    image", "name: 5\n    image"));
    stage.write(
        "policy.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
        metadata: {name: p, namespace: shop}\nspec: {podSelectors: {}}\n",
    );
    stage.write("nothing.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n");
    let lines = [
        "dump pod.yaml -o yaml",
        "dump pod.yaml --with-env",
        "dump refused.yaml -o yaml",
        "dump pod.yaml -f policy.yaml -o broken.yaml",
        "trace -f broken.yaml -n shop web 10.9.9.9:80",
        "dump nothing.yaml",
        "dump pod.yaml -o nowhere/dump.json",
        "dump pod.yaml -o yamll",
        "dump pod.yaml -o jsn=dump.json",
        "dump pod.yaml -o dump",
        "dump pod.yaml -o ./dump",
        "dump",
    ];
    let session = stage.alone().session(&lines);
    assert!(!session.contains("hidden"), "{session}");
    check(&session, file!["../snapshots/inputs/dump.txt"]);
}

const NAMING: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - name: web
    args: [\"--to=http://api.shop/x\", \"--as=hunter:42\"]
    env:
    - {name: DB_ADDR, value: \"db:5432\"}
    - {name: ALL, value: \"db:5432,hunter:42,10.96.0.9:80,10.1.1.1:80,example.com:443\"}
    - {name: LATER, value: \"cart.prod.svc.cluster.local:7070,old.shop.svc:80\"}
    - {name: PASSWORD, value: \"hunter:42\"}
    - {name: CACHE_HOST, value: hunter}
    - {name: CACHE_PORT, value: \"42\"}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: 10.96.0.9, ports: [{port: 5432}]}
";

/// What looks like an address can be a password.
#[test]
fn of_environments_a_dump_keeps_only_what_means_something_of_the_cluster() {
    let stage = Stage::new("dump-naming");
    stage.write("naming.yaml", NAMING);
    let session = stage.session(&["dump naming.yaml --with-env -o yaml"]);
    assert!(!session.contains("hunter") && !session.contains("example"), "{session}");
    check(&session, file!["../snapshots/inputs/dump-naming.txt"]);
}

/// Once, and with certainty: the dump itself says so.
#[test]
fn a_dump_without_environments_says_so_when_it_is_asked_about_them() {
    let stage = Stage::new("dump-without");
    stage.write("naming.yaml", NAMING);
    let promise = "promises: [{from: web, reaches: [\"svc/db:5432\"]}]\n";
    stage.write("promises.yaml", promise);
    for line in ["dump naming.yaml -o a.json", "dump naming.yaml -o b.yaml --with-env"] {
        let ran = stage.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.status.code(), Some(0), "{}", err(&ran));
    }
    // Whoever reads it knows; nobody can add again what was left out.
    let ran = stage.run(&["dump", "a.json", "--with-env", "-o", "again.yaml"]);
    assert_eq!(ran.status.code(), Some(0));
    let says = |line: &str| {
        let ran = stage.run(&line.split(' ').collect::<Vec<_>>());
        (err(&ran) + &out(&ran)).matches("left out what containers name").count()
    };
    for dump in ["a.json", "again.yaml"] {
        assert_eq!(says(&format!("check -f {dump}")), 1, "{dump}");
        assert_eq!(says(&format!("check promises.yaml -f {dump}")), 1, "{dump}");
        assert_eq!(says(&format!("reach -f {dump} --only unused")), 1, "{dump}");
        // Who does not ask about them is not told.
        assert_eq!(says(&format!("check promises.yaml -f {dump} --only written")), 0, "{dump}");
        assert_eq!(says(&format!("reach -f {dump}")), 0, "{dump}");
    }
    assert_eq!(says("check -f b.yaml"), 0);
    assert_eq!(says("check -f naming.yaml"), 0);
    let session = stage.session(&["check -f a.json", "check promises.yaml -f a.json"]);
    check(&session, file!["../snapshots/inputs/dump-without.txt"]);
}
