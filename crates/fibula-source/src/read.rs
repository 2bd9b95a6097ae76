//! Everything together: inputs to objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use fibula_cluster::{Object, ObjectId};
use rayon::prelude::*;

use crate::file::{File, Format};
use crate::input::{Candidate, Candidates, Input};
use crate::objects::{Batch, Context, Found};
use crate::refusal::Refusal;
use crate::sources::Sources;
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
    /// How many files were read, standard input and texts included.
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
/// JSON on one core, and memory for the bytes and the objects that are read. Never fails: what
/// cannot be read is in [`Read::refused`].
pub fn read(inputs: &[Input]) -> Read {
    let candidates = Candidates::of(inputs);
    let loaded: Vec<Result<Arc<File>, Box<Refusal>>> = candidates
        .files
        .into_par_iter()
        .map(|candidate| candidate.and_then(|file: Candidate<'_>| file.load().map(Arc::new)))
        .collect();
    let parts = candidates.parts;
    let mut read = Read { skipped: candidates.skipped, ..Read::default() };
    for file in loaded {
        match file {
            Ok(file) => read.sources.files.push(file),
            Err(refusal) => read.refused.push(*refusal),
        }
    }
    let files = &read.sources.files;
    read.files = files.len();
    let batches: Vec<Batch> =
        files.par_iter().enumerate().map(|(index, file)| self::file(index as u32, file)).collect();
    for batch in batches {
        read.add(batch);
    }
    read.refused = parts.gather(std::mem::take(&mut read.refused));
    read.kustomizations = parts.kustomizations;
    read
}

fn file(index: u32, file: &File) -> Batch {
    let format = file.format();
    let context = Context { file, index, format, base: file.start() };
    let mut batch = match format {
        Format::Yaml => yaml::read(context),
        Format::Json => json::read(context),
    };
    let nothing = batch.found.is_empty()
        && batch.refused.is_empty()
        && batch.left.is_empty()
        && batch.strangers == 0
        && !batch.list;
    if nothing && file.found {
        batch.strangers += 1;
    } else if nothing && file.text.trim_ascii().is_empty() {
        let refusal = Refusal::file(&file.name, "Kubernetes objects in YAML or JSON");
        batch.refused.push(refusal.got("nothing: the file is empty"));
    }
    batch
}

impl Read {
    fn add(&mut self, batch: Batch) {
        for (origin, found) in batch.found {
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
