//! A network in the Linux kernel: its switches as network namespaces, its links as pairs of
//! virtual interfaces, its entries as routes and rules.
//!
//! ```text
//!   Network ── translate ──► Plan ── kernel ──► Lab ──► probe   what happens to real messages
//!                            pure data              └─► run     a command inside a namespace
//! ```

pub mod compare;
pub mod kernel;
pub mod plan;
pub mod size;
pub mod translate;
