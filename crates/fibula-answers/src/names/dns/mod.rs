//! Names as DNS gives them (DNS-1 to DNS-9), to one who asks.
//!
//! ```text
//!   web ──search list──► web.shop.svc.cluster.local ──zone──► addresses, by DNS-1
//!        of FROM (DNS-9)            ▲          └── or a name: an alias (DNS-5)
//!                                   └───────────────────┘
//! ```

mod hosts;
mod resolver;
mod zone;

use fibula_cluster::Cluster;
use fibula_network::{Addr, Port};

pub use hosts::hosts;
pub use resolver::{Asks, Resolver};
pub(super) use zone::{Lack, Lacks, Of, Zone};
use zone::{Record, lower};

/// The zone of a cluster that does not say another one.
pub const ZONE: &str = "cluster.local";

/// How DNS made addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The name as it was said.
    pub said: String,
    /// Full names, in lower case and without a dot at the end: what the search list made of the
    /// name (DNS-9), then each that the one before is an alias of (DNS-5). At least one.
    pub names: Vec<String>,
    /// The addresses of the last name, each once. Where there are several of a family, a client
    /// takes any one of them.
    pub addresses: Vec<Addr>,
    /// The statement by which the last name has them, such as `DNS-1`.
    pub by: &'static str,
}

/// A resolved name, with what stands behind it.
pub(super) struct Found {
    pub(super) resolved: Resolved,
    /// Whose addresses they are.
    pub(super) of: Of,
    /// The Service that was named, an index into the cluster's, where it is an alias.
    pub(super) alias: Option<usize>,
    /// The port that goes with each address, of a service record (DNS-2).
    pub(super) ports: Option<Vec<(Addr, Port)>>,
}

/// Why a name has no address here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// There is no such name.
    Lack(Lack),
    /// These names, each an alias of the next, lead out of the cluster.
    Outside(Vec<String>),
}

/// How many aliases are followed.
const MOST_ALIASES: usize = 8;

// === impl Zone ===

impl<'a> Zone<'a> {
    /// Resolves a name for one who asks with the search list of a namespace (DNS-9).
    pub(super) fn resolve(&self, said: &str, namespace: &str) -> Result<Found, Miss> {
        let mut best: Option<Lack> = None;
        for (sure, full) in self.tries(said, namespace) {
            match self.follow(said, full) {
                Ok(found) => return Ok(found),
                Err(Miss::Outside(names)) => return Err(Miss::Outside(names)),
                Err(Miss::Lack(mut lack)) => {
                    if !sure {
                        lack.lacks = lack.lacks.of_a_guess();
                    }
                    // Of equal ones the last is nearer to the name as it was said.
                    if best.as_ref().is_none_or(|best| best.lacks <= lack.lacks) {
                        best = Some(lack);
                    }
                }
            }
        }
        Err(Miss::Lack(best.unwrap_or_else(|| self.no_form(said))))
    }

    /// Resolves the name of a Service, an index into the cluster's.
    pub(super) fn service(&self, said: &str, at: usize) -> Result<Found, Miss> {
        let service = &self.cluster.services[at];
        let full = self.full(&format!("{}.{}", service.name, service.namespace));
        self.follow(said, full)
    }

    /// The full names that stand for a name, in the order in which they are asked for; of each,
    /// whether the name itself says its namespace. Names of other zones are left out: this one
    /// knows nothing of them. What a Node's own search list adds is not known either.
    fn tries(&self, said: &str, namespace: &str) -> Vec<(bool, String)> {
        let name = lower(said);
        if name.ends_with('.') {
            return vec![(true, name.trim_end_matches('.').to_owned())];
        }
        let dots = name.matches('.').count();
        let mut tries = vec![
            (dots == 0, format!("{name}.{namespace}.svc.{}", self.name)),
            (true, format!("{name}.svc.{}", self.name)),
            (true, format!("{name}.{}", self.name)),
        ];
        if self.holds(&name) {
            tries.insert(if dots < NDOTS { tries.len() } else { 0 }, (true, name));
        }
        tries
    }

    /// Follows aliases to addresses (DNS-5).
    fn follow(&self, said: &str, full: String) -> Result<Found, Miss> {
        let mut names = vec![full];
        let mut first = None;
        loop {
            let last = &names[names.len() - 1];
            let alias = match self.look_up(last) {
                Ok(Record::Addresses { of, targets, by }) => {
                    let mut addresses: Vec<Addr> = vec![];
                    for (addr, _) in &targets {
                        if !addresses.contains(addr) {
                            addresses.push(*addr);
                        }
                    }
                    let ported = targets.iter().filter_map(|(addr, port)| Some((*addr, (*port)?)));
                    let ports = Some(ported.collect()).filter(|ports: &Vec<_>| !ports.is_empty());
                    let resolved = Resolved { said: said.to_owned(), names, addresses, by };
                    return Ok(Found { resolved, of, alias: first, ports });
                }
                Ok(Record::Alias { at, to }) => {
                    first = first.or(Some(at));
                    lower(to)
                }
                Err(lack) if names.len() == 1 => return Err(Miss::Lack(lack)),
                Err(lack) => {
                    let why = format!("{} is an alias of {last}, but {}", names[0], lack.why);
                    return Err(Miss::Lack(Lack::record(why, "DNS-5")));
                }
            };
            let alias = alias.trim_end_matches('.').to_owned();
            if let Some(why) = self.no_alias(&names, &alias) {
                return Err(Miss::Lack(Lack::record(why, "DNS-5")));
            }
            names.push(alias);
            if !self.holds(&names[names.len() - 1]) {
                return Err(Miss::Outside(names));
            }
        }
    }

    /// Why an alias leads nowhere, if it does not.
    fn no_alias(&self, names: &[String], alias: &str) -> Option<String> {
        let last = &names[names.len() - 1];
        if alias.parse::<std::net::IpAddr>().is_ok() {
            return Some(format!("{last} is an alias of {alias}, which is taken for a name"));
        }
        if names.iter().any(|name| name == alias) || names.len() > MOST_ALIASES {
            return Some(format!("{last} is an alias of {alias}, and aliases go round and round"));
        }
        // What would be found if it were searched for was surely meant to be.
        let short = || self.look_up(&self.full(alias)).is_ok();
        if !self.holds(alias) && (!alias.contains('.') || self.is_ours(alias) || short()) {
            return Some(format!(
                "{last} is an alias of {alias}, which does not end in {}: no search list is used \
                 for an alias",
                self.name
            ));
        }
        None
    }
}

/// A name with fewer dots is tried with the search list first (`ndots:5`, DNS-9).
const NDOTS: usize = 5;

/// The zone of a cluster, by its name.
pub(super) fn zone<'a>(cluster: &'a Cluster, name: &str) -> Zone<'a> {
    Zone { cluster, name: lower(name).trim_matches('.').to_owned() }
}
