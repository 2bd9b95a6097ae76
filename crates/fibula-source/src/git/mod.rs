//! Files of a git revision, read from the repository without a checkout.
//!
//! ```text
//!  git:REV[:PATH] ─► commit ─► ls-tree ─► Tree ─► the files below PATH ─► cat-file ─► Files
//! ```
//!
//! By the program `git`, which knows every form of repository: a library that does is many times the
//! size of this program. PATH is relative to the folder that the command is run in, as for every
//! other input. Which files are read, and where links lead, is as in a folder on disk.
//!
//! REV is never taken for an option, and git is asked for nothing that runs a hook or a filter.

mod run;
mod tree;

use std::fmt;
use std::path::Path;

use crate::input::{Files, Held};
use run::Git;
use tree::{Found, Tree};

/// How such an input begins.
pub const PREFIX: &str = "git:";

/// Why a revision could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitError {
    /// There is no program `git`.
    NotInstalled,
    /// The folder is in no repository.
    NoRepository,
    /// It begins like an option, or cannot be a revision at all.
    NotARevision(String),
    /// Two revisions where one is asked for.
    Range(String),
    /// The repository has no such revision.
    NoRevision(String),
    /// The revision has no such file or folder.
    NoPath {
        /// The revision, as it was typed.
        rev: String,
        /// The path, as it was typed.
        path: String,
    },
    /// What was named is a submodule, or in one: another repository, of which a revision holds nothing.
    Submodule {
        /// The path, as it was typed.
        path: String,
        /// The submodule's own path in the repository.
        module: String,
    },
    /// Two revisions without a common ancestor, as far as the repository goes.
    NoBase {
        /// One.
        a: String,
        /// The other.
        b: String,
        /// Whether the repository holds only the last part of its history.
        shallow: bool,
    },
    /// What git says otherwise.
    Failed(String),
}

/// What was typed: a revision, and a path in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said<'a> {
    rev: &'a str,
    path: Option<&'a str>,
}

/// The files that `git:REV[:PATH]` names, as a command that runs in `folder` means it.
///
/// # Errors
/// Where git cannot tell them. A file among them that cannot be read is refused by itself.
pub fn files(folder: &Path, said: &str) -> Result<Files, GitError> {
    let Said { rev, path } = Said::read(said);
    if rev.contains("..") {
        return Err(GitError::Range(said.to_owned()));
    }
    let git = Git { folder };
    let prefix = git.prefix()?;
    let commit = git.commit(rev)?;
    let missing = || GitError::NoPath { rev: rev.to_owned(), path: path.unwrap_or(".").to_owned() };
    let tree = Tree::read(&git, &commit)?;
    let whole = tree::join(&prefix, path.unwrap_or_default()).ok_or_else(missing)?;
    let found = tree.find(&whole).ok_or_else(missing)?;
    // Written so that, typed again, it names the same file.
    let shown = match path.map(|path| path.trim_end_matches('/')) {
        None | Some("" | ".") => format!("{PREFIX}{rev}:"),
        Some(path) => format!("{PREFIX}{rev}:{path}"),
    };
    let in_folder = matches!(found, Found::Folder(_));
    let (blobs, skipped) = match found {
        Found::File(blob) => (vec![Ok((shown.clone(), blob))], 0),
        Found::Folder(folder) => tree.below(&folder, &shown),
        Found::Submodule(module) => {
            let path = path.unwrap_or(".").to_owned();
            return Err(GitError::Submodule { path, module: module.join("/") });
        }
    };
    let wanted: Vec<&str> = blobs.iter().flatten().map(|(_, blob)| blob.as_str()).collect();
    let mut contents = git.contents(&wanted)?.into_iter();
    let files = blobs.into_iter().map(|file| {
        file.map(|(name, _)| Held {
            name,
            bytes: contents.next().unwrap_or_default(),
            found: in_folder,
            live: false,
        })
    });
    let name = shown.trim_end_matches(':').to_owned();
    Ok(Files { name, files: files.collect(), skipped })
}

/// The two inputs that `git:A...B[:PATH]` names: what A and B have in common last, and B. With two
/// points only, A and B. None for anything else.
///
/// # Errors
/// Where git cannot tell them.
pub fn pair(folder: &Path, said: &str) -> Result<Option<(String, String)>, GitError> {
    let Some(Said { rev, path }) = said.strip_prefix(PREFIX).map(|_| Said::read(said)) else {
        return Ok(None);
    };
    let (a, b, common) = match (rev.split_once("..."), rev.split_once("..")) {
        (Some((a, b)), _) => (a, b, true),
        (None, Some((a, b))) => (a, b, false),
        (None, None) => return Ok(None),
    };
    let or_head = |rev: &str| if rev.is_empty() { "HEAD".to_owned() } else { rev.to_owned() };
    let (a, b) = (or_head(a), or_head(b));
    let git = Git { folder };
    git.prefix()?;
    let commits = (git.commit(&a)?, git.commit(&b)?);
    let old = if common { git.base((&a, &commits.0), (&b, &commits.1))? } else { a };
    let input = |rev: &str| match path {
        Some(path) => format!("{PREFIX}{rev}:{path}"),
        None => format!("{PREFIX}{rev}"),
    };
    Ok(Some((input(&old), input(&b))))
}

// === impl Said ===

impl<'a> Said<'a> {
    /// No name of a revision holds a colon, but for a time in braces: `main@{12:00}`.
    fn read(said: &'a str) -> Said<'a> {
        let said = said.strip_prefix(PREFIX).unwrap_or(said);
        let mut depth = 0_usize;
        let cut = said.bytes().position(|b| {
            match b {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            b == b':' && depth == 0
        });
        let (rev, path) = match cut {
            Some(at) => (&said[..at], Some(&said[at + 1..])),
            None => (said, None),
        };
        Said { rev: if rev.is_empty() { "HEAD" } else { rev }, path }
    }
}

// === impl GitError ===

impl GitError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            GitError::NotInstalled => "install git, or say the folder of a checkout".to_owned(),
            GitError::NoRepository => "run fibula inside of one".to_owned(),
            GitError::NotARevision(_) => {
                "say a branch, a tag or a commit: git:main, git:HEAD~1:deploy".to_owned()
            }
            GitError::Range(said) => format!("fibula diff {said}"),
            GitError::NoRevision(rev) => match rev.split_once('/') {
                Some((remote, branch)) => format!("git fetch {remote} {branch}"),
                None => "git branch -a   lists the branches".to_owned(),
            },
            GitError::NoPath { rev, path } => match path.as_str() {
                "." => format!("git ls-tree -r --name-only {rev}   lists what it has"),
                _ => "the path is relative to this folder; the file may have another name there"
                    .to_owned(),
            },
            GitError::Submodule { .. } => tree::IN_SUBMODULE.to_owned(),
            GitError::NoBase { shallow: true, .. } => {
                "this clone has only a part of the history: git fetch --unshallow".to_owned()
            }
            GitError::NoBase { a, b, .. } => format!("compare them as they are: git:{a}..{b}"),
            GitError::Failed(_) => return None,
        })
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GitError::NotInstalled => {
                f.write_str("the program git is not here, by which revisions are read")
            }
            GitError::NoRepository => f.write_str("this folder is in no git repository"),
            GitError::NotARevision(rev) => write!(f, "{rev:?} is no git revision"),
            GitError::Range(said) => {
                write!(f, "{said} names two revisions, and one input is asked for")
            }
            GitError::NoRevision(rev) => write!(f, "this repository has no revision {rev}"),
            GitError::NoPath { rev, path } => {
                write!(f, "the revision {rev} has no file or folder {path}")
            }
            GitError::Submodule { path, module } => {
                write!(f, "{path} is in the submodule {module}, another repository")
            }
            GitError::NoBase { a, b, .. } => write!(f, "{a} and {b} have no common ancestor"),
            GitError::Failed(what) => write!(f, "git says: {what}"),
        }
    }
}

impl std::error::Error for GitError {}

#[cfg(test)]
mod tests {
    use super::Said;

    #[test]
    fn a_revision_ends_at_the_first_colon_that_is_no_time() {
        let table = [
            ("git:main", "main", None),
            ("git:", "HEAD", None),
            ("git::deploy", "HEAD", Some("deploy")),
            ("git:v1.0:a:b", "v1.0", Some("a:b")),
            ("git:main@{12:00}:deploy", "main@{12:00}", Some("deploy")),
        ];
        for (said, rev, path) in table {
            assert_eq!(Said::read(said), Said { rev, path }, "{said}");
        }
    }
}
