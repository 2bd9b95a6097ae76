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
use std::net::IpAddr;
use std::rc::Rc;

use fibula_cluster::{Cluster, Service};
use fibula_network::filters::Filters;
use fibula_network::set::{SetId, Space};
use fibula_network::{Addr, ElementId, Header, Kind, Network, Port, Proto, Range};
use rustc_hash::FxHashMap;

use super::pairs::Senders;
use super::scene::Scene;
use crate::names::proto;
use crate::reach::{self, By, MOST_BRANCHES, MOST_NODES, SPORT, alike, came_to, explored, own};

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
    /// Who may use it, where not everybody may (SVC-25).
    allowed: Vec<Range>,
    classes: Option<Classes>,
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

/// Senders, as a way in tells them apart.
struct Classes {
    all: Vec<Class>,
    /// By sender, its class.
    of: FxHashMap<ElementId, usize>,
}

/// Senders that are alike.
struct Class {
    members: Vec<ElementId>,
    ways: Option<Rc<[Way]>>,
}

/// What a class sends to one address of a way in.
pub(super) struct Way {
    /// The Node at which it stands.
    pub(super) node: Option<usize>,
    pub(super) dst: Addr,
    /// Whom it comes to, under which choices.
    pub(super) ends: Vec<(End, SetId)>,
}

/// By what all ways in tell senders apart.
pub(super) struct Alike {
    /// Nodes that lead messages alike as long as they host none of the endpoints.
    groups: Vec<Vec<usize>>,
    /// By Node, its group.
    group: Vec<usize>,
    /// By switch, what stands for all with its addresses, as far as filters tell them apart.
    like: Vec<u32>,
    /// Switches of Nodes, by index.
    nodes: Vec<ElementId>,
    index: FxHashMap<ElementId, usize>,
}

/// A Node that a way in knows by itself, or one of several alike.
#[derive(PartialEq, Eq, Hash)]
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
    host_ports(network, cluster, &mut all);
    all
}

fn of_service(
    network: &Network,
    service: &Service,
    index: &FxHashMap<ElementId, usize>,
    all: &mut Vec<Entrance>,
) {
    let by = By::Service(format!("{}/{}", service.namespace, service.name));
    let allowed = reach::allowed(service);
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
            allowed: allowed.clone(),
            classes: None,
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

fn host_ports(network: &Network, cluster: &Cluster, all: &mut Vec<Entrance>) {
    for (pod, id) in own(cluster).zip(network.of_kind(Kind::Pod)) {
        let ports = pod.containers.iter().flat_map(|container| &container.ports);
        for port in ports {
            let Some(host) = port.host else { continue };
            let Some(node) = cluster.nodes.get(pod.node) else { continue };
            let at = |ip: &&IpAddr| match host.ip {
                Some(own) if own.is_unspecified() => own.is_ipv4() == ip.is_ipv4(),
                Some(own) => own == **ip,
                None => true,
            };
            let at = node.addresses.iter().filter(at);
            let at = at.map(|ip| (Some(pod.node), Addr::from(*ip))).collect();
            all.push(Entrance {
                by: By::HostPort,
                port: Port { proto: proto(port.protocol), number: host.number },
                own: Port { proto: proto(port.protocol), number: port.number },
                stands: Stands::At(at),
                ends: vec![(id, port.number)],
                hosts: vec![pod.node],
                allowed: vec![],
                classes: None,
            });
        }
    }
}

// === impl Entrance ===

impl Entrance {
    /// Those of some senders that use it, as classes of those that are alike: of each all members.
    pub(super) fn classes(&mut self, scene: &mut Scene<'_>, senders: &Senders) -> Vec<usize> {
        if matches!(self.stands, Stands::Awaited) {
            return vec![];
        }
        let classes = self.classes.take().unwrap_or_else(|| self.grouped(scene));
        let listed = senders.pods.is_list() && senders.nodes.is_list();
        let mut found: Vec<usize> = match listed {
            true => {
                let all = senders.pods.listed().iter().chain(senders.nodes.listed());
                all.filter_map(|id| classes.of.get(id).copied()).collect()
            }
            false => {
                let some = |class: &Class| class.members.iter().any(|id| senders.has(scene, *id));
                (0..classes.all.len()).filter(|at| some(&classes.all[*at])).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        self.classes = Some(classes);
        found
    }

    /// The members of a class, of these senders.
    pub(super) fn members(
        &self,
        scene: &Scene<'_>,
        class: usize,
        senders: &Senders,
    ) -> Vec<ElementId> {
        let all = self.classes.as_ref().map_or(&[][..], |classes| &classes.all[class].members);
        all.iter().copied().filter(|id| senders.has(scene, *id)).collect()
    }

    /// What becomes of what a class sends there.
    pub(super) fn ways(&mut self, scene: &mut Scene<'_>, class: usize) -> Rc<[Way]> {
        let Some(of) = self.classes.as_ref().map(|classes| &classes.all[class]) else {
            return Rc::default();
        };
        if let Some(known) = &of.ways {
            return known.clone();
        }
        let stranger = scene.stranger;
        let here = of.members.iter().copied().find(|id| Some(*id) != stranger);
        let one = here.or_else(|| of.members.first().copied());
        let ways: Rc<[Way]> = one.map_or(vec![], |one| self.follow(scene, one)).into();
        if let Some(classes) = &mut self.classes {
            classes.all[class].ways = Some(ways.clone());
        }
        ways
    }

    fn grouped(&self, scene: &mut Scene<'_>) -> Classes {
        let network = scene.network();
        let alike = scene.alike();
        let mut classes = Classes { all: vec![], of: FxHashMap::default() };
        let mut known: FxHashMap<_, usize> = FxHashMap::default();
        for id in network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node)) {
            let host = if network.kind(id) == Kind::Node { Some(id) } else { scene.host(id) };
            let node = host.and_then(|host| alike.index.get(&host).copied());
            let Some(node) = node.filter(|_| !scene.atoms.of(id).is_empty()) else { continue };
            let home = match self.hosts.binary_search(&node) {
                Ok(_) => Home::One(node),
                Err(_) => Home::Group(alike.group[node]),
            };
            let first = self.ends.partition_point(|(end, _)| *end < id);
            let itself = self.ends.get(first).is_some_and(|(end, _)| *end == id).then_some(id);
            let allowed = |addr: &Addr| self.allowed.iter().any(|range| range.contains(*addr));
            let allowed: Vec<bool> = match self.allowed.is_empty() {
                true => vec![],
                false => scene.addresses(id).iter().map(allowed).collect(),
            };
            let key = (alike.like[id.index()], home, itself, allowed);
            let at = *known.entry(key).or_insert_with(|| {
                classes.all.push(Class { members: vec![], ways: None });
                classes.all.len() - 1
            });
            classes.all[at].members.push(id);
            classes.of.insert(id, at);
        }
        classes
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

// === impl Alike ===

impl Alike {
    pub(super) fn new(scene: &Scene<'_>) -> Alike {
        let network = scene.network();
        let nodes: Vec<ElementId> = network.of_kind(Kind::Node).collect();
        let index = nodes.iter().copied().zip(0..).collect();
        let groups = scene.ground.cluster.map_or(vec![], |cluster| alike(cluster, &scene.filters));
        let mut group = vec![groups.len(); nodes.len()];
        for (at, nodes) in groups.iter().enumerate() {
            nodes.iter().for_each(|node| group[*node] = at);
        }
        let mut known: FxHashMap<&[u32], u32> = FxHashMap::default();
        let mut like = vec![];
        for (_, own) in scene.atoms.all() {
            let next = known.len() as u32;
            like.push(*known.entry(own).or_insert(next));
        }
        Alike { groups, group, like, nodes, index }
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
