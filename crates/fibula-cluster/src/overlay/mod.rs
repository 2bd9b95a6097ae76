//! Manifests laid over a cluster, as `kubectl apply` would: what the objects will be then.
//!
//! ```text
//!  base ─┬─ of the same kind, namespace and name ─ keep ─ what the API server keeps ─┐
//!  over ─┘                                                                           ├─ objects
//!         workloads that make other pods now ─ their pods give way ──────────────────┤
//!         Services whose pods changed ─ their slices are written anew ───────────────┘
//! ```
//!
//! An object of the manifests replaces its namesake. Fields that the API server sets and a manifest
//! lacks stay: addresses, ports of Nodes, where a pod runs, status. Everything else that the manifest
//! does not say is gone, labels too: `kubectl apply` would keep what somebody else has set, and a dump
//! does not tell who has set what, so the change that can be seen is shown.
//!
//! Nothing is deleted that no manifest names.

mod keep;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Labels;
use crate::build::{SLICE_CONTROLLER, same};
use crate::object::{Kind, Object};
use crate::place::ObjectId;
use workloads::Workloads;

/// Objects with others laid over them.
#[derive(Clone, Debug, Default)]
pub struct Overlaid {
    /// All objects.
    pub objects: Vec<(ObjectId, Object)>,
    /// For [`Options::more`](crate::Options::more).
    pub more: BTreeMap<ObjectId, More>,
    /// What was done.
    pub laid: Laid,
}

/// Pods that a workload makes beside those that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct More {
    /// How many it has: new ones are numbered after them.
    pub from: u64,
    /// How many more.
    pub count: u64,
}

/// What an overlay did, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Laid {
    /// How many objects were laid over.
    pub objects: usize,
    /// How many of them say something else than their namesakes.
    pub changed: usize,
    /// How many have no namesake.
    pub new: usize,
    /// How many pods that were read gave way.
    pub pods: usize,
}

type Numbered = (ObjectId, Object);

/// A kind, a namespace and a name.
type Key = (Kind, String, String);

/// Whatever could change which pods a Service has.
#[derive(Default)]
struct Touched {
    /// Labels of pods that came, went or changed, by namespace.
    labels: BTreeMap<String, Vec<Labels>>,
}

/// Lays objects over others.
///
/// Costs a look at each object of the base, and copies only of those that are replaced.
pub fn overlay(base: Vec<Numbered>, over: Vec<Numbered>) -> Overlaid {
    let mut laid = Laid { objects: over.len(), ..Laid::default() };
    let mut named: BTreeMap<Key, Vec<Object>> = BTreeMap::new();
    for (_, object) in &over {
        named.insert(key(object), vec![]);
    }
    let mut objects: Vec<Numbered> = Vec::with_capacity(base.len() + over.len());
    for (id, object) in base {
        match named.get_mut(&key(&object)) {
            Some(before) => before.push(object),
            None => objects.push((id, object)),
        }
    }
    let mut touched = Touched::default();
    let mut workloads = Workloads::default();
    for (id, mut object) in over {
        let before = named.get(&key(&object)).and_then(|before| before.first());
        if let Some(before) = before {
            keep::server_set(before, &mut object);
        }
        let changed = before.is_none_or(|before| differ(before, &object));
        laid.new += usize::from(before.is_none());
        laid.changed += usize::from(before.is_some() && changed);
        match &mut object {
            Object::Pod(pod) if changed => {
                let before = before.iter().map(|before| &before.metadata().labels);
                let namespace = pod.metadata.namespace();
                before.chain([&pod.metadata.labels]).for_each(|l| touched.add(namespace, l));
            }
            // Its slices are those of what it was.
            Object::Service(service) if changed => service.metadata.uid.0 = false,
            Object::Workload(..) | Object::CronJob(_) => workloads.add(id, before, &object),
            _ => {}
        }
        objects.push((id, object));
    }
    let more = workloads.roll(&mut objects, &mut touched, &mut laid);
    touched.rewrite_slices(&mut objects);
    Overlaid { objects, more, laid }
}

/// Manifests, and others that are applied after them: of namesakes the later ones.
pub fn later(first: Vec<Numbered>, second: Vec<Numbered>) -> Vec<Numbered> {
    let named: BTreeSet<Key> = second.iter().map(|(_, object)| key(object)).collect();
    let first = first.into_iter().filter(|(_, object)| !named.contains(&key(object)));
    first.chain(second).collect()
}

fn key(object: &Object) -> Key {
    (object.kind(), object.namespace().to_owned(), object.name().to_owned())
}

/// Whether two objects of a name mean something else.
fn differ(a: &Object, b: &Object) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    same::plain(&mut a);
    same::plain(&mut b);
    a != b
}

// === impl Touched ===

impl Touched {
    fn add(&mut self, namespace: &str, labels: &Labels) {
        let all = self.labels.entry(namespace.to_owned()).or_default();
        if !all.contains(labels) {
            all.push(labels.clone());
        }
    }

    /// Forgets the slices of Services that changed, or whose pods did, where a controller writes
    /// them: it would write others now. Such a Service is then one that has none yet, which is what
    /// its pods imply (SVC-17).
    fn rewrite_slices(&self, objects: &mut Vec<Numbered>) {
        let mut stale: Vec<(String, String)> = vec![];
        for (_, object) in &mut *objects {
            let Object::Service(service) = object else { continue };
            let (namespace, selector) = (service.metadata.namespace(), &service.spec.selector);
            let selects = |labels: &Labels| selector.iter().all(|(k, v)| labels.get(k) == Some(v));
            let met = self.labels.get(namespace).is_some_and(|all| all.iter().any(selects));
            if !selector.is_empty() && (met || !service.metadata.uid.0) {
                stale.push((namespace.to_owned(), service.metadata.name().to_owned()));
                service.metadata.uid.0 = false;
            }
        }
        stale.sort();
        let is_stale = |object: &Object| match object {
            Object::EndpointSlice(slice) if slice.managed_by() == SLICE_CONTROLLER => {
                let of = slice.service().map(|name| (object.namespace(), name));
                of.is_some_and(|of| {
                    let at = stale.binary_search_by(|(ns, name)| (&**ns, &**name).cmp(&of));
                    at.is_ok()
                })
            }
            _ => false,
        };
        objects.retain(|(_, object)| !is_stale(object));
    }
}
