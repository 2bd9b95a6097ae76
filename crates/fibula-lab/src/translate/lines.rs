//! The entries of one switch without relative words, under the choices of the setup.

use fibula_network::{
    Action, Addr, Addrs, Backend, BackendsId, ElementId, EntryId, Fib, Hop, Kind, Me, Network,
    Pattern, Port, Ports, Range, Reason, TableId,
};
use rustc_hash::FxHashMap;

use crate::plan::Origin;

use super::{Origins, Refusal, Setup};

/// A switch with the entries that can decide here.
pub(super) struct Switch<'n> {
    pub(super) network: &'n Network,
    pub(super) id: ElementId,
    pub(super) me: &'n Me,
    pub(super) tables: Vec<Table<'n>>,
}

/// A table of its pipeline.
pub(super) struct Table<'n> {
    pub(super) id: TableId,
    pub(super) name: &'n str,
    pub(super) lines: Vec<Line>,
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
        let mut switch = Switch { network, id, me: &fib.me, tables: vec![] };
        let chosen = |choice: usize| setup.choices.get(choice).copied().unwrap_or(0);
        let kept_out = |entry| setup.without.iter().any(|without| without.holds(id, entry));
        let written = network.written(id);
        for (&table, written) in network.pipeline(fib.pipeline).iter().zip(written) {
            let mut lines = vec![];
            for (entry_id, entry) in written {
                let holds =
                    |when: &fibula_network::When| chosen(usize::from(when.choice.0)) == when.value;
                let sees = match entry.action {
                    Action::Rewrite { to, .. } => switch.backends(to).next().is_some(),
                    _ => true,
                };
                if sees && entry.pattern.when.iter().all(holds) && !kept_out(entry_id) {
                    let (pattern, action) = (entry.pattern, entry.action);
                    let origin = origins.of(entry_id);
                    lines.push(Line { id: entry_id, origin, pattern, action });
                }
            }
            let name = &*network.table(table).name;
            switch.tables.push(Table { id: table, name, lines });
        }
        switch
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
