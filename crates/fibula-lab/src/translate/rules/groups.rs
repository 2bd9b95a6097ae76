//! Lines that differ only in target, port and protocol, gathered: one rule with a map or a set for
//! all of them, without changing what comes before what for any message.

use fibula_network::{Addr, Addrs, Kind, Ports, Proto};
use rustc_hash::FxHashMap;

use super::super::lines::Line;
use super::{Outcome, Step};

/// Lines that one rule realises.
pub(super) struct Group<'l> {
    /// The lines; more than one only where they have the same [`Shape`].
    pub(super) lines: Vec<&'l Line>,
    /// What they do, but for the mark.
    pub(super) outcome: &'l Outcome,
    /// What tells them apart.
    pub(super) key: Key,
}

/// By what a rule finds a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// By target address, protocol and port.
    Port,
    /// By target address.
    Addr,
    /// There is only one.
    None,
}

/// What lines have in common that share a rule.
#[derive(PartialEq, Eq, Hash)]
struct Shape<'l> {
    key: Key,
    v4: bool,
    from: Option<Kind>,
    src: Addrs,
    marked: Option<bool>,
    outcome: &'l Outcome,
}

/// What a line is found by.
type Found = (Addr, Option<(Proto, u16)>);

/// Gathers the lines of a chain. Costs a few hashes for each line.
pub(super) fn groups<'l>(steps: &'l [Step<'l>]) -> Vec<Group<'l>> {
    let mut groups: Vec<Group<'l>> = vec![];
    // Groups by shape; and the last group that speaks of an address and port, of an address, or
    // of any port of an address: a line comes after these.
    let mut by_shape: FxHashMap<Shape<'l>, Vec<usize>> = FxHashMap::default();
    let mut by_found: FxHashMap<Found, usize> = FxHashMap::default();
    let mut by_addr: FxHashMap<Addr, usize> = FxHashMap::default();
    let mut fence = 0;
    for Step { line, outcome } in steps {
        let Some(found) = found(line, outcome) else {
            groups.push(Group { lines: vec![line], outcome, key: Key::None });
            fence = groups.len();
            continue;
        };
        let (addr, port) = found;
        let after = match port {
            Some(_) => by_found.get(&found).max(by_found.get(&(addr, None))),
            None => by_addr.get(&addr),
        };
        let earliest = after.map_or(fence, |last| fence.max(last + 1));
        let shape = Shape {
            key: if port.is_some() { Key::Port } else { Key::Addr },
            v4: std::net::IpAddr::from(addr).is_ipv4(),
            from: line.pattern.from,
            src: line.pattern.src,
            marked: line.pattern.marked,
            outcome,
        };
        let key = shape.key;
        let list = by_shape.entry(shape).or_default();
        let at = match list.get(list.partition_point(|group| *group < earliest)) {
            Some(group) => *group,
            None => {
                groups.push(Group { lines: vec![], outcome, key });
                list.push(groups.len() - 1);
                groups.len() - 1
            }
        };
        groups[at].lines.push(line);
        by_found.insert(found, at);
        let last = by_addr.entry(addr).or_insert(at);
        *last = (*last).max(at);
    }
    groups
}

/// What a line can be found by; none if a rule of its own must match it.
fn found(line: &Line, outcome: &Outcome) -> Option<Found> {
    let addr = line.single()?;
    let gathers = !matches!(outcome, Outcome::Masquerade(_) | Outcome::Lead(_));
    if !gathers || line.pattern.sport != Ports::Any {
        return None;
    }
    match (line.pattern.dport, line.pattern.proto) {
        (Ports::Any, None) => Some((addr, None)),
        (Ports::In(lo, hi), Some(proto)) if lo == hi => Some((addr, Some((proto, lo)))),
        _ => None,
    }
}
