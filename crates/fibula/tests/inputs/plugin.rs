//! `kubectl fibula`: the same program, as kubectl runs it.

use std::os::unix::fs::symlink;
use std::path::Path;

use snapbox::file;

use crate::stage::{Stage, check, err, out};

#[test]
fn kubectl_fibula_asks_the_cluster_and_says_its_own_name() {
    let stage = Stage::new("plugin");
    stage.serve_generated(&["--seed", "1", "--nodes", "1", "--pods", "3", "--services", "1"]);
    let plugin = Path::new(env!("CARGO_BIN_EXE_kubectl-fibula"));
    let ran = stage.run_as(plugin, &["verify"]);
    assert_eq!((ran.status.code(), err(&ran).as_str()), (Some(0), ""));
    assert!(out(&ran).starts_with("read     the cluster that kubectl sees: "), "{}", out(&ran));
    // The flag of kubectl by which a cluster is chosen.
    assert_eq!(stage.run_as(plugin, &["verify", "--context", "prod"]).status.code(), Some(0));
    assert_eq!(stage.contexts(), ["prod"]);
    // Another input is one that is named.
    let named = stage.run_as(plugin, &["verify", "-f", "cluster.json"]);
    assert!(out(&named).starts_with("read     1 file: "), "{}", out(&named));

    let wrong = stage.run_as(plugin, &["verify", "--wrong"]);
    let help = |args: &[&str]| out(&stage.run_as(plugin, args));
    let all =
        [help(&["--help"]), help(&["trace", "--help"]), help(&["dump", "--help"]), err(&wrong)];
    let all = all.join("\n");
    let shown: Vec<&str> = all.lines().filter(|line| line.contains("fibula ")).collect();
    check(&(shown.join("\n") + "\n"), file!["../snapshots/inputs/plugin.txt"]);
}

/// By a link, as plugins are often installed.
#[test]
fn a_link_of_that_name_is_the_plugin_too() {
    let stage = Stage::new("plugin-link");
    stage.serve_generated(&["--seed", "1", "--nodes", "1", "--pods", "3", "--services", "1"]);
    let link = stage.path("kubectl-fibula");
    symlink(env!("CARGO_BIN_EXE_fibula"), &link).expect("a link");
    let ran = stage.run_as(&link, &["verify"]);
    assert!(out(&ran).starts_with("read     the cluster that kubectl sees: "), "{}", out(&ran));
}

/// However long it takes, nothing but the answer stands in a pipe.
#[test]
fn nothing_is_drawn_in_a_pipe() {
    let stage = Stage::new("plugin-pipe");
    stage.serve_generated(&["--seed", "1", "--nodes", "1", "--pods", "3", "--services", "1"]);
    stage.says("pods", "/bin/sleep 1.5\n");
    let ran = stage.run(&["verify", "@kube"]);
    assert_eq!((ran.status.code(), err(&ran).as_str()), (Some(0), ""));
}
