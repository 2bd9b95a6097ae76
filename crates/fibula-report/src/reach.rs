//! `reach`: who can reach whom, for people.

mod names;

use fibula_answers::reach::{Door, Line, PartyId, Reach, Use, Why};
use fibula_network::Proto;

use crate::page::{Page, Text};
use crate::preface::{Preface, count, thousands};
use crate::style::Label;
use crate::view::{View, host};
use names::Names;

/// What each group of sources can reach, what the world finds, and what is not certain; the
/// summary comes last, for the answer may not fit a screen.
pub fn reach(view: &View<'_>, reach: &Reach, preface: &Preface) -> Page {
    let names = Names::new(view, reach);
    let mut page = Page::new();
    let head = |text: &str| vec![Text::new().with(Label::Dim, text)];
    let mut rows: Vec<[Vec<Text>; 2]> = vec![[head("from"), head("can reach")]];
    rows.extend(reach.lines.iter().map(|line| row(&names, line)));
    rows.extend(reach.doors.iter().map(|door| door_row(&names, door)));
    if reach.lines.iter().any(|line| names.has_nodes(&line.from)) {
        let own = Text::from("its own pods").with(Label::Open, ":any");
        let why = Text::from(", no NetworkPolicy can stop it (NP-32)");
        rows.push([vec!["each node".into()], vec![own.then(why)]]);
    }
    if !reach.unreached.is_empty() {
        let targets = names.list(&reach.unreached);
        rows.push([vec!["nobody".into()], targets.into_iter().map(Text::from).collect()]);
    }
    if rows.len() > 1 {
        page.lists(rows);
    }
    for used in &reach.services {
        service(&names, used, &mut page);
    }
    undecided(view, &names, reach, &mut page);
    page.blank();
    for line in preface.unread_lines() {
        page.paragraph("unread", &line);
    }
    if let Some(missing) = preface.missing() {
        page.paragraph("missing", &missing);
    }
    page.line(summary(reach));
    page
}

fn row(names: &Names<'_, '_>, line: &Line) -> [Vec<Text>; 2] {
    let from = names.list(&line.from).into_iter().map(Text::from).collect();
    let to = line.to.iter().flat_map(|toward| {
        let ports = names.ports(&toward.ports, &toward.targets);
        names
            .list(&toward.targets)
            .into_iter()
            .map(move |name| Text::from(name).then(ports.clone()))
    });
    [from, to.collect()]
}

/// What the world reaches through a Service.
fn door_row(names: &Names<'_, '_>, door: &Door) -> [Vec<Text>; 2] {
    let proto = if door.proto == Proto::Tcp { String::new() } else { format!("/{}", door.proto) };
    let to = door
        .to
        .iter()
        .map(|(party, port)| Text::from(names.one(*party)).plain(format!(":{port}{proto}")));
    let mut to: Vec<Text> = to.collect();
    let at = host(fibula_network::Addr::from(door.at));
    let some = if door.all { "" } else { ", not by every connection" };
    let open = if door.undecided { ", or not: it depends on a choice" } else { "" };
    to.push(Text::new().with(
        Label::Dim,
        format!("by svc/{} at {at}:{}{some}{open}", names.service(&door.service), door.port),
    ));
    [vec![names.world(&door.from).into()], to]
}

fn service(names: &Names<'_, '_>, used: &Use, page: &mut Page) {
    let Use { service, port, all, some, endpoints, local, undecided } = used;
    page.blank();
    let mut head = Text::new()
        .with(Label::Name, format!("svc/{}:{port}", names.service(service)))
        .plain(format!(", {}", count(*endpoints, "endpoint")));
    if *local {
        head = head.plain("; which of them, the client's Node or zone decides (SVC-40, SVC-51)");
    }
    if *undecided {
        head = head.plain("; more or fewer by choices that are open");
    }
    page.line(head);
    let list = |sources: &[PartyId]| names.list(sources).into_iter().map(Text::from).collect();
    let mut rows: Vec<[Vec<Text>; 2]> = vec![];
    if !all.is_empty() {
        rows.push([vec![Text::new().with(Label::Good, "  ✓ can use it")], list(all)]);
    }
    if !some.is_empty() {
        rows.push([vec![Text::new().with(Label::Open, "  ◐ in part")], list(some)]);
    }
    if rows.is_empty() {
        rows.push([vec![Text::new().with(Label::Bad, "  ✗ nobody")], vec![]]);
    }
    page.lists(rows);
}

/// What is open or not, by why nobody knows.
fn undecided(view: &View<'_>, names: &Names<'_, '_>, reach: &Reach, page: &mut Page) {
    let mut whys: Vec<&Why> = reach.undecided.iter().map(|(why, _)| why).collect();
    whys.sort();
    whys.dedup();
    for why in whys {
        page.blank();
        match why {
            Why::Choices(choices) => {
                for choice in choices {
                    let choice = view.network.choice(*choice);
                    let ask = format!("{} ({})", choice.question, choice.id);
                    page.hanging(Text::new().with(Label::Open, "? undecided"), &ask);
                }
            }
            Why::Unread => {
                let kinds: Vec<&str> = reach.unread.iter().map(|u| u.kind.as_str()).collect();
                let ask =
                    format!("{} could withhold it, and is not read (DR-21)", kinds.join(", "));
                page.hanging(Text::new().with(Label::Open, "? undecided"), &ask);
            }
        }
        let lines = reach.undecided.iter().filter(|(other, _)| other == why);
        page.lists(lines.map(|(_, line)| row(names, line)).collect());
    }
}

fn summary(reach: &Reach) -> Text {
    let pairs = reach.pairs;
    let mut text = Text::from(format!(
        "{} of {} pairs of workloads open",
        thousands(pairs.open),
        thousands(pairs.all)
    ));
    if pairs.undecided > 0 {
        text = text.with(Label::Open, format!(", {} undecided", thousands(pairs.undecided)));
    }
    text
}
