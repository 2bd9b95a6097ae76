//! What becomes of Services: of their names, their ports, and of who can use them. What policies
//! open and close to the pods behind them is told of those pods.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{Cluster, Place, Service, ServiceKind};
use fibula_network::filters::Filters;
use fibula_network::{Addr, ElementId, Kind, Port};
use rustc_hash::FxHashMap;

use super::entities::Entities;
use super::lines::{Group, Namer};
use super::pieces::At;
use crate::names::proto;
use crate::reach::joints::Joints;
use crate::reach::pick::{Picked, Side};
use crate::reach::services::{Raw, ask};
use crate::reach::{Asked, PartyId};
use crate::trace::Ground;
use crate::unread::{beside, meshes};

/// What became of a Service, or of a port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its namespace and name.
    pub service: String,
    /// The port; none where all of it changed in the same way.
    pub port: Option<Port>,
    /// What became of it.
    pub what: Became,
    /// Of what came or went as such: whether nobody stands behind it, or stood.
    pub nobody: bool,
    /// Why, as far as the objects show.
    pub why: Option<Reason>,
    /// Who can use it now and could not, at least in part.
    pub gained: Vec<PartyId>,
    /// Who could and cannot.
    pub lost: Vec<PartyId>,
    /// Of whom it depends on choices or on the endpoint whether and how much it changed.
    pub other: Vec<PartyId>,
    /// Whether it was asked who can use it: not of more than
    /// [`Limits`](super::Limits) say.
    pub asked: bool,
    /// Whether nobody knows, in one of the two, what it leads to: what says so was not read (DR-21).
    pub unknown: bool,
    /// Where it stands.
    pub at: Option<At>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// Its name is new.
    New,
    /// Its name is gone: there is no such host any more.
    Gone,
    /// The port is new.
    PortNew,
    /// The port is gone.
    PortGone,
    /// It leads to nobody any more, where it led to these.
    Empty(Vec<(PartyId, u16)>),
    /// It leads to these, where it led to nobody.
    Filled(Vec<(PartyId, u16)>),
    /// It leads to others: what was, and what is.
    Leads(Vec<(PartyId, u16)>, Vec<(PartyId, u16)>),
    /// It is of another kind: its name means something else.
    Kind(ServiceKind, ServiceKind),
}

/// Why a Service leads to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It selects other pods.
    Selector,
    /// It has no selector any more.
    NoSelector,
    /// It means another port of them.
    Target,
    /// Pods have other labels, or came, or went.
    Pods,
    /// Its slices say so, or whether pods are ready.
    Endpoints,
}

// === impl Served ===

impl Served {
    /// Whether it certainly makes a difference to somebody: what a Service leads to is what whoever
    /// uses it gets.
    pub fn is_certain(&self) -> bool {
        let users = match self.what {
            Became::Kind(..) => return true,
            _ if self.unknown => return false,
            _ if self.nobody => return true,
            Became::New | Became::PortNew => &self.gained,
            Became::Gone | Became::PortGone => &self.lost,
            _ => return true,
        };
        self.asked && (!users.is_empty() || self.other.is_empty())
    }
}

/// Who stands behind a port: workloads, or addresses of nobody known.
type Behind = BTreeSet<(Result<PartyId, Addr>, u16)>;

/// What a change is asked about.
pub(super) struct Asking<'a> {
    pub(super) grounds: [Ground<'a>; 2],
    pub(super) joints: [&'a Joints; 2],
    pub(super) entities: &'a Entities,
    /// Of how many pods it is asked at most whether they can use a port of a Service, over all ports.
    pub(super) most: usize,
}

/// Whose a pod is, by its place in the cluster's list, and whose a switch is.
struct Owners {
    pods: Vec<Option<PartyId>>,
    all: FxHashMap<ElementId, PartyId>,
}

/// A Service in both, or in one.
type Both<'a> = [Option<(usize, &'a Service)>; 2];

impl Asking<'_> {
    /// What became of each Service that changed.
    pub(super) fn all(
        &self,
        (old_filters, new_filters): (&mut Filters<'_>, &mut Filters<'_>),
        namer: &mut Namer<'_>,
    ) -> Vec<Served> {
        let [Some(old), Some(new)] = self.grounds.map(|ground| ground.cluster) else {
            return vec![];
        };
        let mut services: BTreeMap<(&str, &str), Both<'_>> = BTreeMap::new();
        for (side, cluster) in [old, new].into_iter().enumerate() {
            for (at, service) in cluster.services.iter().enumerate() {
                let both = services.entry((&service.namespace, &service.name)).or_default();
                both[side] = Some((at, service));
            }
        }
        let owners = [(0, old), (1, new)].map(|(side, cluster)| self.owners(side, cluster));
        let mut found: Vec<Served> = vec![];
        let mut asked: [Vec<usize>; 2] = Default::default();
        let mut left = self.most;
        for both in services.into_values() {
            let mut changed = self.changed(&both, &owners);
            if changed.is_empty() {
                continue;
            }
            let ports = both.iter().flatten().map(|(_, service)| service.ports.len());
            let cost = ports.sum::<usize>().saturating_mul(self.entities.all.len());
            if let Some(rest) = left.checked_sub(cost) {
                left = rest;
                for (side, one) in both.into_iter().enumerate() {
                    asked[side].extend(one.map(|(at, _)| at));
                }
            } else {
                changed.iter_mut().for_each(|served| served.asked = false);
            }
            self.doubted(&both, &mut changed);
            found.extend(changed);
        }
        if found.is_empty() {
            return found;
        }
        let raw = [self.raw(0, old_filters, &asked[0]), self.raw(1, new_filters, &asked[1])];
        for served in found.iter_mut().filter(|served| served.asked) {
            let users = [0, 1].map(|side| users(&raw[side], served));
            self.compare(&users, served, namer);
        }
        found
    }

    /// Notes what could say, in one of the two, that something else is behind a Service; and, of who
    /// can use it, where a mesh could lead them.
    fn doubted(&self, both: &Both<'_>, changed: &mut [Served]) {
        let sides = self.grounds.iter().zip(both);
        let sides = sides.filter_map(|(ground, one)| Some((ground.unread, one.as_ref()?.1)));
        let elsewhere = sides.clone().any(|(unread, _)| meshes(unread).next().is_some());
        let mut sides = sides;
        let other = sides.any(|(unread, own)| beside(unread, &own.namespace).next().is_some());
        for served in changed {
            let used = matches!(
                served.what,
                Became::New | Became::Gone | Became::PortNew | Became::PortGone
            );
            served.unknown = other || elsewhere && used && !served.nobody;
        }
    }

    /// Whose pods and Nodes these are.
    fn owners(&self, side: usize, cluster: &Cluster) -> Owners {
        let mut all: FxHashMap<ElementId, PartyId> = FxHashMap::default();
        for entity in &self.entities.all {
            all.extend(entity.sides[side].map(|id| (id, entity.whole)));
        }
        let mut switches = self.grounds[side].network.of_kind(Kind::Pod);
        let pods = cluster.pods.iter().map(|pod| {
            let id = if pod.has_network() { switches.next() } else { None };
            id.and_then(|id| all.get(&id).copied())
        });
        Owners { pods: pods.collect(), all }
    }

    /// Who can use Services of one of the two.
    fn raw(&self, side: usize, filters: &mut Filters<'_>, services: &[usize]) -> Vec<Raw> {
        let to = Side { services: services.to_vec(), ..Side::default() };
        let from = Side { all: true, ..Side::default() };
        let picked = Picked { from, to, asked: Asked::default() };
        ask(self.grounds[side], filters, self.joints[side], &|_| true, &picked)
    }

    fn changed(&self, both: &Both<'_>, owners: &[Owners; 2]) -> Vec<Served> {
        let whole = |side: usize, service: &Service, what| {
            let place = Place { object: service.object, container: None, port: None };
            Served {
                service: format!("{}/{}", service.namespace, service.name),
                port: None,
                nobody: self.is_nobody(side, service, &what, &owners[side]),
                what,
                why: None,
                gained: vec![],
                lost: vec![],
                other: vec![],
                asked: true,
                unknown: false,
                at: Some(At::new(side, place, "")),
            }
        };
        let (old, new) = match both.map(|one| one.map(|(_, service)| service)) {
            [None, Some(new)] => return vec![whole(1, new, Became::New)],
            [Some(old), None] => return vec![whole(0, old, Became::Gone)],
            [Some(old), Some(new)] => (old, new),
            [None, None] => return vec![],
        };
        let name = |service: &Service| match service.kind {
            ServiceKind::Headless | ServiceKind::ExternalName => service.kind,
            _ => ServiceKind::ClusterIp,
        };
        if name(old) != name(new) || old.external_name != new.external_name {
            let mut served = whole(1, new, Became::Kind(old.kind, new.kind));
            served.at = served.at.map(|at| At { path: "spec.type".to_owned(), ..at });
            return vec![served];
        }
        let mut found = vec![];
        let selector = (old.selector != new.selector).then_some(match new.selector.is_empty() {
            true => Reason::NoSelector,
            false => Reason::Selector,
        });
        let port = |port: &fibula_cluster::ServicePort| Port {
            proto: proto(port.protocol),
            number: port.number,
        };
        for (index, is) in (0u16..).zip(&new.ports) {
            let was = old.ports.iter().position(|was| port(was) == port(is));
            let at = |path: &str| {
                let place = Place { object: new.object, container: None, port: Some(is.index) };
                Some(At::new(1, place, path))
            };
            let Some(was) = was else {
                let served = whole(1, new, Became::PortNew);
                let nobody = self.behind(1, new, index, &owners[1]).is_empty();
                let (port, at) = (Some(port(is)), at(""));
                found.push(Served { port, at, nobody, why: selector, ..served });
                continue;
            };
            let behind = [(0, old, was as u16), (1, new, index)]
                .map(|(side, service, index)| self.behind(side, service, index, &owners[side]));
            let [before, after] = &behind;
            if before == after {
                continue;
            }
            let why = match selector {
                Some(selector) => selector,
                None if old.ports[was].target != is.target => Reason::Target,
                None if new.sliced || old.sliced => Reason::Endpoints,
                None => Reason::Pods,
            };
            let listed = behind.clone().map(|ends| ends_of(&ends));
            let [was, is_now] = listed;
            let what = match (before.is_empty(), after.is_empty()) {
                (false, true) => Became::Empty(was),
                (true, false) => Became::Filled(is_now),
                _ => Became::Leads(was, is_now),
            };
            let at = match why {
                Reason::Target => at(&format!("spec.ports[{}].targetPort", is.index)),
                Reason::NoSelector => at("spec"),
                Reason::Selector | Reason::Pods | Reason::Endpoints => at("spec.selector"),
            };
            let served = whole(1, new, what);
            found.push(Served { port: Some(port(is)), why: Some(why), at, ..served });
        }
        let gone =
            |was: &fibula_cluster::ServicePort| !new.ports.iter().any(|is| port(is) == port(was));
        for (index, was) in (0u16..).zip(&old.ports).filter(|(_, was)| gone(was)) {
            let place = Place { object: old.object, container: None, port: Some(was.index) };
            let served = whole(0, old, Became::PortGone);
            let nobody = self.behind(0, old, index, &owners[0]).is_empty();
            let at = Some(At::new(0, place, ""));
            found.push(Served { port: Some(port(was)), at, nobody, ..served });
        }
        found
    }

    /// Whether a Service that came or went has ports and leads to nobody by any of them.
    fn is_nobody(&self, side: usize, service: &Service, what: &Became, owners: &Owners) -> bool {
        let mut ports = (0u16..).zip(&service.ports);
        matches!(what, Became::New | Became::Gone)
            && !service.ports.is_empty()
            && service.kind != ServiceKind::ExternalName
            && ports.all(|(index, _)| self.behind(side, service, index, owners).is_empty())
    }

    /// Who stands behind a port and is to get messages, by workload.
    fn behind(&self, side: usize, service: &Service, index: u16, owners: &Owners) -> Behind {
        let network = self.grounds[side].network;
        let ready = service.endpoints_of(index).iter().filter(|end| end.ready);
        let ends = ready.map(|end| {
            let addr = Addr::from(end.addr);
            // Where the objects say which pod it is, nobody else need be looked for.
            let pod = end.pod.and_then(|at| owners.pods.get(at).copied().flatten());
            let found = || {
                let owner = network.owners_of(addr).first()?;
                owners.all.get(&owner.to).copied()
            };
            (pod.or_else(found).ok_or(addr), end.number)
        });
        ends.collect()
    }

    /// Who gained and who lost.
    fn compare(&self, users: &[Users; 2], served: &mut Served, namer: &mut Namer<'_>) {
        let mut groups: [Vec<usize>; 3] = Default::default();
        for (at, entity) in self.entities.all.iter().enumerate() {
            // What came or went with its own pods is told of those.
            let [Some(was), Some(is)] = entity.sides else { continue };
            let share = |side: usize, id| users[side].get(&id).copied().unwrap_or(Share::None);
            match (share(0, was), share(1, is)) {
                (a, b) if a == b => {}
                (Share::None, Share::Some | Share::All) => groups[0].push(at),
                (Share::Some | Share::All, Share::None) => groups[1].push(at),
                _ => groups[2].push(at),
            }
        }
        let [gained, lost, other] =
            groups.map(|entities| namer.name(&Group { entities, ..Group::default() }));
        (served.gained, served.lost, served.other) = (gained, lost, other);
    }
}

/// How much of a Service somebody can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    None,
    Some,
    All,
    Undecided,
}

type Users = FxHashMap<ElementId, Share>;

/// Who can use a port of a Service; of all of it whoever can use one of its ports.
fn users(raw: &[Raw], served: &Served) -> Users {
    let mut users = Users::default();
    let own = raw.iter().filter(|raw| {
        raw.of.service == served.service && served.port.is_none_or(|port| port == raw.of.port)
    });
    for Raw { all, some, undecided, .. } in own {
        let lists = [(Share::All, all), (Share::Some, some)];
        for (share, list) in lists {
            for id in list {
                let known = users.entry(*id).or_insert(share);
                *known = if *known == Share::Undecided { share } else { *known };
            }
        }
        for id in undecided.values().flatten() {
            users.entry(*id).or_insert(Share::Undecided);
        }
    }
    users
}

fn ends_of(ends: &Behind) -> Vec<(PartyId, u16)> {
    ends.iter().filter_map(|(who, port)| Some((who.ok()?, *port))).collect()
}
