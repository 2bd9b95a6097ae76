//! Repeats and twins: one object per kind, namespace and name.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::services::ServiceDraft;
use super::{fronts, same};
use crate::api::{Address, Given};
use crate::cluster::{Front, FrontOf, Node, Twins};
use crate::object::Object;
use crate::place::ObjectId;
use crate::service::Service;
use crate::sloppy::{parse_cidr, parse_ip};

/// What contradicting objects decide of others: the Nodes whose network they could use (NM-14),
/// the Services that they say something of.
#[derive(Default)]
pub(super) struct Hosts {
    /// The Services of contradicting slices and Endpoints, by namespace and name.
    services: Vec<(String, String)>,
    /// Those that one of the objects names.
    named: Vec<String>,
    /// Whether one names none, so that any could be meant.
    any: bool,
}

type Numbered = Vec<(ObjectId, Object)>;

/// Sorts objects by kind, namespace and name; of those that mean the same keeps that with the
/// smallest id, of contradicting ones none.
pub(super) fn unique(mut objects: Numbered) -> (Numbered, Vec<(Twins, Hosts)>) {
    objects.sort_by(|a, b| key(&a.1).cmp(&key(&b.1)).then(a.0.cmp(&b.0)));
    if objects.windows(2).all(|pair| key(&pair[0].1) != key(&pair[1].1)) {
        return (objects, Vec::new());
    }

    let mut kept: Vec<(ObjectId, Object)> = Vec::with_capacity(objects.len());
    let mut twins = Vec::new();
    let mut rest = objects.into_iter().peekable();
    while let Some(mut first) = rest.next() {
        let mut others = Vec::new();
        let mut plain = false;
        while let Some(mut next) = rest.next_if(|next| key(&next.1) == key(&first.1)) {
            if next.1 != first.1 {
                // Brought to one form, so that it does not matter which of them is kept.
                if !std::mem::replace(&mut plain, true) {
                    same::plain(&mut first.1);
                }
                same::plain(&mut next.1);
            }
            if next.1 != first.1 {
                others.push(next);
            } else {
                // Of equal objects all are from a cluster if one is.
                if next.1.metadata().uid.0 {
                    first.1.metadata_mut().uid = Given(true);
                }
                // Whichever is kept, it names what any of them does.
                if let (Some(kept), Some(other)) = (first.1.spec_mut(), next.1.spec_mut()) {
                    kept.mention(other);
                }
            }
        }
        if others.is_empty() {
            kept.push(first);
        } else {
            others.push(first);
            twins.push(contradiction(others));
        }
    }
    twins.sort_by(|(a, _), (b, _)| {
        (a.kind, &a.namespace, &a.name).cmp(&(b.kind, &b.namespace, &b.name))
    });
    (kept, twins)
}

fn key(object: &Object) -> (crate::Kind, &str, &str) {
    (object.kind(), object.namespace(), object.name())
}

/// Twins of at least two objects that differ. Costs a copy of each as JSON, which only twins pay.
fn contradiction(objects: Numbered) -> (Twins, Hosts) {
    let mut hosts = Hosts::default();
    objects.iter().for_each(|(_, object)| hosts.add(object));

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
    let twins = Twins {
        kind: kind.name(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        objects: contents.iter().map(|(_, id, _)| *id).collect(),
        addresses: sorted(objects.iter().flat_map(|(_, object)| addresses(object))),
        ranges: sorted(objects.iter().flat_map(|(_, object)| ranges(object))),
        fronts: sorted(objects.iter().flat_map(|(_, object)| fronts::of(object))),
        differ: differ.unwrap_or_default(),
    };
    (twins, hosts)
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all.dedup();
    all
}

/// Every address that an object claims for its own, or that others bring to it.
fn addresses(object: &Object) -> Vec<IpAddr> {
    match object {
        Object::Pod(pod) => {
            let host = pod.status.host_addresses().filter(|_| pod.spec.host_network);
            pod.status.addresses().chain(host).filter_map(Address::ip).collect()
        }
        Object::Service(service) => {
            let external = service.spec.external_ips.iter();
            let balancers = service.status.load_balancer.ingress.iter().map(|entry| &entry.ip);
            let others = external.chain(balancers).map(String::as_str);
            service.spec.addresses().chain(others).filter_map(parse_ip).collect()
        }
        Object::Node(node) => {
            let own = node.status.addresses.iter();
            let own = own.filter(|entry| matches!(&*entry.kind, "InternalIP" | "ExternalIP"));
            own.filter_map(|entry| parse_ip(&entry.address)).collect()
        }
        _ => Vec::new(),
    }
}

/// Every range that an object claims (IP-2, IP-3).
fn ranges(object: &Object) -> Vec<IpNet> {
    match object {
        Object::Node(node) => node.spec.ranges().filter_map(parse_cidr).collect(),
        Object::ServiceCidr(cidr) => cidr.spec.cidrs.iter().filter_map(|c| parse_cidr(c)).collect(),
        Object::OpenShiftNetwork(network) => [&network.spec, &network.status]
            .into_iter()
            .flat_map(|said| {
                let pods = said.cluster_network.iter().map(|range| &range.cidr);
                pods.chain(&said.service_network).filter_map(|net| parse_cidr(net))
            })
            .collect(),
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

// === impl Hosts ===

impl Hosts {
    fn add(&mut self, object: &Object) {
        let service = match object {
            Object::EndpointSlice(slice) => slice.service(),
            Object::Endpoints(_) => Some(object.name()),
            _ => None,
        };
        let named = service.map(|name| (object.namespace().to_owned(), name.to_owned()));
        self.services.extend(named);
        let Some(spec) = object.spec().filter(|spec| spec.host_network) else { return };
        match spec.node_name.as_str() {
            "" => self.any = true,
            node => self.named.push(node.to_owned()),
        }
    }

    /// Adds to what the objects claim: the addresses of these Nodes, and every way into these
    /// Services, for what stands behind them is not known.
    pub(super) fn claim(
        &self,
        nodes: &[Node],
        services: &[ServiceDraft],
        fronts: &[Front],
        twins: &mut Twins,
    ) {
        let named = |s: &&Service| {
            self.services.iter().any(|(ns, name)| *ns == s.namespace && *name == s.name)
        };
        for service in services.iter().map(|draft| &draft.service).filter(named) {
            twins.addresses.extend(&service.cluster_ips);
            let of = FrontOf::Service(format!("{}/{}", service.namespace, service.name));
            twins.fronts.extend(fronts.iter().filter(|front| front.of == of).cloned());
        }
        twins.fronts.sort();
        twins.fronts.dedup();
        let meant = nodes.iter().filter(|node| self.any || self.named.contains(&node.name));
        twins.addresses.extend(meant.flat_map(|node| &node.addresses));
        twins.addresses.sort();
        twins.addresses.dedup();
    }
}
