//! Sets of headers against plain enumeration, in a space small enough to list: an expression is
//! read once as a diagram and once as 72 bits, one per header.

use fibula_network::set::{Level, SetId, Space};
use proptest::prelude::*;

const DOMAINS: [u64; 4] = [3, 2, 4, 3];
const HEADERS: usize = 72;
const ALL: u128 = (1 << HEADERS) - 1;

/// How a set is made.
#[derive(Clone, Debug)]
enum Made {
    Empty,
    Full,
    Interval(usize, u32, u32),
    And(Box<Made>, Box<Made>),
    Or(Box<Made>, Box<Made>),
    Minus(Box<Made>, Box<Made>),
    Not(Box<Made>),
    Any(Vec<Made>),
    Exists(Box<Made>, usize),
}

/// The header with a number, the last level counting least.
fn header(number: usize) -> Vec<u32> {
    let mut rest = number;
    let mut values: Vec<u32> = Vec::new();
    for &domain in DOMAINS.iter().rev() {
        values.push((rest % domain as usize) as u32);
        rest /= domain as usize;
    }
    values.reverse();
    values
}

/// The headers that satisfy a condition, as bits.
fn bits(condition: impl Fn(&[u32]) -> bool) -> u128 {
    (0..HEADERS).filter(|&number| condition(&header(number))).map(|number| 1 << number).sum()
}

/// Whether a header is in some bits; one with a value that its level lacks is in none.
fn has(bits: u128, header: &[u32]) -> bool {
    let known = header.iter().zip(DOMAINS).all(|(&value, domain)| u64::from(value) < domain);
    let numbered = header.iter().zip(DOMAINS).fold(0, |n, (&v, domain)| n * domain + u64::from(v));
    known && bits >> numbered & 1 == 1
}

fn with(header: &[u32], level: usize, value: u32) -> Vec<u32> {
    let mut changed = header.to_vec();
    changed[level] = value;
    changed
}

fn listed(made: &Made) -> u128 {
    match made {
        Made::Empty => 0,
        Made::Full => ALL,
        Made::Interval(level, lo, hi) => bits(|h| (*lo..=*hi).contains(&h[*level])),
        Made::And(a, b) => listed(a) & listed(b),
        Made::Or(a, b) => listed(a) | listed(b),
        Made::Minus(a, b) => listed(a) & !listed(b),
        Made::Not(a) => ALL & !listed(a),
        Made::Any(many) => many.iter().map(listed).fold(0, |a, b| a | b),
        Made::Exists(a, level) => {
            let inner = listed(a);
            bits(|h| (0..DOMAINS[*level] as u32).any(|v| has(inner, &with(h, *level, v))))
        }
    }
}

fn built(space: &mut Space, made: &Made) -> SetId {
    let level = |level: &usize| Level(*level as u8);
    match made {
        Made::Empty => Space::EMPTY,
        Made::Full => Space::FULL,
        Made::Interval(l, lo, hi) => space.interval(level(l), *lo, *hi),
        Made::And(a, b) => {
            let (a, b) = (built(space, a), built(space, b));
            space.and(a, b)
        }
        Made::Or(a, b) => {
            let (a, b) = (built(space, a), built(space, b));
            space.or(a, b)
        }
        Made::Minus(a, b) => {
            let (a, b) = (built(space, a), built(space, b));
            space.minus(a, b)
        }
        Made::Not(a) => {
            let a = built(space, a);
            space.not(a)
        }
        Made::Any(many) => {
            let many: Vec<SetId> = many.iter().map(|made| built(space, made)).collect();
            space.any(&many)
        }
        Made::Exists(a, l) => {
            let a = built(space, a);
            space.exists(a, level(l))
        }
    }
}

/// The set of one header.
fn single(space: &mut Space, number: usize) -> SetId {
    header(number).into_iter().enumerate().fold(Space::FULL, |set, (level, value)| {
        let value = space.interval(Level(level as u8), value, value);
        space.and(set, value)
    })
}

/// The headers of a set, one by one.
fn members(space: &Space, set: SetId) -> u128 {
    bits(|header| space.contains(set, header))
}

/// The first thing, if any, that a set says differently from the headers it should have.
fn disagreement(space: &mut Space, set: SetId, listed: u128) -> Option<String> {
    let is = |h: &[u32]| has(listed, h);
    let members: Vec<Vec<u32>> = (0..HEADERS).map(header).filter(|h| is(h)).collect();
    for number in 0..HEADERS {
        let h = header(number);
        if space.contains(set, &h) != is(&h) {
            return Some(format!("contains {h:?}"));
        }
    }
    if space.is_empty(set) != members.is_empty() {
        return Some("is_empty".to_owned());
    }
    if space.pick(set) != members.first().cloned() {
        return Some(format!("pick {:?}", space.pick(set)));
    }
    for (level, &domain) in DOMAINS.iter().enumerate() {
        let at = Level(level as u8);
        let seen: Vec<u32> =
            (0..domain as u32).filter(|&v| members.iter().any(|h| h[level] == v)).collect();
        let values = space.values(set, at);
        let listed: Vec<u32> = values.iter().flat_map(|&(lo, hi)| lo..=hi).collect();
        if listed != seen || values.windows(2).any(|two| two[0].1 + 1 >= two[1].0) {
            return Some(format!("values {level}: {values:?}"));
        }
        let matters = (0..HEADERS)
            .map(header)
            .any(|h| (0..domain as u32).any(|value| is(&h) != is(&with(&h, level, value))));
        if space.depends_on(set, at) != matters {
            return Some(format!("depends_on {level}"));
        }
    }
    None
}

/// Any expression; values and bounds may lie outside of a domain.
fn made() -> impl Strategy<Value = Made> {
    let leaf = prop_oneof![
        1 => Just(Made::Empty),
        1 => Just(Made::Full),
        6 => (0..4usize, 0..5u32, 0..5u32).prop_map(|(l, lo, hi)| Made::Interval(l, lo, hi)),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let one = inner.clone().prop_map(Box::new);
        let two = (one.clone(), one.clone());
        prop_oneof![
            3 => two.clone().prop_map(|(a, b)| Made::And(a, b)),
            4 => two.clone().prop_map(|(a, b)| Made::Or(a, b)),
            2 => two.prop_map(|(a, b)| Made::Minus(a, b)),
            1 => one.clone().prop_map(Made::Not),
            1 => prop::collection::vec(inner, 0..5).prop_map(Made::Any),
            1 => (one, 0..4usize).prop_map(|(a, l)| Made::Exists(a, l)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_set_has_the_headers_that_its_making_says(made in made()) {
        let mut space = Space::new(&DOMAINS);
        let set = built(&mut space, &made);
        prop_assert_eq!(disagreement(&mut space, set, listed(&made)), None);
    }

    #[test]
    fn equal_sets_have_equal_ids(a in made(), b in made()) {
        let mut space = Space::new(&DOMAINS);
        let (x, y) = (built(&mut space, &a), built(&mut space, &b));
        let (a, b) = (listed(&a), listed(&b));
        prop_assert_eq!(x == y, a == b);
        // Header by header, which shares no step with how x was made.
        let members = (0..HEADERS).filter(|number| a >> number & 1 == 1);
        let singles: Vec<SetId> = members.map(|number| single(&mut space, number)).collect();
        prop_assert_eq!(space.any(&singles), x);
    }

    #[test]
    fn every_field_can_be_forgotten(made in made()) {
        let mut space = Space::new(&DOMAINS);
        let set = built(&mut space, &made);
        for level in 0..DOMAINS.len() {
            let whole = Box::new(made.clone());
            let exists = space.exists(set, Level(level as u8));
            prop_assert_eq!(members(&space, exists), listed(&Made::Exists(whole, level)));
        }
    }

    #[test]
    fn a_planted_fault_is_seen(made in made(), wrong in 0..HEADERS) {
        let mut space = Space::new(&DOMAINS);
        let set = built(&mut space, &made);
        prop_assert!(disagreement(&mut space, set, listed(&made) ^ 1 << wrong).is_some());
    }
}

#[test]
fn past_results_are_not_mistaken_for_others() {
    let mut space = Space::new(&DOMAINS);
    let (mut seed, mut sets) = (0x2545_f491_4f6c_dd1d_u64, Vec::new());
    for _ in 0..100 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let listed = u128::from(seed);
        let singles: Vec<SetId> = (0..HEADERS)
            .filter(|number| listed >> number & 1 == 1)
            .map(|number| single(&mut space, number))
            .collect();
        sets.push((space.any(&singles), listed));
    }
    let headers: Vec<Vec<u32>> = (0..HEADERS).map(header).collect();
    for &(x, a) in &sets {
        for &(y, b) in &sets {
            let (and, or, minus) = (space.and(x, y), space.or(x, y), space.minus(x, y));
            for (set, listed) in [(and, a & b), (or, a | b), (minus, a & !b)] {
                let right =
                    |(i, h): (usize, &Vec<u32>)| space.contains(set, h) == (listed >> i & 1 == 1);
                assert!(headers.iter().enumerate().all(right));
            }
        }
    }
}

#[test]
fn a_level_that_the_space_lacks_has_the_single_value_0() {
    let mut space = Space::new(&DOMAINS);
    let some = space.interval(Level(1), 1, 1);
    for level in [Level(4), Level(254), Level(255)] {
        assert_eq!(space.interval(level, 0, 9), Space::FULL);
        assert_eq!(space.interval(level, 1, 9), Space::EMPTY);
        assert_eq!(space.exists(some, level), some);
        assert_eq!(space.values(some, level), [(0, 0)]);
        assert_eq!(space.values(Space::EMPTY, level), []);
        assert!(!space.depends_on(some, level));
    }
}

#[test]
fn a_header_of_another_length_is_no_member() {
    let space = Space::new(&DOMAINS);
    for header in [&[][..], &[0, 0, 0], &[0, 0, 0, 0, 0], &[3, 0, 0, 0]] {
        assert!(!space.contains(Space::FULL, header), "{header:?}");
    }
    assert!(space.contains(Space::FULL, &[2, 1, 3, 2]));
}

#[test]
fn a_space_may_have_no_level_or_too_many() {
    let mut none = Space::new(&[]);
    assert!(none.contains(Space::FULL, &[]));
    assert_eq!(none.pick(Space::FULL), Some(vec![]));
    assert_eq!(none.interval(Level(0), 0, 0), Space::FULL);
    let mut many = Space::new(&[u64::MAX; 300]);
    let last = many.interval(Level(254), 7, u32::MAX);
    let picked = many.pick(last).expect("it has a member");
    assert_eq!((picked.len(), picked[254]), (255, 7));
    assert_eq!(many.interval(Level(255), 0, 0), Space::FULL);
    assert!(Space::new(&[0, 1]).contains(Space::FULL, &[0, 0]));
    assert!(!Space::new(&[0, 1]).contains(Space::FULL, &[1, 0]));
}

#[test]
fn runs_of_values_are_the_union_of_their_parts() {
    let mut space = Space::new(&[10, 4]);
    let below = |space: &mut Space, value| space.interval(Level(1), value, value);
    let [a, b] = [1, 2].map(|value| below(&mut space, value));
    for runs in [
        &[][..],
        &[(0, 9, a)],
        &[(0, 0, a), (1, 3, b)],
        &[(2, 4, a), (5, 5, a), (8, 8, b)],
        &[(3, 20, Space::FULL)],
        &[(1, 2, Space::EMPTY), (9, 9, b)],
    ] {
        let made = space.runs(Level(0), runs.iter().copied());
        let parts: Vec<SetId> = runs
            .iter()
            .map(|(lo, hi, set)| {
                let values = space.interval(Level(0), *lo, *hi);
                space.and(values, *set)
            })
            .collect();
        assert_eq!(made, space.any(&parts), "{runs:?}");
    }
}
