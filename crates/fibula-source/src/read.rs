//! Everything together: inputs to objects.

use std::collections::BTreeMap;

use fibula_cluster::{Object, ObjectId};
use rayon::prelude::*;

use crate::file::{File, Format};
use crate::input::{Candidate, Candidates, Input};
use crate::objects::{Batch, Context, Found};
use crate::refusal::Refusal;
use crate::sources::Sources;
use crate::windows::WINDOW;
use crate::{json, yaml};

/// What the inputs held. Everything in it is in the order of the inputs, the files in a folder
/// by name, and the objects in a file as they stand.
#[derive(Debug, Default)]
pub struct Read {
    /// The objects of the kinds that the model reads, without those that were refused.
    pub objects: Vec<(ObjectId, Object)>,
    /// Where each object stands.
    pub sources: Sources,
    /// What could not be read: files first, then what is in them. One broken object never hides
    /// another.
    pub refused: Vec<Refusal>,
    /// How many files were read, standard input and texts included; the lists of a cluster that runs
    /// are none.
    pub files: usize,
    /// How many files in folders are neither YAML nor JSON by name; they were not opened.
    pub skipped: usize,
    /// How many documents (or empty files) in folders are no Kubernetes objects: Helm values,
    /// patches, notes.
    pub not_objects: usize,
    /// Those of them that are no YAML at all, and show nothing of Kubernetes: what a folder has
    /// beside its objects, such as parts of Helm templates; or an object so broken that nobody
    /// can tell.
    pub garbled: Vec<Refusal>,
    /// Folders with a kustomization: their files are parts, of which kustomize builds the objects.
    pub kustomizations: Vec<String>,
    /// How many objects of each kind are in `objects`.
    pub counts: BTreeMap<String, usize>,
    /// How many objects of each other kind there are, which decide nothing and were left.
    pub left: BTreeMap<String, usize>,
    /// The objects that decide traffic and that networks do not follow (DR-21): of kinds that are
    /// not read, and policies that were refused.
    pub unread: Vec<Unread>,
    /// Kinds that nobody may list, where the cluster was read: of which any object could be there.
    pub forbidden: Vec<Forbidden>,
    /// Whether some of it is a dump that left out what containers name.
    pub without_env: bool,
    /// Whether some of it was read from a cluster as it runs.
    pub live: bool,
}

/// A kind of objects that nobody may list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forbidden {
    /// Such as `NetworkPolicy`.
    pub kind: String,
    /// Such as `networking.k8s.io/v1`.
    pub api_version: String,
}

/// An object that decides traffic and that networks do not follow: answers that it could change
/// are undecided (DR-21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Such as `networking.k8s.io/v1`.
    pub api_version: String,
    /// Such as `NetworkPolicy`.
    pub kind: String,
    /// Its namespace; empty where it does not say or has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// For [`Sources`].
    pub id: ObjectId,
}

/// Reads all inputs, in parallel. Costs some 10 ms for each MB of YAML and 3 ms for each of
/// JSON on one core, and memory for the objects and the text: of a big file for a window of it.
/// Never fails: what cannot be read is in [`Read::refused`].
pub fn read(inputs: &[Input]) -> Read {
    read_by(inputs, WINDOW)
}

/// As [`read()`], with windows of another size: whatever it is, the answer is the same.
#[doc(hidden)]
pub fn read_by(inputs: &[Input], window: usize) -> Read {
    let candidates = Candidates::of(inputs);
    let parts = candidates.parts;
    let files: Vec<_> = candidates
        .files
        .into_par_iter()
        .map(|candidate| candidate.and_then(|file: Candidate<'_>| file.read(window)))
        .collect();
    let mut read = Read { skipped: candidates.skipped, ..Read::default() };
    let mut batches = vec![];
    for file in files {
        match file {
            Ok(file) => {
                let live = file.iter().any(|(part, _)| part.live);
                read.live |= live;
                read.files += usize::from(!live);
                // Each knows its parts from the first.
                let before = read.sources.files.len() as u32;
                for (part, batch) in file {
                    read.sources.files.push(part);
                    batches.push((before, batch));
                }
            }
            Err(refusal) => read.refused.push(*refusal),
        }
    }
    for (before, batch) in batches {
        read.add(before, batch);
    }
    read.refused = parts.gather(std::mem::take(&mut read.refused));
    read.kustomizations = parts.kustomizations;
    read
}

/// Reads a file that is in memory.
pub(crate) fn file(file: &File) -> Batch {
    let format = file.format();
    let context = Context { file, index: 0, format, base: file.start() };
    let mut batch = match format {
        Format::Yaml => yaml::read(context),
        Format::Json => json::read(context),
    };
    if batch.is_nothing() && file.found {
        batch.strangers += 1;
    } else if batch.is_nothing() && file.text.trim_ascii().is_empty() {
        let refusal = Refusal::file(&file.name, "Kubernetes objects in YAML or JSON");
        batch.refused.push(refusal.got("nothing: the file is empty"));
    }
    batch
}

impl Read {
    /// Adds what was read from elsewhere, but for its objects: these come back, with the numbers that
    /// they have in [`Read::sources`] now.
    pub fn append(&mut self, other: Read) -> Vec<(ObjectId, Object)> {
        let by = self.sources.append(other.sources);
        let moved = |id: ObjectId| ObjectId(id.0 + by);
        self.refused.extend(other.refused);
        self.files += other.files;
        self.skipped += other.skipped;
        self.not_objects += other.not_objects;
        self.garbled.extend(other.garbled);
        for (all, more) in [(&mut self.counts, other.counts), (&mut self.left, other.left)] {
            for (kind, count) in more {
                *all.entry(kind).or_default() += count;
            }
        }
        let unread = other.unread.into_iter();
        self.forbidden.extend(other.forbidden);
        self.without_env |= other.without_env;
        self.live |= other.live;
        self.unread.extend(unread.map(|unread| Unread { id: moved(unread.id), ..unread }));
        other.objects.into_iter().map(|(id, object)| (moved(id), object)).collect()
    }

    fn add(&mut self, before: u32, batch: Batch) {
        for (mut origin, found) in batch.found {
            origin.file += before;
            let id = ObjectId(self.sources.origins.len() as u32);
            self.sources.origins.push(origin);
            match found {
                Found::Object(object) => {
                    let kind = object.kind().name();
                    match self.counts.get_mut(kind) {
                        Some(count) => *count += 1,
                        None => _ = self.counts.insert(kind.to_owned(), 1),
                    }
                    self.objects.push((id, object));
                }
                Found::Unread { api_version, kind, namespace, name } => {
                    self.unread.push(Unread { api_version, kind, namespace, name, id });
                }
                Found::Forbidden { api_version, kind } => {
                    self.forbidden.push(Forbidden { kind, api_version });
                }
                Found::WithoutEnv => self.without_env = true,
            }
        }
        self.refused.extend(batch.refused);
        for (kind, count) in batch.left {
            *self.left.entry(kind).or_default() += count;
        }
        self.not_objects += batch.strangers;
        self.garbled.extend(batch.garbled);
    }
}
