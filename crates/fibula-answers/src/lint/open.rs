//! What nobody knows unless the plugin is named: policies of one priority that disagree, and ranges
//! that hold pods.

use std::collections::BTreeSet;

use fibula_cluster::{ContainerList, Finding, One, PeerOf, Place, PolicyKind, Severity, Told};
use fibula_network::ChoiceId;
use fibula_network::filters::Filters;
use fibula_network::set::Level;

use super::{count, policy};

pub(super) fn tell(told: &mut Told<'_>, filters: &Filters<'_>) {
    equal_priority(told, filters);
    blocks_of_pods(told, filters);
}

/// Policies of one tier and priority, where it makes a difference which of them is asked first
/// (CNP-12, DR-6).
fn equal_priority(told: &mut Told<'_>, filters: &Filters<'_>) {
    let network = filters.network;
    let mut seen = BTreeSet::new();
    for (choice, it) in (0..).map(ChoiceId).zip(&network.choices) {
        let level = Level(Filters::CHOICE.0 + choice.0);
        let depends = [filters.egress, filters.ingress, filters.own_node]
            .into_iter()
            .any(|set| filters.space.depends_on(set, level));
        if &*it.id != "DR-6" || !depends {
            continue;
        }
        let objects: BTreeSet<_> = entries(filters)
            .filter(|entry| entry.pattern.when.iter().any(|when| when.choice == choice))
            .filter_map(|entry| Some(Place::of_number(entry.origin.place.0)?.object))
            .collect();
        // Both directions may ask about the same policies.
        let policies = objects.into_iter().filter_map(|object| policy(told.cluster, object));
        let policies: Vec<_> = policies.collect();
        let names: Vec<String> = policies.iter().map(|policy| policy.called()).collect();
        if names.len() < 2 || !seen.insert(names.clone()) {
            continue;
        }
        let place = |object| Place::field(object, ContainerList::Priority);
        let places = policies.iter().map(|policy| place(policy.object)).collect();
        let priority = policies[0].priority;
        told.each("equal-priority", places, |places| Finding {
            id: "equal-priority",
            rule: "CNP-12",
            severity: Severity::Warning,
            message: format!(
                "{} have priority {priority} and disagree; which of them decides is not defined",
                names.join(" and ")
            ),
            places,
            subjects: names,
        });
    }
}

/// Ranges of NetworkPolicies that hold addresses of pods: whether they match these is open (DR-2b).
fn blocks_of_pods(told: &mut Told<'_>, filters: &Filters<'_>) {
    let choices = &filters.network.choices;
    let Some(open) = choices.iter().position(|choice| &*choice.id == "DR-2b") else { return };
    let mut places = BTreeSet::new();
    for entry in entries(filters) {
        let asks = entry.pattern.when.iter().any(|when| usize::from(when.choice.0) == open);
        places.extend(Place::of_number(entry.origin.place.0).filter(|_| asks));
    }
    let ones = places.into_iter().filter_map(|place| {
        let policy = policy(told.cluster, place.object)?;
        let (list, index) = place.container?;
        let rules = policy.rules().filter(|rule| rule.place.container == Some((list, index)));
        let mut peers = rules.flat_map(|rule| rule.peers());
        let PeerOf::Block { net, .. } = peers.find(|peer| peer.place == place)?.what else {
            return None;
        };
        let of_namespace = policy.kind == PolicyKind::NetworkPolicy;
        let name = format!("{} {}[{index}] ({net})", policy.called(), list.field());
        of_namespace.then_some(One::new(name, place))
    });
    let ones = ones.collect();
    told.alike(("block-of-pods", "DR-2b", Severity::Note), ones, |n, names| {
        let (hold, they) = if n == 1 { ("holds", "it matches") } else { ("hold", "they match") };
        format!(
            "{} {hold} addresses of pods, and whether {they} these depends on the plugin: {names}",
            count(n, "range")
        )
    });
}

/// The entries of all filters.
fn entries<'n>(filters: &Filters<'n>) -> impl Iterator<Item = &'n fibula_network::Entry> {
    let network = filters.network;
    let chains = network.tables.iter().filter_map(|table| table.chains.as_ref());
    let tables: BTreeSet<_> = chains.flat_map(|chains| chains.lists.concat()).collect();
    tables.into_iter().flat_map(|table| &network.table(table).entries)
}
