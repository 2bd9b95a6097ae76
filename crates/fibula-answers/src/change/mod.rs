//! Changes to a cluster, each small enough to be said in a line, and what a cluster becomes by them.
//!
//! ```text
//!   Change ──► edits ──► apply ──► Cluster ──► a network of its own, to be asked whatever the old one was
//! ```
//!
//! The list of edits is closed: what is offered to a person is one of these or several, and nothing
//! is offered that was not applied and asked. An applied change is what reading the changed objects
//! would give, so whoever writes it into a file can hold one against the other.

mod apply;
mod lines;
mod policies;

use fibula_cluster::{ObjectId, PeerOf, Policy, Protocol, RuleAction, RulePort, Workload};

use crate::trace::policies::Direction;
pub(crate) use policies::{new as rule, number};

/// Edits that are made together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The edits, in the order in which they are made.
    pub edits: Vec<Edit>,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// One peer more at the end of one rule's, which names some already.
    AddPeer {
        /// The rule.
        rule: RuleAt,
        /// The peer.
        peer: PeerOf,
    },
    /// One peer less of a rule's several: a rule without peers would mean everyone (NP-9).
    RemovePeer {
        /// The rule.
        rule: RuleAt,
        /// The peer, by its index in the rule.
        peer: u16,
    },
    /// One port more at the end of one rule's, which names some already.
    AddPort {
        /// The rule.
        rule: RuleAt,
        /// The port.
        port: RulePort,
    },
    /// One port less of a rule's several: a rule without ports would mean all (NP-9).
    RemovePort {
        /// The rule.
        rule: RuleAt,
        /// The port, by its index in the rule.
        port: u16,
    },
    /// A rule more in a policy, before what has this index now.
    AddRule {
        /// Where it is to stand.
        at: RuleAt,
        /// What it says.
        rule: NewRule,
    },
    /// A rule less in a policy.
    RemoveRule(RuleAt),
    /// A policy more.
    AddPolicy(Box<Policy>),
    /// A label that is set, or removed where there is no value.
    SetLabel {
        /// Whose.
        of: Labelled,
        /// The key.
        key: String,
        /// The value.
        value: Option<String>,
    },
    /// The value of a label that a Service asks for.
    SetSelector {
        /// The Service.
        service: ObjectId,
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Another number, or another protocol, for a port of a Service.
    SetServicePort {
        /// The Service.
        service: ObjectId,
        /// The port, by its index in `spec.ports`.
        index: u16,
        /// The number.
        number: u16,
        /// The protocol.
        protocol: Protocol,
    },
    /// A port more at the end of a Service's.
    AddServicePort {
        /// The Service.
        service: ObjectId,
        /// Its name.
        name: String,
        /// Its number.
        number: u16,
        /// Its protocol.
        protocol: Protocol,
        /// The port of the endpoints.
        target: u16,
        /// The name that the Service's only port gets, which has none: of several each must have one.
        other: Option<String>,
    },
    /// Another port of the endpoints for a port of a Service.
    SetTargetPort {
        /// The Service.
        service: ObjectId,
        /// The port, by its index in `spec.ports`.
        index: u16,
        /// The number.
        target: u16,
    },
}

/// A rule, or the place of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleAt {
    /// The policy.
    pub policy: ObjectId,
    /// Which of its lists.
    pub direction: Direction,
    /// The index in the list.
    pub rule: u16,
}

/// What a new rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// What becomes of what it matches.
    pub action: RuleAction,
    /// The other ends; all where there are none.
    pub peers: Vec<PeerOf>,
    /// The ports; all where there are none.
    pub ports: Vec<RulePort>,
}

/// What has labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Labelled {
    /// The pods of a workload, by its template; or one pod that has none.
    Workload {
        /// The namespace.
        namespace: String,
        /// The workload.
        workload: Workload,
    },
    /// A namespace.
    Namespace(String),
}

/// What kind of change an edit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One peer in one rule.
    Peer,
    /// One port, of a rule or a Service.
    Port,
    /// One label.
    Label,
    /// One rule in one policy.
    Rule,
    /// A new policy.
    Policy,
}

// === impl Change ===

impl Change {
    /// A change of one edit.
    pub fn of(edit: Edit) -> Change {
        Change { edits: vec![edit] }
    }

    /// What kinds it is made of, sorted, each once.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.edits.iter().map(Edit::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

// === impl Edit ===

impl Edit {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Edit::AddPeer { .. } | Edit::RemovePeer { .. } => Kind::Peer,
            Edit::AddPort { .. }
            | Edit::RemovePort { .. }
            | Edit::SetServicePort { .. }
            | Edit::AddServicePort { .. }
            | Edit::SetTargetPort { .. } => Kind::Port,
            Edit::SetLabel { .. } | Edit::SetSelector { .. } => Kind::Label,
            Edit::AddRule { .. } | Edit::RemoveRule(_) => Kind::Rule,
            Edit::AddPolicy(_) => Kind::Policy,
        }
    }
}

// === impl Kind ===

impl Kind {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Peer => "peer",
            Kind::Port => "port",
            Kind::Label => "label",
            Kind::Rule => "rule",
            Kind::Policy => "policy",
        }
    }
}

// === impl Labelled ===

impl Labelled {
    /// Its namespace, or its name where it is one.
    pub fn namespace(&self) -> &str {
        match self {
            Labelled::Workload { namespace, .. } | Labelled::Namespace(namespace) => namespace,
        }
    }
}
