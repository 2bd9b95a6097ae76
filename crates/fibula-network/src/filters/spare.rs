//! What filters could do without: owners of tables, and parts of them, whose absence would change
//! what becomes of no message.
//!
//! Each distinct stack of chains is laid out as a list of steps, neighbours of one part as one. Going
//! backwards, one knows what would be let through from each step on; going forwards, what comes to
//! it. A run of steps is idle if of what comes to it the same is let through with it and from behind
//! it. So each stack costs a few operations for each of its steps, however many parts it has; only a
//! part that stands in several places of one chain is tried by leaving it out.
//!
//! *Own* and *same* are asked by themselves, as a fold cannot say them: once with all Nodes as the
//! Node that hosts the source, once with all peers as the Pod itself.

mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::fold::{Folder, Stack};
use super::{Filters, Owner, host};
use crate::addr::Family;
use crate::element::{ElementId, Kind};
use crate::fib::{Action, Addrs, Entry, Side, TableId};
use crate::network::Network;
use crate::set::{SetId, Space};
use steps::{Chain, Step, backwards, beyond, covers};

/// Whose filter tables are, and which parts of them are one.
pub struct Owned<'p> {
    /// The owner of a table. A chain without a table that has one is none: what has no owner
    /// (isolation, exemptions) is there for the others.
    pub owner: &'p dyn Fn(TableId) -> Option<u32>,
    /// The part of its owner that an entry is.
    pub part: &'p dyn Fn(&Entry) -> u64,
}

/// An owner, or a part of one, on a side.
pub type PartKey = (Side, u32, Option<u64>);

/// What an owner or a part does for the messages of the Pods that have it in their chains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whether some message would end otherwise without it.
    pub matters: bool,
    /// Whether it matches anything.
    pub matches: bool,
    /// Whether filters of the other end withhold all that it lets through to, or from, others. None
    /// where it lets nothing through but what comes back to the Pod itself.
    pub withheld: Option<bool>,
    /// Whether it is of one step that lets everything through, wherever it stands.
    pub lets_all: bool,
    /// Parts that match, each by itself and wherever this one stands, all that this one does, and
    /// come before it or do the same. None while it matches nothing.
    pub covers: Option<Vec<(u32, u64)>>,
}

/// The runs of a table.
type Runs = Rc<Vec<(u64, SetId, Action)>>;

/// What comes to a stack: of which atoms the Pods are that have it, and what arrives.
struct Arrival<'a> {
    side: Side,
    reading: Reading,
    own: &'a [u32],
    set: SetId,
}

/// How *own* and *same* are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Reading {
    /// Peers are others.
    Others,
    /// Targets that are Nodes are the source's own.
    OwnNode,
    /// Peers are the Pod itself.
    Itself,
}

impl Filters<'_> {
    /// What each owner and each part does. Those that no Pod has in its chains are not there.
    ///
    /// Costs a few operations for each step of each distinct stack of chains, and for each idle part
    /// a look at some of the others.
    pub fn spare(&mut self, owned: &Owned<'_>) -> BTreeMap<PartKey, Part> {
        let mut found: BTreeMap<PartKey, Part> = BTreeMap::new();
        let (network, space) = (self.network, &mut self.space);
        let [egress, ingress] = [self.egress, self.ingress];
        let folder = Folder::new(network, &self.atoms);
        let (known, all) = (FxHashMap::default(), &mut found);
        let mut spare = Spare { network, owned, folder, known, found: all, egress, ingress };
        for reading in [Reading::Others, Reading::OwnNode, Reading::Itself] {
            spare.folder.read_as(reading == Reading::OwnNode, reading == Reading::Itself);
            for side in [Side::Source, Side::Target] {
                spare.side(space, side, reading);
            }
        }
        found
    }
}

struct Spare<'a, 'n> {
    network: &'n Network,
    owned: &'a Owned<'a>,
    folder: Folder<'a>,
    known: FxHashMap<(Side, TableId, Reading), Runs>,
    found: &'a mut BTreeMap<PartKey, Part>,
    /// What the filters of sources let through, and those of targets.
    egress: SetId,
    ingress: SetId,
}

/// Numbers in order, each once.
fn tidy(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

// === impl Spare ===

impl Spare<'_, '_> {
    fn side(&mut self, space: &mut Space, side: Side, reading: Reading) {
        if reading == Reading::OwnNode && side == Side::Target {
            return;
        }
        let mut atoms_of: BTreeMap<(Stack, Family), Vec<u32>> = BTreeMap::new();
        let atoms = self.folder.atoms();
        for ((number, atom), stack) in atoms.iter().zip(self.folder.stacks(side)) {
            if let Some(stack) = stack {
                atoms_of.entry((stack, atom.family)).or_default().push(number);
            }
        }
        let peers = match side {
            Side::Source => Filters::TARGET,
            Side::Target => Filters::SOURCE,
        };
        let everybody = [Family::V4, Family::V6].map(|family| {
            let own = atoms.iter().filter(|(_, atom)| atom.family == family);
            space.values_of(peers, &own.map(|(number, _)| number).collect::<Vec<_>>())
        });
        let mut nodes: FxHashMap<ElementId, Vec<u32>> = FxHashMap::default();
        for (number, atom) in atoms.iter() {
            let own = atom.elements.iter().filter(|e| self.network.kind(**e) == Kind::Node);
            own.for_each(|node| nodes.entry(*node).or_default().push(number));
        }
        for ((stack, family), own) in atoms_of {
            let pods = own.iter().flat_map(|atom| &atoms.get(*atom).elements);
            let hosts: BTreeSet<ElementId> =
                pods.filter_map(|pod| host(self.network, *pod)).collect();
            let of_hosts = hosts.iter().filter_map(|host| nodes.get(host)).flatten().copied();
            let of_hosts = of_hosts.filter(|number| atoms.get(*number).family == family);
            let arriving = match reading {
                Reading::Others => {
                    // A single Pod is no other for itself.
                    let alone = match own[..] {
                        [atom] if atoms.get(atom).elements.len() == 1 => Some(atom),
                        _ => None,
                    };
                    // Nor is a Node another one for Pods that it hosts, all of them.
                    let own_node = |number: &u32| {
                        let atom = atoms.get(*number);
                        atom.owner == Owner::Nodes
                            && atom.elements.iter().all(|e| hosts.contains(e))
                    };
                    let is_one = side == Side::Source && hosts.len() == 1;
                    let no_others = of_hosts.filter(|number| is_one && own_node(number));
                    let no_others = tidy(no_others.chain(alone).collect());
                    let no_others = space.values_of(peers, &no_others);
                    space.minus(everybody[family as usize], no_others)
                }
                Reading::OwnNode => space.values_of(peers, &tidy(of_hosts.collect())),
                Reading::Itself => space.values_of(peers, &own),
            };
            let mut chains = self.chains(space, (side, reading), &stack);
            if reading != Reading::Others {
                // Little arrives: to ask about that alone costs little.
                let steps = chains.iter_mut().flat_map(|chain| &mut chain.steps);
                steps.for_each(|step| step.set = space.and(step.set, arriving));
            }
            let arrival = Arrival { side, reading, own: &own, set: arriving };
            self.stack(space, &chains, &arrival);
        }
    }

    /// The chains of a stack, as steps.
    fn chains(
        &mut self,
        space: &mut Space,
        asked: (Side, Reading),
        (pipeline, stack): &Stack,
    ) -> Vec<Chain> {
        let tables = self.network.pipeline(*pipeline);
        let mut out = vec![];
        for (place, chain) in stack {
            let Some(chains) = &self.network.table(tables[*place]).chains else { continue };
            let mut steps = vec![];
            for table in &chains.lists[*chain as usize] {
                let owner = (self.owned.owner)(*table);
                let runs = self.runs(space, asked, *table);
                steps.extend(runs.iter().map(|&(part, set, action)| {
                    let to = match action {
                        Action::Goto(to) => {
                            let place = tables.iter().rposition(|table| *table == to);
                            Some(place.unwrap_or(tables.len()))
                        }
                        _ => None,
                    };
                    Step { owner, part, set, to }
                }));
                // An owner without a part is there all the same.
                if runs.is_empty() && owner.is_some() {
                    steps.push(Step { owner, part: u64::MAX, set: Space::EMPTY, to: None });
                }
            }
            out.push(Chain { place: *place, steps });
        }
        out
    }

    /// The entries of a table, neighbours of one part that do the same as one.
    fn runs(
        &mut self,
        space: &mut Space,
        (side, reading): (Side, Reading),
        table: TableId,
    ) -> Runs {
        let entries = &self.network.table(table).entries;
        // What asks for nothing relative is read alike.
        let relative = |addrs| matches!(addrs, Addrs::Own | Addrs::Same);
        let asks = entries.iter().any(|e| relative(e.pattern.src) || relative(e.pattern.dst));
        let reading = if asks { reading } else { Reading::Others };
        if let Some(known) = self.known.get(&(side, table, reading)) {
            return Rc::clone(known);
        }
        let key = |entry: &Entry| ((self.owned.part)(entry), entry.action);
        let mut runs = vec![];
        for run in entries.chunk_by(|a, b| key(a) == key(b)) {
            let sets = run.iter().map(|entry| self.folder.pattern(space, side, &entry.pattern));
            let sets: Vec<SetId> = sets.collect();
            let (part, action) = key(&run[0]);
            runs.push((part, space.any(&sets), action));
        }
        let runs = Rc::new(runs);
        self.known.insert((side, table, reading), Rc::clone(&runs));
        runs
    }

    fn stack(&mut self, space: &mut Space, chains: &[Chain], arrival: &Arrival<'_>) {
        // What is let through from each step of each chain on, and behind its last.
        let mut from: Vec<Vec<SetId>> = vec![vec![]; chains.len()];
        for at in (0..chains.len()).rev() {
            from[at] = backwards(space, chains, &from, at, |_| true);
        }
        let mut arrived: Vec<(usize, SetId)> = vec![(0, arrival.set)];
        for (at, chain) in chains.iter().enumerate() {
            let (here, later): (Vec<_>, Vec<_>) =
                arrived.into_iter().partition(|(place, _)| *place <= chain.place);
            arrived = later;
            let here: Vec<SetId> = here.into_iter().map(|(_, set)| set).collect();
            let mut reach = vec![space.any(&here)];
            for step in &chain.steps {
                let last = reach[reach.len() - 1];
                if let Some(to) = step.to {
                    arrived.push((to, space.and(last, step.set)));
                }
                reach.push(space.minus(last, step.set));
            }
            arrived.push((chain.place + 1, reach[reach.len() - 1]));
            self.chain(space, arrival, (chains, at), &from, &reach);
        }
    }

    /// What each owner and part of a chain does.
    fn chain(
        &mut self,
        space: &mut Space,
        arrival: &Arrival<'_>,
        (chains, at): (&[Chain], usize),
        from: &[Vec<SetId>],
        reach: &[SetId],
    ) {
        let (steps, side) = (&chains[at].steps, arrival.side);
        let mut groups: BTreeMap<(u32, Option<u64>), Vec<usize>> = BTreeMap::new();
        for (i, step) in steps.iter().enumerate() {
            if let Some(owner) = step.owner {
                groups.entry((owner, None)).or_default().push(i);
                if step.part != u64::MAX {
                    groups.entry((owner, Some(step.part))).or_default().push(i);
                }
            }
        }
        let owners = groups.keys().filter(|(_, part)| part.is_none()).count();
        for ((owner, part), own) in groups {
            let (first, end) = (own[0], own[own.len() - 1] + 1);
            let known = self.found.get(&(side, owner, part));
            if known.is_some_and(|known| {
                known.matters && known.matches && !known.lets_all && known.withheld == Some(false)
            }) {
                continue;
            }
            let without = if part.is_none() && owners == 1 {
                beyond(chains, from, chains[at].place + 1)
            } else if end - first == own.len() {
                from[at][end]
            } else {
                backwards(space, chains, from, at, |i| !own.contains(&i))[first]
            };
            let with = space.and(reach[first], from[at][first]);
            let without = space.and(reach[first], without);
            let sets: Vec<SetId> = own.iter().map(|i| steps[*i].set).collect();
            let set = space.any(&sets);
            let others = arrival.reading == Reading::Others;
            let all = own.len() == 1 && set == Space::FULL && steps[first].to.is_some();
            let lets_all = all || !others;
            let idle = with == without;
            let covers = match part {
                Some(_) if idle && others && set != Space::EMPTY => {
                    Some(covers(space, chains, at, (&own, set), known))
                }
                _ => None,
            };
            let own_set = space.and(set, arrival.set);
            let matches = own_set != Space::EMPTY;
            let lets = matches && own.iter().all(|i| steps[*i].to.is_some());
            let withheld = lets.then(|| self.is_withheld(space, arrival, own_set)).flatten();
            let new = Part { matters: !idle, matches, withheld, lets_all, covers };
            let entry = self.found.entry((side, owner, part));
            let all = entry.or_insert_with(|| Part { matters: false, ..new.clone() });
            all.matters |= new.matters;
            all.matches |= new.matches;
            all.withheld = match (all.withheld, new.withheld) {
                (Some(all), Some(new)) => Some(all && new),
                (all, new) => all.or(new),
            };
            all.lets_all &= new.lets_all;
            all.covers = match (all.covers.take(), new.covers) {
                (Some(all), Some(new)) => {
                    Some(all.into_iter().filter(|cover| new.contains(cover)).collect())
                }
                (all, new) => all.or(new),
            };
        }
    }
}

impl Spare<'_, '_> {
    /// Whether the filters of the other end withhold all of a set. A Node has none; of what comes
    /// back to the Pod itself nothing is said.
    fn is_withheld(&self, space: &mut Space, arrival: &Arrival<'_>, set: SetId) -> Option<bool> {
        match arrival.reading {
            Reading::Others => {}
            Reading::OwnNode => return Some(false),
            Reading::Itself => return None,
        }
        let (level, others) = match arrival.side {
            Side::Source => (Filters::SOURCE, self.ingress),
            Side::Target => (Filters::TARGET, self.egress),
        };
        let own = space.values_of(level, arrival.own);
        let open = space.and(set, others);
        Some(space.and(open, own) == Space::EMPTY)
    }
}
