//! R3: the Switch between the Nodes and the world.

use fibula_network::{Action, Addrs, Entry, Hop, Kind, Network, Pattern, Reason, Receiver};

use crate::tables::Sets;

/// Its entries; none where there is no outside.
///
/// It leads back to Pods what the world answers them (NP-20, NM-18), leads to the Nodes (R4) and to
/// what they have for the world (`doors`), discards what is meant for Pods and Services, whose addresses mean
/// nothing out there (DR-13), and delivers the rest to the world.
pub(crate) fn entries(network: &Network, sets: Sets, doors: Vec<Entry>) -> Vec<Entry> {
    let Some(world) = network.of_kind(Kind::World).next() else { return vec![] };
    let elsewhere = |kind| Pattern::to(Addrs::Elsewhere(kind));
    let discard = Action::Discard(Reason::NoRoute);
    let ranges = [sets.pods, sets.services].into_iter().flatten();
    let to_node = Action::Forward(Hop::OwnersNode);
    let back = Pattern::reply(Addrs::Elsewhere(Kind::Pod));
    [Entry::new("NP-20", back, to_node), Entry::new("R4", elsewhere(Kind::Node), to_node)]
        .into_iter()
        .chain(doors)
        .chain([Entry::new("DR-13", elsewhere(Kind::Pod), discard)])
        .chain(ranges.map(|set| Entry::new("DR-13", Pattern::to(Addrs::Set(set)), discard)))
        .chain([Entry::new("R3", Pattern::ANY, Action::Deliver(Receiver::Element(world)))])
        .collect()
}
