//! Where the faults of a network stand in the file that it was read from.

use rustc_hash::FxHashMap;

use super::lines::{File, Text};
use super::path;
use super::refuse::Refusals;
use crate::addr::Addr;
use crate::check::Fault;

/// Refuses the text behind each fault. Costs a pass over the file if there is any.
pub(super) fn refuse(file: &File<'_>, faults: &[Fault], refusals: &mut Refusals<'_>) {
    if faults.is_empty() {
        return;
    }
    let texts = texts(file);
    for fault in faults {
        // The text of the field, or of the record around it.
        let mut at = Some(&*fault.path);
        let text = std::iter::from_fn(|| {
            let here = at?;
            at = here.rfind(['.', '[']).map(|end| &here[..end]);
            Some(texts.get(here).copied())
        });
        match text.flatten().next() {
            Some(text) => refusals.refuse(text, fault.path.clone(), &fault.what),
            None => refusals.refuse_nowhere(fault.path.clone(), fault.what.clone()),
        }
    }
}

/// The texts that speak for the records and fields that faults name.
fn texts<'f, 'a>(file: &'f File<'a>) -> FxHashMap<String, &'f Text<'a>> {
    let mut texts = FxHashMap::default();
    for (i, line) in file.elements.iter().enumerate() {
        texts.insert(format!("elements[{i}]"), &line.name);
        if let Some(host) = &line.host {
            texts.insert(format!("elements[{i}].host"), host);
        }
        if let Some(addr) = line.addresses.first() {
            texts.insert(format!("elements[{i}].addresses"), addr);
        }
        if let Some(open) = line.open.first() {
            texts.insert(format!("elements[{i}].open"), &open.0.port);
        }
    }
    for (i, line) in file.services.iter().enumerate() {
        texts.insert(format!("services[{i}]"), &line.name);
    }
    for (i, line) in file.meshes.iter().enumerate() {
        let first = line.members.first().or(line.except.first().map(|pair| &pair[0]));
        texts.extend(first.map(|text| (format!("meshes[{i}]"), text)));
    }
    for (i, line) in file.choices.iter().enumerate() {
        texts.insert(format!("choices[{i}]"), &line.id);
    }
    for (key, _) in &file.sets.0 {
        texts.insert(path("sets", &key.0), key);
    }
    for (i, name) in file.zones.iter().enumerate() {
        texts.insert(format!("zones[{i}]"), name);
    }
    for (key, _) in &file.backends.0 {
        texts.insert(path("backends", &key.0), key);
    }
    for (key, switches) in &file.hops.0 {
        texts.insert(path("hops", &key.0), switches.first().unwrap_or(key));
    }
    for (key, lines) in &file.tables.0 {
        let table = path("tables", &key.0);
        for (i, line) in lines.iter().enumerate() {
            texts.insert(format!("{table}[{i}]"), &line.action);
            let fields = [
                ("from", &line.from),
                ("to", &line.to),
                ("port", &line.port),
                ("then", &line.then),
            ];
            for (field, text) in fields {
                texts.extend(text.as_ref().map(|text| (format!("{table}[{i}].{field}"), text)));
            }
            texts.extend(line.when.first().map(|text| (format!("{table}[{i}].when"), text)));
        }
        texts.insert(table, key);
    }
    for (key, line) in &file.chains.0 {
        let chains = path("chains", &key.0);
        for (i, list) in line.lists.iter().enumerate() {
            let fields = [("tables", list.tables.first()), ("pods", list.pods.first())];
            for (field, text) in fields {
                texts.extend(text.map(|text| (format!("{chains}.lists[{i}].{field}"), text)));
            }
        }
        texts.insert(chains, key);
    }
    for (key, line) in &file.fibs.0 {
        let fib = path("fibs", &key.0);
        texts.extend(line.host.as_ref().map(|text| (format!("{fib}.host"), text)));
        let first = line.listeners.first();
        texts.extend(first.map(|first| (format!("{fib}.listeners"), &first.process)));
        let first = line.masquerade.first();
        texts.extend(first.map(|first| (format!("{fib}.masquerade"), first)));
        texts.insert(fib, key);
    }
    for line in &file.owners {
        // By address, for a network has its owners in another order than its file may have.
        let Ok(addr) = line.address.0.parse::<Addr>() else { continue };
        let fields =
            [("to", Some(&line.to)), ("via", Some(&line.via)), ("when", line.when.as_ref())];
        for (field, text) in fields {
            texts.extend(text.map(|text| (format!("owners[{addr}].{field}"), text)));
        }
    }
    texts
}
