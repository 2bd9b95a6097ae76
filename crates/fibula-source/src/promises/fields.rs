//! Values of a promise, each of the type that it should be, or refused.

use fibula_cluster::Fault;

use crate::events::{Event, Style, What, entries, items};
use crate::objects::Context;
use crate::path::{Located, shown};
use crate::refusal::Refusal;
use crate::scalar::{Plain, plain};
use crate::strict::near;

/// A reader of values.
pub(super) struct Fields<'a> {
    pub(super) context: Context<'a>,
    pub(super) events: &'a [Event<'a>],
    /// The promise, where there is one.
    pub(super) label: Option<String>,
    pub(super) refused: &'a mut Vec<Refusal>,
}

/// A field: where its key and its value stand.
pub(super) type Field = (usize, usize);

// === impl Fields ===

impl Fields<'_> {
    /// The same, for a while.
    pub(super) fn again(&mut self) -> Fields<'_> {
        let Fields { context, events, label, refused } = self;
        Fields { context: *context, events, label: label.clone(), refused }
    }

    /// What is wrong with a value, or its key.
    pub(super) fn refusal(&self, at: usize, key: Option<usize>, expected: &str) -> Refusal {
        let Context { file, base, .. } = self.context;
        let span = shown(self.events, Located { value: at, key, whole: true });
        let span = base + span.start..base + span.end.max(span.start + 1);
        Refusal::at(file, span, expected).of(&self.label)
    }

    pub(super) fn refuse(&mut self, at: usize, path: &str, expected: &str) {
        let key = at.checked_sub(1).filter(|key| self.events[*key].scalar().is_some());
        let got = match &self.events[at].what {
            What::Map => "a mapping".to_owned(),
            What::Seq => "a list".to_owned(),
            What::Scalar(text, _) if text.is_empty() => "nothing".to_owned(),
            What::Scalar(text, _) => text.to_string(),
            What::End => String::new(),
        };
        let mut refusal = self.refusal(at, key, expected).got(&got);
        refusal.path = (!path.is_empty()).then(|| path.to_owned());
        self.refused.push(refusal);
    }

    /// Refuses a key that is none of these.
    pub(super) fn stranger(&mut self, key: usize, known: &[&str]) {
        let name = self.events[key].scalar().unwrap_or_default();
        let expected = match known {
            [one] => format!("the field {one}"),
            [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
            [] => "no field".to_owned(),
        };
        let refusal = self.refusal(key, None, &expected).got(name);
        let refusal = match near(name, known) {
            Some(near) => refusal.help(format!("`{name}` is no field: write `{near}`")),
            None => refusal.help(format!("`{name}` is no field here")),
        };
        self.refused.push(refusal);
    }

    /// The fields of a mapping: each of these at most once, and no others.
    pub(super) fn of(&mut self, at: usize, known: &[&str]) -> Vec<(String, Field)> {
        let mut found: Vec<(String, Field)> = vec![];
        for (key, value) in entries(self.events, at) {
            let name = self.events[key].scalar().unwrap_or_default();
            if !known.contains(&name) {
                self.stranger(key, known);
            } else if let Some((_, (first, _))) = found.iter().find(|(other, _)| other == name) {
                let (line, column) =
                    self.context.file.line_column(self.context.base + self.events[*first].start);
                let refusal = self.refusal(key, None, "each key once").got(name);
                let help = format!("it was given before, in line {line}, column {column}");
                self.refused.push(refusal.help(help));
            } else {
                found.push((name.to_owned(), (key, value)));
            }
        }
        found
    }

    pub(super) fn is_list(&mut self, at: usize, path: &str) -> bool {
        let list = self.events[at].what == What::Seq;
        if !list {
            self.refuse(at, path, "a list");
        }
        list
    }

    /// A text; of what is written plain also a number, if one will do.
    pub(super) fn text(&mut self, at: usize, path: &str, numbers: bool) -> Option<String> {
        if let What::Scalar(text, style) = &self.events[at].what {
            let meant = match (style, plain(text)) {
                (Style::Text, _) | (_, Plain::Text) => true,
                (Style::Plain, Plain::Unsigned(_)) => numbers,
                _ => false,
            };
            if meant && !text.is_empty() {
                return Some(text.to_string());
            }
        }
        self.refuse(at, path, "text");
        let What::Scalar(text, Style::Plain) = &self.events[at].what else { return None };
        if !text.is_empty()
            && let Some(last) = self.refused.last_mut()
        {
            last.help = Some(format!("quote it: \"{text}\""));
        }
        None
    }

    /// The items of a list, or the one thing that stands in its place; each with its path.
    pub(super) fn some(&mut self, at: usize, path: &str, what: &str) -> Vec<(usize, String)> {
        let all: Vec<(usize, String)> = match self.events[at].what {
            What::Seq => {
                let items = items(self.events, at).enumerate();
                items.map(|(i, at)| (at, format!("{path}[{i}]"))).collect()
            }
            _ => vec![(at, path.to_owned())],
        };
        if all.is_empty() {
            self.refuse(at, path, what);
        }
        all
    }

    /// Refuses what makes no sense in what stands at `root`, of which the path is `path`.
    pub(super) fn fault(&mut self, fault: Fault, path: &str, root: usize) {
        let Context { file, base, .. } = self.context;
        let inside = fault.path.strip_prefix(path).unwrap_or(&fault.path).trim_start_matches('.');
        let inner = Fault { path: inside.to_owned(), ..fault.clone() };
        let refusal = Refusal::fault(file, base, &self.events[root..], &inner);
        self.refused.push(Refusal { path: Some(fault.path), ..refusal }.of(&self.label));
    }
}
