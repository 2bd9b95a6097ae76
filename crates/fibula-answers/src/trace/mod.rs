//! What happens to a message, hop by hop.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fibula_cluster::{
    Cluster, Decides, Front, FrontAt, FrontOf, Range, RangeKind, RangeSource, Twins,
};
use fibula_network::walk::{Choices, Ending, Life, Verdict, walk};
use fibula_network::{Addr, ChoiceId, ElementId, Entity, Family, Header, Kind, Network, Ports};

use crate::names::{self, From, NameError, Names, SOMEWHERE, To, What};

/// What a question is put to.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The network.
    pub network: &'a Network,
    /// The cluster that it was made for, if it was.
    pub cluster: Option<&'a Cluster>,
    /// What the input holds that decides traffic and was not read, and that the user has not
    /// accepted (DR-21).
    pub unread: &'a [Unread],
}

/// Objects of a kind that decide traffic and are not read (DR-21).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// What they decide.
    pub decides: Decides,
    /// Their kind.
    pub kind: String,
    /// How many there are in each namespace; under an empty name those that have none.
    pub namespaces: BTreeMap<String, usize>,
}

/// The answer: one life for each way in which the open choices fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Who sends.
    pub from: From,
    /// Where to.
    pub to: To,
    /// The message, as it is sent.
    pub header: Header,
    /// Whether an entry of the network asks for the source port: else any will do.
    pub source_port_matters: bool,
    /// The lives that differ, with the choices under which each is lived; at least one.
    pub lives: Vec<(Vec<u8>, Life)>,
    /// Whether it is delivered, but to somebody else than was named.
    pub astray: bool,
    /// Why the answer is not certain; if there is a doubt, it is undecided.
    pub doubts: Vec<Doubt>,
}

/// Why an answer is undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It depends on a choice that is left open.
    Choice(ChoiceId),
    /// The target is a Service, and those are not followed.
    Service(String),
    /// The target is a way in to a Service or a pod past its own addresses, and those are not
    /// followed: an external address, a load balancer, a nodePort (SVC-20), a hostPort (NM-17).
    Front(FrontOf),
    /// Policies could withhold the message, and were not read (DR-21).
    Policies(Vec<Unread>),
    /// The target is an address in a range of our own, or may be in one of the cluster's that the
    /// input does not say (DR-19).
    Invented,
    /// Objects that contradict each other were kept out, and one of them claims the target's
    /// address, by itself or in a range, or is the Node of one of the two ends.
    Twins(String),
}

/// Follows a message by name.
///
/// # Errors
///
/// Every name that means nothing or too much, both ends at once.
pub fn trace(
    ground: Ground<'_>,
    namespace: Option<&str>,
    from: &str,
    to: &str,
) -> Result<Trace, Vec<NameError>> {
    let names = Names::new(ground.network, ground.cluster, namespace);
    let from = names.from(from);
    let to = names.to(to, from.as_ref().ok());
    match (from, to) {
        (Ok(from), Ok(to)) => {
            let header = header(ground.network, &from, &to).map_err(|error| vec![error])?;
            Ok(follow(ground, from, to, header))
        }
        (from, to) => Err([from.err(), to.err()].into_iter().flatten().collect()),
    }
}

/// The header of the message: from an address of the sender, in a family that both have.
fn header(network: &Network, from: &From, to: &To) -> Result<Header, NameError> {
    let host = network.facts.host(from.process);
    let own: Vec<Addr> = match (from.address, host) {
        (Some(address), _) => vec![address],
        (None, Some(host)) => network.facts.addresses(Entity::Switch(host)).collect(),
        (None, None) => vec![],
    };
    let world = network.kind(from.process) == Kind::World;
    let source = |family| match own.iter().find(|addr| addr.family() == family) {
        Some(addr) => Some(*addr),
        None if world && family == Family::V4 => Some(SOMEWHERE),
        None => None,
    };
    // Containers of one Pod talk over loopback (C2), which is also what a person means by
    // 127.0.0.1. A client takes 127.0.0.1 as its source for all of 127.0.0.0/8 (R2).
    let neighbour = to.chosen.as_ref().is_some_and(|chosen| {
        chosen.what == What::Container
            && chosen.elements.iter().all(|e| network.facts.host(*e) == host)
    });
    let loopback = |addr: Addr| IpAddr::from(addr).is_loopback();
    let pair = to.addresses.iter().find_map(|&dst| match dst {
        dst if loopback(dst) => Some((Addr::loopback(dst.family()), dst)),
        dst if neighbour => Some((Addr::loopback(dst.family()), Addr::loopback(dst.family()))),
        dst => Some((source(dst.family())?, dst)),
    });
    let Some((src, dst)) = pair else {
        let why = format!("{} has no address in a family of the target", from.chosen.full());
        return Err(NameError::Mute { said: from.chosen.name.clone(), why });
    };
    Ok(Header { src, sport: SPORT, dst, dport: to.port.number, proto: to.port.proto })
}

/// A source port that looks like one.
const SPORT: u16 = 32768;

fn follow(ground: Ground<'_>, from: From, to: To, header: Header) -> Trace {
    let network = ground.network;
    let mut lives: Vec<(Vec<u8>, Life)> = vec![];
    let mut choices = vec![0; network.choices.len()];
    let mut ways = 0;
    let all = loop {
        let life = walk(network, from.process, header, &choices);
        if lives.iter().all(|(_, known)| known.steps != life.steps) {
            lives.push((choices.clone(), life));
        }
        ways += 1;
        if !next(network, &mut choices) {
            break true;
        }
        if ways == MOST_WAYS {
            break false;
        }
    };
    let source_port_matters = network
        .tables
        .iter()
        .any(|table| table.entries.iter().any(|entry| entry.pattern.sport != Ports::Any));
    let astray = lives.iter().any(|(_, life)| is_astray(network, &to, life.ending));
    let mut trace = Trace { from, to, header, source_port_matters, lives, astray, doubts: vec![] };
    trace.doubts = doubts(ground, &trace);
    if !all {
        trace.doubts.retain(|doubt| !matches!(doubt, Doubt::Choice(_)));
        let open = 0..network.choices.len() as u8;
        trace.doubts.extend(open.map(|i| Doubt::Choice(ChoiceId(i))));
    }
    trace
}

/// In how many ways choices may fall before a message is not followed under each: the answer is
/// then undecided.
const MOST_WAYS: usize = 4096;

/// Whether an address is one that fibula invented, or may be one of a cluster whose ranges the
/// input does not say (DR-19): then it means something else there.
fn is_invented(cluster: &Cluster, trace: &Trace, network: &Network) -> bool {
    let dst = IpAddr::from(trace.header.dst);
    let known = |kind| {
        let mut ranges = cluster.ranges.iter().filter(move |range| range.kind == kind);
        ranges.any(|range| range.from != RangeSource::Invented)
    };
    let ours = |range: &Range| range.from == RangeSource::Invented && range.net.contains(&dst);
    let private = match dst {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    let leaves = trace.lives.iter().any(|(_, life)| network.kind(life.ending.at) == Kind::World);
    let unknown = !cluster.pods.is_empty() && !known(RangeKind::Pods)
        || !cluster.services.is_empty() && !known(RangeKind::Services);
    trace.to.literal && (cluster.ranges.iter().any(ours) || private && leaves && unknown)
}

/// Whether a message was delivered to somebody who is no part of what was named.
fn is_astray(network: &Network, to: &To, ending: Ending) -> bool {
    let Some(named) = to.chosen.as_ref().filter(|_| !to.literal) else { return false };
    let host = |id| network.facts.host(id);
    // A pod's container, a container's pod where the listener is unknown, a daemon's Node.
    let part = |id: &ElementId| {
        *id == ending.at || host(ending.at) == Some(*id) || host(*id) == Some(ending.at)
    };
    ending.verdict == Verdict::Delivered
        && named.what != What::Service
        && !named.elements.iter().any(part)
}

/// The next way in which the choices can fall; false after the last.
fn next(network: &Network, choices: &mut Choices) -> bool {
    for (value, choice) in choices.iter_mut().zip(&network.choices) {
        if *value + 1 < choice.values {
            *value += 1;
            return true;
        }
        *value = 0;
    }
    false
}

fn doubts(ground: Ground<'_>, trace: &Trace) -> Vec<Doubt> {
    let network = ground.network;
    let mut doubts = vec![];
    let ending = trace.ending();
    if trace.lives.iter().any(|(_, life)| life.ending != ending) {
        let open = (0..network.choices.len()).filter(|i| {
            let mut values = trace.lives.iter().map(|(choices, _)| choices[*i]);
            let first = values.next();
            values.any(|value| Some(value) != first)
        });
        doubts.extend(open.map(|i| Doubt::Choice(ChoiceId(i as u8))));
    }
    let dst = trace.header.dst;
    doubts.extend(network.facts.addr.iter().find_map(|(entity, addr)| match entity {
        Entity::Service(id) if *addr == dst => {
            Some(Doubt::Service(network.facts.services[id.0 as usize].to_string()))
        }
        _ => None,
    }));
    if ground.cluster.is_some_and(|cluster| is_invented(cluster, trace, network)) {
        doubts.push(Doubt::Invented);
    }
    if let Some(cluster) = ground.cluster {
        let at = target_nodes(cluster, network, trace);
        let mut met: Vec<_> = cluster.fronts.iter().filter(|f| meets(f, &at, trace)).collect();
        met.dedup_by(|a, b| a.of == b.of);
        doubts.extend(met.into_iter().map(|front| Doubt::Front(front.of.clone())));
        let ends = end_nodes(network, trace);
        let twins = cluster.twins.iter().filter(|t| concerns(t, &at, &ends, trace));
        doubts.extend(twins.map(|t| Doubt::Twins(t.called())));
    }
    if ending.verdict == Verdict::Delivered {
        let policies = policies(ground, trace);
        if !policies.is_empty() {
            doubts.push(Doubt::Policies(policies));
        }
    }
    doubts
}

/// The Nodes that have the target's address: their own, an external one, or the loopback of the
/// Node whose process sends (SVC-26).
fn target_nodes<'a>(cluster: &'a Cluster, network: &'a Network, trace: &Trace) -> Vec<&'a str> {
    let dst = trace.header.dst;
    if IpAddr::from(dst).is_loopback() {
        let host = network.facts.host(trace.from.process);
        let host = host.filter(|id| network.kind(*id) == Kind::Node);
        return host.map(|id| &*network.element(id).name).into_iter().collect();
    }
    let has = |ip: &IpAddr| Addr::from(*ip) == dst;
    let nodes = cluster.nodes.iter();
    let nodes = nodes.filter(|node| node.addresses.iter().chain(&node.external).any(has));
    nodes.map(|node| node.name.as_str()).collect()
}

/// Whether the target is this way in, where these Nodes have its address.
fn meets(front: &Front, nodes: &[&str], trace: &Trace) -> bool {
    let Header { dst, dport, proto, .. } = trace.header;
    let at = match &front.at {
        FrontAt::Address(ip) => Addr::from(*ip) == dst,
        FrontAt::Nodes => !nodes.is_empty(),
        FrontAt::Node(name) => nodes.contains(&name.as_str()),
    };
    at && proto == names::proto(front.protocol) && (front.first..=front.last).contains(&dport)
}

/// The Nodes of both ends: of who sends, of what was named, and of where each life ends.
fn end_nodes<'a>(network: &'a Network, trace: &Trace) -> Vec<&'a str> {
    let named = trace.to.chosen.iter().flat_map(|chosen| chosen.elements.iter().copied());
    let lives = trace.lives.iter().map(|(_, life)| life.ending.at);
    let all = named.chain(lives).chain([trace.from.process]);
    all.filter_map(|end| {
        let mut up = std::iter::successors(Some(end), |id| network.facts.host(*id)).take(3);
        up.find(|id| network.kind(*id) == Kind::Node).map(|id| &*network.element(id).name)
    })
    .collect()
}

/// Whether contradicting objects could change the answer (DR-21).
fn concerns(twins: &Twins, at: &[&str], ends: &[&str], trace: &Trace) -> bool {
    let dst = trace.header.dst;
    twins.addresses.iter().any(|ip| Addr::from(*ip) == dst)
        || twins.ranges.iter().any(|range| range.contains(&IpAddr::from(dst)))
        || twins.fronts.iter().any(|front| meets(front, at, trace))
        || (twins.kind == "Node" && ends.contains(&twins.name.as_str()))
}

/// The unread policies that could withhold the message: none within a Pod (NP-30), else those of
/// the namespaces of both ends, and those of the cluster. A NetworkPolicy withholds nothing from a
/// Node's own processes to its Pods (NP-32).
fn policies(ground: Ground<'_>, trace: &Trace) -> Vec<Unread> {
    let network = ground.network;
    let end = trace.ending().at;
    let pod = |id: ElementId| match network.kind(id) {
        Kind::Pod => Some(id),
        Kind::Container => network.facts.host(id),
        _ => None,
    };
    let (source, target) = (pod(trace.from.process), pod(end));
    if source == target {
        return vec![];
    }
    let namespaces: Vec<&str> = [source, target]
        .into_iter()
        .flatten()
        .filter_map(|id| Some(network.element(id).name.split_once('/')?.0))
        .collect();
    let local = source.is_none()
        && target
            .is_some_and(|pod| network.facts.host(pod) == network.facts.host(trace.from.process));
    let mut found = vec![];
    for unread in ground.unread.iter().filter(|unread| unread.decides == Decides::Policy) {
        if local && unread.kind == "NetworkPolicy" {
            continue;
        }
        let near = |name: &str| name.is_empty() || namespaces.contains(&name);
        let mut unread = unread.clone();
        unread.namespaces.retain(|name, _| near(name));
        if !unread.namespaces.is_empty() {
            found.push(unread);
        }
    }
    found
}

// === impl Trace ===

impl Trace {
    /// How the message ends under the first way in which the choices fall: the only one, where the
    /// answer is certain.
    pub fn ending(&self) -> Ending {
        self.lives[0].1.ending
    }

    /// How the message ends, if that is certain.
    pub fn verdict(&self) -> Option<Verdict> {
        self.doubts.is_empty().then(|| self.ending().verdict)
    }
}

// === impl Unread ===

impl Unread {
    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.namespaces.values().sum()
    }
}
