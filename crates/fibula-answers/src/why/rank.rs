//! Which changes are shown, and in which order.

use super::{Because, Offer};
use crate::change::{Change, Kind};

/// How many offers are shown; and of those that are made of several edits.
const MOST_OFFERS: usize = 5;
const MOST_COMBINED: usize = 3;
/// How many that work and break something.
const MOST_REJECTED: usize = 2;

/// The best of each kind, few other connections first, then few lines; and the best of those that
/// break something, of kinds of which none is offered.
pub(super) fn rank(found: Vec<(Offer, Option<Because>)>) -> (Vec<Offer>, Vec<(Offer, Because)>) {
    let mut found = found;
    found.sort_by(|(a, _), (b, _)| {
        a.order().partial_cmp(&b.order()).unwrap_or(std::cmp::Ordering::Equal)
    });
    // Of each kind the best, of those that break nothing and of those that do.
    let mut offers: Vec<Offer> = vec![];
    let mut rejected: Vec<(Offer, Because)> = vec![];
    for (offer, because) in found {
        let kinds = offer.change.kinds();
        let known = offers.iter().any(|known| known.change.kinds() == kinds);
        match because {
            None if !known => offers.push(offer),
            None => {}
            Some(because) => rejected.push((offer, because)),
        }
    }
    let best = offers.clone();
    offers.retain(|offer| !best.iter().any(|other| other.outdoes(offer)));
    let mut combined = 0;
    offers.retain(|offer| {
        combined += usize::from(offer.change.edits.len() > 1);
        offer.change.edits.len() == 1 || combined <= MOST_COMBINED
    });
    offers.truncate(MOST_OFFERS);
    let mut shown: Vec<(Offer, Because)> = vec![];
    for (offer, because) in rejected {
        let kinds = offer.change.kinds();
        let known = best.iter().chain(shown.iter().map(|(offer, _)| offer));
        if !known.into_iter().any(|known| known.change.kinds() == kinds) {
            shown.push((offer, because));
        }
    }
    shown.truncate(MOST_REJECTED);
    (offers, shown)
}

// === impl Offer ===

impl Offer {
    fn order(&self) -> (f64, f64, usize, Vec<Kind>) {
        let (opens, closes) = self.besides.weights();
        (opens, closes, self.change.lines(), self.change.kinds())
    }

    /// Whether nobody would take the other one: it makes a rule where one that is there will do, in
    /// fewer lines.
    fn outdoes(&self, other: &Offer) -> bool {
        let policies = self.change.policies();
        other.change.kinds().contains(&Kind::Rule)
            && !policies.is_empty()
            && policies == other.change.policies()
            && self.change.lines() < other.change.lines()
            && self.order() <= other.order()
    }
}

// === impl Change ===

impl Change {
    /// The policies that it edits, sorted; nothing where it does anything else.
    fn policies(&self) -> Vec<fibula_cluster::ObjectId> {
        use crate::change::Edit;
        let mut found = vec![];
        for edit in &self.edits {
            match edit {
                Edit::AddPeer { rule, .. }
                | Edit::RemovePeer { rule, .. }
                | Edit::AddPort { rule, .. }
                | Edit::RemovePort { rule, .. }
                | Edit::RemoveRule(rule)
                | Edit::AddRule { at: rule, .. } => found.push(rule.policy),
                _ => return vec![],
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
