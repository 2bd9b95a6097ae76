//! Labels that are like those which nothing has.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::api::NAMESPACE_NAME;
use crate::cluster::Cluster;
use crate::policy::{NamespaceSelection, PodSelection};
use crate::selector::{Requirement, Selector, Test};

/// One letter in so many may be wrong in a near word.
const RIGHT: usize = 5;

/// The labels of a cluster's pods, by namespace and key; collected when somebody asks.
pub(super) struct Near<'c> {
    cluster: &'c Cluster,
    known: OnceCell<BTreeMap<&'c str, Keys<'c>>>,
}

/// The values of each key.
type Keys<'c> = BTreeMap<&'c str, BTreeSet<&'c str>>;

// === impl Near ===

impl<'c> Near<'c> {
    pub(super) fn new(cluster: &'c Cluster) -> Self {
        Self { cluster, known: OnceCell::new() }
    }

    /// A label like one of these that no pod of the namespace has.
    pub(super) fn of_labels(&self, namespace: &str, labels: &[(String, String)]) -> Option<String> {
        let keys = self.known().get(namespace)?;
        labels.iter().find_map(|(key, value)| near(keys, key, value))
    }

    /// What a selection wants and nothing has: the first of its requirements that no pod of its
    /// namespaces meets, or all of them, where no pod meets all; and whether no namespace is such.
    pub(super) fn wanted(&self, selection: &PodSelection) -> (String, bool) {
        let within = self.within(selection);
        match (&selection.namespaces, within.is_empty()) {
            (NamespaceSelection::By(by), true) => (by.to_string(), true),
            _ => (unmet(&within, &selection.pods).unwrap_or(selection.pods.to_string()), false),
        }
    }

    /// What a Service wants and nothing has, likewise.
    pub(super) fn wanted_labels(&self, namespace: &str, labels: &[(String, String)]) -> String {
        let test = |value: &str| Test::In(vec![value.to_owned()]);
        let requirements =
            labels.iter().map(|(key, value)| Requirement { key: key.clone(), test: test(value) });
        let selector = Selector::new(requirements);
        let within: Vec<&Keys<'_>> = self.known().get(namespace).into_iter().collect();
        unmet(&within, &selector).unwrap_or(selector.to_string())
    }

    /// A label like one that a selection wants and no pod in its namespaces has; or, where no
    /// namespace is such, one like that which they have.
    pub(super) fn of_selection(&self, selection: &PodSelection) -> Option<String> {
        let cluster = self.cluster;
        let within = self.within(selection);
        match (&selection.namespaces, within.is_empty()) {
            (NamespaceSelection::By(by), true) => {
                let mut keys = Keys::new();
                for namespace in &cluster.namespaces {
                    for (key, value) in namespace.labels.iter() {
                        keys.entry(key).or_default().insert(value);
                    }
                }
                missing(&[&keys], by)
            }
            _ => missing(&within, &selection.pods),
        }
    }

    /// The labels in the namespaces of a selection.
    fn within(&self, selection: &PodSelection) -> Vec<&Keys<'c>> {
        let known = self.known();
        match &selection.namespaces {
            NamespaceSelection::Named(name) => known.get(name.as_str()).into_iter().collect(),
            NamespaceSelection::By(by) => {
                let known = known.iter();
                let known = known.filter(|(name, _)| is_in(self.cluster, name, by) == Some(true));
                known.map(|(_, keys)| keys).collect()
            }
        }
    }

    fn known(&self) -> &BTreeMap<&'c str, Keys<'c>> {
        self.known.get_or_init(|| {
            let mut known: BTreeMap<&str, Keys<'_>> = BTreeMap::new();
            for pod in &self.cluster.pods {
                let keys = known.entry(&pod.namespace).or_default();
                for (key, value) in pod.labels.iter() {
                    keys.entry(key).or_default().insert(value);
                }
            }
            known
        })
    }
}

/// Whether a namespace is one of these; nothing where that is not known (DR-22).
pub(super) fn is_in(cluster: &Cluster, name: &str, by: &Selector) -> Option<bool> {
    if by.is_empty() {
        return Some(true);
    }
    let at = cluster.namespaces.binary_search_by(|known| known.name.as_str().cmp(name));
    let known = at.ok().and_then(|at| cluster.namespaces.get(at));
    match known.filter(|known| known.object.is_some()) {
        Some(known) => Some(by.matches(&known.labels)),
        None => by.matches_partly(NAMESPACE_NAME, name),
    }
}

/// The first requirement that no label meets by itself.
fn unmet(keys: &[&Keys<'_>], selector: &Selector) -> Option<String> {
    let met = |requirement: &&Requirement| match requirement.test {
        Test::In(_) | Test::Exists => {
            let values = keys.iter().filter_map(|keys| keys.get(requirement.key.as_str()));
            let mut values = values.flatten();
            values.any(|value| requirement.holds(Some(value)))
        }
        Test::NotIn(_) | Test::DoesNotExist => true,
    };
    let mut unmet = selector.requirements().iter().filter(|requirement| !met(requirement));
    unmet.next().map(ToString::to_string)
}

/// A label like the first that a selector wants and none of these have.
fn missing(keys: &[&Keys<'_>], selector: &Selector) -> Option<String> {
    let wanted = selector.requirements().iter().filter_map(|Requirement { key, test }| {
        let Test::In(values) = test else { return None };
        Some((key, values.first().filter(|_| values.len() == 1)?))
    });
    let has = |key: &str, value: &str| {
        keys.iter().any(|keys| keys.get(key).is_some_and(|values| values.contains(value)))
    };
    let mut missing = wanted.filter(|(key, value)| !has(key, value));
    missing.find_map(|(key, value)| keys.iter().find_map(|keys| near(keys, key, value)))
}

/// The label that is most like one: of its key, another value; else its value, by another key.
fn near(keys: &Keys<'_>, key: &str, value: &str) -> Option<String> {
    let values = keys.get(key).into_iter().flatten().copied();
    if keys.get(key).is_some_and(|values| values.contains(value)) {
        return None;
    }
    if let Some(near) = nearest(value, values) {
        return Some(format!("{key}={near}"));
    }
    let by = keys.iter().find(|(_, values)| values.contains(value));
    by.map(|(key, _)| format!("{key}={value}"))
}

/// The word that is most like another, if one is: the first of several. `web-1` is no slip for
/// `web-2`.
pub(super) fn nearest<'w>(said: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let letters = |word: &str| word.replace(|c: char| c.is_ascii_digit(), "");
    let own = letters(said);
    let far = words.map(|word| (strsim::damerau_levenshtein(said, word), word));
    let near = far.filter(|(far, word)| {
        (1..=said.len().div_ceil(RIGHT)).contains(far) && letters(word) != own
    });
    near.min().map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_label_is_another_value_or_another_key() {
        let keys: Keys<'_> = BTreeMap::from([
            ("app", BTreeSet::from(["cartservice", "cache", "adservice"])),
            ("role", BTreeSet::from(["db"])),
        ]);
        assert_eq!(near(&keys, "app", "cartservic").as_deref(), Some("app=cartservice"));
        assert_eq!(near(&keys, "app", "db").as_deref(), Some("role=db"));
        assert_eq!(near(&keys, "app", "zebra"), None);
        assert_eq!(nearest("web-1", ["web-2", "web-10"].into_iter()), None, "another number");
        assert_eq!(nearest("prometheus", ["prometheus-adapter"].into_iter()), None, "too far");
        assert_eq!(near(&keys, "app", "cache"), None, "it is there");
    }
}
