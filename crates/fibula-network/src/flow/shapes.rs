//! Targets that nobody owns, by the shape of the entries that can match them.
//!
//! 10,000 ClusterIPs differ by their address, their ports and the names of their backends. Of a
//! target that nobody owns, and that no constraint speaks of, take the entries of all pipelines that
//! can match it, in their order, and forget
//!
//! - its address: that is what the entries have in common, and there is no other way in which a
//!   switch could know it, for it is nobody's *own*, *hosted* or *elsewhere*, and entries that
//!   compare it with the source end the argument;
//! - its ports, but for their order: cut all ports where an entry begins or ends. A port of one
//!   target and a port of another in the same place among the cuts are matched by entries in the
//!   same places;
//! - of a trusted list of backends everything but whether all switches see one of them, some, or
//!   none: no message is followed there, and whoever asks
//!   [`roughly`](super::Flow::roughly) does not ask which switches see some.
//!
//! Where the rest is the same, exchange the two targets, and each port of the one with one in the
//! same place of the other: every switch decides as before, wherever the message came from, and
//! what goes on goes on to the same switch. So if all messages to the one end with a reason, so do
//! all to the other.

use rustc_hash::FxHashMap;

use super::chains::compares;
use super::decide::Applies;
use super::ground::Ground;
use super::trust::Trust;
use crate::addr::{Addr, Family};
use crate::fib::{Action, Addrs, Entry, Pattern, Ports, TableId};

/// By zone, the number of its shape; none where the argument fails.
pub(super) struct Shapes {
    of: Vec<Option<u32>>,
}

/// What is not forgotten of the entries that can match a target.
#[derive(PartialEq, Eq, Hash)]
struct Shape {
    /// What a message can get as its source depends on it.
    family: Family,
    lines: Vec<Line>,
}

#[derive(PartialEq, Eq, Hash)]
struct Line {
    table: TableId,
    /// Of whatever target and port.
    pattern: Pattern,
    /// The first port that matches and the first that does not, among the cuts.
    ports: (u32, u32),
    act: Act,
}

/// What an entry does.
#[derive(PartialEq, Eq, Hash)]
enum Act {
    /// Rewrites to a trusted list, and goes on at a table.
    Trusted(Applies, TableId),
    Other(Action),
}

// === impl Shapes ===

impl Shapes {
    pub(super) fn new(ground: &Ground<'_>, trust: &Trust) -> Shapes {
        let mut patterns = ground.filtering.patterns(ground.network, false);
        if patterns.any(compares) {
            return Shapes { of: vec![] };
        }
        let mut numbers: FxHashMap<Shape, u32> = FxHashMap::default();
        let of = ground.zone_starts().map(|addr| {
            let shape = Shape::new(ground, trust, addr)?;
            let next = numbers.len() as u32;
            Some(*numbers.entry(shape).or_insert(next))
        });
        Shapes { of: of.collect() }
    }

    /// The shape of a zone, of those of its addresses that nobody owns.
    pub(super) fn of(&self, zone: u32) -> Option<u32> {
        self.of.get(zone as usize).copied().flatten()
    }
}

// === impl Shape ===

impl Shape {
    fn new(ground: &Ground<'_>, trust: &Trust, addr: Addr) -> Option<Shape> {
        let mut entries: Vec<(TableId, &Entry)> = vec![];
        let mut cuts: Vec<u32> = vec![0, 1 << 16];
        for (table, sieve) in (0..).map(TableId).zip(ground.sieves()) {
            if !ground.filtering.is_piped(table.0 as usize) {
                continue;
            }
            let all = &ground.network.table(table).entries;
            for entry in sieve.entries(addr, false).map(|index| &all[index as usize]) {
                let matches = match entry.pattern.dst {
                    Addrs::Any => true,
                    Addrs::In(range) => range.contains(addr),
                    Addrs::Set(set) => ground.network.set(set).contains(addr),
                    // Comparing ends the argument.
                    Addrs::Same => return None,
                    Addrs::Own | Addrs::OwnIn(_) | Addrs::Hosted | Addrs::Elsewhere(_) => false,
                };
                if !matches {
                    continue;
                }
                entries.push((table, entry));
                match entry.pattern.dport {
                    Ports::Any => {}
                    Ports::In(lo, hi) => cuts.extend([u32::from(lo), u32::from(hi) + 1]),
                    // What a switch listens on has no place among the cuts.
                    Ports::Listened => return None,
                }
            }
        }
        cuts.sort_unstable();
        cuts.dedup();
        let place = |port: u32| cuts.partition_point(|cut| *cut < port) as u32;
        let line = |(table, entry): (TableId, &Entry)| {
            let (lo, end) = match entry.pattern.dport {
                Ports::In(lo, hi) => (u32::from(lo), u32::from(hi) + 1),
                _ => (0, 1 << 16),
            };
            let act = match entry.action {
                Action::Rewrite { to, .. } if !trust.trusts(to) => return None,
                Action::Rewrite { to, then, .. } => {
                    Act::Trusted(Applies::of(ground.network.backends(to)), then)
                }
                other => Act::Other(other),
            };
            let pattern = Pattern { dst: Addrs::Any, dport: Ports::Any, ..entry.pattern.clone() };
            Some(Line { table, pattern, ports: (place(lo), place(end)), act })
        };
        let lines = entries.into_iter().map(line).collect::<Option<_>>()?;
        Some(Shape { family: addr.family(), lines })
    }
}
