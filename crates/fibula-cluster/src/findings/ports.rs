//! Ports that are declared twice where only one process can listen.

use std::collections::BTreeMap;

use super::{One, Severity, Told, count, pod_name};
use crate::cluster::{Pod, Port, Protocol};
use crate::place::Place;

/// A port number of a protocol.
pub(super) type Number = (Protocol, u16);

/// Containers of one pod that declare one port: only one of them gets it (NM-2). Pods of one
/// workload are alike, and one finding.
pub(super) fn same_port(told: &mut Told<'_>) {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Key<'a> {
        namespace: &'a str,
        workload: (&'a str, &'a str),
        port: Number,
        containers: (&'a str, &'a str),
    }
    let mut pods: BTreeMap<Key<'_>, Vec<(&Pod, Place)>> = BTreeMap::new();
    for pod in told.cluster.pods.iter().filter(|pod| pod.live) {
        for (port, first, second, place) in declared_twice(pod) {
            let key = Key {
                namespace: &pod.namespace,
                workload: (&pod.workload.kind, &pod.workload.name),
                port,
                containers: (first, second),
            };
            pods.entry(key).or_default().push((pod, place));
        }
    }
    for (Key { port: (protocol, number), containers: (first, second), .. }, pods) in pods {
        let Some((pod, _)) = pods.first() else { continue };
        let name = pod_name(pod);
        let one = |(pod, place): &(&Pod, Place)| One::new(pod_name(pod), *place);
        let ones = pods.iter().map(one).collect();
        told.alike(("same-port", "NM-2", Severity::Warning), ones, |n, _| {
            let alike = if n > 1 { count(n, "pod") + ": " } else { String::new() };
            format!(
                "{alike}{name} declares {} {number} in {first} and again in {second}; C2 to C4 hold \
                 for one of them",
                protocol.name()
            )
        });
    }
}

/// The ports of a pod that more than one container declares: with the names of the first and of
/// each other container, and where this one declares it.
fn declared_twice(pod: &Pod) -> Vec<(Number, &str, &str, Place)> {
    if pod.containers.len() < 2 {
        return Vec::new();
    }
    let mut ports: Vec<(Number, usize, &Port)> = Vec::new();
    for (index, container) in pod.containers.iter().enumerate() {
        ports
            .extend(container.ports.iter().map(|port| ((port.protocol, port.number), index, port)));
    }
    ports.sort_by_key(|(number, index, _)| (*number, *index));
    // One container may say a port twice: that harms nobody.
    ports.dedup_by_key(|(number, index, _)| (*number, *index));
    let name = |index: usize| pod.containers[index].name.as_str();
    let same = ports.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
    same.flat_map(|same| {
        let (number, first, _) = same[0];
        let others = same[1..].iter();
        others.map(move |(_, index, port)| (number, name(first), name(*index), port.place))
    })
    .collect()
}
