//! Where bytes come from: files, folders, standard input, texts.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::file::File;
use crate::refusal::Refusal;

/// The most bytes that one compressed file may hold: a bomb stops here.
const MOST_UNPACKED: u64 = 8 << 30;

/// Files of more than two pieces of this size are read piece by piece.
const PIECE: usize = 16 << 20;

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
                    let name = entry.path().display().to_string();
                    self.add(name, From::Path(entry.into_path()), true);
                }
                Ok(_) => self.skipped += 1,
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
            From::Path(path) => whole(path).map_err(|error| {
                Box::new(Refusal::file(&self.name, "a file or folder to read").got(&reason(&error)))
            })?,
        };
        let packed = bytes.starts_with(&[0x1f, 0x8b]);
        let bytes = if packed {
            unpack(&bytes).map_err(|error| {
                Box::new(Refusal::file(&self.name, "a whole gzip file").got(&reason(&error)))
            })?
        } else {
            bytes
        };
        let mut file = File::new(self.name.clone(), bytes, self.found);
        file.editable = !packed && matches!(self.from, From::Path(_));
        Ok(file)
    }
}

/// The bytes of a file. A big one is read in pieces at once: most of the time goes into the memory
/// that it fills for the first time, which each core can do for its own piece.
fn whole(path: &Path) -> io::Result<Vec<u8>> {
    #[cfg(unix)]
    if let Some(length) = fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|m| m.len())
        && let Ok(length) = usize::try_from(length)
        && length > 2 * PIECE
    {
        use std::os::unix::fs::FileExt;
        let file = fs::File::open(path)?;
        let mut bytes = vec![0; length];
        bytes
            .par_chunks_mut(PIECE)
            .enumerate()
            .try_for_each(|(i, piece)| file.read_exact_at(piece, (i * PIECE) as u64))?;
        return Ok(bytes);
    }
    fs::read(path)
}

fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(bytes).take(MOST_UNPACKED);
    reader.read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 == MOST_UNPACKED {
        return Err(io::Error::other("it holds more than 8 GiB"));
    }
    Ok(unpacked)
}

/// What went wrong, in the system's words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Whether a file in a folder is YAML or JSON by its name.
fn readable(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(name);
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}
