//! Rows of columns, and what of them a narrow screen shows.

use std::fmt::Write as _;

use super::{Screen, Text, trim};
use crate::style::{Label, paint};

/// Below so many columns a row that does not fit loses its entry in the article's form: the rule and
/// the line say the same.
const ROOM_FOR_FORMS: usize = 120;

/// How much of a screen must be left for text that goes on below itself.
const LEAST: usize = 24;

// === impl Screen ===

impl Screen {
    pub(super) fn rows(&self, indent: usize, gap: usize, rows: &[Vec<Text>], out: &mut String) {
        let mut layout = Layout::of(self, indent, gap, rows);
        let short: Vec<Vec<Text>>;
        let mut rows = rows;
        if self.width.is_some_and(|width| width < ROOM_FOR_FORMS && width < layout.whole) {
            let row = |row: &Vec<Text>| row.iter().map(Text::without_forms).collect();
            short = rows.iter().map(row).collect();
            rows = &short;
            layout = Layout::of(self, indent, gap, rows);
        }
        let columns = layout.widths.len();
        let fold = columns > 2 && self.width.is_some_and(|width| width < layout.whole);
        for row in rows {
            self.row(&layout, row, fold && row.len() == columns, out);
        }
    }

    fn row(&self, layout: &Layout, row: &[Text], fold: bool, out: &mut String) {
        let Layout { indent, gap, widths, .. } = layout;
        let mut pad = *indent;
        let mut column = 0;
        for (i, cell) in row.iter().enumerate() {
            let below = indent + widths.first().unwrap_or(&0) + gap;
            if fold && i + 1 == row.len() {
                if cell.is_empty() {
                    break;
                }
                trim(out);
                let _ = write!(out, "\n{:below$}", "");
                (pad, column) = (0, below);
            }
            let _ = write!(out, "{:pad$}", "");
            column += pad;
            let wide = cell.width(self);
            let last = i + 1 == row.len() || fold && i + 2 == row.len();
            match self.width {
                Some(width) if last && column + wide > width => {
                    let hang = if column + LEAST <= width { column } else { below.min(indent + 4) };
                    self.broken(cell, column, hang, width, out);
                }
                _ => cell.paint(self, out),
            }
            pad = widths[i].saturating_sub(wide) + gap;
            column += wide;
        }
        trim(out);
        out.push('\n');
    }

    /// Text that goes on in the next line, below where it began, wherever a word would not fit.
    fn broken(&self, text: &Text, mut column: usize, hang: usize, width: usize, out: &mut String) {
        for (gap, word) in words(text) {
            let wide = word.width(self);
            if column > hang && column + gap + wide > width {
                trim(out);
                let _ = write!(out, "\n{:hang$}", "");
                column = hang;
            } else {
                let _ = write!(out, "{:gap$}", "");
                column += gap;
            }
            for (label, part) in &word.spans {
                paint(*label, &self.shown(part), self.color, out);
            }
            column += wide;
        }
    }
}

/// The words of a text, each with the number of spaces before it; parts of a word can differ in
/// meaning.
fn words(text: &Text) -> Vec<(usize, Text)> {
    let mut words: Vec<(usize, Text)> = vec![];
    let mut gap = 0;
    let mut inside = false;
    for (label, span) in &text.spans {
        for (i, part) in span.split(' ').enumerate() {
            if i > 0 {
                gap += 1;
                inside = false;
            }
            if part.is_empty() {
                continue;
            }
            match words.last_mut().filter(|_| inside) {
                Some((_, word)) => word.spans.push((*label, part.to_owned())),
                None => words.push((gap, Text::new().with(*label, part))),
            }
            (gap, inside) = (0, true);
        }
    }
    words
}

/// How wide columns are.
struct Layout {
    indent: usize,
    gap: usize,
    widths: Vec<usize>,
    /// All of them beside each other.
    whole: usize,
}

// === impl Layout ===

impl Layout {
    fn of(screen: &Screen, indent: usize, gap: usize, rows: &[Vec<Text>]) -> Layout {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; columns];
        for row in rows {
            for (i, cell) in row.iter().enumerate() {
                // A last cell needs no room for what would follow.
                if i + 1 < row.len() || row.len() == columns {
                    widths[i] = widths[i].max(cell.width(screen));
                }
            }
        }
        let last = columns.saturating_sub(1);
        let before: usize = indent + widths[..last].iter().map(|width| width + gap).sum::<usize>();
        let whole = before + widths.last().unwrap_or(&0);
        Layout { indent, gap, widths, whole }
    }
}

// === impl Text ===

impl Text {
    /// The text without entries in the article's form, unless it says nothing else.
    fn without_forms(&self) -> Text {
        let rest = self.spans.iter().filter(|(label, _)| *label != Label::Form);
        let rest = Text { spans: rest.cloned().collect() };
        if rest.is_empty() { self.clone() } else { rest }
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, Screen, Text};
    use crate::page::Page;

    fn shown(width: usize, row: Vec<Text>) -> String {
        let mut page = Page::new();
        page.rows(2, vec![row]);
        page.render(&Screen { width: Some(width), ..Screen::PIPE })
    }

    #[test]
    fn a_narrow_screen_has_no_room_for_forms_and_breaks_between_words() {
        let row = || {
            let why =
                Text::new().with(Label::Dim, "F3 ").with(Label::Form, "[* * * * Forward(n1)]");
            let why = why.plain(" ").with(Label::Place, "a.yaml:1");
            vec!["○ pod web".into(), "forwards to n1, which hosts it".into(), why]
        };
        let all =
            "  ○ pod web  forwards to n1, which hosts it  F3 [* * * * Forward(n1)] a.yaml:1\n";
        assert_eq!(shown(80, row()), all);
        let fits = "  ○ pod web  forwards to n1, which hosts it  F3  a.yaml:1\n";
        assert_eq!(shown(60, row()), fits);
        let folded = "  ○ pod web  forwards to n1, which\n             hosts it\n             F3  a.yaml:1\n";
        assert_eq!(shown(37, row()), folded);
        // A wide screen keeps the form, below if it must.
        let path = "x".repeat(60);
        let long = vec!["n1".into(), Text::from(path), row().remove(2)];
        assert!(shown(80, long).contains("F3  a.yaml:1"));
    }

    #[test]
    fn parts_of_a_word_stay_together() {
        let says = Text::new().with(Label::Bad, "egress dropped").plain(": no rule allows it");
        assert_eq!(
            shown(34, vec!["n1".into(), says]),
            "  n1  egress dropped: no rule\n      allows it\n"
        );
    }
}
