//! Findings that objects switch off by an annotation: for themselves, a Namespace for all in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Ignores;
use crate::object::{Kind, Object};
use crate::place::ObjectId;

/// What is switched off, by object. Costs a look at each object, and another where somebody switches
/// something off.
pub(super) fn read(objects: &[(ObjectId, Object)]) -> Ignores {
    let mut ignores = Ignores::default();
    let mut said: BTreeMap<(Kind, &str, &str), (ObjectId, BTreeSet<&str>)> = BTreeMap::new();
    for (id, object) in objects {
        let ids: Vec<&str> = object.metadata().ignored.ids().collect();
        if !ids.is_empty() {
            let key = (object.kind(), object.namespace(), object.name());
            // Of equal objects all say what one says, and the first is shown.
            let (first, all) = said.entry(key).or_insert_with(|| (*id, BTreeSet::new()));
            *first = (*first).min(*id);
            all.extend(ids);
        }
    }
    if said.is_empty() {
        return ignores;
    }
    for (id, object) in objects {
        let own = said.get(&(object.kind(), object.namespace(), object.name()));
        let around = said.get(&(Kind::Namespace, "", object.namespace()));
        let around = around.filter(|_| object.kind().namespaced());
        let ids = own.into_iter().chain(around).flat_map(|(_, ids)| ids);
        let ids: BTreeSet<String> = ids.map(|id| (*id).to_owned()).collect();
        if !ids.is_empty() {
            ignores.of.insert(*id, ids);
        }
    }
    let said = said.into_values();
    let said = said.flat_map(|(at, ids)| ids.into_iter().map(move |id| (at, id.to_owned())));
    ignores.said = said.collect();
    ignores.said.sort();
    ignores
}
