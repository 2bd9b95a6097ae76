//! Where machines tell files from.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// The folder that files are told from: the root of the repository, and where there is none that in
/// which the program runs. What knows the repository finds them by that, wherever it was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    root: PathBuf,
    runs_in: PathBuf,
}

/// A file as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Its path from the root, with slashes; of one elsewhere its absolute path.
    pub(crate) path: String,
    /// Whether it is below the root.
    pub(crate) inside: bool,
}

// === impl Root ===

impl Root {
    /// Tells files from `root`, of a program that runs in `runs_in`; both are absolute.
    pub fn new(root: impl Into<PathBuf>, runs_in: impl Into<PathBuf>) -> Root {
        Root { root: root.into(), runs_in: runs_in.into() }
    }

    /// A file, as the user named it. Looks at names alone: links are not followed. None for what
    /// stands in no file, such as standard input.
    pub(crate) fn tell(&self, file: &str) -> Option<Told> {
        if file == "-" {
            return None;
        }
        // A file of a revision: its path is one from the root.
        let path = match file.strip_prefix("git:").and_then(|rest| rest.split_once(':')) {
            Some((_, path)) => self.root.join(path),
            None => self.runs_in.join(file),
        };
        let path = plain(&path);
        let (path, inside) = match path.strip_prefix(plain(&self.root)) {
            Ok(below) => (below, true),
            Err(_) => (path.as_path(), false),
        };
        Some(Told { path: slashes(path), inside })
    }
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // Above the top there is nothing more.
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn slashes(path: &Path) -> String {
    let mut text = String::new();
    for part in path.components() {
        match part {
            Component::RootDir => text.push('/'),
            part => {
                if !text.is_empty() && !text.ends_with('/') {
                    text.push('/');
                }
                text.push_str(&part.as_os_str().to_string_lossy());
            }
        }
    }
    text
}

// === impl Told ===

impl Told {
    /// As a reference: relative to the root, or a `file:` URI.
    pub(crate) fn uri(&self) -> String {
        let mut uri = match (self.inside, self.path.starts_with('/')) {
            (true, _) => String::new(),
            (false, true) => "file://".to_owned(),
            (false, false) => "file:///".to_owned(),
        };
        for byte in self.path.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(byte.into()),
                b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' | b'=' | b',' => {
                    uri.push(byte.into());
                }
                // A colon too: before a slash it would end a scheme.
                byte => {
                    let _ = write!(uri, "%{byte:02X}");
                }
            }
        }
        uri
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(file: &str) -> (String, String) {
        let root = Root::new("/src/shop", "/src/shop/ops");
        let told = root.tell(file).expect("a file");
        (told.uri(), told.path)
    }

    #[test]
    fn files_are_told_from_the_root() {
        for (file, path) in [
            ("web.yaml", "ops/web.yaml"),
            ("./web.yaml", "ops/web.yaml"),
            ("../deploy//web.yaml", "deploy/web.yaml"),
            ("/src/shop/deploy/web.yaml", "deploy/web.yaml"),
            ("git:main:deploy/web.yaml", "deploy/web.yaml"),
            ("git:HEAD~1:./web.yaml", "web.yaml"),
        ] {
            assert_eq!(told(file).0, path);
            assert_eq!(told(file).1, path);
        }
        assert_eq!(Root::new("/", "/").tell("-"), None);
    }

    #[test]
    fn what_is_elsewhere_is_told_in_full() {
        assert_eq!(told("../../x.yaml").0, "file:///src/x.yaml");
        assert_eq!(told("/src/shopping/x.yaml").0, "file:///src/shopping/x.yaml");
        assert_eq!(told("../../../../../x.yaml").0, "file:///x.yaml");
    }

    #[test]
    fn a_uri_is_encoded() {
        assert_eq!(told("a b%/ü:{x}.yaml").0, "ops/a%20b%25/%C3%BC%3A%7Bx%7D.yaml");
        assert_eq!(told("a b.yaml").1, "ops/a b.yaml");
    }
}
