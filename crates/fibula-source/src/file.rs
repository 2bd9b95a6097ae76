//! One input file in memory, and its lines.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::home::{Home, Part};
use crate::refusal::{Caret, Refusal, Snippet};

/// Lines are counted in blocks of this many bytes, once, when the first position is asked for.
const BLOCK: usize = 1 << 16;

/// The longest line that a snippet shows whole, in characters.
const WIDE: usize = 160;

/// How many places that are no UTF-8 are told apart.
const MOST_BROKEN: usize = 100_000;

/// How much of a text that is not kept is read again around what is looked for.
const AROUND: usize = 1 << 12;

/// A file that was read, or a part of it.
#[derive(Debug)]
pub(crate) struct File {
    /// As the user named it.
    pub(crate) name: String,
    /// What it holds. Bytes that are not UTF-8 are replaced by `?`, one by one.
    pub(crate) text: String,
    /// Whether it was found in a folder: it need not be for us, then.
    pub(crate) found: bool,
    /// Whether it is no file that people could open.
    pub(crate) live: bool,
    /// Whether it can be written: a file, and not a compressed one.
    pub(crate) editable: bool,
    /// Ranges of bytes that were replaced, and the first byte that stood there.
    pub(crate) broken: Vec<(Range<usize>, u8)>,
    /// Line breaks before each block.
    breaks: OnceLock<Vec<usize>>,
    /// Where it begins in the file, if it is a part of one.
    part: Part,
    /// Where the text is found again, if it is not kept.
    left: Option<Left>,
}

/// A file with the text that is asked for.
pub(crate) enum Around<'a> {
    /// It was kept.
    Kept(&'a File),
    /// A part of it was read again.
    Again(Box<File>),
}

impl std::ops::Deref for Around<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Around::Kept(file) => file,
            Around::Again(file) => file,
        }
    }
}

/// A text that is not kept.
#[derive(Debug)]
struct Left {
    home: Arc<Home>,
    /// Where each block begins.
    blocks: Vec<Part>,
    length: usize,
}

/// The format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// YAML, in documents.
    Yaml,
    /// JSON values one after another.
    Json,
}

impl File {
    /// Takes bytes as text. What is not UTF-8 stays the same number of bytes.
    pub(crate) fn new(name: String, bytes: Vec<u8>, found: bool) -> Self {
        let mut broken = Vec::new();
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let mut bytes = error.into_bytes();
            let mut at = 0;
            while let Err(error) = std::str::from_utf8(&bytes[at..]) {
                let start = at + error.valid_up_to();
                let end = error.error_len().map_or(bytes.len(), |length| start + length);
                if broken.len() < MOST_BROKEN {
                    broken.push((start..end, bytes[start]));
                } else if let Some((last, _)) = broken.last_mut() {
                    // No text at all: what follows is not worth telling apart.
                    last.end = end;
                }
                bytes[start..end].fill(b'?');
                at = end;
            }
            String::from_utf8(bytes).unwrap_or_default()
        });
        let (breaks, part) = (OnceLock::new(), Part::default());
        File { name, text, found, live: false, editable: false, broken, breaks, part, left: None }
    }

    /// The same file, if it is no file that people could open.
    pub(crate) fn live(self, live: bool) -> Self {
        File { live, ..self }
    }

    /// A part of a file, which begins there.
    pub(crate) fn part(name: String, text: String, found: bool, part: Part) -> Self {
        File { part, ..File::new(name, text.into_bytes(), found) }
    }

    /// Where what comes behind it begins.
    pub(crate) fn behind(&self) -> Part {
        self.part.behind(&self.text)
    }

    /// The same without its text, which is found again at home.
    pub(crate) fn left_at(self, home: &Arc<Home>) -> Self {
        let mut part = self.part;
        let mut blocks = vec![part];
        let mut from = 0;
        while from < self.text.len() {
            let to = self.floor(from + BLOCK);
            part = part.behind(&self.text[from..to]);
            blocks.push(part);
            from = to;
        }
        let left = Some(Left { home: Arc::clone(home), blocks, length: self.text.len() });
        File { text: String::new(), broken: vec![], breaks: OnceLock::new(), left, ..self }
    }

    /// The file with the text of a range and some around it, and where in the text the range is.
    /// Nothing where the text is not found again.
    pub(crate) fn around(&self, range: &Range<usize>) -> Option<(Around<'_>, Range<usize>)> {
        let Some(Left { home, blocks, length }) = &self.left else {
            return Some((Around::Kept(self), range.clone()));
        };
        let first = self.part.at + range.start.saturating_sub(AROUND);
        let block = blocks.partition_point(|block| block.at <= first).checked_sub(1)?;
        let part = *blocks.get(block)?;
        let end = (range.end + AROUND).min(*length) + self.part.at;
        let bytes = home.read(part.at as u64..end as u64).ok()?;
        // The end may stand within a character.
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(valid);
                String::from_utf8(bytes).ok()?
            }
        };
        let shift = part.at - self.part.at;
        let file = File::part(self.name.clone(), text, self.found, part);
        Some((Around::Again(Box::new(file)), range.start - shift..range.end - shift))
    }

    /// Where a byte of the text stands in the file.
    pub(crate) fn whole(&self, at: usize) -> usize {
        self.part.at + at
    }

    /// YAML or JSON, by name and first bytes: `{` and a quote begin JSON in a file of any name, but
    /// for a stream of YAML documents, of which only the first may look like that.
    pub(crate) fn format(&self) -> Format {
        format_of(&self.name, &self.text[self.start()..])
    }

    /// The first byte after a byte order mark.
    pub(crate) fn start(&self) -> usize {
        if self.text.starts_with('\u{feff}') { 3 } else { 0 }
    }

    /// The line and column of a byte, both from 1; the column in characters. Costs a scan of at
    /// most 64 KiB, and of the whole file the first time.
    pub(crate) fn line_column(&self, at: usize) -> (usize, usize) {
        let at = self.floor(at);
        let bytes = self.text.as_bytes();
        let breaks = self.breaks.get_or_init(|| {
            let counts = bytes.chunks(BLOCK).scan(0, |total, block| {
                let before = *total;
                *total += memchr::memchr_iter(b'\n', block).count();
                Some(before)
            });
            counts.collect()
        });
        let block = (at / BLOCK).min(breaks.len().saturating_sub(1));
        let before = breaks.get(block).copied().unwrap_or(0);
        let line = 1 + before + memchr::memchr_iter(b'\n', &bytes[block * BLOCK..at]).count();
        let column = 1 + self.text[self.line_start(at)..at].chars().count();
        let before = if line == 1 { self.part.column } else { 0 };
        (self.part.lines + line, before + column)
    }

    /// The first byte of the line of a byte.
    pub(crate) fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', &self.text.as_bytes()[..at]).map_or(0, |end| end + 1)
    }

    /// The byte after the last of the line of a byte, without the line break.
    pub(crate) fn line_end(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        memchr::memchr(b'\n', rest).map_or(self.text.len(), |length| at + length)
    }

    /// What of a range is no UTF-8: the first of it.
    pub(crate) fn broken(&self, range: &Range<usize>) -> Option<Refusal> {
        let next = self.broken.partition_point(|(broken, _)| broken.end <= range.start);
        let (broken, byte) = self.broken.get(next).filter(|(b, _)| b.start < range.end)?;
        let refusal = Refusal::at(self, broken.clone(), "UTF-8 text");
        Some(refusal.got(&format!("the byte 0x{byte:02X}")))
    }

    /// The first byte of the character that a byte belongs to.
    pub(crate) fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The lines around a range of bytes: two before, one after. Long lines are cut on both sides
    /// of what they are shown for.
    pub(crate) fn snippet(&self, span: Range<usize>) -> Snippet {
        self.lines_around(span, 2, 1)
    }

    /// The line of a span with so many before and after it, which points at the span.
    pub(crate) fn lines_around(&self, span: Range<usize>, before: usize, after: usize) -> Snippet {
        let start = self.floor(span.start);
        let end = self.floor(span.end).max(start);
        let (line, mut column) = self.line_column(start);
        let mut first = self.line_start(start);
        // Of a line that begins before this part the rest is shown.
        if first == 0 {
            column -= self.part.column;
        }
        let mut first_line = line;
        while first > 0 && first_line + before > line {
            first = self.line_start(first - 1);
            first_line -= 1;
        }
        let length = self.text[start..end.min(self.line_end(start))].chars().count().max(1);
        let mut caret = Caret { line, column, length };
        let mut lines = Vec::new();
        let mut at = first;
        for number in first_line..=line + after {
            let end = self.line_end(at);
            let text = self.text[at..end].trim_end_matches('\r');
            if number == line {
                lines.push(cut(text, &mut caret));
            } else {
                lines.push(text.chars().take(WIDE).collect());
            }
            if end == self.text.len() {
                break;
            }
            at = end + 1;
        }
        if lines.len() > line + 1 - first_line && lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        Snippet { first_line, lines, caret }
    }
}

/// YAML or JSON, by name and text.
pub(crate) fn format_of(name: &str, text: &str) -> Format {
    let mut bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let json = match (bytes.next(), bytes.next()) {
        _ if name.trim_end_matches(".gz").ends_with(".json") => true,
        (Some(b'{'), Some(b'"' | b'}')) => {
            memchr::memmem::find(text.as_bytes(), b"\n---").is_none()
        }
        _ => false,
    };
    if json { Format::Json } else { Format::Yaml }
}

/// A line, or the part of it around the caret, which moves along.
fn cut(text: &str, caret: &mut Caret) -> String {
    let wide = text.char_indices().nth(WIDE).is_some();
    if !wide {
        return text.to_owned();
    }
    let skip = (caret.column - 1).saturating_sub(WIDE / 2);
    let mut shown: String = text.chars().skip(skip).take(WIDE).collect();
    caret.length = caret.length.min(WIDE);
    if skip > 0 {
        shown.insert(0, '…');
        caret.column = caret.column - skip + 1;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::File;

    fn file(text: &str) -> File {
        File::new("f".to_owned(), text.as_bytes().to_vec(), false)
    }

    #[test]
    fn positions_are_lines_and_characters_from_one() {
        let text = format!("a\nbé c\n{}\nlast", "x".repeat(1 << 17));
        let file = file(&text);
        let table = [("a", (1, 1)), ("b", (2, 1)), ("c", (2, 4)), ("x", (3, 1)), ("last", (4, 1))];
        for (what, expected) in table {
            let at = text.find(what).expect("it is there");
            assert_eq!(file.line_column(at), expected, "{what}");
        }
        assert_eq!(file.line_column(usize::MAX), (4, 5));
    }

    #[test]
    fn a_snippet_shows_the_lines_around_and_a_caret() {
        let file = file("one\ntwo\nthree\nfour: 4\nfive\nsix\n");
        let snippet = file.snippet(20..21);
        assert_eq!(snippet.first_line, 2);
        assert_eq!(snippet.lines, ["two", "three", "four: 4", "five"]);
        assert_eq!((snippet.caret.line, snippet.caret.column, snippet.caret.length), (4, 7, 1));
    }

    #[test]
    fn a_long_line_is_cut_around_its_caret() {
        let text = format!("{}HERE{}", "a".repeat(100_000), "b".repeat(100_000));
        let snippet = file(&text).snippet(100_000..100_004);
        let line: Vec<char> = snippet.lines[0].chars().collect();
        let shown: String =
            line[snippet.caret.column - 1..][..snippet.caret.length].iter().collect();
        assert_eq!(shown, "HERE");
        assert!(line.len() < 200);
    }

    #[test]
    fn bytes_that_are_not_utf_8_keep_their_places() {
        let file = File::new("f".into(), b"ab\xff\xfecd\xc3".to_vec(), false);
        assert_eq!(file.text, "ab??cd?");
        assert_eq!(file.broken, [(2..3, 0xff), (3..4, 0xfe), (6..7, 0xc3)]);
    }
}
