//! The tree of one Node: its daemons, its Pods, and their containers.

use fibula_network::{ElementId, Kind};

use super::more;
use crate::outline::{Outline, addresses, ports};
use crate::page::{Page, Screen, Text};
use crate::style::Label;
use crate::view::View;

/// A Node and what it hosts.
pub(super) struct Tree {
    title: Text,
    branches: Vec<Branch>,
}

/// What stands on one line behind a Node: a Pod and its containers, or a daemon.
struct Branch {
    text: Text,
    leaves: Vec<Text>,
}

/// Between a Pod and its containers, and between two Nodes.
const GAP: usize = 4;

/// A Node as one line: its addresses, and how much it hosts.
pub(super) fn line(view: &View<'_>, outline: &Outline, node: ElementId) -> Vec<Text> {
    vec![title(view, node), outline.census(view.network, node).text().into()]
}

/// A Node as a tree of not many more than `room` elements.
pub(super) fn tree(view: &View<'_>, outline: &Outline, node: ElementId, room: usize) -> Tree {
    let network = view.network;
    let mut branches = vec![];
    let mut used = 1;
    for kind in [Kind::Daemon, Kind::Pod] {
        let of_kind = || outline.hosted(node).iter().filter(|id| network.kind(**id) == kind);
        let mut shown = 0;
        // Daemons come first, and leave most of the room to the Pods.
        let until = if kind == Kind::Daemon { room / 3 } else { room };
        for id in of_kind() {
            if used >= until.max(2) {
                break;
            }
            let branch = branch(view, outline, *id);
            used += 1 + branch.leaves.len();
            shown += 1;
            branches.push(branch);
        }
        if let Some(left) = of_kind().count().checked_sub(shown).filter(|left| *left > 0) {
            let text = Text::new().with(Label::Dim, format!("… and {}", more(left, kind.name())));
            branches.push(Branch { text, leaves: vec![] });
        }
    }
    Tree { title: title(view, node), branches }
}

/// Two Nodes side by side, with their link between them.
pub(super) fn beside(left: &Tree, right: &Tree, linked: bool) -> Page {
    let (left, right) = (left.lines(), right.lines());
    let width = left.iter().map(|line| line.width(&Screen::PIPE)).max().unwrap_or(0) + GAP;
    let mut page = Page::new();
    for i in 0..left.len().max(right.len()) {
        let text = left.get(i).cloned().unwrap_or_default();
        let free = width - text.width(&Screen::PIPE);
        let between = match (i, linked) {
            (0, true) => format!(" {} ", "─".repeat(free - 2)),
            _ => " ".repeat(free),
        };
        let other = right.get(i).cloned().unwrap_or_default();
        page.line(Text::from("  ").then(text).plain(between).then(other));
    }
    page
}

fn title(view: &View<'_>, node: ElementId) -> Text {
    Text::new().with(Label::Name, view.name(node)).plain(addresses(view, node))
}

fn branch(view: &View<'_>, outline: &Outline, id: ElementId) -> Branch {
    let name = |id| Text::new().with(Label::Name, view.name(id));
    if view.network.kind(id) == Kind::Daemon {
        let text = Text::from("daemon ").then(name(id)).plain(ports(view, id));
        return Branch { text, leaves: vec![] };
    }
    let leaf = |c| Text::new().with(Label::Name, view.last_name(c)).plain(ports(view, c));
    let leaves = outline.hosted(id).iter().map(|c| leaf(*c)).collect();
    Branch { text: name(id).plain(addresses(view, id)), leaves }
}

// === impl Tree ===

impl Tree {
    /// Each Pod on a line with its containers, where the screen is wide enough; else each
    /// container on its own.
    pub(super) fn page(&self) -> Page {
        let mut wide = Page::new();
        for line in self.lines() {
            wide.line(Text::from("  ").then(line));
        }
        let mut narrow = Page::new();
        narrow.line(Text::from("  ").then(self.title.clone()));
        for (i, branch) in self.branches.iter().enumerate() {
            let (corner, side) = self.sides(i);
            narrow.line(Text::from(format!("  {corner}")).then(branch.text.clone()));
            for leaf in &branch.leaves {
                narrow.line(Text::from(format!("  {side}  ")).then(leaf.clone()));
            }
        }
        let mut page = Page::new();
        page.either(wide, narrow);
        page
    }

    fn lines(&self) -> Vec<Text> {
        let pods = self.branches.iter().filter(|branch| !branch.leaves.is_empty());
        let width = |text: &Text| text.width(&Screen::PIPE);
        let column = pods.map(|branch| width(&branch.text)).max().unwrap_or(0);
        let branches = self.branches.iter().enumerate().map(|(i, branch)| {
            let mut text = Text::from(self.sides(i).0).then(branch.text.clone());
            let mut pad = column.saturating_sub(width(&branch.text)) + GAP;
            for leaf in &branch.leaves {
                text = text.plain(" ".repeat(pad)).then(leaf.clone());
                pad = GAP;
            }
            text
        });
        [self.title.clone()].into_iter().chain(branches).collect()
    }

    /// The lines before a branch, and before what belongs to it.
    fn sides(&self, branch: usize) -> (&'static str, &'static str) {
        if branch + 1 == self.branches.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") }
    }
}
