//! Names as people say them: `web`, `shop/web`, `deploy/web`, `svc/web:http`, `web.shop.svc`,
//! `node/n1`, `10.0.0.7`, `world`.
//!
//! A name comes before the graph: it becomes a process that sends, or an address and a port. A
//! sender is the workload of that name, for a Service cannot send; a target is what DNS gives, the
//! Service, else the workload.

mod candidate;
mod index;
mod parse;

use fibula_cluster::Cluster;
use fibula_network::{Addr, ElementId, Kind, Network, Port};

use candidate::Wanted;
pub use candidate::{Candidate, What};
use index::Index;
pub(crate) use index::{SOMEWHERE, proto};
use parse::{Said, port};

/// Finds elements and addresses by name.
pub struct Names<'a> {
    network: &'a Network,
    index: Index<'a>,
    /// The namespace that a name without one means.
    namespace: Option<&'a str>,
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
}

/// Where a message goes: addresses, a port, and how they were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// The addresses, in the order of the object.
    pub addresses: Vec<Addr>,
    /// The port.
    pub port: Port,
    /// What the name was taken for; nothing for an address that nobody has, or several.
    pub chosen: Option<Candidate>,
    /// Whether an address was said, not a name.
    pub literal: bool,
    /// How many pods it could have been: the first was taken.
    pub alike: usize,
}

/// Why a name means nothing here, or too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing has that name.
    Unknown {
        /// The name.
        said: String,
        /// What could have it, in words: "no Service, workload or pod".
        wanted: &'static str,
        /// The namespace that was searched, if it was only one.
        namespace: Option<String>,
        /// Names that look like it, best first.
        near: Vec<String>,
    },
    /// Several things have it.
    Ambiguous {
        /// The name.
        said: String,
        /// Them, as names that mean only one.
        candidates: Vec<String>,
    },
    /// It names something that has no process to send from, or no address to send to.
    Mute {
        /// The name.
        said: String,
        /// Why, in words.
        why: String,
    },
    /// Objects of that name contradict each other, so that all were kept out.
    KeptOut {
        /// The name.
        said: String,
        /// Them, such as `Pod shop/web`.
        object: String,
        /// The field in which they differ.
        differ: String,
    },
    /// The target needs a port.
    NoPort {
        /// The name.
        said: String,
        /// The ports that are declared there.
        declared: Vec<String>,
    },
    /// The port makes no sense.
    BadPort {
        /// The name.
        said: String,
        /// What was expected.
        expected: String,
    },
}

// === impl Names ===

impl<'a> Names<'a> {
    /// Names of a network; with its cluster, of workloads and Services too. Costs a pass over both.
    pub fn new(
        network: &'a Network,
        cluster: Option<&'a Cluster>,
        namespace: Option<&'a str>,
    ) -> Names<'a> {
        Names { network, index: Index::new(network, cluster), namespace }
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
        let chosen = self.one(said, &name, Wanted::Sender)?;
        let processes = self.processes(&chosen);
        match processes.first() {
            Some(&process) => Ok(From { process, address: None, chosen, alike: processes.len() }),
            None => Err(NameError::Mute {
                said: said.to_owned(),
                why: self.mute(&chosen, "no process in this network that could send"),
            }),
        }
    }

    /// Where a message goes, by name and port.
    ///
    /// # Errors
    ///
    /// A name that means nothing, or several things; a port that is missing or makes no sense.
    pub fn to(&self, said: &str) -> Result<To, NameError> {
        let (name, port_said) = parse::split(said);
        let parsed = Said::parse(name);
        if let Some(address) = parsed.address {
            let chosen = self.index.at(address);
            let port = self.port(said, port_said, chosen.as_ref())?;
            return Ok(To { addresses: vec![address], port, chosen, literal: true, alike: 1 });
        }
        let chosen = self.one(name, &parsed, Wanted::Target)?;
        let addresses = self.index.addresses(&chosen);
        if addresses.is_empty() {
            let why = self.mute(&chosen, "no address in this network");
            return Err(NameError::Mute { said: name.to_owned(), why });
        }
        let port = self.port(said, port_said, Some(&chosen))?;
        let alike = self.index.pods(&chosen);
        Ok(To { addresses, port, chosen: Some(chosen), literal: false, alike })
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
            None => self.one(said, &name, Wanted::Switch)?,
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
        Ok(From { process: processes[0], address: Some(address), chosen, alike: processes.len() })
    }

    /// The one thing that a name means.
    fn one(&self, said: &str, name: &Said<'_>, wanted: Wanted) -> Result<Candidate, NameError> {
        let found = self.index.find(name, self.namespace, wanted);
        match &found[..] {
            [one] => Ok(one.clone()),
            [] => Err(self.unknown(said, name, wanted)),
            several => Err(NameError::Ambiguous {
                said: said.to_owned(),
                candidates: several.iter().map(Candidate::full).collect(),
            }),
        }
    }

    fn unknown(&self, said: &str, name: &Said<'_>, wanted: Wanted) -> NameError {
        if wanted == Wanted::Sender
            && let [service, ..] = &self.index.find(name, self.namespace, Wanted::Target)[..]
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
            near: self.index.near(name, self.namespace, wanted),
        }
    }

    /// The processes behind a candidate, those first that a person would mean.
    fn processes(&self, chosen: &Candidate) -> Vec<ElementId> {
        chosen.elements.iter().flat_map(|element| self.index.processes(*element)).collect()
    }

    /// The port that was said, or the only one that is declared there.
    fn port(
        &self,
        said: &str,
        number: Option<&str>,
        chosen: Option<&Candidate>,
    ) -> Result<Port, NameError> {
        let declared = chosen.map(|chosen| self.index.ports(chosen)).unwrap_or_default();
        let Some(number) = number else {
            return match &declared[..] {
                [(_, one)] => Ok(*one),
                several => Err(NameError::NoPort {
                    said: said.to_owned(),
                    declared: several.iter().map(|(_, port)| port.to_string()).collect(),
                }),
            };
        };
        let named = declared.iter().find(|(name, _)| name.as_deref() == Some(number));
        match (port(number), named) {
            (_, Some((_, port))) => Ok(*port),
            (Ok(port), None) => Ok(port),
            (Err(expected), None) => {
                let names: Vec<String> =
                    declared.iter().filter_map(|(name, _)| name.clone()).collect();
                let names = match names.is_empty() {
                    true => String::new(),
                    false => format!("; declared there: {}", names.join(", ")),
                };
                let expected = format!("{expected}{names}");
                Err(NameError::BadPort { said: said.to_owned(), expected })
            }
        }
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
