//! One message for each combination of values that a network tells apart.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::*;

/// The messages that enumeration sends, field by field.
///
/// Two addresses that lie in the same ranges and sets, and are nobody's, are one atom: no entry and
/// no constraint tells them apart. Ports likewise, apart for each protocol.
pub(crate) struct Messages {
    /// The processes, those together that share a host, a kind and a link to the host: their
    /// messages have the same lives but for the first step.
    pub(crate) senders: Vec<Vec<ElementId>>,
    /// An address of each atom of target patterns, owners, *own* and facts.
    pub(crate) targets: Vec<Addr>,
    /// An address of each atom of source patterns.
    sources: Vec<Addr>,
    /// For each protocol, the target ports and the source ports.
    pub(crate) ports: Vec<(Proto, Vec<u16>, Vec<u16>)>,
    /// Each combination of values of the choices that something depends on.
    pub(crate) choices: Vec<Vec<u8>>,
}

// === impl Messages ===

impl Messages {
    /// Those that matter in a network.
    pub(crate) fn of(n: &Network) -> Messages {
        let patterns: Vec<&Pattern> =
            n.tables.iter().flat_map(|table| &table.entries).map(|e| &e.pattern).collect();
        let own = n.fibs.iter().flatten().flat_map(|fib| fib.me.own.iter().copied());
        let owned = n.owners.iter().map(|owner| owner.addr);
        let someones: Vec<Vec<Range>> =
            own.chain(owned).map(|addr| vec![Range::one(addr)]).collect();
        let loopbacks = [Addr::LOOPBACK_V4, Addr::LOOPBACK_V6].map(Range::one);
        let facts = n.facts.addr.iter().map(|(_, addr)| Range::one(*addr)).chain(loopbacks);
        let mut targets: Vec<Vec<Range>> = facts.map(|one| vec![one]).collect();
        targets.extend(someones.clone());
        targets.extend(patterns.iter().map(|pattern| ranges(n, pattern.dst)));
        let mut sources: Vec<Vec<Range>> =
            patterns.iter().map(|pattern| ranges(n, pattern.src)).collect();
        let relative = |addrs| {
            matches!(addrs, Addrs::Own | Addrs::OwnIn(_) | Addrs::Hosted | Addrs::Elsewhere(_))
        };
        if patterns.iter().any(|pattern| relative(pattern.src)) {
            sources.extend(someones);
        }
        // A message that comes from its own backend may be treated in its own way.
        let backends = n.backends.iter().flat_map(|list| &list.members);
        sources.extend(backends.map(|backend| vec![Range::one(backend.addr)]));
        let chains = n.tables.iter().filter_map(|table| table.chains.as_deref());
        if chains.into_iter().any(|chains| chains.by == Side::Source) {
            sources.extend(owners(n));
        }
        // Where entries compare the two addresses, each is told from others as the other one is.
        let compares =
            |pattern: &&Pattern| pattern.src == Addrs::Same || pattern.dst == Addrs::Same;
        let compared = patterns.iter().copied().any(|pattern| compares(&pattern));
        if compared {
            let masks = n.fibs.iter().flatten().flat_map(|fib| fib.me.masquerade.clone());
            let given = n.tables.iter().flat_map(|table| &table.entries);
            let given = given.filter_map(|entry| match entry.action {
                Action::Masquerade { by: Source::Is(addr), .. } => Some(addr),
                _ => None,
            });
            sources.extend(masks.chain(given).map(|addr| vec![Range::one(addr)]));
            targets.extend(sources.clone());
            sources = targets.clone();
        }
        Messages {
            senders: senders(n),
            targets: addresses(&targets, 1),
            sources: addresses(&sources, if compared { 2 } else { 1 }),
            ports: Proto::ALL.map(|proto| ports(n, &patterns, proto)).to_vec(),
            choices: choices(n, &patterns),
        }
    }

    /// The source addresses of a process: one of each atom, its Pod's own, and loopback.
    pub(crate) fn sources(&self, n: &Network, process: ElementId) -> BTreeSet<Addr> {
        let host = n.facts.host(process).into_iter();
        let own = host.flat_map(|host| n.facts.addresses(Entity::Switch(host)));
        let loopbacks = [Addr::LOOPBACK_V4, Addr::LOOPBACK_V6];
        self.sources.iter().copied().chain(own).chain(loopbacks).collect()
    }

    /// About how many messages that is.
    pub(crate) fn count(&self) -> usize {
        let ports: usize = self.ports.iter().map(|(_, to, from)| to.len() * from.len()).sum();
        let sources = self.sources.len() + 3;
        self.senders.len() * self.targets.len() * sources * ports * self.choices.len()
    }
}

fn senders(n: &Network) -> Vec<Vec<ElementId>> {
    let mut alike: BTreeMap<_, Vec<ElementId>> = BTreeMap::new();
    for process in n.ids().filter(|id| n.kind(*id).is_process()) {
        let host = n.facts.host(process);
        let linked = host.map(|host| n.links.contains(process, host));
        alike.entry((host, n.kind(process), linked)).or_default().push(process);
    }
    alike.into_values().collect()
}

fn ranges(n: &Network, addrs: Addrs) -> Vec<Range> {
    match addrs {
        Addrs::In(range) => vec![range],
        Addrs::Set(set) => n.set(set).ranges.clone(),
        Addrs::Any | Addrs::Same | Addrs::Own | Addrs::OwnIn(_) => vec![],
        Addrs::Hosted | Addrs::Elsewhere(_) => vec![],
    }
}

fn owners(n: &Network) -> impl Iterator<Item = Vec<Range>> + '_ {
    n.owners.iter().map(|owner| vec![Range::one(owner.addr)])
}

/// An address for each way to lie in some of these sets and not in the others, or several, if there
/// are; and one of each family at least.
fn addresses(sets: &[Vec<Range>], several: usize) -> Vec<Addr> {
    let family = [vec![Range::ALL_V4]];
    let sets = || sets.iter().chain(&family);
    let ends = sets().flatten().flat_map(|range| [Some(range.lo), range.hi.next()]);
    let starts: BTreeSet<Addr> = ends.flatten().chain([Addr::MIN]).collect();
    let mut atoms: BTreeMap<Vec<bool>, BTreeSet<Addr>> = BTreeMap::new();
    for addr in starts.into_iter().flat_map(|start| [Some(start), start.next()]).flatten() {
        let lies = sets().map(|set| set.iter().any(|range| range.contains(addr))).collect();
        let atom = atoms.entry(lies).or_default();
        if atom.len() < several {
            atom.insert(addr);
        }
    }
    atoms.into_values().flatten().collect()
}

fn ports(n: &Network, patterns: &[&Pattern], proto: Proto) -> (Proto, Vec<u16>, Vec<u16>) {
    let listeners = n.fibs.iter().flatten().flat_map(|fib| &fib.me.listeners).map(|l| l.port);
    let listened: Vec<(u16, u16)> =
        listeners.filter(|port| port.proto == proto).map(|p| (p.number, p.number)).collect();
    let open = n.facts.open.iter().filter(|open| open.port.proto == proto);
    let open = open.map(|open| (open.port.number, open.port.number));
    let patterns = || patterns.iter().filter(|p| p.proto.is_none_or(|p| p == proto));
    let ranges = |field| match field {
        Ports::Any => vec![],
        Ports::In(lo, hi) => vec![(lo, hi)],
        Ports::Listened => listened.clone(),
    };
    let targets = patterns().flat_map(|pattern| ranges(pattern.dport)).chain(open).collect();
    let sources = patterns().flat_map(|pattern| ranges(pattern.sport)).collect();
    (proto, numbers(targets), numbers(sources))
}

/// A port for each way to lie in some of these ranges and not in the others.
fn numbers(ranges: Vec<(u16, u16)>) -> Vec<u16> {
    let ends = ranges.iter().flat_map(|(lo, hi)| [Some(*lo), hi.checked_add(1)]);
    let starts: BTreeSet<u16> = ends.flatten().chain([0]).collect();
    let mut atoms: BTreeMap<Vec<bool>, u16> = BTreeMap::new();
    for port in starts {
        let lies = ranges.iter().map(|(lo, hi)| (*lo..=*hi).contains(&port)).collect();
        atoms.entry(lies).or_insert(port);
    }
    atoms.into_values().collect()
}

fn choices(n: &Network, patterns: &[&Pattern]) -> Vec<Vec<u8>> {
    let whens = patterns.iter().flat_map(|pattern| pattern.when.iter().copied());
    let whens = whens.chain(n.owners.iter().filter_map(|owner| owner.when));
    let matter: BTreeSet<ChoiceId> = whens.map(|when| when.choice).collect();
    let mut all = vec![vec![]];
    for (i, choice) in n.choices.iter().enumerate() {
        let values = if matter.contains(&ChoiceId(i as u8)) { choice.values } else { 1 };
        let with = |chosen: &Vec<u8>| -> Vec<Vec<u8>> {
            (0..values).map(|value| [chosen.as_slice(), &[value]].concat()).collect()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}
