//! Which workload a pod belongs to.

use rustc_hash::FxHashMap;

use super::make::Maker;
use crate::cluster::Workload;
use crate::object::Kind;

/// The controllers between a pod and its workload: ReplicaSets and Jobs that were read.
pub(super) struct Owners {
    /// What controls a ReplicaSet or Job, by kind, namespace and name.
    above: FxHashMap<(Kind, String, String), Option<Workload>>,
}

impl Owners {
    pub(super) fn new(workloads: &[Maker]) -> Self {
        let between = workloads.iter().filter(|w| matches!(w.kind, Kind::ReplicaSet | Kind::Job));
        let above = between.map(|w| {
            let above = w
                .metadata
                .controller()
                .map(|owner| Workload { kind: owner.kind.to_string(), name: owner.name.clone() });
            let expected = if w.kind == Kind::Job { "CronJob" } else { "Deployment" };
            let above = above.filter(|above| above.kind == expected && !above.name.is_empty());
            ((w.kind, w.namespace.clone(), w.name.clone()), above)
        });
        Self { above: above.collect() }
    }

    /// The Deployment or CronJob above a ReplicaSet or Job that was read.
    pub(super) fn above(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Workload> {
        let key = (kind, namespace.to_owned(), name.to_owned());
        self.above.get(&key)?.as_ref()
    }

    /// The outermost controller that is known above a pod's own, which may be that itself.
    ///
    /// A ReplicaSet that was not read is told from its Deployment by the `pod-template-hash`
    /// that ends its name.
    pub(super) fn outermost(&self, namespace: &str, direct: &Workload, hash: &str) -> Workload {
        let above = match direct.kind.as_str() {
            "ReplicaSet" => {
                let key = (Kind::ReplicaSet, namespace.to_owned(), direct.name.clone());
                match self.above.get(&key) {
                    Some(above) => above.clone(),
                    None => by_hash(&direct.name, hash).map(|name| Workload {
                        kind: "Deployment".to_owned(),
                        name: name.to_owned(),
                    }),
                }
            }
            "Job" => self.above(Kind::Job, namespace, &direct.name).cloned(),
            _ => None,
        };
        above.unwrap_or_else(|| direct.clone())
    }
}

/// The Deployment of a ReplicaSet, by the hash that ends the name of the latter.
pub(crate) fn by_hash<'a>(replica_set: &'a str, hash: &str) -> Option<&'a str> {
    let name = replica_set.strip_suffix(hash)?.strip_suffix('-')?;
    (!hash.is_empty() && !name.is_empty()).then_some(name)
}
