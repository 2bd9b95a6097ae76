//! Who can use a Service: each pod, over all branches.

use std::collections::BTreeSet;

use fibula_answers::reach::{PartyId, Use};
use fibula_network::walk::{Life, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, addresses, arrived, ask, end, is_contested, process};

/// How many of the branches arrive that do not lead back to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    /// There are only those (DR-4).
    Itself,
    None,
    Some,
    All,
}

pub(crate) fn agree(scene: &Scene) -> Result<(), String> {
    let network = &scene.network;
    let walks = Walks::new(network);
    for service in &scene.cluster.services {
        let name = format!("{}/{}", service.namespace, service.name);
        for port in &service.ports {
            let proto = [Proto::Tcp, Proto::Udp, Proto::Sctp]
                .into_iter()
                .find(|proto| proto.name() == port.protocol.name())
                .ok_or("a protocol")?;
            for ip in &service.cluster_ips {
                let dst = Addr::from(*ip);
                let port = Port { proto, number: port.number };
                let used = scene.reach.services.iter().find(|used| {
                    used.service == name
                        && used.port == port
                        && used.family.is_none_or(|family| family == dst.family())
                });
                let used = used.ok_or_else(|| format!("nothing is said of {name} at {dst}"))?;
                for pod in network.of_kind(Kind::Pod) {
                    one(scene, &walks, used, pod, dst, port)?;
                }
            }
        }
    }
    Ok(())
}

fn one(
    scene: &Scene,
    walks: &Walks<'_>,
    used: &Use,
    pod: ElementId,
    dst: Addr,
    Port { proto, number }: Port,
) -> Result<(), String> {
    let network = &scene.network;
    let own = addresses(network, pod);
    let src = own.iter().copied().find(|addr| addr.family() == dst.family());
    let (Some(src), Some(sender)) = (src, process(network, pod)) else { return Ok(()) };
    let header = Header { src, sport: 41_000, dst, dport: number, proto };
    let has = |list: &[PartyId]| {
        list.iter().any(|id| scene.reach.parties[id.0 as usize].elements.contains(&pod))
    };
    let said = (
        has(&used.all),
        has(&used.some),
        used.undecided.iter().filter(|(_, who)| has(who)).map(|(why, _)| why.clone()).collect(),
    );
    let share = |lives: &[Life]| {
        let mine = |life: &&Life| {
            let sent = life.steps.iter().rev().find_map(|step| match step {
                fibula_network::walk::Step::Recv { header, .. } => Some(header.dst),
                fibula_network::walk::Step::Decide { becomes: Some(header), .. } => {
                    Some(header.dst)
                }
                _ => None,
            });
            end(network, life).is_some_and(|(at, _)| at == pod && arrived(life))
                || sent.is_some_and(|dst| own.contains(&dst))
        };
        let others: Vec<&Life> = lives.iter().filter(|life| !mine(life)).collect();
        match others.iter().filter(|life| arrived(life)).count() {
            _ if others.is_empty() => Share::Itself,
            0 => Share::None,
            n if n == others.len() => Share::All,
            _ => Share::Some,
        }
    };
    let truth = ask(walks, sender, header, share);
    if is_contested(network, pod) || network.is_contested(dst) {
        let open = said.0 || said.1 || Vec::is_empty(&said.2);
        return if open { Err(format!("{header:?} should be undecided")) } else { Ok(()) };
    }
    let none: Vec<Vec<ChoiceId>> = vec![];
    let expected = match &truth {
        Truth::Always(share) => (*share == Share::All, *share == Share::Some, none),
        Truth::Depends(choices, _) => {
            let choices: BTreeSet<ChoiceId> = choices.clone();
            (false, false, vec![choices.into_iter().collect()])
        }
    };
    // A backend whose address two have.
    let pod_7 = |why: &Vec<ChoiceId>| why.iter().any(|id| &*network.choice(*id).id == "POD-7");
    if said == expected || said.2.iter().any(pod_7) {
        return Ok(());
    }
    Err(format!("{header:?}: reach says {said:?}, walk {expected:?}: {truth:?}"))
}
