//! Random chains of tables: filters that let messages of hosted Pods go on or end them.

use std::collections::BTreeSet;

use fibula_network::*;

use super::{Dice, draw};

/// Gives a few tables chains, mostly those of the Nodes. Nothing, half of the time.
pub(super) fn install(n: &mut Network, dice: &mut Dice<'_>) {
    if dice.below(2) == 0 {
        return;
    }
    for _ in 0..1 + dice.below(3) {
        add(n, dice);
    }
}

/// The tables that chains are made of.
pub(super) fn filters(n: &Network) -> BTreeSet<TableId> {
    let chains = n.tables.iter().filter_map(|table| table.chains.as_deref());
    chains.flat_map(|chains| chains.lists.iter().flatten().copied()).collect()
}

/// The tables that have chains.
fn chained(n: &Network) -> Vec<usize> {
    (0..n.tables.len()).filter(|table| n.tables[*table].chains.is_some()).collect()
}

/// Chains for a table of a pipeline, old or new, with filters of their own and some that other
/// chains have.
fn add(n: &mut Network, dice: &mut Dice<'_>) {
    let pipeline = if dice.below(4) > 0 { 1 } else { dice.below(n.pipelines.len()) };
    let tables = &mut n.pipelines[pipeline];
    if tables.is_empty() {
        return;
    }
    let place = dice.below(tables.len());
    if dice.once_in(2) {
        tables.insert(place, TableId(n.tables.len() as u32));
        n.tables.push(Table::new("gate", vec![]));
    }
    let at = n.pipelines[pipeline][place];
    let by = [Side::Source, Side::Target][dice.below(2)];
    let old: Vec<TableId> = filters(n).into_iter().collect();
    let mut pool: Vec<TableId> = vec![];
    for _ in 0..1 + dice.below(3) {
        let entries = (0..dice.below(4)).map(|_| entry(n, by, at, dice)).collect();
        pool.push(TableId(n.tables.len() as u32));
        n.tables.push(Table::new("filter", entries));
    }
    // A filter that says nothing of either address is one for both sides.
    let free = |table: &TableId| {
        n.table(*table).entries.iter().all(|entry| {
            let pattern = &entry.pattern;
            (pattern.src, pattern.dst) == (Addrs::Any, Addrs::Any) && leads_on(n, at, entry.action)
        })
    };
    pool.extend(old.into_iter().filter(free));
    let lists: Vec<Vec<TableId>> = (0..1 + dice.below(3))
        .map(|_| (0..dice.below(3)).filter_map(|_| dice.one(&pool)).collect())
        .collect();
    let pods: Vec<ElementId> = n.of_kind(Kind::Pod).collect();
    let mut of = vec![];
    for pod in pods {
        if dice.below(4) > 0 {
            of.push((pod, ChainId(dice.below(lists.len()) as u32)));
        }
    }
    n.tables[at.0 as usize].chains = Some(Box::new(Chains { by, of, lists }));
}

fn leads_on(n: &Network, at: TableId, action: Action) -> bool {
    action.then().is_none_or(|then| later(n, at).contains(&then))
}

/// The tables that come after one in each pipeline that has it.
fn later(n: &Network, at: TableId) -> Vec<TableId> {
    let after = |tables: &Vec<TableId>| -> Option<BTreeSet<TableId>> {
        let last = tables.iter().rposition(|table| *table == at)?;
        Some(tables[last + 1..].iter().copied().collect())
    };
    let all = n.pipelines.iter().filter_map(after);
    all.reduce(|a, b| &a & &b).unwrap_or_default().into_iter().collect()
}

fn entry(n: &Network, by: Side, at: TableId, dice: &mut Dice<'_>) -> Entry {
    let mut pattern = draw::pattern(n, dice);
    match by {
        Side::Source => pattern.src = Addrs::Any,
        Side::Target => pattern.dst = Addrs::Any,
    }
    if dice.once_in(3) {
        (pattern.src, pattern.dst) = (Addrs::Any, Addrs::Any);
    }
    let reason = if dice.once_in(4) { Reason::ALL[dice.below(4)] } else { Reason::Policy };
    let action = match (dice.below(5), dice.one(&later(n, at))) {
        (0 | 1, Some(then)) => Action::Goto(then),
        (2, _) => Action::Reject(reason),
        _ => Action::Discard(reason),
    };
    Entry::new("filter", pattern, action)
}

/// A change to the chains of a table: other filters, another chain for a Pod, or none; or chains
/// for one more table.
pub(super) fn change(n: &mut Network, dice: &mut Dice<'_>) {
    let Some(at) = dice.one(&chained(n)) else { return add(n, dice) };
    let pod = dice.one(&n.of_kind(Kind::Pod).collect::<Vec<_>>());
    let Some(Chains { by, lists, .. }) = n.tables[at].chains.as_deref().cloned() else { return };
    let filter = dice.one(&lists.concat());
    match dice.below(5) {
        0 => add(n, dice),
        1 => n.tables[at].chains = None,
        2 | 3 => {
            let Some(filter) = filter else { return };
            // It may be the filter of several tables: then nothing is said of either address.
            let mut new = entry(n, by, TableId(at as u32), dice);
            (new.pattern.src, new.pattern.dst) = (Addrs::Any, Addrs::Any);
            if let Action::Goto(_) = new.action {
                new.action = Action::Discard(Reason::Policy);
            }
            let entries = &mut n.tables[filter.0 as usize].entries;
            match dice.once_in(2) && !entries.is_empty() {
                true => drop(entries.remove(dice.below(entries.len()))),
                false => entries.insert(dice.below(entries.len() + 1), new),
            }
        }
        _ => {
            let Some(chains) = n.tables[at].chains.as_deref_mut() else { return };
            let Some(pod) = pod else { return };
            chains.of.retain(|(other, _)| *other != pod);
            if dice.once_in(2) && !lists.is_empty() {
                chains.of.push((pod, ChainId(dice.below(lists.len()) as u32)));
                chains.of.sort_unstable();
            }
        }
    }
}
