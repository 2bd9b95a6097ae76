//! Addresses and ranges of addresses, both families on one line.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An IPv4 or IPv6 address.
///
/// Both families lie on one line of 128 bits, IPv4 at `::ffff:0:0/96`: one order, one kind of
/// range, and an IPv4-mapped address is its IPv4 address, as Kubernetes reads it (IP-8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr(u128);

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// All addresses from `lo` to `hi`, both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The first.
    pub lo: Addr,
    /// The last, not below `lo`.
    pub hi: Addr,
}

const V4: u128 = 0xffff_0000_0000;
const V4_LAST: u128 = 0xffff_ffff_ffff;

// === impl Addr ===

impl Addr {
    /// The lowest address of all.
    pub const MIN: Addr = Addr(0);
    /// The highest address of all.
    pub const MAX: Addr = Addr(u128::MAX);
    /// 127.0.0.1
    pub const LOOPBACK_V4: Addr = Addr(V4 | 0x7f00_0001);
    /// ::1
    pub const LOOPBACK_V6: Addr = Addr(1);

    /// An IPv4 address from its four numbers.
    pub const fn v4(octets: [u8; 4]) -> Addr {
        Addr(V4 | u32::from_be_bytes(octets) as u128)
    }

    /// The family it belongs to.
    pub fn family(self) -> Family {
        if (V4..=V4_LAST).contains(&self.0) { Family::V4 } else { Family::V6 }
    }

    /// The address after it on the line, none after the last.
    pub fn next(self) -> Option<Addr> {
        self.0.checked_add(1).map(Addr)
    }

    /// The address before it on the line, none before the first.
    pub fn previous(self) -> Option<Addr> {
        self.0.checked_sub(1).map(Addr)
    }

    /// The loopback address of a family.
    pub fn loopback(family: Family) -> Addr {
        match family {
            Family::V4 => Addr::LOOPBACK_V4,
            Family::V6 => Addr::LOOPBACK_V6,
        }
    }
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Addr {
        match ip {
            IpAddr::V4(v4) => Addr(V4 | u128::from(v4.to_bits())),
            IpAddr::V6(v6) => Addr(v6.to_bits()),
        }
    }
}

impl From<Addr> for IpAddr {
    fn from(addr: Addr) -> IpAddr {
        match addr.family() {
            Family::V4 => IpAddr::V4(Ipv4Addr::from_bits((addr.0 & 0xffff_ffff) as u32)),
            Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(addr.0)),
        }
    }
}

impl FromStr for Addr {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Addr, Self::Err> {
        text.parse::<IpAddr>().map(Addr::from)
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// === impl Range ===

impl Range {
    /// Every address of both families.
    pub const ALL: Range = Range { lo: Addr::MIN, hi: Addr::MAX };
    /// Every IPv4 address.
    pub const ALL_V4: Range = Range { lo: Addr(V4), hi: Addr(V4_LAST) };
    /// 127.0.0.0/8
    pub const LOOPBACK_V4: Range = Range { lo: Addr(V4 | 0x7f00_0000), hi: Addr(V4 | 0x7fff_ffff) };
    /// ::1/128
    pub const LOOPBACK_V6: Range = Range { lo: Addr::LOOPBACK_V6, hi: Addr::LOOPBACK_V6 };

    /// The one address.
    pub fn one(addr: Addr) -> Range {
        Range { lo: addr, hi: addr }
    }

    /// The addresses that share the first `len` bits with `ip`, in the family of `ip`; bits
    /// beyond `len` are ignored (IP-8), a `len` beyond the family's width is the whole width.
    pub fn prefix(ip: IpAddr, len: u8) -> Range {
        let len = if ip.is_ipv4() { 96 + u32::from(len.min(32)) } else { u32::from(len.min(128)) };
        let host = if len == 128 { 0 } else { u128::MAX >> len };
        let base = Addr::from(ip).0;
        Range { lo: Addr(base & !host), hi: Addr(base | host) }
    }

    /// Whether the address lies in it.
    pub fn contains(self, addr: Addr) -> bool {
        self.lo <= addr && addr <= self.hi
    }

    /// Whether all of `other` lies in it.
    pub fn covers(self, other: Range) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// Whether it has so many addresses.
    pub(crate) fn counts(self, addresses: u128) -> bool {
        addresses.checked_sub(1) == Some(self.hi.0 - self.lo.0)
    }

    /// The prefix length, counted in the family, if it is a prefix of one family.
    fn prefix_len(self) -> Option<u32> {
        let host = self.lo.0 ^ self.hi.0;
        let aligned = host & host.wrapping_add(1) == 0 && self.lo.0 & host == 0;
        let len = host.leading_zeros();
        match (aligned, self.lo.family(), self.hi.family()) {
            (true, Family::V4, Family::V4) => Some(len - 96),
            (true, Family::V6, Family::V6) => Some(len),
            _ => None,
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Range, String> {
        let bad = || format!("{text:?} is no address, prefix or range, such as 10.0.0.0/8");
        let addr = |part: &str| part.trim().parse::<Addr>().map_err(|_| bad());
        if let Some((ip, len)) = text.split_once('/') {
            let ip: IpAddr = ip.parse().map_err(|_| bad())?;
            let width = if ip.is_ipv4() { 32 } else { 128 };
            let len = len.parse().ok().filter(|len| *len <= width).ok_or_else(bad)?;
            return Ok(Range::prefix(ip, len));
        }
        match text.split_once('-') {
            Some((lo, hi)) => {
                let range = Range { lo: addr(lo)?, hi: addr(hi)? };
                if range.lo <= range.hi { Ok(range) } else { Err(bad()) }
            }
            None => addr(text).map(Range::one),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix_len() {
            _ if self.lo == self.hi => self.lo.fmt(f),
            Some(len) => write!(f, "{}/{len}", self.lo),
            None => write!(f, "{}-{}", self.lo, self.hi),
        }
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ip_8_an_ipv4_mapped_address_is_its_ipv4_address() {
        assert_eq!("::ffff:10.0.0.1".parse::<Addr>().unwrap(), "10.0.0.1".parse().unwrap());
        assert_eq!("10.0.0.1".parse::<Addr>().unwrap().family(), Family::V4);
    }

    #[test]
    fn a_range_prints_as_it_is_written() {
        for text in ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::1-::9"] {
            assert_eq!(text.parse::<Range>().unwrap().to_string(), text);
        }
        assert_eq!("10.1.2.3/8".parse::<Range>().unwrap().to_string(), "10.0.0.0/8");
        for text in ["", "10.0.0", "10.0.0.0/33", "::2-::1", "a/8", "1.1.1.1/"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
        assert_eq!("127.0.0.0/8".parse::<Range>().unwrap(), Range::LOOPBACK_V4);
    }
}
