//! `git:REV[:PATH]`.

use snapbox::file;

use crate::stage::{Stage, check, err, out};

const SHOP: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, ports: [{containerPort: 5432}]}]}
";

const CLOSED: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: admin}}}]
";

fn shop(name: &str) -> Stage {
    let stage = Stage::new(name);
    stage.git("init -q -b main");
    stage.write("deploy/shop.yaml", SHOP);
    stage.git("add -A");
    stage.git("commit -q -m one");
    stage.git("checkout -q -b closed");
    stage.write("deploy/policy.yaml", CLOSED);
    stage.git("add -A");
    stage.git("commit -q -m two");
    stage
}

#[test]
fn a_revision_is_an_input_like_a_folder() {
    let stage = shop("git-input");
    let lines = [
        "trace -f git:main:deploy -n shop web db:5432",
        "trace -f git:HEAD:deploy -n shop web db:5432",
        "verify git:closed",
        "lint git:HEAD:deploy/policy.yaml",
    ];
    check(&stage.session(&lines), file!["../snapshots/inputs/git.txt"]);

    // The folder says the same, but for where things stand.
    let folder = stage.run(&["reach", "-f", "deploy", "-o", "json"]);
    let revision = stage.run(&["reach", "-f", "git:HEAD:deploy", "-o", "json"]);
    let revision = out(&revision).replace("git:HEAD:deploy/", "deploy/");
    assert_eq!((folder.status.code(), out(&folder)), (Some(0), revision));
    assert_eq!(err(&folder), "");
}

#[test]
fn what_git_cannot_read_is_an_error_for_people() {
    let stage = shop("git-errors");
    // As `git submodule add` notes it, without the other repository.
    let module = "160000,0123456789012345678901234567890123456789,deploy/base";
    stage.git("checkout -q -b module main");
    stage.git(&format!("update-index --add --cacheinfo {module}"));
    stage.git("commit -q -m module");
    stage.git("checkout -q -f main");
    stage.git("checkout -q --orphan else");
    stage.git("commit -q -m three");
    let lines = [
        "verify git:nope",
        "verify git:module:deploy",
        "verify git:module:deploy/base",
        "verify git:origin/main:deploy",
        "verify git:main:depoly",
        "verify git:main:../..",
        "verify git:--help",
        "verify git:main...closed:deploy",
        "verify git:main...else:deploy",
        "verify git:main..nope",
        "verify git:main:deploy git:closed:deploy",
    ];
    let nowhere = Stage::new("git-nowhere");
    let no_git = Stage::new("git-none").alone();
    let here = ["verify git:main"];
    let all = [stage.session(&lines), nowhere.session(&here), no_git.session(&here)].join("\n");
    check(&all, file!["../snapshots/inputs/git-errors.txt"]);
}
