//! Cases that others wrote. They are not part of the project: `FIBULA_CASES` names their folder.

use std::io::Write as _;
use std::path::PathBuf;

/// A file or folder among the cases; says that the test was skipped where it is absent.
pub(crate) fn case(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let path = folder.join(path);
    if path.exists() {
        return Some(path);
    }
    let text = format!("skipped: no {} among the external cases\n", path.display());
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}
