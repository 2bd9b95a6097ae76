//! An answer as rows: who, and what they can reach.

use std::collections::BTreeMap;

use fibula_answers::reach::{At, By, Door, Line, PartyId, Reach, Toward, Who, Why};
use fibula_cluster::Decides;
use fibula_network::{Addr, ChoiceId, Family, Proto};

use super::names::{Names, family};
use super::namespaces;
use crate::page::Text;
use crate::preface::list;
use crate::style::Label;
use crate::view::{View, host};
use crate::words::of_services;

/// Who, and what they can reach: two lists.
pub(super) struct Row {
    pub(super) from: Vec<Text>,
    pub(super) to: Vec<Text>,
}

/// All rows.
pub(super) struct Rows {
    /// Between workloads.
    pub(super) workloads: Vec<Row>,
    /// Of the world and of Nodes: whom policies cannot name, or not so well, comes last.
    pub(super) others: Vec<Row>,
    /// What is open or not.
    pub(super) undecided: Vec<Doubt>,
}

/// Rows of which nobody knows whether they are so, and what would decide that.
pub(super) struct Doubt {
    pub(super) asks: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// Targets, by their sources: few of these first.
pub(super) type Grouped = BTreeMap<(usize, Vec<PartyId>), Vec<Toward>>;

pub(super) fn rows(view: &View<'_>, names: &Names<'_, '_>, reach: &Reach) -> Rows {
    let [workloads, outwards, of_nodes] = grouped(names, &mut reach.lines.iter());
    let mut others = doors(view, names, reach);
    others.extend(lines(names, [&outwards, &of_nodes]));
    // Where no policy filters, what Nodes can reach is said already.
    let filters = view.network.tables.iter().any(|table| table.chains.is_some());
    if reach.own_pods && filters {
        let own = Text::from("its own pods").with(Label::Open, ":any");
        let why = Text::from(", no NetworkPolicy can stop it (NP-32)");
        others.push(Row { from: vec!["each node".into()], to: vec![own.then(why)] });
    }
    if !reach.unreached.is_empty() {
        let to = names.list(&reach.unreached).into_iter().map(Text::from).collect();
        others.push(Row { from: vec!["nobody".into()], to });
    }
    let undecided = undecided(view, names, reach);
    let (inner, rest) = namespaces::alike(names, &workloads);
    let workloads = inner.into_iter().chain(lines(names, [&rest])).collect();
    Rows { workloads, others, undecided }
}

/// A row for each group of sources; `all 6 others` are one, whoever the one is that they reach.
fn lines<'a>(names: &Names<'_, '_>, groups: impl IntoIterator<Item = &'a Grouped>) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![];
    for ((_, from), to) in groups.into_iter().flatten() {
        let row = row(names, from, to);
        match rows.iter_mut().find(|other| other.from == row.from) {
            Some(other) => other.to.extend(row.to),
            None => rows.push(row),
        }
    }
    rows
}

/// Lines in three: between workloads, from workloads to anything else, and from Nodes.
fn grouped(names: &Names<'_, '_>, lines: &mut dyn Iterator<Item = &Line>) -> [Grouped; 3] {
    let mut out: [Grouped; 3] = Default::default();
    let workload = |id: &PartyId| matches!(names.who(*id), Who::Workload { .. });
    for line in lines {
        let (pods, nodes): (Vec<PartyId>, Vec<PartyId>) =
            line.from.iter().partition(|id| workload(id));
        for toward in &line.to {
            let (inside, outside): (Vec<PartyId>, Vec<PartyId>) =
                toward.targets.iter().partition(|id| workload(id));
            let all = toward.targets.clone();
            for (at, from, targets) in [(0, &pods, inside), (1, &pods, outside), (2, &nodes, all)] {
                if !from.is_empty() && !targets.is_empty() {
                    let to = out[at].entry((from.len(), from.clone())).or_default();
                    to.push(Toward { targets, ..toward.clone() });
                }
            }
        }
    }
    for to in out.iter_mut().flat_map(BTreeMap::values_mut) {
        to.sort();
    }
    out
}

/// Beyond so many names what is open there is said once.
const SHARED: usize = 3;

fn row(names: &Names<'_, '_>, from: &[PartyId], to: &[Toward]) -> Row {
    let targets: Vec<PartyId> = to.iter().flat_map(|toward| toward.targets.clone()).collect();
    let from = names.sources(from, &targets).into_iter().map(Text::from).collect();
    let mut items = vec![];
    for Toward { targets, ports, family: own } in to {
        let ports = match own {
            Some(own) => names.ports(ports, targets).with(Label::Open, over(*own)),
            None => names.ports(ports, targets),
        };
        let list = names.list(targets);
        let last = list.len().saturating_sub(1);
        for (i, name) in list.iter().enumerate() {
            let shared = last >= SHARED && i < last;
            let name = Text::from(name.as_str());
            items.push(if shared { name.plain(",") } else { name.then(ports.clone()) });
        }
    }
    Row { from, to: items }
}

fn over(own: Family) -> String {
    format!(" over {}", family(own))
}

/// What the world reaches: ways in that lead to the same share a row.
fn doors(view: &View<'_>, names: &Names<'_, '_>, reach: &Reach) -> Vec<Row> {
    let alike = |a: &Door, b: &Door| {
        let key = |door: &Door| (door.proto, door.all, door.unread, door.unknown);
        (&a.from, &a.to, &a.choices, key(a)) == (&b.from, &b.to, &b.choices, key(b))
    };
    let mut groups: Vec<Vec<&Door>> = vec![];
    for door in &reach.doors {
        match groups.iter_mut().find(|group| alike(group[0], door)) {
            Some(group) => group.push(door),
            None => groups.push(vec![door]),
        }
    }
    groups.into_iter().map(|group| door_row(view, names, reach, &group)).collect()
}

fn door_row(view: &View<'_>, names: &Names<'_, '_>, reach: &Reach, doors: &[&Door]) -> Row {
    let door = doors[0];
    let proto = if door.proto == Proto::Tcp { String::new() } else { format!("/{}", door.proto) };
    let mut to: Vec<Text> = door
        .to
        .iter()
        .map(|(party, port)| {
            Text::from(names.one(*party)).with(Label::Command, format!(":{port}{proto}"))
        })
        .collect();
    let last = doors.len() - 1;
    for (i, door) in doors.iter().enumerate() {
        let by = if i == 0 { "by " } else { "" };
        let end = if i < last { "," } else { "" };
        to.push(Text::new().with(Label::Dim, format!("{by}{}{end}", way(names, door))));
    }
    if !door.all {
        to.push(Text::new().with(Label::Open, "not by every connection"));
    }
    if !door.choices.is_empty() {
        let why = format!("or not: it depends on {}", ids(view, &door.choices));
        to.push(Text::new().with(Label::Open, why));
    }
    if door.unread {
        let why = "or not: policies that are not read could withhold it (DR-21)";
        to.push(Text::new().with(Label::Open, why));
    }
    if door.unknown {
        let kinds = of_services(&reach.unread);
        let why =
            format!("or not: {kinds} are not read, so that nobody knows what is behind it (DR-21)");
        to.push(Text::new().with(Label::Open, why));
    }
    Row { from: vec![names.world(&door.from).into()], to }
}

/// Where a way in stands; of more than so many Nodes how many there are.
pub(crate) fn stands(at: &At, port: &str, most_named: usize) -> String {
    match at {
        At::Address(ip) => format!("{}{port}", host(Addr::from(*ip))),
        At::Nodes(nodes, all) if nodes.len() == *all && *all > 1 => format!("each node{port}"),
        At::Nodes(nodes, _) if nodes.len() > most_named => format!("{} nodes{port}", nodes.len()),
        At::Nodes(nodes, _) => {
            let nodes: Vec<String> =
                nodes.iter().map(|node| format!("node/{node}{port}")).collect();
            nodes.join(", ")
        }
        At::Awaited => "its load balancer".to_owned(),
    }
}

/// What a way in is called.
pub(crate) fn way(names: &Names<'_, '_>, door: &Door) -> String {
    let port = door.port;
    let at = stands(&door.at, &format!(":{port}"), 1);
    match (&door.by, &door.at) {
        (By::Service(path), At::Awaited) => format!(
            "svc/{}:{port} once its load balancer has an address (SVC-24)",
            names.service(path)
        ),
        (By::Service(path), _) => format!("svc/{} at {at}", names.service(path)),
        (By::HostPort, _) => format!("hostPort {at}"),
    }
}

/// The ids of choices.
pub(crate) fn ids(view: &View<'_>, choices: &[ChoiceId]) -> String {
    let mut ids: Vec<&str> = choices.iter().map(|id| &*view.network.choice(*id).id).collect();
    ids.dedup();
    ids.join(", ")
}

/// What is open or not, by why nobody knows.
fn undecided(view: &View<'_>, names: &Names<'_, '_>, reach: &Reach) -> Vec<Doubt> {
    let mut whys: Vec<&Why> = reach.undecided.iter().map(|(why, _)| why).collect();
    whys.sort();
    whys.dedup();
    whys.into_iter()
        .map(|why| {
            let asks = match why {
                Why::Choices(choices) => choices
                    .iter()
                    .map(|choice| {
                        let choice = view.network.choice(*choice);
                        format!("{} ({})", choice.question, choice.id)
                    })
                    .collect(),
                Why::Unread => {
                    let policies = reach.unread.iter().filter(|u| u.decides == Decides::Policy);
                    let kinds: Vec<String> = policies.map(|u| u.kind.clone()).collect();
                    let are = if kinds.len() == 1 { "is" } else { "are" };
                    vec![format!("{} could change it, and {are} not read (DR-21)", list(&kinds))]
                }
            };
            let mut doubtful =
                reach.undecided.iter().filter(|(other, _)| other == why).map(|(_, line)| line);
            let groups = grouped(names, &mut doubtful);
            Doubt { asks, rows: lines(names, &groups) }
        })
        .collect()
}
