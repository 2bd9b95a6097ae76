//! What each line of a table does in its chain.

use fibula_network::{Action, Hop, Reason};

use crate::plan::Origin;

use super::super::lines::{Line, Switch};
use super::super::{Origins, Refusal};
use super::{Lead, Mode, Outcome, Shape, Step};

/// What counts of a table in a chain: all up to the last line that stops, rewrites or leads.
pub(super) fn steps<'l>(
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

/// What counts of a filter. It goes on at a table that comes after each of those whose chains have
/// it, or it stops a message.
pub(super) fn filter<'l>(
    switch: &'l Switch<'_>,
    filter: usize,
    mode: Mode,
) -> Result<Vec<Step<'l>>, Refusal> {
    let filter = &switch.filters[filter];
    let last = switch
        .chained_places()
        .filter(|(_, chained)| chained.lists.iter().any(|(_, list)| list.contains(&filter.id)));
    let last = last.map(|(place, _)| place).max().unwrap_or(0);
    let lines = filter.lines.iter().filter(|line| line.speaks_of(mode == Mode::Reply));
    let mut steps = vec![];
    for line in lines.filter(|line| mode == Mode::New || line.pattern.marked != Some(true)) {
        let outcome = match (line.action, mode) {
            (Action::Discard(_) | Action::Reject(_), Mode::Reply) => Outcome::Lose,
            (Action::Discard(_), Mode::New) => Outcome::Drop,
            (Action::Reject(_), Mode::New) => Outcome::Refuse,
            (Action::Goto(then), _) => Outcome::Goto(switch.position(last, line, then)?),
            _ => return Err(switch.refuse(line, "is a filter that does more than to filter")),
        };
        steps.push(Step { line, outcome });
    }
    Ok(steps)
}
