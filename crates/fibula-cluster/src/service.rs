//! The facts of Services: what they offer, where, and what stands behind them.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::cluster::Protocol;
use crate::place::ObjectId;

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What kind of Service it is.
    pub kind: ServiceKind,
    /// Whether the proxy of each Node acts for it (SVC-5): not for a headless Service, an
    /// `ExternalName`, nor one that is labelled as another proxy's, or as headless.
    pub proxied: bool,
    /// Its ClusterIPs, at most one per family (IP-6); empty for a headless Service and an
    /// `ExternalName`. A family without one has no other way in either (IP-7).
    pub cluster_ips: Vec<IpAddr>,
    /// Whether `cluster_ips` were invented.
    pub invented: bool,
    /// The name that an `ExternalName` stands for (DNS-5).
    pub external_name: Option<String>,
    /// The ports that it offers.
    pub ports: Vec<ServicePort>,
    /// Whether ports without a nodePort would get one: the Service has them, and is no cluster's
    /// object yet (SVC-7, SVC-23).
    pub awaits_node_ports: bool,
    /// Addresses that others bring to the Nodes (SVC-22).
    pub external_ips: Vec<IpAddr>,
    /// What load balancers have given it (SVC-20, SVC-21).
    pub balancers: Vec<Balancer>,
    /// Who may use the addresses of `balancers`: everyone where it is empty, and everyone of a
    /// family of which it has no range (SVC-25).
    pub source_ranges: Vec<IpNet>,
    /// Whether its ClusterIPs lead only to endpoints of the Node that proxies (`Local`, SVC-51).
    pub internal_local: bool,
    /// The same of what is reachable from outside: nodePorts, external addresses and load
    /// balancers (SVC-53); false where it has none.
    pub external_local: bool,
    /// For how many seconds a client keeps its endpoint, where it does (`ClientIP`, SVC-42).
    pub affinity: Option<u32>,
    /// Which endpoints are preferred.
    pub distribution: Distribution,
    /// Whether endpoints count as ready whatever their pods say (SVC-11).
    pub publish_not_ready: bool,
    /// The port of every Node that tells a load balancer whether an endpoint is there (SVC-59):
    /// only of a load balancer with `external_local`.
    pub health_check_port: Option<u16>,
    /// The labels that select its pods, sorted; empty where it selects none (SVC-10).
    pub selector: Vec<(String, String)>,
    /// The pods that it selects, as indices into [`Cluster::pods`](crate::Cluster::pods)
    /// (SVC-10).
    pub selects: Vec<usize>,
    /// What stands behind it, ready or not, by port, address and number: each once. Empty for an
    /// `ExternalName`. Those of a family without a ClusterIP serve only as names (IP-7).
    pub endpoints: Vec<Endpoint>,
    /// What stands behind a headless Service without ports, which only its names lead to (DNS-3):
    /// by address, each once. Port and number of these mean nothing. Any other Service has none.
    pub portless: Vec<Endpoint>,
    /// Nodes that its slices name and the cluster does not know, sorted, each with one slice that
    /// does: endpoints there are no Node's own (SVC-16).
    pub lost_nodes: Vec<(String, ObjectId)>,
    /// Whether EndpointSlices or Endpoints say so, and not the pods (SVC-17).
    pub sliced: bool,
    /// The object.
    pub object: ObjectId,
}

/// What kind of Service it is (SVC-2). Each of the three with ClusterIPs offers what the one
/// before does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// Reachable at its ClusterIPs.
    #[default]
    ClusterIp,
    /// At a port of every Node too.
    NodePort,
    /// At the addresses of a load balancer too.
    LoadBalancer,
    /// A name for the addresses of its endpoints, without one of its own.
    Headless,
    /// A name for another name.
    ExternalName,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The port.
    pub number: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port of the endpoints (SVC-1, SVC-14).
    pub target: TargetPort,
    /// The port of every Node that leads to it (SVC-2), where it has one.
    pub node_port: Option<u16>,
    /// Its index in `spec.ports`, counted from 0.
    pub index: u16,
}

/// The port of an endpoint, as a Service names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// Used as it is; no container need declare it (SVC-14).
    Number(u16),
    /// Looked up in each pod (SVC-14).
    Name(String),
}

/// An entry that a load balancer has given a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its name, of a balancer that is known by name only.
    pub hostname: Option<String>,
    /// Whether messages to its address go to the balancer even from within the cluster (`ipMode`
    /// is `Proxy`, SVC-21).
    pub proxy: bool,
}

/// Which endpoints of a Service are preferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distribution {
    /// None.
    #[default]
    None,
    /// Those of the client's zone (`PreferSameZone` and its older alias `PreferClose`, SVC-43).
    SameZone,
    /// Those of its Node, then of its zone (`PreferSameNode`, SVC-43).
    SameNode,
    /// What the controller made of CPUs and zones (SVC-44): what slices say, never computed.
    Auto,
}

/// A process behind a port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The port, as an index into [`Service::ports`] (by name and protocol, SVC-4).
    pub port: u16,
    /// Its address.
    pub addr: IpAddr,
    /// Its port there (SVC-14, SVC-18).
    pub number: u16,
    /// Whether it is meant to get messages (SVC-11, SVC-16).
    pub ready: bool,
    /// Whether it could answer.
    pub serving: bool,
    /// Whether it is about to end.
    pub terminating: bool,
    /// Where it runs, as an index into [`Cluster::nodes`](crate::Cluster::nodes); absent where
    /// nothing says, or where it is no Node of the cluster.
    pub node: Option<usize>,
    /// For whom it is preferred (SVC-40): shared, since those of one Node say the same.
    pub hints: Option<Arc<Hints>>,
    /// Its name below that of a headless Service (DNS-4).
    pub hostname: Option<Box<str>>,
    /// The pod that it is, as an index into [`Cluster::pods`](crate::Cluster::pods).
    pub pod: Option<usize>,
    /// The slice that says so, or the Service.
    pub object: ObjectId,
}

/// For whom an endpoint is preferred.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hints {
    /// Clients of these zones.
    pub zones: Vec<String>,
    /// Clients on these Nodes, as indices into [`Cluster::nodes`](crate::Cluster::nodes).
    pub nodes: Vec<usize>,
}

// === impl Service ===

impl Service {
    /// Whether it can be reached from outside (SVC-1): by a nodePort, an external address or a
    /// load balancer. Only then `external_local` decides anything.
    pub fn externally_accessible(&self) -> bool {
        match self.kind {
            ServiceKind::NodePort | ServiceKind::LoadBalancer => true,
            ServiceKind::ClusterIp => !self.external_ips.is_empty(),
            ServiceKind::Headless | ServiceKind::ExternalName => false,
        }
    }

    /// Whether only names lead to what stands behind it: it is headless and has no ports.
    pub(crate) fn is_portless(&self) -> bool {
        self.kind == ServiceKind::Headless && self.ports.is_empty()
    }

    /// All that stands behind it, `portless` or not: what its names lead to.
    pub fn standing(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().chain(&self.portless)
    }

    /// The endpoints of a port, an index into `ports`. Two binary searches.
    pub fn endpoints_of(&self, port: u16) -> &[Endpoint] {
        let first = self.endpoints.partition_point(|endpoint| endpoint.port < port);
        let end = self.endpoints.partition_point(|endpoint| endpoint.port <= port);
        self.endpoints.get(first..end).unwrap_or_default()
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// The zones whose clients prefer it.
    pub fn zones(&self) -> &[String] {
        self.hints.as_ref().map_or(&[], |hints| &hints.zones)
    }

    /// The Nodes whose clients prefer it, as indices into
    /// [`Cluster::nodes`](crate::Cluster::nodes).
    pub fn nodes(&self) -> &[usize] {
        self.hints.as_ref().map_or(&[], |hints| &hints.nodes)
    }
}
