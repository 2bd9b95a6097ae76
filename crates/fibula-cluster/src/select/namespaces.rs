//! Which namespaces selectors select: surely, or perhaps (DR-22).

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::Index;
use super::{Run, Selected};
use crate::api::{Labels, NAMESPACE_NAME};
use crate::cluster::Cluster;
use crate::policy::{NamespaceSelection, PodSelection};
use crate::selector::Selector;

/// The namespaces that have pods, each with the run of its classes.
pub(super) struct Namespaces<'a> {
    by_name: FxHashMap<&'a str, Run>,
    by: FxHashMap<&'a Selector, Selected<Run>>,
    nothing: Selected<Run>,
}

impl<'a> Namespaces<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        runs: Vec<(&'a str, Run)>,
        selections: &[&'a PodSelection],
    ) -> Self {
        let by_name = runs.iter().cloned().collect();
        let known = |name: &str| {
            let at = cluster.namespaces.binary_search_by(|known| known.name.as_str().cmp(name));
            let known = at.ok().and_then(|at| cluster.namespaces.get(at));
            known.filter(|known| known.object.is_some()).map(|known| &known.labels)
        };
        let selectors: FxHashSet<&Selector> = selections
            .iter()
            .filter_map(|selection| match &selection.namespaces {
                NamespaceSelection::By(selector) => Some(selector),
                NamespaceSelection::Named(_) => None,
            })
            .collect();
        let keys = selectors.iter().flat_map(|selector| selector.requirements());
        let keys = keys.map(|requirement| requirement.key.as_str()).collect();

        let mut read: Vec<(&Labels, &Run)> = Vec::new();
        let mut unread: Vec<(&str, &Run)> = Vec::new();
        for (name, run) in &runs {
            match known(name) {
                Some(labels) => read.push((labels, run)),
                None => unread.push((name, run)),
            }
        }
        let index = Index::new(read.iter().map(|(labels, _)| *labels).collect(), &keys);
        let all = 0..read.len() as u32;
        let by = selectors.into_iter().map(|selector| {
            let found = index.select(selector, all.clone());
            let found = found.into_iter().filter_map(|i| read.get(i as usize));
            let mut surely: Vec<Run> = found.map(|(_, run)| (*run).clone()).collect();
            let mut perhaps = Vec::new();
            for (name, run) in &unread {
                match selector.matches_partly(NAMESPACE_NAME, name) {
                    Some(true) => surely.push((*run).clone()),
                    Some(false) => {}
                    None => perhaps.push((*run).clone()),
                }
            }
            surely.sort_by_key(|run| run.start);
            (selector, Selected { surely, perhaps })
        });
        let nothing = Selected { surely: Vec::new(), perhaps: Vec::new() };
        Self { by_name, by: by.collect(), nothing }
    }

    /// The classes of the namespace of this name; none where it has no pods.
    pub(super) fn named(&self, name: &str) -> Option<Run> {
        self.by_name.get(name).cloned()
    }

    /// The classes of each namespace that a selector selects.
    pub(super) fn by(&self, selector: &Selector) -> &Selected<Run> {
        self.by.get(selector).unwrap_or(&self.nothing)
    }
}
