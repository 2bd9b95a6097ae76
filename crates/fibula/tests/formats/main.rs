//! What machines take up: SARIF, JUnit, annotations, comments, and the schemas of our own answers.

#[path = "../common/mod.rs"]
mod common;
mod junit;
mod notices;
mod schemas;
mod stopped;
mod xsd;

/// A file among the inputs of these tests.
fn input(name: &str) -> String {
    format!("{}/tests/input/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A new file of the tests' own.
fn output(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}
