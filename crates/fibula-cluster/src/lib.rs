//! Slim Kubernetes objects, their defaults, and the facts of a cluster.
//!
//! ```text
//! apiVersion, kind ─ reading ─ Kind::read ─ Object ─ check ─ Fault
//!                                             │
//!                     overlay ─ Cluster::new ─┴─ Cluster ─┬─ findings ─ Finding
//!                                             │           └─ select ─ classes of pods
//!                                             │
//!                        generate::objects ───┘
//! ```
//!
//! Knows Kubernetes, and nothing of forwarding tables, files or YAML: whoever reads text brings
//! a `serde` deserializer, numbers the objects, and keeps what an [`ObjectId`] stands for.

pub mod api;
mod build;
mod check;
mod cluster;
mod dump;
mod findings;
pub mod generate;
mod object;
mod options;
mod overlay;
mod place;
mod policy;
pub mod promise;
mod reading;
pub mod select;
mod selector;
mod service;
mod sloppy;

pub use api::Fields;
pub use cluster::*;
pub use dump::{Dump, Keep, Missing};
pub use findings::{
    Finding, Here, OF_OBJECTS, One, Owner, Severity, Told, Wanted, findings, shared_addresses, tell,
};
pub use object::{Fault, Kind, Object};
pub use options::Options;
pub use overlay::{Laid, More, Overlaid, later, overlay};
pub use place::{ContainerList, ObjectId, Place, place_path};
pub use policy::*;
pub use reading::{
    Decides, Listed, Reading, decides, is_environments, is_read, listed, reading, unread_kinds,
};
pub use selector::{Requirement, Selector, Test};
pub use service::*;
pub use sloppy::{parse_cidr, parse_ip};
