//! Where each object stands, found again when someone asks.
//!
//! A tree with spans would take twenty times the input's size. We keep a file and a byte range
//! for each object, and parse that one object again: 150 µs for a Pod of 4 KB.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use fibula_cluster::{ObjectId, Reading, reading};

use crate::events::{Event, items, json, yaml};
use crate::file::{Around, File, Format};
use crate::path::{Located, entry, locate, shown};
use crate::refusal::{Refusal, Snippet};

/// The files that were read, and where in them each object stands.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub(crate) files: Vec<Arc<File>>,
    /// By [`ObjectId`].
    pub(crate) origins: Vec<Origin>,
}

/// Where an object stands.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) file: u32,
    pub(crate) format: Format,
    /// From its first byte; a block of YAML begins inside its first line.
    pub(crate) bytes: Range<usize>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// The file, as the user named it.
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes in the file (after decompression): a scalar itself, anything else by its key or
    /// its first key.
    pub span: Range<usize>,
}

impl Sources {
    /// The position of a value in an object, by its API path; the object's first key for an empty
    /// path. Where the last steps of the path don't exist, the nearest parent that does. None for
    /// an object that was not read from here. Parses the object again.
    pub fn position(&self, id: ObjectId, path: &str) -> Option<Position<'_>> {
        let (name, file, span) = self.find(id, path, |_, events, at| shown(events, at))?;
        Some(position(name, &file, &span))
    }

    /// Where a value stands, for people: as `file:line`; of a cluster that was read as it runs, by the
    /// name of the object, `netpol/shop/web ingress[0]`. As [`position`](Self::position) otherwise.
    pub fn place(&self, id: ObjectId, path: &str) -> Option<String> {
        if self.is_live(id) {
            return self.named(id, path);
        }
        let at = self.position(id, path)?;
        Some(format!("{}:{}", at.file, at.line))
    }

    /// Whether an object stands in no file that people could open.
    pub fn is_live(&self, id: ObjectId) -> bool {
        let origin = self.origins.get(id.0 as usize);
        let file = origin.and_then(|origin| self.files.get(origin.file as usize));
        file.is_some_and(|file| file.live)
    }

    fn named(&self, id: ObjectId, path: &str) -> Option<String> {
        let origin = self.origins.get(id.0 as usize)?;
        let text = self.text(id)?;
        let events = match origin.format {
            Format::Yaml => yaml(&text),
            Format::Json => json(&text),
        };
        let events = events.ok()?;
        let word = |path| events[locate(&events, 0, path).value].scalar().unwrap_or_default();
        let kind = match reading(word("apiVersion"), word("kind")) {
            Reading::Read(kind) => kind.short().to_owned(),
            _ => word("kind").to_lowercase(),
        };
        let names = [word("metadata.namespace"), word("metadata.name")];
        let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
        let path = path.strip_prefix("spec.").unwrap_or(path);
        let path = match path {
            "" | "metadata.name" => String::new(),
            path => format!(" {path}"),
        };
        Some(format!("{kind}/{}{path}", names.join("/")))
    }

    /// The lines around a value: two before, one after, and what to point at. Parses the object
    /// again.
    pub fn snippet(&self, id: ObjectId, path: &str) -> Option<Snippet> {
        let (_, file, span) = self.find(id, path, |_, events, at| shown(events, at))?;
        Some(file.snippet(span))
    }

    /// A value with the lines before it that say what it belongs to: from that of another value on,
    /// where it stands at most so many lines before. Points at the value and its key. Parses the
    /// object twice.
    pub fn excerpt(
        &self,
        id: ObjectId,
        from: &str,
        path: &str,
        most: usize,
    ) -> Option<(Position<'_>, Snippet)> {
        // The lines of a live object are nobody's.
        if self.is_live(id) {
            return None;
        }
        let (name, file, start) = self.find(id, from, |_, events, at| shown(events, at))?;
        let (_, _, span) = self.find(id, path, entry)?;
        let at = position(name, &file, &span);
        let before = at.line.saturating_sub(file.line_column(start.start).0).min(most);
        let snippet = file.lines_around(span, before, 0);
        Some((at, snippet))
    }

    /// Whether a value stands in an object, by its API path: this one, if one is given. Parses the
    /// object again.
    pub fn holds(&self, id: ObjectId, path: &str, value: Option<&str>) -> bool {
        let found = std::cell::Cell::new(false);
        let _ = self.find(id, path, |_, events, at| {
            let scalar = events.get(at.value).and_then(Event::scalar);
            found.set(at.whole && value.is_none_or(|value| scalar == Some(value)));
            shown(events, at)
        });
        found.get()
    }

    /// Refuses a value in an object, by its API path, with the lines around it. Parses the object
    /// again.
    pub fn refusal(&self, id: ObjectId, path: &str, expected: &str, got: &str) -> Option<Refusal> {
        let (_, file, span) = self.find(id, path, |_, events, at| shown(events, at))?;
        let refusal = Refusal::at(&file, span, expected).got(got);
        Some(Refusal { path: Some(path.to_owned()), ..refusal })
    }

    /// The place of an item in a list of an object, both by API path: the first of which a field has
    /// this value. Parses the object again.
    pub fn item(&self, id: ObjectId, list: &str, field: &str, value: &str) -> Option<usize> {
        let found = std::cell::Cell::new(None);
        let _ = self.find(id, list, |_, events, at| {
            let mut all = items(events, at.value).filter(|_| at.whole);
            let is = |item: usize| {
                let (_, at) = crate::events::value(events, item, field)?;
                (events[at].scalar() == Some(value)).then_some(())
            };
            found.set(all.position(|item| is(item).is_some()));
            shown(events, at)
        });
        found.get()
    }

    /// The files that were read, as the user named them.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        // Parts of one stand behind each other.
        let same = self.files.chunk_by(|a, b| a.name == b.name);
        same.filter_map(|parts| parts.first()).map(|file| file.name.as_str())
    }

    /// Adds the files of others, and tells by how much the numbers of their objects grow.
    pub(crate) fn append(&mut self, other: Sources) -> u32 {
        let (files, objects) = (self.files.len() as u32, self.origins.len() as u32);
        self.files.extend(other.files);
        let origins = other.origins.into_iter();
        self.origins.extend(origins.map(|o| Origin { file: o.file + files, ..o }));
        objects
    }

    /// An object's text as it stands in its file.
    pub fn text(&self, id: ObjectId) -> Option<Cow<'_, str>> {
        let origin = self.origins.get(id.0 as usize)?;
        match self.files.get(origin.file as usize)?.around(&origin.bytes)? {
            (Around::Kept(file), range) => file.text.get(range).map(Cow::Borrowed),
            (Around::Again(file), range) => {
                file.text.get(range).map(|text| Cow::Owned(text.to_owned()))
            }
        }
    }

    fn find(
        &self,
        id: ObjectId,
        path: &str,
        shown: impl Fn(&str, &[Event<'_>], Located) -> Range<usize>,
    ) -> Option<(&str, Around<'_>, Range<usize>)> {
        let origin = self.origins.get(id.0 as usize)?;
        let whole = self.files.get(origin.file as usize)?;
        let (file, bytes) = whole.around(&origin.bytes)?;
        let origin = Origin { bytes, ..origin.clone() };
        let (text, before) = origin.alone(&file)?;
        let base = origin.bytes.start.saturating_sub(before);
        let events = match origin.format {
            Format::Yaml => yaml(&text),
            Format::Json => json(&text),
        };
        // An object that leans on an anchor outside of it is shown by its first byte.
        let span = match events {
            Ok(events) if !events.is_empty() => shown(&text, &events, locate(&events, 0, path)),
            _ => before..before + 1,
        };
        // Text of ours before the object has no place in the file.
        let start = base + span.start.max(before);
        let end = (base + span.end).max(start);
        drop(text);
        Some((&whole.name, file, start..end))
    }
}

/// A range of bytes as a place.
fn position<'a>(name: &'a str, file: &File, span: &Range<usize>) -> Position<'a> {
    let (line, column) = file.line_column(span.start);
    Position { file: name, line, column, span: file.whole(span.start)..file.whole(span.end) }
}

impl Origin {
    /// The object's text as a document of its own, and how many bytes were put before it: a block
    /// that begins inside a line gets the indentation back that its other lines have.
    pub(crate) fn alone<'a>(&self, file: &'a File) -> Option<(Cow<'a, str>, usize)> {
        let text = file.text.get(self.bytes.clone())?;
        let column = self.bytes.start - file.line_start(self.bytes.start);
        if self.format == Format::Json || column == 0 || text.starts_with(['{', '[']) {
            return Some((Cow::Borrowed(text), 0));
        }
        Some((Cow::Owned(" ".repeat(column) + text), column))
    }

    /// The origin of the object whose node begins at `at`, in a text that begins at `base`.
    pub(crate) fn new(
        file: (u32, &File),
        format: Format,
        base: usize,
        events: &[Event<'_>],
        range: Range<usize>,
    ) -> Self {
        let start = base + events[range.start].start;
        let last = base + events[range.end - 1].end;
        let flow = events[range.start].end > events[range.start].start;
        // The last value of a block may be absent: its colon belongs to the object.
        let end = if flow { last } else { file.1.line_end(last) };
        Origin { file: file.0, format, bytes: start..end.max(start) }
    }
}
