//! Who owns which address: what the relative entries of F4, F5 and R4 look up.

use fibula_network::{Addr, Choice, ChoiceId, Entity, Kind, Network, Owner, When};
use rayon::prelude::*;

use crate::{Intent, Refinement};

/// The owners of all addresses, and the choice that they leave open, if any does.
///
/// An address that two live entities claim has no owner that Kubernetes would name (POD-7): each
/// claim holds under one value of a choice that stays open, so that whatever depends on it is
/// undecided. A Service that claims one leads nowhere yet. There is one choice for all such
/// addresses (a message has one target), of at most 255 values: of more claims to one address the
/// rest hold under none.
pub(crate) fn own(network: &Network, intent: &Intent) -> (Vec<Owner>, Vec<Choice>) {
    let mut claims: Vec<(Addr, Entity)> =
        network.facts.addr.iter().map(|(entity, addr)| (*addr, *entity)).collect();
    claims.par_sort_unstable();
    let shared = claims.chunk_by(|a, b| a.0 == b.0).filter(|claims| claims.len() > 1);
    let shared: Vec<&[(Addr, Entity)]> = shared.collect();
    let values = shared.iter().map(|claims| claims.len()).max().unwrap_or(0).min(u8::MAX.into());
    let choices = shared.first().map(|first| {
        let question = match shared.len() {
            1 => format!("{} entities claim {}: which of them has it?", first.len(), first[0].0),
            n => format!("{n} addresses are claimed by several entities each: who has them?"),
        };
        Choice { id: "POD-7".into(), question: question.into(), values: values as u8 }
    });
    let mut owners = Vec::with_capacity(claims.len());
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
    (owners, choices.into_iter().collect())
}
