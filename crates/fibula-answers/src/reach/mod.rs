//! Who can reach whom: for the whole cluster at once, or between two sets of anything that has a
//! name.
//!
//! ```text
//!   Filters ──► joints    switches that no policy tells apart, in either family
//!           ──► cells     sources and targets between which the same is open
//!           ──► parties   what has a name: workloads, Nodes, the world
//!           ──► sorter    lines: sources that are alike, and what they can reach
//!   entries ──► services  who can use a Service: its backends are targets (SVC-50)
//!           ──► doors     what the world can reach, by which way in: followed by `walk`
//!   objects ──► named     which pairs the manifests name themselves
//! ```
//!
//! Nothing is asked pair by pair: replicas that no policy tells apart are one atom, and sources that
//! can reach the same are one line. What is open may depend on choices (DR-2b, DR-22, …): then the
//! line is not certain, and names them.
//!
//! Nothing here decides: what is open is what the entries of the network let through, which
//! [`Filters`] folds and `walk` follows. *Open* says nothing of who listens (POD-2).

mod awaited;
pub(crate) mod cells;
pub(crate) mod doors;
pub(crate) mod doubts;
pub(crate) mod fronts;
pub(crate) mod joints;
mod named;
pub(crate) mod opened;
mod own_node;
pub(crate) mod parties;
pub(crate) mod pick;
mod ports;
pub(crate) mod services;
mod sorter;
mod sources;
mod users;

use std::collections::BTreeSet;

use fibula_cluster::{Decides, Service};
use fibula_network::filters::{Filters, Owner};
use fibula_network::{ChoiceId, ElementId, Family, Kind, Port, Proto, Range};
use rustc_hash::FxHashMap;

use crate::trace::{Ground, Unread};
use crate::unread::{beside, meshes};
pub(crate) use awaited::is_awaited;
pub use doors::{At, By, Door};
pub(crate) use doors::{MOST_BRANCHES, Outcome, SPORT, came_to, explored, outcome};
pub(crate) use doubts::Doubts;
pub(crate) use fronts::{MOST_NODES, alike, allowed, host_ports};
pub(crate) use joints::{FAMILIES, Joints, index};
pub(crate) use opened::depends;
pub(crate) use parties::{Parties, own};
pub use parties::{Party, PartyId, Who};
pub use pick::{Only, PickError};
pub(crate) use pick::{kinded, near, short, within_namespace};
pub use ports::Ports;
pub use services::Use;
pub(crate) use sources::own_ranges;
pub(crate) use users::{Found, Users};

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
    /// Only a part of the answer.
    pub only: Option<Only>,
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
    /// Whom the manifests name themselves.
    pub named: Vec<Named>,
    /// Whether what a manifest names was left out.
    pub unused: bool,
    /// Whether Nodes were asked about as sources, and pods as targets: no NetworkPolicy keeps a
    /// Node's own processes from its pods (NP-32).
    pub own_pods: bool,
    /// The families that pods have addresses of.
    pub families: Vec<Family>,
    /// Policies that were not read: whoever they could concern is undecided (DR-21). And what else was
    /// not, where it could change what Services of the answer lead to.
    pub unread: Vec<Unread>,
}

/// Somebody whom a workload means to talk to: it has the address in its environment, its command
/// or its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The workload.
    pub from: PartyId,
    /// Whom it names.
    pub to: PartyId,
    /// The port that is reached there.
    pub port: Port,
    /// The variable that says so; empty for a command or an argument.
    pub by: String,
    /// What it says.
    pub text: String,
    /// Whether that is certainly open, of all pods of it.
    pub open: bool,
}

/// Pairs of a workload and another one. One that policies tell apart in parts counts once for each
/// of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// All that were asked about.
    pub all: u64,
    /// Those between which something is certainly open.
    pub open: u64,
    /// Those of which nobody knows.
    pub undecided: u64,
    /// Those open ones that a manifest names.
    pub named: u64,
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
    /// In which family, where source and target have both and it is open in one.
    pub family: Option<Family>,
}

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
    let network = ground.network;
    let parties = parties::Parties::new(ground, &pick::told(ground, asked), None);
    let picked = pick::pick(ground, &parties, asked).map_err(ReachError::Names)?;
    let mut filters = Filters::new(network).ok_or(ReachError::Filters)?;
    let mut unread = policies(ground.unread);
    let unused = asked.only == Some(Only::Unused);
    let joints = joints::Joints::new(&filters, &parties, unused);
    let doubts = doubts::Doubts::new(&unread);
    let mut named = named::named(ground, &filters, &parties, &joints, &picked, &doubts);
    let without = if unused { std::mem::take(&mut named.open) } else { BTreeSet::new() };
    let is_source = |id: ElementId| parties.of(id).is_some_and(|id| picked.from.has(id));
    let raw = services::ask(ground, &mut filters, &joints, &is_source, &picked);
    let doors = match asked.only {
        Some(Only::Unused | Only::Out) => vec![],
        _ => doors::doors(ground, &filters, &parties, &picked, &doubts, false),
    };

    let mut cells = cells::Cells::new(&mut filters, &parties, &joints, &picked, &doubts, &without);
    cells.find();
    let cells::Cells { mut found, mut pairs, .. } = cells;
    if unused {
        // Nobody names a Node or the world here.
        let is_pods = |group: &cells::Group| {
            let pod = |id: &ElementId| network.kind(*id) == Kind::Pod;
            !group.elements.is_empty() && group.elements.iter().all(pod)
        };
        found.retain(|cell| is_pods(&cell.to));
        found.iter_mut().for_each(|cell| {
            cell.from.elements.retain(|id| network.kind(*id) == Kind::Pod);
        });
    } else {
        pairs.named = named.pairs;
    }
    let mut namer = parties::Namer::new(network, &parties);
    let mut sorter = sorter::Sorter::new(&doubts, &picked);
    for cell in &found {
        sorter.add(&mut namer, cell);
    }
    let unreached = sorter.unreached(&parties, &namer.all);
    let mut services = services::named(raw, &mut namer, &picked, &doubts);
    let (lines, undecided) = sorter.finish(&mut namer);
    unread.extend(unknown(ground, asked, &picked, &mut services));
    let kind = |side: &pick::Side, kind| {
        network.of_kind(kind).any(|id| parties.of(id).is_some_and(|id| side.has(id)))
    };
    let own_pods = asked.only.is_none()
        && asked.namespace.is_none()
        && kind(&picked.from, Kind::Node)
        && kind(&picked.to, Kind::Pod);
    Ok(Reach {
        parties: namer.all,
        lines,
        undecided,
        doors,
        services,
        unreached,
        pairs,
        named: named.named,
        unused,
        own_pods,
        families: joints.families,
        unread,
    })
}

/// What was not read and could change what Services lead to, where the answer has to do with that;
/// notes who uses such a Service.
fn unknown(
    ground: Ground<'_>,
    asked: &Asked,
    picked: &pick::Picked,
    services: &mut [Use],
) -> Vec<Unread> {
    let mut found: BTreeSet<&Unread> = BTreeSet::new();
    for used in services {
        let namespace = used.service.split_once('/').map_or("", |(namespace, _)| namespace);
        let own = beside(ground.unread, namespace).chain(meshes(ground.unread));
        let own: Vec<&Unread> = own.collect();
        used.unknown = !own.is_empty();
        found.extend(own);
    }
    // Without it there may be ways in that are not shown, and names that mean somebody.
    let unused = asked.only == Some(Only::Unused);
    let enters = |service: &&Service| match asked.only {
        Some(Only::Unused) => true,
        Some(Only::Out) => false,
        Some(Only::In) | None => service.externally_accessible(),
    };
    if unused || !picked.from.world_of(&[Range::ALL]).is_empty() {
        let all = ground.cluster.iter().flat_map(|cluster| &cluster.services);
        found.extend(all.filter(enters).flat_map(|s| beside(ground.unread, &s.namespace)));
    }
    found.into_iter().cloned().collect()
}

/// Ways in from the world, a few to each port, and the parties that they name.
pub(crate) fn some_doors(ground: Ground<'_>, filters: &Filters<'_>) -> (Vec<Party>, Vec<Door>) {
    let parties = whole(ground, None);
    let doors = ways_in(ground, filters, &parties, doors::How::Few);
    (parties.all, doors)
}

/// What of this could withhold a message between two, or let it through.
pub(crate) fn policies(unread: &[Unread]) -> Vec<Unread> {
    unread.iter().filter(|u| u.decides == Decides::Policy).cloned().collect()
}

/// Whole workloads, and Nodes; without a pod that is `left` out.
pub(crate) fn whole(ground: Ground<'_>, left: Option<ElementId>) -> Parties {
    Parties::new(ground, &FxHashMap::default(), left)
}

/// Each pod, and each Node, by itself.
pub(crate) fn alone(ground: Ground<'_>) -> Parties {
    let pods = ground.network.of_kind(Kind::Pod);
    Parties::new(ground, &pods.map(|id| (id, u64::from(id.0))).collect(), None)
}

/// All ways in from the world.
pub(crate) fn all_doors(ground: Ground<'_>, filters: &Filters<'_>, parties: &Parties) -> Vec<Door> {
    ways_in(ground, filters, parties, doors::How::All)
}

fn ways_in(
    ground: Ground<'_>,
    filters: &Filters<'_>,
    parties: &Parties,
    how: doors::How,
) -> Vec<Door> {
    let all = || pick::Side { all: true, ..pick::Side::default() };
    let picked = pick::Picked { from: all(), to: all(), asked: Asked::default() };
    let unread = policies(ground.unread);
    doors::asked(ground, filters, (parties, &picked, &Doubts::new(&unread)), how)
}

/// Whether a policy could have a say: sources and targets that are not both Nodes' or the world's
/// (NP-5), and not the world to a pod, which finds none by its address (DR-13).
pub(crate) fn is_asked(from: Owner, to: Owner) -> bool {
    matches!((from, to), (Owner::Pods, _) | (Owner::Nodes, Owner::Pods))
}

// === impl Reach ===

impl Reach {
    /// Whether nothing at all is open, or may be.
    pub fn is_nothing(&self) -> bool {
        let used = |service: &Use| {
            let Use { all, some, undecided, .. } = service;
            !(all.is_empty() && some.is_empty() && undecided.is_empty())
        };
        self.lines.is_empty()
            && self.undecided.is_empty()
            && self.doors.is_empty()
            && !self.services.iter().any(used)
    }

    /// Whether something is not certain.
    pub fn is_undecided(&self) -> bool {
        !self.undecided.is_empty()
            || self.services.iter().any(|used| used.unread || !used.undecided.is_empty())
            || self.doors.iter().any(|door| door.unread || !door.choices.is_empty())
            || self.unread.iter().any(|unread| unread.decides == Decides::Service)
    }
}
