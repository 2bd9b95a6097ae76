//! Whom the world reaches, and no policy limits.

use std::collections::BTreeMap;

use fibula_cluster::{Cluster, One, Place, Severity, Told};
use fibula_network::filters::Filters;
use fibula_network::set::Space;
use fibula_network::{ElementId, Entity, Side};

use super::count;
use crate::reach::{At, By, Door, Party, Who, some_doors};
use crate::trace::Ground;

const ID: &str = "exposed";

/// Ways in from the world, each followed by `walk`, to pods whose ingress lets everything in (NP-2).
pub(super) fn tell(told: &mut Told<'_>, ground: Ground<'_>, filters: &mut Filters<'_>) {
    let cluster = told.cluster;
    let folds = filters.folds(Side::Target);
    let (parties, doors) = some_doors(ground, filters);
    let unlimited = |id: &ElementId| {
        let mut own = ground.network.facts.addresses(Entity::Switch(*id)).peekable();
        own.peek().is_some()
            && own.all(|addr| folds[filters.atoms.of(addr) as usize] == Space::FULL)
    };
    let mut found: BTreeMap<String, Place> = BTreeMap::new();
    for door in doors.iter().filter(|door| !door.unread && !door.unknown) {
        for (party, port) in &door.to {
            let Party { who, elements } = &parties[party.0 as usize];
            let Who::Workload { namespace, name, .. } = who else { continue };
            if !elements.iter().any(unlimited) {
                continue;
            }
            let Some((by, place)) = way(cluster, door, (namespace, name)) else { continue };
            found.entry(format!("{namespace}/{name}:{port} by {by}")).or_insert(place);
        }
    }
    let ones = found.into_iter().map(|(name, place)| One::new(name, place)).collect();
    let others = cluster.policies.is_empty();
    told.alike((ID, "NP-2", Severity::Note), ones, |n, names| {
        let ways = count(n, "way");
        let none = if others { "; there are no policies" } else { "" };
        format!("{ways} in from the world to pods that no policy limits{none}: {names}")
    });
}

/// What a way in is called, and where it is declared.
fn way(
    cluster: &Cluster,
    door: &Door,
    (namespace, workload): (&str, &str),
) -> Option<(String, Place)> {
    match &door.by {
        By::Service(path) => {
            let mut services = cluster.services.iter();
            let service = services.find(|s| *path == format!("{}/{}", s.namespace, s.name))?;
            let port = match &door.at {
                At::Nodes(..) => format!("nodePort {} of ", door.port),
                At::Address(_) | At::Awaited => String::new(),
            };
            Some((format!("{port}svc/{path}"), Place::whole(service.object)))
        }
        By::HostPort => {
            let own = |pod: &&fibula_cluster::Pod| {
                pod.namespace == namespace && pod.workload.name == workload
            };
            let pods = cluster.pods.iter().filter(own);
            let ports = pods.flat_map(|pod| &pod.containers).flat_map(|c| &c.ports);
            let mut ports = ports.filter(|port| port.host.is_some_and(|h| h.number == door.port));
            Some((format!("hostPort {}", door.port), ports.next()?.place))
        }
    }
}
