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
    /// They are counted and left.
    Other,
}

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
];

/// What the model does with objects of a kind, by `apiVersion` (such as `apps/v1`, `v1`) and
/// `kind`. Versions within a group are alike to the model.
pub fn reading(api_version: &str, kind: &str) -> Reading {
    let group = group(api_version);
    if let Some(&(_, _, kind)) = READ.iter().find(|row| row.0 == group && row.1 == kind) {
        Reading::Read(kind)
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
