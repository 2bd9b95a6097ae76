//! Sets of addresses as sorted, disjoint ranges.

use fibula_network::{AddrSet, Range};
use ipnet::IpNet;

/// The addresses of a network, all of its family.
pub(super) fn of(net: &IpNet) -> Vec<Range> {
    let range = Range::prefix(net.addr(), net.prefix_len());
    match net {
        IpNet::V4(_) => vec![range],
        // Both families lie on one line.
        IpNet::V6(_) => minus(&[range], &[Range::ALL_V4]),
    }
}

/// Ranges in any order as sorted ones that do not touch.
pub(super) fn tidy(ranges: Vec<Range>) -> Vec<Range> {
    AddrSet::new("", ranges).ranges
}

/// What is in the first and not in the second, both tidy. Linear in both.
pub(super) fn minus(all: &[Range], less: &[Range]) -> Vec<Range> {
    let mut out = vec![];
    let mut less = less.iter().peekable();
    for &range in all {
        let mut rest = Some(range);
        while less.next_if(|cut| cut.hi < range.lo).is_some() {}
        while let (Some(left), Some(cut)) = (rest, less.peek()) {
            if cut.lo > left.hi {
                break;
            }
            if let Some(hi) = cut.lo.previous().filter(|hi| left.lo <= *hi) {
                out.push(Range { lo: left.lo, hi });
            }
            rest = cut.hi.next().filter(|lo| *lo <= left.hi).map(|lo| Range { lo, hi: left.hi });
            // A cut that reaches further may cut the next range too.
            if rest.is_none() {
                break;
            }
            less.next();
        }
        out.extend(rest);
    }
    out
}

/// Whether the two, both tidy, have an address in common. Costs a search in the second for each of
/// the first.
pub(super) fn meet(few: &[Range], many: &[Range]) -> bool {
    few.iter().any(|range| {
        let next = many.partition_point(|other| other.hi < range.lo);
        many.get(next).is_some_and(|other| other.lo <= range.hi)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(minus(&all, &less), left, "{all:?} less {less:?}");
            assert_eq!(meet(&all, &less), left != all, "{all:?} and {less:?}");
        }
    }

    #[test]
    fn np_16_a_block_has_one_family() {
        for (net, in_v4) in [("0.0.0.0/0", true), ("::/0", false), ("fd00::/8", false)] {
            let ranges = of(&net.parse().unwrap_or_default());
            assert_eq!(meet(&ranges, &[Range::ALL_V4]), in_v4, "{net}");
        }
    }
}
