//! Names that no message can be sent by, and what else keeps an answer from being given.

use fibula_answers::names::NameError;
use serde_json::{Value, json};

use super::basis;
use crate::error;
use crate::page::{Page, Screen};
use crate::preface::Preface;

/// `trace`, where a name is not found, means several things, or does not resolve: some of that is
/// an answer (DNS-8), some a mistake of who asks.
pub fn names(errors: &[NameError], preface: &Preface) -> Value {
    let answer = |error: &NameError| match error {
        NameError::NoSuchName { .. } => Some("none"),
        NameError::KeptOut { .. } | NameError::Elsewhere { .. } => Some("undecided"),
        _ => None,
    };
    let answers: Option<Vec<&str>> = errors.iter().map(answer).collect();
    // Of two names of which one does not exist nothing is sent, whatever the other is.
    let answer = answers.and_then(|all| all.iter().min().copied());
    json!({
        "fibula": "trace/2",
        "answer": answer,
        "verdict": (answer == Some("none")).then_some("no such name"),
        "errors": errors.iter().map(name).collect::<Vec<_>>(),
        "basis": basis(preface),
    })
}

fn name(error: &NameError) -> Value {
    let message = text(&error::name(error));
    let nothing = &vec![];
    let (what, said, near, id) = match error {
        NameError::Unknown { said, near, .. } => ("unknown", said, near, None),
        NameError::Ambiguous { said, candidates } => ("ambiguous", said, candidates, None),
        NameError::Mute { said, .. } => ("mute", said, nothing, None),
        NameError::KeptOut { said, .. } => ("kept out", said, nothing, Some("DR-21")),
        NameError::NoSuchName { said, by, near, .. } => ("no such name", said, near, Some(*by)),
        NameError::Elsewhere { said, by, near, .. } => ("elsewhere", said, near, Some(*by)),
        NameError::NoPort { said, declared } => ("no port", said, declared, None),
        NameError::BadPort { said, .. } => ("bad port", said, nothing, None),
    };
    json!({ "error": what, "name": said, "near": near, "id": id, "message": message })
}

/// Any command, where it cannot run: its errors, as they are printed.
pub fn stopped(pages: &[Page]) -> Value {
    let errors = pages.iter().map(|page| json!({ "error": "cannot run", "message": text(page) }));
    json!({ "fibula": "error/1", "errors": errors.collect::<Vec<_>>() })
}

/// A page as text, without what says that it is an error.
fn text(page: &Page) -> String {
    let text = page.render(&Screen::PIPE);
    text.trim_end().trim_start_matches("error: ").to_owned()
}
