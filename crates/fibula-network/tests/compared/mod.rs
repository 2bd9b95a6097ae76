//! What `flow` says of headers, against what `walk` says of them one by one.
#![allow(dead_code, reason = "each test that shares this uses a part of it")]

use std::collections::BTreeSet;

use fibula_network::flow::{Flow, Ground};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Ending, Verdict, branches};
use fibula_network::*;

use crate::random::Samples;

/// Headers that are tried from each process of a network.
const HEADERS: usize = 300;

/// Lives of a message that are followed; a message with more is left out.
const BRANCHES: usize = 60;

/// The ends of a message, over all of its branches; none if they are too many.
pub(crate) fn ends(
    network: &Network,
    process: ElementId,
    header: Header,
    choices: &[u8],
) -> Option<BTreeSet<Ending>> {
    let branches = branches(network, process, header, choices, BRANCHES);
    branches.all.then(|| branches.lives.iter().map(|life| seen(life.ending)).collect())
}

/// The same for one who does not look where a loop is found.
pub(crate) fn seen(ending: Ending) -> Ending {
    match ending.verdict {
        Verdict::Loop => Ending { at: ElementId(0), ..ending },
        _ => ending,
    }
}

/// Whether sets are all headers together, and none is empty.
pub(crate) fn cover(space: &mut Space, parts: &[SetId]) -> Result<(), String> {
    if parts.iter().any(|part| space.is_empty(*part)) {
        return Err(format!("an empty part among {parts:?}"));
    }
    let all = parts.iter().fold(Space::EMPTY, |all, part| space.or(all, *part));
    match all == Space::FULL {
        true => Ok(()),
        false => {
            let rest = space.not(all);
            Err(format!("{parts:?} lack {:?}", space.pick(rest)))
        }
    }
}

/// Whether `flow` says of `asked` what `walk` does in `walked`: for every process, and for headers
/// that matter in either.
pub(crate) fn compare(asked: &Network, walked: &Network) -> Result<(), String> {
    compare_some(asked, walked, HEADERS)
}

/// The same for so many headers from each process.
pub(crate) fn compare_some(
    asked: &Network,
    walked: &Network,
    headers: usize,
) -> Result<(), String> {
    let ground = Ground::new(asked);
    let mut flow = Flow::new(&ground);
    let samples = [Samples::of(asked), Samples::of(walked)];
    for process in asked.ids().filter(|id| asked.kind(*id).is_process()) {
        let parts = flow.flow(process, Space::FULL);
        let sets: Vec<SetId> = parts.iter().map(|(set, _)| *set).collect();
        cover(&mut flow.space, &sets).map_err(|why| format!("from {process:?}: {why}"))?;
        for samples in &samples {
            for (header, choices) in samples.take(headers / 2, process.0.into()) {
                let Some(ends) = ends(walked, process, header, choices) else { continue };
                let member = flow.fields.member(&ground.atoms, header, choices);
                let within = parts.iter().filter(|(set, _)| flow.space.contains(*set, &member));
                let said: BTreeSet<Ending> = within.map(|(_, ending)| seen(*ending)).collect();
                if said != ends {
                    let lives = branches(walked, process, header, choices, BRANCHES).lives;
                    return Err(format!(
                        "from {process:?} under {choices:?}: {header:?}\nflow: {said:?}\nwalk: \
                         {ends:?}\n{lives:#?}"
                    ));
                }
            }
        }
    }
    Ok(())
}
