//! Why no rule allows a message to or from a Pod that policies isolate (NP-2, NP-3).

use std::collections::BTreeSet;

use fibula_cluster::{Peer, Rule, Tier};
use fibula_network::{ElementId, Port};

use super::peer::{Asked, Who};
use super::{Called, Direction, Miss, miss};

/// A policy that isolates a Pod, and why none of its rules allows a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// The policy.
    pub policy: Called,
    /// Its rules, in their order; none where it has none in that direction (NP-8).
    pub rules: Vec<Missed>,
}

/// A rule that does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Its index in the list of its direction.
    pub rule: u16,
    /// The port of the message, where it names ports.
    pub of_port: Option<Port>,
    /// Whether it names peers.
    pub has_peers: bool,
    /// What of its ports does not match; nothing where one does, or it names none.
    pub port: Option<Miss>,
    /// What of each of its peers does not match; nothing where one does, or it names none.
    pub peers: Vec<Miss>,
}

/// The policies that isolate a Pod in a direction, from its chain of tables, and why they do not
/// allow a message. Those with a rule that nearly does come first.
pub(super) fn isolation(asked: Asked<'_>, direction: Direction, pod: ElementId) -> Vec<Isolation> {
    let names = asked.chain.iter().map(|table| &*asked.network.table(*table).name);
    let names = names.filter_map(|name| name.rsplit_once(' '));
    let isolating: BTreeSet<&str> =
        names.filter(|(_, way)| *way == direction.name()).map(|(called, _)| called).collect();
    let of_pods = asked.cluster.policies.iter().filter(|p| p.tier == Tier::NetworkPolicy);
    let of_pods = of_pods.filter(|policy| isolating.contains(&*policy.called()));
    let mut found: Vec<Isolation> = of_pods
        .map(|policy| {
            let rules = direction.rules(policy).iter();
            let rules = rules.map(|rule| missed(asked, direction, pod, rule)).collect();
            Isolation { policy: Called::new(policy), rules }
        })
        .collect();
    found.sort_by_key(Isolation::distance);
    found
}

fn missed(asked: Asked<'_>, direction: Direction, pod: ElementId, rule: &Rule) -> Missed {
    let path = format!("spec.{}[{}]", direction.name(), rule.index);
    let target = match direction {
        Direction::Ingress => asked.pod(pod),
        Direction::Egress => match asked.who(direction) {
            Who::Pod(_, pod) => Some(pod),
            Who::Node(_) | Who::Outside => None,
        },
    };
    let peers = rule.peers();
    let port = miss::ports(asked, rule.ports(), target, &path);
    let miss = |(i, peer): (usize, &Peer)| {
        let path = format!("{path}.{}[{i}]", direction.peers());
        miss::peer(asked, direction, peer, port.is_some(), &path)
    };
    let missed: Vec<Miss> = peers.iter().enumerate().filter_map(miss).collect();
    Missed {
        rule: rule.index,
        of_port: (!rule.ports().is_empty()).then_some(asked.port()),
        has_peers: !peers.is_empty(),
        port,
        peers: if missed.len() == peers.len() { missed } else { vec![] },
    }
}

// === impl Isolation ===

impl Isolation {
    /// How near it comes to allowing the message: by its nearest rule, then by how it is called.
    fn distance(&self) -> (usize, String) {
        let rules = self
            .rules
            .iter()
            .map(|rule| usize::from(rule.port.is_some()) + usize::from(!rule.peers.is_empty()));
        (rules.min().unwrap_or(usize::MAX), self.policy.name.clone())
    }
}
