//! The facts of a cluster: what the objects say, defaulted, resolved and sorted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::api::{Labels, Mention};
use crate::object::Kind;
use crate::place::{ObjectId, Place};
use crate::policy::Policy;
use crate::service::Service;

/// A cluster as the model needs it: which Nodes, Pods and Services there are, where they run and
/// which addresses they have.
///
/// Every list is sorted by its names, so that the same objects in any order, split or repeated
/// make the same cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Namespaces that were read, or that an object names; by name.
    pub namespaces: Vec<Namespace>,
    /// Nodes, by name.
    pub nodes: Vec<Node>,
    /// Pods, by namespace and name: as they were read, or as a workload would make them.
    pub pods: Vec<Pod>,
    /// Services, by namespace and name.
    pub services: Vec<Service>,
    /// Policies, in their order of evaluation: by tier, priority, namespace and name.
    pub policies: Vec<Policy>,
    /// The ranges that addresses come from (IP-1, R3), by kind and network.
    pub ranges: Vec<Range>,
    /// Objects that were kept out, because two of the same name contradict each other.
    pub twins: Vec<Twins>,
    /// Ways in that are read and not followed yet, sorted: messages to these are undecided.
    pub fronts: Vec<Front>,
    /// What was taken for granted where the input is silent; printed with every answer.
    pub assumptions: Vec<Assumption>,
    /// The kind of each workload that makes pods, by object: all that [`Cluster::path`] needs.
    pub makers: Vec<(ObjectId, Kind)>,
    /// Findings that objects switch off.
    pub ignores: Ignores,
    /// What the API server refuses, or takes otherwise than it is written, by name.
    pub oddities: Vec<Oddity>,
}

/// Something in an object that the API server refuses, or takes otherwise than it is written. It is
/// read all the same, and only told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oddity {
    /// Where it stands.
    pub place: Place,
    /// What it is in, by name.
    pub name: String,
    /// What it is.
    pub what: Odd,
}

/// What is odd.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// A workload selects these pods, and those of its own template are others.
    Template(String),
    /// A range has bits behind its prefix, which are cleared: what is written, and what is meant.
    HostBits(String, IpNet),
    /// Pods are chosen by their namespaces alone, where the API wants a selector of theirs too.
    NoPodSelector,
}

/// Findings that objects switch off, by the annotation `fibula.dev/ignore`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignores {
    /// What they say, sorted by object, whether it is the id of a finding or not.
    pub said: Vec<(ObjectId, String)>,
    /// By object, what holds for it: what it says itself, and what its Namespace says.
    pub of: BTreeMap<ObjectId, BTreeSet<String>>,
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// The object, absent where other objects only name the namespace.
    pub object: Option<ObjectId>,
    /// Its labels, its name among them (NP-14). Where there is no object, others are not known
    /// (DR-22).
    pub labels: Labels,
}

/// A Kubernetes Node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its own addresses: each `InternalIP`, in the order of the object (NM-11, NM-15), or
    /// invented ones.
    pub addresses: Vec<IpAddr>,
    /// Its `ExternalIP` addresses: known, but nothing is promised of them (NM-15).
    pub external: Vec<IpAddr>,
    /// The ranges for the pods of this Node, at most one per family (IP-2).
    pub pod_cidrs: Vec<IpNet>,
    /// The object; absent for a Node that was invented or is only named by pods.
    pub object: Option<ObjectId>,
    /// Whether `addresses` were invented.
    pub invented: bool,
    /// The zone that its label `topology.kubernetes.io/zone` names (SVC-13).
    pub zone: Option<String>,
    /// Its labels (CNP-24); not known where there is no object.
    pub labels: Labels,
}

/// A pod: what is, or would be, one pod of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it belongs to: its outermost known controller, else itself.
    pub workload: Workload,
    /// The Node that hosts it, as an index into [`Cluster::nodes`].
    pub node: usize,
    /// Whether `node` was chosen by us, because the input does not say (DR-20).
    pub placed: bool,
    /// Whether it uses its Node's network: its containers are then daemons of the Node (NM-14).
    pub host_network: bool,
    /// Whether it takes part in the network: false once it has finished (POD-6), and while the
    /// input says that no Node runs it yet.
    pub live: bool,
    /// Its own addresses, at most one per family (NM-13); empty for a host-network pod, a
    /// finished one, and one that has none yet (POD-5).
    pub addresses: Vec<IpAddr>,
    /// Whether `addresses` were invented (DR-19).
    pub invented: bool,
    /// The containers that are processes in the steady state (POD-1), in the object's order:
    /// containers, then sidecars, and regular init containers while the pod is pending.
    pub containers: Vec<Container>,
    /// Whether its Ready condition holds (SVC-11); also where the input has no conditions to
    /// show, unless the pod is pending.
    pub ready: bool,
    /// Whether it is being deleted (SVC-11).
    pub terminating: bool,
    /// The name that it gives itself, where that is not its own (SVC-13, DNS-6).
    pub hostname: Option<String>,
    /// The headless Service below whose name it is known (SVC-13, DNS-6).
    pub subdomain: Option<String>,
    /// Where it looks names up.
    pub dns_policy: DnsPolicy,
    /// The object that it was read from, or the workload that makes it.
    pub object: ObjectId,
    /// Its labels. Shared: most pods have those of their template.
    pub labels: Arc<Labels>,
}

/// Where a pod looks names up (DNS-11). A host-network pod with `ClusterFirst` does as `Default`
/// (DNS-13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DnsPolicy {
    /// In the cluster, and there first.
    #[default]
    ClusterFirst,
    /// The same, for a pod of the host network too.
    ClusterFirstWithHostNet,
    /// Where its Node does: names of the cluster are not known there.
    Default,
    /// Where the pod itself says.
    None,
}

/// The controller that a pod belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Such as `Deployment`; `Pod` for a pod of its own.
    pub kind: String,
    /// Its name, in the pod's namespace.
    pub name: String,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name, unique in the pod.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Whether it runs as long as the pod does: no regular init container, and none that was
    /// added for debugging. Only the ports of these have names that a Service can use (SVC-14).
    pub lasting: bool,
    /// The ports that it declares; informational only (POD-2).
    pub ports: Vec<Port>,
    /// The addresses that its environment, command and arguments name: whom it means to talk to.
    pub mentions: Box<[Mention]>,
}

/// A declared container port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name, if it has one (POD-3).
    pub name: Option<String>,
    /// The port, 1 to 65535.
    pub number: u16,
    /// Its protocol; TCP where the object is silent.
    pub protocol: Protocol,
    /// The port of the Node that leads to it (POD-9). Only of a lasting container of a pod that
    /// has a network of its own: on the host network the port is the Node's already (POD-8).
    pub host: Option<HostPort>,
    /// Where it is declared.
    pub place: Place,
}

/// A port of a Node that leads to a container (POD-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// The port.
    pub number: u16,
    /// The address of the Node at which it stands; at all of them where it is absent, of the
    /// family where it is unspecified (`0.0.0.0`, `::`).
    pub ip: Option<IpAddr>,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP, the default everywhere.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A range that addresses come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// What takes its addresses from it.
    pub kind: RangeKind,
    /// The range.
    pub net: IpNet,
    /// Who says so.
    pub from: RangeSource,
}

/// What a range is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RangeKind {
    /// Pods.
    Pods,
    /// Services.
    Services,
    /// Nodes: only invented or stated ranges; the API has no object for it.
    Nodes,
}

/// Who says that a range exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RangeSource {
    /// A Node's podCIDR (IP-2), by the Node's name.
    PodCidr(String),
    /// An object: a ServiceCIDR (IP-3) or OpenShift's `Network`, as `Kind/name`.
    Object(String),
    /// The user.
    Stated,
    /// fibula, for addresses that the input lacks (DR-19).
    Invented,
}

/// Objects of one kind, namespace and name that contradict each other: kept out, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twins {
    /// The kind, such as `Pod`.
    pub kind: &'static str,
    /// The namespace; empty for a kind that has none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// All of them, in the order of their contents, never of their arrival.
    pub objects: Vec<ObjectId>,
    /// Every address that one of them claims, sorted: messages to these are undecided. Of what
    /// uses its Node's network, the addresses of the Nodes that it could run on (NM-14).
    pub addresses: Vec<IpAddr>,
    /// Every range that one of them claims, sorted (IP-2, IP-3): undecided too.
    pub ranges: Vec<IpNet>,
    /// Every way in that one of them claims, sorted: undecided too.
    pub fronts: Vec<Front>,
    /// The API path of the first field in which they differ, such as `status.podIP`.
    pub differ: String,
}

/// A way to a Service or a pod past its own addresses (SVC-20, NM-17): read, not followed yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Front {
    /// Whose it is.
    pub of: FrontOf,
    /// Where it stands.
    pub at: FrontAt,
    /// Its first port.
    pub first: u16,
    /// Its last port: the first, but for a nodePort that is still to be given (SVC-7).
    pub last: u16,
    /// Its protocol.
    pub protocol: Protocol,
}

/// Whose way in it is, as `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrontOf {
    /// A Service: by an external address, a load balancer or a nodePort.
    Service(String),
    /// A pod, or the workload that makes it: by a hostPort.
    Pod(String),
}

/// Where a way in stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrontAt {
    /// At this address.
    Address(IpAddr),
    /// At the addresses of every Node, or of one that the input does not name.
    Nodes,
    /// At the addresses of the Node of this name.
    Node(String),
}

/// Something that was taken for granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// The input has no Nodes: there are these many, and pods are spread over them (DR-20).
    Nodes(usize),
    /// Nodes that pods name but that were not read.
    NamedNodes(Vec<String>),
    /// Node addresses were invented, this many.
    NodeAddresses(usize),
    /// Pods without a Node were placed by us, this many (DR-20).
    Placement(usize),
    /// Pod addresses were invented, this many (DR-19).
    PodAddresses(usize),
    /// ClusterIPs were invented, this many.
    ServiceAddresses(usize),
    /// No range is known for Services, so an address that nobody owns goes to the outside (R3).
    NoServiceRange,
    /// No range is known for Pods (R3).
    NoPodRange,
    /// Workloads ask for more pods than fibula makes; of so many only so many are there.
    Capped {
        /// How many were asked for.
        asked: u64,
        /// How many there are.
        made: usize,
    },
}

// === impl Pod ===

impl Pod {
    /// Whether it has a network of its own, and an address in it: then it is a switch (G3).
    pub fn has_network(&self) -> bool {
        self.live && !self.host_network && !self.addresses.is_empty()
    }
}

// === impl Twins ===

impl Twins {
    /// Their namespace and name: `shop/web`, or `n1` of a kind that has no namespaces.
    pub fn path(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }

    /// What they are called: `Pod shop/web`.
    pub fn called(&self) -> String {
        format!("{} {}", self.kind, self.path())
    }
}
