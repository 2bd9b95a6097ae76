//! What of a rule does not match a message.

use std::net::IpAddr;

use fibula_cluster::{
    NamespaceSelection, Peer, PeerOf, Pod, PodSelection, Protocol, RulePort, Selector,
};
use fibula_network::{Addr, ElementId, Port};
use ipnet::IpNet;

use super::Direction;
use super::peer::{Asked, Means, Who};
use crate::names::proto;

/// Something that a rule asks for and a message lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The API path of the value that asks for it, in the policy.
    pub path: String,
    /// What it is.
    pub what: What,
}

/// What a message lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A label.
    Label {
        /// Whose.
        of: Labelled,
        /// The requirement, as `kubectl` takes it: `app=web`.
        wants: String,
        /// The key.
        key: String,
        /// The value that it has instead; none where it has no such label.
        has: Option<String>,
    },
    /// A label of a namespace that was not read: nobody knows whether it is there (DR-22).
    Unread {
        /// The namespace.
        namespace: String,
        /// The requirement.
        wants: String,
    },
    /// A pod of this namespace: a selector of pods alone means those of the policy's own (NP-11).
    Namespace {
        /// The policy's.
        wants: String,
        /// The pod.
        pod: ElementId,
        /// The pod's.
        has: String,
    },
    /// A pod: selectors match nothing else (NP-34). What it is instead.
    Pod(Instead),
    /// An address of a range.
    Block {
        /// The range.
        net: IpNet,
        /// The address.
        addr: Addr,
    },
    /// An address that is known to be in the range: this one was invented, and is taken to be
    /// elsewhere (DR-19).
    Elsewhere {
        /// The range.
        net: IpNet,
        /// The address.
        addr: Addr,
    },
    /// An address that is not excepted (NP-16).
    Except {
        /// The range that is excepted.
        net: IpNet,
        /// The address.
        addr: Addr,
    },
    /// An address that is no pod's: the plugin does not match pods by ipBlock (DR-2b).
    NoPodsByBlock {
        /// The range.
        net: IpNet,
        /// The address.
        addr: Addr,
    },
    /// A port.
    Port {
        /// What the rule wants: `TCP 8080`, `UDP 53-60`.
        wants: String,
        /// The port of the message.
        has: Port,
        /// Whether the rule names the Service's port instead of the pod's (NP-40).
        of_service: bool,
    },
    /// A port of that name (NP-42).
    NamedPort {
        /// The name.
        wants: String,
        /// What the target pod calls so, if anything.
        means: Option<Port>,
        /// The port of the message.
        has: Port,
    },
}

/// Whose labels a selector asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labelled {
    /// A pod's.
    Pod(ElementId),
    /// A namespace's.
    Namespace(String),
}

/// What stands where a selector wants a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// A Node.
    Node(String),
    /// A pod that uses its Node's network, which most plugins do not see as one (DR-1).
    HostNetwork(String),
    /// Nobody of the cluster.
    Outside(Addr),
}

/// What of a peer does not match the other end of a message; nothing where all does. `path` is the
/// peer's, and `port` says whether the port of the message is missed already.
pub(super) fn peer(
    asked: Asked<'_>,
    direction: Direction,
    peer: &Peer,
    port: bool,
    path: &str,
) -> Option<Miss> {
    let miss = |part: &str, what: What| Some(Miss { path: format!("{path}{part}"), what });
    let addr = asked.address(direction);
    match &peer.what {
        PeerOf::Pods(selection) => match asked.who(direction) {
            Who::Pod(id, pod) => labels(asked, (id, pod), selection, path),
            who => miss("", What::Pod(instead(asked, direction, who))),
        },
        PeerOf::Block { net, except } => {
            let ip = IpAddr::from(addr);
            if !net.contains(&ip) {
                return miss(".ipBlock.cidr", What::Block { net: *net, addr });
            }
            if let Some(net) = except.iter().find(|net| net.contains(&ip)) {
                return miss(".ipBlock.except", What::Except { net: *net, addr });
            }
            match asked.who(direction) {
                Who::Pod(..) => match asked.block_means(direction, peer.place) {
                    Some(Means::Pods) => None,
                    // No entry, for the rule names a port that nobody has: that is the reason.
                    None if port => None,
                    Some(Means::Elsewhere) => {
                        miss(".ipBlock.cidr", What::Elsewhere { net: *net, addr })
                    }
                    _ => miss(".ipBlock.cidr", What::NoPodsByBlock { net: *net, addr }),
                },
                Who::Node(_) | Who::Outside => None,
            }
        }
        // No NetworkPolicy has such peers.
        PeerOf::Nodes(_) | PeerOf::Domains(_) | PeerOf::Unknown => None,
    }
}

fn instead(asked: Asked<'_>, direction: Direction, who: Who<'_>) -> Instead {
    let pod = asked.host_network_pod().filter(|_| direction == Direction::Ingress);
    match (who, pod) {
        (Who::Node(_), Some(pod)) => {
            Instead::HostNetwork(format!("{}/{}", pod.namespace, pod.name))
        }
        (Who::Node(node), None) => Instead::Node(node.to_owned()),
        _ => Instead::Outside(asked.address(direction)),
    }
}

/// What of a selection does not match a pod: its namespace first, for the rest hangs on that.
fn labels(
    asked: Asked<'_>,
    (id, pod): (ElementId, &Pod),
    selection: &PodSelection,
    path: &str,
) -> Option<Miss> {
    match &selection.namespaces {
        NamespaceSelection::Named(name) if *name != pod.namespace => {
            let (wants, has) = (name.clone(), pod.namespace.clone());
            return Some(Miss {
                path: format!("{path}.podSelector"),
                what: What::Namespace { wants, pod: id, has },
            });
        }
        NamespaceSelection::Named(_) => {}
        NamespaceSelection::By(by) => {
            if let Some(miss) = namespace(asked, &pod.namespace, by, path) {
                return Some(miss);
            }
        }
    }
    let mut requirements = selection.pods.requirements().iter();
    let missed = requirements.find(|wants| !wants.holds(pod.labels.get(&wants.key)))?;
    let what = What::Label {
        of: Labelled::Pod(id),
        wants: missed.to_string(),
        key: missed.key.clone(),
        has: pod.labels.get(&missed.key).map(str::to_owned),
    };
    Some(Miss { path: format!("{path}.podSelector.matchLabels[{}]", missed.key), what })
}

fn namespace(asked: Asked<'_>, name: &str, by: &Selector, path: &str) -> Option<Miss> {
    let namespaces = &asked.cluster.namespaces;
    let at = namespaces.binary_search_by(|known| known.name.as_str().cmp(name)).ok()?;
    let namespace = &namespaces[at];
    let own = "kubernetes.io/metadata.name";
    let mut requirements = by.requirements().iter();
    let missed = requirements.find(|wants| !wants.holds(namespace.labels.get(&wants.key)))?;
    let wants = missed.to_string();
    let what = match namespace.object.is_none() && missed.key != own {
        true => What::Unread { namespace: name.to_owned(), wants },
        false => What::Label {
            of: Labelled::Namespace(name.to_owned()),
            wants,
            key: missed.key.clone(),
            has: namespace.labels.get(&missed.key).map(str::to_owned),
        },
    };
    Some(Miss { path: format!("{path}.namespaceSelector.matchLabels[{}]", missed.key), what })
}

/// What of a rule's ports does not match, at the first of them; nothing where one does. `path` is
/// the rule's.
pub(super) fn ports(
    asked: Asked<'_>,
    ports: &[RulePort],
    target: Option<&Pod>,
    path: &str,
) -> Option<Miss> {
    let has = asked.port();
    let protocol = asked.protocol();
    let mut missed = vec![];
    for (i, port) in ports.iter().enumerate() {
        let (part, what) = match port {
            RulePort::All(wanted) if *wanted == protocol => return None,
            RulePort::Range { protocol: wanted, first, last }
                if *wanted == protocol && (*first..=*last).contains(&has.number) =>
            {
                return None;
            }
            RulePort::All(wanted) => {
                let wants = wanted.name().to_owned();
                ("protocol", What::Port { wants, has, of_service: false })
            }
            RulePort::Range { protocol: wanted, first, last } => {
                let range =
                    if first == last { first.to_string() } else { format!("{first}-{last}") };
                let sent = asked.sent.dport;
                let of_service =
                    *wanted == protocol && sent != has.number && (*first..=*last).contains(&sent);
                let part = if *wanted == protocol { "port" } else { "protocol" };
                (part, What::Port { wants: format!("{} {range}", wanted.name()), has, of_service })
            }
            RulePort::Named { name, protocol: wanted } => {
                let means = target.and_then(|pod| named(pod, name, wanted.unwrap_or(protocol)));
                if means == Some(has) {
                    return None;
                }
                ("port", What::NamedPort { wants: name.clone(), means, has })
            }
        };
        missed.push(Miss { path: format!("{path}.ports[{i}].{part}"), what });
    }
    // The nearest: one that means the Service's port, one of the same protocol, the first.
    let near = |miss: &Miss| match &miss.what {
        What::Port { of_service: true, .. } => 0,
        _ if miss.path.ends_with(".port") => 1,
        _ => 2,
    };
    missed.into_iter().min_by_key(near)
}

/// What a pod calls so: of several ports of a protocol the first (SVC-14).
fn named(pod: &Pod, name: &str, protocol: Protocol) -> Option<Port> {
    let lasting = pod.containers.iter().filter(|container| container.lasting);
    let mut ports = lasting.flat_map(|container| &container.ports);
    let port = ports.find(|p| p.name.as_deref() == Some(name) && p.protocol == protocol)?;
    Some(Port { proto: proto(port.protocol), number: port.number })
}
