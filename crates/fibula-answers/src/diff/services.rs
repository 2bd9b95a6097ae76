//! What becomes of Services: of their names, their ports, and of who can use them. What policies
//! open and close to the pods behind them is told of those pods.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{Cluster, Endpoint, Place, Service, ServiceKind};
use fibula_network::filters::Filters;
use fibula_network::{Addr, ElementId, Kind, Port};
use rustc_hash::FxHashMap;

use super::entities::Entities;
use super::facts::{Fact, Standing, collapsed, is_local, place};
use super::lines::{Group, Namer};
use super::pieces::At;
use super::served::{Became, Reason, Served};
use crate::names::proto;
use crate::reach::joints::Joints;
use crate::reach::pick::{Picked, Side};
use crate::reach::services::{Raw, ask};
use crate::reach::{Asked, PartyId};
use crate::trace::Ground;
use crate::unread::{beside, meshes};

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

/// Of a port that leads to the same: on which side, of which Service, at which place of its list.
type Listed<'a> = (usize, &'a Service, u16);

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
        let mut both = services.values().flatten().flatten();
        let moved = both.any(|(_, service)| is_local(service)) && self.moved([old, new]);
        let mut found: Vec<Served> = vec![];
        let mut asked: [Vec<usize>; 2] = Default::default();
        let mut left = self.most;
        for both in services.into_values() {
            let mut changed = self.changed(&both, &owners, moved);
            if changed.is_empty() {
                continue;
            }
            let ports = both.iter().flatten().map(|(_, service)| service.ports.len());
            let cost = ports.sum::<usize>().saturating_mul(self.entities.all.len());
            if changed.iter().all(|served| !served.uses) {
                // Nobody need be asked.
            } else if let Some(rest) = left.checked_sub(cost) {
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
        let raw = raw.each_ref().map(|raw| {
            let mut of: FxHashMap<&str, Vec<&Raw>> = FxHashMap::default();
            raw.iter().for_each(|raw| of.entry(&raw.of.service).or_default().push(raw));
            of
        });
        for served in found.iter_mut().filter(|served| served.asked && served.uses) {
            let own = |side: usize| raw[side].get(&*served.service).map_or(&[][..], Vec::as_slice);
            let users = [0, 1].map(|side| users(own(side), served));
            self.compare(&users, served, namer);
        }
        collapsed(&mut found);
        found
    }

    /// Whether pods are on other Nodes, or Nodes in other zones.
    fn moved(&self, clusters: [&Cluster; 2]) -> bool {
        let zones = clusters.map(|cluster| {
            let nodes = cluster.nodes.iter().map(|node| (&node.name, &node.zone));
            nodes.collect::<BTreeMap<_, _>>()
        });
        let host = |side: usize, id: ElementId| {
            let network = self.grounds[side].network;
            Some(&network.element(network.fib(id)?.me.host?).name)
        };
        let mut both = self.entities.all.iter().filter_map(|entity| match entity.sides {
            [Some(was), Some(is)] => Some((was, is)),
            _ => None,
        });
        zones[0] != zones[1] || both.any(|(was, is)| host(0, was) != host(1, is))
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

    fn changed(&self, both: &Both<'_>, owners: &[Owners; 2], moved: bool) -> Vec<Served> {
        let whole = |side: usize, service: &Service, what| {
            let place = Place { object: service.object, container: None, port: None };
            Served {
                service: format!("{}/{}", service.namespace, service.name),
                port: None,
                nobody: self.is_nobody(side, service, &what, &owners[side]),
                what,
                why: None,
                facts: vec![],
                gained: vec![],
                lost: vec![],
                other: vec![],
                asked: true,
                unknown: false,
                at: Some(At::new(side, place, "")),
                uses: true,
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
        let mut facts = Fact::all(old, new);
        facts.extend(
            (self.names(0, old, &owners[0]) != self.names(1, new, &owners[1]))
                .then_some(Fact::Names),
        );
        let moved = moved && (is_local(old) || is_local(new));
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
            let said = facts.first().map_or("spec.selector", Fact::path);
            if before == after {
                let listed = [(0, old, was as u16), (1, new, index)];
                let uses = moved
                    || facts.iter().any(Fact::is_for_users)
                    || self.stand_otherwise(listed, owners);
                if uses || !facts.is_empty() {
                    let (port, at, facts) = (Some(port(is)), at(said), facts.clone());
                    found.push(Served { port, at, facts, uses, ..whole(1, new, Became::Same) });
                }
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
            let facts = facts.clone();
            found.push(Served { port: Some(port(is)), why: Some(why), facts, at, ..served });
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
        if let (Some(fact), [], []) = (facts.first(), &found[..], &new.ports[..]) {
            let place = Place { object: new.object, container: None, port: None };
            let at = Some(At::new(1, place, fact.path()));
            found.push(Served { at, facts, ..whole(1, new, Became::Same) });
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
        let ready = service.endpoints_of(index).iter().filter(|end| end.ready);
        ready.map(|end| (self.whose(side, end, owners), end.number)).collect()
    }

    /// Whose an endpoint is.
    fn whose(&self, side: usize, end: &Endpoint, owners: &Owners) -> Result<PartyId, Addr> {
        let addr = Addr::from(end.addr);
        // Where the objects say which pod it is, nobody else need be looked for.
        let pod = end.pod.and_then(|at| owners.pods.get(at).copied().flatten());
        let found = || {
            let owner = self.grounds[side].network.owners_of(addr).first()?;
            owners.all.get(&owner.to).copied()
        };
        pod.or_else(found).ok_or(addr)
    }

    /// Whether those behind a port are there otherwise: ready or ending, and on which Node, where that
    /// decides who gets them.
    fn stand_otherwise(&self, listed: [Listed<'_>; 2], owners: &[Owners; 2]) -> bool {
        let local = listed.iter().any(|(_, service, _)| is_local(service));
        let [was, is] = listed.map(|(side, service, index)| -> Standing<'_> {
            let ends = service.endpoints_of(index).iter().map(|end| {
                let who = self.whose(side, end, &owners[side]);
                let cluster = self.grounds[side].cluster.filter(|_| local);
                let flags = [end.ready, end.serving, end.terminating];
                (who, end.number, flags, cluster.map(|cluster| place(cluster, end)))
            });
            ends.collect()
        });
        was != is
    }

    /// Whom its name alone stands for.
    fn names(&self, side: usize, service: &Service, owners: &Owners) -> Behind {
        let ends = service.portless.iter().filter(|end| end.ready);
        ends.map(|end| (self.whose(side, end, owners), 0)).collect()
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
fn users(raw: &[&Raw], served: &Served) -> Users {
    let mut users = Users::default();
    let own = raw.iter().filter(|raw| served.port.is_none_or(|port| port == raw.of.port));
    for Raw { all, some, undecided, .. } in own {
        let lists = [(Share::All, all), (Share::Some, some)];
        for (share, list) in lists {
            for id in list {
                let known = users.entry(*id).or_insert(share);
                *known = match *known {
                    Share::Undecided => share,
                    known if known == share => share,
                    _ => Share::Some,
                };
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
