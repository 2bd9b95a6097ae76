//! Ranges of addresses, taken together and apart.

use fibula_network::{Family, Range};

/// What is in the first ranges and not in the second; both sorted and apart.
pub(crate) fn without(from: &[Range], taken: &[Range]) -> Vec<Range> {
    let mut left = vec![];
    for range in from {
        let mut lo = Some(range.lo);
        let start = taken.partition_point(|taken| taken.hi < range.lo);
        for taken in taken[start..].iter().take_while(|taken| taken.lo <= range.hi) {
            if let Some(lo) = lo.filter(|lo| *lo < taken.lo) {
                left.extend(taken.lo.previous().map(|hi| Range { lo, hi }));
            }
            lo = taken.hi.next().filter(|lo| *lo <= range.hi);
        }
        left.extend(lo.map(|lo| Range { lo, hi: range.hi }));
    }
    left
}

/// What of some ranges is of a family.
pub(crate) fn of_family(ranges: &[Range], family: Family) -> Vec<Range> {
    match family {
        Family::V4 => meet(ranges, &[Range::ALL_V4]),
        Family::V6 => without(ranges, &[Range::ALL_V4]),
    }
}

/// What is in both; both sorted and apart.
pub(crate) fn meet(a: &[Range], b: &[Range]) -> Vec<Range> {
    let mut both = vec![];
    for range in a {
        let start = b.partition_point(|other| other.hi < range.lo);
        let near = b[start..].iter().take_while(|other| other.lo <= range.hi);
        both.extend(near.map(|o| Range { lo: o.lo.max(range.lo), hi: o.hi.min(range.hi) }));
    }
    both
}
