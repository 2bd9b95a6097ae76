//! Questions put to a network: does it keep the constraints, and what happens to a message?
//!
//! Answers are data; how they look is the business of whoever prints them. Whatever is said of a
//! set of messages is proved by [`flow`](fibula_network::flow); whatever is shown of one was
//! replayed by [`walk`](fibula_network::walk).

pub mod change;
pub mod constraints;
pub mod diff;
pub mod lint;
pub mod names;
pub mod promises;
pub mod reach;
mod stranger;
mod tenants;
pub mod trace;
mod unread;
pub mod why;
mod withheld;

pub use constraints::{Constraint, Counterexample, Outcome, Proof, Scope, verify};
pub use withheld::{Withheld, withheld};
