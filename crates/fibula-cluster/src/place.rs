//! Where in the input something stands, without knowing of files.

/// An object of the input, numbered by whoever read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// A container, or a port of one, in an object: small enough to keep for each of 300,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The object.
    pub object: ObjectId,
    /// Which list of containers, and the index in it, counted from 0.
    pub container: Option<(ContainerList, u16)>,
    /// The index of the port in the container, counted from 0.
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
