//! The specification runs: every section of every chapter in `spec/` that holds commands is a test.
//!
//! ```text
//!   spec/**/*.md ── chapter ──► sections ── run ──► failures ──► report, or SNAPSHOTS=overwrite
//! ```

mod chapter;
mod checks;
mod findings;
mod run;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use fibula_lab::kernel::{Ground, Lab};
use fibula_lab::plan::{Plan, Space};
use libtest_mimic::{Arguments, Failed, Trial};
use walkdir::WalkDir;

use chapter::Chapter;
use run::{Failure, Printed};

/// What was printed in place of what chapters expect, by path.
type Rewrites = Arc<Mutex<Vec<(String, Printed)>>>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Sections have a working folder, and a process has one.
    arguments.test_threads = Some(1);
    let no_lab = no_lab();
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let rewrites = Rewrites::default();
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec"));
    let mut trials = checks::trials();
    trials.push(findings::trial(root));
    trials.extend(chapters(root, overwrite.then_some(&rewrites), no_lab.as_deref()));
    let exit = libtest_mimic::run(&arguments, trials).exit_code();
    let rewrites = std::mem::take(&mut *rewrites.lock().expect("no test panicked with it"));
    rewrite(root, rewrites);
    exit
}

/// Why nobody can build a lab here, if so. Asked first: a lab may need a user namespace, and that
/// is for processes with one thread.
fn no_lab() -> Option<String> {
    let ruleset = Some("table inet fibula {}\n".to_owned());
    let space = Space { name: "n".into(), ruleset, ..Space::default() };
    let plan = Plan { spaces: vec![space], ..Plan::default() };
    let built = Ground::enter().and_then(|ground| Lab::up(&ground, &plan));
    built.err().map(|why| why.to_string())
}

/// A test for each section of each file below `root`, in order of their names.
fn chapters(root: &Path, rewrites: Option<&Rewrites>, no_lab: Option<&str>) -> Vec<Trial> {
    let mut trials = vec![];
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(error) => {
                trials.push(broken("spec", error.to_string()));
                continue;
            }
        };
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).display().to_string();
        let name = path.strip_suffix(".md").map(str::to_owned);
        match (name, fs::read_to_string(entry.path())) {
            (None, _) => trials.push(broken(&path, "every file of spec/ is a chapter".to_owned())),
            (_, Err(error)) => trials.push(broken(&path, error.to_string())),
            (Some(name), Ok(text)) => {
                trials.extend(sections(&name, &path, &text, rewrites, no_lab))
            }
        }
    }
    trials
}

/// A test for each section of a chapter that holds commands.
fn sections(
    name: &str,
    path: &str,
    text: &str,
    rewrites: Option<&Rewrites>,
    no_lab: Option<&str>,
) -> Vec<Trial> {
    let chapter = match Chapter::parse(text) {
        Ok(chapter) => Arc::new(chapter),
        Err(fault) => return vec![broken(name, message(path, fault.line, &fault.what))],
    };
    let trial = |section: usize| {
        let skipped = no_lab.filter(|_| chapter.builds(section));
        let why = skipped.map_or(String::new(), |why| format!(" (skipped: {why})"));
        let title = format!("{name} / {}{why}", chapter.sections[section].title);
        let (chapter, path, rewrites) = (Arc::clone(&chapter), path.to_owned(), rewrites.cloned());
        Trial::test(title, move || {
            let mut failures = run::run(&chapter, section);
            if let Some(rewrites) = rewrites {
                let mut rewrites = rewrites.lock().map_err(|_| "another test panicked")?;
                for failure in std::mem::take(&mut failures) {
                    match failure.printed {
                        Some(printed) => rewrites.push((path.clone(), printed)),
                        None => failures.push(failure),
                    }
                }
            }
            report(&path, &failures)
        })
        .with_ignored_flag(skipped.is_some())
    };
    chapter.tests().map(trial).collect()
}

fn report(path: &str, failures: &[Failure]) -> Result<(), Failed> {
    let messages: Vec<String> =
        failures.iter().map(|failure| message(path, failure.line, &failure.what)).collect();
    if messages.is_empty() { Ok(()) } else { Err(messages.join("\n").into()) }
}

fn broken(name: &str, what: String) -> Trial {
    Trial::test(name.to_owned(), move || Err(what.into()))
}

fn message(path: &str, line: usize, what: &str) -> String {
    format!("spec/{path}:{}: {what}", line + 1)
}

/// Puts what was printed in place of what was expected; from the end, so that lines keep their
/// numbers.
fn rewrite(root: &Path, mut rewrites: Vec<(String, Printed)>) {
    rewrites.sort_by_key(|(_, printed)| std::cmp::Reverse(printed.expected.start));
    for (path, printed) in rewrites {
        let path = root.join(path);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.splice(printed.expected, printed.lines);
        lines.push(String::new());
        let _ = fs::write(&path, lines.join("\n"));
    }
}
