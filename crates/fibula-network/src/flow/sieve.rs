//! The entries of a table that can match a target, without a look at all of them.
//!
//! The FIB of one Node Switch that was written out has an entry for each of 150,000 addresses; to
//! try each for each target would cost their square.

use crate::addr::Addr;
use crate::fib::{Addrs, Table};

/// The entries of a table, by what they say of the target.
#[derive(Debug)]
pub(crate) struct Sieve {
    /// Those that name one address, sorted by it.
    exact: Vec<(Addr, u32)>,
    /// All others, in their order.
    rest: Vec<u32>,
}

// === impl Sieve ===

impl Sieve {
    /// Costs a sort of the entries that name one address.
    pub(crate) fn new(table: &Table) -> Sieve {
        let mut sieve = Sieve { exact: vec![], rest: vec![] };
        for (index, entry) in (0..).zip(&table.entries) {
            match entry.pattern.dst {
                Addrs::In(range) if range.lo == range.hi => sieve.exact.push((range.lo, index)),
                _ => sieve.rest.push(index),
            }
        }
        sieve.exact.sort_unstable();
        sieve
    }

    /// The indices of the entries that can match an address, in their order. Costs a binary search.
    pub(crate) fn entries(&self, addr: Addr) -> impl Iterator<Item = u32> + '_ {
        let start = self.exact.partition_point(|(named, _)| *named < addr);
        let mut exact = self.exact[start..].iter().take_while(move |(named, _)| *named == addr);
        let mut exact_next = exact.next();
        let mut rest = self.rest.iter().peekable();
        std::iter::from_fn(move || match (exact_next, rest.peek()) {
            (Some((_, index)), next) if next.is_none_or(|next| index < *next) => {
                exact_next = exact.next();
                Some(*index)
            }
            _ => rest.next().copied(),
        })
    }
}
