//! Who owns which address: what the relative entries of F4, F5 and R4 look up.

use std::collections::BTreeMap;

use fibula_network::{
    Addr, Addrs, Choice, ChoiceId, ElementId, Entity, Entry, Kind, Network, Owner, Pattern, Range,
    When,
};

use crate::{Intent, Refinement};

/// Fills in the owners of all addresses.
///
/// An address that two live entities claim has no owner that Kubernetes would name (POD-7): each
/// claim holds under one value of a choice that stays open, so that whatever depends on it is
/// undecided. A Service that claims one leads nowhere yet.
pub(crate) fn own(network: &mut Network, intent: &Intent) {
    let mut claims: Vec<(Addr, Entity)> =
        network.facts.addr.iter().map(|(entity, addr)| (*addr, *entity)).collect();
    claims.sort_unstable();
    let shared = claims.chunk_by(|a, b| a.0 == b.0).filter(|claims| claims.len() > 1);
    let shared: Vec<&[(Addr, Entity)]> = shared.collect();
    let values = shared.iter().map(|claims| claims.len()).max().unwrap_or(0).min(u8::MAX.into());
    if let Some(first) = shared.first() {
        let question = match shared.len() {
            1 => format!("{} entities claim {}: which of them has it?", first.len(), first[0].0),
            n => format!("{n} addresses are claimed by several entities each: who has them?"),
        };
        network.choices.push(Choice {
            id: "POD-7".into(),
            question: question.into(),
            values: values as u8,
        });
    }
    let mut owners = vec![];
    for claims in claims.chunk_by(|a, b| a.0 == b.0) {
        let owner = |entity, when| match entity {
            Entity::Switch(to) => {
                let node = network.kind(to) == Kind::Node;
                if node && !intent.has(Refinement::R4) {
                    return None;
                }
                let via = network.facts.host(to).unwrap_or(to);
                Some(Owner { addr: claims[0].0, when, to, via })
            }
            Entity::Service(_) => None,
        };
        match claims {
            [(_, entity)] => owners.extend(owner(*entity, None)),
            _ => owners.extend((0..values).filter_map(|value| {
                let when = When { choice: ChoiceId(0), value: value as u8 };
                owner(claims[value % claims.len()].1, Some(when))
            })),
        }
    }
    network.owners = owners;
}

/// Makes what a claimant of a shared address does with messages to it depend on the choice too,
/// or it would decide that it has the address (POD-7). Each claimant gets a FIB of its own.
///
/// To be called once the FIBs are complete. Costs what it takes to write out the FIBs of claimants.
pub(crate) fn contest(network: &mut Network) {
    let mut claimants: BTreeMap<ElementId, Vec<(Addrs, When)>> = BTreeMap::new();
    for owner in &network.owners {
        let claim = owner.when.map(|when| (Addrs::In(Range::one(owner.addr)), when));
        if let Some(claim) = claim {
            claimants.entry(owner.to).or_default().push(claim);
        }
    }
    for (switch, claims) in claimants {
        network.unshare(switch);
        let Some(fib) = network.fib(switch) else { continue };
        for table in network.pipeline(fib.pipeline).to_vec() {
            let entries = &mut network.tables[table.0 as usize].entries;
            *entries = entries.drain(..).flat_map(|entry| claimed(entry, &claims)).collect();
        }
    }
}

/// The entry under each value that gives the address to who claims it; as it was if it is not about
/// such an address, or depends on the choice already.
fn claimed(entry: Entry, claims: &[(Addrs, When)]) -> Vec<Entry> {
    let held = claims.iter().filter(|(addr, _)| *addr == entry.pattern.dst).map(|(_, when)| *when);
    let under = |when| {
        let pattern = Pattern { when: vec![when], ..entry.pattern.clone() };
        Entry { pattern, ..entry.clone() }
    };
    let entries: Vec<Entry> = held.map(under).collect();
    if entries.is_empty() || !entry.pattern.when.is_empty() { vec![entry] } else { entries }
}
