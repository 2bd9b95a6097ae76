//! SVC-40 to SVC-46: which endpoints of a port a switch may choose.

use fibula_cluster::{Endpoint, Service};
use fibula_network::{Addr, Backend, Backends, Family, Scope, ZoneId};

use super::fronts;
use crate::graph::object_place;

/// The sets of endpoints of a port, in one family (SVC-12).
pub(super) struct Sets {
    /// The Cluster set: the first of these lists of which a switch sees a backend. Preferred ones
    /// come first.
    pub(super) cluster: Vec<Backends>,
    /// The Local set: of each Node its own.
    pub(super) local: Option<Backends>,
    /// Whether any endpoint could be used, somewhere.
    pub(super) any: bool,
}

/// Which sets are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) cluster: bool,
    pub(super) local: bool,
}

/// The sets of SVC-40. Session affinity chooses among the same (SVC-42).
pub(super) fn sets(
    zones: &[&str],
    service: &Service,
    port: usize,
    family: Family,
    wanted: Wanted,
) -> Sets {
    let all = service.endpoints_of(port as u16).iter();
    let usable = all.filter(|e| Addr::from(e.addr).family() == family && (e.ready || ending(e)));
    let usable: Vec<&Endpoint> = usable.collect();
    let mut sets = Sets { cluster: vec![], local: None, any: !usable.is_empty() };
    if !sets.any {
        return sets;
    }
    let name = fronts::name(service, &service.ports[port], family);
    let list = |what: &str, members: Vec<Backend>| match members.is_empty() {
        true => None,
        false => Some(Backends::new(&format!("{name}{what}"), members)),
    };
    let ready = || usable.iter().copied().filter(|e| e.ready);
    if wanted.cluster {
        // SVC-46: a hint counts where every ready endpoint has one.
        let near = |hinted: fn(&Endpoint) -> bool| ready().next().is_some() && ready().all(hinted);
        let mut lists = vec![];
        if near(|e| !e.nodes().is_empty()) {
            let at = |e| Endpoint::nodes(e).iter().map(|node| Scope::Switch(super::node(*node)));
            let members = ready().flat_map(|e| at(e).map(|at| backend(e, at))).collect();
            lists.extend(list(" on the same Node", members));
        }
        if near(|e| !e.zones().is_empty()) {
            let at = |e| Endpoint::zones(e).iter().filter_map(|z| zone(zones, Some(z)));
            let of = |e| at(e).map(move |zone| backend(e, Scope::Zone(zone)));
            lists.extend(list(" in the same zone", ready().flat_map(of).collect()));
        }
        // SVC-41: those that are about to end serve where no other does.
        let some_ready = ready().next().is_some();
        let rest = usable.iter().filter(|e| e.ready == some_ready);
        lists.extend(list("", rest.map(|e| backend(e, Scope::Everywhere)).collect()));
        sets.cluster = lists;
    }
    if wanted.local {
        // Hints do not count here (SVC-45).
        let mut placed: Vec<(usize, bool, &Endpoint)> =
            usable.iter().filter_map(|e| Some((e.node?, !e.ready, *e))).collect();
        placed.sort_by_key(|(node, ending, _)| (*node, *ending));
        let of = |here: &[(usize, bool, &Endpoint)]| {
            let (node, ending, _) = here[0];
            let at = Scope::Switch(super::node(node));
            let best = here.iter().take_while(|e| e.1 == ending);
            best.map(|e| backend(e.2, at)).collect::<Vec<_>>()
        };
        let members = placed.chunk_by(|a, b| a.0 == b.0).flat_map(of).collect();
        sets.local = list(" on this Node", members);
    }
    sets
}

/// A zone, if a Node is in it.
pub(super) fn zone(zones: &[&str], name: Option<&str>) -> Option<ZoneId> {
    zones.binary_search(&name?).ok().map(|zone| ZoneId(zone as u32))
}

/// Whether it still serves while it ends: the last resort of SVC-40.
fn ending(endpoint: &Endpoint) -> bool {
    endpoint.serving && endpoint.terminating
}

fn backend(endpoint: &Endpoint, at: Scope) -> Backend {
    let Endpoint { addr, number, object, .. } = *endpoint;
    Backend { at, addr: Addr::from(addr), port: number, place: object_place(object) }
}
