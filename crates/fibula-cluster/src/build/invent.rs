//! Addresses that the input lacks (DR-19).
//!
//! An address comes from the name of its owner, so that it stays when other objects come and go.
//! It lies in a range of our own, where real clusters have none: the first candidate that is four
//! times as big as what must fit (else names would collide too often) and that meets no range and
//! no address of the input.
//!
//! | | IPv4 | where that is too small or taken | IPv6 |
//! |---|---|---|---|
//! | Pods | 198.18.0.0/16 | 240.0.0.0/8 to 243.0.0.0/8 | 2001:db8:1::/48, :101::, :201::, :301:: |
//! | Services | 198.19.0.0/16 | 244.0.0.0/8 to 247.0.0.0/8 | 2001:db8:2::/48, :102::, … |
//! | Nodes | 192.0.2.0/24 | 248.0.0.0/8 to 251.0.0.0/8 | 2001:db8:3::/48, :103::, … |
//!
//! Where the user states a range for them, they lie in that.
//!
//! On a collision the later name takes the next free address. So another object can move only
//! what collides with it, except when it makes the input outgrow a range.
//!
//! The families are those of the input (NM-12): of its pods, podCIDRs and other ranges for pods,
//! else of its Nodes, else of its Services; IPv4 where nothing shows one. A Service without
//! `ipFamilies` has the family of the first Service range, of two IPv4, unless it asks for both
//! (IP-6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use rustc_hash::FxHashSet;

use super::services::{Families, ServiceDraft};
use super::{Draft, assume, hash};
use crate::cluster::{Assumption, Node, Range, RangeKind, RangeSource};
use crate::service::ServiceKind;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address.
    pub(super) fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// Gives addresses to what has none.
pub(super) struct Inventor {
    /// Families of pods and Nodes, in the order of a dual-stack pod's addresses.
    families: Vec<Family>,
    /// The family of a Service that asks for none.
    service_family: Family,
    nets: Vec<IpNet>,
    /// What the user states that addresses come from.
    stated: Vec<Range>,
    addresses: Vec<IpAddr>,
    invented: Vec<Range>,
    counts: [usize; 3],
}

/// A range of one family, and what is taken in it.
struct Pool {
    net: IpNet,
    taken: FxHashSet<IpAddr>,
}

// === impl Inventor ===

impl Inventor {
    /// Learns what the input has: its families, ranges and addresses.
    pub(super) fn new(
        drafts: &[Draft],
        nodes: &[Node],
        services: &[ServiceDraft],
        ranges: &[Range],
    ) -> Self {
        let of_pods = drafts.iter().flat_map(|draft| &draft.pod.addresses).copied();
        let of_nodes = nodes.iter().flat_map(|node| &node.addresses).copied();
        let of_services = services.iter().flat_map(|draft| &draft.service.cluster_ips).copied();
        let of_ranges = |kind| {
            let ranges = ranges.iter().filter(move |range| range.kind == kind);
            ranges.map(|range| range.net.addr())
        };

        let sources = [
            seen(of_pods.clone().chain(of_ranges(RangeKind::Pods))),
            seen(of_nodes.clone()),
            seen(of_services.clone()),
            vec![Family::V4],
        ];
        let families = sources.into_iter().find(|families| !families.is_empty());
        let families = families.unwrap_or_default();
        let services = seen(of_ranges(RangeKind::Services).chain(of_services.clone()));
        let service_family = services.first().or(families.first()).copied();

        let external = nodes.iter().flat_map(|node| &node.external).copied();
        Self {
            service_family: service_family.unwrap_or(Family::V4),
            families,
            nets: ranges.iter().map(|range| range.net).collect(),
            stated: ranges.iter().filter(|r| r.from == RangeSource::Stated).cloned().collect(),
            addresses: of_pods.chain(of_nodes).chain(of_services).chain(external).collect(),
            invented: Vec::new(),
            counts: [0; 3],
        }
    }

    /// Gives addresses to pods, which come sorted by name.
    pub(super) fn pods(&mut self, drafts: &mut [Draft]) {
        let want = drafts.iter().filter(|draft| draft.wants_address).count();
        let mut pools = self.pools(RangeKind::Pods, want);
        for Draft { pod, .. } in drafts.iter_mut().filter(|draft| draft.wants_address) {
            let name = [pod.namespace.as_str(), pod.name.as_str()];
            pod.addresses = pools.iter_mut().filter_map(|pool| pool.take(&name)).collect();
            pod.invented = true;
        }
        self.counts[0] = want;
    }

    /// Gives addresses to Nodes, which come sorted by name.
    pub(super) fn nodes(&mut self, nodes: &mut [Node]) {
        let want = nodes.iter().filter(|node| node.addresses.is_empty()).count();
        let mut pools = self.pools(RangeKind::Nodes, want);
        for node in nodes.iter_mut().filter(|node| node.addresses.is_empty()) {
            let name = [node.name.as_str()];
            node.addresses = pools.iter_mut().filter_map(|pool| pool.take(&name)).collect();
            node.invented = true;
        }
        self.counts[1] = want;
    }

    /// Gives ClusterIPs to Services, which come sorted by name.
    pub(super) fn services(&mut self, services: &mut [ServiceDraft]) {
        for draft in services.iter_mut() {
            if draft.wants_addresses || draft.service.kind == ServiceKind::Headless {
                draft.families = match &draft.asked {
                    Families::Of(list) => list.clone(),
                    Families::First => vec![self.service_family],
                    Families::All => self.families.clone(),
                };
            }
        }
        for family in [Family::V4, Family::V6] {
            let wants =
                |draft: &ServiceDraft| draft.wants_addresses && draft.families.contains(&family);
            let count = services.iter().filter(|draft| wants(draft)).count();
            let Some(mut pool) = self.pool(RangeKind::Services, family, count) else { continue };
            for draft in services.iter_mut().filter(|draft| wants(draft)) {
                let service = &mut draft.service;
                let name = [service.namespace.as_str(), service.name.as_str()];
                service.cluster_ips.extend(pool.take(&name));
                service.invented = true;
            }
        }
        for draft in services.iter_mut().filter(|draft| draft.wants_addresses) {
            if draft.families.first() == Some(&Family::V6) {
                draft.service.cluster_ips.reverse();
            }
            self.counts[2] += 1;
        }
    }

    /// Adds the invented ranges and tells what was invented.
    pub(super) fn finish(self, ranges: &mut Vec<Range>, assumptions: &mut Vec<Assumption>) {
        ranges.extend(self.invented);
        ranges.sort();
        let [pods, nodes, services] = self.counts;
        assume(assumptions, pods, Assumption::PodAddresses);
        assume(assumptions, nodes, Assumption::NodeAddresses);
        assume(assumptions, services, Assumption::ServiceAddresses);
        for (kind, assumption) in [
            (RangeKind::Pods, Assumption::NoPodRange),
            (RangeKind::Services, Assumption::NoServiceRange),
        ] {
            if !ranges.iter().any(|range| range.kind == kind) {
                assumptions.push(assumption);
            }
        }
    }

    fn pools(&mut self, kind: RangeKind, want: usize) -> Vec<Pool> {
        let families = self.families.clone();
        families.into_iter().filter_map(|family| self.pool(kind, family, want)).collect()
    }

    /// A range for so many addresses; none where none is wanted.
    fn pool(&mut self, kind: RangeKind, family: Family, want: usize) -> Option<Pool> {
        if want == 0 {
            return None;
        }
        let free = |net: &IpNet| {
            !self.nets.iter().any(|other| net.contains(other) || other.contains(net))
                && !self.addresses.iter().any(|address| net.contains(address))
        };
        let fits = |net: &IpNet| size(*net) / 4 >= want as u64;
        let taken = |net: IpNet| {
            let taken = self.addresses.iter().filter(|a| net.contains(*a)).copied().collect();
            Pool { net, taken }
        };
        let room = |range: &&Range| {
            let same = range.kind == kind && Family::of(range.net.addr()) == family;
            same && size(range.net) >= want as u64 + 2
        };
        if let Some(range) = self.stated.iter().find(room) {
            return Some(taken(range.net));
        }
        let all = candidates(kind, family);
        // Where the input fills all candidates, their addresses are stepped over one by one.
        let net = all.into_iter().find(|net| fits(net) && free(net)).or(all.last().copied())?;
        let pool = taken(net);
        self.invented.push(Range { kind, net, from: RangeSource::Invented });
        Some(pool)
    }
}

/// The families among addresses, IPv4 first.
fn seen(addresses: impl Iterator<Item = IpAddr>) -> Vec<Family> {
    let (mut v4, mut v6) = (false, false);
    for address in addresses {
        v4 |= address.is_ipv4();
        v6 |= address.is_ipv6();
    }
    let families = [(v4, Family::V4), (v6, Family::V6)];
    families.into_iter().filter(|(seen, _)| *seen).map(|(_, family)| family).collect()
}

/// The ranges of our own, in the order in which they are tried.
fn candidates(kind: RangeKind, family: Family) -> [IpNet; 5] {
    let (n, first, bits) = match kind {
        RangeKind::Pods => (0, Ipv4Addr::new(198, 18, 0, 0), 16),
        RangeKind::Services => (1, Ipv4Addr::new(198, 19, 0, 0), 16),
        RangeKind::Nodes => (2, Ipv4Addr::new(192, 0, 2, 0), 24),
    };
    std::array::from_fn(|i| {
        let step = u8::try_from(i).unwrap_or(0);
        let (address, bits): (IpAddr, u8) = match family {
            Family::V4 if i == 0 => (first.into(), bits),
            Family::V4 => (Ipv4Addr::new(239 + 4 * n + step, 0, 0, 0).into(), 8),
            Family::V6 => {
                let site = u16::from(n) + 1 + 0x100 * u16::from(step);
                (Ipv6Addr::new(0x2001, 0xdb8, site, 0, 0, 0, 0, 0).into(), 48)
            }
        };
        IpNet::new_assert(address, bits)
    })
}

/// How many addresses of a range are used, of IPv6 the first 2^32 only.
fn size(net: IpNet) -> u64 {
    1 << (net.max_prefix_len() - net.prefix_len()).min(32)
}

// === impl Pool ===

impl Pool {
    /// The address of a name: where its hash points, or the next that is free. The first and the
    /// last of a range are left out. Nothing once the range is full.
    fn take(&mut self, name: &[&str]) -> Option<IpAddr> {
        let usable = size(self.net) - 2;
        let start = hash::hash(name) % usable;
        let mut tries = (0..usable).map(|step| at(self.net, 1 + (start + step) % usable));
        let address = tries.find(|address| !self.taken.contains(address))?;
        self.taken.insert(address);
        Some(address)
    }
}

fn at(net: IpNet, offset: u64) -> IpAddr {
    match net.network() {
        IpAddr::V4(base) => {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            Ipv4Addr::from(u32::from(base).saturating_add(offset)).into()
        }
        IpAddr::V6(base) => Ipv6Addr::from(u128::from(base) + u128::from(offset)).into(),
    }
}
