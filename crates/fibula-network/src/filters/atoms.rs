//! Addresses, as far as filters tell them apart.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::addr::{Addr, Family, Range};
use crate::element::{ElementId, Kind};
use crate::fib::{AddrSetId, Addrs, TableId};
use crate::network::Network;

/// The addresses of a network, as atoms: no filter tells those of one atom apart.
///
/// Atoms of Pods come first, in the order of their first Pod, so that the Pods of a namespace are
/// neighbours; then those of Nodes, then what nobody owns.
#[derive(Clone, Debug, Default)]
pub struct FilterAtoms {
    atoms: Vec<FilterAtom>,
    /// The addresses that somebody owns, sorted, with their atoms.
    owned: Vec<(Addr, u32)>,
    /// Where segments of the line begin, sorted, with the atoms of those that nobody owns there.
    segments: Vec<(Addr, u32)>,
}

/// Addresses that no filter tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterAtom {
    /// Whose they are.
    pub owner: Owner,
    /// The family of all of them.
    pub family: Family,
    /// One of them.
    pub first: Addr,
    /// The Pods or Nodes that own them, sorted; empty where nobody does.
    pub elements: Vec<ElementId>,
    /// The ranges that they are in, sorted, where nobody owns them.
    pub ranges: Vec<Range>,
}

/// Whose the addresses of an atom are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Pods.
    Pods,
    /// Nodes.
    Nodes,
    /// Nobody in the network.
    Nobody,
}

/// What is known of an address: a number for each set, added up without order. Two different lists
/// of sets have the same sum once in 2⁶⁴ pairs.
type Signature = u64;

/// Marks sets with numbers that have no pattern.
fn mark(number: u64) -> Signature {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// A line of owned addresses and of boundaries, with signatures that grow set by set.
struct Line<'n> {
    network: &'n Network,
    owned: Vec<(Addr, ElementId, Signature)>,
    /// Where the signature of what nobody owns changes, and by what.
    changes: Vec<(Addr, Signature)>,
}

// === impl FilterAtoms ===

impl FilterAtoms {
    pub(super) fn new(network: &Network, filters: &[TableId]) -> FilterAtoms {
        let mut line = Line::new(network);
        let mut sets: FxHashSet<AddrSetId> = FxHashSet::default();
        let mut ranges: FxHashSet<(Addr, Addr)> = FxHashSet::default();
        let entries = filters.iter().flat_map(|table| &network.table(*table).entries);
        for addrs in entries.flat_map(|entry| [entry.pattern.src, entry.pattern.dst]) {
            match addrs {
                Addrs::Set(set) if sets.insert(set) => {
                    line.add(mark(u64::from(set.0)), &network.set(set).ranges);
                }
                Addrs::In(range) if ranges.insert((range.lo, range.hi)) => {
                    let number = 1 << 32 | ranges.len() as u64;
                    line.add(mark(number), &[range]);
                }
                _ => {}
            }
        }
        line.chains();
        line.atoms()
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.atoms.len() as u32
    }

    /// An atom, by its number.
    pub fn get(&self, atom: u32) -> &FilterAtom {
        &self.atoms[atom as usize]
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &FilterAtom)> {
        (0..).zip(&self.atoms)
    }

    /// The atom of an address. Costs a binary search.
    pub fn of(&self, addr: Addr) -> u32 {
        match self.owned.binary_search_by_key(&addr, |(owned, _)| *owned) {
            Ok(at) => self.owned[at].1,
            Err(_) => {
                let at = self.segments.partition_point(|(start, _)| *start <= addr);
                self.segments[at - 1].1
            }
        }
    }

    /// The atoms that have an address in a range: all of theirs are in it. Costs what it holds.
    pub(super) fn within(&self, range: Range, out: &mut Vec<u32>) {
        let start = self.owned.partition_point(|(addr, _)| *addr < range.lo);
        let owned = self.owned[start..].iter().take_while(|(addr, _)| *addr <= range.hi);
        let before = out.len();
        out.extend(owned.map(|(_, atom)| *atom));
        if range.hi.distance(range.lo) == (out.len() - before) as u128 {
            return;
        }
        let first = self.segments.partition_point(|(start, _)| *start < range.lo);
        let segments = self.segments[first..].iter();
        out.extend(segments.take_while(|(start, _)| *start <= range.hi).map(|(_, atom)| *atom));
    }
}

// === impl Line ===

impl<'n> Line<'n> {
    fn new(network: &'n Network) -> Line<'n> {
        let mut owned: Vec<(Addr, ElementId, Signature)> = vec![];
        for owner in &network.owners {
            // An address that several claim has the first's atom: which of them has it is a choice.
            if owned.last().is_none_or(|(addr, ..)| *addr != owner.addr) {
                let family = u64::from(owner.addr.family() == Family::V6);
                let kind = u64::from(network.kind(owner.to) == Kind::Pod);
                owned.push((owner.addr, owner.to, mark(3 << 32 | family << 1 | kind)));
            }
        }
        let mut line = Line { network, owned, changes: vec![(Addr::MIN, 0)] };
        line.edge(mark(2 << 32), Range::ALL_V4);
        line
    }

    /// Notes that these addresses, sorted and apart, are in a set.
    fn add(&mut self, mark: Signature, ranges: &[Range]) {
        let mut from = 0;
        for range in ranges {
            from += ahead(&self.owned[from..], range.lo);
            let mut held = 0;
            while let Some((_, _, signature)) =
                self.owned.get_mut(from).filter(|(addr, ..)| *addr <= range.hi)
            {
                *signature = signature.wrapping_add(mark);
                from += 1;
                held += 1;
            }
            if range.hi.distance(range.lo) != held {
                self.edge(mark, *range);
            }
        }
    }

    fn edge(&mut self, mark: Signature, range: Range) {
        self.changes.push((range.lo, mark));
        let end = range.hi.next();
        self.changes.extend(end.map(|end| (end, mark.wrapping_neg())));
    }

    /// Tells Pods apart that have different chains.
    fn chains(&mut self) {
        let mut of: Vec<Signature> = vec![0; self.network.elements.len()];
        for (number, table) in (4u64..).zip(&self.network.tables) {
            let chains = table.chains.iter().flat_map(|chains| &chains.of);
            for (pod, chain) in chains {
                let own = &mut of[pod.index()];
                *own = own.wrapping_add(mark(number << 32 | u64::from(chain.0)));
            }
        }
        for (_, owner, signature) in &mut self.owned {
            *signature = signature.wrapping_add(of[owner.index()]);
            if let Some(fib) = super::host(self.network, *owner).and_then(|h| self.network.fib(h)) {
                // Whose pipeline it is that the chains stand in.
                *signature = signature.wrapping_add(mark(u64::MAX - u64::from(fib.pipeline.0)));
            }
        }
    }

    fn atoms(mut self) -> FilterAtoms {
        let mut out = FilterAtoms::default();
        let mut known: FxHashMap<(Owner, Signature), u32> = FxHashMap::default();
        let mut order: Vec<usize> = (0..self.owned.len()).collect();
        let owner = |id| match self.network.kind(id) {
            Kind::Pod => Owner::Pods,
            _ => Owner::Nodes,
        };
        order.sort_unstable_by_key(|at| {
            let (addr, id, _) = self.owned[*at];
            (owner(id), id, addr)
        });
        let mut atom_of = vec![0; self.owned.len()];
        for at in order {
            let (addr, id, signature) = self.owned[at];
            let atom = out.atom(&mut known, (owner(id), signature), addr);
            atom_of[at] = atom;
            let elements = &mut out.atoms[atom as usize].elements;
            if elements.last() != Some(&id) {
                elements.push(id);
            }
        }
        out.owned = self.owned.iter().map(|(addr, ..)| *addr).zip(atom_of).collect();
        self.changes.sort_unstable();
        let mut signature: Signature = 0;
        let mut changes = self.changes.chunk_by(|a, b| a.0 == b.0).peekable();
        while let Some(here) = changes.next() {
            let lo = here[0].0;
            signature = here.iter().fold(signature, |all, (_, by)| all.wrapping_add(*by));
            let end = changes.peek().and_then(|next| next[0].0.previous());
            let range = Range { lo, hi: end.unwrap_or(Addr::MAX) };
            if is_owned(&out.owned, range) {
                // Nobody is missed in what lies around it.
                let before = out.segments.last().map(|(_, atom)| &mut out.atoms[*atom as usize]);
                let before = before.filter(|atom| atom.family == lo.family());
                if let Some(last) = before.and_then(|atom| atom.ranges.last_mut()) {
                    last.hi = range.hi;
                }
                continue;
            }
            let atom = out.atom(&mut known, (Owner::Nobody, signature), lo);
            let ranges = &mut out.atoms[atom as usize].ranges;
            match ranges.last_mut().filter(|last| last.hi.next() == Some(lo)) {
                Some(last) => last.hi = range.hi,
                None => ranges.push(range),
            }
            out.segments.push((lo, atom));
        }
        out
    }
}

impl FilterAtoms {
    fn atom(
        &mut self,
        known: &mut FxHashMap<(Owner, Signature), u32>,
        key: (Owner, Signature),
        first: Addr,
    ) -> u32 {
        *known.entry(key).or_insert_with(|| {
            let (elements, ranges) = (vec![], vec![]);
            let family = first.family();
            self.atoms.push(FilterAtom { owner: key.0, family, first, elements, ranges });
            self.atoms.len() as u32 - 1
        })
    }
}

/// Whether somebody owns every address of a range, such as the one that a block excepts: then there
/// is none that nobody has.
fn is_owned(owned: &[(Addr, u32)], range: Range) -> bool {
    let start = owned.partition_point(|(addr, _)| *addr < range.lo);
    let held = owned[start..].partition_point(|(addr, _)| *addr <= range.hi);
    range.hi.distance(range.lo) == held as u128
}

/// How many addresses come before one, which is mostly near.
fn ahead(owned: &[(Addr, ElementId, Signature)], addr: Addr) -> usize {
    let mut reach = 1;
    while owned.get(reach - 1).is_some_and(|(owned, ..)| *owned < addr) {
        reach *= 2;
    }
    let near = &owned[..owned.len().min(reach)];
    near.partition_point(|(owned, ..)| *owned < addr)
}
