//! C1: unique addresses.

use fibula_network::{Addr, Entity, Network};

use super::scope::Scope;
use super::{Constraint, Counterexample, Outcome};

/// C1, by one pass over the sorted addresses.
pub(crate) fn constraint(network: &Network) -> Constraint {
    let facts = &network.facts.addr;
    let mut claims: Vec<(Addr, Entity)> = facts.iter().map(|(entity, a)| (*a, *entity)).collect();
    claims.sort_unstable();
    claims.dedup();
    let mut shared = claims.chunk_by(|a, b| a.0 == b.0).filter(|claims| claims.len() > 1);
    let outcome = match shared.next() {
        None => Outcome::Proved,
        Some(first) => Outcome::Violated {
            broken: 1 + shared.count() as u64,
            at_least: false,
            shown: vec![Counterexample::Shared {
                addr: first[0].0,
                by: first.iter().map(|(_, entity)| *entity).collect(),
            }],
        },
    };
    Constraint { id: "C1", name: "unique addresses", scope: Scope::addresses(network), outcome }
}
