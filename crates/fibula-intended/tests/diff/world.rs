//! What opens and closes to the world: each way in, at each place where it stands, from several
//! addresses.

use std::collections::{BTreeMap, BTreeSet};

use fibula_answers::reach::{At, Who};
use fibula_cluster::Cluster;
use fibula_network::walk::{Life, Walks};
use fibula_network::*;

use crate::Scene;
use crate::brute::{Truth, ask};
use crate::callers::{Way, fronts, led};
use crate::pairs::has;

const WORLD: [&str; 4] = ["198.51.100.7", "203.0.113.5", "8.8.8.8", "2600::1"];

/// By way and address of the world: where it is open, and whether certainly.
type Open = BTreeMap<(Way, Addr), BTreeMap<String, bool>>;

/// A way in is told of where it differs at a place that is in both, and only there.
pub(crate) fn agree(scene: &Scene, clusters: [&Cluster; 2]) -> Result<(), String> {
    let open = [0, 1].map(|side| open(&scene.networks[side], clusters[side]));
    let nobody = |src: &Addr| scene.networks.iter().all(|own| own.owners_of(*src).is_empty());
    let ways: BTreeSet<_> = open.iter().flat_map(BTreeMap::keys).collect();
    let none = BTreeMap::new();
    for key in ways.into_iter().filter(|(_, src)| nobody(src)) {
        let [was, is] = [0, 1].map(|side| open[side].get(key).unwrap_or(&none));
        let (way, src) = key;
        let told = told(scene, way, *src);
        let all = was.values().chain(is.values());
        let certain = all.copied().all(|certain| certain);
        let lost = was.keys().any(|place| !is.contains_key(place));
        let gained = is.keys().any(|place| !was.contains_key(place));
        let stays = !was.is_empty() && !is.is_empty();
        let right = match (lost, gained) {
            _ if was == is => told.is_empty(),
            (true, false) if certain => told.contains(&Told::Closes(stays)),
            (false, true) if certain => told.contains(&Told::Opens(stays)),
            _ => !told.is_empty(),
        };
        if !(right || stays && told.contains(&Told::Moved)) {
            return Err(format!("{way:?} from {src}: {was:?}, then {is:?}; told: {told:?}"));
        }
    }
    Ok(())
}

/// What is told of a way in, and whether it stays elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Opens(bool),
    Closes(bool),
    Moved,
}

fn told(scene: &Scene, way: &Way, src: Addr) -> Vec<Told> {
    let (by, nodes, port, proto, target, number) = way;
    let own = scene.diff.doors.iter().filter(|door| {
        let to = door.to.iter().any(|(id, at)| {
            let who = &scene.diff.parties[id.0 as usize].who;
            let is_pod = matches!(who, Who::Workload { .. });
            at == number && is_pod == target.0 && has(scene, *id, &target.1)
        });
        door.by == *by
            && matches!(door.at, At::Nodes(..)) == *nodes
            && (door.port, door.proto) == (*port, *proto)
            && to
            && door.from.iter().any(|range| range.contains(src))
    });
    let told = own.map(|door| match (&door.moved, door.opens) {
        (Some(_), _) => Told::Moved,
        (None, true) => Told::Opens(door.stays.is_some()),
        (None, false) => Told::Closes(door.stays.is_some()),
    });
    told.collect()
}

fn open(network: &Network, cluster: &Cluster) -> Open {
    let walks = Walks::new(network);
    let mut open = Open::new();
    let Some(world) = network.of_kind(Kind::World).next() else { return open };
    for (by, addr, nodes, port) in fronts(cluster) {
        let dst = Addr::from(addr);
        let own = cluster.nodes.iter().find(|node| node.addresses.contains(&addr));
        let place = match own.filter(|_| nodes) {
            Some(node) => node.name.clone(),
            None => addr.to_string(),
        };
        for src in WORLD.map(|addr| addr.parse::<Addr>().expect("an address")) {
            if src.family() != dst.family() || !network.owners_of(src).is_empty() {
                continue;
            }
            let Port { proto, number: dport } = port;
            let header = Header { src, sport: 41_000, dst, dport, proto };
            let judge = |lives: &[Life]| led(network, lives, header);
            let (to, certain) = match ask(&walks, world, header, judge) {
                Truth::Always((to, _)) => (to, true),
                Truth::Depends(_, all) => (all.into_iter().flat_map(|(to, _)| to).collect(), false),
            };
            for (end, number) in to {
                let end = (network.kind(end) == Kind::Pod, network.element(end).name.to_string());
                let way = (by.clone(), nodes, dport, proto, end, number);
                open.entry((way, src)).or_default().insert(place.clone(), certain);
            }
        }
    }
    open
}
