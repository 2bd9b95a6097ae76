//! What happens to a message, hop by hop, and to its reply.
//!
//! ```text
//!   names ──► headers ──► ways     how open choices fall (POD-7, …)
//!                         └─► branches     which backend, which Node: a life each, and its reply
//!                                    └─► why     what the cluster knows of a refusal
//!                     doubts     what could make the answer another one
//! ```

mod clients;
mod doubts;
mod ground;
mod header;
mod open;
pub(crate) mod place;
pub(crate) mod placement;
pub mod policies;
mod query;
mod service;
mod settled;
mod share;
mod way;
mod ways;
mod why;

use fibula_network::walk::{Life, Step, Verdict};
use fibula_network::{Action, ChoiceId, ElementId, Header, Network, Ports, When};

use crate::names::{From, NameError, Names, To};
pub use clients::{Affinity, Instead};
pub(crate) use doubts::{ALLOW, AT_TARGET, ROOT, doubts as beside_choices};
pub use ground::{Ground, Unread};
pub use open::{Means, Open, Value};
use policies::Ruling;
pub use query::Query;
pub(crate) use query::dns_question;
pub(crate) use query::question;
pub use settled::Settled;
pub(crate) use settled::selects;
pub use share::Share;
use ways::Ways;
pub use why::Why;

/// The answer: what becomes of the message in each way in which the open choices fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Who sends.
    pub from: From,
    /// Where to.
    pub to: To,
    /// The message, as it is sent; where its name stands for several addresses, to the first.
    pub header: Header,
    /// Whether an entry of the network asks for the source port: else any will do.
    pub source_port_matters: bool,
    /// The ways that differ; at least one.
    pub ways: Vec<Way>,
    /// Why the answer is not certain; if there is a doubt, it is undecided.
    pub doubts: Vec<Doubt>,
    /// The choices among the doubts, with what becomes of the message under each of their values.
    pub open: Vec<Open>,
    /// What we settled of that which Kubernetes leaves open, and has part in the answer.
    pub settled: Vec<Settled>,
    /// What the answer takes for granted, beside what every answer does.
    pub granted: Vec<Granted>,
    /// The Services on the way that choose among endpoints once for each client, and not for each
    /// connection (SVC-42).
    pub affinity: Vec<Affinity>,
    /// Where the world finds the Service whose ClusterIP it was asked to send to, which means nothing
    /// out there (DR-13).
    pub instead: Option<Instead>,
    /// What is known of the question to DNS that comes before the message (DNS-12).
    pub query: Option<Query>,
}

/// What becomes of a message where the open choices fall in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The value of each choice, as `walk` takes them: of what is not asked the first.
    pub choices: Vec<u8>,
    /// Those that were asked, sorted: what the others are makes no difference.
    pub under: Vec<When>,
    /// The branches, in the order of their alternatives; at least one.
    pub branches: Vec<Branch>,
}

/// What becomes of a message that takes one of the alternatives at each fork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// How many of all connections take it, if each alternative is as likely as the others at its
    /// fork (SVC-42).
    pub share: Share,
    /// The life of the message.
    pub life: Life,
    /// The life of its reply; none where it is not delivered, and in a network that does not speak
    /// of replies.
    pub reply: Option<Life>,
    /// Whether it is delivered, but to somebody else than was named.
    pub astray: bool,
    /// Whether it is refused, and the notice of that does not come home: the client waits.
    pub unheard: bool,
    /// Why a Service has no use for it, where the cluster tells.
    pub why: Option<Why>,
    /// What policies said of it, where the cluster tells, in the order of its steps.
    pub rulings: Vec<Ruling>,
}

/// What is said of all branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// All are delivered.
    All,
    /// Some are.
    Some,
    /// None is.
    None,
    /// It is not certain.
    Undecided,
}

/// Why an answer is undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It depends on a choice that is left open.
    Choice(ChoiceId),
    /// There are more branches than are followed.
    Many,
    /// Policies could withhold the message, and were not read (DR-21).
    Policies(Vec<Unread>),
    /// What was not read could change what a Service leads to (DR-21).
    Services(Vec<Unread>),
    /// A Service is still to get a nodePort, and it can be this one (SVC-7).
    NodePort(String),
    /// It depends on where pods run, and the input does not say (DR-20): whose pods.
    Placement(String),
    /// The target is an address in a range of our own, or may be in one of the cluster's that the
    /// input does not say (DR-19).
    Invented,
    /// Objects that contradict each other were kept out, and one of them claims the target's
    /// address, by itself or in a range, is the Node of one of the two ends, or could stand behind
    /// the Service.
    Twins(String),
}

/// What an answer takes for granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Granted {
    /// Somebody brings this external address of a Service to the Nodes, to any of them alike
    /// (SVC-22).
    Routed(String),
    /// A load balancer sends to these Nodes alike, as its health checks let it (SVC-59).
    Balanced(String),
}

/// How many lives are followed at most, over all ways: beyond that the answer is undecided.
pub const MOST_LIVES: usize = 4096;

/// Follows a message by name.
///
/// # Errors
///
/// Every name that means nothing or too much, both ends at once.
pub fn trace(
    ground: Ground<'_>,
    namespace: Option<&str>,
    from: &str,
    to: &str,
) -> Result<Trace, Vec<NameError>> {
    let names = Names::new(ground.network, ground.cluster, namespace);
    let from = names.from(from);
    let to = names.to(to, from.as_ref().ok());
    match (from, to) {
        (Ok(from), Ok(to)) => {
            let headers =
                header::headers(ground.network, &from, &to).map_err(|error| vec![error])?;
            Ok(follow(ground, from, to, &headers))
        }
        (from, to) => Err([from.err(), to.err()].into_iter().flatten().collect()),
    }
}

/// As [`trace`](fn@trace), but nothing is asked besides the choices that the end of the message
/// depends on: for questions that are asked of many networks.
///
/// # Errors
///
/// As [`trace`](fn@trace).
pub(crate) fn ends(
    ground: Ground<'_>,
    namespace: Option<&str>,
    from: &str,
    to: &str,
) -> Result<Trace, Vec<NameError>> {
    let names = Names::new(ground.network, ground.cluster, namespace);
    let from = names.from(from).map_err(|error| vec![error])?;
    let to = names.to(to, Some(&from)).map_err(|error| vec![error])?;
    let headers = header::headers(ground.network, &from, &to).map_err(|error| vec![error])?;
    let mut trace = bare(ground, from, to, &headers);
    trace.query = query::query(ground, &trace);
    Ok(trace)
}

fn follow(ground: Ground<'_>, from: From, to: To, headers: &[Header]) -> Trace {
    let mut trace = bare(ground, from, to, headers);
    let more = beside_choices(ground, &trace);
    trace.doubts.extend(more);
    trace.settled = settled::settled(ground, &trace);
    trace.granted = service::granted(ground, &trace);
    trace.affinity = clients::affinity(ground, &trace);
    trace.instead = clients::instead(ground, &trace);
    trace.query = query::query(ground, &trace);
    trace
}

/// What becomes of the message in each way, and the choices that its end depends on.
fn bare(ground: Ground<'_>, from: From, to: To, headers: &[Header]) -> Trace {
    let network = ground.network;
    let asked = Asked { ground, from: &from, to: &to, replies: has_replies(network) };
    let Ways { differ: ways, open, many } = ways::ways(&asked, headers);
    let patterns =
        network.tables.iter().flat_map(|table| table.entries.iter().map(|entry| &entry.pattern));
    let source_port_matters = patterns.into_iter().any(|pattern| pattern.sport != Ports::Any);
    let (doubts, granted) = (vec![], vec![]);
    let header = headers[0];
    let (affinity, instead) = (vec![], None);
    let mut trace = Trace {
        from,
        to,
        header,
        source_port_matters,
        ways,
        doubts,
        open: vec![],
        settled: vec![],
        granted,
        affinity,
        instead,
        query: None,
    };
    if many {
        trace.doubts.push(Doubt::Many);
    }
    trace.doubts.extend(open.iter().map(|open| Doubt::Choice(open.choice)));
    trace.open = open;
    trace
}

/// Follows one message as it is, with what is known of each of its branches.
pub(crate) fn message(
    ground: Ground<'_>,
    process: ElementId,
    header: Header,
    choices: &[u8],
) -> Vec<Branch> {
    let network = ground.network;
    let no_egress = std::cell::OnceCell::new();
    let no_egress = || no_egress.get_or_init(|| policies::without_egress(network));
    let lives =
        fibula_network::walk::branches(network, process, header, choices, MOST_BRANCHES).lives;
    let share = Share::WHOLE;
    let branch = |life: Life| Branch {
        share: life.forks().fold(share, |share, fork| share.one_of(fork.of.into())),
        reply: None,
        astray: false,
        unheard: false,
        why: ground.cluster.and_then(|cluster| why::why(cluster, network, &life)),
        rulings: ground.cluster.map_or_else(Vec::new, |cluster| {
            policies::rulings(cluster, network, &no_egress, &life, choices)
        }),
        life,
    };
    lives.into_iter().map(branch).collect()
}

/// How many branches of one message are followed.
const MOST_BRANCHES: usize = 256;

/// What is asked, in every way.
struct Asked<'a> {
    ground: Ground<'a>,
    from: &'a From,
    to: &'a To,
    /// Whether replies are followed.
    replies: bool,
}

/// Whether a network speaks of replies: the article's does not, and what is not said of them there
/// is no loss.
fn has_replies(network: &Network) -> bool {
    let mut entries = network.tables.iter().flat_map(|table| &table.entries);
    entries.any(|entry| {
        entry.pattern.reply.is_some()
            || matches!(entry.action, Action::Rewrite { .. } | Action::Masquerade { .. })
    })
}

/// Who sent the message of a life, and with which header.
fn sent(life: &Life) -> Option<(ElementId, Header)> {
    match life.steps.first()? {
        Step::Send { from, header, .. } => Some((*from, *header)),
        _ => None,
    }
}

/// The header of a message at a step of its life, before that step changes it.
pub fn header_before(life: &Life, step: usize) -> Option<Header> {
    life.steps[..step].iter().rev().find_map(|step| match step {
        Step::Recv { header, .. } | Step::Send { header, .. } => Some(*header),
        Step::Decide { becomes, .. } => *becomes,
        Step::Pass { .. } => None,
    })
}

// === impl Doubt ===

impl Doubt {
    /// The statement that makes it one; a choice has its own.
    pub fn id(&self) -> Option<&'static str> {
        match self {
            Doubt::Choice(_) => None,
            Doubt::Many => Some("SVC-42"),
            Doubt::Policies(_) | Doubt::Services(_) | Doubt::Twins(_) => Some("DR-21"),
            Doubt::NodePort(_) => Some("SVC-7"),
            Doubt::Placement(_) => Some("DR-20"),
            Doubt::Invented => Some("DR-19"),
        }
    }
}

// === impl Trace ===

impl Trace {
    /// All, some or none; or that it is undecided.
    pub fn answer(&self) -> Answer {
        let branches = &self.ways[0].branches;
        let arrived = branches.iter().filter(|branch| branch.arrived()).count();
        match arrived {
            _ if !self.doubts.is_empty() => Answer::Undecided,
            _ if self.is_nameless() => Answer::None,
            0 => Answer::None,
            n if n == branches.len() => Answer::All,
            _ => Answer::Some,
        }
    }

    /// The branches under the first way in which the choices fall: the only one, where the answer
    /// is certain.
    pub fn branches(&self) -> &[Branch] {
        &self.ways[0].branches
    }

    /// The lives of all branches of all ways.
    pub fn lives(&self) -> impl Iterator<Item = &Life> {
        self.ways.iter().flat_map(|way| &way.branches).map(|branch| &branch.life)
    }

    /// How all messages end, if that is certain, and the same for all.
    pub fn verdict(&self) -> Option<Verdict> {
        let verdict = self.branches()[0].verdict();
        let same = self.branches().iter().all(|branch| branch.verdict() == verdict);
        (self.doubts.is_empty() && same && !self.is_nameless()).then_some(verdict)
    }

    /// Whether the sender may not ask for the address, so that no message is sent whatever would
    /// become of it.
    pub fn is_nameless(&self) -> bool {
        matches!(self.query, Some(Query::Withheld { .. }))
    }
}

// === impl Branch ===

impl Branch {
    /// How it ends: a message is as good as its reply.
    pub fn verdict(&self) -> Verdict {
        match &self.reply {
            Some(reply) => reply.ending.verdict,
            None => self.life.ending.verdict,
        }
    }

    /// Whether the client connects, to whom it wanted to.
    pub fn arrived(&self) -> bool {
        self.verdict() == Verdict::Delivered && !self.astray
    }
}
