//! `check`: what was promised, and what of that is not so.
//!
//! ```text
//!   Checked ──► words     promises and breaches, as people say them
//!           ──► shown     the message that breaks one, in a line, and the line that decided
//!           ──► text, JUnit, notices
//! ```

mod forms;
mod shown;
mod words;

use std::collections::BTreeSet;

use fibula_answers::promises::{Checked, Doubt, Implied, Outcome};
use fibula_cluster::promise::Promise;

use crate::notices::Spot;
use crate::open;
use crate::page::{Page, Screen, Text};
use crate::preface::{Preface, count, list, thousands};
use crate::style::Label;
use crate::view::View;

pub use forms::{check_cases, check_notices, check_refusals};
pub(crate) use words::{Words, reach};

/// What became of promises, and what is known of them.
pub struct Check<'a> {
    /// What became of them.
    pub checked: &'a Checked,
    /// Those that were written, in the order of the answer.
    pub written: &'a [Written<'a>],
    /// Where a pod names somebody.
    pub implied_at: &'a dyn Fn(&Implied) -> Option<Spot>,
    /// How many promises could not be read.
    pub refused: usize,
    /// How many files could not be read, or hold something else than promises.
    pub refused_files: usize,
    /// Whether those that are kept are told, too.
    pub all: bool,
    /// The exit code.
    pub exit: u8,
}

/// A promise that was written.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    /// The promise.
    pub promise: &'a Promise,
    /// Where it stands.
    pub at: Option<Spot>,
}

/// A promise, whoever made it.
#[derive(Clone, Copy)]
pub(crate) enum Made<'a> {
    Written(&'a Written<'a>),
    Implied(&'a Implied),
}

/// A line: how far from the left, what it says, and where that comes from.
type Row = (usize, Text, Text);

/// How long lines may be that make room for the column of places.
const MOST_BEFORE_PLACE: usize = 70;

/// How a promise stands in the text: broken ones first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Broken,
    Undecided,
    Kept,
}

/// What became of each promise: broken ones first, each with what breaks it; the summary comes last.
pub fn check(view: &View<'_>, check: &Check<'_>, preface: &Preface) -> Page {
    let reach = words::reach(check.checked);
    let words = Words::new(view, check, &reach);
    let mut told: Vec<(Standing, Made<'_>, &Outcome)> = vec![];
    for (made, outcome) in check.made() {
        let standing = match outcome {
            Outcome::Broken(_) => Standing::Broken,
            Outcome::Undecided(_) => Standing::Undecided,
            Outcome::Kept if check.all => Standing::Kept,
            Outcome::Kept | Outcome::Wrong(_) => continue,
        };
        told.push((standing, made, outcome));
    }
    told.sort_by_key(|(standing, ..)| *standing);
    let mut rows: Vec<Row> = vec![];
    for (standing, made, outcome) in &told {
        let sign = match standing {
            Standing::Broken => Text::new().with(Label::Bad, "✗ "),
            Standing::Undecided => Text::new().with(Label::Open, "? "),
            Standing::Kept => Text::new().with(Label::Good, "✓ "),
        };
        let place = check.at(*made).map_or(String::new(), |spot| words::place(&spot));
        rows.push((0, sign.then(words.title(*made)), Text::new().with(Label::Place, place)));
        rows.extend(words.lines(*made, outcome).into_iter().map(|(text, at)| (4, text, at)));
    }
    let mut page = laid_out(rows);
    if !page.is_empty() && !told.is_empty() {
        page.blank();
    }
    for line in preface.unread_lines() {
        page.paragraph("unread", &line);
    }
    if let Some(missing) = preface.missing() {
        page.paragraph("missing", &missing);
    }
    let ids = undecided(view, check.checked);
    for line in open::decide_all(ids.iter().map(String::as_str).collect()) {
        page.paragraph("decide", &line);
    }
    page.wrapped(&summary(check));
    page
}

/// Lines with their places in a column of its own, as far as they are not too long for that; where
/// the screen is narrow, a place goes below its line.
fn laid_out(rows: Vec<Row>) -> Page {
    let wide = |(indent, text, _): &Row| indent + text.width(&Screen::PIPE);
    let placed = rows.iter().filter(|(.., at)| !at.is_empty()).map(wide);
    let column = placed.filter(|width| *width <= MOST_BEFORE_PLACE).max().unwrap_or(0);
    let mut page = Page::new();
    for row in rows {
        let width = wide(&row);
        let (indent, text, at) = row;
        let alone = Text::from(" ".repeat(indent)).then(text.clone());
        if at.is_empty() {
            page.rows(indent, vec![vec![text]]);
            continue;
        }
        let [mut column_wise, mut beside, mut below] = [Page::new(), Page::new(), Page::new()];
        let pad = " ".repeat(column.max(width) - width + 2);
        column_wise.line(alone.clone().plain(pad).then(at.clone()));
        beside.line(alone.plain("  ").then(at.clone()));
        below.rows(indent, vec![vec![text]]);
        below.line(Text::from(" ".repeat(indent.max(4))).then(at));
        let mut narrow = Page::new();
        narrow.either(beside, below);
        page.either(column_wise, narrow);
    }
    page
}

/// The ids of the choices that promises depend on.
fn undecided(view: &View<'_>, checked: &Checked) -> BTreeSet<String> {
    let doubts = checked.outcomes().filter_map(|outcome| match outcome {
        Outcome::Undecided(doubts) => Some(doubts),
        _ => None,
    });
    let choices = doubts.flatten().filter_map(|doubt| match doubt {
        Doubt::Choices(choices) => Some(choices),
        _ => None,
    });
    choices.flatten().map(|id| view.network.choice(*id).id.to_string()).collect()
}

/// How many there were, and what became of them.
fn summary(check: &Check<'_>) -> String {
    let of = |is: &dyn Fn(&Outcome) -> bool| check.checked.outcomes().filter(|o| is(o)).count();
    let number = |n: usize| thousands(n as u64);
    let (written, implied) = (check.written.len() + check.refused, check.checked.implied.len());
    let env = check.checked.implied.iter().all(|(implied, _)| !implied.by.is_empty());
    let from = if env { "from env" } else { "implied" };
    let mut sources = vec![];
    if written > 0 {
        sources.push(format!("{} written", number(written)));
    }
    if implied > 0 {
        sources.push(format!("{} {from}", number(implied)));
    }
    let all = written + implied;
    let sources = match all {
        0 => String::new(),
        _ => format!(" ({})", sources.join(", ")),
    };
    let mut text = format!(
        "{}{sources}: {} kept, {} broken, {} undecided",
        count(all, "promise"),
        number(of(&|outcome| *outcome == Outcome::Kept)),
        number(of(&Outcome::is_broken)),
        number(of(&Outcome::is_undecided)),
    );
    let wrong = of(&Outcome::is_wrong) + check.refused;
    if wrong > 0 {
        text += &format!(", {} refused", number(wrong));
    }
    if check.refused_files > 0 {
        text += &format!("; {} refused", count(check.refused_files, "file"));
    }
    format!("{text}. Exit {}.", check.exit)
}

/// The kinds of policies that were not read.
fn unread(checked: &Checked) -> String {
    let kinds: Vec<String> = checked.unread.iter().map(|unread| unread.kind.clone()).collect();
    list(&kinds)
}

// === impl Check ===

impl<'a> Check<'a> {
    /// Each promise, and what became of it.
    pub(crate) fn made(&self) -> impl Iterator<Item = (Made<'a>, &'a Outcome)> {
        let checked = self.checked;
        let written = self.written.iter().map(Made::Written).zip(&checked.written);
        let implied =
            checked.implied.iter().map(|(implied, outcome)| (Made::Implied(implied), outcome));
        written.chain(implied)
    }

    /// Where a promise is made.
    pub(crate) fn at(&self, made: Made<'_>) -> Option<Spot> {
        match made {
            Made::Written(written) => written.at.clone(),
            Made::Implied(implied) => (self.implied_at)(implied),
        }
    }
}
