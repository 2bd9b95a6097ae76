//! What is open between two joints, and under which choices.

use fibula_network::filters::{Filters, Pair, connections};
use fibula_network::set::{Level, SetId, Space};
use fibula_network::{ChoiceId, Family};
use rustc_hash::FxHashMap;

use super::joints::FAMILIES;
use super::ports::Ports;

/// What is open in one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Under whatever choices.
    pub(crate) certain: Ports,
    /// Under some values of these choices, and not under others: sorted by them.
    pub(crate) perhaps: Vec<(Vec<ChoiceId>, Ports)>,
}

/// What is open between two in each family that both have.
pub(crate) type Leaf = [Option<SetId>; 2];

/// A part of what is open: under which choices, if that is not certain; and in which family, where
/// both ends have two and it is open in one.
pub(crate) type Part = (Option<Vec<ChoiceId>>, Option<Family>, Ports);

/// Reads sets, and remembers what it read.
#[derive(Default)]
pub(crate) struct Reader {
    opened: FxHashMap<SetId, Opened>,
    depends: FxHashMap<SetId, Vec<ChoiceId>>,
}

/// Where sets are, and on how many choices they may depend.
pub(crate) trait Sets {
    fn space(&self) -> &Space;
    fn choices(&self) -> usize;
}

impl Sets for Filters<'_> {
    fn space(&self) -> &Space {
        &self.space
    }

    fn choices(&self) -> usize {
        self.network.choices.len()
    }
}

impl Sets for Pair {
    fn space(&self) -> &Space {
        &self.space
    }

    fn choices(&self) -> usize {
        self.choices.len()
    }
}

// === impl Reader ===

impl Reader {
    /// What is open, of a set that asks no address any more. Costs its edges, once.
    pub(crate) fn opened(&mut self, of: &impl Sets, set: SetId) -> &Opened {
        if !self.opened.contains_key(&set) {
            let opened = self.read(of, set);
            self.opened.insert(set, opened);
        }
        &self.opened[&set]
    }

    fn read(&mut self, of: &impl Sets, set: SetId) -> Opened {
        let mut certain = vec![];
        let mut perhaps: FxHashMap<Vec<ChoiceId>, Vec<_>> = FxHashMap::default();
        for (proto, ports, when) in connections(of.space(), set) {
            match when {
                Space::FULL => certain.push((proto, ports)),
                _ => {
                    let choices = self.depends(of, when).clone();
                    perhaps.entry(choices).or_default().push((proto, ports));
                }
            }
        }
        let mut perhaps: Vec<(Vec<ChoiceId>, Ports)> =
            perhaps.into_iter().map(|(choices, ports)| (choices, Ports::new(ports))).collect();
        perhaps.sort_unstable();
        Opened { certain: Ports::new(certain), perhaps }
    }

    /// The choices that a set depends on.
    pub(crate) fn depends(&mut self, of: &impl Sets, set: SetId) -> &Vec<ChoiceId> {
        self.depends.entry(set).or_insert_with(|| {
            let choices = (0..of.choices()).map(|i| ChoiceId(i as u8));
            let level = |choice: &ChoiceId| Level(Filters::CHOICE.0 + choice.0);
            choices.filter(|choice| of.space().depends_on(set, level(choice))).collect()
        })
    }

    /// Whether anything is open in a leaf: certainly, or perhaps.
    pub(crate) fn is_open(&mut self, of: &impl Sets, leaf: Leaf) -> (bool, bool) {
        let mut open = (false, false);
        for set in leaf.into_iter().flatten() {
            let opened = self.opened(of, set);
            open.0 |= !opened.certain.is_empty();
            open.1 |= !opened.perhaps.is_empty();
        }
        open
    }

    /// The parts of a leaf. What is open in both families alike is one.
    pub(crate) fn parts(&mut self, of: &impl Sets, leaf: Leaf) -> Vec<Part> {
        let [v4, v6] = leaf.map(|set| set.map(|set| self.opened(of, set).clone()));
        let mut parts: Vec<Part> = match (v4, v6) {
            (Some(a), Some(b)) => both(&a, &b),
            (Some(one), None) | (None, Some(one)) => {
                let perhaps = one.perhaps.into_iter().map(|(why, ports)| (Some(why), None, ports));
                [(None, None, one.certain)].into_iter().chain(perhaps).collect()
            }
            (None, None) => vec![],
        };
        parts.retain(|(_, _, ports)| !ports.is_empty());
        parts
    }
}

/// The choices that a set depends on.
pub(crate) fn depends(filters: &Filters<'_>, set: SetId) -> Vec<ChoiceId> {
    let choices = (0..filters.network.choices.len()).map(|i| ChoiceId(i as u8));
    let level = |choice: &ChoiceId| Level(Filters::CHOICE.0 + choice.0);
    choices.filter(|choice| filters.space.depends_on(set, level(choice))).collect()
}

/// What is open in both families, and in one of them.
fn both(a: &Opened, b: &Opened) -> Vec<Part> {
    let mut parts = vec![];
    let mut split = |why: Option<&Vec<ChoiceId>>, a: &Ports, b: &Ports| {
        parts.push((why.cloned(), None, a.and(b)));
        parts.push((why.cloned(), Some(FAMILIES[0]), a.minus(b)));
        parts.push((why.cloned(), Some(FAMILIES[1]), b.minus(a)));
    };
    split(None, &a.certain, &b.certain);
    let none = Ports::default();
    let of = |opened: &Opened, why: &Vec<ChoiceId>| {
        let found = opened.perhaps.iter().find(|(other, _)| other == why);
        found.map_or_else(|| none.clone(), |(_, ports)| ports.clone())
    };
    let mut whys: Vec<&Vec<ChoiceId>> =
        a.perhaps.iter().chain(&b.perhaps).map(|(why, _)| why).collect();
    whys.sort();
    whys.dedup();
    for why in whys {
        split(Some(why), &of(a, why), &of(b, why));
    }
    parts
}
