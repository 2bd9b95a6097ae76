//! What is worth telling about a cluster alone, before any network is made of it.

use crate::cluster::{Cluster, Pod};
use crate::place::{ObjectId, Place};

mod addresses;
mod endpoints;
mod node_ports;
mod ports;
mod services;

pub use addresses::{Owner, shared_addresses};

/// Something worth telling: data, for every format to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is, such as `overlapping-ranges`.
    pub id: &'static str,
    /// The rule that it is about, such as `IP-1`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One terse sentence, without a full stop.
    pub message: String,
    /// Where it stands in the input; empty where nothing in particular is to blame.
    pub places: Vec<Place>,
    /// Everything that it is about, by name: the message shows only the first few.
    pub subjects: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The model does not hold, or an answer is missing.
    Error,
    /// It holds, but hardly as it was meant.
    Warning,
    /// It is allowed, and good to know.
    Note,
}

/// Everything worth telling about a cluster: the worst first, then by id and message. One finding
/// for everything that is alike. Near linear in the cluster, and in the pods that its Services
/// select.
pub fn findings(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    addresses::overlapping_ranges(cluster, &mut findings);
    addresses::outside_pod_cidr(cluster, &mut findings);
    addresses::shared(cluster, &mut findings);
    ports::same_port(cluster, &mut findings);
    node_ports::taken_twice(cluster, &mut findings);
    node_ports::given_twice(cluster, &mut findings);
    node_ports::host_ports(cluster, &mut findings);
    services::targets(cluster, &mut findings);
    services::select_nothing(cluster, &mut findings);
    endpoints::none_ready(cluster, &mut findings);
    endpoints::stale(cluster, &mut findings);
    endpoints::nobodys(cluster, &mut findings);
    endpoints::lost_nodes(cluster, &mut findings);
    endpoints::virtual_addresses(cluster, &mut findings);
    twins(cluster, &mut findings);
    host_network(cluster, &mut findings);
    findings.sort_by(|a, b| {
        (a.severity, a.id, &a.message, &a.subjects).cmp(&(
            b.severity,
            b.id,
            &b.message,
            &b.subjects,
        ))
    });
    findings
}

/// Contradicting twins: what either says, nobody knows (DR-21).
fn twins(cluster: &Cluster, findings: &mut Vec<Finding>) {
    for twins in &cluster.twins {
        let name = twins.path();
        let count = twins.objects.len();
        findings.push(Finding {
            id: "contradicting-twins",
            rule: "DR-21",
            severity: Severity::Error,
            message: format!(
                "{count} objects are {} {name} and differ, first in {}; all are kept out",
                twins.kind, twins.differ
            ),
            places: twins.objects.iter().map(|&object| whole(object)).collect(),
            subjects: vec![format!("{} {name}", twins.kind)],
        });
    }
}

/// Pods of the host network: most plugins exempt them from policies (DR-1).
fn host_network(cluster: &Cluster, findings: &mut Vec<Finding>) {
    let pods: Vec<_> = cluster.pods.iter().filter(|pod| pod.live && pod.host_network).collect();
    if pods.is_empty() {
        return;
    }
    let (uses, them) = if pods.len() == 1 { ("uses its", "it") } else { ("use their", "them") };
    findings.push(Finding {
        id: "host-network",
        rule: "DR-1",
        severity: Severity::Note,
        message: format!(
            "{} {uses} node's address; most plugins exempt {them} from policies",
            count(pods.len(), "pod")
        ),
        places: Vec::new(),
        subjects: pods.into_iter().map(pod_name).collect(),
    });
}

/// An object as a whole.
fn whole(object: ObjectId) -> Place {
    Place { object, container: None, port: None }
}

fn pod_name(pod: &Pod) -> String {
    format!("{}/{}", pod.namespace, pod.name)
}

/// `1 pod`, `2 pods`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b, c and 4 more`.
fn list<T: AsRef<str>>(items: &[T]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = items.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match (items.len(), shown.split_last()) {
        (_, None) => String::new(),
        (more, _) if more > SHOWN => format!("{} and {} more", shown.join(", "), more - SHOWN),
        (_, Some((last, []))) => (*last).to_owned(),
        (_, Some((last, first))) => format!("{} and {last}", first.join(", ")),
    }
}
