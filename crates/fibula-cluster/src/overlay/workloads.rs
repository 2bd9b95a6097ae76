//! Workloads that were laid over others, and what becomes of their pods.
//!
//! Pods whose template is as it was stay, with their addresses. Where it changed they all give way, and
//! the workload makes new ones, as it would. Where only their number changed some go, or some come.

use std::collections::{BTreeMap, BTreeSet};

use super::keep::TOPOLOGY;
use super::{Laid, More, Numbered, Touched};
use crate::api::{Container, Mention, Pod, PodSpec, PodTemplate};
use crate::build::{by_hash, same};
use crate::object::{Kind, Object};
use crate::place::ObjectId;

/// What a workload's pods have beside the labels of its template, by who writes it.
const CONTROLLERS: [&str; 12] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "apps.kubernetes.io/pod-index",
    "statefulset.kubernetes.io/pod-name",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "job-name",
    "controller-uid",
    TOPOLOGY[0],
    TOPOLOGY[1],
];

/// The workloads that were laid over.
#[derive(Default)]
pub(super) struct Workloads(Vec<Rolled>);

/// A workload that was laid over, and its pods.
struct Rolled {
    id: ObjectId,
    kind: Kind,
    namespace: String,
    name: String,
    template: PodTemplate,
    /// How many pods it wants, of a kind that says so.
    wants: Option<u64>,
    /// Whether its pods are to be others now; not known where only the pods were read.
    changed: Option<bool>,
    /// Whether the number of them is to be another.
    scaled: bool,
    /// Whether its containers name other addresses, which changes no pod.
    mentions: bool,
    /// Where its pods stand among the objects.
    pods: Vec<usize>,
    /// Those that have ended: they run nowhere, and still belong to it.
    ended: Vec<usize>,
}

impl Workloads {
    /// Notes a workload, and what it was.
    pub(super) fn add(&mut self, id: ObjectId, before: Option<&Object>, object: &Object) {
        let Some((template, wants)) = read(object) else { return };
        let was = before.and_then(read);
        let changed = was.as_ref().map(|(was, _)| renamed(object, before) || *was != template);
        let mentions =
            was.as_ref().is_none_or(|(was, _)| named(&was.spec) != named(&template.spec));
        // Where neither says a number, it is one (and nobody cares to scale it).
        let scaled = match was {
            Some((_, had)) => had.unwrap_or(1) != wants.unwrap_or(1),
            None => true,
        };
        self.0.push(Rolled {
            id,
            kind: object.kind(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            template,
            wants,
            changed,
            scaled,
            mentions,
            pods: vec![],
            ended: vec![],
        });
    }

    /// Takes out the pods that give way, and tells how many come.
    pub(super) fn roll(
        mut self,
        objects: &mut Vec<Numbered>,
        touched: &mut Touched,
        laid: &mut Laid,
    ) -> BTreeMap<ObjectId, More> {
        let mut more = BTreeMap::new();
        if self.0.is_empty() {
            return more;
        }
        self.find(objects);
        let mut gone: BTreeSet<usize> = BTreeSet::new();
        let mut over: BTreeSet<usize> = BTreeSet::new();
        let mut anew: BTreeSet<ObjectId> = BTreeSet::new();
        for rolled in &mut self.0 {
            rolled.sort(objects);
            let pods = |at: &usize| match &objects[*at].1 {
                Object::Pod(pod) => Some(&**pod),
                _ => None,
            };
            let read: Vec<&Pod> = rolled.pods.iter().filter_map(pods).collect();
            let changed = rolled
                .changed
                .unwrap_or_else(|| !read.iter().all(|pod| made_by(pod, &rolled.template)));
            if changed {
                gone.extend(&rolled.pods);
                anew.insert(rolled.id);
            } else if let Some(wants) = rolled.wants.filter(|_| rolled.scaled) {
                let has = read.len() as u64;
                let keep = usize::try_from(wants).unwrap_or(usize::MAX);
                gone.extend(rolled.pods.iter().skip(keep));
                // Without any pod there it makes all of them, as it would by itself.
                if has == 0 {
                    anew.insert(rolled.id);
                } else if wants > has {
                    more.insert(rolled.id, More { from: has, count: wants - has });
                }
            }
            if anew.contains(&rolled.id) {
                over.extend(&rolled.ended);
            }
            if anew.contains(&rolled.id) || more.contains_key(&rolled.id) {
                touched.add(&rolled.namespace, &rolled.template.metadata.labels);
            }
        }
        for rolled in self.0.iter().filter(|rolled| rolled.mentions) {
            for at in rolled.pods.iter().filter(|at| !gone.contains(at)) {
                if let Object::Pod(pod) = &mut objects[*at].1 {
                    mention(&rolled.template.spec, &mut pod.spec);
                }
            }
        }
        for at in &gone {
            let object = &objects[*at].1;
            touched.add(object.namespace(), &object.metadata().labels);
        }
        laid.pods = gone.len();
        // A workload that owns pods makes none, even if they have ended.
        gone.append(&mut over);
        let mut at = 0..;
        objects.retain(|_| at.next().is_none_or(|at| !gone.contains(&at)));
        for (id, object) in objects {
            // What has no uid is not yet in the cluster: it makes its pods.
            object.metadata_mut().uid.0 &= !anew.contains(id);
        }
        more
    }

    /// Finds the pods of each workload: its own, and those of its ReplicaSets and Jobs.
    fn find(&mut self, objects: &[Numbered]) {
        let mut by_name: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        let keys: Vec<(String, &'static str, String)> =
            self.0.iter().map(|w| (w.namespace.clone(), w.kind.name(), w.name.clone())).collect();
        for (i, (namespace, kind, name)) in keys.iter().enumerate() {
            by_name.insert((namespace, kind, name), i);
        }
        let namespaces: BTreeSet<&str> = keys.iter().map(|(namespace, ..)| &**namespace).collect();
        // What stands between a workload and its pods, and whose it is, if anybody's.
        let mut between: BTreeMap<(&str, &str, &str), Option<usize>> = BTreeMap::new();
        for (_, object) in objects {
            let (Object::Workload(kind @ (Kind::ReplicaSet | Kind::Job), workload), namespace) =
                (object, object.namespace())
            else {
                continue;
            };
            if namespaces.contains(namespace) {
                let owner = workload.metadata.controller();
                let owner = owner.and_then(|o| by_name.get(&(namespace, &*o.kind, &*o.name)));
                between.insert((namespace, kind.name(), object.name()), owner.copied());
            }
        }
        for (at, (_, object)) in objects.iter().enumerate() {
            let Object::Pod(pod) = object else { continue };
            let namespace = pod.metadata.namespace();
            let ended = matches!(&*pod.status.phase, "Succeeded" | "Failed");
            let Some(owner) = pod.metadata.controller() else { continue };
            if !namespaces.contains(namespace) {
                continue;
            }
            let direct = (namespace, &*owner.kind, &*owner.name);
            let of = by_name.get(&direct).or_else(|| match between.get(&direct) {
                Some(above) => above.as_ref(),
                None if owner.kind == *"ReplicaSet" => {
                    let hash = pod.metadata.labels.get("pod-template-hash").unwrap_or_default();
                    let name = by_hash(&owner.name, hash)?;
                    by_name.get(&(namespace, "Deployment", name))
                }
                None => None,
            });
            if let Some(of) = of {
                let of = &mut self.0[*of];
                if ended { &mut of.ended } else { &mut of.pods }.push(at);
            }
        }
    }
}

impl Rolled {
    /// In the order in which they go last: of a StatefulSet by number, of others by name.
    fn sort(&mut self, objects: &[Numbered]) {
        let number = |name: &str| {
            let number = name.rsplit('-').next().and_then(|n| n.parse::<u64>().ok());
            number.filter(|_| self.kind == Kind::StatefulSet)
        };
        self.pods.sort_by_key(|at| {
            let name = objects[*at].1.name();
            (number(name), name)
        });
    }
}

/// The template of what makes pods, in the one form of all that mean the same, and how many it
/// wants, where it says.
fn read(object: &Object) -> Option<(PodTemplate, Option<u64>)> {
    let wants = match object {
        Object::Workload(Kind::DaemonSet, _) => None,
        Object::Workload(Kind::Job, o) => o.spec.parallelism,
        Object::Workload(_, o) => o.spec.replicas,
        _ => None,
    };
    let wants = wants.map(|wants| u64::try_from(wants).unwrap_or(0));
    let mut object = object.clone();
    same::plain(&mut object);
    match object {
        Object::Workload(_, o) => Some((o.spec.template, wants)),
        Object::CronJob(o) => Some((o.spec.job_template.spec.template, wants)),
        _ => None,
    }
}

/// Whether a StatefulSet's pods are known below another name now (DNS-6).
fn renamed(object: &Object, before: Option<&Object>) -> bool {
    let name = |object: &Object| match object {
        Object::Workload(Kind::StatefulSet, o) => o.spec.service_name.clone(),
        _ => String::new(),
    };
    before.is_some_and(|before| name(before) != name(object))
}

/// Whether a pod that was read could be made by a template: as far as the model reads both, and
/// whatever else was put into it on its way.
fn made_by(pod: &Pod, template: &PodTemplate) -> bool {
    let mut object = Object::Pod(Box::new(pod.clone()));
    same::plain(&mut object);
    let Object::Pod(pod) = object else { return false };
    let wanted = &template.metadata.labels;
    let all = wanted.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value));
    let known = |key: &str| wanted.get(key).is_some() || CONTROLLERS.contains(&key);
    let no_other = pod.metadata.labels.iter().all(|(key, _)| known(key));
    let has = |containers: &[Container], wanted: &[Container]| {
        wanted.iter().all(|wanted| {
            containers.iter().any(|c| c.name == wanted.name && c.ports == wanted.ports)
        })
    };
    all && no_other
        && pod.spec.host_network == template.spec.host_network
        && has(&pod.spec.containers, &template.spec.containers)
        && has(&pod.spec.init_containers, &template.spec.init_containers)
}

fn lists(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(&spec.init_containers)
}

/// The addresses that containers name: told apart here, though objects are equal whatever they name.
fn named(spec: &PodSpec) -> Vec<Box<[Mention]>> {
    lists(spec).map(|container| container.clone().take_mentions().0).collect()
}

/// Lets the containers of a pod name what those of the template name.
fn mention(template: &PodSpec, pod: &mut PodSpec) {
    for container in pod.containers.iter_mut().chain(&mut pod.init_containers) {
        let of = lists(template).find(|other| other.name == container.name);
        if let Some(of) = of {
            container.env = of.env.clone();
            container.command = of.command.clone();
            container.args = of.args.clone();
        }
    }
}
