//! What a change opens and closes: two clusters, and what one lets through and the other does not.
//!
//! ```text
//!   names ──► entities   who is who: workloads, their pods and Nodes of both, by name
//!   Filters of each ──► classes   entities that no policy tells apart, neither before nor after
//!                   ──► Pair      both in one space, whose atoms are those of classes
//!                       opened = new \ old, closed = old \ new
//!                   ──► cells     sources and targets between which the same differs
//!                   ──► lines     by name: who gained or lost what, to whom
//! ```
//!
//! Nothing is asked pair by pair, and nothing depends on addresses: a pod that a rollout renamed and
//! moved is the same as before, where policies say so. What is open on one side under some values of
//! choices is compared value by value; choices of one name fall alike in both.

mod callers;
mod causes;
mod cells;
mod classes;
mod counts;
mod doors;
mod entities;
mod facts;
mod hosted;
mod lines;
mod own_node;
mod pieces;
mod served;
mod services;
mod strangers;
mod witness;

use fibula_cluster::Decides;
use fibula_network::filters::Filters;
use fibula_network::{Choice, ChoiceId, Family};

use crate::reach::doubts::Doubts;
use crate::reach::joints::Joints;
use crate::reach::opened::Reader;
use crate::reach::{Line, Parties, Party, PartyId, Why, whole};
use crate::trace::{Ground, Unread};
use crate::unread::of_services;
use callers::Callers;
use causes::Trial;
pub use causes::{Because, Proof};
pub use counts::Pairs;
pub use doors::Doorway;
pub use entities::{Came, How, Moved, Standing};
pub use facts::Fact;
use hosted::Hosted;
use lines::{Doubtful, Group, Namer, Sorter};
use pieces::Pieces;
pub use pieces::{At, Edit, Piece, Relabelled, What};
pub use served::{Became, Reason, Served};
use witness::{Difference, Witnesses, parted};

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Everything that a line names, by number. Elements are those of the new network, or of the old
    /// one where it is gone from there.
    pub parties: Vec<Party>,
    /// By party, where it is.
    pub standing: Vec<Standing>,
    /// The choices of both networks: lines name them by their places here.
    pub choices: Vec<Choice>,
    /// What is open now and was not.
    pub opens: Vec<Change>,
    /// What was open and is no more.
    pub closes: Vec<Change>,
    /// What became of Services, where that was asked.
    pub services: Vec<Served>,
    /// What opened and closed to the world, where that was asked.
    pub doors: Vec<Doorway>,
    /// Of how many ways in it was not asked whether pods can use them: not of more than [`Limits`]
    /// say.
    pub unasked: usize,
    /// Workloads and Nodes that came, and that went.
    pub came: Vec<Came>,
    /// Nodes that have other addresses now: what stands at their ports moved with them.
    pub moved: Vec<Moved>,
    /// What of the objects changed, as far as it could have had a part; lines name their causes by
    /// places here.
    pub pieces: Vec<Piece>,
    /// Parties of whose connections nobody knows, for somebody else has their address in one of the
    /// two (POD-7).
    pub contested: Vec<(PartyId, Vec<ChoiceId>)>,
    /// Between how many pairs of workloads something changed.
    pub pairs: Pairs,
    /// Whether the names of Nodes mean the other ones, for policies have another word for the Node that
    /// hosts a pod (DR-3).
    pub own_node: bool,
    /// The families that pods have addresses of.
    pub families: Vec<Family>,
    /// Policies that were not read, in either (DR-21); and what else was not and could change what
    /// Services lead to, where there are any.
    pub unread: Vec<Unread>,
    /// Whether those are not the same in both.
    pub unread_differ: bool,
}

/// Sources of which the same changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who, to whom, and at which ports.
    pub line: Line,
    /// Why it is not certain, if it is not.
    pub why: Option<Why>,
    /// Whether it came or went with one of its two ends.
    pub with: bool,
    /// What made the difference, where that was asked.
    pub because: Because,
    /// Whether it is so of any pod of any namespace that was not read too (DR-22), where that was
    /// asked.
    pub strangers: bool,
}

/// How much is asked at most. What is not is counted in the answer, and leaves it undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of how many pods it is asked whether they can use a port of a Service that changed, over all
    /// such ports.
    pub users: usize,
    /// Of how many pods it is asked where a way in for the world leads them, over all ways in that
    /// may have changed.
    pub callers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { users: 30_000_000, callers: 3_000_000 }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffError {
    /// One of the networks has filters that ask for more than addresses and ports.
    Filters,
    /// The two have more choices together than can be told apart.
    Choices,
}

/// A cluster that is compared, as far as it can be looked at without the other one.
pub(crate) struct Side<'a> {
    pub(crate) ground: Ground<'a>,
    filters: Filters<'a>,
    parties: Parties,
    joints: Joints,
}

/// What opens and what closes on the way from one cluster to another.
///
/// Costs what [`Filters::new`] costs, of both, and a pass over what differs.
///
/// # Errors
///
/// Filters that only a walk can ask, and too many choices.
pub fn compare(old: Ground<'_>, new: Ground<'_>) -> Result<Diff, DiffError> {
    compared(&mut Side::new(old)?, &mut Side::new(new)?, None)
}

/// The same, of what was looked at before.
pub(crate) fn compare_sides(old: &mut Side<'_>, new: &mut Side<'_>) -> Result<Diff, DiffError> {
    compared(old, new, None)
}

/// The same, and which piece of what changed made the difference.
///
/// Costs a network more for each piece that could have.
///
/// # Errors
///
/// As [`compare`].
pub fn diff(old: Ground<'_>, new: Ground<'_>) -> Result<Diff, DiffError> {
    diff_within(old, new, Limits::default())
}

/// The same, with other limits.
///
/// # Errors
///
/// As [`compare`].
pub fn diff_within(old: Ground<'_>, new: Ground<'_>, limits: Limits) -> Result<Diff, DiffError> {
    compared(&mut Side::new(old)?, &mut Side::new(new)?, Some(limits))
}

fn compared(
    old: &mut Side<'_>,
    new: &mut Side<'_>,
    limits: Option<Limits>,
) -> Result<Diff, DiffError> {
    let explain = limits.is_some();
    let grounds = [old.ground, new.ground];
    let (parties, joints) = ([&old.parties, &new.parties], [&old.joints, &new.joints]);
    let (old, new) = (&mut old.filters, &mut new.filters);
    let entities = entities::Entities::new(grounds);
    let filters = [&*old, &*new];
    let pieces = if explain { Pieces::new(grounds, &entities) } else { None };
    let marks = pieces.as_ref().map(Pieces::marks).unwrap_or_default();
    let (classes, mut pair) =
        classes::classes(filters, joints, &entities, &marks).ok_or(DiffError::Choices)?;
    let allowed = [0, 1].map(|side| pair.import(side, filters[side], filters[side].allowed));
    let differ = [(1, 0), (0, 1)].map(|(of, but)| pair.space.minus(allowed[of], allowed[but]));

    let mut reader = Reader::default();
    let own_nodes =
        own_node::own_nodes(&mut pair, filters, joints, &entities, &classes, &mut reader);
    let mut found: Vec<Difference> = vec![];
    for which in [0, 1] {
        let cells = cells::cells(&pair, &classes, differ[which], &mut reader);
        found.extend(cells.into_iter().map(|cell| Difference::of_cell(which, cell)));
        let own = own_nodes.iter().flat_map(|own| own[which].clone());
        found.extend(own.map(|own| Difference::of_own_node(which, own)));
    }
    let because = match &pieces {
        Some(pieces) => {
            let witnesses = Witnesses { grounds, entities: &entities, classes: &classes };
            let asked = witnesses.all(&mut pair, &marks, &found);
            let trial = Trial::new(pieces, &entities, grounds, &pair.choices);
            parted(found, asked, &trial)
        }
        None => found.into_iter().map(|found| (found, Because::default())).collect(),
    };

    let unread = grounds.map(|ground| -> Vec<Unread> {
        let all = ground.unread.iter().filter(|unread| unread.decides == Decides::Policy);
        all.cloned().collect()
    });
    let doubts = [Doubts::new(&unread[0]), Doubts::new(&unread[1])];
    let mut namer = Namer::new(grounds, &entities);
    let mut sorters = [1, 0].map(|open: usize| {
        Sorter::new(Doubtful { open: &doubts[open], closed: &doubts[1 - open] })
    });
    let hosted = Hosted::new(grounds, &entities);
    for (found, because) in &because {
        let groups = found.groups(&classes);
        let sorter = &mut sorters[found.which];
        for (from, to) in hosted.apart(groups, own_nodes.is_some(), found.with) {
            sorter.add(&mut namer, (&from, &to), &found.part, (found.with, because));
        }
    }
    let mut changes = sorters.map(|sorter| sorter.finish(&mut namer));
    if explain && changes.iter().flatten().any(|change| !change.with) {
        let strangers = strangers::strangers(grounds);
        let who = |id: u32| namer.who(PartyId(id)).clone();
        for (changes, own) in changes.iter_mut().zip(&strangers) {
            strangers::noted(changes, &who, own);
        }
    }
    let [opens, closes] = changes;
    let same = grounds[0].network == grounds[1].network;
    let contested = if same { vec![] } else { contested(filters, &pair, &classes, &mut namer) };
    let pairs = counts::pairs(&pair, &classes, &entities, (allowed, differ), &mut reader);
    let mut services = match limits {
        Some(Limits { users: most, .. }) => {
            services::Asking { grounds, joints, entities: &entities, most }
                .all((old, new), &mut namer)
        }
        None => vec![],
    };
    let mut doors = match explain {
        true => {
            let doubts = [&doubts[0], &doubts[1]];
            doors::doorways(grounds, [old, new], parties, doubts, &entities, &pair)
        }
        false => vec![],
    };
    let mut unasked = 0;
    if let Some(Limits { callers: most, .. }) = limits {
        let (filters, doubts) = ([&*old, &*new], [&doubts[0], &doubts[1]]);
        let (classes, entities) = (&classes[..], &entities);
        let callers = Callers { grounds, filters, entities, classes, doubts, most };
        let (called, more) = callers.all(&mut pair);
        unasked = more;
        doors::join(&mut doors, called, grounds, &mut namer);
    }
    if let Some(pieces) = &pieces {
        let witnesses = Witnesses { grounds, entities: &entities, classes: &classes };
        let trial = Trial::new(pieces, &entities, grounds, &pair.choices);
        doors::because(&mut doors, &witnesses, &trial, &namer);
    }
    facts::untold(&mut services, &mut doors);
    let came = entities.came(grounds);
    let moved = entities.moved(grounds);
    let standing = |party: &Option<PartyId>| match party {
        Some(id) => entities.standing[id.0 as usize],
        None => Standing::Both,
    };
    let standing = namer.of.iter().map(standing).collect();
    let unread = [0, 1].map(|side| [&unread[side][..], &of_services(grounds[side])].concat());
    let unread_differ = unread[0] != unread[1];
    let mut unread = unread.concat();
    unread.sort();
    unread.dedup();
    Ok(Diff {
        parties: namer.all,
        standing,
        choices: pair.choices,
        opens,
        closes,
        services,
        doors,
        unasked,
        came,
        moved,
        pieces: pieces.map(|pieces| pieces.all).unwrap_or_default(),
        contested,
        pairs,
        own_node: own_nodes.is_some(),
        families: classes::families(joints),
        unread,
        unread_differ,
    })
}

/// Whoever has an address in one of the networks that another one claims.
fn contested(
    filters: [&Filters<'_>; 2],
    pair: &fibula_network::filters::Pair,
    classes: &[classes::Class],
    namer: &mut Namer<'_>,
) -> Vec<(PartyId, Vec<ChoiceId>)> {
    let mut found = vec![];
    for (at, class) in classes.iter().enumerate().filter(|(_, class)| !class.contested.is_empty()) {
        let names = class.contested.iter().filter_map(|(side, choice)| {
            classes::choice(pair, filters[*side].network.choice(*choice))
        });
        let mut names: Vec<ChoiceId> = names.collect();
        names.sort_unstable();
        names.dedup();
        let parties = namer.name(&Group::of(classes, &[at]));
        found.extend(parties.into_iter().map(|party| (party, names.clone())));
    }
    found.sort();
    found
}

// === impl Side ===

impl<'a> Side<'a> {
    pub(crate) fn new(ground: Ground<'a>) -> Result<Side<'a>, DiffError> {
        let filters = Filters::new(ground.network).ok_or(DiffError::Filters)?;
        let parties = whole(ground, None);
        let joints = Joints::new(&filters, &parties, false);
        Ok(Side { ground, filters, parties, joints })
    }
}

// === impl Diff ===

impl Diff {
    /// Whether something certainly changed.
    pub fn is_different(&self) -> bool {
        self.changes().any(|change| change.why.is_none())
            || !self.moved.is_empty()
            || self.doors.iter().any(|door| door.certain)
            || self.services.iter().any(Served::is_certain)
    }

    /// Whether something may have changed, and nobody knows.
    pub fn is_undecided(&self) -> bool {
        self.unread_differ
            || self.unasked > 0
            || !self.contested.is_empty()
            || self.changes().any(|change| change.why.is_some())
            || self.doors.iter().any(|door| !door.certain)
            || self.services.iter().any(|served| !served.is_certain())
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.opens.iter().chain(&self.closes)
    }
}
