//! Where bytes come from: files, folders, standard input, texts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::bytes::{self, reason};
use crate::encoding;
use crate::file::File;
use crate::parts::Parts;
use crate::refusal::Refusal;
use crate::windows::{self, Parts as Read};

/// What is said of a link that would never end.
pub(crate) const CIRCLE: &str = "this link leads back to a folder above it";

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
    /// What somebody else has read already.
    Files(Files),
}

/// Files that are in memory: of a git revision, say, or the lists of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// What they are called together.
    pub name: String,
    /// Each file, or why it could not be read.
    pub files: Vec<Result<Held, Box<Refusal>>>,
    /// How many others were not looked at, because they are neither YAML nor JSON by name.
    pub skipped: usize,
}

/// A file in memory.
#[derive(Clone, Debug)]
pub struct Held {
    /// What positions call it.
    pub name: String,
    /// What it holds; it may be packed.
    pub bytes: Vec<u8>,
    /// Whether it was found in a folder: it need not be for us, then.
    pub found: bool,
    /// Whether it is no file that people could open: then what stands in it is known by the names of
    /// its objects, and not by lines.
    pub live: bool,
}

/// A file that is to be read.
pub(crate) struct Candidate<'a> {
    name: String,
    from: From<'a>,
    found: bool,
    live: bool,
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
                Input::Files(files) => {
                    candidates.held(files);
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
        self.files.push(Ok(Candidate { name, from, found, live: false }));
    }

    fn held(&mut self, files: &'a Files) {
        for file in &files.files {
            self.files.push(match file {
                Ok(Held { name, bytes, found, live }) => Ok(Candidate {
                    name: name.clone(),
                    from: From::Bytes(bytes),
                    found: *found,
                    live: *live,
                }),
                Err(refusal) => Err(refusal.clone()),
            });
        }
        self.skipped += files.skipped;
        if files.files.is_empty() {
            self.files.push(Err(nothing_in(&files.name)));
        }
    }

    fn folder(&mut self, folder: &Path) {
        let before = self.files.len();
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.file_type().is_file() && is_readable(entry.path()) => {
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
                    let why = error.io_error().map_or_else(|| CIRCLE.to_owned(), reason);
                    let refusal = Refusal::file(&name, "something to read").got(&why);
                    self.files.push(Err(Box::new(refusal)));
                }
            }
        }
        if self.files.len() == before {
            self.files.push(Err(nothing_in(&folder.display().to_string())));
        }
    }
}

fn nothing_in(folder: &str) -> Box<Refusal> {
    let refusal = Refusal::file(folder, "YAML or JSON files in this folder or below");
    Box::new(refusal.got("none"))
}

impl Candidate<'_> {
    /// Reads the file, and what is in it: in parts, where it is big, of which the text is not kept.
    pub(crate) fn read(&self, window: usize) -> Result<Read, Box<Refusal>> {
        if let From::Path(path) = &self.from
            && let Some(parts) = windows::read(path, &self.name, self.found, window)
        {
            return Ok(parts);
        }
        let file = self.load()?;
        let batch = crate::read::file(&file);
        Ok(vec![(Arc::new(file), batch)])
    }

    /// Reads and unpacks the file.
    pub(crate) fn load(&self) -> Result<File, Box<Refusal>> {
        let bytes = match &self.from {
            From::Bytes(bytes) => bytes.to_vec(),
            From::Path(path) => bytes::of(path).map_err(|error| {
                Box::new(Refusal::file(&self.name, "a file or folder to read").got(&reason(&error)))
            })?,
        };
        // What is packed or decoded does not stand in the file as it is read.
        let as_written = !bytes::is_packed(&bytes) && !encoding::is_utf16(&bytes);
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
        let mut file = File::new(self.name.clone(), bytes, self.found).live(self.live);
        file.editable = as_written && matches!(self.from, From::Path(_));
        Ok(file)
    }
}

fn is_readable(path: &Path) -> bool {
    readable(path.file_name().and_then(|name| name.to_str()).unwrap_or_default())
}

/// Whether a file in a folder is YAML or JSON by its name.
pub(crate) fn readable(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}
