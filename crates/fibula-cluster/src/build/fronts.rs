//! Ways in that are read and not followed yet: external addresses, load balancers, nodePorts and
//! hostPorts (SVC-20, NM-17).

use rayon::prelude::*;

use crate::api::{PodSpec, Service};
use crate::check::port_number;
use crate::cluster::{Front, FrontAt, FrontOf, Protocol};
use crate::object::{Kind, Object};
use crate::place::ObjectId;
use crate::sloppy::parse_ip;

/// Where the API server takes a nodePort from, unless it is told otherwise (SVC-7).
const NODE_PORTS: (u16, u16) = (30000, 32767);

/// The ways in of all objects. One look at each container port.
pub(super) fn read(objects: &[(ObjectId, Object)]) -> Vec<(ObjectId, bool, Front)> {
    objects
        .par_iter()
        .flat_map_iter(|(id, object)| {
            let made = !matches!(object, Object::Pod(_) | Object::Service(_));
            of(object).into_iter().map(move |front| (*id, made, front))
        })
        .collect()
}

/// Those of them that are there: a workload has its own only where it makes pods.
pub(super) fn kept(
    fronts: Vec<(ObjectId, bool, Front)>,
    makers: &[(ObjectId, Kind)],
) -> Vec<Front> {
    let makes = |id: &ObjectId| makers.binary_search_by_key(id, |(maker, _)| *maker).is_ok();
    let kept = fronts.into_iter().filter(|(id, made, _)| !made || makes(id));
    let mut kept: Vec<Front> = kept.map(|(_, _, front)| front).collect();
    kept.sort();
    kept.dedup();
    kept
}

/// The ways in of one object.
pub(super) fn of(object: &Object) -> Vec<Front> {
    let name = || format!("{}/{}", object.namespace(), object.name());
    match object {
        Object::Service(o) if !o.spec.headless() && !o.spec.is_name() => service(o, name),
        Object::Pod(pod) if matches!(&*pod.status.phase, "Succeeded" | "Failed") => Vec::new(),
        _ => object.spec().map_or_else(Vec::new, |spec| host_ports(spec, name)),
    }
}

fn service(service: &Service, name: impl Fn() -> String) -> Vec<Front> {
    let spec = &service.spec;
    let balancers = service.status.load_balancer.ingress.iter().map(|entry| &entry.ip);
    let addresses: Vec<_> =
        spec.external_ips.iter().chain(balancers).filter_map(|ip| parse_ip(ip)).collect();
    let mut fronts = Vec::new();
    for port in &spec.ports {
        let Some(protocol) = Protocol::read(&port.protocol) else { continue };
        let mut add = |at, (first, last)| {
            fronts.push(Front { of: FrontOf::Service(name()), at, first, last, protocol });
        };
        if let Some(number) = port_number(port.port) {
            addresses.iter().for_each(|ip| add(FrontAt::Address(*ip), (number, number)));
        }
        if spec.on_nodes() {
            let given = port_number(port.node_port).map(|number| (number, number));
            // A LoadBalancer may do without (SVC-23); what is no cluster's object will get one.
            let to_come = spec.addresses().next().is_none().then_some(NODE_PORTS);
            given.or(to_come).into_iter().for_each(|ports| add(FrontAt::Nodes, ports));
        }
    }
    fronts
}

fn host_ports(spec: &PodSpec, name: impl Fn() -> String) -> Vec<Front> {
    if spec.host_network {
        return Vec::new();
    }
    let sidecars = spec.init_containers.iter().filter(|c| c.restart_policy == "Always");
    let ports = spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    ports
        .filter_map(|port| {
            let number = port_number(port.host_port)?;
            let at = match spec.node_name.as_str() {
                "" => FrontAt::Nodes,
                node => FrontAt::Node(node.to_owned()),
            };
            let of = FrontOf::Pod(name());
            let protocol = Protocol::read(&port.protocol)?;
            Some(Front { of, at, first: number, last: number, protocol })
        })
        .collect()
}
