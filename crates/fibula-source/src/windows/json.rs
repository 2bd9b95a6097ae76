//! Windows of JSON: values one after another, and the items of a list.

use memchr::memmem;

use super::Windows;
use crate::json::{self, By, Cursor};
use crate::objects::{Batch, Context, Type};

/// Reads a file to its end; nothing where it is not sure how.
pub(super) fn read(windows: &mut Windows<'_>) -> Option<()> {
    while !windows.buffer.is_empty() {
        let text = windows.text()?;
        // A stream of YAML.
        if memmem::find(text.as_bytes(), b"\n---").is_some() || text.starts_with("---") {
            return None;
        }
        match values(text) {
            _ if windows.last => windows.take(windows.buffer.len(), json::read)?,
            end if end > 0 => windows.take(end, json::read)?,
            _ if windows.part.at == 0 && begin(text).is_some() => list(windows)?,
            _ => windows.grow()?,
        }
    }
    Some(())
}

/// Where the last value ends that surely ends here.
fn values(text: &str) -> usize {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, by: By::Brackets };
    let mut end = 0;
    // What is broken is left to the end, where it is told as it would be of the whole.
    while cursor.space() && cursor.top(text).whole && cursor.at < text.len() {
        end = cursor.at;
    }
    end
}

/// Where the items begin of the list that a text begins with, and what it says of itself before.
fn begin(text: &str) -> Option<(usize, Type<'_>)> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, by: By::Brackets };
    cursor.space();
    let own = cursor.until_items(text)?;
    Some((cursor.at, own))
}

/// Reads a list to its end.
fn list(windows: &mut Windows<'_>) -> Option<()> {
    let text = windows.text()?;
    let (end, _) = begin(text)?;
    let head = text[..end].to_owned();
    let (_, own) = begin(&head)?;
    let tail = windows.tail()?;
    // kubectl writes the kind last: it is found to be so, or not, at the end.
    let of = Type { kind: own.kind.or(last_kind(&tail)), ..own };
    let as_list = |_: Context<'_>| Batch { list: true, ..Batch::default() };
    windows.take(end, as_list)?;
    let mut first = true;
    loop {
        let text = windows.text()?;
        if memmem::find(text.as_bytes(), b"\n---").is_some() {
            return None;
        }
        let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, by: By::Indentation };
        let items = cursor.some_items(first);
        let end = cursor.at;
        if items.ranges.is_empty() && !items.closed {
            if windows.last {
                return None;
            }
            windows.grow()?;
            continue;
        }
        first = false;
        windows.take(end, |context| json::window(context, &items.ranges, of))?;
        if items.closed {
            break;
        }
    }
    // What comes behind the list fits into a window, or this is no list.
    if !windows.last {
        return None;
    }
    let rest = format!("{head}{}", windows.text()?);
    let mut cursor = Cursor { bytes: rest.as_bytes(), at: 0, by: By::Brackets };
    cursor.space();
    let top = cursor.top(&rest);
    let same = top.own.kind == of.kind && top.own.api_version == of.api_version;
    if !top.whole || cursor.space() || !same || !json::is_list(of) {
        return None;
    }
    let end = windows.buffer.len();
    windows.take(end, as_list)
}

/// The last kind that a text names, if it is that of a list.
fn last_kind(text: &str) -> Option<&str> {
    let at = text.rfind("\"kind\"")? + "\"kind\"".len();
    let value = text[at..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let kind = &value[..value.find('"')?];
    kind.ends_with("List").then_some(kind)
}
