//! The pipeline of the semantics sheet (section 0.2), read off it line by line: who may talk to
//! whom, judged by the facts of a cluster alone.
//!
//! Written for clarity. It shares nothing with what it judges: labels are matched one by one,
//! policies are asked one by one, and there are no tables, sets of addresses or classes of pods.
#![allow(dead_code, reason = "each test that shares this uses a part of it")]

mod peers;

use std::net::IpAddr;

use fibula_cluster::{
    Cluster, Policy, PolicyKind, Protocol, Rule, RuleAction, RulePort, RulePorts, Selector, Tier,
};

/// One end of a connection, as policies see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End {
    /// A pod with a network of its own, by its index, and its address.
    Pod(usize, IpAddr),
    /// A Node or a process on it, host-network pods among them (DR-1), and the address.
    Node(usize, IpAddr),
    /// Anybody else.
    Outside(IpAddr),
}

/// Whether what is called so has such labels.
pub(crate) type HasLabels<'a> = dyn Fn(&str, &Selector) -> bool + 'a;
/// Whether the target has one of these names.
pub(crate) type HasName<'a> = dyn Fn(&[String]) -> bool + 'a;
/// Which of the policies of a tier and a priority comes first.
pub(crate) type First<'a> = dyn Fn(Tier, u16) -> usize + 'a;

/// What Kubernetes leaves open, and how it is decided. The default is the reference.
#[derive(Clone, Default)]
pub(crate) struct Open<'a> {
    /// DR-2b: whether an ipBlock never matches a pod.
    pub(crate) blocks_miss_pods: bool,
    /// DR-3: whether NetworkPolicies judge what a pod sends to its own Node.
    pub(crate) own_node_judged: bool,
    /// DR-4: whether NetworkPolicies judge what comes back to its sender through a Service.
    pub(crate) hairpin_judged: bool,
    /// DR-6: of the policies of one tier and priority, which comes first, counted in their order.
    pub(crate) first: Option<&'a First<'a>>,
    /// DR-22: whether a namespace that was not read has the labels of a selector.
    pub(crate) namespace: Option<&'a HasLabels<'a>>,
    /// DR-22: whether a Node that was not read has.
    pub(crate) node: Option<&'a HasLabels<'a>>,
    /// CNP-25: whether the target has one of these names.
    pub(crate) domains: Option<&'a HasName<'a>>,
}

/// A message, as the policies of one end are asked about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// Who sent it. For ingress, as the target's Node sees that (DR-7).
    pub(crate) from: End,
    /// Who gets it, after Services have rewritten that (DR-2).
    pub(crate) to: End,
    /// Its target port, after Services have rewritten that (NP-40).
    pub(crate) port: u16,
    /// Its protocol.
    pub(crate) protocol: Protocol,
}

/// A direction, as a pod sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Egress,
    Ingress,
}

/// What decides.
pub(crate) struct Evaluator<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) open: Open<'a>,
}

impl Evaluator<'_> {
    /// Whose address it is. A finished pod, and one without an address, has none (NP-52).
    pub(crate) fn end(&self, addr: IpAddr) -> End {
        let mut pods = self.cluster.pods.iter();
        let owns = |pod: &fibula_cluster::Pod| {
            pod.live && !pod.host_network && pod.addresses.contains(&addr)
        };
        if let Some(pod) = pods.position(owns) {
            return End::Pod(pod, addr);
        }
        match self.cluster.nodes.iter().position(|node| node.addresses.contains(&addr)) {
            Some(node) => End::Node(node, addr),
            None => End::Outside(addr),
        }
    }

    /// Step 3: whether the sender's policies let it out. Only a pod has some (NP-5).
    pub(crate) fn egress(&self, message: Message) -> bool {
        match message.from {
            End::Pod(pod, _) => self.direction(Way::Egress, pod, message.to, message),
            End::Node(..) | End::Outside(_) => true,
        }
    }

    /// Step 5: whether the target's policies let it in.
    pub(crate) fn ingress(&self, message: Message) -> bool {
        match message.to {
            End::Pod(pod, _) => self.direction(Way::Ingress, pod, message.from, message),
            End::Node(..) | End::Outside(_) => true,
        }
    }

    /// `direction verdict` of section 0.2.
    fn direction(&self, way: Way, pod: usize, peer: End, message: Message) -> bool {
        let own_node = matches!(peer, End::Node(node, _) if node == self.cluster.pods[pod].node);
        if way == Way::Ingress && own_node {
            return true;
        }
        match self.tier(Tier::Admin, way, pod, peer, message) {
            Some(RuleAction::Allow) => return true,
            Some(RuleAction::Deny) => return false,
            Some(RuleAction::Pass) | None => {}
        }
        let mut isolating = self.policies(Tier::NetworkPolicy, way, pod).peekable();
        if isolating.peek().is_some() {
            let itself = matches!(peer, End::Pod(other, _) if other == pod);
            return (way == Way::Egress && own_node && !self.open.own_node_judged)
                || (itself && !self.open.hairpin_judged)
                || isolating.any(|policy| {
                    let mut rules = rules(policy, way).iter();
                    rules.any(|rule| self.matches(way, policy, rule, peer, message))
                });
        }
        self.tier(Tier::Baseline, way, pod, peer, message) != Some(RuleAction::Deny)
    }

    /// What the first rule of a tier says that matches (CNP-11).
    fn tier(
        &self,
        tier: Tier,
        way: Way,
        pod: usize,
        peer: End,
        message: Message,
    ) -> Option<RuleAction> {
        let mut policies: Vec<&Policy> = self.policies(tier, way, pod).collect();
        policies.sort_by_key(|policy| {
            let first = self.open.first.map_or(0, |first| first(tier, policy.priority));
            let all = self.cluster.policies.iter();
            let mut alike = all.filter(|p| p.tier == tier && p.priority == policy.priority);
            (policy.priority, alike.position(|p| p == *policy) != Some(first))
        });
        let rules = policies
            .iter()
            .flat_map(|policy| rules(policy, way).iter().map(move |rule| (*policy, rule)));
        rules.into_iter().find_map(|(policy, rule)| {
            let unknown = peers::knows_too_little(rule);
            match rule.action {
                // CNP-26: what is not understood is not let pass.
                RuleAction::Deny | RuleAction::Pass if unknown => Some(RuleAction::Deny),
                action => self.matches(way, policy, rule, peer, message).then_some(action),
            }
        })
    }

    /// The policies of a tier that speak of a pod in a direction, in their order: NetworkPolicies
    /// that isolate it (NP-2), others that have rules.
    fn policies(&self, tier: Tier, way: Way, pod: usize) -> impl Iterator<Item = &Policy> {
        self.cluster.policies.iter().filter(move |policy| {
            let concerns = match (policy.kind, way) {
                (PolicyKind::NetworkPolicy, Way::Egress) => policy.isolates.egress,
                (PolicyKind::NetworkPolicy, Way::Ingress) => policy.isolates.ingress,
                _ => true,
            };
            policy.tier == tier && concerns && self.selects(&policy.subject, pod)
        })
    }

    /// Whether peer and port match, where the rule names some (NP-9, CNP-27). What a pod sends to
    /// a port by name, it sends to a pod that is known as such: a range has no names (NP-42, CNP-28).
    fn matches(&self, way: Way, policy: &Policy, rule: &Rule, peer: End, message: Message) -> bool {
        let peers = |pods_only| self.peers_match(policy.kind, &rule.peers, peer, pods_only);
        match &rule.ports {
            RulePorts::Any => peers(false),
            RulePorts::Of(ports) => ports.iter().any(|port| {
                let named = way == Way::Egress && matches!(port, RulePort::Named { .. });
                self.port_matches(port, message) && peers(named)
            }),
        }
    }
}

fn rules(policy: &Policy, way: Way) -> &[Rule] {
    match way {
        Way::Egress => &policy.egress,
        Way::Ingress => &policy.ingress,
    }
}
