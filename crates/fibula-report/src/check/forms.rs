//! Promises as notices, and as the cases of a test.

use fibula_answers::promises::Outcome;
use fibula_cluster::Severity;
use fibula_source::Refusal;

use super::{Check, Made, Words, words};
use crate::junit::{Case, CaseOutcome};
use crate::notices::{Notice, Spot};
use crate::page::Text;
use crate::view::View;

/// What of files of promises could not be read, as cases: a file that is not there has kept nothing.
pub fn check_refusals(refused: &[Refusal]) -> impl Iterator<Item = Case> {
    refused.iter().map(|refusal| {
        let notice = Notice::refusal(refusal);
        let place = notice.places.first().cloned();
        let outcome = CaseOutcome::Error(notice.message, notice.details);
        let name = place.as_ref().map_or_else(|| refusal.file.clone(), Spot::to_string);
        Case { suite: refusal.file.clone(), name, place, outcome }
    })
}

/// What is broken or undecided, and what makes no sense, each as a notice. They are known by what is
/// promised, not by what breaks it.
pub fn check_notices(view: &View<'_>, check: &Check<'_>) -> Vec<Notice> {
    let reach = words::reach(check.checked);
    let words = Words::new(view, check, &reach);
    let mut notices = vec![];
    for (made, outcome) in check.made() {
        let (id, severity, verdict) = match outcome {
            Outcome::Broken(_) => ("broken-promise", Severity::Error, "is broken"),
            Outcome::Undecided(_) => ("undecided-promise", Severity::Warning, "is undecided"),
            Outcome::Kept | Outcome::Wrong(_) => continue,
        };
        let lines = lines(&words, made, outcome);
        let first = lines.first().map_or(String::new(), |line| format!(": {line}"));
        let message = format!("{} {verdict}{first}", name(&words, made));
        let mut notice = Notice::new(id, "", severity, message);
        notice.details = lines.into_iter().skip(1).collect();
        notice.places.extend(check.at(made));
        notice.places.extend(decided(&words, made, outcome));
        notice.places.dedup();
        notices.push(notice.about(words.says(made)));
    }
    notices
}

/// Each promise as a case: written ones by their files, implied ones by themselves.
pub fn check_cases(view: &View<'_>, check: &Check<'_>) -> Vec<Case> {
    let reach = words::reach(check.checked);
    let words = Words::new(view, check, &reach);
    let case = |(made, outcome): (Made<'_>, &Outcome)| {
        let place = match outcome {
            Outcome::Kept => None,
            _ => check.at(made),
        };
        let suite = match made {
            Made::Written(written) => written.at.as_ref().map_or("promises", |at| &at.file),
            Made::Implied(_) => "manifests",
        };
        let mut lines = lines(&words, made, outcome).into_iter();
        let first = lines.next().unwrap_or_default();
        let rest: Vec<String> = lines.collect();
        let outcome = match outcome {
            Outcome::Kept => CaseOutcome::Passed,
            Outcome::Broken(_) => CaseOutcome::Failed(first, rest),
            Outcome::Undecided(_) => CaseOutcome::Undecided(first, rest),
            Outcome::Wrong(wrong) => {
                let says = |w: &fibula_answers::promises::Wrong| {
                    format!("{}: expected {}, got {}", w.path, w.expected, w.got)
                };
                let mut all = wrong.iter().map(says);
                CaseOutcome::Error(all.next().unwrap_or_default(), all.collect())
            }
        };
        Case { suite: suite.to_owned(), name: name(&words, made), place, outcome }
    };
    check.made().map(case).collect()
}

fn name(words: &Words<'_>, made: Made<'_>) -> String {
    match made {
        Made::Written(written) => written.promise.name.clone().unwrap_or_else(|| words.says(made)),
        Made::Implied(_) => words.says(made),
    }
}

/// What there is to say, as plain text.
fn lines(words: &Words<'_>, made: Made<'_>, outcome: &Outcome) -> Vec<String> {
    let line = |(text, at): (Text, Text)| match at.is_empty() {
        true => text.words(),
        false => format!("{} ({})", text.words(), at.words()),
    };
    words.lines(made, outcome).into_iter().map(line).collect()
}

/// Where that stands which decided.
fn decided(words: &Words<'_>, made: Made<'_>, outcome: &Outcome) -> Vec<Spot> {
    let places = words.lines(made, outcome).into_iter().map(|(_, at)| at.words());
    places.map(|at| Spot::of(&at)).filter(|spot| spot.line.is_some()).collect()
}
