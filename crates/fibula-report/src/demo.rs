//! `demo`: the model at work on K1. Its picture, its FIBs, four lives, the proofs, and two faults,
//! for a proof is worth something only where it can fail.

use fibula_answers::{Counterexample, Outcome, Proof, Scope};
use fibula_network::walk::{Life, Step, Verdict, walk};
use fibula_network::{Addr, Addrs, ElementId, Entity, Family, Header, Kind, Network, Proto, Range};

use crate::graph::picture;
use crate::life::verdict;
use crate::outline::Census;
use crate::page::{Page, Text};
use crate::preface::thousands;
use crate::style::Label;
use crate::verify::constraint_rows;
use crate::view::View;

/// What the demonstration shows: K1 and its proof, and copies that are broken.
#[derive(Clone, Copy)]
pub struct Demo<'a> {
    /// K1.
    pub view: &'a View<'a>,
    /// What was proved of it.
    pub proof: &'a Proof,
    /// Copies that break a constraint.
    pub broken: &'a [Broken<'a>],
}

/// A network that is not as it should be, and the proof that it is not.
#[derive(Clone, Copy)]
pub struct Broken<'a> {
    /// What is wrong with it.
    pub title: &'a str,
    /// The network.
    pub network: &'a Network,
    /// What was refuted of it.
    pub proof: &'a Proof,
}

/// A message of the article: its id, what it shows, and who sends to whom.
type Message = (&'static str, &'static str, &'static str, &'static str);

/// L1 to L4.
const MESSAGES: [Message; 4] = [
    ("L1", "same pod", "c1-1", "c1-2"),
    ("L2", "same node", "c1-1", "c3-1"),
    ("L3", "other node", "c1-1", "c2-1"),
    ("L4", "daemon", "d1", "c1-1"),
];

/// A source port: which one makes no difference on K1.
const ANY_PORT: u16 = 40_000;

/// The demonstration. Costs four walks.
pub fn demo(demo: &Demo<'_>) -> Page {
    let view = demo.view;
    let mut page = Page::new();
    let title = Text::new().with(Label::Name, "K1");
    let title = title.plain(", the example of the Kubernetes Networking Model:");
    page.sentence(&title, Text::from(Census::new(view.network).text()));
    page.blank();
    page.append(picture(view, usize::MAX));
    page.append(fibs(view));
    page.blank();
    page.line("Four messages:");
    let lives = MESSAGES.iter().filter_map(|message| life(view, message));
    page.rows(2, lives.collect());
    page.blank();
    page.line("All messages:");
    page.rows(2, constraint_rows(demo.proof));
    if !demo.broken.is_empty() {
        page.blank();
        page.line(match demo.broken.len() {
            1 => "A broken copy, so that you see it fail:",
            2 => "Two broken copies, so that you see it fail:",
            _ => "Broken copies, so that you see it fail:",
        });
        page.rows(2, demo.broken.iter().map(broken).collect());
    }
    page.blank();
    for (i, (command, what)) in NEXT.iter().enumerate() {
        let head = Text::new().with(Label::Name, if i == 0 { "Next   " } else { "       " });
        let command = head.with(Label::Command, format!("{command:<NEXT_WIDTH$}"));
        page.line(command.plain("  ").plain(*what));
    }
    page
}

/// What to try next. Only what works.
const NEXT: [(&str, &str); 3] = [
    ("fibula trace -f @k1 c1-1 p2:8080", "one life in full"),
    ("fibula graph -f @k1 n1", "the whole FIB of a switch"),
    ("fibula verify -f YOUR-MANIFESTS/", "is yours a Kubernetes network?"),
];
const NEXT_WIDTH: usize = 36;

/// A copy of a network in which one switch no longer has an entry to this address.
///
/// The switch gets a table of its own first, so that those that shared its tables keep theirs.
/// Nothing changes where `switch` names no switch, or has no such entry.
pub fn cut(network: &Network, switch: &str, to: Addr) -> Network {
    let mut copy = network.clone();
    let found = copy.ids().find(|id| {
        let name = copy.element(*id).name.rsplit('/').next();
        copy.fib(*id).is_some() && name == Some(switch)
    });
    let Some(id) = found else { return copy };
    copy.unshare(id);
    let pipeline = copy.fib(id).map(|fib| copy.pipeline(fib.pipeline).to_vec());
    for table in pipeline.into_iter().flatten() {
        if let Some(table) = copy.tables.get_mut(table.0 as usize) {
            table.entries.retain(|entry| entry.pattern.dst != Addrs::In(Range::one(to)));
        }
    }
    copy
}

/// The entries for Pods in the FIB of the first Node: F4 on the left, F5 on the right.
fn fibs(view: &View<'_>) -> Page {
    let network = view.network;
    let mut page = Page::new();
    let Some(node) = network.of_kind(Kind::Node).next() else { return page };
    let of = |rule: &str| -> Vec<Vec<Text>> {
        let written = network.written(node).into_iter().flatten();
        let rows = written
            .filter(|(_, entry)| entry.origin.rule == rule)
            .map(|(_, entry)| vec![view.entry(&entry).into(), Text::new().with(Label::Dim, rule)]);
        rows.collect()
    };
    let (hosted, elsewhere) = (of("F4"), of("F5"));
    let entries = Text::from("Pod entries in the FIB of ").with(Label::Name, view.name(node));
    let entries = entries.plain(", and the rule that made each:");
    page.sentence(&Text::from("Each switch decides by its FIB."), entries);
    let mut narrow = Page::new();
    narrow.rows(2, hosted.iter().chain(&elsewhere).cloned().collect());
    let mut wide = Page::new();
    let nothing = || vec![Text::new(), Text::new()];
    let pairs = (0..hosted.len().max(elsewhere.len())).map(|i| {
        let [entry, rule] = [0, 1].map(|k| hosted.get(i).map_or(Text::new(), |row| row[k].clone()));
        let other = elsewhere.get(i).cloned().unwrap_or_else(nothing);
        let other =
            Text::from("           ").then(other[0].clone()).plain("   ").then(other[1].clone());
        vec![entry.plain(" "), rule.then(other)]
    });
    wide.rows(2, pairs.collect());
    page.either(wide, narrow);
    page
}

/// A message of the article, followed: the path, the target, the verdict, the rules.
fn life(view: &View<'_>, (id, what, from, to): &Message) -> Option<Vec<Text>> {
    let network = view.network;
    let find = |name: &str| {
        network.ids().find(|id| network.kind(*id).is_process() && view.name(*id) == name)
    };
    let (from, to) = (find(from)?, find(to)?);
    let header = header(network, from, to)?;
    let life = walk(network, from, header, &[]);
    let path: Vec<String> = path(&life, from).into_iter().map(|id| view.name(id)).collect();
    let rules: Vec<&str> = life
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Decide { entry, .. } => Some(network.entry(*entry).origin.rule.as_ref()),
            Step::Send { .. } | Step::Recv { .. } | Step::Pass { .. } => None,
        })
        .collect();
    Some(vec![
        Text::new().with(Label::Dim, format!("{id}  ")).plain(*what),
        Text::new().plain(format!("{} ", path.join(" → "))),
        Text::new().plain(format!("{}:{} ", crate::view::host(header.dst), header.dport)),
        verdict(life.ending.verdict).plain(" "),
        Text::new().with(Label::Dim, rules.join(" ")),
    ])
}

/// The message from a process to the first port of another: over loopback within a Pod (C2), else
/// to its Pod's address (C3, C4).
fn header(network: &Network, from: ElementId, to: ElementId) -> Option<Header> {
    let address = |id: ElementId| network.facts.addresses(Entity::Switch(id)).next();
    let (here, there) = (network.facts.host(from)?, network.facts.host(to)?);
    let loopback = Addr::loopback(Family::V4);
    let (src, dst) =
        if here == there { (loopback, loopback) } else { (address(here)?, address(there)?) };
    let port = network.facts.ports(to).first()?.port;
    Some(Header { src, sport: ANY_PORT, dst, dport: port.number, proto: port.proto })
}

/// The elements that a message meets.
fn path(life: &Life, from: ElementId) -> Vec<ElementId> {
    let received = life.steps.iter().filter_map(|step| match step {
        Step::Recv { at, .. } => Some(*at),
        Step::Send { .. } | Step::Decide { .. } | Step::Pass { .. } => None,
    });
    [from].into_iter().chain(received).collect()
}

/// A broken copy: what is wrong, which constraint says so, a message that shows it, and how it
/// ends.
fn broken(broken: &Broken<'_>) -> Vec<Text> {
    let nowhere = |_| None;
    let view = View::new(broken.network, &nowhere);
    let title = Text::from(broken.title).plain(" ");
    let violated = broken.proof.constraints.iter().find_map(|constraint| {
        let Outcome::Violated { broken, at_least, shown } = &constraint.outcome else {
            return None;
        };
        Some((constraint, *broken, *at_least, shown.first()?))
    });
    let Some((constraint, count, at_least, shown)) = violated else {
        return vec![title, Text::new().with(Label::Good, "✓ nothing is violated")];
    };
    let sign = Text::new().with(Label::Bad, format!("✗ {} ", constraint.id));
    let (message, end) = match shown {
        Counterexample::Shared { addr, by } => {
            let by: Vec<String> = by.iter().map(|entity| view.entity(*entity)).collect();
            (addr.to_string(), by.join(", "))
        }
        Counterexample::Message { from, header, life, .. } => {
            let proto = match header.proto {
                Proto::Tcp => String::new(),
                proto => format!("/{proto}"),
            };
            let target = format!("{}:{}{proto}", crate::view::host(header.dst), header.dport);
            (format!("{} → {target} ", view.name(*from)), end(&view, life, *from))
        }
    };
    let least = if at_least { "at least " } else { "" };
    let part = match constraint.scope {
        Scope::Pairs(all) => {
            format!(" ({least}{} of {} pairs)", thousands(count), thousands(all))
        }
        Scope::Addresses { .. } | Scope::Processes(_) => String::new(),
    };
    vec![title, sign, message.into(), Text::from(format!("{end}{part}"))]
}

/// How a life ends: `n1: no route`, or the round that it makes for ever.
fn end(view: &View<'_>, life: &Life, from: ElementId) -> String {
    if life.ending.verdict != Verdict::Loop {
        return format!("{}: {}", view.name(life.ending.at), life.ending.verdict.name());
    }
    let path = path(life, from);
    let again = |i: &usize| path[i + 1..].contains(&path[*i]);
    let Some(first) = (0..path.len()).find(again) else { return "loops".to_owned() };
    let round = path[first..].iter().enumerate().skip(1).find(|(_, id)| **id == path[first]);
    let round = &path[first..first + round.map_or(0, |(length, _)| length)];
    let names: Vec<String> = round.iter().chain(round).map(|id| view.name(*id)).collect();
    format!("{} → … loops", names.join(" → "))
}
