//! Who can reach whom: for the whole cluster at once, or between two sets of anything that has a
//! name.
//!
//! ```text
//!   Filters ──► cells     sources and targets between which the same is open, as atoms
//!           ──► parties   what has a name: workloads, Nodes, the world
//!           ──► lines     by sources that are alike: what they can reach
//!   entries ──► services  who can use a Service: its backends are targets (SVC-50)
//!           ──► doors     what the world can reach, by which Service: followed by `walk`
//! ```
//!
//! Nothing is asked pair by pair: replicas that no policy tells apart are one atom, and sources that
//! can reach the same are one line. What is open may depend on choices (DR-2b, DR-22, …): then the
//! line is not certain, and names them.

mod cells;
mod doors;
mod parties;
mod pick;
mod services;

use fibula_cluster::Decides;
use fibula_network::filters::{Filters, Owner};
use fibula_network::set::Interval;
use fibula_network::{ChoiceId, Proto};

use crate::trace::{Ground, Unread};
pub use doors::Door;
pub use parties::{Party, PartyId, Who};
pub use pick::PickError;
pub use services::Use;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Sources, by name; all where there are none.
    pub from: Vec<String>,
    /// Targets, by name; all where there are none.
    pub to: Vec<String>,
    /// The namespace that a name without one means; and, where nothing is named, of which
    /// sources or targets are.
    pub namespace: Option<String>,
    /// Only connections to this port.
    pub port: Option<(Proto, u16)>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Everything that a line names, by number.
    pub parties: Vec<Party>,
    /// What is certainly open: few sources first.
    pub lines: Vec<Line>,
    /// What is open or not, for a reason that the line gives.
    pub undecided: Vec<(Why, Line)>,
    /// What the world can reach, by which Service.
    pub doors: Vec<Door>,
    /// Who can use a Service, of those that were asked about.
    pub services: Vec<Use>,
    /// Parties that nothing in the cluster can reach, by no port.
    pub unreached: Vec<PartyId>,
    /// How many pairs of different workloads there are, and between how many something is open.
    pub pairs: Pairs,
    /// Policies that were not read: whoever they could concern is undecided (DR-21).
    pub unread: Vec<Unread>,
}

/// Pairs of a source and another target, both of them pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// All that were asked about.
    pub all: u64,
    /// Those between which something is certainly open.
    pub open: u64,
    /// Those of which nobody knows.
    pub undecided: u64,
}

/// Sources that can reach the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The sources, sorted.
    pub from: Vec<PartyId>,
    /// What they can reach: targets alike together.
    pub to: Vec<Toward>,
}

/// Targets at which the same is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Toward {
    /// The targets, sorted.
    pub targets: Vec<PartyId>,
    /// What is open there.
    pub ports: Ports,
}

/// What is open between two: ranges of ports by protocol, sorted and apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports(pub Vec<(Proto, Interval)>);

/// Why something is open or not, and nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It depends on these choices.
    Choices(Vec<ChoiceId>),
    /// Policies that could withhold it were not read (DR-21).
    Unread,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReachError {
    /// Names that mean nothing.
    Names(Vec<PickError>),
    /// The network has filters that ask for more than addresses and ports.
    Filters,
}

/// Who can reach whom.
///
/// Costs what [`Filters::new`] costs, and a pass over the cells of the diagram.
///
/// # Errors
///
/// Names that mean nothing; filters that only a walk can ask.
pub fn reach(ground: Ground<'_>, asked: &Asked) -> Result<Reach, ReachError> {
    let parties = parties::Parties::new(ground);
    let picked = pick::pick(ground, &parties, asked).map_err(ReachError::Names)?;
    let mut filters = Filters::new(ground.network).ok_or(ReachError::Filters)?;
    let unread: Vec<Unread> =
        ground.unread.iter().filter(|u| u.decides == Decides::Policy).cloned().collect();
    let map = parties::Map::new(&filters, &parties);
    let raw = services::ask(ground, &mut filters, &map, &picked);
    let doors = doors::doors(ground, &filters, &parties, &picked);
    let reach = cells::lines(&mut filters, &parties, &map, &picked, &unread, raw);
    Ok(Reach { doors, unread, ..reach })
}

/// Whether a policy could have a say: sources and targets that are not both Nodes' or the world's
/// (NP-5), and not the world to a pod, which finds none by its address (DR-13).
fn is_asked(from: Owner, to: Owner) -> bool {
    matches!((from, to), (Owner::Pods, _) | (Owner::Nodes, Owner::Pods))
}

// === impl Ports ===

impl Ports {
    /// Whether everything is open.
    pub fn any(&self) -> bool {
        let whole = |proto: &Proto| self.0.contains(&(*proto, (0, u32::from(u16::MAX))));
        Proto::ALL.iter().all(whole)
    }
}

// === impl Reach ===

impl Reach {
    /// Whether nothing at all is open, or may be.
    pub fn is_nothing(&self) -> bool {
        let used = |service: &Use| !service.all.is_empty() || !service.some.is_empty();
        self.lines.is_empty()
            && self.undecided.is_empty()
            && self.doors.is_empty()
            && !self.services.iter().any(used)
    }

    /// Whether something is not certain.
    pub fn is_undecided(&self) -> bool {
        !self.undecided.is_empty() || self.services.iter().any(|service| service.undecided)
    }
}
