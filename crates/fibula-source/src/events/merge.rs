//! Merge keys: `<<: *base` takes over the entries of a mapping that are not given beside it.

use std::collections::HashSet;

use super::{Event, MAX_COPIED, Style, Syntax, What, after, entries, items};

/// Whether an event can be a merge key.
pub(super) fn is_merge(event: &Event<'_>) -> bool {
    matches!(&event.what, What::Scalar(text, Style::Plain) if text == "<<")
}

/// The events with every merge key replaced by what it merges. What a mapping says itself comes
/// before what it merges, and an earlier merge before a later one.
pub(super) fn resolve<'a>(events: &[Event<'a>]) -> Result<Vec<Event<'a>>, Syntax> {
    let mut out = Vec::with_capacity(events.len());
    let mut at = 0;
    while at < events.len() {
        at = node(events, at, &mut out)?;
    }
    Ok(out)
}

/// Copies the node at `at`, and returns the index after it. Recurses at most [`super::MAX_DEPTH`]
/// deep, which the events were held to when they were collected.
fn node<'a>(events: &[Event<'a>], at: usize, out: &mut Vec<Event<'a>>) -> Result<usize, Syntax> {
    if out.len() > events.len() + MAX_COPIED {
        let message = format!("merge keys that add at most {MAX_COPIED} values");
        return Err(Syntax { at: events[at].start, message });
    }
    out.push(events[at].clone());
    match events[at].what {
        What::Scalar(..) | What::End => return Ok(at + 1),
        What::Seq => {
            for item in items(events, at) {
                node(events, item, out)?;
            }
        }
        What::Map => {
            let mut found = Vec::new();
            collect(events, at, &mut HashSet::new(), &mut found)?;
            for (key, value) in found {
                node(events, key, out)?;
                node(events, value, out)?;
            }
        }
    }
    let next = after(events, at);
    out.push(events[next - 1].clone());
    Ok(next)
}

/// The entries of the mapping at `at`, its own before the merged. `names` are the keys that are
/// given already. Keys of one mapping are all kept, so that a repeated one is refused when it is
/// read.
fn collect<'e>(
    events: &'e [Event<'_>],
    at: usize,
    names: &mut HashSet<&'e str>,
    found: &mut Vec<(usize, usize)>,
) -> Result<(), Syntax> {
    let (merged, own): (Vec<_>, Vec<_>) =
        entries(events, at).partition(|(key, _)| is_merge(&events[*key]));
    let new =
        |(key, _): &(usize, usize)| events[*key].scalar().is_none_or(|name| !names.contains(name));
    let own: Vec<_> = own.into_iter().filter(new).collect();
    names.extend(own.iter().filter_map(|(key, _)| events[*key].scalar()));
    found.extend(own);
    for (_, value) in merged {
        match events[value].what {
            What::Map => collect(events, value, names, found)?,
            What::Seq => {
                for item in items(events, value) {
                    if events[item].what != What::Map {
                        return Err(not_a_mapping(&events[item]));
                    }
                    collect(events, item, names, found)?;
                }
            }
            _ => return Err(not_a_mapping(&events[value])),
        }
    }
    Ok(())
}

fn not_a_mapping(event: &Event<'_>) -> Syntax {
    Syntax { at: event.start, message: "a mapping, or a list of mappings, to merge".to_owned() }
}
