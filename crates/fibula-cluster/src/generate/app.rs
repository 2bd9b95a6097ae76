//! Apps: what the pods of one Deployment share.

use super::plan::{Plan, letters};
use crate::api::{self, Container, ContainerPort, IntOrString, Labels, Metadata};
use crate::object::Object;

/// The first port that pods of the host network declare.
const FIRST_HOST_PORT: usize = 20_000;

/// Where the API server takes nodePorts from (SVC-7).
const FIRST_NODE_PORT: usize = 30_000;
const LAST_NODE_PORT: usize = 32_767;

/// What the pods of one Deployment share.
pub(super) struct App {
    pub(super) number: usize,
    pub(super) namespace: String,
    pub(super) name: String,
    /// What a Deployment calls its ReplicaSet by.
    pub(super) hash: String,
    pub(super) labels: Labels,
    pub(super) host_network: bool,
    pub(super) containers: Vec<Container>,
}

impl App {
    pub(super) fn new(plan: &Plan, number: usize) -> Self {
        let mut random = plan.random(&[1, number]);
        let name = format!("app-{}", letters(number));
        let labels = [("app", name.as_str()), ("tier", ["front", "back"][random.up_to(1)])];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let host_network = random.next() % 100 < u64::from(plan.host_network);
        let count = 1 + random.up_to(plan.containers - 1);
        let mut declared = 0;
        let containers = (0..count).map(|index| {
            let least = usize::from(index == 0).min(plan.ports);
            let count = least + random.up_to(plan.ports - least);
            let ports = (0..count).map(|_| {
                declared += 1;
                let protocol = match random.up_to(19) {
                    0 => "SCTP",
                    1 | 2 => "UDP",
                    _ => "TCP",
                };
                ContainerPort {
                    name: format!("p-{declared}"),
                    container_port: 8079 + declared,
                    protocol: protocol.into(),
                    ..ContainerPort::default()
                }
            });
            let name = if index == 0 { "main".to_owned() } else { format!("side-{index}") };
            Container { name, ports: ports.collect(), ..Container::default() }
        });
        let containers = containers.collect();
        Self {
            number,
            namespace: plan.namespace_of(number),
            hash: format!("{:08x}", random.next() >> 32),
            name,
            labels: labels.into_iter().collect(),
            host_network,
            containers,
        }
    }

    /// A Service that selects the app, the one with this number in the cluster.
    pub(super) fn service(self, plan: &Plan, number: usize) -> Object {
        let mut random = plan.random(&[3, number]);
        let declared = self.containers.iter().flat_map(|container| &container.ports);
        let mut ports: Vec<_> = (80..)
            .zip(declared)
            .map(|(port, declared)| api::ServicePort {
                name: declared.name.clone(),
                port,
                protocol: declared.protocol.clone(),
                // Pods of the host network declare different numbers by one name.
                target_port: Some(match self.host_network || random.up_to(1) == 0 {
                    true => IntOrString::String(declared.name.clone()),
                    false => IntOrString::Int(declared.container_port),
                }),
                ..api::ServicePort::default()
            })
            .collect();
        if ports.is_empty() {
            ports.push(api::ServicePort { port: 80, ..api::ServicePort::default() });
        }
        let cluster_ips = match (plan.workloads, random.up_to(9) == 0) {
            (_, true) => vec!["None".to_owned()],
            (true, false) => Vec::new(),
            (false, false) => plan.service_addresses(number),
        };
        // The second Service of an app and those after it need a name of their own.
        let name = match number / plan.apps {
            0 => self.name,
            more => format!("{}-{more}", self.name),
        };
        let policy = if plan.dual_stack { "PreferDualStack" } else { "" };
        let mut service = api::Service {
            metadata: Metadata { name, namespace: self.namespace, ..Metadata::default() },
            spec: api::ServiceSpec {
                cluster_ip: cluster_ips.first().cloned().unwrap_or_default(),
                cluster_ips,
                ip_family_policy: policy.to_owned(),
                selector: self
                    .labels
                    .iter()
                    .take(1)
                    .map(|(k, v)| (k.to_owned(), v.to_owned()))
                    .collect(),
                ports,
                ..api::ServiceSpec::default()
            },
            ..api::Service::default()
        };
        open_up(plan, &mut service, number);
        Object::Service(Box::new(service))
    }
}

/// Makes every fourth Service with an address a NodePort or a LoadBalancer, with ports and
/// addresses of its own, as long as there are some; and some prefer near endpoints (SVC-43).
fn open_up(plan: &Plan, service: &mut api::Service, number: usize) {
    let spec = &mut service.spec;
    if spec.headless() {
        return;
    }
    let mut random = plan.random(&[4, number]);
    if random.up_to(7) == 0 {
        spec.traffic_distribution = "PreferSameZone".to_owned();
    }
    let most = (plan.containers * plan.ports).max(1);
    let first = FIRST_NODE_PORT + number * most;
    if random.up_to(3) != 0 || first + most > LAST_NODE_PORT {
        return;
    }
    let balanced = random.up_to(1) == 0;
    spec.kind = if balanced { "LoadBalancer" } else { "NodePort" }.to_owned();
    if random.up_to(3) == 0 {
        spec.external_traffic_policy = "Local".to_owned();
    }
    // A manifest leaves the rest to the cluster.
    if plan.workloads {
        return;
    }
    for (number, port) in (first..).zip(&mut spec.ports) {
        port.node_port = i64::try_from(number).unwrap_or(0);
    }
    if let Some(last) = u8::try_from(number + 1).ok().filter(|_| balanced) {
        let ip = format!("203.0.113.{last}");
        service.status.load_balancer.ingress = vec![api::Ingress { ip, ..api::Ingress::default() }];
    }
}

/// Renumbers ports so that no other slot of a Node has them (POD-8). False, and nothing is
/// changed, once a Node has no port left.
pub(super) fn move_ports(plan: &Plan, containers: &mut [Container], slot: usize) -> bool {
    let most = plan.containers * plan.ports;
    let first = FIRST_HOST_PORT + slot * most;
    if first + most > usize::from(u16::MAX) {
        return false;
    }
    let ports = containers.iter_mut().flat_map(|container| &mut container.ports);
    for (number, port) in (first..).zip(ports) {
        port.container_port = i64::try_from(number).unwrap_or(0);
    }
    true
}
