//! C1 to C4 and R5, proved for all messages of any network, or refuted by one.
//!
//! C2 to C4 are statements about the messages to one target, so the proof goes target by target
//! (see [`flow`](fibula_network::flow)): for an address of a Pod it asks, of each kind of switch
//! that treats the target in its own way, which messages do not end at the container that listens;
//! none may be among those that a container (C3) or a daemon of the Pod's Node (C4) can send. R5
//! asks the same of every target, and for ends without a reason. What is asked of a switch is
//! asked of all that decide alike, and what is proved of a target is proved of all that are alike
//! (`alike`); sources and ports are never enumerated.
//!
//! Where a message has alternatives, all of them must keep what is promised. Backends are proved
//! apart from what rewrites messages to them (`contract`), so that R5 need not follow each message
//! to each of its backends; C2 to C4 follow all that they promise.
//!
//! C3 is meant up to segmentation (NM-3): a message may end elsewhere only in the Discard of a
//! policy. Which messages policies drop need not be known for that: the proof lets every chain of
//! filters end messages and let them go on, and where that breaks a constraint, it asks for the same
//! target again and follows the chains as they are. C2 and C4 know no policy.

mod alike;
mod broken;
mod contract;
mod cut;
mod prover;
mod scope;
mod tally;
mod unique;

use fibula_network::flow::Ground;
use fibula_network::walk::Life;
use fibula_network::{Addr, ElementId, Entity, Header, Network};

use crate::tenants::Tenants;
use tally::Tally;

pub use scope::Scope;

/// What was proved of a network, and what was refuted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// C1, C2, C3, C4 and R5, in this order.
    pub constraints: Vec<Constraint>,
}

/// What is known of one constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Its id in the model.
    pub id: &'static str,
    /// Its name in the model.
    pub name: &'static str,
    /// What it speaks of in this network.
    pub scope: Scope,
    /// Whether it holds.
    pub outcome: Outcome,
}

/// Whether a constraint holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// For everything in its scope.
    Proved,
    /// Not.
    Violated {
        /// How many break it: addresses (C1), pairs (C2 to C4), or for R5 kinds of target, and
        /// processes that can send nothing.
        broken: u64,
        /// Whether there may be more: counting went on for too long.
        at_least: bool,
        /// One of them; for R5 one for each verdict without a reason.
        shown: Vec<Counterexample>,
    },
    /// Depends on a choice that is left open.
    Undecided {
        /// How many depend on it, counted likewise.
        open: u64,
        /// Whether there may be more.
        at_least: bool,
        /// A message that keeps the constraint under one value of the choice, and breaks it under
        /// the one shown.
        shown: Vec<Counterexample>,
    },
}

/// Something that breaks a constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counterexample {
    /// An address, and the entities that share it (C1).
    Shared {
        /// The address.
        addr: Addr,
        /// Who has it.
        by: Vec<Entity>,
    },
    /// A message that does not end as it should, replayed by `walk`.
    Message {
        /// Who sends it.
        from: ElementId,
        /// Its header.
        header: Header,
        /// The value of each choice of the network under which that happens.
        choices: Vec<u8>,
        /// Who should receive it: any of these. Empty for R5, which asks for any end with a reason.
        expected: Vec<ElementId>,
        /// What becomes of it.
        life: Life,
    },
}

/// Proves or refutes the constraints on a network.
///
/// Costs about a microsecond for each address that the network speaks of, whatever the number of
/// pairs and messages; more where a constraint is violated. Uses all cores.
pub fn verify(network: &Network) -> Proof {
    let (unique, (ground, tenants)) = rayon::join(
        || unique::constraint(network),
        || rayon::join(|| Ground::new(network), || Tenants::new(network)),
    );
    let mut tallies = alike::prove(&ground, &tenants);
    cut::tally(network, &tenants, &mut tallies);
    let scopes = scope::Scopes::new(network, &tenants);
    let constraint = |id, name, scope, tally: Tally| Constraint {
        id,
        name,
        scope,
        outcome: tally.outcome(network),
    };
    Proof {
        constraints: vec![
            unique,
            constraint("C2", "container to container", scopes.c2, tallies.c2),
            constraint("C3", "pod to pod", scopes.c3, tallies.c3),
            constraint("C4", "daemon to pod", scopes.c4, tallies.c4),
            constraint("R5", "no loop, no silent loss", scopes.r5, tallies.r5),
        ],
    }
}

// === impl Proof ===

impl Proof {
    /// Whether every constraint holds.
    pub fn holds(&self) -> bool {
        self.constraints.iter().all(|constraint| constraint.outcome == Outcome::Proved)
    }

    /// Whether a constraint is violated, whatever the open choices.
    pub fn violated(&self) -> bool {
        self.constraints.iter().any(|c| matches!(c.outcome, Outcome::Violated { .. }))
    }
}
