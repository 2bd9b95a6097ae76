//! What could not be read, as data. Drawing it is for others.

use std::ops::Range;

use fibula_cluster::Fault;

use crate::de::Fail;
use crate::events::{Event, Style, Syntax, What, entries};
use crate::file::File;
use crate::path::{Located, locate, shown, write};
use crate::scalar::{Plain, plain};
use crate::words;

/// Something in the input that was not read, and why: one object, one document, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1; absent where the whole file is meant.
    pub line: Option<usize>,
    /// The column, from 1, in characters.
    pub column: Option<usize>,
    /// The object, such as `Pod shop/web`, where it is known.
    pub object: Option<String>,
    /// The API path of the value, where it is one.
    pub path: Option<String>,
    /// What stands there; at most its first 80 characters.
    pub got: Option<String>,
    /// What should: it follows the word "expected".
    pub expected: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The lines around it.
    pub snippet: Option<Snippet>,
}

/// The lines around a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The number of the first line.
    pub first_line: usize,
    /// The lines, without their breaks. A very long one is cut.
    pub lines: Vec<String>,
    /// What to point at.
    pub caret: Caret,
}

/// What a snippet points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caret {
    /// The number of its line in the file.
    pub line: usize,
    /// The first character, from 1, in the line as the snippet shows it.
    pub column: usize,
    /// How many characters, at least one.
    pub length: usize,
}

/// What a template should be.
const NO_TEMPLATE: &str = "a Kubernetes object, not a template";

/// How much of an offending text is repeated.
const MOST: usize = 80;

// === impl Refusal ===

impl Refusal {
    /// Refuses a whole file.
    pub(crate) fn file(name: &str, expected: impl Into<String>) -> Self {
        Refusal {
            file: name.to_owned(),
            line: None,
            column: None,
            object: None,
            path: None,
            got: None,
            expected: expected.into(),
            help: None,
            snippet: None,
        }
    }

    /// Refuses what stands in a range of a file.
    pub(crate) fn at(file: &File, span: Range<usize>, expected: impl Into<String>) -> Self {
        let refusal = Refusal::file(&file.name, expected);
        // Lines of what nobody can open say nothing: the object and the path do.
        if file.live {
            return refusal;
        }
        let (line, column) = file.line_column(span.start);
        Refusal {
            line: Some(line),
            column: Some(column),
            snippet: Some(file.snippet(span)),
            ..refusal
        }
    }

    pub(crate) fn got(mut self, text: &str) -> Self {
        let line = text.lines().next().unwrap_or_default();
        self.got = (!line.is_empty()).then(|| line.chars().take(MOST).collect());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Refuses a text that is not what its format says.
    pub(crate) fn syntax(file: &File, base: usize, format: &str, error: &Syntax) -> Self {
        let at = file.floor(base + error.at);
        let start = file.line_start(at);
        let line = &file.text[start..file.line_end(start)];
        let expected = format!("valid {format}: {}", words::ours(&error.message));
        let refusal = Refusal::at(file, at..at + 1, expected);
        let refusal = match file.text[at..].chars().next() {
            _ if error.message.starts_with("EOF") => refusal.got("the end of the text"),
            Some(c) if c.is_control() && !c.is_whitespace() => {
                refusal.got(&format!("the character U+{:04X}", u32::from(c)))
            }
            _ => refusal.got(file.text[at..file.line_end(at)].trim()),
        };
        let space = line.len() - line.trim_start().len();
        if format == "YAML" && line[..space].contains('\t') {
            return refusal.help("YAML forbids tabs for indentation: use spaces");
        }
        let closes = file.text[at..].starts_with(['}', ']']);
        if format == "JSON" && closes && file.text[..at].trim_end().ends_with(',') {
            return refusal.help("take out the comma before the closing bracket");
        }
        Refusal { help: words::help(&error.message).map(str::to_owned), ..refusal }
    }

    /// Refuses a template: a text with `{{ … }}` that is to be filled in first.
    pub(crate) fn template(file: &File, at: usize) -> Self {
        let text = &file.text[at..file.line_end(at)];
        let end = text.find("}}").map_or(text.len(), |end| end + 2);
        Refusal::at(file, at..at + end, NO_TEMPLATE)
            .got(&text[..end])
            .help("fill it in first: helm template CHART | fibula … -f -")
    }

    /// Whether a template was refused.
    pub(crate) fn is_template(&self) -> bool {
        self.expected == NO_TEMPLATE
    }

    /// Refuses a value of the wrong type.
    pub(crate) fn mistyped(file: &File, base: usize, events: &[Event<'_>], fail: &Fail) -> Self {
        let value = fail.at.unwrap_or(0);
        let span = match events.get(value).map(|event| &event.what) {
            Some(What::Scalar(..)) => events[value].start..events[value].end,
            _ => shown(events, Located { value, key: key_of(events, value), whole: true }),
        };
        let path = write(fail.path.iter().rev().cloned());
        let expected = match &fail.expected {
            Some(expected) => in_words(&path, expected),
            None => fail.message.clone(),
        };
        let got = match events.get(value).map(|event| &event.what) {
            Some(What::Map) => "a mapping",
            Some(What::Seq) => "a list",
            _ => &file.text[base + span.start..base + span.end],
        };
        let mut refusal =
            Refusal::at(file, base + span.start..base + span.end, &*expected).got(got);
        if let Some(before) = fail.before.and_then(|before| events.get(before)) {
            let (line, column) = file.line_column(base + before.start);
            refusal = refusal.help(format!("it was given before, in line {line}, column {column}"));
        } else if let Some(What::Scalar(text, style)) = events.get(value).map(|event| &event.what) {
            // An unquoted `yes` is a boolean, and a quoted one is none.
            match style {
                Style::Plain if expected == TEXT => {
                    refusal = refusal.help(format!("quote it: \"{got}\""));
                }
                Style::Text if expected != TEXT && plain(text) != Plain::Text => {
                    refusal = refusal.help(format!("write it without quotes: {text}"));
                }
                _ => {}
            }
        }
        refusal.path = (!path.is_empty()).then_some(path);
        refusal
    }

    /// Refuses a value that makes no sense.
    pub(crate) fn fault(file: &File, base: usize, events: &[Event<'_>], fault: &Fault) -> Self {
        let found = locate(events, 0, &fault.path);
        let span = shown(events, found);
        let mut refusal =
            Refusal::at(file, base + span.start..base + span.end, &*fault.expected).got(&fault.got);
        let name = fault.path.rsplit('.').next().unwrap_or_default();
        let near = entries(events, found.value)
            .filter_map(|(key, _)| events[key].scalar())
            .find(|key| !found.whole && key.eq_ignore_ascii_case(name));
        if let Some(near) = near {
            refusal = refusal.help(format!("`{near}` is no field: write `{name}`"));
        }
        Refusal { path: Some(fault.path.clone()), ..refusal }
    }

    pub(crate) fn of(mut self, object: &Option<String>) -> Self {
        self.object.clone_from(object);
        self
    }
}

/// The key of the value at `at`: the event before, where a mapping's entries lead to it.
fn key_of(events: &[Event<'_>], at: usize) -> Option<usize> {
    let key = at.checked_sub(1)?;
    matches!(events[key].what, What::Scalar(..)).then_some(key)
}

const TEXT: &str = "text";

/// What serde expects, in words that follow "expected".
fn in_words(path: &str, expected: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    let number = ["i16", "i32", "i64", "u8", "u16", "u32", "u64"].contains(&expected);
    match (last, expected) {
        ("containerPort" | "hostPort" | "port" | "nodePort", _) if number => {
            "a port number, 1 to 65535".to_owned()
        }
        (_, "u8" | "u16" | "u32" | "u64") => "a whole number, 0 or more".to_owned(),
        _ if number => "a whole number".to_owned(),
        (_, "a string") => TEXT.to_owned(),
        (_, "a boolean") => "true or false".to_owned(),
        (_, "a sequence") => "a list".to_owned(),
        (_, "a map") => "a mapping".to_owned(),
        (_, other) if other.starts_with("struct ") => "a mapping".to_owned(),
        (_, other) => other.to_owned(),
    }
}
