//! What else of a Service its entries depend on, beside who stands behind it: who may use it, at which
//! addresses, and which of its endpoints somebody gets.

use std::collections::BTreeSet;

use fibula_cluster::{Cluster, Distribution, Endpoint, Service, ServiceKind, ServicePort};
use fibula_network::Addr;

use rustc_hash::FxHashMap;

use super::doors::Doorway;
use super::pieces::At;
use super::served::{Became, Served};
use crate::reach::{self, By, PartyId};

/// What of a Service is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What it is: what it was, and what it is. Its name means the same in both.
    Kind(ServiceKind, ServiceKind),
    /// Whether the proxy of each Node acts for it now (SVC-5).
    Proxied(bool),
    /// Whether it leads pods to endpoints of their own Node only, now (SVC-51).
    InternalLocal(bool),
    /// Whether its ways in lead to endpoints of the Node there only, now (SVC-53).
    ExternalLocal(bool),
    /// For how many seconds a client keeps its endpoint now, if it does (SVC-42).
    Affinity(Option<u32>),
    /// Which endpoints are preferred now (SVC-43).
    Distribution(Distribution),
    /// Its ClusterIPs.
    ClusterIps,
    /// Its nodePorts.
    NodePorts,
    /// Its external addresses, or what load balancers have given it.
    Addresses,
    /// Who may use its load balancers (SVC-25).
    SourceRanges,
    /// The port that tells load balancers where its endpoints are (SVC-59).
    HealthCheck,
    /// What its name alone stands for (DNS-3).
    Names,
}

/// Who stands behind a port of a Service, at which of theirs; whether they are ready, serve, and end;
/// and where that decides who gets them, on which Node they are and for whom.
pub(super) type Standing<'a> =
    BTreeSet<(Result<PartyId, Addr>, u16, [bool; 3], Option<[Vec<&'a str>; 3]>)>;

// === impl Fact ===

impl Fact {
    /// What is not as it was, of a Service that is in both.
    pub(super) fn all(old: &Service, new: &Service) -> Vec<Fact> {
        let mut facts = vec![];
        let mut note = |differs: bool, fact: Fact| facts.extend(differs.then_some(fact));
        note(old.kind != new.kind, Fact::Kind(old.kind, new.kind));
        note(old.proxied != new.proxied, Fact::Proxied(new.proxied));
        note(old.internal_local != new.internal_local, Fact::InternalLocal(new.internal_local));
        let outside = [old, new].iter().all(|service| service.externally_accessible());
        let local = old.external_local != new.external_local;
        note(outside && local, Fact::ExternalLocal(new.external_local));
        note(old.affinity != new.affinity, Fact::Affinity(new.affinity));
        note(old.distribution != new.distribution, Fact::Distribution(new.distribution));
        // Invented addresses are no news.
        let said = !old.invented && !new.invented;
        note(said && old.cluster_ips != new.cluster_ips, Fact::ClusterIps);
        note(old.kind == new.kind && node_ports(old, new), Fact::NodePorts);
        let addresses =
            |service: &Service| (sorted(service.external_ips.clone()), service.balancers.clone());
        note(addresses(old) != addresses(new), Fact::Addresses);
        let ranges = |service: &Service| sorted(service.source_ranges.clone());
        note(ranges(old) != ranges(new), Fact::SourceRanges);
        note(!local && old.health_check_port != new.health_check_port, Fact::HealthCheck);
        facts
    }

    /// The API path of what says so.
    pub(super) fn path(&self) -> &'static str {
        match self {
            Fact::Kind(..) => "spec.type",
            Fact::Proxied(_) => "metadata.labels",
            Fact::InternalLocal(_) => "spec.internalTrafficPolicy",
            Fact::ExternalLocal(_) => "spec.externalTrafficPolicy",
            Fact::Affinity(_) => "spec.sessionAffinity",
            Fact::Distribution(_) => "spec.trafficDistribution",
            Fact::ClusterIps => "spec.clusterIP",
            Fact::NodePorts => "spec.ports",
            Fact::Addresses => "spec.externalIPs",
            Fact::SourceRanges => "spec.loadBalancerSourceRanges",
            Fact::HealthCheck => "spec.healthCheckNodePort",
            Fact::Names => "",
        }
    }

    /// Whether it decides who can use the Service within the cluster.
    pub(super) fn is_for_users(&self) -> bool {
        matches!(self, Fact::Proxied(_) | Fact::InternalLocal(_) | Fact::Distribution(_))
    }

    /// Whether a way in that opened or closed tells it.
    fn is_told_by(&self, door: &Doorway) -> bool {
        match self {
            Fact::Kind(..) => true,
            Fact::NodePorts | Fact::ExternalLocal(_) => matches!(door.at, reach::At::Nodes(..)),
            Fact::Addresses | Fact::SourceRanges => !matches!(door.at, reach::At::Nodes(..)),
            _ => false,
        }
    }
}

/// Of what is only another fact: leaves out what ways in tell, and what makes no difference to
/// anybody.
pub(super) fn untold(services: &mut Vec<Served>, doors: &mut [Doorway]) {
    let mut of: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (at, door) in doors.iter().enumerate() {
        if let By::Service(path) = &door.by {
            of.entry(path.clone()).or_default().push(at);
        }
    }
    services.retain_mut(|served| {
        if served.what != Became::Same {
            return true;
        }
        let own = of.get(&served.service).map_or(&[][..], Vec::as_slice);
        served.facts.retain(|fact| {
            let mut untold = true;
            for door in own {
                let door = &mut doors[*door];
                if fact.is_told_by(door) {
                    untold = false;
                    if !door.facts.contains(fact) {
                        door.facts.push(fact.clone());
                        let said =
                            served.at.clone().map(|at| At { path: fact.path().to_owned(), ..at });
                        door.says = door.says.take().or(said);
                    }
                }
            }
            untold
        });
        let used = users(served).iter().any(|users| !users.is_empty());
        !served.facts.is_empty() || !served.asked || used
    });
}

fn users(served: &Served) -> [&Vec<PartyId>; 3] {
    [&served.gained, &served.lost, &served.other]
}

/// What makes no difference to who can use a Service is said once, and not of each port.
pub(super) fn collapsed(services: &mut Vec<Served>) {
    services.dedup_by(|next, first| {
        let plain = |served: &Served| Served { port: None, at: None, ..served.clone() };
        let same = first.what == Became::Same
            && first.service == next.service
            && !first.facts.is_empty()
            && users(first).iter().all(|users| users.is_empty())
            && plain(first) == plain(next);
        if same {
            first.port = None;
        }
        same
    });
}

/// Whether it depends on Nodes which endpoints of a Service somebody gets (SVC-40, SVC-51).
pub(super) fn is_local(service: &Service) -> bool {
    let hinted = || service.endpoints.iter().any(|end| end.hints.is_some());
    service.internal_local || service.distribution != Distribution::None || hinted()
}

/// The Nodes and zones of an endpoint, and those for whom it is.
pub(super) fn place<'a>(cluster: &'a Cluster, end: &'a Endpoint) -> [Vec<&'a str>; 3] {
    let name = |at: usize| cluster.nodes.get(at).map(|node| node.name.as_str());
    let node = end.node.and_then(name);
    let nodes = end.nodes().iter().filter_map(|at| name(*at));
    [node.into_iter().collect(), end.zones().iter().map(String::as_str).collect(), nodes.collect()]
}

/// Whether ports that are in both have other nodePorts.
fn node_ports(old: &Service, new: &Service) -> bool {
    new.ports.iter().any(|is| {
        let same = |was: &&ServicePort| (was.protocol, was.number) == (is.protocol, is.number);
        old.ports.iter().find(same).is_some_and(|was| was.node_port != is.node_port)
    })
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}
