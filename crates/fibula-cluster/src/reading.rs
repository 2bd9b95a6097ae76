//! What the model does with objects of each kind: read them, name them as unread, or leave them.

use crate::object::Kind;

/// What the model does with objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// They are read.
    Read(Kind),
    /// They hold other objects under `items`, whatever the kind before `List` is.
    List,
    /// They decide traffic but are not read: answers that they could change are undecided
    /// (DR-21).
    Unread,
    /// It stands for objects that could not be read where this was written (see `MISSING`).
    Missing,
    /// They are counted and left.
    Other,
}

/// A kind of objects, as a cluster lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its group; empty for the core group.
    pub group: &'static str,
    /// Its name, such as `NetworkPolicy`.
    pub kind: &'static str,
    /// What the API calls them: `networkpolicies.networking.k8s.io`.
    pub resource: String,
}

/// `apiVersion` and `kind` of what stands for objects that could not be read where it was written: so
/// that a dump says as much as the cluster did. `of` holds their `apiVersion` and `kind`, and
/// `metadata` the names of the one that is meant; without a name, nobody may list them.
pub(crate) const MISSING: (&str, &str) = ("fibula/v1", "Unread");

/// What such an object is `of` that stands for what containers name in their environment, commands
/// and arguments: a dump leaves that out, unless it is asked for.
pub(crate) const ENVIRONMENTS: (&str, &str) = ("fibula/v1", "Environment");

/// What a kind decides that networks do not follow, and so which answers it could change (DR-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decides {
    /// Whether a message is withheld.
    Policy,
    /// What the address of a Service leads to.
    Service,
    /// What a Process that takes messages in from outside does with them.
    Gateway,
}

/// The group of the policies of a whole cluster (CNP-1).
const POLICIES: &str = "policy.networking.k8s.io";

/// Group, kind, and how it is read.
const READ: &[(&str, &str, Kind)] = &[
    ("", "Namespace", Kind::Namespace),
    ("", "Node", Kind::Node),
    ("", "Pod", Kind::Pod),
    ("", "Service", Kind::Service),
    ("", "ReplicationController", Kind::ReplicationController),
    ("apps", "Deployment", Kind::Deployment),
    ("apps", "ReplicaSet", Kind::ReplicaSet),
    ("apps", "StatefulSet", Kind::StatefulSet),
    ("apps", "DaemonSet", Kind::DaemonSet),
    ("extensions", "Deployment", Kind::Deployment),
    ("extensions", "ReplicaSet", Kind::ReplicaSet),
    ("extensions", "DaemonSet", Kind::DaemonSet),
    ("batch", "Job", Kind::Job),
    ("batch", "CronJob", Kind::CronJob),
    ("networking.k8s.io", "ServiceCIDR", Kind::ServiceCidr),
    ("config.openshift.io", "Network", Kind::OpenShiftNetwork),
    ("discovery.k8s.io", "EndpointSlice", Kind::EndpointSlice),
    ("", "Endpoints", Kind::Endpoints),
    ("networking.k8s.io", "NetworkPolicy", Kind::NetworkPolicy),
    ("extensions", "NetworkPolicy", Kind::NetworkPolicy),
    (POLICIES, "ClusterNetworkPolicy", Kind::ClusterNetworkPolicy),
    (POLICIES, "AdminNetworkPolicy", Kind::AdminNetworkPolicy),
    (POLICIES, "BaselineAdminNetworkPolicy", Kind::BaselineAdminNetworkPolicy),
];

/// Group, kinds, and what they decide: of kinds that networks do not follow, or not all objects of.
const UNFOLLOWED: &[(&str, &[&str], Decides)] = &[
    // Policies of Kubernetes itself: read, but where one is refused it is as good as not read.
    ("networking.k8s.io", &["NetworkPolicy"], Decides::Policy),
    ("extensions", &["NetworkPolicy"], Decides::Policy),
    (
        POLICIES,
        &["ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"],
        Decides::Policy,
    ),
    // Policies of plugins.
    ("cilium.io", &["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"], Decides::Policy),
    (
        "crd.projectcalico.org",
        &["NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy"],
        Decides::Policy,
    ),
    ("projectcalico.org", &["NetworkPolicy", "GlobalNetworkPolicy"], Decides::Policy),
    ("crd.antrea.io", &["NetworkPolicy", "ClusterNetworkPolicy"], Decides::Policy),
    ("k8s.ovn.org", &["EgressFirewall", "EgressIP"], Decides::Policy),
    ("network.openshift.io", &["EgressNetworkPolicy"], Decides::Policy),
    // Policies and routing of meshes.
    (
        "security.istio.io",
        &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"],
        Decides::Policy,
    ),
    (
        "networking.istio.io",
        &["VirtualService", "DestinationRule", "ServiceEntry", "Sidecar"],
        Decides::Service,
    ),
    ("networking.istio.io", &["Gateway"], Decides::Gateway),
    (
        "policy.linkerd.io",
        &["Server", "ServerAuthorization", "AuthorizationPolicy"],
        Decides::Policy,
    ),
    ("policy.linkerd.io", &["HTTPRoute"], Decides::Service),
    // What an address leads to.
    ("multicluster.x-k8s.io", &["ServiceImport", "ServiceExport"], Decides::Service),
    // Ways in.
    ("networking.k8s.io", &["Ingress", "IngressClass"], Decides::Gateway),
    ("extensions", &["Ingress"], Decides::Gateway),
    (
        "gateway.networking.k8s.io",
        &[
            "Gateway",
            "GatewayClass",
            "ListenerSet",
            "HTTPRoute",
            "GRPCRoute",
            "TLSRoute",
            "TCPRoute",
            "UDPRoute",
        ],
        Decides::Gateway,
    ),
    ("gateway.networking.x-k8s.io", &["XListenerSet"], Decides::Gateway),
    ("route.openshift.io", &["Route"], Decides::Gateway),
    // Read; but where nobody may list them, what a Service leads to is not known.
    ("discovery.k8s.io", &["EndpointSlice"], Decides::Service),
];

/// What the model does with objects of a kind, by `apiVersion` (such as `apps/v1`, `v1`) and
/// `kind`. Versions within a group are alike to the model.
pub fn reading(api_version: &str, kind: &str) -> Reading {
    let group = group(api_version);
    if let Some(&(_, _, kind)) = READ.iter().find(|row| row.0 == group && row.1 == kind) {
        Reading::Read(kind)
    } else if (api_version, kind) == MISSING {
        Reading::Missing
    } else if kind.ends_with("List") {
        Reading::List
    } else if decides(api_version, kind).is_some() {
        Reading::Unread
    } else {
        Reading::Other
    }
}

/// What a kind decides that networks do not follow where an object of it is not read, or is refused.
/// Nothing for any other kind.
pub fn decides(api_version: &str, kind: &str) -> Option<Decides> {
    let group = group(api_version);
    let row = UNFOLLOWED.iter().find(|row| row.0 == group && row.1.contains(&kind));
    row.map(|row| row.2)
}

/// Which of the resources that a cluster has are to be listed: those that are read, and those that are
/// named as unread. Never Secrets, nor ConfigMaps.
///
/// Of what a cluster shows in two ways one is enough: Endpoints are in slices too (SVC-15), what was in
/// `extensions` is in its own group, and what a plugin stores it may serve by another group.
pub fn listed(has: impl Fn(&str) -> bool) -> Vec<Listed> {
    let read = READ.iter().map(|row| (row.0, row.1));
    let unread = UNFOLLOWED.iter().flat_map(|row| row.1.iter().map(|kind| (row.0, *kind)));
    let mut all: Vec<Listed> = vec![];
    for (group, kind) in read.chain(unread) {
        let listed = Listed { group, kind, resource: resource(group, kind) };
        let twice = match (group, kind) {
            ("", "Endpoints") => has("endpointslices.discovery.k8s.io"),
            ("extensions", _) => true,
            ("crd.projectcalico.org", kind) => has(&resource("projectcalico.org", kind)),
            _ => false,
        };
        if !twice && has(&listed.resource) && !all.contains(&listed) {
            all.push(listed);
        }
    }
    all
}

/// What the API calls objects of a kind: the plural in small letters, and the group.
fn resource(group: &str, kind: &str) -> String {
    let mut plural = kind.to_lowercase();
    match plural.as_bytes() {
        [.., b't', b's'] => {}
        [.., b's' | b'x'] => plural.push_str("es"),
        [.., b'c' | b'r', b'y'] => plural.replace_range(plural.len() - 1.., "ies"),
        _ => plural.push('s'),
    }
    if group.is_empty() { plural } else { format!("{plural}.{group}") }
}

/// Whether a kind that is missing is no kind of Kubernetes, but what containers name.
pub fn is_environments(api_version: &str, kind: &str) -> bool {
    (api_version, kind) == ENVIRONMENTS
}

/// Whether objects of a kind are read, whatever their group.
pub fn is_read(kind: &str) -> bool {
    READ.iter().any(|row| row.1.eq_ignore_ascii_case(kind))
}

/// The kinds that decide traffic and are not read: some of a name that another group's are read by.
pub fn unread_kinds() -> impl Iterator<Item = &'static str> {
    UNFOLLOWED.iter().flat_map(|row| row.1).copied()
}

/// The group of an `apiVersion`: empty for the core group.
fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}
