//! Some switches of one kind, by the atoms of their addresses.

use std::rc::Rc;

use fibula_network::filters::{FilterAtoms, Filters, Owner};
use fibula_network::set::{Level, SetId, Space};
use fibula_network::{ElementId, Family};

use super::scene::Atoms;
use crate::reach::{FAMILIES, index};

/// These, or all of their kind but these.
#[derive(Clone, Debug)]
pub(super) struct Picked {
    /// Whether those in the list are left out of all.
    rest: bool,
    /// Sorted.
    list: Rc<[ElementId]>,
    /// The atoms of those in the list, sorted.
    atoms: Rc<[(u32, ElementId)]>,
}

/// Everybody who counts: all, or those of whom it is certain what policies say of them.
pub(super) struct Population {
    /// By element, whether it counts; of all it is not asked.
    only: Option<Vec<bool>>,
    /// Those who never do: somebody else claims their addresses too (POD-7). Sorted.
    contested: Vec<ElementId>,
    /// By atom, how many do.
    count: Vec<u32>,
    /// By level (source, target), by kind (Pods, Nodes) and by family: the atoms of those who do.
    whole: [[[SetId; 2]; 2]; 2],
}

/// The two levels of addresses.
const LEVELS: [Level; 2] = [Filters::SOURCE, Filters::TARGET];
const OWNERS: [Owner; 2] = [Owner::Pods, Owner::Nodes];

// === impl Picked ===

impl Picked {
    /// These; each once.
    pub(super) fn of(atoms: &Atoms, mut list: Vec<ElementId>) -> Picked {
        list.sort_unstable();
        list.dedup();
        let pairs = list.iter().flat_map(|id| atoms.of(*id).iter().map(|atom| (*atom, *id)));
        let mut pairs: Vec<(u32, ElementId)> = pairs.collect();
        pairs.sort_unstable();
        pairs.dedup();
        Picked { rest: false, list: list.into(), atoms: pairs.into() }
    }

    /// Nobody.
    pub(super) fn none() -> Picked {
        Picked { rest: false, list: Rc::default(), atoms: Rc::default() }
    }

    /// All others of the kind.
    pub(super) fn others(&self) -> Picked {
        Picked { rest: !self.rest, ..self.clone() }
    }

    /// All of them but one.
    pub(super) fn without(&self, atoms: &Atoms, one: Option<ElementId>) -> Picked {
        let Some(one) = one.filter(|one| self.has(*one)) else { return self.clone() };
        let list = self.list.iter().copied();
        match self.rest {
            true => Picked::of(atoms, list.chain([one]).collect()).others(),
            false => Picked::of(atoms, list.filter(|id| *id != one).collect()),
        }
    }

    /// All of them but some.
    pub(super) fn but(&self, atoms: &Atoms, some: &Picked) -> Picked {
        let list = |keep: &dyn Fn(&ElementId) -> bool| -> Vec<ElementId> {
            self.list.iter().copied().filter(keep).collect()
        };
        match (self.rest, some.rest) {
            (false, _) => Picked::of(atoms, list(&|id| !some.has(*id))),
            (true, false) => {
                let both = self.list.iter().chain(&*some.list).copied().collect();
                Picked::of(atoms, both).others()
            }
            (true, true) => {
                let left = some.list.iter().copied().filter(|id| self.has(*id)).collect();
                Picked::of(atoms, left)
            }
        }
    }

    /// The atoms of the list, sorted.
    pub(super) fn atoms(&self) -> impl Iterator<Item = u32> {
        self.atoms.chunk_by(|a, b| a.0 == b.0).map(|chunk| chunk[0].0)
    }

    /// Whether there is nobody in it, as far as can be told without a look at all.
    pub(super) fn is_none(&self) -> bool {
        !self.rest && self.list.is_empty()
    }

    pub(super) fn has(&self, id: ElementId) -> bool {
        self.list.binary_search(&id).is_ok() != self.rest
    }

    /// Those in it, where they are a list; else those left out.
    pub(super) fn listed(&self) -> &[ElementId] {
        &self.list
    }

    /// Whether they are a list.
    pub(super) fn is_list(&self) -> bool {
        !self.rest
    }

    /// Those of the list in an atom.
    fn at(&self, atom: u32) -> &[(u32, ElementId)] {
        let start = self.atoms.partition_point(|(at, _)| *at < atom);
        let len = self.atoms[start..].partition_point(|(at, _)| *at == atom);
        &self.atoms[start..start + len]
    }

    /// Those in it that have an address in an atom, and count.
    pub(super) fn members<'s>(
        &'s self,
        atoms: &'s FilterAtoms,
        all: &'s Population,
        atom: u32,
    ) -> impl Iterator<Item = ElementId> + 's {
        let everybody = atoms.get(atom).elements.iter().copied();
        everybody.filter(|id| self.has(*id) && all.counts(*id))
    }

    /// The only one of it in an atom, if there is only one.
    pub(super) fn sole(
        &self,
        atoms: &FilterAtoms,
        all: &Population,
        atom: u32,
    ) -> Option<ElementId> {
        let listed = self.at(atom).iter().filter(|(_, id)| all.counts(*id)).count() as u32;
        let count = if self.rest { all.count[atom as usize] - listed } else { listed };
        let mut members = self.members(atoms, all, atom);
        members.next().filter(|_| count == 1)
    }

    /// The atoms of its members of a kind and family, as a set that asks one level.
    pub(super) fn set(
        &self,
        filters: &mut Filters<'_>,
        all: &Population,
        level: Level,
        (owner, family): (Owner, Family),
    ) -> SetId {
        let is_of = |atom: u32| {
            let atom = filters.atoms.get(atom);
            atom.owner == owner && atom.family == family
        };
        let chunks = self.atoms.chunk_by(|a, b| a.0 == b.0).filter(|chunk| is_of(chunk[0].0));
        let wanted = chunks.filter(|chunk| {
            let count = chunk.iter().filter(|(_, id)| all.counts(*id)).count() as u32;
            match self.rest {
                false => count > 0,
                true => count == all.count[chunk[0].0 as usize],
            }
        });
        let values: Vec<u32> = wanted.map(|chunk| chunk[0].0).collect();
        let listed = filters.space.values_of(level, &values);
        match self.rest {
            false => listed,
            true => filters.space.minus(all.whole(level, owner, family), listed),
        }
    }
}

// === impl Population ===

impl Population {
    /// Those for whom `only` says so, by element.
    pub(super) fn new(
        filters: &mut Filters<'_>,
        atoms: &Atoms,
        only: Option<Vec<bool>>,
    ) -> Population {
        let mut count = vec![0; filters.atoms.count() as usize];
        for (id, own) in atoms.all() {
            if only.as_ref().is_none_or(|only| only[id.index()]) {
                own.iter().for_each(|atom| count[*atom as usize] += 1);
            }
        }
        let mut whole = [[[Space::EMPTY; 2]; 2]; 2];
        for (l, level) in LEVELS.into_iter().enumerate() {
            for (o, owner) in OWNERS.into_iter().enumerate() {
                for family in FAMILIES {
                    let of = |(number, atom): (u32, &fibula_network::filters::FilterAtom)| {
                        let counted = count[number as usize] > 0;
                        let is = atom.owner == owner && atom.family == family;
                        (is && counted).then_some(number)
                    };
                    let values: Vec<u32> = filters.atoms.iter().filter_map(of).collect();
                    whole[l][o][index(family)] = filters.space.values_of(level, &values);
                }
            }
        }
        Population { only, contested: atoms.contested.clone(), count, whole }
    }

    pub(super) fn counts(&self, id: ElementId) -> bool {
        let out = !self.contested.is_empty() && self.contested.binary_search(&id).is_ok();
        !out && self.only.as_ref().is_none_or(|only| only[id.index()])
    }

    fn whole(&self, level: Level, owner: Owner, family: Family) -> SetId {
        let l = usize::from(level == Filters::TARGET);
        let o = usize::from(owner == Owner::Nodes);
        self.whole[l][o][index(family)]
    }
}
