//! Whose address is which: every kind of thing has a range of its own.

/// The address of a Node, of a number: most have one of each family, some two.
pub(super) fn of_node(node: usize, number: usize, v6: bool) -> String {
    match v6 {
        true => format!("fd00:1:{number}::{}", node + 1),
        false => format!("192.168.{number}.{}", node + 1),
    }
}

/// The range of the pods of a Node.
pub(super) fn pod_range(node: usize, v6: bool) -> String {
    if v6 { format!("fd00:10:{node}::/64") } else { format!("10.10.{node}.0/24") }
}

/// The address of a pod, or one in the range of pods that none has.
pub(super) fn of_pod(pod: usize, node: usize, v6: bool) -> String {
    match v6 {
        true => format!("fd00:10:{node}::{}", pod + 2),
        false => format!("10.10.{node}.{}", pod + 2),
    }
}

/// The range of ClusterIPs.
pub(super) fn service_range(v6: bool) -> &'static str {
    if v6 { "fd00:96::/112" } else { "10.96.0.0/16" }
}

/// The ClusterIP of a Service.
pub(super) fn of_service(service: usize, v6: bool) -> String {
    if v6 { format!("fd00:96::{}", service + 10) } else { format!("10.96.0.{}", service + 10) }
}

/// An external address of a Service.
pub(super) fn external(service: usize, v6: bool) -> String {
    match v6 {
        true => format!("2001:db8:1::{}", service + 1),
        false => format!("203.0.113.{}", service + 1),
    }
}

/// The address of a Service's load balancer.
pub(super) fn balancer(service: usize, v6: bool) -> String {
    match v6 {
        true => format!("2001:db8:2::{}", service + 20),
        false => format!("198.51.100.{}", service + 20),
    }
}

/// An address of the world.
pub(super) fn outside(number: usize, v6: bool) -> String {
    match v6 {
        true => format!("2001:db8:9::{}", number + 1),
        false => format!("172.20.0.{}", number + 1),
    }
}
