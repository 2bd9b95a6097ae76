//! The life of a message, one hop a line: where it is, what happens, which entry decided.

use fibula_network::walk::{Life, Step, Verdict};
use fibula_network::{Action, ElementId, Entry, Header, Hop, Kind, Port, Receiver};

use crate::page::Text;
use crate::style::Label;
use crate::view::View;

/// The rows of a life, in three columns.
pub(crate) fn rows(view: &View<'_>, life: &Life, source_port_matters: bool) -> Vec<Vec<Text>> {
    let mut rows = vec![];
    for (i, step) in life.steps.iter().enumerate() {
        match *step {
            Step::Send { from, header, .. } if i == 0 => {
                let sends = format!("sends {}", view.header(header, source_port_matters));
                rows.push(row(view, "● ", from, sends.into(), place(view, from)));
            }
            Step::Recv { at, header, .. } if view.network.kind(at).is_process() => {
                let receives = format!("receives {}", view.header(header, source_port_matters));
                rows.push(row(view, "● ", at, receives.into(), place(view, at)));
            }
            Step::Decide { at, .. } => {
                if let Some(entry) = decided(view, life, i) {
                    rows.push(decision(view, life, i, at, &entry));
                }
            }
            Step::Send { .. } | Step::Recv { .. } => {}
        }
    }
    rows.extend(silent_end(view, life));
    rows
}

/// What the client sees of a verdict.
pub(crate) fn seen(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "connects",
        Verdict::Closed | Verdict::Rejected => "\"connection refused\"",
        Verdict::NoRoute => "unreachable, or hangs",
        Verdict::DroppedByPolicy
        | Verdict::DroppedByService
        | Verdict::NoLink
        | Verdict::NoEntry
        | Verdict::Loop
        | Verdict::ReplyLost => "hangs, then times out",
    }
}

/// The sign of a verdict, with its name.
pub(crate) fn verdict(verdict: Verdict) -> Text {
    match verdict {
        Verdict::Delivered => Text::new().with(Label::Good, "✓ delivered"),
        other => Text::new().with(Label::Bad, format!("✗ {}", other.name())),
    }
}

fn decision(view: &View<'_>, life: &Life, step: usize, at: ElementId, entry: &Entry) -> Vec<Text> {
    let last = step + 1 == life.steps.len();
    let header = header_at(life, step);
    let port = header.map(|h| Port { proto: h.proto, number: h.dport });
    let port = port.map_or(String::new(), |port| port.to_string());
    let (sign, happens) = match entry.action {
        Action::Forward(Hop::To(to)) => ("○ ", Text::from("forwards to ").then(element(view, to))),
        Action::Deliver(Receiver::Element(to)) if to == at => {
            ("○ ", format!("delivers to whatever listens: nothing declares port {port}").into())
        }
        Action::Deliver(Receiver::Element(to)) => {
            ("○ ", Text::from("delivers to ").then(element(view, to)))
        }
        _ => {
            let verdict = life.ending.verdict;
            let why = match verdict {
                Verdict::Closed => format!(": nothing listens on {port}"),
                Verdict::NoRoute if entry.origin.rule == "DR-13" => {
                    ": out here this address means nothing".to_owned()
                }
                Verdict::NoRoute if view.has_owner(header) => ": no entry leads there".to_owned(),
                Verdict::NoRoute => ": nobody has this address".to_owned(),
                _ => String::new(),
            };
            ("✗ ", Text::new().with(Label::Bad, verdict.name()).plain(why))
        }
    };
    let sign = if last && life.ending.verdict != Verdict::Delivered { "✗ " } else { sign };
    let why = Text::new()
        .with(Label::Dim, format!("{} ", entry.origin.rule))
        .with(Label::Dim, view.entry(entry));
    let why = match (view.place)(entry.origin.place) {
        Some(place) => why.plain(" ").with(Label::Place, place),
        None => why,
    };
    row(view, sign, at, happens, why)
}

/// The end of a life that no entry decided.
fn silent_end(view: &View<'_>, life: &Life) -> Option<Vec<Text>> {
    let at = life.ending.at;
    let why = match life.ending.verdict {
        Verdict::Loop => ": it was here before, and goes round for ever",
        Verdict::NoLink => ": no link leads there",
        Verdict::NoEntry => ": no entry of its table matches",
        _ => return None,
    };
    let rule = if life.ending.verdict == Verdict::NoLink { "N2" } else { "R5" };
    let happens = Text::new().with(Label::Bad, life.ending.verdict.name()).plain(why);
    Some(row(view, "✗ ", at, happens, Text::new().with(Label::Dim, rule)))
}

/// The row in which a Service would decide, if Services were followed.
pub(crate) fn not_followed(view: &View<'_>, at: ElementId, service: &str) -> Vec<Text> {
    let sign = Text::new().with(Label::Open, "? ").then(element(view, at));
    let happens = format!("svc/{service} would decide here: Services are not followed yet");
    vec![sign, happens.into(), Text::new().with(Label::Dim, "DR-21")]
}

fn row(view: &View<'_>, sign: &str, at: ElementId, happens: Text, why: Text) -> Vec<Text> {
    let sign = match sign {
        "✗ " => Text::new().with(Label::Bad, sign),
        sign => Text::from(sign),
    };
    vec![sign.then(element(view, at)), happens, why]
}

/// An element, as it stands in a hop: Pods say that they are one.
pub(crate) fn element(view: &View<'_>, id: ElementId) -> Text {
    let name = Text::new();
    match view.network.kind(id) {
        Kind::Pod => name.plain("pod ").with(Label::Name, view.name(id)),
        Kind::Outside => name.plain("the ").with(Label::Name, "outside"),
        _ => name.with(Label::Name, view.name(id)),
    }
}

fn place(view: &View<'_>, id: ElementId) -> Text {
    match (view.place)(view.network.element(id).place) {
        Some(place) => Text::new().with(Label::Place, place),
        None => Text::new(),
    }
}

/// The header that the switch saw which decided in a step.
fn header_at(life: &Life, step: usize) -> Option<Header> {
    life.steps[..step].iter().rev().find_map(|step| match step {
        Step::Recv { header, .. } | Step::Send { header, .. } => Some(*header),
        Step::Decide { .. } => None,
    })
}

/// The entry that decided in a step, with what its relative words meant for this message; none in
/// a step that decides nothing.
pub(crate) fn decided(view: &View<'_>, life: &Life, step: usize) -> Option<Entry> {
    let Step::Decide { at, entry: id, owner, listener, .. } = *life.steps.get(step)? else {
        return None;
    };
    Some(view.network.decided(at, id, owner, listener, header_at(life, step)?))
}
