//! What hosts what, and which links are there or missing: what every picture begins with.

use fibula_network::{ElementId, Entity, Kind, Links, Network};

use crate::page::Text;
use crate::preface::{count, thousands};
use crate::style::Label;
use crate::view::View;

/// What each element hosts: containers in Pods in Nodes (G5 to G7).
pub(crate) struct Outline {
    hosted: Vec<ElementId>,
    starts: Vec<u32>,
}

/// How many elements of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    counts: [usize; Kind::ALL.len()],
}

/// Up to this many Nodes, every pair of them is looked at where they are no single mesh.
const PAIRS: usize = 1_000;

// === impl Outline ===

impl Outline {
    /// Costs two passes over the elements.
    pub(crate) fn new(network: &Network) -> Outline {
        let count = network.elements.len();
        let mut starts = vec![0_u32; count + 1];
        for host in network.facts.host.iter().flatten() {
            starts[host.index() + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut hosted = vec![ElementId(0); starts[count] as usize];
        for id in network.ids() {
            if let Some(host) = network.facts.host(id) {
                let at = &mut next[host.index()];
                hosted[*at as usize] = id;
                *at += 1;
            }
        }
        Outline { hosted, starts }
    }

    /// What an element hosts, in the network's order.
    pub(crate) fn hosted(&self, host: ElementId) -> &[ElementId] {
        let at = |i: usize| self.starts[i] as usize;
        &self.hosted[at(host.index())..at(host.index() + 1)]
    }

    /// Everything that an element hosts, and what that hosts.
    pub(crate) fn census(&self, network: &Network, host: ElementId) -> Census {
        let mut census = Census::default();
        for id in self.hosted(host) {
            census.count(network.kind(*id));
            for id in self.hosted(*id) {
                census.count(network.kind(*id));
            }
        }
        census
    }
}

// === impl Census ===

impl Census {
    /// The elements of a network.
    pub(crate) fn new(network: &Network) -> Census {
        let mut census = Census::default();
        for element in &network.elements {
            census.count(element.kind);
        }
        census
    }

    fn count(&mut self, kind: Kind) {
        self.counts[kind as usize] += 1;
    }

    /// How many there are of a kind.
    pub(crate) fn of(self, kind: Kind) -> usize {
        self.counts[kind as usize]
    }

    /// How many elements there are of these kinds that a picture of the cluster shows.
    pub(crate) fn drawn(self) -> usize {
        [Kind::Node, Kind::Pod, Kind::Container, Kind::Daemon]
            .map(|kind| self.of(kind))
            .iter()
            .sum()
    }

    /// `2 nodes, 4 pods, 8 containers, 2 daemons`, without the kinds that there are none of.
    pub(crate) fn text(self) -> String {
        let kinds = [Kind::Node, Kind::Pod, Kind::Container, Kind::Daemon];
        let counted = kinds.iter().filter(|kind| self.of(**kind) > 0);
        let parts: Vec<String> = counted.map(|kind| count(self.of(*kind), kind.name())).collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }
}

/// The addresses of an element, ` 10.0.0.1` each.
pub(crate) fn addresses(view: &View<'_>, id: ElementId) -> String {
    let addresses = view.network.facts.addresses(Entity::Switch(id));
    addresses.map(|addr| format!(" {addr}")).collect()
}

/// The ports that a process listens on, ` :8080` each.
pub(crate) fn ports(view: &View<'_>, id: ElementId) -> String {
    view.network.facts.ports(id).iter().map(|open| format!(" :{}", open.port)).collect()
}

/// What is said of the links (N2): first what G5 to G8 ask for and is there, then each that is
/// missing, then each that nothing asks for; of those not more than `max`.
pub(crate) fn links(view: &View<'_>, max: usize) -> Vec<Vec<Text>> {
    let network = view.network;
    let nodes: Vec<ElementId> = network.of_kind(Kind::Node).collect();
    let outside: Vec<ElementId> = network.of_kind(Kind::Outside).collect();
    let links = &network.links;
    let mut missing: Vec<(ElementId, ElementId)> = network
        .ids()
        .filter_map(|id| Some((id, network.facts.host(id)?)))
        .filter(|(id, host)| !links.contains(*id, *host))
        .collect();
    let apart = between(links, &nodes);
    missing.extend(apart.iter().flatten());
    let out = nodes.iter().flat_map(|node| outside.iter().map(move |outside| (*node, *outside)));
    missing.extend(out.filter(|(node, outside)| !links.contains(*node, *outside)));
    let asked = |a: ElementId, b: ElementId| {
        let node = |id| matches!(network.kind(id), Kind::Node | Kind::Outside);
        network.facts.host(a) == Some(b) || network.facts.host(b) == Some(a) || node(a) && node(b)
    };
    let more: Vec<_> = links.pairs().filter(|(a, b)| !asked(*a, *b)).collect();

    let mut parts = match (nodes.len(), &apart) {
        (0 | 1, _) => vec![],
        (2, _) => vec!["the two nodes with each other".to_owned()],
        (n, Some(_)) => vec![format!("each of {} nodes with every other", thousands(n as u64))],
        (n, None) => vec![format!("some of {} nodes with some others", thousands(n as u64))],
    };
    match (nodes.len(), outside.is_empty()) {
        (0, _) | (_, true) => {}
        (1, false) => parts.push("the node with the outside".to_owned()),
        (_, false) => parts.push("each node with the outside".to_owned()),
    }
    parts.push("all else with its host".to_owned());
    let but = if missing.is_empty() { "" } else { "; but not all" };
    let mut rows = vec![vec![
        Text::new().with(Label::Dim, "links"),
        Text::from(format!("{}{but}", parts.join("; "))),
    ]];
    let pair = |(a, b): &(ElementId, ElementId)| format!("{} and {}", view.name(*a), view.name(*b));
    for (label, sign, pairs) in [(Label::Bad, "✗ no link", &missing), (Label::Open, "also", &more)]
    {
        for shown in pairs.iter().take(max) {
            rows.push(vec![Text::new().with(label, sign), Text::from(pair(shown))]);
        }
        if let Some(left) = pairs.len().checked_sub(max).filter(|left| *left > 0) {
            rows.push(vec![
                Text::new(),
                Text::from(format!("… and {} more", thousands(left as u64))),
            ]);
        }
    }
    rows
}

/// The pairs of Nodes that no link joins (G8); none where that cannot be told quickly.
fn between(links: &Links, nodes: &[ElementId]) -> Option<Vec<(ElementId, ElementId)>> {
    let apart = |pair: &(ElementId, ElementId)| !links.contains(pair.0, pair.1);
    let whole = |members: &[ElementId]| nodes.iter().all(|n| members.binary_search(n).is_ok());
    if let Some(mesh) = links.meshes().iter().find(|mesh| whole(&mesh.members)) {
        let node = |id: &ElementId| nodes.binary_search(id).is_ok();
        let pairs = mesh.except.iter().copied();
        return Some(pairs.filter(|(a, b)| node(a) && node(b)).filter(apart).collect());
    }
    (nodes.len() <= PAIRS).then(|| {
        let pairs = nodes.iter().enumerate();
        pairs
            .flat_map(|(i, a)| nodes[i + 1..].iter().map(move |b| (*a, *b)))
            .filter(apart)
            .collect()
    })
}
