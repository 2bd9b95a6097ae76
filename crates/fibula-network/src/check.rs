//! What the types of a network document and do not enforce.

mod chains;
mod entries;

use std::cell::OnceCell;
use std::fmt;

use rustc_hash::FxHashSet;

use crate::addr::Family;
use crate::element::{ElementId, Kind};
use crate::facts::Entity;
use crate::fib::{Backend, BackendsId, Fib, HopsId, Listener, PipelineId, Scope, When};
use crate::file::{Names, path};
use crate::links::Links;
use crate::network::{AddrSet, Network};

/// Something in a network that its types forbid in words only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What must hold and does not.
    pub what: String,
    /// Where, in the structure of a network's file: `tables.node[3].do`.
    pub path: String,
}

/// Every fault of a network; a network without one can be given to every reader of networks.
///
/// That a network has no fault says nothing of C1 to C4 or R5. Costs a hash of each name and a
/// sort of the links.
pub fn check(network: &Network) -> Vec<Fault> {
    let mut checker = Checker { network, names: OnceCell::new(), faults: vec![] };
    checker.shape();
    // Without its shape, nothing else of a network can be looked up.
    if checker.faults.is_empty() {
        checker.elements();
        checker.facts();
        checker.links();
        checker.pipelines();
        checker.fibs();
        checker.tables();
        checker.chains();
        checker.backends();
        checker.hops();
        checker.owners();
        checker.named();
    }
    checker.faults
}

struct Checker<'n> {
    network: &'n Network,
    names: OnceCell<Names<'n>>,
    faults: Vec<Fault>,
}

fn strictly_sorted<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0] < pair[1])
}

// === impl Checker ===

impl<'n> Checker<'n> {
    fn names(&self) -> &Names<'n> {
        self.names.get_or_init(|| Names::new(self.network))
    }

    fn fault(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.faults.push(Fault { what: what.into(), path: path.into() });
    }

    fn kind(&self, id: ElementId) -> Option<Kind> {
        self.network.elements.get(id.index()).map(|element| element.kind)
    }

    fn shape(&mut self) {
        let n = self.network;
        let count = n.elements.len();
        let has = |len: usize| format!("one for each of {count} elements, not {len}");
        if u32::try_from(count).is_err() {
            self.fault("elements", "at most 4,294,967,295 elements");
        }
        if n.facts.host.len() != count {
            self.fault("elements", format!("a host or none, {}", has(n.facts.host.len())));
        }
        if n.fibs.len() != count {
            self.fault("fibs", format!("a FIB or none, {}", has(n.fibs.len())));
        }
        if n.choices.len() > Network::MAX_CHOICES {
            self.fault("choices", format!("at most {} choices", Network::MAX_CHOICES));
        }
        let pairs: Vec<_> = n.links.pairs().collect();
        let in_range = pairs.iter().all(|(a, b)| a.index().max(b.index()) < count);
        let meshes = || n.links.meshes().to_vec();
        let same = || n.links == Links::new(count, pairs.iter().copied(), meshes());
        if !in_range || count > 0 && !same() {
            self.fault("links", format!("links among {count} elements"));
        }
    }

    fn elements(&mut self) {
        let mut seen = FxHashSet::default();
        seen.reserve(self.network.elements.len());
        for (i, element) in self.network.elements.iter().enumerate() {
            let (kind, name) = (element.kind, &*element.name);
            if !seen.insert((kind, name)) {
                self.fault(format!("elements[{i}].name"), format!("only one {kind} {name:?}"));
            }
            let want = match kind {
                Kind::Container => Some(Kind::Pod),
                Kind::Daemon | Kind::Pod => Some(Kind::Node),
                Kind::World => Some(Kind::Outside),
                Kind::Node | Kind::Outside => None,
            };
            let host = self.network.facts.host[i];
            if host.map(|host| self.kind(host)) != want.map(Some) {
                let want = want.map_or("none", Kind::name);
                let what = format!("{want} as the host of the {kind} {name:?}");
                self.fault(format!("elements[{i}].host"), what);
            }
            if kind.is_process() == self.network.fibs[i].is_some() {
                let has = if kind.is_process() { "no FIB" } else { "a FIB" };
                let key = path("fibs", &self.names().element(ElementId(i as u32)));
                self.fault(key, format!("{has} for a {kind} (N4)"));
            }
        }
    }

    fn facts(&mut self) {
        let facts = &self.network.facts;
        if !strictly_sorted(&facts.addr) {
            self.fault("elements", "addresses sorted, each once for an entity");
        }
        for (entity, addr) in &facts.addr {
            match *entity {
                Entity::Switch(id) if !matches!(self.kind(id), Some(Kind::Pod | Kind::Node)) => {
                    let path = format!("elements[{}].addresses", id.index());
                    self.fault(path, format!("a pod or a node to have {addr} (C1)"));
                }
                Entity::Service(id) if facts.services.get(id.0 as usize).is_none() => {
                    self.fault("services", format!("a service to have {addr}"));
                }
                _ => {}
            }
        }
        if !facts.open.is_sorted_by_key(|open| (open.process, open.port)) {
            self.fault("elements", "open ports sorted by process and port");
        }
        for open in &facts.open {
            if !self.kind(open.process).is_some_and(Kind::is_process) {
                let path = format!("elements[{}].open", open.process.index());
                self.fault(path, format!("a process to listen on {}", open.port));
            }
        }
    }

    fn links(&mut self) {
        for (i, (a, b)) in self.network.links.pairs().enumerate() {
            if a == b {
                self.fault(format!("links[{i}]"), "a link between two elements");
            }
        }
        for (i, mesh) in self.network.links.meshes().iter().enumerate() {
            let member = |id: &ElementId| mesh.members.binary_search(id).is_ok();
            if !strictly_sorted(&mesh.members) {
                self.fault(format!("meshes[{i}].members"), "members sorted, each once");
            }
            if mesh.members.iter().any(|id| self.kind(*id).is_none()) {
                self.fault(format!("meshes[{i}].members"), "elements");
            }
            if mesh.except.iter().any(|(a, b)| a >= b || !member(a) || !member(b)) {
                self.fault(format!("meshes[{i}].except"), "pairs of members, the lower first");
            }
        }
    }

    fn pipelines(&mut self) {
        let count = self.network.tables.len();
        for (i, tables) in self.network.pipelines.iter().enumerate() {
            if tables.iter().any(|table| table.0 as usize >= count) {
                let key = self.names().pipeline(PipelineId(i as u32)).to_owned();
                self.fault(path("pipelines", &key), "tables");
            }
        }
    }

    fn fibs(&mut self) {
        for id in self.network.ids() {
            if let Some(fib) = self.network.fib(id) {
                self.fib(id, fib);
            }
        }
    }

    fn fib(&mut self, id: ElementId, fib: &Fib) {
        let mut bad: Vec<(&str, &str)> = vec![];
        let host = fib.me.host.map(|host| self.kind(host));
        if fib.pipeline.0 as usize >= self.network.pipelines.len() {
            bad.push(("pipeline", "a pipeline"));
        }
        if !strictly_sorted(&fib.me.own) {
            bad.push(("own", "addresses sorted, each once"));
        }
        if fib.me.zone.is_some_and(|zone| zone.0 as usize >= self.network.zones.len()) {
            bad.push(("zone", "a zone"));
        }
        let mut families: Vec<Family> = fib.me.masquerade.iter().map(|a| a.family()).collect();
        families.sort_unstable();
        if !strictly_sorted(&families) {
            bad.push(("masquerade", "at most one address of each family"));
        }
        match (self.kind(id), host) {
            (_, None) | (Some(Kind::Pod), Some(Some(Kind::Node))) => {}
            (Some(Kind::Pod), _) => bad.push(("host", "a node")),
            _ => bad.push(("host", "none but for a pod")),
        }
        if !fib.me.listeners.is_sorted_by_key(|listener| listener.port) {
            bad.push(("listeners", "listeners sorted by port"));
        }
        let process = |l: &Listener| self.kind(l.process).is_some_and(Kind::is_process);
        if !fib.me.listeners.iter().all(process) {
            bad.push(("listeners", "processes as listeners"));
        }
        for (field, what) in bad {
            let key = path("fibs", &self.names().element(id));
            self.fault(format!("{key}.{field}"), what);
        }
    }

    fn value(&self, when: When) -> bool {
        let choice = self.network.choices.get(usize::from(when.choice.0));
        choice.is_some_and(|choice| when.value < choice.values)
    }

    fn is_switch(&self, id: ElementId) -> bool {
        self.kind(id).is_some_and(|kind| !kind.is_process())
    }

    fn backends(&mut self) {
        let network = self.network;
        for (i, list) in network.backends.iter().enumerate() {
            let sees = |backend: &Backend| match backend.at {
                Scope::Everywhere => true,
                Scope::Zone(zone) => (zone.0 as usize) < network.zones.len(),
                Scope::Switch(switch) => self.is_switch(switch),
            };
            let all = list.members.iter().all(sees);
            let sorted = list.members.windows(2).all(|pair| {
                let [a, b] = [pair[0], pair[1]].map(|b| (b.at, b.addr, b.port));
                a < b
            });
            let faults = [
                (all, "switches and zones that see the backends"),
                (sorted, "backends sorted, each address and port once in a scope"),
            ];
            for (_, what) in faults.into_iter().filter(|(holds, _)| !holds) {
                let key = path("backends", self.names().backends(BackendsId(i as u32)));
                self.fault(key, what);
            }
        }
    }

    fn hops(&mut self) {
        let network = self.network;
        for (i, hops) in network.hops.iter().enumerate() {
            let mut seen = FxHashSet::default();
            if hops.is_empty() || !hops.iter().all(|id| self.is_switch(*id) && seen.insert(*id)) {
                let key = path("hops", self.names().hops(HopsId(i as u32)));
                self.fault(key, "one switch or several, each once");
            }
        }
    }

    fn owners(&mut self) {
        if !self.network.owners.is_sorted_by_key(|owner| (owner.addr, owner.when)) {
            self.fault("owners", "owners sorted by address and choice");
        }
        for owner in &self.network.owners {
            let addr = owner.addr;
            if !matches!(self.kind(owner.to), Some(Kind::Pod | Kind::Node)) {
                self.fault(format!("owners[{addr}].to"), format!("a pod or a node to own {addr}"));
            }
            if self.kind(owner.via) != Some(Kind::Node) {
                self.fault(format!("owners[{addr}].via"), format!("a node that leads to {addr}"));
            }
            if !owner.when.is_none_or(|when| self.value(when)) {
                self.fault(format!("owners[{addr}].when"), "a value that the choice has");
            }
        }
    }

    fn named(&mut self) {
        let mut seen = FxHashSet::default();
        for (i, name) in self.network.facts.services.iter().enumerate() {
            if !seen.insert(name) {
                self.fault(format!("services[{i}].name"), format!("only one service {name:?}"));
            }
        }
        seen.clear();
        for set in &self.network.sets {
            let at = || path("sets", &set.name);
            if !seen.insert(&set.name) {
                self.fault(at(), format!("only one set {:?}", set.name));
            }
            let ordered = set.ranges.iter().all(|range| range.lo <= range.hi);
            if !ordered || AddrSet::new(&set.name, set.ranges.clone()) != *set {
                self.fault(at(), "ranges sorted and apart");
            }
        }
        seen.clear();
        for (i, name) in self.network.zones.iter().enumerate() {
            if !seen.insert(name) {
                self.fault(format!("zones[{i}]"), format!("only one zone {name:?}"));
            }
        }
        for (i, choice) in self.network.choices.iter().enumerate() {
            if choice.values == 0 {
                self.fault(format!("choices[{i}].values"), "at least one value");
            }
        }
    }
}

// === impl Fault ===

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.path, self.what)
    }
}
