//! The Rewrite entries of a network, by the targets that they can match.

use crate::addr::Addr;
use crate::element::ElementId;
use crate::fib::{Action, Addrs, BackendsId, Entry, EntryId, PipelineId, Ports, Scope, TableId};
use crate::network::Network;

use super::sieve::Sieve;

/// The Rewrite entries of a network.
#[derive(Debug)]
pub(crate) struct Rewrites {
    /// Those of each table that has some.
    tables: Vec<(TableId, Sieve)>,
    /// The addresses of all backends, sorted.
    pub(crate) backends: Vec<Addr>,
    /// By pipeline, the places at which messages go on that were rewritten, sorted.
    positions: Vec<Vec<usize>>,
    /// By pipeline, whether it rewrites messages to a switch's own addresses.
    own: Vec<bool>,
    /// By list of backends, whether some of them are for one switch alone.
    scoped: Vec<bool>,
}

/// A Rewrite entry that can match a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rewriting {
    pub(crate) to: BackendsId,
    /// The target ports that it matches.
    ports: Ports,
    /// Whether it matches at switches only that have the target for their own.
    pub(crate) own: bool,
}

// === impl Rewrites ===

impl Rewrites {
    /// Costs a pass over the entries, and a sort of the backends.
    pub(crate) fn new(network: &Network) -> Rewrites {
        let sieve = |(table, entries): (TableId, &[Entry])| {
            let rewrites = (0..).zip(entries).filter(|(_, entry)| rewrite(entry.action).is_some());
            let sieve = Sieve::new(rewrites);
            (!sieve.is_empty()).then_some((table, sieve))
        };
        let tables = (0..).map(TableId).zip(network.tables.iter().map(|table| &table.entries[..]));
        let members = network.backends.iter().flat_map(|list| &list.members);
        let mut backends: Vec<Addr> = members.map(|backend| backend.addr).collect();
        backends.sort_unstable();
        backends.dedup();
        let one = |list: &crate::network::Backends| {
            list.members.last().is_some_and(|last| matches!(last.at, Scope::Switch(_)))
        };
        Rewrites {
            tables: tables.filter_map(sieve).collect(),
            backends,
            own: network.pipelines.iter().map(|tables| rewrites_own(network, tables)).collect(),
            positions: network.pipelines.iter().map(|p| positions(network, p)).collect(),
            scoped: network.backends.iter().map(one).collect(),
        }
    }

    /// The Rewrite entries that can match messages to an address at some switch; `held` says
    /// whether one has the address for its own that rewrites messages to such.
    pub(crate) fn of<'a>(
        &'a self,
        network: &'a Network,
        addr: Addr,
        held: bool,
    ) -> impl Iterator<Item = Rewriting> + 'a {
        self.tables.iter().flat_map(move |(table, sieve)| {
            sieve.entries(addr, held).filter_map(move |index| {
                let entry = network.entry(EntryId { table: *table, index });
                let (matches, own) = match entry.pattern.dst {
                    Addrs::In(range) => (range.contains(addr), false),
                    Addrs::Set(set) => (network.set(set).contains(addr), false),
                    Addrs::Own => (held, true),
                    Addrs::OwnIn(set) => (held && network.set(set).contains(addr), true),
                    Addrs::Any | Addrs::Same | Addrs::Hosted | Addrs::Elsewhere(_) => (true, false),
                };
                let to = rewrite(entry.action).filter(|_| matches)?;
                Some(Rewriting { to, ports: entry.pattern.dport, own })
            })
        })
    }

    /// The entries that rewrite messages to a switch's own addresses.
    fn own_entries(network: &Network) -> impl Iterator<Item = &Entry> {
        let entries = network.tables.iter().flat_map(|table| &table.entries);
        let own = entries.filter(|e| matches!(e.pattern.dst, Addrs::Own | Addrs::OwnIn(_)));
        own.filter(|entry| rewrite(entry.action).is_some())
    }

    /// The lists to which messages to a switch's own addresses are rewritten.
    pub(crate) fn own_lists(network: &Network) -> impl Iterator<Item = BackendsId> + '_ {
        Rewrites::own_entries(network).filter_map(|entry| rewrite(entry.action))
    }

    /// The target ports at which messages to a switch's own addresses are rewritten.
    pub(crate) fn own_ports(network: &Network) -> impl Iterator<Item = (u16, u16)> + '_ {
        Rewrites::own_entries(network).map(|entry| match entry.pattern.dport {
            Ports::In(lo, hi) => (lo, hi),
            Ports::Any | Ports::Listened => (0, u16::MAX),
        })
    }

    /// Whether a switch rewrites messages to addresses of its own.
    pub(crate) fn is_of_own(&self, pipeline: PipelineId) -> bool {
        self.own[pipeline.0 as usize]
    }

    /// The places in a pipeline at which messages go on that were rewritten, sorted.
    pub(crate) fn positions(&self, pipeline: PipelineId) -> &[usize] {
        &self.positions[pipeline.0 as usize]
    }

    /// Whether some backends of a list are for one switch alone.
    pub(crate) fn is_scoped(&self, list: BackendsId) -> bool {
        self.scoped[list.0 as usize]
    }

    /// The switches that a list has backends for that nobody else sees, sorted.
    pub(crate) fn named<'n>(
        &self,
        network: &'n Network,
        list: BackendsId,
    ) -> impl Iterator<Item = ElementId> + 'n {
        let members = &network.backends(list).members;
        let start = members.partition_point(|b| !matches!(b.at, Scope::Switch(_)));
        let mut last = None;
        members[start..].iter().filter_map(move |backend| match backend.at {
            Scope::Switch(switch) if last.replace(switch) != Some(switch) => Some(switch),
            _ => None,
        })
    }
}

// === impl Rewriting ===

impl Rewriting {
    /// Whether it can match messages to a port.
    pub(crate) fn at_port(self, port: u16) -> bool {
        match self.ports {
            Ports::In(lo, hi) => lo <= port && port <= hi,
            Ports::Any | Ports::Listened => true,
        }
    }
}

/// The list that a Rewrite chooses from.
pub(crate) fn rewrite(action: Action) -> Option<BackendsId> {
    match action {
        Action::Rewrite { to, .. } => Some(to),
        _ => None,
    }
}

fn positions(network: &Network, pipeline: &[TableId]) -> Vec<usize> {
    let mut positions = vec![];
    for (position, table) in pipeline.iter().enumerate() {
        for entry in &network.table(*table).entries {
            if let Action::Rewrite { then, .. } = entry.action {
                let later = pipeline.iter().skip(position + 1).position(|table| *table == then);
                positions.extend(later.map(|later| position + 1 + later));
            }
        }
    }
    positions.sort_unstable();
    positions.dedup();
    positions
}

fn rewrites_own(network: &Network, pipeline: &[TableId]) -> bool {
    let entries = pipeline.iter().flat_map(|table| &network.table(*table).entries);
    let mut own = entries.filter(|e| matches!(e.pattern.dst, Addrs::Own | Addrs::OwnIn(_)));
    own.any(|entry| rewrite(entry.action).is_some())
}
