//! Sets of addresses as lists of ranges: what is in both of two, and what is in one alone.
//!
//! Lists may be in any order and overlap; what is given back is sorted and apart.

use crate::{AddrSet, Range};

/// What is in both.
pub fn meet(a: &[Range], b: &[Range]) -> Vec<Range> {
    let (a, b) = (tidy(a), tidy(b));
    let mut both = vec![];
    for range in a {
        let start = b.partition_point(|other| other.hi < range.lo);
        let near = b[start..].iter().take_while(|other| other.lo <= range.hi);
        both.extend(near.map(|o| Range { lo: o.lo.max(range.lo), hi: o.hi.min(range.hi) }));
    }
    tidy(&both)
}

/// What is in the first and not in the second.
pub fn without(ranges: &[Range], but: &[Range]) -> Vec<Range> {
    let (ranges, but) = (tidy(ranges), tidy(but));
    let mut left = vec![];
    for range in ranges {
        let mut lo = Some(range.lo);
        let start = but.partition_point(|cut| cut.hi < range.lo);
        for cut in but[start..].iter().take_while(|cut| cut.lo <= range.hi) {
            if let Some(lo) = lo.filter(|lo| *lo < cut.lo) {
                left.extend(cut.lo.previous().map(|hi| Range { lo, hi }));
            }
            lo = cut.hi.next().filter(|lo| *lo <= range.hi);
        }
        left.extend(lo.map(|lo| Range { lo, hi: range.hi }));
    }
    left
}

/// Sorted and apart.
pub fn tidy(ranges: &[Range]) -> Vec<Range> {
    AddrSet::new("", ranges.to_vec()).ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Addr;

    /// Addresses are few, so that each can be asked for.
    fn sets() -> Vec<Vec<Range>> {
        let at = |n: u8| Addr::from(std::net::IpAddr::from([0, 0, 0, n]));
        let range = |(lo, hi): (u8, u8)| Range { lo: at(lo), hi: at(hi) };
        let all = [(0, 0), (0, 3), (2, 4), (4, 4), (5, 7), (0, 7)];
        let mut sets: Vec<Vec<Range>> = vec![vec![]];
        for a in all {
            sets.push(vec![range(a)]);
            sets.extend(all.iter().map(|b| vec![range(*b), range(a)]));
        }
        sets
    }

    #[test]
    fn they_are_what_each_address_says() {
        let addresses: Vec<Addr> =
            (0..9_u8).map(|n| Addr::from(std::net::IpAddr::from([0, 0, 0, n]))).collect();
        let has = |set: &[Range], addr: Addr| set.iter().any(|range| range.contains(addr));
        for a in sets() {
            for b in sets() {
                let (both, rest) = (meet(&a, &b), without(&a, &b));
                for addr in &addresses {
                    let (in_a, in_b) = (has(&a, *addr), has(&b, *addr));
                    assert_eq!(has(&both, *addr), in_a && in_b, "{addr} {a:?} {b:?}");
                    assert_eq!(has(&rest, *addr), in_a && !in_b, "{addr} {a:?} {b:?}");
                }
                assert_eq!((tidy(&both), tidy(&rest)), (both, rest));
            }
        }
    }

    #[test]
    fn nothing_is_left_without_everything() {
        assert_eq!(without(&[Range::ALL], &[Range::ALL]), []);
        assert_eq!(meet(&[Range::ALL], &[Range::ALL_V4]), [Range::ALL_V4]);
    }
}
