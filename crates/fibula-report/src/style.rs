//! What labels and signs look like: the one table of colours, and the ASCII twins of signs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Nothing in particular.
    Plain,
    /// It works, it holds: ✓.
    Good,
    /// It does not: ✗.
    Bad,
    /// In part, or not decided: ◐ and ?.
    Open,
    /// The name of an element, or a group of commands.
    Name,
    /// `file:line`.
    Place,
    /// Beside the point: rule ids, `assumed`, `read`, gutters.
    Dim,
    /// An entry in the article's own form, beside its rule: dim too, and the first to go where a
    /// screen is narrow.
    Form,
    /// A warning.
    Warning,
    /// An error, a caret, and what a caret says.
    Error,
    /// What to do instead.
    Hint,
    /// Something to type.
    Command,
    /// What a change opens: neither good nor bad.
    Opens,
    /// What it closes.
    Closes,
}

/// The ASCII twins of the signs that we print.
const TWINS: &[(char, &str)] = &[
    ('●', "*"),
    ('○', "o"),
    ('◆', "#"),
    ('↩', "<"),
    ('✓', "ok"),
    ('✗', "NO"),
    ('◐', "~"),
    ('→', "->"),
    ('×', "x"),
    ('…', "..."),
    ('─', "-"),
    ('│', "|"),
    ('├', "|"),
    ('└', "`"),
    ('·', "-"),
    ('\u{fffd}', "?"),
];

/// The text with ASCII in place of our signs. Other characters, in names, stay.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match TWINS.iter().find(|(sign, _)| *sign == c) {
            Some((_, twin)) => out.push_str(twin),
            None => out.push(c),
        }
    }
    out
}

/// Writes text in the style of its label.
pub(crate) fn paint(label: Label, text: &str, color: bool, out: &mut String) {
    let style = label.style();
    if !color || style == Style::new() || text.trim().is_empty() {
        return out.push_str(text);
    }
    let _ = write!(out, "{style}{text}{style:#}");
}

// === impl Label ===

impl Label {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Label::Plain => Style::new(),
            Label::Good => colour(AnsiColor::Green).bold(),
            Label::Bad | Label::Error => colour(AnsiColor::Red).bold(),
            Label::Open | Label::Warning => colour(AnsiColor::Yellow).bold(),
            Label::Name => Style::new().bold(),
            Label::Place => colour(AnsiColor::Blue),
            Label::Dim | Label::Form => Style::new().dimmed(),
            Label::Hint => colour(AnsiColor::Green),
            Label::Command => colour(AnsiColor::Cyan),
            Label::Opens => colour(AnsiColor::Yellow).bold(),
            Label::Closes => colour(AnsiColor::Cyan).bold(),
        }
    }
}
