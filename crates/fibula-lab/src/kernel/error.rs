//! What goes wrong with a lab.

use std::fmt;

/// Why the kernel did not do what a plan wants: one sentence, for people, with what to allow or to
/// install where that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

// === impl Error ===

impl Error {
    pub(super) fn new(words: impl Into<String>) -> Error {
        Error(words.into())
    }

    /// What was being done, and what the kernel said.
    pub(super) fn at<E: fmt::Display>(doing: impl fmt::Display) -> impl FnOnce(E) -> Error {
        move |why| Error(format!("cannot {doing}: {why}"))
    }

    /// In which namespace it was.
    pub(super) fn inside(space: &str) -> impl Fn(Error) -> Error + Copy + '_ {
        move |Error(words)| Error(format!("{space}: {words}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
