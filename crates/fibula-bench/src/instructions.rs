//! The gate of instruction counts.
