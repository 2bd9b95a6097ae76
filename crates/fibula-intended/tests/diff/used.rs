//! Who can use Services: each pod, before and after, over all branches.

use fibula_answers::diff::{Became, Served};
use fibula_answers::reach::PartyId;
use fibula_cluster::{Cluster, Service};
use fibula_network::walk::{Life, Step, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, addresses, arrived, ask, end, is_contested, process};
use crate::pairs::has;

/// Of clusters of which only Services differ: whoever certainly could use one and cannot, or the other
/// way round, is told, and nobody else.
pub(crate) fn agree(scene: &Scene, clusters: [&Cluster; 2]) -> Result<(), String> {
    let networks = [&scene.networks[0], &scene.networks[1]];
    let walks = networks.map(Walks::new);
    for (old, new) in clusters[0].services.iter().zip(&clusters[1].services) {
        let name = format!("{}/{}", old.namespace, old.name);
        for port in &old.ports {
            let number = port.number;
            let served = scene.diff.services.iter().find(|served| {
                let own = served.port.is_none_or(|port| port.number == number);
                served.service == name && own
            });
            if served.is_some_and(|served| served.what != Became::Same && served.port.is_none()) {
                continue;
            }
            for pod in networks[0].of_kind(Kind::Pod) {
                // These clusters have the same pods.
                let used = [0, 1].map(|side| uses(&walks[side], [old, new][side], pod, number));
                let [Some(was), Some(is)] = used else { continue };
                let pod = &networks[0].element(pod).name;
                let said = |list: fn(&Served) -> &Vec<PartyId>| {
                    served.is_some_and(|served| list(served).iter().any(|id| has(scene, *id, pod)))
                };
                let said = (said(|served| &served.gained), said(|served| &served.lost));
                if said != (is && !was, was && !is) {
                    let what = format!("{pod} uses {name}:{number}: {was}, then {is}");
                    return Err(format!("{what}, and diff says {said:?} {served:?}"));
                }
            }
        }
    }
    Ok(())
}

/// Whether a pod can certainly use a port, at least in part, at one of the addresses; or certainly
/// not. None where that depends on choices, or where it would come to itself (DR-4).
fn uses(walks: &Walks<'_>, service: &Service, pod: ElementId, number: u16) -> Option<bool> {
    let network = walks.network();
    let own = addresses(network, pod);
    // A backend whose address two have (POD-7).
    let mut ends = service.endpoints.iter().map(|end| Addr::from(end.addr));
    if is_contested(network, pod) || ends.any(|addr| network.is_contested(addr)) {
        return None;
    }
    let mut found = None;
    for dst in service.cluster_ips.iter().map(|ip| Addr::from(*ip)) {
        let src = own.iter().copied().find(|addr| addr.family() == dst.family());
        let Some(src) = src else { continue };
        let header = Header { src, sport: 41_000, dst, dport: number, proto: Proto::Tcp };
        let judge = |lives: &[Life]| -> [bool; 3] {
            let back = |life: &Life| {
                let sent = life.steps.iter().rev().find_map(|step| match step {
                    Step::Recv { header, .. } => Some(header.dst),
                    Step::Decide { becomes: Some(header), .. } => Some(header.dst),
                    _ => None,
                });
                end(network, life).is_some_and(|(at, _)| at == pod)
                    || sent.is_some_and(|dst| own.contains(&dst))
            };
            let others = || lives.iter().filter(|life| !back(life));
            [lives.iter().any(back), others().any(arrived), others().all(arrived)]
        };
        match ask(walks, process(network, pod)?, header, judge) {
            Truth::Always([false, is, _]) => found = Some(found.unwrap_or(false) || is),
            _ => return None,
        }
    }
    found
}
