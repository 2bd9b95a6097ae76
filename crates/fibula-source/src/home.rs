//! Where a big file is, whose text is not kept.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file on a disk, as it was when it was read.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    length: u64,
    changed: Option<SystemTime>,
}

/// Where a part of a file begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// The byte.
    pub(crate) at: usize,
    /// How many lines end before it.
    pub(crate) lines: usize,
    /// How many characters of its line stand before it.
    pub(crate) column: usize,
}

// === impl Home ===

impl Home {
    /// A regular file.
    pub(crate) fn of(path: &Path) -> io::Result<Home> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (length, changed) = now(&metadata);
        Ok(Home { path: path.to_owned(), length, changed })
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Some bytes of it; an error where it is another by now.
    pub(crate) fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        if now(&file.metadata()?) != (self.length, self.changed) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = vec![];
        file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn now(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

// === impl Part ===

impl Part {
    /// Where what comes behind a text begins.
    pub(crate) fn behind(self, text: &str) -> Part {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        let line = text.rfind('\n').map_or(text, |end| &text[end + 1..]);
        let before = if breaks == 0 { self.column } else { 0 };
        Part {
            at: self.at + text.len(),
            lines: self.lines + breaks,
            column: before + line.chars().count(),
        }
    }
}
