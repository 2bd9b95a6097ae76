//! Which piece of what changed opened or closed a way in. What came or went with somebody was no piece.

use fibula_network::{Addr, ElementId, Kind};
use rustc_hash::FxHashMap;

use super::super::causes::{To, Trial, Witness};
use super::super::entities::Entity;
use super::super::lines::Namer;
use super::super::witness::Witnesses;
use super::Doorway;
use crate::reach::{At, PartyId};

/// Which piece opened or closed each way in that certainly did.
pub(in super::super) fn because(
    doors: &mut [Doorway],
    witnesses: &Witnesses<'_>,
    trial: &Trial<'_>,
    namer: &Namer<'_>,
) {
    let asking = Asking::new(witnesses, namer);
    let messages: Vec<Option<Witness>> = doors.iter().map(|door| asking.witness(door)).collect();
    let (asked, messages): (Vec<usize>, Vec<Witness>) =
        messages.into_iter().enumerate().filter_map(|(at, own)| Some((at, own?))).unzip();
    for (at, cause) in asked.into_iter().zip(trial.causes(&messages)) {
        if cause.proved.is_some() {
            doors[at].because = cause;
        }
    }
}

/// Finds messages that come in by a way.
struct Asking<'a> {
    witnesses: &'a Witnesses<'a>,
    namer: &'a Namer<'a>,
    /// By element of the new network, one that was there before.
    pods: FxHashMap<ElementId, Entity>,
    /// The Nodes of the old network, by name.
    nodes: FxHashMap<&'a str, ElementId>,
}

// === impl Asking ===

impl<'a> Asking<'a> {
    fn new(witnesses: &'a Witnesses<'a>, namer: &'a Namer<'a>) -> Asking<'a> {
        let network = witnesses.grounds[0].network;
        let both = witnesses.entities.all.iter().rev().filter(|entity| entity.sides[0].is_some());
        let pods = both.filter_map(|entity| Some((entity.sides[1]?, *entity))).collect();
        let nodes = network.of_kind(Kind::Node).map(|id| (&*network.element(id).name, id));
        Asking { witnesses, namer, pods, nodes: nodes.collect() }
    }

    /// A message that comes in by a way, to somebody who was there before. None where it only moved: no
    /// policy did that.
    fn witness(&self, door: &Doorway) -> Option<Witness> {
        let (to, _) = door.to.first().filter(|_| door.certain && door.moved.is_none())?;
        // Of what came or went with whom it leads to, no piece can tell.
        let mut own = self.witnesses.entities.of(*to).iter();
        let entity = *own.find(|entity| entity.sides.iter().all(Option::is_some))?;
        let network = self.witnesses.grounds[0].network;
        // The world where it comes in, or else one of the pods.
        let callers = door.callers.first().filter(|_| door.from.is_empty());
        let caller = callers.and_then(|caller| self.caller(*caller));
        let src = match caller.and_then(|caller| caller.sides[0]) {
            Some(id) => {
                let family = |at: &&Addr| match &door.at {
                    At::Address(ip) => at.family() == Addr::from(*ip).family(),
                    _ => true,
                };
                *network.fib(id)?.me.own.iter().find(family)?
            }
            None => self.witnesses.address(door.from.iter())?,
        };
        let dst = match &door.at {
            At::Address(ip) => Addr::from(*ip),
            At::Nodes(names, _) => {
                let node = names.iter().find_map(|name| self.nodes.get(name.as_str()))?;
                let own = &network.fib(*node)?.me.own;
                *own.iter().find(|addr| addr.family() == src.family())?
            }
            At::Awaited => return None,
        };
        Some(Witness {
            from: caller,
            to: To::Door(src, dst, entity),
            family: src.family(),
            proto: door.proto,
            port: door.port,
            choices: vec![],
            opens: door.opens,
        })
    }

    /// A pod of a party that was there before.
    fn caller(&self, party: PartyId) -> Option<Entity> {
        let mut elements = self.namer.all[party.0 as usize].elements.iter();
        elements.find_map(|id| self.pods.get(id).copied())
    }
}
