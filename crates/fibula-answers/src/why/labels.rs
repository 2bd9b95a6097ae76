//! Labels that could decide otherwise: of the two ends and their namespaces, the values that policies
//! ask for.

use std::collections::BTreeSet;

use fibula_cluster::{Cluster, NamespaceSelection, PeerOf, PodSelection, Selector, Test};

use super::blocks::Judged;
use super::peers::End;
use super::sight;
use crate::change::{Edit, Labelled};
use crate::trace::policies::{self, Says, What};

/// A label that a rule wants: whose, its key and its value.
type Missed = (Labelled, String, String);

/// A label, by its key, with a value or none.
type Label = (String, Option<String>);

/// What selectors ask for.
#[derive(Default)]
struct Asked {
    pods: BTreeSet<Label>,
    namespaces: BTreeSet<Label>,
}

/// Labels of the ends of a connection that could keep it from working.
pub(super) fn closing(cluster: &Cluster, ends: [&End; 2]) -> Vec<Edit> {
    edits(cluster, ends, vec![])
}

/// How many labels are tried each; of more those that look different to policies.
const MOST: usize = 48;

/// Labels that could let pass what policies said no to.
pub(super) fn allowing(cluster: &Cluster, judged: &Judged) -> Vec<Edit> {
    let missed = missed(cluster, judged);
    let mut all = edits(cluster, [&judged.other, &judged.subject], missed);
    if matches!(judged.ruling.says, Says::Isolated(_)) {
        all.retain(|edit| !sight::sees(cluster, judged, edit).is_no());
    }
    if all.len() > MOST {
        let mut seen = vec![];
        all.retain(|edit| {
            let sight = sight::sees(cluster, judged, edit);
            let new = !seen.contains(&sight);
            seen.push(sight);
            new
        });
    }
    all
}

/// Labels of both ends and of their namespaces, those first that a rule missed by one.
///
/// A label that no selector asks for changes nothing. To be without one is a value too.
fn edits(cluster: &Cluster, ends: [&End; 2], missed: Vec<Missed>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = vec![];
    for (of, key, value) in missed {
        edits.push(Edit::SetLabel { of, key, value: Some(value) });
    }
    let mut asked = Asked::default();
    let namespaces: Vec<&str> = ends.iter().filter_map(|end| end.namespace()).collect();
    for policy in &cluster.policies {
        let speaks = policy.namespace.is_empty() || namespaces.contains(&&*policy.namespace);
        if !speaks {
            continue;
        }
        asked.selection(&policy.subject);
        for peer in policy.rules().flat_map(|rule| rule.peers()) {
            if let PeerOf::Pods(selection) = &peer.what {
                asked.selection(selection);
            }
        }
    }
    for end in ends {
        let End::Pods { namespace, workload } = end else { continue };
        let of = Labelled::Workload { namespace: namespace.clone(), workload: workload.clone() };
        for (key, value) in &asked.pods {
            let pods = end.pods(cluster);
            let has = |pod: &&fibula_cluster::Pod| pod.labels.get(key) == value.as_deref();
            if !pods.iter().all(has) {
                let (of, key, value) = (of.clone(), key.clone(), value.clone());
                edits.push(Edit::SetLabel { of, key, value });
            }
        }
        let known = cluster.namespaces.iter().find(|known| known.name == *namespace);
        let Some(known) = known.filter(|known| known.object.is_some()) else { continue };
        for (key, value) in &asked.namespaces {
            if known.labels.get(key) != value.as_deref() {
                let of = Labelled::Namespace(namespace.clone());
                let (key, value) = (key.clone(), value.clone());
                edits.push(Edit::SetLabel { of, key, value });
            }
        }
    }
    let mut each: Vec<Edit> = vec![];
    for edit in edits {
        if !each.contains(&edit) {
            each.push(edit);
        }
    }
    each
}

/// The labels that a rule wants of the other end and finds otherwise, and nothing else of it.
fn missed(cluster: &Cluster, judged: &Judged) -> Vec<Missed> {
    let Says::Isolated(all) = &judged.ruling.says else { return vec![] };
    let End::Pods { namespace, workload } = &judged.other else { return vec![] };
    let rules = all.iter().flat_map(|one| &one.rules).filter(|rule| rule.port.is_none());
    let mut found = vec![];
    for what in rules.flat_map(|rule| &rule.peers).map(|miss| &miss.what) {
        let What::Label { of, wants, key, .. } = what else { continue };
        let Some((_, value)) = wants.split_once('=').filter(|(own, _)| own == key) else {
            continue;
        };
        let of = match of {
            policies::Labelled::Pod(_) => {
                Labelled::Workload { namespace: namespace.clone(), workload: workload.clone() }
            }
            policies::Labelled::Namespace(name) => {
                let known = cluster.namespaces.iter().find(|known| known.name == *name);
                if known.is_none_or(|known| known.object.is_none()) {
                    continue;
                }
                Labelled::Namespace(name.clone())
            }
        };
        found.push((of, key.clone(), value.to_owned()));
    }
    found
}

// === impl Asked ===

impl Asked {
    fn selection(&mut self, selection: &PodSelection) {
        ask(&mut self.pods, &selection.pods);
        if let NamespaceSelection::By(by) = &selection.namespaces {
            ask(&mut self.namespaces, by);
        }
    }
}

/// The values that a selector tells apart.
fn ask(asked: &mut BTreeSet<Label>, selector: &Selector) {
    for requirement in selector.requirements() {
        let key = &requirement.key;
        match &requirement.test {
            Test::In(values) | Test::NotIn(values) => {
                asked.extend(values.iter().map(|value| (key.clone(), Some(value.clone()))));
            }
            Test::Exists | Test::DoesNotExist => {
                asked.insert((key.clone(), Some("true".to_owned())));
            }
        }
        asked.insert((key.clone(), None));
    }
}
