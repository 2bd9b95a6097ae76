//! `diff` in Markdown, for a comment on a pull request.

use std::io;

use fibula_answers::diff::Diff;

use super::groups::{Group, Groups, Sign};
use super::{Inputs, notes, summary};
use crate::markdown::{code, escaped};

/// Writes a summary, a table of what opens and closes, and what did it, folded.
///
/// # Errors
///
/// What writing gives.
pub fn diff_markdown(
    inputs: &Inputs<'_>,
    diff: &Diff,
    exit: u8,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let groups = Groups::new(inputs, diff);
    writeln!(out, "### What this change opens and closes")?;
    writeln!(out, "\n{}", escaped(&summary(diff, &groups, exit)))?;
    if let Some(changed) = &groups.changed {
        writeln!(out, "\n**changed**: {}", escaped(changed))?;
    }
    if !groups.all.is_empty() {
        writeln!(out, "\n| | connections | why |\n|---|---|---|")?;
    }
    for group in &groups.all {
        let lines: Vec<String> = group.lines.iter().map(|line| code(&line.words())).collect();
        let causes = group.causes.iter().map(|cause| match &cause.at {
            Some(at) => format!("{} {}", escaped(&cause.text), code(&at.to_string())),
            None => escaped(&cause.text),
        });
        let undecided =
            group.undecided.iter().flatten().map(|why| format!("or not: {}", escaped(why)));
        let causes: Vec<String> = causes.chain(undecided).collect();
        writeln!(out, "| {} | {} | {} |", word(group), lines.join("<br>"), causes.join("<br>"))?;
    }
    for group in &groups.all {
        for cause in &group.causes {
            let Some(excerpt) = &cause.excerpt else { continue };
            let summary = crate::markdown::html(&cause.text);
            writeln!(out, "\n<details><summary>{summary}</summary>\n")?;
            writeln!(out, "```yaml")?;
            for line in &excerpt.snippet.lines {
                writeln!(out, "{}", line.replace("```", "` ` `").replace(char::is_control, " "))?;
            }
            writeln!(out, "```\n\n{}\n</details>", code(&excerpt.at))?;
        }
    }
    for (word, text) in notes(inputs, diff) {
        writeln!(out, "\n> {word}: {}", escaped(&text))?;
    }
    Ok(())
}

fn word(group: &Group) -> &'static str {
    match (group.sign, group.undecided.is_some()) {
        (Sign::Opens, false) => "**+ opens**",
        (Sign::Closes, false) => "**− closes**",
        (Sign::Changes, false) => "**~ changes**",
        (Sign::Opens, true) => "? opens",
        (Sign::Closes, true) => "? closes",
        (Sign::Changes, true) => "? changes",
    }
}
