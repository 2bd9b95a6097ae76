//! What the user says beyond the objects.

use ipnet::IpNet;

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
}
