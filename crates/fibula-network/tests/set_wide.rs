//! Fields of full size against a diagram over single bits: a first-match list of rules over 88
//! bits is folded into what it permits, once by each.

use std::collections::HashMap;

use fibula_network::set::{Interval, Level, SetId, Space};
use proptest::prelude::*;

/// Bits of the fields: target, source, protocol, port.
const WIDTHS: [u32; 4] = [32, 32, 8, 16];

/// A diagram over single bits, highest bit of the first field first. Ends are 0 and 1.
#[derive(Default)]
struct Bits {
    nodes: Vec<(u32, usize, usize)>,
    unique: HashMap<(u32, usize, usize), usize>,
    known: HashMap<(bool, usize, usize), usize>,
}

impl Bits {
    fn new() -> Bits {
        Bits { nodes: vec![(88, 0, 0), (88, 1, 1)], ..Bits::default() }
    }

    fn node(&mut self, bit: u32, zero: usize, one: usize) -> usize {
        if zero == one {
            return zero;
        }
        let nodes = &mut self.nodes;
        *self.unique.entry((bit, zero, one)).or_insert_with(|| {
            nodes.push((bit, zero, one));
            nodes.len() - 1
        })
    }

    /// `a and b`, or `a or b`.
    fn join(&mut self, or: bool, a: usize, b: usize) -> usize {
        let (decides, neutral) = if or { (1, 0) } else { (0, 1) };
        if a == decides || b == decides {
            return decides;
        }
        if a == neutral || a == b {
            return b;
        }
        if b == neutral {
            return a;
        }
        if let Some(&known) = self.known.get(&(or, a, b)) {
            return known;
        }
        let ((i, a0, a1), (j, b0, b1)) = (self.nodes[a], self.nodes[b]);
        let bit = i.min(j);
        let (a0, a1) = if i == bit { (a0, a1) } else { (a, a) };
        let (b0, b1) = if j == bit { (b0, b1) } else { (b, b) };
        let (zero, one) = (self.join(or, a0, b0), self.join(or, a1, b1));
        let node = self.node(bit, zero, one);
        self.known.insert((or, a, b), node);
        node
    }

    fn not(&mut self, a: usize) -> usize {
        let mut made: HashMap<usize, usize> = HashMap::from([(0, 1), (1, 0)]);
        self.not_below(a, &mut made)
    }

    fn not_below(&mut self, a: usize, made: &mut HashMap<usize, usize>) -> usize {
        if let Some(&known) = made.get(&a) {
            return known;
        }
        let (bit, zero, one) = self.nodes[a];
        let (zero, one) = (self.not_below(zero, made), self.not_below(one, made));
        let node = self.node(bit, zero, one);
        made.insert(a, node);
        node
    }

    /// The values of a field from `bound` on (`up`) or up to it.
    fn half(&mut self, field: usize, bound: u32, up: bool) -> usize {
        let first: u32 = WIDTHS[..field].iter().sum();
        let mut node = 1;
        for low in 0..WIDTHS[field] {
            let bit = first + WIDTHS[field] - 1 - low;
            let one = bound >> low & 1 == 1;
            let (zero, one) = match (one, up) {
                (true, true) => (0, node),
                (true, false) => (1, node),
                (false, true) => (node, 1),
                (false, false) => (node, 0),
            };
            node = self.node(bit, zero, one);
        }
        node
    }

    fn contains(&self, set: usize, header: &[u32]) -> bool {
        let mut at = set;
        while at > 1 {
            let (mut bit, zero, one) = self.nodes[at];
            let mut field = 0;
            while bit >= WIDTHS[field] {
                bit -= WIDTHS[field];
                field += 1;
            }
            let set = header[field] >> (WIDTHS[field] - 1 - bit) & 1 == 1;
            at = if set { one } else { zero };
        }
        at == 1
    }

    fn count(&self, set: usize) -> u128 {
        let mut below = vec![0u128, 1];
        for &(bit, zero, one) in &self.nodes[2..] {
            let part = |to: usize| below[to] << (self.nodes[to].0 - bit - 1);
            below.push(part(zero) + part(one));
        }
        below[set] << self.nodes[set].0
    }
}

/// One rule: whether it permits, and the range of each field.
type Rule = (bool, [Interval; 4]);

/// What the rules permit: rule by rule, beside what was seen so far, or all at once.
fn folded(rules: &[Rule], at_once: bool) -> (Space, SetId) {
    let mut space = Space::new(&WIDTHS.map(|width| 1 << width));
    let mut patterns = Vec::new();
    for (_, fields) in rules {
        let fields =
            fields.iter().enumerate().map(|(level, &(lo, hi))| (Level(level as u8), lo, hi));
        patterns.push(fields.fold(Space::FULL, |pattern, (level, lo, hi)| {
            let field = space.interval(level, lo, hi);
            space.and(pattern, field)
        }));
    }
    if at_once {
        space.first_matches(&mut patterns);
    }
    let (mut permitted, mut seen) = (Space::EMPTY, Space::EMPTY);
    for (&pattern, (permit, _)) in patterns.iter().zip(rules) {
        if *permit {
            let fresh = space.minus(pattern, seen);
            permitted = space.or(permitted, fresh);
        }
        seen = space.or(seen, pattern);
    }
    (space, permitted)
}

fn folded_bits(rules: &[Rule]) -> (Bits, usize) {
    let mut bits = Bits::new();
    let (mut permitted, mut seen) = (0, 0);
    for (permit, fields) in rules {
        let mut pattern = 1;
        for (field, &(lo, hi)) in fields.iter().enumerate() {
            for half in [bits.half(field, lo, true), bits.half(field, hi, false)] {
                pattern = bits.join(false, pattern, half);
            }
        }
        if *permit {
            let unseen = bits.not(seen);
            let fresh = bits.join(false, pattern, unseen);
            permitted = bits.join(true, permitted, fresh);
        }
        seen = bits.join(true, seen, pattern);
    }
    (bits, permitted)
}

/// The verdict of the first rule that matches, without any diagram.
fn permits(rules: &[Rule], header: &[u32]) -> bool {
    let matches = |fields: &[Interval; 4]| {
        fields.iter().zip(header).all(|((lo, hi), value)| (lo..=hi).contains(&value))
    };
    rules.iter().find(|(_, fields)| matches(fields)).is_some_and(|&(permit, _)| permit)
}

/// Whether a set agrees with the bits of the rules in number, and with the rules at every corner of
/// every rule and just outside of it, and at some more points.
fn agree((space, set): (Space, SetId), rules: &[Rule], points: &[[u32; 4]]) -> bool {
    let (bits, oracle) = folded_bits(rules);
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
    space.count(set) == bits.count(oracle)
        && corners.chain(points.iter().copied()).all(|header| {
            let inside = space.contains(set, &header);
            inside == bits.contains(oracle, &header) && inside == permits(rules, &header)
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

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let fields = WIDTHS.map(range);
    prop::collection::vec((prop::bool::weighted(0.75), fields), 1..24)
}

fn points() -> impl Strategy<Value = Vec<[u32; 4]>> {
    let header = WIDTHS.map(|width| 0..=u32::MAX >> (32 - width));
    prop::collection::vec(header, 64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn n_6_first_match_folds_to_what_bits_say(rules in rules(), points in points()) {
        prop_assert!(agree(folded(&rules, false), &rules, &points));
        prop_assert!(agree(folded(&rules, true), &rules, &points));
    }

    #[test]
    fn a_planted_fault_is_seen(mut rules in rules(), points in points()) {
        // The first rule decides its whole range, so turning it must show.
        let right = rules.clone();
        rules[0].0 = !rules[0].0;
        prop_assert!(!agree(folded(&rules, false), &right, &points));
    }
}

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
    // Sums of 3 or 34, and of 5 or 34; 40 over 3, 5 and 6.
    let (three, five, six) = (9_880, 658_008, 3_838_380);
    assert_eq!(space.count(a), three + six);
    assert_eq!(space.count(b), five + six);
    let (both, some) = (space.and(a, b), space.or(a, b));
    assert_eq!(space.count(both), six);
    assert_eq!(space.count(some), three + five + six);
    assert!(space.overlaps(a, b) && space.subset(both, a) && !space.subset(a, b));
    // Without the last field: sums of 33 or 34 of 39; 39 over 6 and 5.
    let without = space.exists(both, Level(39));
    assert_eq!(space.count(without), 2 * (3_262_623 + 575_757));
    let fixed = space.only(both, Level(20), 1);
    assert_eq!(space.count(fixed), 2 * 3_262_623);
    assert_eq!(space.values(both, Level(39)), [(0, 1)]);
    assert_eq!(space.cubes(a).take(1000).count(), 1000);
}
