//! Services.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Labels, Metadata, Word, slim};

/// The label of a Service that another proxy acts for (SVC-5).
pub(crate) const PROXY_NAME: &str = "service.kubernetes.io/service-proxy-name";

/// The label of a Service that no proxy acts for, though it has an address (SVC-5).
pub(crate) const HEADLESS: &str = "service.kubernetes.io/headless";

slim! {
    /// A Service.
    pub struct Service {
        /// Name, and the labels that say who proxies it.
        pub metadata: Metadata,
        /// What it offers, and for whom.
        pub spec: ServiceSpec,
        /// What a load balancer has given it.
        pub status: ServiceStatus,
    }

    /// What a Service offers.
    pub struct ServiceSpec {
        /// `ClusterIP` where it is empty (SVC-1).
        #[serde(rename = "type")]
        pub kind: String,
        /// The first of `cluster_ips`; `None` makes the Service headless (SVC-2).
        #[serde(rename = "clusterIP")]
        pub cluster_ip: String,
        /// Its addresses, at most one per family (IP-6).
        #[serde(rename = "clusterIPs")]
        pub cluster_ips: Vec<String>,
        /// `SingleStack` where it is empty (IP-6).
        pub ip_family_policy: String,
        /// `IPv4`, `IPv6`, in the order of `cluster_ips` (IP-6).
        pub ip_families: Vec<String>,
        /// The labels of its pods (SVC-10).
        pub selector: Labels,
        /// Its ports.
        pub ports: Vec<ServicePort>,
        /// Addresses that others bring to the Nodes (SVC-20).
        #[serde(rename = "externalIPs")]
        pub external_ips: Vec<String>,
        /// The name that an `ExternalName` stands for (DNS-5).
        pub external_name: String,
        /// `Local` keeps messages to ClusterIPs on their Node (SVC-51); else `Cluster`.
        pub internal_traffic_policy: String,
        /// The same of what is reachable from outside (SVC-53).
        pub external_traffic_policy: String,
        /// Which endpoints are preferred (SVC-43).
        pub traffic_distribution: String,
        /// `ClientIP` keeps a client at its endpoint (SVC-42); else `None`.
        pub session_affinity: String,
        /// For how long.
        pub session_affinity_config: SessionAffinityConfig,
        /// Whether endpoints count as ready whatever their pods say (SVC-11).
        pub publish_not_ready_addresses: bool,
        /// The port that tells a load balancer where endpoints are (SVC-59); 0 where none does.
        pub health_check_node_port: i64,
        /// Who may use the load balancer (SVC-25).
        pub load_balancer_source_ranges: Vec<String>,
        /// Whether a load balancer has nodePorts too: true where it is absent (SVC-23).
        pub allocate_load_balancer_node_ports: Option<bool>,
    }

    /// For how long a client keeps its endpoint, in a wrapper of the API.
    pub struct SessionAffinityConfig {
        /// By the client's address.
        #[serde(rename = "clientIP")]
        pub client_ip: ClientIp,
    }

    /// For how long.
    pub struct ClientIp {
        /// In seconds; 10,800 where it is absent (SVC-1).
        pub timeout_seconds: Option<i64>,
    }

    /// What a load balancer has given a Service.
    pub struct ServiceStatus {
        /// Its addresses, in a wrapper of the API.
        pub load_balancer: LoadBalancer,
    }

    /// The load balancer of a Service.
    pub struct LoadBalancer {
        /// Its addresses.
        pub ingress: Vec<Ingress>,
    }

    /// An address of a load balancer.
    pub struct Ingress {
        /// The address; empty where it has a host name.
        pub ip: String,
        /// The name of a balancer that is known by name.
        pub hostname: String,
        /// `Proxy` where messages must pass the balancer itself (SVC-21); else `VIP`.
        pub ip_mode: String,
    }

    /// A port of a Service.
    pub struct ServicePort {
        /// Its name.
        pub name: String,
        /// The port; 0 where it is absent.
        pub port: i64,
        /// `TCP`, `UDP` or `SCTP`; TCP where it is empty.
        pub protocol: Word,
        /// The port of the endpoints; `port` where it is absent (SVC-1).
        pub target_port: Option<IntOrString>,
        /// The port of each Node that leads to it (SVC-2); 0 where none does yet.
        pub node_port: i64,
    }
}

/// A number, or a name to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A name.
    String(String),
}

impl ServiceSpec {
    /// Its addresses as they are written, `None` too: `clusterIPs`, else `clusterIP`.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let single = if self.cluster_ips.is_empty() { self.cluster_ip.as_str() } else { "" };
        let all = self.cluster_ips.iter().map(String::as_str);
        all.chain([single]).filter(|ip| !ip.is_empty())
    }

    /// Whether it is headless: a name without an address (SVC-2).
    pub fn headless(&self) -> bool {
        self.cluster_ip == "None" || self.cluster_ips.iter().any(|ip| ip == "None")
    }

    /// Whether ports of the Nodes lead to it (SVC-2).
    pub fn on_nodes(&self) -> bool {
        matches!(self.kind.as_str(), "NodePort" | "LoadBalancer")
    }

    /// Whether it can be reached from outside (SVC-1).
    pub fn externally_accessible(&self) -> bool {
        let cluster_ip = matches!(self.kind.as_str(), "" | "ClusterIP");
        self.on_nodes() || (cluster_ip && !self.external_ips.is_empty())
    }

    /// Whether it is only a name for another name (SVC-2).
    pub fn is_name(&self) -> bool {
        self.kind == "ExternalName"
    }
}

// === impl IntOrString ===

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::String(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = IntOrString;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a port number or the name of a port")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<IntOrString, E> {
                Ok(IntOrString::Int(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<IntOrString, E> {
                Ok(IntOrString::Int(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<IntOrString, E> {
                Ok(IntOrString::String(name.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
