//! What a switch rewrites, stops and leads apart, as an nft ruleset.
//!
//! ```text
//!   priority  hook                what
//!   -120      prerouting, output  keep in what clients say to strangers
//!   -110      prerouting, output  the tables up to the one that rewrites: decide, set the mark
//!   -100      prerouting, output  nat: dnat by the mark, to the backends in turn
//!    -90      prerouting, output  the tables after it: stop; mark the connection; lead apart
//!    100      postrouting, input  nat: snat by the mark of the connection
//! ```
//!
//! Each table is a chain (`at_services`), whose rules stand in the order of the entries: entries
//! that differ only in target, port and protocol share one rule with a map, however many they are.
//! Replies pass only what can stop them (`back_next_hop`): the kernel knows and undoes.

mod groups;
mod hooks;
mod named;
mod write;

use std::collections::BTreeSet;

use fibula_network::{Action, BackendsId, ElementId, Hop, Mark, Reason};

use crate::plan::{Origin, STOPPED_SET, TABLE};

use super::lines::{Line, Switch};
use super::{Origins, Refusal};

use write::{Hook, Writer};

/// A ruleset.
pub(super) struct Rules {
    pub(super) text: String,
    /// The marks that lead to a switch.
    pub(super) leads: Vec<Lead>,
}

/// A mark that leads to a switch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead {
    pub(super) mark: Origin,
    pub(super) to: ElementId,
}

/// Whether messages that begin a connection are judged, or those that answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    New,
    Reply,
}

/// What a line does in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    /// Nothing here: a route or a socket decides.
    Pass,
    /// The target is rewritten by the mark.
    Rewrite,
    /// Dropped, and said so.
    Drop,
    /// Rejected, and said so.
    Refuse,
    /// A reply is dropped.
    Lose,
    /// On at the table of a place.
    Goto(usize),
    /// On at the table of a place, but after the targets are rewritten.
    Leave,
    /// The source will be rewritten; on at the table of a place.
    Masquerade(usize),
    /// By one of these marks, in turn.
    Lead(Vec<Origin>),
}

/// A line that counts in a chain, and what it does there.
struct Step<'l> {
    line: &'l Line,
    outcome: Outcome,
}

/// The rules of a switch, if its entries need any.
///
/// # Errors
///
/// An entry that no rule can be.
pub(super) fn rules(switch: &Switch<'_>, origins: &mut Origins) -> Result<Option<Rules>, Refusal> {
    let lines = || switch.tables.iter().flat_map(|table| &table.lines);
    if !lines().any(needs_rule) {
        return Ok(None);
    }
    let shape = Shape::of(switch)?;
    let mut leads = vec![];
    let mut chains = vec![];
    for (mode, from) in [(Mode::New, 0), (Mode::Reply, shape.answers)] {
        for place in from..switch.tables.len() {
            let steps = steps(switch, &shape, place, mode, origins, &mut leads)?;
            chains.push((mode, place, steps));
        }
    }
    let mut writer = Writer::new(switch, &shape, origins, &leads);
    for (mode, place, steps) in &chains {
        writer.chain(*mode, *place, steps)?;
    }
    let text = writer.finish();
    Ok(Some(Rules { text, leads }))
}

/// The ruleset of a switch whose entries need none, but whose own processes can be answered by a
/// stranger.
pub(super) fn strangers() -> String {
    let mut text = format!("table inet {TABLE} {{\n  {}\n", STOPPED_SET.trim());
    hooks::strangers(Hook::Out, &mut text);
    text.push_str("}\n");
    text
}

/// Whether routes and sockets alone cannot do it.
fn needs_rule(line: &Line) -> bool {
    match line.action {
        Action::Rewrite { .. } | Action::Masquerade { .. } | Action::Reject(_) => true,
        Action::Discard(reason) => reason != Reason::ClosedPort,
        Action::Forward(_) => !line.is_route(),
        Action::Deliver(_) | Action::Goto(_) | Action::Undo { .. } => false,
    }
}

/// The order of events at a switch.
struct Shape {
    /// How many tables come before the targets are rewritten.
    before: usize,
    /// The table at which replies go on.
    answers: usize,
    /// Marks of messages whose source is to be rewritten.
    always: Vec<Origin>,
    /// The same where the source is the backend.
    hairpin: Vec<(Origin, BackendsId)>,
    /// The marks of messages that go on elsewhere than at the first table after those before.
    jumps: Vec<(Origin, usize)>,
}

impl Shape {
    fn of(switch: &Switch<'_>) -> Result<Shape, Refusal> {
        let all = || {
            let tables = switch.tables.iter().enumerate();
            tables.flat_map(|(place, table)| table.lines.iter().map(move |line| (place, line)))
        };
        let is_rewrite = |line: &Line| matches!(line.action, Action::Rewrite { .. });
        let mut rewriting = all().filter(|(_, line)| is_rewrite(line));
        let first = rewriting.next().map(|(place, _)| place);
        if let Some((_, line)) = rewriting.find(|(place, _)| Some(*place) != first) {
            return Err(switch.refuse(line, "rewrites in a second table: the kernel does it once"));
        }
        let before = first.map_or(0, |place| place + 1);
        let mut shape =
            Shape { before, answers: 0, always: vec![], hairpin: vec![], jumps: vec![] };
        shape.answers = shape.undo(switch)?;
        let mut seen = BTreeSet::new();
        for (place, line) in all().filter(|(place, _)| *place < before) {
            let Some(then) = line.action.then().filter(|_| line.speaks_of(false)) else { continue };
            let to = switch.position(place, line, then)?;
            if to < before && is_rewrite(line) {
                return Err(switch.refuse(line, "rewrites, and is judged as before it did"));
            }
            // A written entry can stand for several lines.
            if to < before || !seen.insert(line.origin) {
                continue;
            }
            if to > before {
                shape.jumps.push((line.origin, to));
            }
            match line.action {
                Action::Rewrite { mark: Mark::Always, .. } => shape.always.push(line.origin),
                Action::Rewrite { mark: Mark::Hairpin, to, .. } => {
                    shape.hairpin.push((line.origin, to));
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    /// Where replies go on, after the kernel has undone for them what was rewritten.
    fn undo(&self, switch: &Switch<'_>) -> Result<usize, Refusal> {
        let changes = |line: &&Line| {
            matches!(line.action, Action::Rewrite { .. } | Action::Masquerade { .. })
        };
        for (place, table) in switch.tables.iter().enumerate() {
            let Some(line) = table.lines.iter().find(|line| line.speaks_of(true)) else { continue };
            return match line.action {
                Action::Undo { then }
                    if line.is_full() && super::routes::is_any(line.pattern.dst) =>
                {
                    switch.position(place, line, then)
                }
                _ => match switch.tables.iter().flat_map(|table| &table.lines).find(changes) {
                    Some(line) => Err(switch.refuse(
                        line,
                        "rewrites, and no entry before all others undoes that for replies: the \
                         kernel always does",
                    )),
                    None => Ok(place),
                },
            };
        }
        Ok(switch.tables.len())
    }
}

/// What counts of a table in a chain: all up to the last line that stops, rewrites or leads.
fn steps<'l>(
    switch: &'l Switch<'_>,
    shape: &Shape,
    place: usize,
    mode: Mode,
    origins: &mut Origins,
    leads: &mut Vec<Lead>,
) -> Result<Vec<Step<'l>>, Refusal> {
    let last = place + 1 == switch.tables.len();
    let mut steps = vec![];
    for line in switch.tables[place].lines.iter().filter(|l| l.speaks_of(mode == Mode::Reply)) {
        // Nothing marks a reply, and nothing a message before the targets are rewritten.
        let unmarked = mode == Mode::Reply || place < shape.before;
        if unmarked && line.pattern.marked == Some(true) {
            continue;
        }
        let refuse = |why: &str| Err(switch.refuse(line, why));
        let outcome = match line.action {
            Action::Deliver(_) | Action::Discard(Reason::ClosedPort) if last => Outcome::Pass,
            Action::Deliver(_) if mode == Mode::Reply || line.pattern.reply == Some(true) => {
                Outcome::Pass
            }
            Action::Forward(_) if last && line.is_route() => Outcome::Pass,
            Action::Forward(hop) if last => match mode {
                Mode::New => Outcome::Lead(lead(switch, line, hop, origins, leads)?),
                Mode::Reply => return refuse("leads replies by more than their target"),
            },
            Action::Deliver(_) | Action::Forward(_) | Action::Discard(Reason::ClosedPort) => {
                return refuse("ends before the last table: the kernel routes once, at the end");
            }
            Action::Discard(_) | Action::Reject(_) if mode == Mode::Reply => Outcome::Lose,
            Action::Discard(_) => Outcome::Drop,
            Action::Reject(_) => Outcome::Refuse,
            Action::Rewrite { .. } | Action::Masquerade { .. } if mode == Mode::Reply => {
                return refuse("rewrites replies, which the kernel only undoes");
            }
            Action::Rewrite { .. } => Outcome::Rewrite,
            Action::Masquerade { then, .. } if place >= shape.before => {
                Outcome::Masquerade(switch.position(place, line, then)?)
            }
            Action::Masquerade { .. } => return refuse("masquerades before targets are rewritten"),
            Action::Goto(then) | Action::Undo { then } => {
                let to = switch.position(place, line, then)?;
                match mode == Mode::New && place < shape.before && to >= shape.before {
                    true => Outcome::Leave,
                    false => Outcome::Goto(to),
                }
            }
        };
        steps.push(Step { line, outcome });
    }
    Ok(steps)
}

/// The marks that lead to where an entry forwards.
fn lead(
    switch: &Switch<'_>,
    line: &Line,
    hop: Hop,
    origins: &mut Origins,
    leads: &mut Vec<Lead>,
) -> Result<Vec<Origin>, Refusal> {
    let hops = match &hop {
        Hop::To(to) => std::slice::from_ref(to),
        Hop::OneOf(hops) => switch.network.hops(*hops),
        _ => &[],
    };
    if hops.is_empty() {
        return Err(switch.refuse(line, "forwards to no switch"));
    }
    let taken =
        |leads: &[Lead], to| leads.iter().any(|lead| lead.mark == line.origin && lead.to != to);
    let mut marks = vec![];
    for (i, &to) in hops.iter().enumerate() {
        let mark = match hops {
            [_] if !taken(leads, to) => line.origin,
            _ => origins.alternative(line.id, i, hops.len()),
        };
        if !leads.iter().any(|lead| lead.mark == mark) {
            leads.push(Lead { mark, to });
        }
        marks.push(mark);
    }
    Ok(marks)
}
