//! Which messages tell a network from another: from each kind of sender to each address and port
//! that an entry or a fact names, and beside these.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::{
    Addr, Addrs, ElementId, Entity, Header, Network, Pattern, Port, Ports, Proto, Range,
};

use super::filters::{asked, piped};
use super::senders::{is_free, senders};

/// Who sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    /// One of those that no entry tells apart.
    #[default]
    Alike,
    /// Every process.
    All,
}

/// A message to ask about, in the model and in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Who sends it.
    pub process: ElementId,
    /// Its header. The source port is one for all: in the kernel it tells probes apart.
    pub header: Header,
}

/// The messages to ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// The messages, by sender.
    pub all: Vec<Question>,
    /// How many processes send.
    pub senders: usize,
    /// How many targets there are: addresses with a port and a protocol.
    pub targets: usize,
}

/// A source port as good as any.
const SPORT: u16 = 40_000;

/// Addresses of the world as a target.
const ELSEWHERE: [&str; 2] = ["198.51.100.7", "2001:db8:c633:6407::7"];

/// The messages that tell a network apart, in these protocols. Costs a pass over its entries, and
/// the result: senders times targets.
pub fn questions(network: &Network, coverage: Coverage, protos: &[Proto]) -> Questions {
    let mut targets = Targets::of(network, protos);
    let filtered = asked(network, protos, targets.spare);
    if coverage == Coverage::All {
        targets.all.extend(filtered.iter().map(|(_, _, dst, port)| (*dst, *port)));
    }
    let senders = senders(network, coverage);
    let ask = |process, src, dst, port: Port| {
        let header = Header { src, sport: SPORT, dst, dport: port.number, proto: port.proto };
        Question { process, header }
    };
    let mut all = vec![];
    for sender in &senders {
        let host = network.facts.host(sender.process);
        for src in &sender.sources {
            let family = src.family();
            let ask = |dst, port, src| ask(sender.process, src, dst, port);
            let same = targets.all.iter().filter(|(dst, _)| dst.family() == family);
            all.extend(same.map(|(dst, port)| ask(*dst, *port, *src)));
            // A process reaches the listeners beside it by loopback.
            let loopback = Addr::loopback(family);
            let beside =
                host.and_then(|host| network.fib(host)).map_or(&[][..], |f| &f.me.listeners);
            let ports = beside.iter().map(|listener| listener.port).chain(targets.undeclared());
            let ports: BTreeSet<Port> = ports.filter(|port| protos.contains(&port.proto)).collect();
            if network.kind(sender.process) != fibula_network::Kind::World {
                all.extend(ports.into_iter().map(|port| ask(loopback, port, loopback)));
            }
        }
    }
    all.extend(filtered.into_iter().map(|(process, src, dst, port)| ask(process, src, dst, port)));
    all.sort_unstable();
    all.dedup();
    let mut senders: Vec<ElementId> = all.iter().map(|question| question.process).collect();
    senders.dedup();
    let mut places: Vec<(Addr, u16, Proto)> = all.iter().map(place).collect();
    places.sort_unstable();
    places.dedup();
    places.retain(|(addr, ..)| !is_loopback(*addr));
    Questions { all, senders: senders.len(), targets: places.len() }
}

/// Where a question is sent to.
fn place(question: &Question) -> (Addr, u16, Proto) {
    let Header { dst, dport, proto, .. } = question.header;
    (dst, dport, proto)
}

// === impl Questions ===

impl Questions {
    /// Where the messages go, for the listeners of nobody ([`Setup::targets`]).
    ///
    /// [`Setup::targets`]: crate::translate::Setup::targets
    pub fn targets(&self) -> Vec<(Addr, Port)> {
        let target = |question: &Question| {
            let Header { dst, dport, proto, .. } = question.header;
            (dst, Port { proto, number: dport })
        };
        let mut targets: Vec<_> = self.all.iter().map(target).collect();
        targets.sort_unstable();
        targets.dedup();
        // Of the ports on loopback each process asks only for its neighbours' and one more: to
        // listen everywhere on all of them is not needed.
        let mut by_port: BTreeMap<Port, usize> = BTreeMap::new();
        for (_, port) in targets.iter().filter(|(addr, _)| !is_loopback(*addr)) {
            *by_port.entry(*port).or_default() += 1;
        }
        let most = by_port.values().copied().max().unwrap_or(0);
        targets.retain(|(addr, port)| {
            !is_loopback(*addr) || by_port.get(port).is_some_and(|count| *count == most)
        });
        targets
    }
}

pub(super) fn is_loopback(addr: Addr) -> bool {
    [Addr::LOOPBACK_V4, Addr::LOOPBACK_V6].contains(&addr)
}

struct Targets<'p> {
    protos: &'p [Proto],
    all: BTreeSet<(Addr, Port)>,
    /// A port that no entry, listener or backend has.
    spare: u16,
}

// === impl Targets ===

impl<'p> Targets<'p> {
    fn of(network: &Network, protos: &'p [Proto]) -> Targets<'p> {
        let mut targets = Targets { protos, all: BTreeSet::new(), spare: spare(network) };
        for (entity, addr) in &network.facts.addr {
            if let Entity::Switch(id) = entity {
                let listeners = network.fib(*id).map_or(&[][..], |fib| &fib.me.listeners);
                for listener in listeners {
                    targets.add(*addr, listener.port);
                }
            }
            targets.wrong_port(*addr);
        }
        for backend in network.backends.iter().flat_map(|list| &list.members) {
            for proto in protos {
                targets.add(backend.addr, Port { proto: *proto, number: backend.port });
            }
        }
        let mut asked = BTreeSet::new();
        for entry in piped(network) {
            targets.pattern(network, &entry.pattern, &mut asked);
        }
        for addr in ELSEWHERE.iter().filter_map(|text| text.parse::<Addr>().ok()) {
            targets.wrong_port(addr);
            for proto in protos {
                targets.add(addr, Port { proto: *proto, number: 80 });
            }
        }
        targets
    }

    fn undeclared(&self) -> impl Iterator<Item = Port> + '_ {
        self.protos.iter().map(|proto| Port { proto: *proto, number: self.spare })
    }

    fn add(&mut self, addr: Addr, port: Port) {
        if self.protos.contains(&port.proto) && port.number != 0 && !is_loopback(addr) {
            self.all.insert((addr, port));
        }
    }

    fn wrong_port(&mut self, addr: Addr) {
        for proto in self.protos {
            self.add(addr, Port { proto: *proto, number: self.spare });
        }
    }

    /// The addresses and ports that an entry names; of a range, one address that nobody has.
    fn pattern(&mut self, network: &Network, pattern: &Pattern, asked: &mut BTreeSet<Range>) {
        let ports = match pattern.dport {
            Ports::In(lo, hi) if lo == hi => vec![lo],
            Ports::In(lo, hi) => vec![lo, hi],
            Ports::Any | Ports::Listened => vec![],
        };
        let own = |accept: &dyn Fn(Addr) -> bool| -> Vec<Addr> {
            let all = network.fibs.iter().flatten().flat_map(|fib| &fib.me.own);
            all.copied().filter(|addr| accept(*addr)).collect()
        };
        let mut named = vec![];
        match pattern.dst {
            Addrs::In(range) if range.lo == range.hi => named.push(range.lo),
            Addrs::In(range) => named.extend(unowned(network, range, asked)),
            Addrs::Set(set) => {
                for range in &network.set(set).ranges {
                    named.extend(unowned(network, *range, asked));
                }
            }
            Addrs::OwnIn(set) if !ports.is_empty() => {
                named = own(&|addr| network.set(set).contains(addr));
            }
            Addrs::Own if !ports.is_empty() => named = own(&|_| true),
            _ => {}
        }
        for addr in named {
            self.wrong_port(addr);
            for number in &ports {
                let protos = pattern.proto.map_or(self.protos.to_vec(), |proto| vec![proto]);
                for proto in protos {
                    self.add(addr, Port { proto, number: *number });
                }
            }
        }
    }
}

/// The only address of a range, or one of it that nobody has, if the range was not met before.
fn unowned(network: &Network, range: Range, asked: &mut BTreeSet<Range>) -> Option<Addr> {
    if !asked.insert(range) {
        return None;
    }
    if range.lo == range.hi {
        return Some(range.lo);
    }
    // Not the first: it could be meant for the network itself.
    std::iter::successors(range.lo.next(), |addr| addr.next())
        .take_while(|addr| range.contains(*addr))
        .take(256)
        .find(|addr| is_free(network, *addr))
}

fn spare(network: &Network) -> u16 {
    let listeners = network.fibs.iter().flatten().flat_map(|fib| &fib.me.listeners);
    let backends = network.backends.iter().flat_map(|list| &list.members);
    let patterns = network.tables.iter().flat_map(|table| &table.entries);
    let taken: BTreeSet<u16> = listeners
        .map(|listener| listener.port.number)
        .chain(backends.map(|backend| backend.port))
        .chain(patterns.flat_map(|entry| match entry.pattern.dport {
            Ports::In(lo, hi) => [lo, hi],
            _ => [0, 0],
        }))
        .collect();
    (7..).find(|port| !taken.contains(port)).unwrap_or(7)
}
