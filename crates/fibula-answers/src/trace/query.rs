//! The question that comes before a message to a name: the sender asks the cluster's DNS, and
//! policies may withhold that too (DNS-12).

use fibula_cluster::{Cluster, Protocol, Service};
use fibula_network::walk::{Choices, Verdict, branches};
use fibula_network::{Addr, ElementId, Entity, Header, Network, Proto, Side};

use super::policies::{self, Ruling};
use super::{Ground, Trace, place};
use crate::names::Asks;

/// What is known of the question to DNS; of most messages nothing needs to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Policies drop it, so the name does not resolve for this sender.
    Withheld {
        /// The Service that would be asked, with its namespace.
        service: String,
        /// The address of it that was asked.
        header: Header,
        /// What the policies said.
        ruling: Option<Box<Ruling>>,
    },
    /// The sender is isolated, and whether it may ask is taken for granted: the input does not hold
    /// all that it would take to know.
    Granted,
}

/// Where DNS is asked.
const PORT: u16 = 53;

/// The Services of the cluster's DNS, by namespace and name.
const SERVICES: [(&str, &str); 2] = [("kube-system", "kube-dns"), ("openshift-dns", "dns-default")];

/// How many branches of a question are followed: as many as a cluster has servers of DNS, at most.
const MOST: usize = 64;

/// What becomes of the question for the address of a name, where one was asked, and policies have a
/// say in what the sender sends.
pub(super) fn query(ground: Ground<'_>, trace: &Trace) -> Option<Query> {
    ground.cluster?;
    let resolved = trace.to.dns.as_ref()?;
    // Who says the object, `svc/web`, asks nobody.
    if resolved.said.contains('/') || trace.from.resolver.asks != Asks::Cluster {
        return None;
    }
    question(ground, trace.from.process, &trace.ways[0].choices)
}

/// What becomes of the question for the address of any name, where policies have a say in what the
/// sender sends.
pub(crate) fn question(ground: Ground<'_>, process: ElementId, choices: &Choices) -> Option<Query> {
    let cluster = ground.cluster?;
    let network = ground.network;
    let pod = place::pod(network, process).filter(|pod| is_judged(network, *pod))?;
    let asked = server(cluster).and_then(|service| {
        let header = header(network, pod, service)?;
        Some((service, header))
    });
    let Some((service, header)) = asked else { return Some(Query::Granted) };
    let found = branches(network, process, header, choices, MOST);
    if found.lives.iter().any(|life| life.ending.verdict == Verdict::Delivered) {
        return None;
    }
    let lives = found.lives.iter();
    let certain = found.all
        && lives
            .clone()
            .all(|life| life.ending.verdict == Verdict::DroppedByPolicy && life.asked.is_empty());
    if !certain {
        return Some(Query::Granted);
    }
    let ruling = found.lives.first().and_then(|life| {
        let mut all = policies::of(cluster, network, life, choices);
        all.pop().map(Box::new)
    });
    let service = format!("{}/{}", service.namespace, service.name);
    Some(Query::Withheld { service, header, ruling })
}

/// The question that a Pod asks the cluster's DNS; none where no server of it was read.
pub(crate) fn dns_question(ground: Ground<'_>, pod: ElementId) -> Option<Header> {
    let service = server(ground.cluster?)?;
    service.standing().next()?;
    header(ground.network, pod, service)
}

/// Whether policies are asked about what a Pod sends.
fn is_judged(network: &Network, pod: ElementId) -> bool {
    let mut chains = network.tables.iter().filter_map(|table| table.chains.as_ref());
    chains.any(|chains| {
        chains.by == Side::Source && chains.of(pod).is_some_and(|chain| !chain.is_empty())
    })
}

fn server(cluster: &Cluster) -> Option<&Service> {
    SERVICES.iter().find_map(|(namespace, name)| {
        let mut services = cluster.services.iter();
        services.find(|service| service.namespace == *namespace && service.name == *name)
    })
}

/// The question: over UDP, as clients ask first, where the Service has that.
fn header(network: &Network, pod: ElementId, service: &Service) -> Option<Header> {
    let offers = |protocol| {
        let mut ports = service.ports.iter();
        ports.any(|port| port.number == PORT && port.protocol == protocol)
    };
    let proto = match (offers(Protocol::Udp), offers(Protocol::Tcp)) {
        (true, _) => Proto::Udp,
        (false, true) => Proto::Tcp,
        (false, false) => return None,
    };
    let own: Vec<Addr> = network.facts.addresses(Entity::Switch(pod)).collect();
    service.cluster_ips.iter().find_map(|ip| {
        let dst = Addr::from(*ip);
        let src = *own.iter().find(|own| own.family() == dst.family())?;
        Some(Header { src, sport: super::header::SPORT, dst, dport: PORT, proto })
    })
}
