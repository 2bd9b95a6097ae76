//! C1 to C4 and R5, decided by sending every message that could make a difference.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::walk::Ending;
use fibula_network::{Addr, ElementId, Entity, Header, Network};

use super::{Count, Found, Messages, Pair, endings, kept, promised};

/// Pairs that a message breaks, and whether one does so under every value of the choices.
type Broken = BTreeMap<Pair, bool>;

/// What breaks the constraints of a network; none if its messages have too many alternatives.
pub(crate) fn enumerate(n: &Network) -> Option<Found> {
    let messages = Messages::of(n);
    let mut broken = Broken::new();
    let mut found = Found::from([("C1", Count { broken: shared(n), open: 0 })]);
    for senders in &messages.senders {
        let from = senders[0];
        let sources = messages.sources(n, from);
        for &dst in &messages.targets {
            for (proto, targets, sports) in &messages.ports {
                for (&dport, &sport, &src) in product(targets, sports, &sources) {
                    let header = Header { src, sport, dst, dport, proto: *proto };
                    let lives = messages.choices.iter().map(|c| endings(n, from, header, c));
                    let endings = lives.collect::<Option<Vec<Vec<Ending>>>>()?;
                    note_pairs(n, senders, header, &endings, &mut broken);
                    note_ends(&endings, found.entry("R5").or_default());
                }
            }
        }
    }
    for (pair, always) in broken {
        let count = found.entry(pair.constraint).or_default();
        *(if always { &mut count.broken } else { &mut count.open }) += 1;
    }
    Some(found)
}

/// C1: addresses that two entities have.
fn shared(n: &Network) -> u64 {
    let mut by: BTreeMap<Addr, BTreeSet<Entity>> = BTreeMap::new();
    for (entity, addr) in &n.facts.addr {
        by.entry(*addr).or_default().insert(*entity);
    }
    by.values().filter(|entities| entities.len() > 1).count() as u64
}

/// C2 to C4: the message is not received as promised.
fn note_pairs(
    n: &Network,
    senders: &[ElementId],
    header: Header,
    endings: &[Vec<Ending>],
    broken: &mut Broken,
) {
    for (pair, by) in promised(n, senders[0], header) {
        // Whichever alternative a message takes, it is to be received.
        let kept = |endings: &Vec<Ending>| {
            endings.iter().all(|ending| kept(pair.constraint, *ending, &by))
        };
        let lost = endings.iter().filter(|endings| !kept(endings)).count();
        for &from in senders.iter().filter(|_| lost > 0) {
            *broken.entry(Pair { from, ..pair }).or_default() |= lost == endings.len();
        }
    }
}

/// R5: the message does not end, or without a reason.
fn note_ends(endings: &[Vec<Ending>], count: &mut Count) {
    let says = |endings: &Vec<Ending>| endings.iter().all(|ending| ending.verdict.has_reason());
    let silent = endings.iter().filter(|endings| !says(endings)).count();
    if silent == endings.len() {
        count.broken += 1;
    } else if silent > 0 {
        count.open += 1;
    }
}

fn product<'a>(
    targets: &'a [u16],
    sports: &'a [u16],
    sources: &'a BTreeSet<Addr>,
) -> impl Iterator<Item = (&'a u16, &'a u16, &'a Addr)> {
    targets.iter().flat_map(move |dport| {
        sports.iter().flat_map(move |sport| sources.iter().map(move |src| (dport, sport, src)))
    })
}
