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
mod encoding;
mod events;
mod file;
mod home;
mod input;
mod json;
mod objects;
mod parts;
mod path;
mod read;
mod refusal;
mod scalar;
mod sources;
mod strict;
mod windows;
mod words;
mod yaml;

pub use bytes::reason;
pub use input::Input;
#[doc(hidden)]
pub use read::read_by;
pub use read::{Read, Unread, read};
pub use refusal::{Caret, Refusal, Snippet};
pub use sources::{Position, Sources};
