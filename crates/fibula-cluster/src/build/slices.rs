//! EndpointSlices and Endpoints that were read, and what they say of each Service.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::endpoints::Around;
use crate::api::{self, EndpointHints, EndpointPort, EndpointSlice, Endpoints};
use crate::check::{local, port_number};
use crate::cluster::{Node, Pod, Protocol};
use crate::place::ObjectId;
use crate::service::{Distribution, Endpoint, Hints, Service};

/// Who writes the slices of Services with a selector.
pub(crate) const CONTROLLER: &str = "endpointslice-controller.k8s.io";

/// Who mirrors Endpoints into slices.
const MIRROR: &str = "endpointslicemirroring-controller.k8s.io";

/// A namespace and a name.
type Name<'a> = (&'a str, &'a str);

/// Slices and Endpoints, found by the Service that they belong to.
pub(super) struct Slices<'a> {
    slices: FxHashMap<Name<'a>, Vec<(ObjectId, &'a EndpointSlice)>>,
    endpoints: FxHashMap<Name<'a>, (ObjectId, &'a Endpoints)>,
    /// Namespaces from which slices of the controller were read.
    controlled: FxHashSet<&'a str>,
    nodes: FxHashMap<&'a str, usize>,
    /// Live pods by their own addresses; the first by name, where several share one.
    pods: FxHashMap<IpAddr, usize>,
}

/// What a slice, or Endpoints, say of one endpoint.
struct Said<'a> {
    address: &'a api::Address,
    ready: bool,
    serving: bool,
    terminating: bool,
    node: &'a str,
    zone: &'a str,
    hostname: &'a str,
    pod: Option<&'a str>,
    hints: Option<&'a EndpointHints>,
}

/// What slices give a Service.
#[derive(Default)]
pub(super) struct Given {
    /// The endpoints, an address more than once where several slices name it.
    pub(super) endpoints: Vec<Endpoint>,
    /// The Nodes that they name and the cluster does not know, each with the first slice by name.
    pub(super) lost_nodes: BTreeMap<String, ObjectId>,
}

/// The ports of the Service that those of a slice belong to, with the numbers of the latter.
type Joined = Vec<(u16, u16)>;

impl<'a> Slices<'a> {
    /// Both lists come sorted by name.
    pub(super) fn new(
        slices: &'a [(ObjectId, Box<EndpointSlice>)],
        endpoints: &'a [(ObjectId, Box<Endpoints>)],
        pods: &'a [Pod],
        nodes: &'a [Node],
    ) -> Self {
        let mut by_service: FxHashMap<Name<'_>, Vec<_>> = FxHashMap::default();
        let mut controlled = FxHashSet::default();
        for (id, slice) in slices {
            let namespace = slice.metadata.namespace();
            if let Some(service) = slice.service() {
                by_service.entry((namespace, service)).or_default().push((*id, &**slice));
            }
            if slice.managed_by() == CONTROLLER {
                controlled.insert(namespace);
            }
        }
        let mirrored = endpoints.iter().filter(|(_, endpoints)| !endpoints.unmirrored());
        let name = |e: &'a Endpoints| (e.metadata.namespace(), e.metadata.name());
        let endpoints = mirrored.map(|(id, e)| (name(e), (*id, &**e))).collect();
        let mut all = Self {
            slices: by_service,
            endpoints,
            controlled,
            nodes: FxHashMap::default(),
            pods: FxHashMap::default(),
        };
        if !all.slices.is_empty() || !all.endpoints.is_empty() {
            all.nodes = nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
            let live = pods.iter().enumerate().rev().filter(|(_, pod)| pod.live);
            let addresses = live.flat_map(|(i, pod)| pod.addresses.iter().map(move |ip| (*ip, i)));
            all.pods = addresses.collect();
        }
        all
    }

    /// The endpoints that slices give a Service; nothing where its pods are to say. `observed` is
    /// whether the Service was read from a cluster.
    pub(super) fn of(
        &self,
        service: &Service,
        observed: bool,
        around: &Around<'_>,
    ) -> Option<Given> {
        let name = (service.namespace.as_str(), service.name.as_str());
        let slices = self.slices.get(&name).map_or(&[][..], Vec::as_slice);
        let own = service.selector.is_empty();
        let mirror_read = slices.iter().any(|(_, slice)| slice.managed_by() == MIRROR);
        let mirrored = self.endpoints.get(&name).filter(|_| own && !mirror_read);
        let watched = !own && observed && self.controlled.contains(service.namespace.as_str());
        if slices.is_empty() && mirrored.is_none() && !watched {
            return None;
        }

        let mut given = Given::default();
        let hinted = |(_, slice): &(ObjectId, &EndpointSlice)| {
            slice.endpoints.iter().any(|endpoint| !empty(endpoint.hints.as_deref()))
        };
        // What slices say is verbatim (SVC-44); where they say nothing, it is computed (SVC-43).
        let compute = match slices.iter().any(hinted) {
            true => Distribution::None,
            false => service.distribution,
        };
        for (id, slice) in slices.iter().filter(|(_, slice)| !slice.of_names()) {
            let ports = join(service, &slice.ports);
            let v4 = slice.address_type == *"IPv4";
            for said in slice.endpoints.iter().map(Said::from_slice) {
                if said.address.ip().is_some_and(|ip| ip.is_ipv4() == v4) {
                    let node = self.nodes.get(said.node).copied();
                    let hints = match said.hints.filter(|hints| !empty(Some(hints))) {
                        Some(hints) => Some(Arc::new(self.hints(hints))),
                        None if said.ready => around.preferred.of(compute, node, said.zone),
                        None => None,
                    };
                    self.add(service, &said, (*id, &ports), hints, around, &mut given);
                }
            }
        }
        if let Some((id, mirrored)) = mirrored {
            for subset in &mirrored.subsets {
                let ports = join(service, &subset.ports);
                let ready = subset.addresses.iter().map(|address| (address, true));
                let not = subset.not_ready_addresses.iter().map(|address| (address, false));
                for (address, ready) in ready.chain(not) {
                    let said = Said::from_endpoints(address, ready);
                    let node = self.nodes.get(said.node).copied();
                    let hints = around.preferred.of(compute, node.filter(|_| ready), "");
                    self.add(service, &said, (*id, &ports), hints, around, &mut given);
                }
            }
        }
        Some(given)
    }

    fn add(
        &self,
        service: &Service,
        said: &Said<'_>,
        (object, ports): (ObjectId, &Joined),
        hints: Option<Arc<Hints>>,
        around: &Around<'_>,
        given: &mut Given,
    ) {
        let Some(addr) = said.address.ip().filter(|ip| !local(*ip)) else { return };
        let pod = self.pod(service, said, addr, around);
        let node = self.nodes.get(said.node).copied();
        if node.is_none() && !said.node.is_empty() && !ports.is_empty() {
            given.lost_nodes.entry(said.node.to_owned()).or_insert(object);
        }
        for &(port, number) in ports {
            given.endpoints.push(Endpoint {
                port,
                addr,
                number,
                ready: said.ready,
                serving: said.serving,
                terminating: said.terminating,
                node,
                hints: hints.clone(),
                hostname: Some(said.hostname.into()).filter(|_| !said.hostname.is_empty()),
                pod,
                object,
            });
        }
    }

    /// The pod that an endpoint is: the one that it names, if that has its address, else the one
    /// whose own address it is.
    fn pod(
        &self,
        service: &Service,
        said: &Said<'_>,
        addr: IpAddr,
        around: &Around<'_>,
    ) -> Option<usize> {
        let owner = self.pods.get(&addr).copied();
        let Some(name) = said.pod else { return owner };
        // As it nearly always is: what saves a search among all pods.
        let here = |pod: &Pod| pod.name == name && pod.namespace == service.namespace;
        if owner.is_some_and(|at| here(&around.pods[at])) {
            return owner;
        }
        let key = (service.namespace.as_str(), name);
        let by = |pod: &Pod| (pod.namespace.as_str(), pod.name.as_str()).cmp(&key);
        let has = |&at: &usize| {
            let pod = &around.pods[at];
            pod.live && around.addresses(pod).any(|ip| ip == addr)
        };
        around.pods.binary_search_by(by).ok().filter(has).or(owner)
    }

    fn hints(&self, said: &EndpointHints) -> Hints {
        let nodes = said.for_nodes.iter();
        Hints {
            zones: said.for_zones.iter().map(|zone| zone.name.clone()).collect(),
            nodes: nodes.filter_map(|node| self.nodes.get(node.name.as_str()).copied()).collect(),
        }
    }
}

/// The ports of a Service that those of a slice are, by name and protocol (SVC-4), with their
/// numbers there: what the Service says of its targets does not matter (SVC-18). One without ports
/// has the addresses, at whatever ports (DNS-3).
fn join(service: &Service, ports: &[EndpointPort]) -> Joined {
    if service.is_portless() {
        return vec![(0, 0)];
    }
    let joined = ports.iter().filter_map(|port| {
        let number = port_number(port.port)?;
        let protocol = Protocol::read(&port.protocol)?;
        let at = service.ports.iter().position(|own| {
            own.name.as_deref().unwrap_or_default() == port.name && own.protocol == protocol
        })?;
        Some((u16::try_from(at).ok()?, number))
    });
    joined.collect()
}

fn empty(hints: Option<&EndpointHints>) -> bool {
    hints.is_none_or(|hints| hints.for_zones.is_empty() && hints.for_nodes.is_empty())
}

impl<'a> Said<'a> {
    /// With the defaults of a reader (SVC-16).
    fn from_slice(endpoint: &'a api::SliceEndpoint) -> Self {
        let conditions = &endpoint.conditions;
        Self {
            address: &endpoint.addresses.0,
            ready: conditions.ready.unwrap_or(true),
            serving: conditions.serving.unwrap_or(true),
            terminating: conditions.terminating.unwrap_or(false),
            node: endpoint.node(),
            zone: endpoint.zone(),
            hostname: &endpoint.hostname,
            pod: endpoint.target_ref.pod(),
            hints: endpoint.hints.as_deref(),
        }
    }

    fn from_endpoints(endpoint: &'a api::EndpointAddress, ready: bool) -> Self {
        Self {
            address: &endpoint.ip,
            ready,
            serving: true,
            terminating: false,
            node: &endpoint.node_name,
            zone: "",
            hostname: &endpoint.hostname,
            pod: endpoint.target_ref.pod(),
            hints: None,
        }
    }
}
