//! Random policies of all four kinds, and what they speak of: labels, namespaces, names of ports.

use std::sync::Arc;

use fibula_cluster::api::Labels;
use fibula_cluster::{
    Cluster, ContainerList, Isolates, Namespace, NamespaceSelection, ObjectId, Peer, PeerOf, Peers,
    Place, PodSelection, Policy, PolicyKind, Protocol, Requirement, Rule, RuleAction, RulePort,
    RulePorts, Selector, Test, Tier,
};
use fibula_intended::{Decisions, Profile};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::random::{Drawn, Shape, drawn};

/// What a pod, a namespace or a Node is given.
type Dress = (usize, Vec<(&'static str, &'static str)>, bool);

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const BLOCKS: [&str; 14] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/16",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.1.1/32",
    "10.0.0.1/32",
    "10.0.0.0/30",
    "198.51.100.0/24",
    "8.0.0.0/6",
    "::/0",
    "fd00:1::/64",
    "fd00::/126",
    "2001:db8::/32",
];
const EXCEPT: [&str; 6] =
    ["10.0.1.2/32", "10.0.0.2/32", "10.0.1.0/28", "198.51.100.7/32", "fd00:1::2/128", "::/1"];

/// Random clusters with policies; shrinks towards fewer and plainer ones.
pub(crate) fn policed(shape: Shape, policies: usize) -> impl Strategy<Value = Drawn> {
    let drawn = drawn(shape);
    let pods = vec(dress(&["app", "tier"]), 8);
    let namespaces = vec(dress(&["team", "env"]), NAMESPACES.len());
    let nodes = vec(dress(&["role"]), 5);
    let profiles = [None, None, Some(Profile::Reference), Some(Profile::Cilium)].to_vec();
    let decisions = select(profiles)
        .prop_map(|profile| profile.map_or_else(Decisions::default, Decisions::from));
    (drawn, pods, namespaces, nodes, vec(policy(), 1..=policies), decisions).prop_map(
        |(mut drawn, pods, namespaces, nodes, policies, decisions)| {
            drawn.intent.decisions = decisions;
            furnish(&mut drawn.cluster, &pods, &namespaces, &nodes);
            drawn.cluster.policies = named(policies);
            drawn
        },
    )
}

/// Namespaces and Nodes of which some were not read, pods in them, and ports with names.
fn furnish(cluster: &mut Cluster, pods: &[Dress], namespaces: &[Dress], nodes: &[Dress]) {
    fn labels(dress: &Dress) -> impl Iterator<Item = (&'static str, String)> {
        dress.1.iter().map(|(key, value)| (*key, (*value).to_owned()))
    }
    for (i, (name, dress)) in (1000..).zip(NAMESPACES.into_iter().zip(namespaces)) {
        let own = [("kubernetes.io/metadata.name", name.to_owned())];
        let read = dress.2 || dress.0 > 0;
        let known: Vec<_> = if read { labels(dress).collect() } else { vec![] };
        cluster.namespaces.push(Namespace {
            name: name.to_owned(),
            object: read.then_some(ObjectId(i)),
            labels: known.into_iter().chain(own).collect(),
        });
    }
    for (i, (node, dress)) in (2000..).zip(cluster.nodes.iter_mut().zip(nodes)) {
        let read = dress.2 || dress.0 > 0;
        if read {
            node.object = Some(ObjectId(i));
            node.labels = labels(dress).collect();
        }
        node.external = vec![format!("198.51.100.{}", i - 1900).parse().expect("an address")];
    }
    for (pod, dress) in cluster.pods.iter_mut().zip(pods) {
        pod.namespace = NAMESPACES[dress.0].to_owned();
        pod.labels = Arc::new(labels(dress).collect::<Labels>());
        let mut names = ["web", "dns", "web"].into_iter().filter(|_| dress.2);
        let ports = pod.containers.iter_mut().flat_map(|container| &mut container.ports);
        ports.for_each(|port| port.name = names.next().map(str::to_owned));
    }
    cluster.pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
}

/// A namespace, labels, and whether there is more.
fn dress(keys: &'static [&'static str]) -> impl Strategy<Value = Dress> {
    let label = (select(keys), select(&["x", "y"][..]));
    let labels = vec(label, 0..=keys.len()).prop_map(|mut labels| {
        labels.sort_unstable();
        labels.dedup_by_key(|label| label.0);
        labels
    });
    (0..NAMESPACES.len(), labels, any::<bool>())
}

/// The policies in their order of evaluation, each with a name of its own.
fn named(mut policies: Vec<Policy>) -> Vec<Policy> {
    for (i, policy) in policies.iter_mut().enumerate() {
        policy.name = format!("p{i}");
        policy.object = ObjectId(i as u32);
        for (list, rules) in [
            (ContainerList::Ingress, &mut policy.ingress),
            (ContainerList::Egress, &mut policy.egress),
        ] {
            for (index, rule) in (0..).zip(rules) {
                rule.index = index;
                rule.place =
                    Place { object: policy.object, container: Some((list, index)), port: None };
                if let Peers::Of(peers) = &mut rule.peers {
                    for (i, peer) in (0..).zip(peers) {
                        peer.place = Place { port: Some(i), ..rule.place };
                    }
                }
            }
        }
    }
    policies.sort_by(|a, b| {
        let key = |p: &Policy| (p.tier, p.priority, p.namespace.clone(), p.name.clone(), p.kind);
        key(a).cmp(&key(b))
    });
    policies
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![3 => network_policy().boxed(), 4 => cluster_policy().boxed()]
}

fn network_policy() -> impl Strategy<Value = Policy> {
    let isolates = select(&[(true, false), (false, true), (true, true)][..]);
    (select(&NAMESPACES[..]), selector(&["app", "tier"]), isolates).prop_flat_map(
        |(namespace, pods, (ingress, egress))| {
            let rules = |on: bool| vec(allow(namespace), if on { 0..=3 } else { 0..=0 });
            (rules(ingress), rules(egress)).prop_map(move |rules| {
                let namespaces = NamespaceSelection::Named(namespace.to_owned());
                Policy {
                    namespace: namespace.to_owned(),
                    subject: PodSelection { namespaces, pods: pods.clone() },
                    isolates: Isolates { ingress, egress },
                    ..policy_of(PolicyKind::NetworkPolicy, Tier::NetworkPolicy, 0, rules)
                }
            })
        },
    )
}

fn cluster_policy() -> impl Strategy<Value = Policy> {
    let kind = select(
        &[
            (PolicyKind::ClusterNetworkPolicy, Tier::Admin),
            (PolicyKind::ClusterNetworkPolicy, Tier::Baseline),
            (PolicyKind::AdminNetworkPolicy, Tier::Admin),
            (PolicyKind::BaselineAdminNetworkPolicy, Tier::Baseline),
        ][..],
    );
    let rules = (vec(decide(false), 0..=3), vec(decide(true), 0..=3));
    (kind, 0..2u16, selection(), rules).prop_map(|((kind, tier), priority, subject, rules)| {
        Policy { subject, ..policy_of(kind, tier, priority, rules) }
    })
}

fn policy_of(
    kind: PolicyKind,
    tier: Tier,
    priority: u16,
    (ingress, egress): (Vec<Rule>, Vec<Rule>),
) -> Policy {
    let all = NamespaceSelection::By(Selector::default());
    Policy {
        kind,
        tier,
        priority,
        namespace: String::new(),
        name: String::new(),
        object: ObjectId(0),
        subject: PodSelection { namespaces: all, pods: Selector::default() },
        isolates: Isolates::default(),
        ignored: Isolates::default(),
        ingress,
        egress,
    }
}

/// A rule of a NetworkPolicy.
fn allow(namespace: &'static str) -> impl Strategy<Value = Rule> {
    let own = selector(&["app", "tier"]).prop_map(|pods| {
        PeerOf::Pods(PodSelection { namespaces: NamespaceSelection::Named(namespace.into()), pods })
    });
    let peer = prop_oneof![1 => own, 1 => selection().prop_map(PeerOf::Pods), 2 => block(true)];
    rule(Just(RuleAction::Allow), vec(peer, 0..=2), Just(true))
}

/// A rule of a policy of the cluster.
fn decide(egress: bool) -> impl Strategy<Value = Rule> {
    let action = select(&[RuleAction::Allow, RuleAction::Deny, RuleAction::Pass][..]);
    let pods = selection().prop_map(PeerOf::Pods);
    let unknown = Just(PeerOf::Unknown);
    let peer = match egress {
        false => prop_oneof![9 => pods, 1 => unknown].boxed(),
        true => {
            let nodes = selector(&["role"]).prop_map(PeerOf::Nodes);
            let domains = Just(PeerOf::Domains(vec!["*.example.org".to_owned()]));
            prop_oneof![6 => pods, 3 => block(false), 3 => nodes, 1 => unknown, 1 => domains]
                .boxed()
        }
    };
    rule(action, vec(peer, 1..=2), Just(false))
}

fn rule(
    action: impl Strategy<Value = RuleAction>,
    peers: impl Strategy<Value = Vec<PeerOf>>,
    namespaced: impl Strategy<Value = bool>,
) -> impl Strategy<Value = Rule> {
    let ports = namespaced.prop_flat_map(|namespaced| vec(port(namespaced), 0..=2));
    (action, peers, ports).prop_map(|(action, peers, ports)| {
        let place = Place { object: ObjectId(0), container: None, port: None };
        // A name that is to be matched can only be allowed (CNP-25).
        let allows = peers.iter().any(|what| matches!(what, PeerOf::Domains(_)));
        let peers: Vec<Peer> = peers.into_iter().map(|what| Peer { place, what }).collect();
        Rule {
            action: if allows { RuleAction::Allow } else { action },
            name: None,
            index: 0,
            peers: if peers.is_empty() { Peers::Any } else { Peers::Of(peers) },
            ports: if ports.is_empty() { RulePorts::Any } else { RulePorts::Of(ports) },
            place,
        }
    })
}

fn port(namespaced: bool) -> impl Strategy<Value = RulePort> {
    let protocol = || select(&[Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp][..]);
    let range = (protocol(), select(&[53u16, 80, 81, 8080][..]), select(&[0u16, 1, 8000][..]));
    let range = range.prop_map(|(protocol, first, more)| RulePort::Range {
        protocol,
        first,
        last: first + more,
    });
    let named = (select(&["web", "dns"][..]), protocol()).prop_map(move |(name, protocol)| {
        RulePort::Named { name: name.to_owned(), protocol: namespaced.then_some(protocol) }
    });
    match namespaced {
        true => prop_oneof![range, named, protocol().prop_map(RulePort::All)].boxed(),
        false => prop_oneof![2 => range, 1 => named].boxed(),
    }
}

fn block(with_except: bool) -> impl Strategy<Value = PeerOf> {
    let except = vec(select(&EXCEPT[..]), 0..=if with_except { 2 } else { 0 });
    (select(&BLOCKS[..]), except).prop_map(|(net, except)| PeerOf::Block {
        net: net.parse().expect("a range"),
        except: except.iter().map(|net| net.parse().expect("a range")).collect(),
    })
}

fn selection() -> impl Strategy<Value = PodSelection> {
    let namespaces = selector(&["team", "env", "kubernetes.io/metadata.name"]);
    (namespaces, selector(&["app", "tier"]))
        .prop_map(|(by, pods)| PodSelection { namespaces: NamespaceSelection::By(by), pods })
}

fn selector(keys: &'static [&'static str]) -> impl Strategy<Value = Selector> {
    let values = || vec(select(&["x", "y", "a", "b"][..]), 1..=2);
    let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect();
    let test = prop_oneof![
        values().prop_map(move |v| Test::In(owned(v))),
        values().prop_map(move |v| Test::NotIn(owned(v))),
        Just(Test::Exists),
        Just(Test::DoesNotExist),
    ];
    let requirement =
        (select(keys), test).prop_map(|(key, test)| Requirement { key: key.to_owned(), test });
    // Most of the labels that are asked for are on few things: often nothing is asked.
    let some = vec(requirement, 1..=2).prop_map(Selector::new);
    prop_oneof![Just(Selector::default()), some]
}
