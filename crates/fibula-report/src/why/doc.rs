//! Changes as edits of objects: which value of which object, by its API path.

use fibula_answers::change::{Change, Edit, Labelled, NewRule, RuleAt};
use fibula_answers::trace::policies::Direction;
use fibula_cluster::{Cluster, Kind, ObjectId, Policy, Workload};
use fibula_source::Amend;
use serde_json::json;

use super::spec;

/// An object, as `kubectl` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// Where it was read, if it was.
    pub(super) id: Option<ObjectId>,
    pub(super) kind: String,
    /// Empty for what has none.
    pub(super) namespace: String,
    pub(super) name: String,
}

/// One edit of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Doc {
    pub(super) object: Object,
    pub(super) amend: Amend,
    /// The edit that it is a part of, by its index in the change.
    pub(super) of: usize,
    /// Whether the list that it adds to is not there yet, or empty.
    pub(super) is_new_list: bool,
}

// === impl Doc ===

impl Doc {
    /// The path of what is edited.
    pub(super) fn path(&self) -> &str {
        match &self.amend {
            Amend::Append { path, .. }
            | Amend::Insert { path, .. }
            | Amend::Set { path, .. }
            | Amend::Remove { path } => path,
        }
    }
}

/// What a change edits, and the policies that it makes. Nothing where an object is not known.
pub(super) fn docs(cluster: &Cluster, change: &Change) -> Option<(Vec<Doc>, Vec<Policy>)> {
    let (mut docs, mut made) = (vec![], vec![]);
    let mut now = cluster.clone();
    for (of, edit) in change.edits.iter().enumerate() {
        match edit {
            Edit::AddPolicy(policy) => made.push(Policy::clone(policy)),
            edit => {
                let amends = self::edit(&now, edit)?;
                let is_new_list = match edit {
                    Edit::AddRule { at, .. } => {
                        let policy = policy(&now, at.policy)?;
                        match at.direction {
                            Direction::Ingress => policy.ingress.is_empty(),
                            Direction::Egress => policy.egress.is_empty(),
                        }
                    }
                    _ => false,
                };
                let doc = |(object, amend)| Doc { object, amend, of, is_new_list };
                docs.extend(amends.into_iter().map(doc));
            }
        }
        now = Change::of(edit.clone()).apply(&now)?;
    }
    Some((docs, made))
}

fn edit(cluster: &Cluster, edit: &Edit) -> Option<Vec<(Object, Amend)>> {
    let rule = |at: &RuleAt| {
        let policy = policy(cluster, at.policy)?;
        let path = format!("spec.{}[{}]", at.direction.name(), at.rule);
        Some((policy, of_policy(policy), path))
    };
    let one = |object: Object, amend: Amend| Some(vec![(object, amend)]);
    match edit {
        Edit::AddPeer { rule: at, peer } => {
            let (policy, object, path) = rule(at)?;
            let path = format!("{path}.{}", at.direction.peers());
            let value = spec::peer(policy.kind, &policy.namespace, peer)?;
            one(object, Amend::Append { path, value })
        }
        Edit::RemovePeer { rule: at, peer } => {
            let (_, object, path) = rule(at)?;
            one(object, Amend::Remove { path: format!("{path}.{}[{peer}]", at.direction.peers()) })
        }
        Edit::AddPort { rule: at, port } => {
            let (policy, object, path) = rule(at)?;
            let path = format!("{path}.{}", spec::ports_field(policy.kind));
            one(object, Amend::Append { path, value: spec::port(policy.kind, port)? })
        }
        Edit::RemovePort { rule: at, port } => {
            let (policy, object, path) = rule(at)?;
            let path = format!("{path}.{}[{port}]", spec::ports_field(policy.kind));
            one(object, Amend::Remove { path })
        }
        Edit::AddRule { at, rule: new } => {
            let (policy, object, _) = rule(at)?;
            let path = format!("spec.{}", at.direction.name());
            let NewRule { action, peers, ports } = new;
            let value = spec::rule(policy, at.direction, *action, peers, ports)?;
            one(object, Amend::Insert { path, index: usize::from(at.rule), value })
        }
        Edit::RemoveRule(at) => {
            let (_, object, path) = rule(at)?;
            one(object, Amend::Remove { path })
        }
        Edit::AddPolicy(_) => None,
        Edit::SetLabel { of, key, value } => {
            let objects = labelled(cluster, of)?;
            let set = |(object, labels): (Object, &str)| {
                let path = format!("{labels}[{key}]");
                let amend = match value {
                    Some(value) => Amend::Set { path, value: json!(value) },
                    None => Amend::Remove { path },
                };
                (object, amend)
            };
            Some(objects.into_iter().map(set).collect())
        }
        Edit::SetSelector { service, key, value } => {
            let path = format!("spec.selector[{key}]");
            one(self::service(cluster, *service)?, Amend::Set { path, value: json!(value) })
        }
        Edit::SetServicePort { service, index, number, protocol } => {
            let object = self::service(cluster, *service)?;
            let own = cluster.services.iter().find(|own| own.object == *service)?;
            let port = own.ports.iter().find(|port| port.index == *index)?;
            let path = format!("spec.ports[{index}]");
            let set = |field: &str, value| {
                (object.clone(), Amend::Set { path: format!("{path}.{field}"), value })
            };
            let mut all = vec![];
            if port.number != *number {
                all.push(set("port", json!(number)));
                // Where nothing is said, the endpoints have the Service's own port (SVC-1).
                all.push(set("targetPort", spec::target(&port.target)));
            }
            if port.protocol != *protocol {
                all.push(set("protocol", json!(protocol.name())));
            }
            Some(all)
        }
        Edit::AddServicePort { service, name, number, protocol, target, other } => {
            let value = json!({
                "name": name,
                "port": number,
                "protocol": protocol.name(),
                "targetPort": target,
            });
            let object = self::service(cluster, *service)?;
            let path = "spec.ports".to_owned();
            let name = other.as_ref().map(|other| {
                let path = format!("{path}[0].name");
                (object.clone(), Amend::Set { path, value: json!(other) })
            });
            let more = (object.clone(), Amend::Append { path: path.clone(), value });
            Some(name.into_iter().chain([more]).collect())
        }
        Edit::SetTargetPort { service, index, target } => {
            let path = format!("spec.ports[{index}].targetPort");
            one(self::service(cluster, *service)?, Amend::Set { path, value: json!(target) })
        }
    }
}

/// A policy by its object.
pub(super) fn policy(cluster: &Cluster, object: ObjectId) -> Option<&Policy> {
    cluster.policies.iter().find(|policy| policy.object == object)
}

fn of_policy(policy: &Policy) -> Object {
    Object {
        id: Some(policy.object),
        kind: policy.kind.name().to_owned(),
        namespace: policy.namespace.clone(),
        name: policy.name.clone(),
    }
}

fn service(cluster: &Cluster, object: ObjectId) -> Option<Object> {
    let service = cluster.services.iter().find(|service| service.object == object)?;
    Some(Object {
        id: Some(object),
        kind: "Service".to_owned(),
        namespace: service.namespace.clone(),
        name: service.name.clone(),
    })
}

/// The objects that hold labels, and where in them they stand.
fn labelled(cluster: &Cluster, of: &Labelled) -> Option<Vec<(Object, &'static str)>> {
    const OWN: &str = "metadata.labels";
    match of {
        Labelled::Namespace(name) => {
            let known = cluster.namespaces.iter().find(|known| known.name == *name)?;
            let (kind, namespace) = ("Namespace".to_owned(), String::new());
            Some(vec![(Object { id: known.object, kind, namespace, name: name.clone() }, OWN)])
        }
        Labelled::Workload { namespace, workload: Workload { kind, name } } => {
            let own = |pod: &&fibula_cluster::Pod| {
                pod.namespace == *namespace
                    && (&pod.workload.kind, &pod.workload.name) == (kind, name)
            };
            let pods: Vec<&fibula_cluster::Pod> = cluster.pods.iter().filter(own).collect();
            let first = pods.first()?;
            let maker = cluster.makers.iter().find(|(object, _)| *object == first.object);
            let object = |id, kind: &str| Object {
                id,
                kind: kind.to_owned(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            Some(match maker {
                Some((id, made)) => vec![(object(Some(*id), made.name()), template(*made))],
                None if kind == "Pod" => vec![(object(Some(first.object), kind), OWN)],
                // Its pods were read, and it itself matters to no network.
                None => {
                    let known = if kind == "CronJob" { Kind::CronJob } else { Kind::Deployment };
                    vec![(object(None, kind), template(known))]
                }
            })
        }
    }
}

/// Where the labels of pods stand in what makes them.
fn template(kind: Kind) -> &'static str {
    match kind {
        Kind::Pod => "metadata.labels",
        Kind::CronJob => "spec.jobTemplate.spec.template.metadata.labels",
        _ => "spec.template.metadata.labels",
    }
}
