//! Services by hand, and what becomes of messages to them as text.

use std::sync::Arc;

use fibula_cluster::{
    Balancer, Cluster, Endpoint, Hints, ObjectId, Protocol, Service, ServicePort, TargetPort,
};
use fibula_network::walk::{Life, Step, Verdict, branches, reply};
use fibula_network::*;

use super::print::{find, short};
use super::{ips, service};

/// A Service `s1` at 10.96.0.1, port 80, with these endpoints.
pub(crate) fn web(endpoints: Vec<Endpoint>) -> Service {
    let ports = vec![port(0, 80)];
    Service { ports, endpoints, ..service("s1", &["10.96.0.1"]) }
}

/// A TCP port without a name.
pub(crate) fn port(index: u16, number: u16) -> ServicePort {
    let (name, protocol, target) = (None, Protocol::Tcp, TargetPort::Number(8080));
    ServicePort { name, number, protocol, target, node_port: None, index }
}

/// The same with a nodePort.
pub(crate) fn node_port(index: u16, number: u16, node_port: u16) -> ServicePort {
    ServicePort { node_port: Some(node_port), ..port(index, number) }
}

/// A ready endpoint at port 8080 of a pod on a Node, by its index.
pub(crate) fn ready(addr: &str, node: usize) -> Endpoint {
    Endpoint {
        port: 0,
        addr: ips(&[addr])[0],
        number: 8080,
        ready: true,
        serving: true,
        terminating: false,
        node: Some(node),
        hints: None,
        hostname: None,
        pod: None,
        object: ObjectId(0),
    }
}

/// One that serves until it has ended.
pub(crate) fn ending(addr: &str, node: usize) -> Endpoint {
    Endpoint { ready: false, terminating: true, ..ready(addr, node) }
}

/// One that is not ready.
pub(crate) fn unready(addr: &str, node: usize) -> Endpoint {
    Endpoint { ready: false, serving: false, ..ready(addr, node) }
}

/// An endpoint that is preferred by these zones and Nodes.
pub(crate) fn hinted(endpoint: Endpoint, zones: &[&str], nodes: &[usize]) -> Endpoint {
    let zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
    Endpoint { hints: Some(Arc::new(Hints { zones, nodes: nodes.to_vec() })), ..endpoint }
}

/// What a load balancer has given: an address that Nodes serve, or one of its own.
pub(crate) fn balancer(ip: &str, proxy: bool) -> Balancer {
    Balancer { ip: Some(ips(&[ip])[0]), hostname: None, proxy }
}

/// K1 with Services.
pub(crate) fn k1_with(services: Vec<Service>) -> Cluster {
    Cluster { services, ..super::k1() }
}

/// Where a TCP message ends, in each of its branches:
/// `SVC-50 SVC-61 c1-1:8080 from 10.0.0.1`, `SVC-50 rejected at n1`. It begins with the statements
/// that decided, but for those about routes and replies; a reply that is lost is told.
pub(crate) fn ends(network: &Network, from: &str, to: &str, choices: &[u8]) -> Vec<String> {
    sent(network, from, None, to, Proto::Tcp, choices)
}

/// The same of a message from another address than the sender's first, or of another protocol.
pub(crate) fn sent(
    network: &Network,
    from: &str,
    src: Option<&str>,
    to: &str,
    proto: Proto,
    choices: &[u8],
) -> Vec<String> {
    let (dst, dport) = to.rsplit_once(':').expect("an address and a port");
    let dst: Addr = dst.trim_matches(['[', ']']).parse().expect("an address");
    let process = find(network, from);
    let src = match src {
        Some(src) => src.parse().expect("an address"),
        None => source(network, process, dst.family()),
    };
    let header = Header { src, sport: 40000, dst, dport: dport.parse().expect("a port"), proto };
    let branches = branches(network, process, header, choices, 100);
    assert!(branches.all);
    branches.lives.iter().map(|life| told(network, life, choices)).collect()
}

/// The address that a process sends from.
fn source(network: &Network, process: ElementId, family: Family) -> Addr {
    let host = network.facts.host(process).and_then(|host| network.fib(host));
    let own = host.and_then(|fib| fib.me.own.iter().find(|addr| addr.family() == family));
    let somewhere = match family {
        Family::V4 => "198.51.100.7",
        Family::V6 => "2001:db8::7",
    };
    own.copied().unwrap_or_else(|| somewhere.parse().expect("an address"))
}

fn told(network: &Network, life: &Life, choices: &[u8]) -> String {
    let mut words = vec![];
    let mut received = None;
    for step in &life.steps {
        match step {
            Step::Decide { entry, becomes, .. } => {
                let rule = network.entry(*entry).origin.rule.as_ref();
                if rule.starts_with("SVC") || rule.starts_with("POD") {
                    words.push(rule.to_owned());
                }
                received = becomes.or(received);
            }
            Step::Recv { header, .. } => received = Some(*header),
            Step::Send { .. } | Step::Pass { .. } => {}
        }
    }
    let at = short(network, life.ending.at);
    match (life.ending.verdict, received) {
        (Verdict::Delivered, Some(header)) => {
            let port = Port { proto: header.proto, number: header.dport };
            words.push(format!("{at}:{port} from {}", header.src));
            let reply = reply(network, life, choices).expect("a delivered message");
            if reply.ending.verdict != Verdict::Delivered {
                words.push("(reply lost)".to_owned());
            }
        }
        (verdict, _) => words.push(format!("{} at {at}", verdict.name())),
    }
    words.join(" ")
}
