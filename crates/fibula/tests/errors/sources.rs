//! The texts of errors in the sources, and whether snapshots show them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where errors about the input are written: files, or folders with all that is in them.
const SOURCES: [&str; 7] = [
    "fibula-cluster/src/check",
    "fibula-source/src",
    "fibula-network/src/file",
    "fibula/src/config.rs",
    "fibula/src/ignored.rs",
    "fibula/src/told.rs",
    "fibula/src/refused.rs",
];

/// What is no error, or is one that no input leads to.
const NOT_SEEN: &[&str] = &[
    // Said by serde_json, and taken apart.
    " at line ",
    "EOF while parsing ",
    // Said by serde for what is shown in other words.
    "{key} is given twice",
    // serde_json reads a text before this can find anything wrong with it.
    "a JSON value",
    "a closing bracket: the text ends inside a value",
    "a closing quote for this string",
    "a string with valid escapes",
    "one value, and nothing else, here",
    // A text is split at its markers before saphyr could find one.
    "`---` before another document",
    // Aliases stop a bomb of merge keys too.
    "merge keys that add at most {MAX_COPIED} values",
    // No field of an object is read as one today.
    "a whole number, 0 or more",
    // How git begins to say so; and what it says where nothing above fits.
    "not a git",
    "git says: {what}",
    // Shown with one blank for three, and by a test of a clone that was cut short.
    "git ls-tree -r --name-only {rev}   lists what it has",
    "this clone has only a part of the history: git fetch --unshallow",
    // Links in a revision that lead on without end: `fibula-source/tests/git.rs` has them.
    "a link behind {MOST_LINKS} others",
    "no more are followed: say a folder with fewer of them",
    "say the folder that it leads to",
    // A sign to look for.
    "# fibula: ignore ",
    // Written into each file of a network.
    "{{n\"fibula\": \"{VERSION}\"",
];

/// The texts of errors that no snapshot shows.
pub(crate) fn unseen() -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let seen = seen(&crates);
    let mut unseen = BTreeSet::new();
    for source in SOURCES {
        for file in files(&crates.join(source), "rs") {
            let text = fs::read_to_string(&file).expect("a source");
            for text in texts(&text) {
                if !NOT_SEEN.contains(&&*text) && !shows(&seen, &text) {
                    unseen.insert(text);
                }
            }
        }
    }
    unseen.into_iter().collect()
}

/// All that snapshots show, with one space where there are more, or a line breaks.
fn seen(crates: &Path) -> String {
    let mut shown = files(&crates.join("fibula/tests/snapshots"), "txt");
    // Files of networks have their snapshots in their tests, and revisions of git some.
    shown.extend(files(&crates.join("fibula-network/tests"), "rs"));
    shown.push(crates.join("fibula-source/tests/git.rs"));
    shown.push(crates.join("fibula-source/tests/promises.rs"));
    let text: String = shown.iter().map(|file| fs::read_to_string(file).expect("a file")).collect();
    // Where a line goes on below, so does the sentence.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn files(path: &Path, extension: &str) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut all: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.file_name().is_none_or(|name| name != "tests.rs"))
        .flat_map(|path| match path.is_dir() {
            true => files(&path, extension),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|other| other == extension))
        .collect();
    all.sort();
    all
}

/// The texts of a source that are sentences, or parts of one: words with spaces between them.
fn texts(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut texts = vec![];
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'', '/', '#']) {
        let (start, after) = (&rest[at..], &rest[at + 1..]);
        if start.starts_with("//") {
            rest = start.split_once('\n').map_or("", |(_, rest)| rest);
        } else if start.starts_with("#[") {
            // What attributes say is for others.
            rest = start.split_once(']').map_or("", |(_, rest)| rest);
        } else if start.starts_with('\'') {
            // A character, or the name of a lifetime.
            let character = after.strip_prefix('\\').unwrap_or(after);
            let length = character.chars().next().map_or(0, char::len_utf8);
            let closed = character[length..].starts_with('\'');
            rest = if closed { &character[length + 1..] } else { after };
        } else if start.starts_with('"') {
            let end = end(after);
            let text = unescaped(&after[..end]);
            rest = &after[(end + 1).min(after.len())..];
            // What is compared with is what others say.
            let next = rest.trim_start();
            let pattern = next.starts_with("=>") || next.starts_with("| \"");
            if !pattern && !next.starts_with(") =>") {
                texts.push(text);
            }
        } else {
            rest = after;
        }
    }
    let words = |text: &str| text.split(' ').filter(|word| word.len() > 1).count();
    texts.retain(|text| words(text) > 1 && text.contains(|c: char| c.is_lowercase()));
    texts
}

/// Where a text ends that began before.
fn end(text: &str) -> usize {
    let mut escaped = false;
    text.find(|c| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end
    })
    .unwrap_or(text.len())
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('\\');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.strip_prefix('\n') {
            // A line that goes on.
            Some(rest) => out.push_str(rest.trim_start()),
            None if part.is_empty() => out.push('\\'),
            None => out.push_str(part),
        }
    }
    out
}

/// Whether a text is shown, with anything in place of what is filled in.
fn shows(seen: &str, text: &str) -> bool {
    let pieces = pieces(text);
    let Some((first, others)) = pieces.split_first() else { return true };
    let mut from = 0;
    // What is filled in is short: the pieces follow each other.
    while let Some(at) = seen[from..].find(first.as_str()).map(|at| from + at) {
        let mut next = at + first.len();
        let all = others.iter().all(|piece| {
            let near = floor(seen, next + 200);
            let found = seen[next..near.max(next)].find(piece.as_str());
            next += found.map_or(0, |found| found + piece.len());
            found.is_some()
        });
        if all {
            return true;
        }
        from = floor(seen, at + first.len());
    }
    false
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What stands between the braces of a format.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let last = pieces.len() - 1;
        if rest.starts_with("{{") || rest.starts_with("}}") {
            pieces[last].push(c);
            rest = &rest[2..];
        } else if c == '{' && rest.contains('}') {
            pieces.push(String::new());
            rest = rest.split_once('}').map_or("", |(_, rest)| rest);
        } else {
            pieces[last].push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    let words = |piece: &String| piece.split_whitespace().collect::<Vec<_>>().join(" ");
    pieces.iter().map(words).filter(|piece| !piece.is_empty()).collect()
}
