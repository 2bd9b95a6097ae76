//! Ways in, as those inside use them.
//!
//! What comes to a pod by a port of a Node, an external address, a load balancer or a hostPort may be
//! seen there as a Node's (SVC-61, DR-7), and where it is sent to is what the filters of its sender
//! see of it. So no pair of filters tells who comes in there: `walk` does, once for each way in and
//! each class of senders that are alike for it, when a promise first asks.
//!
//! A ClusterIP is none of them: it is rewritten before the filters of its sender are asked, and a
//! pod's source stays as it is, while a Node's is one of its own addresses before and after (SVC-60,
//! SVC-63). What comes back to its sender by it is asked where Services are.

use std::collections::BTreeMap;
use std::rc::Rc;

use fibula_cluster::Service;
use fibula_network::filters::Filters;
use fibula_network::set::{SetId, Space};
use fibula_network::{Addr, ElementId, Header, Kind, Network, Port, Proto};
use rustc_hash::FxHashMap;

use super::alike::{Alike, One};
use super::pairs::Senders;
use super::scene::Scene;
use crate::names::proto;
use crate::reach::{self, By, MOST_BRANCHES, MOST_NODES, SPORT, came_to, explored};

/// Who is reached, at which port.
pub(super) type End = (ElementId, u16);

/// A way in.
pub(super) struct Entrance {
    pub(super) by: By,
    pub(super) port: Port,
    /// The port of the Service, or of the pod, that it leads to.
    pub(super) own: Port,
    stands: Stands,
    /// Whom it can lead to, sorted.
    pub(super) ends: Vec<End>,
    /// The Nodes that host them, as indices into those of the cluster, sorted.
    hosts: Vec<usize>,
    classes: Vec<Class>,
}

/// Where a way in stands.
enum Stands {
    /// At these addresses; those of a Node with its index.
    At(Vec<(Option<usize>, Addr)>),
    /// At every Node.
    Nodes,
    /// At the address that a load balancer is to get (SVC-24).
    Awaited,
}

/// Senders that are alike for a way in.
struct Class {
    key: Key,
    /// One of them.
    one: ElementId,
    ways: Option<Rc<[Way]>>,
}

/// By what a way in tells senders apart: as all do, by their Nodes, and whether it leads to
/// themselves.
type Key = (u32, Home, Option<ElementId>);

/// What a class sends to one address of a way in.
pub(super) struct Way {
    /// The Node at which it stands.
    pub(super) node: Option<usize>,
    pub(super) dst: Addr,
    /// Whom it comes to, under which choices.
    pub(super) ends: Vec<(End, SetId)>,
}

/// A Node that a way in knows by itself, or one of several alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Home {
    One(usize),
    Group(usize),
}

/// All ways in to pods and Nodes.
pub(super) fn all(scene: &Scene<'_>) -> Vec<Entrance> {
    let network = scene.network();
    let Some(cluster) = scene.ground.cluster else { return vec![] };
    let index: FxHashMap<ElementId, usize> = network.of_kind(Kind::Node).zip(0..).collect();
    let mut all = vec![];
    let open = |service: &&Service| service.externally_accessible() && service.proxied;
    for service in cluster.services.iter().filter(open) {
        of_service(network, service, &index, &mut all);
    }
    all.extend(reach::host_ports(cluster, network).into_iter().map(|host| Entrance {
        by: By::HostPort,
        port: Port { proto: host.proto, number: host.port },
        own: Port { proto: host.proto, number: host.own },
        stands: Stands::At(
            host.at.into_iter().map(|ip| (Some(host.node), Addr::from(ip))).collect(),
        ),
        ends: vec![(host.pod, host.own)],
        hosts: vec![host.node],
        classes: vec![],
    }));
    all
}

fn of_service(
    network: &Network,
    service: &Service,
    index: &FxHashMap<ElementId, usize>,
    all: &mut Vec<Entrance>,
) {
    let by = By::Service(format!("{}/{}", service.namespace, service.name));
    for (at, port) in (0u16..).zip(&service.ports) {
        let (mut ends, mut hosts) = (vec![], vec![]);
        for endpoint in service.endpoints_of(at) {
            for owner in network.owners_of(Addr::from(endpoint.addr)) {
                ends.push((owner.to, endpoint.number));
                hosts.extend(index.get(&owner.via).copied());
            }
            hosts.extend(endpoint.node);
        }
        ends.sort_unstable();
        ends.dedup();
        hosts.sort_unstable();
        hosts.dedup();
        if ends.is_empty() {
            continue;
        }
        let entrance = |stands, number| Entrance {
            by: by.clone(),
            port: Port { proto: proto(port.protocol), number },
            own: Port { proto: proto(port.protocol), number: port.number },
            stands,
            ends: ends.clone(),
            hosts: hosts.clone(),
            classes: vec![],
        };
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        for ip in service.external_ips.iter().copied().chain(balancers) {
            all.push(entrance(Stands::At(vec![(None, Addr::from(ip))]), port.number));
        }
        all.extend(port.node_port.map(|number| entrance(Stands::Nodes, number)));
        if reach::is_awaited(service) {
            all.push(entrance(Stands::Awaited, port.number));
        }
    }
}

// === impl Entrance ===

impl Entrance {
    /// The classes of those of some senders that use it.
    pub(super) fn classes(&mut self, scene: &mut Scene<'_>, senders: &Senders) -> Vec<usize> {
        if matches!(self.stands, Stands::Awaited) {
            return vec![];
        }
        let alike = scene.alike();
        let mut found: Vec<usize> = vec![];
        match senders.pods.is_list() && senders.nodes.is_list() {
            true => {
                for id in senders.pods.listed().iter().chain(senders.nodes.listed()) {
                    let of = alike.of.get(id).map(|at| &alike.all[*at]);
                    found.extend(of.map(|of| self.class(&alike, of, *id)));
                }
            }
            false => {
                for of in &alike.all {
                    let mut others = of.members.iter().copied().filter(|id| !self.is_end(*id));
                    let one = others.find(|id| senders.has(scene, *id));
                    found.extend(one.map(|one| self.class(&alike, of, one)));
                }
                let ends: Vec<ElementId> = self.ends.iter().map(|(end, _)| *end).collect();
                for end in ends.into_iter().filter(|end| senders.has(scene, *end)) {
                    let of = alike.of.get(&end).map(|at| &alike.all[*at]);
                    found.extend(of.map(|of| self.class(&alike, of, end)));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The class of one of those who are alike for all ways in.
    fn class(&mut self, alike: &Alike, of: &One, one: ElementId) -> usize {
        let itself = self.is_end(one).then_some(one);
        let key = (of.like, self.home(alike, of), itself);
        let known = self.classes.iter().position(|class| class.key == key);
        known.unwrap_or_else(|| {
            self.classes.push(Class { key, one, ways: None });
            self.classes.len() - 1
        })
    }

    fn home(&self, alike: &Alike, of: &One) -> Home {
        match self.hosts.binary_search(&of.node) {
            Ok(_) => Home::One(of.node),
            Err(_) => Home::Group(alike.group[of.node]),
        }
    }

    /// Whether it can lead to somebody.
    fn is_end(&self, id: ElementId) -> bool {
        let first = self.ends.partition_point(|(end, _)| *end < id);
        self.ends.get(first).is_some_and(|(end, _)| *end == id)
    }

    /// The members of a class, of these senders.
    pub(super) fn members(
        &self,
        scene: &mut Scene<'_>,
        class: usize,
        senders: &Senders,
    ) -> Vec<ElementId> {
        let (like, home, itself) = self.classes[class].key;
        if itself.is_some() {
            return itself.into_iter().filter(|id| senders.has(scene, *id)).collect();
        }
        let alike = scene.alike();
        let of = alike.all.iter().filter(|of| of.like == like && self.home(&alike, of) == home);
        let all = of.flat_map(|of| of.members.iter().copied().filter(|id| !self.is_end(*id)));
        let mut all: Vec<ElementId> = all.filter(|id| senders.has(scene, *id)).collect();
        all.sort_unstable();
        all
    }

    /// What becomes of what a class sends there.
    pub(super) fn ways(&mut self, scene: &mut Scene<'_>, class: usize) -> Rc<[Way]> {
        if let Some(known) = &self.classes[class].ways {
            return known.clone();
        }
        let ways: Rc<[Way]> = self.follow(scene, self.classes[class].one).into();
        self.classes[class].ways = Some(ways.clone());
        ways
    }

    /// Follows what one sends to each address of the way in.
    fn follow(&self, scene: &mut Scene<'_>, one: ElementId) -> Vec<Way> {
        let Some(process) = scene.process(one) else { return vec![] };
        let network = scene.network();
        let alike = scene.alike();
        let places: Vec<(Option<usize>, Addr)> = match &self.stands {
            Stands::At(places) => places.clone(),
            Stands::Awaited => vec![],
            Stands::Nodes => {
                let host =
                    if network.kind(one) == Kind::Node { Some(one) } else { scene.host(one) };
                let own = host.and_then(|host| alike.index.get(&host).copied());
                let hosts = self.hosts.iter().copied().filter(|node| Some(*node) != own);
                // Of those that host none of the endpoints one of each kind: they are alike.
                let other = |nodes: &Vec<usize>| {
                    let mut all = nodes.iter().copied();
                    all.find(|n| Some(*n) != own && self.hosts.binary_search(n).is_err())
                };
                let others = alike.groups.iter().filter_map(other);
                let nodes = own.into_iter().chain(hosts.take(MOST_NODES)).chain(others);
                let at = |node: usize| {
                    let all = scene.addresses(alike.nodes[node]).iter();
                    all.map(move |addr| (Some(node), *addr))
                };
                nodes.flat_map(at).collect()
            }
        };
        let mut ways = vec![];
        for (node, dst) in places {
            let mut ends: BTreeMap<End, SetId> = BTreeMap::new();
            let own = scene.addresses(one).iter().copied();
            for src in own.filter(|src| src.family() == dst.family()) {
                let Port { proto, number: dport } = self.port;
                let header = Header { src, sport: SPORT, dst, dport, proto };
                for (under, lives) in explored(scene.walks(), process, header, MOST_BRANCHES) {
                    let when = scene.under(&under);
                    let found = lives.iter().filter_map(|life| came_to(network, life, header));
                    for end in found.filter(|end| self.ends.binary_search(end).is_ok()) {
                        let known = ends.entry(end).or_insert(Space::EMPTY);
                        *known = scene.filters.space.or(*known, when);
                    }
                }
            }
            if !ends.is_empty() {
                ways.push(Way { node, dst, ends: ends.into_iter().collect() });
            }
        }
        ways
    }
}

// === impl Senders ===

impl Senders {
    /// Whether a switch is one of them.
    pub(super) fn has(&self, scene: &Scene<'_>, id: ElementId) -> bool {
        match scene.network().kind(id) {
            Kind::Pod => self.pods.has(id),
            _ => self.nodes.has(id),
        }
    }
}

// === impl Scene ===

impl Scene<'_> {
    /// Under which choices something is open between two by their own addresses.
    pub(super) fn between(&mut self, from: ElementId, (to, number): End, proto: Proto) -> SetId {
        let (sources, targets) = (self.atoms.of(from).to_vec(), self.atoms.of(to).to_vec());
        let own = self.host(from) == Some(to);
        let levels = [(Filters::PROTO, proto as u32), (Filters::PORT, u32::from(number))];
        let mut open = Space::EMPTY;
        for target in &targets {
            let column = self.columns()[usize::from(own)][*target as usize];
            let same = |source: &&u32| {
                let atoms = &self.filters.atoms;
                atoms.get(**source).family == atoms.get(*target).family
            };
            let same: Vec<u32> = sources.iter().filter(same).copied().collect();
            for source in same {
                let leaf = reach::cells::part_of(&self.filters, column, source);
                let leaf = levels.into_iter().fold(leaf, |set, (level, value)| {
                    let parts = self.filters.parts(set, level);
                    parts[parts.partition_point(|((_, hi), _)| *hi < value)].1
                });
                open = self.filters.space.or(open, leaf);
            }
        }
        open
    }
}
