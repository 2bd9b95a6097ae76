//! Which entries of a table can match a target, found without asking each.

use std::iter::Peekable;
use std::ops;
use std::slice;

use crate::addr::Addr;
use crate::fib::{Addrs, Ports, Table};
use crate::header::Header;

/// The entries of a table, by the one target address that they name; those that name none, by the
/// one target port. All are sorted by that and then by their place in the table.
#[derive(Debug)]
pub(super) struct Lookup {
    addresses: Vec<(Addr, u32)>,
    ports: Vec<(u16, u32)>,
    others: Vec<((), u32)>,
}

/// Places in a table, in their order.
pub(super) enum Candidates<'l> {
    All(ops::Range<u32>),
    Some(Places<'l, Addr>, Places<'l, u16>, Places<'l, ()>),
}

/// Places in a table of entries that name the same.
type Places<'l, K> = Peekable<slice::Iter<'l, (K, u32)>>;

fn of<K: Ord>(places: &[(K, u32)], key: K) -> Places<'_, K> {
    let start = places.partition_point(|place| place.0 < key);
    let len = places[start..].partition_point(|place| place.0 == key);
    places[start..start + len].iter().peekable()
}

// === impl Lookup ===

impl Lookup {
    pub(super) fn new(table: &Table) -> Lookup {
        let mut lookup = Lookup { addresses: vec![], ports: vec![], others: vec![] };
        for (place, entry) in (0..).zip(&table.entries) {
            match (entry.pattern.dst, entry.pattern.dport) {
                (Addrs::In(range), _) if range.lo == range.hi => {
                    lookup.addresses.push((range.lo, place));
                }
                (_, Ports::In(lo, hi)) if lo == hi => lookup.ports.push((lo, place)),
                _ => lookup.others.push(((), place)),
            }
        }
        lookup.addresses.sort_unstable();
        lookup.ports.sort_unstable();
        lookup
    }

    pub(super) fn candidates(&self, header: Header) -> Candidates<'_> {
        Candidates::Some(
            of(&self.addresses, header.dst),
            of(&self.ports, header.dport),
            of(&self.others, ()),
        )
    }
}

// === impl Candidates ===

impl Iterator for Candidates<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Candidates::All(places) => places.next(),
            Candidates::Some(addresses, ports, others) => {
                let heads = [
                    addresses.peek().map(|place| place.1),
                    ports.peek().map(|place| place.1),
                    others.peek().map(|place| place.1),
                ];
                let first = heads.into_iter().flatten().min()?;
                match heads.iter().position(|head| *head == Some(first)) {
                    Some(0) => drop(addresses.next()),
                    Some(1) => drop(ports.next()),
                    _ => drop(others.next()),
                }
                Some(first)
            }
        }
    }
}
