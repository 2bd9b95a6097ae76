//! The checker checked: what is wrong in a chapter fails, and what is right does not.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::chapter::Chapter;
use crate::run;

/// What a check is called, a chapter, and what its first failure says; none where nothing fails.
type Check = (&'static str, &'static str, Option<&'static str>);

/// A command that prints one line and exits with 2.
const ERROR: &str = "$ fibula trace -f @k1 nobody p2:8080";

const CHECKS: &[Check] = &[
    ("what is right passes", "# A\n```console\n$ fibula verify -q @k1\n```\n", None),
    (
        "a wrong expectation fails",
        "# A\n```console\n$ fibula verify -q @k1\nno\n```\n",
        Some("- no"),
    ),
    (
        "output that is not expected fails",
        "# A\n```console\n$ fibula explain F4\n```\n",
        Some("Forward(p1)"),
    ),
    (
        "an exit code that is not expected fails",
        "# A\n```console\n$ fibula verify -q @k1 --without R1\n```\n",
        Some("exit 1"),
    ),
    (
        "an exit code that is expected passes",
        "# A\n```console\n$ fibula verify -q @k1 --without R1\nexit 1\n```\n",
        None,
    ),
    (
        "a second command that is wrong fails",
        "# A\n```console\n$ fibula verify -q @k1\n\n$ fibula verify -q @k1\nno\n```\n",
        Some("- no"),
    ),
    (
        "an ellipsis stands for any lines",
        "# A\n```console\n$ fibula explain F4\nF4[..]\n...\n  see also[..]\n```\n",
        None,
    ),
    (
        "an ellipsis does not stand for the rest",
        "# A\n```console\n$ fibula explain F4\nF4[..]\n...\n  never\n```\n",
        Some("-   never"),
    ),
    (
        "a section sees the files above it",
        "# A\n```yaml a.yaml\nkind: Node\napiVersion: v1\nmetadata: {name: n1}\n```\n\
         ## B\n```console\n$ fibula verify -q a.yaml\n```\n",
        None,
    ),
    (
        "a section does not see the files beside it",
        "# A\n## B\n```yaml a.yaml\nkind: Node\n```\n```console\n$ fibula explain -q F4\n```\n\
         ## C\n```console\n$ cat a.yaml\n```\n",
        Some("a.yaml: "),
    ),
    (
        "a change to a file shows",
        "# A\n```text a.txt\none\ntwo\n```\n```diff a.txt\n one\n-two\n+2\n```\n\
         ```console\n$ cat a.txt\none\n2\n```\n",
        None,
    ),
    (
        "an ellipsis begins another change",
        "# A\n```text a.txt\none\ntwo\n```\n```diff a.txt\n-two\n+2\n...\n-one\n+1\n```\n\
         ```console\n$ cat a.txt\n1\n2\n```\n",
        None,
    ),
    (
        "a change that fits nowhere fails",
        "# A\n```text a.txt\none\n```\n```diff a.txt\n-two\n```\n```console\n$ cat a.txt\none\n```\n",
        Some("do not stand once"),
    ),
    (
        "a pipe joins two commands",
        "# A\n```console\n$ fibula generate --nodes 1 --pods 2 | fibula verify -q -\n```\n",
        None,
    ),
    ("another program fails", "# A\n```console\n$ ls\n```\n", Some("a command is")),
    ("a quote that is open fails", "# A\n```console\n$ fibula 'a\n```\n", Some("is not closed")),
    ("a fence that is open fails", "# A\n```console\n$ fibula verify -q @k1\n", Some("not closed")),
    ("a fence that is indented fails", "# A\n  ```console\n", Some("at the start of a line")),
    ("a fence without a language fails", "# A\n```\n```\n", Some("say the language")),
    (
        "a chapter without a test fails",
        "# A\n\nProse.\n```text\n$ no\n```\n",
        Some("tests nothing"),
    ),
    ("an empty chapter fails", "", Some("tests nothing")),
    ("a console without a command fails", "# A\n```console\n```\n", Some("without a command")),
    ("a console that begins with output fails", "# A\n```console\nno\n```\n", Some("begins with")),
    ("an option that does not exist fails", "# A\n```console color\n```\n", Some("options width")),
    (
        "a file that no command sees fails",
        "# A\n```console\n$ fibula verify -q @k1\n```\n## B\n```yaml a.yaml\n```\n",
        Some("no command sees"),
    ),
    ("a file outside of the folder fails", "# A\n```yaml ../a.yaml\n```\n", Some("a file lies in")),
    ("two headings alike fail", "# A\n# A\n", Some("another section")),
];

/// A trial for each check.
pub(crate) fn trials() -> Vec<Trial> {
    let checks = CHECKS.iter().map(|&(name, text, expected)| {
        Trial::test(format!("harness / {name}"), move || {
            let found = first_failure(text);
            match (&found, expected) {
                (None, None) => Ok(()),
                (Some(found), Some(expected)) if found.contains(expected) => Ok(()),
                _ => Err(format!("expected {expected:?}, found {found:?}").into()),
            }
        })
    });
    let rewrites = Trial::test("harness / what is printed keeps the ellipsis", rewrite);
    let walk = Trial::test("harness / no file below the folder is forgotten", walk);
    checks.chain([rewrites, walk]).collect()
}

fn rewrite() -> Result<(), Failed> {
    let text = format!("# A\n```console\n{ERROR}\nno\n...\nexit 2\n```\n");
    let chapter = Chapter::parse(&text).map_err(|fault| fault.what)?;
    let failures = run::run(&chapter, 0, None);
    let printed = failures.first().and_then(|failure| failure.printed.as_ref());
    let lines = printed.map(|printed| printed.lines.join("\n")).unwrap_or_default();
    match lines.starts_with("error: ") && lines.ends_with("exit 2") {
        true => Ok(()),
        false => Err(format!("printed {lines:?}").into()),
    }
}

fn walk() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("walk-{}", std::process::id()));
    let chapter = "# A\n## B\n```console\n$ fibula verify -q @k1\n```\n";
    fs::create_dir_all(root.join("deep"))?;
    fs::write(root.join("deep/1.md"), chapter)?;
    fs::write(root.join("orphan.md"), "# Nothing\n")?;
    fs::write(root.join("stray.txt"), "")?;
    let folder = crate::Folder { name: "walk", root: root.clone(), example: None };
    let trials = crate::chapters(&folder, None, None);
    let names: Vec<&str> = trials.iter().map(Trial::name).collect();
    fs::remove_dir_all(&root)?;
    match names[..] {
        ["walk/deep/1 / B", "walk/orphan", "walk/stray.txt"] => Ok(()),
        _ => Err(format!("found {names:?}").into()),
    }
}

fn first_failure(text: &str) -> Option<String> {
    let chapter = match Chapter::parse(text) {
        Ok(chapter) => chapter,
        Err(fault) => return Some(fault.what),
    };
    let failures = chapter.tests().flat_map(|section| run::run(&chapter, section, None));
    failures.map(|failure| failure.what).next()
}
