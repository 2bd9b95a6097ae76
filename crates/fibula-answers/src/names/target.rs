//! Where a message goes: what DNS in the namespace of FROM gives, else the workload of that name.

use fibula_network::{Addr, Port};

use super::ask::Ask;
use super::candidate::{Candidate, Wanted, What};
use super::dns::{Asks, Found, Lack, Lacks, Miss, Of};
use super::parse::{self, Said};
use super::{DEFAULT, From, NameError, Names, To, only};

/// What a name is taken for.
enum Meant {
    /// What DNS says.
    Found(Found),
    /// A thing that is no Service.
    Thing(Candidate),
}

// === impl Names ===

impl Names<'_> {
    /// Where a message goes, by name and port. Names are looked up as `from` would (DNS-9, DNS-11);
    /// without one, as a pod of the namespace that is meant would.
    ///
    /// # Errors
    ///
    /// A name that means nothing, or several things; a port that is missing or makes no sense; and
    /// the two answers that are no address, [`NameError::NoSuchName`] and [`NameError::Elsewhere`].
    pub fn to(&self, said: &str, from: Option<&From>) -> Result<To, NameError> {
        let (name, port_said) = parse::split(said);
        let parsed = Said::parse(name);
        if let Some(address) = parsed.address {
            let chosen = self.index.at(address);
            let port = self.port(said, port_said, chosen.as_ref())?;
            let addresses = vec![address];
            return Ok(To { addresses, port, chosen, literal: true, alike: 1, dns: None });
        }
        match self.meant(name, &parsed, from)? {
            Meant::Found(found) => self.found(said, port_said, found),
            Meant::Thing(chosen) => {
                let addresses = self.index.addresses(&chosen);
                if addresses.is_empty() {
                    let why = self.mute(&chosen, "no address in this network");
                    return Err(NameError::Mute { said: name.to_owned(), why });
                }
                let port = self.port(said, port_said, Some(&chosen))?;
                let alike = self.index.pods(&chosen);
                let chosen = Some(chosen);
                Ok(To { addresses, port, chosen, literal: false, alike, dns: None })
            }
        }
    }

    fn meant(
        &self,
        name: &str,
        parsed: &Said<'_>,
        from: Option<&From>,
    ) -> Result<Meant, NameError> {
        let Some(zone) = &self.zone else {
            return self.one(name, parsed, &[DEFAULT], Wanted::Target).map(Meant::Thing);
        };
        let ask = Ask::new(name, zone, from, self.namespace);
        // `svc/web` and `shop/web` say an object, and ask nobody.
        if name.contains('/') {
            let chosen = self.one(name, parsed, &[ask.home, DEFAULT], Wanted::Target)?;
            return match chosen.what {
                What::Service => self.service(&ask, chosen.at),
                _ => Ok(Meant::Thing(chosen)),
            };
        }
        match (zone.resolve(name, ask.home), ask.asks) {
            (Ok(found), Asks::Cluster) => Ok(Meant::Found(found)),
            (Err(Miss::Outside(names)), Asks::Cluster) => Err(ask.outside(names, vec![])),
            (Err(Miss::Lack(lack)), _) => self.beyond(&ask, parsed, lack),
            (Ok(found), _) => Err(self.unasked(&ask, found.alias.map_or(found.of, Of::Service))),
            (Err(Miss::Outside(_)), _) => Err(self.unasked(&ask, Of::Anyone)),
        }
    }

    /// A Service's addresses, whoever asks.
    fn service(&self, ask: &Ask<'_>, at: usize) -> Result<Meant, NameError> {
        ask.zone.service(ask.said, at).map(Meant::Found).map_err(|miss| match miss {
            Miss::Lack(lack) => ask.no_such_name(lack.why, lack.by, vec![]),
            Miss::Outside(names) => ask.outside(names, vec![]),
        })
    }

    /// What a name means of which the cluster's DNS knows nothing. A workload, as people say it;
    /// a Service of another namespace is none, for no client finds it by this name. What only the
    /// cluster could name is a name that does not exist; with a dot it is the outside's to say; a
    /// word that nothing here has is a slip of the pen.
    fn beyond(&self, ask: &Ask<'_>, parsed: &Said<'_>, lack: Lack) -> Result<Meant, NameError> {
        if let Some((object, differ)) = lack.service.as_ref().and_then(|s| self.index.torn(s)) {
            return Err(NameError::KeptOut { said: ask.said.to_owned(), object, differ });
        }
        let lacking = |lack: Lack| {
            let near = ask.near(Some(&lack));
            Err(ask.no_such_name(lack.why, lack.by, near))
        };
        if lack.lacks == Lacks::Record || ask.zone.is_ours(ask.said) {
            return lacking(lack);
        }
        let homes = [ask.home, DEFAULT];
        let dotted = ask.said.contains('.');
        let mut found = self.index.find(parsed, self.namespace, &homes, Wanted::Target);
        // With a dot it is a name of another zone, or it would have been resolved.
        found.retain(|candidate| !(dotted && candidate.what == What::Service));
        let service = found.iter().find(|candidate| candidate.what == What::Service);
        match (service, ask.asks) {
            (Some(service), _) if ask.from.is_none() => return self.service(ask, service.at),
            (Some(_), Asks::Cluster) => return lacking(lack),
            (Some(service), _) => return Err(self.unasked(ask, Of::Service(service.at))),
            (None, _) => {}
        }
        if let Some(thing) = only(ask.said, found)? {
            return Ok(Meant::Thing(thing));
        }
        match self.unknown(ask.said, parsed, &homes, Wanted::Target) {
            NameError::Unknown { .. } if dotted && lack.lacks >= Lacks::Service => lacking(lack),
            NameError::Unknown { near, .. } if dotted => {
                let names = ask.near(Some(&lack));
                Err(ask.outside(vec![], if names.is_empty() { near } else { names }))
            }
            other => Err(other),
        }
    }

    /// Why a name of the cluster means nothing to a sender that does not ask the cluster; and what
    /// to say for the Service or the pod that has it.
    fn unasked(&self, ask: &Ask<'_>, of: Of) -> NameError {
        let (mut near, holder) = match of {
            Of::Service(at) => (ask.ways_in(at), self.index.named_service(at)),
            Of::Pod(at) => (vec![], self.index.named_pod(at)),
            Of::Anyone => (vec![], None),
        };
        near.extend(holder.map(|holder| holder.full()));
        match ask.asks {
            Asks::Other { why, by } => ask.no_such_name(why.to_owned(), by, near),
            Asks::Own | Asks::Cluster => ask.unread(near),
        }
    }

    /// The target that DNS gives: its port is the one of the service record, else the one that was
    /// said or that is the only one declared there.
    fn found(&self, said: &str, port_said: Option<&str>, found: Found) -> Result<To, NameError> {
        let Found { resolved, of, alias, ports } = found;
        let mut addresses = resolved.addresses.clone();
        let holder = match of {
            Of::Service(at) => self.index.named_service(at),
            Of::Pod(at) => self.index.named_pod(at),
            Of::Anyone => addresses.first().and_then(|address| self.index.at(*address)),
        };
        let port = match (ports, port_said) {
            (Some(records), None) => {
                let mut declared: Vec<Port> = records.iter().map(|(_, port)| *port).collect();
                declared.sort_unstable();
                declared.dedup();
                sole(said, declared.into_iter())?
            }
            (Some(records), Some(number)) => {
                let port = self.port(said, Some(number), holder.as_ref())?;
                // Each endpoint of a headless Service can have another port: those are meant that
                // have the one that was said.
                let has = |addr: &Addr| records.contains(&(*addr, port));
                if addresses.iter().any(has) {
                    addresses.retain(has);
                }
                port
            }
            (None, _) => self.port(said, port_said, holder.as_ref())?,
        };
        let chosen = alias.and_then(|at| self.index.named_service(at)).or(holder);
        let alike = chosen.as_ref().map_or(1, |chosen| self.index.pods(chosen));
        Ok(To { addresses, port, chosen, literal: false, alike, dns: Some(resolved) })
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
            return sole(said, declared.iter().map(|(_, port)| *port));
        };
        let mut named: Vec<Port> = vec![];
        for (name, port) in &declared {
            if name.as_deref() == Some(number) && !named.contains(port) {
                named.push(*port);
            }
        }
        match (parse::port(number), &named[..]) {
            // Of containers of one pod the first of a name counts (SVC-14); the endpoints of a
            // headless Service are several, and one message has one port.
            (_, [port, ..]) if chosen.is_some_and(|chosen| chosen.what != What::Service) => {
                Ok(*port)
            }
            (_, [_, ..]) => sole(said, named.iter().copied()),
            (Ok(port), []) => Ok(port),
            (Err(expected), []) => {
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
}

/// The port, where it is the only one.
fn sole(said: &str, declared: impl Iterator<Item = Port> + Clone) -> Result<Port, NameError> {
    let mut ports = declared.clone();
    match (ports.next(), ports.next()) {
        (Some(port), None) => Ok(port),
        _ => Err(NameError::NoPort {
            said: said.to_owned(),
            declared: declared.map(|port| port.to_string()).collect(),
        }),
    }
}
