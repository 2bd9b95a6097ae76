//! Groups of parties, as people call them.

use std::collections::BTreeMap;

use fibula_answers::reach::{Party, PartyId, Ports, Reach, Who};
use fibula_network::ranges::of_family;
use fibula_network::{ElementId, Family, Port, Proto, Range};
use rustc_hash::FxHashMap;

use crate::page::Text;
use crate::style::Label;
use crate::view::View;

/// The names of an answer's parties.
pub(crate) struct Names<'a, 'v> {
    parties: &'a [Party],
    families: &'a [Family],
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
/// What they are called where they are only counted.
pub(crate) const RANGES: &str = "ranges of the world";

impl<'a, 'v> Names<'a, 'v> {
    pub(crate) fn new(view: &'a View<'v>, reach: &'a Reach) -> Names<'a, 'v> {
        Names::of(view, &reach.parties, &reach.families)
    }

    /// The names of these parties, where pods have addresses of these families.
    pub(crate) fn of(
        view: &'a View<'v>,
        parties: &'a [Party],
        families: &'a [Family],
    ) -> Names<'a, 'v> {
        let ids = (0..parties.len() as u32).map(PartyId);
        let mut workloads = vec![];
        let mut namespaces: BTreeMap<&str, usize> = BTreeMap::new();
        let mut nodes = 0;
        for id in ids {
            match &parties[id.0 as usize].who {
                Who::Workload { namespace, only, .. } if only.is_empty() => {
                    workloads.push(id);
                    *namespaces.entry(namespace).or_default() += 1;
                }
                Who::Node(_) => nodes += 1,
                Who::Workload { .. } | Who::OwnNode | Who::World(_) => {}
            }
        }
        let network = view.network;
        let mut declared: FxHashMap<ElementId, Vec<Port>> = FxHashMap::default();
        for open in &network.facts.open {
            if let Some(pod) = network.facts.host(open.process) {
                declared.entry(pod).or_default().push(open.port);
            }
        }
        Names { parties, families, view, workloads, namespaces, nodes, declared }
    }

    fn party(&self, id: PartyId) -> &'a Party {
        &self.parties[id.0 as usize]
    }

    /// Who a party is.
    pub(crate) fn who(&self, id: PartyId) -> &'a Who {
        &self.party(id).who
    }

    /// How many whole workloads there are.
    pub(super) fn workloads(&self) -> usize {
        self.workloads.len()
    }

    /// The name of a Service: without its namespace where there is only one.
    pub(crate) fn service(&self, path: &str) -> String {
        match self.namespaces.len() {
            0 | 1 => path.rsplit('/').next().unwrap_or(path).to_owned(),
            _ => path.to_owned(),
        }
    }

    /// One party.
    pub(crate) fn one(&self, id: PartyId) -> String {
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
            Who::OwnNode => "its own node".to_owned(),
            Who::World(ranges) => self.world(ranges),
        }
    }

    /// The namespace that all of these whole workloads are of, if they are.
    pub(super) fn namespace(&self, parties: &[PartyId]) -> Option<&'a str> {
        let of = |id: &PartyId| match self.who(*id) {
            Who::Workload { namespace, only, .. } if only.is_empty() => Some(namespace.as_str()),
            _ => None,
        };
        let first = of(parties.first()?)?;
        parties.iter().all(|id| of(id) == Some(first)).then_some(first)
    }

    /// How many namespaces there are.
    pub(super) fn namespaces(&self) -> usize {
        self.namespaces.len()
    }

    /// Whether these are all workloads of a namespace, and there are several.
    pub(super) fn is_all_of(&self, namespace: &str, parties: &[PartyId]) -> bool {
        parties.len() > 1 && self.namespaces.get(namespace) == Some(&parties.len())
    }

    /// The name of a workload in its namespace.
    pub(super) fn short(&self, id: PartyId) -> Option<&'a str> {
        match self.who(id) {
            Who::Workload { name, .. } => Some(name),
            _ => None,
        }
    }

    fn within(&self, namespace: &str, name: &str) -> String {
        match self.namespaces.len() {
            0 | 1 => name.to_owned(),
            _ => format!("{namespace}/{name}"),
        }
    }

    /// Sources of these targets: `all 11 others` where they are all workloads but the one that is
    /// reached.
    pub(crate) fn sources(&self, sources: &[PartyId], targets: &[PartyId]) -> Vec<String> {
        let all = self.workloads.len();
        let is_source = |id: &PartyId| sources.binary_search(id).is_ok();
        let left: Vec<PartyId> =
            self.workloads.iter().filter(|id| !is_source(id)).copied().collect();
        let whole = sources.iter().all(|id| self.workloads.binary_search(id).is_ok());
        match (&left[..], targets) {
            ([left], [target]) if left == target && whole && all > 2 => {
                vec![format!("all {} others", all - 1)]
            }
            _ => self.list(sources),
        }
    }

    /// Several parties, in few names: all of a kind, all but a few, all of a namespace.
    pub(crate) fn list(&self, parties: &[PartyId]) -> Vec<String> {
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
        let all_nodes = nodes > 1 && nodes == self.nodes;
        if all_nodes {
            names.push("nodes".to_owned());
        }
        for id in rest {
            // Where all Nodes are open alike, its own is one of them.
            if !(all_nodes && matches!(self.who(id), Who::Node(_) | Who::OwnNode)) {
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
            } else if all - same.len() <= MOST_LEFT && same.len() > 2 * MOST_LEFT {
                let ids = self.workloads.iter().filter(|id| namespace(id) == own);
                let left = ids.filter(|id| same.binary_search(id).is_err());
                let left: Vec<&str> = left.filter_map(|id| self.short(*id)).collect();
                names.push(format!("all of {own} but {}", left.join(", ")));
            } else {
                names.extend(same.iter().map(|id| self.one(*id)));
            }
        }
        names
    }

    /// Addresses that nobody in the cluster has.
    pub(crate) fn world(&self, ranges: &[Range]) -> String {
        let families = self.families;
        let parts = families.iter().map(|family| self.world_of(*family, ranges));
        let parts: Vec<Option<String>> = parts.collect();
        match (&parts[..], families) {
            ([Some(one)], _) => one.clone(),
            ([Some(v4), Some(v6)], _) if v4 == v6 => v4.clone(),
            ([Some(one), None], [own, _]) | ([None, Some(one)], [_, own]) => {
                format!("{} {one}", family(*own))
            }
            ([Some(v4), Some(v6)], _) => format!("{v4} and {v6}"),
            _ => "world".to_owned(),
        }
    }

    /// The same in one family; none where there are none of it.
    fn world_of(&self, family: Family, ranges: &[Range]) -> Option<String> {
        let parts = of_family(&[Range::ALL], family);
        let ranges = of_family(ranges, family);
        let whole = Range { lo: parts.first()?.lo, hi: parts.last()?.hi };
        let own = |addr: fibula_network::Addr| addr.family() == family;
        let (first, last) = (ranges.first()?, ranges.last()?);
        let mut gaps: Vec<Range> = vec![];
        gaps.extend(first.lo.previous().map(|hi| Range { lo: whole.lo, hi }));
        let between = ranges.windows(2).map(|pair| (pair[0].hi.next(), pair[1].lo.previous()));
        gaps.extend(between.filter_map(|(lo, hi)| Some(Range { lo: lo?, hi: hi? })));
        gaps.extend(last.hi.next().map(|lo| Range { lo, hi: whole.hi }));
        gaps.retain(|gap| gap.lo <= gap.hi && own(gap.lo) && own(gap.hi));
        let written =
            |ranges: &[Range]| ranges.iter().map(Range::to_string).collect::<Vec<_>>().join(", ");
        Some(match (ranges.len(), gaps.len()) {
            (_, 0) => "world".to_owned(),
            (n, 1..=MOST_RANGES) if gaps.len() < n => format!("world but {}", written(&gaps)),
            (1..=MOST_RANGES, _) => format!("world {}", written(&ranges)),
            (n, _) => format!("{n} {RANGES}"),
        })
    }

    /// What is open, behind a name: `:8080`, `:53/UDP`, `:any`.
    pub(crate) fn ports(&self, ports: &Ports, targets: &[PartyId]) -> Text {
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
                (0, 65_535) if proto.is_empty() => "any/TCP".to_owned(),
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

/// The name of a family.
pub(crate) fn family(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}
