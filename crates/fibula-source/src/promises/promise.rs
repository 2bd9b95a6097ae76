//! One promise.

use fibula_cluster::promise::{Ports, Promise, Verb};

use super::fields::{Field, Fields};
use super::{is_map, said};
use crate::events::{Event, value};

/// The fields of a promise.
const FIELDS: [&str; 10] = [
    "name",
    "because",
    "namespace",
    "from",
    "to",
    "ports",
    "reaches",
    "never-reaches",
    "only-from",
    "reaches-only",
];

/// What the promise at `at` is called, before it is read.
pub(super) fn label(events: &[Event<'_>], at: usize, index: usize) -> String {
    let name = value(events, at, "name").and_then(|(_, name)| events[name].scalar());
    name.map_or_else(|| format!("promises[{index}]"), |name| format!("promise {name}"))
}

/// Reads the promise at `at`; says everything that is wrong with it.
pub(super) fn read(fields: &mut Fields<'_>, at: usize) -> Option<Promise> {
    if !is_map(fields.events, at) {
        fields.refuse(at, "", "a promise: a mapping such as {from: web, reaches: [\"db:5432\"]}");
        return None;
    }
    let before = fields.refused.len();
    let own = fields.of(at, &FIELDS);
    // What is misspelt lacks nothing.
    let misspelt = fields.refused.len() > before;
    let of = |name: &str| own.iter().find(|(own, _)| own == name).map(|(_, field)| *field);
    let mut text = |name: &str| {
        let (_, at) = of(name)?;
        fields.text(at, name, name != "namespace")
    };
    let (name, because, namespace) = (text("name"), text("because"), text("namespace"));
    let ports = ports(fields, of("ports"));
    let verbs: Vec<(Verb, Field)> =
        Verb::ALL.into_iter().filter_map(|verb| Some((verb, of(verb.field())?))).collect();
    let verb = match verbs[..] {
        [(verb, _)] => Some(verb),
        [] if misspelt => None,
        [] => {
            let refusal =
                fields.refusal(at, None, "reaches, never-reaches, only-from or reaches-only");
            let help = "say what is promised: from … reaches …, from … never-reaches …, \
                        to … only-from …, from … reaches-only …";
            fields.refused.push(refusal.help(help));
            None
        }
        [(first, _), (_, (key, _)), ..] => {
            let expected = format!("one of the four: {} is there already", first.field());
            let got = fields.events[key].scalar().unwrap_or_default().to_owned();
            let refusal = fields.refusal(key, None, &expected).got(&got);
            fields.refused.push(refusal.help("make two promises of it"));
            None
        }
    }?;
    let other = if verb.about() == "from" { "to" } else { "from" };
    if let Some((key, _)) = of(other) {
        let (about, field) = (verb.about(), verb.field());
        let refusal = fields.refusal(key, None, &format!("only `{about}` beside `{field}`"));
        let help = match verb {
            Verb::OnlyFrom => "who may reach it stands in `only-from`".to_owned(),
            _ => format!("whom it is about stands in `from`, and the targets in `{field}`"),
        };
        fields.refused.push(refusal.got(other).help(help));
    }
    let list = fields.refused.len();
    let about = match of(verb.about()) {
        Some((_, at)) => said::some(fields, at, verb.about(), verb == Verb::OnlyFrom),
        None if misspelt || of(other).is_some() => vec![],
        None => {
            let expected = format!("a field `{}` beside `{}`", verb.about(), verb.field());
            let refusal = fields.refusal(at, None, &expected);
            fields.refused.push(refusal);
            vec![]
        }
    };
    let (_, at) = of(verb.field())?;
    let others = said::some(fields, at, verb.field(), verb != Verb::OnlyFrom);
    (fields.refused.len() == list).then_some(Promise {
        name,
        because,
        namespace,
        about,
        verb,
        others,
        ports,
    })
}

fn ports(fields: &mut Fields<'_>, field: Option<Field>) -> Vec<Ports> {
    let Some((_, at)) = field else { return vec![] };
    let mut all = vec![];
    for (at, path) in fields.some(at, "ports", "at least one port") {
        let Some(text) = fields.text(at, &path, true) else { continue };
        match text.parse::<Ports>() {
            Ok(ports) => all.push(ports),
            Err(expected) => fields.refuse(at, &path, &expected),
        }
    }
    all
}
