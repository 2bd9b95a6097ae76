//! Pods into classes.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Asked, Class, ClassId, NamedPort, Run};
use crate::api::Labels;
use crate::cluster::{Cluster, Pod};
use crate::place::ContainerList;

/// The classes of a cluster's pods, with what only the index needs of them.
pub(super) struct Classes<'c> {
    pub(super) classes: Vec<Class>,
    pub(super) class_of: Vec<ClassId>,
    /// The labels of each class: those of its first pod.
    pub(super) labels: Vec<&'c Labels>,
    /// The namespaces that have pods, by name, each with its classes.
    pub(super) namespaces: Vec<(&'c str, Run)>,
}

/// What tells pods of one namespace apart, as numbers.
type Key = (u32, u32, bool, bool);

/// Numbers for labels and ports that are equal as far as anybody asks.
struct Numbers<'c, 'a> {
    asked: &'a Asked<'a>,
    by_place: FxHashMap<*const Labels, u32>,
    by_labels: FxHashMap<Vec<(&'c str, &'c str)>, u32>,
    by_ports: FxHashMap<Arc<[NamedPort]>, u32>,
    ports: Vec<Arc<[NamedPort]>>,
}

impl<'c> Classes<'c> {
    /// Pods come sorted by namespace.
    pub(super) fn new(cluster: &'c Cluster, asked: &Asked<'_>) -> Self {
        let mut all = Self {
            classes: Vec::new(),
            class_of: Vec::with_capacity(cluster.pods.len()),
            labels: Vec::new(),
            namespaces: Vec::new(),
        };
        let mut numbers = Numbers {
            asked,
            by_place: FxHashMap::default(),
            by_labels: FxHashMap::default(),
            by_ports: FxHashMap::default(),
            ports: Vec::new(),
        };
        let mut here: FxHashMap<Key, u32> = FxHashMap::default();
        for (i, pod) in (0..).zip(&cluster.pods) {
            let next = all.classes.len() as u32;
            if all.namespaces.last().is_none_or(|(name, _)| *name != pod.namespace) {
                here.clear();
                all.namespaces.push((&pod.namespace, next..next));
            }
            let live = pod.live && (pod.host_network || !pod.addresses.is_empty());
            let key = (numbers.labels(pod), numbers.ports(pod), pod.host_network, live);
            let class = *here.entry(key).or_insert(next);
            if class == next {
                let ports = Arc::clone(&numbers.ports[key.1 as usize]);
                let pods = Vec::new();
                all.classes.push(Class { pods, host_network: pod.host_network, live, ports });
                all.labels.push(&pod.labels);
                if let Some((_, run)) = all.namespaces.last_mut() {
                    run.end += 1;
                }
            }
            all.classes[class as usize].pods.push(i);
            all.class_of.push(ClassId(class));
        }
        all
    }
}

impl<'c> Numbers<'c, '_> {
    fn labels(&mut self, pod: &'c Pod) -> u32 {
        let place = Arc::as_ptr(&pod.labels);
        if let Some(number) = self.by_place.get(&place) {
            return *number;
        }
        let labels = pod.labels.iter().filter(|(key, _)| self.asked.pod_keys.contains(key));
        let next = self.by_labels.len() as u32;
        let number = *self.by_labels.entry(labels.collect()).or_insert(next);
        self.by_place.insert(place, number);
        number
    }

    fn ports(&mut self, pod: &Pod) -> u32 {
        let lasting = pod.containers.iter().filter(|container| container.lasting);
        let ports =
            lasting.flat_map(|container| container.ports.iter().map(move |p| (container, p)));
        let named = ports.filter_map(|(container, port)| {
            let name =
                port.name.as_ref().filter(|name| self.asked.ports.contains(name.as_str()))?;
            let sidecar = matches!(container.place.container, Some((ContainerList::Init, _)));
            let (protocol, number) = (port.protocol, port.number);
            Some(NamedPort { name: name.clone(), protocol, number, sidecar })
        });
        let named: Vec<NamedPort> = named.collect();
        if let Some(number) = self.by_ports.get(named.as_slice()) {
            return *number;
        }
        let (number, named) = (self.ports.len() as u32, Arc::<[NamedPort]>::from(named));
        self.ports.push(Arc::clone(&named));
        self.by_ports.insert(named, number);
        number
    }
}
