//! A FIB written out: every relative entry as the article's own entries, one for each address and
//! listener that it speaks of; or one of its entries, for one message.

use crate::addr::{Addr, Family, Range};
use crate::element::{ElementId, PlaceId};
use crate::fib::{
    Action, Addrs, Entry, EntryId, Hop, Listener, Me, Origin, Owner, Pattern, Ports, Receiver,
    Side, Source, TableId,
};
use crate::header::{Header, Port, Proto};
use crate::network::Network;

impl Network {
    /// The FIB of a switch without relative words, a list for each of its tables, each entry with
    /// the shared entry that it comes from. Empty for a process.
    ///
    /// What a FIB prints as, and what it means: a switch decides by these as by its shared tables.
    /// A Rewrite keeps its list of backends, of which the switch sees what
    /// [`Backends::seen_by`](crate::Backends::seen_by) says; where that is nothing, the entry is
    /// left out. To masquerade by its own address is an entry for each family that it has one in.
    /// Costs the length of the result: on a Node Switch, all addresses of the cluster.
    pub fn written(&self, switch: ElementId) -> Vec<Vec<(EntryId, Entry)>> {
        let Some(fib) = self.fib(switch) else { return vec![] };
        let writer = Writer { network: self, switch, me: &fib.me };
        let tables = self.pipeline(fib.pipeline).iter();
        tables.map(|&table| writer.table(table)).collect()
    }

    /// The entries of one table as [`written`](Network::written) has them at a switch, without those
    /// of its chains: for readers that keep filters as they are, shared. Costs the length of the
    /// result.
    pub fn written_alone(&self, switch: ElementId, table: TableId) -> Vec<(EntryId, Entry)> {
        let Some(fib) = self.fib(switch) else { return vec![] };
        Writer { network: self, switch, me: &fib.me }.entries(table)
    }

    /// An entry that decided at a switch about a message, with what its target, its target port and
    /// its action meant for that message: as [`Step::Decide`](crate::walk::Step) tells, what `owner`
    /// and `listener` the entry found there; `header` is the one that it matched. Words about the
    /// source stay as they are, a Rewrite keeps its list of backends, and a filter of a chain names
    /// the address of the Pod that has the chain. At a process
    /// nothing decides, and the entry is as it stands in its table.
    pub fn decided(
        &self,
        at: ElementId,
        id: EntryId,
        owner: Option<Owner>,
        listener: Option<Listener>,
        header: Header,
    ) -> Entry {
        let mut entry = self.entry(id).clone();
        let Some(fib) = self.fib(at) else { return entry };
        let writer = Writer { network: self, switch: at, me: &fib.me };
        if let Some(owner) = owner {
            entry.pattern.dst = one(owner.addr);
            entry.origin = placed(&entry.origin, self.element(owner.to).place);
        } else if matches!(entry.pattern.dst, Addrs::Own | Addrs::OwnIn(_)) {
            entry.pattern.dst = one(header.dst);
        }
        if let Some(listener) = listener {
            entry.pattern = at_listener(&entry.pattern, &listener);
            entry.origin = placed(&entry.origin, listener.place);
        }
        if !self.pipeline(fib.pipeline).contains(&id.table) {
            match writer.side(id.table, header) {
                Some(Side::Source) => entry.pattern.src = one(header.src),
                Some(Side::Target) => entry.pattern.dst = one(header.dst),
                None => {}
            }
        }
        entry.action = writer.action(entry.action, owner, listener);
        if let Action::Masquerade { by: Source::Own, then } = entry.action
            && let Some(addr) = fib.me.masquerade(header.dst.family())
        {
            entry.action = Action::Masquerade { by: Source::Is(addr), then };
        }
        entry
    }
}

struct Writer<'n> {
    network: &'n Network,
    switch: ElementId,
    me: &'n Me,
}

/// An address field without relative words, and what made it so.
struct Target {
    addrs: Addrs,
    owner: Option<Owner>,
}

impl Writer<'_> {
    /// The entries of a table, and those of the chains of the Pods that the switch hosts.
    fn table(&self, table: TableId) -> Vec<(EntryId, Entry)> {
        let mut out = self.entries(table);
        let Some(chains) = &self.network.table(table).chains else { return out };
        for pod in self.addrs(Addrs::Hosted) {
            let owner = pod.owner.map(|owner| (owner.to, owner.when));
            let Some((tables, when)) = owner.and_then(|(to, when)| Some((chains.of(to)?, when)))
            else {
                continue;
            };
            for (id, entry) in tables.iter().flat_map(|table| entries(self.network, *table)) {
                let mut entry = entry.clone();
                match chains.by {
                    Side::Source => entry.pattern.src = pod.addrs,
                    Side::Target => entry.pattern.dst = pod.addrs,
                }
                entry.pattern.when.extend(when);
                out.extend(self.write(&entry).into_iter().map(|entry| (id, entry)));
            }
        }
        out
    }

    /// Which address of a header names a Pod that has a filter in its chain here.
    fn side(&self, filter: TableId, header: Header) -> Option<Side> {
        let tables = self.network.fib(self.switch).map(|fib| self.network.pipeline(fib.pipeline));
        let tables = tables.into_iter().flatten().map(|table| self.network.table(*table));
        let mut all = tables.filter_map(|table| table.chains.as_deref());
        let chains = all.find(|chains| {
            let addr = match chains.by {
                Side::Source => header.src,
                Side::Target => header.dst,
            };
            let mut owners = self.network.owners_of(addr).iter();
            owners.any(|owner| {
                let filters = chains.of(owner.to).filter(|_| owner.via == self.switch);
                filters.is_some_and(|filters| filters.contains(&filter))
            })
        });
        chains.map(|chains| chains.by)
    }

    /// The entries of a table alone.
    fn entries(&self, table: TableId) -> Vec<(EntryId, Entry)> {
        let written = |(id, entry)| self.write(entry).into_iter().map(move |entry| (id, entry));
        entries(self.network, table).flat_map(written).collect()
    }

    fn write(&self, entry: &Entry) -> Vec<Entry> {
        let mut out = vec![];
        for action in self.actions(entry) {
            self.write_addresses(&Entry { action, ..entry.clone() }, &mut out);
        }
        out.retain(|entry| match (entry.action, entry.pattern.dst) {
            (Action::Masquerade { by: Source::Is(addr), .. }, Addrs::In(range)) => {
                meets(range, addr.family())
            }
            _ => true,
        });
        out
    }

    /// What the entry does here: for each family, where it treats them apart; nothing where it
    /// cannot do it.
    fn actions(&self, entry: &Entry) -> Vec<Action> {
        match entry.action {
            Action::Rewrite { to, .. } => {
                let sees = self.network.backends(to).seen_by(self.switch, self.me).next();
                sees.map(|_| entry.action).into_iter().collect()
            }
            Action::Masquerade { by: Source::Own, then } => {
                let families = [Family::V4, Family::V6].into_iter();
                let sources = families.filter_map(|family| self.me.masquerade(family));
                sources.map(|addr| Action::Masquerade { by: Source::Is(addr), then }).collect()
            }
            action => vec![action],
        }
    }

    fn write_addresses(&self, entry: &Entry, out: &mut Vec<Entry>) {
        for src in self.addrs(entry.pattern.src) {
            for dst in self.addrs(entry.pattern.dst) {
                let owners = [src.owner, dst.owner];
                let mut when = entry.pattern.when.clone();
                when.extend(owners.iter().flatten().filter_map(|owner| owner.when));
                when.sort_unstable();
                when.dedup();
                // Two values of one choice: an entry that nothing matches.
                if when.windows(2).any(|pair| pair[0].choice == pair[1].choice) {
                    continue;
                }
                let pattern =
                    Pattern { src: src.addrs, dst: dst.addrs, when, ..entry.pattern.clone() };
                for pattern in self.source_ports(pattern) {
                    self.write_ports(entry, pattern, dst.owner, out);
                }
            }
        }
    }

    fn write_ports(
        &self,
        entry: &Entry,
        pattern: Pattern,
        owner: Option<Owner>,
        out: &mut Vec<Entry>,
    ) {
        if pattern.dport != Ports::Listened {
            let at = owner.map_or(PlaceId::NONE, |o| self.network.element(o.to).place);
            let action = self.action(entry.action, owner, None);
            return out.push(Entry { pattern, action, origin: placed(&entry.origin, at) });
        }
        for listener in self.listeners(pattern.proto) {
            let pattern = at_listener(&pattern, listener);
            let action = self.action(entry.action, owner, Some(*listener));
            let origin = placed(&entry.origin, listener.place);
            out.push(Entry { pattern, action, origin });
        }
    }

    /// The pattern with its source ports as numbers.
    fn source_ports(&self, pattern: Pattern) -> Vec<Pattern> {
        if pattern.sport != Ports::Listened {
            return vec![pattern];
        }
        let ports = self.listeners(pattern.proto).map(|listener| listener.port);
        ports
            .map(|Port { proto, number }| Pattern {
                sport: Ports::In(number, number),
                proto: Some(proto),
                ..pattern.clone()
            })
            .collect()
    }

    /// The listeners that a protocol, or any, can reach: of those on one port, the first.
    fn listeners(&self, proto: Option<Proto>) -> impl Iterator<Item = &Listener> {
        let all = &self.me.listeners;
        let first = |i: usize| i == 0 || all[i - 1].port != all[i].port;
        let listeners = (0..all.len()).filter(move |i| first(*i)).map(|i| &all[i]);
        listeners.filter(move |listener| proto.is_none_or(|proto| proto == listener.port.proto))
    }

    fn addrs(&self, addrs: Addrs) -> Vec<Target> {
        let owned = |accept: &dyn Fn(&Owner) -> bool| -> Vec<Target> {
            let owners = self.network.owners.iter().filter(|owner| accept(owner));
            owners.map(|owner| Target { addrs: one(owner.addr), owner: Some(*owner) }).collect()
        };
        let me = self.switch;
        match addrs {
            Addrs::Own | Addrs::OwnIn(_) => {
                let within = |a: &&Addr| match addrs {
                    Addrs::OwnIn(set) => self.network.set(set).contains(**a),
                    _ => true,
                };
                let own = self.me.own.iter().filter(within).flat_map(|a| {
                    match self.network.is_contested(*a) {
                        true => owned(&|owner| owner.addr == *a && owner.to == me),
                        false => vec![Target { addrs: one(*a), owner: None }],
                    }
                });
                own.collect()
            }
            Addrs::Hosted => owned(&|owner| owner.via == me && owner.to != me),
            Addrs::Elsewhere(kind) => {
                owned(&|owner| owner.via != me && self.network.kind(owner.to) == kind)
            }
            Addrs::Any | Addrs::In(_) | Addrs::Set(_) | Addrs::Same => {
                vec![Target { addrs, owner: None }]
            }
        }
    }

    fn action(&self, action: Action, owner: Option<Owner>, listener: Option<Listener>) -> Action {
        let to = match action {
            Action::Forward(Hop::Owner) => owner.map(|owner| owner.to),
            Action::Forward(Hop::OwnersNode) => owner.map(|owner| owner.via),
            Action::Forward(Hop::Host) => self.me.host,
            Action::Deliver(Receiver::Listener) => listener.map(|listener| listener.process),
            Action::Deliver(Receiver::Me) => Some(self.switch),
            _ => None,
        };
        match (action, to) {
            (Action::Forward(_), Some(to)) => Action::Forward(Hop::To(to)),
            (Action::Deliver(_), Some(to)) => Action::Deliver(Receiver::Element(to)),
            _ => action,
        }
    }
}

/// The entries of a table, with their ids.
fn entries(network: &Network, table: TableId) -> impl Iterator<Item = (EntryId, &Entry)> {
    let entries = (0..).zip(&network.table(table).entries);
    entries.map(move |(index, entry)| (EntryId { table, index }, entry))
}

/// A pattern that says *listened*, for one listener.
fn at_listener(pattern: &Pattern, listener: &Listener) -> Pattern {
    let Port { proto, number } = listener.port;
    Pattern { dport: Ports::In(number, number), proto: Some(proto), ..pattern.clone() }
}

/// An origin with the place of what a relative word found, if that has one.
fn placed(origin: &Origin, place: PlaceId) -> Origin {
    let place = if place == PlaceId::NONE { origin.place } else { place };
    Origin { rule: origin.rule.clone(), place }
}

/// Whether the range has an address of the family.
fn meets(range: Range, family: Family) -> bool {
    match family {
        Family::V4 => range.lo <= Range::ALL_V4.hi && Range::ALL_V4.lo <= range.hi,
        Family::V6 => !Range::ALL_V4.covers(range),
    }
}

fn one(addr: Addr) -> Addrs {
    Addrs::In(Range::one(addr))
}
