//! The network of the Kubernetes Networking Model: what it is made of, and what it does with
//! messages. Knows nothing of Kubernetes objects or of Linux.
//!
//! ```text
//!                        Network
//!   elements   links   facts      tables ◄── pipelines ◄── fibs (one for each switch)
//!   N1 N4      N2      C1 to C4   N6         shared        + me: own, listeners, host
//!        └───────┴───────┴──────────┬────────────┴──────────┘
//!                     ┌─────────────┴─────────────┐
//!           walk   one message            flow   sets of headers
//!           its life, hop by hop (N3)     where each of them ends
//! ```
//!
//! Ids such as N3 are those of `model.md`, the specification; POD-7 and the like are statements of
//! `semantics.md`.

mod addr;
mod check;
mod element;
mod facts;
mod fib;
pub mod file;
pub mod filters;
pub mod flow;
mod header;
mod links;
mod network;
mod numbers;
pub mod ranges;
pub mod set;
pub mod walk;
mod written;

pub use addr::{Addr, Family, Range};
pub use check::{Fault, check};
pub use element::{Element, ElementId, Kind, PlaceId, ServiceId};
pub use facts::{Entity, Facts, Open};
pub use fib::{
    Action, AddrSetId, Addrs, Backend, BackendsId, ChainId, Chains, ChoiceId, Entry, EntryId, Fib,
    Hop, HopsId, Listener, Mark, Me, Origin, Owner, Pattern, PipelineId, Ports, Reason, Receiver,
    Scope, Side, Source, Table, TableId, When, ZoneId,
};
pub use header::{Header, Port, Proto};
pub use links::{Links, Mesh};
pub use network::{AddrSet, Backends, Choice, Network};
pub use numbers::Numbers;
