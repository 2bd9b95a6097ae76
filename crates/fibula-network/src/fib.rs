//! Forwarding tables (N6): patterns, actions, entries, and the tables that switches share.

mod action;

use std::borrow::Cow;

use crate::addr::{Addr, Family, Range};
use crate::element::{ElementId, Kind, PlaceId};
use crate::header::{Port, Proto};
pub use action::{Action, Hop, Mark, Reason, Receiver, Source};

/// The FIB of a switch: a pipeline of tables, shared with the switches that decide alike, and what
/// the relative words of those tables mean here.
///
/// A message passes the tables in their order. In each, the first entry that matches it decides;
/// a table in which none does passes it on to the next. After the last the FIB has run out, and
/// the message ends with *no entry*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fib {
    /// The tables, as a pipeline of the network.
    pub pipeline: PipelineId,
    /// What is particular to this switch.
    pub me: Me,
}

/// What a switch's relative entries refer to. It belongs to the FIB, not to the facts: a switch
/// can be wrong about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Me {
    /// *own*: the addresses that this switch takes for its own, sorted.
    pub own: Vec<Addr>,
    /// Who listens on which port here, sorted by port; where two share one, the first has it.
    pub listeners: Vec<Listener>,
    /// The switch of the Node that hosts this one (F3).
    pub host: Option<ElementId>,
    /// The zone that it is in, if it is in one: it sees the backends of that zone.
    pub zone: Option<ZoneId>,
    /// The addresses that it can give messages as their source, at most one of each family.
    pub masquerade: Vec<Addr>,
}

/// A process that a switch delivers a port to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener {
    /// The port.
    pub port: Port,
    /// The process.
    pub process: ElementId,
    /// Where that is declared.
    pub place: PlaceId,
}

/// Who owns an address, for the relative entries that lead to it (F4, F5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The address.
    pub addr: Addr,
    /// Under which value of a choice this holds: several owners of one address are alternatives
    /// (POD-7).
    pub when: Option<When>,
    /// The switch that owns it: of a Pod, or of a Node.
    pub to: ElementId,
    /// The Node Switch that leads there: the host of a Pod, a Node itself.
    pub via: ElementId,
}

/// A table of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// A pipeline of a network: a list of tables that some switches share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipelineId(pub u32);

/// A set of addresses that a network gives a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddrSetId(pub u32);

/// A list of backends of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackendsId(pub u32);

/// A list of switches of a network, of which a message goes to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HopsId(pub u32);

/// A zone of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub u32);

/// A choice that is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChoiceId(pub u8);

/// A chain of a table, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(pub u32);

/// An entry of a network: its table, and its place there, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The table.
    pub table: TableId,
    /// The place in it.
    pub index: u32,
}

/// A table: the first entry that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// A name for people.
    pub name: Box<str>,
    /// The entries, in their order.
    pub entries: Vec<Entry>,
    /// What comes after the entries, if that depends on a Pod.
    pub chains: Option<Box<Chains>>,
}

/// Filters of Pods: what a switch asks of messages from or for a Pod that it hosts.
///
/// A message passes the tables of the Pod's chain in their order, as if they stood in the pipeline;
/// where none of them decides, it goes on at the table after this one. The entries of those tables
/// filter and do nothing else: they go on at a table that is later in the pipeline, or end the
/// message by Discard or Reject. They say nothing of the address that names the Pod. Thousands of
/// Pods share a chain, and chains share tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chains {
    /// Which address names the Pod.
    pub by: Side,
    /// The chain of each Pod Switch that has one, sorted by switch.
    pub of: Vec<(ElementId, ChainId)>,
    /// The tables of each chain.
    pub lists: Vec<Vec<TableId>>,
}

/// One of the two addresses of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The source.
    Source,
    /// The target.
    Target,
}

/// An entry of a FIB: what it matches, what it does, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it matches.
    pub pattern: Pattern,
    /// What it does.
    pub action: Action,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where an entry comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The id of the rule that made it, such as `F4`.
    pub rule: Cow<'static, str>,
    /// Where the object behind it is declared; a relative entry has the place of what it refers to.
    pub place: PlaceId,
}

/// What an entry matches: every field that is not [`Any`](Addrs::Any) narrows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The kind of element that the message arrived from, by the kind of link.
    pub from: Option<Kind>,
    /// The source address.
    pub src: Addrs,
    /// The source port.
    pub sport: Ports,
    /// The target address.
    pub dst: Addrs,
    /// The target port.
    pub dport: Ports,
    /// The protocol.
    pub proto: Option<Proto>,
    /// The values of choices, all of them.
    pub when: Vec<When>,
    /// Whether an earlier entry of this switch marked the message, to have its source rewritten.
    pub marked: Option<bool>,
    /// Whether it is a reply of a connection that passed this switch.
    pub reply: Option<bool>,
}

/// A target that a Rewrite can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Backend {
    /// Which switches see it. Lists of backends are sorted, so that those of one scope are
    /// neighbours.
    pub at: Scope,
    /// Its address.
    pub addr: Addr,
    /// Its port.
    pub port: u16,
    /// Where it is declared.
    pub place: PlaceId,
}

/// Which switches see a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All.
    Everywhere,
    /// The switches of a zone.
    Zone(ZoneId),
    /// This one.
    Switch(ElementId),
}

/// A value of a choice that is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When {
    /// The choice.
    pub choice: ChoiceId,
    /// The value, counted from 0.
    pub value: u8,
}

/// A set of addresses in a pattern. The relative ones speak of the switch that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addrs {
    /// `*`
    Any,
    /// A range.
    In(Range),
    /// A named set.
    Set(AddrSetId),
    /// *own*: the addresses of this switch; one that is contested only where the choice gives it
    /// to this switch (POD-7).
    Own,
    /// The addresses of this switch that lie in a named set; contested ones as in *own*.
    OwnIn(AddrSetId),
    /// *hosted*: the addresses that this switch leads to itself: of the Pods that it hosts.
    Hosted,
    /// *elsewhere*: the addresses of this kind of owner that another switch leads to.
    Elsewhere(Kind),
    /// *same*: the header's other address.
    Same,
}

/// A set of ports in a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ports {
    /// `*`
    Any,
    /// From the first to the second, both included.
    In(u16, u16),
    /// *listened*: the ports of this switch's listeners, with their protocols.
    Listened,
}

// === impl Pattern ===

impl Pattern {
    /// `* * * *`: everything.
    pub const ANY: Pattern = Pattern {
        from: None,
        src: Addrs::Any,
        sport: Ports::Any,
        dst: Addrs::Any,
        dport: Ports::Any,
        proto: None,
        when: Vec::new(),
        marked: None,
        reply: None,
    };

    /// `* * dst *` of a reply.
    pub fn reply(dst: Addrs) -> Pattern {
        Pattern { reply: Some(true), ..Pattern::to(dst) }
    }

    /// `* * dst *`
    pub fn to(dst: Addrs) -> Pattern {
        Pattern { dst, ..Pattern::ANY }
    }

    /// `* * dst listened`
    pub fn listened(dst: Addrs) -> Pattern {
        Pattern { dport: Ports::Listened, ..Pattern::to(dst) }
    }
}

// === impl Table ===

impl Table {
    /// A table of entries alone.
    pub fn new(name: &str, entries: Vec<Entry>) -> Table {
        Table { name: name.into(), entries, chains: None }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.chains.is_none()
    }
}

// === impl Chains ===

impl Chains {
    /// The tables of a Pod's chain; none for a Pod without one. Costs a binary search.
    pub fn of(&self, pod: ElementId) -> Option<&[TableId]> {
        self.chain(pod).map(|chain| self.list(chain))
    }

    /// Which chain a Pod has. Costs a binary search.
    pub fn chain(&self, pod: ElementId) -> Option<ChainId> {
        let at = self.of.binary_search_by_key(&pod, |(pod, _)| *pod).ok()?;
        Some(self.of[at].1)
    }

    /// The tables of a chain; none for one that is not there.
    pub fn list(&self, chain: ChainId) -> &[TableId] {
        self.lists.get(chain.0 as usize).map_or(&[], Vec::as_slice)
    }
}

// === impl Entry ===

impl Entry {
    /// An entry that a rule makes; no object is behind it but what it refers to.
    pub fn new(rule: &'static str, pattern: Pattern, action: Action) -> Entry {
        Entry { pattern, action, origin: Origin { rule: rule.into(), place: PlaceId::NONE } }
    }
}

// === impl Me ===

impl Me {
    /// Who listens on the port here. Costs a binary search.
    pub fn listener(&self, port: Port) -> Option<&Listener> {
        let i = self.listeners.partition_point(|l| l.port < port);
        self.listeners.get(i).filter(|l| l.port == port)
    }

    /// The address that it masquerades by, in a family.
    pub fn masquerade(&self, family: Family) -> Option<Addr> {
        self.masquerade.iter().copied().find(|addr| addr.family() == family)
    }
}
