//! Ranges of addresses as the kernel has them: apart by family, and as prefixes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fibula_network::{Addr, Family, Range};
use ipnet::IpNet;

/// Both families.
pub(super) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// The first and the last address of a range in a family.
pub(super) fn ends(range: Range, family: Family) -> Option<(IpAddr, IpAddr)> {
    let inner = Range::ALL_V4;
    match family {
        Family::V4 => {
            let (lo, hi) = (range.lo.max(inner.lo), range.hi.min(inner.hi));
            (lo <= hi).then(|| (lo.into(), hi.into()))
        }
        // A range that has all of IPv4 between its ends loses nothing by being written as one of
        // IPv6: no packet has such an address.
        Family::V6 => {
            let lo = if inner.contains(range.lo) { inner.hi.next()? } else { range.lo };
            let hi = if inner.contains(range.hi) { inner.lo.previous()? } else { range.hi };
            (lo <= hi).then(|| (lo.into(), hi.into()))
        }
    }
}

/// The prefixes that make up a range, in both families.
pub(super) fn prefixes(range: Range) -> Vec<IpNet> {
    let mut nets = vec![];
    for (lo, hi) in FAMILIES.iter().filter_map(|family| ends(range, *family)) {
        match (lo, hi) {
            (IpAddr::V4(lo), IpAddr::V4(hi)) => {
                let (lo, hi) = (lo.to_bits().into(), hi.to_bits().into());
                split(lo, hi, 32, |bits, len| {
                    nets.extend(IpNet::new(Ipv4Addr::from_bits(bits as u32).into(), len));
                });
            }
            (IpAddr::V6(lo), IpAddr::V6(hi)) => {
                split(lo.to_bits(), hi.to_bits(), 128, |bits, len| {
                    nets.extend(IpNet::new(Ipv6Addr::from_bits(bits).into(), len));
                })
            }
            _ => {}
        }
    }
    nets
}

/// Cuts a range of numbers of so many bits into prefixes.
fn split(mut lo: u128, hi: u128, width: u32, mut see: impl FnMut(u128, u8)) {
    loop {
        // The largest block that starts here and does not go too far.
        let mut host = lo.trailing_zeros().min(width);
        while host > 0 && (host == 128 || lo | ((1 << host) - 1) > hi) {
            if host == 128 && lo == 0 && hi == u128::MAX {
                break;
            }
            host -= 1;
        }
        see(lo, (width - host) as u8);
        let last = if host == 128 { u128::MAX } else { lo | ((1 << host) - 1) };
        if last >= hi {
            return;
        }
        lo = last + 1;
    }
}

/// The range of a prefix.
pub(super) fn range(net: IpNet) -> Range {
    Range::prefix(net.addr(), net.prefix_len())
}

/// The range of all addresses of a family.
pub(super) fn whole(family: Family) -> IpNet {
    match family {
        Family::V4 => IpNet::V4(Default::default()),
        Family::V6 => IpNet::V6(Default::default()),
    }
}

/// The family of a prefix.
pub(super) fn family(net: IpNet) -> Family {
    if net.addr().is_ipv4() { Family::V4 } else { Family::V6 }
}

/// Whether the kernel has these addresses for its own in every namespace.
pub(super) fn is_loopback(range: Range) -> bool {
    Range::LOOPBACK_V4.covers(range) || Range::LOOPBACK_V6.covers(range)
}

/// An address as one of its family.
pub(super) fn one(addr: Addr) -> Range {
    Range::one(addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_into_prefixes() {
        let cases: [(&str, &[&str]); 6] = [
            ("10.0.0.1", &["10.0.0.1/32"]),
            ("10.0.0.0/8", &["10.0.0.0/8"]),
            ("10.0.0.1-10.0.0.4", &["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"]),
            ("fd00::/64", &["fd00::/64"]),
            ("0.0.0.0/0", &["0.0.0.0/0"]),
            ("::1-::2", &["::1/128", "::2/128"]),
        ];
        for (text, expected) in cases {
            let nets = prefixes(text.parse().unwrap());
            assert_eq!(nets.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        }
        let all: Vec<String> = prefixes(Range::ALL).iter().map(ToString::to_string).collect();
        assert_eq!(all, ["0.0.0.0/0", "::/0"]);
    }
}
