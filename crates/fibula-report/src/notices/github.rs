//! Notices as workflow commands of GitHub Actions, which shows them beside the lines of a change.

use std::io;

use fibula_cluster::Severity;

use super::{Notice, Run, Spot};

/// Writes a command for each notice, and for what is to be known beside: one line each.
///
/// # Errors
///
/// What writing gives.
pub fn github(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for notice in run.beside.iter().chain(run.told()) {
        let command = match notice.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = vec![];
        let mut text = vec![notice.message.clone()];
        text.extend(notice.details.iter().cloned());
        if let [first, others @ ..] = &*notice.places {
            match run.root.tell(&first.file) {
                Some(told) => properties.push(("file", told.path)),
                None => text.push(format!("at {first}")),
            }
            if !properties.is_empty() {
                properties.extend(first.line.map(|line| ("line", line.to_string())));
                let column = first.line.and(first.column);
                properties.extend(column.map(|column| ("col", column.to_string())));
            }
            text.extend(also(run, others));
        }
        properties.push(("title", title(notice)));
        let properties: Vec<String> =
            properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
        writeln!(out, "::{command} {}::{}", properties.join(","), data(&text.join("\n")))?;
    }
    Ok(())
}

/// How many more places are told.
const MOST: usize = 4;

fn also(run: &Run<'_>, others: &[Spot]) -> Vec<String> {
    // By paths of the repository, as the first place is told.
    let told = |spot: &Spot| match run.root.tell(&spot.file) {
        Some(told) => Spot { file: told.path, ..spot.clone() },
        None => spot.clone(),
    };
    let shown = others.iter().take(MOST);
    let mut also: Vec<String> = shown.map(|spot| format!("also at {}", told(spot))).collect();
    if let Some(more) = others.len().checked_sub(MOST).filter(|more| *more > 0) {
        also.push(format!("and at {more} more"));
    }
    also
}

fn title(notice: &Notice) -> String {
    match notice.rule {
        "" => notice.id.to_owned(),
        rule => format!("{} ({rule})", notice.id),
    }
}

/// What would end a message is written as the runner reads it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What would end a property, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_a_command() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a,b:c\n%"), "a%2Cb%3Ac%0A%25");
    }
}
