//! Choices that an answer depends on: the question, what each answer comes to, and how to decide it.

use std::collections::BTreeSet;

use fibula_answers::trace::{Means, Open, Trace, Value, Way};
use fibula_network::{ChoiceId, When};
use serde_json::json;

use crate::page::{Page, Text};
use crate::preface::list;
use crate::style::Label;
use crate::trace::headline;
use crate::view::View;

/// How many answers to one question are shown.
const MOST: usize = 6;

/// What the choices of a trace are about: it follows "depends on". Nothing where there are none.
pub(crate) fn depends(view: &View<'_>, trace: &Trace) -> Option<String> {
    let choices = trace.open.iter().map(|open| open.choice);
    (!trace.open.is_empty()).then(|| about(view, choices))
}

/// What choices are about.
pub(crate) fn about(view: &View<'_>, choices: impl Iterator<Item = ChoiceId>) -> String {
    let about = choices.map(|choice| match &*view.network.choice(choice).id {
        "DR-2b" | "DR-3" | "DR-4" | "DR-7" => "your network plugin",
        "DR-6" => "which policy comes first",
        "DR-19" => "addresses that the input does not say",
        "DR-22" => "labels that were not read",
        "CNP-25" => "which names an address has",
        "POD-7" => "who has an address that several claim",
        "too-many" => "more than can be told apart",
        _ => "what several Services claim",
    });
    let mut each: Vec<String> = vec![];
    for about in about {
        if !each.iter().any(|known| known == about) {
            each.push(about.to_owned());
        }
    }
    list(&each)
}

/// Each question, and what its answers come to.
pub(crate) fn questions(view: &View<'_>, trace: &Trace) -> Page {
    let mut page = Page::new();
    for (i, open) in trace.open.iter().enumerate() {
        let choice = view.network.choice(open.choice);
        let number = if trace.open.len() > 1 { format!("{}  ", i + 1) } else { String::new() };
        let question =
            Text::from("  ").with(Label::Name, format!("{number}{}", capital(&choice.question)));
        page.line(question.with(Label::Dim, format!("  {}", choice.id)));
        let named = open.values.iter().any(|value| value.means != [Means::One]);
        if named {
            let shown = open.values.iter().take(MOST);
            let rows = shown.map(|value| {
                let means = Text::from(means(&choice.id, value));
                vec![means, outcomes(view, trace, value)]
            });
            page.rows(4 + number.len(), rows.collect());
            if open.values.len() > MOST {
                let more = format!("    … and {} more", open.values.len() - MOST);
                page.line(Text::new().with(Label::Dim, more));
            }
        }
    }
    page
}

/// The ways that end differently, as indices: the first of each end.
pub(crate) fn distinct(trace: &Trace) -> Vec<usize> {
    let mut found: Vec<usize> = vec![];
    for (i, way) in trace.ways.iter().enumerate() {
        if found.iter().all(|known| trace.ways[*known].ends() != way.ends()) {
            found.push(i);
        }
    }
    found
}

/// Under which answers a way is: `if yes`, `if 1 yes, 2 no`; nothing where they have no names.
pub(crate) fn under(trace: &Trace, way: &Way) -> Option<String> {
    let several = trace.open.len() > 1;
    let mut parts = vec![];
    for (i, open) in trace.open.iter().enumerate() {
        let Some(when) = way.under.iter().find(|when| when.choice == open.choice) else { continue };
        let value = open.values.iter().find(|value| value.values.contains(&when.value))?;
        let word = match value.means.first()? {
            Means::No => "no".to_owned(),
            Means::Yes => "yes".to_owned(),
            Means::Client => "the client".to_owned(),
            Means::Node => "the node".to_owned(),
            Means::First(policy) => format!("{policy} comes first"),
            Means::One => return None,
        };
        parts.push(if several { format!("{}: {word}", i + 1) } else { word });
    }
    (!parts.is_empty()).then(|| format!("if {}", parts.join(", ")))
}

/// What is open and decides only where it ends, where nothing else is: it follows "also".
pub(crate) fn beside(view: &View<'_>, trace: &Trace) -> Option<String> {
    if !trace.open.is_empty() {
        return None;
    }
    let all = trace.ways.iter().flat_map(|way| &way.under);
    let varies = |when: &&When| {
        let mut others = trace.ways.iter().flat_map(|way| &way.under);
        others.any(|other| other.choice == when.choice && other.value != when.value)
    };
    let ids = all.filter(varies).map(|when| &*view.network.choice(when.choice).id);
    let ids: BTreeSet<&str> = ids.collect();
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let decides = if ids.len() == 1 { "decides" } else { "decide" };
    (!ids.is_empty()).then(|| {
        format!(
            "{} {decides} on the way only: what is shown is one way to the same end",
            list(&ids)
        )
    })
}

/// How to decide what is open.
pub(crate) fn decide(view: &View<'_>, trace: &Trace) -> Vec<String> {
    decide_all(trace.open.iter().map(|open| &*view.network.choice(open.choice).id).collect())
}

/// How to decide choices of these ids.
pub(crate) fn decide_all(ids: BTreeSet<&str>) -> Vec<String> {
    let plugin: Vec<&&str> = ids.iter().filter(|id| PLUGIN.contains(id)).collect();
    let mut lines = vec![];
    if !plugin.is_empty() {
        let profile = match plugin.iter().any(|id| **id == "DR-2b") {
            true => "--profile reference, --profile cilium",
            false => "--profile reference",
        };
        let each = plugin.iter().map(|id| match **id {
            "DR-7" => format!("--decide {id}=client|node"),
            id => format!("--decide {id}=yes|no"),
        });
        let each: Vec<String> = each.collect();
        lines.push(format!("by {profile} or {}; for good in fibula.toml", each.join(" ")));
    }
    let how = |id: &str| match id {
        "DR-6" => Some("give the policies different priorities"),
        "DR-19" => Some("read the addresses too: kubectl get -A -o yaml nodes,pods,services"),
        "DR-22" => Some("read the namespaces and nodes too: kubectl get -o yaml namespaces,nodes"),
        _ => None,
    };
    lines.extend(ids.iter().filter_map(|id| how(id)).map(str::to_owned));
    if let Some(last) = lines.last_mut() {
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        *last += &format!(" (fibula explain {})", ids.join(", "));
    }
    lines
}

/// The values of a choice, as JSON: what they mean, and what each comes to.
pub(crate) fn values(trace: &Trace, open: &Open) -> serde_json::Value {
    let values = open.values.iter().map(|value| {
        let means = value.means.iter().map(|means| match means {
            Means::First(policy) => json!(policy),
            other => json!(other.word()),
        });
        let ends = value.ways.iter().flat_map(|way| trace.ways[*way].outcome().into_keys());
        let ends: BTreeSet<&str> = ends.map(|(verdict, _)| verdict.name()).collect();
        json!({ "means": means.collect::<Vec<_>>(), "values": value.values, "verdicts": ends })
    });
    values.collect()
}

/// What a plugin decides.
const PLUGIN: [&str; 4] = ["DR-2b", "DR-3", "DR-4", "DR-7"];

/// What a value means, in words.
fn means(id: &str, value: &Value) -> String {
    let firsts: Vec<String> = value
        .means
        .iter()
        .filter_map(|means| match means {
            Means::First(policy) => Some(policy.clone()),
            _ => None,
        })
        .collect();
    match (id, value.means.first()) {
        _ if !firsts.is_empty() => either(&firsts),
        ("DR-2b", Some(Means::Yes)) => "yes, as most plugins do".to_owned(),
        ("DR-2b", _) => "no, as Cilium by default".to_owned(),
        ("DR-3", Some(Means::Yes)) => "yes, as the API says".to_owned(),
        ("DR-3", _) => "no, as the documentation says".to_owned(),
        ("DR-4", Some(Means::No)) => "no: a pod cannot block itself".to_owned(),
        (_, Some(Means::Yes)) => "yes".to_owned(),
        (_, Some(Means::No)) => "no".to_owned(),
        (_, Some(Means::Client)) => "the client".to_owned(),
        (_, Some(Means::Node)) => "the node".to_owned(),
        _ => "one of them".to_owned(),
    }
}

/// What becomes of the message under a value.
fn outcomes(view: &View<'_>, trace: &Trace, value: &Value) -> Text {
    let mut shown: Vec<usize> = vec![];
    for way in &value.ways {
        let new = |known: &usize| trace.ways[*known].ends() != trace.ways[*way].ends();
        if shown.iter().all(new) {
            shown.push(*way);
        }
    }
    let mut text = Text::new();
    for (i, way) in shown.iter().enumerate() {
        if i > 0 {
            text = text.plain("   or   ");
        }
        text = text.then(headline::way(view, &trace.ways[*way]));
    }
    text
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn either(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
