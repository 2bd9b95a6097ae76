//! From a document's events to objects, refusals and counts.

use std::collections::BTreeMap;
use std::ops::Range;

use fibula_cluster::{Fault, Kind, Object, Reading, is_environments, reading};

use crate::de;
use crate::events::{Event, Style, What, after, items, value};
use crate::file::{File, Format};
use crate::path::write;
use crate::refusal::Refusal;
use crate::sources::Origin;
use crate::strict::strangers;

/// How many mistyped values of one object are reported.
const MOST_FAILS: usize = 20;

/// What a piece of the input held, in its order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) found: Vec<(Origin, Found)>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) left: BTreeMap<String, usize>,
    pub(crate) strangers: usize,
    /// What of them is no YAML at all.
    pub(crate) garbled: Vec<Refusal>,
    /// Whether there was a list, if only an empty one.
    pub(crate) list: bool,
    /// Whether an item of a list of JSON is not one value: its end was guessed, and wrongly.
    pub(crate) torn: bool,
}

/// An object that matters.
#[derive(Debug)]
pub(crate) enum Found {
    /// One that was read.
    Object(Object),
    /// One that decides traffic and is not read, or was refused.
    Unread { api_version: String, kind: String, namespace: String, name: String },
    /// What stands for all objects of a kind: nobody may list them.
    Forbidden { api_version: String, kind: String },
    /// What stands for what containers name: it was left out.
    WithoutEnv,
}

/// A text in a file, to be read.
#[derive(Clone, Copy)]
pub(crate) struct Context<'f> {
    pub(crate) file: &'f File,
    pub(crate) index: u32,
    pub(crate) format: Format,
    /// Where the text begins in the file.
    pub(crate) base: usize,
}

/// What kind of object something is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Type<'a> {
    pub(crate) api_version: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
}

impl Batch {
    /// Whether nothing was found in it, not even something broken.
    pub(crate) fn is_nothing(&self) -> bool {
        self.found.is_empty()
            && self.refused.is_empty()
            && self.left.is_empty()
            && self.strangers == 0
            && !self.list
    }

    /// Adds what comes after.
    pub(crate) fn append(mut self, mut other: Batch) -> Batch {
        self.found.append(&mut other.found);
        self.refused.append(&mut other.refused);
        for (kind, count) in other.left {
            *self.left.entry(kind).or_default() += count;
        }
        self.strangers += other.strangers;
        self.garbled.append(&mut other.garbled);
        self.list |= other.list;
        self.torn |= other.torn;
        self
    }

    pub(crate) fn leave(&mut self, kind: &str) {
        match self.left.get_mut(kind) {
            Some(count) => *count += 1,
            None => _ = self.left.insert(kind.to_owned(), 1),
        }
    }

    /// Counts or refuses what is no Kubernetes object: a folder may hold such things, a file that
    /// the user named may not.
    pub(crate) fn stranger(&mut self, context: Context<'_>, span: Range<usize>) {
        if context.file.found {
            self.strangers += 1;
        } else {
            let span = context.base + span.start..context.base + span.end;
            let expected = "a Kubernetes object: a mapping with apiVersion and kind";
            self.refused.push(Refusal::at(context.file, span, expected));
        }
    }
}

impl<'a> Type<'a> {
    /// The type of a list's items where they don't say: `Pod` for a `PodList`.
    pub(crate) fn of_items(self) -> Type<'a> {
        let kind = self.kind.and_then(|kind| kind.strip_suffix("List"));
        Type { kind: kind.filter(|kind| !kind.is_empty()), ..self }
    }

    pub(crate) fn or(self, other: Type<'a>) -> Type<'a> {
        match (self.api_version, self.kind) {
            (None, None) => other,
            _ => self,
        }
    }
}

/// Reads the node at `at`: an object, or a list of them to any depth. `inherited` is the type that
/// a list gives to items that have none.
pub(crate) fn node(
    context: Context<'_>,
    events: &[Event<'_>],
    at: usize,
    inherited: Type<'_>,
    batch: &mut Batch,
) {
    let text = |key| value(events, at, key).and_then(|(_, value)| events[value].scalar());
    let written = Type { api_version: text("apiVersion"), kind: text("kind") };
    let own = written.or(inherited);
    let (Some(api_version), Some(kind)) = (own.api_version, own.kind) else {
        return untyped(context, events, at, own, batch);
    };
    let range = at..after(events, at);
    match reading(api_version, kind) {
        Reading::Read(kind) => {
            let label = label(events, at, kind.name());
            match typed(context, &events[range.clone()], kind, &label) {
                Ok(object) => {
                    let origin = origin(context, events, range);
                    batch.found.push((origin, Found::Object(object)));
                }
                Err(mut refused) => {
                    batch.refused.append(&mut refused);
                    batch.found.extend(still_decides(context, &events[range], kind));
                }
            }
        }
        Reading::List => match value(events, at, "items") {
            Some((_, list)) if events[list].what == What::Seq => {
                batch.list = true;
                for item in items(events, list) {
                    node(context, events, item, own.of_items(), batch);
                }
            }
            Some((_, list)) if events[list].scalar() == Some("null") => batch.list = true,
            _ => batch.leave(kind),
        },
        Reading::Unread => {
            let [namespace, name] = names(events, at).map(str::to_owned);
            let (api_version, kind) = (api_version.to_owned(), kind.to_owned());
            let unread = Found::Unread { api_version, kind, namespace, name };
            batch.found.push((origin(context, events, range), unread));
        }
        Reading::Missing => match missing(events, at) {
            Some(found) => batch.found.push((origin(context, events, range), found)),
            None => {
                let span = context.base + events[at].start;
                let expected = "what it stands for: `of` with apiVersion and kind";
                batch.refused.push(Refusal::at(context.file, span..span + 1, expected));
            }
        },
        Reading::Other => batch.leave(kind),
    }
}

/// What an object says that stands for others.
fn missing(events: &[Event<'_>], at: usize) -> Option<Found> {
    let (_, of) = value(events, at, "of")?;
    let text = |key| value(events, of, key).and_then(|(_, at)| events[at].scalar());
    let (api_version, kind) = (text("apiVersion")?.to_owned(), text("kind")?.to_owned());
    if is_environments(&api_version, &kind) {
        return Some(Found::WithoutEnv);
    }
    Some(match names(events, at).map(str::to_owned) {
        [_, name] if name.is_empty() => Found::Forbidden { api_version, kind },
        [namespace, name] => Found::Unread { api_version, kind, namespace, name },
    })
}

/// What lacks `apiVersion` or `kind` and has `metadata` was meant to be an object.
fn untyped(
    context: Context<'_>,
    events: &[Event<'_>],
    at: usize,
    own: Type<'_>,
    batch: &mut Batch,
) {
    let span = events[at].start..events[at].end.max(events[at].start + 1);
    let half = own.api_version.is_some() || own.kind.is_some();
    if !half || value(events, at, "metadata").is_none() {
        return batch.stranger(context, span);
    }
    let missing = if own.kind.is_some() { "apiVersion" } else { "kind" };
    let label = own.kind.and_then(|kind| label(events, at, kind));
    let span = context.base + span.start..context.base + span.end;
    let mut refusal = Refusal::at(context.file, span, format!("a field `{missing}`")).of(&label);
    refusal.path = Some(missing.to_owned());
    batch.refused.push(refusal);
}

/// Reads one object, given by its events, or says everything that is wrong with it.
///
/// A mistyped value is reported, taken for absent, and the rest is read: so a second one is found
/// too, and the checks of the values that could be read.
pub(crate) fn typed(
    context: Context<'_>,
    events: &[Event<'_>],
    kind: Kind,
    label: &Option<String>,
) -> Result<Object, Vec<Refusal>> {
    let mut patched: Option<Vec<Event<'_>>> = None;
    let mut refused = Vec::new();
    let mut paths: Vec<String> = Vec::new();
    let object = loop {
        let now = patched.as_deref().unwrap_or(events);
        let fail = match de::read(now, 0, |de| kind.read(de)) {
            Ok(object) => break Some(object),
            Err(fail) => fail,
        };
        let path = write(fail.path.iter().rev().cloned());
        let again = paths.contains(&path) && fail.before.is_none();
        if !again {
            refused.push(Refusal::mistyped(context.file, context.base, now, &fail).of(label));
            paths.push(path);
        }
        let Some(at) = fail.at.filter(|&at| at > 0 && !again && refused.len() < MOST_FAILS) else {
            break None;
        };
        let events = patched.get_or_insert_with(|| events.to_vec());
        if fail.before.is_some() {
            events.drain(at..after(events, at + 1));
        } else {
            let Event { start, end, .. } = events[at];
            let null = Event { what: What::Scalar("".into(), Style::Plain), start, end };
            events.splice(at..after(events, at), [null]);
        }
    };
    let strangers = strangers(context, events, kind);
    let misspelt = !strangers.is_empty();
    refused.extend(strangers.into_iter().map(|refusal| refusal.of(label)));
    let faults = object.as_ref().map(Object::check).unwrap_or_default();
    // What was taken for absent is no second mistake, and what is misspelt lacks nothing.
    let known = |fault: &Fault| {
        misspelt && fault.got.is_empty()
            || paths.iter().any(|path| fault.path.starts_with(path.as_str()))
    };
    for fault in faults.iter().filter(|fault| !known(fault)) {
        refused.push(Refusal::fault(context.file, context.base, events, fault).of(label));
    }
    refused.sort_by_key(|refusal| (refusal.line, refusal.column));
    object.filter(|_| refused.is_empty()).ok_or(refused)
}

/// What is to be told of an object that was refused, given by its events: a policy could decide
/// whatever it was meant to say (DR-21).
pub(crate) fn still_decides(
    context: Context<'_>,
    events: &[Event<'_>],
    kind: Kind,
) -> Option<(Origin, Found)> {
    (kind.is_policy() && !events.is_empty()).then(|| {
        let [namespace, name] = names(events, 0).map(str::to_owned);
        let (api_version, kind) = (kind.api_version().to_owned(), kind.name().to_owned());
        let origin = origin(context, events, 0..events.len());
        (origin, Found::Unread { api_version, kind, namespace, name })
    })
}

/// The namespace and name of the object at `at`, empty where they are not given.
fn names<'e>(events: &'e [Event<'_>], at: usize) -> [&'e str; 2] {
    let metadata = value(events, at, "metadata").map(|(_, metadata)| metadata);
    let get = |key| {
        let (_, at) = value(events, metadata?, key)?;
        events[at].scalar()
    };
    [get("namespace").unwrap_or_default(), get("name").or(get("generateName")).unwrap_or_default()]
}

/// What people call the object at `at`: `Pod shop/web`.
pub(crate) fn label(events: &[Event<'_>], at: usize, kind: &str) -> Option<String> {
    Some(match names(events, at) {
        [_, ""] => kind.to_owned(),
        ["", name] => format!("{kind} {name}"),
        [namespace, name] => format!("{kind} {namespace}/{name}"),
    })
}

fn origin(context: Context<'_>, events: &[Event<'_>], range: Range<usize>) -> Origin {
    Origin::new((context.index, context.file), context.format, context.base, events, range)
}
