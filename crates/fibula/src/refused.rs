//! What is refused in a network file, shown as what is refused in objects is.

use fibula_network::file;
use fibula_report::{Page, error};
use fibula_source::{Caret, Refusal, Snippet};

/// How long a line may be to be shown: a network on one line has none.
const LONGEST: usize = 200;
/// How many lines stand before and after the one that is meant.
const BEFORE: usize = 2;
const AFTER: usize = 1;

/// Each refusal of a file of this name, with the lines around it.
pub(crate) fn pages(name: &str, bytes: &[u8], refusals: &[file::Refusal]) -> Vec<Page> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let page = |refusal: &file::Refusal| {
        error::refusal(&Refusal {
            file: name.to_owned(),
            line: refusal.line,
            column: refusal.column,
            object: None,
            path: (!refusal.path.is_empty()).then(|| refusal.path.clone()),
            got: (!refusal.got.is_empty()).then(|| refusal.got.clone()),
            expected: refusal.expected.clone(),
            help: None,
            snippet: snippet(&lines, refusal),
        })
    };
    refusals.iter().map(page).collect()
}

fn snippet(lines: &[&str], refusal: &file::Refusal) -> Option<Snippet> {
    let (line, column) = (refusal.line?, refusal.column?);
    let from = line.checked_sub(1)?;
    let rest: String = lines.get(from)?.chars().skip(column.checked_sub(1)?).collect();
    let length = if rest.starts_with(&refusal.got) { refusal.got.chars().count() } else { 1 };
    around(lines, Caret { line, column, length: length.max(1) })
}

/// The lines around a caret; nothing where they are too long to show.
pub(crate) fn around(lines: &[&str], caret: Caret) -> Option<Snippet> {
    let from = caret.line.checked_sub(1).filter(|from| *from < lines.len())?;
    let first = from.saturating_sub(BEFORE);
    let around = &lines[first..lines.len().min(from + AFTER + 1)];
    let short = around.iter().all(|line| line.chars().count() <= LONGEST);
    short.then(|| Snippet {
        first_line: first + 1,
        lines: around.iter().map(|line| (*line).to_owned()).collect(),
        caret,
    })
}
