//! Online Boutique with its policies: the reference session.

use std::fs;
use std::path::{Path, PathBuf};

use fibula_report::Screen;
use snapbox::{assert_data_eq, file};

use crate::common::{Ran, run_on};

const CASE: &str = "../../../shared/cases/applications/online-boutique-network-policies.yaml";

/// The case, where it is there.
fn case() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASE);
    if !path.exists() {
        eprintln!("skipped: the cases are not here");
        return None;
    }
    Some(path)
}

#[test]
fn the_reference_session_is_as_it_was_drawn() {
    let Some(path) = case() else { return };
    let path = path.display().to_string();
    // In a pipe nothing wraps, so the folder of the case has no part in the layout.
    let screen = Screen::PIPE;
    let questions: [&[&str]; 3] = [
        &["frontend", "redis-cart:6379"],
        &["frontend", "redis-cart:6379", "--patch", "2"],
        &["cartservice", "redis-cart:6379", "--close"],
    ];
    let mut said = vec![];
    for question in questions {
        let Ran { code, out, err } =
            run_on(screen, &[&["why", "-f", &path], question].concat(), b"");
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
    let ask = |n: &str| {
        run_on(
            Screen::PIPE,
            &["why", "-f", &path, "frontend", "redis-cart:6379", "--patch", n],
            b"",
        )
    };
    let diff = ask("1").out;
    let context = diff.lines().filter_map(|line| line.strip_prefix(' '));
    assert!(context.into_iter().all(|line| text.contains(line)), "{diff}");
    assert!(diff.contains("+          app: frontend\n"), "{diff}");
    assert!(ask("2").out.starts_with("apiVersion: networking.k8s.io/v1\n"));
    assert_eq!(ask("3").code, 2);
}
