//! R3: the Switch between the Nodes and the world.

use fibula_network::{Action, Addrs, Entry, Hop, Kind, Network, Pattern, Reason, Receiver};

use crate::tables::Sets;

/// Its entries; none where there is no outside.
///
/// It leads to the Nodes (R4), discards what is meant for Pods and Services, whose addresses mean
/// nothing out there (DR-13), and delivers the rest to the world.
pub(crate) fn entries(network: &Network, sets: Sets) -> Vec<Entry> {
    let Some(world) = network.of_kind(Kind::World).next() else { return vec![] };
    let elsewhere = |kind| Pattern::to(Addrs::Elsewhere(kind));
    let discard = Action::Discard(Reason::NoRoute);
    let ranges = [sets.pods, sets.services].into_iter().flatten();
    [
        Entry::new("R4", elsewhere(Kind::Node), Action::Forward(Hop::OwnersNode)),
        Entry::new("DR-13", elsewhere(Kind::Pod), discard),
    ]
    .into_iter()
    .chain(ranges.map(|set| Entry::new("DR-13", Pattern::to(Addrs::Set(set)), discard)))
    .chain([Entry::new("R3", Pattern::ANY, Action::Deliver(Receiver::Element(world)))])
    .collect()
}
