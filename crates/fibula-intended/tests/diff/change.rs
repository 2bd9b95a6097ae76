//! Random clusters, and what becomes of them by a few changes of objects.

use std::sync::Arc;

use fibula_cluster::{Cluster, ObjectId, Peers, Policy, Protocol, RulePort, RulePorts};
use fibula_intended::Intent;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::clusters::{Drawn, Shape, policed};

/// A cluster before and after.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) old: Cluster,
    pub(crate) new: Cluster,
    pub(crate) intent: Intent,
}

/// What is changed, and where.
type Step = (u8, Index, Index, Index);

/// Pairs of clusters; shrinks towards fewer changes.
pub(crate) fn changed(shape: Shape) -> impl Strategy<Value = Changed> {
    let steps = vec((0..14u8, any::<Index>(), any::<Index>(), any::<Index>()), 1..4);
    (policed(shape, 5), policed(shape, 3), steps, any::<bool>()).prop_map(
        |(drawn, other, steps, back)| {
            let Drawn { cluster: old, intent } = drawn;
            let mut new = old.clone();
            steps.iter().for_each(|step| change(&mut new, &other.cluster.policies, step));
            let (old, new) = if back { (new, old) } else { (old, new) };
            Changed { old, new, intent }
        },
    )
}

/// Pairs of clusters of which only Services differ: in one of the facts that their entries depend on.
pub(crate) fn served(shape: Shape) -> impl Strategy<Value = Changed> {
    let steps = vec((0..9u8, any::<Index>(), any::<Index>()), 1..3);
    (policed(shape, 3), steps).prop_map(|(Drawn { cluster: old, intent }, steps)| {
        let mut new = old.clone();
        steps.iter().for_each(|step| serve(&mut new, step));
        Changed { old, new, intent }
    })
}

fn serve(cluster: &mut Cluster, (what, one, two): &(u8, Index, Index)) {
    let nodes = cluster.nodes.len();
    let Some(service) = at(&mut cluster.services, one) else { return };
    match what {
        0 | 1 => service.internal_local = !service.internal_local,
        2 | 3 => {
            service.external_local = service.externally_accessible() && !service.external_local
        }
        4 => service.proxied = !service.proxied,
        5 => {
            let served = at(&mut service.endpoints, two);
            served.into_iter().for_each(|end| end.serving = !end.serving);
        }
        6 => {
            let node = two.index(nodes);
            let moved = at(&mut service.endpoints, two);
            moved.into_iter().for_each(|end| end.node = Some(node));
        }
        7 => service.source_ranges.clear(),
        _ => {
            let port = at(&mut service.ports, two);
            port.into_iter().for_each(|port| port.node_port = None);
        }
    }
}

fn at<'a, T>(list: &'a mut [T], index: &Index) -> Option<&'a mut T> {
    let at = index.index(list.len().max(1));
    list.get_mut(at)
}

fn change(cluster: &mut Cluster, more: &[Policy], (what, one, two, three): &Step) {
    let policy = |cluster: &mut Cluster| one.index(cluster.policies.len().max(1));
    match what {
        0 => drop(remove(&mut cluster.policies, one)),
        1 => {
            let mut new = more[one.index(more.len())].clone();
            new.name = format!("new-{}", new.name);
            new.object = ObjectId(new.object.0 + 5000);
            let rules = new.ingress.iter_mut().chain(&mut new.egress);
            rules.for_each(|rule| rule.place.object = new.object);
            cluster.policies.push(new);
            cluster.policies.sort_by(|a, b| {
                let key =
                    |p: &Policy| (p.tier, p.priority, p.namespace.clone(), p.name.clone(), p.kind);
                key(a).cmp(&key(b))
            });
        }
        2..=5 => {
            let number = policy(cluster);
            let Some(policy) = cluster.policies.get_mut(number) else { return };
            let rules = if two.index(2) == 0 { &mut policy.ingress } else { &mut policy.egress };
            if *what == 2 {
                drop(remove(rules, three));
                return;
            }
            let Some(rule) = at(rules, three) else { return };
            match what {
                3 => {
                    if let Peers::Of(peers) = &mut rule.peers {
                        drop(remove(peers, two));
                        if peers.is_empty() {
                            rule.peers = Peers::Any;
                        }
                    }
                }
                4 => rule.ports = RulePorts::Any,
                _ => {
                    let port = RulePort::Range { protocol: Protocol::Tcp, first: 80, last: 81 };
                    match &mut rule.ports {
                        RulePorts::Any => rule.ports = RulePorts::Of(vec![port]),
                        RulePorts::Of(ports) => ports.push(port),
                    }
                }
            }
        }
        6 => {
            let number = policy(cluster);
            let subject = more[two.index(more.len())].subject.pods.clone();
            if let Some(policy) = cluster.policies.get_mut(number) {
                policy.subject.pods = subject;
            }
        }
        7 => {
            let labels = at(&mut cluster.pods, one).map(|pod| pod.labels.clone());
            if let (Some(pod), Some(labels)) = (at(&mut cluster.pods, two), labels) {
                pod.labels = labels;
            }
        }
        8 => {
            if let Some(pod) = at(&mut cluster.pods, one) {
                pod.labels = Arc::default();
            }
        }
        9 => drop(remove(&mut cluster.pods, one)),
        10 => {
            let labels = at(&mut cluster.namespaces, one).map(|space| {
                let own = |(key, _): &(&str, &str)| !key.starts_with("kubernetes.io");
                let labels = space.labels.iter().filter(own);
                labels.map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<Vec<_>>()
            });
            if let (Some(space), Some(labels)) = (at(&mut cluster.namespaces, two), labels) {
                let name = [("kubernetes.io/metadata.name".to_owned(), space.name.clone())];
                let all = labels.into_iter().chain(name);
                space.labels = all.map(|(k, v)| (leaked(k), v)).collect();
            }
        }
        11 => {
            // Another address, on another Node: what matters is the name.
            let nodes = cluster.nodes.len();
            if let Some(pod) = at(&mut cluster.pods, one).filter(|pod| pod.has_network()) {
                let last = 100 + two.index(100);
                pod.node = three.index(nodes);
                for addr in &mut pod.addresses {
                    let new = match addr.is_ipv4() {
                        true => format!("10.0.{}.{last}", pod.node + 1),
                        false => format!("fd00:{}::{last}", pod.node + 1),
                    };
                    *addr = new.parse().expect("an address");
                }
            }
        }
        12 => drop(remove(&mut cluster.services, one)),
        _ => {
            let number = policy(cluster);
            if let Some(policy) = cluster.policies.get_mut(number) {
                policy.isolates.ingress = !policy.isolates.ingress;
            }
        }
    }
}

/// Keys of labels are few: each is kept once for all.
fn leaked(key: String) -> &'static str {
    ["team", "env", "kubernetes.io/metadata.name"]
        .into_iter()
        .find(|known| **known == key)
        .expect("a key that clusters are furnished with")
}

fn remove<T>(list: &mut Vec<T>, index: &Index) -> Option<T> {
    let at = index.index(list.len().max(1));
    (at < list.len()).then(|| list.remove(at))
}
