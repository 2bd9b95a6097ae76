//! One level of 2³² values against `range-set-blaze`.

use fibula_network::set::{Interval, Level, SetId, Space};
use proptest::prelude::*;
use range_set_blaze::RangeSetBlaze;

const LEVEL: Level = Level(1);

/// Bounds that like to meet, at both ends of the domain and within.
fn bound() -> impl Strategy<Value = u32> {
    prop_oneof![0..40u32, (u32::MAX - 40)..=u32::MAX, any::<u32>()]
}

fn ranges() -> impl Strategy<Value = Vec<Interval>> {
    prop::collection::vec((bound(), bound()), 0..60)
}

fn oracle(ranges: &[Interval]) -> RangeSetBlaze<u32> {
    ranges.iter().filter(|(lo, hi)| lo <= hi).map(|&(lo, hi)| lo..=hi).collect()
}

fn listed(set: &RangeSetBlaze<u32>) -> Vec<Interval> {
    set.ranges().map(|range| (*range.start(), *range.end())).collect()
}

/// A set whose only asked level is surrounded by levels that nothing asks.
fn set(space: &mut Space, ranges: &[Interval]) -> SetId {
    let single: Vec<SetId> = ranges.iter().map(|&(lo, hi)| space.interval(LEVEL, lo, hi)).collect();
    space.any(&single)
}

proptest! {
    #[test]
    fn ranges_are_united(ranges in ranges()) {
        let mut space = Space::new(&[2, 1 << 32, 2]);
        let (set, oracle) = (set(&mut space, &ranges), oracle(&ranges));
        prop_assert_eq!(space.values(set, LEVEL), listed(&oracle));
        prop_assert_eq!(space.pick(set), oracle.first().map(|first| vec![0, first, 0]));
    }

    #[test]
    fn operations_agree(a in ranges(), b in ranges()) {
        let mut space = Space::new(&[2, 1 << 32, 2]);
        let (x, y) = (set(&mut space, &a), set(&mut space, &b));
        let (a, b) = (oracle(&a), oracle(&b));
        let table = [
            (space.and(x, y), &a & &b),
            (space.or(x, y), &a | &b),
            (space.minus(x, y), &a - &b),
            (space.not(x), !&a),
        ];
        for (set, oracle) in table {
            prop_assert_eq!(space.values(set, LEVEL), listed(&oracle));
        }
    }
}
