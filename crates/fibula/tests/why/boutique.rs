//! Online Boutique with its policies: the reference session.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use snapbox::{assert_data_eq, file};

use crate::common::{Ran, run};

const CASE: &str = "applications/online-boutique-network-policies.yaml";

/// The case; says that the test was skipped where it is absent.
fn case() -> Option<PathBuf> {
    let folder = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let path = folder.join(CASE);
    if path.exists() {
        return Some(path);
    }
    let text = format!("skipped: no {} among the external cases\n", path.display());
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

#[test]
fn the_reference_session_is_as_it_was_drawn() {
    let Some(path) = case() else { return };
    let path = path.display().to_string();
    // In a pipe nothing wraps, so the folder of the case has no part in the layout.
    let questions: [&[&str]; 3] = [
        &["frontend", "redis-cart:6379"],
        &["frontend", "redis-cart:6379", "--patch", "2"],
        &["cartservice", "redis-cart:6379", "--close"],
    ];
    let mut said = vec![];
    for question in questions {
        let Ran { code, out, err } = run(&[&["why", "-f", &path], question].concat());
        let out = out.replace(&path, "boutique.yaml");
        said.push(format!(
            "$ fibula why -f boutique.yaml {}\n{err}{out}[exit {code}]\n",
            question.join(" ")
        ));
    }
    assert_data_eq!(said.join("\n"), file!["../snapshots/why/boutique.txt"].raw());
}

/// What is dropped in the session can be allowed by each of its offers: the patch is applied as `git`
/// does it elsewhere; here it is enough that the file is as the diff says.
#[test]
fn each_patch_of_the_session_is_there() {
    let Some(path) = case() else { return };
    let text = fs::read_to_string(&path).expect("a file");
    let path = path.display().to_string();
    let ask = |n: &str| run(&["why", "-f", &path, "frontend", "redis-cart:6379", "--patch", n]);
    let diff = ask("1").out;
    let context = diff.lines().filter_map(|line| line.strip_prefix(' '));
    assert!(context.into_iter().all(|line| text.contains(line)), "{diff}");
    assert!(diff.contains("+          app: frontend\n"), "{diff}");
    assert!(ask("2").out.starts_with("apiVersion: networking.k8s.io/v1\n"));
    assert_eq!(ask("3").code, 2);
}
