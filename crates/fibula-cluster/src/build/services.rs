//! Services, and the pods that they select.

use rustc_hash::FxHashMap;

use super::Draft;
use super::invent::Family;
use super::pods::one_per_family;
use crate::api::{self, IntOrString};
use crate::check::port_number;
use crate::cluster::Protocol;
use crate::place::ObjectId;
use crate::service::{Distribution, Service, ServiceKind, ServicePort, TargetPort};
use crate::sloppy::parse_ip;

/// A Service on its way into the cluster.
pub(super) struct ServiceDraft {
    pub(super) service: Service,
    /// Which families it asks for, where it would have addresses that the input lacks.
    pub(super) wants: Option<Families>,
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
    let api::Service { metadata, spec, .. } = service;
    let cluster_ips = match spec.external_name() || spec.headless() {
        true => Vec::new(),
        false => one_per_family(spec.addresses().filter_map(parse_ip)),
    };
    let proxied = !spec.external_name() && !spec.headless();
    let none = spec.external_name() || spec.headless() || !cluster_ips.is_empty();
    let wants = (!none).then(|| Families::asked(&spec));
    let ports = (0..).zip(&spec.ports).filter_map(|(index, p)| port(index, p)).collect();
    let (namespace, name, _) = metadata.into_names();
    // The selector of an ExternalName is ignored (SVC-2).
    let selector = if spec.external_name() { Vec::new() } else { spec.selector.into_pairs() };
    ServiceDraft {
        service: Service {
            namespace,
            name,
            cluster_ips,
            invented: false,
            ports,
            selector,
            selects: Vec::new(),
            kind: ServiceKind::ClusterIp,
            proxied,
            external_name: None,
            awaits_node_ports: false,
            external_ips: Vec::new(),
            balancers: Vec::new(),
            source_ranges: Vec::new(),
            internal_local: false,
            external_local: false,
            affinity: None,
            distribution: Distribution::None,
            publish_not_ready: false,
            health_check_port: None,
            endpoints: Vec::new(),
            sliced: false,
            object: id,
        },
        wants,
    }
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

fn port(index: u16, port: &api::ServicePort) -> Option<ServicePort> {
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
        node_port: None,
        index,
    })
}

/// Finds the pods that each Service selects (SVC-10): in its namespace, with all its labels, not
/// finished, with an address of its own or its Node's.
///
/// Each label that some Service wants leads to its pods, and a Service tries the pods of its
/// rarest label: 10,000 Services never meet 150,000 pods each.
pub(super) fn select(services: Vec<ServiceDraft>, drafts: &[Draft]) -> Vec<Service> {
    type Label<'a> = (&'a str, &'a str, &'a str);
    let mut with: FxHashMap<Label<'_>, Vec<usize>> = FxHashMap::default();
    for ServiceDraft { service, .. } in &services {
        for (key, value) in &service.selector {
            with.insert((&service.namespace, key, value), Vec::new());
        }
    }
    for (index, Draft { pod, labels, .. }) in drafts.iter().enumerate() {
        if with.is_empty() || !pod.live || (pod.addresses.is_empty() && !pod.host_network) {
            continue;
        }
        for (key, value) in labels.iter() {
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
            all.filter(|&pod| drafts[pod].labels.matches(&service.selector)).collect()
        })
        .collect();
    services
        .into_iter()
        .zip(selected)
        .map(|(draft, selects)| Service { selects, ..draft.service })
        .collect()
}
