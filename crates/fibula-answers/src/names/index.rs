//! Everything that has a name, and what it means.

use fibula_cluster::{Cluster, Pod, Protocol, Service, ServiceKind, TargetPort};
use fibula_network::{Addr, Element, ElementId, Entity, Family, Kind, Network, Port, Proto};

use rustc_hash::FxHashMap;

use super::candidate::{Candidate, Wanted, What};
use super::dns::Resolver;
use super::parse::Said;

/// The names of a network and its cluster.
pub(crate) struct Index<'a> {
    network: &'a Network,
    cluster: Option<&'a Cluster>,
    /// Processes by host, sorted.
    processes: Vec<(ElementId, ElementId)>,
    /// The switch of a pod, or on a host network its containers, by `namespace/name`.
    pods: FxHashMap<&'a str, Vec<ElementId>>,
}

// === impl Index ===

impl<'a> Index<'a> {
    pub(crate) fn new(network: &'a Network, cluster: Option<&'a Cluster>) -> Index<'a> {
        let mut pods: FxHashMap<&str, Vec<ElementId>> = FxHashMap::default();
        let mut processes = vec![];
        for id in network.ids() {
            let Element { kind, name, .. } = network.element(id);
            if kind.is_process()
                && let Some(host) = network.facts.host(id)
            {
                processes.push((host, id));
            }
            match (kind, name.rsplit_once('/')) {
                (Kind::Pod, _) => pods.entry(name).or_default().push(id),
                (Kind::Daemon, Some((pod, _))) => pods.entry(pod).or_default().push(id),
                _ => {}
            }
        }
        processes.sort_unstable();
        Index { network, cluster, processes, pods }
    }

    /// What a name means: of all that have it those of the best kind, in the namespace that was
    /// said, else in the one meant, else in the first of `homes` that has some, else in any.
    /// Several only where nothing tells them apart.
    pub(crate) fn find(
        &self,
        said: &Said<'_>,
        namespace: Option<&str>,
        homes: &[&str],
        wanted: Wanted,
    ) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = vec![];
        self.each(&|name| said.may_mean(name), &mut |candidate| {
            let kind = said.prefix.is_none_or(|prefix| prefix == candidate.what.prefix());
            if !kind || !wanted.takes(&candidate.what) || !candidate.is_called(said) {
                return;
            }
            let same = |known: &&mut Candidate| {
                known.what == candidate.what && known.path() == candidate.path()
            };
            match found.iter_mut().find(same) {
                Some(known) => known.elements.extend(&candidate.elements),
                None => found.push(candidate),
            }
        });
        let near = |c: &Candidate, home: &str| c.namespace.is_empty() || c.namespace == home;
        let home = homes.iter().copied().find(|home| found.iter().any(|c| near(c, home)));
        if let Some(home) = namespace.or(home).filter(|_| !said.says_namespace()) {
            found.retain(|candidate| near(candidate, home));
        }
        // A workload stands for its pods, and a pod for its containers of the same name.
        let all = found.clone();
        found.retain(|candidate| {
            let mut others = all.iter().filter(|other| other.namespace == candidate.namespace);
            others.all(|other| candidate.what <= other.what)
        });
        found
    }

    /// Names that look like one, best first, three at most.
    pub(crate) fn near(
        &self,
        said: &Said<'_>,
        namespace: Option<&str>,
        wanted: Wanted,
    ) -> Vec<String> {
        let home = said.namespace().or(namespace).unwrap_or("default");
        let name = said.last();
        let mut near: Vec<(usize, String)> = vec![];
        self.each(&|_| true, &mut |candidate| {
            let distance = strsim::damerau_levenshtein(name, candidate.last());
            let part = name.len() >= 3 && candidate.last().contains(name);
            if wanted.takes(&candidate.what) && (part || distance <= 1 + name.len() / 4) {
                let here = candidate.namespace.is_empty() || candidate.namespace == home;
                let last = candidate.last().to_owned();
                let name = if here { last } else { format!("{}/{last}", candidate.namespace) };
                near.push((distance + usize::from(!here), name));
            }
        });
        near.sort();
        near.dedup_by(|a, b| a.1 == b.1);
        near.truncate(3);
        near.into_iter().map(|(_, name)| name).collect()
    }

    /// Objects of that name that contradict each other, and in which field.
    pub(crate) fn kept_out(
        &self,
        said: &Said<'_>,
        namespace: Option<&str>,
    ) -> Option<(String, String)> {
        let twins = &self.cluster?.twins;
        let (name, wanted) = match (said.dns, said.path.rsplit_once('/')) {
            (Some((name, namespace)), _) | (_, Some((namespace, name))) => (name, Some(namespace)),
            _ => (said.path, namespace),
        };
        let found = twins
            .iter()
            .find(|twins| twins.name == name && wanted.is_none_or(|n| twins.namespace == n))?;
        Some((found.called(), found.differ.clone()))
    }

    /// Services of that namespace and name that contradict each other, and in which field: DNS
    /// has the name, and nobody knows what it says there.
    pub(crate) fn torn(&self, (namespace, name): &(String, String)) -> Option<(String, String)> {
        let mut twins = self.cluster?.twins.iter();
        let found =
            twins.find(|t| t.kind == "Service" && t.namespace == *namespace && t.name == *name)?;
        Some((found.called(), found.differ.clone()))
    }

    /// What alone has an address: a Pod, a Node or a Service.
    pub(crate) fn at(&self, address: Addr) -> Option<Candidate> {
        let facts = &self.network.facts;
        let mut owners = facts.addr.iter().filter(|(_, known)| *known == address);
        let (Some((entity, _)), None) = (owners.next(), owners.next()) else { return None };
        match *entity {
            Entity::Switch(id) => Some(self.element(id)),
            Entity::Service(id) => {
                let name = facts.services.get(id.0 as usize)?;
                let (namespace, name) = name.split_once('/').unwrap_or(("", name));
                let order = |s: &Service| (&*s.namespace, &*s.name).cmp(&(namespace, name));
                let at = self.services().binary_search_by(order).unwrap_or(usize::MAX);
                Some(Candidate::new(What::Service, namespace, name, vec![], at))
            }
        }
    }

    /// The world, if the network has one.
    pub(crate) fn world(&self) -> Option<Candidate> {
        self.network.of_kind(Kind::World).next().map(|id| self.element(id))
    }

    /// The processes of an element: itself, or those that it hosts; a Node's own come from daemons
    /// that are in no object first, for everyone has those.
    pub(crate) fn processes(&self, element: ElementId) -> Vec<ElementId> {
        if self.network.kind(element).is_process() {
            return vec![element];
        }
        let start = self.processes.partition_point(|(host, _)| *host < element);
        let hosted = self.processes[start..].iter().take_while(|(host, _)| *host == element);
        hosted.map(|(_, process)| *process).collect()
    }

    /// The addresses of a candidate that is no Service.
    pub(crate) fn addresses(&self, candidate: &Candidate) -> Vec<Addr> {
        let Some(&element) = candidate.elements.first() else { return vec![] };
        let switch = match self.network.kind(element) {
            Kind::World => return vec![SOMEWHERE],
            kind if kind.is_process() => self.network.facts.host(element).unwrap_or(element),
            _ => element,
        };
        let mut addresses: Vec<Addr> =
            self.network.facts.addresses(Entity::Switch(switch)).collect();
        // The order of the object is not the network's; a client tries IPv4 first.
        addresses.sort_by_key(|addr| addr.family() == Family::V6);
        addresses
    }

    /// The ports that are declared at a candidate, with their names.
    pub(crate) fn ports(&self, candidate: &Candidate) -> Vec<(Option<String>, Port)> {
        if let Some(service) = self.service(candidate) {
            return offered(service);
        }
        let first = candidate.elements.first().map(|first| self.pod_of(*first));
        let first = candidate.elements.iter().filter(|id| Some(self.pod_of(**id)) == first);
        let facts = &self.network.facts;
        first
            .flat_map(|element| self.processes(*element))
            .flat_map(|process| facts.ports(process))
            .map(|open| (self.port_name(candidate, open.port), open.port))
            .collect()
    }

    /// How many pods a candidate stands for, or other things that can be sent to.
    pub(crate) fn pods(&self, candidate: &Candidate) -> usize {
        let mut pods: Vec<&str> = candidate.elements.iter().map(|id| self.pod_of(*id)).collect();
        pods.sort_unstable();
        pods.dedup();
        pods.len()
    }

    /// The pod that an element is, or that a host-network container belongs to, by name.
    fn pod_of(&self, id: ElementId) -> &'a str {
        let Element { kind, name, .. } = self.network.element(id);
        match name.rsplit_once('/') {
            Some((pod, _)) if *kind == Kind::Daemon => pod,
            _ => name,
        }
    }

    /// A Service of the cluster, by index.
    pub(crate) fn named_service(&self, at: usize) -> Option<Candidate> {
        let service = self.services().get(at)?;
        Some(Candidate::new(What::Service, &service.namespace, &service.name, vec![], at))
    }

    /// A pod of the cluster, by index.
    pub(crate) fn named_pod(&self, at: usize) -> Option<Candidate> {
        let pod = self.cluster?.pods.get(at)?;
        let elements = self.elements(pod);
        Some(Candidate::new(What::Pod, &pod.namespace, &pod.name, elements, at))
    }

    /// Where a process looks names up: as the pod says that it is in.
    pub(crate) fn resolver(&self, process: ElementId) -> Resolver {
        if self.network.kind(process) == Kind::World {
            return Resolver::of_world();
        }
        let name = self.network.element(process).name.rsplit_once('/').map_or("", |(pod, _)| pod);
        let (namespace, name) = name.split_once('/').unwrap_or_default();
        let order = |p: &Pod| (&*p.namespace, &*p.name).cmp(&(namespace, name));
        let pods = self.cluster.map_or(&[][..], |cluster| &cluster.pods);
        match pods.binary_search_by(order) {
            Ok(at) => Resolver::of_pod(&pods[at]),
            Err(_) => Resolver::of_node(),
        }
    }

    /// The elements that a pod is: its switch, or its containers on its Node's network.
    fn elements(&self, pod: &Pod) -> Vec<ElementId> {
        let path = format!("{}/{}", pod.namespace, pod.name);
        self.pods.get(&*path).filter(|_| pod.live).cloned().unwrap_or_default()
    }

    /// Why a thing of the cluster takes no part in the network.
    pub(crate) fn out_of_it(&self, candidate: &Candidate) -> Option<String> {
        let pod = self.pod(candidate)?;
        match pod {
            _ if !pod.live && pod.placed => {
                Some("has no Node: it has no process and no address (POD-5)".into())
            }
            _ if !pod.live => Some("has finished: it has no process and no address (POD-6)".into()),
            _ if !pod.host_network && pod.addresses.is_empty() => {
                Some("has no address yet (POD-5)".into())
            }
            _ => None,
        }
    }

    fn service(&self, candidate: &Candidate) -> Option<&'a Service> {
        match candidate.what {
            What::Service => self.services().get(candidate.at),
            _ => None,
        }
    }

    fn pod(&self, candidate: &Candidate) -> Option<&'a Pod> {
        match candidate.what {
            What::Pod | What::Workload(_) => self.cluster?.pods.get(candidate.at),
            _ => None,
        }
    }

    fn services(&self) -> &'a [Service] {
        self.cluster.map_or(&[], |cluster| &cluster.services)
    }

    fn port_name(&self, candidate: &Candidate, wanted: Port) -> Option<String> {
        let pods = &self.cluster?.pods;
        let pod = pods.iter().find(|pod| match candidate.what {
            What::Pod | What::Container | What::Daemon => {
                pod.namespace == candidate.namespace
                    && candidate.name.split('/').next() == Some(&pod.name)
            }
            What::Workload(_) => {
                pod.namespace == candidate.namespace && pod.workload.name == candidate.name
            }
            _ => false,
        })?;
        let ports = pod.containers.iter().flat_map(|container| &container.ports);
        ports.filter(|p| port(p.protocol, p.number) == wanted).find_map(|p| p.name.clone())
    }

    /// Everything that has a name that may be meant, one after the other.
    fn each(&self, may: &dyn Fn(&str) -> bool, visit: &mut dyn FnMut(Candidate)) {
        for (at, service) in self.services().iter().enumerate().filter(|(_, s)| may(&s.name)) {
            visit(Candidate::new(What::Service, &service.namespace, &service.name, vec![], at));
        }
        for id in self.network.ids() {
            let Element { kind, name, .. } = self.network.element(id);
            if *kind != Kind::Outside && may(name) {
                visit(self.element(id));
            }
        }
        for (at, pod) in self.cluster.iter().flat_map(|c| c.pods.iter().enumerate()) {
            let is_named = may(&pod.name) && (pod.host_network || self.elements(pod).is_empty());
            if is_named {
                let elements = self.elements(pod);
                visit(Candidate::new(What::Pod, &pod.namespace, &pod.name, elements, at));
            }
            if pod.workload.kind != "Pod" && may(&pod.workload.name) {
                let what = What::Workload(pod.workload.kind.clone());
                let elements = self.elements(pod);
                visit(Candidate::new(what, &pod.namespace, &pod.workload.name, elements, at));
            }
        }
    }

    fn element(&self, id: ElementId) -> Candidate {
        let element = self.network.element(id);
        let parts = element.name.split_once('/');
        let (what, (namespace, name)) = match element.kind {
            Kind::Container => (What::Container, parts.unwrap_or(("", &element.name))),
            Kind::Pod => (What::Pod, parts.unwrap_or(("", &element.name))),
            Kind::World => (What::World, ("", &*element.name)),
            // `n1/kubelet` is in a namespace as little as n1 is; `shop/agent/agent` is in one.
            Kind::Daemon => match parts {
                Some((namespace, rest)) if rest.contains('/') => (What::Daemon, (namespace, rest)),
                _ => (What::Daemon, ("", &*element.name)),
            },
            Kind::Node | Kind::Outside => (What::Node, ("", &*element.name)),
        };
        Candidate::new(what, namespace, name, vec![id], usize::MAX)
    }
}

/// An address of the world, for those who only say that (RFC 5737, TEST-NET-3).
pub(crate) const SOMEWHERE: Addr = Addr::v4([203, 0, 113, 1]);

/// The ports at which a Service's addresses answer: of a headless one its endpoints' own, for
/// nothing translates them (DNS-3).
fn offered(service: &Service) -> Vec<(Option<String>, Port)> {
    let mut offered = vec![];
    for (at, asked) in (0..).zip(&service.ports) {
        let ends = service.endpoints_of(at);
        let mut numbers: Vec<u16> = match (service.kind, &asked.target) {
            (ServiceKind::Headless, TargetPort::Number(target)) if ends.is_empty() => vec![*target],
            (ServiceKind::Headless, _) => ends.iter().map(|endpoint| endpoint.number).collect(),
            _ => vec![asked.number],
        };
        numbers.sort_unstable();
        numbers.dedup();
        offered.extend(numbers.iter().map(|n| (asked.name.clone(), port(asked.protocol, *n))));
    }
    offered
}

/// A port of an object, as a header has it.
pub(crate) fn port(protocol: Protocol, number: u16) -> Port {
    Port { proto: proto(protocol), number }
}

/// A protocol of an object, as a header has it.
pub(crate) fn proto(protocol: Protocol) -> Proto {
    match protocol {
        Protocol::Tcp => Proto::Tcp,
        Protocol::Udp => Proto::Udp,
        Protocol::Sctp => Proto::Sctp,
    }
}
