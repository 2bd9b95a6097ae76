//! The facts of a network, known apart from its FIBs: `addr`, `open` and `host`.

use crate::addr::Addr;
use crate::element::{ElementId, PlaceId, ServiceId};
use crate::header::Port;

/// What is promised an address, a listener or a host. The constraints C1 to C4 speak of these;
/// the FIBs are how a network keeps them, and a FIB that loses an entry loses none of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `addr(E, a)`, sorted.
    pub addr: Vec<(Entity, Addr)>,
    /// `open(C, p)`, sorted by process.
    pub open: Vec<Open>,
    /// `host(N, X)`, by element: the Node of a Pod or daemon, the Pod of a container, the outside
    /// of the world; none for a Node and for the outside.
    pub host: Vec<Option<ElementId>>,
    /// The names of the Services that have an address.
    pub services: Vec<Box<str>>,
}

/// What can have an address (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A Pod or a Node, by its switch.
    Switch(ElementId),
    /// A Service.
    Service(ServiceId),
}

/// `open(C, p)`: a process listens on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// The container or daemon.
    pub process: ElementId,
    /// The port.
    pub port: Port,
    /// Where that is declared.
    pub place: PlaceId,
}

// === impl Facts ===

impl Facts {
    /// The addresses of an entity, sorted. Costs a binary search.
    pub fn addresses(&self, entity: Entity) -> impl Iterator<Item = Addr> + '_ {
        let start = self.addr.partition_point(|(e, _)| *e < entity);
        self.addr[start..].iter().take_while(move |(e, _)| *e == entity).map(|(_, a)| *a)
    }

    /// The ports that a process listens on, sorted. Costs a binary search.
    pub fn ports(&self, process: ElementId) -> &[Open] {
        let start = self.open.partition_point(|open| open.process < process);
        let len = self.open[start..].partition_point(|open| open.process == process);
        &self.open[start..start + len]
    }

    /// The host of an element.
    pub fn host(&self, element: ElementId) -> Option<ElementId> {
        self.host[element.index()]
    }
}
