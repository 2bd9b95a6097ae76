//! `trace`: what happens to a message, for people.

use fibula_answers::names::What;
use fibula_answers::trace::{Doubt, Trace};
use fibula_cluster::FrontOf;
use fibula_network::walk::{Step, Verdict};
use fibula_network::{ElementId, Kind, PlaceId};

use crate::life;
use crate::page::{Page, Text};
use crate::preface::{Preface, count, list};
use crate::style::Label;
use crate::view::{View, host};

/// The verdict, then the life of the message, then what is not certain and what was assumed.
pub fn trace(view: &View<'_>, trace: &Trace, preface: &Preface) -> Page {
    let mut page = Page::new();
    page.line(headline(view, trace));
    page.blank();
    let undecided = trace.doubts.iter().any(|doubt| matches!(doubt, Doubt::Choice(_)));
    let service = trace.doubts.iter().find_map(|doubt| match doubt {
        Doubt::Service(name) => Some(name.clone()),
        _ => None,
    });
    for (i, (_, life)) in trace.lives.iter().enumerate() {
        if undecided {
            let says = if i == 0 { "  either " } else { "  or " };
            let at = Text::from(", at ").then(life::element(view, life.ending.at));
            page.line(Text::from(says).then(life::verdict(life.ending.verdict)).then(at));
        }
        let mut rows = life::rows(view, life, trace.source_port_matters);
        if let Some(service) = &service {
            rows.pop();
            rows.push(life::not_followed(view, life.ending.at, service));
        }
        page.rows(2, rows);
        if !undecided {
            break;
        }
    }
    let because = because(view, trace);
    if !because.is_empty() {
        page.blank();
        for line in because {
            page.paragraph("because", &line);
        }
    }
    let assumed = assumed(view, trace, preface);
    if trace.from.alike > 1 || trace.to.alike > 1 || !assumed.is_empty() {
        page.blank();
    }
    if trace.from.alike > 1 {
        let name = view.name(trace.from.process);
        let alike = count(trace.from.alike, "sender");
        page.paragraph("chosen", &format!("{name}, the first of {alike} that are alike here"));
    }
    if trace.to.alike > 1 {
        let target = host(trace.header.dst);
        page.paragraph(
            "chosen",
            &format!("{target}, the first of {}", count(trace.to.alike, "pod")),
        );
    }
    for line in assumed {
        page.paragraph("assumed", &line);
    }
    if let Some(missing) = preface.missing() {
        page.paragraph("missing", &missing);
    }
    page
}

/// What was assumed that this answer may rest on.
fn assumed(view: &View<'_>, trace: &Trace, preface: &Preface) -> Vec<String> {
    let met = |wanted: &dyn Fn(ElementId) -> bool| {
        trace.lives.iter().any(|(_, life)| {
            life.steps.iter().any(|step| match *step {
                Step::Send { from, to, .. } => wanted(from) || wanted(to),
                _ => false,
            })
        })
    };
    let outside = trace
        .lives
        .iter()
        .any(|(_, life)| matches!(view.network.kind(life.ending.at), Kind::World));
    let ours = |id| {
        let element = view.network.element(id);
        element.kind == Kind::Daemon && element.place == PlaceId::NONE
    };
    preface.assumed_for(outside, met(&ours))
}

fn headline(view: &View<'_>, trace: &Trace) -> Text {
    let ending = trace.ending();
    let question = format!("   {} → {}", source(view, trace), target(trace));
    let Some(verdict) = trace.verdict() else {
        return Text::new().with(Label::Open, "? undecided").plain(question);
    };
    if trace.astray {
        let astray = Text::new().with(Label::Bad, "✗ astray").plain(question);
        return astray.plain(format!(": delivered to {}", view.name(ending.at)));
    }
    let text = life::verdict(verdict).plain(question);
    match verdict {
        Verdict::Delivered if !view.network.kind(ending.at).is_process() => {
            text.plain(", if something listens there: nothing declares this port")
        }
        Verdict::Delivered => text,
        other => text.plain(format!(": the client sees {}", client(other))),
    }
}

/// Who was asked to send, as a person said it.
fn source(view: &View<'_>, trace: &Trace) -> String {
    let chosen = &trace.from.chosen;
    match (&chosen.what, &*chosen.namespace) {
        (What::Container | What::Daemon, _) => view.name(trace.from.process),
        (What::Node, _) => format!("node/{}", chosen.name),
        (_, "" | "default") => chosen.name.clone(),
        _ => chosen.path(),
    }
}

fn client(verdict: Verdict) -> String {
    match verdict {
        Verdict::Closed | Verdict::Rejected => life::seen(verdict).to_owned(),
        Verdict::NoRoute => "\"unreachable\", or hangs".to_owned(),
        _ => "nothing: it hangs, then times out".to_owned(),
    }
}

/// What a person asked for, and on which port: `svc/web:80/TCP`.
fn target(trace: &Trace) -> String {
    let header = trace.header;
    let port = format!("{}/{}", header.dport, header.proto);
    match &trace.to.chosen {
        Some(chosen) if chosen.what == What::World => format!("world:{port}"),
        Some(chosen) => {
            let name = match &*chosen.namespace {
                "" | "default" => chosen.name.clone(),
                _ => chosen.path(),
            };
            format!("{}/{name}:{port}", chosen.what.prefix())
        }
        None => format!("{}:{port}", host(header.dst)),
    }
}

fn because(view: &View<'_>, trace: &Trace) -> Vec<String> {
    let network = view.network;
    let each = trace.doubts.iter().map(|doubt| match doubt {
        Doubt::Choice(id) => {
            let choice = network.choice(*id);
            format!("{} ({})", choice.question, choice.id)
        }
        Doubt::Service(name) => format!(
            "{} is an address of svc/{name}, and Services are not followed yet: ask for a pod \
             behind it",
            trace.header.dst
        ),
        Doubt::Front(of) => {
            let (what, name) = match of {
                FrontOf::Service(name) => ("svc", name),
                FrontOf::Pod(name) => ("pod", name),
            };
            format!(
                "{}:{} can lead to {what}/{name}, and ways in from outside are not followed yet: \
                 ask for the pod behind it",
                host(trace.header.dst),
                trace.to.port
            )
        }
        Doubt::Policies(unread) => {
            let kinds: Vec<String> =
                unread.iter().map(|unread| count(unread.count(), &unread.kind)).collect();
            let flags: Vec<String> =
                unread.iter().map(|unread| format!("--ignore {}", unread.kind)).collect();
            format!(
                "{} could withhold it, and policies are not read yet (DR-21); {} accepts that",
                list(&kinds),
                flags.join(" ")
            )
        }
        Doubt::Invented => format!(
            "the input does not say which ranges this cluster takes its addresses from, so {} may \
             be one of them (DR-19); --pod-cidr and --service-cidr say it",
            trace.header.dst
        ),
        Doubt::Twins(name) => format!(
            "{name} was kept out, because two objects of that name contradict each other, and what \
             one of them says could change what happens to messages to {}",
            trace.header.dst
        ),
    });
    each.collect()
}
