//! Sets made from values of a level, and taken apart by them.

use std::collections::BTreeSet;

use fibula_network::set::{Level, SetId, Space};
use proptest::prelude::*;

/// The highest value of the first level.
const TOP: u32 = 20;

fn space() -> Space {
    Space::new(&[u64::from(TOP) + 1, 3])
}

fn values() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::btree_set(0..=TOP, 0..15).prop_map(|values| values.into_iter().collect())
}

/// The sets of the second level, by which values they hold.
fn below(space: &mut Space, number: u32) -> SetId {
    match number {
        0 => Space::EMPTY,
        1 => Space::FULL,
        n => space.interval(Level(1), 0, n % 2),
    }
}

proptest! {
    #[test]
    fn a_set_of_values_is_the_union_of_each(values in values()) {
        let mut space = space();
        let parts: Vec<SetId> =
            values.iter().map(|value| space.interval(Level(0), *value, *value)).collect();
        let all = space.any(&parts);
        prop_assert_eq!(space.values_of(Level(0), &values), all);
    }

    #[test]
    fn sets_stand_over_their_values(numbers in prop::collection::vec(0u32..4, 0..=21)) {
        let mut space = space();
        let sets: Vec<SetId> = numbers.iter().map(|n| below(&mut space, *n)).collect();
        let over = space.over(Level(0), &sets);
        let parts: Vec<SetId> = (0..)
            .zip(&sets)
            .map(|(value, set)| {
                let value = space.interval(Level(0), value, value);
                space.and(value, *set)
            })
            .collect();
        prop_assert_eq!(space.any(&parts), over);

        let parts = space.parts(over, Level(0));
        let covered: BTreeSet<u32> = parts.iter().flat_map(|((lo, hi), _)| *lo..=*hi).collect();
        prop_assert_eq!(covered, (0..=TOP).collect::<BTreeSet<u32>>());
        for ((lo, hi), part) in parts {
            for value in lo..=hi {
                let set = sets.get(value as usize).copied().unwrap_or(Space::EMPTY);
                prop_assert_eq!(part, set);
            }
        }
    }
}

#[test]
fn a_set_that_does_not_ask_a_level_has_one_part_there() {
    let mut space = space();
    let set = space.interval(Level(1), 1, 1);
    assert_eq!(space.parts(set, Level(0)), [((0, TOP), set)]);
}
