//! Classes of addresses that no filter tells apart.
//!
//! By refinement: begin with what differs by the facts and the chains, and split each class by each
//! field that a filter names. A field costs its members, not the classes; so all cost the total size
//! of the sets, whatever their number.

use rustc_hash::FxHashMap;

use super::fold::Folds;
use super::{AddrClass, Owned};
use crate::addr::{Addr, Range};
use crate::element::ElementId;
use crate::fib::Addrs;
use crate::network::Network;

/// The addresses in classes.
pub(super) struct Partition {
    /// Each address that somebody owns, sorted.
    pub(super) owned: Vec<Addr>,
    /// Parts of the line that fields cut, in which somebody owns but some addresses; sorted.
    segments: Vec<Range>,
    /// The atom of each owned address, then of each segment.
    pub(super) atom_of: Vec<u32>,
    pub(super) atoms: Vec<AddrClass>,
    /// Owned addresses and segments, by atom, and where each atom begins among them.
    members: Vec<u32>,
    starts: Vec<u32>,
    /// The atoms of each field that filters name, sorted.
    pub(super) fields: FxHashMap<Addrs, Vec<u32>>,
}

/// What a field contains.
struct Field {
    addrs: Addrs,
    /// The owned addresses, as spans of their places.
    spans: Vec<(u32, u32)>,
    /// The ranges of which not every address is owned.
    open: Vec<Range>,
}

/// Classes under construction.
struct Refining {
    class: Vec<u32>,
    /// By class, the field that split it last, and which class it moved members to.
    split: Vec<(u32, u32)>,
}

// === impl Partition ===

impl Partition {
    pub(super) fn new(network: &Network, folds: &Folds<'_>) -> Partition {
        let mut owned: Vec<Addr> = network.owners.iter().map(|owner| owner.addr).collect();
        owned.dedup();
        let fields = named(network);
        let fields: Vec<Field> =
            fields.into_iter().map(|addrs| Field::new(network, &owned, addrs)).collect();
        let segments = segments(&owned, &fields);
        let mut refining = Refining::new(network, folds, &owned, segments.len());
        for (number, field) in (0..).zip(&fields) {
            field.items(&owned, &segments, |item| refining.take(item, number));
        }
        let mut partition = Partition {
            owned,
            segments,
            atom_of: refining.class,
            atoms: vec![],
            members: vec![],
            starts: vec![],
            fields: FxHashMap::default(),
        };
        partition.number(network, refining.split.len());
        let mut met = vec![u32::MAX; partition.atoms.len()];
        for (number, field) in (0..).zip(&fields) {
            let mut atoms = vec![];
            let Partition { owned, segments, atom_of, .. } = &partition;
            field.items(owned, segments, |item| {
                let atom = atom_of[item as usize];
                if std::mem::replace(&mut met[atom as usize], number) != number {
                    atoms.push(atom);
                }
            });
            atoms.sort_unstable();
            partition.fields.insert(field.addrs, atoms);
        }
        partition
    }

    /// Numbers the classes: those of the world, of Nodes, of Pods, each in the order of the
    /// elements, so that those of one namespace are neighbours.
    fn number(&mut self, network: &Network, classes: usize) {
        let whose = |item: usize| match self.owned.get(item) {
            None => (Owned::World, ElementId(item as u32)),
            Some(addr) => {
                let owner = network.owners_of(*addr)[0];
                (owned_by(network, *addr), owner.to)
            }
        };
        let rank = |(owned, first): (Owned, ElementId)| match owned {
            Owned::World => (0, first),
            Owned::Node(node) => (1, node),
            Owned::Pods => (2, first),
            Owned::Contested => (3, first),
        };
        let mut first: Vec<Option<(u8, ElementId, u32)>> = vec![None; classes];
        let mut items: Vec<(u8, ElementId, u32)> = Vec::with_capacity(self.atom_of.len());
        for item in 0..self.atom_of.len() {
            let (rank, element) = rank(whose(item));
            let key = (rank, element, item as u32);
            let known = &mut first[self.atom_of[item] as usize];
            *known = Some(known.map_or(key, |known| known.min(key)));
            items.push(key);
        }
        let mut order: Vec<(u8, ElementId, u32)> = first.iter().flatten().copied().collect();
        order.sort_unstable();
        let mut number = vec![0; classes];
        for (atom, (_, _, item)) in (0..).zip(&order) {
            number[self.atom_of[*item as usize] as usize] = atom;
        }
        self.atom_of.iter_mut().for_each(|class| *class = number[*class as usize]);
        let mut counts = vec![0u32; order.len() + 1];
        self.atom_of.iter().for_each(|atom| counts[*atom as usize + 1] += 1);
        for atom in 1..counts.len() {
            counts[atom] += counts[atom - 1];
        }
        self.starts = counts.clone();
        self.members = vec![0; self.atom_of.len()];
        for (item, atom) in (0..).zip(&self.atom_of) {
            let next = &mut counts[*atom as usize];
            self.members[*next as usize] = item;
            *next += 1;
        }
        self.atoms = (0..order.len())
            .map(|atom| {
                let members =
                    &self.members[self.starts[atom] as usize..self.starts[atom + 1] as usize];
                let item = members[0] as usize;
                let count = if item < self.owned.len() { members.len() as u32 } else { 0 };
                let segment = || unowned(&self.owned, self.segments[item - self.owned.len()]);
                let first = self.owned.get(item).copied().or_else(segment);
                AddrClass { owner: whose(item).0, first: first.unwrap_or(Addr::MIN), count }
            })
            .collect();
    }

    pub(super) fn atom(&self, addr: Addr) -> u32 {
        let item = self.owned.binary_search(&addr).unwrap_or_else(|_| {
            let after = self.segments.partition_point(|segment| segment.lo <= addr);
            self.owned.len() + after.saturating_sub(1)
        });
        self.atom_of[item]
    }

    pub(super) fn members(&self, atom: u32) -> impl Iterator<Item = Range> + '_ {
        let (start, end) = (self.starts[atom as usize], self.starts[atom as usize + 1]);
        self.members[start as usize..end as usize].iter().map(|item| {
            let item = *item as usize;
            match self.owned.get(item) {
                Some(addr) => Range::one(*addr),
                None => self.segments[item - self.owned.len()],
            }
        })
    }
}

/// Whose an owned address is.
fn owned_by(network: &Network, addr: Addr) -> Owned {
    match network.owners_of(addr) {
        [owner] if owner.when.is_none() && owner.to == owner.via => Owned::Node(owner.to),
        [owner] if owner.when.is_none() => Owned::Pods,
        [] => Owned::World,
        _ => Owned::Contested,
    }
}

/// The fields that filters name, each once, in an order that depends on the network alone.
fn named(network: &Network) -> Vec<Addrs> {
    let mut filters = vec![false; network.tables.len()];
    let chains = network.tables.iter().filter_map(|table| table.chains.as_deref());
    for filter in chains.flat_map(|chains| chains.lists.iter().flatten()) {
        filters[filter.0 as usize] = true;
    }
    let tables = network.tables.iter().zip(filters).filter(|(_, filter)| *filter);
    let patterns = tables.flat_map(|(table, _)| &table.entries).map(|entry| &entry.pattern);
    let fields = patterns.flat_map(|pattern| [pattern.src, pattern.dst]);
    let mut named: Vec<Addrs> = fields
        .filter_map(|field| match field {
            Addrs::In(_) | Addrs::Set(_) => Some(field),
            Addrs::OwnIn(set) => Some(Addrs::Set(set)),
            _ => None,
        })
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// The parts of the line that fields cut, but for those of which each address is owned.
fn segments(owned: &[Addr], fields: &[Field]) -> Vec<Range> {
    let open = fields.iter().flat_map(|field| &field.open);
    let mut cuts: Vec<Addr> =
        open.flat_map(|range| [Some(range.lo), range.hi.next()]).flatten().collect();
    cuts.push(Addr::MIN);
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().skip(1).map(|next| next.previous().unwrap_or(Addr::MIN));
    let segments = cuts.iter().zip(ends.chain([Addr::MAX])).map(|(lo, hi)| Range { lo: *lo, hi });
    segments.filter(|segment| unowned(owned, *segment).is_some()).collect()
}

/// The first address of a range that nobody owns.
fn unowned(owned: &[Addr], range: Range) -> Option<Addr> {
    let start = owned.partition_point(|addr| *addr < range.lo);
    let mut free = Some(range.lo);
    for addr in &owned[start..] {
        if free != Some(*addr) {
            break;
        }
        free = addr.next();
    }
    free.filter(|free| *free <= range.hi)
}

// === impl Field ===

impl Field {
    fn new(network: &Network, owned: &[Addr], addrs: Addrs) -> Field {
        let one;
        let ranges: &[Range] = match addrs {
            Addrs::In(range) => {
                one = [range];
                &one
            }
            Addrs::Set(set) => &network.set(set).ranges,
            _ => &[],
        };
        let (mut spans, mut open) = (Vec::with_capacity(ranges.len()), vec![]);
        let mut at = 0;
        for range in ranges {
            at = seek(owned, at, range.lo);
            let start = at;
            at = match range.hi.next() {
                // Mostly it is one address.
                Some(_) if range.lo == range.hi => {
                    at + usize::from(owned.get(at) == Some(&range.lo))
                }
                Some(next) => seek(owned, at, next),
                None => owned.len(),
            };
            if start < at {
                spans.push((start as u32, at as u32));
            }
            if !range.counts((at - start) as u128) {
                open.push(*range);
            }
        }
        Field { addrs, spans, open }
    }

    /// Its owned addresses, and the segments in it, by their places.
    fn items(&self, owned: &[Addr], segments: &[Range], mut each: impl FnMut(u32)) {
        self.spans.iter().flat_map(|(start, end)| *start..*end).for_each(&mut each);
        for range in &self.open {
            let start = segments.partition_point(|segment| segment.lo < range.lo);
            let inside = segments[start..].iter().take_while(|segment| segment.hi <= range.hi);
            let first = (owned.len() + start) as u32;
            (first..).zip(inside).for_each(|(item, _)| each(item));
        }
    }
}

/// The place of the first that is not less, from a place on. Costs little where it is near.
fn seek(owned: &[Addr], from: usize, addr: Addr) -> usize {
    let (mut low, mut step) = (from, 1);
    while owned.get(low + step - 1).is_some_and(|next| *next < addr) {
        low += step;
        step *= 2;
    }
    let high = owned.len().min(low + step);
    low + owned[low..high].partition_point(|next| *next < addr)
}

// === impl Refining ===

impl Refining {
    /// Begins with what the facts and the chains say.
    fn new(network: &Network, folds: &Folds<'_>, owned: &[Addr], segments: usize) -> Refining {
        let mut known: FxHashMap<(Owned, u32, u32, u32), u32> = FxHashMap::default();
        let mut class: Vec<u32> = Vec::with_capacity(owned.len() + segments);
        for (place, addr) in owned.iter().enumerate() {
            let owned = owned_by(network, *addr);
            let alone = if owned == Owned::Contested { place as u32 } else { 0 };
            let key = (owned, folds.egress[place], folds.ingress[place], alone);
            let next = known.len() as u32;
            class.push(*known.entry(key).or_insert(next));
        }
        let world = known.len() as u32;
        class.extend(std::iter::repeat_n(world, segments));
        Refining { class, split: vec![(u32::MAX, 0); world as usize + 1] }
    }

    /// Says that an item is in a field; for each field, once.
    fn take(&mut self, item: u32, field: u32) {
        let next = self.split.len() as u32;
        let class = &mut self.class[item as usize];
        let (by, to) = &mut self.split[*class as usize];
        let new = *by != field;
        if new {
            (*by, *to) = (field, next);
        }
        *class = *to;
        if new {
            self.split.push((u32::MAX, 0));
        }
    }
}
