//! In which order things happen at a switch.

use std::collections::BTreeSet;

use fibula_network::{Action, BackendsId, Mark};

use crate::plan::Origin;

use super::super::Refusal;
use super::super::lines::{Line, Switch};
use super::super::routes::is_any;
use super::write::{NUMBER, PLACES};

/// The order of events at a switch.
pub(super) struct Shape {
    /// How many tables come before the targets are rewritten.
    pub(super) before: usize,
    /// The table at which replies go on.
    pub(super) answers: usize,
    /// Marks of messages whose source is to be rewritten.
    pub(super) always: Vec<Origin>,
    /// The same where the source is the backend.
    pub(super) hairpin: Vec<(Origin, BackendsId)>,
    /// The marks of messages that go on elsewhere than at the first table after those before.
    pub(super) jumps: Vec<(Origin, usize)>,
    /// Where the tables end that one hook holds after targets are rewritten: behind each that has
    /// chains, and at the end.
    pub(super) ends: Vec<usize>,
}

impl Shape {
    pub(super) fn of(switch: &Switch<'_>) -> Result<Shape, Refusal> {
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
        let mut shape = Shape {
            before,
            answers: 0,
            always: vec![],
            hairpin: vec![],
            jumps: vec![],
            ends: ends(switch, before)?,
        };
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

    /// Which of the hooks holds the table of a place.
    pub(super) fn hook_of(&self, place: usize) -> usize {
        self.ends.partition_point(|end| *end <= place)
    }

    /// Where replies go on, after the kernel has undone for them what was rewritten.
    fn undo(&self, switch: &Switch<'_>) -> Result<usize, Refusal> {
        let changes = |line: &&Line| {
            matches!(line.action, Action::Rewrite { .. } | Action::Masquerade { .. })
        };
        for (place, table) in switch.tables.iter().enumerate() {
            let Some(line) = table.lines.iter().find(|line| line.speaks_of(true)) else { continue };
            return match line.action {
                Action::Undo { then } if line.is_full() && is_any(line.pattern.dst) => {
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

/// Where each hook ends. Filters come after the targets are rewritten, as policies do (NP-18), and a
/// mark has room for so many places and numbers.
fn ends(switch: &Switch<'_>, before: usize) -> Result<Vec<usize>, Refusal> {
    let all = switch.tables.len();
    let refuse = |why: String| {
        let name = &switch.network.element(switch.id).name;
        Err(Refusal { at: switch.id, entry: None, why: format!("{name} {why}") })
    };
    let mut ends = vec![];
    for (place, _) in switch.chained_places() {
        let name = switch.tables[place].name;
        if place < before {
            let why = "asks filters before targets are rewritten: the lab does after";
            return refuse(format!("{why} ({name})"));
        }
        ends.push(place + 1);
    }
    let places = PLACES >> NUMBER.count_ones();
    if !ends.is_empty() && all > places as usize {
        return refuse(format!("has filters and more than {places} tables: a mark tells no more"));
    }
    if ends.last() != Some(&all) {
        ends.push(all);
    }
    Ok(ends)
}
