//! A change, tried: the network of the changed cluster is asked what was asked of this one.

use fibula_cluster::Cluster;
use fibula_network::Network;

use super::besides::{Besides, Wanted, besides};
use super::{Goal, Question};
use crate::change::Change;
use crate::diff::Side;
use crate::trace::{self, Doubt, Ground, Trace};

/// What a change was tried on.
pub(super) struct Tried {
    cluster: Cluster,
    network: Network,
    pub(super) trace: Trace,
}

/// Tries changes.
pub(super) struct Prover<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) cluster: &'a Cluster,
    remake: &'a dyn Fn(&Cluster) -> Network,
    question: Question<'a>,
    pub(super) goal: Goal,
}

// === impl Prover ===

impl<'a> Prover<'a> {
    /// Nothing where there is no cluster to change.
    pub(super) fn new(ground: Ground<'a>, question: Question<'a>, goal: Goal) -> Option<Self> {
        let (cluster, remake) = (ground.cluster?, ground.remake?);
        Some(Prover { ground, cluster, remake, question, goal })
    }

    /// What is asked of a cluster with a change; nothing where it cannot be made, or where the names
    /// mean nothing there.
    pub(super) fn try_on(&self, change: &Change) -> Option<Tried> {
        let cluster = change.apply(self.cluster)?;
        let network = (self.remake)(&cluster);
        let ground = Ground { network: &network, cluster: Some(&cluster), ..self.ground };
        let Question { namespace, from, to } = self.question;
        let trace = trace::ends(ground, namespace, from, to).ok()?;
        Some(Tried { cluster, network, trace })
    }

    /// Whether a change does what it is for, whatever is open.
    pub(super) fn works(&self, tried: &Tried) -> bool {
        is_so(&tried.trace, self.goal)
    }

    /// What could keep a change that works from doing so (DR-21, …). Choices cannot: it works under all
    /// of them.
    pub(super) fn doubts(&self, tried: &Tried) -> Vec<Doubt> {
        trace::beside_choices(tried.ground(self.ground), &tried.trace)
    }

    /// What the change opens and closes besides, given how the cluster is without it.
    pub(super) fn besides(&self, old: &mut Side<'_>, tried: &Tried) -> Option<Besides> {
        let ground = tried.ground(self.ground);
        let wanted = match self.goal {
            Goal::Allow => Wanted::new(ground, &tried.trace),
            Goal::Close => {
                let Question { namespace, from, to } = self.question;
                Wanted::new(self.ground, &trace::ends(self.ground, namespace, from, to).ok()?)
            }
        };
        besides(old, ground, &wanted)
    }
}

/// Whether a trace says what is wanted: all of the message arrives, or nothing.
pub(super) fn is_so(trace: &Trace, goal: Goal) -> bool {
    let mut branches = trace.ways.iter().flat_map(|way| &way.branches);
    let many = trace.doubts.contains(&Doubt::Many);
    match goal {
        Goal::Allow => !many && !trace.is_nameless() && branches.all(|branch| branch.arrived()),
        Goal::Close => !many && !branches.any(|branch| branch.arrived()),
    }
}

// === impl Tried ===

impl Tried {
    /// The changed cluster and its network.
    pub(super) fn parts(&self) -> (&Cluster, &Network) {
        (&self.cluster, &self.network)
    }

    fn ground<'t>(&'t self, ground: Ground<'t>) -> Ground<'t> {
        Ground { network: &self.network, cluster: Some(&self.cluster), ..ground }
    }
}
