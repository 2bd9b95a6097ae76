//! One policy in one direction: a table of filters.

use fibula_cluster::select::NamedPort;
use fibula_cluster::{Peer, PeerOf, Policy, PolicyKind, Rule, RuleAction, RulePort};
use fibula_network::{Action, Entry, Origin, Pattern, PlaceId, Reason, Table, When};

use super::{Direction, Maker};
use crate::place_id;

impl Maker<'_> {
    /// The table of a policy: in the order of its rules, since in a policy of the cluster the first
    /// that matches decides (CNP-11), and in a NetworkPolicy all say the same (NP-3). Where no entry
    /// matches, the table passes a message on.
    ///
    /// `own` are the named ports of the pods that it is for, and `when` the choices under which it
    /// is one of theirs.
    pub(super) fn policy(
        &mut self,
        direction: Direction,
        policy: &Policy,
        own: &[NamedPort],
        when: &[When],
    ) -> Table {
        let mut entries = vec![];
        for rule in direction.rules(policy) {
            self.rule(direction, policy, rule, own, &mut entries);
        }
        for entry in &mut entries {
            entry.pattern.when.extend(when);
            entry.pattern.when.sort_unstable();
            entry.pattern.when.dedup();
        }
        Table::new(&format!("{} {}", policy.called(), direction.name()), entries)
    }

    fn rule(
        &mut self,
        direction: Direction,
        policy: &Policy,
        rule: &Rule,
        own: &[NamedPort],
        entries: &mut Vec<Entry>,
    ) {
        let id = match policy.kind {
            PolicyKind::NetworkPolicy => "NP-3",
            _ => "CNP-11",
        };
        let action = match means(rule) {
            RuleAction::Allow => Action::Goto(direction.after().table()),
            RuleAction::Pass => Action::Goto(direction.after_tier(policy.tier).table()),
            RuleAction::Deny => Action::Discard(Reason::Policy),
        };
        let place = place_id(rule.place);
        // The whole rule denies, whoever its other peers are.
        if let (Some(peer), RuleAction::Deny) = (unknown(rule), means(rule)) {
            entries.push(entry("CNP-26", Pattern::ANY, action, place_id(peer.place)));
            return;
        }
        for door in self.doors(direction, &rule.ports, own) {
            for end in self.peers(policy.kind, &rule.peers, place, door.named) {
                let peer = direction.peer(end.addrs);
                let (dport, proto) = (door.ports, door.proto);
                let pattern = Pattern { dport, proto, when: end.when, ..peer };
                entries.push(entry(id, pattern, action, end.place));
            }
        }
    }
}

/// What becomes of messages that a rule matches. One with a peer that nobody knows, which could be
/// anybody, denies what it does not allow (CNP-26).
pub(super) fn means(rule: &Rule) -> RuleAction {
    match (rule.action, unknown(rule)) {
        (RuleAction::Pass, Some(_)) => RuleAction::Deny,
        (action, _) => action,
    }
}

/// A peer of a rule that nobody knows.
fn unknown(rule: &Rule) -> Option<&Peer> {
    rule.peers().iter().find(|peer| peer.what == PeerOf::Unknown)
}

/// The names that the ingress rules of a policy give ports.
pub(super) fn port_names(policy: &Policy) -> Vec<&str> {
    let ports = policy.ingress.iter().flat_map(Rule::ports);
    let named = ports.filter_map(|port| match port {
        RulePort::Named { name, .. } => Some(name.as_str()),
        _ => None,
    });
    named.collect()
}

fn entry(rule: &'static str, pattern: Pattern, action: Action, place: PlaceId) -> Entry {
    Entry { pattern, action, origin: Origin { rule: rule.into(), place } }
}
