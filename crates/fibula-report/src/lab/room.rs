//! How much a lab takes, in words: where that is too much, and while it is built.

use fibula_lab::size::Size;

use crate::error::error;
use crate::page::Page;
use crate::preface::{count, list};

/// A lab that takes more memory than is free: what of, and what to do about it.
pub fn no_room(size: Size, free: u64) -> Page {
    let what = [
        (size.spaces, "namespace"),
        (size.sockets, "socket"),
        (size.routes, "route"),
        (size.rules, "rule"),
        (size.messages, "message"),
    ];
    let what: Vec<String> =
        what.iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(*n as usize, what)).collect();
    let (takes, free) = (bytes(size.bytes()), bytes(free));
    let text = format!("this lab takes some {takes}, and {free} are free: {}", list(&what));
    error(&text, Some("name fewer files with -f, or go on with --force"))
}

/// What is being done, for a terminal: `building 1,204 namespaces …`.
pub fn under_way(doing: &str, n: usize, what: &str) -> String {
    format!("{doing} {} …", count(n, what))
}

/// `14.2 GB`, `310 MB`.
fn bytes(n: u64) -> String {
    const MEGABYTE: u64 = 1_000_000;
    match n / MEGABYTE {
        mega @ 0..1000 => format!("{mega} MB"),
        mega => format!("{}.{} GB", mega / 1000, mega % 1000 / 100),
    }
}
