//! How fast fibula is: time and memory by size (`speed`), and the instructions that its core
//! operations take (`instructions`).
//!
//! ```text
//! cargo bench -p fibula-bench --bench speed          [-- --smoke | PART OF A NAME]
//! cargo bench -p fibula-bench --bench instructions   [-- --bless]
//! ```
//!
//! Times depend on the machine and on what else it does: nothing fails by them. Instruction counts
//! hardly do, so they are a gate.

pub mod case;
pub mod instructions;
pub mod lab;
mod manifests;
pub mod measure;
pub mod policies;
pub mod process;
pub mod promises;
pub mod scene;
pub mod services;
pub mod speed;
