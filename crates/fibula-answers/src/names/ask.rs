//! One question about a name: who asks for it, and the answers that are no address.

use fibula_cluster::{Endpoint, Service};
use fibula_network::Addr;

use super::candidate::What;
use super::dns::{Asks, Lack, Lacks, Zone};
use super::{DEFAULT, From, NameError};

/// A name, and who asks for it.
pub(super) struct Ask<'a> {
    /// The name as it was said.
    pub(super) said: &'a str,
    /// What the cluster knows.
    pub(super) zone: &'a Zone<'a>,
    /// Who asks, if that is known.
    pub(super) from: Option<&'a From>,
    /// Whom they ask.
    pub(super) asks: Asks,
    /// The namespace that a plain name means.
    pub(super) home: &'a str,
}

/// How many names are offered in place of one that means nothing.
const MOST_NEAR: usize = 3;

// === impl Ask ===

impl<'a> Ask<'a> {
    /// The question of a sender, whose own namespace comes before the one that was stated: that is
    /// how its search list begins (DNS-9).
    pub(super) fn new(
        said: &'a str,
        zone: &'a Zone<'a>,
        from: Option<&'a From>,
        stated: Option<&'a str>,
    ) -> Ask<'a> {
        let own = from.and_then(|from| from.resolver.namespace.as_deref());
        let asks = from.map_or(Asks::Cluster, |from| from.resolver.asks);
        Ask { said, zone, from, asks, home: own.or(stated).unwrap_or(DEFAULT) }
    }

    pub(super) fn no_such_name(
        &self,
        why: String,
        by: &'static str,
        near: Vec<String>,
    ) -> NameError {
        NameError::NoSuchName { said: self.said.to_owned(), why, by, near: few(near) }
    }

    /// The name, or the last of its aliases, lies in another zone (DNS-5).
    pub(super) fn outside(&self, names: Vec<String>, near: Vec<String>) -> NameError {
        let why = match names.last() {
            Some(last) => {
                format!("leads to {last}, outside of the cluster: no address is known here")
            }
            None => "is a name outside of the cluster: no address is known here".to_owned(),
        };
        let by = if names.is_empty() { "DNS-9" } else { "DNS-5" };
        NameError::Elsewhere { said: self.said.to_owned(), names, why, by, near: few(near) }
    }

    /// The sender asks somebody whom nothing that was read names.
    pub(super) fn unread(&self, near: Vec<String>) -> NameError {
        let why = "is asked of whom the sender's dnsConfig names, for its dnsPolicy is None; \
                   dnsConfig is not read"
            .to_owned();
        let said = self.said.to_owned();
        NameError::Elsewhere { said, names: vec![], why, by: "DNS-11", near: few(near) }
    }

    /// Names that look like this one and that the sender would find, best first.
    pub(super) fn near(&self, lack: Option<&Lack>) -> Vec<String> {
        let Some((namespace, name)) = lack.and_then(|lack| lack.service.as_ref()) else {
            return vec![];
        };
        let dotted = self.said.contains('.');
        let mut near: Vec<(usize, String)> = vec![];
        for service in &self.zone.cluster.services {
            let here = service.namespace == *namespace;
            let apart = match distance(namespace, &service.namespace) {
                // A plain word says nothing of the namespace.
                _ if !dotted => Some(usize::from(!here)),
                apart => apart,
            };
            let (Some(apart), Some(off)) = (apart, distance(name, &service.name)) else {
                continue;
            };
            if lack.is_some_and(|lack| lack.lacks == Lacks::Part) && apart + off == 0 {
                near.extend(self.parts(service));
            } else {
                near.push((off + apart, self.call(service, None)));
            }
        }
        near.sort();
        near.into_iter().map(|(_, name)| name).collect()
    }

    /// The endpoints of a Service whose names look like the first label of this one.
    fn parts(&self, service: &Service) -> Vec<(usize, String)> {
        let label = self.said.split('.').next().unwrap_or_default();
        let hosts = service.standing().filter(|endpoint| endpoint.ready);
        let hosts = hosts.filter_map(|endpoint: &Endpoint| endpoint.hostname.as_deref());
        hosts
            .filter_map(|host| Some((distance(label, host)?, self.call(service, Some(host)))))
            .collect()
    }

    /// The shortest name by which the sender finds a Service, or an endpoint below it.
    fn call(&self, service: &Service, host: Option<&str>) -> String {
        let Service { namespace, name, .. } = service;
        if self.asks != Asks::Cluster {
            return format!("svc/{namespace}/{name}");
        }
        let stem = host.map_or(name.clone(), |host| format!("{host}.{name}"));
        if *namespace == self.home { stem } else { format!("{stem}.{namespace}") }
    }

    /// The addresses by which the world finds a Service, where the world asks.
    pub(super) fn ways_in(&self, at: usize) -> Vec<String> {
        let world = self.from.is_some_and(|from| from.chosen.what == What::World);
        let Some(service) = self.zone.cluster.services.get(at).filter(|_| world) else {
            return vec![];
        };
        let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
        let all = balancers.chain(service.external_ips.iter().copied());
        all.map(|ip| Addr::from(ip).to_string()).collect()
    }
}

/// How far a name is from one that exists, if it could be meant.
fn distance(said: &str, known: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(said, known);
    let part = said.len() >= 3 && known.contains(said);
    (part || distance <= 1 + said.len() / 4).then_some(distance)
}

/// The best names, each once.
fn few(names: Vec<String>) -> Vec<String> {
    let mut few: Vec<String> = vec![];
    for name in names {
        if few.len() < MOST_NEAR && !few.contains(&name) {
            few.push(name);
        }
    }
    few
}
