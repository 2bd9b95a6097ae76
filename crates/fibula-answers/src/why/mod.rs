//! Why a message arrives or does not, and the smallest changes that turn that.
//!
//! ```text
//!   trace ──► blocks    what is in the way: policies of both ends, a Service
//!             ├─► allow, labels, services     edits that could take it away, found in what they say
//!             │   close                       edits that could put something in the way
//!             └─► prove     each is made, the changed cluster's network is asked the same
//!                 └─► besides     and compared with this one: what else opens and closes
//!                     └─► rank    few other connections first, then few lines
//! ```
//!
//! Nothing is offered that was not tried. What works and breaks something else is told with the reason;
//! what was not tried, for there were too many, is counted.

mod allow;
mod besides;
mod blocks;
mod close;
mod labels;
mod peers;
mod prove;
mod rank;
mod search;
mod services;
mod sight;
mod uses;

use crate::change::Change;
use crate::names::NameError;
use crate::trace::policies::{Cited, Direction};
use crate::trace::{self, Doubt, Ground, Trace};
pub use besides::{Besides, Pairs};
pub use blocks::{Block, Judged};
use fibula_cluster::Workload;
pub use uses::Used;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The namespace that a name without one means.
    pub namespace: Option<&'a str>,
    /// Who sends.
    pub from: &'a str,
    /// Where to.
    pub to: &'a str,
}

/// What a change is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Let the connection work.
    Allow,
    /// Keep it from working.
    Close,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// What happens to the message.
    pub trace: Trace,
    /// What was wanted.
    pub goal: Goal,
    /// Whether it is so already.
    pub done: bool,
    /// What is in the way; nothing where the message arrives.
    pub blocks: Vec<Block>,
    /// The rules that let it pass, all of them, where it is to be closed.
    pub allowed: Vec<(Direction, Cited)>,
    /// Changes that work and break nothing, the best first.
    pub offers: Vec<Offer>,
    /// Changes that work and are not offered, and why.
    pub rejected: Vec<(Offer, Because)>,
    /// How many changes could have worked and were not tried, for there are too many.
    pub left: usize,
}

/// A change that works.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The change.
    pub change: Change,
    /// What it opens and closes besides.
    pub besides: Besides,
    /// Why it is not certain that it works: what could make the answer another one then.
    pub doubts: Vec<Doubt>,
}

/// Why a change is not offered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// It takes a workload out of a Service.
    Leaves(String, String),
    /// It puts a workload behind a Service that it is no part of.
    Joins(String, String),
    /// The workload selects its own pods by this label, which cannot be changed.
    OwnLabel(String),
    /// It closes what is open now.
    Closes,
}

/// What only the text of the objects tells.
pub trait Book {
    /// Whether a workload selects its own pods by a label.
    fn selects_itself(&self, namespace: &str, workload: &Workload, key: &str) -> bool;
}

/// Why a message arrives or not, and what would turn that.
///
/// Each change that is tried costs a network of the cluster; each that works a comparison of two.
///
/// # Errors
///
/// Every name that means nothing or too much, both ends at once.
pub fn why(
    ground: Ground<'_>,
    question: Question<'_>,
    goal: Goal,
    book: &dyn Book,
) -> Result<Why, Vec<NameError>> {
    let trace = trace::trace(ground, question.namespace, question.from, question.to)?;
    let done = prove::is_so(&trace, goal);
    let mut why = Why {
        trace,
        goal,
        done,
        blocks: vec![],
        allowed: vec![],
        offers: vec![],
        rejected: vec![],
        left: 0,
    };
    let Some(prover) = prove::Prover::new(ground, question, goal) else { return Ok(why) };
    why.blocks = blocks::blocks(prover.cluster, ground.network, &why.trace);
    if !done {
        search::search(&prover, book, &mut why);
    }
    Ok(why)
}
