//! The block style that kubectl, Helm and kustomize write, in one pass.
//!
//! Ten times as fast as all of YAML. Whatever it does not surely understand it leaves to saphyr,
//! whole: anchors, tags, folded and multi-line scalars, tabs, flow over several lines, and every
//! error. What it takes, it takes as saphyr would, event for event; a property test holds it to
//! that.

mod scalars;

use std::borrow::Cow;

use self::scalars::printable;
use super::{Builder, Event, Style, What};

/// The longest key: YAML allows 1,024 characters before the colon.
const MAX_KEY: usize = 1000;

/// The events of one document, or `None` where this is no text for this scanner.
pub(super) fn scan(text: &str) -> Option<Vec<Event<'_>>> {
    let bytes = text.as_bytes();
    // Other line breaks and byte order marks are rare: one look at the whole text pays.
    if memchr::memchr3(b'\r', b'\t', 0, bytes).is_some() || text.contains('\u{feff}') {
        return None;
    }
    let mut scan = Scan { text, bytes, at: 0, out: Builder::new(text.len()), blocks: Vec::new() };
    let mut open = Open::Root;
    while let Some(column) = scan.line() {
        open = scan.content(column, open)?;
    }
    match open {
        Open::Root => return Some(Vec::new()),
        Open::Value | Open::Item => scan.out.absent(),
        Open::None => {}
    }
    while scan.blocks.pop().is_some() {
        scan.out.close_block();
    }
    Some(scan.out.events)
}

/// What the next content belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// The document: nothing was read yet.
    Root,
    /// The key before it, in the innermost mapping.
    Value,
    /// The dash before it, in the innermost sequence.
    Item,
    /// Nothing: an entry of some block begins.
    None,
}

/// A block collection that has begun.
#[derive(Clone, Copy)]
struct Block {
    column: usize,
    sequence: bool,
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    out: Builder<'a>,
    blocks: Vec<Block>,
}

impl<'a> Scan<'a> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn line_end(&self) -> usize {
        let rest = &self.bytes[self.at..];
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |length| self.at + length)
    }

    fn skip_spaces(&mut self) {
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    /// Goes to the first byte of the next line that has content, and returns its column.
    fn line(&mut self) -> Option<usize> {
        while self.at < self.bytes.len() {
            let start = self.at;
            self.skip_spaces();
            match self.bytes.get(self.at)? {
                b'\n' => self.at += 1,
                b'#' => self.at = self.line_end() + 1,
                _ => return Some(self.at - start),
            }
        }
        None
    }

    /// Whether a dash stands here that begins an item.
    fn dash(&self) -> bool {
        self.byte(self.at) == b'-' && matches!(self.byte(self.at + 1), b' ' | b'\n')
    }

    /// Reads one line, and a literal block that it begins.
    fn content(&mut self, column: usize, mut open: Open) -> Option<Open> {
        if column == 0 && matches!(self.bytes.get(self.at..self.at + 3), Some(b"---" | b"...")) {
            return None;
        }
        let nested = match (open, self.blocks.last()) {
            (Open::Root, _) => true,
            (Open::Value, Some(block)) => {
                column > block.column || column == block.column && self.dash()
            }
            (Open::Item, Some(block)) => column > block.column,
            _ => false,
        };
        if !nested {
            if open != Open::None {
                self.out.absent();
            }
            open = Open::None;
            self.leave(column)?;
        }
        self.entry(column, open)
    }

    /// Ends the blocks that a line at `column` does not belong to.
    fn leave(&mut self, column: usize) -> Option<()> {
        while let Some(block) = self.blocks.last() {
            if block.column == column && block.sequence == self.dash() {
                return Some(());
            }
            if block.column < column || block.column == column && !block.sequence {
                return None;
            }
            self.blocks.pop();
            self.out.close_block();
        }
        None
    }

    /// Reads dashes, a key and a scalar, as far as this line has them.
    fn entry(&mut self, mut column: usize, mut open: Open) -> Option<Open> {
        while self.dash() {
            if open != Open::None {
                self.begin(self.at, column, true)?;
            }
            self.at += 1;
            let dash = self.at;
            if self.blank()? {
                return Some(Open::Item);
            }
            column += 1 + self.at - dash;
            open = Open::Item;
        }
        let start = self.at;
        let (value, style) = match self.byte(self.at) {
            b'"' => (self.double()?, Style::Text),
            b'\'' => (self.single()?, Style::Text),
            b'{' | b'[' | b'|' if open != Open::None && open != Open::Root => {
                return self.scalar();
            }
            _ => (self.plain(false)?, Style::Plain),
        };
        if self.byte(self.at) != b':' || !matches!(self.byte(self.at + 1), b' ' | b'\n') {
            // A scalar of its own: an item, or a value on the line below its key.
            if matches!(open, Open::None | Open::Root) {
                return None;
            }
            self.out.scalar(value, style, start, self.at);
            return self.blank()?.then_some(Open::None);
        }
        if self.at - start > MAX_KEY {
            return None;
        }
        if open != Open::None {
            self.begin(start, column, false)?;
        }
        self.out.scalar(value, style, start, self.at);
        self.at += 1;
        if self.blank()? { Some(Open::Value) } else { self.scalar() }
    }

    fn begin(&mut self, at: usize, column: usize, sequence: bool) -> Option<()> {
        if sequence {
            self.out.open_block().ok()?;
        } else {
            self.out.open(What::Map, at, at).ok()?;
        }
        self.blocks.push(Block { column, sequence });
        Some(())
    }

    /// Reads a value that begins on this line.
    fn scalar(&mut self) -> Option<Open> {
        match self.byte(self.at) {
            b'|' => return self.literal(),
            b'{' | b'[' => self.flow(0)?,
            _ => self.leaf(false)?,
        }
        self.blank()?.then_some(Open::None)
    }

    /// Reads a quoted or plain scalar and adds it.
    fn leaf(&mut self, flow: bool) -> Option<()> {
        let start = self.at;
        let (value, style) = match self.byte(self.at) {
            b'"' => (self.double()?, Style::Text),
            b'\'' => (self.single()?, Style::Text),
            _ => (self.plain(flow)?, Style::Plain),
        };
        self.out.scalar(value, style, start, self.at);
        Some(())
    }

    /// Goes to the next thing on this line: true where there is none and the line is done.
    fn blank(&mut self) -> Option<bool> {
        let start = self.at;
        self.skip_spaces();
        match self.bytes.get(self.at) {
            None => Some(true),
            Some(b'\n') => {
                self.at += 1;
                Some(true)
            }
            Some(b'#') if self.at == start => None,
            Some(b'#') => {
                self.at = (self.line_end() + 1).min(self.bytes.len());
                Some(true)
            }
            Some(_) => Some(false),
        }
    }

    /// A literal block: `|`, `|-` or `|+`, its indentation given by its first line.
    fn literal(&mut self) -> Option<Open> {
        let parent = self.blocks.last()?.column;
        self.at += 1;
        let chomp = self.byte(self.at);
        if matches!(chomp, b'-' | b'+') {
            self.at += 1;
        }
        if !self.blank()? {
            return None;
        }
        let mut value = String::new();
        let mut indent = None;
        let (mut start, mut end) = (self.at, self.at);
        while self.at < self.bytes.len() {
            let line = self.at;
            let stop = self.line_end();
            self.skip_spaces();
            let column = self.at - line;
            if self.at == stop {
                // What is blank before the first line says how far that may be indented, and what
                // is blank at the end is chomped: both are left to saphyr when in doubt.
                if column > indent.unwrap_or(0) {
                    return None;
                }
                value.push('\n');
            } else {
                if indent.is_none() {
                    start = self.at;
                }
                let indent = *indent.get_or_insert(column);
                if indent <= parent || column < indent {
                    if column > parent {
                        return None;
                    }
                    self.at = line;
                    break;
                }
                if stop == self.bytes.len() {
                    return None;
                }
                let text = &self.text[line + indent..stop];
                printable(text)?;
                value.push_str(text);
                value.push('\n');
                end = line + indent + text.trim_ascii_end().len();
            }
            self.at = stop + 1;
        }
        indent?;
        self.at = self.at.min(self.bytes.len());
        let kept = value.trim_end_matches('\n').len();
        match chomp {
            b'-' => value.truncate(kept),
            b'+' => return None,
            _ => value.truncate(kept + 1),
        }
        if kept == 0 {
            return None;
        }
        self.out.scalar(Cow::Owned(value), Style::Text, start, end);
        Some(Open::None)
    }

    /// A flow collection on one line.
    fn flow(&mut self, depth: usize) -> Option<()> {
        if depth > 16 {
            return None;
        }
        let map = self.byte(self.at) == b'{';
        let close = if map { b'}' } else { b']' };
        let what = if map { What::Map } else { What::Seq };
        self.out.open(what, self.at, self.at + 1).ok()?;
        self.at += 1;
        self.skip_spaces();
        while self.byte(self.at) != close {
            if map {
                self.leaf(true)?;
                if self.byte(self.at) != b':' || self.byte(self.at + 1) != b' ' {
                    return None;
                }
                self.at += 1;
                self.skip_spaces();
            }
            match self.byte(self.at) {
                b'{' | b'[' => self.flow(depth + 1)?,
                _ => self.leaf(true)?,
            }
            self.skip_spaces();
            match self.byte(self.at) {
                b',' => self.at += 1,
                byte if byte == close => break,
                _ => return None,
            }
            self.skip_spaces();
        }
        self.out.close(self.at, self.at + 1);
        self.at += 1;
        Some(())
    }
}
