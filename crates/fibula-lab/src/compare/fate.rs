//! What the model says becomes of a message, in the words that a probe can judge.

use std::net::IpAddr;

use fibula_network::walk::{Choices, Life, Step, Verdict, Walks};
use fibula_network::{ElementId, EntryId, Header};

use crate::kernel::{Arrived, Outcome, Seen};
use crate::plan::{Origin, SpaceId};
use crate::translate::Translation;

/// What becomes of a message on one of its branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// How it ends; *reply lost* where it is delivered and its reply is not.
    pub verdict: Verdict,
    /// Who received it, or the switch where it ended.
    pub at: ElementId,
    /// The entry that decided there, if one did.
    pub entry: Option<EntryId>,
    /// The header with which it ended.
    pub header: Header,
    /// Whether it is refused and the sender does not hear of that.
    pub unheard: bool,
}

/// The most branches of one message that are followed.
pub const MAX_BRANCHES: usize = 4096;

/// The fates of a message, by branch, and whether these are all. Costs two walks for each.
pub fn fates(
    walks: &Walks<'_>,
    process: ElementId,
    header: Header,
    choices: &Choices,
) -> (Vec<Fate>, bool) {
    let branches = walks.branches(process, header, choices, MAX_BRANCHES);
    let fate = |life: &Life| {
        let answer = walks.reply(life, choices);
        let verdict = match answer {
            Some(answer) if answer.ending.verdict != Verdict::Delivered => Verdict::ReplyLost,
            _ => life.ending.verdict,
        };
        let last = life.steps.iter().rev().find_map(|step| match step {
            Step::Decide { entry, .. } => Some(*entry),
            Step::Send { .. } | Step::Recv { .. } | Step::Pass { .. } => None,
        });
        let entry = last.filter(|_| life.ending.verdict != Verdict::NoEntry);
        let unheard = walks
            .refusal(life, choices)
            .is_some_and(|notice| notice.ending.verdict == Verdict::ReplyLost);
        Fate { verdict, at: life.ending.at, entry, header: end_header(life, header), unheard }
    };
    (branches.lives.iter().map(fate).collect(), branches.all)
}

/// The header of the last event.
fn end_header(life: &Life, sent: Header) -> Header {
    let header = |step: &Step| match step {
        Step::Send { header, .. } | Step::Recv { header, .. } => Some(*header),
        Step::Decide { becomes, .. } => *becomes,
        Step::Pass { .. } => None,
    };
    life.steps.iter().rev().find_map(header).unwrap_or(sent)
}

// === impl Fate ===

impl Fate {
    /// Whether that is what was seen of a probe in the kernel.
    pub(super) fn is(&self, translation: &Translation, seen: &Seen) -> bool {
        let space = translation.space(self.at);
        let arrived = |arrived: &Arrived| {
            let Header { src, dst, dport, .. } = self.header;
            Some(arrived.space) == space
                && arrived.process == self.at
                && arrived.from.ip() == IpAddr::from(src)
                && arrived.from.port() == seen.from.port()
                && arrived.to.ip() == IpAddr::from(dst)
                && arrived.to.port() == dport
        };
        let stopped = |at: &SpaceId, origin: &Origin| {
            Some(*at) == space && self.entry == translation.entry(*origin)
        };
        match (self.verdict, &seen.outcome) {
            (Verdict::Delivered, Outcome::Accepted(what)) => arrived(what),
            (Verdict::ReplyLost, Outcome::ReplyLost(what)) => arrived(what),
            (Verdict::Closed, Outcome::Refused { .. }) => !self.unheard,
            // Nobody takes it, and no rule stops it.
            (Verdict::Closed, Outcome::Silent) => self.unheard,
            (Verdict::Rejected, Outcome::Rejected { space: at, origin, .. }) => {
                stopped(at, origin) && !self.unheard
            }
            (Verdict::Rejected, Outcome::Dropped { space: at, origin }) => {
                stopped(at, origin) && self.unheard
            }
            (
                Verdict::DroppedByPolicy | Verdict::DroppedByService | Verdict::NoRoute,
                Outcome::Dropped { space: at, origin },
            ) => stopped(at, origin),
            // A switch without rules has no route where its entries say nothing.
            (Verdict::NoEntry, Outcome::Dropped { space: at, origin }) => {
                Some(*at) == space && translation.entry(*origin).is_none()
            }
            (Verdict::NoEntry | Verdict::NoLink | Verdict::Loop, Outcome::Unreachable { .. }) => {
                true
            }
            _ => false,
        }
    }
}
