//! `graph`: a network as text. Containers in Pods in Nodes, the links, and the FIBs (N1, N6).
//!
//! ```text
//!   n1 10.0.0.1 ──────────────── n2 10.0.0.2
//!   ├─ daemon d1                 ├─ daemon d2
//!   └─ p1 10.0.1.1    c1-1 :80   └─ p2 10.0.2.1    c2-1 :80
//! ```

mod chains;
mod fib;
mod tree;

use fibula_network::{ElementId, Kind};

use crate::outline::{Census, Outline, links};
use crate::page::{Page, Text};
use crate::preface::count;
use crate::style::Label;
use crate::view::View;

/// What is shown of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphOptions {
    /// The switches whose FIBs are printed instead of the tree, each in full.
    pub switches: Vec<ElementId>,
    /// Whether FIBs are printed as the tables that switches share, with their relative words,
    /// instead of written out in the article's own form.
    pub shared: bool,
    /// How many elements are drawn, and entries of each table printed, before the rest is only
    /// counted.
    pub max: usize,
}

/// Up to this many Nodes stand side by side, where the screen is wide enough.
const BESIDE: usize = 2;
/// A Node with room for fewer elements than this is one line.
const ROOM: usize = 6;

/// A network as text.
///
/// Without switches: the tree of its elements (G1 to G7), its links (G5 to G8), and the tables that
/// its switches share. With switches: their FIBs, an entry a line, in the article's own form (N6).
///
/// Costs a pass over the elements; the FIB of a Node Switch has an entry for each address of the
/// cluster, and is written out only where it is asked for.
pub fn graph(view: &View<'_>, options: &GraphOptions) -> Page {
    if !options.switches.is_empty() {
        return fib::switches(view, options);
    }
    let mut page = Page::new();
    page.line(Text::new().with(Label::Name, Census::new(view.network).text()));
    page.blank();
    page.append(picture(view, options.max));
    page.rows(2, links(view, options.max));
    page.blank();
    page.append(fib::shared(view, options.max));
    page
}

/// The Nodes, side by side where they are few and the screen is wide, else below each other.
pub(crate) fn picture(view: &View<'_>, max: usize) -> Page {
    let network = view.network;
    let outline = Outline::new(network);
    let nodes: Vec<ElementId> = network.of_kind(Kind::Node).collect();
    let drawn = Census::new(network).drawn();
    let all = drawn <= max;
    let room = if all { usize::MAX } else { max / nodes.len().max(1) };
    let mut below = Page::new();
    if room < ROOM {
        let rows = nodes.iter().take(max.max(1)).map(|node| tree::line(view, &outline, *node));
        below.rows(2, rows.collect());
    } else {
        for node in &nodes {
            below.append(tree::tree(view, &outline, *node, room).page());
            below.blank();
        }
    }
    if let Some(left) = nodes.len().checked_sub(max.max(1)).filter(|left| *left > 0) {
        below.line(Text::new().with(Label::Dim, format!("  … and {}", more(left, "node"))));
    }
    if room < ROOM {
        below.blank();
    }
    let mut page = Page::new();
    match &nodes[..] {
        [a, b] if all && nodes.len() <= BESIDE => {
            let linked = network.links.contains(*a, *b);
            let trees = [*a, *b].map(|node| tree::tree(view, &outline, node, room));
            let mut beside = tree::beside(&trees[0], &trees[1], linked);
            beside.blank();
            page.either(beside, below);
        }
        _ => page.append(below),
    }
    page
}

/// `1,240 more pods`
fn more(left: usize, what: &str) -> String {
    let counted = count(left, what);
    counted.split_once(' ').map_or(counted.clone(), |(n, what)| format!("{n} more {what}"))
}

// === impl GraphOptions ===

impl Default for GraphOptions {
    fn default() -> GraphOptions {
        GraphOptions { switches: vec![], shared: false, max: 200 }
    }
}
