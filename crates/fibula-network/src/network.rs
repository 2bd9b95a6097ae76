//! A network (N1): its elements, facts, links and FIBs.

use std::collections::BTreeMap;
use std::iter;

use crate::addr::{Addr, Range};
use crate::element::{Element, ElementId, Kind};
use crate::facts::Facts;
use crate::fib::{
    Action, AddrSetId, Backend, BackendsId, ChoiceId, Entry, EntryId, Fib, HopsId, Me, Owner,
    PipelineId, Scope, Table, TableId,
};
use crate::links::Links;

/// A network: elements and links (N1), the FIB of each switch (N6), and the facts that it promises
/// to keep. Everything that moves or stops a message is an entry of `tables`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The elements.
    pub elements: Vec<Element>,
    /// What the network promises.
    pub facts: Facts,
    /// Who can exchange messages with whom (N2).
    pub links: Links,
    /// The tables, which switches share.
    pub tables: Vec<Table>,
    /// The pipelines: which tables a message passes, in their order.
    pub pipelines: Vec<Vec<TableId>>,
    /// The FIB of each element that is a switch.
    pub fibs: Vec<Option<Fib>>,
    /// Who owns which address, for relative entries: sorted by address, then choice.
    pub owners: Vec<Owner>,
    /// The named sets of addresses that patterns use.
    pub sets: Vec<AddrSet>,
    /// The lists of backends that Rewrite entries choose from.
    pub backends: Vec<Backends>,
    /// The lists of switches that Forward entries choose from; none is empty or has one twice.
    pub hops: Vec<Vec<ElementId>>,
    /// The names of the zones that switches are in, each once.
    pub zones: Vec<Box<str>>,
    /// The choices that entries depend on and that are left open, at most
    /// [`Network::MAX_CHOICES`].
    pub choices: Vec<Choice>,
}

/// A named set of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddrSet {
    /// Its name, as patterns print it.
    pub name: Box<str>,
    /// Sorted, disjoint ranges.
    pub ranges: Vec<Range>,
}

/// A list of backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backends {
    /// Its name, as entries print it.
    pub name: Box<str>,
    /// The backends, sorted; each address and port once in a scope.
    pub members: Vec<Backend>,
}

/// A choice that Kubernetes leaves open or that the input leaves undecided: a field of the header
/// that is the same for the whole network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The id of the statement that says so, such as `POD-7`.
    pub id: Box<str>,
    /// What is open, as a question for people.
    pub question: Box<str>,
    /// How many values it has, at least one.
    pub values: u8,
}

// === impl Choice ===

impl Choice {
    /// The id of a choice that stands for all that are too many to be told apart. Two of them may fall
    /// differently where this one falls once: so whatever asks it is undecided, whatever becomes of it.
    pub const TOO_MANY: &str = "too-many";

    /// Whether it is that choice.
    pub fn is_too_many(&self) -> bool {
        &*self.id == Choice::TOO_MANY
    }
}

// === impl Network ===

impl Network {
    /// How many choices a network can have: each is a field of the header, beside the five that
    /// every header has (N5), and a [`Space`](crate::set::Space) has 255 levels.
    pub const MAX_CHOICES: usize = 250;

    /// An element.
    pub fn element(&self, id: ElementId) -> &Element {
        &self.elements[id.index()]
    }

    /// The kind of an element.
    pub fn kind(&self, id: ElementId) -> Kind {
        self.element(id).kind
    }

    /// All elements.
    pub fn ids(&self) -> impl Iterator<Item = ElementId> + use<> {
        (0..self.elements.len() as u32).map(ElementId)
    }

    /// The elements of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = ElementId> + '_ {
        self.ids().filter(move |id| self.kind(*id) == kind)
    }

    /// The FIB of a switch; none for a process.
    pub fn fib(&self, switch: ElementId) -> Option<&Fib> {
        self.fibs[switch.index()].as_ref()
    }

    /// The tables of a pipeline.
    pub fn pipeline(&self, id: PipelineId) -> &[TableId] {
        &self.pipelines[id.0 as usize]
    }

    /// A table.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.0 as usize]
    }

    /// An entry.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.table(id.table).entries[id.index as usize]
    }

    /// A named set of addresses.
    pub fn set(&self, id: AddrSetId) -> &AddrSet {
        &self.sets[id.0 as usize]
    }

    /// A list of backends.
    pub fn backends(&self, id: BackendsId) -> &Backends {
        &self.backends[id.0 as usize]
    }

    /// The switches of a list.
    pub fn hops(&self, id: HopsId) -> &[ElementId] {
        &self.hops[id.0 as usize]
    }

    /// A choice.
    pub fn choice(&self, id: ChoiceId) -> &Choice {
        &self.choices[usize::from(id.0)]
    }

    /// Who owns an address: none, one, or alternatives of a choice. Costs a binary search.
    pub fn owners_of(&self, addr: Addr) -> &[Owner] {
        let start = self.owners.partition_point(|owner| owner.addr < addr);
        let len = self.owners[start..].partition_point(|owner| owner.addr == addr);
        &self.owners[start..start + len]
    }

    /// Whether several claim an address, so that its owner is left to a choice (POD-7). Costs a
    /// binary search.
    pub fn is_contested(&self, addr: Addr) -> bool {
        self.owners_of(addr).iter().any(|owner| owner.when.is_some())
    }

    /// The element that hosts `id`, the one that hosts that, and so on, `up` times.
    pub fn host_above(&self, id: ElementId, up: u8) -> Option<ElementId> {
        (0..up).try_fold(id, |at, _| self.fib(at)?.me.host)
    }

    /// Gives a switch a pipeline of its own: its FIB with every relative entry written out, so
    /// that it can be changed without changing the switches that it shared tables with. Where it
    /// sees but some of a list of backends, its entries choose from a list of these.
    ///
    /// Does nothing to a process.
    pub fn unshare(&mut self, switch: ElementId) {
        let Some(Fib { pipeline, .. }) = self.fib(switch) else { return };
        let shared = self.pipeline(*pipeline).to_vec();
        let name = self.element(switch).name.clone();
        let written = self.written(switch);
        let mut lists = BTreeMap::new();
        let first = self.tables.len() as u32;
        let own: Vec<TableId> = (first..).map(TableId).take(shared.len()).collect();
        for (place, table) in written.into_iter().enumerate() {
            let mut entries: Vec<Entry> = table.into_iter().map(|(_, entry)| entry).collect();
            for entry in &mut entries {
                if let Some(to) = entry.action.then() {
                    // A pipeline can pass a table twice, and a Goto means the next time.
                    let mut places = (place + 1..shared.len()).chain(0..=place);
                    if let Some(place) = places.find(|place| shared[*place] == to) {
                        entry.action = entry.action.going_on_at(own[place]);
                    }
                }
                if let Action::Rewrite { to, .. } = &mut entry.action {
                    *to = *lists.entry(*to).or_insert_with(|| self.seen_alone(switch, *to));
                }
            }
            self.tables.push(Table::new(&name, entries));
        }
        let unshared = PipelineId(self.pipelines.len() as u32);
        self.pipelines.push(own);
        if let Some(fib) = &mut self.fibs[switch.index()] {
            fib.pipeline = unshared;
        }
    }

    /// A list that says to everybody what a list says to one switch.
    fn seen_alone(&mut self, switch: ElementId, list: BackendsId) -> BackendsId {
        let all = self.backends(list);
        let Some(fib) = self.fib(switch) else { return list };
        if all.members.iter().all(|backend| backend.at == Scope::Everywhere) {
            return list;
        }
        let seen = all.seen_by(switch, &fib.me);
        let seen = seen.map(|backend| Backend { at: Scope::Everywhere, ..*backend });
        let alone = Backends::new(&all.name, seen.collect());
        self.backends.push(alone);
        BackendsId(self.backends.len() as u32 - 1)
    }
}

// === impl Backends ===

impl Backends {
    /// A list from backends in any order; of those that differ in nothing but where they are
    /// declared, the first.
    pub fn new(name: &str, mut members: Vec<Backend>) -> Backends {
        members.sort_unstable();
        members.dedup_by_key(|backend| (backend.at, backend.addr, backend.port));
        Backends { name: name.into(), members }
    }

    /// Those that a switch sees, by what it is: sorted by address and port, and each of these
    /// once, whichever of its scopes the switch is in. Costs binary searches.
    pub fn seen_by(&self, switch: ElementId, me: &Me) -> impl Iterator<Item = &Backend> + Clone {
        let zone = me.zone.map(Scope::Zone);
        let scopes = [Some(Scope::Everywhere), zone, Some(Scope::Switch(switch))];
        let mut left = scopes.map(|scope| scope.map_or(&[][..], |scope| self.of(scope)));
        iter::from_fn(move || {
            let target = |backend: &Backend| (backend.addr, backend.port);
            let heads = left.iter().filter_map(|members| members.first());
            let next = heads.min_by_key(|backend| target(backend))?;
            for members in &mut left {
                if let [head, rest @ ..] = members
                    && target(head) == target(next)
                {
                    *members = rest;
                }
            }
            Some(next)
        })
    }

    /// Those of a scope.
    fn of(&self, scope: Scope) -> &[Backend] {
        let start = self.members.partition_point(|backend| backend.at < scope);
        let len = self.members[start..].partition_point(|backend| backend.at == scope);
        &self.members[start..start + len]
    }
}

// === impl AddrSet ===

impl AddrSet {
    /// A set from ranges in any order, which may overlap and touch.
    pub fn new(name: &str, mut ranges: Vec<Range>) -> AddrSet {
        ranges.sort_unstable();
        let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if last.hi.next().is_none_or(|next| range.lo <= next) => {
                    last.hi = last.hi.max(range.hi);
                }
                _ => merged.push(range),
            }
        }
        AddrSet { name: name.into(), ranges: merged }
    }

    /// Whether an address lies in it. Costs a binary search.
    pub fn contains(&self, addr: Addr) -> bool {
        let i = self.ranges.partition_point(|range| range.hi < addr);
        self.ranges.get(i).is_some_and(|range| range.contains(addr))
    }
}
