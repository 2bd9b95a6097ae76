//! Sets of addresses as lists of ranges: what is in both of two, and what is in one alone.
//!
//! Lists are tidy, as those of an [`AddrSet`] are: sorted, apart, and without two that touch. So is what
//! is given back. [`tidy`] makes others so.

use std::net::IpAddr;

use crate::{AddrSet, Family, Range};

/// What is in both. Costs a search in the second for each of the first.
pub fn meet(a: &[Range], b: &[Range]) -> Vec<Range> {
    let mut both = vec![];
    for range in a {
        let near = near(*range, b);
        both.extend(near.map(|o| Range { lo: o.lo.max(range.lo), hi: o.hi.min(range.hi) }));
    }
    both
}

/// Whether something is in both. Costs no more than [`meet`].
pub fn meets(a: &[Range], b: &[Range]) -> bool {
    a.iter().any(|range| near(*range, b).next().is_some())
}

/// What is in the first and not in the second. Costs a search in the second for each of the first.
pub fn without(ranges: &[Range], but: &[Range]) -> Vec<Range> {
    let mut left = vec![];
    for range in ranges {
        let mut lo = Some(range.lo);
        for cut in near(*range, but) {
            if let Some(lo) = lo.filter(|lo| *lo < cut.lo) {
                left.extend(cut.lo.previous().map(|hi| Range { lo, hi }));
            }
            lo = cut.hi.next().filter(|lo| *lo <= range.hi);
        }
        left.extend(lo.map(|lo| Range { lo, hi: range.hi }));
    }
    left
}

/// Those that a range has something in common with.
fn near(range: Range, all: &[Range]) -> impl Iterator<Item = &Range> {
    let start = all.partition_point(|other| other.hi < range.lo);
    all[start..].iter().take_while(move |other| other.lo <= range.hi)
}

/// What is of a family: both lie on one line, IPv4 amid IPv6.
pub fn of_family(ranges: &[Range], family: Family) -> Vec<Range> {
    match family {
        Family::V4 => meet(ranges, &[Range::ALL_V4]),
        Family::V6 => without(ranges, &[Range::ALL_V4]),
    }
}

/// The addresses of the family of one that share its first bits.
pub fn prefix(ip: IpAddr, len: u8) -> Vec<Range> {
    of_family(&[Range::prefix(ip, len)], crate::Addr::from(ip).family())
}

/// Ranges in any order, which may overlap and touch, as a tidy list.
pub fn tidy(ranges: Vec<Range>) -> Vec<Range> {
    AddrSet::new("", ranges).ranges
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
            sets.extend(all.iter().map(|b| tidy(vec![range(*b), range(a)])));
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
                assert_eq!(meets(&a, &b), !both.is_empty(), "{a:?} {b:?}");
                for addr in &addresses {
                    let (in_a, in_b) = (has(&a, *addr), has(&b, *addr));
                    assert_eq!(has(&both, *addr), in_a && in_b, "{addr} {a:?} {b:?}");
                    assert_eq!(has(&rest, *addr), in_a && !in_b, "{addr} {a:?} {b:?}");
                }
                assert_eq!((tidy(both.clone()), tidy(rest.clone())), (both, rest));
            }
        }
    }

    #[test]
    fn what_is_left_of_ranges() {
        let range = |text: &str| text.parse::<Range>().unwrap_or(Range::ALL_V4);
        let tidy = |texts: &[&str]| tidy(texts.iter().map(|text| range(text)).collect());
        for (all, less, left) in [
            (&["10.0.0.0/8"][..], &[][..], &["10.0.0.0/8"][..]),
            (&["10.0.0.0/8"], &["10.0.0.0/9"], &["10.128.0.0/9"]),
            (&["10.0.0.0/8"], &["0.0.0.0/0"], &[]),
            (
                &["10.0.0.0/30", "10.0.1.0/30"],
                &["10.0.0.2-10.0.1.1"],
                &["10.0.0.0/31", "10.0.1.2/31"],
            ),
            (&["10.0.0.0/29"], &["10.0.0.1", "10.0.0.3"], &["10.0.0.0", "10.0.0.2", "10.0.0.4/30"]),
            (&["10.0.0.0/29"], &["9.0.0.0/8", "11.0.0.0/8"], &["10.0.0.0/29"]),
        ] {
            let (all, less, left) = (tidy(all), tidy(less), tidy(left));
            assert_eq!(without(&all, &less), left, "{all:?} less {less:?}");
            assert_eq!(meets(&all, &less), left != all, "{all:?} and {less:?}");
        }
    }

    #[test]
    fn nothing_is_left_without_everything() {
        assert_eq!(without(&[Range::ALL], &[Range::ALL]), []);
        assert_eq!(meet(&[Range::ALL], &[Range::ALL_V4]), [Range::ALL_V4]);
    }

    #[test]
    fn np_16_a_prefix_has_one_family() {
        for (ip, len, in_v4) in [("0.0.0.0", 0, true), ("::", 0, false), ("fd00::", 8, false)] {
            let ranges = prefix(ip.parse().expect("an address"), len);
            assert_eq!(meets(&ranges, &[Range::ALL_V4]), in_v4, "{ip}/{len}");
            assert_eq!(ranges, tidy(ranges.clone()));
        }
    }
}
