//! What the API server refuses, or takes otherwise than it is written.

use ipnet::IpNet;

use super::Kept;
use crate::api::{self, NamespacedPods};
use crate::cluster::{Odd, Oddity};
use crate::object::Kind;
use crate::place::{ContainerList, ObjectId, Place};
use crate::policy::PolicyKind;
use crate::selector::Selector;
use crate::sloppy::{parse_cidr, parse_ip};

/// All of them, by name.
pub(super) fn read(kept: &Kept) -> Vec<Oddity> {
    let mut oddities = Vec::new();
    templates(kept, &mut oddities);
    ranges(kept, &mut oddities);
    pods(kept, &mut oddities);
    // By name: the order of the input decides nothing.
    oddities.sort_by(|a, b| (&a.name, &a.what, a.place).cmp(&(&b.name, &b.what, b.place)));
    oddities
}

/// Workloads whose selector does not mean the pods that they would make: the API server refuses them.
fn templates(kept: &Kept, oddities: &mut Vec<Oddity>) {
    let selects = |kind| {
        use Kind::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
        matches!(kind, Deployment | ReplicaSet | StatefulSet | DaemonSet)
    };
    for maker in kept.workloads.iter().filter(|maker| selects(maker.kind)) {
        // What an operator is wrong in selects nothing; who has no selector is not asked.
        let Some(selector) = Selector::read(&maker.selector).filter(|s| !s.is_empty()) else {
            continue;
        };
        if !selector.matches(&maker.template.metadata.labels) {
            oddities.push(Oddity {
                place: Place::field(maker.id, ContainerList::Selector),
                name: format!("{} {}/{}", maker.kind.name(), maker.namespace, maker.name),
                what: Odd::Template(selector.to_string()),
            });
        }
    }
}

/// Ranges of NetworkPolicies with bits behind their prefix (IP-8).
fn ranges(kept: &Kept, oddities: &mut Vec<Oddity>) {
    for (object, policy) in &kept.network_policies {
        let path = format!("{}/{}", policy.metadata.namespace(), policy.metadata.name());
        let mut of = |list: ContainerList, rules: &[api::NetworkPolicyRule]| {
            for (index, rule) in (0..=u16::MAX).zip(rules) {
                let peers = if list == ContainerList::Ingress { &rule.from } else { &rule.to };
                for (at, peer) in (0..=u16::MAX).zip(peers) {
                    let blocks = peer.ip_block.iter();
                    let texts = blocks.flat_map(|b| std::iter::once(&b.cidr).chain(&b.except));
                    for (said, net) in texts.filter_map(|text| Some((text, masked(text)?))) {
                        let short = PolicyKind::NetworkPolicy.short();
                        oddities.push(Oddity {
                            place: peer_place(*object, list, index, at),
                            name: format!("{short}/{path} {}[{index}]", list.field()),
                            what: Odd::HostBits(said.clone(), net),
                        });
                    }
                }
            }
        };
        of(ContainerList::Ingress, &policy.spec.ingress);
        of(ContainerList::Egress, &policy.spec.egress);
    }
}

/// What a range means, where it is written otherwise.
fn masked(text: &str) -> Option<IpNet> {
    let net = parse_cidr(text)?;
    let said = parse_ip(text.split_once('/')?.0)?;
    (said != net.addr() && net.addr().is_ipv4() == said.is_ipv4()).then_some(net)
}

/// Pods that policies of the older kinds choose without a selector of theirs (CNP-17): of the newer
/// one that is refused where it is read.
fn pods(kept: &Kept, oddities: &mut Vec<Oddity>) {
    for (object, kind, policy) in &kept.cluster_policies {
        let kind = match kind {
            Kind::AdminNetworkPolicy => PolicyKind::AdminNetworkPolicy,
            Kind::BaselineAdminNetworkPolicy => PolicyKind::BaselineAdminNetworkPolicy,
            _ => continue,
        };
        let name = format!("{}/{}", kind.short(), policy.metadata.name());
        let mut add = |pods: &Option<NamespacedPods>, place: Place, part: String| {
            if pods.as_ref().is_some_and(|pods| pods.pod_selector.is_none()) {
                let name = format!("{name} {part}");
                oddities.push(Oddity { place, name, what: Odd::NoPodSelector });
            }
        };
        let subject = Place::field(*object, ContainerList::Subject);
        add(&policy.spec.subject.pods, subject, "subject".to_owned());
        let ways = [
            (ContainerList::Ingress, "from", &policy.spec.ingress),
            (ContainerList::Egress, "to", &policy.spec.egress),
        ];
        for (list, part, rules) in ways {
            for (index, rule) in (0..=u16::MAX).zip(rules) {
                let peers = if list == ContainerList::Ingress { &rule.from } else { &rule.to };
                for (at, peer) in (0..=u16::MAX).zip(peers) {
                    let part = format!("{}[{index}].{part}[{at}]", list.field());
                    add(&peer.pods, peer_place(*object, list, index, at), part);
                }
            }
        }
    }
}

fn peer_place(object: ObjectId, list: ContainerList, rule: u16, peer: u16) -> Place {
    Place { object, container: Some((list, rule)), port: Some(peer) }
}
