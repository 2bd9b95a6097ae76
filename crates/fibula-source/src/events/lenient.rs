//! What kubectl takes although YAML 1.2 forbids it.
//!
//! libyaml, which kubectl's reader descends from, looks at no indentation inside quotes and
//! brackets. People rely on it: a `]` under its key, JSON in quotes, tabs before list items. On
//! such an error the text is repaired without moving a byte, and parsed again.

use std::collections::BTreeMap;

use super::saphyr::{self, Broken};
use super::{Event, Syntax, What};

/// The most places of one document that are repaired, and the most bytes that are parsed again for
/// it: each repair parses all of it.
const MOST: usize = 64;
const MOST_BYTES: usize = 32 << 20;

/// Quoted scalars that were blanked: where they begin and end, and their value.
pub(super) type Quotes = BTreeMap<usize, (usize, String)>;

/// The events of one document.
pub(super) fn parse(text: &str) -> Result<Vec<Event<'_>>, Syntax> {
    let mut quotes = Quotes::new();
    let mut repaired: Option<String> = None;
    for _ in 0..MOST.min(MOST_BYTES / (text.len() + 1)) {
        let now = repaired.as_deref().unwrap_or(text);
        match saphyr::parse(now, text, &quotes) {
            Ok(events) => return Ok(events),
            Err(broken) => match repair(text, now, &broken, &mut quotes) {
                Some(better) => repaired = Some(better),
                None => return Err(broken.error),
            },
        }
    }
    let now = repaired.as_deref().unwrap_or(text);
    saphyr::parse(now, text, &quotes).map_err(|broken| broken.error)
}

fn repair(text: &str, now: &str, broken: &Broken, quotes: &mut Quotes) -> Option<String> {
    let Syntax { at, message } = &broken.error;
    if message.starts_with("invalid indentation in quoted") {
        let end = quoted(text, *at)?;
        quotes.insert(*at, (end, alone(&text[*at..end])?));
        return Some(fill(now, at + 1, end - 1, 'x'));
    }
    if !broken.flow {
        return None;
    }
    let line = now[..*at].rfind('\n')?;
    let space = now[line + 1..].len() - now[line + 1..].trim_start_matches([' ', '\t']).len();
    if message.starts_with("tabs") {
        let lead = line + 1..line + 1 + space;
        return now[lead.clone()].contains('\t').then(|| fill(now, lead.start, lead.end, ' '));
    }
    // Inside brackets a line break is a space, unless a comment ends there.
    let before = now[..line].rfind('\n').map_or(0, |end| end + 1);
    let joins = message.starts_with("invalid indentation") && !now[before..line].contains('#');
    (joins && at - line <= space + 1).then(|| fill(now, line, line + 1, ' '))
}

/// A text with some of its bytes replaced, none moved.
fn fill(text: &str, start: usize, end: usize, by: char) -> String {
    let filling = std::iter::repeat_n(by, end.saturating_sub(start));
    text[..start].chars().chain(filling).chain(text[end..].chars()).collect()
}

/// The byte after the closing quote of the scalar that opens at `at`.
pub(super) fn quoted(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(at).filter(|&&byte| byte == b'"' || byte == b'\'')?;
    let mut next = at + 1;
    loop {
        match *bytes.get(next)? {
            b'\\' if quote == b'"' => next += 2,
            byte if byte != quote => next += 1,
            b'\'' if bytes.get(next + 1) == Some(&b'\'') => next += 2,
            _ => return Some(next + 1),
        }
    }
}

/// The value of a quoted scalar, read as a document: there, every indentation is enough.
fn alone(text: &str) -> Option<String> {
    let mut events = saphyr::parse(text, text, &Quotes::new()).ok()?;
    match (events.len(), events.pop()?.what) {
        (1, What::Scalar(value, _)) => Some(value.into_owned()),
        _ => None,
    }
}
