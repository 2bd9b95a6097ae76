//! Where every message of a set ends: the symbolic reading of a network.
//!
//! ```text
//!   Network ──► Ground    atoms    the line of addresses, cut by all that the network says
//!                         zones    targets that no pattern tells apart
//!                         classes  switches that decide alike
//!                         likeness targets for which the fates are the same, with other names
//!                         shapes   the same of targets that nobody owns: by what can match them
//!                         rewrites the Rewrite entries, by the targets that they can match
//!                 │
//!                 ▼
//!                Flow     decide   one switch, one target: its FIB as a cover of all headers
//!                         chains   what filters of Pods do there, or could do at most
//!                         became   what a switch makes of a header, and back
//!                         solve    one switch, one target: where each header ends in the network
//! ```
//!
//! It goes target by target, since what a FIB asks first is the target: for one of 150,000 pods,
//! all Node Switches but one decide alike, and all Pod Switches but its own and its neighbours', so
//! that a handful of decisions is all there is, and most of them were met before with another
//! target. Nothing is enumerated but targets; sources, ports and protocols stay sets.
//!
//! A message that a Rewrite matches goes on to another target, each backend that its switch sees.
//! So a header can end in several ways, and the sets of a [`Fate`] overlap. Sets are always of
//! headers as they were at the switch that is asked about: what a header became on the way is
//! undone from the end back to there. Whoever promises that a message ends in one way asks for
//! the union of all others.
//!
//! Only first messages of connections are followed: nothing here is a reply.

mod atoms;
mod became;
mod chains;
mod classes;
mod decide;
mod fate;
mod fields;
mod ground;
mod hops;
mod likeness;
mod matching;
mod rewrites;
mod shapes;
mod sieve;
mod solve;
mod targets;
mod toward;
mod trust;

pub use atoms::{Atom, Atoms};
pub use fate::{At, End, Fate, Flow};
pub use fields::Fields;
pub use ground::Ground;
pub use likeness::{Likeness, Likenesses};
pub use toward::Toward;
pub use trust::Trust;
