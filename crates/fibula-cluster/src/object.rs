//! Objects of the kinds that are read, and what is wrong in them.

use serde::Deserializer;
use serde::de::Deserialize;

use crate::api;
use crate::policy::PolicyKind;

/// A kind of object that the model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Namespace
    Namespace,
    /// Node
    Node,
    /// Pod
    Pod,
    /// Service
    Service,
    /// Deployment
    Deployment,
    /// ReplicaSet
    ReplicaSet,
    /// StatefulSet
    StatefulSet,
    /// DaemonSet
    DaemonSet,
    /// Job
    Job,
    /// CronJob
    CronJob,
    /// ReplicationController
    ReplicationController,
    /// ServiceCIDR of `networking.k8s.io` (IP-3)
    ServiceCidr,
    /// Network of `config.openshift.io`
    OpenShiftNetwork,
    /// EndpointSlice of `discovery.k8s.io`
    EndpointSlice,
    /// Endpoints, as they were before there were slices
    Endpoints,
    /// NetworkPolicy of `networking.k8s.io`, and of `extensions` before
    NetworkPolicy,
    /// ClusterNetworkPolicy of `policy.networking.k8s.io` (CNP-1)
    ClusterNetworkPolicy,
    /// AdminNetworkPolicy, which came before it (CNP-29)
    AdminNetworkPolicy,
    /// BaselineAdminNetworkPolicy, which came before it (CNP-29)
    BaselineAdminNetworkPolicy,
}

/// An object, slim. Boxed, because objects are sorted and moved before they are read.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// A Namespace.
    Namespace(Box<api::Namespace>),
    /// A Node.
    Node(Box<api::Node>),
    /// A Pod.
    Pod(Box<api::Pod>),
    /// A Service.
    Service(Box<api::Service>),
    /// A workload that is no CronJob, with its kind.
    Workload(Kind, Box<api::Workload>),
    /// A CronJob.
    CronJob(Box<api::CronJob>),
    /// A ServiceCIDR.
    ServiceCidr(Box<api::ServiceCidr>),
    /// OpenShift's Network.
    OpenShiftNetwork(Box<api::OpenShiftNetwork>),
    /// An EndpointSlice.
    EndpointSlice(Box<api::EndpointSlice>),
    /// Endpoints.
    Endpoints(Box<api::Endpoints>),
    /// A NetworkPolicy.
    NetworkPolicy(Box<api::NetworkPolicy>),
    /// A policy of the whole cluster, with its kind.
    ClusterPolicy(Kind, Box<api::ClusterPolicy>),
}

/// A value that cannot be what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where, as an API path: `spec.containers[0].ports[1].containerPort`.
    pub path: String,
    /// What stands there; empty for a value that is missing.
    pub got: String,
    /// What was expected, in words that follow "expected".
    pub expected: String,
}

// === impl Kind ===

impl Kind {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Node => "Node",
            Self::Pod => "Pod",
            Self::Service => "Service",
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ReplicationController => "ReplicationController",
            Self::ServiceCidr => "ServiceCIDR",
            Self::OpenShiftNetwork => "Network",
            Self::EndpointSlice => "EndpointSlice",
            Self::Endpoints => "Endpoints",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
        }
    }

    /// What people call it in front of a name: `netpol/shop/web`, as kubectl does where it has a
    /// shorter word.
    pub fn short(self) -> &'static str {
        match self {
            Self::Namespace => "ns",
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Service => "svc",
            Self::Deployment => "deploy",
            Self::ReplicaSet => "rs",
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::Job => "job",
            Self::CronJob => "cronjob",
            Self::ReplicationController => "rc",
            Self::ServiceCidr => "servicecidr",
            Self::OpenShiftNetwork => "network",
            Self::EndpointSlice => "endpointslice",
            Self::Endpoints => "endpoints",
            Self::NetworkPolicy => PolicyKind::NetworkPolicy.short(),
            Self::ClusterNetworkPolicy => PolicyKind::ClusterNetworkPolicy.short(),
            Self::AdminNetworkPolicy => PolicyKind::AdminNetworkPolicy.short(),
            Self::BaselineAdminNetworkPolicy => PolicyKind::BaselineAdminNetworkPolicy.short(),
        }
    }

    /// The group and version in which its objects are written today.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::ReplicaSet | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::Job | Self::CronJob => "batch/v1",
            Self::ServiceCidr | Self::NetworkPolicy => "networking.k8s.io/v1",
            Self::OpenShiftNetwork => "config.openshift.io/v1",
            Self::EndpointSlice => "discovery.k8s.io/v1",
            Self::ClusterNetworkPolicy => "policy.networking.k8s.io/v1alpha2",
            Self::AdminNetworkPolicy | Self::BaselineAdminNetworkPolicy => {
                "policy.networking.k8s.io/v1alpha1"
            }
            Self::Namespace
            | Self::Node
            | Self::Pod
            | Self::Service
            | Self::ReplicationController
            | Self::Endpoints => "v1",
        }
    }

    /// Whether its objects are policies: they withhold messages.
    pub fn is_policy(self) -> bool {
        self == Self::NetworkPolicy || self.is_cluster_policy()
    }

    fn is_cluster_policy(self) -> bool {
        use Kind::{AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy};
        matches!(self, ClusterNetworkPolicy | AdminNetworkPolicy | BaselineAdminNetworkPolicy)
    }

    /// Whether its objects live in a namespace.
    pub fn namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::Node | Self::ServiceCidr | Self::OpenShiftNetwork)
            && !self.is_cluster_policy()
    }

    /// Reads one object of this kind. What is read stands below the top-level keys `metadata`,
    /// `spec` and `status`; all others are ignored.
    ///
    /// # Errors
    /// Where a value has another type than the API gives it. Values of the right type that make
    /// no sense are found by [`Object::check`].
    pub fn read<'de, D: Deserializer<'de>>(self, d: D) -> Result<Object, D::Error> {
        let mut object = match self {
            Self::Namespace => Object::Namespace(Box::deserialize(d)?),
            Self::Node => Object::Node(Box::deserialize(d)?),
            Self::Pod => Object::Pod(Box::deserialize(d)?),
            Self::Service => Object::Service(Box::deserialize(d)?),
            Self::CronJob => Object::CronJob(Box::deserialize(d)?),
            Self::ServiceCidr => Object::ServiceCidr(Box::deserialize(d)?),
            Self::OpenShiftNetwork => Object::OpenShiftNetwork(Box::deserialize(d)?),
            Self::EndpointSlice => Object::EndpointSlice(Box::deserialize(d)?),
            Self::Endpoints => Object::Endpoints(Box::deserialize(d)?),
            Self::NetworkPolicy => Object::NetworkPolicy(Box::deserialize(d)?),
            Self::ClusterNetworkPolicy
            | Self::AdminNetworkPolicy
            | Self::BaselineAdminNetworkPolicy => Object::ClusterPolicy(self, Box::deserialize(d)?),
            Self::Deployment
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::Job
            | Self::ReplicationController => Object::Workload(self, Box::deserialize(d)?),
        };
        object.normalise();
        Ok(object)
    }
}

// === impl Object ===

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::Node(_) => Kind::Node,
            Self::Pod(_) => Kind::Pod,
            Self::Service(_) => Kind::Service,
            Self::Workload(kind, _) => *kind,
            Self::CronJob(_) => Kind::CronJob,
            Self::ServiceCidr(_) => Kind::ServiceCidr,
            Self::OpenShiftNetwork(_) => Kind::OpenShiftNetwork,
            Self::EndpointSlice(_) => Kind::EndpointSlice,
            Self::Endpoints(_) => Kind::Endpoints,
            Self::NetworkPolicy(_) => Kind::NetworkPolicy,
            Self::ClusterPolicy(kind, _) => *kind,
        }
    }

    /// Clears what the model reads of other objects only, and sets what the API server sets, so
    /// that neither tells twins apart: the labels of what nothing selects, but for the few that
    /// mean something, `generateName` beside a name, the label of a Namespace that is its name
    /// (DR-22), annotations and the time of deletion where they change nothing. What switches
    /// findings off is kept beside the annotations.
    fn normalise(&mut self) {
        if let Self::Namespace(namespace) = self {
            let name = namespace.metadata.name().to_owned();
            let labels = std::mem::take(&mut namespace.metadata.labels).into_pairs().into_iter();
            let own = (api::NAMESPACE_NAME.to_owned(), name);
            namespace.metadata.labels = labels.chain([own]).collect();
        }
        match self {
            Self::NetworkPolicy(policy) => policy.prune(),
            Self::ClusterPolicy(kind, policy) => policy.prune(*kind),
            _ => {}
        }
        let labels: Option<&[&str]> = match self {
            Self::Pod(_) | Self::Namespace(_) | Self::Node(_) => None,
            Self::Service(_) => Some(&[api::PROXY_NAME, api::HEADLESS]),
            Self::EndpointSlice(_) => Some(&[api::SERVICE_NAME, api::MANAGED_BY]),
            Self::Endpoints(_) => Some(&[api::SKIP_MIRROR]),
            _ => Some(&[]),
        };
        let (pod, service) = (matches!(self, Self::Pod(_)), matches!(self, Self::Service(_)));
        let of_pods = match self {
            Self::Workload(_, o) => Some(&mut o.spec.template.metadata),
            Self::CronJob(o) => Some(&mut o.spec.job_template.spec.template.metadata),
            _ => None,
        };
        let of_pods = of_pods.and_then(|metadata| metadata.annotations.take_ignored());
        let metadata = self.metadata_mut();
        let ignored = metadata.annotations.take_ignored();
        metadata.ignored.add(ignored);
        metadata.ignored.add(of_pods);
        if let Some(keys) = labels {
            metadata.labels.keep(keys);
        }
        metadata.deletion_timestamp.0 &= pod;
        if !service {
            metadata.annotations = api::Annotations::default();
        }
        if !metadata.name.is_empty() {
            metadata.generate_name = String::new();
        }
    }

    pub(crate) fn metadata_mut(&mut self) -> &mut api::Metadata {
        match self {
            Self::Namespace(o) => &mut o.metadata,
            Self::Node(o) => &mut o.metadata,
            Self::Pod(o) => &mut o.metadata,
            Self::Service(o) => &mut o.metadata,
            Self::Workload(_, o) => &mut o.metadata,
            Self::CronJob(o) => &mut o.metadata,
            Self::ServiceCidr(o) => &mut o.metadata,
            Self::OpenShiftNetwork(o) => &mut o.metadata,
            Self::EndpointSlice(o) => &mut o.metadata,
            Self::Endpoints(o) => &mut o.metadata,
            Self::NetworkPolicy(o) => &mut o.metadata,
            Self::ClusterPolicy(_, o) => &mut o.metadata,
        }
    }

    /// What its pods run, of a pod or of what makes pods.
    pub(crate) fn spec(&self) -> Option<&api::PodSpec> {
        match self {
            Self::Pod(o) => Some(&o.spec),
            Self::Workload(_, o) => Some(&o.spec.template.spec),
            Self::CronJob(o) => Some(&o.spec.job_template.spec.template.spec),
            _ => None,
        }
    }

    /// The same, to change it.
    pub(crate) fn spec_mut(&mut self) -> Option<&mut api::PodSpec> {
        match self {
            Self::Pod(o) => Some(&mut o.spec),
            Self::Workload(_, o) => Some(&mut o.spec.template.spec),
            Self::CronJob(o) => Some(&mut o.spec.job_template.spec.template.spec),
            _ => None,
        }
    }

    /// What every object has.
    pub fn metadata(&self) -> &api::Metadata {
        match self {
            Self::Namespace(o) => &o.metadata,
            Self::Node(o) => &o.metadata,
            Self::Pod(o) => &o.metadata,
            Self::Service(o) => &o.metadata,
            Self::Workload(_, o) => &o.metadata,
            Self::CronJob(o) => &o.metadata,
            Self::ServiceCidr(o) => &o.metadata,
            Self::OpenShiftNetwork(o) => &o.metadata,
            Self::EndpointSlice(o) => &o.metadata,
            Self::Endpoints(o) => &o.metadata,
            Self::NetworkPolicy(o) => &o.metadata,
            Self::ClusterPolicy(_, o) => &o.metadata,
        }
    }

    /// Its namespace: `default` where a kind that has one does not say, empty for other kinds.
    pub fn namespace(&self) -> &str {
        if self.kind().namespaced() { self.metadata().namespace() } else { "" }
    }

    /// Its name; `generateName` where it has none yet.
    pub fn name(&self) -> &str {
        self.metadata().name()
    }

    /// What the model reads of it, as JSON without `apiVersion` and `kind`.
    pub(crate) fn value(&self) -> serde_json::Value {
        let value = match self {
            Self::Namespace(o) => serde_json::to_value(o),
            Self::Node(o) => serde_json::to_value(o),
            Self::Pod(o) => serde_json::to_value(o),
            Self::Service(o) => serde_json::to_value(o),
            Self::Workload(_, o) => serde_json::to_value(o),
            Self::CronJob(o) => serde_json::to_value(o),
            Self::ServiceCidr(o) => serde_json::to_value(o),
            Self::OpenShiftNetwork(o) => serde_json::to_value(o),
            Self::EndpointSlice(o) => serde_json::to_value(o),
            Self::Endpoints(o) => serde_json::to_value(o),
            Self::NetworkPolicy(o) => serde_json::to_value(o),
            Self::ClusterPolicy(_, o) => serde_json::to_value(o),
        };
        value.unwrap_or_default()
    }
}
