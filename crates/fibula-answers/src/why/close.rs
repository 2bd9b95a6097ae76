//! Edits that could keep a connection from working: rules that let it pass, without what does; labels;
//! and a policy that isolates one of the two ends but for all else.

use fibula_cluster::{
    Cluster, NamespaceSelection, PeerOf, PodSelection, Protocol, Requirement, RuleAction, RulePort,
    Selector, Test,
};
use fibula_network::{Kind, Network};
use ipnet::IpNet;

use super::Goal;
use super::allow::made;
use super::blocks::{end, outer, protocol};
use super::labels;
use super::peers::{End, NAME, equal, everywhere, own_ranges};
use super::prove::{Prover, is_so};
use crate::change::{Change, Edit, NewRule, RuleAt};
use crate::trace::policies::{Cited, Direction, Says};
use crate::trace::{Trace, header_before, place};

/// What lets a message pass, and what could stop it.
pub(super) struct Closing {
    /// All rules that let it pass.
    pub(super) allowed: Vec<(Direction, Cited)>,
    pub(super) changes: Vec<Change>,
}

/// How many rules are taken away one after another.
const MOST_STEPS: usize = 12;

/// What is taken away of a rule that lets a message pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Peer,
    Port,
    Rule,
}

/// The ends of a connection that works.
struct Ends {
    from: Option<End>,
    to: Option<End>,
    port: (Protocol, u16),
}

/// What could stop a message, the smallest first.
pub(super) fn changes(prover: &Prover<'_>, trace: &Trace) -> Closing {
    let (cluster, network) = (prover.cluster, prover.ground.network);
    let mut closing = Closing { allowed: vec![], changes: vec![] };
    for direction in [Direction::Ingress, Direction::Egress] {
        for part in [Part::Peer, Part::Port, Part::Rule] {
            let (change, rules, closed) = taken_away(prover, trace, direction, part);
            if part == Part::Rule {
                closing.allowed.extend(rules.into_iter().map(|rule| (direction, rule)));
            }
            if closed && !closing.changes.contains(&change) {
                closing.changes.push(change);
            }
        }
    }
    let Some(ends) = ends(cluster, network, trace) else { return closing };
    for direction in [Direction::Ingress, Direction::Egress] {
        let policy = isolating(cluster, &ends, direction);
        closing.changes.extend(policy.map(Change::of));
    }
    if let (Some(from), Some(to)) = (&ends.from, &ends.to) {
        let edits = labels::closing(cluster, [from, to]);
        closing.changes.extend(edits.into_iter().map(Change::of));
    }
    closing
}

/// Takes away the rules that let a message pass in a direction, one after another, or what of them
/// does; until it is closed, or nothing lets it pass and it does. The rules, and whether it is closed.
fn taken_away(
    prover: &Prover<'_>,
    trace: &Trace,
    direction: Direction,
    part: Part,
) -> (Change, Vec<Cited>, bool) {
    let mut change = Change::default();
    let mut rules: Vec<Cited> = vec![];
    let mut now = trace.clone();
    for _ in 0..MOST_STEPS {
        if is_so(&now, Goal::Close) {
            return (change, rules, true);
        }
        let branches = now.ways.iter().flat_map(|way| &way.branches);
        let arriving = branches.filter(|branch| branch.arrived());
        let mut rulings = arriving.flat_map(|branch| &branch.rulings);
        let cited = rulings.find_map(|ruling| match &ruling.says {
            Says::Rule(cited) if ruling.direction == direction => Some((**cited).clone()),
            _ => None,
        });
        let Some(cited) = cited else { return (change, rules, false) };
        let Some(changed) = change.apply(prover.cluster) else { break };
        let Some(edit) = without(&changed, &cited, direction, part, &now) else { break };
        rules.push(cited);
        change.edits.push(edit);
        let Some(tried) = prover.try_on(&change) else { break };
        now = tried.trace;
    }
    (change, rules, false)
}

/// A rule without what lets a message pass; all of it, where it has nothing besides.
fn without(
    cluster: &Cluster,
    cited: &Cited,
    direction: Direction,
    part: Part,
    trace: &Trace,
) -> Option<Edit> {
    let object = cited.policy.place.object;
    let at = RuleAt { policy: object, direction, rule: cited.rule };
    let policy = cluster.policies.iter().find(|policy| policy.object == object)?;
    let rule = direction.rules(policy).iter().find(|rule| rule.index == cited.rule)?;
    let others = rule.peers().iter().any(|peer| peer.place.port != cited.place.port);
    match part {
        Part::Peer if others => Some(Edit::RemovePeer { rule: at, peer: cited.place.port? }),
        Part::Port if rule.ports().len() > 1 => {
            let branches = trace.ways.iter().flat_map(|way| &way.branches);
            let mut arriving = branches.filter(|branch| branch.arrived());
            let life = &arriving.next()?.life;
            let last = header_before(life, life.steps.len())?;
            let (own, number) = (protocol(last.proto), last.dport);
            let is = |port: &RulePort| match port {
                RulePort::All(protocol) => *protocol == own,
                RulePort::Range { protocol, first, last } => {
                    *protocol == own && (*first..=*last).contains(&number)
                }
                // Which it is, the pod says: it is taken away where no number is.
                RulePort::Named { protocol, .. } => protocol.is_none_or(|named| named == own),
            };
            let found = rule.ports().iter().position(is)?;
            Some(Edit::RemovePort { rule: at, port: u16::try_from(found).ok()? })
        }
        _ => Some(Edit::RemoveRule(at)),
    }
}

fn ends(cluster: &Cluster, network: &Network, trace: &Trace) -> Option<Ends> {
    let mut branches = trace.ways.iter().flat_map(|way| &way.branches);
    let life = &branches.find(|branch| branch.arrived())?.life;
    let last = header_before(life, life.steps.len())?;
    let from = match place::pod(network, trace.from.process) {
        Some(pod) => end(cluster, network, pod),
        None => Some(outer(trace, trace.header.src)),
    };
    let owner = network.owners_of(last.dst).first().map(|owner| owner.to);
    let to = match owner {
        Some(owner) if network.kind(owner) == Kind::Pod => end(cluster, network, owner),
        _ => Some(outer(trace, last.dst)),
    };
    Some(Ends { from, to, port: (protocol(last.proto), last.dport) })
}

/// A policy that isolates one end, and lets pass all but this.
fn isolating(cluster: &Cluster, ends: &Ends, direction: Direction) -> Option<Edit> {
    let (subject, other) = match direction {
        Direction::Ingress => (ends.to.as_ref()?, ends.from.as_ref()?),
        Direction::Egress => (ends.from.as_ref()?, ends.to.as_ref()?),
    };
    let namespace = subject.namespace()?;
    let mut peers: Vec<PeerOf> = vec![];
    match other {
        End::Pods { namespace: own, .. } => {
            let elsewhere = requires(NAME, Test::NotIn(vec![own.clone()]));
            peers.push(pods(NamespaceSelection::By(elsewhere), Selector::default()));
            let labels = other.labels(cluster);
            for (key, value) in &labels {
                let here = match own == namespace {
                    true => NamespaceSelection::Named(own.clone()),
                    false => NamespaceSelection::By(equal(&[(NAME, own)])),
                };
                peers.push(pods(here, requires(key, Test::NotIn(vec![value.clone()]))));
            }
            if labels.is_empty() {
                return None;
            }
            peers.extend(outside(cluster, &own_ranges(cluster)));
        }
        End::Address(addr) => {
            let all = NamespaceSelection::By(Selector::default());
            peers.push(pods(all, Selector::default()));
            peers.extend(outside(cluster, &[IpNet::from(*addr)]));
        }
        End::World(_) => {
            let all = NamespaceSelection::By(Selector::default());
            peers.push(pods(all, Selector::default()));
        }
    }
    let (own, number) = ends.port;
    let others = NewRule {
        action: RuleAction::Allow,
        peers: vec![other.peer(cluster, namespace)?],
        ports: all_but(own, number),
    };
    let everyone = NewRule { action: RuleAction::Allow, peers, ports: vec![] };
    let name = match direction {
        Direction::Ingress => format!("keep-{}-from-{}", other.name(), subject.name()),
        Direction::Egress => format!("keep-{}-from-{}", subject.name(), other.name()),
    };
    let policy = made(cluster, subject, direction, &name, &[everyone, others])?;
    Some(Edit::AddPolicy(policy.into()))
}

/// Addresses that are no pod's, of each family that pods have, without some. Nothing where none is
/// left out, as of pods whose ranges nobody knows: all addresses would mean pods too.
fn outside(cluster: &Cluster, except: &[IpNet]) -> Vec<PeerOf> {
    let pods = || cluster.pods.iter().flat_map(|pod| &pod.addresses);
    let families = [pods().find(|addr| addr.is_ipv4()), pods().find(|addr| addr.is_ipv6())];
    let all = families.into_iter().flatten();
    let all = all.map(|addr| everywhere(*addr, except.to_vec()));
    all.filter(|peer| matches!(peer, PeerOf::Block { except, .. } if !except.is_empty())).collect()
}

fn pods(namespaces: NamespaceSelection, pods: Selector) -> PeerOf {
    PeerOf::Pods(PodSelection { namespaces, pods })
}

fn requires(key: &str, test: Test) -> Selector {
    Selector::new([Requirement { key: key.to_owned(), test }])
}

/// All ports of all protocols but one.
fn all_but(own: Protocol, number: u16) -> Vec<RulePort> {
    let mut ports: Vec<RulePort> = vec![];
    if number > 1 {
        ports.push(RulePort::Range { protocol: own, first: 1, last: number - 1 });
    }
    if number < u16::MAX {
        ports.push(RulePort::Range { protocol: own, first: number + 1, last: u16::MAX });
    }
    let all = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
    ports.extend(all.into_iter().filter(|other| *other != own).map(RulePort::All));
    ports
}
