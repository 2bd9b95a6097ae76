//! Cells of the diagram: sources and targets between which the same is open.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::ElementId;
use fibula_network::filters::{Filters, Owner};
use fibula_network::set::{SetId, Space};

use super::doubts::Doubts;
use super::joints::{Joint, Joints};
use super::opened::{Leaf, Part, Reader};
use super::parties::Parties;
use super::pick::{Picked, Side};
use super::ports::Ports;
use super::{Pairs, PartyId, Who, is_asked};

/// Sources that have the same open at some targets.
pub(super) struct Cell {
    pub(super) from: Group,
    pub(super) to: Group,
    pub(super) part: Part,
    /// Whether it is what policies could open that were not read (DR-21): all pairs, of which those
    /// count that they could concern.
    pub(super) unread: bool,
}

/// Switches, ranges of the world, or the Node of each source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) elements: Vec<ElementId>,
    pub(crate) ranges: Vec<fibula_network::Range>,
    pub(crate) own_node: bool,
}

/// Cells while they are found.
pub(super) struct Cells<'f, 'n> {
    pub(super) filters: &'f mut Filters<'n>,
    pub(super) reader: Reader,
    parties: &'f Parties,
    pub(super) joints: &'f Joints,
    picked: &'f Picked,
    /// What was not read (DR-21).
    doubts: &'f Doubts,
    /// Pairs of joints to leave out.
    without: &'f BTreeSet<(usize, usize)>,
    /// By atom, what may come to it.
    pub(super) columns: Vec<SetId>,
    /// Only these ports.
    pub(super) wanted: Option<SetId>,
    pub(super) found: Vec<Cell>,
    pub(super) pairs: Pairs,
}

/// By joint, whether it was asked about on a side.
pub(super) type Sides = [Vec<bool>; 2];

// === impl Cells ===

impl<'f, 'n> Cells<'f, 'n> {
    pub(super) fn new(
        filters: &'f mut Filters<'n>,
        parties: &'f Parties,
        joints: &'f Joints,
        picked: &'f Picked,
        doubts: &'f Doubts,
        without: &'f BTreeSet<(usize, usize)>,
    ) -> Cells<'f, 'n> {
        let wanted = picked.asked.port.map(|(proto, port)| {
            let proto = filters.space.interval(Filters::PROTO, proto as u32, proto as u32);
            let port = filters.space.interval(Filters::PORT, port.into(), port.into());
            filters.space.and(proto, port)
        });
        let columns = columns(filters, filters.allowed, Filters::TARGET);
        let (reader, pairs) = (Reader::default(), Pairs::default());
        Cells {
            filters,
            reader,
            parties,
            joints,
            picked,
            doubts,
            without,
            columns,
            wanted,
            found: vec![],
            pairs,
        }
    }

    /// Finds the cells of everything that was asked about.
    pub(super) fn find(&mut self) {
        let joints = self.joints;
        let all = 0..joints.all.len();
        let asked = |side: &Side| -> Vec<bool> {
            all.clone().map(|at| self.is_picked(side, &joints.all[at])).collect()
        };
        let sides = [asked(&self.picked.from), asked(&self.picked.to)];
        let pods = |side: &[bool]| -> Vec<usize> {
            all.clone().filter(|at| side[*at] && joints.all[*at].owner == Owner::Pods).collect()
        };
        let (from, to) = (pods(&sides[0]), pods(&sides[1]));
        self.pairs.all = self.count(&from, &to);
        if self.doubts.opens_some() {
            let read = |who: &Who| !self.doubts.opens(who);
            self.pairs.undecided = self.pairs.all - self.count_of(&from, &to, &read, &read);
            self.opens(&sides);
        }
        self.contested(&sides);

        // Targets that the same can come to are one group; one that is left out of somebody's
        // targets is a group of its own.
        let alone: BTreeSet<usize> = self.without.iter().map(|(_, to)| *to).collect();
        let mut targets: BTreeMap<(Owner, Leaf, Option<usize>), Vec<usize>> = BTreeMap::new();
        for at in all.filter(|at| sides[1][*at] && joints.all[*at].contested.is_empty()) {
            let joint = &joints.all[at];
            let columns = joint.atoms.map(|atom| atom.map(|atom| self.columns[atom as usize]));
            let alone = Some(at).filter(|at| alone.contains(at));
            targets.entry((joint.owner, columns, alone)).or_default().push(at);
        }
        for ((owner, of, alone), to) in targets {
            self.column(&sides[0], owner, of, alone, &to);
        }
        self.own_nodes(&sides);
    }

    fn is_picked(&self, side: &Side, joint: &Joint) -> bool {
        match joint.owner {
            Owner::Nobody => !side.world_of(&joint.ranges).is_empty(),
            _ => joint
                .elements
                .iter()
                .any(|id| self.parties.of(*id).is_some_and(|party| side.has(party))),
        }
    }

    fn who(&self, party: PartyId) -> &Who {
        &self.parties.get(party).who
    }

    /// All ports that were asked about.
    fn ports(&self) -> Ports {
        match self.picked.asked.port {
            Some((proto, port)) => Ports::new([(proto, (port.into(), port.into()))]),
            None => Ports::all(),
        }
    }

    /// Everything, for whatever policies could open that were not read.
    fn opens(&mut self, sides: &Sides) {
        let first = self.found.len();
        for from in [Owner::Pods, Owner::Nodes] {
            for to in [Owner::Pods, Owner::Nodes, Owner::Nobody] {
                if is_asked(from, to) {
                    let of = |side: usize, owner| -> Vec<usize> {
                        let all = 0..self.joints.all.len();
                        let all = all.filter(|at| sides[side][*at]);
                        all.filter(|at| self.joints.all[*at].owner == owner).collect()
                    };
                    self.add(&of(0, from), &of(1, to), (None, None, self.ports()));
                }
            }
        }
        self.found[first..].iter_mut().for_each(|cell| cell.unread = true);
    }

    /// Where several have an address, whatever its owners send and get is open or not: which of
    /// them it is decides that (POD-7).
    fn contested(&mut self, sides: &Sides) {
        let all: Vec<usize> = (0..self.joints.all.len()).collect();
        let is = |at: &usize| !self.joints.all[*at].contested.is_empty();
        let asked = |side: usize| all.iter().copied().filter(move |at| sides[side][*at]);
        let ports = self.ports();
        let mut open: Vec<(Vec<usize>, Vec<usize>)> = vec![];
        for one in asked(0).filter(is) {
            open.push((vec![one], asked(1).collect()));
        }
        for one in asked(1).filter(is) {
            open.push((asked(0).filter(|at| !is(at)).collect(), vec![one]));
        }
        for (from, to) in open {
            let ends = from.iter().chain(&to).find(|at| is(at));
            let why = ends.map(|at| self.joints.all[*at].contested.clone());
            let pods = |list: &[usize]| -> Vec<usize> {
                let pods = list.iter().copied();
                pods.filter(|at| self.joints.all[*at].owner == Owner::Pods).collect()
            };
            let read = |who: &Who| !self.doubts.opens(who);
            self.pairs.undecided += self.count_of(&pods(&from), &pods(&to), &read, &read);
            // Nodes and the world are sources of some of these.
            for source in [Owner::Pods, Owner::Nodes] {
                let of = |list: &[usize], owner| -> Vec<usize> {
                    let list = list.iter().copied();
                    list.filter(|at| self.joints.all[*at].owner == owner).collect()
                };
                let sources = of(&from, source);
                for target in [Owner::Pods, Owner::Nodes, Owner::Nobody] {
                    let targets = of(&to, target);
                    if is_asked(source, target) {
                        self.add(&sources, &targets, (why.clone(), None, ports.clone()));
                    }
                }
            }
        }
    }

    /// What sources can reach of a group of targets.
    fn column(
        &mut self,
        asked: &[bool],
        owner: Owner,
        of: Leaf,
        alone: Option<usize>,
        to: &[usize],
    ) {
        let leaves = of.map(|set| set.map(|set| columns(self.filters, set, Filters::SOURCE)));
        let mut sources: BTreeMap<Leaf, Vec<usize>> = BTreeMap::new();
        for (at, joint) in self.joints.all.iter().enumerate() {
            let left = alone.is_some_and(|to| self.without.contains(&(at, to)));
            if !asked[at] || left || !is_asked(joint.owner, owner) || !joint.contested.is_empty() {
                continue;
            }
            let mut leaf: Leaf = [None; 2];
            for (family, leaves) in leaves.iter().enumerate() {
                if let (Some(leaves), Some(atom)) = (leaves, joint.atoms[family]) {
                    let set = leaves[atom as usize];
                    let wanted = self.wanted.unwrap_or(Space::FULL);
                    leaf[family] = Some(self.filters.space.and(set, wanted));
                }
            }
            if leaf.iter().flatten().any(|set| *set != Space::EMPTY) {
                sources.entry(leaf).or_default().push(at);
            }
        }
        for (leaf, from) in sources {
            if owner == Owner::Pods {
                let pods = from.iter().copied();
                let pods: Vec<usize> =
                    pods.filter(|at| self.joints.all[*at].owner == Owner::Pods).collect();
                let pairs = self.count_of(&pods, to, &|who| !self.doubts.opens(who), &|who| {
                    !self.doubts.opens(who)
                });
                let doubts = self.doubts;
                let certain = match self.reader.is_open(self.filters, leaf) {
                    (true, _) => self.count_of(
                        &pods,
                        to,
                        &|who| !doubts.source(who) && !doubts.opens(who),
                        &|who| !doubts.target(who) && !doubts.opens(who),
                    ),
                    (false, _) => 0,
                };
                self.pairs.open += certain;
                self.pairs.undecided += pairs - certain;
            }
            for part in self.reader.parts(self.filters, leaf) {
                self.add(&from, to, part);
            }
        }
    }

    fn add(&mut self, from: &[usize], to: &[usize], part: Part) {
        let [from, to] = [(from, &self.picked.from), (to, &self.picked.to)].map(|(list, side)| {
            let joints = list.iter().map(|at| &self.joints.all[*at]);
            let mut group = Group::default();
            for joint in joints {
                group.elements.extend(&joint.elements);
                group.ranges.extend(side.world_of(&joint.ranges));
            }
            group
        });
        if !(from.is_empty() || to.is_empty()) {
            self.found.push(Cell { from, to, part, unread: false });
        }
    }

    /// How many pairs of different parties these are, of those that were asked about: parties that
    /// policies tell apart count once for each part.
    fn count(&self, from: &[usize], to: &[usize]) -> u64 {
        self.count_of(from, to, &|_| true, &|_| true)
    }

    /// The same of some parties only.
    fn count_of(
        &self,
        from: &[usize],
        to: &[usize],
        sources: &dyn Fn(&Who) -> bool,
        targets: &dyn Fn(&Who) -> bool,
    ) -> u64 {
        let parts = |joints: &[usize], side: &Side, some: &dyn Fn(&Who) -> bool| {
            let mut counts: [BTreeMap<PartyId, u64>; 2] = Default::default();
            for at in joints {
                let elements = &self.joints.all[*at].elements;
                let parties = elements.iter().filter_map(|id| self.parties.of(*id));
                let parties: BTreeSet<PartyId> =
                    parties.filter(|id| side.has(*id) && some(self.who(*id))).collect();
                for id in parties {
                    let inside = self.picked.is_inside(self.who(id));
                    *counts[usize::from(inside)].entry(id).or_default() += 1;
                }
            }
            counts
        };
        let from = parts(from, &self.picked.from, sources);
        let to = parts(to, &self.picked.to, targets);
        let mut pairs = 0;
        for (i, from) in from.iter().enumerate() {
            for (k, to) in to.iter().enumerate() {
                if self.picked.wants(i == 1, k == 1) {
                    let same = from.iter().map(|(id, n)| n * to.get(id).copied().unwrap_or(0));
                    pairs += from.values().sum::<u64>() * to.values().sum::<u64>();
                    pairs -= same.sum::<u64>();
                }
            }
        }
        pairs
    }
}

// === impl Group ===

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty() && self.ranges.is_empty() && !self.own_node
    }
}

/// By atom, the part of a set where a level has it.
pub(crate) fn columns(
    filters: &Filters<'_>,
    set: SetId,
    level: fibula_network::set::Level,
) -> Vec<SetId> {
    let mut columns = vec![Space::EMPTY; filters.atoms.count() as usize];
    for ((lo, hi), part) in filters.parts(set, level) {
        columns[lo as usize..=hi as usize].fill(part);
    }
    columns
}

/// The part of a set that asks for the source first, where that is an atom.
pub(crate) fn part_of(filters: &Filters<'_>, set: SetId, source: u32) -> SetId {
    let parts = filters.parts(set, Filters::SOURCE);
    parts[parts.partition_point(|((_, hi), _)| *hi < source)].1
}
