//! Who owns which address: what the relative entries of F4, F5 and R4 look up.

use fibula_network::{Addr, Choice, ChoiceId, Entity, Kind, Network, Owner, ServiceId, When};
use rayon::prelude::*;

use crate::{Intent, Refinement};

/// Who owns which address.
pub(crate) struct Owned {
    /// The owners, by address, then choice.
    pub(crate) owners: Vec<Owner>,
    /// The choice that they leave open, if they do.
    pub(crate) choices: Vec<Choice>,
    /// The addresses that several claim, sorted.
    contested: Vec<Addr>,
    /// Which Service has one of them under which value, by address.
    given: Vec<(Addr, ServiceId, When)>,
}

/// The owners of all addresses, and the choice that they leave open, if any does.
///
/// An address that two live entities claim has no owner that Kubernetes would name (POD-7): each
/// claim holds under one value of a choice that stays open, so that whatever depends on it is
/// undecided. A Service is no owner, for its addresses lead to other targets; but it holds one of
/// them under its values all the same. There is one choice for all such addresses (a message has
/// one target), of at most 255 values: of more claims to one address the rest hold under none.
pub(crate) fn own(network: &Network, intent: &Intent) -> Owned {
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
    let contested = shared.iter().map(|claims| claims[0].0).collect();
    let mut owners = Vec::with_capacity(claims.len());
    let mut given = vec![];
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
                let entity = claims[value % claims.len()].1;
                if let Entity::Service(service) = entity {
                    given.push((claims[0].0, service, when));
                }
                owner(entity, Some(when))
            })),
        }
    }
    Owned { owners, choices: choices.into_iter().collect(), contested, given }
}

// === impl Owned ===

impl Owned {
    /// Whether a Pod or a Node has an address, under some values of choices.
    pub(crate) fn has_owner(&self, addr: Addr) -> bool {
        self.owners.binary_search_by_key(&addr, |owner| owner.addr).is_ok()
    }

    /// Under which values of a choice a Service has its ClusterIP: each in turn, `None` for always.
    pub(crate) fn held(&self, service: ServiceId, addr: Addr) -> Vec<Option<When>> {
        if self.contested.binary_search(&addr).is_err() {
            return vec![None];
        }
        let start = self.given.partition_point(|(a, ..)| *a < addr);
        let given = self.given[start..].iter().take_while(|(a, ..)| *a == addr);
        given.filter(|(_, s, _)| *s == service).map(|(.., when)| Some(*when)).collect()
    }
}
