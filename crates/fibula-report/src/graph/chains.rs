//! Chains of filters as text: which tables the messages of which Pods pass.

use std::collections::BTreeMap;

use fibula_network::{Chains, ElementId, Network, Side, Table, TableId};

use crate::page::{Page, Screen, Text};
use crate::preface::{count, thousands};
use crate::style::Label;
use crate::view::View;

/// How many Pods of a chain are named.
const NAMED: usize = 3;

/// The chains of a table: of all Pods, or of those that a switch hosts; at most so many.
pub(super) fn chains(view: &View<'_>, table: &Table, host: Option<ElementId>, max: usize) -> Page {
    let mut page = Page::new();
    let Some(chains) = &table.chains else { return page };
    let mut pods: BTreeMap<u32, Vec<ElementId>> = BTreeMap::new();
    for (pod, chain) in &chains.of {
        if host.is_none() || view.network.facts.host(*pod) == host {
            pods.entry(chain.0).or_default().push(*pod);
        }
    }
    let mut rows = vec![];
    for (chain, pods) in pods.iter().take(max) {
        let Some(list) = chains.lists.get(*chain as usize) else { continue };
        rows.push((whose(view, chains, pods), self::list(view.network, list)));
    }
    let width = rows.iter().map(|(whose, _)| whose.width(&Screen::PIPE)).max().unwrap_or(0);
    for (whose, list) in rows {
        let pad = " ".repeat(width - whose.width(&Screen::PIPE));
        page.hanging(Text::from("  ").then(whose).plain(pad), &list);
    }
    if pods.len() > max {
        let more = format!("  … and {} more chains", thousands((pods.len() - max) as u64));
        page.line(Text::new().with(Label::Dim, more));
    }
    page
}

/// How many Pods have a chain with this table in it, by table.
pub(super) fn users(network: &Network) -> BTreeMap<TableId, usize> {
    let mut users = BTreeMap::new();
    for chains in network.tables.iter().filter_map(|table| table.chains.as_ref()) {
        let mut of = vec![0; chains.lists.len()];
        for (_, chain) in &chains.of {
            if let Some(n) = of.get_mut(chain.0 as usize) {
                *n += 1;
            }
        }
        for (list, n) in chains.lists.iter().zip(of) {
            let mut tables = list.clone();
            tables.sort_unstable();
            tables.dedup();
            for table in tables {
                *users.entry(table).or_insert(0) += n;
            }
        }
    }
    users
}

/// `from web`, `for api-1, api-2 and 5 more`.
fn whose(view: &View<'_>, chains: &Chains, pods: &[ElementId]) -> Text {
    let word = match chains.by {
        Side::Source => "from ",
        Side::Target => "for ",
    };
    let names: Vec<String> = pods.iter().take(NAMED).map(|pod| view.name(*pod)).collect();
    let text = Text::new().with(Label::Dim, word).with(Label::Name, names.join(", "));
    match pods.len().saturating_sub(NAMED) {
        0 => text,
        more => text.plain(format!(" and {}", count(more, "more pod"))),
    }
}

fn list(network: &Network, tables: &[TableId]) -> String {
    let names = tables.iter().map(|table| &*network.table(*table).name);
    names.collect::<Vec<_>>().join(" → ")
}
