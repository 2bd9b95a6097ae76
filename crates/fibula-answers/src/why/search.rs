//! The search: candidates, what of them works, and what they come to.

use super::besides::{Besides, selects};
use super::blocks::{Block, blocks};
use super::prove::{Prover, Tried};
use super::{Because, Book, Goal, Offer, Why, allow, close, labels, rank, services};
use crate::change::{Change, Edit, Kind, Labelled};
use crate::diff::Side;

/// How many networks are made at most, of a small cluster.
const MOST_TRIES: usize = 400;
/// Of a big one: about as many pods as are made into networks in all.
const MOST_PODS: usize = 60_000;
/// Whatever the cluster, so many are tried; and of these so many are kept for combinations.
const LEAST_TRIES: usize = 28;
const KEPT: usize = 10;
/// How many networks are compared with this one at least: the rest as for tries.
const LEAST_COMPARED: usize = 12;
/// How many changes of one kind are compared.
const MOST_OF_A_KIND: usize = 12;
/// How many combinations of edits are tried where several things are in the way.
const MOST_TOGETHER: usize = 36;

/// How many edits of a Service are followed by those of policies behind it.
const MOST_BEHIND: usize = 3;

/// What is tried, and how many more may be.
struct Search<'s, 'a> {
    prover: &'s Prover<'a>,
    /// The cluster as it is, once something is compared with it.
    old: Option<Side<'a>>,
    book: &'s dyn Book,
    /// The Services that are in the way: to come behind one of them is no harm.
    in_the_way: Vec<String>,
    tries: usize,
    compares: usize,
    left: usize,
    found: Vec<(Offer, Option<Because>)>,
}

/// Finds changes that do what is wanted.
pub(super) fn search<'a>(prover: &Prover<'a>, book: &dyn Book, why: &mut Why) {
    let cluster = prover.cluster;
    let tries = (MOST_PODS / (cluster.pods.len() + 1)).clamp(LEAST_TRIES, MOST_TRIES);
    let in_the_way = why.blocks.iter().filter_map(|block| match block {
        Block::Service(why, _) => services::of(cluster, why),
        _ => None,
    });
    let in_the_way = in_the_way.map(|s| format!("{}/{}", s.namespace, s.name)).collect();
    let compares = tries.max(LEAST_COMPARED) - LEAST_TRIES + LEAST_COMPARED;
    let mut search =
        Search { prover, old: None, book, in_the_way, tries, compares, left: 0, found: vec![] };
    match why.goal {
        Goal::Allow => search.allow(&why.blocks),
        Goal::Close => {
            let close::Closing { allowed, changes } = close::changes(prover, &why.trace);
            why.allowed = allowed;
            for change in changes {
                search.change(change);
            }
        }
    }
    why.left = search.left;
    (why.offers, why.rejected) = rank::rank(search.found);
}

// === impl Search ===

impl Search<'_, '_> {
    fn allow(&mut self, found: &[Block]) {
        let edits: Vec<Vec<Edit>> = found.iter().map(|block| self.edits(block)).collect();
        let labels: Vec<Vec<Edit>> = found.iter().map(|block| self.labels(block)).collect();
        // What ends a message besides is taken away by none of them.
        if edits.iter().zip(&labels).any(|(edits, labels)| edits.is_empty() && labels.is_empty()) {
            return;
        }
        let mut lifts: Vec<Vec<(Edit, Tried)>> = found.iter().map(|_| vec![]).collect();
        // Labels last: there may be many, and of the others few.
        for (all, kept) in [(edits, 0), (labels, if found.len() > 1 { KEPT } else { 0 })] {
            for ((block, edits), own) in found.iter().zip(all).zip(&mut lifts) {
                for edit in edits {
                    let change = Change::of(edit.clone());
                    if self.tries <= kept {
                        self.left += 1;
                        continue;
                    }
                    let Some(tried) = self.try_on(&change) else { continue };
                    if self.prover.works(&tried) {
                        self.keep(change, &tried);
                    } else if self.lifts(block, &tried) {
                        own.push((edit, tried));
                    }
                }
            }
        }
        if let [Block::Service(..)] = found {
            for (edit, tried) in lifts.iter().flatten().take(MOST_BEHIND) {
                self.behind(edit, tried);
            }
        }
        if found.len() > 1 {
            self.together(lifts);
        }
    }

    /// Edits of policies and Services that could take away what is in the way.
    fn edits(&self, block: &Block) -> Vec<Edit> {
        let cluster = self.prover.cluster;
        match block {
            Block::Policy(judged) => allow::edits(cluster, judged),
            Block::Service(why, header) => services::edits(cluster, why, *header),
            Block::Other(_) => vec![],
        }
    }

    /// Labels of both ends that could.
    fn labels(&self, block: &Block) -> Vec<Edit> {
        match block {
            Block::Policy(judged) => labels::allowing(self.prover.cluster, judged),
            Block::Service(..) | Block::Other(_) => vec![],
        }
    }

    /// Tries a change, unless too many were.
    fn try_on(&mut self, change: &Change) -> Option<Tried> {
        if self.tries == 0 {
            self.left += 1;
            return None;
        }
        self.tries -= 1;
        self.prover.try_on(change)
    }

    /// What a change comes to, unless too many were compared.
    fn compare(&mut self, tried: &Tried) -> Option<Besides> {
        if self.compares == 0 {
            self.left += 1;
            return None;
        }
        self.compares -= 1;
        let old = match &mut self.old {
            Some(old) => old,
            none => none.insert(Side::new(self.prover.ground).ok()?),
        };
        self.prover.besides(old, tried)
    }

    fn change(&mut self, change: Change) {
        if let Some(tried) = self.try_on(&change)
            && self.prover.works(&tried)
        {
            self.keep(change, &tried);
        }
    }

    /// Whether one obstacle of several is gone.
    fn lifts(&self, block: &Block, tried: &Tried) -> bool {
        let (cluster, network) = tried.parts();
        !blocks(cluster, network, &tried.trace).iter().any(|left| left.is_as(block))
    }

    /// What stands behind a Service that was in the way may be in the way too.
    fn behind(&mut self, first: &Edit, tried: &Tried) {
        if self.harm(&Change::of(first.clone())).is_some() {
            return;
        }
        let (cluster, network) = tried.parts();
        let [block] = &blocks(cluster, network, &tried.trace)[..] else { return };
        let Block::Policy(judged) = block else { return };
        for edit in allow::edits(cluster, judged) {
            self.change(Change { edits: vec![first.clone(), edit] });
        }
    }

    /// Of each obstacle the best edit of each kind, with those of the others.
    fn together(&mut self, lifts: Vec<Vec<(Edit, Tried)>>) {
        let mut all: Vec<Change> = vec![Change::default()];
        for own in lifts {
            let mut best: Vec<(Kind, f64, usize, Edit)> = vec![];
            for (edit, tried) in own.into_iter().take(MOST_OF_A_KIND) {
                let change = Change::of(edit.clone());
                if self.harm(&change).is_some() || self.moves(&tried).is_some() {
                    continue;
                }
                // Where few can be compared, the combinations are.
                let weight = match self.compares > MOST_TOGETHER + LEAST_COMPARED {
                    false => 0.0,
                    true => {
                        let Some(besides) = self.compare(&tried) else { continue };
                        if besides.breaks() {
                            continue;
                        }
                        besides.weights().0
                    }
                };
                let new = (edit.kind(), weight, edit.lines(), edit);
                let known = best.iter_mut().find(|known| known.0 == new.0);
                match known {
                    Some(known) if (new.1, new.2) < (known.1, known.2) => *known = new,
                    Some(_) => {}
                    None => best.push(new),
                }
            }
            let with = |change: &Change, edit: &Edit| {
                let mut edits = change.edits.clone();
                if !edits.contains(edit) {
                    edits.push(edit.clone());
                }
                Change { edits }
            };
            all = all
                .iter()
                .flat_map(|change| best.iter().map(|(.., edit)| with(change, edit)))
                .collect();
            self.left += all.len().saturating_sub(MOST_TOGETHER);
            all.truncate(MOST_TOGETHER);
        }
        for change in all {
            self.change(change);
        }
    }

    /// Keeps a change that works, with what it comes to.
    ///
    /// What moves a workload between Services is no offer, whatever else it comes to: of these one of
    /// a kind is enough.
    fn keep(&mut self, change: Change, tried: &Tried) {
        let kinds = change.kinds();
        let mut alike = self.found.iter().filter(|(offer, _)| offer.change.kinds() == kinds);
        let harm = self.moves(tried).or_else(|| self.harm(&change));
        if harm.is_some() {
            if !alike.any(|(_, because)| because.is_some()) {
                let besides = Besides::default();
                self.found.push((Offer { change, besides, doubts: vec![] }, harm));
            }
            return;
        }
        if alike.count() >= MOST_OF_A_KIND {
            self.left += 1;
            return;
        }
        let Some(besides) = self.compare(tried) else { return };
        let closes = match self.prover.goal {
            Goal::Allow => besides.breaks(),
            Goal::Close => !besides.fails.is_empty(),
        };
        let because = closes.then_some(Because::Closes);
        let doubts = self.prover.doubts(tried);
        self.found.push((Offer { change, besides, doubts }, because));
    }

    /// The Service that a workload would leave, or come behind without being in its way.
    fn moves(&self, tried: &Tried) -> Option<Because> {
        let selects = selects(self.prover.cluster, tried.parts().0);
        let leaves = selects.iter().find(|(.., then)| !then);
        let joins = selects.iter().find(|(service, _, then)| *then && !self.is_in_the_way(service));
        let leaves = leaves.map(|(s, workload, _)| Because::Leaves(workload.clone(), s.clone()));
        leaves.or(joins.map(|(s, workload, _)| Because::Joins(workload.clone(), s.clone())))
    }

    fn is_in_the_way(&self, service: &str) -> bool {
        self.in_the_way.iter().any(|own| own == service)
    }

    /// Why Kubernetes would not let it be made.
    fn harm(&self, change: &Change) -> Option<Because> {
        change.edits.iter().find_map(|edit| match edit {
            Edit::SetLabel { of: Labelled::Workload { namespace, workload }, key, .. } => self
                .book
                .selects_itself(namespace, workload, key)
                .then(|| Because::OwnLabel(key.clone())),
            _ => None,
        })
    }
}
