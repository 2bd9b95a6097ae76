//! The message that breaks a promise, in a line, and what decided it.

use fibula_answers::promises::{Breach, Witness};
use fibula_answers::trace::header_before;
use fibula_network::walk::{Step, Verdict};
use fibula_network::{ElementId, Kind, PlaceId, Port};

use super::words::{Line, Words};
use crate::life::{self, Lens};
use crate::page::Text;
use crate::policies;
use crate::served;
use crate::style::Label;

/// The message of a breach, and where the rule stands that decided.
pub(super) fn line(words: &Words<'_>, breach: &Breach) -> Option<Line> {
    let witness = breach.witness.as_ref()?;
    Some(if breach.open { arrives(words, witness) } else { lost(words, witness) })
}

/// A message that comes to its target: who had it, one after the other.
fn arrives(words: &Words<'_>, witness: &Witness) -> Line {
    let (view, life) = (words.view, &witness.branch.life);
    let mut way: Vec<String> = vec![];
    for step in &life.steps {
        let at = match *step {
            Step::Send { from, .. } if way.is_empty() => switch(words, from),
            Step::Recv { at, .. } if view.network.kind(at) != Kind::Outside => switch(words, at),
            _ => continue,
        };
        // A pod and its container are one.
        if way.last() != Some(&at) {
            way.push(at);
        }
    }
    let last = header_before(life, life.steps.len());
    let port = last.map(|header| Port { proto: header.proto, number: header.dport });
    let end = match (view.network.kind(life.ending.at), last) {
        (Kind::World, Some(header)) => life::target(header),
        _ => {
            let port = port.map_or(String::new(), |port| match port.proto {
                fibula_network::Proto::Tcp => format!(":{}", port.number),
                _ => format!(":{port}"),
            });
            way.last().map_or(String::new(), |last| format!("{last}{port}"))
        }
    };
    if let Some(last) = way.last_mut() {
        *last = end;
    }
    let known = view.network.kind(life.ending.at).is_process();
    let ends = match (life.ending.verdict, known) {
        (Verdict::Closed, _) => " arrives, and nothing listens there",
        (_, true) => " is delivered",
        (_, false) => " is delivered, if something listens there",
    };
    let rulings = &witness.branch.rulings;
    let by_rule = rulings.iter().rev().find_map(policies::let_pass);
    let place = by_rule.and_then(|place| (view.place)(place));
    let text = Text::from(way.join(" → ")).plain(ends);
    match place {
        Some(place) => (text, Text::new().with(Label::Place, place)),
        None if rulings.is_empty() => (text.plain(": no policy isolates either"), Text::new()),
        None => {
            let id = rulings.iter().rev().find_map(policies::exempt_by).unwrap_or_default();
            (text, Text::new().with(Label::Dim, id))
        }
    }
}

/// A message that is lost: by what, and how many of its ways are.
fn lost(words: &Words<'_>, witness: &Witness) -> Line {
    let (view, branch) = (words.view, &witness.branch);
    let life = &branch.life;
    let step = life.steps.len().saturating_sub(1);
    let ruling = branch.rulings.iter().rfind(|ruling| ruling.step.is_some());
    let dropped = life.ending.verdict == Verdict::DroppedByPolicy;
    let (says, place) = match ruling.filter(|_| dropped) {
        Some(ruling) => policies::in_a_line(view, ruling),
        None => {
            let header = header_before(life, step);
            let why = branch.why.as_ref().zip(header);
            let why = why.map(|(why, header)| served::why(view, why, header));
            let lens = Lens { view, source_port_matters: false, why: why.as_deref(), rulings: &[] };
            let verdict = life.ending.verdict.name();
            let because = lens.because(life).map_or(String::new(), |why| format!(": {why}"));
            let place = life::decided(view, life, step).map_or(PlaceId::NONE, |e| e.origin.place);
            (format!("{verdict}{because}"), place)
        }
    };
    let share = match witness.share {
        (_, 1) => String::new(),
        (n, of) if n == of => format!("all {of} endpoints: "),
        (n, of) => format!("{n} of {of} endpoints: "),
    };
    let place =
        (view.place)(place).map_or(Text::new(), |place| Text::new().with(Label::Place, place));
    (Text::from(share).with(Label::Plain, says), place)
}

/// The switch of an element, by its name: a container by its pod.
fn switch(words: &Words<'_>, id: ElementId) -> String {
    let network = words.view.network;
    match network.kind(id) {
        Kind::Container | Kind::Daemon => {
            network.facts.host(id).map_or_else(|| words.view.name(id), |host| words.view.name(host))
        }
        _ => words.view.name(id),
    }
}
