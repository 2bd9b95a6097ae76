//! Address atoms: the addresses, split once by everything that a network says of them.

use crate::addr::{Addr, Range};
use crate::fib::Addrs;
use crate::network::Network;

/// The line of addresses, cut wherever a pattern, a named set, an owner or a fact begins or ends.
/// No entry tells two addresses of one atom apart.
#[derive(Clone, Debug)]
pub struct Atoms {
    starts: Vec<Addr>,
}

/// An atom: its number, counted along the line.
pub type Atom = u32;

// === impl Atoms ===

impl Atoms {
    /// The atoms of a network. Costs a sort of the addresses that it speaks of.
    pub fn new(network: &Network) -> Atoms {
        let patterns = network.tables.iter().flat_map(|t| &t.entries).map(|e| &e.pattern);
        let fields = patterns.flat_map(|p| [p.src, p.dst]).filter_map(|addrs| match addrs {
            Addrs::In(range) => Some(range),
            _ => None,
        });
        let own = network.fibs.iter().flatten().flat_map(|fib| &fib.me.own);
        let single = own
            .chain(network.owners.iter().map(|owner| &owner.addr))
            .chain(network.facts.addr.iter().map(|(_, addr)| addr))
            .chain(&[Addr::LOOPBACK_V4, Addr::LOOPBACK_V6])
            .map(|addr| Range::one(*addr));
        Atoms::cut(
            fields
                .chain(network.sets.iter().flat_map(|set| set.ranges.iter().copied()))
                .chain(single)
                .chain([Range::ALL_V4]),
        )
    }

    /// The line, cut where these ranges begin and end.
    pub(crate) fn cut(ranges: impl Iterator<Item = Range>) -> Atoms {
        let mut starts = vec![Addr::MIN];
        for range in ranges {
            starts.push(range.lo);
            starts.extend(range.hi.next());
        }
        starts.sort_unstable();
        starts.dedup();
        Atoms { starts }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The atom that holds an address. Costs a binary search.
    pub fn of(&self, addr: Addr) -> Atom {
        self.starts.partition_point(|start| *start <= addr) as u32 - 1
    }

    /// The addresses of an atom.
    pub fn range(&self, atom: Atom) -> Range {
        let next = self.starts.get(atom as usize + 1);
        Range {
            lo: self.starts[atom as usize],
            hi: next.and_then(|next| next.previous()).unwrap_or(Addr::MAX),
        }
    }

    /// The first and last atom of a range; all of both belong to it where it begins and ends at
    /// cuts, as every range of the network does.
    pub fn within(&self, range: Range) -> (Atom, Atom) {
        (self.of(range.lo), self.of(range.hi))
    }
}
