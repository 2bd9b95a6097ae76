//! Promises about those who are not here: a pod of a namespace that was not read stands for them.

use fibula_cluster::Cluster;
use fibula_cluster::promise::{Promise, Verb};
use fibula_network::Network;

use crate::stranger::{Known, joined};
use crate::trace::Ground;

/// A cluster with such a pod, and its network.
#[derive(Debug)]
pub struct Strangers {
    cluster: Cluster,
    network: Network,
}

// === impl Strangers ===

impl Strangers {
    /// The same cluster with such a pod, where a promise is also about those who are not here, and
    /// the network can be made again. Costs what that costs.
    pub fn new(ground: Ground<'_>, promises: &[Promise]) -> Option<Strangers> {
        if promises.iter().all(|promise| promise.verb == Verb::Reaches) {
            return None;
        }
        let (cluster, remake) = (ground.cluster?, ground.remake?);
        let cluster = joined(cluster, Known::Bare)?;
        let network = remake(&cluster);
        Some(Strangers { cluster, network })
    }

    /// What questions are put to.
    pub fn ground<'s>(&'s self, ground: Ground<'s>) -> Ground<'s> {
        Ground { network: &self.network, cluster: Some(&self.cluster), ..ground }
    }

    /// The network with such a pod.
    pub fn network(&self) -> &Network {
        &self.network
    }
}
