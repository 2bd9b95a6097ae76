//! Tables, pipelines and named sets: what the rules' entries are put into.

use fibula_cluster::{Cluster, RangeKind};
use fibula_network::{
    Action, Addr, AddrSet, AddrSetId, Addrs, Chains, Entity, Entry, Kind, Network, Pattern,
    PipelineId, Range, Receiver, Table, TableId,
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

/// A table of a pipeline under construction. [`install`] knows them by their place in it, and gives
/// them numbers of the network; pipelines are short where most of these are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Undoes rewriting for replies.
    Replies,
    /// Rewrites targets.
    Services,
    /// Whether policies are asked about what a Pod sends.
    Egress,
    /// What they say, by tier.
    EgressAdmin,
    EgressPolicies,
    EgressBaseline,
    /// Whether policies are asked about what goes to a Pod.
    Ingress,
    /// What they say, by tier.
    IngressAdmin,
    IngressPolicies,
    IngressBaseline,
    /// Rewrites sources.
    Source,
    /// Where messages go and end: the article's own entries.
    NextHop,
}

impl Slot {
    /// The table, as actions of a pipeline under construction name it.
    pub(crate) const fn table(self) -> TableId {
        TableId(self as u32)
    }
}

/// Undoes for replies what later tables rewrite, and asks nothing else of them (NM-24, NP-20);
/// nothing where no table rewrites or filters.
pub(crate) fn replies(needed: bool) -> Vec<Entry> {
    if !needed {
        return vec![];
    }
    vec![Entry::new(
        "NM-24",
        Pattern::reply(Addrs::Any),
        Action::Undo { then: Slot::NextHop.table() },
    )]
}

/// Gives a Pod's or a Node's own process the reply to what it sent (NM-24): at ports that nobody
/// listens on.
pub(crate) fn own_replies() -> impl Iterator<Item = Entry> {
    let loopback = LOOPBACK.map(|(_, range)| Addrs::In(range));
    let own = loopback.into_iter().chain([Addrs::Own]);
    own.map(|own| Entry::new("NM-24", Pattern::reply(own), Action::Deliver(Receiver::Caller)))
}

/// The tables of a pipeline under construction, by their [`Slot`].
#[derive(Default)]
pub(crate) struct Pipeline {
    tables: Vec<(Slot, Table)>,
    /// The tables of its chains, which name them by their place here.
    filters: Vec<Table>,
}

impl Pipeline {
    /// Adds a table, unless it is empty: what leads to such a one leads to the next.
    pub(crate) fn table(&mut self, slot: Slot, name: &str, entries: Vec<Entry>) {
        self.chained(slot, name, entries, None);
    }

    /// Adds a table that may have chains.
    pub(crate) fn chained(
        &mut self,
        slot: Slot,
        name: &str,
        entries: Vec<Entry>,
        chains: Option<Chains>,
    ) {
        let table = Table { chains: chains.map(Box::new), ..Table::new(name, entries) };
        if !table.is_empty() {
            self.tables.push((slot, table));
        }
    }

    /// The tables that the chains are made of.
    pub(crate) fn filters(&mut self, filters: Vec<Table>) {
        self.filters = filters;
    }

    /// Gives all switches of a kind this pipeline.
    pub(crate) fn install(mut self, network: &mut Network, kind: Kind) {
        let pipeline = PipelineId(network.pipelines.len() as u32);
        let fibs = network.elements.iter().zip(&mut network.fibs);
        let mut used = false;
        for fib in fibs.filter(|(element, _)| element.kind == kind).filter_map(|(_, f)| f.as_mut())
        {
            fib.pipeline = pipeline;
            used = true;
        }
        if !used {
            return;
        }
        self.tables.sort_by_key(|(slot, _)| slot.table());
        let first = network.tables.len() as u32;
        let chained = first + self.tables.len() as u32;
        let slots: Vec<TableId> = self.tables.iter().map(|(slot, _)| slot.table()).collect();
        let at = |then: TableId| TableId(first + slots.partition_point(|slot| *slot < then) as u32);
        network.pipelines.push((first..chained).map(TableId).collect());
        let tables = self.tables.into_iter().map(|(_, table)| table);
        for mut table in tables.chain(self.filters) {
            for entry in &mut table.entries {
                if let Some(then) = entry.action.then() {
                    entry.action = entry.action.going_on_at(at(then));
                }
            }
            let lists = table.chains.iter_mut().flat_map(|chains| &mut chains.lists);
            lists.flatten().for_each(|filter| filter.0 += chained);
            network.tables.push(table);
        }
    }
}

/// The loopback ranges, and the addresses in them that processes listen on.
pub(crate) const LOOPBACK: [(Addr, Range); 2] =
    [(Addr::LOOPBACK_V4, Range::LOOPBACK_V4), (Addr::LOOPBACK_V6, Range::LOOPBACK_V6)];
