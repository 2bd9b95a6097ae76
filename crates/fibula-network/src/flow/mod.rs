//! Where every message of a set ends: the symbolic reading of a network.
//!
//! ```text
//!   Network ──► Ground    atoms    the line of addresses, cut by all that the network says
//!                         zones    targets that no pattern tells apart
//!                         classes  switches that decide alike
//!                         likeness targets for which the fates are the same, with other names
//!                 │
//!                 ▼
//!                Flow     decide   one switch, one target: its FIB as a partition of headers
//!                         fate     one switch, one target: where each header ends in the network
//! ```
//!
//! It goes target by target, since what a FIB asks first is the target: for one of 150,000 pods,
//! all Node Switches but one decide alike, and all Pod Switches but its own and its neighbours', so
//! that a handful of decisions is all there is, and most of them were met before with another
//! target. Nothing is enumerated but targets; sources, ports and protocols stay sets.

mod atoms;
mod classes;
mod decide;
mod fate;
mod fields;
mod ground;
mod likeness;
mod matching;
mod sieve;

pub use atoms::{Atom, Atoms};
pub use fate::{At, End, Fate, Flow, Toward};
pub use fields::Fields;
pub use ground::Ground;
pub use likeness::Likeness;
