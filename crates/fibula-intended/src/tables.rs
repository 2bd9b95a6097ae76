//! Tables, pipelines and named sets: what the rules' entries are put into.

use fibula_cluster::{Cluster, RangeKind};
use fibula_network::{
    Addr, AddrSet, AddrSetId, Entity, Entry, Kind, Network, PipelineId, Range, Table, TableId,
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

/// Gives all switches of a kind one pipeline, of one table with these entries.
pub(crate) fn install(network: &mut Network, kind: Kind, entries: Vec<Entry>) {
    let table = TableId(network.tables.len() as u32);
    let pipeline = PipelineId(network.pipelines.len() as u32);
    let fibs = network.elements.iter().zip(&mut network.fibs);
    let mut used = false;
    for fib in fibs.filter(|(element, _)| element.kind == kind).filter_map(|(_, f)| f.as_mut()) {
        fib.pipeline = pipeline;
        used = true;
    }
    if used {
        network.tables.push(Table { name: kind.name().into(), entries });
        network.pipelines.push(vec![table]);
    }
}

/// The loopback ranges, and the addresses in them that processes listen on.
pub(crate) const LOOPBACK: [(Addr, Range); 2] =
    [(Addr::LOOPBACK_V4, Range::LOOPBACK_V4), (Addr::LOOPBACK_V6, Range::LOOPBACK_V6)];
