//! What a name can mean.

use fibula_network::ElementId;

use super::parse::Said;

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is.
    pub what: What,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The elements that it stands for: none for a Service, and for what takes no part.
    pub(crate) elements: Vec<ElementId>,
    /// Its place among the cluster's Services or pods.
    pub(super) at: usize,
}

/// What a name can mean. Of several things that a name could mean, a person means the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A Service.
    Service,
    /// A workload, by its kind.
    Workload(String),
    /// A Pod.
    Pod,
    /// A daemon.
    Daemon,
    /// A container.
    Container,
    /// A Node.
    Node,
    /// The world.
    World,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Someone who sends.
    Sender,
    /// Somewhere to send to.
    Target,
    /// What decides by a FIB.
    Switch,
}

// === impl Candidate ===

impl Candidate {
    pub(super) fn new(
        what: What,
        namespace: &str,
        name: &str,
        elements: Vec<ElementId>,
        at: usize,
    ) -> Candidate {
        Candidate { what, namespace: namespace.to_owned(), name: name.to_owned(), elements, at }
    }

    /// A name that means only this: `deploy/shop/web`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.what.prefix(), self.path())
    }

    /// Namespace and name: `shop/web`.
    pub fn path(&self) -> String {
        match &*self.namespace {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }

    /// Whether a name means it.
    pub(super) fn is_called(&self, said: &Said<'_>) -> bool {
        if let Some((name, namespace)) = said.dns {
            let exact = self.name == name && self.namespace == namespace;
            if exact && self.what <= What::Pod {
                return true;
            }
        }
        let path = self.path();
        !said.path.is_empty()
            && path
                .strip_suffix(said.path)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    }

    /// What a person would compare a name with that they mistyped.
    pub(super) fn last(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

// === impl What ===

impl What {
    /// Its prefix, as kubectl has it.
    pub fn prefix(&self) -> &str {
        match self {
            What::Service => "svc",
            What::Workload(kind) => match &**kind {
                "Deployment" => "deploy",
                "StatefulSet" => "sts",
                "DaemonSet" => "ds",
                "ReplicaSet" => "rs",
                "ReplicationController" => "rc",
                "Job" => "job",
                "CronJob" => "cj",
                _ => "workload",
            },
            What::Pod => "pod",
            What::Daemon => "daemon",
            What::Container => "container",
            What::Node => "node",
            What::World => "world",
        }
    }
}

// === impl Wanted ===

impl Wanted {
    /// What could have the name, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Wanted::Sender => "no pod, workload, node or address",
            Wanted::Target => "no Service, workload or pod",
            Wanted::Switch => "no pod or node",
        }
    }

    /// Whether something of this kind will do.
    pub(super) fn takes(self, what: &What) -> bool {
        self == Wanted::Target || *what != What::Service
    }
}
