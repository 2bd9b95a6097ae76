//! Namespaces inside which the same is open, by the names of their workloads: said once.

use std::collections::{BTreeMap, BTreeSet};

use fibula_answers::reach::{PartyId, Ports, Toward};
use fibula_network::Family;

use super::names::Names;
use super::rows::{Grouped, Row};
use crate::page::Text;
use crate::style::Label;

/// In how many namespaces it must be so.
const LEAST: usize = 3;
/// How many of them are named.
const MOST_NAMES: usize = 8;

/// Some workloads of a namespace, by name; nothing where they are all.
type Part<'a> = Option<Vec<&'a str>>;

/// What is open inside a namespace: from whom, and to whom.
type Inner<'a> = (Part<'a>, Vec<(Part<'a>, Ports, Option<Family>)>);

/// Rows for what is open alike inside several namespaces, and the lines without that.
pub(super) fn alike(names: &Names<'_, '_>, lines: &Grouped) -> (Vec<Row>, Grouped) {
    // Of each line that is from one namespace, what it opens inside.
    let mut inside: BTreeMap<Inner<'_>, BTreeSet<&str>> = BTreeMap::new();
    let split = |from: &[PartyId], to: &[Toward]| {
        let own = names.namespace(from)?;
        let (inner, outer): (Vec<Toward>, Vec<Toward>) = to
            .iter()
            .flat_map(|toward| {
                let (inner, outer): (Vec<PartyId>, Vec<PartyId>) =
                    toward.targets.iter().partition(|id| names.namespace(&[**id]) == Some(own));
                [inner, outer].map(|targets| Toward { targets, ..toward.clone() })
            })
            .filter(|toward| !toward.targets.is_empty())
            .partition(|toward| names.namespace(&toward.targets) == Some(own));
        let key = inner
            .iter()
            .map(|toward| (part(names, own, &toward.targets), toward.ports.clone(), toward.family));
        let key: Vec<_> = key.collect();
        (!key.is_empty()).then(|| ((part(names, own, from), key), own, outer))
    };
    for ((_, from), to) in lines {
        if let Some((key, own, _)) = split(from, to) {
            inside.entry(key).or_default().insert(own);
        }
    }
    inside.retain(|_, namespaces| namespaces.len() >= LEAST);
    let mut rest = Grouped::new();
    for (key, to) in lines {
        let outer = match split(&key.1, to) {
            Some((inner, _, outer)) if inside.contains_key(&inner) => outer,
            _ => to.clone(),
        };
        if !outer.is_empty() {
            rest.insert(key.clone(), outer);
        }
    }
    let mut rows: Vec<(Vec<&str>, Row)> = inside
        .into_iter()
        .map(|(inner, namespaces)| {
            let namespaces: Vec<&str> = namespaces.into_iter().collect();
            let row = row(names, &inner, &namespaces);
            (namespaces, row)
        })
        .collect();
    rows.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
    (rows.into_iter().map(|(_, row)| row).collect(), rest)
}

/// Which of the workloads of a namespace these are.
fn part<'a>(names: &Names<'a, '_>, namespace: &str, parties: &[PartyId]) -> Part<'a> {
    match names.is_all_of(namespace, parties) {
        true => None,
        false => Some(parties.iter().filter_map(|id| names.short(*id)).collect()),
    }
}

fn row(names: &Names<'_, '_>, (from, to): &Inner<'_>, namespaces: &[&str]) -> Row {
    let who = |part: &Part<'_>| match part {
        None => vec!["all".to_owned()],
        Some(names) => names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let every = namespaces.len() == names.namespaces();
    let head = match every {
        true => "in every namespace: ".to_owned(),
        false => format!("in {} namespaces: ", namespaces.len()),
    };
    let mut from: Vec<Text> = who(from).into_iter().map(Text::from).collect();
    if let Some(first) = from.first_mut() {
        *first = Text::new().with(Label::Dim, head).then(std::mem::take(first));
    }
    let mut items = vec![];
    for (part, ports, family) in to {
        let mut ports = names.ports(ports, &[]);
        if let Some(family) = family {
            ports = ports.with(Label::Open, format!(" over {}", super::names::family(*family)));
        }
        items.extend(who(part).into_iter().map(|name| Text::from(name).then(ports.clone())));
    }
    if !every {
        let mut named: Vec<String> =
            namespaces.iter().take(MOST_NAMES).map(|name| (*name).to_owned()).collect();
        let more = namespaces.len().saturating_sub(MOST_NAMES);
        if more > 0 {
            named.push(format!("{more} more"));
        }
        for (i, name) in named.iter().enumerate() {
            let open = if i == 0 { "(" } else { "" };
            let close = if i + 1 == named.len() { ")" } else { "," };
            items.push(Text::new().with(Label::Dim, format!("{open}{name}{close}")));
        }
    }
    Row { from, to: items }
}
