//! The life of a message, one hop a line: where it is, what happens, which entry decided.

use std::ops::Range;

use fibula_answers::trace::header_before;
use fibula_answers::trace::policies::Ruling;
use fibula_network::walk::{Life, Step, Verdict};
use fibula_network::{Action, ElementId, Entry, Header, Hop, Kind, Port, Receiver};

use crate::page::Text;
use crate::policies;
use crate::preface::count;
use crate::style::Label;
use crate::view::{View, host};

/// What a life is printed with.
#[derive(Clone, Copy)]
pub(crate) struct Lens<'a> {
    /// The network.
    pub(crate) view: &'a View<'a>,
    /// Whether source ports are shown.
    pub(crate) source_port_matters: bool,
    /// Why the last entry decided so, where more is known than the entry says.
    pub(crate) why: Option<&'a str>,
    /// What policies said on the way.
    pub(crate) rulings: &'a [Ruling],
}

/// The rows of a life, in three columns.
pub(crate) fn rows(view: &View<'_>, life: &Life, source_port_matters: bool) -> Vec<Vec<Text>> {
    Lens { view, source_port_matters, why: None, rulings: &[] }.rows(life, 0..life.steps.len())
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

/// An element, as it stands in a hop: Pods say that they are one.
pub(crate) fn element(view: &View<'_>, id: ElementId) -> Text {
    let name = Text::new();
    match view.network.kind(id) {
        Kind::Pod => name.plain("pod ").with(Label::Name, view.name(id)),
        Kind::Outside => name.plain("the ").with(Label::Name, "outside"),
        _ => name.with(Label::Name, view.name(id)),
    }
}

/// The entry that decided in a step, with what its relative words meant for this message; none in
/// a step that decides nothing.
pub(crate) fn decided(view: &View<'_>, life: &Life, step: usize) -> Option<Entry> {
    let Step::Decide { at, entry: id, owner, listener, .. } = *life.steps.get(step)? else {
        return None;
    };
    Some(view.network.decided(at, id, owner, listener, header_before(life, step)?))
}

/// Which entry it was, and where it comes from.
pub(crate) fn origin(view: &View<'_>, entry: &Entry) -> Text {
    let why = Text::new()
        .with(Label::Dim, format!("{} ", entry.origin.rule))
        .with(Label::Form, view.entry(entry));
    match (view.place)(entry.origin.place) {
        Some(place) => why.plain(" ").with(Label::Place, place),
        None => why,
    }
}

/// An address and a port: `10.0.1.7:8080`.
pub(crate) fn target(header: Header) -> String {
    format!("{}:{}", host(header.dst), header.dport)
}

/// What a switch chooses among when it rewrites the target: a load balancer, outside, knows Nodes.
pub(crate) fn backend(view: &View<'_>, at: ElementId) -> &'static str {
    if view.network.kind(at) == Kind::Outside { "node" } else { "endpoint" }
}

// === impl Lens ===

impl<'a> Lens<'a> {
    /// The rows of some steps of a life; with its last step, of how it ends too.
    pub(crate) fn rows(self, life: &Life, steps: Range<usize>) -> Vec<Vec<Text>> {
        let view = self.view;
        let header = |header| view.header(header, self.source_port_matters);
        let mut rows = vec![];
        for i in steps.clone() {
            match life.steps[i] {
                Step::Send { from, header: h, .. } if i == 0 => {
                    let sends = format!("sends {}", header(h));
                    rows.push(row(view, "● ", Some(from), sends.into(), place(view, from)));
                }
                Step::Recv { at, header: h, .. } if view.network.kind(at).is_process() => {
                    let receives = format!("receives {}", header(h));
                    rows.push(row(view, "● ", Some(at), receives.into(), place(view, at)));
                }
                Step::Decide { at, .. } | Step::Pass { at, .. } => {
                    let named = i == steps.start || self.is_first_here(life, i);
                    let at = named.then_some(at);
                    if let Some(ruling) = self.ruling(i) {
                        let (sign, happens) = policies::says(view, ruling);
                        let why = policies::origin(view, ruling);
                        rows.push(row(view, sign, at, happens, why));
                    } else if let Some(entry) = decided(view, life, i) {
                        let (sign, happens) = self.decision(life, i, &entry);
                        rows.push(row(view, sign, at, happens, origin(view, &entry)));
                    }
                }
                Step::Send { .. } | Step::Recv { .. } => {}
            }
        }
        if steps.end == life.steps.len() {
            rows.extend(self.silent_end(life));
        }
        rows
    }

    /// What policies said at a step.
    fn ruling(self, step: usize) -> Option<&'a Ruling> {
        self.rulings.iter().find(|ruling| ruling.step == Some(step))
    }

    /// Whether a step is the first thing that its switch has a row for.
    pub(crate) fn is_first_here(self, life: &Life, step: usize) -> bool {
        let before = life.steps[..step].iter().enumerate().rev();
        let here = before.take_while(|(_, s)| matches!(s, Step::Decide { .. } | Step::Pass { .. }));
        let mut rows = here
            .filter(|(i, step)| matches!(step, Step::Decide { .. }) || self.ruling(*i).is_some());
        rows.next().is_none()
    }

    /// What an entry does with a message, and the sign of that.
    fn decision(self, life: &Life, step: usize, entry: &Entry) -> (&'static str, Text) {
        let Step::Decide { at, becomes, fork, .. } = life.steps[step] else {
            return ("○ ", Text::new());
        };
        let one_of = |what: &str| match fork {
            Some(fork) if fork.of > 1 => format!(", one of {}", count(fork.of as usize, what)),
            Some(_) if becomes.is_some() => format!(", the only {what}"),
            _ => String::new(),
        };
        let next = match life.steps.get(step + 1) {
            Some(Step::Send { to, .. }) => Some(*to),
            _ => None,
        };
        let to = |verb: &str, to: ElementId| Text::from(verb).then(element(self.view, to));
        let last = step + 1 == life.steps.len();
        let ended = last && life.ending.verdict != Verdict::Delivered;
        let (sign, happens) = match (entry.action, becomes, next) {
            (Action::Rewrite { .. }, Some(header), _) => {
                let becomes = format!("target becomes {}", target(header));
                ("◆ ", Text::from(becomes + &one_of(backend(self.view, at))))
            }
            (Action::Masquerade { .. }, Some(header), _) => {
                ("◆ ", format!("source becomes {}", header.src).into())
            }
            (Action::Undo { .. }, Some(header), _) => {
                let says = self.view.header(header, self.source_port_matters);
                ("◆ ", format!("becomes {says} again").into())
            }
            (Action::Forward(Hop::OneOf(_)), _, Some(next)) => {
                ("○ ", to("forwards to ", next).plain(one_of("node")))
            }
            (Action::Forward(Hop::To(next)), ..) => ("○ ", to("forwards to ", next)),
            (Action::Deliver(Receiver::Element(to)), ..) if to == at => {
                let port = self.port(life, step);
                let says = "delivers to whatever listens: nothing declares port";
                ("○ ", format!("{says} {port}").into())
            }
            (Action::Deliver(Receiver::Element(next)), ..) => ("○ ", to("delivers to ", next)),
            (Action::Deliver(_), _, Some(next)) => ("○ ", to("delivers to ", next)),
            _ => ("✗ ", self.end(life)),
        };
        (if ended { "✗ " } else { sign }, happens)
    }

    /// How a life ends that no receiver ends: the verdict, and why.
    fn end(self, life: &Life) -> Text {
        let verdict = Text::new().with(Label::Bad, life.ending.verdict.name());
        match self.because(life) {
            Some(why) => verdict.plain(format!(": {why}")),
            None => verdict,
        }
    }

    /// Why a life ends as it does, in words.
    pub(crate) fn because(self, life: &Life) -> Option<String> {
        let last = life.steps.len().saturating_sub(1);
        let header = header_before(life, last);
        let entry = decided(self.view, life, last);
        let outside = entry.is_some_and(|entry| entry.origin.rule == "DR-13");
        Some(match (self.why, life.ending.verdict) {
            (Some(why), _) => why.to_owned(),
            (None, Verdict::Closed) => format!("nothing listens on {}", self.port(life, last)),
            (None, Verdict::NoRoute) if outside => "out here this address means nothing".into(),
            (None, Verdict::NoRoute) if self.view.has_owner(header) => {
                "no entry leads there".into()
            }
            (None, Verdict::NoRoute) => "nobody has this address".into(),
            (None, Verdict::Loop) => "it was here before, and goes round for ever".into(),
            (None, Verdict::NoLink) => "no link leads there".into(),
            (None, Verdict::NoEntry) => "no entry of its table matches".into(),
            (None, _) => return None,
        })
    }

    /// The target port of a message, with its protocol, as a step sees it.
    fn port(self, life: &Life, step: usize) -> String {
        let header = header_before(life, step);
        let port = header.map(|h| Port { proto: h.proto, number: h.dport });
        port.map_or(String::new(), |port| port.to_string())
    }

    /// The end of a life that no entry decided.
    fn silent_end(self, life: &Life) -> Option<Vec<Text>> {
        let rule = match life.ending.verdict {
            Verdict::NoLink => "N2",
            Verdict::Loop | Verdict::NoEntry => "R5",
            _ => return None,
        };
        let why = Text::new().with(Label::Dim, rule);
        Some(row(self.view, "✗ ", Some(life.ending.at), self.end(life), why))
    }
}

/// A row: a sign, where it is unless that is as above, what happens, and why.
pub(crate) fn row(
    view: &View<'_>,
    sign: &str,
    at: Option<ElementId>,
    happens: Text,
    why: Text,
) -> Vec<Text> {
    let label = match sign {
        "✗ " => Label::Bad,
        "◆ " => Label::Name,
        _ => Label::Plain,
    };
    let sign = Text::new().with(label, sign);
    vec![at.map_or(sign.clone(), |at| sign.then(element(view, at))), happens, why]
}

fn place(view: &View<'_>, id: ElementId) -> Text {
    match (view.place)(view.network.element(id).place) {
        Some(place) => Text::new().with(Label::Place, place),
        None => Text::new(),
    }
}
