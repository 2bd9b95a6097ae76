//! Rules that the API ignores, and ranges that no message has.

use ipnet::IpNet;

use super::{rule_name, rules};
use crate::cluster::{Cluster, RangeKind, RangeSource};
use crate::findings::{One, Severity, Told, count};
use crate::place::{ContainerList, Place};
use crate::policy::PeerOf;

pub(super) fn tell(told: &mut Told<'_>) {
    ignored(told);
    blocks_of_services(told);
}

/// Rules of a direction that `policyTypes` leaves out (NP-7).
fn ignored(told: &mut Told<'_>) {
    let mut ones = Vec::new();
    for policy in &told.cluster.policies {
        let ways = [("ingress", policy.ignored.ingress), ("egress", policy.ignored.egress)];
        for (way, _) in ways.iter().filter(|(_, ignored)| *ignored) {
            let name = format!("{way} of {}", policy.called());
            ones.push(One::new(name, Place::field(policy.object, ContainerList::PolicyTypes)));
        }
    }
    told.alike(("ignored-rules", "NP-7", Severity::Warning), ones, |n, names| {
        let count = match n {
            1 => "rules that policyTypes leaves out are".to_owned(),
            n => format!("rules of {n} directions that policyTypes leaves out are"),
        };
        format!("{count} ignored, and isolate nobody: {names}")
    });
}

/// Ranges of nothing but Services' addresses: whatever is sent there has another target when policies
/// are asked (NP-18, DR-2).
fn blocks_of_services(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let mut ones = Vec::new();
    for policy in &cluster.policies {
        for (way, rule) in rules(policy) {
            for peer in rule.peers() {
                if let PeerOf::Block { net, .. } = &peer.what
                    && is_of_services(cluster, net)
                {
                    let name = format!("{} ({net})", rule_name(policy, way, rule));
                    ones.push(One::new(name, peer.place));
                }
            }
        }
    }
    told.alike(("block-of-services", "NP-18", Severity::Warning), ones, |n, names| {
        let hold = if n == 1 { "holds" } else { "hold" };
        format!(
            "{} {hold} addresses of Services only, and policies see those of the pods behind these, \
             so nothing matches: {names}",
            count(n, "range")
        )
    });
}

fn is_of_services(cluster: &Cluster, net: &IpNet) -> bool {
    let single = net.prefix_len() == net.max_prefix_len();
    let mut own = cluster.services.iter().filter(|service| !service.invented);
    let mut ranges = cluster.ranges.iter();
    ranges.any(|range| {
        let known = range.from != RangeSource::Invented;
        known && range.kind == RangeKind::Services && range.net.contains(net)
    }) || (single && own.any(|service| service.cluster_ips.contains(&net.addr())))
}
