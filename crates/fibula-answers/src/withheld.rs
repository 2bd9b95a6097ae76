//! What policies withhold from C3 (NM-3): how many pairs of groups of pods they keep apart.

use std::collections::BTreeMap;

use fibula_network::filters::{Filters, Owner};
use fibula_network::set::{SetId, Space};
use fibula_network::{ElementId, Family, Kind, Network, Port};
use rustc_hash::FxHashMap;

/// How many pairs of groups of pods policies keep apart.
///
/// Two pods are of one group where policies withhold the same from both: from all that they send,
/// and of all that is sent to ports on which they listen. It is the coarsest such partition of the
/// pods. A group is paired with each group, itself too, in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Pairs of which some message to a port on which the second listens is, or may be, withheld.
    pub pairs: u64,
    /// How many groups there are.
    pub groups: u64,
}

/// By family, what is withheld of messages of pods to a pod, if something is.
type Columns = [Option<SetId>; 2];

/// A group: what is withheld from others to it, and from it.
type Signature = (Columns, [u64; 2]);

/// Counts what the filters of a network withhold of C3. None where it has no filters, or such as
/// only a walk can ask.
///
/// Costs what [`Filters::new`] does, and a pass over what is withheld of each target that policies
/// tell apart.
pub fn withheld(network: &Network) -> Option<Withheld> {
    if network.tables.iter().all(|table| table.chains.is_none()) {
        return None;
    }
    let mut filters = Filters::new(network)?;
    let columns: BTreeMap<ElementId, Columns> = columns(&mut filters);
    let mut distinct: Vec<SetId> = columns.values().flatten().flatten().copied().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let rows = rows(&filters, &distinct);

    let mut atoms: FxHashMap<ElementId, [Option<u32>; 2]> = FxHashMap::default();
    for owner in &network.owners {
        let place = index(owner.addr.family());
        atoms.entry(owner.to).or_default()[place] = Some(filters.atoms.of(owner.addr));
    }
    let mut groups: BTreeMap<Signature, [Option<u32>; 2]> = BTreeMap::new();
    for (pod, columns) in columns {
        let own = atoms.get(&pod).copied().unwrap_or_default();
        let sent = own.map(|atom| atom.map_or(0, |atom| rows[atom as usize]));
        groups.entry((columns, sent)).or_insert(own);
    }
    let sources: Vec<[Option<u32>; 2]> = groups.values().copied().collect();
    let mut targets: BTreeMap<Columns, u64> = BTreeMap::new();
    for (columns, _) in groups.keys() {
        *targets.entry(*columns).or_default() += 1;
    }
    let mut pairs = 0;
    for (columns, count) in targets {
        let mut apart = vec![false; sources.len()];
        for (family, set) in columns.into_iter().enumerate() {
            let Some(set) = set else { continue };
            let parts = filters.parts(set, Filters::SOURCE);
            for (source, apart) in sources.iter().zip(&mut apart) {
                let Some(atom) = source[family] else { continue };
                let part = parts[parts.partition_point(|((_, hi), _)| *hi < atom)].1;
                *apart |= part != Space::EMPTY;
            }
        }
        pairs += count * apart.into_iter().filter(|apart| *apart).count() as u64;
    }
    Some(Withheld { pairs, groups: sources.len() as u64 })
}

/// By pod, what of the messages to ports on which it listens is not certainly let through, by
/// source.
fn columns(filters: &mut Filters<'_>) -> BTreeMap<ElementId, Columns> {
    let network = filters.network;
    let mut listens: FxHashMap<ElementId, Vec<Port>> = FxHashMap::default();
    for open in &network.facts.open {
        if let Some(pod) = network.facts.host(open.process) {
            listens.entry(pod).or_default().push(open.port);
        }
    }
    let mut by_atom = vec![Space::EMPTY; filters.atoms.count() as usize];
    for ((lo, hi), part) in filters.parts(filters.allowed, Filters::TARGET) {
        by_atom[lo as usize..=hi as usize].fill(part);
    }
    // Only pods of its family send to a pod: of others it makes no difference.
    let sources = [Family::V4, Family::V6].map(|family| {
        let atoms = filters.atoms.iter();
        let own = atoms.filter(|(_, atom)| atom.owner == Owner::Pods && atom.family == family);
        let own: Vec<u32> = own.map(|(number, _)| number).collect();
        filters.space.values_of(Filters::SOURCE, &own)
    });
    let mut known: FxHashMap<(SetId, Vec<Port>, Family), SetId> = FxHashMap::default();
    let mut columns: BTreeMap<ElementId, Columns> = BTreeMap::new();
    for owner in network.owners.iter().filter(|owner| network.kind(owner.to) == Kind::Pod) {
        let mut ports = listens.get(&owner.to).cloned().unwrap_or_default();
        ports.sort_unstable();
        ports.dedup();
        let atom = filters.atoms.of(owner.addr);
        let allowed = by_atom[atom as usize];
        let family = owner.addr.family();
        let set = match known.get(&(allowed, ports.clone(), family)) {
            Some(set) => *set,
            None => {
                let wanted: Vec<SetId> = ports.iter().map(|port| at(filters, *port)).collect();
                let wanted = filters.space.any(&wanted);
                let lost = filters.space.minus(wanted, allowed);
                let lost = filters.space.and(lost, sources[index(family)]);
                let (lost, _) = filters.may_and_must(lost);
                known.insert((allowed, ports, family), lost);
                lost
            }
        };
        let own = columns.entry(owner.to).or_default();
        own[index(family)] = Some(set).filter(|set| *set != Space::EMPTY);
    }
    columns
}

/// The headers to a port.
fn at(filters: &mut Filters<'_>, Port { proto, number }: Port) -> SetId {
    let proto = proto as u32;
    let proto = filters.space.interval(Filters::PROTO, proto, proto);
    let number = filters.space.interval(Filters::PORT, number.into(), number.into());
    filters.space.and(proto, number)
}

/// By atom, what is withheld from it as a source, as a number: that of two different lists is the
/// same once in 2⁶⁴ pairs.
fn rows(filters: &Filters<'_>, columns: &[SetId]) -> Vec<u64> {
    let mut changes = vec![0_u64; filters.atoms.count() as usize + 1];
    for (number, column) in (0_u64..).zip(columns) {
        for ((lo, hi), part) in filters.parts(*column, Filters::SOURCE) {
            let mark = mark(number, part);
            changes[lo as usize] = changes[lo as usize].wrapping_add(mark);
            let next = (hi as usize + 1).min(changes.len() - 1);
            changes[next] = changes[next].wrapping_sub(mark);
        }
    }
    let mut sum = 0_u64;
    changes.pop();
    changes.iter_mut().for_each(|change| {
        sum = sum.wrapping_add(*change);
        *change = sum;
    });
    changes
}

/// A number without a pattern for a part of a column; none for the empty one.
fn mark(column: u64, part: SetId) -> u64 {
    use std::hash::{Hash as _, Hasher as _};
    if part == Space::EMPTY {
        return 0;
    }
    let mut hasher = rustc_hash::FxHasher::default();
    (column, part).hash(&mut hasher);
    let mut x = hasher.finish();
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

fn index(family: Family) -> usize {
    match family {
        Family::V4 => 0,
        Family::V6 => 1,
    }
}
