//! What the filters of two networks let through, in one space: so that what differs is one set.

use rustc_hash::FxHashMap;

use super::Filters;
use crate::network::{Choice, Network};
use crate::set::{Import, Level, Rename, SetId, Space};

/// Two networks in one space. Its atoms are pairs of an atom of the one and an atom of the other:
/// of addresses that somebody says are the same, or of which one of the two has nothing.
pub struct Pair {
    /// Where the sets of both are. Its levels are those of [`Filters`]; choices of both that have one
    /// name are one level.
    pub space: Space,
    /// The atoms, by their number.
    pub atoms: Vec<[Option<u32>; 2]>,
    /// The choices of both.
    pub choices: Vec<Choice>,
    numbers: FxHashMap<[Option<u32>; 2], u32>,
    imports: [Import; 2],
    /// The headers of which a network has both addresses.
    within: [SetId; 2],
}

// === impl Pair ===

impl Pair {
    /// A space for the sets of two networks. None where they have more choices together than a space
    /// has levels.
    pub fn new(filters: [&Filters<'_>; 2], mut atoms: Vec<[Option<u32>; 2]>) -> Option<Pair> {
        // In the order of the first: what is taken over of it stays as compact as it was.
        let none_last = |atom: Option<u32>| atom.unwrap_or(u32::MAX);
        atoms.sort_unstable_by_key(|atom| atom.map(none_last));
        atoms.dedup();
        let mut choices: Vec<Choice> = vec![];
        let mut levels: [Vec<Rename>; 2] = Default::default();
        for (side, (filters, levels)) in filters.into_iter().zip(&mut levels).enumerate() {
            let values = || Rename::Values(atoms.iter().map(|atom| atom[side]).collect());
            levels.extend([values(), values(), Rename::Same, Rename::Same]);
            let known = choices.len();
            for choice in &filters.network.choices {
                // What stands for many may fall otherwise each time that it is asked.
                let same = |other: &Choice| other == choice && !choice.is_too_many();
                let at = choices[..known].iter().position(same).unwrap_or_else(|| {
                    choices.push(choice.clone());
                    choices.len() - 1
                });
                levels.push(Rename::Moved(Level(
                    Filters::CHOICE.0.saturating_add(u8::try_from(at).unwrap_or(u8::MAX)),
                )));
            }
        }
        if choices.len() > Network::MAX_CHOICES {
            return None;
        }
        let count = atoms.len() as u64;
        let domains = [count, count, 3, 1 << 16].into_iter();
        let domains: Vec<u64> =
            domains.chain(choices.iter().map(|choice| u64::from(choice.values))).collect();
        let mut space = Space::new(&domains);
        let within = [0, 1].map(|side| {
            let own = |(number, atom): (u32, &[Option<u32>; 2])| atom[side].map(|_| number);
            let own: Vec<u32> = (0..).zip(&atoms).filter_map(own).collect();
            let [target, source] =
                [Filters::TARGET, Filters::SOURCE].map(|level| space.values_of(level, &own));
            space.and(target, source)
        });
        let numbers = atoms.iter().copied().zip(0..).collect();
        let imports = levels.map(Import::new);
        Some(Pair { space, atoms, choices, numbers, imports, within })
    }

    /// The number of an atom.
    pub fn atom(&self, atom: [Option<u32>; 2]) -> Option<u32> {
        self.numbers.get(&atom).copied()
    }

    /// A set of one of the two networks: nothing of it where that lacks an address. Costs the edges of
    /// its diagram, what is shared by several once.
    pub fn import(&mut self, side: usize, of: &Filters<'_>, set: SetId) -> SetId {
        let set = self.space.import(&of.space, set, &mut self.imports[side]);
        self.space.and(set, self.within[side])
    }

    /// A set of one of the two that asks no address.
    pub fn import_part(&mut self, side: usize, of: &Filters<'_>, set: SetId) -> SetId {
        self.space.import(&of.space, set, &mut self.imports[side])
    }
}
