//! The header of the message that is asked about.

use std::net::IpAddr;

use fibula_network::{Addr, Entity, Family, Header, Kind, Network};

use crate::names::{From, NameError, SOMEWHERE, To, What};

/// A source port that looks like one.
pub(super) const SPORT: u16 = 32768;

/// The message from an address of the sender, in a family that both have; several where a name
/// stands for several addresses of that family, of which a client takes one (DNS-3).
pub(super) fn headers(network: &Network, from: &From, to: &To) -> Result<Vec<Header>, NameError> {
    let host = network.facts.host(from.process);
    let own: Vec<Addr> = match (from.address, host) {
        (Some(address), _) => vec![address],
        (None, Some(host)) => network.facts.addresses(Entity::Switch(host)).collect(),
        (None, None) => vec![],
    };
    let world = network.kind(from.process) == Kind::World && from.address.is_none();
    let source = |family| match own.iter().find(|addr| addr.family() == family) {
        Some(addr) => Some(*addr),
        None if world => Some(somewhere(family)),
        None => None,
    };
    // Containers of one Pod talk over loopback (C2), which is also what a person means by
    // 127.0.0.1. A client takes 127.0.0.1 as its source for all of 127.0.0.0/8 (R2).
    let neighbour = to.chosen.as_ref().is_some_and(|chosen| {
        chosen.what == What::Container
            && chosen.elements.iter().all(|e| network.facts.host(*e) == host)
    });
    let loopback = |addr: Addr| IpAddr::from(addr).is_loopback();
    let header = |dst: Addr| {
        let (src, dst) = match dst {
            dst if loopback(dst) => (Addr::loopback(dst.family()), dst),
            dst if neighbour => (Addr::loopback(dst.family()), Addr::loopback(dst.family())),
            dst => (source(dst.family())?, dst),
        };
        Some(Header { src, sport: SPORT, dst, dport: to.port.number, proto: to.port.proto })
    };
    let mut headers: Vec<Header> = to.addresses.iter().filter_map(|dst| header(*dst)).collect();
    let Some(&first) = headers.first() else {
        let why = format!("{} has no address in a family of the target", from.chosen.full());
        return Err(NameError::Mute { said: from.chosen.name.clone(), why });
    };
    let resolved = to.chosen.as_ref().is_some_and(|chosen| chosen.what == What::Service);
    headers.retain(|h| *h == first || resolved && h.dst.family() == first.dst.family());
    headers.dedup();
    Ok(headers)
}

/// An address of the world, for those who only say that (RFC 5737, RFC 3849).
fn somewhere(family: Family) -> Addr {
    match family {
        Family::V4 => SOMEWHERE,
        Family::V6 => Addr::from(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
    }
}
