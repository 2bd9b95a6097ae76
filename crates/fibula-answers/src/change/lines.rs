//! How many lines of YAML a change is, as block style has them.

use fibula_cluster::{NamespaceSelection, PeerOf, Policy, PolicyKind, RulePort, Selector, Test};

use super::{Change, Edit, NewRule};

// === impl Change ===

impl Change {
    /// How many lines it is.
    pub fn lines(&self) -> usize {
        self.edits.iter().map(Edit::lines).sum()
    }
}

// === impl Edit ===

impl Edit {
    /// How many lines it is: those that come, go or change.
    pub fn lines(&self) -> usize {
        match self {
            Edit::AddPeer { peer, .. } => self::peer(peer),
            Edit::AddPort { port, .. } => self::port(port),
            Edit::AddRule { rule, .. } => self::rule(rule),
            Edit::AddPolicy(policy) => self::policy(policy),
            Edit::AddServicePort { other, .. } => 4 + usize::from(other.is_some()),
            Edit::RemoveRule(_) => 4,
            Edit::RemovePeer { .. } => 3,
            Edit::RemovePort { .. } => 2,
            Edit::SetLabel { .. }
            | Edit::SetSelector { .. }
            | Edit::SetServicePort { .. }
            | Edit::SetTargetPort { .. } => 1,
        }
    }
}

fn policy(policy: &Policy) -> usize {
    let rules = policy.rules().map(|rule| {
        let peers = rule.peers().iter().map(|peer| self::peer(&peer.what)).sum::<usize>();
        let ports = rule.ports().iter().map(self::port).sum::<usize>();
        let heads = usize::from(!rule.peers().is_empty()) + usize::from(!rule.ports().is_empty());
        heads + peers + ports
    });
    let rules: usize = rules.sum();
    let head = match policy.kind {
        PolicyKind::NetworkPolicy => 6,
        _ => 5,
    };
    // `ingress:` or `egress:`, and `policyTypes:` with one of them.
    head + selector(&policy.subject.pods) + rules + 3
}

fn rule(rule: &NewRule) -> usize {
    let peers = rule.peers.iter().map(self::peer).sum::<usize>();
    let ports = rule.ports.iter().map(self::port).sum::<usize>();
    let heads = usize::from(!rule.peers.is_empty()) + usize::from(!rule.ports.is_empty());
    heads + peers + ports
}

fn peer(peer: &PeerOf) -> usize {
    match peer {
        PeerOf::Pods(selection) => {
            let (namespaces, named) = match &selection.namespaces {
                NamespaceSelection::Named(_) => (0, true),
                NamespaceSelection::By(by) => (selector(by), false),
            };
            let pods = match named || !selection.pods.is_empty() {
                true => selector(&selection.pods),
                false => 0,
            };
            namespaces + pods
        }
        PeerOf::Block { except, .. } => 2 + except.len() + usize::from(!except.is_empty()),
        PeerOf::Nodes(by) => selector(by),
        PeerOf::Domains(names) => 1 + names.len(),
        PeerOf::Unknown => 1,
    }
}

/// With the field that it stands in: `podSelector: {}` is one line.
fn selector(selector: &Selector) -> usize {
    let mut lines = 1;
    let (mut labels, mut expressions) = (0, 0);
    for requirement in selector.requirements() {
        match &requirement.test {
            Test::In(values) if values.len() == 1 => labels += 1,
            Test::In(values) | Test::NotIn(values) => expressions += 3 + values.len(),
            Test::Exists | Test::DoesNotExist => expressions += 2,
        }
    }
    lines += labels + usize::from(labels > 0);
    lines += expressions + usize::from(expressions > 0);
    lines
}

fn port(port: &RulePort) -> usize {
    match port {
        RulePort::All(_) => 1,
        RulePort::Range { first, last, .. } if first == last => 2,
        RulePort::Range { .. } => 3,
        RulePort::Named { .. } => 2,
    }
}
