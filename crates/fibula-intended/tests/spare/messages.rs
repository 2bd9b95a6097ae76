//! Every message that a chain of one side can be asked about, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::filters::{Filters, Owner};
use fibula_network::walk::{Verdict, Walks};
use fibula_network::*;

/// A message: who carries it, which need not be who has its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    carrier: ElementId,
    header: Header,
}

/// Whether a policy drops a message, by the values of the choices that are asked on its way.
#[derive(Clone, Debug)]
pub(crate) struct Said(Vec<(BTreeMap<String, u8>, bool)>);

impl Said {
    /// Whether some combination of choices lets the message pass here and there.
    pub(crate) fn lets_with(&self, other: &Said) -> bool {
        self.0.iter().filter(|(_, dropped)| !dropped).any(|(a, _)| {
            other.0.iter().any(|(b, dropped)| {
                let agrees = |(choice, value)| b.get(choice).is_none_or(|other| other == value);
                !dropped && a.iter().all(agrees)
            })
        })
    }

    /// Whether some combination of choices lets it pass.
    pub(crate) fn lets(&self) -> bool {
        self.0.iter().any(|(_, dropped)| !dropped)
    }

    /// Whether both say the same under every combination of choices.
    pub(crate) fn is_like(&self, other: &Said) -> bool {
        self.0.iter().all(|(a, dropped)| {
            let compatible = other.0.iter().filter(|(b, _)| {
                a.iter().all(|(choice, value)| b.get(choice).is_none_or(|other| other == value))
            });
            { compatible }.all(|(_, other)| other == dropped)
        })
    }
}

impl Message {
    /// The same message, brought to the chain of its source; none where that has none, is the target
    /// itself, or the target is the Node that hosts it.
    pub(crate) fn sent(&self, network: &Network) -> Option<Message> {
        let owner = |addr| Some(network.owners_of(addr).first()?.to);
        let from = owner(self.header.src)?;
        let to = owner(self.header.dst);
        let host = network.fib(from)?.me.host?;
        let carrier = carrier(network, Side::Source, from, self.header.dst)?;
        (to != Some(from) && to != Some(host)).then_some(Message { carrier, ..*self })
    }

    /// Whether the Pod whose chain it is asked about is one of these.
    pub(crate) fn concerns(&self, network: &Network, side: Side, pods: &[ElementId]) -> bool {
        let addr = if side == Side::Source { self.header.src } else { self.header.dst };
        network.owners_of(addr).iter().any(|owner| pods.contains(&owner.to))
    }

    /// Whether it goes from a Pod to itself, or to its own Node.
    pub(crate) fn is_own(&self, network: &Network) -> bool {
        let owner = |addr| network.owners_of(addr).first().map(|owner| owner.to);
        let (from, to) = (owner(self.header.src), owner(self.header.dst));
        let host = from.and_then(|from| network.fib(from)?.me.host);
        from.is_some() && (from == to || host.is_some() && host == to)
    }

    /// Follows it under each value of each choice that is asked.
    pub(crate) fn ask(&self, walks: &Walks<'_>) -> Said {
        let network = walks.network();
        let mut ends = vec![];
        let mut open: Vec<BTreeMap<ChoiceId, u8>> = vec![BTreeMap::new()];
        while let Some(fixed) = open.pop() {
            let mut choices = vec![0; network.choices.len()];
            fixed.iter().for_each(|(choice, value)| choices[usize::from(choice.0)] = *value);
            let life = walks.walk(self.carrier, self.header, &choices);
            match life.asked.iter().find(|choice| !fixed.contains_key(choice)) {
                Some(asked) => {
                    for value in 0..network.choice(*asked).values {
                        open.push(
                            fixed.iter().map(|(k, v)| (*k, *v)).chain([(*asked, value)]).collect(),
                        );
                    }
                }
                None => {
                    let named = fixed.iter().map(|(choice, value)| {
                        let Choice { id, question, .. } = network.choice(*choice);
                        (format!("{id} {question}"), *value)
                    });
                    ends.push((named.collect(), life.ending.verdict == Verdict::DroppedByPolicy));
                }
            }
        }
        Said(ends)
    }
}

/// The messages of a side: between each Pod and an address of each kind that filters tell apart, at
/// ports that entries tell apart.
pub(crate) fn messages(network: &Network, side: Side) -> Vec<Message> {
    let filters = Filters::new(network).expect("filters are plain");
    let others = filters.atoms.iter().flat_map(|(_, atom)| match atom.owner {
        Owner::Nobody => vec![atom.first],
        _ => atom.elements.iter().flat_map(|e| own(network, *e)).collect(),
    });
    let others: BTreeSet<Addr> = others.collect();
    let mut all = vec![];
    for pod in network.of_kind(Kind::Pod) {
        for addr in own(network, pod) {
            for &other in others.iter().filter(|other| other.family() == addr.family()) {
                let (src, dst) = if side == Side::Source { (addr, other) } else { (other, addr) };
                let Some(carrier) = carrier(network, side, pod, dst) else { continue };
                for dport in ports(network) {
                    for proto in Proto::ALL {
                        let header = Header { src, sport: 41_000, dst, dport, proto };
                        all.push(Message { carrier, header });
                    }
                }
            }
        }
    }
    all
}

/// Who brings a message to the chain of a Pod: of what it sends a neighbour on its Node, or itself;
/// of what it gets anybody else.
fn carrier(network: &Network, side: Side, pod: ElementId, dst: Addr) -> Option<ElementId> {
    let host = |id: ElementId| network.fib(id).and_then(|fib| fib.me.host);
    let mut pods = network.of_kind(Kind::Pod).filter(|id| !own(network, *id).contains(&dst));
    let found = pods.find(|id| *id != pod && (side == Side::Target || host(*id) == host(pod)));
    let found = found
        .or_else(|| (side == Side::Source && !own(network, pod).contains(&dst)).then_some(pod))?;
    let mut processes = network.ids().filter(|id| network.kind(*id).is_process());
    processes.find(|id| network.facts.host(*id) == Some(found))
}

fn own(network: &Network, id: ElementId) -> Vec<Addr> {
    network.fib(id).map(|fib| fib.me.own.clone()).unwrap_or_default()
}

/// The first of each run of ports that no entry tells apart.
fn ports(network: &Network) -> Vec<u16> {
    let mut cuts: BTreeSet<u16> = [1].into();
    for entry in network.tables.iter().flat_map(|table| &table.entries) {
        if let Ports::In(lo, hi) = entry.pattern.dport {
            cuts.insert(lo);
            cuts.extend(hi.checked_add(1));
        }
    }
    cuts.into_iter().collect()
}
