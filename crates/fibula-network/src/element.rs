//! What a network is made of (N1, N4): elements, and where they come from.

use std::fmt;

/// An element of a network: an index into its list of elements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(pub u32);

/// A Service of a network's facts: an index into their list of Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);

/// What an element is. Processes produce and consume messages, switches process them (N4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A container, a Process (G1).
    Container,
    /// A daemon of a Node, a Process (G2).
    Daemon,
    /// Everybody outside of the cluster, one Process.
    World,
    /// A Pod Switch (G3).
    Pod,
    /// A Node Switch (G4).
    Node,
    /// The Switch between the Nodes and the world.
    Outside,
}

/// An element: its kind and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// What it is.
    pub kind: Kind,
    /// Its name, unique in the network among elements of its kind: `shop/web/server` for a
    /// container, `shop/web` for a Pod Switch, `n1` for a Node Switch, `n1/kubelet` for a daemon.
    pub name: Box<str>,
    /// Where it is declared.
    pub place: PlaceId,
}

/// Where something is declared, known only to whoever made the network, who can say what a
/// number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub u64);

// === impl ElementId ===

impl ElementId {
    /// Its place in a list that has one item for each element.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for ElementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}

// === impl Kind ===

impl Kind {
    /// Each kind, in their order.
    pub const ALL: [Kind; 6] =
        [Kind::Container, Kind::Daemon, Kind::World, Kind::Pod, Kind::Node, Kind::Outside];

    /// Whether it is a Process; else it is a Switch (N4).
    pub fn is_process(self) -> bool {
        matches!(self, Kind::Container | Kind::Daemon | Kind::World)
    }

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Container => "container",
            Kind::Daemon => "daemon",
            Kind::World => "world",
            Kind::Pod => "pod",
            Kind::Node => "node",
            Kind::Outside => "outside",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl PlaceId ===

impl PlaceId {
    /// Declared nowhere.
    pub const NONE: PlaceId = PlaceId(u64::MAX);
}
