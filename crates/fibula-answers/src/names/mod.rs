//! Names as people say them: `web`, `shop/web`, `deploy/web`, `svc/web:http`, `web.shop.svc`,
//! `node/n1`, `10.0.0.7`, `world`.
//!
//! A name comes before the graph: it becomes a process that sends, or addresses and a port. A
//! sender is the workload of that name, for a Service cannot send; a target is what DNS gives to
//! that sender, the Service, else the workload.

mod ask;
mod candidate;
mod dns;
mod error;
mod index;
mod mention;
mod parse;
mod target;

use fibula_cluster::Cluster;
use fibula_network::{Addr, ElementId, Kind, Network, Port};

use candidate::Wanted;
pub use candidate::{Candidate, What};
pub use dns::{Asks, Resolved, Resolver, ZONE, hosts};
pub use error::NameError;
use index::Index;
pub(crate) use index::{SOMEWHERE, proto};
pub use mention::Hosts;
pub(crate) use mention::{Lacking, Meant, lacking, meant, served};
use parse::Said;

/// Finds elements and addresses by name.
pub struct Names<'a> {
    network: &'a Network,
    index: Index<'a>,
    /// The namespace that a name without one means.
    namespace: Option<&'a str>,
    /// What the DNS of the cluster knows.
    zone: Option<dns::Zone<'a>>,
}

/// Who sends: a process, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The process.
    pub process: ElementId,
    /// The address that it sends from, where the name gave one.
    pub address: Option<Addr>,
    /// What the name was taken for.
    pub chosen: Candidate,
    /// How many processes it could have been that the model does not tell apart.
    pub alike: usize,
    /// Where it looks names up.
    pub resolver: Resolver,
}

/// Where a message goes: addresses, a port, and how they were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// The addresses, in the order of the object. Where DNS gives several of a family, each is a
    /// branch: a client takes any one of them.
    pub addresses: Vec<Addr>,
    /// The port.
    pub port: Port,
    /// What the name was taken for; nothing for an address that nobody has, or several.
    pub chosen: Option<Candidate>,
    /// Whether an address was said, not a name.
    pub literal: bool,
    /// How many pods it could have been: the first was taken.
    pub alike: usize,
    /// How DNS made the addresses, where it did: also for `svc/web`, which says the Service and
    /// asks nobody.
    pub dns: Option<Resolved>,
}

/// The namespace of a name that says none, where nobody else says one.
const DEFAULT: &str = "default";

// === impl Names ===

impl<'a> Names<'a> {
    /// Names of a network; with its cluster, of workloads and Services too. Costs a pass over both.
    pub fn new(
        network: &'a Network,
        cluster: Option<&'a Cluster>,
        namespace: Option<&'a str>,
    ) -> Names<'a> {
        let zone = cluster.map(|cluster| dns::zone(cluster, ZONE));
        Names { network, index: Index::new(network, cluster), namespace, zone }
    }

    /// The same with another zone than [`ZONE`] for the names of the cluster.
    pub fn in_zone(mut self, name: &str) -> Names<'a> {
        self.zone = self.zone.map(|zone| dns::zone(zone.cluster, name));
        self
    }

    /// Who sends, by name.
    ///
    /// # Errors
    ///
    /// A name that means nothing, or several things.
    pub fn from(&self, said: &str) -> Result<From, NameError> {
        let name = Said::parse(said);
        if let Some(address) = name.address {
            return self.sender_at(said, address);
        }
        let chosen = self.one(said, &name, &[DEFAULT], Wanted::Sender)?;
        let processes = self.processes(&chosen);
        match processes.first() {
            Some(&process) => {
                let resolver = self.index.resolver(process);
                Ok(From { process, address: None, chosen, alike: processes.len(), resolver })
            }
            None => Err(NameError::Mute {
                said: said.to_owned(),
                why: self.mute(&chosen, "no process in this network that could send"),
            }),
        }
    }

    /// Switches, by name: of a Pod, a Node, the pods of a workload, or the outside.
    ///
    /// # Errors
    ///
    /// A name that means nothing, or several things.
    pub fn switches(&self, said: &str) -> Result<Vec<ElementId>, NameError> {
        if said == Kind::Outside.name() {
            return Ok(self.network.of_kind(Kind::Outside).collect());
        }
        let name = Said::parse(said);
        let chosen = match name.address.and_then(|address| self.index.at(address)) {
            Some(found) => found,
            None => self.one(said, &name, &[DEFAULT], Wanted::Switch)?,
        };
        let switch = |id: &ElementId| match self.network.kind(*id).is_process() {
            true => self.network.facts.host(*id).unwrap_or(*id),
            false => *id,
        };
        let mut switches: Vec<ElementId> = chosen.elements.iter().map(switch).collect();
        switches.sort_unstable();
        switches.dedup();
        if switches.is_empty() {
            let why = self.mute(&chosen, "no switch in this network");
            return Err(NameError::Mute { said: said.to_owned(), why });
        }
        Ok(switches)
    }

    fn sender_at(&self, said: &str, address: Addr) -> Result<From, NameError> {
        let found = self.index.at(address).filter(|found| !self.processes(found).is_empty());
        let chosen = match (found, self.index.world()) {
            (Some(found), _) => found,
            (None, Some(world)) => world,
            (None, None) => {
                let why = "nobody in this network has that address".to_owned();
                return Err(NameError::Mute { said: said.to_owned(), why });
            }
        };
        let processes = self.processes(&chosen);
        let Some(&process) = processes.first() else {
            let why = self.mute(&chosen, "no process in this network that could send");
            return Err(NameError::Mute { said: said.to_owned(), why });
        };
        let resolver = self.index.resolver(process);
        let address = Some(address);
        Ok(From { process, address, chosen, alike: processes.len(), resolver })
    }

    /// The one thing that a name means; without a namespace, in the first of these that has it.
    fn one(
        &self,
        said: &str,
        name: &Said<'_>,
        homes: &[&str],
        wanted: Wanted,
    ) -> Result<Candidate, NameError> {
        let found = self.index.find(name, self.namespace, homes, wanted);
        only(said, found)?.ok_or_else(|| self.unknown(said, name, homes, wanted))
    }

    fn unknown(&self, said: &str, name: &Said<'_>, homes: &[&str], wanted: Wanted) -> NameError {
        if wanted == Wanted::Sender
            && let [service, ..] = &self.index.find(name, self.namespace, homes, Wanted::Target)[..]
        {
            let why = format!("{} is a Service, and a Service cannot send", service.full());
            return NameError::Mute { said: said.to_owned(), why };
        }
        if let Some((object, differ)) = self.index.kept_out(name, self.namespace) {
            return NameError::KeptOut { said: said.to_owned(), object, differ };
        }
        NameError::Unknown {
            said: said.to_owned(),
            wanted: wanted.words(),
            namespace: name.namespace().or(self.namespace).map(str::to_owned),
            near: self.index.near(name, self.namespace.or(homes.first().copied()), wanted),
        }
    }

    /// The processes behind a candidate, those first that a person would mean.
    fn processes(&self, chosen: &Candidate) -> Vec<ElementId> {
        chosen.elements.iter().flat_map(|element| self.index.processes(*element)).collect()
    }

    /// Why a thing that exists takes no part.
    fn mute(&self, chosen: &Candidate, otherwise: &str) -> String {
        let full = chosen.full();
        match self.index.out_of_it(chosen) {
            Some(why) => format!("{full} {why}"),
            None => format!("{full} has {otherwise}"),
        }
    }
}

/// The one thing that was found, if any was.
fn only(said: &str, mut found: Vec<Candidate>) -> Result<Option<Candidate>, NameError> {
    if found.len() > 1 {
        let candidates = found.iter().map(Candidate::full).collect();
        return Err(NameError::Ambiguous { said: said.to_owned(), candidates });
    }
    Ok(found.pop())
}
