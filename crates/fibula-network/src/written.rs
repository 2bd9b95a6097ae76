//! A FIB written out: every relative entry as the article's own entries, one for each address and
//! listener that it speaks of.

use crate::addr::{Addr, Range};
use crate::element::{ElementId, PlaceId};
use crate::fib::{
    Action, Addrs, Entry, EntryId, Hop, Listener, Me, Origin, Owner, Pattern, Ports, Receiver,
};
use crate::header::{Port, Proto};
use crate::network::Network;

impl Network {
    /// The FIB of a switch without relative words, a list for each of its tables, each entry with
    /// the shared entry that it comes from. Empty for a process.
    ///
    /// What a FIB prints as, and what it means: a switch decides by these as by its shared tables.
    /// Costs the length of the result: on a Node Switch, all addresses of the cluster.
    pub fn written(&self, switch: ElementId) -> Vec<Vec<(EntryId, Entry)>> {
        let Some(fib) = self.fib(switch) else { return vec![] };
        let writer = Writer { network: self, switch, me: &fib.me };
        let tables = self.pipeline(fib.pipeline).iter();
        tables
            .map(|&table| {
                let entries = self.table(table).entries.iter().enumerate();
                entries
                    .flat_map(|(index, entry)| {
                        let id = EntryId { table, index: index as u32 };
                        writer.write(entry).into_iter().map(move |entry| (id, entry))
                    })
                    .collect()
            })
            .collect()
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
    fn write(&self, entry: &Entry) -> Vec<Entry> {
        let mut out = vec![];
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
                    self.write_ports(entry, pattern, dst.owner, &mut out);
                }
            }
        }
        out
    }

    fn write_ports(
        &self,
        entry: &Entry,
        pattern: Pattern,
        owner: Option<Owner>,
        out: &mut Vec<Entry>,
    ) {
        let place = |at: PlaceId| if at == PlaceId::NONE { entry.origin.place } else { at };
        let origin = |at| Origin { rule: entry.origin.rule.clone(), place: place(at) };
        if pattern.dport != Ports::Listened {
            let at = owner.map_or(PlaceId::NONE, |o| self.network.element(o.to).place);
            let action = self.action(entry.action, owner);
            return out.push(Entry { pattern, action, origin: origin(at) });
        }
        for listener in self.listeners(pattern.proto) {
            let number = listener.port.number;
            let pattern = Pattern {
                dport: Ports::In(number, number),
                proto: Some(listener.port.proto),
                ..pattern.clone()
            };
            let action = match entry.action {
                Action::Deliver(Receiver::Listener) => {
                    Action::Deliver(Receiver::Element(listener.process))
                }
                action => self.action(action, owner),
            };
            out.push(Entry { pattern, action, origin: origin(listener.place) });
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
            Addrs::Own => {
                let own = self.me.own.iter().flat_map(|a| match self.network.is_contested(*a) {
                    true => owned(&|owner| owner.addr == *a && owner.to == me),
                    false => vec![Target { addrs: one(*a), owner: None }],
                });
                own.collect()
            }
            Addrs::Hosted => owned(&|owner| owner.via == me && owner.to != me),
            Addrs::Elsewhere(kind) => {
                owned(&|owner| owner.via != me && self.network.kind(owner.to) == kind)
            }
            Addrs::Any | Addrs::In(_) | Addrs::Set(_) => vec![Target { addrs, owner: None }],
        }
    }

    fn action(&self, action: Action, owner: Option<Owner>) -> Action {
        match (action, owner) {
            (Action::Forward(Hop::Owner), Some(owner)) => Action::Forward(Hop::To(owner.to)),
            (Action::Forward(Hop::OwnersNode), Some(owner)) => Action::Forward(Hop::To(owner.via)),
            (Action::Forward(Hop::Host), _) => match self.me.host {
                Some(host) => Action::Forward(Hop::To(host)),
                None => action,
            },
            (Action::Deliver(Receiver::Me), _) => Action::Deliver(Receiver::Element(self.switch)),
            _ => action,
        }
    }
}

fn one(addr: Addr) -> Addrs {
    Addrs::In(Range::one(addr))
}
