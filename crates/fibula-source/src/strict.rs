//! Fields that a policy does not have: what is misspelt would be skipped, and the policy mean more
//! than it says.

use fibula_cluster::{Fields, Kind};

use crate::events::{Event, entries, items, value};
use crate::objects::Context;
use crate::path::{Step, write};
use crate::refusal::Refusal;

/// How alike a name must be to be the one that was meant.
const ALIKE: f64 = 0.8;

/// Refuses each field of an object's `spec` that its kind does not have.
pub(crate) fn strangers(context: Context<'_>, events: &[Event<'_>], kind: Kind) -> Vec<Refusal> {
    let mut refused = vec![];
    if let Some((_, spec)) = value(events, 0, "spec") {
        let mut path = vec![Step::Key("spec".to_owned())];
        look(context, events, spec, kind.fields(), &mut path, &mut refused);
    }
    refused
}

fn look(
    context: Context<'_>,
    events: &[Event<'_>],
    at: usize,
    fields: Fields,
    path: &mut Vec<Step>,
    refused: &mut Vec<Refusal>,
) {
    let (known, newer) = match fields {
        Fields::Any => return,
        Fields::Each(item) => {
            for (i, at) in items(events, at).enumerate() {
                path.push(Step::Index(i));
                look(context, events, at, *item, path, refused);
                path.pop();
            }
            return;
        }
        Fields::Of(known) => (known, false),
        Fields::OrNewer(known) => (known, true),
    };
    for (key, value) in entries(events, at) {
        let Some(name) = events[key].scalar() else { continue };
        path.push(Step::Key(name.to_owned()));
        match known.iter().find(|(field, _)| *field == name) {
            Some((_, fields)) => look(context, events, value, *fields, path, refused),
            None if newer => {}
            None => refused.push(stranger(context, &events[key], name, known, path)),
        }
        path.pop();
    }
}

fn stranger(
    context: Context<'_>,
    key: &Event<'_>,
    name: &str,
    known: &[(&'static str, Fields)],
    path: &[Step],
) -> Refusal {
    let names: Vec<&str> = known.iter().map(|(field, _)| *field).collect();
    let expected = match names.split_last() {
        Some((last, [])) => format!("the field {last}"),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "no field".to_owned(),
    };
    let span = context.base + key.start..context.base + key.end;
    let refusal = Refusal::at(context.file, span, expected).got(name);
    let help = near(name, &names).map_or_else(
        || format!("`{name}` is no field here, and `kubectl apply` refuses it"),
        |near| format!("`{name}` is no field: write `{near}`"),
    );
    Refusal { path: Some(write(path.iter().cloned())), ..refusal.help(help) }
}

/// The name that was meant, where one is alike.
pub(crate) fn near<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let like = |field: &str| strsim::jaro_winkler(&field.to_lowercase(), &name.to_lowercase());
    let near = names.iter().copied().max_by(|a, b| like(a).total_cmp(&like(b)));
    near.filter(|near| like(near) > ALIKE)
}
