//! One vocabulary for YAML and JSON: events with byte spans.
//!
//! ```text
//!  text ─┬─ scan    our subset of block YAML ─┐ gives up: lenient
//!        ├─ lenient all of YAML (saphyr) ─────┼──► [Event] ──► de      typed objects
//!        └─ json    JSON ─────────────────────┘          └───► locate  positions
//! ```
//!
//! A document's events are collected before they are used: a scanner may then give up half way,
//! an alias is a copy of what it names, and a broken value can be taken out and the rest read on.

mod json;
mod lenient;
mod merge;
mod saphyr;
mod scan;

use std::borrow::Cow;

/// How deep collections may nest, in YAML and JSON alike; the deepest Kubernetes object has some
/// 30 levels. Everything after this may recurse safely.
pub(crate) const MAX_DEPTH: usize = 128;

/// How many events the aliases and merge keys of one document may add: a bomb stops here.
const MAX_COPIED: usize = 100_000;

/// How many bytes of text the aliases of one document may add: a bomb of few big ones, too.
const MAX_BYTES: usize = 16 << 20;

/// A piece of a document's structure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event<'a> {
    /// What it is.
    pub(crate) what: What<'a>,
    /// Its first byte in the text. A block mapping starts at its first key.
    pub(crate) start: usize,
    /// The byte after its last. What has no text of its own (an absent value, a block sequence,
    /// the end of a block collection) is empty and stands where the event before it ends.
    pub(crate) end: usize,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What<'a> {
    /// A scalar, unescaped.
    Scalar(Cow<'a, str>, Style),
    /// A sequence begins; nodes follow, then an end.
    Seq,
    /// A mapping begins; keys and values follow in turn, then an end.
    Map,
    /// The innermost collection ends.
    End,
}

/// Whether a scalar says by itself that it is a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Written plain: null, a boolean, a number or a string (see [`crate::scalar`]).
    Plain,
    /// Quoted, a block, or tagged `!!str`: a string.
    Text,
}

/// A text that is not what its format says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// The byte at which it shows.
    pub(crate) at: usize,
    /// What was expected or is wrong, as a phrase.
    pub(crate) message: String,
}

impl Event<'_> {
    /// The text of a scalar.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.what {
            What::Scalar(text, _) => Some(text),
            _ => None,
        }
    }
}

/// The events of one YAML document, or none where it is empty. Aliases and merge keys are
/// resolved.
pub(crate) fn yaml(text: &str) -> Result<Vec<Event<'_>>, Syntax> {
    match scan::scan(text) {
        Some(events) => Ok(events),
        None => lenient::parse(text),
    }
}

/// The events of one JSON value.
pub(crate) fn json(text: &str) -> Result<Vec<Event<'_>>, Syntax> {
    json::parse(text)
}

/// The index after the node that begins at `at`.
pub(crate) fn after(events: &[Event<'_>], at: usize) -> usize {
    let mut depth = 0usize;
    for (index, event) in events.iter().enumerate().skip(at) {
        match event.what {
            What::Seq | What::Map => depth += 1,
            What::End => depth = depth.saturating_sub(1),
            What::Scalar(..) => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    events.len()
}

/// The entries of the mapping at `at`, as the indices of key and value; none for anything else.
pub(crate) fn entries<'e>(
    events: &'e [Event<'_>],
    at: usize,
) -> impl Iterator<Item = (usize, usize)> + 'e {
    let map = events.get(at).is_some_and(|event| event.what == What::Map);
    let mut next = if map { at + 1 } else { events.len() };
    std::iter::from_fn(move || {
        if events.get(next).is_none_or(|event| event.what == What::End) {
            return None;
        }
        let (key, value) = (next, after(events, next));
        next = after(events, value);
        (value < events.len()).then_some((key, value))
    })
}

/// The items of the sequence at `at`; none for anything else.
pub(crate) fn items<'e>(events: &'e [Event<'_>], at: usize) -> impl Iterator<Item = usize> + 'e {
    let seq = events.get(at).is_some_and(|event| event.what == What::Seq);
    let mut next = if seq { at + 1 } else { events.len() };
    std::iter::from_fn(move || {
        if events.get(next).is_none_or(|event| event.what == What::End) {
            return None;
        }
        let item = next;
        next = after(events, item);
        Some(item)
    })
}

/// The value of `key` in the mapping at `at`, with the index of the key. Where a key is given
/// twice, the last.
pub(crate) fn value(events: &[Event<'_>], at: usize, key: &str) -> Option<(usize, usize)> {
    entries(events, at).filter(|(name, _)| events[*name].scalar() == Some(key)).last()
}

/// Events under construction: counts the depth, and gives spans to what has no text.
struct Builder<'a> {
    events: Vec<Event<'a>>,
    depth: usize,
}

impl<'a> Builder<'a> {
    fn new(bytes: usize) -> Self {
        Builder { events: Vec::with_capacity(bytes / 20 + 4), depth: 0 }
    }

    /// Where the last event ends.
    fn last_end(&self) -> usize {
        self.events.last().map_or(0, |event| event.end)
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, start: usize, end: usize) {
        self.events.push(Event { what: What::Scalar(text, style), start, end });
    }

    /// An absent value.
    fn absent(&mut self) {
        let at = self.last_end();
        self.scalar(Cow::Borrowed(""), Style::Plain, at, at);
    }

    /// Begins a collection; fails where it would be nested too deep.
    fn open(&mut self, what: What<'a>, start: usize, end: usize) -> Result<(), Syntax> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("at most {MAX_DEPTH} levels of nesting");
            return Err(Syntax { at: start, message });
        }
        self.events.push(Event { what, start, end });
        Ok(())
    }

    /// Begins a block sequence.
    fn open_block(&mut self) -> Result<(), Syntax> {
        let at = self.last_end();
        self.open(What::Seq, at, at)
    }

    /// Ends a block collection.
    fn close_block(&mut self) {
        let at = self.last_end();
        self.close(at, at);
    }

    /// Ends a flow collection.
    fn close(&mut self, start: usize, end: usize) {
        self.depth = self.depth.saturating_sub(1);
        self.events.push(Event { what: What::End, start, end });
    }
}

#[cfg(test)]
mod tests;
