//! What becomes of a message where the open choices fall in one way.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use fibula_network::walk::{Choices, Ending, Life, Verdict, branches, refusal, reply};
use fibula_network::{ChoiceId, ElementId, Header, Network};

use super::{Asked, Branch, Share, Way, policies, why};
use crate::names::{To, What};

/// The branches of a way that were followed, and whether they are all.
pub(super) struct Followed {
    pub(super) branches: Vec<Branch>,
    pub(super) all: bool,
    /// The choices that were asked, of the message and of its reply.
    pub(super) asked: BTreeSet<ChoiceId>,
}

/// Whether a message was delivered to somebody who is no part of what was named.
fn is_astray(network: &Network, to: &To, ending: Ending) -> bool {
    let Some(named) = to.chosen.as_ref().filter(|_| !to.literal) else { return false };
    let host = |id| network.facts.host(id);
    // A pod's container, a container's pod where the listener is unknown, a daemon's Node.
    let part = |id: &ElementId| {
        *id == ending.at || host(ending.at) == Some(*id) || host(*id) == Some(ending.at)
    };
    // At the addresses of Services and Nodes others stand in, which is what they are for.
    ending.verdict == Verdict::Delivered
        && !matches!(named.what, What::Service | What::Node)
        && !named.elements.iter().any(part)
}

// === impl Way ===

impl Way {
    pub(super) fn follow(
        asked: &Asked<'_>,
        headers: &[Header],
        choices: &Choices,
        limit: usize,
    ) -> Followed {
        let Asked { ground, from, to, replies } = *asked;
        let network = ground.network;
        let no_egress = OnceCell::new();
        let no_egress = || no_egress.get_or_init(|| policies::without_egress(network));
        let mut followed = Followed { branches: vec![], all: true, asked: BTreeSet::new() };
        for header in headers {
            let room = limit.saturating_sub(followed.branches.len()).max(1);
            let found = branches(network, from.process, *header, choices, room);
            followed.all &= found.all;
            for life in found.lives {
                let sent = Share::WHOLE.one_of(headers.len() as u64);
                let notice = if replies { refusal(network, &life, choices) } else { None };
                let reply = if replies { reply(network, &life, choices) } else { None };
                for life in [Some(&life), notice.as_ref(), reply.as_ref()].into_iter().flatten() {
                    followed.asked.extend(&life.asked);
                }
                let lost = |life: Life| life.ending.verdict == Verdict::ReplyLost;
                followed.branches.push(Branch {
                    share: life.forks().fold(sent, |share, fork| share.one_of(fork.of.into())),
                    reply,
                    astray: is_astray(network, to, life.ending),
                    unheard: notice.is_some_and(lost),
                    why: ground.cluster.and_then(|cluster| why::why(cluster, network, &life)),
                    rulings: ground.cluster.map_or_else(Vec::new, |cluster| {
                        policies::rulings(cluster, network, &no_egress, &life, choices)
                    }),
                    life,
                });
            }
        }
        followed
    }

    /// Whether the same happens in another way, whatever was asked on it.
    pub(super) fn is_as(&self, other: &Way) -> bool {
        let same = |a: &Life, b: &Life| a.steps == b.steps && a.ending == b.ending;
        let branches = self.branches.iter().zip(&other.branches);
        self.branches.len() == other.branches.len()
            && branches.into_iter().all(|(a, b)| {
                let replies = match (&a.reply, &b.reply) {
                    (Some(a), Some(b)) => same(a, b),
                    (a, b) => a.is_none() && b.is_none(),
                };
                same(&a.life, &b.life) && replies && a.unheard == b.unheard
            })
    }

    /// How the message ends for its sender, and how often: who gets it, or why nobody does.
    pub fn ends(&self) -> BTreeMap<(Verdict, Option<ElementId>), Share> {
        let mut ends = BTreeMap::new();
        for ((verdict, at), share) in self.outcome() {
            let at = (verdict == Verdict::Delivered).then_some(at);
            let end = ends.entry((verdict, at)).or_insert(Share::NONE);
            *end = end.and(share);
        }
        ends
    }

    /// How the message ends, and how often: in each place, in their order.
    pub fn outcome(&self) -> BTreeMap<(Verdict, ElementId), Share> {
        let mut outcome = BTreeMap::new();
        for branch in &self.branches {
            let share = outcome.entry((branch.verdict(), branch.life.ending.at));
            let share = share.or_insert(Share::NONE);
            *share = share.and(branch.share);
        }
        outcome
    }
}
