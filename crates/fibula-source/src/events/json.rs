//! JSON as events.

use std::borrow::Cow;

use super::{Builder, Event, Style, Syntax, What};

/// The events of the value that `text` begins with.
///
/// This is the slow road, for positions and errors, so it is lenient where serde_json has looked
/// before (a comma more or less); it never takes a text for another value.
pub(super) fn parse(text: &str) -> Result<Vec<Event<'_>>, Syntax> {
    let bytes = text.as_bytes();
    let mut out = Builder::new(text.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' | b',' | b':' => {
                at += 1;
                continue;
            }
            b'{' | b'[' => {
                let what = if byte == b'{' { What::Map } else { What::Seq };
                out.open(what, at, at + 1)?;
                at += 1;
            }
            b'}' | b']' => {
                if out.depth == 0 {
                    return Err(error(at, "a value"));
                }
                out.close(at, at + 1);
                at += 1;
            }
            b'"' => {
                let end = string_end(bytes, at)
                    .ok_or_else(|| error(at, "a closing quote for this string"))?;
                out.scalar(unescape(text, at, end)?, Style::Text, at, end);
                at = end;
            }
            _ => {
                let end = at + word(&bytes[at..]);
                if end == at {
                    return Err(error(at, "a JSON value"));
                }
                out.scalar(Cow::Borrowed(&text[at..end]), Style::Plain, at, end);
                at = end;
            }
        }
        if out.depth == 0 {
            return Ok(out.events);
        }
    }
    if out.events.is_empty() {
        return Ok(out.events);
    }
    Err(error(text.len(), "a closing bracket: the text ends inside a value"))
}

fn error(at: usize, message: &str) -> Syntax {
    Syntax { at, message: message.to_owned() }
}

/// The byte after the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut next = at + 1;
    loop {
        next += memchr::memchr2(b'"', b'\\', bytes.get(next..)?)?;
        if bytes[next] == b'"' {
            return Some(next + 1);
        }
        next += 2;
    }
}

fn unescape(text: &str, start: usize, end: usize) -> Result<Cow<'_, str>, Syntax> {
    let inside = &text[start + 1..end - 1];
    if !inside.contains('\\') {
        return Ok(Cow::Borrowed(inside));
    }
    match serde_json::from_str::<String>(&text[start..end]) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(_) => Err(error(start, "a string with valid escapes")),
    }
}

fn word(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
        .unwrap_or(bytes.len())
}
