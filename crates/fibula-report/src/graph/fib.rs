//! FIBs as text (N6): written out in the article's own form, or as the tables that switches share.

use std::collections::BTreeMap;

use fibula_network::{ElementId, Entry, Kind, Table, TableId};

use super::GraphOptions;
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
        let used = if used.is_empty() { "no switch uses it".to_owned() } else { used.join(", ") };
        let title = Text::from("table ").with(Label::Name, &*table.name);
        page.line(title.with(Label::Dim, format!("   {used}")));
        page.append(entries(view, table, max));
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
    let several = tables.len() > 1;
    for table in &tables {
        if several && let Some((id, _)) = table.first() {
            page.line(
                Text::from("  table ").with(Label::Name, &*view.network.table(id.table).name),
            );
        }
        page.rows(2, table.iter().map(|(_, entry)| row(view, entry)).collect());
    }
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
