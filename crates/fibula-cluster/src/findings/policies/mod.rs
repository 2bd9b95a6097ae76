//! Policies that do not do what they seem to, as their objects show.
//!
//! ```text
//!   subjects   whom they select: nobody, pods of the host network; whom none selects
//!   peers      selectors that match nothing, and lists that widen what they should narrow
//!   ports      ports and names that the pods behind them do not have
//!   shape      rules that the API ignores, ranges that no message has
//! ```
//!
//! What becomes of messages is decided nowhere here: these are facts about selectors, labels and
//! ports. What a policy or a rule *changes* is asked of the network.

mod peers;
mod ports;
mod shape;
mod subjects;

use super::Told;
use super::near::Near;
use crate::cluster::{Cluster, Pod};
use crate::place::{ContainerList, Place};
use crate::policy::{Policy, Rule};
use crate::select::{Class, ClassId, Select};

/// What is asked about policies.
struct Ground<'c, 'n> {
    cluster: &'c Cluster,
    select: Select,
    near: &'n Near<'c>,
}

/// Everything about policies. Near linear in the pods and in what policies select.
pub(super) fn tell<'c>(told: &mut Told<'c>, near: &Near<'c>) {
    let cluster = told.cluster;
    if cluster.policies.is_empty() {
        return;
    }
    let ground = Ground { cluster, select: Select::new(cluster), near };
    subjects::tell(told, &ground);
    peers::tell(told, &ground);
    ports::tell(told, &ground);
    shape::tell(told);
}

// === impl Ground ===

impl<'c> Ground<'c, '_> {
    /// The policies with their numbers.
    fn policies(&self) -> impl Iterator<Item = (u32, &'c Policy)> + use<'c> {
        (0..).zip(&self.cluster.policies)
    }

    fn class(&self, class: ClassId) -> &Class {
        &self.select.classes()[class.0 as usize]
    }

    /// The pods of a class.
    fn pods(&self, class: ClassId) -> impl Iterator<Item = &'c Pod> + use<'_, 'c> {
        self.class(class).pods.iter().map(|pod| &self.cluster.pods[*pod as usize])
    }

    /// The classes that a policy speaks of, surely or perhaps.
    fn subject(&self, policy: u32) -> impl Iterator<Item = ClassId> + use<'_, 'c> {
        let selected = self.select.pods(self.select.subject(policy));
        selected.surely.iter().chain(&selected.perhaps).copied()
    }
}

/// The rules of a policy, each with the name of its direction and that of its peers.
fn rules(policy: &Policy) -> impl Iterator<Item = (ContainerList, &Rule)> {
    let ingress = policy.ingress.iter().map(|rule| (ContainerList::Ingress, rule));
    ingress.chain(policy.egress.iter().map(|rule| (ContainerList::Egress, rule)))
}

/// What a rule is called: `netpol/shop/web ingress[0]`.
fn rule_name(policy: &Policy, way: ContainerList, rule: &Rule) -> String {
    format!("{} {}[{}]", policy.called(), way.field(), rule.index)
}

/// The place of a port of a rule.
fn port_place(way: ContainerList, rule: &Rule, port: u16) -> Place {
    let list = match way {
        ContainerList::Egress => ContainerList::EgressPorts,
        _ => ContainerList::IngressPorts,
    };
    Place { object: rule.place.object, container: Some((list, rule.index)), port: Some(port) }
}

/// `; did you mean app=web?`, if there is something near.
fn perhaps(near: Option<String>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
