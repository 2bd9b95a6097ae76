//! `diff`: what a change opens and closes, for people and for pull requests.
//!
//! ```text
//!   Diff ──► groups    what has one cause, and opens or closes ──► text, Markdown, notices
//!        ──► words     causes and Services, as people say them; ways: ways in
//!        ──► changed   what changed in the objects, where there is much to read
//! ```

mod changed;
mod doors;
mod groups;
mod markdown;
mod notices;
mod ways;
mod words;

use std::collections::BTreeSet;

use fibula_answers::diff::{At, Diff, Proof};
use fibula_cluster::{ObjectId, Place};

use crate::error::lines;
use crate::notices::Spot;
use crate::page::{Page, Text};
use crate::preface::{Preface, count, list, thousands};
use crate::style::Label;
use crate::view::{Excerpt, View};
use groups::{Group, Groups, Sign};
pub(crate) use groups::{Shown, words_of};
pub use markdown::diff_markdown;
pub use notices::diff_notices;

/// The two inputs, as far as printers ask for them: by 0 the old one, by 1 the new one.
pub struct Inputs<'a> {
    /// The network of the new one.
    pub view: &'a View<'a>,
    /// Where something in an object stands.
    pub spot: &'a dyn Fn(usize, Place) -> Option<Spot>,
    /// Where a value of an object stands, by its API path.
    pub value: &'a dyn Fn(usize, ObjectId, &str) -> Option<Spot>,
    /// Lines of an object, from that of one value to that of another.
    pub excerpt: &'a dyn Fn(usize, ObjectId, &str, &str) -> Option<Excerpt>,
    /// The API path of a place.
    pub path: &'a dyn Fn(usize, Place) -> String,
    /// What each rests on.
    pub prefaces: [&'a Preface; 2],
}

/// What opens first, then what closes, each with what did it; the summary comes last.
pub fn diff(inputs: &Inputs<'_>, diff: &Diff, exit: u8) -> Page {
    let groups = Groups::new(inputs, diff);
    let mut page = Page::new();
    if let Some(text) = &groups.changed {
        page.hanging(changed::head(), text);
    }
    for group in &groups.all {
        if !page.is_empty() {
            page.blank();
        }
        self::group(group, &mut page);
    }
    if !page.is_empty() {
        page.blank();
    }
    for line in notes(inputs, diff) {
        page.paragraph(line.0, &line.1);
    }
    page.wrapped(&summary(diff, &groups, exit));
    page
}

/// How far names stand from the left.
const INDENT: usize = 11;

fn group(group: &Group, page: &mut Page) {
    let Group { sign, lines: said, causes, undecided, .. } = group;
    let mut rows: Vec<Vec<Text>> = vec![];
    let head = |i: usize| match i {
        0 => head(*sign, undecided.is_some()),
        _ => Text::from(" ".repeat(INDENT - 2)),
    };
    for (i, line) in said.iter().enumerate() {
        rows.push(vec![head(i), line.clone()]);
    }
    for cause in causes {
        let at = cause.at.as_ref().map_or(String::new(), ToString::to_string);
        let at = Text::new().with(Label::Place, at);
        rows.push(vec![head(1), cause.text.clone().into(), at]);
    }
    page.rows(0, rows);
    for cause in causes {
        if let Some(excerpt) = &cause.excerpt {
            page.append(lines(&excerpt.snippet, &cause.says, INDENT));
        }
    }
    for why in undecided.iter().flatten() {
        let head = Text::from(" ".repeat(INDENT)).with(Label::Open, "or not:");
        page.hanging(head, why);
    }
}

fn head(sign: Sign, undecided: bool) -> Text {
    let (label, word) = match (sign, undecided) {
        (Sign::Opens, false) => (Label::Opens, "+ opens  "),
        (Sign::Closes, false) => (Label::Closes, "- closes "),
        (Sign::Changes, false) => (Label::Open, "~ changes"),
        (Sign::Opens, true) => (Label::Open, "? opens  "),
        (Sign::Closes, true) => (Label::Open, "? closes "),
        (Sign::Changes, true) => (Label::Open, "? changes"),
    };
    Text::new().with(label, word)
}

/// What is to be known beside: what was not read, and of whom nobody knows.
fn notes(inputs: &Inputs<'_>, diff: &Diff) -> Vec<(&'static str, String)> {
    let mut notes = vec![];
    let [old, new] = inputs.prefaces;
    for line in new.unread_lines() {
        notes.push(("unread", line));
    }
    if old.unread_lines() != new.unread_lines() {
        notes.extend(old.unread_lines().into_iter().map(|line| ("was", line)));
    }
    if diff.unread_differ {
        let text = "these are not what they were: what they decide may differ (DR-21)";
        notes.push(("", text.to_owned()));
    }
    for (which, preface) in [("missing", new), ("missing", old)] {
        notes.extend(preface.missing().map(|missing| (which, missing)));
    }
    notes.dedup();
    let unasked: BTreeSet<&str> =
        diff.services.iter().filter(|s| !s.asked).map(|served| served.service.as_str()).collect();
    if !unasked.is_empty() {
        let what = count(unasked.len(), "Service");
        let text = format!("who can use {what} that changed: there are too many");
        notes.push(("not asked", text));
    }
    if diff.unasked > 0 {
        let ways = count(diff.unasked, "way");
        let text = format!("which pods come by {ways} in for the world: there are too many");
        notes.push(("not asked", text));
    }
    let names = groups::names(inputs, diff);
    for (party, choices) in &diff.contested {
        let names = names.of(*party);
        let why = words::choices(diff, choices);
        notes.push(("open", format!("whatever {names} sends and gets may differ: {why}")));
    }
    notes
}

/// How much opens and closes.
fn summary(diff: &Diff, groups: &Groups, exit: u8) -> String {
    let pairs = diff.pairs;
    let of = |sign: Sign| {
        let all = groups.all.iter().filter(|g| g.sign == sign && g.undecided.is_none());
        let outside =
            [(all.clone().any(|g| g.nodes), "nodes"), (all.clone().any(|g| g.world), "world")];
        let outside = outside.into_iter().filter(|(is, _)| *is).map(|(_, word)| word);
        let users: usize = all.clone().map(|group| group.users).sum();
        (all.count(), users, outside.collect::<Vec<_>>())
    };
    let mut parts: Vec<String> = vec![];
    for (sign, word, n) in
        [(Sign::Opens, "opening", pairs.opened), (Sign::Closes, "closing", pairs.closed)]
    {
        let (all, users, outside) = of(sign);
        if all > 0 {
            let mut inside: Vec<String> = vec![];
            if n > 0 {
                inside.push(count(n as usize, "pair"));
            }
            // What pairs find by the name of a Service is beside what is open between them.
            if users > 0 {
                inside.push(format!("{} by Services", count(users, "pair")));
            }
            inside.extend(outside.into_iter().map(str::to_owned));
            let inside = match inside.is_empty() {
                true => String::new(),
                false => format!(" ({})", list(&inside)),
            };
            parts.push(format!("{}{inside}", count(all, word)));
        }
    }
    let (changes, ..) = of(Sign::Changes);
    if changes > 0 {
        parts.push(count(changes, "other change"));
    }
    let undecided = groups.all.iter().filter(|group| group.undecided.is_some()).count();
    if undecided > 0 || diff.unread_differ || diff.unasked > 0 || !diff.contested.is_empty() {
        parts.push(match undecided {
            0 => "the rest is undecided".to_owned(),
            n => format!("{n} undecided"),
        });
    }
    let mut text = match &parts[..] {
        [] => "Nothing opens and nothing closes.".to_owned(),
        [rest] if undecided == 0 && rest.starts_with("the rest") => {
            format!("Nothing opens and nothing closes of what was read, {rest}.")
        }
        parts => format!("{}.", parts.join(", ")),
    };
    if pairs.before > 0 {
        let unchanged = thousands(pairs.unchanged);
        let before = thousands(pairs.before);
        text.push_str(&match pairs.unchanged == pairs.before {
            true if parts.is_empty() => format!(" {before} workload pairs are open as before."),
            _ => format!(" {unchanged} of {before} open pairs unchanged."),
        });
    }
    text.push_str(&format!(" Exit {exit}."));
    text
}

/// Where something stands.
pub(crate) fn spot(inputs: &Inputs<'_>, at: &At) -> Option<Spot> {
    let spot = match at.path.is_empty() {
        true => (inputs.spot)(at.side, at.place),
        false => (inputs.value)(at.side, at.place.object, &at.path),
    };
    spot.map(|spot| Spot { column: None, ..spot })
}

/// How sure it is that pieces of a change did something.
fn proved(proof: Option<Proof>, n: usize) -> Option<&'static str> {
    match (proof, n) {
        (Some(Proof::Each), 2..) => Some("each of these does it by itself:"),
        (Some(Proof::Together), 2..) => Some("these do it together:"),
        (None, 1..) => Some("what changed there:"),
        _ => None,
    }
}
