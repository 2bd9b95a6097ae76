//! JSON texts: values one after another, lists of any depth, items in parallel.
//!
//! A cursor finds where items begin and end by brackets and quotes alone, which keeps what stands
//! before a syntax error; serde_json then validates and reads each item that matters. Where it
//! fails, the item is read again from events, which know paths and positions.

use std::ops::Range;

use fibula_cluster::{Kind, Reading, reading};
use serde::de::IgnoredAny;

use crate::events::{self, MAX_DEPTH, Syntax};
use crate::file::Format;
use crate::objects::{Batch, Context, Found, Type, label, node, typed};
use crate::refusal::Refusal;
use crate::sources::Origin;
use crate::yaml::parallel;

/// Reads all values of the context's file; the results are in its order.
pub(crate) fn read(context: Context<'_>) -> Batch {
    let file = context.file;
    let mut batch = Batch::default();
    if let Some(broken) = file.broken.first() {
        batch.refused.push(Refusal::at(file, broken.clone(), "UTF-8 text"));
        return batch;
    }
    let mut values = Vec::new();
    let mut cursor = Cursor { bytes: file.text.as_bytes(), at: context.base };
    let mut rest = None;
    while cursor.space() {
        let start = cursor.at;
        if file.text[start..].starts_with("---") {
            // JSON in the documents of a YAML stream.
            cursor.at += 3;
            continue;
        }
        let top = cursor.top(&file.text);
        let whole = top.whole;
        let range = start..if whole { cursor.at } else { file.text.len() };
        values.push((range.clone(), top));
        if !whole {
            rest = Some(range);
            break;
        }
    }
    batch = parallel(&values, |(range, top), batch| {
        if top.whole {
            self::value(context, range.clone(), top.own, top.items.as_deref(), 0, batch);
        } else if let Some(items) = &top.items {
            // Before a syntax error a list may not have told its kind yet.
            list(context, items, top.own, 0, batch);
        }
    });
    batch.refused.extend(rest.map(|range| syntax(context, range)));
    batch
}

/// Reads one value of the given type: an object, or a list with its items if they are known.
fn value(
    context: Context<'_>,
    range: Range<usize>,
    own: Type<'_>,
    items: Option<&[Range<usize>]>,
    depth: usize,
    batch: &mut Batch,
) {
    let (Some(api_version), Some(kind)) = (own.api_version, own.kind) else {
        return slow(context, range, own, batch);
    };
    match (reading(api_version, kind), items) {
        (Reading::Other, _) => batch.leave(kind),
        (Reading::Read(kind), _) => object(context, range, kind, batch),
        (Reading::List, _) if depth > MAX_DEPTH => {
            let expected = format!("at most {MAX_DEPTH} lists in each other");
            batch.refused.push(Refusal::at(context.file, range, expected));
        }
        (Reading::List, Some(items)) => list(context, items, own, depth, batch),
        _ => slow(context, range, own, batch),
    }
}

/// Reads the items of a list in parallel.
fn list(
    context: Context<'_>,
    items: &[Range<usize>],
    of: Type<'_>,
    depth: usize,
    batch: &mut Batch,
) {
    batch.list = true;
    let read = parallel(items, |range, batch| {
        let text = &context.file.text;
        let mut cursor = Cursor { bytes: &text.as_bytes()[..range.end], at: range.start };
        let own = cursor.head(text).or(of.of_items());
        let list = own.kind.is_some_and(|kind| kind.ends_with("List"));
        cursor.at = range.start;
        let top = list.then(|| cursor.top(text));
        let items = top.as_ref().and_then(|top| top.items.as_deref());
        value(context, range.clone(), own, items, depth + 1, batch);
    });
    *batch = std::mem::take(batch).append(read);
}

/// Reads an object of a kind: by serde_json, and where that fails from events, which know null
/// as Kubernetes means it, paths and positions.
fn object(context: Context<'_>, range: Range<usize>, kind: Kind, batch: &mut Batch) {
    let text = &context.file.text[range.clone()];
    let mut de = serde_json::Deserializer::from_str(text);
    let read = match kind.read(&mut de).and_then(|object| de.end().map(|()| object)) {
        Ok(object) if object.check().is_empty() => Ok(object),
        Err(error) if !error.is_data() => Err(vec![syntax(context, range.clone())]),
        _ => match events::json(text) {
            Ok(events) => {
                let context = Context { base: range.start, ..context };
                typed(context, &events, kind, &label(&events, 0, kind.name()))
            }
            Err(error) => Err(vec![Refusal::syntax(context.file, range.start, "JSON", &error)]),
        },
    };
    match read {
        Ok(object) => {
            let origin = Origin { file: context.index, format: Format::Json, bytes: range };
            batch.found.push((origin, Found::Object(object)));
        }
        Err(mut refused) => batch.refused.append(&mut refused),
    }
}

/// Reads one value by its events.
fn slow(context: Context<'_>, range: Range<usize>, inherited: Type<'_>, batch: &mut Batch) {
    let text = &context.file.text[range.clone()];
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return batch.refused.push(syntax(context, range));
    }
    let context = Context { base: range.start, ..context };
    match events::json(text) {
        Ok(events) if !events.is_empty() => node(context, &events, 0, inherited, batch),
        Ok(_) => {}
        Err(error) => {
            batch.refused.push(Refusal::syntax(context.file, context.base, "JSON", &error));
        }
    }
}

/// Refuses a range by its first error.
fn syntax(context: Context<'_>, range: Range<usize>) -> Refusal {
    let text = &context.file.text[range.clone()];
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let error = match stream.next() {
        Some(Err(error)) => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
            let at = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
            Syntax { at, message }
        }
        _ => Syntax { at: 0, message: "one value, and nothing else, here".to_owned() },
    };
    Refusal::syntax(context.file, range.start, "JSON", &error)
}

/// What a value says of itself.
struct Top<'a> {
    own: Type<'a>,
    /// Where its items stand, if it has a list of them.
    items: Option<Vec<Range<usize>>>,
    /// Whether it has an end.
    whole: bool,
}

/// Finds its way by brackets and quotes.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Goes to the next byte that is no space; false at the end.
    fn space(&mut self) -> bool {
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
    fn skip(&mut self) -> Option<usize> {
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
    fn head(&mut self, text: &'a str) -> Type<'a> {
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
    fn top(&mut self, text: &'a str) -> Top<'a> {
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

    /// Goes behind the array that begins here, and notes its values.
    fn items(&mut self, found: &mut Vec<Range<usize>>) -> Option<bool> {
        self.eat(b'[')?;
        if self.eat(b']').is_some() {
            return Some(true);
        }
        loop {
            self.space();
            let start = self.at;
            found.push(start..self.skip()?);
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
