//! Pages: text with meaning, laid out for a screen.
//!
//! Printers say what a word means ([`Label`]), never how it looks; what labels and signs look like
//! on a screen is decided here, in one place.

mod excerpt;
mod flow;
mod lists;
mod rows;

use std::fmt::Write as _;
use std::io;

use fibula_source::Snippet;
use unicode_width::UnicodeWidthStr;

use crate::style::{Label, ascii, paint};

/// What a page is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// How many columns it has; none for a pipe or a file, where nothing wraps.
    pub width: Option<usize>,
    /// Whether it shows colours.
    pub color: bool,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
}

/// Some text, each part of it with its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    spans: Vec<(Label, String)>,
}

/// What is printed: blocks, one below the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Line(Text),
    Hanging { head: Text, text: String },
    Rows { indent: usize, gap: usize, rows: Vec<Vec<Text>> },
    Either { wide: Page, narrow: Page },
    Lists(Vec<[Vec<Text>; 2]>),
    Wrapped(String),
    Flow(Text, usize),
    Excerpt { snippet: Snippet, says: String, indent: usize },
}

/// Where the text of a paragraph begins, behind its word.
const PARAGRAPH: usize = 9;
/// How far to the right text hangs at most.
const MOST_HANGING: usize = 24;
// === impl Screen ===

impl Screen {
    /// A pipe or a file: nothing wraps, no colours.
    pub const PIPE: Screen = Screen { width: None, color: false, unicode: true };
}

// === impl Text ===

impl Text {
    /// No text.
    pub fn new() -> Text {
        Text::default()
    }

    /// The text, and some more with a meaning.
    #[must_use]
    pub fn with(mut self, label: Label, more: impl Into<String>) -> Text {
        self.spans.push((label, more.into()));
        self
    }

    /// The text, and some more.
    #[must_use]
    pub fn plain(self, more: impl Into<String>) -> Text {
        self.with(Label::Plain, more)
    }

    /// The text, and another.
    #[must_use]
    pub fn then(mut self, other: Text) -> Text {
        self.spans.extend(other.spans);
        self
    }

    /// Its first part, and what follows as words without a meaning.
    pub(crate) fn split_first(mut self) -> (Text, String) {
        let rest = self.spans.split_off(self.spans.len().min(1));
        (self, rest.into_iter().map(|(_, text)| text).collect())
    }

    /// What it says, without its meaning.
    pub(crate) fn words(&self) -> String {
        self.spans.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Whether it is said beside the point, and no name.
    pub(crate) fn is_note(&self) -> bool {
        let first = self.spans.iter().find(|(_, text)| !text.is_empty());
        first.is_some_and(|(label, _)| matches!(label, Label::Dim | Label::Open))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.spans.iter().all(|(_, text)| text.is_empty())
    }

    pub(crate) fn width(&self, screen: &Screen) -> usize {
        self.spans.iter().map(|(_, text)| screen.shown(text).width()).sum()
    }

    fn paint(&self, screen: &Screen, out: &mut String) {
        for (label, text) in &self.spans {
            paint(*label, &screen.shown(text), screen.color, out);
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::new().plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::new().plain(text)
    }
}

// === impl Page ===

impl Page {
    /// An empty page.
    pub fn new() -> Page {
        Page::default()
    }

    /// Adds a line.
    pub fn line(&mut self, text: impl Into<Text>) {
        self.blocks.push(Block::Line(text.into()));
    }

    /// Adds an empty line.
    pub fn blank(&mut self) {
        self.line(Text::new());
    }

    /// Adds a paragraph behind a dim word, broken between words where the screen is narrow.
    pub fn paragraph(&mut self, word: &str, text: &str) {
        let head = Text::new().with(Label::Dim, format!("{word:<width$}", width = PARAGRAPH - 2));
        self.hanging(head, text);
    }

    /// Adds text that hangs behind a head, broken between words where the screen is narrow.
    pub(crate) fn hanging(&mut self, head: Text, text: &str) {
        self.blocks.push(Block::Hanging { head, text: text.to_owned() });
    }

    /// Adds text that begins at the left, broken between words where the screen is narrow.
    pub(crate) fn wrapped(&mut self, text: &str) {
        self.blocks.push(Block::Wrapped(text.to_owned()));
    }

    /// Adds text that goes on, between words, `hang` from the left where the screen is narrow.
    pub(crate) fn flow(&mut self, text: Text, hang: usize) {
        self.blocks.push(Block::Flow(text, hang));
    }

    /// Adds lines of a file, so far from the left, with a caret that says something.
    pub(crate) fn excerpt(&mut self, snippet: Snippet, says: &str, indent: usize) {
        self.blocks.push(Block::Excerpt { snippet, says: says.to_owned(), indent });
    }

    /// Adds text behind a head, broken between words where the screen is narrow, and then below
    /// where it began.
    pub(crate) fn headed(&mut self, head: Text, text: Text) {
        self.blocks.push(Block::Rows { indent: 0, gap: 1, rows: vec![vec![head, text]] });
    }

    /// Adds text behind a head, and a hint far behind both, or below where the screen is narrow.
    pub(crate) fn hinted(&mut self, head: Text, text: Text, hint: Option<&str>) {
        let Some(hint) = hint else { return self.headed(head, text) };
        let hint = Text::new().with(Label::Hint, hint);
        let (mut wide, mut narrow) = (Page::new(), Page::new());
        wide.line(head.clone().plain(" ").then(text.clone()).plain("      ").then(hint.clone()));
        let below = vec![vec![head, text], vec![Text::new(), hint]];
        narrow.blocks.push(Block::Rows { indent: 0, gap: 1, rows: below });
        self.either(wide, narrow);
    }

    /// Adds rows of columns that stand below each other, `indent` from the left and two apart.
    /// Where they do not fit, entries in the article's form are left out of a narrow screen, the last
    /// column goes below the others, and what is still too long goes on in the next line.
    pub fn rows(&mut self, indent: usize, rows: Vec<Vec<Text>>) {
        self.blocks.push(Block::Rows { indent, gap: 2, rows });
    }

    /// Adds rows of two lists: the items of the first have commas between them, those of the second
    /// stand apart. Where they do not fit, lists go on below themselves, between items.
    pub(crate) fn lists(&mut self, rows: Vec<[Vec<Text>; 2]>) {
        self.blocks.push(Block::Lists(rows));
    }

    /// Adds the first page where the screen is wide enough for it, else the second.
    pub(crate) fn either(&mut self, wide: Page, narrow: Page) {
        self.blocks.push(Block::Either { wide, narrow });
    }

    /// Adds two parts of a text on one line where the screen is wide enough, else on two.
    pub(crate) fn sentence(&mut self, first: &Text, second: Text) {
        let (mut wide, mut narrow) = (Page::new(), Page::new());
        wide.line(first.clone().plain(" ").then(second.clone()));
        narrow.line(first.clone());
        narrow.line(second);
        self.either(wide, narrow);
    }

    /// Whether nothing is on it.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Adds the blocks of another page.
    pub fn append(&mut self, other: Page) {
        self.blocks.extend(other.blocks);
    }

    /// Prints it.
    ///
    /// # Errors
    ///
    /// What writing gives, such as a pipe that nobody reads any more.
    pub fn print(&self, screen: &Screen, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.render(screen).as_bytes())
    }

    /// The page as it is printed.
    pub fn render(&self, screen: &Screen) -> String {
        let mut out = String::new();
        for block in &self.blocks {
            match block {
                Block::Line(text) => {
                    text.paint(screen, &mut out);
                    trim(&mut out);
                    out.push('\n');
                }
                Block::Hanging { head, text } => screen.hanging(head, text, &mut out),
                Block::Rows { indent, gap, rows } => {
                    screen.rows(*indent, *gap, rows, &mut out);
                }
                Block::Lists(rows) => lists::print(screen, rows, &mut out),
                Block::Flow(text, hang) => flow::print(screen, text, *hang, &mut out),
                Block::Excerpt { snippet, says, indent } => {
                    excerpt::print(screen, snippet, says, *indent, &mut out);
                }
                Block::Wrapped(text) => screen.wrapped(text, &mut out),
                Block::Either { wide, narrow } => {
                    let plain = wide.render(&Screen { color: false, ..*screen });
                    let fits = screen
                        .width
                        .is_none_or(|width| plain.lines().all(|line| line.width() <= width));
                    out.push_str(&if fits { wide } else { narrow }.render(screen));
                }
            }
        }
        out
    }
}

// === impl Screen ===

impl Screen {
    fn shown(&self, text: &str) -> String {
        // What names hold must not speak to the terminal.
        let text: String = match text.contains(char::is_control) {
            true => text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
            false => text.to_owned(),
        };
        if self.unicode { text } else { ascii(&text) }
    }

    fn hanging(&self, head: &Text, text: &str, out: &mut String) {
        head.paint(self, out);
        let hang = (head.width(self) + 2).min(MOST_HANGING);
        let mut column = head.width(self) + 2;
        out.push_str("  ");
        for (i, word) in self.shown(text).split(' ').enumerate() {
            if i > 0 && self.width.is_some_and(|width| column + 1 + word.width() > width) {
                let _ = write!(out, "\n{:hang$}", "");
                column = hang;
            } else if i > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += word.width();
        }
        out.push('\n');
    }

    fn wrapped(&self, text: &str, out: &mut String) {
        let mut column = 0;
        for (i, word) in self.shown(text).split(' ').enumerate() {
            let fits = self.width.is_none_or(|width| column + 1 + word.width() <= width);
            if i > 0 {
                out.push(if fits { ' ' } else { '\n' });
                column = if fits { column + 1 } else { 0 };
            }
            out.push_str(word);
            column += word.width();
        }
        out.push('\n');
    }
}

/// Removes the spaces at the end of the last line.
fn trim(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(screen: Screen) -> String {
        let mut page = Page::new();
        let row = |a: &str, b: &str, c: &str| vec![a.into(), b.into(), c.into()];
        page.rows(2, vec![row("● web", "sends", "a.yaml:1"), row("○ n1", "forwards to n2", "F5")]);
        page.render(&screen)
    }

    #[test]
    fn columns_stand_below_each_other() {
        let wide = Screen { width: Some(120), ..Screen::PIPE };
        let expected = "  ● web  sends           a.yaml:1\n  ○ n1   forwards to n2  F5\n";
        assert_eq!(rows(wide), expected);
        assert_eq!(rows(Screen::PIPE), expected);
    }

    #[test]
    fn where_they_do_not_fit_the_third_goes_below_the_second() {
        let narrow = Screen { width: Some(30), ..Screen::PIPE };
        let expected = "  ● web  sends\n         a.yaml:1\n  ○ n1   forwards to n2\n         F5\n";
        assert_eq!(rows(narrow), expected);
    }

    #[test]
    fn signs_have_ascii_twins() {
        let plain = Screen { unicode: false, ..Screen::PIPE };
        assert_eq!(rows(plain), "  * web  sends           a.yaml:1\n  o n1   forwards to n2  F5\n");
    }
}
