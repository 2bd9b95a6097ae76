//! Big files, read in windows: a dump of 1 GB takes the memory of a window and of its objects.
//!
//! ```text
//!   file ──► window ──► parts: whole documents, values, or items of one list ──► objects, then dropped
//! ```
//!
//! A window is cut where the whole text would be: at the marker of a document, behind a value, at an
//! item. Wherever that is not sure (anchors, a list that does not look as tools write it, bytes that
//! are no UTF-8), nothing is read here, and the file is read as a whole.

mod json;
mod yaml;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use crate::file::{File, Format, format_of};
use crate::home::{Home, Part};
use crate::objects::{Batch, Context};

/// How much of a file is looked at together, usually.
pub(crate) const WINDOW: usize = 32 << 20;

/// How much of the end of a list is looked at for its kind, before the end is reached.
const TAIL: u64 = 1 << 16;

/// The parts of a file that were read.
pub(crate) type Parts = Vec<(Arc<File>, Batch)>;

/// A file on its way.
struct Windows<'a> {
    name: &'a str,
    found: bool,
    format: Format,
    home: Arc<Home>,
    file: fs::File,
    window: usize,
    /// What was read and is in no part yet.
    buffer: Vec<u8>,
    /// Where the buffer begins.
    part: Part,
    /// Whether the buffer ends where the file does.
    last: bool,
    done: Parts,
}

/// Reads a file of more than two windows; nothing where it is no file for this, and where it changes
/// meanwhile.
pub(crate) fn read(path: &Path, name: &str, found: bool, window: usize) -> Option<Parts> {
    let home = Arc::new(Home::of(path).ok()?);
    if home.length() <= 2 * window as u64 {
        return None;
    }
    let mut windows = Windows {
        name,
        found,
        format: Format::Yaml,
        home,
        file: fs::File::open(path).ok()?,
        window,
        buffer: vec![],
        part: Part::default(),
        last: false,
        done: vec![],
    };
    windows.fill(window).ok()?;
    // Another encoding, or a mark before the text.
    if !windows.buffer.first().is_some_and(u8::is_ascii) || windows.buffer.starts_with(&[0x1f]) {
        return None;
    }
    windows.format = format_of(name, windows.text()?);
    match windows.format {
        Format::Yaml => yaml::read(&mut windows)?,
        Format::Json => json::read(&mut windows)?,
    }
    let something = windows.done.iter().any(|(_, batch)| !batch.is_nothing());
    (something && windows.part.at as u64 == windows.home.length()).then_some(windows.done)
}

// === impl Windows ===

impl Windows<'_> {
    /// Reads on until so much is in the buffer, or the file ends.
    fn fill(&mut self, least: usize) -> io::Result<()> {
        if let Some(more) = least.checked_sub(self.buffer.len()).filter(|more| *more > 0) {
            let read = (&mut self.file).take(more as u64).read_to_end(&mut self.buffer)?;
            self.last = read < more;
        }
        Ok(())
    }

    /// Reads on, where what there is holds no whole part.
    fn grow(&mut self) -> Option<()> {
        self.fill(2 * self.buffer.len().max(self.window)).ok()
    }

    /// The buffer, without a character that it breaks off in.
    fn text(&self) -> Option<&str> {
        match std::str::from_utf8(&self.buffer) {
            Ok(text) => Some(text),
            Err(error) if error.error_len().is_none() && !self.last => {
                std::str::from_utf8(&self.buffer[..error.valid_up_to()]).ok()
            }
            Err(_) => None,
        }
    }

    /// Takes so many bytes for a part and reads it.
    fn take(&mut self, end: usize, read: impl FnOnce(Context<'_>) -> Batch) -> Option<()> {
        let rest = self.buffer.split_off(end);
        let text = String::from_utf8(std::mem::replace(&mut self.buffer, rest)).ok()?;
        let file = File::part(self.name.to_owned(), text, self.found, self.part);
        let index = u32::try_from(self.done.len()).ok()?;
        let batch = read(Context { file: &file, index, format: self.format, base: 0 });
        self.part = file.behind();
        if batch.torn {
            return None;
        }
        self.done.push((Arc::new(file.left_at(&self.home)), batch));
        self.fill(self.window).ok()
    }

    /// The last lines of the file; of one line its last bytes.
    fn tail(&self) -> Option<String> {
        let most = TAIL.min(self.window as u64);
        let bytes =
            self.home.read(self.home.length().saturating_sub(most)..self.home.length()).ok()?;
        let line = bytes.iter().position(|byte| *byte == b'\n').filter(|at| at + 1 < bytes.len());
        let start = line.or_else(|| bytes.iter().position(|byte| byte & 0xc0 != 0x80))?;
        std::str::from_utf8(&bytes[start..]).ok().map(str::to_owned)
    }
}
