//! Views of answers. No decisions: a printer says what an answer holds, in one format.
//!
//! ```text
//!   answer ──► text     a Page of lines and columns ──► Screen: width, colours, signs
//!          ──► json     one object, with a version
//!          ──► dot, mermaid     pictures of a network
//! ```

mod page;
mod style;
mod view;

pub use page::{Page, Screen, Text};
pub use style::Label;
pub use view::View;
