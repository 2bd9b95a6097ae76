//! All of YAML, by saphyr-parser.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event as Parsed, Parser, ScalarStyle, Tag};

use super::lenient::Quotes;
use super::{Builder, Event, MAX_BYTES, MAX_COPIED, Style, Syntax, What, after, lenient, merge};

/// Where and in what a text broke.
pub(super) struct Broken {
    pub(super) error: Syntax,
    /// Whether a flow collection was open.
    pub(super) flow: bool,
}

/// The events of one document. Aliases are replaced by copies of what they name, which keep their
/// positions: a wrong value is shown where it is written.
///
/// `text` may be a repaired copy of `original`, of the same length, with values of `quotes`
/// blanked.
pub(super) fn parse<'a>(
    text: &str,
    original: &'a str,
    quotes: &Quotes,
) -> Result<Vec<Event<'a>>, Broken> {
    let offsets = Offsets::new(text);
    let mut collector = Collector {
        original,
        quotes,
        out: Builder::new(text.len()),
        anchors: BTreeMap::new(),
        copied: 0,
        bytes: 0,
        merges: false,
        documents: 0,
    };
    for next in Parser::new_from_str(text) {
        let error = match next {
            Ok((event, span)) => {
                let range = offsets.byte(span.start.index())..offsets.byte(span.end.index());
                match collector.take(event, range) {
                    Ok(()) => continue,
                    Err(error) => error,
                }
            }
            Err(error) => Syntax {
                at: offsets.byte(error.marker().index()),
                message: error.info().to_owned(),
            },
        };
        let flow = collector.in_flow(text, error.at);
        return Err(Broken { error, flow });
    }
    if !collector.merges {
        return Ok(collector.out.events);
    }
    merge::resolve(&collector.out.events).map_err(|error| Broken { error, flow: false })
}

struct Collector<'a, 'q> {
    original: &'a str,
    quotes: &'q Quotes,
    out: Builder<'a>,
    /// The event that each anchor stands at.
    anchors: BTreeMap<usize, usize>,
    /// How many events were copied for aliases.
    copied: usize,
    /// And how many bytes of text.
    bytes: usize,
    merges: bool,
    documents: usize,
}

impl<'a> Collector<'a, '_> {
    fn take(&mut self, event: Parsed<'_>, range: Range<usize>) -> Result<(), Syntax> {
        let index = self.out.events.len();
        // What follows a bracket, up to the next token, is no part of it.
        let written = self.original.get(range.clone()).unwrap_or_default();
        let (start, end) = (range.start, range.start + written.trim_ascii_end().len());
        match event {
            Parsed::Scalar(value, style, anchor, tag) => {
                self.scalar(value, style, tag.as_deref(), range);
                self.merges |= merge::is_merge(&self.out.events[index]);
                self.anchors.insert(anchor, index);
            }
            Parsed::SequenceStart(anchor, _) => {
                if start < end {
                    self.out.open(What::Seq, start, end)?;
                } else {
                    self.out.open_block()?;
                }
                self.anchors.insert(anchor, index);
            }
            Parsed::MappingStart(anchor, _) => {
                self.out.open(What::Map, start, end)?;
                self.anchors.insert(anchor, index);
            }
            Parsed::SequenceEnd | Parsed::MappingEnd => {
                if written.starts_with([']', '}']) {
                    self.out.close(start, start + 1);
                } else {
                    self.out.close_block();
                }
            }
            Parsed::Alias(anchor) => {
                let range = target(&self.out.events, self.anchors.get(&anchor).copied(), start)?;
                self.copied += range.len();
                let bytes = self.out.events[range.clone()].iter().map(owned);
                self.bytes += bytes.sum::<usize>();
                if self.copied > MAX_COPIED || self.bytes > MAX_BYTES {
                    let message = format!(
                        "aliases that add at most {MAX_COPIED} values, of {} MiB",
                        MAX_BYTES >> 20
                    );
                    return Err(Syntax { at: start, message });
                }
                copy(&mut self.out, range)?;
            }
            Parsed::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "`---` before another document".to_owned();
                    return Err(Syntax { at: start, message });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        value: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        range: Range<usize>,
    ) {
        let (mut start, mut end) = (range.start, range.end);
        let mut value = borrow(value, self.original, range);
        match style {
            ScalarStyle::Plain if value.is_empty() => return self.out.absent(),
            // The parser takes what follows a quoted scalar, and a block, for a part of it.
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                end = lenient::quoted(self.original, start).unwrap_or(end);
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let text = self.original.get(start..end).unwrap_or_default();
                start += text.len() - text.trim_ascii_start().len();
                end = start + text.trim_ascii().len();
            }
            ScalarStyle::Plain => {}
        }
        if let Some((stop, text)) = self.quotes.get(&start) {
            (value, end) = (Cow::Owned(text.clone()), *stop);
        }
        self.out.scalar(value, self::style(style, tag), start, end);
    }

    /// Whether a flow collection is open at `at`, which the parser may have read ahead of its
    /// events.
    fn in_flow(&self, text: &str, at: usize) -> bool {
        let mut open: Vec<bool> = Vec::new();
        for event in &self.out.events {
            match event.what {
                What::Seq | What::Map => open.push(event.start < event.end),
                What::End => _ = open.pop(),
                What::Scalar(..) => {}
            }
        }
        let ahead = text.get(self.out.last_end()..at).unwrap_or_default();
        open.last() == Some(&true) || ahead.contains(['[', '{'])
    }
}

/// How many bytes a copy of an event takes beside it.
fn owned(event: &Event<'_>) -> usize {
    match &event.what {
        What::Scalar(Cow::Owned(text), _) => text.len(),
        _ => 0,
    }
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

/// Borrows from the text what is written there as it is.
fn borrow<'a>(value: Cow<'_, str>, text: &'a str, range: Range<usize>) -> Cow<'a, str> {
    match text.get(range) {
        Some(written) if *written == *value => Cow::Borrowed(written),
        _ => Cow::Owned(value.into_owned()),
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
