//! Names for those who have no DNS to ask.

use fibula_cluster::{Cluster, Service, ServiceKind};
use fibula_network::Addr;

use super::{ZONE, Zone, zone};

/// What `/etc/hosts` has to say for a pod of a namespace, so that the names of the cluster resolve
/// there as they do by DNS: of each Service, and of each endpoint that has a name of its own below
/// it (DNS-4), every form that the search list of the namespace completes (DNS-9), the shortest
/// first. A name with several addresses stands in several rows.
///
/// Addresses with dashes (DNS-7) are left out, and aliases that lead out of the cluster (DNS-5).
/// In the order of the cluster. Costs a few binary searches for each form.
pub fn hosts(cluster: &Cluster, namespace: &str) -> Vec<(Addr, Vec<String>)> {
    let zone = zone(cluster, ZONE);
    let mut rows = vec![];
    for service in &cluster.services {
        let mut stems = vec![service.name.clone()];
        stems.extend(hostnames(service).map(|host| format!("{host}.{}", service.name)));
        for stem in stems {
            add(&mut rows, &zone, service, &stem, namespace);
        }
    }
    rows
}

/// The names of a headless Service's endpoints, each once.
fn hostnames(service: &Service) -> impl Iterator<Item = String> {
    let headless = service.kind == ServiceKind::Headless;
    let named = service.standing().filter(|_| headless);
    let mut names: Vec<String> =
        named.filter_map(|endpoint| endpoint.hostname.as_deref()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Adds the rows of a name below the namespace of its Service.
fn add(
    rows: &mut Vec<(Addr, Vec<String>)>,
    zone: &Zone<'_>,
    service: &Service,
    stem: &str,
    namespace: &str,
) {
    let path = format!("{stem}.{}", service.namespace);
    let full = zone.full(&path);
    let Ok(found) = zone.resolve(&format!("{full}."), namespace) else { return };
    let near = (service.namespace == namespace).then(|| stem.to_owned());
    let short = near.into_iter().chain([path.clone(), format!("{path}.svc"), full.clone()]);
    // A short form can mean something nearer: `web.shop` an endpoint of a Service `shop` here.
    let means_it = |name: &String| {
        let meant = zone.resolve(name, namespace);
        meant.is_ok_and(|meant| meant.resolved.names == found.resolved.names)
    };
    let names: Vec<String> = short.filter(means_it).collect();
    rows.extend(found.resolved.addresses.iter().map(|addr| (*addr, names.clone())));
}
