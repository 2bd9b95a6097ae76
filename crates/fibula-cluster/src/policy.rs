//! Policies, whatever their kind: one form for all four.
//!
//! They are evaluated by tier, and in a tier by priority (CNP-10, CNP-11); NetworkPolicies have no
//! order among each other (NP-3). What is withheld follows from all policies together, so nothing
//! here decides: these are facts.

use ipnet::IpNet;

use crate::cluster::Protocol;
use crate::place::{ObjectId, Place};
use crate::selector::Selector;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which kind of object it was.
    pub kind: PolicyKind,
    /// When it is evaluated.
    pub tier: Tier,
    /// Its place in the tier, from 0 to 1000: the lower comes first (CNP-11). 0 for kinds that
    /// have none.
    pub priority: u16,
    /// The namespace of a NetworkPolicy; empty for what belongs to the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object.
    pub object: ObjectId,
    /// The pods that it speaks of (NP-1, CNP-17).
    pub subject: PodSelection,
    /// What it closes to them, but for what its rules allow. Only a NetworkPolicy does (CNP-13).
    pub isolates: Isolates,
    /// The directions of which it has rules that are ignored, for it does not isolate there (NP-7).
    pub ignored: Isolates,
    /// What it says of messages to them, in the order of the object; empty where the object's
    /// rules are ignored (NP-7).
    pub ingress: Vec<Rule>,
    /// What it says of messages from them.
    pub egress: Vec<Rule>,
}

/// The kind of object that a policy was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// NetworkPolicy
    NetworkPolicy,
    /// ClusterNetworkPolicy
    ClusterNetworkPolicy,
    /// AdminNetworkPolicy (CNP-29)
    AdminNetworkPolicy,
    /// BaselineAdminNetworkPolicy (CNP-29)
    BaselineAdminNetworkPolicy,
}

/// When a policy is evaluated, in this order (CNP-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Before all others.
    Admin,
    /// Where every NetworkPolicy is.
    NetworkPolicy,
    /// Where no NetworkPolicy has decided.
    Baseline,
}

/// The directions in which a policy isolates its pods (NP-2, NP-6, NP-7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isolates {
    /// What comes in must be allowed.
    pub ingress: bool,
    /// What goes out must be allowed.
    pub egress: bool,
}

/// What a policy says of some messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What becomes of them.
    pub action: RuleAction,
    /// What people call the rule.
    pub name: Option<String>,
    /// Its index in the object's list.
    pub index: u16,
    /// The other end: the source of an ingress rule, the target of an egress rule.
    pub peers: Peers,
    /// The ports of the target, after every rewriting (NP-40).
    pub ports: RulePorts,
    /// Where it stands.
    pub place: Place,
}

/// What becomes of messages that a rule matches. A NetworkPolicy only allows (NP-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAction {
    /// They pass this direction, whatever later policies say.
    Allow,
    /// They are dropped.
    Deny,
    /// The next tier decides.
    Pass,
}

/// The other end of the messages that a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// Anything, in the cluster or not (NP-9).
    Any,
    /// One of these; never empty.
    Of(Vec<Peer>),
}

/// One of a rule's peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub what: PeerOf,
}

/// What a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerOf {
    /// Pods (NP-11, CNP-20).
    Pods(PodSelection),
    /// Addresses of this range that are in none of the others (NP-16, CNP-23).
    Block {
        /// The range, without host bits (IP-8).
        net: IpNet,
        /// Not these.
        except: Vec<IpNet>,
    },
    /// Nodes of these labels, by their addresses (CNP-24).
    Nodes(Selector),
    /// Names, `*.` before some (CNP-25): which addresses they have, the objects do not say.
    Domains(Vec<String>),
    /// A peer of a newer API: nothing to Allow, everything to Deny and Pass, which then denies
    /// (CNP-26).
    Unknown,
}

/// Pods, by their namespace and their labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodSelection {
    /// Those in these namespaces.
    pub namespaces: NamespaceSelection,
    /// Of them those with such labels.
    pub pods: Selector,
}

/// Namespaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceSelection {
    /// The one of this name: a NetworkPolicy's own (NP-1, NP-11).
    Named(String),
    /// Those of such labels.
    By(Selector),
}

/// The ports of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulePorts {
    /// Any port of any protocol (NP-9, CNP-27).
    Any,
    /// One of these; never empty.
    Of(Vec<RulePort>),
}

/// One of a rule's ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RulePort {
    /// Every port of a protocol (NP-40).
    All(Protocol),
    /// From the first to the last, which may be the same (NP-41, CNP-27).
    Range {
        /// Of this protocol.
        protocol: Protocol,
        /// The first.
        first: u16,
        /// The last.
        last: u16,
    },
    /// Whatever the target pod calls so (NP-42, CNP-28).
    Named {
        /// The name.
        name: String,
        /// Of this protocol only; of any where it is absent (CNP-28).
        protocol: Option<Protocol>,
    },
}

// === impl Policy ===

impl Policy {
    /// Its namespace and name: `shop/web`, or `baseline` for one of the cluster.
    pub fn path(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }

    /// Its kind for short, its namespace and its name: `netpol/shop/web`.
    pub fn called(&self) -> String {
        format!("{}/{}", self.kind.short(), self.path())
    }

    /// Whether it has a say in what comes in: a NetworkPolicy where it isolates (NP-2), another where
    /// it has rules (CNP-13).
    pub fn judges_ingress(&self) -> bool {
        match self.kind {
            PolicyKind::NetworkPolicy => self.isolates.ingress,
            _ => !self.ingress.is_empty(),
        }
    }

    /// The same of what goes out.
    pub fn judges_egress(&self) -> bool {
        match self.kind {
            PolicyKind::NetworkPolicy => self.isolates.egress,
            _ => !self.egress.is_empty(),
        }
    }

    /// All of its rules.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.ingress.iter().chain(&self.egress)
    }
}

// === impl PolicyKind ===

impl PolicyKind {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::NetworkPolicy => "NetworkPolicy",
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
        }
    }

    /// What `kubectl` calls it for short.
    pub fn short(self) -> &'static str {
        match self {
            Self::NetworkPolicy => "netpol",
            Self::ClusterNetworkPolicy => "cnp",
            Self::AdminNetworkPolicy => "anp",
            Self::BaselineAdminNetworkPolicy => "banp",
        }
    }
}

// === impl Rule ===

impl Rule {
    /// Its peers, if it names any.
    pub fn peers(&self) -> &[Peer] {
        match &self.peers {
            Peers::Any => &[],
            Peers::Of(peers) => peers,
        }
    }

    /// Its ports, if it names any.
    pub fn ports(&self) -> &[RulePort] {
        match &self.ports {
            RulePorts::Any => &[],
            RulePorts::Of(ports) => ports,
        }
    }
}
