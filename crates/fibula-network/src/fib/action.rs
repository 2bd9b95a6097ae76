//! What entries do.

use super::{BackendsId, HopsId, TableId};
use crate::addr::Addr;
use crate::element::ElementId;

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
    /// This switch's own, as [`Me::masquerade`](super::Me::masquerade) has it.
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
    /// [`Ports::Listened`](super::Ports::Listened).
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
    /// *owner*: who owns the target address. Only beside [`Addrs::Hosted`](super::Addrs::Hosted).
    Owner,
    /// *owner's node*: the Node that leads to the target address. Only beside
    /// [`Addrs::Elsewhere`](super::Addrs::Elsewhere).
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
