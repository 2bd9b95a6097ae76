//! Who can use a Service: its backends are targets like others.

use std::collections::BTreeMap;

use fibula_cluster::Service;
use fibula_network::filters::{Filters, Owner};
use fibula_network::{Addr, ChoiceId, ElementId, Family, Kind, Network, Port};

use super::PartyId;
use super::cells::Group;
use super::doubts::Doubts;
use super::joints::Joints;
use super::parties::Namer;
use super::pick::Picked;
use super::users::{Found, Users};
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
    /// Whether nobody knows what it leads to: what says so was not read (DR-21).
    pub unknown: bool,
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
    let network = ground.network;
    let mut users = Users::new(cluster, filters, joints);
    let mut asked = vec![];
    for service in picked.to.services.iter().map(|i| &cluster.services[*i]) {
        for port in &service.ports {
            let port = Port { proto: proto(port.protocol), number: port.number };
            if picked.asked.port.is_some_and(|(p, n)| p != port.proto || n != port.number) {
                continue;
            }
            let ips = service.cluster_ips.iter().map(|ip| Addr::from(*ip));
            let mut uses: Vec<Raw> = ips
                .map(|ip| one(&mut users, network, filters, service, (ip, port), is_source))
                .collect();
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

fn one<'a>(
    users: &mut Users<'a>,
    network: &'a Network,
    filters: &mut Filters<'_>,
    service: &Service,
    (ip, port): (Addr, Port),
    is_source: &dyn Fn(ElementId) -> bool,
) -> Raw {
    let led = users.led(network, (ip, port), network.of_kind(Kind::Node));
    let pods = users.joints.all.iter().filter(|joint| joint.owner == Owner::Pods);
    let pods = pods.flat_map(|joint| joint.elements.iter().copied());
    let sources: Vec<ElementId> = pods.filter(|id| is_source(*id)).collect();
    let (mut all, mut some) = (vec![], vec![]);
    let mut undecided: BTreeMap<Vec<ChoiceId>, Vec<ElementId>> = BTreeMap::new();
    for (pod, found) in users.find(filters, &led, &sources) {
        match found {
            Found::Itself | Found::None => {}
            Found::Some => some.push(pod),
            Found::All => all.push(pod),
            Found::Undecided(why) => undecided.entry(why).or_default().push(pod),
        }
    }
    let of = Use {
        service: format!("{}/{}", service.namespace, service.name),
        port,
        family: Some(ip.family()),
        all: vec![],
        some: vec![],
        undecided: vec![],
        endpoints: led.endpoints.len(),
        local: led.seen.len() > 1,
        unread: false,
        unknown: false,
    };
    Raw { of, all, some, undecided, behind: led.behind }
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
