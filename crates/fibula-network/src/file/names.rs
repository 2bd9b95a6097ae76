//! Names for what a network knows by number.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::addr::Range;
use crate::element::{ElementId, Kind};
use crate::fib::{AddrSetId, BackendsId, ChoiceId, HopsId, PipelineId, TableId, When, ZoneId};
use crate::network::Network;

/// The names that a file uses for the parts of a network. None panics on an id out of range.
pub(crate) struct Names<'n> {
    network: &'n Network,
    /// Names of elements of more than one kind.
    shared: FxHashSet<&'n str>,
    tables: Vec<String>,
    pipelines: Vec<String>,
    choices: Vec<String>,
    backends: Vec<String>,
    hops: Vec<String>,
}

/// What the names of a file mean.
#[derive(Default)]
pub(super) struct Index<'a> {
    elements: FxHashMap<(Kind, &'a str), ElementId>,
    /// By name alone; none where elements of several kinds have it.
    plain: FxHashMap<&'a str, Option<ElementId>>,
    pub(super) sets: FxHashMap<&'a str, AddrSetId>,
    pub(super) choices: FxHashMap<&'a str, ChoiceId>,
    pub(super) tables: FxHashMap<&'a str, TableId>,
    pub(super) pipelines: FxHashMap<&'a str, PipelineId>,
    pub(super) zones: FxHashMap<&'a str, ZoneId>,
    pub(super) backends: FxHashMap<&'a str, BackendsId>,
    pub(super) hops: FxHashMap<&'a str, HopsId>,
}

/// A step of a path, in brackets where a bare word would not be one.
pub(super) struct Key<'a>(pub(super) &'a str);

/// Words of actions, which a bare name would be mistaken for.
const ACTION_WORDS: [&str; 6] = ["listener", "me", "caller", "host", "owner", "owner's node"];
/// Words of address fields.
const ADDRESS_WORDS: [&str; 4] = ["*", "own", "hosted", "same"];

/// Unique keys for names: the second `node` is `node~2`. [`name_of`] gives the name back, so a
/// name that itself ends so gets one more.
fn keys<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
    names
        .map(|name| {
            let count = seen.entry(name).or_default();
            *count += 1;
            match *count {
                1 if name_of(name) == name => name.to_owned(),
                n => format!("{name}~{n}"),
            }
        })
        .collect()
}

/// The name behind a key.
pub(super) fn name_of(key: &str) -> &str {
    match key.rsplit_once('~') {
        Some((name, n)) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => key,
    }
}

/// `pod:p1` as kind and name, if it begins with a kind.
fn kind_and_name(text: &str) -> Option<(Kind, &str)> {
    let (kind, name) = text.split_once(':')?;
    Some((Kind::ALL.into_iter().find(|k| k.name() == kind)?, name))
}

// === impl Names ===

impl<'n> Names<'n> {
    /// Costs a hash of each name.
    pub(crate) fn new(network: &'n Network) -> Names<'n> {
        let mut kinds: FxHashMap<&str, Kind> = FxHashMap::default();
        kinds.reserve(network.elements.len());
        let other =
            |e: &&'n crate::element::Element| *kinds.entry(&e.name).or_insert(e.kind) != e.kind;
        let shared = network.elements.iter().filter(other).map(|e| &*e.name).collect();
        let users = network.elements.iter().zip(&network.fibs);
        let mut first: FxHashMap<PipelineId, Kind> = FxHashMap::default();
        for (element, fib) in users.filter_map(|(e, fib)| Some((e, fib.as_ref()?))) {
            first.entry(fib.pipeline).or_insert(element.kind);
        }
        let pipelines = network.pipelines.iter().enumerate().map(|(i, tables)| match tables[..] {
            [one] => network.tables.get(one.0 as usize).map_or("", |table| &*table.name),
            _ => first.get(&PipelineId(i as u32)).map_or("unused", |kind| kind.name()),
        });
        let node = |id: &ElementId| {
            network.elements.get(id.index()).is_some_and(|element| element.kind == Kind::Node)
        };
        let hops = network.hops.iter().map(|hops| match hops.iter().all(node) {
            true => "nodes",
            false => "switches",
        });
        Names {
            network,
            shared,
            tables: keys(network.tables.iter().map(|table| &*table.name)),
            pipelines: keys(pipelines),
            choices: keys(network.choices.iter().map(|choice| &*choice.id)),
            backends: keys(network.backends.iter().map(|backends| &*backends.name)),
            hops: keys(hops),
        }
    }

    /// The name of an element; with its kind before a colon where the name alone is not clear.
    pub(crate) fn element(&self, id: ElementId) -> Cow<'n, str> {
        let Some(element) = self.network.elements.get(id.index()) else {
            return Cow::Owned(format!("{id:?}"));
        };
        let name = &*element.name;
        let unclear = self.shared.contains(name)
            || kind_and_name(name).is_some()
            || name.starts_with("one of ")
            || ACTION_WORDS.contains(&name);
        if unclear { Cow::Owned(format!("{}:{name}", element.kind)) } else { Cow::Borrowed(name) }
    }

    /// The key of a table.
    pub(crate) fn table(&self, id: TableId) -> &str {
        self.tables.get(id.0 as usize).map_or("?", |key| key)
    }

    /// The key of a pipeline.
    pub(crate) fn pipeline(&self, id: PipelineId) -> &str {
        self.pipelines.get(id.0 as usize).map_or("?", |key| key)
    }

    /// The key of a choice.
    pub(crate) fn choice(&self, id: ChoiceId) -> &str {
        self.choices.get(usize::from(id.0)).map_or("?", |key| key)
    }

    /// The key of a list of backends.
    pub(crate) fn backends(&self, id: BackendsId) -> &str {
        self.backends.get(id.0 as usize).map_or("?", |key| key)
    }

    /// The key of a list of switches.
    pub(crate) fn hops(&self, id: HopsId) -> &str {
        self.hops.get(id.0 as usize).map_or("?", |key| key)
    }

    /// The name of a zone.
    pub(super) fn zone(&self, id: ZoneId) -> &'n str {
        self.network.zones.get(id.0 as usize).map_or("?", |name| name)
    }

    /// A value of a choice: `POD-7=1`.
    pub(super) fn when(&self, when: When) -> String {
        format!("{}={}", self.choice(when.choice), when.value)
    }

    /// The name of a set in an address field; after `set:` where the name alone is not clear.
    pub(super) fn set(&self, id: AddrSetId) -> Cow<'n, str> {
        let name = self.network.sets.get(id.0 as usize).map_or("?", |set| &*set.name);
        let unclear = ADDRESS_WORDS.contains(&name)
            || name.starts_with("elsewhere ")
            || name.starts_with("own in ")
            || name.starts_with("set:")
            || name.parse::<Range>().is_ok();
        if unclear { Cow::Owned(format!("set:{name}")) } else { Cow::Borrowed(name) }
    }
}

// === impl Index ===

impl<'a> Index<'a> {
    /// Makes room for this many elements.
    pub(super) fn reserve(&mut self, elements: usize) {
        self.elements.reserve(elements);
        self.plain.reserve(elements);
    }

    /// Adds an element.
    pub(super) fn add(&mut self, kind: Kind, name: &'a str, id: ElementId) {
        self.plain.entry(name).and_modify(|one| *one = None).or_insert(Some(id));
        self.elements.insert((kind, name), id);
    }

    /// The element of this name.
    pub(super) fn element(&self, text: &str) -> Result<ElementId, &'static str> {
        let exact = kind_and_name(text).and_then(|key| self.elements.get(&key));
        match exact.map(|id| Some(*id)).or_else(|| self.plain.get(text).copied()) {
            Some(Some(id)) => Ok(id),
            Some(None) => Err("its kind before the name, such as pod:NAME, for several have it"),
            None => Err("the name of an element"),
        }
    }

    /// The zone of this name.
    pub(super) fn zone(&self, text: &str) -> Result<ZoneId, &'static str> {
        self.zones.get(text).copied().ok_or("the name of a zone")
    }

    /// A value of a choice.
    pub(super) fn when(&self, text: &str) -> Result<When, &'static str> {
        const WHEN: &str = "CHOICE=VALUE, such as POD-7=1";
        let (choice, value) = text.rsplit_once('=').ok_or(WHEN)?;
        let value = value.parse().map_err(|_| WHEN)?;
        let choice = self.choices.get(choice).ok_or("the id of a choice before the =")?;
        Ok(When { choice: *choice, value })
    }
}

// === impl Key ===

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~/".contains(&b);
        match !self.0.is_empty() && self.0.bytes().all(plain) {
            true => write!(f, ".{}", self.0),
            false => write!(f, "[{:?}]", self.0),
        }
    }
}
