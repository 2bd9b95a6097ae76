//! Who can use a Service: its backends are targets like others.

use std::collections::BTreeMap;

use fibula_cluster::{Cluster, RangeKind, Service};
use fibula_network::filters::{Filters, Owner};
use fibula_network::set::{SetId, Space};
use fibula_network::{
    Action, Addr, Addrs, ChoiceId, ElementId, Entry, Family, Kind, Network, Port, Ports,
};

use super::PartyId;
use super::cells::{Group, columns, part_of};
use super::doubts::Doubts;
use super::joints::{Joints, index};
use super::opened::Reader;
use super::parties::Namer;
use super::pick::Picked;
use crate::names::proto;
use crate::trace::Ground;

/// Who can use a port of a Service, of pods. What a pod sends itself by its Service is not asked
/// (DR-4): of an endpoint the others count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its namespace and name.
    pub service: String,
    /// The port.
    pub port: Port,
    /// The family, where its ClusterIPs are not used alike.
    pub family: Option<Family>,
    /// Those of whom every connection arrives.
    pub all: Vec<PartyId>,
    /// Those of whom some do: it depends on the endpoint.
    pub some: Vec<PartyId>,
    /// Those of whom it depends on these choices how many do.
    pub undecided: Vec<(Vec<ChoiceId>, Vec<PartyId>)>,
    /// How many endpoints it has.
    pub endpoints: usize,
    /// Whether it depends on the client's Node or zone which of them it gets (SVC-40, SVC-51).
    pub local: bool,
    /// Whether policies that were not read could withhold it (DR-21).
    pub unread: bool,
}

/// The same, while pods have no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) of: Use,
    pub(crate) all: Vec<ElementId>,
    pub(crate) some: Vec<ElementId>,
    pub(crate) undecided: BTreeMap<Vec<ChoiceId>, Vec<ElementId>>,
    behind: Vec<ElementId>,
}

/// Where a ClusterIP leads the messages of a Node's pods: to these, or to nobody knows whom.
type Ends = Result<Vec<(Addr, u16)>, Vec<ChoiceId>>;

/// What a source finds there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Itself,
    None,
    Some,
    All,
    Undecided(Vec<ChoiceId>),
}

/// What is asked with.
struct Asking<'a, 'f, 'n> {
    cluster: &'a Cluster,
    filters: &'f mut Filters<'n>,
    joints: &'a Joints,
    reader: Reader,
    /// By atom, what may come to it: of all targets, and of Nodes by their own pods.
    columns: [Vec<SetId>; 2],
}

/// Asks for each port of each Service that was picked.
pub(crate) fn ask(
    ground: Ground<'_>,
    filters: &mut Filters<'_>,
    joints: &Joints,
    is_source: &dyn Fn(ElementId) -> bool,
    picked: &Picked,
) -> Vec<Raw> {
    let Some(cluster) = ground.cluster else { return vec![] };
    if picked.to.services.is_empty() {
        return vec![];
    }
    let columns =
        [filters.allowed, filters.own_node].map(|set| columns(filters, set, Filters::TARGET));
    let reader = Reader::default();
    let mut asking = Asking { cluster, filters, joints, reader, columns };
    let mut asked = vec![];
    for service in picked.to.services.iter().map(|i| &cluster.services[*i]) {
        for port in &service.ports {
            let port = Port { proto: proto(port.protocol), number: port.number };
            if picked.asked.port.is_some_and(|(p, n)| p != port.proto || n != port.number) {
                continue;
            }
            let ips = service.cluster_ips.iter().map(|ip| Addr::from(*ip));
            let mut uses: Vec<Raw> =
                ips.map(|ip| asking.one(ground.network, service, ip, port, is_source)).collect();
            let plain =
                |raw: &Raw| Raw { of: Use { family: None, ..raw.of.clone() }, ..raw.clone() };
            if uses.windows(2).all(|pair| plain(&pair[0]) == plain(&pair[1])) {
                uses.truncate(1);
                uses.iter_mut().for_each(|raw| raw.of.family = None);
            }
            asked.extend(uses);
        }
    }
    asked
}

/// Names who was found.
pub(super) fn named(
    raw: Vec<Raw>,
    namer: &mut Namer<'_>,
    picked: &Picked,
    doubts: &Doubts,
) -> Vec<Use> {
    let has = |party| picked.from.has(party);
    let mut name = |elements: Vec<ElementId>, picked: &dyn Fn(PartyId) -> bool| {
        let named = namer.name(&Group { elements, ..Group::default() }, picked);
        let source = named.iter().any(|id| doubts.source(namer.who(*id)));
        let target = named.iter().any(|id| doubts.target(namer.who(*id)));
        (named, source, target)
    };
    raw.into_iter()
        .map(|Raw { of, all, some, undecided, behind }| {
            let (all, of_all, _) = name(all, &has);
            let (some, of_some, _) = name(some, &has);
            let (_, _, target) = name(behind, &|_| true);
            let used = !(all.is_empty() && some.is_empty());
            let undecided = undecided.into_iter();
            let undecided = undecided.map(|(why, who)| (why, name(who, &has).0)).collect();
            Use { all, some, undecided, unread: of_all || of_some || used && target, ..of }
        })
        .collect()
}

// === impl Asking ===

impl Asking<'_, '_, '_> {
    fn one(
        &mut self,
        network: &Network,
        service: &Service,
        ip: Addr,
        port: Port,
        is_source: &dyn Fn(ElementId) -> bool,
    ) -> Raw {
        let mut nodes: BTreeMap<ElementId, usize> = BTreeMap::new();
        let mut seen: Vec<Ends> = vec![];
        for node in network.of_kind(Kind::Node) {
            let ends = ends(network, node, ip, port);
            let at = seen.iter().position(|other| *other == ends).unwrap_or_else(|| {
                seen.push(ends);
                seen.len() - 1
            });
            nodes.insert(node, at);
        }
        let known = seen.iter().flatten().flatten();
        let mut endpoints: Vec<(Addr, u16)> = known.copied().collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let owner = |addr: Addr| network.owners_of(addr).first().map(|owner| owner.to);
        let mut behind: Vec<ElementId> =
            endpoints.iter().filter_map(|(addr, _)| owner(*addr)).collect();
        behind.sort_unstable();
        let at_nodes = behind.iter().any(|id| network.kind(*id) == Kind::Node);

        let (mut all, mut some) = (vec![], vec![]);
        let mut undecided: BTreeMap<Vec<ChoiceId>, Vec<ElementId>> = BTreeMap::new();
        for at in 0..self.joints.all.len() {
            let joint = &self.joints.all[at];
            if joint.owner != Owner::Pods {
                continue;
            }
            let contested = joint.contested.clone();
            let atom = joint.atoms[index(ip.family())];
            // Those of a joint on alike Nodes find the same, unless they stand behind the Service.
            let mut found: BTreeMap<(usize, Option<ElementId>, Option<ElementId>), Found> =
                BTreeMap::new();
            for pod in joint.elements.clone().into_iter().filter(|id| is_source(*id)) {
                let host = network.fib(pod).and_then(|fib| fib.me.host);
                let Some((host, which)) = host.and_then(|h| Some((h, *nodes.get(&h)?))) else {
                    continue;
                };
                let itself = behind.binary_search(&pod).is_ok().then_some(pod);
                let key = (which, itself, at_nodes.then_some(host));
                let outcome = match (&seen[which], atom) {
                    _ if !contested.is_empty() => Found::Undecided(contested.clone()),
                    (Err(choices), _) => Found::Undecided(choices.clone()),
                    (Ok(_), None) => Found::None,
                    (Ok(ends), Some(atom)) => match found.get(&key) {
                        Some(known) => known.clone(),
                        None => self.find(network, atom, (pod, host), ends, port),
                    },
                };
                match &outcome {
                    Found::Itself | Found::None => {}
                    Found::Some => some.push(pod),
                    Found::All => all.push(pod),
                    Found::Undecided(why) => undecided.entry(why.clone()).or_default().push(pod),
                }
                found.insert(key, outcome);
            }
        }
        let of = Use {
            service: format!("{}/{}", service.namespace, service.name),
            port,
            family: Some(ip.family()),
            all: vec![],
            some: vec![],
            undecided: vec![],
            endpoints: endpoints.len(),
            local: seen.len() > 1,
            unread: false,
        };
        Raw { of, all, some, undecided, behind }
    }

    /// How many of its ends a pod finds open.
    fn find(
        &mut self,
        network: &Network,
        atom: u32,
        (pod, host): (ElementId, ElementId),
        ends: &[(Addr, u16)],
        port: Port,
    ) -> Found {
        let (mut all, mut some) = (Space::FULL, Space::EMPTY);
        let mut others = 0;
        for (addr, number) in ends {
            let when = match network.owners_of(*addr) {
                [owner] if owner.to == pod => continue,
                [owner] if owner.to == host => {
                    self.when(1, *addr, atom, Port { number: *number, ..port })
                }
                [] if self.is_nowhere(*addr) => Space::EMPTY,
                [] | [_] => self.when(0, *addr, atom, Port { number: *number, ..port }),
                several => {
                    let choices = several.iter().filter_map(|owner| owner.when);
                    let mut choices: Vec<ChoiceId> = choices.map(|when| when.choice).collect();
                    choices.dedup();
                    return Found::Undecided(choices);
                }
            };
            others += 1;
            all = self.filters.space.and(all, when);
            some = self.filters.space.or(some, when);
        }
        match (all, some) {
            _ if others == 0 && !ends.is_empty() => Found::Itself,
            _ if ends.is_empty() => Found::None,
            (Space::FULL, _) => Found::All,
            (Space::EMPTY, Space::FULL) => Found::Some,
            (_, Space::EMPTY) => Found::None,
            _ => {
                let mut choices = self.reader.depends(self.filters, all).clone();
                choices.extend(self.reader.depends(self.filters, some));
                choices.sort_unstable();
                choices.dedup();
                Found::Undecided(choices)
            }
        }
    }

    /// Under which choices a port is open to an atom of sources.
    fn when(&self, own: usize, addr: Addr, source: u32, port: Port) -> SetId {
        let column = self.columns[own][self.filters.atoms.of(addr) as usize];
        let leaf = part_of(self.filters, column, source);
        let (proto, number) = (port.proto as u32, u32::from(port.number));
        let levels = [(Filters::PROTO, proto), (Filters::PORT, number)];
        levels.into_iter().fold(leaf, |set, (level, value)| {
            let parts = self.filters.parts(set, level);
            parts[parts.partition_point(|((_, hi), _)| *hi < value)].1
        })
    }

    /// Whether messages for an address that nobody has end in the cluster (R3).
    fn is_nowhere(&self, addr: Addr) -> bool {
        let inside = |kind| matches!(kind, RangeKind::Pods | RangeKind::Services);
        let ranges = self.cluster.ranges.iter().filter(|range| inside(range.kind));
        ranges.map(|range| range.net).any(|net| net.contains(&std::net::IpAddr::from(addr)))
    }
}

/// Where a Node leads the messages of its pods for an address: by the first entry that speaks of it
/// and applies. To nobody where it refuses them, or none does.
fn ends(network: &Network, node: ElementId, ip: Addr, port: Port) -> Ends {
    let contested = network.owners_of(ip).iter().filter_map(|owner| owner.when);
    let contested: Vec<ChoiceId> = contested.map(|when| when.choice).collect();
    if !contested.is_empty() {
        return Err(contested);
    }
    let Some(fib) = network.fib(node) else { return Ok(vec![]) };
    let tables = network.pipeline(fib.pipeline).iter();
    for entry in tables.flat_map(|table| &network.table(*table).entries) {
        if !speaks(network, entry, ip, port) {
            continue;
        }
        if !entry.pattern.when.is_empty() {
            return Err(entry.pattern.when.iter().map(|when| when.choice).collect());
        }
        match entry.action {
            Action::Rewrite { to, .. } => {
                let seen = network.backends(to).seen_by(node, &fib.me);
                let ends: Vec<(Addr, u16)> = seen.map(|b| (b.addr, b.port)).collect();
                if !ends.is_empty() {
                    return Ok(ends);
                }
            }
            Action::Goto(_) => {}
            _ => return Ok(vec![]),
        }
    }
    Ok(vec![])
}

/// Whether an entry is for what pods send to an address and port.
fn speaks(network: &Network, entry: &Entry, ip: Addr, port: Port) -> bool {
    let pattern = &entry.pattern;
    let addressed = match pattern.dst {
        Addrs::In(range) => range.contains(ip),
        Addrs::Set(set) => network.set(set).contains(ip),
        _ => false,
    };
    addressed
        && pattern.from.is_none_or(|from| from == Kind::Pod)
        && pattern.src == Addrs::Any
        && pattern.reply != Some(true)
        && pattern.marked != Some(true)
        && pattern.proto.is_none_or(|proto| proto == port.proto)
        && match pattern.dport {
            Ports::Any => true,
            Ports::In(lo, hi) => (lo..=hi).contains(&port.number),
            Ports::Listened => false,
        }
}
