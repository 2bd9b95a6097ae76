//! What opens and what closes, in groups of one cause.

use fibula_answers::diff::{Became, Because, Change, Diff, Edit, How, Served, Standing, What};
use fibula_answers::reach::{Party, PartyId, Toward, Who, Why};
use fibula_cluster::{Decides, Place};
use fibula_network::Family;

use super::words::{self, Words};
use super::{Inputs, spot};
use crate::notices::Spot;
use crate::page::Text;
use crate::preface::list;
use crate::reach::names::{Names, family};
use crate::style::Label;
use crate::view::Excerpt;
use crate::words::of_services;

/// Whether something opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Opens,
    Closes,
    /// Neither: it leads elsewhere.
    Changes,
}

/// What has one cause.
pub(super) struct Group {
    pub(super) sign: Sign,
    /// Who, and to whom.
    pub(super) lines: Vec<Text>,
    pub(super) causes: Vec<Cause>,
    /// What would decide it, where it is not certain.
    pub(super) undecided: Option<Vec<String>>,
    /// Whether the world has part in it, and whether Nodes have.
    pub(super) world: bool,
    pub(super) nodes: bool,
    /// How many gained or lost the use of a Service.
    pub(super) users: usize,
    /// By names that last, what it is about.
    pub(super) subjects: Vec<String>,
}

/// What did it.
pub(super) struct Cause {
    pub(super) text: String,
    pub(super) at: Option<Spot>,
    pub(super) excerpt: Option<Excerpt>,
    /// What is said beside the caret.
    pub(super) says: String,
}

/// All groups: what opens, what closes, what leads elsewhere; what is certain before what is not.
pub(super) struct Groups {
    pub(super) all: Vec<Group>,
    /// What changed in the objects, where that is to be told first.
    pub(super) changed: Option<String>,
}

/// The parties of a diff, with those that are gone without elements: the network that is shown is the
/// new one.
pub(crate) struct Shown {
    parties: Vec<Party>,
    families: Vec<Family>,
}

/// Beyond so many names there is only their number.
const MOST_NAMES: usize = 6;
/// How many lines a group has at most.
const MOST_LINES: usize = 12;

// === impl Shown ===

impl Shown {
    pub(crate) fn new(diff: &Diff) -> Shown {
        let parties = diff.parties.iter().zip(&diff.standing).map(|(party, standing)| {
            let elements = match standing {
                Standing::Gone => vec![],
                _ => party.elements.clone(),
            };
            Party { who: party.who.clone(), elements }
        });
        Shown { parties: parties.collect(), families: diff.families.clone() }
    }
}

/// Names for notes.
pub(super) struct Named(Vec<String>);

impl Named {
    pub(super) fn of(&self, party: PartyId) -> &str {
        self.0.get(party.0 as usize).map_or("", String::as_str)
    }
}

pub(super) fn names(inputs: &Inputs<'_>, diff: &Diff) -> Named {
    let shown = Shown::new(diff);
    let names = Names::of(inputs.view, &shown.parties, &shown.families);
    Named((0..diff.parties.len() as u32).map(|id| names.one(PartyId(id))).collect())
}

/// What each piece of the change is, in words.
pub(crate) fn words_of(inputs: &Inputs<'_>, shown: &Shown, diff: &Diff) -> Vec<String> {
    let names = Names::of(inputs.view, &shown.parties, &shown.families);
    let words = Words { names: &names };
    diff.pieces.iter().map(|piece| words.piece(piece)).collect()
}

// === impl Groups ===

impl Groups {
    pub(super) fn new(inputs: &Inputs<'_>, diff: &Diff) -> Groups {
        let shown = Shown::new(diff);
        let names = Names::of(inputs.view, &shown.parties, &shown.families);
        let of = Of { inputs, diff, names: &names };
        let mut all: Vec<Group> = vec![];
        for (sign, changes) in [(Sign::Opens, &diff.opens), (Sign::Closes, &diff.closes)] {
            let same = |a: &Change, b: &Change| {
                (a.with, &a.why, &a.because) == (b.with, &b.why, &b.because)
            };
            all.extend(changes.chunk_by(same).map(|group| of.changes(sign, group)));
        }
        all.extend(of.doors());
        all.extend(of.services());
        all.extend(of.moved());
        all.sort_by_key(|group| (group.undecided.is_some(), group.sign));
        let mut groups = Groups { all, changed: None };
        groups.changed = super::changed::changed(diff, &names, &groups);
        groups
    }
}

pub(super) struct Of<'a, 'v> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) diff: &'a Diff,
    pub(super) names: &'a Names<'a, 'v>,
}

impl Of<'_, '_> {
    fn changes(&self, sign: Sign, group: &[Change]) -> Group {
        let first = &group[0];
        let mut lines: Vec<Text> =
            group.iter().take(MOST_LINES).map(|change| self.line(change)).collect();
        if group.len() > MOST_LINES {
            let more = format!("and {} more lines (-o json has them)", group.len() - MOST_LINES);
            lines.push(Text::new().with(Label::Dim, more));
        }
        let causes = match first.with {
            true => self.came(sign, group),
            false => self.because(&first.because),
        };
        let ids = group.iter().flat_map(|change| {
            let to = change.line.to.iter().flat_map(|toward| &toward.targets);
            change.line.from.iter().chain(to)
        });
        let world = ids.clone().any(|id| matches!(self.names.who(*id), Who::World(_)));
        let nodes =
            ids.clone().any(|id| matches!(self.names.who(*id), Who::Node(_) | Who::OwnNode));
        let mut subjects: Vec<String> = ids.map(|id| self.names.one(*id)).collect();
        subjects.sort();
        subjects.dedup();
        let undecided = first.why.as_ref().map(|why| self.why(why));
        Group { sign, lines, causes, undecided, world, nodes, users: 0, subjects }
    }

    /// Who, and to whom.
    fn line(&self, change: &Change) -> Text {
        let line = &change.line;
        let all: Vec<PartyId> =
            line.to.iter().flat_map(|toward| toward.targets.iter().copied()).collect();
        let mut from = self.some(self.names.sources(&line.from, &all));
        if change.strangers {
            from.push_str(", and any pod of any namespace not read here");
        }
        let mut text = Text::from(from).plain(" → ");
        for (i, Toward { targets, ports, family: own }) in line.to.iter().enumerate() {
            if i > 0 {
                text = text.plain(", ");
            }
            let mut open = self.names.ports(ports, targets);
            if let Some(own) = own {
                open = open.with(Label::Open, format!(" over {}", family(*own)));
            }
            let list = self.names.list(targets);
            let list = if list.len() > MOST_NAMES { vec![self.some(list)] } else { list };
            for (i, name) in list.iter().enumerate() {
                let between = if i > 0 { ", " } else { "" };
                text = text.plain(format!("{between}{name}")).then(open.clone());
            }
        }
        text
    }

    /// Some names, or how many they are.
    pub(super) fn some(&self, names: Vec<String>) -> String {
        match names.len() {
            n if n > MOST_NAMES => {
                format!("{}, … ({n} in all)", names[..MOST_NAMES - 1].join(", "))
            }
            _ => names.join(", "),
        }
    }

    pub(super) fn why(&self, why: &Why) -> Vec<String> {
        match why {
            Why::Choices(choices) => vec![words::choices(self.diff, choices)],
            Why::Unread => {
                let policies = self.diff.unread.iter().filter(|u| u.decides == Decides::Policy);
                let mut kinds: Vec<String> = policies.map(|unread| unread.kind.clone()).collect();
                kinds.dedup();
                let are = if kinds.len() == 1 { "is" } else { "are" };
                vec![format!("{} could change it, and {are} not read (DR-21)", list(&kinds))]
            }
        }
    }

    /// The workloads and Nodes of a group that came, or went.
    fn came(&self, sign: Sign, group: &[Change]) -> Vec<Cause> {
        let has = |id: PartyId| {
            let is = |other: &PartyId| self.whole(*other) == Some(id);
            group.iter().any(|change| {
                change.line.from.iter().any(is)
                    || change.line.to.iter().any(|toward| toward.targets.iter().any(is))
            })
        };
        let new = |how: How| matches!(how, How::New | How::OwnNetwork);
        let own = self
            .diff
            .came
            .iter()
            .filter(|came| new(came.how) == (sign == Sign::Opens) && has(came.party));
        let causes = own.map(|came| Cause {
            text: words::came(&self.names.one(came.party), came.how),
            at: came.at.as_ref().and_then(|at| spot(self.inputs, at)),
            excerpt: None,
            says: String::new(),
        });
        let mut causes: Vec<Cause> = causes.collect();
        if causes.len() > MOST_NAMES {
            let more = causes.len() - MOST_NAMES + 1;
            causes.truncate(MOST_NAMES - 1);
            let text = format!("and {more} more");
            causes.push(Cause { text, at: None, excerpt: None, says: String::new() });
        }
        causes
    }

    /// The whole workload that a party is, or is a part of.
    fn whole(&self, id: PartyId) -> Option<PartyId> {
        let same = |a: &Who, b: &Who| match (a, b) {
            (
                Who::Workload { namespace, name, kind, .. },
                Who::Workload { namespace: other, name: called, kind: of, .. },
            ) => (namespace, name, kind) == (other, called, of),
            (a, b) => a == b,
        };
        let who = self.names.who(id);
        let at = self.diff.parties.iter().position(|party| same(&party.who, who))?;
        Some(PartyId(at as u32))
    }

    pub(super) fn because(&self, because: &Because) -> Vec<Cause> {
        let words = Words { names: self.names };
        let mut causes = vec![];
        if let Some(head) = super::proved(because.proved, because.pieces.len()) {
            let text = head.to_owned();
            causes.push(Cause { text, at: None, excerpt: None, says: String::new() });
        }
        for piece in because.pieces.iter().take(MOST_LINES) {
            let piece = &self.diff.pieces[*piece];
            let at = piece.at.as_ref().and_then(|at| spot(self.inputs, at));
            let (excerpt, says) = match &piece.what {
                What::Policy { edit, .. } => self.excerpt(piece, edit),
                _ => (None, String::new()),
            };
            let at = excerpt.as_ref().map(|e| Spot::of(&e.at)).or(at);
            causes.push(Cause { text: words.piece(piece), at, excerpt, says });
        }
        let more = because.pieces.len().saturating_sub(MOST_LINES);
        if more > 0 {
            let text = format!("and {more} more");
            causes.push(Cause { text, at: None, excerpt: None, says: String::new() });
        }
        if because.followed && because.pieces.is_empty() && !self.diff.pieces.is_empty() {
            let text = "no single object tells why: several changed".to_owned();
            causes.push(Cause { text, at: None, excerpt: None, says: String::new() });
        }
        causes
    }

    /// The lines of a rule that a piece is in, and what is said of the piece.
    fn excerpt(
        &self,
        piece: &fibula_answers::diff::Piece,
        edit: &Edit,
    ) -> (Option<Excerpt>, String) {
        let Some(at) = &piece.at else { return (None, String::new()) };
        let rule = Place { port: None, ..at.place };
        let path = match at.path.is_empty() {
            true => (self.inputs.path)(at.side, at.place),
            false => at.path.clone(),
        };
        let from = match edit {
            Edit::PeerNew(..) | Edit::PeerChanged(..) | Edit::PeerGone(..) | Edit::Ports(..) => {
                (self.inputs.path)(at.side, rule)
            }
            _ => return (None, String::new()),
        };
        let says = match edit {
            Edit::PeerNew(_, _, item) if *item > 0 => {
                "one more item means OR: the items before it limit it in nothing (NP-11)"
            }
            _ => "",
        };
        ((self.inputs.excerpt)(at.side, at.place.object, &from, &path), says.to_owned())
    }

    /// Why nobody knows what a Service leads to.
    pub(super) fn unknown(&self) -> String {
        let kinds = of_services(&self.diff.unread);
        format!("{kinds} are not read, so that nobody knows what it leads to (DR-21)")
    }

    /// Nodes that have other addresses.
    fn moved(&self) -> Option<Group> {
        let first = self.diff.moved.first()?;
        let names = self.diff.moved.iter().map(|moved| self.names.one(moved.party));
        let names: Vec<String> = names.collect();
        let text = match names.len() {
            1 => "it has other addresses",
            _ => "they have other addresses",
        };
        let at = spot(self.inputs, &first.at);
        Some(Group {
            sign: Sign::Changes,
            lines: vec![Text::from(self.some(names.clone()))],
            causes: vec![Cause { text: text.to_owned(), at, excerpt: None, says: String::new() }],
            undecided: None,
            world: false,
            nodes: false,
            users: 0,
            subjects: names,
        })
    }

    fn services(&self) -> Vec<Group> {
        self.diff.services.iter().map(|served| self.service(served)).collect()
    }

    fn service(&self, served: &Served) -> Group {
        let sign = match served.what {
            // Nothing came through before, and nothing does now.
            Became::New | Became::PortNew | Became::Gone | Became::PortGone if served.nobody => {
                Sign::Changes
            }
            Became::New | Became::PortNew | Became::Filled(_) => Sign::Opens,
            Became::Gone | Became::PortGone | Became::Empty(_) => Sign::Closes,
            Became::Same if served.gained.is_empty() && !served.lost.is_empty() => Sign::Closes,
            Became::Same if served.lost.is_empty() && !served.gained.is_empty() => Sign::Opens,
            Became::Leads(..) | Became::Kind(..) | Became::Same => Sign::Changes,
        };
        let at = served.at.as_ref().and_then(|at| spot(self.inputs, at));
        let name = words::service(self.names, served);
        let mut lines = vec![];
        for (ids, word) in [
            (&served.gained, "can use it now"),
            (&served.lost, "cannot use it any more"),
            (&served.other, "find it changed in part, or perhaps"),
        ] {
            if !ids.is_empty() {
                let who = self.some(self.names.list(ids));
                lines.push(Text::from(format!("{who} → {name}: ")).plain(word));
            }
        }
        if lines.is_empty() {
            lines.push(Text::from(name));
        }
        let text = words::became(self.names, self.diff, served);
        let cause = Cause { text, at, excerpt: None, says: String::new() };
        let mut why = match served.asked {
            true => vec![],
            false => vec!["it was not asked who can use it: too many Services changed".to_owned()],
        };
        why.extend(served.unknown.then(|| self.unknown()));
        let undecided = (!served.is_certain()).then_some(why);
        let subjects = vec![format!("svc/{}", served.service)];
        let users = match sign {
            Sign::Opens => served.gained.len(),
            Sign::Closes => served.lost.len(),
            Sign::Changes => 0,
        };
        let (world, nodes) = (false, false);
        Group { sign, lines, causes: vec![cause], undecided, world, nodes, users, subjects }
    }
}
