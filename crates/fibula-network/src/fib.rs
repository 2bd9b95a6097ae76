//! Forwarding tables (N6): patterns, actions, entries, and the tables that switches share.

use std::borrow::Cow;

use crate::addr::{Addr, Family, Range};
use crate::element::{ElementId, Kind, PlaceId};
use crate::header::{Port, Proto};

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

/// What an entry does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Delivers it.
    Deliver(Receiver),
    /// Forwards it to another switch.
    Forward(Hop),
    /// Discards it without a word.
    Discard(Reason),
    /// Refuses it, and tells the sender.
    Reject(Reason),
    /// Goes on at a later table of the pipeline.
    Goto(TableId),
    /// Rewrites the target to that of one of the backends that this switch sees, and goes on at a
    /// later table. Each backend is an alternative. The entry matches only where the switch sees
    /// one.
    Rewrite {
        /// The backends.
        to: BackendsId,
        /// Whether it marks the message.
        mark: Mark,
        /// The table.
        then: TableId,
    },
    /// Rewrites the source address, and goes on at a later table. The entry matches only where
    /// there is such an address in the family of the target.
    Masquerade {
        /// The address.
        by: Source,
        /// The table.
        then: TableId,
    },
    /// Undoes for a reply what this switch rewrote of the message that it answers, and goes on at
    /// a later table.
    Undo {
        /// The table.
        then: TableId,
    },
}

/// Whether a Rewrite marks a message, so that a later entry can rewrite its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// It does not.
    Never,
    /// It does if the source is the backend that it chose: its reply would not come back here.
    Hairpin,
    /// It does.
    Always,
}

/// An address to masquerade by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// This switch's own, as [`Me::masquerade`] has it.
    Own,
    /// This one.
    Is(Addr),
}

/// Who gets a message that is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Receiver {
    /// This process; or, as the written form of *me*, this switch itself.
    Element(ElementId),
    /// *listener*: the process that listens on the target port here. Only beside
    /// [`Ports::Listened`].
    Listener,
    /// *me*: this switch's Pod or Node, by a process that nobody declared (R1, POD-2).
    Me,
    /// *caller*: the process that sent the message that this one answers.
    Caller,
}

/// Where a message is forwarded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hop {
    /// This switch.
    To(ElementId),
    /// *host*: the switch of the Node that hosts this one (F3).
    Host,
    /// *owner*: who owns the target address. Only beside [`Addrs::Hosted`].
    Owner,
    /// *owner's node*: the Node that leads to the target address. Only beside
    /// [`Addrs::Elsewhere`].
    OwnersNode,
    /// One of these switches; each is an alternative.
    OneOf(HopsId),
}

/// Why a message is discarded or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nobody listens on the port.
    ClosedPort,
    /// Nobody owns the address.
    NoRoute,
    /// A policy.
    Policy,
    /// A Service.
    Service,
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

// === impl Action ===

impl Action {
    /// The later table at which the message goes on; none for an action that decides where it goes
    /// or ends.
    pub fn then(self) -> Option<TableId> {
        match self {
            Action::Goto(then)
            | Action::Rewrite { then, .. }
            | Action::Masquerade { then, .. }
            | Action::Undo { then } => Some(then),
            Action::Deliver(_) | Action::Forward(_) | Action::Discard(_) | Action::Reject(_) => {
                None
            }
        }
    }

    /// The same action, going on at another table, if it goes on at all.
    pub fn going_on_at(self, table: TableId) -> Action {
        match self {
            Action::Goto(_) => Action::Goto(table),
            Action::Rewrite { to, mark, .. } => Action::Rewrite { to, mark, then: table },
            Action::Masquerade { by, .. } => Action::Masquerade { by, then: table },
            Action::Undo { .. } => Action::Undo { then: table },
            ends => ends,
        }
    }
}

// === impl Reason ===

impl Reason {
    /// Each reason, in their order.
    pub const ALL: [Reason; 4] =
        [Reason::ClosedPort, Reason::NoRoute, Reason::Policy, Reason::Service];

    /// Its name, as entries print it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::ClosedPort => "closed port",
            Reason::NoRoute => "no route",
            Reason::Policy => "policy",
            Reason::Service => "service",
        }
    }
}
