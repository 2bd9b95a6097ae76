//! The network that Kubernetes intends for a cluster: the idealised network of `model.md`,
//! section 3, rule by rule.
//!
//! ```text
//!   Cluster ──► facts     addr, open, host
//!           ──► graph     G1 to G8    elements and links
//!           ──► pods      F1 to F3    one pipeline for all Pod Switches      R1 R2
//!           ──► nodes     F4 F5       one pipeline for all Node Switches     R3 R4
//!           ──► outside               what lies between Nodes and the world  R3
//!           ──► services  SVC, POD-9  entries that rewrite, before the Nodes' next hop
//!           ──► policies  NP, CNP   filters of Pods, between Services and the Nodes' next hop
//!           ──► owners                who owns which address; POD-7
//! ```
//!
//! A Node Switch asks its tables in this order: `replies` of connections that it rewrote, `services`,
//! which rewrites targets, `egress` and `ingress`, where policies filter, `source`, which rewrites
//! sources, and `next hop`, the article's own entries. The outside has the same shape. Tables without
//! entries are left out.
//!
//! The entries are relative (*own*, *hosted*, *listened*), so that 150,000 Pod Switches share five
//! of them; [`Network::written`] gives them in the article's own form.

mod decisions;
mod graph;
mod nodes;
mod outside;
mod owners;
mod place;
mod pods;
mod policies;
mod services;
mod tables;

pub use decisions::{Decision, Decisions, Profile};
pub use place::{place, place_id};

use std::fmt;
use std::str::FromStr;

use fibula_cluster::Cluster;
use fibula_network::{Kind, Network, Port};
use tables::{Pipeline, Slot};

/// What is taken for granted of a cluster, beside its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Refinements that are switched off.
    pub without: Vec<Refinement>,
    /// Whether the declared ports are all that is listened on (R1, POD-2).
    pub listeners: Listeners,
    /// Processes of every Node that are in no object.
    pub daemons: Vec<Daemon>,
    /// What is decided of that which Kubernetes leaves open.
    pub decisions: Decisions,
}

/// A refinement of the article's network: where it is silent or goes wrong (`model.md`, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refinement {
    /// A Pod's own address at a closed port.
    R1,
    /// Loopback at a closed port, and IPv6 loopback.
    R2,
    /// Addresses that nobody owns, and the outside.
    R3,
    /// Delivery to daemons, and to Nodes.
    R4,
}

/// What the declared ports say of the ports that are listened on (POD-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listeners {
    /// Little: others may be listened on too, by a process that nobody knows.
    #[default]
    Unknown,
    /// All: a port that is not declared is closed.
    Declared,
}

/// A process of every Node that is in no object, such as a kubelet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Daemon {
    /// Its name, unique on a Node.
    pub name: String,
    /// The port that it listens on.
    pub port: Port,
}

/// The network that Kubernetes intends for these objects.
///
/// Finished pods and pods without an address take no part (POD-5, POD-6). Costs a pass over the
/// cluster, and a sort of its addresses, on two cores where there are two.
pub fn network(cluster: &Cluster, intent: &Intent) -> Network {
    let mut network = graph::elements(cluster, intent);
    let (links, owned) = rayon::join(|| graph::links(&network), || owners::own(&network, intent));
    network.links = links;
    network.choices = owned.choices.clone();
    let sets = tables::ranges(&mut network, cluster, intent);
    let services = services::tables(&mut network, cluster, &owned);
    network.owners = owned.owners;
    let pods = pods::entries(intent);
    let nodes = nodes::entries(intent, &network, sets);
    let outside = outside::entries(&network, sets, services.doors);
    let mut at_pods = Pipeline::default();
    at_pods.table(Slot::NextHop, "pod", pods);
    at_pods.install(&mut network, Kind::Pod);

    let mut at_nodes = Pipeline::default();
    let rewrites = !services.services.is_empty();
    at_nodes.table(Slot::Services, "services", services.services);
    let filters = policies::tables(&mut network, cluster, intent, &mut at_nodes);
    at_nodes.table(Slot::Replies, "replies", tables::replies(rewrites || filters));
    at_nodes.table(Slot::Source, "source", services.source);
    at_nodes.table(Slot::NextHop, "next hop", nodes);
    at_nodes.install(&mut network, Kind::Node);

    let mut at_outside = Pipeline::default();
    let replies = tables::replies(!services.balancers.is_empty());
    at_outside.table(Slot::Replies, "outside replies", replies);
    at_outside.table(Slot::Services, "balancers", services.balancers);
    at_outside.table(Slot::Source, "balancers' source", services.balancer_source);
    at_outside.table(Slot::NextHop, "outside", outside);
    at_outside.install(&mut network, Kind::Outside);
    network
}

// === impl Intent ===

impl Intent {
    /// Whether a refinement is in force.
    pub fn has(&self, refinement: Refinement) -> bool {
        !self.without.contains(&refinement)
    }
}

// === impl Refinement ===

impl Refinement {
    /// Each refinement, in their order.
    pub const ALL: [Refinement; 4] =
        [Refinement::R1, Refinement::R2, Refinement::R3, Refinement::R4];

    /// Its id in the model.
    pub fn id(self) -> &'static str {
        match self {
            Refinement::R1 => "R1",
            Refinement::R2 => "R2",
            Refinement::R3 => "R3",
            Refinement::R4 => "R4",
        }
    }
}

impl fmt::Display for Refinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Refinement {
    type Err = String;

    fn from_str(text: &str) -> Result<Refinement, String> {
        Refinement::ALL
            .into_iter()
            .find(|refinement| refinement.id().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("{text:?} is no refinement: R1, R2, R3 or R4"))
    }
}

// === impl Daemon ===

impl Daemon {
    /// A kubelet: what every Node runs (NM-5, POD-13).
    pub fn kubelet() -> Daemon {
        Daemon { name: "kubelet".to_owned(), port: Port::tcp(10250) }
    }
}

impl FromStr for Daemon {
    type Err = String;

    fn from_str(text: &str) -> Result<Daemon, String> {
        let (name, port) = text
            .split_once(':')
            .filter(|(name, _)| !name.is_empty() && !name.contains('/'))
            .ok_or_else(|| {
                format!("{text:?} is no daemon: say NAME:PORT, such as kubelet:10250")
            })?;
        let port: Port = port.parse()?;
        if port.number == 0 {
            return Err(format!("{text:?}: a port is a number from 1 to 65535"));
        }
        Ok(Daemon { name: name.to_owned(), port })
    }
}
