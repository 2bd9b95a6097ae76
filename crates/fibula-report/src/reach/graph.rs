//! `reach` as a picture: a vertex for each group of alike workloads, ports on the edges.
//!
//! Workloads that stand in the same lines are one vertex, and sources that are nearly all workloads
//! are one vertex of their own: so that edges are few and do not cross for want of names.

use std::collections::BTreeMap;
use std::io;

use fibula_answers::reach::{Line, PartyId, Reach, Who};

use super::names::Names;
use super::rows::way;
use crate::view::View;

/// A picture: vertices in their order, and what is between them.
struct Graph {
    vertices: Vec<Vertex>,
    edges: BTreeMap<Ends, Vec<String>>,
}

/// Two vertices, and whether that is certain.
type Ends = (usize, usize, bool);

struct Vertex {
    label: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Workloads,
    /// Nearly all workloads, as sources.
    Crowd,
    /// Nodes, and the world.
    Outside,
}

/// How many names a vertex shows; of more the first and how many there are.
const MOST_NAMES: usize = 8;

/// Writes the answer in DOT.
///
/// # Errors
///
/// What writing gives.
pub fn reach_dot(view: &View<'_>, reach: &Reach, out: &mut dyn io::Write) -> io::Result<()> {
    let graph = Graph::new(view, reach);
    writeln!(out, "digraph reach {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for (i, Vertex { label, kind }) in graph.vertices.iter().enumerate() {
        let shape = match kind {
            Kind::Workloads => "box, style=rounded",
            Kind::Crowd => "box, style=dashed",
            Kind::Outside => "ellipse",
        };
        writeln!(out, "  v{i} [label={}, shape={shape}];", crate::dot::quoted(label))?;
    }
    for ((from, to, certain), label) in &graph.edges {
        let style = if *certain { "" } else { ", style=dashed" };
        let label = crate::dot::quoted(label);
        writeln!(out, "  v{from} -> v{to} [label={label}{style}];")?;
    }
    writeln!(out, "}}")
}

/// Writes the answer as a Mermaid flowchart.
///
/// # Errors
///
/// What writing gives.
pub fn reach_mermaid(view: &View<'_>, reach: &Reach, out: &mut dyn io::Write) -> io::Result<()> {
    let graph = Graph::new(view, reach);
    writeln!(out, "flowchart LR")?;
    for (i, Vertex { label, kind }) in graph.vertices.iter().enumerate() {
        let (open, close) = match kind {
            Kind::Workloads => ("(", ")"),
            Kind::Crowd => ("[[", "]]"),
            Kind::Outside => ("([", "])"),
        };
        writeln!(out, "  v{i}{open}{}{close}", crate::mermaid::quoted(label))?;
    }
    for ((from, to, certain), label) in &graph.edges {
        let arrow = if *certain { "-->" } else { "-.->" };
        writeln!(out, "  v{from} {arrow}|{}| v{to}", crate::mermaid::quoted(label))?;
    }
    Ok(())
}

// === impl Graph ===

impl Graph {
    fn new(view: &View<'_>, reach: &Reach) -> Graph {
        let names = Names::new(view, reach);
        let certain = reach.lines.iter().map(|line| (line, true));
        let doubtful = reach.undecided.iter().map(|(_, line)| (line, false));
        let lines: Vec<(&Line, bool)> = certain.chain(doubtful).collect();
        let workload = |id: &PartyId| matches!(names.who(*id), Who::Workload { .. });
        let is_crowd = |line: &Line| {
            let pods = line.from.iter().filter(|id| workload(id)).count();
            pods > 2 && pods + 2 > names.workloads()
        };
        let mut graph = Graph { vertices: vec![], edges: BTreeMap::new() };

        // Whoever stands in the same places of the same lines is alike.
        let mut places: BTreeMap<PartyId, Vec<(usize, usize)>> = BTreeMap::new();
        for (i, (line, _)) in lines.iter().enumerate() {
            for id in line.from.iter().filter(|id| workload(id) && !is_crowd(line)) {
                places.entry(*id).or_default().push((i, usize::MAX));
            }
            for (k, toward) in line.to.iter().enumerate() {
                for id in toward.targets.iter().filter(|id| workload(id)) {
                    places.entry(*id).or_default().push((i, k));
                }
            }
        }
        for (i, door) in reach.doors.iter().enumerate() {
            for (id, port) in &door.to {
                places.entry(*id).or_default().push((lines.len() + i, usize::from(*port)));
            }
        }
        let mut groups: BTreeMap<Vec<(usize, usize)>, Vec<PartyId>> = BTreeMap::new();
        for (id, at) in places {
            groups.entry(at).or_default().push(id);
        }
        let mut of: BTreeMap<PartyId, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<PartyId>> = groups.into_values().collect();
        groups.sort();
        for group in groups {
            of.extend(group.iter().map(|id| (*id, graph.vertices.len())));
            graph.vertex(names.list(&group), Kind::Workloads);
        }
        for (line, certain) in lines {
            let targets: Vec<PartyId> =
                line.to.iter().flat_map(|toward| toward.targets.clone()).collect();
            let (pods, nodes): (Vec<PartyId>, Vec<PartyId>) =
                line.from.iter().partition(|id| workload(id));
            let mut from: Vec<usize> = match is_crowd(line) {
                true => vec![graph.vertex(names.sources(&pods, &targets), Kind::Crowd)],
                false => pods.iter().map(|id| of[id]).collect(),
            };
            if !nodes.is_empty() {
                from.push(graph.vertex(names.list(&nodes), Kind::Outside));
            }
            from.sort_unstable();
            from.dedup();
            for toward in &line.to {
                let (pods, others): (Vec<PartyId>, Vec<PartyId>) =
                    toward.targets.iter().partition(|id| workload(id));
                let mut to: Vec<usize> = pods.iter().map(|id| of[id]).collect();
                let (world, nodes): (Vec<PartyId>, Vec<PartyId>) =
                    others.iter().partition(|id| matches!(names.who(**id), Who::World(_)));
                for outside in [world, nodes].iter().filter(|list| !list.is_empty()) {
                    to.push(graph.vertex(names.list(outside), Kind::Outside));
                }
                to.sort_unstable();
                to.dedup();
                let ports = names.ports(&toward.ports, &[]).words();
                let ports = ports.trim_start_matches(':').to_owned();
                for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)))
                {
                    graph.edge((from, to, certain), ports.clone());
                }
            }
        }
        for door in &reach.doors {
            let from = graph.vertex(vec![names.world(&door.from)], Kind::Outside);
            for (id, _) in &door.to {
                let to = match of.get(id) {
                    Some(to) => *to,
                    None => graph.vertex(names.list(&[*id]), Kind::Workloads),
                };
                graph.edge((from, to, door.choices.is_empty() && door.all), way(&names, door));
            }
        }
        graph
    }

    /// A vertex, by what it says.
    fn vertex(&mut self, mut label: Vec<String>, kind: Kind) -> usize {
        if label.len() > MOST_NAMES {
            let more = label.len() - MOST_NAMES + 1;
            label.truncate(MOST_NAMES - 1);
            label.push(format!("and {more} more"));
        }
        let known = self.vertices.iter().position(|v| v.kind == kind && v.label == label);
        // Groups are told apart by who is in them, which a label need not say.
        if let Some(known) = known.filter(|_| kind != Kind::Workloads) {
            return known;
        }
        self.vertices.push(Vertex { label, kind });
        self.vertices.len() - 1
    }

    fn edge(&mut self, ends: Ends, label: String) {
        let labels = self.edges.entry(ends).or_default();
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
}
