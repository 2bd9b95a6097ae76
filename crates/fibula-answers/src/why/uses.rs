//! Who can use a Service: asked of `walk`, of each pod and of the world, where something of the
//! Service changed.

use std::collections::BTreeMap;

use fibula_cluster::{Pod, Service};
use fibula_network::walk::{Verdict, Walks};
use fibula_network::{Addr, ElementId, Header, Kind, Network, Port};

use crate::names::{SOMEWHERE, proto};
use crate::reach::Who;
use crate::trace::{Ground, placement};

/// Who can use a port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// The Service, by namespace and name.
    pub service: String,
    /// The port.
    pub port: Port,
    /// Who.
    pub from: Vec<Who>,
}

/// How many alternatives of a message are followed.
const MOST_BRANCHES: usize = 256;
/// A source port that looks like one.
const SPORT: u16 = 32768;

/// One question: a Service by its number, a port of it, and who asks.
type Question = (usize, Port, ElementId);

/// Of these Services, what is of use in the new network and not in the old one, and the other way
/// round; without what those ask who were wanted.
pub(super) fn uses(
    old: Ground<'_>,
    new: Ground<'_>,
    touched: &[usize],
    wanted: &dyn Fn(ElementId) -> bool,
) -> (Vec<Used>, Vec<Used>) {
    let [before, after] = [old, new].map(|ground| asked(ground, touched));
    let differ = |these: &BTreeMap<Question, bool>, others: &BTreeMap<Question, bool>| {
        let mut found: BTreeMap<(usize, Port), Vec<ElementId>> = BTreeMap::new();
        for ((service, port, from), works) in these {
            let question = (*service, *port, *from);
            if *works && others.get(&question) != Some(&true) && !wanted(*from) {
                found.entry((*service, *port)).or_default().push(*from);
            }
        }
        let name = |((service, port), from): ((usize, Port), Vec<ElementId>)| {
            let service = new.cluster.and_then(|cluster| cluster.services.get(service));
            let service =
                service.map_or_else(String::new, |s| format!("{}/{}", s.namespace, s.name));
            Used { service, port, from: who(new, &from) }
        };
        found.into_iter().map(name).collect()
    };
    (differ(&after, &before), differ(&before, &after))
}

/// Whether each pod, and the world, can use each port of each of these Services.
fn asked(ground: Ground<'_>, touched: &[usize]) -> BTreeMap<Question, bool> {
    let network = ground.network;
    let walks = Walks::new(network);
    let mut found = BTreeMap::new();
    let Some(cluster) = ground.cluster else { return found };
    let pods: Vec<(ElementId, ElementId)> = network
        .of_kind(Kind::Container)
        .filter_map(|process| Some((network.facts.host(process)?, process)))
        .collect();
    let mut senders = pods;
    senders.dedup_by_key(|(pod, _)| *pod);
    let world = network.of_kind(Kind::World).next();
    for (at, service) in touched.iter().filter_map(|at| Some((*at, cluster.services.get(*at)?))) {
        for port in &service.ports {
            let number = Port { proto: proto(port.protocol), number: port.number };
            for (pod, process) in &senders {
                let all = service.cluster_ips.iter().map(|ip| (Addr::from(*ip), port.number));
                if let Some(works) = works(network, &walks, (*pod, *process), number, all) {
                    found.insert((at, number, *pod), works);
                }
            }
            if let Some(world) = world {
                let works = doors(cluster, service, port).into_iter().any(|(dst, dport)| {
                    let header =
                        Header { src: SOMEWHERE, sport: SPORT, dst, dport, proto: number.proto };
                    arrives(&walks, world, header)
                });
                found.insert((at, number, world), works);
            }
        }
    }
    found
}

/// Where the world finds a port of a Service.
fn doors(
    cluster: &fibula_cluster::Cluster,
    service: &Service,
    port: &fibula_cluster::ServicePort,
) -> Vec<(Addr, u16)> {
    let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
    let outer = service.external_ips.iter().copied().chain(balancers);
    let mut all: Vec<(Addr, u16)> = outer.map(|ip| (Addr::from(ip), port.number)).collect();
    if let Some(number) = port.node_port {
        let nodes = cluster.nodes.iter().flat_map(|node| &node.addresses);
        all.extend(nodes.map(|ip| (Addr::from(*ip), number)));
    }
    all.retain(|(addr, _)| addr.family() == SOMEWHERE.family());
    all
}

/// Whether all that a pod sends to these addresses arrives, of a family that it has an address of.
fn works(
    network: &Network,
    walks: &Walks<'_>,
    (pod, process): (ElementId, ElementId),
    port: Port,
    to: impl Iterator<Item = (Addr, u16)>,
) -> Option<bool> {
    let own = &network.fib(pod)?.me.own;
    let mut found = None;
    for (dst, dport) in to {
        let Some(src) = own.iter().copied().find(|own| own.family() == dst.family()) else {
            continue;
        };
        let header = Header { src, sport: SPORT, dst, dport, proto: port.proto };
        found = Some(found.unwrap_or(true) && arrives(walks, process, header));
    }
    found
}

fn arrives(walks: &Walks<'_>, process: ElementId, header: Header) -> bool {
    let choices = vec![0; walks.network().choices.len()];
    let lives = walks.branches(process, header, &choices, MOST_BRANCHES).lives;
    !lives.is_empty() && lives.iter().all(|life| life.ending.verdict == Verdict::Delivered)
}

/// Pods by their workloads, and the world.
fn who(ground: Ground<'_>, from: &[ElementId]) -> Vec<Who> {
    let network = ground.network;
    let Some(cluster) = ground.cluster else { return vec![] };
    let pod = |id: &ElementId| cluster.pods.get(placement::index(cluster, network, *id)?);
    let mut found: BTreeMap<(&str, &str, &str), Vec<&Pod>> = BTreeMap::new();
    let mut all: Vec<Who> = vec![];
    for id in from {
        match pod(id) {
            Some(pod) => {
                let workload = &pod.workload;
                let key = (pod.namespace.as_str(), workload.kind.as_str(), workload.name.as_str());
                found.entry(key).or_default().push(pod);
            }
            None => all.push(Who::World(vec![fibula_network::Range::ALL])),
        }
    }
    for ((namespace, kind, name), pods) in found {
        let own = cluster.pods.iter().filter(|pod| {
            pod.has_network()
                && (pod.namespace.as_str(), pod.workload.kind.as_str(), pod.workload.name.as_str())
                    == (namespace, kind, name)
        });
        let whole = own.count() == pods.len();
        let only = pods.iter().filter(|_| !whole).map(|pod| pod.name.clone()).collect();
        let (namespace, name, kind) = (namespace.to_owned(), name.to_owned(), kind.to_owned());
        all.push(Who::Workload { namespace, name, kind, only });
    }
    all.sort();
    all
}
