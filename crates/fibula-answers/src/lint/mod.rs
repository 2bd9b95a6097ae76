//! What looks wrong: in the objects, and in what their policies do.
//!
//! ```text
//!   objects ──► fibula_cluster::tell   selectors, labels, ports, addresses
//!   Filters ──► spare     policies and rules without which nothing would change; such as let all through
//!           ──► open      what depends on a choice: equal priorities, ranges that hold pods
//!           ──► dns       who may send, and may not ask for an address
//!   walk    ──► exposed   whom the world reaches, and no policy limits
//! ```
//!
//! What becomes of messages is read from the network: nothing here decides.

mod dns;
mod exposed;
mod open;
mod spare;

use fibula_cluster::{Cluster, Finding, OF_OBJECTS, ObjectId, Place, Policy, Told, Wanted, tell};
use fibula_network::filters::Filters;

use crate::trace::Ground;
pub use spare::parts;

/// What looks wrong, and what was not wanted of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lint {
    /// The worst first, then by id and message.
    pub findings: Vec<Finding>,
    /// How many were found and are switched off.
    pub off: usize,
    /// How many were found and are of other kinds than were asked for.
    pub left_out: usize,
    /// What objects switch off and is the id of no finding: with a near id, and where it stands.
    pub unknown: Vec<(String, Option<&'static str>, Place)>,
}

/// The ids of findings that only the network shows, sorted.
const OF_NETWORK: &[&str] = &[
    "allowed-by-one-side",
    "allows-everything",
    "block-of-pods",
    "egress-without-dns",
    "equal-priority",
    "exposed",
    "rule-matches-nothing",
    "shadowed-policy",
    "shadowed-rule",
];

/// How alike a near id is at least, from 0 to 1.
const ALIKE: f64 = 0.75;

/// The id of each finding that there is, sorted.
pub fn ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> = OF_OBJECTS.iter().chain(OF_NETWORK).copied().collect();
    ids.sort_unstable();
    ids
}

/// The id of a finding that is most like another word, if one is.
pub fn near_id(said: &str) -> Option<&'static str> {
    let alike = ids().into_iter().map(|id| (strsim::jaro_winkler(said, id), id));
    let near = alike.filter(|(alike, _)| *alike >= ALIKE);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id)
}

/// What looks wrong.
///
/// Costs a pass over the cluster, what [`Filters`] cost where there are policies, a few operations
/// for each rule in each distinct stack of chains, and a walk for each way in from the world.
pub fn lint(ground: Ground<'_>, wanted: &Wanted<'_>) -> Lint {
    let Some(cluster) = ground.cluster else { return Lint::default() };
    let mut told = Told::new(cluster, wanted);
    tell(&mut told);
    if let Some(mut filters) = Filters::new(ground.network) {
        if !cluster.policies.is_empty() {
            spare::tell(&mut told, &mut filters);
            open::tell(&mut told, &filters);
            dns::tell(&mut told, ground, &mut filters);
        }
        exposed::tell(&mut told, ground, &mut filters);
    }
    let (findings, off, left_out) = told.finish();
    Lint { findings, off, left_out, unknown: unknown(cluster) }
}

/// What objects switch off that is no id.
fn unknown(cluster: &Cluster) -> Vec<(String, Option<&'static str>, Place)> {
    let ids = ids();
    let unknown = cluster.ignores.said.iter().filter(|(_, id)| !ids.contains(&id.as_str()));
    unknown.map(|(at, id)| (id.clone(), near_id(id), Place::whole(*at))).collect()
}

/// `1 policy`, `2 policies`.
fn policies(n: usize) -> String {
    if n == 1 { "1 policy".to_owned() } else { format!("{n} policies") }
}

/// `1 rule`, `2 rules`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The policy that an object is.
fn policy(cluster: &Cluster, object: ObjectId) -> Option<&Policy> {
    cluster.policies.iter().find(|policy| policy.object == object)
}
