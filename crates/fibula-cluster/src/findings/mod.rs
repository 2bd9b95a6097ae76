//! What is worth telling about a cluster alone, before any network is made of it.

use crate::cluster::{Cluster, Pod};
use crate::place::{ContainerList, ObjectId, Place};

mod addresses;
mod endpoints;
mod kinds;
mod near;
mod node_ports;
mod oddities;
mod policies;
mod ports;
mod services;
mod told;

pub use addresses::{Owner, shared_addresses};
pub use kinds::OF_OBJECTS;
use near::Near;
pub use told::{Here, One, Told, Wanted};

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

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// That of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Error, Self::Warning, Self::Note].into_iter().find(|known| known.name() == name)
    }
}

/// Everything worth telling about a cluster: the worst first, then by id and message. One finding
/// for everything that is alike. Near linear in the cluster, and in the pods that its Services
/// select.
pub fn findings(cluster: &Cluster) -> Vec<Finding> {
    let wanted = Wanted::default();
    let mut told = Told::new(cluster, &wanted);
    tell(&mut told);
    told.finish().0
}

/// Tells what [`findings`] finds.
pub fn tell(told: &mut Told<'_>) {
    addresses::overlapping_ranges(told);
    addresses::outside_pod_cidr(told);
    addresses::shared(told);
    ports::same_port(told);
    node_ports::taken_twice(told);
    node_ports::given_twice(told);
    node_ports::host_ports(told);
    services::targets(told);
    let near = Near::new(told.cluster);
    services::select_nothing(told, &near);
    policies::tell(told, &near);
    endpoints::none_ready(told);
    endpoints::stale(told);
    endpoints::nobodys(told);
    endpoints::lost_nodes(told);
    endpoints::virtual_addresses(told);
    oddities::tell(told);
    twins(told);
    host_network(told);
}

/// Contradicting twins: what either says, nobody knows (DR-21).
fn twins(told: &mut Told<'_>) {
    for twins in &told.cluster.twins {
        let name = twins.path();
        let count = twins.objects.len();
        let ones = twins.objects.iter().map(|&object| Place::whole(object)).collect();
        told.each("contradicting-twins", ones, |places| Finding {
            id: "contradicting-twins",
            rule: "DR-21",
            severity: Severity::Error,
            message: format!(
                "{count} objects are {} {name} and differ, first in {}; all are kept out",
                twins.kind, twins.differ
            ),
            places,
            subjects: vec![format!("{} {name}", twins.kind)],
        });
    }
}

/// Pods of the host network: most plugins exempt them from policies (DR-1).
fn host_network(told: &mut Told<'_>) {
    let pods = told.cluster.pods.iter().filter(|pod| pod.live && pod.host_network);
    let at = |pod: &Pod| Place::field(pod.object, ContainerList::HostNetwork);
    let ones = pods.map(|pod| One::new(pod_name(pod), at(pod))).collect();
    told.alike(("host-network", "DR-1", Severity::Note), ones, |n, _| {
        let (uses, them) = if n == 1 { ("uses its", "it") } else { ("use their", "them") };
        format!(
            "{} {uses} node's address; most plugins exempt {them} from policies",
            count(n, "pod")
        )
    });
}

/// An object as a whole.
fn whole(object: ObjectId) -> Place {
    Place::whole(object)
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
