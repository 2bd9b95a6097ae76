//! What the world can reach, and by which way in: each is followed by `walk`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_cluster::{Cluster, Service, ServiceKind};
use fibula_network::filters::{Filters, Owner};
use fibula_network::walk::{Step, Verdict, Walks};
use fibula_network::{Addr, ChoiceId, ElementId, Family, Header, Kind, Network, Proto, Range};

use super::PartyId;
use super::cells::{columns, part_of};
use super::doubts::Doubts;
use super::opened::Reader;
use super::parties::{Parties, own};
use super::pick::Picked;
use crate::names::{SOMEWHERE, proto};
use crate::trace::Ground;

/// A way in from the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// What it is a way in to.
    pub by: By,
    /// Where it stands.
    pub at: At,
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
    /// The choices that this depends on; none where it is certain.
    pub choices: Vec<ChoiceId>,
    /// Whether policies that were not read could withhold it (DR-21).
    pub unread: bool,
}

/// What a way in leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A Service, by namespace and name.
    Service(String),
    /// A port of a Node that leads to one pod (POD-9).
    HostPort,
}

/// Where a way in stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// At an address.
    Address(IpAddr),
    /// At these Nodes, of so many.
    Nodes(Vec<String>, usize),
    /// At the address that a load balancer is to get (SVC-24).
    Awaited,
}

/// Who has a name, who was asked about, and of whom nobody is sure.
type Whom<'a> = (&'a Parties, &'a Picked, &'a Doubts);

/// How many ranges of the world are asked about: the first, where policies tell more apart.
const MOST_RANGES: usize = 32;
/// How many ways of one message are followed.
const MOST_BRANCHES: usize = 256;
/// Under how many combinations of choices.
const MOST_WAYS: usize = 64;
/// At how many Nodes a nodePort is asked for.
const MOST_NODES: usize = 16;

/// A way in, while it is followed.
struct Front {
    by: By,
    at: IpAddr,
    /// The Node whose address that is, for a port of Nodes.
    node: Option<usize>,
    port: u16,
    proto: Proto,
}

/// What becomes of a message of the world.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    to: BTreeSet<(ElementId, u16)>,
    all: bool,
    choices: Vec<ChoiceId>,
}

/// All ways in from the world that lead to somebody who was asked about.
pub(super) fn doors(
    ground: Ground<'_>,
    filters: &Filters<'_>,
    parties: &Parties,
    picked: &Picked,
    doubts: &Doubts,
) -> Vec<Door> {
    let whom = (parties, picked, doubts);
    let network = ground.network;
    let (Some(cluster), Some(world)) = (ground.cluster, network.of_kind(Kind::World).next()) else {
        return vec![];
    };
    if picked.from.world_of(&[Range::ALL]).is_empty() {
        return vec![];
    }
    let walks = Walks::new(network);
    let mut doors: Vec<Door> = vec![];
    let mut nodes: BTreeMap<(By, u16, Proto, Outcome, Vec<Range>), Vec<String>> = BTreeMap::new();
    for front in fronts(cluster, network) {
        let Front { by, at, node, port, proto } = front;
        if picked.asked.port.is_some_and(|asked| asked != (proto, port)) {
            continue;
        }
        let mut known: BTreeMap<Outcome, Vec<Range>> = BTreeMap::new();
        for (src, ranges) in sources(cluster, filters, at) {
            let header = Header { src, sport: 40_000, dst: Addr::from(at), dport: port, proto };
            let ranges = picked.from.world_of(&ranges);
            if !ranges.is_empty() {
                known.entry(outcome(&walks, world, header)).or_default().extend(ranges);
            }
        }
        for (outcome, from) in known {
            let from = fibula_network::AddrSet::new("", from).ranges;
            match node {
                None => {
                    let door = door(by.clone(), At::Address(at), (port, proto), from, &outcome);
                    doors.extend(door.asked(whom, &outcome));
                }
                Some(node) => {
                    let names = nodes.entry((by.clone(), port, proto, outcome, from)).or_default();
                    // An address of each family leads there.
                    if !names.contains(&cluster.nodes[node].name) {
                        names.push(cluster.nodes[node].name.clone());
                    }
                }
            }
        }
    }
    let mut alike: Vec<Door> = vec![];
    for ((by, port, proto, outcome, from), names) in nodes {
        let at = At::Nodes(names, cluster.nodes.len());
        let door = door(by, at, (port, proto), from, &outcome);
        let Some(door) = door.asked(whom, &outcome) else { continue };
        // Nodes may lead to different pods of the same workloads.
        match alike.iter_mut().find(|other| other.differs_in_place(&door)) {
            Some(other) => other.at.join(door.at),
            None => alike.push(door),
        }
    }
    doors.extend(alike);
    for service in cluster.services.iter().filter(|service| is_awaited(service)) {
        doors.extend(awaited(ground, cluster, filters, service, whom));
    }
    let key = |door: &Door| (door.by.clone(), door.at.clone(), door.port, door.proto);
    doors.sort_by_key(key);
    doors
}

fn door(by: By, at: At, at_port: (u16, Proto), from: Vec<Range>, outcome: &Outcome) -> Door {
    let (port, proto) = at_port;
    let Outcome { all, choices, .. } = outcome;
    Door {
        by,
        at,
        port,
        proto,
        from,
        to: vec![],
        all: *all,
        choices: choices.clone(),
        unread: false,
    }
}

impl Door {
    /// Whether it is another one only by where it stands.
    fn differs_in_place(&self, other: &Door) -> bool {
        Door { at: At::Awaited, ..self.clone() } == Door { at: At::Awaited, ..other.clone() }
    }

    /// With whom it leads to, if somebody of them was asked about.
    fn asked(mut self, (parties, picked, doubts): Whom<'_>, outcome: &Outcome) -> Option<Door> {
        let to = outcome.to.iter().filter_map(|(pod, port)| {
            let party = parties.of(*pod)?;
            let asked = picked.wants(false, picked.is_inside(&parties.get(party).who));
            (asked && picked.to.has(party)).then_some((party, *port))
        });
        let to: BTreeSet<(PartyId, u16)> = to.collect();
        self.unread = to.iter().any(|(party, _)| doubts.target(&parties.get(*party).who));
        self.to = to.into_iter().collect();
        (!self.to.is_empty()).then_some(self)
    }
}

impl At {
    /// Adds the Nodes of another place.
    fn join(&mut self, other: At) {
        if let (At::Nodes(nodes, _), At::Nodes(more, _)) = (self, other) {
            nodes.extend(more);
            nodes.sort();
            nodes.dedup();
        }
    }
}

/// Follows a message under every value of each choice that is asked on its way.
fn outcome(walks: &Walks<'_>, world: ElementId, header: Header) -> Outcome {
    let network = walks.network();
    let mut found: Vec<(BTreeSet<(ElementId, u16)>, bool)> = vec![];
    let mut met: BTreeSet<ChoiceId> = BTreeSet::new();
    let mut todo: Vec<BTreeMap<ChoiceId, u8>> = vec![BTreeMap::new()];
    let mut left = MOST_WAYS;
    while let Some(under) = todo.pop() {
        let mut choices = vec![0; network.choices.len()];
        under.iter().for_each(|(choice, value)| choices[usize::from(choice.0)] = *value);
        let followed = walks.branches(world, header, &choices, MOST_BRANCHES);
        let mut asked = followed.lives.iter().flat_map(|life| &life.asked);
        if let Some(new) = asked.find(|choice| !under.contains_key(choice)).filter(|_| left > 0) {
            met.insert(*new);
            for value in 0..network.choice(*new).values {
                left = left.saturating_sub(1);
                todo.push(under.iter().map(|(k, v)| (*k, *v)).chain([(*new, value)]).collect());
            }
            continue;
        }
        let mut to = BTreeSet::new();
        let mut all = followed.all;
        for life in &followed.lives {
            let at = life.ending.at;
            let pod = if network.kind(at).is_process() { network.facts.host(at) } else { Some(at) };
            let arrived = life.steps.iter().rev().find_map(|step| match step {
                Step::Recv { header, .. } | Step::Decide { becomes: Some(header), .. } => {
                    Some(header.dport)
                }
                _ => None,
            });
            // What no entry leads on has come to a port of the Node itself.
            let led = life.steps.iter().any(|step| match step {
                Step::Decide { becomes: Some(becomes), .. } => {
                    (becomes.dst, becomes.dport) != (header.dst, header.dport)
                }
                _ => false,
            });
            match (life.ending.verdict, pod.filter(|_| led), arrived) {
                (Verdict::Delivered | Verdict::Closed, Some(pod), Some(port)) => {
                    to.insert((pod, port));
                }
                _ => all = false,
            }
        }
        if !found.contains(&(to.clone(), all)) {
            found.push((to, all));
        }
    }
    let certain = found.len() < 2;
    Outcome {
        all: found.iter().all(|(_, all)| *all),
        to: found.into_iter().flat_map(|(to, _)| to).collect(),
        choices: if certain { vec![] } else { met.into_iter().collect() },
    }
}

/// The ways in: of Services external addresses, load balancers, and nodePorts, where only Nodes with
/// an endpoint will do at some of these (SVC-53); and the hostPorts of pods.
fn fronts(cluster: &Cluster, network: &Network) -> Vec<Front> {
    let mut fronts = vec![];
    let open = |service: &&Service| service.externally_accessible() && service.proxied;
    for service in cluster.services.iter().filter(open) {
        let by = By::Service(format!("{}/{}", service.namespace, service.name));
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        let addresses: Vec<IpAddr> =
            service.external_ips.iter().copied().chain(balancers).collect();
        for (index, port) in (0u16..).zip(&service.ports) {
            let proto = proto(port.protocol);
            let front = |at, node, port| Front { by: by.clone(), at, node, port, proto };
            fronts.extend(addresses.iter().map(|ip| front(*ip, None, port.number)));
            let Some(node_port) = port.node_port else { continue };
            let has = |node: usize| {
                let mut endpoints = service.endpoints_of(index).iter();
                endpoints.any(|endpoint| endpoint.node == Some(node))
            };
            let nodes = cluster.nodes.iter().enumerate();
            let nodes = nodes.filter(|(i, _)| !service.external_local || has(*i));
            let nodes = nodes.take(MOST_NODES);
            fronts.extend(
                nodes
                    .flat_map(|(i, node)| node.addresses.iter().map(move |ip| (i, *ip)))
                    .map(|(i, ip)| front(ip, Some(i), node_port)),
            );
        }
    }
    let pods = own(cluster).zip(network.of_kind(Kind::Pod)).map(|(pod, _)| pod);
    for pod in pods {
        let ports = pod.containers.iter().flat_map(|container| &container.ports);
        for port in ports {
            let Some(host) = port.host else { continue };
            let Some(node) = cluster.nodes.get(pod.node) else { continue };
            let at = |ip: &&IpAddr| match host.ip {
                Some(own) if own.is_unspecified() => own.is_ipv4() == ip.is_ipv4(),
                Some(own) => own == **ip,
                None => true,
            };
            fronts.extend(node.addresses.iter().filter(at).map(|ip| Front {
                by: By::HostPort,
                at: *ip,
                node: Some(pod.node),
                port: host.number,
                proto: proto(port.protocol),
            }));
        }
    }
    fronts
}

/// Addresses of the world that policies tell apart, each with those that it stands for; none in the
/// cluster's own ranges, from which nobody sends out there (DR-13).
fn sources(cluster: &Cluster, filters: &Filters<'_>, at: IpAddr) -> Vec<(Addr, Vec<Range>)> {
    let family = Addr::from(at).family();
    let inside: Vec<Range> = cluster
        .ranges
        .iter()
        .map(|range| Range::prefix(range.net.addr(), range.net.prefix_len()))
        .collect();
    let atoms = filters.atoms.iter().map(|(_, atom)| atom);
    let atoms = atoms.filter(|atom| atom.owner == Owner::Nobody && atom.family == family);
    let source = |range: &Range| {
        let usual = range.contains(SOMEWHERE).then_some(SOMEWHERE);
        let mut ends = usual.into_iter().chain([range.lo, range.hi]);
        ends.find(|addr| {
            let nobody = filters.network.owners_of(*addr).is_empty();
            nobody && !inside.iter().any(|inside| inside.contains(*addr))
        })
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

/// Whether the world is to reach a Service by a load balancer that has no address yet (SVC-24).
fn is_awaited(service: &Service) -> bool {
    service.kind == ServiceKind::LoadBalancer && service.balancers.is_empty() && service.proxied
}

/// Who will be reached once the load balancer of a Service has an address. Its entries are still to
/// come: so filters are asked of what they will see. On the Node that a message comes to that is its
/// own source, or the Node (DR-7); on another one the Node that it came by, unless only Nodes with an
/// endpoint get it (SVC-53, SVC-61).
fn awaited(
    ground: Ground<'_>,
    cluster: &Cluster,
    filters: &Filters<'_>,
    service: &Service,
    whom: Whom<'_>,
) -> Vec<Door> {
    let (_, picked, _) = whom;
    let by = By::Service(format!("{}/{}", service.namespace, service.name));
    let allowed = columns(filters, filters.allowed, Filters::TARGET);
    let mut reader = Reader::default();
    let seen_as_node = ground.network.choices.iter().position(|choice| &*choice.id == "DR-7");
    let mut doors = vec![];
    for (index, port) in (0u16..).zip(&service.ports) {
        let proto = proto(port.protocol);
        if picked.asked.port.is_some_and(|asked| asked != (proto, port.number)) {
            continue;
        }
        let ends = service.endpoints_of(index).iter().filter(|end| end.ready);
        let ends: Vec<(Addr, u16, Option<usize>)> =
            ends.map(|end| (Addr::from(end.addr), end.number, end.node)).collect();
        let mut known: BTreeMap<Outcome, Vec<Range>> = BTreeMap::new();
        for family in [Family::V4, Family::V6] {
            let ends: Vec<(Addr, u16, Option<usize>)> =
                ends.iter().copied().filter(|(addr, ..)| addr.family() == family).collect();
            let Some((first, ..)) = ends.first() else { continue };
            for (src, ranges) in sources(cluster, filters, IpAddr::from(*first)) {
                let ranges = picked.from.world_of(&ranges);
                let source = filters.atoms.of(src);
                let mut outcome = Outcome { all: true, ..Outcome::default() };
                for (addr, number, node) in &ends {
                    let [owner] = ground.network.owners_of(*addr) else { continue };
                    let others = cluster.nodes.iter().enumerate().filter(|(i, other)| {
                        !service.external_local && Some(*i) != *node && !other.addresses.is_empty()
                    });
                    let others = others.flat_map(|(_, other)| &other.addresses);
                    let others = others.map(|ip| Addr::from(*ip));
                    let others = others.filter(|other| other.family() == family);
                    let mut seen: Vec<u32> = others.map(|other| filters.atoms.of(other)).collect();
                    seen.push(source);
                    seen.sort_unstable();
                    seen.dedup();
                    for from in seen {
                        let column = allowed[filters.atoms.of(*addr) as usize];
                        let opened = reader.opened(filters, part_of(filters, column, from));
                        let certain = opened.certain.has(proto, *number);
                        let perhaps = opened.perhaps.iter().find(|(_, p)| p.has(proto, *number));
                        outcome.choices.extend(perhaps.iter().flat_map(|(why, _)| why));
                        let masked = seen_as_node.filter(|_| from == source && !certain);
                        outcome.choices.extend(masked.map(|at| ChoiceId(at as u8)));
                        if certain || perhaps.is_some() || masked.is_some() {
                            outcome.to.insert((owner.to, *number));
                        }
                        outcome.all &= certain;
                    }
                }
                outcome.choices.sort_unstable();
                outcome.choices.dedup();
                if !ranges.is_empty() {
                    known.entry(outcome).or_default().extend(ranges);
                }
            }
        }
        for (outcome, from) in known {
            let from = fibula_network::AddrSet::new("", from).ranges;
            let door = door(by.clone(), At::Awaited, (port.number, proto), from, &outcome);
            doors.extend(door.asked(whom, &outcome));
        }
    }
    doors
}
