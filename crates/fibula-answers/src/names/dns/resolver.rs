//! Whom a sender asks for the addresses of a name.

use fibula_cluster::{DnsPolicy, Pod};

/// Where a sender looks names up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// Its namespace, where it is a pod: the first of its search list (DNS-9).
    pub namespace: Option<String>,
    /// Whom it asks.
    pub asks: Asks,
}

/// Whom a sender asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The cluster's DNS.
    Cluster,
    /// Its Node's resolver, or whatever the world asks: names of the cluster are not known there.
    Other {
        /// Why, in words.
        why: &'static str,
        /// The statement that says so.
        by: &'static str,
    },
    /// Whom its `dnsConfig` names, which is not read.
    Own,
}

// === impl Resolver ===

impl Resolver {
    /// What a pod asks (DNS-11).
    pub(crate) fn of_pod(pod: &Pod) -> Resolver {
        let other = |why, by| Asks::Other { why, by };
        let asks = match (pod.dns_policy, pod.host_network) {
            (DnsPolicy::ClusterFirst, true) => other(
                "on the host network dnsPolicy ClusterFirst means Default: the resolver of the \
                 Node is asked, which does not know the names of the cluster",
                "DNS-13",
            ),
            (DnsPolicy::ClusterFirst | DnsPolicy::ClusterFirstWithHostNet, _) => Asks::Cluster,
            (DnsPolicy::Default, _) => other(
                "with dnsPolicy Default the resolver of the Node is asked, which does not know the \
                 names of the cluster",
                "DNS-11",
            ),
            (DnsPolicy::None, _) => Asks::Own,
        };
        Resolver { namespace: Some(pod.namespace.clone()), asks }
    }

    /// What a process of a Node asks that is in no pod.
    pub(in crate::names) fn of_node() -> Resolver {
        let why = "a Node's own processes ask its resolver, which does not know the names of the \
                   cluster";
        Resolver { namespace: None, asks: Asks::Other { why, by: "DNS-11" } }
    }

    /// What the world asks.
    pub(in crate::names) fn of_world() -> Resolver {
        let why = "the world does not ask the DNS of the cluster";
        Resolver { namespace: None, asks: Asks::Other { why, by: "DNS-11" } }
    }
}
