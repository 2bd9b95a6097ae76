//! The names of a policy's fields. A policy with a field that nobody reads means something else than
//! it says, mostly *everything* (NP-1, NP-9): `kubectl apply` refuses it, and so do we. Of other
//! kinds fields are left unread, for they have hundreds.

use crate::object::Kind;

/// What a value may hold.
#[derive(Clone, Copy, Debug)]
pub enum Fields {
    /// Whatever it does: it is no mapping, or has keys of the user's own.
    Any,
    /// These fields, each with what it may hold.
    Of(&'static [(&'static str, Fields)]),
    /// These, or fields that the API had not when this was written (CNP-26).
    OrNewer(&'static [(&'static str, Fields)]),
    /// A list of these.
    Each(&'static Fields),
}

use Fields::{Any, Each, Of, OrNewer};

const SELECTOR: Fields = Of(&[
    ("matchLabels", Any),
    ("matchExpressions", Each(&Of(&[("key", Any), ("operator", Any), ("values", Any)]))),
]);

const PEERS: Fields = Each(&Of(&[
    ("podSelector", SELECTOR),
    ("namespaceSelector", SELECTOR),
    ("ipBlock", Of(&[("cidr", Any), ("except", Any)])),
]));

const PORTS: Fields = Each(&Of(&[("protocol", Any), ("port", Any), ("endPort", Any)]));

const NETWORK_POLICY: Fields = Of(&[
    ("podSelector", SELECTOR),
    ("policyTypes", Any),
    ("ingress", Each(&Of(&[("from", PEERS), ("ports", PORTS)]))),
    ("egress", Each(&Of(&[("to", PEERS), ("ports", PORTS)]))),
]);

const PODS: Fields = Of(&[("namespaceSelector", SELECTOR), ("podSelector", SELECTOR)]);

const SUBJECT: Fields = Of(&[("namespaces", SELECTOR), ("pods", PODS)]);

const CLUSTER_PEERS: Fields = Each(&OrNewer(&[
    ("namespaces", SELECTOR),
    ("pods", PODS),
    ("nodes", SELECTOR),
    ("networks", Any),
    ("domainNames", Any),
]));

const RANGE: Fields = Of(&[("start", Any), ("end", Any)]);

const DESTINATION: Fields = Of(&[("destinationPort", Of(&[("number", Any), ("range", RANGE)]))]);

const PROTOCOLS: Fields = Each(&Of(&[
    ("tcp", DESTINATION),
    ("udp", DESTINATION),
    ("sctp", DESTINATION),
    ("destinationNamedPort", Any),
]));

const CLUSTER_POLICY: Fields = Of(&[
    ("tier", Any),
    ("priority", Any),
    ("subject", SUBJECT),
    (
        "ingress",
        Each(&Of(&[
            ("name", Any),
            ("action", Any),
            ("from", CLUSTER_PEERS),
            ("protocols", PROTOCOLS),
        ])),
    ),
    (
        "egress",
        Each(&Of(&[
            ("name", Any),
            ("action", Any),
            ("to", CLUSTER_PEERS),
            ("protocols", PROTOCOLS),
        ])),
    ),
]);

const OLDER_PORTS: Fields = Each(&Of(&[
    ("portNumber", Of(&[("protocol", Any), ("port", Any)])),
    ("portRange", Of(&[("protocol", Any), ("start", Any), ("end", Any)])),
    ("namedPort", Any),
]));

const OLDER_INGRESS: Fields =
    Each(&Of(&[("name", Any), ("action", Any), ("from", CLUSTER_PEERS), ("ports", OLDER_PORTS)]));

const OLDER_EGRESS: Fields =
    Each(&Of(&[("name", Any), ("action", Any), ("to", CLUSTER_PEERS), ("ports", OLDER_PORTS)]));

const ADMIN: Fields = Of(&[
    ("priority", Any),
    ("subject", SUBJECT),
    ("ingress", OLDER_INGRESS),
    ("egress", OLDER_EGRESS),
]);

const BASELINE: Fields =
    Of(&[("subject", SUBJECT), ("ingress", OLDER_INGRESS), ("egress", OLDER_EGRESS)]);

// === impl Kind ===

impl Kind {
    /// What the `spec` of an object of this kind may hold; of all but policies, anything.
    pub fn fields(self) -> Fields {
        match self {
            Kind::NetworkPolicy => NETWORK_POLICY,
            Kind::ClusterNetworkPolicy => CLUSTER_POLICY,
            Kind::AdminNetworkPolicy => ADMIN,
            Kind::BaselineAdminNetworkPolicy => BASELINE,
            _ => Any,
        }
    }
}
