//! What is open between all pairs of a network, message by message.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::walk::Walks;
use fibula_network::{Addr, ElementId, Header, Kind, Network, Proto};

use crate::brute::{Truth, addresses, arrived, ask, ports, process};

/// A message: who sends, to which address, protocol and port.
pub(crate) type Message = (ElementId, Addr, Proto, u16);

/// Whether each message arrives; of those that depend on choices nothing.
pub(crate) type Open = BTreeMap<Message, bool>;

/// Every pair of Pods, Nodes and some addresses of the world, at each of these ports.
pub(crate) fn truth(network: &Network, numbers: &BTreeSet<u16>) -> Open {
    let walks = Walks::new(network);
    let switches: Vec<ElementId> =
        network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node)).collect();
    let world = ["8.8.8.8", "198.51.100.9", "198.51.100.7"];
    let world = world.map(|addr| addr.parse::<Addr>().expect("an address"));
    let mut open = Open::new();
    for &from in &switches {
        let Some(sender) = process(network, from) else { continue };
        let own = addresses(network, from);
        let others = switches.iter().filter(|to| **to != from);
        let others = others.flat_map(|to| addresses(network, *to));
        for dst in others.chain(world) {
            let Some(src) = own.iter().copied().find(|own| own.family() == dst.family()) else {
                continue;
            };
            for (proto, dport) in
                Proto::ALL.into_iter().flat_map(|p| numbers.iter().map(move |n| (p, *n)))
            {
                let header = Header { src, sport: 41_000, dst, dport, proto };
                let judge = |lives: &[fibula_network::walk::Life]| lives.iter().all(arrived);
                if let Truth::Always(is) = ask(&walks, sender, header, judge) {
                    open.insert((from, dst, proto, dport), is);
                }
            }
        }
    }
    open
}

/// The ports that the entries of either network tell apart, and that of a message.
pub(crate) fn numbers(networks: &[&Network], wanted: Message) -> BTreeSet<u16> {
    let mut all: BTreeSet<u16> = networks.iter().flat_map(|network| ports(network)).collect();
    all.insert(wanted.3);
    all.remove(&0);
    all
}

/// What is open in the second and not in the first.
pub(crate) fn opened(old: &Open, new: &Open) -> BTreeSet<Message> {
    let new = new.iter().filter(|(message, open)| **open && old.get(message) == Some(&false));
    new.map(|(message, _)| *message).collect()
}
