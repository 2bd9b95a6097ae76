//! Services, with their defaults, and the pods that they select.

use rustc_hash::FxHashMap;

use super::Draft;
use super::invent::Family;
use super::pods::one_per_family;
use crate::api::{self, IntOrString};
use crate::check::port_number;
use crate::cluster::Protocol;
use crate::place::ObjectId;
use crate::service::{Balancer, Distribution, Service, ServiceKind, ServicePort, TargetPort};
use crate::sloppy::{parse_cidr, parse_ip};

/// For how long a client keeps its endpoint where the Service does not say, in seconds (SVC-1).
const AFFINITY: u32 = 10_800;

/// A Service on its way into the cluster.
pub(super) struct ServiceDraft {
    pub(super) service: Service,
    /// Whether it would have addresses, but the input has none to give.
    pub(super) wants_addresses: bool,
    /// The families that it asks for.
    pub(super) asked: Families,
    /// The families of its endpoints (SVC-12): those that it has addresses of, or would have.
    pub(super) families: Vec<Family>,
    /// Whether it was read from a cluster, which has completed it.
    pub(super) observed: bool,
}

/// The families that a Service asks for (IP-6).
pub(super) enum Families {
    /// These, in this order.
    Of(Vec<Family>),
    /// The cluster's first.
    First,
    /// All that the cluster has.
    All,
}

/// Reads Services with their defaults (SVC-1).
pub(super) fn read(services: Vec<(ObjectId, Box<api::Service>)>) -> Vec<ServiceDraft> {
    services.into_iter().map(|(id, service)| one(id, *service)).collect()
}

fn one(id: ObjectId, service: api::Service) -> ServiceDraft {
    let api::Service { metadata, spec, status } = service;
    let kind = kind(&spec);
    let nameless = matches!(kind, ServiceKind::Headless | ServiceKind::ExternalName);
    let cluster_ips = match nameless {
        true => Vec::new(),
        false => one_per_family(spec.addresses().filter_map(parse_ip)),
    };
    let wants_addresses = !nameless && cluster_ips.is_empty();
    let asked = Families::asked(&spec);
    let families = cluster_ips.iter().map(|ip| Family::of(*ip)).collect();

    // Another proxy's, or nobody's (SVC-5).
    let others = [api::PROXY_NAME, api::HEADLESS];
    let proxied = !nameless && others.iter().all(|key| metadata.labels.get(key).is_none());
    let local = |policy: &str| policy == "Local";
    let external_local = local(&spec.external_traffic_policy) && spec.externally_accessible();
    let balanced = kind == ServiceKind::LoadBalancer;
    let health = port_number(spec.health_check_node_port);
    let allocates = !balanced || spec.allocate_load_balancer_node_ports != Some(false);
    let affinity = (spec.session_affinity == "ClientIP").then(|| {
        let said = spec.session_affinity_config.client_ip.timeout_seconds;
        said.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(AFFINITY)
    });
    let source_ranges = match spec.load_balancer_source_ranges.is_empty() {
        _ if !balanced => Vec::new(),
        true => metadata.annotations.source_ranges().filter_map(parse_cidr).collect(),
        false => {
            let ranges = spec.load_balancer_source_ranges.iter();
            ranges.filter_map(|range| parse_cidr(range.trim())).collect()
        }
    };
    let distribution = match spec.traffic_distribution.as_str() {
        _ if metadata.annotations.topology_auto() => Distribution::Auto,
        "PreferClose" | "PreferSameZone" => Distribution::SameZone,
        "PreferSameNode" => Distribution::SameNode,
        _ => Distribution::None,
    };
    let mut external_ips: Vec<_> = spec.external_ips.iter().filter_map(|ip| parse_ip(ip)).collect();
    external_ips.sort();
    external_ips.dedup();
    let on_nodes = spec.on_nodes();
    let ports = (0..).zip(&spec.ports).filter_map(|(index, p)| port(index, p, on_nodes)).collect();

    let observed = metadata.uid.0;
    let is_name = spec.is_name();
    let (namespace, name, _) = metadata.into_names();
    ServiceDraft {
        service: Service {
            namespace,
            name,
            kind,
            proxied,
            // What has an address has been completed, nodePorts too.
            awaits_node_ports: wants_addresses && on_nodes && allocates,
            cluster_ips,
            invented: false,
            external_name: Some(spec.external_name).filter(|name| is_name && !name.is_empty()),
            ports,
            external_ips,
            balancers: status.load_balancer.ingress.into_iter().filter_map(balancer).collect(),
            source_ranges,
            internal_local: local(&spec.internal_traffic_policy),
            external_local,
            affinity,
            distribution,
            publish_not_ready: spec.publish_not_ready_addresses,
            health_check_port: health.filter(|_| balanced && external_local),
            // The selector of an ExternalName is ignored (SVC-2).
            selector: if is_name { Vec::new() } else { spec.selector.into_pairs() },
            selects: Vec::new(),
            endpoints: Vec::new(),
            portless: Vec::new(),
            lost_nodes: Vec::new(),
            sliced: false,
            object: id,
        },
        wants_addresses,
        asked,
        families,
        observed,
    }
}

fn kind(spec: &api::ServiceSpec) -> ServiceKind {
    match spec.kind.as_str() {
        _ if spec.is_name() => ServiceKind::ExternalName,
        _ if spec.headless() => ServiceKind::Headless,
        "NodePort" => ServiceKind::NodePort,
        "LoadBalancer" => ServiceKind::LoadBalancer,
        _ => ServiceKind::ClusterIp,
    }
}

fn balancer(entry: api::Ingress) -> Option<Balancer> {
    let ip = parse_ip(&entry.ip);
    let hostname = Some(entry.hostname).filter(|name| !name.is_empty());
    let known = ip.is_some() || hostname.is_some();
    known.then(|| Balancer { ip, hostname, proxy: entry.ip_mode == "Proxy" })
}

impl Families {
    fn asked(spec: &api::ServiceSpec) -> Self {
        let families = spec.ip_families.iter().filter_map(|family| match family.as_str() {
            "IPv4" => Some(Family::V4),
            "IPv6" => Some(Family::V6),
            _ => None,
        });
        let families: Vec<_> = families.collect();
        let dual = matches!(spec.ip_family_policy.as_str(), "PreferDualStack" | "RequireDualStack");
        match families.is_empty() {
            false => Self::Of(families),
            true if dual => Self::All,
            true => Self::First,
        }
    }
}

fn port(index: u16, port: &api::ServicePort, on_nodes: bool) -> Option<ServicePort> {
    let number = port_number(port.port)?;
    let target = match &port.target_port {
        None | Some(IntOrString::Int(0)) => TargetPort::Number(number),
        Some(IntOrString::Int(target)) => TargetPort::Number(port_number(*target)?),
        Some(IntOrString::String(name)) if name.is_empty() => TargetPort::Number(number),
        Some(IntOrString::String(name)) => TargetPort::Name(name.clone()),
    };
    Some(ServicePort {
        name: Some(port.name.clone()).filter(|name| !name.is_empty()),
        number,
        protocol: Protocol::read(&port.protocol)?,
        target,
        node_port: port_number(port.node_port).filter(|_| on_nodes),
        index,
    })
}

/// Finds the pods that each Service selects (SVC-10): in its namespace, with all its labels, not
/// finished, with an address of its own or its Node's.
///
/// Each label that some Service wants leads to its pods, and a Service tries the pods of its
/// rarest label: 10,000 Services never meet 150,000 pods each.
pub(super) fn select(services: &mut [ServiceDraft], drafts: &[Draft]) {
    type Label<'a> = (&'a str, &'a str, &'a str);
    let mut with: FxHashMap<Label<'_>, Vec<usize>> = FxHashMap::default();
    for ServiceDraft { service, .. } in &*services {
        for (key, value) in &service.selector {
            with.insert((&service.namespace, key, value), Vec::new());
        }
    }
    for (index, Draft { pod, .. }) in drafts.iter().enumerate() {
        if with.is_empty() || !pod.live || (pod.addresses.is_empty() && !pod.host_network) {
            continue;
        }
        for (key, value) in pod.labels.iter() {
            if let Some(pods) = with.get_mut(&(pod.namespace.as_str(), key, value)) {
                pods.push(index);
            }
        }
    }
    let selected: Vec<Vec<usize>> = services
        .iter()
        .map(|ServiceDraft { service, .. }| {
            let labels = service.selector.iter();
            let lists = labels.filter_map(|(k, v)| with.get(&(service.namespace.as_str(), k, v)));
            let rarest = lists.min_by_key(|pods| pods.len());
            let all = rarest.into_iter().flatten().copied();
            all.filter(|&pod| drafts[pod].pod.labels.matches(&service.selector)).collect()
        })
        .collect();
    for (draft, selects) in services.iter_mut().zip(selected) {
        draft.service.selects = selects;
    }
}
