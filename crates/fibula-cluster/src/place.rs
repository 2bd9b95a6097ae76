//! Where in the input something stands, without knowing of files.

use crate::object::Kind;

/// An object of the input, numbered by whoever read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// A container, or a port of one, or a port of a Service, or a rule of a policy, or a peer of one,
/// in an object: small enough to keep for each of 300,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The object.
    pub object: ObjectId,
    /// Which list of containers or of rules, and the index in it, counted from 0.
    pub container: Option<(ContainerList, u16)>,
    /// The index of the port in the container, or of the peer in the rule, counted from 0; without
    /// either, in the ports of the Service that the object is.
    pub port: Option<u16>,
}

/// A list of containers in a pod's specification, or of rules in a policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerList {
    /// `containers`
    Containers,
    /// `initContainers`
    Init,
    /// `ephemeralContainers`
    Ephemeral,
    /// `ingress` of a policy
    Ingress,
    /// `egress` of a policy
    Egress,
}

/// The API path of a place in an object of a kind: `spec.containers[0].ports[1]` in a Pod,
/// `spec.template.spec.containers[0]` in a Deployment, `spec.ports[1]` in a Service,
/// `spec.ingress[0].from[1]` in a policy; empty for the object as a whole.
pub fn place_path(kind: Kind, place: Place) -> String {
    let Some((list, index)) = place.container else {
        return place.port.map(|port| format!("spec.ports[{port}]")).unwrap_or_default();
    };
    let part = match list {
        ContainerList::Ingress => "from",
        ContainerList::Egress => "to",
        _ => "ports",
    };
    let spec = match kind {
        _ if part != "ports" => "spec",
        Kind::Pod => "spec",
        Kind::CronJob => "spec.jobTemplate.spec.template.spec",
        _ => "spec.template.spec",
    };
    let list = list.field();
    match place.port {
        Some(port) => format!("{spec}.{list}[{index}].{part}[{port}]"),
        None => format!("{spec}.{list}[{index}]"),
    }
}

impl ContainerList {
    /// Its name in the API.
    pub fn field(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Init => "initContainers",
            Self::Ephemeral => "ephemeralContainers",
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}
