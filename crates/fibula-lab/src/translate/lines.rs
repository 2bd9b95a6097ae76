//! The entries of one switch without relative words, under the choices of the setup.

use std::collections::BTreeSet;

use fibula_network::{
    Action, Addr, Addrs, Backend, BackendsId, ChainId, ElementId, EntryId, Family, Fib, Hop, Kind,
    Me, Network, Pattern, Port, Ports, Range, Reason, Side, TableId,
};
use rustc_hash::FxHashMap;

use crate::plan::Origin;

use super::routes::is_any;
use super::{Origins, Refusal, Setup};

/// A switch with the entries that can decide here.
pub(super) struct Switch<'n> {
    pub(super) network: &'n Network,
    pub(super) id: ElementId,
    pub(super) me: &'n Me,
    pub(super) tables: Vec<Table<'n>>,
    /// The tables that the chains of the Pods here are made of, each once, by their numbers.
    pub(super) filters: Vec<Table<'n>>,
}

/// A table of its pipeline, or of a chain.
pub(super) struct Table<'n> {
    pub(super) id: TableId,
    pub(super) name: &'n str,
    pub(super) lines: Vec<Line>,
    pub(super) chained: Option<Chained<'n>>,
}

/// The chains of a table that the Pods have which the switch hosts.
pub(super) struct Chained<'n> {
    /// Which address names the Pod.
    pub(super) by: Side,
    /// The chain of each address, by address, and the name of the Pod.
    pub(super) of: Vec<(Addr, ChainId, &'n str)>,
    /// The tables of these chains that have lines here.
    pub(super) lists: Vec<(ChainId, Vec<TableId>)>,
}

/// An entry without relative words.
pub(super) struct Line {
    pub(super) id: EntryId,
    pub(super) origin: Origin,
    pub(super) pattern: Pattern,
    pub(super) action: Action,
}

/// The lines of a table by the addresses that they are about.
pub(super) struct Index<'l> {
    lines: &'l [Line],
    single: FxHashMap<Addr, Vec<u32>>,
    wide: Vec<u32>,
}

// === impl Switch ===

impl<'n> Switch<'n> {
    pub(super) fn new(
        network: &'n Network,
        id: ElementId,
        fib: &'n Fib,
        setup: &Setup,
        origins: &Origins,
    ) -> Switch<'n> {
        let mut switch = Switch { network, id, me: &fib.me, tables: vec![], filters: vec![] };
        let hosted = switch.hosted(setup);
        for &table in network.pipeline(fib.pipeline) {
            let mut table = switch.table(table, setup, origins);
            table.chained = switch.chained(table.id, &hosted);
            switch.tables.push(table);
        }
        let chained = switch.tables.iter().filter_map(|table| table.chained.as_ref());
        let lists = chained.flat_map(|chained| &chained.lists);
        let filters: BTreeSet<TableId> = lists.flat_map(|(_, list)| list).copied().collect();
        let filters = filters.into_iter().map(|table| switch.table(table, setup, origins));
        switch.filters = filters.filter(|filter| !filter.lines.is_empty()).collect();
        switch.forget_empty();
        switch
    }

    /// Leaves out filters that say nothing here, and Pods whose filters do not.
    fn forget_empty(&mut self) {
        let filters = &self.filters;
        for table in &mut self.tables {
            let Some(chained) = &mut table.chained else { continue };
            for (_, list) in &mut chained.lists {
                list.retain(|id| filters.binary_search_by_key(id, |filter| filter.id).is_ok());
            }
            chained.lists.retain(|(_, list)| !list.is_empty());
            let lists = &chained.lists;
            chained.of.retain(|(_, id, _)| lists.binary_search_by_key(id, |list| list.0).is_ok());
            if chained.of.is_empty() {
                table.chained = None;
            }
        }
    }

    /// A table without its chains.
    fn table(&self, id: TableId, setup: &Setup, origins: &Origins) -> Table<'n> {
        let kept_out = |entry| setup.without.iter().any(|without| without.holds(self.id, entry));
        let mut lines = vec![];
        for (entry_id, entry) in self.network.written_alone(self.id, id) {
            let sees = match entry.action {
                Action::Rewrite { to, .. } => self.backends(to).next().is_some(),
                _ => true,
            };
            if sees && entry.pattern.when.iter().all(|w| setup.has(*w)) && !kept_out(entry_id) {
                let (pattern, action) = (entry.pattern, entry.action);
                let origin = origins.of(entry_id);
                lines.push(Line { id: entry_id, origin, pattern, action });
            }
        }
        Table { id, name: &self.network.table(id).name, lines, chained: None }
    }

    /// The Pod Switch at each address that this switch hosts, by address: of several owners the
    /// first has it.
    fn hosted(&self, setup: &Setup) -> Vec<(Addr, ElementId)> {
        let owners = self.network.owners.iter();
        let here = owners.filter(|owner| owner.via == self.id && owner.to != self.id);
        let held = here.filter(|owner| owner.when.is_none_or(|when| setup.has(when)));
        let mut hosted: Vec<(Addr, ElementId)> = held.map(|owner| (owner.addr, owner.to)).collect();
        hosted.dedup_by_key(|(addr, _)| *addr);
        hosted
    }

    fn chained(&self, table: TableId, hosted: &[(Addr, ElementId)]) -> Option<Chained<'n>> {
        let chains = self.network.table(table).chains.as_deref()?;
        let chain = |&(addr, pod): &(Addr, ElementId)| {
            let id = chains.chain(pod)?;
            Some((addr, id, &*self.network.element(pod).name))
        };
        let of: Vec<_> = hosted.iter().filter_map(chain).collect();
        let used: BTreeSet<ChainId> = of.iter().map(|(_, chain, _)| *chain).collect();
        let lists = used.into_iter().map(|id| (id, chains.list(id).to_vec())).collect();
        (!of.is_empty()).then_some(Chained { by: chains.by, of, lists })
    }

    /// The place of a table among the filters.
    pub(super) fn filter(&self, id: TableId) -> Option<usize> {
        self.filters.binary_search_by_key(&id, |filter| filter.id).ok()
    }

    /// The places of the tables with chains.
    pub(super) fn chained_places(&self) -> impl Iterator<Item = (usize, &Chained<'n>)> {
        let tables = self.tables.iter().enumerate();
        tables.filter_map(|(place, table)| Some((place, table.chained.as_ref()?)))
    }

    /// Every line: of the tables, and of the filters.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.tables.iter().chain(&self.filters).flat_map(|table| &table.lines)
    }

    /// The addresses whose own messages filters see that compare addresses. nft compares a field
    /// with a list only, so these are listed, each with itself.
    pub(super) fn compared(&self, family: Family) -> BTreeSet<Addr> {
        let same = |line: &Line| [line.pattern.src, line.pattern.dst].contains(&Addrs::Same);
        if !self.filters.iter().flat_map(|filter| &filter.lines).any(same) {
            return BTreeSet::new();
        }
        let addrs = self.chained_places().flat_map(|(_, chained)| &chained.of);
        addrs.map(|(addr, ..)| *addr).filter(|addr| addr.family() == family).collect()
    }

    pub(super) fn kind(&self) -> Kind {
        self.network.kind(self.id)
    }

    pub(super) fn backends(&self, id: BackendsId) -> impl Iterator<Item = &'n Backend> + Clone {
        self.network.backends(id).seen_by(self.id, self.me)
    }

    /// The ranges of an address field.
    pub(super) fn ranges(&self, addrs: Addrs) -> &[Range] {
        const ALL: &[Range] = &[Range::ALL];
        match addrs {
            Addrs::Set(set) => &self.network.set(set).ranges,
            _ => ALL,
        }
    }

    /// Does something with each range of an address field.
    pub(super) fn each(&self, addrs: Addrs, mut see: impl FnMut(Range)) {
        match addrs {
            Addrs::In(range) => see(range),
            _ => self.ranges(addrs).iter().copied().for_each(see),
        }
    }

    /// Where a table that comes after a place of the pipeline has its next place.
    pub(super) fn position(
        &self,
        after: usize,
        line: &Line,
        to: TableId,
    ) -> Result<usize, Refusal> {
        let mut later = (after + 1)..self.tables.len();
        let found = later.find(|place| self.tables[*place].id == to);
        found.ok_or_else(|| self.refuse(line, "leads on to a table that does not come later"))
    }

    /// The last table: where messages go on or end.
    pub(super) fn last(&self) -> &[Line] {
        self.tables.last().map_or(&[], |table| &table.lines)
    }

    pub(super) fn refuse(&self, line: &Line, why: &str) -> Refusal {
        let (table, entry) = (self.network.table(line.id.table), self.network.entry(line.id));
        let at = &self.network.element(self.id).name;
        let words = format!("{at}, entry {}/{} ({})", table.name, line.id.index, entry.origin.rule);
        Refusal { at: self.id, entry: Some(line.id), why: format!("{words} {why}") }
    }
}

// === impl Line ===

impl Line {
    /// Whether it can decide about a message that is, or is not, a reply.
    pub(super) fn speaks_of(&self, reply: bool) -> bool {
        self.pattern.reply.is_none_or(|only| only == reply)
    }

    /// Whether it depends on the target address alone, and on whether the message is a reply.
    pub(super) fn is_full(&self) -> bool {
        self.is_plain() && self.pattern.dport == Ports::Any && self.pattern.proto.is_none()
    }

    /// Whether it depends on the target alone, and on whether the message is a reply.
    pub(super) fn is_plain(&self) -> bool {
        let Pattern { from, src, sport, marked, .. } = &self.pattern;
        from.is_none() && *src == Addrs::Any && *sport == Ports::Any && marked.is_none()
    }

    /// Whether it decides about whatever it is asked, from the kind of sender that it names.
    pub(super) fn takes_all(&self) -> bool {
        let Pattern { src, sport, dst, dport, proto, marked, .. } = &self.pattern;
        is_any(*dst)
            && *src == Addrs::Any
            && (*sport, *dport) == (Ports::Any, Ports::Any)
            && proto.is_none()
            && marked.is_none()
    }

    /// Whether a route can be all of it.
    pub(super) fn is_route(&self) -> bool {
        matches!(self.action, Action::Forward(Hop::To(_))) && self.is_full()
    }

    /// Whether it leaves the message to the kernel's own sockets.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.action, Action::Deliver(_) | Action::Discard(Reason::ClosedPort))
    }

    /// Whether it matches a target port, in a protocol.
    pub(super) fn matches(&self, port: Port) -> bool {
        let number = match self.pattern.dport {
            Ports::Any => true,
            Ports::In(lo, hi) => lo <= port.number && port.number <= hi,
            Ports::Listened => false,
        };
        number && self.pattern.proto.is_none_or(|proto| proto == port.proto)
    }

    /// The only address that it is about, if it is about one.
    pub(super) fn single(&self) -> Option<Addr> {
        match self.pattern.dst {
            Addrs::In(range) if range.lo == range.hi => Some(range.lo),
            _ => None,
        }
    }
}

// === impl Index ===

impl<'l> Index<'l> {
    pub(super) fn new(lines: &'l [Line]) -> Index<'l> {
        let (mut single, mut wide) = (FxHashMap::<Addr, Vec<u32>>::default(), vec![]);
        for (i, line) in (0..).zip(lines) {
            match line.single() {
                Some(addr) => single.entry(addr).or_default().push(i),
                None => wide.push(i),
            }
        }
        Index { lines, single, wide }
    }

    /// The lines whose targets have a range in them, in their order.
    pub(super) fn covering(
        &self,
        switch: &'l Switch<'_>,
        range: Range,
    ) -> impl Iterator<Item = &'l Line> {
        let single = (range.lo == range.hi).then(|| self.single.get(&range.lo)).flatten();
        let mut single = single.into_iter().flatten().copied().peekable();
        let covers = move |i: &u32| {
            let mut covers = false;
            switch.each(self.lines[*i as usize].pattern.dst, |r| covers |= r.covers(range));
            covers
        };
        let mut wide =
            self.wide.iter().copied().filter(covers).collect::<Vec<_>>().into_iter().peekable();
        std::iter::from_fn(move || {
            let next = match (single.peek(), wide.peek()) {
                (Some(a), Some(b)) if a < b => single.next(),
                (Some(_), None) => single.next(),
                _ => wide.next(),
            };
            next.map(|i| &self.lines[i as usize])
        })
    }
}
