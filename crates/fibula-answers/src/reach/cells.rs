//! Cells of the diagram as lines: sources that can reach the same, and what that is.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::filters::{Filters, Owner};
use fibula_network::set::{Level, SetId, Space};
use fibula_network::{ChoiceId, Family};
use rustc_hash::FxHashMap;

use super::parties::{Map, Namer, Parties};
use super::pick::{Picked, Side};
use super::{Line, Pairs, PartyId, Ports, Reach, Toward, Who, Why, is_asked};
use crate::trace::Unread;

/// Targets at which the same sources have the same open.
struct Cell {
    from: Vec<u32>,
    to: Vec<u32>,
    open: SetId,
    /// Why that is not certain.
    why: Option<Vec<ChoiceId>>,
}

/// What is known of what is open between two.
#[derive(Clone)]
struct Leaf {
    must: SetId,
    perhaps: SetId,
    choices: Vec<ChoiceId>,
}

/// Cells while they are found.
struct Cells<'f, 'n> {
    filters: &'f mut Filters<'n>,
    map: &'f Map,
    picked: &'f Picked,
    /// Only these ports.
    wanted: SetId,
    leaves: FxHashMap<SetId, Leaf>,
    found: Vec<Cell>,
    pairs: Pairs,
}

/// The lines of a whole cluster.
pub(super) fn lines(
    filters: &mut Filters<'_>,
    whole: &Parties,
    map: &Map,
    picked: &Picked,
    unread: &[Unread],
    services: Vec<super::services::Raw>,
) -> Reach {
    let wanted = match picked.asked.port {
        Some((proto, port)) => {
            let proto = filters.space.interval(Filters::PROTO, proto as u32, proto as u32);
            let port = filters.space.interval(Filters::PORT, port.into(), port.into());
            filters.space.and(proto, port)
        }
        None => Space::FULL,
    };
    let pods = filters.atoms.iter().filter(|(_, atom)| atom.owner == Owner::Pods);
    let families: BTreeSet<Family> = pods.map(|(_, atom)| atom.family).collect();
    let leaves = FxHashMap::default();
    let mut cells =
        Cells { filters, map, picked, wanted, leaves, found: vec![], pairs: Pairs::default() };
    for (number, family) in families.into_iter().enumerate() {
        cells.family(family, number == 0);
    }
    let Cells { found, pairs, filters, .. } = cells;
    let mut namer = Namer::new(filters, whole);
    let mut sorter = Sorter::new(unread, picked);
    for cell in &found {
        sorter.add(filters, &mut namer, cell);
    }
    let services = super::services::named(services, &mut namer, picked);
    let unreached = sorter.unreached(whole, picked);
    let parties = namer.all;
    let (lines, undecided) = sorter.finish();
    Reach { parties, lines, undecided, pairs, unreached, services, ..Reach::default() }
}

impl Cells<'_, '_> {
    fn family(&mut self, family: Family, count: bool) {
        let of_family: Vec<Option<Owner>> = self
            .filters
            .atoms
            .iter()
            .map(|(_, atom)| (atom.family == family).then_some(atom.owner))
            .collect();
        let asked = |side: &Side, atom: u32| match of_family[atom as usize]? {
            Owner::Nobody => {
                let ranges = &self.filters.atoms.get(atom).ranges;
                side.has_world(ranges).then_some(Owner::Nobody)
            }
            owner => self.map.of(atom).iter().any(|p| side.has(*p)).then_some(owner),
        };
        let all = 0..of_family.len() as u32;
        let from: Vec<Option<Owner>> =
            all.clone().map(|atom| asked(&self.picked.from, atom)).collect();
        let to: Vec<Option<Owner>> = all.map(|atom| asked(&self.picked.to, atom)).collect();

        let mut targets: BTreeMap<(SetId, Owner), Vec<u32>> = BTreeMap::new();
        for ((lo, hi), set) in self.filters.parts(self.filters.allowed, Filters::TARGET) {
            for atom in lo..=hi {
                if let Some(owner) = to[atom as usize] {
                    targets.entry((set, owner)).or_default().push(atom);
                }
            }
        }
        let is_pod = |owner: &Option<Owner>| *owner == Some(Owner::Pods);
        if count {
            let atoms = |side: &[Option<Owner>]| -> Vec<u32> {
                (0..).zip(side).filter(|(_, owner)| is_pod(owner)).map(|(atom, _)| atom).collect()
            };
            self.pairs.all = self.count(&atoms(&from), &atoms(&to));
        }
        for ((set, owner), targets) in targets {
            let mut sources: BTreeMap<SetId, Vec<u32>> = BTreeMap::new();
            for ((lo, hi), leaf) in self.filters.parts(set, Filters::SOURCE) {
                let leaf = self.filters.space.and(leaf, self.wanted);
                if leaf == Space::EMPTY {
                    continue;
                }
                let atoms = (lo..=hi)
                    .filter(|atom| from[*atom as usize].is_some_and(|from| is_asked(from, owner)));
                sources.entry(leaf).or_default().extend(atoms);
            }
            for (leaf, from) in sources.into_iter().filter(|(_, from)| !from.is_empty()) {
                let Leaf { must, perhaps, choices } = self.leaf(leaf);
                let pods = from.iter().all(|atom| is_pod(&of_family[*atom as usize]));
                if count && owner == Owner::Pods {
                    let only: Vec<u32> = from
                        .iter()
                        .copied()
                        .filter(|atom| pods || is_pod(&of_family[*atom as usize]))
                        .collect();
                    let pairs = self.count(&only, &targets);
                    match must {
                        Space::EMPTY => self.pairs.undecided += pairs,
                        _ => self.pairs.open += pairs,
                    }
                }
                for (open, why) in [(must, None), (perhaps, Some(choices))] {
                    if open != Space::EMPTY {
                        let (from, to) = (from.clone(), targets.clone());
                        self.found.push(Cell { from, to, open, why });
                    }
                }
            }
        }
    }

    /// How many pairs of different parties these are.
    fn count(&self, from: &[u32], to: &[u32]) -> u64 {
        let parties = |atoms: &[u32], side: &Side| {
            let mut counts: BTreeMap<PartyId, u64> = BTreeMap::new();
            for party in atoms.iter().flat_map(|atom| self.map.of(*atom)) {
                if side.has(*party) {
                    *counts.entry(*party).or_default() += 1;
                }
            }
            counts
        };
        let (from, to) = (parties(from, &self.picked.from), parties(to, &self.picked.to));
        let same = from.iter().map(|(party, n)| n * to.get(party).copied().unwrap_or(0));
        from.values().sum::<u64>() * to.values().sum::<u64>() - same.sum::<u64>()
    }

    fn leaf(&mut self, leaf: SetId) -> Leaf {
        if let Some(known) = self.leaves.get(&leaf) {
            return known.clone();
        }
        let (may, must) = self.filters.may_and_must(leaf);
        let perhaps = self.filters.space.minus(may, must);
        let choices = (0..self.filters.network.choices.len() as u8).filter(|choice| {
            let level = Level(Filters::CHOICE.0 + choice);
            perhaps != Space::EMPTY && self.filters.space.depends_on(leaf, level)
        });
        let known = Leaf { must, perhaps, choices: choices.map(ChoiceId).collect() };
        self.leaves.insert(leaf, known.clone());
        known
    }
}

/// What is open at which targets.
type Open = BTreeMap<Ports, BTreeSet<PartyId>>;

/// Puts cells into lines.
struct Sorter<'u> {
    unread: &'u [Unread],
    picked: &'u Picked,
    lines: BTreeMap<(Option<Why>, Vec<PartyId>), Open>,
}

impl<'u> Sorter<'u> {
    fn new(unread: &'u [Unread], picked: &'u Picked) -> Sorter<'u> {
        Sorter { unread, picked, lines: BTreeMap::new() }
    }

    fn add(&mut self, filters: &Filters<'_>, namer: &mut Namer<'_, '_>, cell: &Cell) {
        let open = filters.connections(cell.open).into_iter();
        let ports = Ports(open.map(|(proto, ports, _)| (proto, ports)).collect());
        let (from, to) = (&self.picked.from, &self.picked.to);
        let mut sources = namer.name(&cell.from, &|party| from.has(party));
        let targets = namer.name(&cell.to, &|party| to.has(party));
        // A pod always reaches itself (NP-30), and that is no news.
        if let [one] = targets[..]
            && namer.is_single(one)
        {
            sources.retain(|source| *source != one);
        }
        let why = cell.why.clone().map(Why::Choices);
        let doubted = |party: &PartyId| self.is_doubted(namer, *party);
        let (far, near): (Vec<_>, Vec<_>) = sources.into_iter().partition(doubted);
        let (doubtful, certain): (Vec<_>, Vec<_>) = targets.iter().copied().partition(doubted);
        let unread = why.clone().unwrap_or(Why::Unread);
        for (from, to, why) in [
            (&near, &certain, why.clone()),
            (&near, &doubtful, Some(unread.clone())),
            (&far, &targets, Some(unread)),
        ] {
            for (from, to) in self.of_namespace(namer, from, to) {
                let line = self.lines.entry((why.clone(), from)).or_default();
                line.entry(ports.clone()).or_default().extend(to);
            }
        }
    }

    /// What of sources and targets was asked about, where that is what goes in and out of a
    /// namespace.
    fn of_namespace(
        &self,
        namer: &Namer<'_, '_>,
        from: &[PartyId],
        to: &[PartyId],
    ) -> Vec<(Vec<PartyId>, Vec<PartyId>)> {
        let Picked { from: sources, to: targets, asked } = self.picked;
        let mut parts = match &asked.namespace {
            Some(name) if sources.all && targets.all => {
                let is = |party: &PartyId| matches!(namer.who(*party), Who::Workload { namespace, .. } if namespace == name);
                let (own, others): (Vec<_>, Vec<_>) = from.iter().partition(|party| is(party));
                let into = to.iter().copied().filter(|party| is(party)).collect();
                vec![(own, to.to_vec()), (others, into)]
            }
            _ => vec![(from.to_vec(), to.to_vec())],
        };
        parts.retain(|(from, to)| !from.is_empty() && !to.is_empty());
        parts
    }

    /// Whether policies that were not read could concern a party (DR-21).
    fn is_doubted(&self, namer: &Namer<'_, '_>, party: PartyId) -> bool {
        let named = |unread: &Unread, namespace: &String| {
            unread.namespaces.contains_key("") || unread.namespaces.contains_key(namespace)
        };
        match namer.who(party) {
            Who::Workload { namespace, .. } => self.unread.iter().any(|u| named(u, namespace)),
            Who::Node(_) | Who::World(_) => false,
        }
    }

    /// Workloads of which nobody else can reach a pod.
    fn unreached(&self, whole: &Parties, picked: &Picked) -> Vec<PartyId> {
        let mut reached: BTreeSet<PartyId> = BTreeSet::new();
        for ((_, from), to) in &self.lines {
            for party in to.values().flatten() {
                if from.iter().any(|from| from != party) {
                    reached.insert(*party);
                }
            }
        }
        let ids = (0..whole.all.len() as u32).map(PartyId);
        ids.filter(|id| {
            let workload = matches!(whole.get(*id).who, Who::Workload { .. });
            workload && picked.to.has(*id) && picked.from.all && !reached.contains(id)
        })
        .collect()
    }

    fn finish(self) -> (Vec<Line>, Vec<(Why, Line)>) {
        let (mut lines, mut undecided) = (vec![], vec![]);
        for ((why, from), to) in self.lines {
            let to = to.into_iter().map(|(ports, targets)| {
                let targets = targets.into_iter().collect();
                Toward { targets, ports }
            });
            let mut to: Vec<Toward> = to.collect();
            to.sort();
            let line = Line { from, to };
            match why {
                None => lines.push(line),
                Some(why) => undecided.push((why, line)),
            }
        }
        lines.sort_by_key(|line| line.from.len());
        undecided.sort_by_key(|(_, line)| line.from.len());
        (lines, undecided)
    }
}
