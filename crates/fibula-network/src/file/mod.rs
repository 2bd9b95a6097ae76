//! A network as a file: JSON, one record a line, with names instead of numbers, so that it can be
//! read, compared, edited by hand, and made by other programs.
//!
//! ```text
//!   Network ── write ──► {"fibula": "network/1", elements, links, tables, …} ── read ──► Network
//!     ids      names                                                          index      ids
//! ```
//!
//! `docs/network-file.md` describes the format.

mod faults;
mod lines;
mod names;
mod read;
mod refuse;
mod tables;
mod words;
mod write;

use std::fmt;

use crate::network::Network;

pub(crate) use names::Names;
pub use read::read;
pub use write::write;

/// What the field `fibula` of a network's file says.
pub const VERSION: &str = "network/1";

/// A network that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The network, in which [`check`](crate::check) finds no fault.
    pub network: Network,
    /// What its places mean: `PlaceId(n)` is the n-th of these.
    pub places: Vec<String>,
}

/// Why a file is not a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// The column in that line, in characters counted from 1.
    pub column: Option<usize>,
    /// Where in the structure: `tables.node[3].do`; empty where the file is no JSON of this form.
    pub path: String,
    /// The offending text; long ones are cut.
    pub got: String,
    /// What was expected there.
    pub expected: String,
}

/// The path of a named record in a section of the file.
pub(crate) fn path(section: &str, key: &str) -> String {
    format!("{section}{}", names::Key(key))
}

// === impl Refusal ===

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "{line}:{column}: ")?,
            (Some(line), None) => write!(f, "{line}: ")?,
            (None, _) => {}
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        if !self.got.is_empty() {
            write!(f, "got {:?}, ", self.got)?;
        }
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for Refusal {}
