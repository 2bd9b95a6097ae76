//! Slim Kubernetes objects, their defaults, and the facts of a cluster.
//!
//! ```text
//! apiVersion, kind ─ reading ─ Kind::read ─ Object ─ check ─ Fault
//!                                             │
//!                               Cluster::new ─┴─ Cluster ─┬─ findings ─ Finding
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
mod findings;
pub mod generate;
mod object;
mod options;
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
pub use findings::{Finding, Owner, Severity, findings, shared_addresses};
pub use object::{Fault, Kind, Object};
pub use options::Options;
pub use place::{ContainerList, ObjectId, Place, place_path};
pub use policy::*;
pub use reading::{Decides, Reading, decides, is_read, reading, unread_kinds};
pub use selector::{Requirement, Selector, Test};
pub use service::*;
pub use sloppy::{parse_cidr, parse_ip};
