//! Whether some reach a Service: every connection to its ClusterIPs, by whatever endpoint.

use std::collections::BTreeSet;

use fibula_network::set::{SetId, Space};
use fibula_network::{Addr, ChoiceId, ElementId, Family, Header, Kind, Port};

use super::judge::Judge;
use super::pairs::{self, Senders};
use super::witness;
use super::{Breach, By, Doubt, Witness};
use crate::names::proto;
use crate::reach::{self, Found, MOST_BRANCHES, Ports, came_to, explored};

/// Asks whether pods and Nodes reach a port of a Service.
pub(super) fn reaches(judge: &mut Judge<'_, '_>, senders: &Senders, at: usize, port: Port) {
    let Some(cluster) = judge.scene.ground.cluster else { return };
    let service = &cluster.services[at];
    let pods = pairs::members(judge.scene, &senders.pods);
    // What was not read can say who is behind a port that there is, and lead what pods send elsewhere.
    let offered = service
        .ports
        .iter()
        .any(|own| (own.number, proto(own.protocol)) == (port.number, port.proto));
    let beside = offered && judge.beside(&service.namespace);
    let meshed = !pods.is_empty() && judge.meshes();
    let ips: Vec<Addr> = service.cluster_ips.iter().map(|ip| Addr::from(*ip)).collect();
    let families: Vec<Family> = ips.iter().map(|ip| ip.family()).collect();
    let network = judge.scene.network();
    let has = |id: ElementId, family: Family| {
        let own = network.fib(id).map_or(&[][..], |fib| &fib.me.own);
        own.iter().any(|addr| addr.family() == family)
    };
    // Who has no address of any of its families finds nothing there.
    let none = |id: &&ElementId| !families.iter().any(|family| has(**id, *family));
    let mut lost: Vec<(ElementId, Addr)> =
        pods.iter().filter(none).filter_map(|id| Some((*id, *ips.first()?))).collect();
    let mut depends: Vec<ChoiceId> = vec![];
    let mut behind: Vec<ElementId> = vec![];
    let ends = service.endpoints.iter().flat_map(|end| network.owners_of(Addr::from(end.addr)));
    let claimed: Vec<ChoiceId> = ends.filter_map(|owner| Some(owner.when?.choice)).collect();
    for ip in ips.iter().filter(|_| !beside) {
        let of = pods.iter().copied().filter(|id| !meshed && has(*id, ip.family()));
        let of: Vec<ElementId> = of.collect();
        let mut hosts: Vec<ElementId> = of.iter().filter_map(|id| judge.scene.host(*id)).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let Some((users, _)) = judge.scene.users() else { return };
        let led = users.led(network, (*ip, port), hosts.into_iter());
        behind.extend(led.behind());
        // Who stands behind it may get its own message back: what becomes of that, entries on its way
        // say (DR-4), as they do of what Nodes send.
        let stands: BTreeSet<ElementId> = led.behind().collect();
        // Who has an address that several claim is not certain (POD-7).
        let sure = |id: &ElementId| !judge.scene.atoms.of(*id).is_empty();
        let (itself, others): (Vec<ElementId>, Vec<ElementId>) =
            of.into_iter().partition(|id| stands.contains(id) && sure(id));
        let Some((users, filters)) = judge.scene.users() else { return };
        for (id, found) in users.find(filters, &led, &others) {
            match found {
                Found::All | Found::Itself => {}
                Found::None | Found::Some => lost.push((id, *ip)),
                Found::Undecided(why) => depends.extend(why),
            }
        }
        let nodes = network.of_kind(Kind::Node).filter(|id| senders.nodes.has(*id));
        let nodes = nodes.filter(|id| has(*id, ip.family()));
        for one in itself.into_iter().chain(nodes) {
            let Some((header, process)) = message(judge, one, *ip, port) else { continue };
            match arrives(judge, process, header) {
                Space::EMPTY => lost.push((one, *ip)),
                Space::FULL => depends.extend(&claimed),
                when => depends.extend(reach::depends(&judge.scene.filters, when)),
            }
        }
    }
    behind.sort_unstable();
    behind.dedup();
    let doubtful = |judge: &Judge<'_, '_>, list: &[ElementId], side: usize, closed: usize| {
        let sure = judge.scene.certain.as_ref();
        sure.is_some_and(|sure| list.iter().any(|id| !sure[closed][side].counts(*id)))
    };
    let froms: Vec<ElementId> = lost.iter().map(|(id, _)| *id).collect();
    if doubtful(judge, &pods, 0, 0) || doubtful(judge, &behind, 1, 0) {
        judge.doubt(Doubt::Unread);
    }
    if !depends.is_empty() {
        depends.sort_unstable();
        depends.dedup();
        judge.doubt(Doubt::Choices(depends));
    }
    if lost.is_empty() {
        return;
    }
    // A policy that was not read could open it, unless there is nobody behind it.
    let opens = doubtful(judge, &froms, 0, 1) || doubtful(judge, &behind, 1, 1);
    if opens && !behind.is_empty() {
        return judge.doubt(Doubt::Unread);
    }
    let witness = lost.iter().find_map(|(id, ip)| shown(judge, *id, *ip, port));
    let name = format!("{}/{}", service.namespace, service.name);
    let number = u32::from(port.number);
    judge.breach(Breach {
        open: false,
        from: judge.scene.members(froms),
        strangers: [false; 2],
        to: judge.scene.members(behind),
        ports: Ports::new([(port.proto, (number, number))]),
        by: By::Service(name, port),
        choices: vec![],
        witness,
    });
}

/// Under which choices every connection arrives.
fn arrives(judge: &mut Judge<'_, '_>, process: ElementId, header: Header) -> SetId {
    let network = judge.scene.network();
    let mut all = Space::EMPTY;
    for (under, lives) in explored(judge.scene.walks(), process, header, MOST_BRANCHES) {
        if lives.iter().all(|life| came_to(network, life, header).is_some()) {
            let under = judge.scene.under(&under);
            all = judge.scene.filters.space.or(all, under);
        }
    }
    all
}

/// A message of a switch to a Service.
fn message(
    judge: &Judge<'_, '_>,
    from: ElementId,
    dst: Addr,
    port: Port,
) -> Option<(Header, ElementId)> {
    let mut own = judge.scene.addresses(from).iter().copied();
    let src = own.find(|addr| addr.family() == dst.family())?;
    let sport = crate::reach::SPORT;
    let header = Header { src, sport, dst, dport: port.number, proto: port.proto };
    Some((header, judge.scene.process(from)?))
}

/// A message that does not arrive.
fn shown(judge: &Judge<'_, '_>, from: ElementId, ip: Addr, port: Port) -> Option<Witness> {
    witness::to_address(judge.scene, from, ip, (port.proto, port.number), false, &[])
}
