//! Groups of parties, as people call them.

use std::collections::BTreeMap;

use fibula_answers::reach::{Party, PartyId, Ports, Reach, Who};
use fibula_network::{ElementId, Port, Proto, Range};
use rustc_hash::FxHashMap;

use crate::page::Text;
use crate::style::Label;
use crate::view::View;

/// The names of an answer's parties.
pub(super) struct Names<'a, 'v> {
    reach: &'a Reach,
    view: &'a View<'v>,
    /// The whole workloads, sorted.
    workloads: Vec<PartyId>,
    /// By namespace, how many of them.
    namespaces: BTreeMap<&'a str, usize>,
    nodes: usize,
    /// The ports that each Pod declares.
    declared: FxHashMap<ElementId, Vec<Port>>,
}

/// How many may be left out of all, to be named instead of the rest.
const MOST_LEFT: usize = 3;
/// How many names a list has at most; more are counted.
const MOST_NAMES: usize = 60;
/// How many ranges are written out.
const MOST_RANGES: usize = 3;

impl<'a, 'v> Names<'a, 'v> {
    pub(super) fn new(view: &'a View<'v>, reach: &'a Reach) -> Names<'a, 'v> {
        let ids = (0..reach.parties.len() as u32).map(PartyId);
        let mut workloads = vec![];
        let mut namespaces: BTreeMap<&str, usize> = BTreeMap::new();
        let mut nodes = 0;
        for id in ids {
            match &reach.parties[id.0 as usize].who {
                Who::Workload { namespace, only, .. } if only.is_empty() => {
                    workloads.push(id);
                    *namespaces.entry(namespace).or_default() += 1;
                }
                Who::Node(_) => nodes += 1,
                Who::Workload { .. } | Who::World(_) => {}
            }
        }
        let network = view.network;
        let mut declared: FxHashMap<ElementId, Vec<Port>> = FxHashMap::default();
        for open in &network.facts.open {
            if let Some(pod) = network.facts.host(open.process) {
                declared.entry(pod).or_default().push(open.port);
            }
        }
        Names { reach, view, workloads, namespaces, nodes, declared }
    }

    fn party(&self, id: PartyId) -> &'a Party {
        &self.reach.parties[id.0 as usize]
    }

    /// Whether Nodes are among them.
    pub(super) fn has_nodes(&self, parties: &[PartyId]) -> bool {
        parties.iter().any(|id| matches!(self.party(*id).who, Who::Node(_)))
    }

    /// The name of a Service: without its namespace where there is only one.
    pub(super) fn service(&self, path: &str) -> String {
        match self.namespaces.len() {
            0 | 1 => path.rsplit('/').next().unwrap_or(path).to_owned(),
            _ => path.to_owned(),
        }
    }

    /// One party.
    pub(super) fn one(&self, id: PartyId) -> String {
        match &self.party(id).who {
            Who::Workload { namespace, name, only, .. } => {
                let names: Vec<&str> = match only.len() {
                    0 => vec![name],
                    1..=3 => only.iter().map(String::as_str).collect(),
                    n => return self.within(namespace, &format!("{n} pods of {name}")),
                };
                let names = names.into_iter().map(|name| self.within(namespace, name));
                names.collect::<Vec<_>>().join(", ")
            }
            Who::Node(name) => format!("node/{name}"),
            Who::World(ranges) => self.world(ranges),
        }
    }

    fn within(&self, namespace: &str, name: &str) -> String {
        match self.namespaces.len() {
            0 | 1 => name.to_owned(),
            _ => format!("{namespace}/{name}"),
        }
    }

    /// Several parties, in few names: all of a kind, all but a few, all of a namespace.
    pub(super) fn list(&self, parties: &[PartyId]) -> Vec<String> {
        let (whole, rest): (Vec<PartyId>, Vec<PartyId>) =
            parties.iter().partition(|id| self.workloads.binary_search(id).is_ok());
        let mut names = vec![];
        let all = self.workloads.len();
        let left: Vec<PartyId> =
            self.workloads.iter().filter(|id| whole.binary_search(id).is_err()).copied().collect();
        if whole.len() == all && all > 1 {
            names.push(format!("all {all}"));
        } else if left.len() <= MOST_LEFT && whole.len() > 2 * MOST_LEFT {
            let left: Vec<String> = left.iter().map(|id| self.one(*id)).collect();
            names.push(format!("all but {}", left.join(", ")));
        } else {
            names.extend(self.by_namespace(&whole));
        }
        let nodes = rest.iter().filter(|id| matches!(self.party(**id).who, Who::Node(_))).count();
        if nodes > 1 && nodes == self.nodes {
            names.push("nodes".to_owned());
        }
        for id in rest {
            let node = matches!(self.party(id).who, Who::Node(_));
            if !node || nodes < 2 || nodes != self.nodes {
                names.push(self.one(id));
            }
        }
        if names.len() > MOST_NAMES {
            let more = names.len() - MOST_NAMES;
            names.truncate(MOST_NAMES);
            names.push(format!("{more} more (-o json names them)"));
        }
        names
    }

    fn by_namespace(&self, whole: &[PartyId]) -> Vec<String> {
        let namespace = |id: &PartyId| match &self.party(*id).who {
            Who::Workload { namespace, .. } => namespace.as_str(),
            _ => "",
        };
        let mut names = vec![];
        for same in whole.chunk_by(|a, b| namespace(a) == namespace(b)) {
            let own = namespace(&same[0]);
            let all = self.namespaces.get(own).copied().unwrap_or(0);
            if same.len() == all && all > 1 && self.namespaces.len() > 1 {
                names.push(format!("all {all} of {own}"));
            } else {
                names.extend(same.iter().map(|id| self.one(*id)));
            }
        }
        names
    }

    /// Addresses that nobody in the cluster has.
    pub(super) fn world(&self, ranges: &[Range]) -> String {
        // What the cluster owns between them is nobody's of the world anyway.
        let mut gaps: Vec<Range> = vec![];
        let mut next = Some(Range::ALL.lo);
        for range in ranges {
            if let Some(lo) = next.filter(|lo| *lo < range.lo) {
                gaps.extend(range.lo.previous().map(|hi| Range { lo, hi }));
            }
            next = range.hi.next();
        }
        gaps.extend(next.map(|lo| Range { lo, hi: Range::ALL.hi }));
        let v4 = |range: &Range| Range::ALL_V4.covers(*range);
        let written =
            |ranges: &[Range]| ranges.iter().map(Range::to_string).collect::<Vec<_>>().join(", ");
        let gaps: Vec<Range> = gaps.into_iter().filter(v4).collect();
        match (ranges.len(), gaps.len()) {
            (_, 0) if ranges.iter().any(|range| range.covers(Range::ALL_V4)) => "world".to_owned(),
            (1..=MOST_RANGES, _) => format!("world {}", written(ranges)),
            (_, 1..=MOST_RANGES) => format!("world but {}", written(&gaps)),
            (n, _) => format!("{n} ranges of the world"),
        }
    }

    /// What is open, behind a name: `:8080`, `:53/UDP`, `:any`.
    pub(super) fn ports(&self, ports: &Ports, targets: &[PartyId]) -> Text {
        if ports.any() {
            let declared = match targets {
                [one] => self.declares(*one),
                _ => String::new(),
            };
            return Text::new().with(Label::Open, ":any").with(Label::Dim, declared);
        }
        let written = ports.0.iter().map(|(proto, (lo, hi))| {
            let proto = if *proto == Proto::Tcp { String::new() } else { format!("/{proto}") };
            match (lo, hi) {
                (0, 65_535) if proto.is_empty() => "any TCP".to_owned(),
                (0, 65_535) => format!("any{proto}"),
                (lo, hi) if lo == hi => format!("{lo}{proto}"),
                (lo, hi) => format!("{lo}-{hi}{proto}"),
            }
        });
        let written: Vec<String> = written.collect();
        Text::new().with(Label::Command, format!(":{}", written.join(",")))
    }

    fn declares(&self, id: PartyId) -> String {
        let first = self.party(id).elements.first();
        let ports = first.and_then(|pod| self.declared.get(pod));
        let mut ports: Vec<Port> = ports.into_iter().flatten().copied().collect();
        ports.sort_unstable();
        ports.dedup();
        let kind = first.map(|id| self.view.network.kind(*id));
        if ports.is_empty() || kind != Some(fibula_network::Kind::Pod) {
            return String::new();
        }
        let ports: Vec<String> = ports.iter().map(Port::to_string).collect();
        format!(" (declares {})", ports.join(", "))
    }
}
