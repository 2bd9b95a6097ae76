//! The specification runs, and so do the pages for users: every section of every chapter in `spec/`
//! and `docs/questions/` that holds commands is a test.
//!
//! ```text
//!   spec/**/*.md ────────────┬─ chapter ──► sections ── run ──► failures ──► report, or
//!   docs/questions/**/*.md ──┘                          ▲                    SNAPSHOTS=overwrite
//!   docs/example/ ──── where the sections of pages begin ┘
//! ```

mod chapter;
mod checks;
mod findings;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use fibula_lab::kernel::{Ground, Lab};
use fibula_lab::plan::{Plan, Space};
use libtest_mimic::{Arguments, Failed, Trial};
use walkdir::WalkDir;

use chapter::Chapter;
use run::{Failure, Printed};

/// What was printed in place of what chapters expect, by path.
type Rewrites = Arc<Mutex<Vec<(PathBuf, Printed)>>>;

/// A folder of chapters.
struct Folder {
    /// What it is called in the project.
    name: &'static str,
    root: PathBuf,
    /// What the folder of each of its sections begins with; nothing, if there is none.
    example: Option<PathBuf>,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Sections have a working folder, and a process has one.
    arguments.test_threads = Some(1);
    let no_lab = no_lab();
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let rewrites = Rewrites::default();
    let project = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let folders = [("spec", None), ("docs/questions", Some(project.join("docs/example")))];
    let mut trials = checks::trials();
    trials.push(findings::trial(&project.join("spec")));
    for (name, example) in folders {
        let folder = Folder { name, root: project.join(name), example };
        trials.extend(chapters(&folder, overwrite.then_some(&rewrites), no_lab.as_deref()));
    }
    let exit = libtest_mimic::run(&arguments, trials).exit_code();
    let rewrites = std::mem::take(&mut *rewrites.lock().expect("no test panicked with it"));
    rewrite(rewrites);
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

/// A test for each section of each file of a folder, in order of their names.
fn chapters(folder: &Folder, rewrites: Option<&Rewrites>, no_lab: Option<&str>) -> Vec<Trial> {
    let mut trials = vec![];
    for entry in WalkDir::new(&folder.root).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(error) => {
                trials.push(broken(folder.name, error.to_string()));
                continue;
            }
        };
        let inside = entry.path().strip_prefix(&folder.root).unwrap_or(entry.path());
        let path = format!("{}/{}", folder.name, inside.display());
        // The chapters are the specification: their names need not say so.
        let title = path.strip_prefix("spec/").unwrap_or(&path);
        match (title.strip_suffix(".md"), fs::read_to_string(entry.path())) {
            (None, _) => trials.push(broken(title, "every file here is a chapter".to_owned())),
            (_, Err(error)) => trials.push(broken(title, error.to_string())),
            (Some(name), Ok(text)) => {
                let page = Page { name, path: &path, file: entry.path(), folder };
                trials.extend(sections(&page, &text, rewrites, no_lab));
            }
        }
    }
    trials
}

/// A chapter as a file.
struct Page<'a> {
    /// What its tests begin with.
    name: &'a str,
    /// What messages call it.
    path: &'a str,
    file: &'a Path,
    folder: &'a Folder,
}

/// A test for each section of a chapter that holds commands.
fn sections(
    page: &Page<'_>,
    text: &str,
    rewrites: Option<&Rewrites>,
    no_lab: Option<&str>,
) -> Vec<Trial> {
    let Page { name, path, file, folder } = *page;
    let chapter = match Chapter::parse(text) {
        Ok(chapter) => Arc::new(chapter),
        Err(fault) => return vec![broken(name, message(path, fault.line, &fault.what))],
    };
    let trial = |section: usize| {
        let skipped = no_lab.filter(|_| chapter.builds(section));
        let why = skipped.map_or(String::new(), |why| format!(" (skipped: {why})"));
        let title = format!("{name} / {}{why}", chapter.sections[section].title);
        let (chapter, path, rewrites) = (Arc::clone(&chapter), path.to_owned(), rewrites.cloned());
        let (file, example) = (file.to_owned(), folder.example.clone());
        Trial::test(title, move || {
            let mut failures = run::run(&chapter, section, example.as_deref());
            if let Some(rewrites) = rewrites {
                let mut rewrites = rewrites.lock().map_err(|_| "another test panicked")?;
                for failure in std::mem::take(&mut failures) {
                    match failure.printed {
                        Some(printed) => rewrites.push((file.clone(), printed)),
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
    format!("{path}:{}: {what}", line + 1)
}

/// Puts what was printed in place of what was expected; from the end, so that lines keep their
/// numbers.
fn rewrite(mut rewrites: Vec<(PathBuf, Printed)>) {
    rewrites.sort_by_key(|(_, printed)| std::cmp::Reverse(printed.expected.start));
    for (path, printed) in rewrites {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.splice(printed.expected, printed.lines);
        lines.push(String::new());
        let _ = fs::write(&path, lines.join("\n"));
    }
}
