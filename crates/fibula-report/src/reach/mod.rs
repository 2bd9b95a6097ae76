//! `reach`: who can reach whom, for people and for pull requests.
//!
//! ```text
//!   Reach ──► names     groups of parties, as people call them
//!         ──► rows      who, and what they can reach ──► text, Markdown
//!         ──► graph     alike workloads as one vertex ──► DOT, Mermaid
//! ```

mod graph;
mod markdown;
pub(crate) mod names;
mod namespaces;
pub(crate) mod rows;

use fibula_answers::reach::{PartyId, Reach, Use};
use fibula_network::Proto;

use crate::page::{Page, Text};
use crate::preface::{Preface, count, thousands};
use crate::style::Label;
use crate::view::View;
use crate::words::of_services;
pub use graph::{reach_dot, reach_mermaid};
pub use markdown::reach_markdown;
use names::Names;
use rows::{Doubt, Row, Rows};

/// What each group of sources can reach, what the world finds, and what is not certain; the
/// summary comes last, for the answer may not fit a screen.
pub fn reach(view: &View<'_>, reach: &Reach, preface: &Preface) -> Page {
    let names = Names::new(view, reach);
    let Rows { workloads, others, undecided } = rows::rows(view, &names, reach);
    let mut page = Page::new();
    let head = |text: &str| vec![Text::new().with(Label::Dim, text)];
    let apart = !workloads.is_empty() && !others.is_empty();
    let lists = |rows: Vec<Row>| rows.into_iter().map(|Row { from, to }| [from, to]);
    let mut all: Vec<[Vec<Text>; 2]> = vec![[head("from"), head("can reach")]];
    all.extend(lists(workloads));
    if apart {
        all.push([vec![], vec![]]);
    }
    all.extend(lists(others));
    if all.len() > 1 {
        page.lists(all);
    }
    for used in &reach.services {
        service(view, &names, (reach, used), &mut page);
    }
    for Doubt { asks, rows } in undecided {
        page.blank();
        for ask in asks {
            page.hanging(Text::new().with(Label::Open, "? undecided"), &ask);
        }
        page.lists(lists(rows).collect());
    }
    let kinds = of_services(&reach.unread);
    if !kinds.is_empty() {
        page.blank();
        let asks = format!("what Services lead to: {kinds} are not read (DR-21)");
        page.hanging(Text::new().with(Label::Open, "? undecided"), &asks);
    }
    if !page.is_empty() {
        page.blank();
    }
    if let Some(laid) = preface.laid_line() {
        page.paragraph("overlay", &laid);
    }
    for line in preface.unread_lines() {
        page.paragraph("unread", &line);
    }
    if let Some(missing) = preface.missing() {
        page.paragraph("missing", &missing);
    }
    if let Some(summary) = summary(reach) {
        page.wrapped(&summary);
    }
    page
}

fn service(view: &View<'_>, names: &Names<'_, '_>, (reach, used): (&Reach, &Use), page: &mut Page) {
    let Use { all, some, undecided, .. } = used;
    if !page.is_empty() {
        page.blank();
    }
    let (name, more) = service_head(names, reach, used);
    page.hanging(Text::new().with(Label::Name, name), &more);
    let list = |sources: &[PartyId]| names.list(sources).into_iter().map(Text::from).collect();
    let mut rows: Vec<[Vec<Text>; 2]> = vec![];
    if !all.is_empty() {
        rows.push([vec![Text::new().with(Label::Good, "  ✓ can use it")], list(all)]);
    }
    if !some.is_empty() {
        rows.push([vec![Text::new().with(Label::Open, "  ◐ in part")], list(some)]);
    }
    for (choices, who) in undecided {
        let mut who: Vec<Text> = list(who);
        let why = rows::ids(view, choices);
        who.push(Text::new().with(Label::Dim, format!("it depends on {why}")));
        rows.push([vec![Text::new().with(Label::Open, "  ? undecided")], who]);
    }
    if rows.is_empty() {
        rows.push([vec![Text::new().with(Label::Bad, "  ✗ nobody")], vec![]]);
    }
    page.lists(rows);
}

/// What a Service is called, and what is to be known of it.
fn service_head(names: &Names<'_, '_>, reach: &Reach, used: &Use) -> (String, String) {
    let name = format!("svc/{}:{}", names.service(&used.service), used.port);
    let mut more = count(used.endpoints, "endpoint");
    if let Some(family) = used.family {
        more.push_str(&format!(" over {}", names::family(family)));
    }
    if used.local {
        more.push_str("; which of them, the client's Node or zone decides (SVC-40, SVC-51)");
    }
    if used.unread {
        more.push_str("; policies that are not read could withhold it (DR-21)");
    }
    if used.unknown {
        let kinds = of_services(&reach.unread);
        more.push_str(&format!("; {kinds} are not read: nobody knows what is behind it (DR-21)"));
    }
    (name, more)
}

/// How much is open, and how much of that somebody asks for.
fn summary(reach: &Reach) -> Option<String> {
    let pairs = reach.pairs;
    // Not everybody asks for pairs.
    if pairs.all == 0 {
        return reach.is_nothing().then(|| "Nothing is open.".to_owned());
    }
    let mut text =
        format!("{} of {} workload pairs open", thousands(pairs.open), thousands(pairs.all));
    if reach.unused {
        text.push_str(" and named by no env, command or argument");
    }
    if pairs.undecided > 0 {
        text.push_str(&format!(", {} undecided", thousands(pairs.undecided)));
    }
    if let Some(ports) = ports_are(reach) {
        text.push_str(&format!("; {ports}"));
    }
    text.push('.');
    if pairs.named > 0 {
        let are = if pairs.named == 1 { "pair is" } else { "pairs are" };
        text.push_str(&format!(
            " {} {are} named in an env, command or argument, --only unused shows {}.",
            thousands(pairs.named),
            thousands(pairs.open.saturating_sub(pairs.named)),
        ));
    }
    Some(text)
}

/// Which protocol a port is of that is written without one.
fn ports_are(reach: &Reach) -> Option<&'static str> {
    let lines = reach.lines.iter().chain(reach.undecided.iter().map(|(_, line)| line));
    let ports = lines.flat_map(|line| &line.to).map(|toward| &toward.ports);
    let named = ports.filter(|ports| !ports.any()).flat_map(|ports| &ports.0);
    let (mut tcp, mut other) = (0, 0);
    for (proto, _) in named {
        *(if *proto == Proto::Tcp { &mut tcp } else { &mut other }) += 1;
    }
    match (tcp, other) {
        (0, _) => None,
        (_, 0) => Some("ports are TCP"),
        _ => Some("ports without a protocol are TCP"),
    }
}
