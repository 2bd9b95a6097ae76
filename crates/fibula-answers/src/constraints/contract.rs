//! Which backends are trusted: from them, every message ends with a reason, whoever sent it there.
//!
//! See [`Trust`] for the argument. What is proved of a backend is proved of all that are alike.

use std::rc::Rc;

use fibula_network::flow::{Atom, Flow, Ground, Likeness, Likenesses, Toward, Trust};
use fibula_network::{Addr, BackendsId, Kind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// How many backends are proved in one go.
const SHARE: usize = 64;

/// Backends for which the proof is the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Alike(Likeness),
    Together(u32),
    Alone(Addr),
}

/// The lists of backends that can be trusted, and the likeness of each of these targets under that
/// trust.
pub(crate) fn trust(ground: &Ground<'_>, targets: &[Atom]) -> (Trust, Vec<Option<Likeness>>) {
    let mut trust = Trust::candidates(ground);
    loop {
        let alike = Likenesses::new(ground, &trust);
        let likenesses: Vec<Option<Likeness>> =
            targets.par_iter().map(|target| alike.of(*target)).collect();
        let broken = broken(ground, &trust, targets, &likenesses);
        let lists = || (0..).map(BackendsId).zip(&ground.network.backends);
        let doubted: Vec<BackendsId> = lists()
            .filter(|(id, list)| {
                let breaks = || list.members.iter().any(|b| broken.contains(&b.addr));
                !broken.is_empty() && trust.trusts(*id) && breaks()
            })
            .map(|(id, _)| id)
            .collect();
        if doubted.is_empty() {
            return (trust, likenesses);
        }
        doubted.into_iter().for_each(|list| trust.doubt(list));
    }
}

/// The backends from which some message ends without a reason, if the trusted lists deserve it.
fn broken(
    ground: &Ground<'_>,
    trust: &Trust,
    targets: &[Atom],
    likenesses: &[Option<Likeness>],
) -> FxHashSet<Addr> {
    let mut groups: FxHashMap<Group, Vec<Addr>> = FxHashMap::default();
    let mut next = 0;
    // Both are sorted.
    for &addr in ground.backends() {
        let before = |target: &Atom| ground.atoms.range(*target).lo < addr;
        while targets.get(next).is_some_and(before) {
            next += 1;
        }
        let this = targets.get(next).is_some_and(|t| ground.atoms.range(*t).lo == addr);
        let likeness = likenesses.get(next).copied().flatten().filter(|_| this);
        let group = match (likeness, ground.group(addr)) {
            (Some(likeness), _) => Group::Alike(likeness),
            (None, Some(group)) => Group::Together(group),
            (None, None) => Group::Alone(addr),
        };
        groups.entry(group).or_default().push(addr);
    }
    let groups: Vec<Vec<Addr>> = groups.into_values().collect();
    let broken = groups.par_chunks(SHARE).flat_map_iter(|groups| {
        let mut flow = Flow::trusting(ground, trust);
        let mut broken: Vec<Addr> = vec![];
        for group in groups {
            // What is so roughly is so of all that are alike.
            let roughly = flow.roughly(ground.atoms.of(group[0]));
            if breaks(&mut flow, &roughly) {
                let exactly = |addr: &&Addr| {
                    let toward = flow.toward(ground.atoms.of(**addr));
                    breaks(&mut flow, &toward)
                };
                broken.extend(group.iter().filter(exactly));
            }
        }
        broken
    });
    broken.collect()
}

/// Whether some message that was rewritten to the target ends without a reason.
fn breaks<'g>(flow: &mut Flow<'g>, toward: &Rc<Toward<'g>>) -> bool {
    flow.switches(toward).into_iter().any(|switch| {
        Kind::ALL.into_iter().any(|from| {
            let fates = flow.rewritten(toward, switch, from);
            fates.iter().flat_map(|fate| fate.iter()).any(|(_, end)| !end.verdict.has_reason())
        })
    })
}
