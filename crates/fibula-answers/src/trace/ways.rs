//! The ways in which open choices fall, as far as they matter to a message.

use fibula_network::walk::Choices;
use fibula_network::{ChoiceId, Header, Network, When};

use super::{Asked, MOST_LIVES, Open, Way};

/// The ways of a message.
pub(super) struct Ways {
    /// Those that differ, each once; at least one.
    pub(super) differ: Vec<Way>,
    /// The choices that the end of the message depends on, sorted.
    pub(super) open: Vec<Open>,
    /// Whether there are more lives than are followed.
    pub(super) many: bool,
}

/// Follows a message under every value of each choice that is asked on its way: of a thousand
/// choices those few.
///
/// Follow it with the first value of whatever is asked; that says which choices were, and each of
/// them has its other values still to come, with those before it as they were.
pub(super) fn ways(asked: &Asked<'_>, headers: &[Header]) -> Ways {
    let network = asked.ground.network;
    let mut left = MOST_LIVES;
    let mut all = true;
    let mut found: Vec<Way> = vec![];
    let mut todo: Vec<Vec<When>> = vec![vec![]];
    while let Some(under) = todo.pop() {
        if left == 0 {
            all = false;
            break;
        }
        let mut choices = vec![0; network.choices.len()];
        under.iter().for_each(|when| set(&mut choices, *when));
        let followed = Way::follow(asked, headers, &choices, left);
        left = left.saturating_sub(followed.branches.len());
        all &= followed.all;
        let taken = |choice: &ChoiceId| under.iter().any(|when| when.choice == *choice);
        let new: Vec<ChoiceId> = followed.asked.into_iter().filter(|c| !taken(c)).collect();
        let first = |choice: &ChoiceId| When { choice: *choice, value: 0 };
        for (i, choice) in new.iter().enumerate() {
            for value in 1..network.choice(*choice).values {
                let before = new[..i].iter().map(first);
                let other = When { choice: *choice, value };
                todo.push(under.iter().copied().chain(before).chain([other]).collect());
            }
        }
        let mut under: Vec<When> = under.iter().copied().chain(new.iter().map(first)).collect();
        under.sort_unstable();
        found.push(Way { choices, under, branches: followed.branches });
    }
    found.sort_by(|a, b| a.choices.cmp(&b.choices));
    let mut open = open(network, &found);
    let met = found.iter().flat_map(|way| &way.under).map(|when| when.choice);
    open.extend(met.filter(|choice| network.choice(*choice).is_too_many()));
    open.sort_unstable();
    open.dedup();
    let mut differ: Vec<Way> = vec![];
    // Under what, and which of those that differ it is.
    let mut which: Vec<(Vec<When>, usize)> = vec![];
    for way in found {
        let known = differ.iter().position(|known| known.is_as(&way));
        which.push((way.under.clone(), known.unwrap_or(differ.len())));
        if known.is_none() {
            differ.push(way);
        }
    }
    let open = open.into_iter().map(|choice| Open::new(asked.ground, choice, &which)).collect();
    Ways { differ, open, many: !all }
}

fn set(choices: &mut Choices, when: When) {
    if let Some(value) = choices.get_mut(usize::from(when.choice.0)) {
        *value = when.value;
    }
}

/// The choices that change how the message ends: two ways that agree in all else that both were
/// asked end otherwise.
fn open(network: &Network, ways: &[Way]) -> Vec<ChoiceId> {
    let outcomes: Vec<_> = ways.iter().map(Way::ends).collect();
    let mut open = vec![false; network.choices.len()];
    for (i, a) in ways.iter().enumerate() {
        for (j, b) in ways.iter().enumerate().skip(i + 1) {
            if outcomes[i] == outcomes[j] {
                continue;
            }
            let of = |choice| b.under.iter().find(|when| when.choice == choice);
            let differ = a.under.iter().filter(|when| of(when.choice).is_some_and(|w| w != *when));
            let mut differ = differ.map(|when| when.choice);
            if let (Some(choice), None) = (differ.next(), differ.next()) {
                open[usize::from(choice.0)] = true;
            }
        }
    }
    let open = (0..).zip(open).filter(|(_, open)| *open);
    open.map(|(choice, _)| ChoiceId(choice)).collect()
}
