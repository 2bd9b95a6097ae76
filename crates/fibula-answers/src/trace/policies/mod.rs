//! What policies say of a message on its way: the rule that let it pass or dropped it; and where no
//! rule allows it, why each of them does not.
//!
//! ```text
//!   life ──► judged     which steps are of policies, of which Pod, in which direction
//!            ├─► rule       the rule of an entry, by its place
//!            └─► isolation  policies that isolate the Pod, and what of their rules missed
//! ```
//!
//! Entries decide. What is compared here with the labels of a peer only explains an entry that did
//! not match.

mod isolation;
mod judged;
mod miss;
pub(super) mod peer;

use fibula_cluster::{Cluster, ContainerList, Place, Policy, PolicyKind, Rule, RuleAction, Tier};
use fibula_network::walk::{Choices, Fork, Life, Verdict, branches};
use fibula_network::{ChoiceId, ElementId, Entry, Network, Side};

pub use isolation::{Isolation, Missed};
pub use miss::{Instead, Labelled, Miss, What};

use super::header_before;
use judged::Judged;

/// What policies said of a message at a step of its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The step; none for what they would have said later, had the message come so far.
    pub step: Option<usize>,
    /// The direction, as the Pod sees it.
    pub direction: Direction,
    /// The Pod that the policies are about.
    pub pod: ElementId,
    /// What they said.
    pub says: Says,
    /// The choices under which they would have said otherwise, of what they would have said later: of
    /// what they did say, the ways of a trace tell.
    pub open: Vec<ChoiceId>,
}

/// A direction, as a Pod sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// What it sends.
    Egress,
    /// What is for it.
    Ingress,
}

/// What policies say of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// A rule matches.
    Rule(Box<Cited>),
    /// Policies isolate the Pod, and no rule of theirs allows it (NP-2): each of them.
    Isolated(Vec<Isolation>),
    /// It is not for them to say: the id of the statement that says so.
    Exempt(String),
}

/// A policy, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// Its kind.
    pub kind: PolicyKind,
    /// When it is evaluated.
    pub tier: Tier,
    /// Its namespace; empty for one of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object.
    pub place: Place,
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// The policy.
    pub policy: Called,
    /// Its index in the list of its direction.
    pub rule: u16,
    /// What people call it.
    pub name: Option<String>,
    /// What becomes of the message. Of a peer that nobody knows it is Deny, whatever the rule says
    /// (CNP-26).
    pub action: RuleAction,
    /// Where it stands: the peer that matched, or the rule where it names none.
    pub place: Place,
}

/// What policies said of the message of a life, in the order of its steps; and where they dropped
/// what a Pod sends, what those of its target would have said of it besides, if that is no too.
pub(super) fn rulings<'n>(
    cluster: &Cluster,
    network: &Network,
    open: &dyn Fn() -> &'n Network,
    life: &Life,
    choices: &Choices,
) -> Vec<Ruling> {
    let mut found = of(cluster, network, life, choices);
    let stopped = found.last().is_some_and(|ruling| {
        life.ending.verdict == Verdict::DroppedByPolicy && ruling.direction == Direction::Egress
    });
    if stopped && let Some((process, header)) = super::sent(life) {
        let open = open();
        let taken: Vec<Fork> = life.forks().collect();
        let further = |choices: &Choices| {
            let lives = branches(open, process, header, choices, MOST_FURTHER).lives;
            lives.into_iter().find(|on| on.forks().take(taken.len()).eq(taken.iter().copied()))
        };
        let is_dropped = |on: &Life| on.ending.verdict == Verdict::DroppedByPolicy;
        if let Some(on) = further(choices).filter(is_dropped)
            && let Some(last) = of(cluster, open, &on, choices).pop()
        {
            // What was asked on the way so far is under one answer.
            let new = on.asked.iter().filter(|choice| !life.asked.contains(choice)).copied();
            let passes = |choice: &ChoiceId| {
                let mut other = choices.to_vec();
                (0..network.choice(*choice).values).any(|value| {
                    other[usize::from(choice.0)] = value;
                    further(&other).is_some_and(|on| !is_dropped(&on))
                })
            };
            let open = new.filter(passes).collect();
            found.push(Ruling { step: None, open, ..last });
        }
    }
    found
}

/// Among how many branches of what might have been the one that was dropped is looked for.
const MOST_FURTHER: usize = 64;

/// The network as it would be if no policy said a word about what Pods send.
pub(crate) fn without_egress(network: &Network) -> Network {
    let mut open = network.clone();
    for table in &mut open.tables {
        table.chains.take_if(|chains| chains.by == Side::Source);
    }
    open
}

/// What policies said of the message of a life, in the order of its steps.
pub(super) fn of(
    cluster: &Cluster,
    network: &Network,
    life: &Life,
    choices: &Choices,
) -> Vec<Ruling> {
    let judged = judged::judged(network, life);
    let rulings = judged.into_iter().filter_map(|judged| {
        let Judged { step, direction, pod, .. } = judged;
        let says = says(cluster, network, (life, choices), &judged)?;
        Some(Ruling { step: Some(step), direction, pod, says, open: vec![] })
    });
    rulings.collect()
}

fn says(
    cluster: &Cluster,
    network: &Network,
    (life, choices): (&Life, &Choices),
    judged: &Judged<'_>,
) -> Option<Says> {
    let entry = network.entry(judged.entry);
    if let Some(cited) = cited(cluster, entry) {
        return Some(Says::Rule(Box::new(cited)));
    }
    let id = &*entry.origin.rule;
    match id {
        "NP-2" => {
            let header = header_before(life, judged.step)?;
            let (process, sent) = super::sent(life)?;
            let Judged { direction, pod, chain, .. } = *judged;
            let asked = peer::Asked { cluster, network, process, sent, header, choices, chain };
            Some(Says::Isolated(isolation::isolation(asked, direction, pod)))
        }
        _ => Some(Says::Exempt(id.to_owned())),
    }
}

/// The rule that an entry was made for.
fn cited(cluster: &Cluster, entry: &Entry) -> Option<Cited> {
    let place = Place::of_number(entry.origin.place.0)?;
    let (list, index) = place.container?;
    let policy = cluster.policies.iter().find(|policy| policy.object == place.object)?;
    let rules = match list {
        ContainerList::Ingress => &policy.ingress,
        ContainerList::Egress => &policy.egress,
        _ => return None,
    };
    let rule: &Rule = rules.iter().find(|rule| rule.index == index)?;
    let action = if entry.origin.rule == "CNP-26" { RuleAction::Deny } else { rule.action };
    let (policy, name) = (Called::new(policy), rule.name.clone());
    Some(Cited { policy, rule: index, name, action, place })
}

// === impl Called ===

impl Called {
    pub(super) fn new(policy: &Policy) -> Called {
        Called {
            kind: policy.kind,
            tier: policy.tier,
            namespace: policy.namespace.clone(),
            name: policy.name.clone(),
            place: Place { object: policy.object, container: None, port: None },
        }
    }
}

// === impl Direction ===

impl Direction {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Egress => "egress",
            Direction::Ingress => "ingress",
        }
    }

    /// The rules of a policy.
    pub(crate) fn rules(self, policy: &Policy) -> &[Rule] {
        match self {
            Direction::Egress => &policy.egress,
            Direction::Ingress => &policy.ingress,
        }
    }

    /// What a rule calls the other end.
    pub fn peers(self) -> &'static str {
        match self {
            Direction::Egress => "to",
            Direction::Ingress => "from",
        }
    }
}
