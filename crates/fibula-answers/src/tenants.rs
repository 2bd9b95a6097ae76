//! Who lives where, by the facts: the processes of each switch, and who has which address.

use fibula_network::{Addr, ElementId, Entity, Family, Kind, Network, Port};

/// The facts of a network, by switch and by address.
pub(crate) struct Tenants<'n> {
    network: &'n Network,
    /// Processes and the switches that host them, sorted by switch, then process.
    processes: Vec<(ElementId, ElementId)>,
    /// The Pods of each Node, sorted by Node.
    pods: Vec<(ElementId, ElementId)>,
    /// The Pods that have an address, sorted by address.
    owners: Vec<(Addr, ElementId)>,
    /// Processes that no link joins to their host: whatever they send ends there (N2).
    pub(crate) cut: Vec<ElementId>,
}

/// A port that a Pod promises, and who may keep the promise: one, or where several containers
/// declare the port any of them (NM-2).
pub(crate) struct Promise {
    pub(crate) port: Port,
    pub(crate) by: Vec<ElementId>,
}

// === impl Tenants ===

impl<'n> Tenants<'n> {
    /// Costs two sorts of the elements.
    pub(crate) fn new(network: &'n Network) -> Tenants<'n> {
        let hosts = |process: bool| {
            let hosted = network.ids().filter(|id| network.kind(*id).is_process() == process);
            let mut hosts: Vec<(ElementId, ElementId)> =
                hosted.filter_map(|id| Some((network.facts.host(id)?, id))).collect();
            hosts.sort_unstable();
            hosts
        };
        let pod = |entity| match entity {
            Entity::Switch(id) if network.kind(id) == Kind::Pod => Some(id),
            _ => None,
        };
        let mut owners: Vec<(Addr, ElementId)> = network
            .facts
            .addr
            .iter()
            .filter_map(|(entity, addr)| Some((*addr, pod(*entity)?)))
            .collect();
        owners.sort_unstable();
        let processes = hosts(true);
        let cut = processes
            .iter()
            .filter(|(host, process)| !network.links.contains(*process, *host))
            .map(|(_, process)| *process)
            .collect();
        Tenants { network, processes, pods: hosts(false), owners, cut }
    }

    /// The processes of a switch.
    pub(crate) fn processes(&self, switch: ElementId) -> impl Iterator<Item = ElementId> + '_ {
        hosted(&self.processes, switch)
    }

    /// The processes of a switch that can send at all.
    pub(crate) fn senders(&self, switch: ElementId) -> impl Iterator<Item = ElementId> + '_ {
        self.processes(switch).filter(|id| self.cut.is_empty() || !self.cut.contains(id))
    }

    /// The Pods of a Node.
    pub(crate) fn pods(&self, node: ElementId) -> impl Iterator<Item = ElementId> + '_ {
        hosted(&self.pods, node)
    }

    /// The Pods that have an address.
    pub(crate) fn owners(&self, addr: Addr) -> impl Iterator<Item = ElementId> + '_ {
        let start = self.owners.partition_point(|(owned, _)| *owned < addr);
        self.owners[start..].iter().take_while(move |(owned, _)| *owned == addr).map(|(_, p)| *p)
    }

    /// Whether a Pod has an address of a family.
    pub(crate) fn has_family(&self, pod: ElementId, family: Family) -> bool {
        self.network.facts.addresses(Entity::Switch(pod)).any(|addr| addr.family() == family)
    }

    /// The loopback addresses that C2 speaks of in a Pod: 127.0.0.1, and ::1 where the Pod has an
    /// IPv6 address (NM-21).
    pub(crate) fn loopbacks(&self, pod: ElementId) -> impl Iterator<Item = Addr> + use<> {
        let v6 = self.has_family(pod, Family::V6).then_some(Addr::LOOPBACK_V6);
        [Addr::LOOPBACK_V4].into_iter().chain(v6)
    }

    /// The ports that a Pod promises, sorted.
    pub(crate) fn promises(&self, pod: ElementId) -> Vec<Promise> {
        let facts = &self.network.facts;
        let mut open: Vec<(Port, ElementId)> = self
            .processes(pod)
            .flat_map(|process| facts.ports(process).iter().map(move |o| (o.port, process)))
            .collect();
        open.sort_unstable();
        open.dedup();
        open.chunk_by(|a, b| a.0 == b.0)
            .map(|open| Promise { port: open[0].0, by: open.iter().map(|(_, by)| *by).collect() })
            .collect()
    }
}

fn hosted(
    sorted: &[(ElementId, ElementId)],
    host: ElementId,
) -> impl Iterator<Item = ElementId> + '_ {
    let start = sorted.partition_point(|(h, _)| *h < host);
    sorted[start..].iter().take_while(move |(h, _)| *h == host).map(|(_, id)| *id)
}
