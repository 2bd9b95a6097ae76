//! The ranges that addresses come from (IP-1, R3).

use ipnet::IpNet;

use crate::api;
use crate::cluster::{Node, Range, RangeKind, RangeSource};
use crate::options::Options;
use crate::sloppy::parse_cidr;

/// Every range that the input or the user states: podCIDRs (IP-2), ServiceCIDRs (IP-3),
/// OpenShift's Network as it is in force, else as it was asked for.
pub(super) fn stated(
    nodes: &[Node],
    service_cidrs: &[api::ServiceCidr],
    networks: &[api::OpenShiftNetwork],
    options: &Options,
) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut add = |kind, net, from| ranges.push(Range { kind, net, from });
    for node in nodes {
        for &net in &node.pod_cidrs {
            add(RangeKind::Pods, net, RangeSource::PodCidr(node.name.clone()));
        }
    }
    for cidr in service_cidrs {
        let from = RangeSource::Object(format!("ServiceCIDR/{}", cidr.metadata.name()));
        for net in cidr.spec.cidrs.iter().filter_map(|net| parse_cidr(net)) {
            add(RangeKind::Services, net, from.clone());
        }
    }
    for network in networks {
        let from = RangeSource::Object(format!("Network/{}", network.metadata.name()));
        let (spec, status) = (&network.spec, &network.status);
        let pods = either(&status.cluster_network, &spec.cluster_network);
        for net in pods.iter().filter_map(|range| parse_cidr(&range.cidr)) {
            add(RangeKind::Pods, net, from.clone());
        }
        let services = either(&status.service_network, &spec.service_network);
        for net in services.iter().filter_map(|net| parse_cidr(net)) {
            add(RangeKind::Services, net, from.clone());
        }
    }
    let by_user: [(_, &[IpNet]); 3] = [
        (RangeKind::Pods, &options.pod_ranges),
        (RangeKind::Services, &options.service_ranges),
        (RangeKind::Nodes, &options.node_ranges),
    ];
    for (kind, nets) in by_user {
        nets.iter().for_each(|net| add(kind, net.trunc(), RangeSource::Stated));
    }
    ranges.sort();
    ranges.dedup();
    ranges
}

fn either<'a, T>(first: &'a [T], second: &'a [T]) -> &'a [T] {
    if first.is_empty() { second } else { first }
}
