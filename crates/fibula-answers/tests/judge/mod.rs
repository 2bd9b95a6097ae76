//! The judge of `verify`: the constraints decided by enumeration, and compared.

mod enumerate;
mod messages;

use std::collections::BTreeMap;

use fibula_answers::{Counterexample, Outcome, Proof};
use fibula_network::walk::{Branches, Ending, Verdict, branches};
use fibula_network::{Addr, ElementId, Entity, Family, Header, Kind, Network, Port};

pub(crate) use enumerate::enumerate;
pub(crate) use messages::Messages;

/// What breaks each constraint, by its id.
pub(crate) type Found = BTreeMap<&'static str, Count>;

/// How many things break a constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Whatever is chosen: by a header that does so under every value of the choices.
    pub(crate) broken: u64,
    /// Of the others, those by a header that does so under some.
    pub(crate) open: u64,
}

/// What C2 to C4 speak of: a process that sends, and an address and open port of a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) constraint: &'static str,
    pub(crate) from: ElementId,
    pub(crate) pod: ElementId,
    pub(crate) dst: Addr,
    pub(crate) port: Port,
}

/// What C2 to C4 promise a message, word for word, and which containers may receive it.
pub(crate) fn promised(
    n: &Network,
    from: ElementId,
    header: Header,
) -> Vec<(Pair, Vec<ElementId>)> {
    let Header { src, dst, dport, proto, .. } = header;
    let port = Port { proto, number: dport };
    let has =
        |entity: ElementId, addr: Addr| n.facts.addr.contains(&(Entity::Switch(entity), addr));
    let Some(host) = n.facts.host(from) else { return vec![] };
    let mut promises = vec![];
    for pod in n.of_kind(Kind::Pod) {
        // open(C, p): of several containers any may have the port (NM-2).
        let open = n.facts.open.iter().filter(|open| open.port == port).map(|open| open.process);
        let mut by: Vec<ElementId> = open.filter(|c| n.facts.host(*c) == Some(pod)).collect();
        by.dedup();
        if by.is_empty() {
            continue;
        }
        let mut promise = |constraint| {
            promises.push((Pair { constraint, from, pod, dst, port }, by.clone()));
        };
        let container = n.kind(from) == Kind::Container;
        let ipv6 = n.facts.addresses(Entity::Switch(pod)).any(|a| a.family() == Family::V6);
        let loopback = dst == Addr::LOOPBACK_V4 || dst == Addr::LOOPBACK_V6 && ipv6;
        if container && host == pod && src == dst && loopback {
            promise("C2");
        }
        if container && has(host, src) && has(pod, dst) && src.family() == dst.family() {
            promise("C3");
        }
        if n.kind(from) == Kind::Daemon && n.facts.host(pod) == Some(host) && has(pod, dst) {
            promise("C4");
        }
    }
    promises
}

/// Lives of a message that are followed.
const BRANCHES: usize = 200;

/// How a message ends, over all alternatives; none if it has too many.
fn endings(n: &Network, from: ElementId, header: Header, choices: &[u8]) -> Option<Vec<Ending>> {
    let Branches { lives, all } = branches(n, from, header, choices, BRANCHES);
    all.then(|| lives.iter().map(|life| life.ending).collect())
}

/// Whether a message that ends so was received by one of these; or, for C3, a policy dropped it
/// (NM-3).
pub(crate) fn kept(constraint: &str, ending: Ending, by: &[ElementId]) -> bool {
    match ending.verdict {
        Verdict::Delivered => by.contains(&ending.at),
        verdict => constraint == "C3" && verdict == Verdict::DroppedByPolicy,
    }
}

/// Compares what was proved with what was found.
pub(crate) fn compare(proof: &Proof, found: &Found) -> Result<(), String> {
    for constraint in &proof.constraints {
        let id = constraint.id;
        let Count { broken, open } = found.get(id).copied().unwrap_or_default();
        // R5 counts kinds of target, which enumeration does not know.
        let same = |said: u64, is: u64, at_least: bool| {
            if id == "R5" || at_least { said > 0 && is > 0 } else { said == is }
        };
        let agrees = match &constraint.outcome {
            Outcome::Proved => (broken, open) == (0, 0),
            Outcome::Violated { broken: said, at_least, .. } => same(*said, broken, *at_least),
            Outcome::Undecided { open: said, at_least, .. } => {
                broken == 0 && same(*said, open, *at_least)
            }
        };
        if !agrees {
            let said = &constraint.outcome;
            return Err(format!("{id}: found {broken} broken, {open} open; proved {said:#?}"));
        }
    }
    Ok(())
}

/// Replays every counterexample: it breaks its constraint, under all choices where the constraint
/// is violated, under some but not all where it is undecided.
pub(crate) fn replay(network: &Network, proof: &Proof) -> Result<(), String> {
    let choices = Messages::of(network).choices;
    for constraint in &proof.constraints {
        let id = constraint.id;
        let (shown, undecided) = match &constraint.outcome {
            Outcome::Proved => continue,
            Outcome::Violated { shown, .. } => (shown, false),
            Outcome::Undecided { shown, .. } => (shown, true),
        };
        if shown.is_empty() {
            return Err(format!("{id}: nothing shown"));
        }
        for example in shown {
            let right = match example {
                Counterexample::Shared { addr, by } => shared(network, *addr, by),
                Counterexample::Message { from, header, choices: chosen, expected, life } => {
                    let breaks = |chosen: &[u8]| {
                        let endings = endings(network, *from, *header, chosen);
                        let breaks = |ending| breaks(network, id, *from, *header, expected, ending);
                        endings.into_iter().flatten().any(breaks)
                    };
                    let all = choices.iter().all(|chosen| breaks(chosen));
                    let again = branches(network, *from, *header, chosen, BRANCHES).lives;
                    let shown = self::breaks(network, id, *from, *header, expected, life.ending);
                    again.contains(life) && shown && breaks(chosen) && all != undecided
                }
            };
            if !right {
                return Err(format!("{id}: this breaks nothing: {example:#?}"));
            }
        }
    }
    Ok(())
}

fn shared(network: &Network, addr: Addr, by: &[Entity]) -> bool {
    let facts = &network.facts.addr;
    let claims = by.iter().filter(|entity| facts.contains(&(**entity, addr))).count();
    claims == by.len() && claims > 1
}

fn breaks(
    network: &Network,
    id: &str,
    from: ElementId,
    header: Header,
    expected: &[ElementId],
    ending: Ending,
) -> bool {
    if id == "R5" {
        return !ending.verdict.has_reason();
    }
    let promises = promised(network, from, header);
    let meant = |(pair, by): &(Pair, Vec<ElementId>)| pair.constraint == id && *by == *expected;
    promises.iter().any(meant) && !kept(id, ending, expected)
}
