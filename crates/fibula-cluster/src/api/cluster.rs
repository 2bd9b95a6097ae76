//! What belongs to the whole cluster: Namespaces, Nodes and the ranges of addresses.

use super::{Metadata, slim};

slim! {
    /// A namespace.
    pub struct Namespace {
        /// Name and labels.
        pub metadata: Metadata,
    }

    /// A Kubernetes Node.
    pub struct Node {
        /// Name and labels.
        pub metadata: Metadata,
        /// What it is meant to be.
        pub spec: NodeSpec,
        /// What it is.
        pub status: NodeStatus,
    }

    /// The ranges of a Node (IP-2).
    pub struct NodeSpec {
        /// The first of `pod_cidrs`.
        #[serde(rename = "podCIDR")]
        pub pod_cidr: String,
        /// At most one range per family.
        #[serde(rename = "podCIDRs")]
        pub pod_cidrs: Vec<String>,
    }

    /// The addresses of a Node.
    pub struct NodeStatus {
        /// All of them, names too.
        pub addresses: Vec<NodeAddress>,
    }

    /// An address of a Node (NM-15).
    pub struct NodeAddress {
        /// `InternalIP`, `ExternalIP`, or a kind of name.
        #[serde(rename = "type")]
        pub kind: String,
        /// The address.
        pub address: String,
    }

    /// A ServiceCIDR: a range for ClusterIPs (IP-3).
    pub struct ServiceCidr {
        /// Its name.
        pub metadata: Metadata,
        /// Its ranges.
        pub spec: ServiceCidrSpec,
    }

    /// The ranges of a ServiceCIDR.
    pub struct ServiceCidrSpec {
        /// At most one per family.
        pub cidrs: Vec<String>,
    }

    /// OpenShift's `Network` of `config.openshift.io`: the ranges of Pods and Services.
    pub struct OpenShiftNetwork {
        /// Its name, `cluster`.
        pub metadata: Metadata,
        /// What was asked for.
        pub spec: NetworkRanges,
        /// What is in force; preferred.
        pub status: NetworkRanges,
    }

    /// The ranges of an OpenShift cluster.
    pub struct NetworkRanges {
        /// Ranges for pods.
        pub cluster_network: Vec<ClusterNetwork>,
        /// Ranges for Services.
        pub service_network: Vec<String>,
    }

    /// A range for pods.
    pub struct ClusterNetwork {
        /// The range.
        pub cidr: String,
    }
}

impl NodeSpec {
    /// All ranges as they are written: `podCIDRs`, else the older `podCIDR`.
    pub fn ranges(&self) -> impl Iterator<Item = &str> {
        let old = if self.pod_cidrs.is_empty() { self.pod_cidr.as_str() } else { "" };
        let all = self.pod_cidrs.iter().map(String::as_str);
        all.chain([old]).filter(|range| !range.is_empty())
    }
}
