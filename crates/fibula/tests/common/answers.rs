//! Every answer that a test sees is what its schema says.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::schema::Schema;

/// The folder of the schemas of our answers.
pub(crate) fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

/// The schema of SARIF, as it was published.
pub(crate) fn sarif() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standards/sarif-2.1.0.json")
}

/// The schema that a document names, by its field `fibula` or `$schema`.
pub(crate) fn schema(document: &Value) -> Option<Schema> {
    if let Some(name) = document.get("fibula").and_then(Value::as_str) {
        let file = schemas().join(name.replace('/', "-") + ".json");
        assert!(file.exists(), "{name} has no schema");
        return Some(Schema::closed(file));
    }
    document.get("runs").map(|_| Schema::open(sarif()))
}

/// Panics if what was printed is an answer as JSON, and not as its schema says.
pub(crate) fn check(printed: &str) {
    if !printed.starts_with('{') {
        return;
    }
    // Objects, as `generate` prints them, are more than one document or of another schema.
    let Ok(document) = serde_json::from_str::<Value>(printed) else { return };
    let Some(schema) = schema(&document) else { return };
    let faults = schema.faults(&document);
    assert!(faults.is_empty(), "not as its schema says:\n{}", faults.join("\n"));
}
