//! Where in the input something stands, without knowing of files.

use crate::object::Kind;

/// An object of the input, numbered by whoever read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// A container, or a port of one, or a port of a Service, in an object: small enough to keep for
/// each of 300,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The object.
    pub object: ObjectId,
    /// Which list of containers, and the index in it, counted from 0.
    pub container: Option<(ContainerList, u16)>,
    /// The index of the port in the container, counted from 0; without a container, in the ports of
    /// the Service that the object is.
    pub port: Option<u16>,
}

/// A list of containers in a pod's specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerList {
    /// `containers`
    Containers,
    /// `initContainers`
    Init,
    /// `ephemeralContainers`
    Ephemeral,
}

/// The API path of a place in an object of a kind: `spec.containers[0].ports[1]` in a Pod,
/// `spec.template.spec.containers[0]` in a Deployment, `spec.ports[1]` in a
/// Service; empty for the object as a whole.
pub fn place_path(kind: Kind, place: Place) -> String {
    let Some((list, index)) = place.container else {
        return place.port.map(|port| format!("spec.ports[{port}]")).unwrap_or_default();
    };
    let spec = match kind {
        Kind::Pod => "spec",
        Kind::CronJob => "spec.jobTemplate.spec.template.spec",
        _ => "spec.template.spec",
    };
    let list = list.field();
    match place.port {
        Some(port) => format!("{spec}.{list}[{index}].ports[{port}]"),
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
        }
    }
}
