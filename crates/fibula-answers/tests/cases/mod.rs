//! Networks on which a proof is held against an enumeration, one by one: random ones come across
//! these too rarely.

mod policies;
mod rewriting;
mod services;
mod wrong;

use fibula_network::*;

/// The last table of the switches of a kind: the article's own.
pub(super) fn last<'n>(n: &'n mut Network, kind: &str) -> &'n mut Table {
    let switch = n.ids().find(|id| n.kind(*id).name() == kind).expect("a switch");
    let pipeline = n.fib(switch).expect("a FIB").pipeline;
    let table = *n.pipeline(pipeline).last().expect("a table");
    &mut n.tables[table.0 as usize]
}

/// An entry before those of a kind of switch.
pub(super) fn before(n: &mut Network, kind: &str, pattern: Pattern, action: Action) {
    last(n, kind).entries.insert(0, Entry::new("bent", pattern, action));
}

/// Delivers what a pattern matches in a table to the first container, which is linked to all
/// switches of a kind.
pub(super) fn deliver(n: &mut Network, table: &str, pattern: Pattern, kind: Kind) {
    let container = n.of_kind(Kind::Container).next().expect("a container");
    let links: Vec<_> = n.links.pairs().chain(n.of_kind(kind).map(|id| (container, id))).collect();
    n.links = Links::new(n.elements.len(), links, n.links.meshes().to_vec());
    before(n, table, pattern, Action::Deliver(Receiver::Element(container)));
}

pub(super) fn one(addr: &str) -> Addrs {
    Addrs::In(addr.parse().expect("a range"))
}

pub(super) fn addr_of(n: &mut Network, kind: Kind, addr: &str) {
    let entity = Entity::Switch(n.of_kind(kind).next().expect("a switch"));
    n.facts.addr.push((entity, addr.parse().expect("an address")));
    n.facts.addr.sort_unstable();
}

pub(super) fn choice(n: &mut Network) -> impl Fn(u8) -> Vec<When> + use<> {
    n.choices.push(Choice { id: "POD-7".into(), question: "which?".into(), values: 2 });
    |value| vec![When { choice: ChoiceId(0), value }]
}
