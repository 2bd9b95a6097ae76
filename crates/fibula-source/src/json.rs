//! JSON texts: values one after another, lists of any depth, items in parallel.
//!
//! A cursor finds where items begin and end by brackets and quotes alone, which keeps what stands
//! before a syntax error; serde_json then validates and reads each item that matters. Where it
//! fails, the item is read again from events, which know paths and positions.
//!
//! Brackets and quotes take a third of a second in 600 MB, on one core. So the items of a list are
//! first told by their indentation, as kubectl writes it, which takes a sixth of that. This is a
//! guess, and each core proves it of the items that it reads: each must be a value as a whole. If
//! one is not, the file is read once more, by brackets.

mod cursor;
mod mappings;

use std::ops::Range;

use fibula_cluster::{Kind, Reading, reading};
use serde::de::IgnoredAny;

use self::cursor::Top;
pub(crate) use self::cursor::{By, Cursor};
use self::mappings::Mappings;
use crate::events::{self, MAX_DEPTH, Syntax};
use crate::file::Format;
use crate::objects::{Batch, Context, Found, Type, label, node, still_decides, typed};
use crate::refusal::Refusal;
use crate::sources::Origin;
use crate::yaml::parallel;

/// Reads all values of the context's file; the results are in its order.
pub(crate) fn read(context: Context<'_>) -> Batch {
    let file = context.file;
    if let Some(refusal) = file.broken(&(0..file.text.len())) {
        return Batch { refused: vec![refusal], ..Batch::default() };
    }
    let guess = attempt(context, By::Indentation);
    guess.or_else(|| attempt(context, By::Brackets)).unwrap_or_default()
}

/// Reads all values; nothing where indentation led astray, or could have.
fn attempt(context: Context<'_>, by: By) -> Option<Batch> {
    let text = &context.file.text;
    let mut values = Vec::new();
    let mut cursor = Cursor { bytes: text.as_bytes(), at: context.base, by };
    let mut rest = None;
    while cursor.space() {
        let start = cursor.at;
        if text[start..].starts_with("---") {
            // JSON in the documents of a YAML stream.
            cursor.at += 3;
            continue;
        }
        let top = cursor.top(text);
        let whole = top.whole;
        if !whole && by == By::Indentation {
            return None;
        }
        let range = start..if whole { cursor.at } else { text.len() };
        values.push((range.clone(), top));
        if !whole {
            rest = Some(range);
            break;
        }
    }
    let mut batch = parallel(&values, |(range, top), batch| {
        if top.whole {
            self::value(context, range.clone(), top.own, top.items.as_deref(), 0, batch);
        } else if let Some(items) = &top.items {
            // Before a syntax error a list may not have told its kind yet.
            list(context, items, top.own, 0, batch);
        }
    });
    batch.refused.extend(rest.map(|range| syntax(context, range)));
    (by == By::Brackets || !batch.torn).then_some(batch)
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
    let reading = own.api_version.zip(own.kind).map(|(version, kind)| reading(version, kind));
    let proved = match (reading, items) {
        (Some(Reading::Read(kind)), _) => object(context, range.clone(), kind, batch),
        (Some(Reading::List), _) if depth > MAX_DEPTH => {
            let expected = format!("at most {MAX_DEPTH} lists in each other");
            batch.refused.push(Refusal::at(context.file, range.clone(), expected));
            false
        }
        (Some(Reading::List), Some(items)) => {
            list(context, items, own, depth, batch);
            true
        }
        (Some(Reading::Other), _) => {
            batch.leave(own.kind.unwrap_or_default());
            false
        }
        _ => {
            slow(context, range.clone(), own, batch);
            false
        }
    };
    if !proved {
        let bytes = &context.file.text.as_bytes()[..range.end];
        let mut cursor = Cursor { bytes, at: range.start, by: By::Brackets };
        batch.torn |= cursor.skip() != Some(range.end);
    }
}

/// Reads a part of a file that holds items of a list.
pub(crate) fn window(context: Context<'_>, items: &[Range<usize>], of: Type<'_>) -> Batch {
    let mut batch = Batch::default();
    list(context, items, of, 0, &mut batch);
    batch
}

/// Whether a type is that of a list.
pub(crate) fn is_list(own: Type<'_>) -> bool {
    let known = own.api_version.zip(own.kind);
    known.is_some_and(|(version, kind)| reading(version, kind) == Reading::List)
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
        let bytes = &text.as_bytes()[..range.end];
        let mut cursor = Cursor { bytes, at: range.start, by: By::Brackets };
        let own = cursor.head(text).or(of.of_items());
        let list = own.kind.is_some_and(|kind| kind.ends_with("List"));
        cursor.at = range.start;
        let top = list.then(|| cursor.top(text));
        let items = top.as_ref().and_then(|top| top.items.as_deref());
        let whole = |top: &Top<'_>| top.whole && cursor.at == range.end;
        batch.torn |= top.as_ref().is_some_and(|top| !whole(top));
        value(context, range.clone(), own, items, depth + 1, batch);
    });
    *batch = std::mem::take(batch).append(read);
}

/// Reads an object of a kind: by serde_json, and where that fails from events, which know null
/// as Kubernetes means it, paths and positions. Whether serde_json took it for one value.
fn object(context: Context<'_>, range: Range<usize>, kind: Kind, batch: &mut Batch) -> bool {
    let text = &context.file.text[range.clone()];
    let mut de = serde_json::Deserializer::from_str(text);
    let read = kind.read(Mappings(&mut de)).and_then(|object| de.end().map(|()| object));
    let proved = read.is_ok();
    let read = match read {
        // Of a policy each field counts, and serde_json skips those that it does not know.
        Ok(object) if !kind.is_policy() && object.check().is_empty() => Ok(object),
        Err(error) if !error.is_data() => Err(vec![syntax(context, range.clone())]),
        _ => match events::json(text) {
            Ok(events) => {
                let context = Context { base: range.start, ..context };
                let read = typed(context, &events, kind, &label(&events, 0, kind.name()));
                if read.is_err() {
                    batch.found.extend(still_decides(context, &events, kind));
                }
                read
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
    proved
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
