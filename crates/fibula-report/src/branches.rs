//! The branches of a message: what they share, and where they part.

use std::mem::{Discriminant, discriminant};

use fibula_answers::trace::{Branch, Trace, Way, Why, header_before};
use fibula_network::walk::{Fork, Step, Verdict};
use fibula_network::{Action, ElementId, Header, Hop, Kind};

use crate::life::{self, Lens, decided, origin, row};
use crate::page::Text;
use crate::policies;
use crate::preface::count;
use crate::reply;
use crate::style::Label;
use crate::view::View;

/// How many alternatives are shown at a fork, before those that are alike share a line.
const MOST: usize = 8;

/// The rows of a way: the hops of its only branch; or those that its branches share, a tree of
/// them, and the hops of one. Of an only branch from a step on.
pub(crate) fn rows(view: &View<'_>, trace: &Trace, way: &Way, from: usize) -> Vec<Vec<Text>> {
    let tree = Tree { view, trace };
    let branches = &way.branches[..];
    let Some(fork) = fork(branches) else { return tree.hops(&branches[0], from) };
    let first = &branches[0];
    let mut rows = match fork {
        0 => vec![],
        _ => tree.lens(first, None).rows(&first.life, 0..fork),
    };
    rows.push(tree.fork_row(first, fork, branches));
    tree.alternatives(branches, fork, "  ", &mut rows);
    let shown = self::shown(branches);
    rows.push(vec![Text::new()]);
    let by = format!("hop by hop, by {}", tree.path(shown));
    rows.push(vec![Text::new().with(Label::Dim, by)]);
    rows.extend(tree.hops(shown, if fork == 0 { 0 } else { fork + 1 }));
    rows
}

/// The step at which the only branch of a way parts from that of another; the first step where
/// there are several.
pub(crate) fn part(one: &Way, other: &Way) -> usize {
    match (&one.branches[..], &other.branches[..]) {
        ([one], [other]) => {
            let mut steps = one.life.steps.iter().zip(&other.life.steps);
            let part = steps.position(|(a, b)| a != b);
            part.unwrap_or(one.life.steps.len().min(other.life.steps.len()))
        }
        _ => 0,
    }
}

/// The branch that is shown hop by hop: the first that does not arrive, if any.
pub(crate) fn shown(branches: &[Branch]) -> &Branch {
    branches.iter().find(|branch| !branch.arrived()).unwrap_or(&branches[0])
}

/// What the branches are: endpoints of one Service, Nodes, addresses of one name; or ways, where
/// there is more than one fork.
pub(crate) fn unit(view: &View<'_>, branches: &[Branch]) -> &'static str {
    let Some(fork) = fork(branches) else { return "way" };
    let mut alternatives = parts(branches, fork);
    match alternatives.any(|part| part.len() > 1) {
        true => "way",
        false => alternative(view, &branches[0], fork).0,
    }
}

/// The step at which branches part: none where there is one branch. They come in the order of
/// their alternatives, so no two part before the first and the last do.
fn fork(branches: &[Branch]) -> Option<usize> {
    let (first, last) = (branches.first()?, branches.last()?);
    let mut pairs = first.life.steps.iter().zip(&last.life.steps);
    pairs.position(|(a, b)| a != b)
}

/// The branches that take each alternative of a fork.
fn parts(branches: &[Branch], fork: usize) -> impl Iterator<Item = &[Branch]> {
    branches.chunk_by(move |a, b| a.life.steps.get(fork) == b.life.steps.get(fork))
}

/// What kind of thing the alternatives of a fork are, and which of them a branch takes.
fn alternative(view: &View<'_>, branch: &Branch, fork: usize) -> (&'static str, String) {
    match branch.life.steps[fork] {
        Step::Decide { at, entry, fork: Some(fork), becomes, .. } => {
            let hop = match view.network.entry(entry).action {
                Action::Forward(Hop::OneOf(hops)) => view.network.hops(hops),
                _ => &[],
            };
            match (becomes, hop.get(fork.taken as usize)) {
                (Some(header), _) => (life::backend(view, at), life::target(header)),
                (None, Some(hop)) => ("node", view.name(*hop)),
                (None, None) => ("way", fork.taken.to_string()),
            }
        }
        Step::Send { header, .. } | Step::Recv { header, .. } => ("address", life::target(header)),
        Step::Decide { .. } | Step::Pass { .. } => ("way", String::new()),
    }
}

struct Tree<'a> {
    view: &'a View<'a>,
    trace: &'a Trace,
}

/// What makes branches alike: how they end, and why.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Alike {
    verdict: Verdict,
    astray: bool,
    known: bool,
    unheard: bool,
    why: Option<Discriminant<Why>>,
}

/// What makes alternatives alike: all branches of each are, or so many of each arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sameness {
    All(Alike),
    Some(usize),
}

// === impl Tree ===

impl Tree<'_> {
    fn lens<'l>(&'l self, branch: &'l Branch, why: Option<&'l str>) -> Lens<'l> {
        let source_port_matters = self.trace.source_port_matters;
        Lens { view: self.view, source_port_matters, why, rulings: &branch.rulings }
    }

    /// The hops of a branch from a step on, and of its reply.
    fn hops(&self, branch: &Branch, from: usize) -> Vec<Vec<Text>> {
        let why = self.why(branch);
        let lens = self.lens(branch, why.as_deref());
        let mut rows = lens.rows(&branch.life, from..branch.life.steps.len());
        if let Some(reply) = &branch.reply {
            rows.extend(reply::rows(lens, self.sent(branch), reply));
        }
        rows
    }

    /// The row at which branches part.
    fn fork_row(&self, first: &Branch, fork: usize, branches: &[Branch]) -> Vec<Text> {
        let (what, _) = alternative(self.view, first, fork);
        match first.life.steps[fork] {
            Step::Decide { at, fork: Some(Fork { of, .. }), becomes, .. } => {
                let named = self.lens(first, None).is_first_here(&first.life, fork).then_some(at);
                let (sign, verb) = match becomes {
                    Some(_) => ("◆ ", "target becomes"),
                    None => ("○ ", "forwards to"),
                };
                let says = format!("{verb} one of {}", count(of as usize, what));
                let entry = decided(self.view, &first.life, fork);
                let why = entry.map_or(Text::new(), |entry| origin(self.view, &entry));
                row(self.view, sign, named, says.into(), why)
            }
            _ => {
                let n = parts(branches, fork).count();
                let says = format!("sends to one of {}", count(n, what));
                let by = self.trace.to.dns.as_ref().map_or("DNS-3", |resolved| resolved.by);
                let why = Text::new().with(Label::Dim, by);
                row(self.view, "◆ ", Some(self.trace.from.process), says.into(), why)
            }
        }
    }

    /// A line for each alternative of a fork, and below it for those that differ within.
    fn alternatives(
        &self,
        branches: &[Branch],
        fork: usize,
        before: &str,
        rows: &mut Vec<Vec<Text>>,
    ) {
        let parts: Vec<&[Branch]> = parts(branches, fork).collect();
        let shown = lines(&parts);
        for (i, line) in shown.iter().enumerate() {
            let last = i + 1 == shown.len();
            let (branch, below) = if last { ("└ ", "  ") } else { ("├ ", "│ ") };
            match line {
                Line::Part(part) => {
                    rows.push(self.part(part, fork, &format!("{before}{branch}")));
                    // A reason of its own line, for it is long.
                    if let Some(why) = self::fork(part).is_none().then(|| self.dropped(&part[0])) {
                        rows.extend(
                            why.map(|why| vec![format!("{before}{below}").into(), why.into()]),
                        );
                    }
                    if let Some(deeper) = self::fork(part).filter(|_| alike(part).is_none()) {
                        self.alternatives(part, deeper, &format!("{before}{below}  "), rows);
                    }
                }
                Line::More(n) => {
                    let more = Text::from(format!("{before}{branch}"));
                    rows.push(vec![more, format!("and {n} more like these").into()]);
                }
            }
        }
    }

    /// An alternative: what it is, whom it leads to, and how that ends.
    fn part(&self, part: &[Branch], fork: usize, before: &str) -> Vec<Text> {
        let first = &part[0];
        let (label, sign) = match part.iter().filter(|branch| branch.arrived()).count() {
            0 => (Label::Bad, "✗ "),
            n if n == part.len() => (Label::Good, "✓ "),
            _ => (Label::Open, "◐ "),
        };
        let head = Text::from(before).with(label, sign);
        let head = head.plain(alternative(self.view, first, fork).1);
        let deeper = self::fork(part);
        let whom = match deeper {
            Some(_) if alike(part).is_some() => {
                format!("one of {}: ", count(part.len(), unit(self.view, part)))
            }
            Some(_) => {
                let arrived = part.iter().filter(|branch| branch.arrived()).count();
                let what = unit(self.view, part);
                return vec![head, format!("{arrived} of {}", count(part.len(), what)).into()];
            }
            None => self.whom(first).map_or(String::new(), |whom| format!("{whom}: ")),
        };
        let says = Text::from(whom).then(self.outcome(first));
        if first.arrived() || first.reply.is_some() {
            return vec![head, says];
        }
        let last = first.life.steps.len().saturating_sub(1);
        let entry = decided(self.view, &first.life, last);
        match entry {
            Some(entry) => vec![head, says, origin(self.view, &entry)],
            None => vec![head, says],
        }
    }

    /// How a branch ends, and why, in words.
    fn outcome(&self, branch: &Branch) -> Text {
        let verdict = branch.verdict();
        if branch.astray {
            let says = format!(": delivered to {}", self.view.name(branch.life.ending.at));
            return Text::new().with(Label::Bad, "astray").plain(says);
        }
        if verdict == Verdict::Delivered {
            return match is_known(self.view, branch) {
                true => "delivered".into(),
                false => "delivered, if something listens there".into(),
            };
        }
        let why = self.why(branch);
        let lens = self.lens(branch, why.as_deref());
        let because = match &branch.reply {
            Some(reply) => Some(reply::lost_why(lens, self.sent(branch), reply)),
            None => lens.because(&branch.life),
        };
        let text = Text::new().with(Label::Bad, verdict.name());
        let text = because.map_or(text.clone(), |why| text.plain(format!(": {why}")));
        match branch.unheard {
            true => text.plain("; the refusal does not come back"),
            false => text,
        }
    }

    /// What of policies dropped the message of a branch.
    fn dropped(&self, branch: &Branch) -> Option<String> {
        let last = branch.life.steps.len().checked_sub(1);
        let ruling = branch.rulings.iter().find(|ruling| ruling.step == last)?;
        Some(policies::dropped(self.view, ruling))
    }

    /// Why the Service that ended a branch did.
    fn why(&self, branch: &Branch) -> Option<String> {
        let last = branch.life.steps.len().checked_sub(1)?;
        let header = header_before(&branch.life, last)?;
        branch.why.as_ref().map(|why| crate::served::why(self.view, why, header))
    }

    /// The header that the message of a branch was sent with.
    fn sent(&self, branch: &Branch) -> Header {
        match branch.life.steps.first() {
            Some(Step::Send { header, .. }) => *header,
            _ => self.trace.header,
        }
    }

    /// Whom a branch leads to: the pod that has its last target, and the Node of that.
    fn whom(&self, branch: &Branch) -> Option<String> {
        let view = self.view;
        let network = view.network;
        let life = &branch.life;
        let dst = header_before(life, life.steps.len())?.dst;
        let owner = network.owners_of(dst).first().map(|owner| owner.to);
        let delivered = life.ending.verdict == Verdict::Delivered;
        let end: ElementId = if delivered { life.ending.at } else { owner? };
        let host = network.facts.host(end);
        match (network.kind(end), host) {
            (Kind::Container, Some(pod)) => {
                let node = network.facts.host(pod).map(|node| view.name(node));
                Some(format!("{} on {}", view.name(pod), node?))
            }
            (Kind::Pod | Kind::Daemon, Some(node)) => {
                Some(format!("{} on {}", view.name(end), view.name(node)))
            }
            (Kind::World, _) => Some("outside of the cluster".to_owned()),
            _ => Some(view.name(end)),
        }
    }

    /// The alternatives that a branch takes, in words: `n2, 10.0.1.7:8080`.
    fn path(&self, branch: &Branch) -> String {
        let steps = branch.life.steps.iter().enumerate();
        let forks = steps.filter(|(_, step)| step.fork().is_some_and(|fork| fork.of > 1));
        let mut names: Vec<String> =
            forks.map(|(i, _)| alternative(self.view, branch, i).1).collect();
        if names.is_empty() {
            names.push(life::target(self.sent(branch)));
        }
        names.join(", ")
    }
}

/// A line below a fork.
enum Line<'a> {
    Part(&'a [Branch]),
    /// So many that are like those above.
    More(usize),
}

/// The lines of a fork's alternatives: all of them, or where they are many, of those that are
/// alike the first few.
fn lines<'a>(parts: &[&'a [Branch]]) -> Vec<Line<'a>> {
    if parts.len() <= MOST + 1 {
        return parts.iter().map(|part| Line::Part(part)).collect();
    }
    let mut groups: Vec<(Sameness, Vec<&'a [Branch]>)> = vec![];
    for part in parts {
        let key = match alike(part) {
            Some(alike) => Sameness::All(alike),
            None => Sameness::Some(part.iter().filter(|branch| branch.arrived()).count()),
        };
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(part),
            None => groups.push((key, vec![part])),
        }
    }
    let mut lines = vec![];
    for (_, group) in &groups {
        let room = (MOST * group.len() / parts.len()).max(1);
        // The word for one that is left out is as long as its line.
        let room = if group.len() <= room + 1 { group.len() } else { room };
        lines.extend(group[..room].iter().map(|part| Line::Part(part)));
        if group.len() > room {
            lines.push(Line::More(group.len() - room));
        }
    }
    lines
}

/// How all branches end, if it is the same for all.
fn alike(part: &[Branch]) -> Option<Alike> {
    let of = |branch: &Branch| Alike {
        verdict: branch.verdict(),
        astray: branch.astray,
        known: matches!(branch.life.steps.last(), Some(Step::Recv { .. })),
        unheard: branch.unheard,
        why: branch.why.as_ref().map(discriminant),
    };
    let first = of(&part[0]);
    part.iter().all(|branch| of(branch) == first).then_some(first)
}

/// Whether it is known which process receives the message of a branch.
pub(crate) fn is_known(view: &View<'_>, branch: &Branch) -> bool {
    view.network.kind(branch.life.ending.at).is_process()
}
