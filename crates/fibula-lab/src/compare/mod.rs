//! The same messages in the model and in the kernel, and where the two differ.
//!
//! ```text
//!   Network ──► questions ──► fates      what the model says: every branch, and its reply
//!                   └───────► probes ──► outcomes      what the kernel does, until each branch
//!                                                      was seen
//!                fates and outcomes ──► agreements, differences
//! ```
//!
//! Nothing is excused here: what the kernel does otherwise than the model is a difference.

mod damage;
mod fate;
mod filters;
mod judge;
mod probes;
mod senders;

pub use damage::Damage;
pub use fate::{Fate, MAX_BRANCHES, fates};
pub use judge::{Agreement, Comparison, Difference, Fault, compare};
pub use probes::{Coverage, Question, Questions, questions};
