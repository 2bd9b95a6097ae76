//! SVC-60 to SVC-65: whose address a rewritten message has.
//!
//! The kernel rewrites sources last (DR-7), in its hook after routing, which a message that stays on
//! the Node never passes if it came by a link; what the Node's own processes send has the Node's
//! address already (SVC-63). So a marked message has its source rewritten unless it is for the Node
//! itself. What is marked the [`Mark`](fibula_network::Mark) of each Rewrite says.

use fibula_network::{Action, Addr, Addrs, Entry, Pattern, Source};

use super::{FAMILIES, Maker};
use crate::tables::Slot;

/// Lets each Node masquerade by its first address of each family (which one it takes is left open,
/// SVC-61), and returns the table that says when.
pub(super) fn entries(maker: &mut Maker<'_>) -> Vec<Entry> {
    for (node, fib) in maker.cluster.nodes.iter().zip(&mut maker.network.fibs) {
        if let Some(fib) = fib {
            let addrs = || node.addresses.iter().map(|ip| Addr::from(*ip));
            let first = |family| addrs().find(|addr| addr.family() == family);
            fib.me.masquerade = FAMILIES.into_iter().filter_map(first).collect();
        }
    }
    let marked = Pattern { marked: Some(true), ..Pattern::ANY };
    let masquerade = Action::Masquerade { by: Source::Own, then: Slot::NextHop.table() };
    vec![
        Entry::new("DR-7", Pattern::to(Addrs::Own), Action::Goto(Slot::NextHop.table())),
        Entry::new("SVC-61", marked, masquerade),
    ]
}
