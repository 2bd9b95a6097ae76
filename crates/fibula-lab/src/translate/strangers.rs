//! Where a client hears a stranger's answer: a switch rewrites a message to an address that another
//! switch has, does not pretend to have sent it itself, and is not on the way back.

use std::collections::BTreeSet;

use fibula_network::{Action, ElementId, Kind, Mark, Network, Scope};

/// The switches whose own processes can be sent what they sent to somebody else, as it was sent:
/// those that have the target of a Rewrite which marks nothing, at a switch that does not host them.
/// Costs a look-up for each such target.
pub(super) fn switches(network: &Network) -> BTreeSet<ElementId> {
    let outside = network.of_kind(Kind::Outside).next();
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let lists: BTreeSet<_> = entries
        .filter_map(|entry| match entry.action {
            Action::Rewrite { to, mark: Mark::Never, .. } => Some(to),
            _ => None,
        })
        .collect();
    let members = lists.into_iter().flat_map(|list| &network.backends(list).members);
    let mut found = BTreeSet::new();
    for backend in members {
        let owners = network.owners_of(backend.addr);
        let away = |via: ElementId| backend.at != Scope::Switch(via);
        found.extend(owners.iter().filter(|owner| away(owner.via)).map(|owner| owner.to));
        found.extend(outside.filter(|_| owners.is_empty()));
    }
    found
}
