//! Which ports may be asked for at which address.

use std::collections::BTreeSet;

use fibula_network::{Addr, Network, Port, Proto};
use rustc_hash::FxHashMap;

/// The ports that messages are sent to, by address: those that are asked for, and those that
/// rewriting leads to.
pub(super) struct Places {
    by_addr: FxHashMap<Addr, BTreeSet<Port>>,
    all: BTreeSet<(Addr, Port)>,
}

// === impl Places ===

impl Places {
    pub(super) fn new(network: &Network, targets: &[(Addr, Port)]) -> Places {
        let backends = network.backends.iter().flat_map(|list| &list.members).flat_map(|backend| {
            // Which protocols lead there is known only to the entries.
            let port = |proto| (backend.addr, Port { proto, number: backend.port });
            [Proto::Tcp, Proto::Udp].map(port)
        });
        let all: BTreeSet<(Addr, Port)> = targets.iter().copied().chain(backends).collect();
        let mut by_addr: FxHashMap<Addr, BTreeSet<Port>> = FxHashMap::default();
        for (addr, port) in &all {
            by_addr.entry(*addr).or_default().insert(*port);
        }
        Places { by_addr, all }
    }

    /// The ports at an address.
    pub(super) fn at(&self, addr: Addr) -> impl Iterator<Item = Port> + '_ {
        self.by_addr.get(&addr).into_iter().flatten().copied()
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (Addr, Port)> + '_ {
        self.all.iter().copied()
    }
}
