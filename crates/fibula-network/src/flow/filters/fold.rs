//! What each distinct list of chains lets through.

use rustc_hash::FxHashMap;

use super::fields::{Fields, Run, chosen, intervals};
use crate::fib::{Owner, PipelineId, Side, TableId};
use crate::network::Network;
use crate::numbers::Numbers;
use crate::set::{SetId, Space};

/// The lists of chains that addresses have, on each side.
pub(super) struct Folds<'n> {
    network: &'n Network,
    /// By owned address, the number of the list that is asked about what is sent from it.
    pub(super) egress: Vec<u32>,
    /// By owned address, the number of the list that is asked about what is sent to it.
    pub(super) ingress: Vec<u32>,
    /// The owners of an address that has each list.
    lists: [Vec<&'n [Owner]>; 2],
}

/// The chains of each table that has some, by element; 0 for none.
struct Dense<'n> {
    network: &'n Network,
    tables: FxHashMap<TableId, Vec<u32>>,
}

/// Messages on their way through a pipeline: what arrives at each table.
struct Arriving<'p> {
    tables: &'p [TableId],
    sets: Vec<Vec<SetId>>,
}

// === impl Folds ===

impl<'n> Folds<'n> {
    /// Costs a pass over the addresses for each table that has chains.
    pub(super) fn new(network: &'n Network) -> Folds<'n> {
        let dense = Dense::new(network);
        let mut folds = Folds { network, egress: vec![], ingress: vec![], lists: [vec![], vec![]] };
        let mut numbers = [Numbers::default(), Numbers::default()];
        let mut key = vec![];
        for owners in network.owners.chunk_by(|a, b| a.addr == b.addr) {
            for (i, side) in [Side::Source, Side::Target].into_iter().enumerate() {
                key.clear();
                for owner in owners {
                    dense.describe(owner, side, &mut key);
                }
                let number = numbers[i].of(&key);
                if number as usize == folds.lists[i].len() {
                    folds.lists[i].push(owners);
                }
                let of = if i == 0 { &mut folds.egress } else { &mut folds.ingress };
                of.push(number);
            }
        }
        folds
    }

    /// What the chains of a side let through, each under the addresses that have it.
    pub(super) fn diagram(&self, space: &mut Space, fields: &mut Fields<'_>, side: Side) -> SetId {
        let (lists, of) = match side {
            Side::Source => (&self.lists[0], &self.egress),
            Side::Target => (&self.lists[1], &self.ingress),
        };
        let folds: Vec<SetId> =
            lists.iter().map(|owners| self.fold(space, fields, side, owners)).collect();
        let (partition, level) = (fields.partition, fields.level(side));
        // By atom: all of its addresses have one list.
        let mut at = vec![Space::FULL; partition.atoms.len()];
        for (atom, list) in partition.atom_of.iter().zip(of) {
            at[*atom as usize] = folds[*list as usize];
        }
        if let Some(cases) = space.cases(level, &at) {
            return cases;
        }
        let mut by_fold: Vec<(SetId, u32)> = at.into_iter().zip(0..).collect();
        by_fold.sort_unstable();
        let parts: Vec<SetId> = by_fold
            .chunk_by(|a, b| a.0 == b.0)
            .map(|alike| {
                let atoms = intervals(alike.iter().map(|(_, atom)| *atom));
                let atoms = space.values_in(level, &atoms);
                space.and(atoms, alike[0].0)
            })
            .collect();
        space.any(&parts)
    }

    /// What the chains of an address let through. Where several own it, each under its choice.
    fn fold(
        &self,
        space: &mut Space,
        fields: &mut Fields<'_>,
        side: Side,
        owners: &[Owner],
    ) -> SetId {
        let (mut rest, mut all) = (Space::FULL, Space::EMPTY);
        for owner in owners {
            let held = match owner.when {
                None => rest,
                Some(when) => {
                    let chosen = chosen(space, when);
                    space.and(rest, chosen)
                }
            };
            rest = space.minus(rest, held);
            let through = self.fold_one(space, fields, side, owner);
            let through = space.and(held, through);
            all = space.or(all, through);
        }
        space.or(all, rest)
    }

    fn fold_one(
        &self,
        space: &mut Space,
        fields: &mut Fields<'_>,
        side: Side,
        owner: &Owner,
    ) -> SetId {
        let Some(pipeline) = asking(self.network, owner) else { return Space::FULL };
        let tables = self.network.pipeline(pipeline);
        let mut arriving = Arriving { tables, sets: vec![vec![]; tables.len() + 1] };
        arriving.sets[0].push(Space::FULL);
        for (place, table) in tables.iter().enumerate() {
            let sets = std::mem::take(&mut arriving.sets[place]);
            let mut rest = space.any(&sets);
            let chains = self.network.table(*table).chains.as_deref();
            let chains = chains.filter(|chains| chains.by == side);
            if let Some(filters) = chains.and_then(|chains| chains.of(owner.to))
                && !space.is_empty(rest)
            {
                rest = chain(space, fields, side, &mut arriving, place, filters, rest);
            }
            arriving.sets[place + 1].push(rest);
        }
        space.any(&arriving.sets[tables.len()])
    }
}

/// The pipeline of the Node that asks the chains of an owner; none where that is no Pod.
fn asking(network: &Network, owner: &Owner) -> Option<PipelineId> {
    network.fib(owner.via).filter(|_| owner.to != owner.via).map(|fib| fib.pipeline)
}

/// What a chain leaves of messages that are at a table; what it lets go on arrives elsewhere.
fn chain(
    space: &mut Space,
    fields: &mut Fields<'_>,
    side: Side,
    arriving: &mut Arriving<'_>,
    place: usize,
    filters: &[TableId],
    set: SetId,
) -> SetId {
    let mut rest = set;
    // Most chains let on what one of many filters allows, and drop the rest: entries that do the
    // same are put together before anything is taken from what is left.
    let mut same: Option<(Option<TableId>, Vec<SetId>)> = None;
    for filter in filters {
        for &Run { then, set } in fields.filter(space, side, *filter) {
            match &mut same {
                Some((last, sets)) if *last == then => sets.push(set),
                _ => {
                    let before = same.replace((then, vec![set]));
                    rest = arriving.settle(space, place, rest, before);
                }
            }
        }
    }
    arriving.settle(space, place, rest, same)
}

// === impl Arriving ===

impl Arriving<'_> {
    /// What entries that do the same leave of messages.
    fn settle(
        &mut self,
        space: &mut Space,
        place: usize,
        rest: SetId,
        same: Option<(Option<TableId>, Vec<SetId>)>,
    ) -> SetId {
        let Some((then, sets)) = same else { return rest };
        let matched = space.any(&sets);
        let later = |then| (place + 1..self.tables.len()).find(|i| self.tables[*i] == then);
        if let Some(later) = then.and_then(later) {
            let hit = space.and(rest, matched);
            self.sets[later].push(hit);
        }
        space.minus(rest, matched)
    }
}

// === impl Dense ===

impl<'n> Dense<'n> {
    fn new(network: &'n Network) -> Dense<'n> {
        let mut tables = FxHashMap::default();
        for (table, all) in (0..).map(TableId).zip(&network.tables) {
            let Some(chains) = all.chains.as_deref() else { continue };
            let mut of = vec![0; network.elements.len()];
            for (pod, chain) in &chains.of {
                of[pod.index()] = chain.0 + 1;
            }
            tables.insert(table, of);
        }
        Dense { network, tables }
    }

    /// Adds to a key all that the fold of an owner depends on.
    fn describe(&self, owner: &Owner, side: Side, key: &mut Vec<u32>) {
        let when =
            owner.when.map(|when| 1 + u32::from(when.choice.0) * 256 + u32::from(when.value));
        key.push(when.unwrap_or(0));
        let Some(pipeline) = asking(self.network, owner) else {
            return key.push(u32::MAX);
        };
        key.push(pipeline.0);
        for table in self.network.pipeline(pipeline) {
            let chains = self.network.table(*table).chains.as_deref();
            if chains.is_some_and(|chains| chains.by == side) {
                let of = self.tables.get(table).map_or(0, |of| of[owner.to.index()]);
                key.push(of);
            }
        }
    }
}
