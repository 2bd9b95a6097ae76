//! Slim Kubernetes objects, their defaults, and the facts of a cluster.

pub mod api;
mod build;
mod check;
mod cluster;
mod findings;
pub mod generate;
mod object;
mod options;
mod place;
mod reading;
mod sloppy;

pub use cluster::*;
pub use findings::{Finding, Owner, Severity, findings, shared_addresses};
pub use object::{Fault, Kind, Object};
pub use options::Options;
pub use place::{ContainerList, ObjectId, Place, place_path};
pub use reading::{Decides, Reading, decides, reading};
pub use sloppy::{parse_cidr, parse_ip};
