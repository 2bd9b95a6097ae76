//! The words of nft for patterns.

use std::fmt::Write as _;

use fibula_network::{Addr, Addrs, Family, Pattern, Ports, Proto, Range};

use super::lines::Switch;
use super::nets::ends;

/// The word for a family before a field of its header.
pub(super) fn word(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}

/// A protocol.
pub(super) fn proto(proto: Proto) -> &'static str {
    match proto {
        Proto::Tcp => "tcp",
        Proto::Udp => "udp",
        Proto::Sctp => "sctp",
    }
}

/// A name that nft takes, or a part of one: letters, digits and underlines, and not too many.
pub(super) fn name(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    name.truncate(60);
    name
}

/// Text between quotes, which nft takes no longer than 127 bytes.
pub(super) fn comment(words: &str) -> String {
    let plain = words.chars().map(|c| if c == '"' || c.is_control() { '\'' } else { c });
    let mut text = String::new();
    for c in plain {
        if text.len() + c.len_utf8() > 120 {
            break;
        }
        text.push(c);
    }
    text
}

/// A range in a family, as an element of a set.
pub(super) fn range(range: Range, family: Family) -> Option<String> {
    let (lo, hi) = ends(range, family)?;
    let whole = Range { lo: Addr::from(lo), hi: Addr::from(hi) };
    let text = whole.to_string();
    // All of IPv6 but its mapped part prints as what it is on the line of both families.
    Some(if lo == hi || text.contains('/') { text } else { format!("{lo}-{hi}") })
}

/// Whether an address field holds an address of a family.
pub(super) fn reaches(switch: &Switch<'_>, addrs: Addrs, family: Family) -> bool {
    if addrs == Addrs::Same {
        return !switch.compared(family).is_empty();
    }
    let mut found = false;
    switch.each(addrs, |range| found |= ends(range, family).is_some());
    found
}

/// The conditions of a pattern on the source, its port, and, for `target`, on the target too, each
/// with a blank behind it. Address fields are of one family, or both are `*`.
pub(super) fn conditions(
    pattern: &Pattern,
    family: Option<Family>,
    target: bool,
    mut set: impl FnMut(Addrs, Family) -> String,
) -> String {
    let mut text = String::new();
    if let (true, Some(proto_)) = (target, pattern.proto) {
        let _ = write!(text, "meta l4proto {} ", proto(proto_));
    }
    let fields = [("saddr", pattern.src, true), ("daddr", pattern.dst, target)];
    let mut named = false;
    for (field, addrs, wanted) in fields {
        // Of *same* both addresses say, also where a map has the target.
        let wanted = wanted || addrs == Addrs::Same;
        let Some(family) = family.filter(|_| wanted && addrs != Addrs::Any) else { continue };
        if addrs == Addrs::Same {
            let word = word(family);
            let _ = write!(text, "{word} saddr . {word} daddr @itself_{word} ");
            named = true;
            continue;
        }
        let _ = write!(text, "{} {field} {} ", word(family), set(addrs, family));
        named = true;
    }
    if let (Some(family), false, true) = (family, named, target) {
        let version = if family == Family::V4 { "ipv4" } else { "ipv6" };
        let _ = write!(text, "meta nfproto {version} ");
    }
    for (field, ports, wanted) in [("sport", pattern.sport, true), ("dport", pattern.dport, target)]
    {
        match ports {
            Ports::In(lo, hi) if wanted && lo == hi => _ = write!(text, "th {field} {lo} "),
            Ports::In(lo, hi) if wanted => _ = write!(text, "th {field} {lo}-{hi} "),
            _ => {}
        }
    }
    text
}

/// A list of elements, a few to a line.
pub(super) fn elements(items: &[String], indent: &str) -> String {
    items.join(&format!(",\n{indent}"))
}
