//! Policies, judged through `walk`: by the statements of the semantics sheet, by the tests of
//! others, and by an evaluator that shares nothing with them.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../clusters/mod.rs"]
mod clusters;
#[path = "../evaluator/mod.rs"]
mod evaluator;
#[path = "../upstream/mod.rs"]
mod upstream;

mod agree;
mod conformance;
mod external;
mod matrix;
mod planted;
mod scene;
mod statements;
mod upstream_tests;
mod way;
