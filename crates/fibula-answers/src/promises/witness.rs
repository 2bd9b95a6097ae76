//! Messages that show what is said: each is followed by `walk`, and shown only if it ends so.

use std::iter::successors;

use fibula_network::walk::Verdict;
use fibula_network::{Addr, ElementId, Header, Network, Port, Proto, Range};

use super::Witness;
use super::scene::Scene;
use crate::names::SOMEWHERE;
use crate::reach::{Ports, SPORT};
use crate::trace::{self, Branch};

/// A message between two switches, at some address of theirs.
pub(super) fn between(
    scene: &Scene<'_>,
    from: ElementId,
    to: ElementId,
    port: (Proto, u16),
    open: bool,
    choices: &[u8],
) -> Option<Witness> {
    let all = scene.addresses(to).iter();
    all.copied().find_map(|dst| to_address(scene, from, dst, port, open, choices))
}

/// The same, at those of their addresses that are in these atoms.
pub(super) fn between_at(
    scene: &Scene<'_>,
    (from, source): (ElementId, u32),
    (to, target): (ElementId, u32),
    port: (Proto, u16),
    open: bool,
    choices: &[u8],
) -> Option<Witness> {
    let at = |id: ElementId, atom: u32| {
        let mut own = scene.addresses(id).iter().copied();
        own.find(|addr| scene.filters.atoms.of(*addr) == atom)
    };
    let (src, dst) = (at(from, source)?, at(to, target)?);
    follow(scene, scene.process(from)?, (src, dst), port, open, choices)
}

/// A message of a switch to an address, from its own of that family.
pub(super) fn to_address(
    scene: &Scene<'_>,
    from: ElementId,
    dst: Addr,
    port: (Proto, u16),
    open: bool,
    choices: &[u8],
) -> Option<Witness> {
    let mut own = scene.addresses(from).iter().copied();
    let src = own.find(|addr| addr.family() == dst.family())?;
    follow(scene, scene.process(from)?, (src, dst), port, open, choices)
}

/// Follows a message, and keeps a branch of it that ends as it is said.
pub(super) fn follow(
    scene: &Scene<'_>,
    process: ElementId,
    (src, dst): (Addr, Addr),
    (proto, dport): (Proto, u16),
    open: bool,
    choices: &[u8],
) -> Option<Witness> {
    let header = Header { src, sport: SPORT, dst, dport, proto };
    let mut all = vec![0; scene.network().choices.len()];
    all.iter_mut().zip(choices).for_each(|(own, value)| *own = *value);
    let branches = trace::message(scene.ground, process, header, &all);
    kept(branches, all, dst, &|branch| arrived(branch) == open)
}

/// The first branch that is as it should be.
pub(super) fn kept(
    branches: Vec<Branch>,
    choices: Vec<u8>,
    to: Addr,
    is: &dyn Fn(&Branch) -> bool,
) -> Option<Witness> {
    let of = branches.len();
    let mut such = branches.into_iter().filter(|branch| is(branch));
    let branch = such.next()?;
    let share = (1 + such.count(), of);
    Some(Witness { choices, branch, share, to })
}

/// Whether a message came to its target, whoever listens there (POD-2).
pub(super) fn arrived(branch: &Branch) -> bool {
    matches!(branch.life.ending.verdict, Verdict::Delivered | Verdict::Closed)
}

/// Ports that are often used, for those of whom none is known to be.
const USUAL_PORTS: [u16; 3] = [80, 443, 8080];

/// Addresses that anybody could have.
const USUAL: [Addr; 3] = [SOMEWHERE, Addr::v4([198, 51, 100, 1]), Addr::v4([1, 0, 0, 1])];

/// A port of some that could be asked for: one that is declared, a usual one, or the first.
pub(super) fn port(ports: &Ports, declared: impl Iterator<Item = Port>) -> Option<(Proto, u16)> {
    let declared = declared.map(|port| (port.proto, port.number));
    let all = declared.chain(usual_ports());
    let first = ports.0.iter().map(|(proto, (lo, _))| (*proto, (*lo).max(1) as u16));
    all.chain(first).find(|(proto, number)| ports.has(*proto, *number))
}

/// Usual ports, of each protocol.
pub(super) fn usual_ports() -> impl Iterator<Item = (Proto, u16)> {
    Proto::ALL.into_iter().flat_map(|proto| USUAL_PORTS.map(|port| (proto, port)))
}

/// An address of some ranges that nobody has: a usual one, where it is in them; else one that is not
/// the first, which is that of a whole network.
pub(super) fn somewhere(network: &Network, ranges: &[Range]) -> Option<Addr> {
    let within = |addr: &Addr| ranges.iter().any(|range| range.contains(*addr));
    let usual = USUAL.into_iter().filter(within).map(Range::one);
    let second = |range: &Range| {
        let lo = range.lo.next().filter(|lo| *lo <= range.hi);
        lo.map(|lo| Range { lo, hi: range.hi })
    };
    let all = usual.chain(ranges.iter().filter_map(second)).chain(ranges.iter().copied());
    let free = |range: Range| {
        let mut all = successors(Some(range.lo), |addr| addr.next());
        all.by_ref()
            .take_while(|addr| *addr <= range.hi)
            .find(|addr| network.owners_of(*addr).is_empty())
    };
    all.into_iter().find_map(free)
}
