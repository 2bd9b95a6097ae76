//! Which bytes of an object's text an edit replaces, and by what.

use std::ops::Range;

use serde_json::{Value, json};

use super::Amend;
use super::write::{Style, block, entry, flow, item, scalar};
use crate::events::{Event, What, after, entries, items};
use crate::path::locate;

/// Bytes of a text, and what comes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) bytes: Range<usize>,
    pub(super) text: String,
}

/// An object's text and its events.
struct Doc<'t> {
    text: &'t str,
    events: &'t [Event<'t>],
    style: Style,
}

/// What an edit does to a text; nothing where that is not sure.
pub(super) fn splice(text: &str, events: &[Event<'_>], edit: &Amend) -> Option<Splice> {
    let doc = Doc { text, events, style: style(text, events) };
    match edit {
        Amend::Append { path, value } => doc.append(path, value),
        Amend::Insert { path, index, value } => doc.insert(path, *index, value),
        Amend::Set { path, value } => doc.set(path, value),
        Amend::Remove { path } => doc.remove(path),
    }
}

/// The last step of a path, and what is before it.
fn parent(path: &str) -> Option<(&str, &str)> {
    if let Some(inside) = path.strip_suffix(']') {
        let open = inside.rfind('[')?;
        return Some((&path[..open], &inside[open + 1..]));
    }
    Some(path.rsplit_once('.').unwrap_or(("", path)))
}

/// How an object is indented: as its first mapping in a mapping, and as its first sequence.
fn style(text: &str, events: &[Event<'_>]) -> Style {
    let mut style = Style::USUAL;
    let (mut step, mut dash) = (None, None);
    let column = |at: usize| at - text[..at].rfind('\n').map_or(0, |end| end + 1);
    for map in (0..events.len()).filter(|at| events[*at].what == What::Map) {
        for (key, value) in entries(events, map) {
            if !text[line_start(text, events[key].start)..events[key].start].trim().is_empty() {
                continue;
            }
            let own = column(events[key].start);
            match events[value].what {
                What::Map if !is_flow(&events[value]) => {
                    let inside = entries(events, value).next();
                    let inside = inside.map(|(key, _)| column(events[key].start));
                    step = step.or(inside.and_then(|inside| inside.checked_sub(own)));
                }
                What::Seq if !is_flow(&events[value]) => {
                    let first = items(events, value).next();
                    let first = first.and_then(|first| dash_of(text, events[first].start));
                    dash = dash.or(first.and_then(|first| column(first).checked_sub(own)));
                }
                _ => {}
            }
        }
    }
    style.step = step.filter(|step| *step > 0).unwrap_or(style.step);
    style.dash = dash.unwrap_or(style.dash);
    style
}

fn is_flow(event: &Event<'_>) -> bool {
    matches!(event.what, What::Map | What::Seq) && event.start < event.end
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The end of what is in a line, before its line break.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    if text[..end].ends_with('\r') && end > at { end - 1 } else { end }
}

/// The dash before an item of a block sequence that begins here, where nothing else stands before it.
fn dash_of(text: &str, item: usize) -> Option<usize> {
    let start = line_start(text, item);
    let before = &text[start..item];
    let dash = before.find('-')?;
    let alone = before[..dash].trim().is_empty() && before[dash + 1..].trim().is_empty();
    (alone && dash + 1 < before.len()).then_some(start + dash)
}

// === impl Doc ===

impl Doc<'_> {
    fn column(&self, at: usize) -> usize {
        at - line_start(self.text, at)
    }

    /// Where the node of an event ends.
    fn end(&self, at: usize) -> usize {
        let last = after(self.events, at) - 1;
        self.events[last].end
    }

    /// Whether there is nothing, or an empty list or mapping.
    fn is_empty(&self, at: usize) -> bool {
        match &self.events[at].what {
            What::Scalar(text, _) => matches!(&**text, "" | "~" | "null"),
            What::Map | What::Seq => after(self.events, at) == at + 2,
            What::End => false,
        }
    }

    /// An item at the end of a list.
    fn append(&self, path: &str, new: &Value) -> Option<Splice> {
        let found = locate(self.events, 0, path);
        if !found.whole {
            return self.set(path, &json!([new]));
        }
        if self.is_empty(found.value) {
            return self.fill(found.key?, found.value, &json!([new]));
        }
        let list = &self.events[found.value];
        if list.what != What::Seq {
            return None;
        }
        if is_flow(list) {
            let end = after(self.events, found.value) - 1;
            let at = self.events[end].start;
            return Some(Splice { bytes: at..at, text: format!(", {}", flow(new)) })
                .filter(|_| !self.text[..at].trim_end().ends_with(','));
        }
        let last = items(self.events, found.value).last()?;
        let first = items(self.events, found.value).next()?;
        let dash = self.column(dash_of(self.text, self.events[first].start)?);
        self.below(self.end(last), dash, &item(new, self.styled(found.key, dash)))
    }

    /// The style of a list with a key: as far from its key are others.
    fn styled(&self, key: Option<usize>, dash: usize) -> Style {
        let own = key.map(|key| self.column(self.events[key].start));
        let by = own.and_then(|own| dash.checked_sub(own));
        Style { dash: by.unwrap_or(self.style.dash), ..self.style }
    }

    /// Lines below the one that a node ends in, so far from the left.
    fn below(&self, end: usize, column: usize, lines: &[String]) -> Option<Splice> {
        // What ends behind its line break, such as a block of text, ends in the line before.
        let end = self.text[..end].trim_end_matches(['\n', '\r']).len();
        let at = line_end(self.text, end);
        let text: String = lines.iter().map(|line| format!("\n{:column$}{line}", "")).collect();
        Some(Splice { bytes: at..at, text })
    }

    /// An item before another.
    fn insert(&self, path: &str, index: usize, new: &Value) -> Option<Splice> {
        let found = locate(self.events, 0, path);
        let Some(other) = items(self.events, found.value).nth(index).filter(|_| found.whole) else {
            return self.append(path, new);
        };
        if is_flow(&self.events[found.value]) {
            let at = self.events[other].start;
            return Some(Splice { bytes: at..at, text: format!("{}, ", flow(new)) });
        }
        let dash = dash_of(self.text, self.events[other].start)?;
        let column = self.column(dash);
        let lines = item(new, self.styled(found.key, column));
        let start = line_start(self.text, dash);
        let text: String = lines.iter().map(|line| format!("{:column$}{line}\n", "")).collect();
        Some(Splice { bytes: start..start, text })
    }

    /// A value, there already or not.
    fn set(&self, path: &str, new: &Value) -> Option<Splice> {
        let found = locate(self.events, 0, path);
        if found.whole {
            let event = &self.events[found.value];
            if self.is_empty(found.value) {
                return self.fill(found.key?, found.value, new);
            }
            let bytes = event.start..event.end;
            let old = self.text.get(bytes.clone())?;
            let plain = matches!(event.what, What::Scalar(..)) && !old.contains('\n');
            let text = match new {
                Value::String(new) if old.starts_with('\'') => {
                    format!("'{}'", new.replace('\'', "''"))
                }
                Value::String(new) if old.starts_with('"') => Value::from(new.as_str()).to_string(),
                Value::String(new) => scalar(new),
                other => other.to_string(),
            };
            return plain.then_some(Splice { bytes, text });
        }
        let (above, key) = parent(path)?;
        let above_at = locate(self.events, 0, above);
        let missing = !above_at.whole || self.events[above_at.value].what != What::Map;
        if missing || self.is_empty(above_at.value) {
            return self.set(above, &json!({ key: new }));
        }
        let map = above_at.value;
        if is_flow(&self.events[map]) {
            let end = after(self.events, map) - 1;
            let at = self.text[..self.events[end].start].trim_end().len();
            let text = format!(", {}: {}", scalar(key), flow(new));
            return (!self.text[..at].ends_with(',')).then_some(Splice { bytes: at..at, text });
        }
        let (first, _) = entries(self.events, map).next()?;
        let last = entries(self.events, map).last()?.1;
        let column = self.column(self.events[first].start);
        self.below(self.end(last), column, &entry(key, new, self.style))
    }

    /// A value in the place of nothing, behind its key.
    fn fill(&self, key: usize, old: usize, new: &Value) -> Option<Splice> {
        let key = &self.events[key];
        let column = self.column(key.start);
        let colon = key.end + self.text[key.end..].find(':')?;
        let colon = colon + 1;
        if self.text[key.end..colon].trim() != ":" {
            return None;
        }
        let gone = colon..self.end(old).max(colon);
        let rest = &self.text[gone.end..line_end(self.text, gone.end)];
        let by = match new {
            Value::Array(_) => self.style.dash,
            _ => self.style.step,
        };
        let column = column + by;
        let lines = block(new, self.style);
        let text: String = lines.iter().map(|line| format!("\n{:column$}{line}", "")).collect();
        // What is said beside the key, or stands in the same line, stays there.
        match rest.trim().is_empty() {
            true => Some(Splice { bytes: gone, text }),
            false => Some(Splice { bytes: gone, text: format!(" {}", flow(new)) }),
        }
    }

    /// An item or an entry that goes, with its lines.
    fn remove(&self, path: &str) -> Option<Splice> {
        let found = locate(self.events, 0, path);
        if !found.whole {
            return None;
        }
        let above = locate(self.events, 0, parent(path)?.0);
        if is_flow(&self.events[above.value]) {
            return self.remove_in_line(above.value, found.value);
        }
        let (first, only, empty) = match self.events[above.value].what {
            What::Seq => {
                let dash = dash_of(self.text, self.events[found.value].start)?;
                (dash, items(self.events, above.value).count() == 1, json!([]))
            }
            What::Map => {
                let key = self.events[found.key?].start;
                (key, entries(self.events, above.value).count() == 1, json!({}))
            }
            _ => return None,
        };
        let start = line_start(self.text, first);
        if !self.text[start..first].trim().is_empty() {
            return None;
        }
        let end = self.end(found.value).max(found.key.map_or(0, |key| self.events[key].end));
        let end =
            line_end(self.text, self.text[..end].trim_end_matches(['\n', '\r']).len().max(first));
        if only {
            let key = &self.events[above.key?];
            let colon = key.end + self.text[key.end..].find(':')? + 1;
            return Some(Splice { bytes: colon..end, text: format!(" {}", flow(&empty)) });
        }
        // Whole lines: with the break behind them, or where there is none with the one before.
        match self.text[end..].find('\n') {
            Some(length) => Some(Splice { bytes: start..end + length + 1, text: String::new() }),
            None => {
                let start = self.text[..start].trim_end_matches(['\n', '\r']).len();
                Some(Splice { bytes: start..end, text: String::new() })
            }
        }
    }

    /// An item or an entry of a collection in one line that goes, with the comma that parts it from
    /// another.
    fn remove_in_line(&self, above: usize, value: usize) -> Option<Splice> {
        let parts: Vec<(usize, usize)> = match self.events[above].what {
            What::Seq => items(self.events, above).map(|item| (item, item)).collect(),
            _ => entries(self.events, above).collect(),
        };
        let at = parts.iter().position(|(_, own)| *own == value)?;
        let start = |part: &(usize, usize)| self.events[part.0].start;
        let end = |part: &(usize, usize)| self.end(part.1).max(self.events[part.0].end);
        let bytes = match (parts.get(at + 1), at.checked_sub(1).and_then(|at| parts.get(at))) {
            (Some(next), _) => start(&parts[at])..start(next),
            (None, Some(last)) => end(last)..end(&parts[at]),
            (None, None) => start(&parts[at])..end(&parts[at]),
        };
        Some(Splice { bytes, text: String::new() })
    }
}
