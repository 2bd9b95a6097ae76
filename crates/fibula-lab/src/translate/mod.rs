//! From a network to a [`Plan`], by kind of entry.
//!
//! ```text
//!   elements, links ──► ground   a namespace for each switch, wires, a bridge for each mesh
//!   last table      ──► routes   Deliver: addresses of `lo`, listeners; Forward: routes
//!   all tables      ──► rules    what stops, rewrites or leads apart: an nft ruleset
//!   chains of Pods  ──►          a map from their addresses to filters that they share
//! ```
//!
//! | entry | in the kernel |
//! |---|---|
//! | Deliver | the address, or a `local` range, on `lo`; a listener for each port that is delivered |
//! | Forward | a route; by the mark of a rule where it depends on more than the target, or forks |
//! | Rewrite | the rule's mark, then `dnat`, to the backends in turn |
//! | Masquerade | a mark of the connection, then `snat`, which keeps the port |
//! | Undo, Deliver(caller) | connection tracking does both by itself |
//! | Discard, Reject | a rule that says so in the set [`STOPPED`](crate::plan::STOPPED), then drops or rejects |
//! | Goto, in a filter | the place in the mark, which the tables behind the filters ask for |
//! | Discard(closed port) | nobody listens, and the kernel refuses |
//!
//! A route cannot stop a message: a process of a Node must be able to send to a virtual address,
//! for which there is no route before it is rewritten. First match becomes longest prefix where the
//! two mean the same; where they do not, and wherever else the kernel would do something else than
//! an entry says, there is a [`Refusal`] and no plan.

mod ground;
mod lines;
mod nets;
mod nft;
mod place;
mod routes;
mod rules;
mod strangers;

use std::fmt;

use fibula_network::{Addr, ElementId, EntryId, Network, Port, TableId, When};

use crate::plan::{Origin, PLAIN, Plan, SpaceId, Sysctl};

use ground::Ground;
use lines::Switch;

/// What is decided of a plan beside its network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The value of each choice of the network; a choice beyond its end has value 0.
    pub choices: Vec<u8>,
    /// Where messages will be sent to. On an address that delivers ports which nobody declares
    /// there are listeners for these.
    pub targets: Vec<(Addr, Port)>,
    /// Entries that are kept out of the kernel.
    pub without: Vec<Without>,
}

/// An entry that is kept out of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Without {
    /// At which switch; at all that share its table where none is named.
    pub at: Option<ElementId>,
    /// The entry.
    pub entry: EntryId,
}

/// A plan, and what its numbers mean in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The plan.
    pub plan: Plan,
    /// The entry behind each [`Origin`], by number; none behind the first, which is for what no
    /// entry says.
    pub entries: Vec<Option<EntryId>>,
    /// The namespace of each switch and process, by element.
    spaces: Vec<Option<SpaceId>>,
}

/// Why a network has no plan: what an entry says and Linux would not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The switch.
    pub at: ElementId,
    /// The entry, if it is one.
    pub entry: Option<EntryId>,
    /// In words, with the names of both.
    pub why: String,
}

/// The numbers of entries, and their words.
struct Origins {
    /// Where the entries of each table start.
    starts: Vec<u32>,
    words: Vec<Box<str>>,
    entries: Vec<Option<EntryId>>,
}

/// The plan that realises a network in the kernel. Costs the length of the result, which has every
/// route of every switch.
///
/// # Errors
///
/// An entry, or a link, that Linux cannot keep.
pub fn translate(network: &Network, setup: &Setup) -> Result<Translation, Refusal> {
    let mut origins = Origins::new(network);
    let mut ground = Ground::new(network)?;
    let places = place::Places::new(network, &setup.targets);
    let callers = strangers::switches(network);
    for id in network.ids() {
        let Some(fib) = network.fib(id) else { continue };
        let switch = Switch::new(network, id, fib, setup, &origins);
        let rules = rules::rules(&switch, &mut origins)?;
        let ways = routes::routes(&switch, &ground, &places, rules.is_some())?;
        let mut space = std::mem::take(ground.space(id));
        (space.addresses, space.local) = (ways.addresses, ways.local);
        (space.routes, space.listeners) = (ways.routes, ways.listeners);
        if let Some(rules) = rules {
            space.marked = routes::marked(&switch, &ground, &rules.leads);
            space.ruleset = Some(rules.text);
        } else if callers.contains(&id) {
            space.ruleset = Some(rules::strangers());
        }
        space.sysctls = ways.sysctls;
        *ground.space(id) = space;
    }
    let Ground { plan: (spaces, wires), by_element, .. } = ground;
    let plan = Plan { spaces, wires, sysctls: Sysctl::all(PLAIN), origins: origins.words };
    let spaces = network
        .ids()
        .map(|id| {
            by_element
                [network.facts.host(id).filter(|_| network.fib(id).is_none()).unwrap_or(id).index()]
        })
        .collect();
    Ok(Translation { plan, entries: origins.entries, spaces })
}

// === impl Without ===

impl Without {
    /// The entries of a name such as `n1/services/12` or, for every switch, `services/12`: as plans
    /// name entries. Filters that were made from one policy can share a name, so there may be
    /// several.
    ///
    /// # Errors
    ///
    /// Nothing has that name.
    pub fn named(network: &Network, name: &str) -> Result<Vec<Without>, String> {
        let unknown = || format!("{name:?} is no entry: say TABLE/NUMBER or SWITCH/TABLE/NUMBER");
        let (path, index) = name.rsplit_once('/').ok_or_else(unknown)?;
        let index: u32 = index.parse().map_err(|_| unknown())?;
        let mut named = vec![];
        for (id, table) in (0..).map(TableId).zip(&network.tables) {
            // Names of switches and tables can have slashes of their own.
            let Some(at) = path.strip_suffix(&*table.name) else { continue };
            if index as usize >= table.entries.len() {
                continue;
            }
            let entry = EntryId { table: id, index };
            let Some(at) = at.strip_suffix('/') else {
                named.extend(at.is_empty().then_some(Without { at: None, entry }));
                continue;
            };
            let called = |switch: &ElementId| *network.element(*switch).name == *at;
            let switches = network.ids().filter(called).filter(|id| asks(network, *id, entry));
            named.extend(switches.map(|switch| Without { at: Some(switch), entry }));
        }
        if named.is_empty() { Err(unknown()) } else { Ok(named) }
    }

    fn holds(self, at: ElementId, entry: EntryId) -> bool {
        self.entry == entry && self.at.is_none_or(|only| only == at)
    }
}

/// Whether an entry is in a table of a switch, or in one of the chains of its tables.
fn asks(network: &Network, switch: ElementId, entry: EntryId) -> bool {
    let Some(fib) = network.fib(switch) else { return false };
    network.pipeline(fib.pipeline).iter().any(|table| {
        let chains = network.table(*table).chains.iter();
        let mut filters = chains.flat_map(|chains| &chains.lists).flatten();
        *table == entry.table || filters.any(|filter| *filter == entry.table)
    })
}

// === impl Setup ===

impl Setup {
    /// Whether a choice has this value.
    fn has(&self, when: When) -> bool {
        self.choices.get(usize::from(when.choice.0)).copied().unwrap_or(0) == when.value
    }
}

// === impl Translation ===

impl Translation {
    /// The namespace of a switch, or of the switch that a process belongs to.
    pub fn space(&self, element: ElementId) -> Option<SpaceId> {
        self.spaces.get(element.index()).copied().flatten()
    }

    /// The entry that an item of the plan realises.
    pub fn entry(&self, origin: Origin) -> Option<EntryId> {
        self.entries.get(origin.0 as usize).copied().flatten()
    }
}

// === impl Origins ===

impl Origins {
    fn new(network: &Network) -> Origins {
        let mut origins =
            Origins { starts: vec![], words: vec!["no entry".into()], entries: vec![None] };
        for (id, table) in (0..).zip(&network.tables) {
            origins.starts.push(origins.words.len() as u32);
            for (index, entry) in (0..).zip(&table.entries) {
                let words = format!("{} {}/{index}", entry.origin.rule, table.name);
                let table = TableId(id);
                origins.add(words, EntryId { table, index });
            }
        }
        origins
    }

    fn add(&mut self, words: String, entry: EntryId) -> Origin {
        self.words.push(words.into());
        self.entries.push(Some(entry));
        Origin(self.words.len() as u32 - 1)
    }

    fn of(&self, entry: EntryId) -> Origin {
        Origin(self.starts[entry.table.0 as usize] + entry.index)
    }

    /// A number for one of several alternatives of an entry.
    fn alternative(&mut self, entry: EntryId, taken: usize, of: usize) -> Origin {
        let words = &self.words[self.of(entry).0 as usize];
        self.add(format!("{words}, alternative {} of {of}", taken + 1), entry)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Refusal {}
