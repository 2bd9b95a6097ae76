//! The policies of a whole cluster: ClusterNetworkPolicy, and the two kinds before it (CNP-29).

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{LabelSelector, Metadata, Word, slim};
use crate::object::Kind;

slim! {
    /// A ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy: to the model they
    /// differ in how they say their ports and their tier (CNP-29).
    pub struct ClusterPolicy {
        /// Its name.
        pub metadata: Metadata,
        /// Whom it governs, and how.
        pub spec: ClusterPolicySpec,
    }

    /// Whom a policy of the cluster governs, and how.
    pub struct ClusterPolicySpec {
        /// `Admin` or `Baseline`, of a ClusterNetworkPolicy (CNP-10).
        pub tier: Word,
        /// From 0 to 1000, the lower wins (CNP-11); a BaselineAdminNetworkPolicy has none.
        pub priority: Option<i64>,
        /// Its pods (CNP-17).
        pub subject: ClusterSubject,
        /// What becomes of what comes in: the first rule that matches decides.
        pub ingress: Vec<ClusterRule>,
        /// What becomes of what goes out.
        pub egress: Vec<ClusterRule>,
    }

    /// The pods that a policy governs: one of the two (CNP-17).
    pub struct ClusterSubject {
        /// All pods of namespaces of these labels.
        pub namespaces: Option<LabelSelector>,
        /// Some pods.
        pub pods: Option<NamespacedPods>,
    }

    /// Pods by the labels of their namespaces and their own.
    pub struct NamespacedPods {
        /// All namespaces where it is absent (CNP-17).
        pub namespace_selector: LabelSelector,
        /// Must be given, if only as `{}` (CNP-17).
        pub pod_selector: Option<LabelSelector>,
    }

    /// What becomes of some messages.
    pub struct ClusterRule {
        /// What people call it.
        pub name: String,
        /// `Accept`, `Deny` or `Pass`; `Allow` for Accept in the older kinds (CNP-29).
        pub action: Word,
        /// From these, of an ingress rule (CNP-20).
        pub from: Vec<ClusterPeer>,
        /// To these, of an egress rule (CNP-21).
        pub to: Vec<ClusterPeer>,
        /// At these ports, of a ClusterNetworkPolicy: at all where it is absent (CNP-27).
        pub protocols: Option<Vec<ClusterProtocol>>,
        /// The same in the older kinds (CNP-29).
        pub ports: Option<Vec<ClusterPort>>,
    }

    /// Ports by protocol: one of these (CNP-27).
    pub struct ClusterProtocol {
        /// Of TCP.
        pub tcp: Option<Destination>,
        /// Of UDP.
        pub udp: Option<Destination>,
        /// Of SCTP.
        pub sctp: Option<Destination>,
        /// By name, of whatever protocol (CNP-28).
        pub destination_named_port: Option<String>,
    }

    /// Ports of one protocol, in a wrapper of the API.
    pub struct Destination {
        /// The ports; the API server wants them given (CNP-27).
        pub destination_port: Option<PortMatch>,
    }

    /// A port or a range of them.
    pub struct PortMatch {
        /// A port.
        pub number: Option<i64>,
        /// A range.
        pub range: Option<PortRange>,
    }

    /// A range of ports, both ends in it.
    pub struct PortRange {
        /// `TCP`, `UDP` or `SCTP`, in the older kinds only; TCP where it is empty.
        pub protocol: Word,
        /// The first.
        pub start: i64,
        /// The last; more than the first.
        pub end: i64,
    }

    /// Ports in the older kinds: one of these (CNP-29).
    pub struct ClusterPort {
        /// A port.
        pub port_number: Option<PortNumber>,
        /// A range.
        pub port_range: Option<PortRange>,
        /// By name, of whatever protocol.
        pub named_port: Option<String>,
    }

    /// A port with its protocol.
    pub struct PortNumber {
        /// `TCP`, `UDP` or `SCTP`; TCP where it is empty.
        pub protocol: Word,
        /// The port; 0 where it is absent.
        pub port: i64,
    }
}

/// Whom a rule speaks of: one of these (CNP-20, CNP-21).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterPeer {
    /// All pods of namespaces of these labels.
    pub namespaces: Option<LabelSelector>,
    /// Some pods.
    pub pods: Option<NamespacedPods>,
    /// Nodes of these labels (CNP-24).
    pub nodes: Option<LabelSelector>,
    /// Ranges of addresses (CNP-23).
    pub networks: Option<Vec<String>>,
    /// Names, `*.` before some (CNP-25).
    pub domain_names: Option<Vec<String>>,
    /// The names of fields that the API had not when this was written (CNP-26), sorted.
    pub unknown: Vec<String>,
}

// === impl ClusterPolicy ===

impl ClusterPolicy {
    /// Forgets what the API server does not know of this kind (CNP-29).
    pub(crate) fn prune(&mut self, kind: Kind) {
        let spec = &mut self.spec;
        if kind != Kind::ClusterNetworkPolicy {
            spec.tier = Word::default();
        }
        if kind == Kind::BaselineAdminNetworkPolicy {
            spec.priority = None;
        }
        spec.ingress.iter_mut().for_each(|rule| rule.to.clear());
        spec.egress.iter_mut().for_each(|rule| rule.from.clear());
        for rule in spec.ingress.iter_mut().chain(&mut spec.egress) {
            if kind == Kind::ClusterNetworkPolicy {
                rule.ports = None;
                let protocols = rule.protocols.iter_mut().flatten();
                let all = protocols.flat_map(|p| [&mut p.tcp, &mut p.udp, &mut p.sctp]);
                let ports = all.flatten().filter_map(|port| port.destination_port.as_mut());
                ports.filter_map(|port| port.range.as_mut()).for_each(|range| {
                    range.protocol = Word::default();
                });
            } else {
                rule.protocols = None;
            }
        }
    }
}

// === impl ClusterPeer ===

impl Serialize for ClusterPeer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let selectors = [("namespaces", &self.namespaces), ("nodes", &self.nodes)];
        for (key, selector) in selectors {
            if let Some(selector) = selector {
                map.serialize_entry(key, selector)?;
            }
        }
        if let Some(pods) = &self.pods {
            map.serialize_entry("pods", pods)?;
        }
        for (key, list) in [("networks", &self.networks), ("domainNames", &self.domain_names)] {
            if let Some(list) = list {
                map.serialize_entry(key, list)?;
            }
        }
        for key in &self.unknown {
            map.serialize_entry(key, &())?;
        }
        map.end()
    }
}

/// The fields of a peer.
const FIELDS: &[&str] = &["namespaces", "pods", "nodes", "networks", "domainNames"];

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Namespaces,
    Pods,
    Nodes,
    Networks,
    DomainNames,
    #[serde(untagged)]
    Other(String),
}

impl<'de> Deserialize<'de> for ClusterPeer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = ClusterPeer;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClusterPeer, A::Error> {
                let mut peer = ClusterPeer::default();
                while let Some(field) = map.next_key::<Field>()? {
                    match field {
                        Field::Namespaces => peer.namespaces = map.next_value()?,
                        Field::Pods => peer.pods = map.next_value()?,
                        Field::Nodes => peer.nodes = map.next_value()?,
                        Field::Networks => peer.networks = map.next_value()?,
                        Field::DomainNames => peer.domain_names = map.next_value()?,
                        Field::Other(name) => {
                            // Null is absent, as everywhere.
                            let given = map.next_value::<Option<IgnoredAny>>()?.is_some();
                            peer.unknown.extend(given.then_some(name));
                        }
                    }
                }
                peer.unknown.sort();
                peer.unknown.dedup();
                Ok(peer)
            }
        }
        deserializer.deserialize_struct("ClusterPeer", FIELDS, Fields)
    }
}
