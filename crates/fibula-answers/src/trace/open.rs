//! A choice that is left open and that an answer depends on: its values, and what becomes of the
//! message under each.

use std::collections::BTreeSet;

use fibula_network::{ChoiceId, Network, Table, When};

use super::Ground;

/// A choice that the end of a message depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The choice.
    pub choice: ChoiceId,
    /// Its values, in their order; those that come to the same together.
    pub values: Vec<Value>,
}

/// What a choice can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What it means.
    pub means: Vec<Means>,
    /// The values, as entries have them.
    pub values: Vec<u8>,
    /// What may become of the message then, as indices into the ways of the trace: of several, other
    /// choices decide.
    pub ways: Vec<usize>,
}

/// What a value of a choice means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// The answer to its question is no.
    No,
    /// It is yes.
    Yes,
    /// The source of the client (DR-7).
    Client,
    /// That of the Node (DR-7).
    Node,
    /// This policy comes first (DR-6).
    First(String),
    /// One of several, which have no names.
    One,
}

// === impl Means ===

impl Means {
    /// What a value means, by the id of its choice.
    pub fn of(id: &str, value: u8) -> Means {
        match (id, value) {
            ("DR-2b", 1) | ("DR-3" | "DR-4" | "DR-19" | "DR-22" | "CNP-25", 0) => Means::No,
            ("DR-2b", _) | ("DR-3" | "DR-4" | "DR-19" | "DR-22" | "CNP-25", _) => Means::Yes,
            ("DR-7", 0) => Means::Client,
            ("DR-7", _) => Means::Node,
            _ => Means::One,
        }
    }

    /// A word for it, as `--decide` takes it; none for what has no name of its own.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Means::No => Some("no"),
            Means::Yes => Some("yes"),
            Means::Client => Some("client"),
            Means::Node => Some("node"),
            Means::First(_) | Means::One => None,
        }
    }
}

// === impl Open ===

impl Open {
    /// A choice, by the ways that were followed: under what, and which they are.
    pub(super) fn new(ground: Ground<'_>, choice: ChoiceId, ways: &[(Vec<When>, usize)]) -> Open {
        let network = ground.network;
        let mut values: Vec<Value> = vec![];
        for value in 0..network.choice(choice).values {
            let fits = |under: &Vec<When>| {
                under.iter().find(|when| when.choice == choice).is_none_or(|w| w.value == value)
            };
            let ways: BTreeSet<usize> =
                ways.iter().filter(|(under, _)| fits(under)).map(|(_, way)| *way).collect();
            let ways: Vec<usize> = ways.into_iter().collect();
            let means = means(network, When { choice, value });
            match values.iter_mut().find(|known| known.ways == ways) {
                Some(known) => {
                    known.values.push(value);
                    known.means.push(means);
                }
                None => values.push(Value { means: vec![means], values: vec![value], ways }),
            }
        }
        Open { choice, values }
    }
}

fn means(network: &Network, when: When) -> Means {
    let id = &*network.choice(when.choice).id;
    match id {
        "DR-6" => first(network, when).map_or(Means::One, Means::First),
        _ => Means::of(id, when.value),
    }
}

/// The policy whose entries ask for this value: its table is called after it.
fn first(network: &Network, when: When) -> Option<String> {
    let asks =
        |table: &&Table| table.entries.iter().any(|entry| entry.pattern.when.contains(&when));
    let name = &network.tables.iter().find(asks)?.name;
    Some(name.rsplit_once(' ')?.0.to_owned())
}
