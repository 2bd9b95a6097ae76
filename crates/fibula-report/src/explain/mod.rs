//! `explain`: what every id that is shown means, in plain words.
//!
//! The texts are two files, `ids.md` and `findings.md`, which read as a glossary. What a finding
//! shows of a manifest stands in its section of `spec/22-findings.md` too, which runs.
//!
//! ```text
//!   # A group
//!   ## ID: what it is, in one line
//!   Two to six lines of text, with an example indented by four spaces.
//!   See also: ID, ID
//! ```

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::page::{Page, Text};
use crate::style::Label;

const SOURCE: &str = include_str!("ids.md");
const FINDINGS: &str = include_str!("findings.md");

/// Behind which group findings stand.
const BEFORE_FINDINGS: &str = "Verdicts";

static GLOSSARY: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let mut groups = parse(SOURCE);
    let at = groups.iter().position(|group| group.title == BEFORE_FINDINGS);
    let at = at.map_or(groups.len(), |at| at + 1);
    groups.splice(at..at, parse(FINDINGS));
    groups
});

/// Ids of one kind.
struct Group {
    title: &'static str,
    topics: Vec<Topic>,
}

/// What is known of an id.
pub(crate) struct Topic {
    id: &'static str,
    /// What it is, in one line.
    pub(crate) title: &'static str,
    /// The lines of its text; those of an example are indented by four spaces.
    pub(crate) body: Vec<&'static str>,
    see: Vec<&'static str>,
}

/// How many near names are offered.
const NEAR: usize = 3;
/// How alike a near name is at least, from 0 to 1.
const ALIKE: f64 = 0.75;
/// Where the text of a list of ids begins.
const COLUMN: usize = 23;

/// What an id means: a rule of the model, a statement about Kubernetes, a verdict, a finding, or a
/// word of FIBs. Only letters and digits count, in upper or lower case; none for an id that the
/// program never shows.
pub fn explain(id: &str) -> Option<Page> {
    let topic = topic(id)?;
    let mut page = Page::new();
    page.line(Text::new().with(Label::Name, topic.id).plain(format!("  {}", topic.title)));
    page.blank();
    for line in &topic.body {
        let text = match line.starts_with("    ") {
            true => Text::new().with(Label::Command, *line),
            false => Text::from(*line),
        };
        page.line(Text::from("  ").then(text));
    }
    if finding(topic.id) {
        page.blank();
        let dim = |text: &str| Text::from("  ").with(Label::Dim, format!("{text:<10}"));
        let id = topic.id;
        page.line(
            dim("off")
                .plain("in the object ")
                .with(Label::Command, format!("fibula.dev/ignore: {id}")),
        );
        page.line(
            dim("").plain("on a line     ").with(Label::Command, format!("# fibula: ignore {id}")),
        );
        page.line(
            dim("")
                .plain("fibula.toml   ")
                .with(Label::Command, format!("[lint] off = [\"{id}\"]")),
        );
    }
    if !topic.see.is_empty() {
        if !finding(topic.id) {
            page.blank();
        }
        page.line(Text::from("  ").with(Label::Dim, "see also  ").plain(topic.see.join(", ")));
    }
    Some(page)
}

/// What is known of an id, found as [`explain`] finds it.
pub(crate) fn topic(id: &str) -> Option<&'static Topic> {
    let wanted = key(id);
    topics().find(|topic| key(topic.id) == wanted)
}

/// Every id with its line, by group: what `explain` alone prints.
pub fn explain_all() -> Page {
    let mut page = Page::new();
    for (i, group) in GLOSSARY.iter().enumerate() {
        if i > 0 {
            page.blank();
        }
        page.line(Text::new().with(Label::Name, group.title));
        for topic in &group.topics {
            let id = Text::from("  ").with(Label::Command, format!("{:<COLUMN$}", topic.id));
            page.line(id.plain(topic.title));
        }
    }
    page
}

/// Every id, in the order of the glossary.
pub fn ids() -> impl Iterator<Item = &'static str> {
    topics().map(|topic| topic.id)
}

/// The ids that are most like an unknown one, the nearest first; at most three.
pub fn near_ids(id: &str) -> Vec<&'static str> {
    let wanted = key(id);
    let mut near: Vec<(f64, usize, &str)> = ids()
        .enumerate()
        .map(|(i, id)| (strsim::jaro_winkler(&wanted, &key(id)), i, id))
        .filter(|(alike, ..)| *alike >= ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    near.into_iter().take(NEAR).map(|(.., id)| id).collect()
}

/// Whether an id is that of a finding.
fn finding(id: &str) -> bool {
    fibula_answers::lint::ids().contains(&id)
}

/// What the page of an id shows of a manifest: lines that are set in, each trimmed.
pub fn example(id: &str) -> Vec<&'static str> {
    let topic = topics().find(|topic| topic.id == id);
    let lines = topic.into_iter().flat_map(|topic| &topic.body);
    lines.filter_map(|line| Some(line.strip_prefix("    ")?.trim())).collect()
}

fn topics() -> impl Iterator<Item = &'static Topic> {
    GLOSSARY.iter().flat_map(|group| &group.topics)
}

/// An id as it is looked up: its letters and digits.
fn key(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn parse(source: &'static str) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![];
    for line in source.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            groups.push(Group { title, topics: vec![] });
            continue;
        }
        let Some(group) = groups.last_mut() else { continue };
        if let Some(head) = line.strip_prefix("## ") {
            let (id, title) = head.split_once(": ").unwrap_or((head, ""));
            group.topics.push(Topic { id, title, body: vec![], see: vec![] });
        } else if let Some(topic) = group.topics.last_mut() {
            match line.strip_prefix("See also: ") {
                Some(see) => topic.see = see.split(", ").collect(),
                None => topic.body.push(line),
            }
        }
    }
    for topic in groups.iter_mut().flat_map(|group| &mut group.topics) {
        let blank = |line: &&str| line.is_empty();
        let before = topic.body.iter().take_while(|line| blank(line)).count();
        topic.body.drain(..before);
        let after = topic.body.iter().rev().take_while(|line| blank(line)).count();
        topic.body.truncate(topic.body.len() - after);
    }
    groups
}
