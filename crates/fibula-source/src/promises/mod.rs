//! Files of promises: the same YAML and JSON as objects, read as strictly as policies are, for a
//! promise with a field that nobody reads promises something else than it says.
//!
//! ```text
//!  Input ─► File ─► documents ─► events ─┬─ promise   one item of `promises` ─► Promise
//!                                        └─ said      whom it names, at which ports
//! ```

mod fields;
mod promise;
mod said;

use std::ops::Range;
use std::sync::Arc;

use fibula_cluster::ObjectId;
use fibula_cluster::promise::Promise;

use crate::events::{self, What, after, entries, items, value};
use crate::file::{File, Format};
use crate::input::{Candidates, Input};
use crate::objects::Context;
use crate::refusal::Refusal;
use crate::sources::{Origin, Sources};
use crate::yaml::{blank, documents};
use fields::Fields;

/// What files of promises hold.
#[derive(Debug, Default)]
pub struct Promises {
    /// The promises, in the order of the inputs; their numbers are those of [`Promises::sources`]
    /// alone.
    pub all: Vec<(ObjectId, Promise)>,
    /// Where each of them stands.
    pub sources: Sources,
    /// What could not be read. One broken promise never hides another.
    pub refused: Vec<Refusal>,
    /// How many files hold promises, if only an empty list of them.
    pub files: usize,
}

/// The field of a file that holds its promises.
const LIST: &str = "promises";

/// Reads all promises of all inputs. Of folders, files without promises are none of our business.
pub fn promises(inputs: &[Input]) -> Promises {
    let mut found = Promises::default();
    for candidate in Candidates::of(inputs).files {
        match candidate.and_then(|candidate| candidate.load()) {
            Ok(file) => found.file(Arc::new(file)),
            Err(refusal) => found.refused.push(*refusal),
        }
    }
    found.twice();
    found
}

// === impl Promises ===

impl Promises {
    fn file(&mut self, file: Arc<File>) {
        let index = self.sources.files.len() as u32;
        self.sources.files.push(Arc::clone(&file));
        let format = file.format();
        let pieces = match format {
            Format::Yaml => documents(&file.text, file.start()),
            Format::Json => vec![Range { start: file.start(), end: file.text.len() }],
        };
        let before = (self.files, self.refused.len());
        let mut empty = true;
        for range in pieces {
            let text = &file.text[range.clone()];
            if blank(text) {
                continue;
            }
            empty = false;
            let context = Context { file: &file, index, format, base: range.start };
            if let Some(broken) = file.broken(&range) {
                self.refused.push(broken);
                continue;
            }
            let (events, name) = match format {
                Format::Yaml => (events::yaml(text), "YAML"),
                Format::Json => (events::json(text), "JSON"),
            };
            match events {
                Ok(events) if events.is_empty() => {}
                Ok(events) => self.document(context, &events),
                // Whatever else a folder has is not for us to judge.
                Err(_) if file.found && !text.contains("promises:") => {}
                Err(error) => {
                    self.refused.push(Refusal::syntax(&file, range.start, name, &error));
                }
            }
        }
        if empty && !file.found {
            let refusal = Refusal::file(&file.name, "a mapping with a list `promises`");
            self.refused.push(refusal.got("nothing: the file is empty"));
        } else if self.files > before.0 {
            self.files = before.0 + 1;
        }
    }

    fn document(&mut self, context: Context<'_>, events: &[events::Event<'_>]) {
        let is_list = value(events, 0, LIST).is_some();
        // Of a file of objects one word is enough.
        let name = &context.file.name;
        let said = self.refused.last().is_some_and(|refusal| refusal.file == *name);
        if !is_list && (context.file.found || said) {
            return;
        }
        let mut fields = Fields { context, events, label: None, refused: &mut self.refused };
        if !is_list {
            let object = value(events, 0, "kind").is_some();
            let refusal = fields.refusal(0, None, "a mapping with a list `promises`");
            let help = match object {
                true => "this is a Kubernetes object: read it with -f",
                false => "begin the file with `promises:`, and each promise with `- name:`",
            };
            return self.refused.push(refusal.help(help));
        }
        self.files += 1;
        for (key, at) in entries(events, 0) {
            match events[key].scalar() {
                Some(LIST) => {}
                _ => {
                    fields.stranger(key, &[LIST]);
                    continue;
                }
            }
            let nothing = matches!(events[at].scalar(), Some("" | "~" | "null"));
            if nothing || !fields.is_list(at, LIST) {
                continue;
            }
            for (i, item) in items(events, at).enumerate() {
                let before = fields.refused.len();
                let label = promise::label(events, item, i);
                let read =
                    promise::read(&mut Fields { label: Some(label), ..fields.again() }, item);
                if let Some(promise) = read.filter(|_| fields.refused.len() == before) {
                    let id = ObjectId(self.sources.origins.len() as u32);
                    let range = item..after(events, item);
                    let file = (context.index, context.file);
                    let origin = Origin::new(file, context.format, context.base, events, range);
                    self.sources.origins.push(origin);
                    self.all.push((id, promise));
                }
            }
        }
    }

    /// Refuses a name that an earlier promise has: people and programs tell them apart by it.
    fn twice(&mut self) {
        let mut seen: std::collections::BTreeMap<String, ObjectId> = Default::default();
        let mut refused = vec![];
        for (id, promise) in &self.all {
            let Some(name) = &promise.name else { continue };
            if let Some(first) = seen.get(name) {
                let before = self.sources.position(*first, "name");
                let help = before.map(|at| format!("{}:{} has it too", at.file, at.line));
                let refusal =
                    self.sources.refusal(*id, "name", "a name that no other promise has", name);
                refused.extend(refusal.map(|refusal| Refusal { help, ..refusal }));
            } else {
                seen.insert(name.clone(), *id);
            }
        }
        self.refused.extend(refused);
        let known = |(id, promise): &(ObjectId, Promise)| {
            promise.name.as_ref().is_none_or(|name| seen.get(name) == Some(id))
        };
        self.all.retain(known);
    }
}

/// Whether a node is a mapping.
fn is_map(events: &[events::Event<'_>], at: usize) -> bool {
    events.get(at).is_some_and(|event| event.what == What::Map)
}
