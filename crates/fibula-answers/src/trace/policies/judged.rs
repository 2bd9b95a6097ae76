//! Which steps of a life are of policies.

use fibula_network::walk::{Life, Step};
use fibula_network::{
    Action, Addr, Addrs, ElementId, EntryId, Header, Network, Reason, Side, Table, TableId,
};

use super::Direction;
use crate::trace::header_before;

/// A step at which policies said something.
pub(super) struct Judged<'n> {
    pub(super) step: usize,
    pub(super) entry: EntryId,
    pub(super) direction: Direction,
    /// The Pod that they are about.
    pub(super) pod: ElementId,
    /// The tables of its chain there.
    pub(super) chain: &'n [TableId],
}

/// The steps of a life at which policies said something, in their order.
///
/// A table can be in the chains of both directions, so the pipeline is followed along: an entry is
/// of the first table that has it, after the one at which the message went on.
pub(super) fn judged<'n>(network: &'n Network, life: &Life) -> Vec<Judged<'n>> {
    let mut found = vec![];
    let mut position = 0;
    for (step, it) in life.steps.iter().enumerate() {
        let (at, entry) = match *it {
            Step::Pass { at, entry } | Step::Decide { at, entry, .. } => (at, entry),
            Step::Send { .. } | Step::Recv { .. } => {
                position = 0;
                continue;
            }
        };
        let (Some(fib), Some(header)) = (network.fib(at), header_before(life, step)) else {
            continue;
        };
        let tables = network.pipeline(fib.pipeline);
        let rest = tables.iter().enumerate().skip(position);
        let here = rest.into_iter().find_map(|(i, id)| {
            if *id == entry.table {
                return Some((i, None));
            }
            let chain = chain(network, at, *id, header)?;
            chain.2.contains(&entry.table).then_some((i, Some(chain)))
        });
        let Some((i, chained)) = here else { continue };
        let then = network.entry(entry).action.then();
        position = then.map_or(i + 1, |then| {
            tables.iter().skip(i + 1).position(|id| *id == then).map_or(i + 1, |next| i + 1 + next)
        });
        let chained = chained.or_else(|| spared(network, at, &tables[i..], entry, header));
        if let Some((direction, pod, chain)) = chained {
            found.push(Judged { step, entry, direction, pod, chain });
        }
    }
    found
}

type Chain<'n> = (Direction, ElementId, &'n [TableId]);

/// The chain of a table that a message passes at a switch, and whose it is.
fn chain(network: &Network, at: ElementId, table: TableId, header: Header) -> Option<Chain<'_>> {
    let chains = network.table(table).chains.as_ref()?;
    let (direction, addr) = match chains.by {
        Side::Source => (Direction::Egress, header.src),
        Side::Target => (Direction::Ingress, header.dst),
    };
    let owners = hosted(network, at, addr);
    owners.into_iter().find_map(|pod| Some((direction, pod, chains.of(pod)?)))
}

/// The Pods that a switch hosts at an address: several where that is contested (POD-7).
fn hosted(network: &Network, at: ElementId, addr: Addr) -> impl Iterator<Item = ElementId> + '_ {
    let owners = network.owners_of(addr).iter();
    owners.filter(move |owner| owner.via == at && owner.to != at).map(|owner| owner.to)
}

/// The isolation of the Pod that a message is for, where an entry keeps policies from being asked
/// (NP-32, DR-7): where they would not have said a word anyway, it is not worth one.
fn spared<'n>(
    network: &'n Network,
    at: ElementId,
    rest: &[TableId],
    entry: EntryId,
    header: Header,
) -> Option<Chain<'n>> {
    let rule = &*network.entry(entry).origin.rule;
    if !matches!(rule, "NP-32" | "DR-7") {
        return None;
    }
    let mut chains = rest.iter().filter_map(|table| chain(network, at, *table, header));
    chains.find(|(direction, _, chain)| {
        *direction == Direction::Ingress && chain.iter().any(|id| isolates(network.table(*id)))
    })
}

/// Whether a table ends whatever comes to it.
fn isolates(table: &Table) -> bool {
    table.entries.iter().any(|entry| {
        entry.action == Action::Discard(Reason::Policy)
            && entry.pattern.src == Addrs::Any
            && entry.pattern.dst == Addrs::Any
            && entry.origin.rule == "NP-2"
    })
}
