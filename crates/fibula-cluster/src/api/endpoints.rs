//! EndpointSlices, and the older Endpoints: what stands behind a Service.

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Address, Labels, Metadata, Word, slim};

/// The label by which a slice belongs to a Service of its namespace (SVC-15).
pub(crate) const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The label that names who writes a slice (SVC-15).
pub(crate) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";

/// The label of Endpoints that are not to be mirrored (SVC-15).
pub(crate) const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";

slim! {
    /// An EndpointSlice.
    pub struct EndpointSlice {
        /// Name, and the labels that say whose it is.
        pub metadata: Metadata,
        /// `IPv4`, `IPv6` or `FQDN`.
        pub address_type: Word,
        /// What stands behind the Service.
        pub endpoints: Vec<SliceEndpoint>,
        /// Each endpoint has all of these.
        pub ports: Vec<EndpointPort>,
    }

    /// An endpoint of a slice.
    pub struct SliceEndpoint {
        /// Its address.
        pub addresses: First,
        /// Whether it takes messages.
        pub conditions: EndpointConditions,
        /// Its name below the Service's (DNS-4).
        pub hostname: Word,
        /// The Node that runs it.
        pub node_name: String,
        /// The zone that it is in.
        pub zone: Word,
        /// Where `v1beta1` held the Node and the zone.
        pub topology: Labels,
        /// For whom it is preferred.
        pub hints: Option<Box<EndpointHints>>,
        /// The pod that it is.
        pub target_ref: TargetRef,
    }

    /// Whether an endpoint takes messages; what is absent has a default (SVC-16).
    pub struct EndpointConditions {
        /// Whether it is meant to get messages; true where it is absent.
        pub ready: Option<bool>,
        /// Whether it could answer; true where it is absent.
        pub serving: Option<bool>,
        /// Whether it is about to end; false where it is absent.
        pub terminating: Option<bool>,
    }

    /// For whom an endpoint is preferred (SVC-43, SVC-44).
    pub struct EndpointHints {
        /// Clients of these zones.
        pub for_zones: Vec<Named>,
        /// Clients on these Nodes.
        pub for_nodes: Vec<Named>,
    }

    /// Something by its name.
    pub struct Named {
        /// The name.
        pub name: String,
    }

    /// What an endpoint is, in its own namespace.
    pub struct TargetRef {
        /// `Pod`, or something that the model does not know.
        pub kind: Word,
        /// Its name.
        pub name: String,
    }

    /// A port of endpoints.
    pub struct EndpointPort {
        /// Its name, by which it belongs to a port of the Service (SVC-4).
        pub name: String,
        /// The port; 0 where it is absent, which means nothing to a proxy.
        pub port: i64,
        /// `TCP`, `UDP` or `SCTP`; TCP where it is empty.
        pub protocol: Word,
    }

    /// Endpoints, as they were before there were slices.
    pub struct Endpoints {
        /// The Service's name, and labels.
        pub metadata: Metadata,
        /// Groups that share their ports.
        pub subsets: Vec<Subset>,
    }

    /// Endpoints that share their ports.
    pub struct Subset {
        /// Those that are ready.
        pub addresses: Vec<EndpointAddress>,
        /// Those that are not.
        pub not_ready_addresses: Vec<EndpointAddress>,
        /// Each has all of these.
        pub ports: Vec<EndpointPort>,
    }

    /// An endpoint of Endpoints.
    pub struct EndpointAddress {
        /// Its address.
        pub ip: Address,
        /// Its name below the Service's (DNS-4).
        pub hostname: Word,
        /// The Node that runs it.
        pub node_name: String,
        /// The pod that it is.
        pub target_ref: TargetRef,
    }
}

/// The first address of a list: the others mean nothing (SVC-16).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct First(pub Address);

impl EndpointSlice {
    /// The Service that it belongs to, of its namespace (SVC-15).
    pub fn service(&self) -> Option<&str> {
        self.metadata.labels.get(SERVICE_NAME).filter(|name| !name.is_empty())
    }

    /// Who writes it: empty where it does not say.
    pub fn managed_by(&self) -> &str {
        self.metadata.labels.get(MANAGED_BY).unwrap_or_default()
    }

    /// Whether its addresses are names, which no proxy looks at (SVC-16).
    pub fn of_names(&self) -> bool {
        self.address_type == *"FQDN"
    }
}

impl SliceEndpoint {
    /// The Node that runs it, by the newer field or the older.
    pub fn node(&self) -> &str {
        match self.node_name.as_str() {
            "" => self.topology.get("kubernetes.io/hostname").unwrap_or_default(),
            name => name,
        }
    }

    /// The zone that it is in, by the newer field or the older.
    pub fn zone(&self) -> &str {
        match &*self.zone {
            "" => self.topology.get(super::ZONE).unwrap_or_default(),
            zone => zone,
        }
    }
}

impl Endpoints {
    /// Whether they are never mirrored into slices (SVC-15).
    pub fn unmirrored(&self) -> bool {
        self.metadata.labels.get(SKIP_MIRROR) == Some("true")
    }
}

impl TargetRef {
    /// The name of the pod that it is.
    pub fn pod(&self) -> Option<&str> {
        let is_pod = self.kind == *"Pod" && !self.name.is_empty();
        is_pod.then_some(self.name.as_str())
    }
}

// === impl First ===

impl Serialize for First {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(Some(&self.0).filter(|first| !first.is_empty()))
    }
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = First;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of addresses")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First, A::Error> {
                let first = list.next_element::<Option<Address>>()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first.flatten().unwrap_or_default()))
            }
        }
        deserializer.deserialize_seq(List)
    }
}
