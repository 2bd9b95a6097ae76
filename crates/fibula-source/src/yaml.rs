//! YAML texts: documents, lists and what to skip.
//!
//! A text is split at its document markers, a big list at its items, and each piece is read on
//! its own, in parallel. So one broken piece never hides another, and a list of 600 MB takes no
//! more memory than its biggest item. A piece whose kind is not read is counted and not looked at
//! further: if it is broken, we don't notice.

use std::ops::Range;

use fibula_cluster::{Reading, reading};
use memchr::memmem;
use rayon::prelude::*;

use crate::events::{self, items};
use crate::objects::{Batch, Context, Type, node};
use crate::refusal::Refusal;

/// The fewest pieces that are worth a task of their own.
const TASK: usize = 8;

/// Reads all documents of the context's file, in parallel; the results are in its order.
pub(crate) fn read(context: Context<'_>) -> Batch {
    let documents = documents(&context.file.text, context.base);
    parallel(&documents, |range, batch| document(context, range.clone(), batch))
}

/// Reads pieces in parallel and keeps their order.
pub(crate) fn parallel<T: Sync>(pieces: &[T], read: impl Fn(&T, &mut Batch) + Sync) -> Batch {
    let batches = pieces.par_chunks(TASK).fold(Batch::default, |mut batch, pieces| {
        for piece in pieces {
            read(piece, &mut batch);
        }
        batch
    });
    batches.reduce(Batch::default, Batch::append)
}

/// Splits at the markers `---` and `...`, which can only stand at the start of a line: YAML
/// forbids them inside scalars.
pub(crate) fn documents(text: &str, from: usize) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut markers: Vec<usize> = ["---", "..."]
        .iter()
        .flat_map(|marker| {
            let first = text[from..].starts_with(marker).then_some(from);
            let inner = memmem::find_iter(bytes, [b"\n", marker.as_bytes()].concat().as_slice())
                .map(|at| at + 1)
                .collect::<Vec<_>>();
            first.into_iter().chain(inner)
        })
        .filter(|at| bytes.get(at + 3).is_none_or(u8::is_ascii_whitespace))
        .collect();
    markers.sort_unstable();
    let ends = markers.iter().copied().chain([text.len()]);
    let starts = [from].into_iter().chain(markers.iter().map(|at| at + 3));
    starts.zip(ends).map(|(start, end)| start..end).collect()
}

fn document(context: Context<'_>, range: Range<usize>, batch: &mut Batch) {
    let text = &context.file.text[range.clone()];
    if blank(text) {
        return;
    }
    let context = Context { base: range.start, ..context };
    let own = sniff(text, 0);
    if let (Some(api_version), Some(kind)) = (own.api_version, own.kind) {
        match reading(api_version, kind) {
            Reading::Other => return batch.leave(kind),
            Reading::List => {
                if let Some(list) = split(text) {
                    return self::list(context, text, &list, own, batch);
                }
            }
            Reading::Read(_) | Reading::Unread | Reading::Missing => {}
        }
    }
    piece(context, text, own, batch, |events, batch| {
        if !events.is_empty() {
            node(context, events, 0, Type::default(), batch);
        }
    });
}

/// Reads a list item by item, and the rest of it for its errors.
fn list(context: Context<'_>, text: &str, list: &List, own: Type<'_>, batch: &mut Batch) {
    let base = context.base;
    batch.list = true;
    for rest in [0..list.start, list.items.end..text.len()] {
        let context = Context { base: base + rest.start, ..context };
        piece(context, &text[rest], own, batch, |_, _| {});
    }
    let items = each(context, text, &list.items, own);
    *batch = std::mem::take(batch).append(items);
}

/// Reads items of a list, in parallel.
fn each(context: Context<'_>, text: &str, items: &Items, own: Type<'_>) -> Batch {
    let next = items.starts.iter().skip(1).copied();
    let ends = next.chain([items.end]);
    let ranges: Vec<_> = items.starts.iter().copied().zip(ends).map(|(a, b)| a..b).collect();
    parallel(&ranges, |range, batch| {
        let context = Context { base: context.base + range.start, ..context };
        item(context, &text[range.clone()], items.column, own, batch);
    })
}

/// Whether a type is that of a list.
pub(crate) fn is_list(own: Type<'_>) -> bool {
    let known = own.api_version.zip(own.kind);
    known.is_some_and(|(version, kind)| reading(version, kind) == Reading::List)
}

/// Reads a part of a file that holds items of a list and nothing else.
pub(crate) fn window(context: Context<'_>, items: &Items, own: Type<'_>) -> Batch {
    let mut batch = each(context, &context.file.text, items, own);
    batch.list = true;
    batch
}

/// Reads a part of a file that is what a list has beside its items, for its errors.
pub(crate) fn rest(context: Context<'_>, own: Type<'_>) -> Batch {
    let mut batch = Batch { list: true, ..Batch::default() };
    piece(context, &context.file.text, own, &mut batch, |_, _| {});
    batch
}

/// Reads one item: as a text of its own, it is a sequence of one.
fn item(context: Context<'_>, text: &str, column: usize, of: Type<'_>, batch: &mut Batch) {
    let own = sniff(text, column + 2);
    if let (Some(api_version), Some(kind)) = (own.api_version, own.kind)
        && reading(api_version, kind) == Reading::Other
    {
        return batch.leave(kind);
    }
    piece(context, text, own, batch, |events, batch| {
        for at in items(events, 0) {
            node(context, events, at, of.of_items(), batch);
        }
    });
}

/// Parses a piece and hands its events on, or refuses it.
fn piece(
    context: Context<'_>,
    text: &str,
    own: Type<'_>,
    batch: &mut Batch,
    read: impl FnOnce(&[events::Event<'_>], &mut Batch),
) {
    let file = context.file;
    let range = context.base..context.base + text.len();
    if let Some(refusal) = file.broken(&range) {
        batch.refused.push(refusal.of(&named(text, own)));
        return;
    }
    let before = batch.refused.len();
    match events::yaml(text) {
        Ok(events) => read(&events, batch),
        Err(error) if file.found && !text.contains("kind:") && !text.contains("apiVersion:") => {
            batch.strangers += 1;
            batch.garbled.push(Refusal::syntax(file, context.base, "YAML", &error));
        }
        Err(error) => {
            let refusal = Refusal::syntax(file, context.base, "YAML", &error);
            batch.refused.push(refusal.of(&named(text, own)));
        }
    }
    // A template can be valid YAML by accident: `{{ x }}` is a mapping in a mapping.
    if batch.refused.len() > before
        && let Some(at) = template(text)
    {
        batch.refused.truncate(before);
        batch.refused.push(Refusal::template(file, context.base + at).of(&named(text, own)));
    }
}

/// What a text that may be broken calls itself.
fn named(text: &str, own: Type<'_>) -> Option<String> {
    let kind = own.kind?;
    let indent = if text.trim_start_matches([' ', '\n']).starts_with("- ") { 4 } else { 2 };
    Some(match (field(text, "namespace", indent), field(text, "name", indent)) {
        (Some(namespace), Some(name)) => format!("{kind} {namespace}/{name}"),
        (None, Some(name)) => format!("{kind} {name}"),
        (_, None) => kind.to_owned(),
    })
}

/// Where a text shows that it is a Go template: an action where YAML has a line, a value or an
/// item. Inside of texts (Prometheus, Argo CD) braces are common and harmless.
fn template(text: &str) -> Option<usize> {
    memmem::find_iter(text.as_bytes(), b"{{").find(|&at| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = text[line..at].trim_start();
        before.is_empty() || before.ends_with(": ") || before.ends_with("- ")
    })
}

/// Whether a piece holds nothing but comments and directives.
pub(crate) fn blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(['#', '%'])
    })
}

/// The type that a piece's own keys name, if it surely does: plain words, given once.
pub(crate) fn sniff(text: &str, indent: usize) -> Type<'_> {
    Type { api_version: field(text, "apiVersion", indent), kind: field(text, "kind", indent) }
}

/// The value of the only key of this name that is indented so far.
fn field<'a>(text: &'a str, key: &str, indent: usize) -> Option<&'a str> {
    let needle = format!("\n{:indent$}{key}:", "");
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    let first = line.trim_start_matches([' ', '-']);
    let first = first
        .strip_prefix(key)
        .filter(|rest| rest.starts_with(':') && line.len() - first.len() == indent)
        .map(|rest| line.len() - rest.len() + 1);
    let inner = memmem::find_iter(text.as_bytes(), needle.as_bytes()).map(|at| at + needle.len());
    let mut found = first.into_iter().chain(inner);
    let (at, None) = (found.next()?, found.next()) else { return None };
    let line = text[at..].lines().next().unwrap_or_default();
    let value = line.split(" #").next().unwrap_or_default();
    let value = value.strip_prefix(' ')?.trim_ascii();
    let bare = value.trim_matches('"');
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_".contains(&byte);
    (!bare.is_empty() && bare.bytes().all(word)).then_some(bare)
}

/// Where a list in block style has its items.
struct List {
    items: Items,
    /// The first byte of the line with `items:`.
    start: usize,
}

/// Items in block style, one after the other.
pub(crate) struct Items {
    /// How far the dashes are indented.
    pub(crate) column: usize,
    /// The first byte of the line of each.
    pub(crate) starts: Vec<usize>,
    /// The first byte after the last.
    pub(crate) end: usize,
}

/// Finds the items of a list, or nothing where that takes more than looking at the starts of
/// lines.
fn split(text: &str) -> Option<List> {
    let bytes = text.as_bytes();
    let mut keys = memmem::find_iter(bytes, b"\nitems:").map(|at| at + 1);
    let (start, None) = (keys.next()?, keys.next()) else { return None };
    let at = start + text[start..].find('\n')? + 1;
    if !blank(&text[start + "items:".len()..at]) || text.contains(": &") || text.contains("- &") {
        return None;
    }
    item_starts(bytes, at, None).map(|items| List { items, start })
}

/// Finds the items that begin at a line, with their dashes in a column if that is known. Everything
/// inside an item is indented deeper than its dash.
pub(crate) fn item_starts(bytes: &[u8], mut at: usize, mut column: Option<usize>) -> Option<Items> {
    let mut starts = Vec::new();
    while at < bytes.len() {
        let line = &bytes[at..];
        let indent = line.iter().position(|&byte| byte != b' ').unwrap_or(line.len());
        match line.get(indent) {
            None | Some(b'\n' | b'\r' | b'#') => {}
            Some(b'-') if column.is_none_or(|column| column == indent) => {
                if !matches!(line.get(indent + 1), Some(b' ' | b'\n')) {
                    return None;
                }
                column = Some(indent);
                starts.push(at);
            }
            Some(_) if column.is_some_and(|column| indent > column) => {}
            Some(_) => break,
        }
        at += memchr::memchr(b'\n', line).map_or(line.len(), |length| length + 1);
    }
    Some(Items { column: column?, starts, end: at })
}
