//! Policies, changed.

use fibula_cluster::{
    Cluster, ContainerList, ObjectId, Peer, PeerOf, Peers, Place, Policy, PolicyKind, Rule,
    RulePorts,
};

use super::{Edit, NewRule, RuleAt};
use crate::trace::policies::Direction;

/// Makes an edit of policies; nothing where what it speaks of is not there.
pub(super) fn make(edit: &Edit, cluster: &mut Cluster) -> Option<()> {
    match edit {
        Edit::AddPeer { rule, peer } => self::rule(cluster, *rule, |policy, rule| {
            let Peers::Of(peers) = &mut rule.peers else { return None };
            let (object, list, index) = (policy.object, list(policy.direction), rule.index);
            let last = peers.last().and_then(|peer| peer.place.port);
            let port = Some(last.map_or(0, |last| last + 1));
            let place = Place { object, container: Some((list, index)), port };
            peers.push(Peer { place, what: peer.clone() });
            Some(())
        }),
        Edit::RemovePeer { rule, peer } => self::rule(cluster, *rule, |_, rule| {
            let Peers::Of(peers) = &mut rule.peers else { return None };
            let before = peers.len();
            peers.retain(|own| own.place.port != Some(*peer));
            (peers.len() < before && !peers.is_empty()).then_some(())
        }),
        Edit::AddPort { rule, port } => self::rule(cluster, *rule, |_, rule| {
            let RulePorts::Of(ports) = &mut rule.ports else { return None };
            ports.push(port.clone());
            Some(())
        }),
        Edit::RemovePort { rule, port } => self::rule(cluster, *rule, |_, rule| {
            let RulePorts::Of(ports) = &mut rule.ports else { return None };
            let port = usize::from(*port);
            if ports.len() < 2 || port >= ports.len() {
                return None;
            }
            ports.remove(port);
            Some(())
        }),
        Edit::AddRule { at, rule } => rules(cluster, *at, |object, rules| {
            let place = Place { object, container: None, port: None };
            let index = usize::from(at.rule);
            (index <= rules.len()).then(|| rules.insert(index, new(rule, place)))
        }),
        Edit::RemoveRule(at) => rules(cluster, *at, |_, rules| {
            let index = usize::from(at.rule);
            (index < rules.len()).then(|| drop(rules.remove(index)))
        }),
        Edit::AddPolicy(policy) => {
            let taken = |other: &Policy| {
                (&other.namespace, &other.name, other.kind)
                    == (&policy.namespace, &policy.name, policy.kind)
            };
            if cluster.policies.iter().any(taken) {
                return None;
            }
            cluster.policies.push(Policy::clone(policy));
            cluster.sort_policies();
            Some(())
        }
        _ => None,
    }
}

/// Of a rule its policy's object, and in which list it stands.
struct Of {
    object: ObjectId,
    direction: Direction,
}

fn rule(
    cluster: &mut Cluster,
    at: RuleAt,
    change: impl FnOnce(&Of, &mut Rule) -> Option<()>,
) -> Option<()> {
    let RuleAt { policy: object, direction, rule } = at;
    rules(cluster, at, |_, rules| {
        change(&Of { object, direction }, rules.get_mut(usize::from(rule))?)
    })
}

/// Changes the rules of a policy, and numbers them anew.
fn rules(
    cluster: &mut Cluster,
    at: RuleAt,
    change: impl FnOnce(ObjectId, &mut Vec<Rule>) -> Option<()>,
) -> Option<()> {
    let policy = cluster.policies.iter_mut().find(|policy| policy.object == at.policy)?;
    let kind = policy.kind;
    let rules = match at.direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    };
    change(at.policy, rules)?;
    number(rules, at.policy, at.direction, kind);
    Some(())
}

/// Gives rules and peers the places that reading gives them.
pub(crate) fn number(rules: &mut [Rule], object: ObjectId, direction: Direction, kind: PolicyKind) {
    let list = list(direction);
    for (index, rule) in (0..=u16::MAX).zip(rules) {
        rule.index = index;
        rule.place = Place { object, container: Some((list, index)), port: None };
        let Peers::Of(peers) = &mut rule.peers else { continue };
        for (i, peer) in (0..=u16::MAX).zip(peers) {
            // In a policy of the cluster one peer of the object can be several ranges.
            let port = match kind {
                PolicyKind::NetworkPolicy => Some(i),
                _ => peer.place.port.or(Some(i)),
            };
            peer.place = Place { port, ..rule.place };
        }
    }
}

/// A rule that is to be numbered.
pub(crate) fn new(rule: &NewRule, place: Place) -> Rule {
    let peers: Vec<Peer> =
        rule.peers.iter().map(|what: &PeerOf| Peer { place, what: what.clone() }).collect();
    Rule {
        action: rule.action,
        name: None,
        index: 0,
        peers: if peers.is_empty() { Peers::Any } else { Peers::Of(peers) },
        ports: match rule.ports.is_empty() {
            true => RulePorts::Any,
            false => RulePorts::Of(rule.ports.clone()),
        },
        place,
    }
}

fn list(direction: Direction) -> ContainerList {
    match direction {
        Direction::Ingress => ContainerList::Ingress,
        Direction::Egress => ContainerList::Egress,
    }
}
