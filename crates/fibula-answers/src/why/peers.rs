//! Peers and subjects, as narrow as labels make them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fibula_cluster::{
    Cluster, NamespaceSelection, PeerOf, Pod, PodSelection, RangeKind, RangeSource, Requirement,
    Selector, Test, Workload,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The label of a namespace that is its name (NP-14).
pub(super) const NAME: &str = "kubernetes.io/metadata.name";

/// Labels that say most to a reader, the best first.
const BEST: [&str; 6] =
    ["app", "app.kubernetes.io/name", "k8s-app", "name", "app.kubernetes.io/instance", "component"];

/// Labels that controllers write: they change with each rollout, or tell the pods of one workload
/// apart.
const WRITTEN: [&str; 9] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "job-name",
    "apps.kubernetes.io/pod-index",
    "statefulset.kubernetes.io/pod-name",
];

/// One end of a connection, as far as policies can name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The pods of a workload.
    Pods {
        /// Its namespace.
        namespace: String,
        /// The workload.
        workload: Workload,
    },
    /// An address: a Node's, or one that nobody of the cluster has.
    Address(IpAddr),
    /// The world, of the family of this address.
    World(IpAddr),
}

// === impl End ===

impl End {
    pub(super) fn of_pod(pod: &Pod) -> End {
        End::Pods { namespace: pod.namespace.clone(), workload: pod.workload.clone() }
    }

    /// The namespace of its pods.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            End::Pods { namespace, .. } => Some(namespace),
            End::Address(_) | End::World(_) => None,
        }
    }

    /// Its pods that take part.
    pub(super) fn pods<'c>(&self, cluster: &'c Cluster) -> Vec<&'c Pod> {
        let End::Pods { namespace, workload } = self else { return vec![] };
        let own = |pod: &&Pod| pod.live && pod.namespace == *namespace && pod.workload == *workload;
        cluster.pods.iter().filter(own).collect()
    }

    /// What it is called in the name of a policy.
    pub(super) fn name(&self) -> String {
        match self {
            End::Pods { workload, .. } => workload.name.clone(),
            End::Address(addr) => addr.to_string().replace(['.', ':'], "-"),
            End::World(_) => "world".to_owned(),
        }
    }

    /// The peer that means it and as little else as labels allow, in a policy of a namespace; in one
    /// of the cluster, where that is empty. Nothing of an address that was invented.
    pub(super) fn peer(&self, cluster: &Cluster, within: &str) -> Option<PeerOf> {
        match self {
            End::Pods { namespace, .. } => {
                let namespaces = match namespace == within {
                    true => NamespaceSelection::Named(namespace.clone()),
                    false => NamespaceSelection::By(equal(&[(NAME, namespace)])),
                };
                let pods = self.selector(cluster)?;
                Some(PeerOf::Pods(PodSelection { namespaces, pods }))
            }
            End::Address(addr) => {
                let mut nodes = cluster.nodes.iter();
                let invented = nodes.any(|node| node.invented && node.addresses.contains(addr));
                (!invented).then(|| PeerOf::Block { net: IpNet::from(*addr), except: vec![] })
            }
            End::World(addr) => Some(everywhere(*addr, own_ranges(cluster))),
        }
    }

    /// The pods, as a policy of their namespace speaks of them.
    pub(super) fn selector(&self, cluster: &Cluster) -> Option<Selector> {
        let labels = narrow(cluster, &self.pods(cluster))?;
        let pairs: Vec<(&str, &str)> =
            labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        Some(equal(&pairs))
    }

    /// The labels that its selector asks for.
    pub(super) fn labels(&self, cluster: &Cluster) -> Vec<(String, String)> {
        narrow(cluster, &self.pods(cluster)).unwrap_or_default()
    }
}

/// All addresses of the family of one, without some.
pub(super) fn everywhere(addr: IpAddr, except: Vec<IpNet>) -> PeerOf {
    let net = match addr {
        IpAddr::V4(_) => IpNet::from(Ipv4Net::default()),
        IpAddr::V6(_) => IpNet::from(Ipv6Net::default()),
    };
    let mut except: Vec<IpNet> = except.into_iter().filter(|own| net.contains(own)).collect();
    except.sort();
    except.dedup();
    PeerOf::Block { net, except }
}

/// The ranges that pods take their addresses from, as far as the input says: not ours (DR-19).
pub(super) fn own_ranges(cluster: &Cluster) -> Vec<IpNet> {
    let ranges = cluster.ranges.iter().filter(|range| range.kind == RangeKind::Pods);
    let known = ranges.filter(|range| range.from != RangeSource::Invented);
    known.map(|range| range.net).collect()
}

/// A selector of labels that are equal to these.
pub(super) fn equal(labels: &[(&str, &str)]) -> Selector {
    Selector::new(labels.iter().map(|(key, value)| Requirement {
        key: (*key).to_owned(),
        test: Test::In(vec![(*value).to_owned()]),
    }))
}

/// The fewest labels, and those that say most, that select no more pods of their namespace than all
/// labels that these pods have in common. Nothing where there are no pods.
///
/// All of them select least. What is left out one by one, the worst first, is left out only where
/// that selects nobody else.
fn narrow(cluster: &Cluster, pods: &[&Pod]) -> Option<Vec<(String, String)>> {
    let first = pods.first()?;
    let common = first.labels.iter().filter(|(key, value)| {
        !WRITTEN.contains(key) && pods.iter().all(|pod| pod.labels.get(key) == Some(value))
    });
    let mut labels: Vec<(String, String)> =
        common.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let in_namespace = cluster.pods.iter().filter(|pod| pod.namespace == first.namespace);
    let others: Vec<&Pod> = in_namespace.collect();
    let selected = |labels: &[(String, String)]| -> BTreeSet<&str> {
        let own = others.iter().filter(|pod| pod.labels.matches(labels));
        own.map(|pod| pod.name.as_str()).collect()
    };
    let least = selected(&labels);
    let worth = |key: &str| BEST.iter().position(|best| *best == key).unwrap_or(BEST.len());
    let mut order: Vec<String> = labels.iter().map(|(key, _)| key.clone()).collect();
    order.sort_by_key(|key| std::cmp::Reverse((worth(key), key.len(), key.clone())));
    for key in order {
        let without: Vec<(String, String)> =
            labels.iter().filter(|(own, _)| *own != key).cloned().collect();
        if selected(&without) == least {
            labels = without;
        }
    }
    // A selector of nothing means all: a label says who is meant, where there is one.
    if labels.is_empty() {
        let mut all: Vec<(&str, &str)> = first.labels.iter().collect();
        all.retain(|(key, value)| {
            !WRITTEN.contains(key) && pods.iter().all(|pod| pod.labels.get(key) == Some(value))
        });
        let best = all.into_iter().min_by_key(|(key, _)| (worth(key), key.len(), *key));
        labels.extend(best.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
    Some(labels)
}
