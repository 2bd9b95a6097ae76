//! What manifests promise: that whom a pod names in its environment, its command or its arguments can
//! be reached.

use std::collections::BTreeMap;

use fibula_cluster::{Place, Protocol};
use fibula_network::{ChoiceId, ElementId, Kind, Owner, Port};

use super::judge::Judge;
use super::pairs::Senders;
use super::picked::Picked;
use super::scene::Scene;
use super::targets::Target;
use super::{Breach, By, Doubt, Outcome, uses, witness};
use crate::names::{Lacking, Meant, lacking, meant, proto};
use crate::reach::{PartyId, Ports, own};
use crate::trace::{Query, question};

/// What pods say of whom they mean to talk to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Implied {
    /// Whose pods they are.
    pub from: PartyId,
    /// What they say: a name or an address, and a port.
    pub text: String,
    /// The variable that says so; empty for a command or an argument.
    pub by: String,
    /// The container that does.
    pub place: Place,
}

/// A name, and the port behind it.
type Host<'c> = (PartyId, &'c str, u16);

/// Who names it, where one of them does, and what the name stands for there.
struct Naming {
    implied: Implied,
    pods: Vec<ElementId>,
    stands: Stands,
}

/// What a name stands for.
#[derive(Clone)]
enum Stands {
    For(Meant),
    /// For nothing, though it surely should.
    Nothing(Lacking),
}

/// Looks up whatever pods name, and asks whether it is reached. What stands for nothing here and may
/// be outside is left out.
pub(super) fn implied(scene: &mut Scene<'_>) -> Vec<(Implied, Outcome)> {
    let Some(cluster) = scene.ground.cluster else { return vec![] };
    let network = scene.network();
    let mut all: BTreeMap<Host<'_>, Naming> = BTreeMap::new();
    // Pods of one template name the same: each name is looked up once for each namespace, and for
    // each of those whom pods ask what it means (DNS-11).
    let mut known: BTreeMap<(&str, &str, String), Option<Stands>> = BTreeMap::new();
    for (pod, id) in own(cluster).zip(network.of_kind(Kind::Pod)) {
        let Some(from) = scene.parties.of(id) else { continue };
        for container in &pod.containers {
            for mention in &container.mentions {
                let host = mention.host.as_str();
                let asks = format!("{:?} {}", pod.dns_policy, pod.host_network);
                let stands = known.entry((&pod.namespace, host, asks)).or_insert_with(|| {
                    let found = meant(cluster, pod, host).map(Stands::For);
                    found.or_else(|| lacking(cluster, pod, host).map(Stands::Nothing))
                });
                let Some(stands) = stands else { continue };
                let naming = all.entry((from, host, mention.port)).or_insert_with(|| Naming {
                    implied: Implied {
                        from,
                        text: format!("{host}:{}", mention.port),
                        by: mention.by.clone(),
                        place: container.place,
                    },
                    pods: vec![],
                    stands: stands.clone(),
                });
                if naming.pods.last() != Some(&id) {
                    naming.pods.push(id);
                }
            }
        }
    }
    let each = all.into_iter().filter_map(|((_, host, port), naming)| {
        let outcome = one(scene, host, port, &naming)?;
        Some((naming.implied, outcome))
    });
    each.collect()
}

/// What becomes of what some pods name; nothing where that is nobody of the cluster.
fn one(scene: &mut Scene<'_>, host: &str, port: u16, naming: &Naming) -> Option<Outcome> {
    let pods = Picked::of(&scene.atoms, naming.pods.clone());
    let senders = Senders { pods, nodes: Picked::none() };
    let outcome = match &naming.stands {
        Stands::Nothing(Lacking { why, by, behind }) => {
            let breach = super::breach::nameless(scene, &senders, why.clone(), by);
            let mut judge = Judge::new(scene);
            if !behind.as_ref().is_some_and(|namespace| judge.beside(namespace)) {
                judge.breach(breach);
            }
            return Some(judge.outcome());
        }
        Stands::For(Meant::Service(at)) => {
            let service = &scene.ground.cluster?.services[*at];
            // A name says no protocol: TCP, unless the Service has the port for another alone.
            let of = |protocol: Protocol| {
                service.ports.iter().any(|p| p.number == port && p.protocol == protocol)
            };
            let protocol = Protocol::ALL.into_iter().find(|protocol| of(*protocol));
            let protocol = protocol.unwrap_or(Protocol::Tcp);
            let port = Port { proto: proto(protocol), number: port };
            let mut judge = Judge::new(scene);
            uses::reaches(&mut judge, &senders, *at, port);
            judge.outcome()
        }
        Stands::For(Meant::Addresses(addresses, behind)) => {
            let mut judge = Judge::new(scene);
            if behind.as_ref().is_some_and(|namespace| judge.beside(namespace)) {
                return Some(judge.outcome());
            }
            let network = judge.scene.network();
            let is_pod = |owner: &&Owner| network.kind(owner.to) == Kind::Pod;
            let (mut targets, mut choices) = (vec![], vec![]);
            for addr in addresses {
                match network.owners_of(*addr) {
                    [owner] => targets.extend(Some(owner).filter(is_pod).map(|owner| owner.to)),
                    // Who has it is a question (POD-7), and so is who is reached.
                    several if several.iter().any(|owner| is_pod(&owner)) => {
                        choices.extend(several.iter().filter_map(|owner| owner.when));
                    }
                    _ => {}
                }
            }
            let mut choices: Vec<ChoiceId> = choices.iter().map(|when| when.choice).collect();
            choices.sort_unstable();
            choices.dedup();
            if targets.is_empty() && choices.is_empty() {
                return None;
            }
            let number = u32::from(port);
            let target = Target {
                pods: Picked::of(&judge.scene.atoms, targets),
                nodes: Picked::none(),
                world: vec![],
                ports: Ports::new([(fibula_network::Proto::Tcp, (number, number))]),
            };
            judge.closed(&senders, &target);
            if !choices.is_empty() {
                judge.doubt(Doubt::Choices(choices));
            }
            judge.outcome()
        }
    };
    if outcome != Outcome::Kept || host.parse::<std::net::IpAddr>().is_ok() {
        return Some(outcome);
    }
    let Some((service, breach)) = unasked(scene, &naming.pods) else { return Some(outcome) };
    let mut judge = Judge::new(scene);
    let namespace = service.split_once('/').map_or("", |(namespace, _)| namespace);
    if !judge.beside(namespace) {
        judge.breach(breach);
    }
    Some(judge.outcome())
}

/// Pods that may not ask DNS for the name, so that it has no address for them (DNS-12); and the
/// Service of DNS.
fn unasked(scene: &Scene<'_>, pods: &[ElementId]) -> Option<(String, Breach)> {
    let choices = vec![0; scene.network().choices.len()];
    let asks = |pod: ElementId| {
        let process = scene.process(pod)?;
        match question(scene.ground, process, &choices)? {
            Query::Withheld { service, header, .. } => Some((pod, process, service, header)),
            Query::Granted => None,
        }
    };
    let found: Vec<_> = pods.iter().filter_map(|pod| asks(*pod)).collect();
    let (_, process, service, header) = found.first()?;
    let branches = crate::trace::message(scene.ground, *process, *header, &choices);
    let dropped = |branch: &crate::trace::Branch| !witness::arrived(branch);
    let witness = witness::kept(branches, choices, header.dst, &dropped);
    let why = format!("policies keep it from asking DNS, svc/{service}");
    let breach = Breach {
        open: false,
        from: scene.members(found.iter().map(|(pod, ..)| *pod)),
        strangers: [false; 2],
        to: vec![],
        ports: Ports::default(),
        by: By::Name(why, "DNS-12"),
        choices: vec![],
        witness,
    };
    Some((service.clone(), breach))
}
