//! What a switch rewrites, stops and leads apart, as an nft ruleset.
//!
//! ```text
//!   priority  hook                what
//!   -120      prerouting, output  keep in what clients say to strangers
//!   -110      prerouting, output  the tables up to the one that rewrites: decide, set the mark
//!   -100      prerouting, output  nat: dnat by the mark, to the backends in turn
//!    -90 ...  prerouting, output  the tables after it: stop; mark the connection; lead apart
//!    100      postrouting, input  nat: snat by the mark of the connection
//! ```
//!
//! Each table is a chain (`at_services`), whose rules stand in the order of the entries: entries
//! that differ only in target, port and protocol share one rule with a map, however many they are.
//! Replies pass only what can stop them (`back_next_hop`): the kernel knows and undoes.
//!
//! Filters of Pods are chains that all Pods share, and a map leads from the address of a Pod to its
//! own (`filters`). A filter that lets a message go on at a later table does not jump there: the
//! kernel follows every path of jumps from each hook when it loads a ruleset, and of filters behind
//! filters behind filters there are too many. It notes the place in the mark (`go_5`), and the
//! tables after one with chains have a hook of their own, which looks there.

mod filters;
mod groups;
mod hooks;
mod named;
mod names;
mod reach;
mod shape;
mod steps;
mod write;

use fibula_network::{Action, Addrs, ElementId, Reason};

use crate::plan::{Origin, STOPPED_SET, TABLE};

use super::lines::{Line, Switch};
use super::{Origins, Refusal};

use names::Hook;
use shape::Shape;
use write::{NUMBER, Writer};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Mode {
    New,
    Reply,
}

/// What a chain of rules is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum At {
    /// The table of a place of the pipeline.
    Place(usize),
    /// A filter, by its place among those of the switch.
    Filter(usize),
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

/// A chain of rules.
struct Chain<'l> {
    mode: Mode,
    at: At,
    steps: Vec<Step<'l>>,
}

/// The rules of a switch, if its entries need any.
///
/// # Errors
///
/// An entry that no rule can be.
pub(super) fn rules(switch: &Switch<'_>, origins: &mut Origins) -> Result<Option<Rules>, Refusal> {
    let same = |line: &&Line| [line.pattern.src, line.pattern.dst].contains(&Addrs::Same);
    if let Some(line) = switch.tables.iter().flat_map(|table| &table.lines).find(same) {
        return Err(switch.refuse(
            line,
            "compares the addresses of any message: nft compares a field with a list only, and \
             only for filters of Pods there is one",
        ));
    }
    if !switch.lines().any(needs_rule) {
        return Ok(None);
    }
    let shape = Shape::of(switch)?;
    if shape.ends.len() > 1 && origins.words.len() > NUMBER as usize {
        let why = format!("more than {NUMBER} entries beside filters: a mark tells no more");
        return Err(Refusal { at: switch.id, entry: None, why });
    }
    let mut leads = vec![];
    let mut chains = vec![];
    for (mode, from) in [(Mode::New, 0), (Mode::Reply, shape.answers)] {
        for place in from..switch.tables.len() {
            let steps = steps::steps(switch, &shape, place, mode, origins, &mut leads)?;
            chains.push(Chain { mode, at: At::Place(place), steps });
        }
        for filter in 0..switch.filters.len() {
            let steps = steps::filter(switch, filter, mode)?;
            chains.push(Chain { mode, at: At::Filter(filter), steps });
        }
    }
    let reached = reach::reached(switch, &shape, &chains);
    let mut writer = Writer::new(switch, &shape, origins, &leads, &reached);
    for chain in &chains {
        writer.chain(chain)?;
    }
    writer.pods();
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
