//! Sets made from values, and split by them.

use fibula_network::set::{Interval, Level, SetId, Space};
use proptest::prelude::*;

/// The highest value of the first level.
const TOP: u32 = 20;

fn space() -> Space {
    Space::new(&[u64::from(TOP) + 1, 3])
}

/// Sorted intervals that are apart.
fn intervals() -> impl Strategy<Value = Vec<Interval>> {
    prop::collection::btree_set(0..=TOP + 4, 0..12).prop_map(|ends| {
        let ends: Vec<u32> = ends.into_iter().collect();
        ends.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    })
}

proptest! {
    #[test]
    fn values_are_the_union_of_their_intervals(intervals in intervals()) {
        let mut space = space();
        let parts: Vec<SetId> =
            intervals.iter().map(|(lo, hi)| space.interval(Level(0), *lo, *hi)).collect();
        let all = space.any(&parts);
        prop_assert_eq!(space.values_in(Level(0), &intervals), all);
    }

    #[test]
    fn a_split_set_is_the_union_of_its_parts(some in intervals(), more in intervals()) {
        let mut space = space();
        let [some, more] = [some, more].map(|intervals| space.values_in(Level(0), &intervals));
        let one = space.interval(Level(1), 1, 1);
        let part = space.and(more, one);
        let set = space.or(some, part);
        let split = space.split(set, Level(0));
        prop_assert!(split.windows(2).all(|pair| pair[0].0[0] < pair[1].0[0]));
        prop_assert!(split.iter().all(|(_, rest)| space.split(*rest, Level(1)).len() == 1));
        let parts: Vec<SetId> = split
            .iter()
            .map(|(values, rest)| {
                let values = space.values_in(Level(0), values);
                space.and(values, *rest)
            })
            .collect();
        prop_assert_eq!(space.any(&parts), set);
    }
}

#[test]
fn values_end_at_the_top_of_the_widest_level() {
    let mut space = Space::new(&[1 << 32]);
    let set = space.values_in(Level(0), &[(0, 3), (u32::MAX, u32::MAX)]);
    assert_eq!(space.values(set, Level(0)), [(0, 3), (u32::MAX, u32::MAX)]);
    assert_eq!(space.values_in(Level(0), &[]), Space::EMPTY);
    assert_eq!(space.values_in(Level(0), &[(0, u32::MAX)]), Space::FULL);
}
