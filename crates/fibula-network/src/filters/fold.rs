//! Stacks of chains, each folded once into what it lets through.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::atoms::{FilterAtoms, Owner};
use super::sources::under_sources;
use super::{Filters, host};
use crate::element::ElementId;
use crate::fib::{Action, AddrSetId, Addrs, Pattern, PipelineId, Ports, Side, TableId, When};
use crate::header::Proto;
use crate::network::Network;
use crate::set::{Level, SetId, Space};

/// Folds, and remembers what it folded.
pub(super) struct Folder<'a> {
    network: &'a Network,
    atoms: &'a FilterAtoms,
    /// Whether targets that are Nodes are the Node that hosts the source.
    own: bool,
    /// Whether peers are the Pod itself.
    same: bool,
    addrs: FxHashMap<(Side, Field), SetId>,
    doors: FxHashMap<(Option<Proto>, Ports), SetId>,
    tables: FxHashMap<(Side, TableId), Rc<Table>>,
}

/// An address field that is not relative.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Field {
    Set(AddrSetId),
    In(crate::addr::Addr, crate::addr::Addr),
    Nodes,
}

/// What a table, or a list of them, does: to which tables messages go, and which are dropped. What
/// is in none of these sets falls through.
#[derive(Clone, Default)]
struct Table {
    goes: Vec<(TableId, SetId)>,
    dropped: Vec<SetId>,
    /// Whether all entries do the same, so that their order says nothing.
    same: bool,
}

/// The chains of a Pod in one direction: by place in the pipeline.
pub(super) type Stack = (PipelineId, Vec<(usize, u32)>);

// === impl Folder ===

impl<'a> Folder<'a> {
    pub(super) fn new(network: &'a Network, atoms: &'a FilterAtoms) -> Folder<'a> {
        Folder {
            network,
            atoms,
            own: false,
            same: false,
            addrs: FxHashMap::default(),
            doors: FxHashMap::default(),
            tables: FxHashMap::default(),
        }
    }

    /// Takes targets that are Nodes for the Node that hosts the source, or peers for the Pod itself.
    pub(super) fn read_as(&mut self, own: bool, same: bool) {
        (self.own, self.same) = (own, same);
    }

    /// The addresses.
    pub(super) fn atoms(&self) -> &'a FilterAtoms {
        self.atoms
    }

    /// Takes targets that are Nodes for the Node that hosts the source from now on: whether some
    /// entry asks for that. What it folded without such an entry stays as it is.
    pub(super) fn ask_own(&mut self) -> bool {
        self.own = true;
        let before = self.tables.len();
        let asks = |table: TableId| {
            let mut entries = self.network.table(table).entries.iter();
            entries.any(|entry| entry.pattern.dst == Addrs::Own)
        };
        self.tables.retain(|(_, table), _| !asks(*table));
        self.tables.len() < before
    }

    /// What the chains of one side let through, of all messages.
    pub(super) fn side(&mut self, space: &mut Space, side: Side) -> SetId {
        let by_atom = self.by_atom(space, side);
        match side {
            // Folds ask nothing above the source: they stand under their targets as they are.
            Side::Target => space.over(Filters::TARGET, &by_atom),
            Side::Source => under_sources(space, &by_atom),
        }
    }

    /// The same by atom.
    pub(super) fn by_atom(&mut self, space: &mut Space, side: Side) -> Vec<SetId> {
        let stacks = self.stacks(side);
        let mut folds: FxHashMap<Option<Stack>, SetId> = FxHashMap::default();
        let mut by_atom: Vec<SetId> = Vec::with_capacity(stacks.len());
        for stack in stacks {
            let fold = match folds.get(&stack) {
                Some(fold) => *fold,
                None => {
                    let fold = match &stack {
                        Some(stack) => self.fold(space, side, stack),
                        None => Space::FULL,
                    };
                    folds.insert(stack, fold);
                    fold
                }
            };
            by_atom.push(fold);
        }
        by_atom
    }

    /// By atom, the stack of its Pods; none for what has no chains.
    pub(super) fn stacks(&self, side: Side) -> Vec<Option<Stack>> {
        let network = self.network;
        let mut chain_of: Vec<Vec<(TableId, u32)>> = vec![vec![]; network.elements.len()];
        for (id, table) in (0..).map(TableId).zip(&network.tables) {
            let Some(chains) = table.chains.as_ref().filter(|chains| chains.by == side) else {
                continue;
            };
            for (pod, chain) in &chains.of {
                chain_of[pod.index()].push((id, chain.0));
            }
        }
        let stack = |pod: ElementId| {
            let fib = network.fib(host(network, pod)?)?;
            let tables = network.pipeline(fib.pipeline);
            let chains = &chain_of[pod.index()];
            let places = tables.iter().enumerate().filter_map(|(place, table)| {
                let (_, chain) = chains.iter().find(|(at, _)| at == table)?;
                Some((place, *chain))
            });
            let places: Vec<(usize, u32)> = places.collect();
            (!places.is_empty()).then_some((fib.pipeline, places))
        };
        let atoms = self.atoms.iter();
        atoms
            .map(|(_, atom)| match (atom.owner, atom.elements.first()) {
                (Owner::Pods, Some(pod)) => stack(*pod),
                _ => None,
            })
            .collect()
    }

    /// What reaches the end of the pipeline, as far as these chains are asked.
    fn fold(&mut self, space: &mut Space, side: Side, (pipeline, stack): &Stack) -> SetId {
        let network = self.network;
        let tables = network.pipeline(*pipeline);
        let mut arriving: Vec<(usize, SetId)> = vec![(0, Space::FULL)];
        for (place, chain) in stack {
            let (here, later): (Vec<_>, Vec<_>) =
                arriving.into_iter().partition(|(at, _)| at <= place);
            let here: Vec<SetId> = here.into_iter().map(|(_, set)| set).collect();
            let mut rest = space.any(&here);
            arriving = later;
            let Some(chains) = &network.table(tables[*place]).chains else { continue };
            let list = &chains.lists[*chain as usize];
            let Table { goes, dropped, .. } = self.list(space, side, list);
            for (to, set) in goes {
                let hit = space.and(rest, set);
                let place = tables.iter().rposition(|table| *table == to);
                arriving.push((place.unwrap_or(tables.len()), hit));
                rest = space.minus(rest, set);
            }
            for set in dropped {
                rest = space.minus(rest, set);
            }
            arriving.push((place + 1, rest));
        }
        let sets: Vec<SetId> = arriving.into_iter().map(|(_, set)| set).collect();
        space.any(&sets)
    }

    /// What a chain does: disjoint sets.
    fn list(&mut self, space: &mut Space, side: Side, list: &[TableId]) -> Table {
        let mut out = Table::default();
        let mut matched = Space::EMPTY;
        let mut at = 0;
        while at < list.len() {
            // Tables that all let through to one place, as NetworkPolicies do, have no order.
            let mut run = vec![];
            let mut to = None;
            while let Some(table) = list.get(at) {
                let table = self.table(space, side, *table);
                let [(goes, set)] = table.goes[..] else { break };
                if !table.same || !table.dropped.is_empty() || to.is_some_and(|to| to != goes) {
                    break;
                }
                to = Some(goes);
                run.push(set);
                at += 1;
            }
            if let Some(to) = to {
                let set = space.any(&run);
                let new = space.minus(set, matched);
                matched = space.or(matched, set);
                out.goes.push((to, new));
                continue;
            }
            let table = self.table(space, side, list[at]);
            at += 1;
            let mut all = matched;
            for &(to, set) in &table.goes {
                out.goes.push((to, space.minus(set, matched)));
                all = space.or(all, set);
            }
            for &set in &table.dropped {
                out.dropped.push(space.minus(set, matched));
                all = space.or(all, set);
            }
            matched = all;
        }
        out
    }

    /// What a table does: disjoint sets, unless all of them do the same.
    fn table(&mut self, space: &mut Space, side: Side, id: TableId) -> Rc<Table> {
        if let Some(known) = self.tables.get(&(side, id)) {
            return known.clone();
        }
        let entries = &self.network.table(id).entries;
        let action = entries.first().map(|entry| entry.action);
        let same = entries.iter().all(|entry| Some(entry.action) == action);
        let mut sets: Vec<(Option<TableId>, Vec<SetId>)> = vec![];
        let mut matched = Space::EMPTY;
        for entry in entries {
            let mut set = self.pattern(space, side, &entry.pattern);
            if !same {
                let new = space.minus(set, matched);
                matched = space.or(matched, set);
                set = new;
            }
            let to = match entry.action {
                Action::Goto(to) => Some(to),
                _ => None,
            };
            match sets.iter_mut().find(|(known, _)| *known == to) {
                Some((_, sets)) => sets.push(set),
                None => sets.push((to, vec![set])),
            }
        }
        let mut table = Table { same, ..Table::default() };
        for (to, sets) in sets {
            let set = space.any(&sets);
            match to {
                Some(to) => table.goes.push((to, set)),
                None => table.dropped.push(set),
            }
        }
        let table = Rc::new(table);
        self.tables.insert((side, id), table.clone());
        table
    }

    /// The messages that a pattern matches, as those of one side know them.
    pub(super) fn pattern(&mut self, space: &mut Space, side: Side, pattern: &Pattern) -> SetId {
        let peer = match side {
            Side::Source => self.addrs(space, Side::Target, pattern.dst),
            Side::Target => self.addrs(space, Side::Source, pattern.src),
        };
        let mut set = self.door(space, pattern.proto, pattern.dport);
        for When { choice, value } in &pattern.when {
            let level = Level(Filters::CHOICE.0 + choice.0);
            let chosen = space.interval(level, (*value).into(), (*value).into());
            set = space.and(set, chosen);
        }
        space.and(peer, set)
    }

    fn door(&mut self, space: &mut Space, proto: Option<Proto>, ports: Ports) -> SetId {
        if let Some(known) = self.doors.get(&(proto, ports)) {
            return *known;
        }
        let proto_set = match proto {
            Some(proto) => space.interval(Filters::PROTO, proto as u32, proto as u32),
            None => Space::FULL,
        };
        let ports_set = match ports {
            Ports::In(lo, hi) => space.interval(Filters::PORT, lo.into(), hi.into()),
            _ => Space::FULL,
        };
        let set = space.and(proto_set, ports_set);
        self.doors.insert((proto, ports), set);
        set
    }

    /// The headers with such an address on a side.
    fn addrs(&mut self, space: &mut Space, side: Side, addrs: Addrs) -> SetId {
        let field = match addrs {
            Addrs::Set(set) => Field::Set(set),
            Addrs::In(range) => Field::In(range.lo, range.hi),
            Addrs::Own if self.own && side == Side::Target => Field::Nodes,
            Addrs::Same if self.same => return Space::FULL,
            Addrs::Any => return Space::FULL,
            _ => return Space::EMPTY,
        };
        if let Some(known) = self.addrs.get(&(side, field)) {
            return *known;
        }
        let mut within = vec![];
        match field {
            Field::Set(set) => {
                let ranges = &self.network.set(set).ranges;
                ranges.iter().for_each(|range| self.atoms.within(*range, &mut within));
            }
            Field::In(lo, hi) => self.atoms.within(crate::addr::Range { lo, hi }, &mut within),
            Field::Nodes => {
                let nodes = self.atoms.iter().filter(|(_, atom)| atom.owner == Owner::Nodes);
                within.extend(nodes.map(|(number, _)| number));
            }
        }
        within.sort_unstable();
        within.dedup();
        let level = match side {
            Side::Source => Filters::SOURCE,
            Side::Target => Filters::TARGET,
        };
        let set = space.values_of(level, &within);
        self.addrs.insert((side, field), set);
        set
    }
}
