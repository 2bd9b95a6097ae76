//! Answers of yes or no as JUnit's XML, which every CI shows as tests.
//!
//! The form has no standard; this is what Jenkins's schema, the strictest that is kept, lets stand
//! (`junit-10.xsd`). Nothing in it depends on when or where it was written.

use std::io;

use crate::notices::{Root, Spot};

/// Something that was asked, and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is one of: a file of promises, say. Those of one suite stand together.
    pub suite: String,
    /// What it says, by the name that a person gave it.
    pub name: String,
    /// Where it is said.
    pub place: Option<Spot>,
    /// How it came out.
    pub outcome: CaseOutcome,
}

/// How something came out that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    /// It is so.
    Passed,
    /// It is not: in a sentence, and in more lines.
    Failed(String, Vec<String>),
    /// Nobody can say: why, and more lines. Shown as skipped, for it is neither.
    Undecided(String, Vec<String>),
    /// It could not be asked.
    Error(String, Vec<String>),
}

/// Writes cases, suite by suite in the order in which each first comes up.
///
/// # Errors
///
/// What writing gives.
pub fn junit(title: &str, cases: &[Case], root: &Root, out: &mut dyn io::Write) -> io::Result<()> {
    let mut suites: Vec<(&str, Vec<&Case>)> = vec![];
    for case in cases {
        match suites.iter_mut().find(|(suite, _)| *suite == case.suite) {
            Some((_, cases)) => cases.push(case),
            None => suites.push((&case.suite, vec![case])),
        }
    }
    let all: Vec<&Case> = cases.iter().collect();
    let Counts { tests, failures, errors, .. } = counts(&all);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="{}" tests="{tests}" failures="{failures}" errors="{errors}">"#,
        attribute(title)
    )?;
    for (name, cases) in suites {
        let Counts { tests, failures, errors, skipped } = counts(&cases);
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}">"#,
            attribute(name)
        )?;
        for case in cases {
            write(case, root, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

fn counts(cases: &[&Case]) -> Counts {
    let of = |is: fn(&CaseOutcome) -> bool| cases.iter().filter(|case| is(&case.outcome)).count();
    Counts {
        tests: cases.len(),
        failures: of(|outcome| matches!(outcome, CaseOutcome::Failed(..))),
        errors: of(|outcome| matches!(outcome, CaseOutcome::Error(..))),
        skipped: of(|outcome| matches!(outcome, CaseOutcome::Undecided(..))),
    }
}

fn write(case: &Case, root: &Root, out: &mut dyn io::Write) -> io::Result<()> {
    let (name, class) = (attribute(&case.name), attribute(&case.suite));
    write!(out, r#"    <testcase name="{name}" classname="{class}""#)?;
    let (element, message, details) = match &case.outcome {
        CaseOutcome::Passed => return writeln!(out, "/>"),
        CaseOutcome::Failed(message, details) => ("failure", message, details),
        CaseOutcome::Undecided(message, details) => ("skipped", message, details),
        CaseOutcome::Error(message, details) => ("error", message, details),
    };
    let place = case.place.as_ref().map(|spot| {
        let file = root.tell(&spot.file).map_or_else(|| spot.file.clone(), |told| told.path);
        Spot { file, ..spot.clone() }.to_string()
    });
    let lines: Vec<&str> = place.iter().chain(details).map(String::as_str).collect();
    writeln!(
        out,
        ">\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>",
        attribute(message),
        text(&lines.join("\n"))
    )
}

/// A value between quotes, in which a line break would be read as a blank.
fn attribute(value: &str) -> String {
    text(value).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Text between tags. What XML cannot say at all becomes the sign for that.
fn text(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c < ' ' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
