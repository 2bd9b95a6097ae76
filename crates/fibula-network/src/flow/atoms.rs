//! Address atoms: the addresses, split once by everything that a network says of them.

use crate::addr::{Addr, Range};
use crate::fib::Addrs;
use crate::network::Network;

/// The line of addresses, cut wherever a pattern, a named set, an owner or a fact begins or ends.
/// No entry tells two addresses of one atom apart.
#[derive(Clone, Debug)]
pub struct Atoms {
    starts: Vec<Addr>,
    /// Whether entries compare source and target. Then each atom of several addresses comes after
    /// one that is a single address like these: two addresses of one header that lie in it are not
    /// the same, and two that are the same stand in the atom before it.
    compared: bool,
}

/// An atom: its number, counted along the line.
pub type Atom = u32;

// === impl Atoms ===

impl Atoms {
    /// The atoms of a network, of which `apart` and `backends` are the addresses that it speaks of
    /// one by one, both sorted; if entries compare addresses, `met` are those that messages get as
    /// their source. Costs a merge of these, and a sort of the other ranges that it
    /// names.
    pub(crate) fn new(
        network: &Network,
        apart: &[Addr],
        backends: &[Addr],
        met: Option<Vec<Addr>>,
    ) -> Atoms {
        let patterns = network.tables.iter().flat_map(|t| &t.entries).map(|e| &e.pattern);
        let fields = patterns.flat_map(|p| [p.src, p.dst]).filter_map(|addrs| match addrs {
            Addrs::In(range) => Some(range),
            _ => None,
        });
        let sets = network.sets.iter().flat_map(|set| set.ranges.iter().copied());
        let compared = met.is_some();
        let met = met.into_iter().flatten().map(Range::one);
        let ranges = Atoms::cut(fields.chain(sets).chain([Range::ALL_V4]).chain(met)).starts;
        let mut starts = Vec::with_capacity(2 * apart.len() + ranges.len());
        let mut ranges = ranges.into_iter().peekable();
        let (mut apart, mut backends) = (apart.iter().peekable(), backends.iter().peekable());
        let single = std::iter::from_fn(|| match (apart.peek(), backends.peek()) {
            (Some(a), Some(b)) if a < b => apart.next(),
            (_, Some(_)) => backends.next(),
            (_, None) => apart.next(),
        });
        for addr in single.flat_map(|addr| [Some(*addr), addr.next()]).flatten() {
            while let Some(before) = ranges.next_if(|start| *start <= addr) {
                push(&mut starts, before);
            }
            push(&mut starts, addr);
        }
        for start in ranges {
            push(&mut starts, start);
        }
        if compared {
            let cut = std::mem::take(&mut starts);
            for addr in cut.into_iter().flat_map(|start| [Some(start), start.next()]).flatten() {
                push(&mut starts, addr);
            }
        }
        Atoms { starts, compared }
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
        Atoms { starts, compared: false }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The atom that holds an address. Costs a binary search.
    pub fn of(&self, addr: Addr) -> Atom {
        self.starts.partition_point(|start| *start <= addr) as u32 - 1
    }

    /// The atoms that hold a source and a target. Costs two binary searches.
    pub fn of_both(&self, source: Addr, target: Addr) -> (Atom, Atom) {
        let same = self.compared && source == target;
        let [source, target] = [source, target].map(|addr| self.of(addr));
        match same && self.same(target).is_none() {
            true => (source - 1, target - 1),
            false => (source, target),
        }
    }

    /// A source and a target that two atoms hold: the first of each, as far as the two differ.
    pub fn both(&self, source: Atom, target: Atom) -> (Addr, Addr) {
        let first = self.range(target).lo;
        let other = first
            .next()
            .filter(|_| self.compared && source == target && self.same(target).is_none());
        (other.unwrap_or(self.range(source).lo), first)
    }

    /// The sources that are the same as a target.
    pub(crate) fn same(&self, target: Atom) -> Option<Atom> {
        let range = self.range(target);
        (range.lo == range.hi).then_some(target)
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

/// Adds a start to sorted ones, unless it is there.
fn push(starts: &mut Vec<Addr>, start: Addr) {
    if starts.last().is_none_or(|last| *last < start) {
        starts.push(start);
    }
}
