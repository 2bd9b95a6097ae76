//! Bytes to objects: files, folders, streams, YAML and JSON, with positions.
//!
//! ```text
//!  Input ─► File ─┬─ yaml: documents, items of lists ─┐             ┌─► objects, counts, unread
//!                 └─ json: values, items of lists ────┴─► events ──┤
//!                                                                  └─► refusals, positions
//! ```
//!
//! Everything is read in parallel and nothing fails as a whole: [`read()`] returns what it found
//! and, beside it, what it refused and why. Positions are found again when asked for
//! ([`Sources`]); drawing them is for others.

mod bytes;
mod de;
mod edit;
mod encoding;
mod events;
mod file;
pub mod git;
mod home;
mod input;
mod json;
mod objects;
mod parts;
mod path;
mod promises;
mod read;
mod refusal;
mod remarks;
mod scalar;
mod sources;
mod strict;
mod windows;
mod words;
mod yaml;

pub use bytes::reason;
pub use edit::{Amend, Amended, Hunk, block};
pub use input::{Files, Held, Input};
pub use promises::{Promises, promises};
#[doc(hidden)]
pub use read::read_by;
pub use read::{Forbidden, Read, Unread, read};
pub use refusal::{Caret, Refusal, Snippet};
pub use remarks::Remark;
pub use sources::{Position, Sources};
