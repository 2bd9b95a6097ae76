//! One thing to tell that has a place, of any command: what `lint` finds, what a promise is broken
//! by, what a change opens.
//!
//! A command makes notices of its answer; the formats that machines take up (SARIF, GitHub's
//! annotations, Markdown for a comment) are functions of them, and know of no command.

mod github;
mod markdown;
mod root;
mod sarif;

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{Cluster, Finding, Place, Severity, Workload};
use fibula_source::Refusal;

use crate::explain::{self, Topic};
use crate::page::{Page, Screen};
use crate::preface::{Preface, count};

pub use github::github;
pub use markdown::notices_markdown;
pub use root::Root;
pub use sarif::sarif;

/// Something to tell, where it stands, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What kind of thing it is, in words: `same-port`, `broken-promise`, `opens`. `explain` has a
    /// page for it.
    pub id: &'static str,
    /// The statement that it is about, such as `NM-2`; empty where there is none.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One terse sentence, without a full stop.
    pub message: String,
    /// More lines, where a format has room for them: plain text, in their order.
    pub details: Vec<String>,
    /// Where it stands: the first is the main place.
    pub places: Vec<Spot>,
    /// What it is about, by names that last. With the id they are what the fingerprint is made of,
    /// by which it is known again in the next run: no lines, no counts, no pods of a workload.
    pub subjects: Vec<String>,
    /// Whether somebody switched it off; then it is told only where a format has a field for that.
    pub off: Option<Off>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1; absent where the whole file is meant.
    pub line: Option<usize>,
    /// The column, from 1, in characters.
    pub column: Option<usize>,
}

/// How a notice was switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// In the objects themselves.
    InPlace,
    /// Elsewhere: in `fibula.toml`, or by an option.
    Elsewhere,
}

/// What a run of the program has to tell.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The command, such as `lint`: what one finds is kept apart from what another does.
    pub command: &'a str,
    /// The version of the program.
    pub version: &'a str,
    /// What it tells, in the order of the answer.
    pub notices: &'a [Notice],
    /// What is to be known beside: what was refused, what was not read.
    pub beside: &'a [Notice],
    /// The exit code.
    pub exit: u8,
    /// Where files are told from.
    pub root: &'a Root,
    /// The file that stands for what has no place, where a format wants one.
    pub home: Option<&'a str>,
}

// === impl Run ===

impl<'a> Run<'a> {
    /// What is told to people: without what was switched off.
    pub(crate) fn told(self) -> impl Iterator<Item = &'a Notice> {
        self.notices.iter().filter(|notice| notice.off.is_none())
    }
}

// === impl Notice ===

impl Notice {
    /// A notice that has no place yet, and is about nothing in particular.
    pub fn new(
        id: &'static str,
        rule: &'static str,
        severity: Severity,
        message: impl Into<String>,
    ) -> Notice {
        Notice {
            id,
            rule,
            severity,
            message: message.into(),
            details: vec![],
            places: vec![],
            subjects: vec![],
            off: None,
        }
    }

    /// Findings; `spot` says where their places are. They are about workloads, where they name pods:
    /// these come and go.
    pub fn findings(
        findings: &[Finding],
        cluster: Option<&Cluster>,
        spot: &dyn Fn(Place) -> Option<Spot>,
    ) -> Vec<Notice> {
        let mut workloads = BTreeMap::new();
        for pod in cluster.iter().flat_map(|cluster| &cluster.pods) {
            let Workload { kind, name } = &pod.workload;
            if kind != "Pod" {
                let pods = format!("{}/{}", pod.namespace, pod.name);
                workloads.insert(pods, format!("{kind} {}/{name}", pod.namespace));
            }
        }
        let lasting = |subject: &String| {
            let pod = subject.strip_prefix("pod ").unwrap_or(subject);
            workloads.get(pod).unwrap_or(subject).clone()
        };
        let notice = |finding: &Finding| {
            let mut places: Vec<Spot> = finding.places.iter().filter_map(|at| spot(*at)).collect();
            places.dedup();
            // Each once: of a workload there are as many pods as it happens to have.
            let mut seen = BTreeSet::new();
            let subjects = finding.subjects.iter().map(lasting);
            let subjects: Vec<String> =
                subjects.filter(|subject| seen.insert(subject.clone())).collect();
            let notice = Notice::new(finding.id, finding.rule, finding.severity, &finding.message);
            Notice { places, subjects, ..notice }
        };
        findings.iter().map(notice).collect()
    }

    /// Something in the input that was refused.
    pub fn refusal(refusal: &Refusal) -> Notice {
        let what: Vec<&str> =
            [&refusal.object, &refusal.path].into_iter().filter_map(Option::as_deref).collect();
        let what = if what.is_empty() { String::new() } else { what.join(" ") + ": " };
        let got = refusal.got.as_ref().map_or(String::new(), |got| format!(", got {got}"));
        let message = format!("{what}expected {}{got}", refusal.expected);
        let Refusal { file, line, column, .. } = refusal;
        let spot = Spot { file: file.clone(), line: *line, column: *column };
        let notice = Notice::new(REFUSED, "", Severity::Error, message).at(spot);
        match &refusal.help {
            Some(help) => notice.detail(help.clone()),
            None => notice,
        }
    }

    /// What was not read and decides traffic, and what is missing for it: to be told beside an
    /// answer, with the refusals.
    pub fn unread(preface: &Preface) -> Vec<Notice> {
        let lines = preface.unread_lines().into_iter();
        let unread = lines.map(|line| Notice::new("unread", "DR-21", Severity::Note, line));
        unread.collect()
    }

    /// Why a command gave up, as a page says it.
    pub fn stopped(page: &Page) -> Notice {
        let text = page.render(&Screen::PIPE);
        let mut lines = text.trim_end().trim_start_matches("error: ").lines();
        let message = lines.next().unwrap_or_default();
        lines.fold(Notice::new(CANNOT_RUN, "", Severity::Error, message), Notice::detail)
    }

    /// Adds a place; the first one that is added is the main one.
    #[must_use]
    pub fn at(mut self, spot: Spot) -> Notice {
        self.places.push(spot);
        self
    }

    /// Adds a name to what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Notice {
        self.subjects.push(subject.into());
        self
    }

    /// Adds a line of details.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Notice {
        self.details.push(line.into());
        self
    }

    /// The page of its id, and else that of its rule.
    pub(crate) fn topic(&self) -> Option<&'static Topic> {
        [self.id, self.rule].into_iter().filter(|id| !id.is_empty()).find_map(explain::topic)
    }
}

/// The id of what was refused.
const REFUSED: &str = "refused";
/// The id of what keeps a command from running.
const CANNOT_RUN: &str = "cannot-run";

// === impl Spot ===

impl Spot {
    /// Reads `file:line:column`, `file:line` or `file`, as they are printed. A file's name may hold
    /// colons too: only numbers at the end count.
    pub fn of(text: &str) -> Spot {
        let number = |text: &str| text.parse().ok().filter(|n: &usize| *n > 0);
        let last = |text: &str| {
            let (before, last) = text.rsplit_once(':')?;
            Some((before.to_owned(), number(last)?)).filter(|(file, _)| !file.is_empty())
        };
        let Some((before, b)) = last(text) else {
            return Spot { file: text.to_owned(), line: None, column: None };
        };
        match last(&before) {
            Some((file, a)) => Spot { file, line: Some(a), column: Some(b) },
            None => Spot { file: before, line: Some(b), column: None },
        }
    }
}

/// As errors are printed: `file:line:column`.
impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.line.and(self.column)].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

/// `1 error, 2 notes`; empty where there is nothing to count.
pub(crate) fn counts(severities: impl Iterator<Item = Severity> + Clone) -> String {
    let of = |severity| severities.clone().filter(|s| *s == severity).count();
    let counts = [
        (of(Severity::Error), "error"),
        (of(Severity::Warning), "warning"),
        (of(Severity::Note), "note"),
    ];
    let some: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(*n, what)).collect();
    some.join(", ")
}

/// A fingerprint for each notice: what it is known by from run to run. Two that say the same kind of
/// thing about the same names are told apart by their order.
pub(crate) fn fingerprints(notices: &[Notice]) -> Vec<String> {
    let mut seen = BTreeMap::<u128, usize>::new();
    let fingerprints = notices.iter().map(|notice| {
        let mut subjects: Vec<&str> = notice.subjects.iter().map(String::as_str).collect();
        subjects.sort_unstable();
        let hash = fnv(std::iter::once(notice.id).chain(subjects));
        let nth = seen.entry(hash).or_default();
        *nth += 1;
        format!("{hash:032x}:{nth}")
    });
    fingerprints.collect()
}

/// FNV-1a in 128 bits, of parts that are told apart: the same on every machine and in every version.
fn fnv<'a>(parts: impl Iterator<Item = &'a str>) -> u128 {
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_read_as_it_is_printed() {
        for (text, file, line, column) in [
            ("deploy/web.yaml:12:7", "deploy/web.yaml", Some(12), Some(7)),
            ("deploy/web.yaml:12", "deploy/web.yaml", Some(12), None),
            ("web.yaml", "web.yaml", None, None),
            ("a:b.yaml:3", "a:b.yaml", Some(3), None),
            ("7:3", "7", Some(3), None),
            ("-:3", "-", Some(3), None),
            ("web.yaml:0", "web.yaml:0", None, None),
        ] {
            let spot = Spot::of(text);
            assert_eq!(spot, Spot { file: file.to_owned(), line, column }, "{text}");
            assert_eq!(spot.to_string(), text);
        }
    }

    #[test]
    fn a_fingerprint_is_of_names_alone() {
        let notice = |message: &str, line| {
            let spot = Spot { file: "a.yaml".to_owned(), line: Some(line), column: None };
            Notice::new("same-port", "NM-2", Severity::Warning, message).at(spot)
        };
        let (ab, ba) = (["web", "db"], ["db", "web"]);
        let about =
            |notice: Notice, names: [&str; 2]| names.into_iter().fold(notice, Notice::about);
        let moved = [about(notice("2 pods", 3), ab), about(notice("4 pods", 9), ba)];
        let [first, second] = &*fingerprints(&moved) else { panic!("two") };
        let (hash, nth) = first.split_once(':').expect("an order");
        assert_eq!((hash.len(), nth), (32, "1"));
        assert_eq!(*second, format!("{hash}:2"));
        // "we" and "bdb" are other names than "web" and "db".
        let others = fingerprints(&[about(notice("2 pods", 3), ["we", "bdb"])]);
        assert_ne!(others[0], *first);
        // It may never change: it is stored by those who read it.
        assert_eq!(format!("{:032x}", fnv(["a"].into_iter())), FNV_OF_A);
    }

    /// Of the bytes `a` and 0.
    const FNV_OF_A: &str = "0880954519ab1be95aa0733055b70e0c";
}
