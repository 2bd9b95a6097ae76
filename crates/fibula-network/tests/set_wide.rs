//! Fields of full size: a first-match list of rules over 88 bits is folded into what it permits, and
//! asked for headers that the rules decide one by one.

use std::collections::BTreeSet;

use fibula_network::set::{Interval, Level, SetId, Space};
use proptest::prelude::*;

/// Bits of the fields: target, source, protocol, port.
const WIDTHS: [u32; 4] = [32, 32, 8, 16];

/// One rule: whether it permits, and the range of each field.
type Rule = (bool, [Interval; 4]);

/// What the rules permit, folded rule by rule beside what was seen so far.
fn folded(rules: &[Rule]) -> (Space, SetId) {
    let mut space = Space::new(&WIDTHS.map(|width| 1 << width));
    let (mut permitted, mut seen) = (Space::EMPTY, Space::EMPTY);
    for (permit, fields) in rules {
        let fields =
            fields.iter().enumerate().map(|(level, &(lo, hi))| (Level(level as u8), lo, hi));
        let pattern = fields.fold(Space::FULL, |pattern, (level, lo, hi)| {
            let field = space.interval(level, lo, hi);
            space.and(pattern, field)
        });
        if *permit {
            let fresh = space.minus(pattern, seen);
            permitted = space.or(permitted, fresh);
        }
        seen = space.or(seen, pattern);
    }
    (space, permitted)
}

/// The verdict of the first rule that matches, without any diagram.
fn permits(rules: &[Rule], header: &[u32]) -> bool {
    let matches = |fields: &[Interval; 4]| {
        fields.iter().zip(header).all(|((lo, hi), value)| (lo..=hi).contains(&value))
    };
    rules.iter().find(|(_, fields)| matches(fields)).is_some_and(|&(permit, _)| permit)
}

/// Whether a set agrees with the rules at every corner of every rule and just outside of it, and at
/// some more points.
fn agree((space, set): (Space, SetId), rules: &[Rule], points: &[[u32; 4]]) -> bool {
    let corners = rules.iter().flat_map(|(_, fields)| {
        (0..256u32).map(move |corner| {
            let value = |field: usize| {
                let ((lo, hi), top) = (fields[field], u32::MAX >> (32 - WIDTHS[field]));
                match corner >> (2 * field) & 3 {
                    0 => lo,
                    1 => hi,
                    2 => lo.saturating_sub(1),
                    _ => hi.saturating_add(1).min(top),
                }
            };
            [0, 1, 2, 3].map(value)
        })
    });
    let mut headers = corners.chain(points.iter().copied());
    headers.all(|header| space.contains(set, &header) == permits(rules, &header))
}

/// One header of each cell of the grid that the bounds of the rules make: within a cell no rule
/// tells two headers apart, so these stand for all headers.
fn cells(rules: &[Rule]) -> impl Iterator<Item = [u32; 4]> {
    let starts = [0, 1, 2, 3].map(|field: usize| {
        let top = u32::MAX >> (32 - WIDTHS[field]);
        let bounds = rules.iter().map(|(_, fields)| fields[field]);
        let after = |hi: u32| hi.checked_add(1).filter(|next| *next <= top);
        let starts = bounds.flat_map(|(lo, hi)| [Some(lo), after(hi)]).flatten();
        starts.chain([0]).collect::<BTreeSet<u32>>()
    });
    let [a, b, c, d] = starts.map(|starts| starts.into_iter().collect::<Vec<u32>>());
    let count = a.len() * b.len() * c.len() * d.len();
    (0..count).map(move |number| {
        let mut rest = number;
        [&a, &b, &c, &d].map(|starts| {
            let start = starts[rest % starts.len()];
            rest /= starts.len();
            start
        })
    })
}

/// Ranges as rules have them: anything, one value, a prefix, any range; out of few values, so that
/// rules meet.
fn range(width: u32) -> impl Strategy<Value = Interval> {
    let top = u32::MAX >> (32 - width);
    let value = prop_oneof![3 => (0..6u32).prop_map(move |i| top / 7 * i), 1 => 0..=top];
    (value.clone(), value, 0..=width, 0..4u8).prop_map(move |(a, b, free, kind)| {
        let low = u32::MAX.checked_shr(32 - free).unwrap_or(0);
        match kind {
            0 => (0, top),
            1 => (a, a),
            2 => (a & !low, a | low),
            _ => (a.min(b), a.max(b)),
        }
    })
}

fn rules(fewer_than: usize) -> impl Strategy<Value = Vec<Rule>> {
    let fields = WIDTHS.map(range);
    prop::collection::vec((prop::bool::weighted(0.75), fields), 1..fewer_than)
}

fn points() -> impl Strategy<Value = Vec<[u32; 4]>> {
    let header = WIDTHS.map(|width| 0..=u32::MAX >> (32 - width));
    prop::collection::vec(header, 64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn n_6_the_first_match_wins(rules in rules(24), points in points()) {
        prop_assert!(agree(folded(&rules), &rules, &points));
    }

    #[test]
    fn n_6_the_first_match_wins_in_every_cell(rules in rules(7)) {
        let (space, set) = folded(&rules);
        for header in cells(&rules) {
            let inside = space.contains(set, &header);
            prop_assert_eq!(inside, permits(&rules, &header), "{:?}", header);
        }
    }

    #[test]
    fn a_planted_fault_is_seen(mut rules in rules(24), points in points()) {
        // The first rule decides its whole range, so turning it must show.
        let right = rules.clone();
        rules[0].0 = !rules[0].0;
        prop_assert!(!agree(folded(&rules), &right, &points));
    }
}

/// Whether the headers with a sum are members.
type Sums = fn(usize) -> bool;

/// Where the sum of 40 fields of two values stands modulo some number, asked bottom up: a diagram
/// with that number of nodes on each level.
fn remainder(space: &mut Space, modulus: usize, wanted: usize) -> SetId {
    let mut below: Vec<SetId> =
        (0..modulus).map(|sum| if sum == wanted { Space::FULL } else { Space::EMPTY }).collect();
    for level in (0..40).rev().map(Level) {
        let (zero, one) = (space.interval(level, 0, 0), space.interval(level, 1, 1));
        let above = (0..modulus).map(|sum| {
            let zero = space.and(zero, below[sum]);
            let one = space.and(one, below[(sum + 1) % modulus]);
            space.or(zero, one)
        });
        below = above.collect();
    }
    below[0]
}

#[test]
fn forty_levels_cost_no_more_than_the_nodes() {
    // 2^40 paths: an operation that forgot its own parts would not end.
    let mut space = Space::new(&[2; 40]);
    let (a, b) = (remainder(&mut space, 31, 3), remainder(&mut space, 29, 5));
    let (both, some) = (space.and(a, b), space.or(a, b));
    let left = space.minus(a, both);
    let without = space.exists(both, Level(39));
    let table: [(SetId, Sums); 6] = [
        (a, |sum| sum % 31 == 3),
        (b, |sum| sum % 29 == 5),
        (both, |sum| sum == 34),
        (some, |sum| [3, 5, 34].contains(&sum)),
        (left, |sum| sum == 3),
        // One field forgotten: its 0 is counted, and may have been 1.
        (without, |sum| sum == 33 || sum == 34),
    ];
    for sum in 0..40 {
        // Of each sum the header with the ones first, last but for the last field, and spread.
        let first: Vec<u32> = (0..40).map(|at| u32::from(at < sum)).collect();
        let last: Vec<u32> = (0..40).map(|at| u32::from(at >= 39 - sum && at < 39)).collect();
        let spread: Vec<u32> = (0..40).map(|at| u32::from(at * 7 % 39 < sum && at < 39)).collect();
        for header in [first, last, spread] {
            for (i, (set, is)) in table.iter().enumerate() {
                assert_eq!(space.contains(*set, &header), is(sum), "set {i}, sum {sum}");
            }
        }
    }
    assert_eq!(space.values(both, Level(39)), [(0, 1)]);
}
