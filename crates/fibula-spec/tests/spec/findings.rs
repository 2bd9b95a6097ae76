//! Each finding has a section that makes it appear and vanish, and a page that shows the same.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::chapter::{Block, Chapter, Section};

/// The chapter of findings.
const CHAPTER: &str = "22-findings.md";

/// What is printed where there is no finding.
const NOTHING: &str = "✓ nothing";

/// That no id lacks its two tests and its page, and that no section is of an id that is none.
pub(crate) fn trial(root: &Path) -> Trial {
    let path = root.join(CHAPTER);
    Trial::test("harness / every finding appears, vanishes and is explained", move || {
        let text = fs::read_to_string(&path).map_err(|error| Failed::from(error.to_string()))?;
        let chapter = Chapter::parse(&text).map_err(|fault| Failed::from(fault.to_string()))?;
        let mut missing = vec![];
        for id in fibula_answers::lint::ids() {
            let title = format!("{id}: ");
            match chapter.sections.iter().find(|section| section.title.starts_with(&title)) {
                None => missing.push(format!("{id} has no section")),
                Some(section) => missing.extend(lacks(&chapter, section, id)),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing.join("\n").into()) }
    })
}

/// What a section does not show of a finding.
fn lacks(chapter: &Chapter, section: &Section, id: &str) -> Vec<String> {
    let exchanges = section.blocks.iter().flat_map(|block| match block {
        Block::Console { exchanges, .. } => &exchanges[..],
        Block::File { .. } | Block::Edit { .. } => &[],
    });
    let asked = format!("fibula lint --only {id} ");
    let (mut appears, mut vanishes) = (false, false);
    for exchange in exchanges.filter(|exchange| exchange.command.starts_with(&asked)) {
        let printed = chapter.lines[exchange.expected.clone()].join("\n");
        appears |= printed.contains(&format!("  {id}  "));
        vanishes |= printed.contains(NOTHING);
    }
    let mut lines: Vec<&str> = vec![];
    for block in &section.blocks {
        match block {
            Block::File { text, .. } => lines.extend(text.lines()),
            Block::Edit { hunks, .. } => {
                lines.extend(hunks.iter().flat_map(|hunk| &hunk.new).map(String::as_str));
            }
            Block::Console { .. } => {}
        }
    }
    let shown = |line: &&str| lines.iter().any(|own| own.trim() == *line);
    let mut missing = vec![];
    missing.extend((!appears).then(|| format!("{id} does not appear")));
    missing.extend((!vanishes).then(|| format!("{id} does not vanish")));
    missing.extend(fibula_report::explain(id).is_none().then(|| format!("{id} has no page")));
    let example = fibula_report::example(id);
    let strange = example.iter().filter(|line| !line.is_empty() && !shown(line));
    missing.extend(strange.map(|line| format!("{id} is explained by a line of its own: {line}")));
    missing
}
