//! Errors, for people: what is wrong, where, what was expected, and what to do.

use fibula_answers::names::NameError;
use fibula_source::{Refusal, Snippet};

use crate::page::{Page, Text};
use crate::preface::list;
use crate::style::Label;

/// An error that has nothing to point at.
pub fn error(message: &str, hint: Option<&str>) -> Page {
    let mut page = Page::new();
    page.hinted(head(Label::Error, "error"), message.into(), hint);
    page
}

/// Something to know beside an answer.
pub fn note(message: &str) -> Page {
    let mut page = Page::new();
    page.headed(head(Label::Warning, "note"), message.into());
    page
}

/// Something that is likely to be a mistake.
pub fn warning(message: &str, hint: Option<&str>) -> Page {
    let mut page = Page::new();
    page.hinted(head(Label::Warning, "warning"), message.into(), hint);
    page
}

fn head(label: Label, word: &str) -> Text {
    Text::new().with(label, word).plain(":")
}

/// Something in the input that was refused, with the lines around it.
pub fn refusal(refusal: &Refusal) -> Page {
    let mut page = Page::new();
    let place = match (refusal.line, refusal.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", refusal.file),
        (Some(line), None) => format!("{}:{line}", refusal.file),
        _ => refusal.file.clone(),
    };
    let mut what = vec![];
    what.extend(refusal.object.clone());
    what.extend(refusal.path.clone());
    let what = if what.is_empty() { String::new() } else { format!("{}: ", what.join(" ")) };
    let got = refusal.got.as_ref().map_or(String::new(), |got| format!(", got {got}"));
    let text = Text::new().with(Label::Error, "error").plain(": ").with(Label::Place, place);
    page.flow(text.plain(format!(": {what}expected {}{got}", refusal.expected)), 2);
    if let Some(snippet) = &refusal.snippet {
        page.append(lines(snippet, "", 2));
    }
    if let Some(help) = &refusal.help {
        page.flow(Text::from("  ").with(Label::Hint, format!("help: {help}")), 8);
    }
    page
}

/// A name that means nothing here, or too much.
pub fn name(error: &NameError) -> Page {
    match error {
        NameError::Unknown { said, wanted, namespace, near } => {
            let within = namespace.as_ref().map_or(String::new(), |n| format!(" in {n}"));
            let hint = meant(near);
            self::error(&format!("{wanted} is named {said:?}{within}"), hint.as_deref())
        }
        NameError::Ambiguous { said, candidates } => {
            let (shown, more) = candidates.split_at(candidates.len().min(6));
            let more =
                if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
            self::error(&format!("{said:?} could be {}{more}", list(shown)), Some("say which"))
        }
        NameError::Mute { why, .. } => self::error(why, None),
        NameError::KeptOut { said, object, differ } => self::error(
            &format!(
                "undecided: objects of the name {object} contradict each other in {differ}, so \
                 {said:?} was kept out"
            ),
            Some("fibula lint shows where"),
        ),
        NameError::NoSuchName { said, why, by, near } => {
            answer(Label::Bad, "✗ no such name", &format!("{said}: {why} ({by})"), near)
        }
        NameError::Elsewhere { said, why, by, near, .. } => {
            answer(Label::Open, "? undecided", &format!("{said} {why} ({by})"), near)
        }
        NameError::NoPort { said, declared } if declared.is_empty() => self::error(
            &format!("{said} needs a port, and none is declared there"),
            Some(&format!("say {said}:80")),
        ),
        NameError::NoPort { said, declared } => self::error(
            &format!("{said} needs a port"),
            Some(&format!("declared there: {}", list(declared))),
        ),
        NameError::BadPort { expected, .. } => self::error(expected, None),
    }
}

/// What is asked of somebody who may have meant one of these; nothing where there are none.
pub fn meant<S: AsRef<str>>(near: &[S]) -> Option<String> {
    let near: Vec<&str> = near.iter().map(AsRef::as_ref).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

/// What is said of a name that no message can be sent to.
fn answer(label: Label, verdict: &str, why: &str, near: &[String]) -> Page {
    let mut page = Page::new();
    let near = meant(near);
    page.hinted(Text::new().with(label, verdict).plain("  "), why.into(), near.as_deref());
    page
}

/// Lines with their numbers, so far from the left, and a caret that says something.
pub(crate) fn lines(snippet: &Snippet, says: &str, indent: usize) -> Page {
    let mut page = Page::new();
    page.excerpt(snippet.clone(), says, indent);
    page
}
