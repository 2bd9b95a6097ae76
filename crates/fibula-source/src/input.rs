//! Where bytes come from: files, folders, standard input, texts.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::bytes::{self, reason};
use crate::encoding;
use crate::file::File;
use crate::parts::Parts;
use crate::refusal::Refusal;

/// Something to read.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, or a folder with everything below it.
    Path(PathBuf),
    /// What came by standard input; named `-`.
    Stdin(Vec<u8>),
    /// A text in memory, such as the embedded example.
    Text {
        /// What positions call it.
        name: String,
        /// The text.
        text: String,
    },
}

/// A file that is to be read.
pub(crate) struct Candidate<'a> {
    name: String,
    from: From<'a>,
    found: bool,
}

enum From<'a> {
    Path(PathBuf),
    Bytes(&'a [u8]),
}

/// The files of all inputs, in their order; those of a folder sorted by name.
#[derive(Default)]
pub(crate) struct Candidates<'a> {
    pub(crate) files: Vec<Result<Candidate<'a>, Box<Refusal>>>,
    /// Files in folders that are neither YAML nor JSON by name.
    pub(crate) skipped: usize,
    /// Folders that are to be built first.
    pub(crate) parts: Parts,
}

impl<'a> Candidates<'a> {
    pub(crate) fn of(inputs: &'a [Input]) -> Self {
        let mut candidates = Candidates::default();
        for input in inputs {
            let (name, bytes) = match input {
                Input::Path(path) if path.is_dir() => {
                    candidates.folder(path);
                    continue;
                }
                Input::Path(path) => {
                    let name = path.display().to_string();
                    candidates.add(name, From::Path(path.clone()), false);
                    continue;
                }
                Input::Stdin(bytes) => ("-", bytes.as_slice()),
                Input::Text { name, text } => (name.as_str(), text.as_bytes()),
            };
            candidates.add(name.to_owned(), From::Bytes(bytes), false);
        }
        candidates
    }

    fn add(&mut self, name: String, from: From<'a>, found: bool) {
        self.files.push(Ok(Candidate { name, from, found }));
    }

    fn folder(&mut self, folder: &Path) {
        let before = self.files.len();
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.file_type().is_file() && readable(entry.path()) => {
                    self.parts.note(entry.path());
                    let name = entry.path().display().to_string();
                    self.add(name, From::Path(entry.into_path()), true);
                }
                Ok(entry) => {
                    self.parts.note(entry.path());
                    self.skipped += 1;
                }
                Err(error) => {
                    let name = error.path().unwrap_or(folder).display().to_string();
                    let why = error.io_error().map_or_else(
                        || "this link leads back to a folder above it".to_owned(),
                        reason,
                    );
                    let refusal = Refusal::file(&name, "something to read").got(&why);
                    self.files.push(Err(Box::new(refusal)));
                }
            }
        }
        if self.files.len() == before {
            let refusal = Refusal::file(
                &folder.display().to_string(),
                "YAML or JSON files in this folder or below",
            );
            self.files.push(Err(Box::new(refusal.got("none"))));
        }
    }
}

impl Candidate<'_> {
    /// Reads and unpacks the file.
    pub(crate) fn load(&self) -> Result<File, Box<Refusal>> {
        let bytes = match &self.from {
            From::Bytes(bytes) => bytes.to_vec(),
            From::Path(path) => bytes::of(path).map_err(|error| {
                Box::new(Refusal::file(&self.name, "a file or folder to read").got(&reason(&error)))
            })?,
        };
        let bytes = bytes::unpacked(bytes).map_err(|error| {
            let expected = match error.kind() {
                io::ErrorKind::FileTooLarge => "a gzip file that holds at most 250 times its size",
                _ => "a whole gzip file",
            };
            Box::new(Refusal::file(&self.name, expected).got(&reason(&error)))
        })?;
        let bytes = encoding::utf8(bytes).map_err(|wrong| {
            let refusal = Refusal::file(&self.name, wrong.expected).got(&wrong.got);
            Box::new(refusal.help(wrong.help))
        })?;
        Ok(File::new(self.name.clone(), bytes, self.found))
    }
}

/// Whether a file in a folder is YAML or JSON by its name.
fn readable(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(name);
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}
