//! Repeats and twins: one object per kind, namespace and name.

use std::net::IpAddr;

use serde_json::Value;

use crate::api::{Address, Given};
use crate::cluster::Twins;
use crate::object::Object;
use crate::place::ObjectId;
use crate::sloppy::parse_ip;

/// Sorts objects by kind, namespace and name; of identical ones keeps that with the smallest id,
/// of contradicting ones none.
pub(super) fn unique(
    mut objects: Vec<(ObjectId, Object)>,
) -> (Vec<(ObjectId, Object)>, Vec<Twins>) {
    objects.sort_by(|a, b| key(&a.1).cmp(&key(&b.1)).then(a.0.cmp(&b.0)));
    if objects.windows(2).all(|pair| key(&pair[0].1) != key(&pair[1].1)) {
        return (objects, Vec::new());
    }

    let mut kept: Vec<(ObjectId, Object)> = Vec::with_capacity(objects.len());
    let mut twins = Vec::new();
    let mut rest = objects.into_iter().peekable();
    while let Some(mut first) = rest.next() {
        let mut others = Vec::new();
        while let Some(next) = rest.next_if(|next| key(&next.1) == key(&first.1)) {
            if next.1 != first.1 {
                others.push(next);
            } else if next.1.metadata().uid.0 {
                // Of equal objects all are from a cluster if one is.
                first.1.metadata_mut().uid = Given(true);
            }
        }
        if others.is_empty() {
            kept.push(first);
        } else {
            others.push(first);
            twins.push(contradiction(others));
        }
    }
    twins.sort_by(|a, b| (a.kind, &a.namespace, &a.name).cmp(&(b.kind, &b.namespace, &b.name)));
    (kept, twins)
}

fn key(object: &Object) -> (crate::Kind, &str, &str) {
    (object.kind(), object.namespace(), object.name())
}

/// Twins of at least two objects that differ. Costs a copy of each as JSON, which only twins pay.
fn contradiction(objects: Vec<(ObjectId, Object)>) -> Twins {
    let mut addresses: Vec<IpAddr> = objects.iter().flat_map(|(_, o)| claims(o)).collect();
    addresses.sort();
    addresses.dedup();

    let mut contents: Vec<_> = objects
        .iter()
        .map(|(id, object)| {
            let value = object.value();
            (value.to_string(), *id, value)
        })
        .collect();
    contents.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    contents.dedup_by(|later, first| later.0 == first.0);

    // Not empty: the caller has found two that differ.
    let (kind, namespace, name) = key(&objects[0].1);
    let differ = contents.windows(2).find_map(|pair| difference(&pair[0].2, &pair[1].2));
    Twins {
        kind: kind.name(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        objects: contents.iter().map(|(_, id, _)| *id).collect(),
        addresses,
        differ: differ.unwrap_or_default(),
    }
}

/// Every address that an object claims for its own, ExternalIPs apart (C1).
fn claims(object: &Object) -> Vec<IpAddr> {
    match object {
        Object::Pod(pod) if pod.spec.host_network => Vec::new(),
        Object::Pod(pod) => pod.status.addresses().filter_map(Address::ip).collect(),
        Object::Service(service) => service.spec.addresses().filter_map(parse_ip).collect(),
        Object::Node(node) => {
            let internal = node.status.addresses.iter().filter(|a| a.kind == "InternalIP");
            internal.filter_map(|a| parse_ip(&a.address)).collect()
        }
        _ => Vec::new(),
    }
}

/// The API path of the first field, by name, in which two values differ.
fn difference(a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<_> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.into_iter().find_map(|key| {
                let null = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                Some(join(key, &difference(a, b)?))
            })
        }
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len())).find_map(|i| {
            let null = Value::Null;
            let (a, b) = (a.get(i).unwrap_or(&null), b.get(i).unwrap_or(&null));
            Some(join(&format!("[{i}]"), &difference(a, b)?))
        }),
        _ => (a != b).then(String::new),
    }
}

fn join(head: &str, tail: &str) -> String {
    let dot = if tail.is_empty() || tail.starts_with('[') { "" } else { "." };
    format!("{head}{dot}{tail}")
}
