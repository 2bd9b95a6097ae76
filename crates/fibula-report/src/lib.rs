//! Views of answers. No decisions: a printer says what an answer holds, in one format.
//!
//! ```text
//!   answer ──► text     a Page of lines and columns ──► Screen: width, colours, signs
//!          ──► json     one object, with a version
//!          ──► dot, mermaid     pictures of a network
//!          ──► Notices ──► sarif, github, markdown     what has a place, for those who show it there
//!          ──► Cases ──► junit     what was asked and came out so or so
//! ```

mod branches;
mod check;
mod demo;
mod diff;
mod dot;
pub mod error;
mod explain;
mod graph;
pub mod json;
mod junit;
mod lab;
mod life;
mod lint;
mod markdown;
mod mermaid;
mod notices;
mod open;
mod outline;
mod page;
mod picture;
mod policies;
mod preface;
mod reach;
mod reply;
mod served;
mod style;
mod trace;
mod verify;
mod view;
mod why;
mod words;

pub use check::{Check, Written, check, check_cases, check_notices, check_refusals};
pub use demo::{Broken, Demo, cut, demo};
pub use diff::{Inputs, diff, diff_markdown, diff_notices};
pub use dot::dot;
pub use explain::{example, explain, explain_all, ids, near_ids};
pub use graph::{GraphOptions, graph};
pub use junit::{Case, CaseOutcome, junit};
pub use lab::{Asked, Built, LabCheck, lab_check, lab_check_json, no_room, under_way};
pub use lint::lint;
pub use mermaid::mermaid;
pub use notices::{Notice, Off, Root, Run, Spot, github, notices_markdown, sarif};
pub use page::{Page, Screen, Text};
pub use preface::{About, Preface, Reading, Taken};
pub use reach::{reach, reach_dot, reach_markdown, reach_mermaid};
pub use style::Label;
pub use trace::trace;
pub use verify::verify;
pub use view::{Excerpt, Excerpts, View};
pub use why::{Called, Patch, Told, patch, why, why_json};
