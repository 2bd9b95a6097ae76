//! Windows of YAML: documents, and the items of a list.

use memchr::memmem;

use super::Windows;
use crate::objects::Context;
use crate::yaml::{self, blank, item_starts, sniff};

/// Where a list does not go on as an item after the other: anchors, another list, another document.
const UNSURE: [&str; 5] = [": &", "- &", "\nitems:", "\n---", "\n..."];

/// Reads a file to its end; nothing where it is not sure how.
pub(super) fn read(windows: &mut Windows<'_>) -> Option<()> {
    while !windows.buffer.is_empty() {
        let marker = last_marker(&windows.buffer);
        if marker.is_none() && windows.part.at == 0 && is_list(windows)? {
            return list(windows);
        }
        match marker {
            _ if windows.last => windows.take(windows.buffer.len(), yaml::read)?,
            Some(at) => windows.take(at, yaml::read)?,
            None => windows.grow()?,
        }
    }
    Some(())
}

/// Where the last document begins, if another stands before it.
fn last_marker(text: &[u8]) -> Option<usize> {
    let whole = |at: &usize| text.get(at + 4).is_some_and(u8::is_ascii_whitespace);
    memmem::rfind_iter(text, b"\n---").find(whole).map(|at| at + 1)
}

/// Whether the buffer begins with a list.
fn is_list(windows: &Windows<'_>) -> Option<bool> {
    let text = windows.text()?;
    Some(memmem::find_iter(text.as_bytes(), b"\nitems:").count() == 1)
}

/// Reads a list to its end.
fn list(windows: &mut Windows<'_>) -> Option<()> {
    let text = windows.text()?;
    let start = text.find("\nitems:")? + 1;
    let end = start + text[start..].find('\n')? + 1;
    let head = &text[..end];
    if !blank(&text[start + "items:".len()..end]) || unsure(&head[..start - 1]) {
        return None;
    }
    let head = head.to_owned();
    let around = format!("{head}{}", windows.tail()?);
    let own = sniff(&around, 0);
    if !yaml::is_list(own) {
        return None;
    }
    windows.take(end, |context| yaml::rest(context, own))?;
    let mut column = None;
    loop {
        let text = windows.text()?;
        // The last line may go on.
        let lines = if windows.last { text.len() } else { text.rfind('\n').map_or(0, |at| at + 1) };
        let text = &text[..lines];
        if unsure(text) {
            return None;
        }
        let mut items = item_starts(text.as_bytes(), 0, column)?;
        column = Some(items.column);
        let last = windows.last || items.end < lines;
        if !last {
            // The last item may go on.
            items.end = items.starts.pop()?;
            if items.starts.is_empty() {
                windows.grow()?;
                continue;
            }
        }
        let read = |context: Context<'_>| yaml::window(context, &items, own);
        windows.take(items.end, read)?;
        if last {
            break;
        }
    }
    // What comes behind the list fits into a window, or this is no list.
    if !windows.last || unsure(windows.text()?) {
        return None;
    }
    let whole = format!("{head}\n{}", windows.text()?);
    let is = sniff(&whole, 0);
    if (is.api_version, is.kind) != (own.api_version, own.kind) {
        return None;
    }
    let end = windows.buffer.len();
    windows.take(end, |context| yaml::rest(context, own))?;
    // What is wrong around a list is told before what is wrong in it.
    let (_, rest) = windows.done.last()?;
    rest.refused.is_empty().then_some(())
}

fn unsure(text: &str) -> bool {
    UNSURE.iter().any(|sign| text.contains(sign)) || text.starts_with("---")
}
