//! What was not read, or not used, and decides traffic (DR-21).

use std::collections::{BTreeMap, BTreeSet};

use fibula_answers::trace::Unread;
use fibula_cluster::{Cluster, Decides, Twins, decides};
use fibula_source::{Read, Refusal};

/// What was not read and decides traffic, by kind; without what the user accepts. Repeats are one
/// object, as everywhere.
pub(super) fn unread(read: &Read, ignored: &[String]) -> Vec<Unread> {
    let mut seen = BTreeSet::new();
    let mut kinds: BTreeMap<(&str, &str), Unread> = BTreeMap::new();
    let objects = read.unread.iter().map(|o| (&o.api_version, &o.kind, &*o.namespace, &*o.name, 1));
    // Of a kind that nobody may list any could be there, in any namespace or in none.
    let forbidden = read.forbidden.iter().map(|o| (&o.api_version, &o.kind, "", "", 0));
    for (api_version, kind, namespace, name, count) in objects.chain(forbidden) {
        let Some(decides) = decides(api_version, kind) else { continue };
        if ignored.iter().any(|ignored| ignored.eq_ignore_ascii_case(kind)) {
            continue;
        }
        let group = api_version.split('/').next().unwrap_or_default();
        let key = (kind.as_str(), group);
        if !seen.insert((key, namespace, name)) {
            continue;
        }
        let unread = kinds.entry(key).or_insert_with(|| Unread {
            decides,
            kind: kind.clone(),
            namespaces: BTreeMap::new(),
        });
        *unread.namespaces.entry(namespace.to_owned()).or_default() += count;
    }
    kinds.into_values().collect()
}

/// Adds policies of one name that contradict each other: they are kept out, and any of them could
/// decide (DR-21).
pub(super) fn with_twins(unread: &mut Vec<Unread>, cluster: &Cluster, ignored: &[String]) {
    for twins in policies(cluster) {
        if ignored.iter().any(|ignored| ignored.eq_ignore_ascii_case(twins.kind)) {
            continue;
        }
        let same = |unread: &&mut Unread| unread.kind == twins.kind;
        let at = match unread.iter_mut().find(same) {
            Some(unread) => unread,
            None => {
                let namespaces = BTreeMap::new();
                let kind = twins.kind.to_owned();
                unread.push(Unread { decides: Decides::Policy, kind, namespaces });
                let last = unread.len() - 1;
                &mut unread[last]
            }
        };
        *at.namespaces.entry(twins.namespace.clone()).or_default() += 1;
    }
    unread.sort();
}

/// Policies of one name that contradict each other.
pub(super) fn policies(cluster: &Cluster) -> impl Iterator<Item = &Twins> {
    cluster.twins.iter().filter(|twins| twins.kind.ends_with("NetworkPolicy"))
}

/// Where files are that are no YAML at all: each at its first broken line.
pub(super) fn garbled(refusals: &[Refusal]) -> Vec<String> {
    let mut files: Vec<(&str, usize)> = vec![];
    for refusal in refusals {
        if files.last().is_none_or(|(file, _)| *file != refusal.file) {
            files.push((&refusal.file, refusal.line.unwrap_or(1)));
        }
    }
    files.into_iter().map(|(file, line)| format!("{file}:{line}")).collect()
}
