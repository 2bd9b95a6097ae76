//! All of YAML, by saphyr-parser.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event as Parsed, Parser, ScalarStyle, Tag};

use super::{Builder, Event, MAX_COPIED, Style, Syntax, What, after, merge};

/// The events of one document. Aliases are replaced by copies of what they name, which keep their
/// positions: a wrong value is shown where it is written.
pub(super) fn parse(text: &str) -> Result<Vec<Event<'_>>, Syntax> {
    let offsets = Offsets::new(text);
    let mut parser = Parser::new_from_str(text);
    let mut out = Builder::new(text.len());
    let mut anchors: BTreeMap<usize, usize> = BTreeMap::new();
    let mut copied = 0;
    let mut merges = false;
    let mut documents = 0;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| Syntax {
            at: offsets.byte(error.marker().index()),
            message: error.info().to_owned(),
        })?;
        let (start, end) = (offsets.byte(span.start.index()), offsets.byte(span.end.index()));
        let index = out.events.len();
        match event {
            Parsed::Scalar(value, style, anchor, tag) => {
                let value = borrow(value, text, start, end);
                if value.is_empty() && style == ScalarStyle::Plain {
                    out.absent();
                } else {
                    out.scalar(value, self::style(style, tag.as_deref()), start, end);
                }
                merges |= merge::is_merge(&out.events[index]);
                anchors.insert(anchor, index);
            }
            Parsed::SequenceStart(anchor, _) => {
                out.open(What::Seq, start, end)?;
                anchors.insert(anchor, index);
            }
            Parsed::MappingStart(anchor, _) => {
                out.open(What::Map, start, end)?;
                anchors.insert(anchor, index);
            }
            Parsed::SequenceEnd | Parsed::MappingEnd => {
                if matches!(text.get(start..end), Some("]" | "}")) {
                    out.close(start, end);
                } else {
                    out.close_block();
                }
            }
            Parsed::Alias(anchor) => {
                let range = target(&out.events, anchors.get(&anchor).copied(), start)?;
                copied += range.len();
                if copied > MAX_COPIED {
                    let message = format!("aliases that add at most {MAX_COPIED} values");
                    return Err(Syntax { at: start, message });
                }
                copy(&mut out, range)?;
            }
            Parsed::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    let message = "`---` before another document".to_owned();
                    return Err(Syntax { at: start, message });
                }
            }
            _ => {}
        }
    }
    if merges { merge::resolve(&out.events) } else { Ok(out.events) }
}

/// The events that an alias stands for.
fn target(
    events: &[Event<'_>],
    anchor: Option<usize>,
    alias: usize,
) -> Result<Range<usize>, Syntax> {
    let error = |message: &str| Syntax { at: alias, message: message.to_owned() };
    let start = anchor.ok_or_else(|| error("an anchor of this name before its alias"))?;
    let end = after(events, start);
    // An open collection never comes back to depth 0: the alias stands inside what it names.
    let closed = match events[start].what {
        What::Scalar(..) => true,
        _ => balanced(&events[start..end]),
    };
    if closed { Ok(start..end) } else { Err(error("an alias that does not contain itself")) }
}

fn balanced(events: &[Event<'_>]) -> bool {
    let opens = events.iter().filter(|event| matches!(event.what, What::Seq | What::Map)).count();
    let ends = events.iter().filter(|event| event.what == What::End).count();
    opens == ends
}

fn copy(out: &mut Builder<'_>, range: Range<usize>) -> Result<(), Syntax> {
    for index in range {
        let Event { what, start, end } = out.events[index].clone();
        match what {
            What::Seq | What::Map => out.open(what, start, end)?,
            What::End => out.close(start, end),
            What::Scalar(text, style) => out.scalar(text, style, start, end),
        }
    }
    Ok(())
}

/// Borrows from the text what the parser copied although nothing had to be unescaped.
fn borrow<'a>(value: Cow<'a, str>, text: &'a str, start: usize, end: usize) -> Cow<'a, str> {
    match text.get(start..end) {
        Some(written) if *written == *value => Cow::Borrowed(written),
        _ => value,
    }
}

/// A tag of the core schema decides; others are ignored, as kubectl does.
fn style(style: ScalarStyle, tag: Option<&Tag>) -> Style {
    match tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix.as_str())) {
        Some((true, "str" | "binary")) => Style::Text,
        Some((true, "int" | "float" | "bool" | "null")) => Style::Plain,
        _ if style == ScalarStyle::Plain => Style::Plain,
        _ => Style::Text,
    }
}

/// From the parser's positions, in characters, to ours, in bytes.
struct Offsets<'a> {
    text: &'a str,
    /// The byte of every [`STEP`]th character; empty where all are one byte long.
    steps: Vec<usize>,
}

const STEP: usize = 64;

impl<'a> Offsets<'a> {
    fn new(text: &'a str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STEP).map(|(byte, _)| byte).collect()
        };
        Offsets { text, steps }
    }

    fn byte(&self, index: usize) -> usize {
        if self.steps.is_empty() {
            return index.min(self.text.len());
        }
        let Some(&from) = self.steps.get(index / STEP) else { return self.text.len() };
        self.text[from..]
            .char_indices()
            .nth(index % STEP)
            .map_or(self.text.len(), |(byte, _)| from + byte)
    }
}
