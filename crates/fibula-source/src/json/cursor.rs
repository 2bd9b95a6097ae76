//! Where values begin and end in a text of JSON, without reading them.

use std::ops::Range;

use memchr::memmem;

use crate::objects::Type;

/// How the ends of a list's items are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Indentation,
    Brackets,
}

/// What a value says of itself.
pub(crate) struct Top<'a> {
    pub(crate) own: Type<'a>,
    /// Where its items stand, if it has a list of them.
    pub(crate) items: Option<Vec<Range<usize>>>,
    /// Whether it has an end.
    pub(crate) whole: bool,
}

/// Items of a list.
pub(crate) struct Found {
    pub(crate) ranges: Vec<Range<usize>>,
    /// Whether the list ends behind them.
    pub(crate) closed: bool,
}

/// Finds its way by brackets and quotes.
pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    pub(crate) by: By,
}

impl<'a> Cursor<'a> {
    /// Goes to the next byte that is no space; false at the end.
    pub(crate) fn space(&mut self) -> bool {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.at < self.bytes.len()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        if self.bytes.get(self.at) != Some(&byte) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Goes behind the string that begins here.
    fn string(&mut self) -> Option<Range<usize>> {
        self.eat(b'"')?;
        let start = self.at;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..)?)?;
            if self.bytes[self.at] == b'"' {
                self.at += 1;
                return Some(start..self.at - 1);
            }
            self.at += 2;
        }
    }

    /// Goes behind the value that begins here, and returns where that is.
    pub(crate) fn skip(&mut self) -> Option<usize> {
        self.space();
        match *self.bytes.get(self.at)? {
            b'"' => _ = self.string()?,
            b'{' => self.nested(b'{', b'}')?,
            b'[' => self.nested(b'[', b']')?,
            b'}' | b']' | b',' | b':' => return None,
            _ => {
                let rest = &self.bytes[self.at..];
                let ends = |&byte: &u8| byte.is_ascii_whitespace() || b",:{}[]\"".contains(&byte);
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
            }
        }
        Some(self.at)
    }

    /// Goes behind the bracket that closes the one that begins here. Brackets of the other kind
    /// decide nothing: they are whole in any value that is read.
    fn nested(&mut self, open: u8, close: u8) -> Option<()> {
        let mut depth = 0usize;
        loop {
            self.at += memchr::memchr3(b'"', open, close, self.bytes.get(self.at..)?)?;
            let byte = self.bytes[self.at];
            if byte == b'"' {
                self.string()?;
                continue;
            }
            self.at += 1;
            depth = if byte == open { depth + 1 } else { depth - 1 };
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// The type that an object's keys name. Where they come first, as everyone writes them, the
    /// rest is not looked at.
    pub(crate) fn head(&mut self, text: &'a str) -> Type<'a> {
        let mut head = Type::default();
        let _ = self.members(|cursor, key| {
            let field = match &text[key] {
                "apiVersion" => &mut head.api_version,
                "kind" => &mut head.kind,
                _ => return cursor.skip().map(|_| true),
            };
            cursor.space();
            if cursor.bytes.get(cursor.at) == Some(&b'"') {
                *field = Some(&text[cursor.string()?]);
            } else {
                cursor.skip()?;
            }
            Some(head.api_version.is_none() || head.kind.is_none())
        });
        head
    }

    /// Goes behind the value that begins here, and notes its type and items on the way. Where the
    /// text breaks off, what was found before.
    pub(crate) fn top(&mut self, text: &'a str) -> Top<'a> {
        let mut top = Top { own: Type::default(), items: None, whole: false };
        if self.bytes.get(self.at) != Some(&b'{') {
            top.whole = self.skip().is_some();
            return top;
        }
        let (own, items) = (&mut top.own, &mut top.items);
        let whole = self.members(|cursor, key| {
            cursor.space();
            let field = match (&text[key], cursor.bytes.get(cursor.at)) {
                ("apiVersion", Some(b'"')) => &mut own.api_version,
                ("kind", Some(b'"')) => &mut own.kind,
                ("items", Some(b'[')) => return cursor.items(items.insert(Vec::new())),
                _ => return cursor.skip().map(|_| true),
            };
            *field = Some(&text[cursor.string()?]);
            Some(true)
        });
        top.whole = whole.is_some();
        top
    }

    /// Goes into the list of items of the object that begins here, behind its bracket, and returns
    /// the type that the keys before it name. Nothing where there is none, or not yet.
    pub(crate) fn until_items(&mut self, text: &'a str) -> Option<Type<'a>> {
        let mut own = Type::default();
        let mut inside = false;
        let _ = self.members(|cursor, key| {
            cursor.space();
            let field = match (&text[key], cursor.bytes.get(cursor.at)) {
                ("apiVersion", Some(b'"')) => &mut own.api_version,
                ("kind", Some(b'"')) => &mut own.kind,
                ("items", Some(b'[')) => {
                    cursor.at += 1;
                    inside = true;
                    return Some(false);
                }
                _ => return cursor.skip().map(|_| true),
            };
            *field = Some(&text[cursor.string()?]);
            Some(true)
        });
        inside.then_some(own)
    }

    /// Notes the items of a list that surely end here, from behind its bracket or the comma after
    /// an item on, and goes behind the comma of the last, or before the bracket that closes the list.
    pub(crate) fn some_items(&mut self, first: bool) -> Found {
        let (mut close, mut ranges) = (None, vec![]);
        if first && self.space() && self.bytes[self.at] == b']' {
            return Found { ranges, closed: true };
        }
        let mut behind = self.at;
        while self.space() {
            let start = self.at;
            let skipped = match self.indentation() {
                Some(indent) => closing(&mut close, indent, &self.bytes[start..])
                    .map(|length| self.at += length),
                None => self.skip().map(drop),
            };
            let end = self.at;
            let next = skipped.and_then(|()| self.space().then(|| self.bytes[self.at]));
            match next {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    ranges.push(start..end);
                    return Found { ranges, closed: true };
                }
                _ => break,
            }
            ranges.push(start..end);
            behind = self.at;
        }
        self.at = behind;
        Found { ranges, closed: false }
    }

    /// How far the object that begins here is indented, if lines can tell where it ends.
    fn indentation(&self) -> Option<usize> {
        if self.by == By::Brackets || !self.bytes[self.at..].starts_with(b"{\n") {
            return None;
        }
        let before = &self.bytes[..self.at];
        let indent = before.iter().rev().take_while(|byte| **byte == b' ').count();
        before[..before.len() - indent].ends_with(b"\n").then_some(indent)
    }

    /// Goes behind the array that begins here, and notes its values.
    fn items(&mut self, found: &mut Vec<Range<usize>>) -> Option<bool> {
        self.eat(b'[')?;
        if self.eat(b']').is_some() {
            return Some(true);
        }
        let mut close = None;
        loop {
            self.space();
            let start = self.at;
            match self.indentation() {
                Some(indent) => self.at += closing(&mut close, indent, &self.bytes[start..])?,
                None => _ = self.skip()?,
            }
            found.push(start..self.at);
            if self.eat(b',').is_none() {
                return self.eat(b']').map(|()| true);
            }
        }
    }

    /// Visits the members of the object that begins here, while `visit` goes behind each value
    /// and says to go on. Nothing where the text does not go on as an object must.
    fn members(
        &mut self,
        mut visit: impl FnMut(&mut Self, Range<usize>) -> Option<bool>,
    ) -> Option<()> {
        self.eat(b'{')?;
        if self.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.eat(b':')?;
            if !visit(self, key)? {
                return Some(());
            }
            if self.eat(b',').is_none() {
                return self.eat(b'}');
            }
        }
    }
}

/// The length of the object that `text` begins with, if it ends at the first bracket that stands
/// as far in its line. `close` holds what was searched for the last time.
fn closing(
    close: &mut Option<(usize, memmem::Finder<'static>)>,
    indent: usize,
    text: &[u8],
) -> Option<usize> {
    let (_, finder) = match close.take().filter(|(last, _)| *last == indent) {
        Some(known) => close.insert(known),
        None => {
            let line = [b"\n", " ".repeat(indent).as_bytes(), b"}"].concat();
            close.insert((indent, memmem::Finder::new(&line).into_owned()))
        }
    };
    Some(finder.find(text)? + indent + 2)
}
