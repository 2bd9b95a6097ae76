//! What the cluster's zone holds: a full name, and what it has.

use std::net::{IpAddr, Ipv6Addr};

use fibula_cluster::{Cluster, Endpoint, Protocol, Service, ServiceKind};
use fibula_network::{Addr, Port};

use crate::names::index::port;

/// The zone of a cluster's names.
pub(in crate::names) struct Zone<'a> {
    pub(in crate::names) cluster: &'a Cluster,
    /// Its name, in lower case and without dots around it: `cluster.local`.
    pub(in crate::names) name: String,
}

/// What a full name has.
pub(super) enum Record<'a> {
    /// Addresses; of a service record each with its port (DNS-2). At least one.
    Addresses { of: Of, targets: Vec<Target>, by: &'static str },
    /// Another name, and the Service that says so, an index into the cluster's (DNS-5).
    Alias { at: usize, to: &'a str },
}

/// An address, and the port that goes with it.
type Target = (Addr, Option<Port>);

/// Whose addresses a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::names) enum Of {
    /// A Service's, an index into the cluster's.
    Service(usize),
    /// A pod's, an index into the cluster's.
    Pod(usize),
    /// Whoever has the address.
    Anyone,
}

/// Why a full name has nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::names) struct Lack {
    pub(in crate::names) lacks: Lacks,
    /// The same, in words.
    pub(in crate::names) why: String,
    /// The statement that says so.
    pub(in crate::names) by: &'static str,
    /// The namespace and the name of the Service that would have it, or has it not.
    pub(in crate::names) service: Option<(String, String)>,
    /// The namespace of the Service, where it is for want of endpoints.
    pub(in crate::names) ends: Option<String>,
}

/// The first part of a name that is missing: what comes later is nearer to what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::names) enum Lacks {
    /// Names of this form are never given.
    Form,
    /// There is no such namespace.
    Namespace,
    /// The namespace has no such Service.
    Service,
    /// The Service has no such endpoint, or port.
    Part,
    /// The Service has no address.
    Record,
}

// === impl Zone ===

impl<'a> Zone<'a> {
    /// A name with the zone at its end.
    pub(super) fn full(&self, short: &str) -> String {
        format!("{short}.svc.{}", self.name)
    }

    /// Whether a name, in lower case, lies in the zone.
    pub(in crate::names) fn holds(&self, name: &str) -> bool {
        self.strip(name).is_some()
    }

    /// Whether only the cluster could have such a name: it lies in the zone, or would if it were
    /// written out.
    pub(in crate::names) fn is_ours(&self, name: &str) -> bool {
        let name = lower(name);
        let bare = name.trim_end_matches('.');
        let dotless = name.ends_with('.') && !bare.contains('.');
        self.holds(bare)
            || dotless
            || name.starts_with('_')
            || bare.ends_with(".svc")
            || bare.ends_with(".pod")
    }

    fn strip<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_suffix(&*self.name)?.strip_suffix('.')
    }

    /// What a full name has, in lower case and without a dot at the end.
    pub(super) fn look_up(&self, full: &str) -> Result<Record<'a>, Lack> {
        let labels: Vec<&str> = match self.strip(full) {
            Some(short) => short.split('.').collect(),
            None => return Err(self.no_form(full)),
        };
        let (namespace, parts) = match &labels[..] {
            [ip, namespace, "pod"] => return self.pod(full, ip, namespace),
            [parts @ .., namespace, "svc"] => (*namespace, parts),
            _ => return Err(self.no_form(full)),
        };
        match parts {
            [name] => self.named(namespace, name),
            [port, proto, name] if port.starts_with('_') => {
                self.ported(namespace, name, port, proto)
            }
            [part, name] => self.endpoint(namespace, name, part),
            _ => Err(self.no_form(full)),
        }
    }

    /// A Service's own name (DNS-1, DNS-3, DNS-5).
    fn named(&self, namespace: &str, name: &str) -> Result<Record<'a>, Lack> {
        let (at, service) = self.find(namespace, name)?;
        let path = format!("{namespace}/{name}");
        let (targets, by, none): (Vec<Target>, _, _) = match service.kind {
            ServiceKind::ExternalName => {
                let none = || Lack::record(format!("svc/{path} has no externalName"), "DNS-5");
                let alias = service.external_name.as_deref();
                return alias.map(|to| Record::Alias { at, to }).ok_or_else(none);
            }
            ServiceKind::Headless => {
                let all = ready(service).map(|endpoint| (Addr::from(endpoint.addr), None));
                (all.collect(), "DNS-3", "is headless, and none of its endpoints is ready")
            }
            _ => {
                let all = service.cluster_ips.iter().map(|ip| (Addr::from(*ip), None));
                (all.collect(), "DNS-1", "has no ClusterIP yet")
            }
        };
        if targets.is_empty() {
            let ends = (service.kind == ServiceKind::Headless).then(|| namespace.to_owned());
            return Err(Lack { ends, ..Lack::record(format!("svc/{path} {none}"), by) });
        }
        Ok(Record::Addresses { of: Of::Service(at), targets, by })
    }

    /// A service record (DNS-2): the Service's port and its addresses, or of a headless one each
    /// endpoint with its own port.
    fn ported(
        &self,
        namespace: &str,
        name: &str,
        port_said: &str,
        proto: &str,
    ) -> Result<Record<'a>, Lack> {
        let (at, service) = self.find(namespace, name)?;
        let is = |wanted: &fibula_cluster::ServicePort| {
            wanted.name.as_deref().is_some_and(|name| port_said[1..].eq_ignore_ascii_case(name))
                && proto == label(wanted.protocol)
        };
        let Some(index) = service.ports.iter().position(is) else {
            let why = format!("svc/{namespace}/{name} has no port {port_said}.{proto}");
            return Err(Lack::part(why, "DNS-2"));
        };
        let (offered, of) = (&service.ports[index], Of::Service(at));
        let pair = |ip: &IpAddr, number| (Addr::from(*ip), Some(port(offered.protocol, number)));
        let targets: Vec<Target> = match service.kind {
            ServiceKind::Headless => ready(service)
                .filter(|endpoint| usize::from(endpoint.port) == index)
                .map(|endpoint| pair(&endpoint.addr, endpoint.number))
                .collect(),
            _ => service.cluster_ips.iter().map(|ip| pair(ip, offered.number)).collect(),
        };
        if targets.is_empty() {
            let why = format!("svc/{namespace}/{name} has nothing at port {port_said}.{proto}");
            let ends = (service.kind == ServiceKind::Headless).then(|| namespace.to_owned());
            return Err(Lack { ends, ..Lack::record(why, "DNS-2") });
        }
        Ok(Record::Addresses { of, targets, by: "DNS-2" })
    }

    /// The name of an endpoint below its Service: its hostname (DNS-4), which a pod can choose for
    /// itself (DNS-6), or its address with dashes (DNS-7).
    fn endpoint(&self, namespace: &str, name: &str, part: &str) -> Result<Record<'a>, Lack> {
        let (at, service) = self.find(namespace, name)?;
        let headless = service.kind == ServiceKind::Headless;
        let path = (namespace.to_owned(), name.to_owned());
        let called = |endpoint: &Endpoint| {
            headless && endpoint.hostname.as_deref().is_some_and(|h| part.eq_ignore_ascii_case(h))
        };
        let mut met: Vec<&Endpoint> = ready(service).filter(|e| called(e)).collect();
        let mut by = "DNS-4";
        if met.is_empty() {
            let dashed = dashed(part);
            met = ready(service).filter(|e| Some(e.addr) == dashed).collect();
            by = "DNS-7";
        }
        let Some(first) = met.first() else {
            let gone = service.standing().any(called);
            let why = match gone {
                true => format!("{part} of svc/{namespace}/{name} is not ready"),
                false => format!("svc/{namespace}/{name} has no endpoint {part}"),
            };
            let by = if headless { "DNS-4" } else { "DNS-7" };
            let ends = Some(namespace.to_owned());
            return Err(Lack { service: Some(path), ends, ..Lack::part(why, by) });
        };
        let of = match first.pod {
            Some(pod) if met.iter().all(|endpoint| endpoint.pod == first.pod) => {
                let known = self.cluster.pods.get(pod);
                if by == "DNS-4" && known.is_some_and(|pod| pod.subdomain.as_deref() == Some(name))
                {
                    by = "DNS-6";
                }
                Of::Pod(pod)
            }
            _ => Of::Service(at),
        };
        let targets = met.iter().map(|endpoint| (Addr::from(endpoint.addr), None)).collect();
        Ok(Record::Addresses { of, targets, by })
    }

    /// An address with dashes below its namespace (DNS-7). Nobody looks whether a pod has it; the
    /// namespace must be there.
    fn pod(&self, full: &str, ip: &str, namespace: &str) -> Result<Record<'a>, Lack> {
        self.namespace(namespace)?;
        let Some(ip) = dashed(ip) else { return Err(self.no_form(full)) };
        let targets = vec![(Addr::from(ip), None)];
        Ok(Record::Addresses { of: Of::Anyone, targets, by: "DNS-7" })
    }

    fn find(&self, namespace: &str, name: &str) -> Result<(usize, &'a Service), Lack> {
        let services = &self.cluster.services;
        let order = |s: &Service| (&*s.namespace, &*s.name).cmp(&(namespace, name));
        if let Ok(at) = services.binary_search_by(order) {
            return Ok((at, &services[at]));
        }
        let service = Some((namespace.to_owned(), name.to_owned()));
        self.namespace(namespace).map_err(|lack| Lack { service: service.clone(), ..lack })?;
        let why = format!("namespace {namespace} has no Service {name}");
        Err(Lack { lacks: Lacks::Service, why, by: "DNS-8", service, ends: None })
    }

    fn namespace(&self, name: &str) -> Result<(), Lack> {
        match self.cluster.namespaces.binary_search_by(|known| known.name.as_str().cmp(name)) {
            Ok(_) => Ok(()),
            Err(_) => Err(Lack {
                lacks: Lacks::Namespace,
                why: format!("there is no namespace {name}"),
                by: "DNS-8",
                service: None,
                ends: None,
            }),
        }
    }

    pub(super) fn no_form(&self, name: &str) -> Lack {
        let why = format!("{} has no names of the form of {name}", self.name);
        Lack { lacks: Lacks::Form, why, by: "DNS-8", service: None, ends: None }
    }
}

// === impl Lack ===

impl Lack {
    /// A Service that is there, and whose name has nothing.
    pub(super) fn record(why: String, by: &'static str) -> Lack {
        Lack { lacks: Lacks::Record, why, by, service: None, ends: None }
    }

    fn part(why: String, by: &'static str) -> Lack {
        Lack { lacks: Lacks::Part, why, by, service: None, ends: None }
    }
}

// === impl Lacks ===

impl Lacks {
    /// The same of a name with dots to which a namespace was only added: `example.com` speaks of
    /// no Service `com`.
    pub(super) fn of_a_guess(self) -> Lacks {
        if self <= Lacks::Service { Lacks::Form } else { self }
    }
}

/// The endpoints that have a name: those that are ready (DNS-3), in their order.
fn ready(service: &Service) -> impl Iterator<Item = &Endpoint> {
    service.standing().filter(|endpoint| endpoint.ready || service.publish_not_ready)
}

/// The address that a label writes with dashes (DNS-7): `10-0-1-7`, `fd00--7`.
fn dashed(label: &str) -> Option<IpAddr> {
    let v6 = || label.replace('-', ":").parse::<Ipv6Addr>().ok().map(IpAddr::from);
    label.replace('-', ".").parse().ok().or_else(v6)
}

/// A protocol, as the label of a service record.
fn label(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "_tcp",
        Protocol::Udp => "_udp",
        Protocol::Sctp => "_sctp",
    }
}

/// A name as DNS compares it: without case (DNS-1).
pub(in crate::names) fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
