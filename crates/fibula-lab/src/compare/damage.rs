//! Faults to put into a plan, so that the comparison can be seen to see them.

use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::plan::{FORWARDS, Plan, Space, SpaceId};

/// A fault of one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The route for exactly this prefix is missing.
    NoRoute(IpNet),
    /// It forwards nothing.
    NoForwarding,
    /// No message gets another source.
    NoMasquerade,
    /// Every message that is rewritten to this address gets the port after the right one.
    WrongPort(IpAddr),
    /// What should be rewritten to the first address is rewritten to the second.
    WrongBackend(IpAddr, IpAddr),
    /// What its rules say of the first address where they name a set, they say of the second.
    WrongPeer(IpAddr, IpAddr),
}

// === impl Damage ===

impl Damage {
    /// Does the damage, and says whether there was anything to damage.
    pub fn apply(self, plan: &mut Plan, at: SpaceId) -> bool {
        let Some(space) = plan.spaces.get_mut(at.index()) else { return false };
        match self {
            Damage::NoRoute(to) => {
                let before = space.routes.len();
                space.routes.retain(|route| route.to != to);
                space.routes.len() < before
            }
            Damage::NoForwarding => {
                let before = space.sysctls.len();
                space.sysctls.retain(|s| FORWARDS.iter().all(|(path, _)| *path != s.path));
                space.sysctls.len() < before
            }
            Damage::NoMasquerade => edit(space, |line| match line.contains(" snat ") {
                true => None,
                false => Some(line.to_owned()),
            }),
            Damage::WrongPeer(from, to) => {
                let mut listed = false;
                edit(space, |line| {
                    listed = line.contains("set in_") || listed && !line.trim().eq("}");
                    let item = line.trim().trim_end_matches(',');
                    let other = listed && item.parse() == Ok(from);
                    Some(if other { line.replace(item, &to.to_string()) } else { line.to_owned() })
                })
            }
            Damage::WrongPort(addr) => backends(space, |backend, port| match backend == addr {
                true => (backend, port.wrapping_add(1)),
                false => (backend, port),
            }),
            Damage::WrongBackend(from, to) => {
                backends(space, |backend, port| (if backend == from { to } else { backend }, port))
            }
        }
    }
}

/// Edits a ruleset line by line; a line for which there is none is left out.
fn edit(space: &mut Space, mut line: impl FnMut(&str) -> Option<String>) -> bool {
    let Some(ruleset) = &mut space.ruleset else { return false };
    let mut edited = String::with_capacity(ruleset.len());
    for line in ruleset.lines().filter_map(&mut line) {
        let _ = writeln!(edited, "{line}");
    }
    let changed = edited != *ruleset;
    *ruleset = edited;
    changed
}

/// Edits the addresses and ports that targets are rewritten to.
fn backends(space: &mut Space, change: impl Fn(IpAddr, u16) -> (IpAddr, u16)) -> bool {
    let mut listed = false;
    edit(space, |line| {
        let changed = match line.split_once(" to ") {
            Some((head, tail)) if head.contains(" dnat ") && !tail.contains("numgen") => {
                let (target, rest) = tail.split_once(' ').unwrap_or((tail, ""));
                target.rsplit_once(':').and_then(|(addr, port)| {
                    let addr = addr.trim_matches(['[', ']']).parse().ok()?;
                    let (addr, port) = change(addr, port.parse().ok()?);
                    Some(format!("{head} to {} {rest}", std::net::SocketAddr::new(addr, port)))
                })
            }
            Some((head, _)) if head.contains(" dnat ") => {
                listed = true;
                None
            }
            _ if listed => {
                listed = !line.contains('}');
                item(line, &change)
            }
            _ => None,
        };
        Some(changed.unwrap_or_else(|| line.to_owned()))
    })
}

/// An item of a list of backends: `0 : 10.0.0.1 . 8080,`
fn item(line: &str, change: impl Fn(IpAddr, u16) -> (IpAddr, u16)) -> Option<String> {
    let (number, backend) = line.split_once(" : ")?;
    let (addr, port) = backend.split_once(" . ")?;
    let comma = if port.ends_with(',') { "," } else { "" };
    let (addr, port) = change(addr.parse().ok()?, port.trim_end_matches(',').parse().ok()?);
    Some(format!("{number} : {addr} . {port}{comma}"))
}
