//! Tables, pipelines and named sets: what the rules' entries are put into.

use fibula_cluster::{Cluster, RangeKind};
use fibula_network::{
    Action, Addr, AddrSet, AddrSetId, Addrs, Entity, Entry, Kind, Network, Pattern, PipelineId,
    Range, Receiver, Table, TableId,
};

use crate::Intent;

/// The named sets of the ranges that addresses come from (R3); none where none is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sets {
    pub(crate) pods: Option<AddrSetId>,
    pub(crate) services: Option<AddrSetId>,
}

/// Names the ranges of Pods and Services. A ClusterIP is in the range of Services wherever it lies:
/// no packet to it leaves the cluster (IP-9, SVC-27).
pub(crate) fn ranges(network: &mut Network, cluster: &Cluster, intent: &Intent) -> Sets {
    let of = |kind| {
        let ranges = cluster.ranges.iter().filter(move |range| range.kind == kind);
        ranges.map(|range| Range::prefix(range.net.addr(), range.net.prefix_len()))
    };
    let cluster_ips = network.facts.addr.iter().filter_map(|(entity, addr)| match entity {
        Entity::Service(_) => Some(Range::one(*addr)),
        Entity::Switch(_) => None,
    });
    let services: Vec<Range> = of(RangeKind::Services).chain(cluster_ips).collect();
    let pods: Vec<Range> = of(RangeKind::Pods).collect();
    let mut name = |name, ranges: Vec<Range>| {
        (intent.has(crate::Refinement::R3) && !ranges.is_empty()).then(|| {
            network.sets.push(AddrSet::new(name, ranges));
            AddrSetId(network.sets.len() as u32 - 1)
        })
    };
    Sets { pods: name("pods", pods), services: name("services", services) }
}

/// What rewrites sources, as the third table of a pipeline under construction, after replies and
/// what rewrites targets. [`install`] knows tables by their place in it, and gives them numbers of
/// the network.
pub(crate) const SOURCE: TableId = TableId(2);
/// Where messages go and end: the article's own entries, as the last table.
pub(crate) const NEXT_HOP: TableId = TableId(3);

/// Undoes for replies what a table rewrites, and asks nothing else of them (NM-24, NP-20); nothing
/// where that table is empty.
pub(crate) fn replies(rewrites: &[Entry]) -> Vec<Entry> {
    if rewrites.is_empty() {
        return vec![];
    }
    vec![Entry::new("NM-24", Pattern::reply(Addrs::Any), Action::Undo { then: NEXT_HOP })]
}

/// Gives a Pod's or a Node's own process the reply to what it sent (NM-24): at ports that nobody
/// listens on.
pub(crate) fn own_replies() -> impl Iterator<Item = Entry> {
    let loopback = LOOPBACK.map(|(_, range)| Addrs::In(range));
    let own = loopback.into_iter().chain([Addrs::Own]);
    own.map(|own| Entry::new("NM-24", Pattern::reply(own), Action::Deliver(Receiver::Caller)))
}

/// Gives all switches of a kind one pipeline, of these tables, less those without an entry: one
/// that leads to such a one leads to the next.
pub(crate) fn install<const N: usize>(
    network: &mut Network,
    kind: Kind,
    tables: [(&str, Vec<Entry>); N],
) {
    let pipeline = PipelineId(network.pipelines.len() as u32);
    let fibs = network.elements.iter().zip(&mut network.fibs);
    let mut used = false;
    for fib in fibs.filter(|(element, _)| element.kind == kind).filter_map(|(_, f)| f.as_mut()) {
        fib.pipeline = pipeline;
        used = true;
    }
    if !used {
        return;
    }
    let first = network.tables.len() as u32;
    let mut next = first;
    let ids: [TableId; N] = std::array::from_fn(|i| {
        let id = TableId(next);
        next += u32::from(!tables[i].1.is_empty());
        id
    });
    network.pipelines.push((first..next).map(TableId).collect());
    for (name, mut entries) in tables.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        for entry in &mut entries {
            if let Some(then) = entry.action.then() {
                entry.action = entry.action.going_on_at(ids[then.0 as usize]);
            }
        }
        network.tables.push(Table { name: name.into(), entries });
    }
}

/// The loopback ranges, and the addresses in them that processes listen on.
pub(crate) const LOOPBACK: [(Addr, Range); 2] =
    [(Addr::LOOPBACK_V4, Range::LOOPBACK_V4), (Addr::LOOPBACK_V6, Range::LOOPBACK_V6)];
