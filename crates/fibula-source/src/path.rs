//! API paths, as `kubectl` prints them: `spec.containers[0].ports[1].containerPort`.

use std::fmt::Write;

use crate::events::{Event, What, entries, items, value};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list, counted from 0.
    Index(usize),
}

/// Writes a path. A key that is no plain word stands in brackets: `metadata.labels[a.b/c]`.
pub(crate) fn write(steps: impl IntoIterator<Item = Step>) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Index(index) => {
                let _ = write!(path, "[{index}]");
            }
            Step::Key(key) if key.contains(['.', '[', ']']) => {
                let _ = write!(path, "[{key}]");
            }
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key);
            }
        }
    }
    path
}

/// The steps of a path, as they are written.
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, tail) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        steps.push(step);
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    steps
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// The event of the value.
    pub(crate) value: usize,
    /// The event of its key, where it has one.
    pub(crate) key: Option<usize>,
    /// Whether the whole path exists; else this is the nearest parent that does.
    pub(crate) whole: bool,
}

/// Follows a path from the node at `root`, as far as it goes.
pub(crate) fn locate(events: &[Event<'_>], root: usize, path: &str) -> Located {
    let mut found = Located { value: root, key: None, whole: true };
    for step in steps(path) {
        let next = match events.get(found.value).map(|event| &event.what) {
            Some(What::Map) => {
                value(events, found.value, step).map(|(key, value)| (value, Some(key)))
            }
            Some(What::Seq) => step
                .parse()
                .ok()
                .and_then(|index| items(events, found.value).nth(index))
                .map(|value| (value, None)),
            _ => None,
        };
        let Some((value, key)) = next else {
            found.whole = false;
            break;
        };
        (found.value, found.key) = (value, key);
    }
    found
}

/// The bytes that show a value best: a scalar itself, an absent or large value by its key, an
/// item by its first key.
pub(crate) fn shown(events: &[Event<'_>], at: Located) -> std::ops::Range<usize> {
    let Some(event) = events.get(at.value) else { return 0..0 };
    let scalar = matches!(event.what, What::Scalar(..)) && event.start < event.end;
    if scalar {
        return event.start..event.end;
    }
    let key = at.key.or_else(|| entries(events, at.value).next().map(|(key, _)| key));
    let event = key.and_then(|key| events.get(key)).unwrap_or(event);
    event.start..event.end
}

/// The bytes of a scalar with its key, where both stand in one line of a text; else what shows the
/// value best.
pub(crate) fn entry(text: &str, events: &[Event<'_>], at: Located) -> std::ops::Range<usize> {
    let value = shown(events, at);
    let key = at.key.and_then(|key| events.get(key));
    match key.map(|key| key.start..value.end) {
        Some(both) if text.get(both.clone()).is_some_and(|text| !text.contains('\n')) => both,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, locate, shown, steps, write};
    use crate::events::yaml;

    #[test]
    fn paths_are_read_as_they_are_written() {
        let table: [(&str, &[&str]); 5] = [
            ("", &[]),
            ("spec", &["spec"]),
            ("spec.a[0].b[12]", &["spec", "a", "0", "b", "12"]),
            ("metadata.labels[app.io/x].y", &["metadata", "labels", "app.io/x", "y"]),
            ("a[", &["a", ""]),
        ];
        for (path, expected) in table {
            assert_eq!(steps(&path.replace("a[\0", "a[")), expected, "{path}");
        }
        let path = [Step::Key("a".into()), Step::Index(1), Step::Key("b.c".into())];
        assert_eq!(write(path), "a[1][b.c]");
    }

    #[test]
    fn a_path_leads_to_its_value_or_the_nearest_parent() {
        let text = "spec:\n  ports:\n  - name: a\n    port: 80\n  - port: x\nstatus:\n";
        let events = yaml(text).expect("it is valid");
        let table = [
            ("spec.ports[0].port", "80", true),
            ("spec.ports[1].port", "x", true),
            ("spec.ports[1].name", "port", false),
            ("spec.ports[2].name", "ports", false),
            ("spec.nothing.at.all", "spec", false),
            ("status", "status", true),
            ("absent", "spec", false),
        ];
        for (path, expected, whole) in table {
            let found = locate(&events, 0, path);
            assert_eq!((&text[shown(&events, found)], found.whole), (expected, whole), "{path}");
        }
    }
}
