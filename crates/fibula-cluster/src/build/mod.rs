//! Objects become the facts of a cluster.
//!
//! ```text
//! objects ─ unique ─┬─ pods ── make ─┬─ nodes ─ place ─ invent ─┬─ Cluster
//!          (twins)  ├─ workloads ────┘                          │
//!                   ├─ services ───────────────── select ─ endpoints
//!                   ├─ slices ────────────────────────────────┤
//!                   └─ policies ──────────────────────────────┘
//! ```
//!
//! Each step sees its objects sorted by name, so that nothing depends on the order of the input.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::api;
use crate::cluster::{Assumption, Cluster, Namespace, Pod, Twins};
use crate::object::{Kind, Object};
use crate::options::Options;
use crate::place::{ObjectId, Place, place_path};

mod again;
pub(crate) mod endpoints;
mod fronts;
mod hash;
mod hints;
mod ignores;
mod invent;
mod make;
mod nodes;
mod oddities;
mod owners;
mod pods;
mod policies;
mod ranges;
pub(crate) mod same;
mod same_policies;
mod services;
mod slices;
mod unique;

pub(crate) use owners::by_hash;
pub(crate) use slices::CONTROLLER as SLICE_CONTROLLER;

/// A pod on its way into the cluster, with what only the way needs.
struct Draft {
    pod: Pod,
    /// The Node that the object names; empty where it names none.
    node_name: String,
    /// Whether it would have an address, but the input has none to give (DR-19).
    wants_address: bool,
}

/// Objects that are left after twins and repeats, by kind, each sorted by namespace and name.
#[derive(Default)]
struct Kept {
    namespaces: Vec<(ObjectId, Box<api::Namespace>)>,
    nodes: Vec<(ObjectId, Box<api::Node>)>,
    pods: Vec<(ObjectId, Box<api::Pod>)>,
    services: Vec<(ObjectId, Box<api::Service>)>,
    workloads: Vec<make::Maker>,
    service_cidrs: Vec<api::ServiceCidr>,
    networks: Vec<api::OpenShiftNetwork>,
    slices: Vec<(ObjectId, Box<api::EndpointSlice>)>,
    endpoints: Vec<(ObjectId, Box<api::Endpoints>)>,
    network_policies: Vec<(ObjectId, Box<api::NetworkPolicy>)>,
    cluster_policies: Vec<(ObjectId, Kind, Box<api::ClusterPolicy>)>,
}

/// The object of a namespace, where it was read, and its labels.
type Known = Option<(ObjectId, api::Labels)>;

impl Cluster {
    /// The facts that these objects state, defaulted and resolved.
    ///
    /// Identical repeats of an object are one; contradicting ones are [`Twins`](crate::Twins) and
    /// all kept out. Workloads make the pods that the input lacks. What the input does not say,
    /// Nodes, placement and addresses, is invented from the names, and told in `assumptions`.
    ///
    /// The order of `objects` decides nothing. An [`ObjectId`] decides only which of several
    /// identical objects is shown: the one with the smallest. Values that [`Object::check`]
    /// refuses are left out, so any object can be given. Takes time near linear in the objects
    /// and the pods that workloads make, at most 150,000 of them (SC-1).
    pub fn new(objects: Vec<(ObjectId, Object)>, options: &Options) -> Self {
        let ignores = ignores::read(&objects);
        let (objects, mut twins) = unique::unique(objects);
        let fronts = fronts::read(&objects);
        let mut namespaces = BTreeMap::new();
        for twin in twins.iter().map(|(twin, _)| twin).filter(|twin| !twin.namespace.is_empty()) {
            namespaces.insert(twin.namespace.clone(), None);
        }
        let kept = Kept::sort(objects, &mut namespaces);
        let oddities = oddities::read(&kept);

        let mut assumptions = Vec::new();
        let mut named = nodes::Named::new(&kept.nodes);
        let owners = owners::Owners::new(&kept.workloads);
        let read = pods::read(kept.pods, &owners, &mut named);
        let making = make::Making::new(kept.workloads, &owners, &read, options);
        let mut drafts = read.drafts;
        making.name_nodes(&mut named);
        let mut nodes = nodes::nodes(kept.nodes, named, options, &mut assumptions);
        let makers = making.make(&mut drafts, &nodes, &mut assumptions);
        drafts
            .sort_by(|a, b| (&a.pod.namespace, &a.pod.name).cmp(&(&b.pod.namespace, &b.pod.name)));
        nodes::place(&mut drafts, &nodes, &mut assumptions);

        let mut ranges = ranges::stated(&nodes, &kept.service_cidrs, &kept.networks, options);
        let mut services = services::read(kept.services);
        let mut inventor = invent::Inventor::new(&drafts, &nodes, &services, &ranges);
        inventor.pods(&mut drafts);
        inventor.nodes(&mut nodes);
        inventor.services(&mut services);
        inventor.finish(&mut ranges, &mut assumptions);
        services::select(&mut services, &drafts);
        let pods: Vec<Pod> = drafts.into_par_iter().map(|draft| draft.pod).collect();

        let fronts = fronts::kept(fronts, &makers);
        twins.iter_mut().for_each(|(twins, hosts)| hosts.claim(&nodes, &services, &fronts, twins));
        let twins: Vec<Twins> = twins.into_iter().map(|(twins, _)| twins).collect();
        let slices = slices::Slices::new(&kept.slices, &kept.endpoints, &pods, &nodes);
        let around = endpoints::Around::new(&pods, &nodes, &twins);
        let services = endpoints::join(services, &around, &slices);

        assumptions.sort();
        Self {
            namespaces: namespaces.into_iter().map(namespace).collect(),
            policies: policies::read(kept.network_policies, kept.cluster_policies),
            nodes,
            pods,
            services,
            ranges,
            twins,
            fronts,
            assumptions,
            makers,
            ignores,
            oddities,
        }
    }

    /// The API path of a place in the object that a pod was read from or is made by, such as
    /// `spec.template.spec.containers[0].ports[1]`.
    pub fn path(&self, place: Place) -> String {
        let maker = self.makers.binary_search_by_key(&place.object, |(object, _)| *object);
        let kind = maker.ok().and_then(|i| self.makers.get(i)).map_or(Kind::Pod, |(_, kind)| *kind);
        place_path(kind, place)
    }
}

impl Kept {
    /// Sorts objects into their kinds and notes the namespaces that they name.
    fn sort(objects: Vec<(ObjectId, Object)>, namespaces: &mut BTreeMap<String, Known>) -> Self {
        let mut kept = Self::default();
        let mut last = String::new();
        for (id, object) in objects {
            if object.kind().namespaced() && object.namespace() != last {
                object.namespace().clone_into(&mut last);
                namespaces.entry(last.clone()).or_insert(None);
            }
            match object {
                Object::Namespace(o) => kept.namespaces.push((id, o)),
                Object::Node(o) => kept.nodes.push((id, o)),
                Object::Pod(o) => kept.pods.push((id, o)),
                Object::Service(o) => kept.services.push((id, o)),
                Object::Workload(kind, o) => kept.workloads.push(make::Maker::new(id, kind, *o)),
                Object::CronJob(o) => kept.workloads.push(make::Maker::cron_job(id, *o)),
                Object::ServiceCidr(o) => kept.service_cidrs.push(*o),
                Object::OpenShiftNetwork(o) => kept.networks.push(*o),
                Object::EndpointSlice(o) => kept.slices.push((id, o)),
                Object::Endpoints(o) => kept.endpoints.push((id, o)),
                Object::NetworkPolicy(o) => kept.network_policies.push((id, o)),
                Object::ClusterPolicy(kind, o) => kept.cluster_policies.push((id, kind, o)),
            }
        }
        for (id, namespace) in std::mem::take(&mut kept.namespaces) {
            let (_, name, labels) = namespace.metadata.into_names();
            namespaces.insert(name, Some((id, labels)));
        }
        kept
    }
}

/// A namespace with the label that every one has (NP-14).
fn namespace((name, known): (String, Known)) -> Namespace {
    let (object, labels) = known.unzip();
    let labels = labels.unwrap_or_default();
    let own = (api::NAMESPACE_NAME.into(), name.clone());
    let labels = match labels.get(api::NAMESPACE_NAME) == Some(name.as_str()) {
        true => labels,
        false => labels.into_iter().chain([own]).collect(),
    };
    Namespace { name, object, labels }
}

/// Notes an assumption that concerns `count` things, if it concerns any.
fn assume(assumptions: &mut Vec<Assumption>, count: usize, make: fn(usize) -> Assumption) {
    if count > 0 {
        assumptions.push(make(count));
    }
}
