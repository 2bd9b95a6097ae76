//! Slim Kubernetes objects, their defaults, and the facts of a cluster.

mod cluster;
mod place;

pub use cluster::*;
pub use place::{ContainerList, ObjectId, Place};
