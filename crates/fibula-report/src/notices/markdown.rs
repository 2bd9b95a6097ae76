//! Notices in Markdown, for a comment on a pull request.

use std::io;

use fibula_cluster::Severity;

use super::{Notice, Run, counts};
use crate::markdown::{code, escaped, html};

/// Writes a heading with what was counted, a table of the notices, and their details, folded.
///
/// # Errors
///
/// What writing gives.
pub fn notices_markdown(title: &str, run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let told: Vec<&Notice> = run.told().collect();
    let counts = match counts(told.iter().map(|notice| notice.severity)) {
        counts if counts.is_empty() => "nothing looks wrong".to_owned(),
        counts => counts,
    };
    writeln!(out, "### {}: {counts}", escaped(title))?;
    if !told.is_empty() {
        writeln!(out, "\n| | | where |\n|---|---|---|")?;
    }
    for notice in &told {
        let rule = match notice.rule {
            "" => String::new(),
            rule => format!(" ({})", escaped(rule)),
        };
        let places: Vec<String> =
            notice.places.iter().take(MOST).map(|at| place(run, at)).collect();
        let more = notice.places.len().saturating_sub(MOST);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(
            out,
            "| {} | {}{rule}: {} | {}{more} |",
            sign(notice.severity),
            code(notice.id),
            escaped(&notice.message),
            places.join(" "),
        )?;
    }
    for notice in told.iter().filter(|notice| !notice.details.is_empty()) {
        let summary = format!("{}: {}", notice.id, notice.message);
        writeln!(out, "\n<details><summary>{}</summary>\n", html(&summary))?;
        for line in &notice.details {
            writeln!(out, "    {}", line.replace(char::is_control, " "))?;
        }
        writeln!(out, "\n</details>")?;
    }
    for beside in run.beside {
        let places = beside.places.iter().map(|at| place(run, at));
        let words: Vec<String> = places.chain([escaped(&beside.message)]).collect();
        writeln!(out, "\n> {}: {}", beside.id, words.join(" "))?;
    }
    Ok(())
}

/// How many places of one notice are shown.
const MOST: usize = 4;

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗ error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A place, by the path from the root of the repository.
fn place(run: &Run<'_>, spot: &super::Spot) -> String {
    let file = run.root.tell(&spot.file).map_or_else(|| spot.file.clone(), |told| told.path);
    code(&super::Spot { file, line: spot.line, column: None }.to_string())
}
