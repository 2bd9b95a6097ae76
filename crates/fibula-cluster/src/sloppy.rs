//! Addresses as old objects hold them (IP-8).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Reads an address as the API server does in legacy fields (IP-8): leading zeros are decimal,
/// and an IPv4-mapped address is its IPv4 address. Nothing where it is no address.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    raw_ip(text).map(|ip| ip.to_canonical())
}

/// Reads a range the same way; bits behind the prefix are cleared (IP-8).
pub fn parse_cidr(text: &str) -> Option<IpNet> {
    let (address, prefix) = text.split_once('/')?;
    if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let prefix: u8 = prefix.parse().ok()?;
    let raw = raw_ip(address)?;
    let net = match (raw, raw.to_canonical()) {
        (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if prefix >= 96 => IpNet::new(v4, prefix - 96),
        _ => IpNet::new(raw, prefix),
    };
    net.ok().map(|net| net.trunc())
}

fn raw_ip(text: &str) -> Option<IpAddr> {
    if !text.contains(':') {
        return parse_v4(text).map(IpAddr::V4);
    }
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Some(IpAddr::V6(ip));
    }
    // An IPv4 tail with leading zeros: written again in its canonical form.
    let (head, tail) = text.rsplit_once(':')?;
    let tail = parse_v4(tail)?;
    format!("{head}:{tail}").parse().ok().map(IpAddr::V6)
}

fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = part.trim_start_matches('0');
        *octet = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    }
    parts.next().is_none().then(|| octets.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ip_8_addresses_are_read_sloppily() {
        for (text, expected) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("010.000.0.008", Some("10.0.0.8")),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("::ffff:010.0.0.1", Some("10.0.0.1")),
            ("2001:DB8::0001", Some("2001:db8::1")),
            ("10.0.0", None),
            ("10.0.0.256", None),
            ("10.0.0.1.2", None),
            ("10.0.0.1%eth0", None),
            ("+1.0.0.1", None),
            ("", None),
            ("web", None),
            ("1é.0.0.1", None),
        ] {
            let read = parse_ip(text).map(|ip| ip.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ip_8_ranges_lose_their_host_bits() {
        for (text, expected) in [
            ("10.0.0.7/8", Some("10.0.0.0/8")),
            ("010.0.0.7/24", Some("10.0.0.0/24")),
            ("2001:db8::5/64", Some("2001:db8::/64")),
            ("::ffff:10.1.2.3/112", Some("10.1.0.0/16")),
            ("10.0.0.0/33", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0", None),
            ("10.0.0.0/", None),
        ] {
            let read = parse_cidr(text).map(|net| net.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
