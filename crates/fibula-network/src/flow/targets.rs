//! The targets that patterns tell apart.

use super::chains::{Filtering, compares};
use crate::addr::{Addr, Range};
use crate::fib::{Action, AddrSetId, Addrs, Hop, Ports, Source};
use crate::network::Network;

/// How many sets that narrow *own* are told apart for each address; by the others all targets are
/// cut.
const OWN_SETS: usize = 64;

/// The sets that patterns narrow *own* targets by, sorted: as many as are told apart.
pub(super) fn own_sets(network: &Network) -> Vec<AddrSetId> {
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let mut sets: Vec<AddrSetId> = entries
        .filter_map(|entry| match entry.pattern.dst {
            Addrs::OwnIn(set) => Some(set),
            _ => None,
        })
        .collect();
    sets.sort_unstable();
    sets.dedup();
    sets.truncate(OWN_SETS);
    sets
}

/// What patterns that compare source and target make of the targets: each is met as a source too,
/// and is told from others by whatever says so of sources. Owned ones are told apart anyway.
pub(super) fn compared(
    network: &Network,
    filtering: &Filtering,
    backends: &[Addr],
    apart: &[Addr],
) -> Vec<Range> {
    if !filtering.patterns(network, false).any(compares) {
        return vec![];
    }
    let sources = filtering.patterns(network, false).flat_map(|pattern| match pattern.src {
        Addrs::In(range) => vec![range],
        Addrs::Set(set) => network.set(set).ranges.clone(),
        _ => vec![],
    });
    let single = backends.iter().copied().chain(given(network));
    let single = single.filter(|addr| apart.binary_search(addr).is_err());
    sources.chain(single.map(Range::one)).collect()
}

/// The addresses that messages get as their source.
pub(super) fn given(network: &Network) -> Vec<Addr> {
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let named = entries.filter_map(|entry| match entry.action {
        Action::Masquerade { by: Source::Is(addr), .. } => Some(addr),
        _ => None,
    });
    let own = network.fibs.iter().flatten().flat_map(|fib| &fib.me.masquerade);
    named.chain(own.copied()).collect()
}

/// A range that a pattern names as a target.
pub(super) struct Target {
    pub(super) range: Range,
    /// Whether it asks for ports that are *listened*.
    pub(super) listened: bool,
    /// Whether its entry has alternatives: it is a Rewrite, or forwards to one of several switches.
    pub(super) forks: bool,
}

/// The ranges that patterns name as targets, but for those of filters.
///
/// *own* at listened ports concerns the switch that owns the target, which is never taken for
/// another; *hosted* at listened ports may concern any.
pub(super) fn target_ranges<'n>(
    network: &'n Network,
    filtering: &'n Filtering,
    own_sets: &'n [AddrSetId],
) -> impl Iterator<Item = Target> + 'n {
    let tables = network.tables.iter().enumerate().filter(|(i, _)| filtering.is_piped(*i));
    tables.flat_map(|(_, table)| &table.entries).flat_map(move |entry| {
        let listened = entry.pattern.dport == Ports::Listened;
        let forks = matches!(entry.action, Action::Rewrite { .. } | Action::Forward(Hop::OneOf(_)));
        let (one, many): (Option<Range>, &[Range]) = match entry.pattern.dst {
            Addrs::In(range) => (Some(range), &[]),
            Addrs::Set(set) => (None, &network.set(set).ranges),
            Addrs::Any | Addrs::Same | Addrs::Elsewhere(_) => (Some(Range::ALL), &[]),
            Addrs::Hosted if listened || forks => (Some(Range::ALL), &[]),
            Addrs::OwnIn(set) if own_sets.binary_search(&set).is_err() => {
                (None, &network.set(set).ranges)
            }
            Addrs::Own | Addrs::OwnIn(_) | Addrs::Hosted => (None, &[]),
        };
        let own = matches!(entry.pattern.dst, Addrs::Own | Addrs::OwnIn(_));
        let ranges = one.into_iter().chain(many.iter().copied());
        ranges.map(move |range| Target { range, listened: listened && !own, forks: forks && !own })
    })
}
