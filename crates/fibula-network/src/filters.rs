//! What the filters of all Pods let through, at once: the fast way to who can reach whom.
//!
//! ```text
//!   chains ──► atoms   addresses that no filter tells apart, as one
//!          ──► folds   each distinct stack of chains, once: which peers and ports it lets through
//!                      └─ sources' folds: egress ─┐
//!                         targets' folds: ingress ┴─► allowed = egress ∧ ingress
//!          ──► spare   which parts of them could be left out
//! ```
//!
//! Two Pods with the same chains, whose addresses lie in the same sets, are one atom, however many
//! they are; folds that mean the same are one set, for diagrams are hash-consed. So nothing here
//! costs what pairs of Pods cost.
//!
//! It answers for first messages between two different owners of addresses, as they are when
//! filters are asked: after targets were rewritten, before sources are. What the entries before a
//! chain say is not part of it, for they speak of the link by which a message came: a Node's own
//! processes are let through to its Pods (NP-32), and a Pod's messages to itself never come here
//! (NP-30). Of entries for *own* addresses of the switch, [`Filters::own_node`] answers; *same*
//! never matches between two.

mod atoms;
mod fold;
mod pair;
mod sources;
mod spare;

use crate::addr::Addr;
use crate::element::ElementId;
use crate::fib::{Addrs, Pattern, Ports, Side, TableId};
use crate::header::{Header, Proto};
use crate::network::Network;
use crate::set::{Interval, Level, SetId, Space};
pub use atoms::{FilterAtom, FilterAtoms, Owner};
use fold::Folder;
pub use pair::Pair;
pub use spare::{Owned, Part, PartKey};

/// What the filters of a network let through.
pub struct Filters<'n> {
    /// The network.
    pub network: &'n Network,
    /// The addresses, as far as filters tell them apart.
    pub atoms: FilterAtoms,
    /// Where the sets are that this is made of.
    pub space: Space,
    /// What the filters of sources let through.
    pub egress: SetId,
    /// What the filters of targets let through.
    pub ingress: SetId,
    /// What both let through.
    pub allowed: SetId,
    /// What the filters of sources let through to the Node that hosts them, of targets that are
    /// Nodes.
    pub own_node: SetId,
}

/// The connections of one source and one target, by protocol: ranges of target ports, and under
/// which choices.
pub type Connections = Vec<(Proto, Interval, SetId)>;

// === impl Filters ===

impl<'n> Filters<'n> {
    /// The level of the target address, as an atom.
    pub const TARGET: Level = Level(0);
    /// The level of the source address, as an atom.
    pub const SOURCE: Level = Level(1);
    /// The level of the protocol.
    pub const PROTO: Level = Level(2);
    /// The level of the target port.
    pub const PORT: Level = Level(3);
    /// The level of the first choice; the others follow. Choices come last: different pairs depend
    /// on different ones, and above these each combination would be a diagram of its own.
    pub const CHOICE: Level = Level(4);

    /// Folds the filters of a network. None where an entry asks for what only the way of a message
    /// tells: its source port, the link that it came by, a mark, or who hosts an address.
    ///
    /// Costs a look at each address of each set that filters name, a fold for each distinct stack of
    /// chains, and one conjunction.
    pub fn new(network: &'n Network) -> Option<Filters<'n>> {
        let filters = filter_tables(network);
        let mut entries = filters.iter().flat_map(|table| &network.table(*table).entries);
        if !entries.all(|entry| is_plain(&entry.pattern)) {
            return None;
        }
        let atoms = FilterAtoms::new(network, &filters);
        let domains = [u64::from(atoms.count()), u64::from(atoms.count()), 3, 1 << 16];
        let choices = network.choices.iter().map(|choice| u64::from(choice.values));
        let domains: Vec<u64> = domains.into_iter().chain(choices).collect();
        let mut space = Space::new(&domains);
        let mut folder = Folder::new(network, &atoms);
        let egress = folder.side(&mut space, Side::Source);
        let ingress = folder.side(&mut space, Side::Target);
        let allowed = space.and(egress, ingress);
        let own_node = match folder.ask_own() {
            true => folder.side(&mut space, Side::Source),
            false => egress,
        };
        Some(Filters { network, atoms, space, egress, ingress, allowed, own_node })
    }

    /// By atom, what the chains of one side let through, whoever the other end is: everything where
    /// there are none. A fold asks for the other end, protocol, port and choices.
    pub fn folds(&mut self, side: Side) -> Vec<SetId> {
        Folder::new(self.network, &self.atoms).by_atom(&mut self.space, side)
    }

    /// The parts of a set by the values of a level that it asks first: intervals that together are
    /// the whole level, neighbours different. Costs the edges of one node.
    pub fn parts(&self, set: SetId, level: Level) -> Vec<(Interval, SetId)> {
        self.space.parts(set, level)
    }

    /// What is open between one source and one target, of a set that asks no address any more:
    /// nothing where nothing is. Costs its edges.
    pub fn connections(&self, set: SetId) -> Connections {
        connections(&self.space, set)
    }

    /// Under whatever choices a set is reached: some, if it may be; and all, if it must be. Costs a
    /// pass over the part of the diagram below.
    pub fn may_and_must(&mut self, set: SetId) -> (SetId, SetId) {
        let choices = (0..self.network.choices.len() as u8).map(|i| Level(Filters::CHOICE.0 + i));
        let (mut may, mut never) = (set, self.space.not(set));
        for level in choices.filter(|level| self.space.depends_on(set, *level)).collect::<Vec<_>>()
        {
            may = self.space.exists(may, level);
            never = self.space.exists(never, level);
        }
        (may, self.space.not(never))
    }

    /// Whether filters let a message pass under these choices. Costs a few searches.
    pub fn lets(&self, header: Header, choices: &[u8]) -> bool {
        self.holds(self.allowed, header, choices)
    }

    /// Whether a message is in a set, under these choices. Costs a few searches.
    pub fn holds(&self, set: SetId, header: Header, choices: &[u8]) -> bool {
        let Header { src, dst, proto, dport, .. } = header;
        let atom = |addr: Addr| self.atoms.of(addr);
        let chosen = (0..self.network.choices.len()).map(|i| choices.get(i).copied().unwrap_or(0));
        let values: Vec<u32> = [atom(dst), atom(src), proto as u32, u32::from(dport)]
            .into_iter()
            .chain(chosen.map(u32::from))
            .collect();
        self.space.contains(set, &values)
    }
}

/// What is open of a set, of one network's filters or of a [`Pair`], that asks no address any more:
/// nothing where nothing is. Costs its edges.
pub fn connections(space: &Space, set: SetId) -> Connections {
    let mut out = vec![];
    for ((lo, hi), ports) in space.parts(set, Filters::PROTO) {
        for proto in (lo..=hi).filter_map(|proto| Proto::ALL.get(proto as usize)) {
            let open = space.parts(ports, Filters::PORT).into_iter();
            let open = open.filter(|(_, when)| *when != Space::EMPTY);
            out.extend(open.map(|(ports, when)| (*proto, ports, when)));
        }
    }
    out
}

/// The filter tables of a network, sorted.
fn filter_tables(network: &Network) -> Vec<TableId> {
    let chains = network.tables.iter().filter_map(|table| table.chains.as_ref());
    let mut tables: Vec<TableId> = chains.flat_map(|chains| chains.lists.concat()).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}

/// Whether a pattern asks for nothing but addresses, protocol, target port and choices.
fn is_plain(pattern: &Pattern) -> bool {
    let field = |addrs| !matches!(addrs, Addrs::OwnIn(_) | Addrs::Hosted | Addrs::Elsewhere(_));
    pattern.from.is_none()
        && pattern.sport == Ports::Any
        && pattern.marked.is_none()
        && pattern.reply.is_none()
        && pattern.dport != Ports::Listened
        && field(pattern.src)
        && field(pattern.dst)
}

/// The switch that hosts a Pod, if it hosts it as the article has it.
fn host(network: &Network, pod: ElementId) -> Option<ElementId> {
    network.fib(pod)?.me.host
}
