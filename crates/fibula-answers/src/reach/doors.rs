//! What the world can reach, and by which Service: each way in is followed by `walk`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_cluster::{Cluster, Service};
use fibula_network::filters::{Filters, Owner};
use fibula_network::walk::{Verdict, Walks};
use fibula_network::{Addr, ElementId, Header, Kind, Proto, Range};

use super::PartyId;
use super::parties::Parties;
use super::pick::Picked;
use crate::names::{SOMEWHERE, proto};
use crate::trace::Ground;

/// A way in from the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The Service, by namespace and name.
    pub service: String,
    /// Where it stands.
    pub at: IpAddr,
    /// The port there.
    pub port: u16,
    /// Its protocol.
    pub proto: Proto,
    /// From where: ranges that policies tell apart.
    pub from: Vec<Range>,
    /// Who is reached, at which port.
    pub to: Vec<(PartyId, u16)>,
    /// Whether every connection arrives; else some do.
    pub all: bool,
    /// Whether that depends on a choice.
    pub undecided: bool,
}

/// How many ranges of the world are asked about: the first, where policies tell more apart.
const MOST_RANGES: usize = 32;
/// How many ways of one message are followed.
const MOST_BRANCHES: usize = 256;

/// All ways in from the world that lead to somebody who was asked about.
pub(super) fn doors(
    ground: Ground<'_>,
    filters: &Filters<'_>,
    parties: &Parties,
    picked: &Picked,
) -> Vec<Door> {
    let network = ground.network;
    let (Some(cluster), Some(world)) = (ground.cluster, network.of_kind(Kind::World).next()) else {
        return vec![];
    };
    if !picked.from.has_world(&[Range::ALL]) {
        return vec![];
    }
    let walks = Walks::new(network);
    let mut doors = vec![];
    for service in cluster.services.iter().filter(|service| service.externally_accessible()) {
        for (at, number, protocol) in fronts(cluster, service) {
            let proto = proto(protocol);
            if picked.asked.port.is_some_and(|asked| asked != (proto, number)) {
                continue;
            }
            let mut known: BTreeMap<Outcome, Vec<Range>> = BTreeMap::new();
            for (src, ranges) in sources(cluster, filters, at) {
                let header =
                    Header { src, sport: 40_000, dst: Addr::from(at), dport: number, proto };
                let outcome = outcome(&walks, world, header);
                known.entry(outcome).or_default().extend(ranges);
            }
            for (outcome, from) in known {
                let to = outcome.to.iter().filter_map(|(pod, port)| {
                    let party = parties.of(*pod)?;
                    picked.to.has(party).then_some((party, *port))
                });
                let to: BTreeSet<(PartyId, u16)> = to.collect();
                if !to.is_empty() {
                    doors.push(Door {
                        service: format!("{}/{}", service.namespace, service.name),
                        at,
                        port: number,
                        proto,
                        from: fibula_network::AddrSet::new("", from).ranges,
                        to: to.into_iter().collect(),
                        all: outcome.all,
                        undecided: outcome.undecided,
                    });
                }
            }
        }
    }
    doors
}

/// What becomes of a message of the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    to: BTreeSet<(ElementId, u16)>,
    all: bool,
    undecided: bool,
}

/// Follows a message, under the first value of each choice, and under the other values of those
/// that it asks.
fn outcome(walks: &Walks<'_>, world: ElementId, header: Header) -> Outcome {
    let network = walks.network();
    let follow = |choices: &[u8]| {
        let found = walks.branches(world, header, choices, MOST_BRANCHES);
        let mut to = BTreeSet::new();
        let mut asked = BTreeSet::new();
        let mut all = true;
        for life in &found.lives {
            asked.extend(life.asked.iter().copied());
            let at = life.ending.at;
            let pod = match network.kind(at) {
                Kind::Container => network.facts.host(at),
                _ => Some(at),
            };
            let arrived = life.steps.iter().rev().find_map(|step| match step {
                fibula_network::walk::Step::Recv { header, .. } => Some(header.dport),
                _ => None,
            });
            match (life.ending.verdict, pod, arrived) {
                (Verdict::Delivered, Some(pod), Some(port)) => _ = to.insert((pod, port)),
                _ => all = false,
            }
        }
        (to, all, asked)
    };
    let mut choices = vec![0; network.choices.len()];
    let (to, all, asked) = follow(&choices);
    let mut undecided = false;
    for choice in asked {
        let at = usize::from(choice.0);
        for value in 1..network.choice(choice).values {
            choices[at] = value;
            let other = follow(&choices);
            undecided |= (&other.0, other.1) != (&to, all);
        }
        choices[at] = 0;
    }
    Outcome { to, all, undecided }
}

/// The ways in to a Service: external addresses, load balancers, and its nodePorts at one Node, where
/// only those with an endpoint will do at one of these (SVC-53).
fn fronts(cluster: &Cluster, service: &Service) -> Vec<(IpAddr, u16, fibula_cluster::Protocol)> {
    let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
    let addresses: Vec<IpAddr> = service.external_ips.iter().copied().chain(balancers).collect();
    let mut fronts = vec![];
    for (index, port) in (0u16..).zip(&service.ports) {
        fronts.extend(addresses.iter().map(|ip| (*ip, port.number, port.protocol)));
        let Some(node_port) = port.node_port else { continue };
        let has = |node: usize| {
            let mut endpoints = service.endpoints_of(index).iter();
            endpoints.any(|endpoint| endpoint.ready && endpoint.node == Some(node))
        };
        let nodes = cluster.nodes.iter().enumerate();
        let node = nodes.clone().find(|(i, _)| !service.external_local || has(*i));
        let addresses = node.into_iter().flat_map(|(_, node)| &node.addresses);
        fronts.extend(addresses.map(|ip| (*ip, node_port, port.protocol)));
    }
    fronts
}

/// Addresses of the world that policies tell apart, each with those that it stands for; none in the
/// cluster's own ranges, from which nobody sends out there (DR-13).
fn sources(cluster: &Cluster, filters: &Filters<'_>, at: IpAddr) -> Vec<(Addr, Vec<Range>)> {
    let family = Addr::from(at).family();
    let own: Vec<Range> = cluster
        .ranges
        .iter()
        .map(|range| Range::prefix(range.net.addr(), range.net.prefix_len()))
        .collect();
    let atoms = filters.atoms.iter().map(|(_, atom)| atom);
    let atoms = atoms.filter(|atom| atom.owner == Owner::Nobody && atom.family == family);
    let source = |range: &Range| {
        let usual = range.contains(SOMEWHERE).then_some(SOMEWHERE);
        usual.or(Some(range.lo)).filter(|addr| !own.iter().any(|own| own.contains(*addr)))
    };
    atoms
        .filter_map(|atom| {
            let usual = atom.ranges.iter().filter(|r| r.contains(SOMEWHERE));
            let first = usual.chain(&atom.ranges).find_map(source)?;
            Some((first, atom.ranges.clone()))
        })
        .take(MOST_RANGES)
        .collect()
}
