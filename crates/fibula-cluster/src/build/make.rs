//! Pods that workloads would make.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Draft;
use super::nodes::Named;
use super::owners::Owners;
use super::pods::{Read, containers, given};
use crate::api::{self, LabelSelector, Labels, Metadata, PodTemplate, Word};
use crate::check::MOST_REPLICAS;
use crate::cluster::{Assumption, DnsPolicy, Node, Pod, Workload};
use crate::object::Kind;
use crate::options::Options;
use crate::overlay::More;
use crate::place::ObjectId;

/// The most pods that all workloads together make: as many as a cluster of supported size has
/// (SC-1), so that a small file cannot fill the memory.
const MOST_PODS: u64 = MOST_REPLICAS as u64;

/// A workload, whatever its kind.
pub(super) struct Maker {
    pub(super) id: ObjectId,
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) metadata: Metadata,
    replicas: i64,
    /// The headless Service of a StatefulSet.
    service_name: Option<String>,
    pub(super) selector: LabelSelector,
    pub(super) template: PodTemplate,
    /// Those that it makes beside pods that were read.
    more: Option<More>,
}

/// The workloads that make pods.
pub(super) struct Making {
    makers: Vec<(Maker, Workload)>,
}

impl Maker {
    pub(super) fn new(id: ObjectId, kind: Kind, workload: api::Workload) -> Self {
        let count = match kind {
            Kind::Job => workload.spec.parallelism,
            _ => workload.spec.replicas,
        };
        let api::WorkloadSpec { service_name, template, selector, .. } = workload.spec;
        let service_name = Some(service_name).filter(|name| !name.is_empty());
        let maker = Self::of(id, kind, workload.metadata, count.unwrap_or(1), template);
        Self { service_name, selector, ..maker }
    }

    /// A CronJob makes one pod: to the network, one run is like another.
    pub(super) fn cron_job(id: ObjectId, cron: api::CronJob) -> Self {
        let template = cron.spec.job_template.spec.template;
        Self::of(id, Kind::CronJob, cron.metadata, 1, template)
    }

    fn of(
        id: ObjectId,
        kind: Kind,
        metadata: Metadata,
        replicas: i64,
        template: PodTemplate,
    ) -> Self {
        Self {
            id,
            kind,
            namespace: metadata.namespace().to_owned(),
            name: metadata.name().to_owned(),
            metadata,
            replicas,
            service_name: None,
            selector: LabelSelector::default(),
            template,
            more: None,
        }
    }

    /// How many pods it makes on so many Nodes.
    fn count(&self, nodes: usize) -> u64 {
        match (self.kind, self.more) {
            (_, Some(more)) => more.count,
            (Kind::DaemonSet, None) => nodes as u64,
            _ => u64::try_from(self.replicas).unwrap_or(0),
        }
    }

    /// The labels of its pods: those of the template, and what the controller writes beside them, as
    /// far as that follows from the manifest.
    fn labels(&self, template: &Arc<Labels>, name: &str, index: u64) -> Arc<Labels> {
        let own = match self.kind {
            Kind::StatefulSet => [
                ("apps.kubernetes.io/pod-index", index.to_string()),
                ("statefulset.kubernetes.io/pod-name", name.to_owned()),
            ],
            Kind::Job => [
                ("batch.kubernetes.io/job-name", self.name.clone()),
                ("job-name", self.name.clone()),
            ],
            _ => return Arc::clone(template),
        };
        let own = own.into_iter().map(|(key, value)| (Word::from(key), value));
        Arc::new(template.as_ref().clone().into_iter().chain(own).collect())
    }

    /// What the pod at an index is called: as a StatefulSet does; by its Node; by the workload
    /// alone where there is one; else numbered from 1.
    fn pod_name(&self, index: u64, of: u64, nodes: &[Node]) -> String {
        let name = &self.name;
        let node = usize::try_from(index).ok().and_then(|i| nodes.get(i));
        match (self.kind, node) {
            (Kind::StatefulSet, _) => format!("{name}-{index}"),
            (Kind::DaemonSet, Some(node)) => format!("{name}-{}", node.name),
            _ if of == 1 => name.clone(),
            _ => format!("{name}-{}", index + 1),
        }
    }
}

impl Making {
    /// Chooses the workloads that make pods: not those that own pods of the input, nor those
    /// that another workload of the input manages, nor, where the input has pods of a cluster,
    /// those that were read from it too: their pods would be there. Those that are said to make more
    /// do in any case.
    pub(super) fn new(
        workloads: Vec<Maker>,
        owners: &Owners,
        read: &Read,
        options: &Options,
    ) -> Self {
        let names: FxHashSet<(Kind, String, String)> = workloads
            .iter()
            .filter(|w| matches!(w.kind, Kind::Deployment | Kind::CronJob))
            .map(|w| (w.kind, w.namespace.clone(), w.name.clone()))
            .collect();
        let mut makers = Vec::new();
        for mut maker in workloads {
            maker.more = options.more.get(&maker.id).copied();
            let own = Workload { kind: maker.kind.name().to_owned(), name: maker.name.clone() };
            let above = owners.above(maker.kind, &maker.namespace, &maker.name).cloned();
            let managed = above.as_ref().is_some_and(|above| {
                let kind = if maker.kind == Kind::Job { Kind::CronJob } else { Kind::Deployment };
                names.contains(&(kind, maker.namespace.clone(), above.name.clone()))
            });
            let observed = read.dumped && maker.metadata.uid.0;
            let key = (maker.namespace.clone(), own);
            let makes = !managed && !observed && !read.owning.contains(&key);
            if makes || maker.more.is_some() {
                makers.push((maker, above.unwrap_or(key.1)));
            }
        }
        makers.sort_by(|(a, _), (b, _)| {
            (&a.namespace, &a.name, a.kind).cmp(&(&b.namespace, &b.name, b.kind))
        });
        Self { makers }
    }

    /// Notes the Nodes that templates name.
    pub(super) fn name_nodes(&self, named: &mut Named) {
        for (maker, _) in &self.makers {
            named.add(&maker.template.spec.node_name, &api::PodStatus::default());
        }
    }

    /// Adds the pods, and tells the kind of each workload that made some, by object.
    ///
    /// A name that another pod of the namespace has is followed by the workload's kind
    /// (`web-job`), and that by a number. Where workloads ask for more pods in all than a
    /// cluster can have, each gets its share, at least one.
    pub(super) fn make(
        self,
        drafts: &mut Vec<Draft>,
        nodes: &[Node],
        assumptions: &mut Vec<Assumption>,
    ) -> Vec<(ObjectId, Kind)> {
        let asked = self.makers.iter().map(|(maker, _)| maker.count(nodes.len()));
        let asked = asked.fold(0_u64, u64::saturating_add);
        let share = |count: u64| match asked > MOST_PODS && count > 0 {
            true => {
                let share = u128::from(count) * u128::from(MOST_PODS) / u128::from(asked);
                u64::try_from(share).unwrap_or(count).max(1)
            }
            false => count,
        };

        let mut taken: FxHashSet<(String, String)> = FxHashSet::default();
        if asked > 0 {
            let names = drafts.iter().map(|d| (d.pod.namespace.clone(), d.pod.name.clone()));
            taken.extend(names);
        }
        let read = drafts.len();
        let mut kinds = Vec::new();
        for (maker, workload) in self.makers {
            let count = share(maker.count(nodes.len()));
            if count > 0 {
                kinds.push((maker.id, maker.kind));
            }
            let labels = Arc::new(maker.template.metadata.labels.clone());
            let containers = containers(maker.template.spec.clone(), maker.id, false);
            let from = maker.more.map_or(0, |more| more.from);
            let all = from..from.saturating_add(count);
            for index in all.clone() {
                let wanted = maker.pod_name(index, all.end, nodes);
                let name = free(&mut taken, &maker, &wanted);
                let on = usize::try_from(index).ok().and_then(|i| nodes.get(i));
                let on = on.filter(|_| maker.kind == Kind::DaemonSet);
                let spec = &maker.template.spec;
                let host_network = spec.host_network;
                // Each pod of a StatefulSet is known by its own name (DNS-6).
                let (hostname, subdomain) = match maker.kind {
                    Kind::StatefulSet => (Some(wanted.clone()), maker.service_name.clone()),
                    _ => (given(&spec.hostname), given(&spec.subdomain)),
                };
                drafts.push(Draft {
                    node_name: on.map_or(&maker.template.spec.node_name, |n| &n.name).clone(),
                    wants_address: !host_network,
                    pod: Pod {
                        namespace: maker.namespace.clone(),
                        name,
                        workload: workload.clone(),
                        node: 0,
                        placed: false,
                        host_network,
                        live: true,
                        addresses: Vec::new(),
                        invented: false,
                        containers: containers.clone(),
                        ready: true,
                        terminating: false,
                        hostname: hostname.clone(),
                        subdomain: subdomain.clone(),
                        dns_policy: DnsPolicy::read(&spec.dns_policy).unwrap_or_default(),
                        object: maker.id,
                        labels: maker.labels(&labels, &wanted, index),
                    },
                });
            }
        }
        if asked > MOST_PODS {
            assumptions.push(Assumption::Capped { asked, made: drafts.len() - read });
        }
        kinds.sort();
        kinds
    }
}

/// The first name that no pod of the namespace has, and takes it.
fn free(taken: &mut FxHashSet<(String, String)>, maker: &Maker, wanted: &str) -> String {
    let mut key = (maker.namespace.clone(), wanted.to_owned());
    let mut tries = 1_u64;
    while taken.contains(&key) {
        let by_kind = format!("{wanted}-{}", maker.kind.name().to_lowercase());
        key.1 = match tries {
            1 => by_kind,
            _ => format!("{by_kind}-{tries}"),
        };
        tries += 1;
    }
    let name = key.1.clone();
    taken.insert(key);
    name
}
