//! Does a cluster keep what was promised of it? All promises at once, over one set of what filters
//! let through.
//!
//! ```text
//!   written ──► sets      whom names mean ──► targets   at which ports
//!   objects ──► implied   whom pods name in their environment, commands and arguments
//!                            │
//!   Filters ──► pairs     what is open that must not be, or closed that must not be: a set that
//!                         must be empty
//!   entries ──► uses      Services: every connection to each of their endpoints
//!           ──► world     what comes in from outside: each way in, followed by `walk`
//!           ──► inside    what others send by the same ways in (`entrances`), followed by `walk`
//!                            │
//!               witness   a message of that set, followed by `walk`: nothing else is shown
//! ```
//!
//! A promise is broken if it is under every value of every choice, kept if it is under none, and
//! undecided between. *Open* says nothing of who listens (POD-2), as in [`reach`](crate::reach).

mod alike;
mod breach;
mod entrances;
mod implied;
mod inside;
mod judge;
mod pairs;
mod picked;
mod scene;
mod sets;
mod stranger;
mod targets;
mod unknown;
mod uses;
mod witness;
mod world;

use fibula_cluster::promise::Promise;
use fibula_network::filters::Filters;
use fibula_network::{Addr, ChoiceId, ElementId, Family, Kind, Network, Port};

use crate::reach::{Party, PartyId, Ports};
use crate::trace::{Branch, Ground, Unread};
pub use implied::Implied;
pub use stranger::Strangers;

/// What is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// What was written.
    pub promises: &'a [Promise],
    /// Whether manifests promise that whom they name can be reached.
    pub implied: bool,
    /// The namespace that a name without one means.
    pub namespace: Option<&'a str>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Everybody that is named below, by number.
    pub parties: Vec<Party>,
    /// What was written, in its order.
    pub written: Vec<Outcome>,
    /// What manifests imply, sorted by who names whom.
    pub implied: Vec<(Implied, Outcome)>,
    /// The families that pods have addresses of.
    pub families: Vec<Family>,
    /// Policies that were not read: whoever they could concern is undecided (DR-21).
    pub unread: Vec<Unread>,
}

/// What became of a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is kept.
    Kept,
    /// It is broken, by each of these.
    Broken(Vec<Breach>),
    /// Nobody knows, for these reasons.
    Undecided(Vec<Doubt>),
    /// It makes no sense here.
    Wrong(Vec<Wrong>),
}

/// What breaks a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Whether something is open that must not be; else something is closed that must not be.
    pub open: bool,
    /// Who sends.
    pub from: Vec<Member>,
    /// Whether a pod of a namespace that was not read could send it as well, and whether it could be
    /// sent to one.
    pub strangers: [bool; 2],
    /// To whom.
    pub to: Vec<Member>,
    /// At which ports.
    pub ports: Ports,
    /// How it comes there.
    pub by: By,
    /// The choices on which it depends what of this is so, where nothing is certain by itself: whatever
    /// they are, something of this or of another breach is.
    pub choices: Vec<ChoiceId>,
    /// A message that shows it.
    pub witness: Option<Witness>,
}

/// Some of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The party.
    pub party: PartyId,
    /// How many of it.
    pub some: usize,
    /// Of how many.
    pub of: usize,
}

/// How messages come to their target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// By its own address.
    Address,
    /// By a Service, with its namespace and name, at this port.
    Service(String, Port),
    /// By a way in from the world: what it is called, and at which port.
    Door(Box<crate::reach::Door>),
    /// Not at all: the two have no address of one family (NM-12).
    NoFamily,
    /// By a name that does not exist, for this reason, by this statement.
    Name(String, &'static str),
}

/// A message that breaks a promise, as `walk` followed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The values of the choices.
    pub choices: Vec<u8>,
    /// What becomes of it.
    pub branch: Branch,
    /// How many of the ways that it can take end so, of how many.
    pub share: (usize, usize),
    /// The address that it was sent to.
    pub to: Addr,
}

/// Why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It depends on these choices.
    Choices(Vec<ChoiceId>),
    /// Policies that were not read could change it (DR-21).
    Unread,
    /// These were not read, and could change what a Service leads to (DR-21).
    Services(Vec<Unread>),
    /// The labels of this namespace were not read (DR-22).
    Labels(String),
    /// The load balancer of this Service, by namespace and name, has no address yet (SVC-24).
    Awaited(String),
    /// This leads out of the cluster, or there is another reason why its address is not known.
    Outside(String),
}

/// What makes no sense in a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where it stands, as a path in the promise.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What stands there.
    pub got: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The network has filters that ask for more than addresses and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFilters;

/// What becomes of promises. Costs what [`Filters::new`] costs, and some µs for each promise that is
/// kept; of those that are broken, a few walks.
///
/// # Errors
///
/// Filters that only a walk can ask.
pub fn check(ground: Ground<'_>, asked: &Asked<'_>) -> Result<Checked, NoFilters> {
    let filters = Filters::new(ground.network).ok_or(NoFilters)?;
    let parties = crate::reach::whole(ground, crate::stranger::find(ground.network));
    let joints = crate::reach::Joints::new(&filters, &parties, false);
    let mut scene = scene::Scene::new(ground, filters, &parties, &joints);
    let mut index = sets::Index::new(ground, &parties);
    let mut written = vec![];
    for promise in asked.promises {
        written.push(judge::written(&mut scene, &mut index, promise, asked.namespace));
    }
    let implied = match asked.implied {
        true => implied::implied(&mut scene),
        false => vec![],
    };
    let unread = scene.unread.clone();
    let families = joints.families.clone();
    Ok(Checked { parties: scene.names.all, written, implied, families, unread })
}

// === impl Outcome ===

impl Outcome {
    /// Whether it is broken.
    pub fn is_broken(&self) -> bool {
        matches!(self, Outcome::Broken(_))
    }

    /// Whether nobody knows.
    pub fn is_undecided(&self) -> bool {
        matches!(self, Outcome::Undecided(_))
    }

    /// Whether it makes no sense.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Outcome::Wrong(_))
    }
}

// === impl Checked ===

impl Checked {
    /// What became of all of them, the written ones first.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.written.iter().chain(self.implied.iter().map(|(_, outcome)| outcome))
    }

    /// Somebody, by number.
    pub fn party(&self, id: PartyId) -> &Party {
        &self.parties[id.0 as usize]
    }
}

/// Whether an element is a pod's switch.
fn is_pod(network: &Network, id: ElementId) -> bool {
    network.kind(id) == Kind::Pod
}
