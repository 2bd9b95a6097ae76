//! How much a lab takes, from the network alone: before there is a plan, which has every route of
//! every switch and can be the larger half of it.

use fibula_network::{Kind, Network};

/// What a network becomes in a lab, counted without building any of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Namespaces: one for each switch.
    pub spaces: u64,
    /// Listening sockets.
    pub sockets: u64,
    /// Routes, of all namespaces.
    pub routes: u64,
    /// Rules, of all namespaces.
    pub rules: u64,
    /// Messages that are to be sent; of these nothing is known before they are made up.
    pub messages: u64,
}

/// What the kernel keeps for a namespace and the wire to it, in bytes: some 400 KB, of which its
/// own copies of counters and settings are the most.
const SPACE: u64 = 400 << 10;

/// What a listening socket takes.
const SOCKET: u64 = 4 << 10;

/// What a route takes, in the plan and in the kernel.
const ROUTE: u64 = 400;

/// What a rule takes, as text and in the kernel.
const RULE: u64 = 1 << 10;

/// What a message takes, with its life in the model and what was seen of it.
const MESSAGE: u64 = 500;

// === impl Size ===

impl Size {
    /// Counts a network. A Node has a route for every address that has an owner, and the rules of all
    /// its tables but the last, whose entries become routes.
    pub fn of(network: &Network) -> Size {
        let mut size = Size::default();
        let owned = network.owners.len() as u64;
        for id in network.ids() {
            let Some(fib) = network.fib(id) else { continue };
            size.spaces += 1;
            size.sockets += fib.me.listeners.len() as u64;
            let tables = network.pipeline(fib.pipeline);
            let Some((last, rules)) = tables.split_last() else { continue };
            size.routes += network.table(*last).entries.len() as u64;
            if network.kind(id) == Kind::Node {
                size.routes += owned;
            }
            let rules = rules.iter().map(|table| network.table(*table).entries.len() as u64);
            size.rules += rules.sum::<u64>();
        }
        // Each Pod that has a chain is led to it by its own Node.
        let chains = network.tables.iter().flat_map(|table| &table.chains);
        size.rules += chains.map(|chains| chains.of.len() as u64).sum::<u64>();
        size
    }

    /// How many bytes that takes, roughly: meant for the order of magnitude.
    pub fn bytes(self) -> u64 {
        let Size { spaces, sockets, routes, rules, messages } = self;
        spaces * SPACE + sockets * SOCKET + routes * ROUTE + rules * RULE + messages * MESSAGE
    }
}
