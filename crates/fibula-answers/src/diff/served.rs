//! What becomes of a Service, as it is told.

use fibula_cluster::ServiceKind;
use fibula_network::Port;

use super::facts::Fact;
use super::pieces::At;
use crate::reach::PartyId;

/// What became of a Service, or of a port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its namespace and name.
    pub service: String,
    /// The port; none where all of it changed in the same way.
    pub port: Option<Port>,
    /// What became of it.
    pub what: Became,
    /// Of what came or went as such: whether nobody stands behind it, or stood.
    pub nobody: bool,
    /// Why, as far as the objects show.
    pub why: Option<Reason>,
    /// What else of it is not as it was.
    pub facts: Vec<Fact>,
    /// Who can use it now and could not, at least in part.
    pub gained: Vec<PartyId>,
    /// Who could and cannot.
    pub lost: Vec<PartyId>,
    /// Of whom it depends on choices or on the endpoint whether and how much it changed.
    pub other: Vec<PartyId>,
    /// Whether it was asked who can use it: not of more than
    /// [`Limits`](super::Limits) say.
    pub asked: bool,
    /// Whether nobody knows, in one of the two, what it leads to: what says so was not read (DR-21).
    pub unknown: bool,
    /// Where it stands.
    pub at: Option<At>,
    /// Whether who can use it may differ.
    pub(super) uses: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// Its name is new.
    New,
    /// Its name is gone: there is no such host any more.
    Gone,
    /// The port is new.
    PortNew,
    /// The port is gone.
    PortGone,
    /// It leads to nobody any more, where it led to these.
    Empty(Vec<(PartyId, u16)>),
    /// It leads to these, where it led to nobody.
    Filled(Vec<(PartyId, u16)>),
    /// It leads to others: what was, and what is.
    Leads(Vec<(PartyId, u16)>, Vec<(PartyId, u16)>),
    /// It is of another kind: its name means something else.
    Kind(ServiceKind, ServiceKind),
    /// It leads to those to whom it led: something else of it is not as it was; or nothing, and pods or
    /// endpoints are on other Nodes, on which it depends who can use it.
    Same,
}

/// Why a Service leads to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It selects other pods.
    Selector,
    /// It has no selector any more.
    NoSelector,
    /// It means another port of them.
    Target,
    /// Pods have other labels, or came, or went.
    Pods,
    /// Its slices say so, or whether pods are ready.
    Endpoints,
}

// === impl Served ===

impl Served {
    /// Whether it certainly makes a difference to somebody: what a Service leads to is what whoever
    /// uses it gets.
    pub fn is_certain(&self) -> bool {
        let users = match self.what {
            Became::Kind(..) => return true,
            _ if self.unknown => return false,
            _ if self.nobody => return true,
            Became::New | Became::PortNew => &self.gained,
            Became::Gone | Became::PortGone => &self.lost,
            Became::Same if self.facts.is_empty() => {
                return self.asked && !(self.gained.is_empty() && self.lost.is_empty());
            }
            _ => return true,
        };
        self.asked && (!users.is_empty() || self.other.is_empty())
    }
}
