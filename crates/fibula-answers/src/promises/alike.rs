//! Senders that all ways in take for one another, as long as they lead to none of them.

use fibula_cluster::Cluster;
use fibula_network::{Addr, ElementId, Kind, Network, Range};
use rustc_hash::FxHashMap;

use super::scene::Scene;
use crate::reach;

/// By what ways in tell senders apart.
pub(super) struct Alike {
    /// Nodes that lead messages alike as long as they host none of the endpoints.
    pub(super) groups: Vec<Vec<usize>>,
    /// By Node, its group.
    pub(super) group: Vec<usize>,
    /// Switches of Nodes, by index.
    pub(super) nodes: Vec<ElementId>,
    pub(super) index: FxHashMap<ElementId, usize>,
    /// Senders of one Node that are alike.
    pub(super) all: Vec<One>,
    /// By sender, which of them.
    pub(super) of: FxHashMap<ElementId, usize>,
}

/// Senders of one Node, no filter and no range of who is allowed tells whose addresses apart.
pub(super) struct One {
    /// What they share with those of other Nodes.
    pub(super) like: u32,
    pub(super) node: usize,
    pub(super) members: Vec<ElementId>,
}

// === impl Alike ===

impl Alike {
    pub(super) fn new(scene: &Scene<'_>) -> Alike {
        let network = scene.network();
        let cluster = scene.ground.cluster;
        let nodes: Vec<ElementId> = network.of_kind(Kind::Node).collect();
        let index: FxHashMap<ElementId, usize> = nodes.iter().copied().zip(0..).collect();
        let groups = cluster.map_or(vec![], |cluster| reach::alike(cluster, &scene.filters));
        let mut group = vec![groups.len(); nodes.len()];
        for (at, nodes) in groups.iter().enumerate() {
            nodes.iter().for_each(|node| group[*node] = at);
        }
        let cuts = cluster.map_or(vec![], cuts);
        let mut likes: FxHashMap<(&[u32], Vec<usize>), u32> = FxHashMap::default();
        let mut ones: FxHashMap<(u32, usize), usize> = FxHashMap::default();
        let mut alike =
            Alike { groups, group, nodes, index, all: vec![], of: FxHashMap::default() };
        for id in senders(network) {
            let host = if network.kind(id) == Kind::Node { Some(id) } else { scene.host(id) };
            let node = host.and_then(|host| alike.index.get(&host).copied());
            let atoms = scene.atoms.of(id);
            let Some(node) = node.filter(|_| !atoms.is_empty()) else { continue };
            let place = |addr: &Addr| cuts.partition_point(|cut| cut <= addr);
            let places = match cuts.is_empty() {
                true => vec![],
                false => scene.addresses(id).iter().map(place).collect(),
            };
            let next = likes.len() as u32;
            let like = *likes.entry((atoms, places)).or_insert(next);
            let at = *ones.entry((like, node)).or_insert_with(|| {
                alike.all.push(One { like, node, members: vec![] });
                alike.all.len() - 1
            });
            // Who is not here stands for others last.
            match scene.stranger {
                Some(stranger) if alike.all[at].members.first() == Some(&stranger) => {
                    alike.all[at].members.insert(0, id);
                }
                _ => alike.all[at].members.push(id),
            }
            alike.of.insert(id, at);
        }
        alike
    }
}

fn senders(network: &Network) -> impl Iterator<Item = ElementId> {
    network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node))
}

/// Where the ranges begin and end of those who may use load balancers (SVC-25).
fn cuts(cluster: &Cluster) -> Vec<Addr> {
    let ranges = cluster.services.iter().flat_map(reach::allowed);
    let cuts = ranges.flat_map(|Range { lo, hi }| [Some(lo), hi.next()]);
    let mut cuts: Vec<Addr> = cuts.flatten().collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}
