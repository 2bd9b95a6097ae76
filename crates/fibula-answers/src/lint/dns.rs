//! Who may send, and may not ask for the address of whom.

use std::collections::BTreeMap;

use fibula_cluster::{
    ContainerList, One, Place, Pod, Policy, Protocol, Rule, RuleAction, RulePort, RulePorts,
    Severity, Told,
};
use fibula_network::filters::Filters;
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Life, Verdict, branches};
use fibula_network::{ElementId, Entity, Kind, Proto, Side};
use rustc_hash::FxHashMap;

use super::count;
use crate::names::{Asks, Resolver};
use crate::reach::own;
use crate::trace::{Ground, dns_question, selects};

const ID: &str = "egress-without-dns";

/// Where DNS is asked.
const PORT: u16 = 53;
/// How many ways of a question are followed.
const MOST: usize = 64;

/// Pods whose egress lets something out, and no question to the cluster's DNS (DNS-12). Where its
/// servers were read, `walk` says so; where they were not, any rule that could be meant for them
/// will do.
pub(super) fn tell(told: &mut Told<'_>, ground: Ground<'_>, filters: &mut Filters<'_>) {
    let (cluster, network) = (told.cluster, ground.network);
    let folds = filters.folds(Side::Source);
    let question = question(filters);
    let senders = senders(ground);
    let mut known: FxHashMap<(SetId, u32), bool> = FxHashMap::default();
    let mut mute: BTreeMap<(String, String), Place> = BTreeMap::new();
    for (pod, id) in own(cluster).zip(network.of_kind(Kind::Pod)) {
        let Some(addr) = network.facts.addresses(Entity::Switch(id)).next() else { continue };
        let atom = filters.atoms.of(addr);
        let fold = folds[atom as usize];
        // Who is not limited may ask; who sends nothing need not.
        if fold == Space::FULL
            || fold == Space::EMPTY
            || Resolver::of_pod(pod).asks != Asks::Cluster
        {
            continue;
        }
        let asks = *known.entry((fold, atom)).or_insert_with(|| {
            match senders.get(&id).and_then(|sender| asked(ground, id, *sender)) {
                Some(asks) => asks,
                None => filters.space.and(fold, question) != Space::EMPTY,
            }
        });
        let judges = || cluster.policies.iter().filter(|policy| policy.judges_egress());
        if asks
            || judges().any(|policy| could_mean(policy) && selects(cluster, &policy.subject, pod))
        {
            continue;
        }
        let Some(policy) = judges().find(|policy| selects(cluster, &policy.subject, pod)) else {
            continue;
        };
        let place = Place::field(policy.object, ContainerList::PolicyTypes);
        let name = |pod: &Pod| (pod.namespace.clone(), pod.workload.name.clone());
        mute.entry(name(pod)).or_insert(place);
    }
    let ones = mute.into_iter();
    let ones = ones.map(|((ns, name), place)| One::new(format!("{ns}/{name}"), place));
    let ones = ones.collect();
    told.alike((ID, "DNS-12", Severity::Warning), ones, |n, names| {
        let may = count(n, "workload");
        format!("{may} may send, and not ask the cluster's DNS (UDP 53) for an address: {names}")
    });
}

/// All questions.
fn question(filters: &mut Filters<'_>) -> SetId {
    let proto = Proto::Udp as u32;
    let proto = filters.space.interval(Filters::PROTO, proto, proto);
    let port = filters.space.interval(Filters::PORT, PORT.into(), PORT.into());
    filters.space.and(proto, port)
}

/// A process of each Pod.
fn senders(ground: Ground<'_>) -> FxHashMap<ElementId, ElementId> {
    let network = ground.network;
    let processes = network.ids().filter(|id| network.kind(*id).is_process());
    processes.filter_map(|id| Some((network.facts.host(id)?, id))).collect()
}

/// Whether a Pod's question arrives, or may; none where no server of DNS was read.
fn asked(ground: Ground<'_>, pod: ElementId, sender: ElementId) -> Option<bool> {
    let header = dns_question(ground, pod)?;
    let choices = vec![0; ground.network.choices.len()];
    let found = branches(ground.network, sender, header, &choices, MOST);
    let dropped = |life: &Life| life.ending.verdict == Verdict::DroppedByPolicy;
    let certain = found.all && found.lives.iter().all(|l| dropped(l) && l.asked.is_empty());
    Some(!certain)
}

/// Whether a policy has a rule that could be meant for servers that were not read.
fn could_mean(policy: &Policy) -> bool {
    let mut allows = policy.egress.iter().filter(|rule| rule.action == RuleAction::Allow);
    allows.any(has_port)
}

fn has_port(rule: &Rule) -> bool {
    match &rule.ports {
        RulePorts::Any => true,
        RulePorts::Of(ports) => ports.iter().any(|port| match port {
            RulePort::All(protocol) => *protocol == Protocol::Udp,
            RulePort::Range { protocol, first, last } => {
                *protocol == Protocol::Udp && (*first..=*last).contains(&PORT)
            }
            RulePort::Named { protocol, .. } => protocol.is_none_or(|p| p == Protocol::Udp),
        }),
    }
}
