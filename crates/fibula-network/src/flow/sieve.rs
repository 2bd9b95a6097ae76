//! The entries of a table that can match a target, without a look at all of them.
//!
//! The FIB of one Node Switch that was written out has an entry for each of 150,000 addresses; to
//! try each for each target would cost their square.

use crate::addr::Addr;
use crate::fib::{Addrs, Entry};

/// The entries of a table, by what they say of the target.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    /// Those that name one address, sorted by it.
    exact: Vec<(Addr, u32)>,
    /// Those for addresses of the switch itself, in their order.
    own: Vec<u32>,
    /// All others, in their order.
    rest: Vec<u32>,
}

// === impl Sieve ===

impl Sieve {
    /// A sieve of entries of one table, with their places in it. Costs a sort of those that name
    /// one address.
    pub(crate) fn new<'a>(entries: impl Iterator<Item = (u32, &'a Entry)>) -> Sieve {
        let mut sieve = Sieve::default();
        for (index, entry) in entries {
            match entry.pattern.dst {
                Addrs::In(range) if range.lo == range.hi => sieve.exact.push((range.lo, index)),
                Addrs::Own | Addrs::OwnIn(_) => sieve.own.push(index),
                _ => sieve.rest.push(index),
            }
        }
        sieve.exact.sort_unstable();
        sieve
    }

    /// Whether no entry is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.own.is_empty() && self.rest.is_empty()
    }

    /// The indices of the entries that can match an address, in their order; `own` says whether it
    /// is the switch's own. Costs a binary search.
    pub(crate) fn entries(&self, addr: Addr, own: bool) -> impl Iterator<Item = u32> + '_ {
        let start = self.exact.partition_point(|(named, _)| *named < addr);
        let len = self.exact[start..].partition_point(|(named, _)| *named == addr);
        let mut exact = &self.exact[start..start + len];
        let mut own = if own { &self.own[..] } else { &[] };
        let mut rest = &self.rest[..];
        std::iter::from_fn(move || {
            let heads =
                [exact.first().map(|named| named.1), own.first().copied(), rest.first().copied()];
            let next = heads.into_iter().flatten().min()?;
            match heads.iter().position(|head| *head == Some(next)) {
                Some(0) => exact = &exact[1..],
                Some(1) => own = &own[1..],
                _ => rest = &rest[1..],
            }
            Some(next)
        })
    }
}
