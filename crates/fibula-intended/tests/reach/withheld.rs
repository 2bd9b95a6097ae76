//! How many pairs of groups of pods policies keep apart, counted pair by pair.

use std::collections::BTreeSet;

use fibula_answers::{Withheld, withheld};
use fibula_network::filters::Filters;
use fibula_network::walk::Walks;
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, addresses, arrived, ask, is_contested, process};

/// What is withheld of messages from one pod to another, by family and port.
type Lost = BTreeSet<(bool, Port)>;

pub(crate) fn agree(scene: &Scene) -> Result<(), String> {
    let network = &scene.network;
    let pods: Vec<ElementId> = network.of_kind(Kind::Pod).collect();
    let said = withheld(network);
    // Who has an address is another question.
    if pods.iter().any(|pod| is_contested(network, *pod)) {
        return Ok(());
    }
    if network.tables.iter().all(|table| table.chains.is_none()) {
        return if said.is_none() { Ok(()) } else { Err(format!("without policies: {said:?}")) };
    }
    let filters = Filters::new(network).ok_or("plain filters")?;
    let walks = Walks::new(network);
    let lost = |from: &ElementId, to: &ElementId| lost(network, &filters, &walks, *from, *to);
    let matrix: Vec<Vec<Lost>> =
        pods.iter().map(|from| pods.iter().map(|to| lost(from, to)).collect()).collect();
    // The families of a pod tell it from others only where something is withheld.
    let row = |i: usize| matrix[i].clone();
    let column = |i: usize| -> Vec<Lost> { matrix.iter().map(|row| row[i].clone()).collect() };
    let mut groups: Vec<(Vec<Lost>, Vec<Lost>, usize)> = vec![];
    for i in 0..pods.len() {
        if !groups.iter().any(|(r, c, _)| (r, c) == (&row(i), &column(i))) {
            groups.push((row(i), column(i), i));
        }
    }
    let pairs = groups.iter().flat_map(|(.., s)| groups.iter().map(move |(.., t)| (*s, *t)));
    let pairs = pairs.filter(|(s, t)| !matrix[*s][*t].is_empty()).count() as u64;
    let expected = Withheld { pairs, groups: groups.len() as u64 };
    match said == Some(expected) {
        true => Ok(()),
        false => Err(format!("verify counts {said:?}, but there are {expected:?}")),
    }
}

/// What one pod is refused of the ports on which another listens. Of itself: what a pod just like it
/// would be.
fn lost(
    network: &Network,
    filters: &Filters<'_>,
    walks: &Walks<'_>,
    from: ElementId,
    to: ElementId,
) -> Lost {
    let open = network.facts.open.iter();
    let ports = open.filter(|open| network.facts.host(open.process) == Some(to));
    let ports: BTreeSet<Port> = ports.map(|open| open.port).collect();
    let mut lost = Lost::new();
    for dst in addresses(network, to) {
        let own = addresses(network, from);
        let Some(src) = own.into_iter().find(|addr| addr.family() == dst.family()) else {
            continue;
        };
        for port in &ports {
            let Port { proto, number: dport } = *port;
            let header = Header { src, sport: 41_000, dst, dport, proto };
            let certain = match process(network, from).filter(|_| from != to) {
                Some(sender) => {
                    let truth = ask(walks, sender, header, |lives| lives.iter().all(arrived));
                    truth == Truth::Always(true)
                }
                None => certainly(filters, header),
            };
            if !certain {
                lost.insert((dst.family() == Family::V6, *port));
            }
        }
    }
    lost
}

/// Whether filters let a message pass under all values of the choices that entries for its addresses
/// ask.
fn certainly(filters: &Filters<'_>, header: Header) -> bool {
    let network = filters.network;
    let may = |addrs: Addrs, addr: Addr| match addrs {
        Addrs::In(range) => range.contains(addr),
        Addrs::Set(set) => network.set(set).contains(addr),
        _ => true,
    };
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let entries = entries.map(|entry| &entry.pattern);
    let entries = entries.filter(|of| may(of.src, header.src) && may(of.dst, header.dst));
    let asked: BTreeSet<ChoiceId> = entries.flat_map(|of| &of.when).map(|w| w.choice).collect();
    let mut all = vec![vec![0; network.choices.len()]];
    for choice in asked {
        let values = 0..network.choice(choice).values;
        all = values
            .flat_map(|value| {
                all.iter().cloned().map(move |mut values| {
                    values[usize::from(choice.0)] = value;
                    values
                })
            })
            .collect();
    }
    all.iter().all(|choices| filters.lets(header, choices))
}
