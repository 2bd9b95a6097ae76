//! Whom a promise names: by name, or by what they are.

use std::net::IpAddr;

use fibula_cluster::api::LabelSelector;
use fibula_cluster::promise::{Named, Ports, Said, Selected};
use fibula_cluster::{Requirement, Selector, Test, parse_cidr};
use ipnet::IpNet;
use serde::Deserialize;

use super::fields::Fields;
use super::is_map;
use crate::de;
use crate::events::{What, entries, items};
use crate::refusal::Refusal;

/// What a mapping can say of somebody.
const FIELDS: [&str; 6] =
    ["namespace", "namespaceSelector", "podSelector", "labels", "cidr", "except"];

/// One or several; targets may say a port.
pub(super) fn some(fields: &mut Fields<'_>, at: usize, path: &str, targets: bool) -> Vec<Said> {
    let all = fields.some(at, path, "at least one name");
    all.into_iter().filter_map(|(at, path)| one(fields, at, path, targets)).collect()
}

fn one(fields: &mut Fields<'_>, at: usize, path: String, targets: bool) -> Option<Said> {
    if is_map(fields.events, at) {
        let who = Named::Selected(selected(fields, at, &path)?);
        return Some(Said { path, who, port: None });
    }
    if fields.events[at].what == What::Seq {
        fields.refuse(at, &path, "a name, or a mapping such as {namespace: shop}");
        return None;
    }
    let text = fields.text(at, &path, false)?;
    let (name, port) = split(&text);
    let colons = name.contains(':') && !is_address(name);
    if name.is_empty() || colons || name.contains(char::is_whitespace) {
        fields.refuse(at, &path, "a name such as web, shop/web, svc/db:5432, ns/shop or world");
        return None;
    }
    let port: Option<Ports> = match port.map(str::parse) {
        None => None,
        Some(Ok(port)) => Some(port),
        Some(Err(expected)) => {
            fields.refuse(at, &path, &expected);
            return None;
        }
    };
    if port.is_some() && !targets {
        fields.refuse(at, &path, "a name without a port");
        let help = "a port is a target's: say it there, or in `ports`";
        fields.refused.last_mut()?.help = Some(help.to_owned());
        return None;
    }
    Some(Said { path, who: Named::Name(name.to_owned()), port })
}

/// A name, and the port behind it. Colons of an IPv6 address are its own, unless it is in brackets.
fn split(text: &str) -> (&str, Option<&str>) {
    if let Some((inside, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && is_address(inside)
    {
        return (inside, rest.strip_prefix(':'));
    }
    if is_address(text) {
        return (text, None);
    }
    match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    }
}

/// Whether a text is an address, or a range of them.
fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || parse_cidr(text).is_some()
}

fn selected(fields: &mut Fields<'_>, at: usize, path: &str) -> Option<Selected> {
    let before = fields.refused.len();
    let own = fields.of(at, &FIELDS);
    let of = |name: &str| own.iter().find(|(own, _)| own == name).map(|(_, (_, at))| *at);
    let below = |name: &str| format!("{path}.{name}");
    let mut selected = Selected::default();
    if let Some(at) = of("namespace") {
        selected.namespace = fields.text(at, &below("namespace"), false);
    }
    if let Some(at) = of("namespaceSelector") {
        selected.namespaces = selector(fields, at, &below("namespaceSelector"));
    }
    if let Some(at) = of("podSelector") {
        selected.pods = selector(fields, at, &below("podSelector"));
    }
    if let Some(at) = of("labels") {
        selected.pods = labels(fields, at, &below("labels"));
    }
    if let Some(at) = of("cidr") {
        selected.cidr = range(fields, at, &below("cidr"));
    }
    if let Some(list) = of("except") {
        for (at, path) in fields.some(list, &below("except"), "at least one range") {
            selected.except.extend(range(fields, at, &path));
        }
    }
    let pods = ["namespace", "namespaceSelector", "podSelector", "labels"];
    let pods: Vec<&str> = pods.into_iter().filter(|name| of(name).is_some()).collect();
    let clash = match &pods[..] {
        _ if of("namespace").is_some() && of("namespaceSelector").is_some() => {
            Some("namespace or namespaceSelector, not both")
        }
        _ if of("podSelector").is_some() && of("labels").is_some() => {
            Some("podSelector or labels, not both")
        }
        [_, ..] if of("cidr").is_some() => Some("pods or a cidr, not both"),
        _ if of("except").is_some() && of("cidr").is_none() => Some("a cidr beside except"),
        [] if of("cidr").is_none() => {
            Some("one of namespace, namespaceSelector, podSelector, labels and cidr")
        }
        _ => None,
    };
    if let Some(expected) = clash.filter(|_| fields.refused.len() == before) {
        fields.refuse(at, path, expected);
    }
    (fields.refused.len() == before).then_some(selected)
}

fn range(fields: &mut Fields<'_>, at: usize, path: &str) -> Option<IpNet> {
    let text = fields.text(at, path, false)?;
    let range = parse_cidr(&text);
    if range.is_none() {
        fields.refuse(at, path, "a range such as 10.0.0.0/8");
    }
    range
}

/// Labels as they are: each with this value.
fn labels(fields: &mut Fields<'_>, at: usize, path: &str) -> Option<Selector> {
    if !is_map(fields.events, at) {
        fields.refuse(at, path, "a mapping such as {app: web}");
        return None;
    }
    let mut requirements = vec![];
    let all: Vec<(usize, usize)> = entries(fields.events, at).collect();
    for (key, value) in all {
        let key = fields.events[key].scalar().unwrap_or_default().to_owned();
        let value = fields.text(value, &format!("{path}[{key}]"), false)?;
        requirements.push(Requirement { key, test: Test::In(vec![value]) });
    }
    Some(Selector::new(requirements))
}

/// A selector as objects have it; the empty one selects everything.
fn selector(fields: &mut Fields<'_>, at: usize, path: &str) -> Option<Selector> {
    if !is_map(fields.events, at) {
        fields.refuse(at, path, "a selector such as {matchLabels: {app: web}}");
        return None;
    }
    let before = fields.refused.len();
    let own = fields.of(at, &["matchLabels", "matchExpressions"]);
    if let Some((_, (_, list))) = own.iter().find(|(name, _)| name == "matchExpressions") {
        let all: Vec<usize> = items(fields.events, *list).collect();
        for expression in all {
            fields.of(expression, &["key", "operator", "values"]);
        }
    }
    if fields.refused.len() > before {
        return None;
    }
    match de::read(fields.events, at, |de| LabelSelector::deserialize(de)) {
        Ok(selector) => {
            for fault in Selector::check(path, &selector) {
                fields.fault(fault, path, at);
            }
            Selector::read(&selector).filter(|_| fields.refused.len() == before)
        }
        Err(fail) => {
            let context = fields.context;
            let refusal = Refusal::mistyped(context.file, context.base, fields.events, &fail);
            let inside = refusal.path.as_deref().unwrap_or_default();
            let path = Some(format!("{path}.{inside}"));
            fields.refused.push(Refusal { path, ..refusal }.of(&fields.label));
            None
        }
    }
}
