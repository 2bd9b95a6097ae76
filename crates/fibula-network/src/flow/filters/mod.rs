//! What filters let through, of all messages from everybody to everybody: who can reach whom, as far
//! as chains decide it.
//!
//! ```text
//!   addresses ──► partition   classes that no filter tells apart ("atoms"), a level of a diagram
//!   filters   ──► fields      what an entry asks, over these atoms
//!   chains    ──► fold        what each distinct list of chains lets through, once
//!                                │
//!                   egress   the folds under the atoms of their sources
//!                   ingress  the folds under the atoms of their targets
//!                   allowed  both
//! ```
//!
//! 150,000 pods are 22.5 thousand million pairs, and a few thousand classes. The whole is one set
//! of headers, in which equal rows are one node.
//!
//! **What it says.** A header is in [`Filters::allowed`] if no entry of a filter ends its message
//! on the way from the Node of whoever owns its source to the Node of whoever owns its target:
//! from a pod to a pod of another Node, from another Node to a pod, from a pod to another Node,
//! from the world to a pod, and from a pod to the world. It is about the first message of a
//! connection as these Nodes get it, with the target that a Service chose (NP-20, DR-7). It says
//! nothing of where messages go: that each address leads to its owner is for `verify` to prove.
//!
//! **What it leaves apart**, since it differs from switch to switch or is no filter:
//!
//! - What the entries of gates say, which stand before a table's chains: that messages of a Node's
//!   own daemons are let through (NP-32), and those of a Pod to itself (NP-30).
//! - The Node that hosts a pod. Entries of filters that speak of the deciding switch are read as at a
//!   switch that has neither of the two addresses for its own and that hosts but one of them:
//!   *own* (DR-3), *hosted* and *listened* match nothing, *elsewhere* matches whatever has an owner
//!   of that kind, *arrived* is a pod where a message is sent and a node where it arrives.
//!   [`Filters::own_node`] reads them as between a pod and its own Node.
//! - Two Pods of one Node. There the same is true, unless a filter of one side goes on past a table
//!   that asks the other side: then what was passed is not asked.
//! - Messages of an owner to itself (NP-30); *same* matches nothing.
//!
//! An address that several own under a choice (POD-7) is that of whoever owns it under each value.

mod fields;
mod fold;
mod partition;

use crate::addr::{Addr, Range};
use crate::element::ElementId;
use crate::fib::{Owner, Side};
use crate::header::{Header, Proto};
use crate::network::Network;
use crate::set::{Level, SetId, Space};
use fields::{Fields, Reading};
use fold::Folds;
use partition::Partition;

/// What the filters of a network let through.
pub struct Filters<'n> {
    network: &'n Network,
    /// The sets.
    pub space: Space,
    levels: Levels,
    partition: Partition,
    egress: SetId,
    ingress: SetId,
    allowed: SetId,
}

/// Which level of a diagram is which field of a header: first a level for each choice, then these.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    choices: u8,
}

/// Addresses that no filter tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrClass {
    /// Whose they are.
    pub owner: Owned,
    /// One of them: the first.
    pub first: Addr,
    /// How many owned addresses they are; 0 for those of the world.
    pub count: u32,
}

/// Whose the addresses of a class are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owned {
    /// Nobody's of the cluster.
    World,
    /// Of this Node.
    Node(ElementId),
    /// Of Pods.
    Pods,
    /// One address that a choice gives to one or another (POD-7).
    Contested,
}

/// What filters let through between a pod and the Node that hosts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnNode {
    /// From a pod to its Node: of each Node's addresses, what holds for the pods that it hosts.
    pub egress: SetId,
    /// From a Node to a pod that it hosts, if its filters are asked at all (NP-32).
    pub ingress: SetId,
}

// === impl Filters ===

impl<'n> Filters<'n> {
    /// Costs a pass over the addresses, the sets that filters name and their entries, and a fold of
    /// each distinct list of chains.
    pub fn new(network: &'n Network) -> Filters<'n> {
        let folds = Folds::new(network);
        let partition = Partition::new(network, &folds);
        let (levels, mut space) = Levels::new(network, &partition);
        let mut fields = Fields::new(network, &partition, levels, Reading::Apart);
        let egress = folds.diagram(&mut space, &mut fields, Side::Source);
        let ingress = folds.diagram(&mut space, &mut fields, Side::Target);
        let allowed = space.and(egress, ingress);
        Filters { network, space, levels, partition, egress, ingress, allowed }
    }

    /// The headers whose messages no filter ends.
    pub fn allowed(&self) -> SetId {
        self.allowed
    }

    /// The headers whose messages no filter ends where they are sent.
    pub fn egress(&self) -> SetId {
        self.egress
    }

    /// The headers whose messages no filter ends where they arrive.
    pub fn ingress(&self) -> SetId {
        self.ingress
    }

    /// What the levels of the space mean.
    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// What filters let through between pods and their own Nodes. Costs as much again.
    pub fn own_node(&mut self) -> OwnNode {
        let folds = Folds::new(self.network);
        let mut fields = Fields::new(self.network, &self.partition, self.levels, Reading::OwnNode);
        OwnNode {
            egress: folds.diagram(&mut self.space, &mut fields, Side::Source),
            ingress: folds.diagram(&mut self.space, &mut fields, Side::Target),
        }
    }

    /// The headers that are in a set under these choices, whatever the choices are: then the first
    /// level that it asks is the target. [`Space::split`] by that, then by the source, gives the
    /// pairs of classes in groups, and what is left of each is protocols and ports.
    pub fn under(&mut self, set: SetId, choices: &[u8]) -> SetId {
        let mut set = set;
        for level in self.levels.choices() {
            let value = choices.get(usize::from(level.0)).copied().unwrap_or(0).into();
            let chosen = self.space.interval(level, value, value);
            set = self.space.and(set, chosen);
            set = self.space.exists(set, level);
        }
        set
    }

    /// The classes of addresses, by atom: first those of the world, then of Nodes, then of Pods, in
    /// the order of the elements, then those that are contested.
    pub fn atoms(&self) -> &[AddrClass] {
        &self.partition.atoms
    }

    /// The atom of an address. Costs two binary searches.
    pub fn atom(&self, addr: Addr) -> u32 {
        self.partition.atom(addr)
    }

    /// The addresses of an atom, sorted: one by one where somebody owns them; else the ranges in
    /// which they are whatever nobody owns.
    pub fn ranges(&self, atom: u32) -> impl Iterator<Item = Range> + '_ {
        self.partition.members(atom)
    }

    /// Who owns the addresses of an atom, sorted by address.
    pub fn owners(&self, atom: u32) -> impl Iterator<Item = &'n Owner> + '_ {
        let owned = self.atoms()[atom as usize].owner != Owned::World;
        let ranges = self.ranges(atom).filter(move |_| owned);
        ranges.flat_map(|range| self.network.owners_of(range.lo))
    }

    /// The values of a header, one for each level, under these choices.
    pub fn member(&self, header: Header, choices: &[u8]) -> Vec<u32> {
        let Header { src, sport, dst, dport, proto } = header;
        let all = 0..usize::from(self.levels.choices);
        let chosen = all.map(|i| choices.get(i).copied().unwrap_or(0).into());
        let fields = [self.atom(dst), self.atom(src), proto as u32, sport.into(), dport.into()];
        chosen.chain(fields).collect()
    }
}

// === impl Levels ===

impl Levels {
    fn new(network: &Network, partition: &Partition) -> (Levels, Space) {
        let atoms = partition.atoms.len() as u64;
        let mut domains: Vec<u64> =
            network.choices.iter().map(|choice| u64::from(choice.values)).collect();
        let choices = domains.len() as u8;
        domains.extend([atoms, atoms, Proto::ALL.len() as u64, 1 << 16, 1 << 16]);
        (Levels { choices }, Space::new(&domains))
    }

    /// The levels of the choices, by their ids.
    pub fn choices(self) -> impl Iterator<Item = Level> {
        (0..self.choices).map(Level)
    }

    /// The target's atom.
    pub fn target(self) -> Level {
        Level(self.choices)
    }

    /// The source's atom.
    pub fn source(self) -> Level {
        Level(self.choices + 1)
    }

    /// The protocol, by its place in [`Proto::ALL`].
    pub fn protocol(self) -> Level {
        Level(self.choices + 2)
    }

    /// The source port.
    pub fn source_port(self) -> Level {
        Level(self.choices + 3)
    }

    /// The target port.
    pub fn target_port(self) -> Level {
        Level(self.choices + 4)
    }
}
