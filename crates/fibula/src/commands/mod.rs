//! One file for each command, or for a few that are short.

mod ask;
mod check;
mod graph;
mod lab;
mod make;
mod reach;
mod room;
mod show;

pub(crate) use ask::{lint, trace, verify};
pub(crate) use check::check;
pub(crate) use graph::graph;
pub(crate) use lab::lab;
pub(crate) use make::{completions, generate};
pub(crate) use reach::reach;
pub(crate) use show::{demo, explain, overview};
