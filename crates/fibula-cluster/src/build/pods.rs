//! Pods that were read.

use std::net::IpAddr;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::Draft;
use super::nodes::Named;
use super::owners::Owners;
use crate::api;
use crate::check::port_number;
use crate::cluster::{Container, DnsPolicy, HostPort, Pod, Port, Protocol, Workload};
use crate::place::{ContainerList, ObjectId, Place};

/// How many pods are turned into drafts at once.
const PIECE: usize = 4096;

/// The pods that were read, and whom they belong to.
pub(super) struct Read {
    pub(super) drafts: Vec<Draft>,
    /// Workloads that own a pod of the input, by namespace: each pod's outermost one and the one
    /// right above it.
    pub(super) owning: FxHashSet<(String, Workload)>,
    /// Whether the input is, or has in it, a dump: a pod with a status.
    pub(super) dumped: bool,
}

/// A piece of the pods on its way, with the Nodes that it names.
struct Piece {
    read: Read,
    named: Named,
    last: Option<Last>,
    /// The last pod's labels.
    labels: Arc<api::Labels>,
}

/// The last pod's owner.
struct Last {
    namespace: String,
    direct: Workload,
    hash: String,
    outermost: Workload,
}

/// Turns pods that were read into drafts, in their order, and notes the Nodes that they name.
///
/// Each core takes pieces of the pods: most of the time goes into memory that is given back.
pub(super) fn read(
    pods: Vec<(ObjectId, Box<api::Pod>)>,
    owners: &Owners,
    named: &mut Named,
) -> Read {
    let count = pods.len();
    let pieces: Vec<Piece> = pods
        .into_par_iter()
        .chunks(PIECE)
        .map(|pods| {
            let drafts = Vec::with_capacity(pods.len());
            let read = Read { drafts, owning: FxHashSet::default(), dumped: false };
            let mut piece = Piece { read, named: named.fork(), last: None, labels: Arc::default() };
            for (id, pod) in pods {
                let draft = piece.pod(id, *pod, owners);
                piece.read.drafts.push(draft);
            }
            piece
        })
        .collect();
    let drafts = Vec::with_capacity(count);
    let mut read = Read { drafts, owning: FxHashSet::default(), dumped: false };
    for piece in pieces {
        read.drafts.extend(piece.read.drafts);
        read.owning.extend(piece.read.owning);
        read.dumped |= piece.read.dumped;
        named.join(piece.named);
    }
    read
}

impl Piece {
    fn pod(&mut self, id: ObjectId, pod: api::Pod, owners: &Owners) -> Draft {
        let api::Pod { metadata, mut spec, status } = pod;
        let finished = matches!(&*status.phase, "Succeeded" | "Failed");
        let addresses = one_per_family(status.addresses().filter_map(api::Address::ip));
        // A manifest has no phase; `status: {}` is how some tools write that.
        let manifest = status.phase.is_empty() && addresses.is_empty();
        let unscheduled = !manifest && spec.node_name.is_empty() && addresses.is_empty();
        let live = !finished && !unscheduled;
        self.read.dumped |= !manifest;
        if live {
            self.named.add(&spec.node_name, &status);
        }

        let workload = self.workload(&metadata, owners);
        let host_network = spec.host_network;
        let pending = &*status.phase == "Pending";
        let node_name = std::mem::take(&mut spec.node_name);
        let (hostname, subdomain) = (given(&spec.hostname), given(&spec.subdomain));
        let dns_policy = DnsPolicy::read(&spec.dns_policy).unwrap_or_default();
        let terminating = metadata.deletion_timestamp.0;
        let (namespace, name, labels) = metadata.into_names();
        Draft {
            node_name,
            wants_address: live && manifest && !host_network,
            pod: Pod {
                namespace,
                name,
                workload,
                node: 0,
                placed: false,
                host_network,
                live,
                addresses: if live && !host_network { addresses } else { Vec::new() },
                invented: false,
                containers: containers(spec, id, pending),
                ready: status.conditions.0.unwrap_or(!pending),
                terminating,
                hostname,
                subdomain,
                dns_policy,
                object: id,
                labels: self.labels(labels),
            },
        }
    }

    /// The labels of a pod, which are often those of the pod before.
    fn labels(&mut self, labels: api::Labels) -> Arc<api::Labels> {
        if *self.labels != labels {
            self.labels = Arc::new(labels);
        }
        Arc::clone(&self.labels)
    }

    /// What a pod belongs to; notes that this owns a pod.
    fn workload(&mut self, metadata: &api::Metadata, owners: &Owners) -> Workload {
        let Some(owner) = metadata.controller() else {
            return Workload { kind: "Pod".to_owned(), name: metadata.name().to_owned() };
        };
        // Pods come sorted by name, so that those of one owner mostly follow each other.
        let hash = metadata.labels.get("pod-template-hash").unwrap_or_default();
        let same = self.last.as_ref().filter(|last| {
            let (ns, direct) = (&last.namespace, &last.direct);
            ns == metadata.namespace()
                && direct.name == owner.name
                && direct.kind == *owner.kind
                && last.hash == hash
        });
        if let Some(last) = same {
            return last.outermost.clone();
        }
        let namespace = metadata.namespace().to_owned();
        let direct = Workload { kind: owner.kind.to_string(), name: owner.name.clone() };
        let outermost = owners.outermost(&namespace, &direct, hash);
        self.read.owning.insert((namespace.clone(), direct.clone()));
        self.read.owning.insert((namespace.clone(), outermost.clone()));
        let hash = hash.to_owned();
        self.last = Some(Last { namespace, direct, hash, outermost: outermost.clone() });
        outermost
    }
}

/// The processes of a pod in the steady state (POD-1): containers, sidecars, containers that were
/// added for debugging, and regular init containers only while the pod is pending.
pub(super) fn containers(spec: api::PodSpec, object: ObjectId, pending: bool) -> Vec<Container> {
    let host_network = spec.host_network;
    let init = indexed(spec.init_containers, ContainerList::Init);
    let (sidecars, init): (Vec<_>, Vec<_>) =
        init.partition(|(_, container)| container.restart_policy == "Always");
    let init = init.into_iter().filter(|_| pending);
    let lasting = indexed(spec.containers, ContainerList::Containers).chain(sidecars);
    let passing = indexed(spec.ephemeral_containers, ContainerList::Ephemeral).chain(init);
    let all = lasting.map(|container| (container, true));
    all.chain(passing.map(|container| (container, false)))
        .map(|((at, container), lasting)| {
            let mut container = self::container(container, object, at);
            container.lasting = lasting;
            if host_network || !lasting {
                container.ports.iter_mut().for_each(|port| port.host = None);
            }
            container
        })
        .collect()
}

type At = (ContainerList, u16);

fn indexed(
    list: Vec<api::Container>,
    which: ContainerList,
) -> impl Iterator<Item = (At, api::Container)> {
    (0..=u16::MAX).map(move |index| (which, index)).zip(list)
}

fn container(mut container: api::Container, object: ObjectId, at: At) -> Container {
    let at = Some(at);
    let mentions = container.take_mentions().0;
    let mut ports = Vec::with_capacity(container.ports.len());
    ports.extend((0..=u16::MAX).zip(container.ports).filter_map(|(index, port)| {
        Some(Port {
            name: Some(port.name).filter(|name| !name.is_empty()),
            number: port_number(port.container_port)?,
            protocol: Protocol::read(&port.protocol)?,
            host: port_number(port.host_port)
                .map(|number| HostPort { number, ip: port.host_ip.ip() }),
            place: Place { object, container: at, port: Some(index) },
        })
    }));
    Container {
        lasting: true,
        name: container.name,
        place: Place { object, container: at, port: None },
        ports,
        mentions,
    }
}

/// What a field says, if anything.
pub(super) fn given(word: &api::Word) -> Option<String> {
    Some(word.to_string()).filter(|text| !text.is_empty())
}

/// The first address of each family, in order (NM-13, IP-6).
pub(super) fn one_per_family(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut first = Vec::new();
    for address in addresses {
        if !first.iter().any(|seen: &IpAddr| seen.is_ipv4() == address.is_ipv4()) {
            // A pod has one or two: room for four would be most of its size.
            first.reserve_exact(1);
            first.push(address);
        }
    }
    first
}
