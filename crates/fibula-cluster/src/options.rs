//! What the user says beyond the objects.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::overlay::More;
use crate::place::ObjectId;

/// What the user says beyond the objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Ranges for pods (R3), where no object states them.
    pub pod_ranges: Vec<IpNet>,
    /// Ranges for Services (R3).
    pub service_ranges: Vec<IpNet>,
    /// Ranges for Nodes (IP-1).
    pub node_ranges: Vec<IpNet>,
    /// How many Nodes to invent where the input has and names none: 2 where this is absent
    /// (DR-20), and always from 1 to 50,000.
    pub nodes: Option<usize>,
    /// Workloads that make pods though some of theirs were read: as many more. Of an
    /// [`overlay`](crate::overlay()).
    pub more: BTreeMap<ObjectId, More>,
}
