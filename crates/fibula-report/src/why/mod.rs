//! `why`: what decides, and the smallest changes that turn it, for people.

mod deciding;
mod doc;
mod json;
mod patch;
mod spec;
mod verdict;
mod words;

use std::collections::BTreeSet;

use fibula_answers::trace::Answer;
use fibula_answers::why::{Because, Block, Goal, Offer, Why};
use fibula_source::Hunk;

use crate::page::{Page, Text};
use crate::preface::{Preface, count};
use crate::style::Label;
use crate::view::View;
pub use json::why as why_json;
pub use patch::{Called, Patch, patch};

/// How many lines of an edit are shown.
const MOST_LINES: usize = 14;

/// The answer, and how to take one of its offers.
pub struct Told<'a> {
    /// The answer.
    pub why: &'a Why,
    /// What is to be applied for each offer, in their order.
    pub patches: &'a [Option<Patch>],
    /// The command line that was typed, in short.
    pub command: &'a str,
}

/// What decides, the changes that would turn it, and those that were tried and break something.
pub fn why(view: &View<'_>, told: &Told<'_>, preface: &Preface) -> Page {
    let why = told.why;
    let mut page = Page::new();
    let (head, says) = verdict::verdict(view, why);
    page.hanging(head, &says);
    if why.done {
        if why.goal == Goal::Allow && why.trace.answer() == Answer::All {
            let close = Text::new().with(Label::Dim, "  close it   ");
            page.blank();
            page.line(close.with(Label::Command, format!("{} --close", told.command)));
        }
        return page;
    }
    page.blank();
    if why.offers.is_empty() {
        page.wrapped(helpless(why));
    } else {
        let what = match why.goal {
            Goal::Allow => "To allow it, smallest first. Each was tried on the model.",
            Goal::Close => "To close it, smallest first. Each was tried on the model.",
        };
        page.line(what);
    }
    if !why.offers.is_empty() || !why.rejected.is_empty() {
        page.blank();
    }
    let named = why.offers.iter().zip(told.patches);
    let titles: Vec<String> =
        named.map(|(offer, patch)| words::title(view, offer, patch.as_ref())).collect();
    let width = titles.iter().map(|title| title.chars().count()).max().unwrap_or(0);
    for (i, (offer, title)) in why.offers.iter().zip(&titles).enumerate() {
        let number = Text::from("  ").with(Label::Name, (i + 1).to_string());
        let title = Text::from(format!("{title:<width$}"));
        page.rows(0, vec![vec![number, title, works(why.goal, offer)]]);
        if let Some(Some(Patch::Diff { files, .. })) = told.patches.get(i) {
            files.iter().for_each(|file| hunks(&file.before, &file.hunks, &mut page));
        }
    }
    for (offer, because) in &why.rejected {
        let title = words::title(view, offer, None);
        let says = format!("{title}: tried, {}", words::because(offer, because));
        page.hanging(Text::from("  ").with(Label::Bad, "✗"), &says);
    }
    footer(told, preface, &mut page);
    page
}

/// That it works, and what else it comes to.
fn works(goal: Goal, offer: &Offer) -> Text {
    let works = match &*words::doubts(offer) {
        "" => Text::new().with(Label::Good, "✓ works"),
        ids => Text::new().with(Label::Open, format!("? works, as far as is known ({ids})")),
    };
    works.plain(format!(", {}", words::besides(goal, offer)))
}

/// Lines that come and go, below the line that they come after.
fn hunks(before: &str, all: &[Hunk], page: &mut Page) {
    let mut left = MOST_LINES;
    for hunk in all {
        let row = |sign: &str, number: Option<usize>, label: Label, text: &str| {
            let number = number.map_or(String::new(), |number| number.to_string());
            Text::new()
                .with(label, format!("     {sign:<2}"))
                .with(Label::Dim, format!("{number:>5} │ "))
                .with(label, text.trim_end_matches(['\n', '\r']))
        };
        let above = hunk.first.checked_sub(2);
        if let Some(line) = above.and_then(|above| before.lines().nth(above)) {
            page.line(row("", Some(hunk.first - 1), Label::Plain, line));
        }
        for (i, line) in hunk.removed.iter().enumerate() {
            page.line(row("-", Some(hunk.first + i), Label::Bad, line));
        }
        for line in hunk.added.iter().take(left) {
            page.line(row("+", None, Label::Hint, line));
        }
        if hunk.added.len() > left {
            let more = count(hunk.added.len() - left, "more line");
            page.line(Text::new().with(Label::Dim, format!("             … {more}")));
        }
        left = left.saturating_sub(hunk.added.len());
    }
}

/// How to take an offer, and what was not looked at.
fn footer(told: &Told<'_>, preface: &Preface, page: &mut Page) {
    let mut takes: Vec<String> = vec![];
    for (i, patch) in told.patches.iter().enumerate().take(told.why.offers.len()) {
        let Some(patch) = patch else { continue };
        let takes_one = format!("--patch {} | {}", i + 1, patch.taken_by());
        takes.push(match takes.is_empty() {
            true => format!("{} {takes_one}", told.command),
            false => takes_one,
        });
    }
    let why = told.why;
    let doubts = why.offers.iter().any(|offer| !offer.doubts.is_empty());
    if !takes.is_empty() || why.left > 0 || doubts || !preface.unread_lines().is_empty() {
        page.blank();
    }
    if !takes.is_empty() {
        let head = |i: usize| {
            let head = if i == 0 { "  take one   " } else { "             " };
            Text::new().with(Label::Dim, head)
        };
        let (mut wide, mut narrow) = (Page::new(), Page::new());
        wide.line(head(0).with(Label::Command, takes.join("          ")));
        for (i, take) in takes.into_iter().enumerate() {
            narrow.line(head(i).with(Label::Command, take));
        }
        page.either(wide, narrow);
    }
    if why.left > 0 {
        let says = format!("{} not tried, for there are too many", count(why.left, "other change"));
        page.line(Text::new().with(Label::Dim, "  left out   ").plain(says));
    }
    let allows = why.goal == Goal::Allow;
    let doubts = why.offers.iter().flat_map(|offer| {
        crate::trace::doubtful(&offer.doubts, why.trace.header, allows).into_iter()
    });
    for says in doubts.collect::<BTreeSet<String>>() {
        page.hanging(Text::new().with(Label::Dim, "  not known"), &says);
    }
    if let Some(missing) = preface.missing() {
        page.line(Text::new().with(Label::Dim, "  missing    ").plain(missing));
    }
}

/// Why there is nothing to offer.
fn helpless(why: &Why) -> &'static str {
    let denied = |block: &Block| matches!(block, Block::Policy(judged) if judged.is_denied());
    match why.goal {
        _ if !why.rejected.is_empty() => {
            "What would do it breaks something else. Each was tried on the model."
        }
        Goal::Close => "No peer, port, label, rule or policy closes it.",
        Goal::Allow if why.blocks.iter().any(denied) => {
            "No NetworkPolicy can allow what a policy of the cluster denies (CNP-10), and no peer, \
             port, label or rule of that policy does."
        }
        Goal::Allow if why.blocks.iter().all(|block| matches!(block, Block::Other(_))) => {
            "No policy and no Service decides this, so that no change of one would allow it."
        }
        Goal::Allow => "No peer, port, label, rule or policy allows it.",
    }
}

/// A reason, for programs.
fn name(because: &Because) -> &'static str {
    match because {
        Because::Leaves(..) => "leaves a service",
        Because::Joins(..) => "joins a service",
        Because::OwnLabel(_) => "selects itself",
        Because::Closes => "closes others",
    }
}
