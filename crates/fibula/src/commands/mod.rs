//! One file for each command, or for a few that are short.

mod ask;
mod check;
mod diff;
mod dump;
mod graph;
mod lab;
mod lint;
mod make;
mod reach;
mod room;
mod show;
mod why;

pub(crate) use ask::{trace, verify};
pub(crate) use check::check;
pub(crate) use diff::diff;
pub(crate) use dump::dump;
pub(crate) use graph::graph;
pub(crate) use lab::lab;
pub(crate) use lint::lint;
pub(crate) use make::{completions, generate};
pub(crate) use reach::reach;
pub(crate) use show::{demo, explain, overview};
pub(crate) use why::why;
