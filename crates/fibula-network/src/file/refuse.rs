//! What is refused in a file, and where it stands there.

use std::borrow::Cow;

use super::Refusal;
use super::lines::Text;

/// The refusals of a file, in any order.
pub(super) struct Refusals<'b> {
    bytes: &'b [u8],
    /// Where the last text stood: next to one that has no place of its own.
    last: usize,
    found: Vec<Found>,
}

struct Found {
    offset: usize,
    exact: bool,
    path: String,
    got: String,
    expected: String,
}

/// Long enough for a name of Kubernetes with its namespace.
const LONGEST: usize = 400;

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What serde refused: the one thing, for it stops at the first.
pub(super) fn malformed(bytes: &[u8], error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    let text = bytes.split(|b| *b == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = &text[..column.min(text.len())];
    let near = String::from_utf8_lossy(&before[before.len().saturating_sub(40)..]).into_owned();
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    let (got, expected) = match message.split_once(", expected ") {
        Some((got, expected)) => (got.to_owned(), expected.to_owned()),
        None => match message.strip_prefix("missing ") {
            Some(field) => (near, format!("the {field}")),
            None => {
                let expected = message.strip_prefix("expected ").map(str::to_owned);
                (near, expected.unwrap_or_else(|| format!("JSON, which this is not: {message}")))
            }
        },
    };
    let column = String::from_utf8_lossy(before).chars().count().max(1);
    Refusal {
        line: Some(line.max(1)),
        column: Some(column),
        path: String::new(),
        got: cut(&got),
        expected,
    }
}

// === impl Refusals ===

impl<'b> Refusals<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Refusals<'b> {
        Refusals { bytes, last: 0, found: vec![] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Where a text stands in the file, if it could be borrowed from it.
    fn offset(&self, text: &Text<'_>) -> Option<usize> {
        let Cow::Borrowed(text) = text.0 else { return None };
        let offset = text.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        (offset <= self.bytes.len()).then_some(offset)
    }

    pub(super) fn refuse(&mut self, text: &Text<'_>, path: String, expected: &str) {
        let offset = self.offset(text);
        self.found.push(Found {
            offset: offset.unwrap_or(self.last),
            exact: offset.is_some(),
            path,
            got: cut(&text.0),
            expected: expected.to_owned(),
        });
    }

    /// A refusal of what stands in many places, or in none.
    pub(super) fn refuse_nowhere(&mut self, path: String, expected: String) {
        let found = Found { offset: 0, exact: false, path, got: String::new(), expected };
        self.found.push(found);
    }

    /// The result, or a refusal of the text that has it.
    pub(super) fn take<T>(
        &mut self,
        text: &Text<'_>,
        path: impl FnOnce() -> String,
        result: Result<T, &str>,
    ) -> Option<T> {
        if let Some(offset) = self.offset(text) {
            self.last = offset;
        }
        result.map_err(|expected| self.refuse(text, path(), expected)).ok()
    }

    /// The refusals in the order of the file. Costs one pass over it.
    pub(super) fn finish(mut self) -> Vec<Refusal> {
        self.found.sort_by_key(|found| found.offset);
        let (mut at, mut line, mut column) = (0, 1, 1);
        let bytes = self.bytes;
        let found = self.found.into_iter();
        found
            .map(|found| {
                for byte in &bytes[at..found.offset] {
                    match byte {
                        b'\n' => (line, column) = (line + 1, 1),
                        // The later bytes of a character in UTF-8.
                        0x80..=0xbf => {}
                        _ => column += 1,
                    }
                }
                at = found.offset;
                Refusal {
                    line: (at > 0).then_some(line),
                    column: found.exact.then_some(column),
                    path: found.path,
                    got: found.got,
                    expected: found.expected,
                }
            })
            .collect()
    }
}
