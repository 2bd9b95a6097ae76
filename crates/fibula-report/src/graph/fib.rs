//! FIBs as text (N6): written out in the article's own form, or as the tables that switches share.

use std::collections::BTreeMap;

use fibula_network::{Addrs, ElementId, Entry, Kind, Side, Table, TableId};

use super::{GraphOptions, chains};
use crate::life;
use crate::outline::addresses;
use crate::page::{Page, Text};
use crate::preface::{count, thousands};
use crate::style::Label;
use crate::view::View;

/// The FIBs of some switches.
pub(super) fn switches(view: &View<'_>, options: &GraphOptions) -> Page {
    let mut page = Page::new();
    for (i, switch) in options.switches.iter().enumerate() {
        if i > 0 {
            page.blank();
        }
        match options.shared {
            true => relative(view, *switch, &mut page),
            false => written(view, *switch, &mut page),
        }
    }
    page
}

/// Every table, and how many switches use it.
pub(super) fn shared(view: &View<'_>, max: usize) -> Page {
    let network = view.network;
    let mut users: BTreeMap<TableId, BTreeMap<Kind, usize>> = BTreeMap::new();
    for id in network.ids() {
        let Some(fib) = network.fib(id) else { continue };
        let mut tables = network.pipeline(fib.pipeline).to_vec();
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            *users.entry(table).or_default().entry(network.kind(id)).or_default() += 1;
        }
    }
    let chained = chains::users(network);
    let mut page = Page::new();
    for (i, table) in network.tables.iter().enumerate() {
        if i > 0 {
            page.blank();
        }
        let used: Vec<String> = users
            .get(&TableId(i as u32))
            .into_iter()
            .flatten()
            .map(|(kind, n)| match kind {
                Kind::Outside => "the outside".to_owned(),
                kind => count(*n, kind.name()),
            })
            .collect();
        let chained = chained.get(&TableId(i as u32));
        let chained = chained.map(|n| format!("in chains of {}", count(*n, "pod")));
        let used: Vec<String> = used.into_iter().chain(chained).collect();
        let used = if used.is_empty() { "no switch uses it".to_owned() } else { used.join(", ") };
        let title = Text::from("table ").with(Label::Name, &*table.name);
        page.line(title.with(Label::Dim, format!("   {used}")));
        page.append(entries(view, table, max));
        page.append(chains::chains(view, table, None, max));
    }
    if !network.tables.is_empty() {
        page.blank();
        let own = Text::new().with(Label::Command, "fibula explain own");
        page.line(own.plain(" says what own means in an entry; hosted, elsewhere, … likewise"));
    }
    page
}

/// The FIB of a switch without relative words: what it decides by.
fn written(view: &View<'_>, switch: ElementId, page: &mut Page) {
    let tables = view.network.written(switch);
    let entries = tables.iter().map(Vec::len).sum::<usize>();
    let entries = match entries {
        1 => "1 entry".to_owned(),
        n => format!("{} entries", thousands(n as u64)),
    };
    page.line(title(view, switch).with(Label::Dim, format!("   {entries}")));
    let Some(fib) = view.network.fib(switch) else { return };
    let ids = view.network.pipeline(fib.pipeline);
    for (id, entries) in ids.iter().zip(&tables).filter(|(_, entries)| !entries.is_empty()) {
        let table = view.network.table(*id);
        if tables.len() > 1 {
            page.line(Text::from("  table ").with(Label::Name, &*table.name));
        }
        // The entries of chains come last, Pod by Pod.
        let own = entries.iter().take_while(|(entry, _)| entry.table == *id).count();
        let (own, chained) = entries.split_at(own);
        page.rows(2, own.iter().map(|(_, entry)| row(view, entry)).collect());
        let side = table.chains.as_ref().map(|chains| chains.by);
        let of = |entry: &Entry| match side {
            Some(Side::Source) => entry.pattern.src,
            _ => entry.pattern.dst,
        };
        let mut rows = vec![];
        for pod in chained.chunk_by(|(_, a), (_, b)| of(a) == of(b)) {
            rows.push(vec![whose(view, side, of(&pod[0].1))]);
            rows.extend(pod.iter().map(|(_, entry)| row(view, entry)));
        }
        page.rows(2, rows);
    }
}

/// Whose filters follow: `from pod web`.
fn whose(view: &View<'_>, side: Option<Side>, addrs: Addrs) -> Text {
    let word = if side == Some(Side::Source) { "from " } else { "for " };
    let owner = match addrs {
        Addrs::In(range) => view.network.owners_of(range.lo).first(),
        _ => None,
    };
    let pod = owner.map_or_else(Text::new, |owner| life::element(view, owner.to));
    Text::new().with(Label::Dim, word).then(pod)
}

/// The FIB of a switch as the tables that it shares, and what their relative words mean here.
fn relative(view: &View<'_>, switch: ElementId, page: &mut Page) {
    page.line(title(view, switch));
    let Some(fib) = view.network.fib(switch) else { return };
    let word = |word: &str, means: String| {
        let means = if means.is_empty() { "none".to_owned() } else { means };
        vec![Text::new().with(Label::Dim, word), means.into()]
    };
    let own: Vec<String> = fib.me.own.iter().map(ToString::to_string).collect();
    let listened = fib.me.listeners.iter();
    let listened = listened.map(|l| format!("{} by {}", l.port, view.name(l.process)));
    let mut rows = vec![
        word("own", own.join(", ")),
        word("listened", listened.collect::<Vec<_>>().join(", ")),
    ];
    if let Some(host) = fib.me.host {
        rows.push(word("host", view.name(host)));
    }
    page.rows(2, rows);
    for table in view.network.pipeline(fib.pipeline) {
        let table = view.network.table(*table);
        page.line(Text::from("  table ").with(Label::Name, &*table.name));
        page.append(entries(view, table, usize::MAX));
        page.append(chains::chains(view, table, Some(switch), usize::MAX));
    }
}

fn title(view: &View<'_>, switch: ElementId) -> Text {
    let kind = view.network.kind(switch);
    let text = match kind {
        Kind::Outside => Text::from("FIB of the "),
        kind => Text::from(format!("FIB of {kind} ")),
    };
    text.with(Label::Name, view.name(switch)).plain(addresses(view, switch))
}

fn entries(view: &View<'_>, table: &Table, max: usize) -> Page {
    let mut page = Page::new();
    page.rows(2, table.entries.iter().take(max).map(|entry| row(view, entry)).collect());
    if let Some(left) = table.entries.len().checked_sub(max).filter(|left| *left > 0) {
        let left = format!("  … and {} more entries", thousands(left as u64));
        page.line(Text::new().with(Label::Dim, left));
    }
    page
}

/// An entry, the rule that made it, and where the object behind it is declared.
pub(crate) fn row(view: &View<'_>, entry: &Entry) -> Vec<Text> {
    let origin = &entry.origin;
    let text = match (view.place)(origin.place) {
        Some(place) => Text::new()
            .with(Label::Dim, format!("{:<3}", origin.rule))
            .with(Label::Place, format!(" {place}")),
        None => Text::new().with(Label::Dim, origin.rule.as_ref()),
    };
    vec![view.entry(entry).into(), text]
}
