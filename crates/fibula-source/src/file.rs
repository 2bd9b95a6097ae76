//! One input file in memory, and its lines.

use std::ops::Range;
use std::sync::OnceLock;

use crate::refusal::{Caret, Refusal, Snippet};

/// Lines are counted in blocks of this many bytes, once, when the first position is asked for.
const BLOCK: usize = 1 << 16;

/// The longest line that a snippet shows whole, in characters.
const WIDE: usize = 160;

/// How many places that are no UTF-8 are told apart.
const MOST_BROKEN: usize = 100_000;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct File {
    /// As the user named it.
    pub(crate) name: String,
    /// What it holds. Bytes that are not UTF-8 are replaced by `?`, one by one.
    pub(crate) text: String,
    /// Whether it was found in a folder: it need not be for us, then.
    pub(crate) found: bool,
    /// Ranges of bytes that were replaced, and the first byte that stood there.
    broken: Vec<(Range<usize>, u8)>,
    /// Line breaks before each block.
    breaks: OnceLock<Vec<usize>>,
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
        File { name, text, found, broken, breaks: OnceLock::new() }
    }

    /// YAML or JSON, by name and first bytes: `{` and a quote begin JSON in a file of any name, but
    /// for a stream of YAML documents, of which only the first may look like that.
    pub(crate) fn format(&self) -> Format {
        let mut bytes =
            self.text[self.start()..].bytes().filter(|byte| !byte.is_ascii_whitespace());
        let json = match (bytes.next(), bytes.next()) {
            _ if self.name.trim_end_matches(".gz").ends_with(".json") => true,
            (Some(b'{'), Some(b'"' | b'}')) => {
                memchr::memmem::find(self.text.as_bytes(), b"\n---").is_none()
            }
            _ => false,
        };
        if json { Format::Json } else { Format::Yaml }
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
        (line, 1 + self.text[self.line_start(at)..at].chars().count())
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
        let (line, column) = self.line_column(start);
        let mut first = self.line_start(start);
        let mut first_line = line;
        while first_line > 1 && first_line + before > line {
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
