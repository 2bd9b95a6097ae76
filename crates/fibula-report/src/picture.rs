//! A network as boxes within boxes and lines between them: what DOT and Mermaid both draw.

use std::collections::BTreeSet;

use fibula_network::{ElementId, Kind, Mesh};

use crate::outline::{Census, Outline, addresses, ports};
use crate::preface::count;
use crate::view::View;

/// Boxes, what is in them, and lines.
pub(crate) struct Picture {
    pub(crate) root: Group,
    pub(crate) edges: Vec<(String, String)>,
}

/// A box.
pub(crate) struct Group {
    /// Letters, digits and `_`, unique in the picture.
    pub(crate) id: String,
    pub(crate) label: Vec<String>,
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) groups: Vec<Group>,
}

/// An element, or many of them.
pub(crate) struct Vertex {
    /// Letters, digits and `_`, unique in the picture.
    pub(crate) id: String,
    /// Lines of text.
    pub(crate) label: Vec<String>,
    pub(crate) looks: Looks,
}

/// What a vertex looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    Process,
    Switch,
    /// Many elements, or many links.
    Many,
}

/// A network of more elements is drawn without its Pods, unless all are asked for.
const ELEMENTS: usize = 500;
/// A mesh of more Nodes is drawn as one vertex between them.
const MESH: usize = 12;

/// Draws a network: containers in Pods in Nodes, and their links.
pub(crate) fn picture(view: &View<'_>, all: bool) -> Picture {
    let network = view.network;
    let outline = Outline::new(network);
    let collapse = !all && Census::new(network).drawn() > ELEMENTS;
    let painter = Painter { view, outline, collapse };
    let mut root =
        Group { id: "network".to_owned(), label: vec![], vertices: vec![], groups: vec![] };
    for id in network.ids().filter(|id| network.facts.host(*id).is_none()) {
        match network.kind(id) {
            Kind::Node => root.groups.push(painter.node(id)),
            _ => {
                root.vertices.push(painter.vertex(id));
                root.vertices.extend(painter.hosted(id).map(|id| painter.vertex(id)));
            }
        }
    }
    let mut edges: BTreeSet<(ElementId, ElementId)> = BTreeSet::new();
    let mut drawn = vec![];
    for (a, b) in network.links.pairs() {
        painter.edge(a, b, &mut edges);
    }
    for (i, mesh) in network.links.meshes().iter().enumerate() {
        if mesh.members.len() <= MESH {
            for (i, a) in mesh.members.iter().enumerate() {
                let others = mesh.members[i + 1..].iter().filter(|b| mesh.contains(*a, **b));
                others.for_each(|b| painter.edge(*a, *b, &mut edges));
            }
        } else {
            let vertex = many(i, mesh);
            drawn.extend(mesh.members.iter().map(|id| (element_id(*id), vertex.id.clone())));
            root.vertices.push(vertex);
        }
    }
    let pairs = edges.into_iter().map(|(a, b)| (painter.drawn(a), painter.drawn(b)));
    let edges = pairs.chain(drawn).collect();
    Picture { root, edges }
}

struct Painter<'a> {
    view: &'a View<'a>,
    outline: Outline,
    collapse: bool,
}

/// A mesh as one vertex.
fn many(number: usize, mesh: &Mesh) -> Vertex {
    let mut label = vec![format!("mesh of {}", count(mesh.members.len(), "node"))];
    if !mesh.except.is_empty() {
        label.push(format!("without {}", count(mesh.except.len(), "link")));
    }
    Vertex { id: format!("mesh{number}"), label, looks: Looks::Many }
}

fn element_id(id: ElementId) -> String {
    format!("e{}", id.0)
}

// === impl Painter ===

impl Painter<'_> {
    fn hosted(&self, host: ElementId) -> impl Iterator<Item = ElementId> {
        self.outline.hosted(host).iter().copied()
    }

    fn node(&self, node: ElementId) -> Group {
        let mut group = self.group(node);
        for id in self.hosted(node) {
            match self.view.network.kind(id) {
                Kind::Pod if self.collapse => {}
                Kind::Pod => {
                    let mut pod = self.group(id);
                    pod.vertices.extend(self.hosted(id).map(|id| self.vertex(id)));
                    group.groups.push(pod);
                }
                _ => group.vertices.push(self.vertex(id)),
            }
        }
        let census = self.outline.census(self.view.network, node);
        let (pods, containers) = (census.of(Kind::Pod), census.of(Kind::Container));
        if self.collapse && pods > 0 {
            group.vertices.push(Vertex {
                id: pods_id(node),
                label: vec![count(pods, "pod"), count(containers, "container")],
                looks: Looks::Many,
            });
        }
        group
    }

    /// A Pod or Node: a box with its switch in it.
    fn group(&self, id: ElementId) -> Group {
        Group {
            id: format!("g{}", id.0),
            label: vec![self.named(id)],
            vertices: vec![self.vertex(id)],
            groups: vec![],
        }
    }

    fn vertex(&self, id: ElementId) -> Vertex {
        let kind = self.view.network.kind(id);
        let label = match kind {
            // The box around a switch has its name.
            Kind::Pod | Kind::Node => {
                let addresses = addresses(self.view, id);
                let addresses = addresses.split_whitespace().map(str::to_owned);
                [format!("{kind} switch")].into_iter().chain(addresses).collect()
            }
            _ => {
                let ports = ports(self.view, id);
                let ports = ports.split_whitespace().map(str::to_owned);
                let name = match kind {
                    Kind::Container => self.view.last_name(id).to_owned(),
                    _ => self.view.name(id),
                };
                [name].into_iter().chain(ports).collect()
            }
        };
        let looks = if kind.is_process() { Looks::Process } else { Looks::Switch };
        Vertex { id: element_id(id), label, looks }
    }

    fn named(&self, id: ElementId) -> String {
        format!("{} {}", self.view.network.kind(id), self.view.name(id))
    }

    /// Adds a link between what stands for its ends, unless that is one vertex.
    fn edge(&self, a: ElementId, b: ElementId, edges: &mut BTreeSet<(ElementId, ElementId)>) {
        let (a, b) = (self.stands_for(a), self.stands_for(b));
        if a != b {
            edges.insert((a.min(b), a.max(b)));
        }
    }

    /// The element itself; where Pods are collapsed, the first Pod of its Node for all of them.
    fn stands_for(&self, id: ElementId) -> ElementId {
        let network = self.view.network;
        let pod = match network.kind(id) {
            Kind::Pod => Some(id),
            Kind::Container => network.facts.host(id),
            _ => None,
        };
        let node = pod.filter(|_| self.collapse).and_then(|pod| network.facts.host(pod));
        let pods =
            node.and_then(|node| self.hosted(node).find(|id| network.kind(*id) == Kind::Pod));
        pods.unwrap_or(id)
    }

    /// The id of the vertex that stands for an element.
    fn drawn(&self, id: ElementId) -> String {
        let network = self.view.network;
        match network.facts.host(id).filter(|_| self.collapse && network.kind(id) == Kind::Pod) {
            Some(node) => pods_id(node),
            None => element_id(id),
        }
    }
}

fn pods_id(node: ElementId) -> String {
    format!("pods{}", node.0)
}
