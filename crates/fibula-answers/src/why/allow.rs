//! Edits of policies that could let a message pass: found in what each of their rules missed.

use fibula_cluster::{
    Cluster, Isolates, NamespaceSelection, ObjectId, PodSelection, Policy, PolicyKind, RuleAction,
    RulePort, Tier,
};

use super::blocks::Judged;
use super::peers::End;
use crate::change::{Edit, NewRule, RuleAt, number, rule};
use crate::trace::policies::{Direction, Isolation, Says};

/// The object of a policy that is to be made: no input has so many.
pub(crate) const MADE: ObjectId = ObjectId(u32::MAX);

/// Edits that could let pass what policies of one end said no to: peers and ports of rules that
/// match otherwise, rules of policies that isolate, a policy.
pub(super) fn edits(cluster: &Cluster, judged: &Judged) -> Vec<Edit> {
    match &judged.ruling.says {
        Says::Isolated(all) => {
            let mut edits: Vec<Edit> =
                all.iter().flat_map(|one| of_policy(cluster, judged, one)).collect();
            edits.extend(new_policy(cluster, judged).map(|policy| Edit::AddPolicy(policy.into())));
            edits
        }
        // A rule that denies stands above all that NetworkPolicies say (CNP-10), or below: one before
        // it can say otherwise, and no new policy can.
        Says::Rule(cited) => {
            let mut edits = earlier(cluster, judged, cited.policy.place.object, cited.rule);
            let Some(peer) = judged.other.peer(cluster, "") else { return edits };
            let actions = match cited.policy.tier {
                Tier::Admin => &[RuleAction::Pass, RuleAction::Allow][..],
                Tier::NetworkPolicy | Tier::Baseline => &[RuleAction::Allow][..],
            };
            let at = RuleAt {
                policy: cited.policy.place.object,
                direction: judged.ruling.direction,
                rule: cited.rule,
            };
            edits.extend(actions.iter().map(|action| Edit::AddRule {
                at,
                rule: NewRule {
                    action: *action,
                    peers: vec![peer.clone()],
                    ports: vec![port(judged.port)],
                },
            }));
            edits
        }
        Says::Exempt(_) => vec![],
    }
}

/// Peers and ports of a policy's rules, and a rule more.
fn of_policy(cluster: &Cluster, judged: &Judged, one: &Isolation) -> Vec<Edit> {
    let object = one.policy.place.object;
    let direction = judged.ruling.direction;
    let Some(peer) = judged.other.peer(cluster, &one.policy.namespace) else { return vec![] };
    let at = |rule: u16| RuleAt { policy: object, direction, rule };
    let mut edits: Vec<Edit> = vec![];
    for missed in &one.rules {
        match (&missed.port, &missed.peers[..]) {
            (None, [_, ..]) => {
                edits.push(Edit::AddPeer { rule: at(missed.rule), peer: peer.clone() });
            }
            (Some(_), []) => {
                edits.push(Edit::AddPort { rule: at(missed.rule), port: port(judged.port) });
            }
            _ => {}
        }
    }
    let last = u16::try_from(one.rules.len()).unwrap_or(u16::MAX);
    let (peers, ports) = (vec![peer], vec![port(judged.port)]);
    let rule = NewRule { action: RuleAction::Allow, peers, ports };
    edits.push(Edit::AddRule { at: at(last), rule });
    edits
}

/// Peers and ports of rules that let pass, before one that denies.
fn earlier(cluster: &Cluster, judged: &Judged, object: ObjectId, before: u16) -> Vec<Edit> {
    let direction = judged.ruling.direction;
    let Some(peer) = judged.other.peer(cluster, "") else { return vec![] };
    let mut policies = cluster.policies.iter();
    let Some(policy) = policies.find(|policy| policy.object == object) else { return vec![] };
    let rules = direction.rules(policy).iter().filter(|rule| rule.index < before);
    let passing = rules.filter(|rule| rule.action != RuleAction::Deny);
    passing
        .flat_map(|rule| {
            let at = RuleAt { policy: object, direction, rule: rule.index };
            let more = Edit::AddPeer { rule: at, peer: peer.clone() };
            let port = Edit::AddPort { rule: at, port: port(judged.port) };
            let ports = !rule.ports().is_empty();
            [Some(more), ports.then_some(port)].into_iter().flatten()
        })
        .collect()
}

/// A NetworkPolicy for the subject, which lets just this pass.
fn new_policy(cluster: &Cluster, judged: &Judged) -> Option<Policy> {
    let End::Pods { namespace, .. } = &judged.subject else { return None };
    let direction = judged.ruling.direction;
    let peer = judged.other.peer(cluster, namespace)?;
    let (one, other) = (judged.subject.name(), judged.other.name());
    let name = match direction {
        Direction::Ingress => format!("allow-{other}-to-{one}"),
        Direction::Egress => format!("allow-{one}-to-{other}"),
    };
    let rule =
        NewRule { action: RuleAction::Allow, peers: vec![peer], ports: vec![port(judged.port)] };
    made(cluster, &judged.subject, direction, &name, &[rule])
}

/// A NetworkPolicy that selects a workload and isolates it in a direction but for these rules.
pub(super) fn made(
    cluster: &Cluster,
    subject: &End,
    direction: Direction,
    name: &str,
    rules: &[NewRule],
) -> Option<Policy> {
    let End::Pods { namespace, .. } = subject else { return None };
    let name = free(cluster, namespace, name);
    let place = fibula_cluster::Place { object: MADE, container: None, port: None };
    let mut rules: Vec<_> = rules.iter().map(|new| rule(new, place)).collect();
    number(&mut rules, MADE, direction, PolicyKind::NetworkPolicy);
    let (ingress, egress) = match direction {
        Direction::Ingress => (rules, vec![]),
        Direction::Egress => (vec![], rules),
    };
    let is = |way| direction == way;
    Some(Policy {
        kind: PolicyKind::NetworkPolicy,
        tier: Tier::NetworkPolicy,
        priority: 0,
        namespace: namespace.clone(),
        name,
        object: MADE,
        subject: PodSelection {
            namespaces: NamespaceSelection::Named(namespace.clone()),
            pods: subject.selector(cluster)?,
        },
        isolates: Isolates { ingress: is(Direction::Ingress), egress: is(Direction::Egress) },
        ignored: Isolates::default(),
        ingress,
        egress,
    })
}

/// The longest name of an object.
const LONGEST: usize = 253;

/// A name that no NetworkPolicy of the namespace has.
fn free(cluster: &Cluster, namespace: &str, wanted: &str) -> String {
    let kept = wanted.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c));
    let wanted: String = kept.take(LONGEST - 4).collect();
    let taken = |name: &str| {
        cluster.policies.iter().any(|policy| {
            let is = policy.kind == PolicyKind::NetworkPolicy;
            is && policy.namespace == namespace && policy.name == name
        })
    };
    let numbered = (2..).map(|n| format!("{wanted}-{n}"));
    std::iter::once(wanted.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(wanted)
}

fn port((protocol, number): (fibula_cluster::Protocol, u16)) -> RulePort {
    RulePort::Range { protocol, first: number, last: number }
}
