//! Running a section: its files in a folder, its commands in this process.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use fibula::Streams;
use fibula_report::Screen;
use snapbox::Data;
use snapbox::filter::NormalizeToExpected;
use snapbox::report::{Palette, write_diff};
use walkdir::WalkDir;

use crate::chapter::{Block, Chapter, Exchange, Hunk, Paper};

/// What is wrong, and in which line of the chapter, counted from 0.
pub(crate) struct Failure {
    pub(crate) line: usize,
    pub(crate) what: String,
    /// What the command printed, in place of what was expected, where that is what is wrong.
    pub(crate) printed: Option<Printed>,
}

/// What a command printed, to stand in place of some lines.
pub(crate) struct Printed {
    pub(crate) expected: std::ops::Range<usize>,
    pub(crate) lines: Vec<String>,
}

/// A folder for one section, gone with this value. Paths that commands name are relative to it, so
/// only one can be open: sections run one after the other.
struct Folder(PathBuf);

// === impl Folder ===

impl Folder {
    /// Begins empty, or as a copy of another in a git repository, where `main` has it.
    fn open(example: Option<&Path>) -> io::Result<Folder> {
        let name = format!("spec-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder)?;
        for entry in example.iter().flat_map(|example| WalkDir::new(example).min_depth(1)) {
            let entry = entry?;
            let to =
                entry.path().strip_prefix(example.unwrap_or(Path::new(""))).unwrap_or(entry.path());
            match entry.file_type().is_dir() {
                true => fs::create_dir_all(folder.join(to))?,
                false => _ = fs::copy(entry.path(), folder.join(to))?,
            }
        }
        env::set_current_dir(&folder)?;
        if example.is_some() {
            for args in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "The example"]] {
                let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
                let mut said = vec![];
                let code = git(&args, &[], &mut vec![], &mut said).map_err(io::Error::other)?;
                if code != 0 {
                    return Err(io::Error::other(String::from_utf8_lossy(&said).into_owned()));
                }
            }
        }
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = env::set_current_dir(env!("CARGO_TARGET_TMPDIR"));
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a section, in a folder that begins as a copy of `example`, and gives all that is wrong.
pub(crate) fn run(chapter: &Chapter, section: usize, example: Option<&Path>) -> Vec<Failure> {
    let at = chapter.sections[section].line;
    let mut failures = vec![];
    let folder = Folder::open(example).map_err(|error| Failure::new(at, error));
    for block in chapter.blocks(section) {
        let done = match block {
            Block::File { name, text } => write(name, text).map_err(|e| Failure::new(at, e)),
            Block::Edit { name, line, hunks } => {
                edit(name, hunks).map_err(|e| Failure::new(*line, e))
            }
            Block::Console { paper, exchanges } => {
                failures
                    .extend(exchanges.iter().filter_map(|e| exchange(chapter, *paper, e).err()));
                Ok(())
            }
        };
        failures.extend(done.err());
    }
    failures.extend(folder.err());
    failures
}

fn write(name: &str, text: &str) -> io::Result<()> {
    if let Some(folder) = Path::new(name).parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(name, text)
}

fn edit(name: &str, hunks: &[Hunk]) -> Result<(), String> {
    let text = fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for hunk in hunks {
        let n = hunk.old.len();
        let mut places =
            (0..=lines.len().saturating_sub(n)).filter(|at| lines[*at..].starts_with(&hunk.old));
        let (Some(at), None) = (places.next().filter(|_| n > 0), places.next()) else {
            let old = hunk.old.join("\n");
            return Err(format!("these lines do not stand once in {name}:\n{old}"));
        };
        lines.splice(at..at + n, hunk.new.iter().cloned());
    }
    lines.push(String::new());
    write(name, &lines.join("\n")).map_err(|error| error.to_string())
}

fn exchange(chapter: &Chapter, paper: Paper, exchange: &Exchange) -> Result<(), Failure> {
    let actual =
        pipeline(&exchange.command, paper).map_err(|what| Failure::new(exchange.line, what))?;
    let expected: String =
        chapter.lines[exchange.expected.clone()].iter().flat_map(|line| [line, "\n"]).collect();
    let (actual, expected) = (Data::text(actual), Data::text(expected));
    // Keeps `...` and `[..]` where what they stand beside is right.
    let actual = NormalizeToExpected::new().redact().normalize(actual, &expected);
    if actual == expected {
        return Ok(());
    }
    let lines: Vec<String> = actual.to_string().lines().map(str::to_owned).collect();
    if lines.iter().any(|line| line.starts_with("$ ") || line.starts_with("```")) {
        return Err(Failure::new(exchange.line, "no console block can hold what this prints"));
    }
    let mut what = format!("$ {}", exchange.command);
    let (old, new) = (Some(&"expected" as _), Some(&"printed" as _));
    let _ = write_diff(&mut what, &expected, &actual, old, new, Palette::plain());
    let printed = Printed { expected: exchange.expected.clone(), lines };
    Err(Failure { line: exchange.line, what, printed: Some(printed) })
}

/// Runs commands, each of which reads what the one before it prints. Gives what a reader sees: what
/// the last one prints, every error, and the exit code unless it is 0.
fn pipeline(command: &str, paper: Paper) -> Result<String, String> {
    let mut input = vec![];
    let (mut errors, mut exit) = (vec![], 0);
    for words in words(command)?.split(|word| word == "|") {
        let mut out = vec![];
        exit = one(words, paper, input, &mut out, &mut errors)?;
        input = out;
    }
    let mut text = String::from_utf8(input).map_err(|_| "what it prints is not UTF-8")?;
    text += str::from_utf8(&errors).map_err(|_| "its errors are not UTF-8")?;
    let mut text: String =
        text.trim_end_matches('\n').lines().flat_map(|l| [l.trim_end(), "\n"]).collect();
    if exit != 0 {
        text += &format!("exit {exit}\n");
    }
    Ok(text)
}

fn one(
    words: &[String],
    paper: Paper,
    input: Vec<u8>,
    out: &mut Vec<u8>,
    err: &mut Vec<u8>,
) -> Result<u8, String> {
    let mut words = words;
    let mut default = None;
    if let [first, rest @ ..] = words
        && let Some(value) = first.strip_prefix("FIBULA_INPUT=")
    {
        (default, words) = (Some(OsString::from(value)), rest);
    }
    match words {
        [program, ..] if program == "fibula" => {
            let screen = Screen { width: paper.width, color: false, unicode: paper.unicode };
            let mut streams =
                Streams { input: &mut || Ok(input.clone()), out, screen, err, err_screen: screen };
            Ok(fibula::run(words.iter().map(OsString::from), default, &mut streams))
        }
        [program, files @ ..] if program == "cat" => {
            for file in files {
                out.extend(fs::read(file).map_err(|error| format!("{file}: {error}"))?);
            }
            Ok(0)
        }
        [program, args @ ..] if program == "git" => git(args, &input, out, err),
        _ => Err("a command is fibula, cat or git".to_owned()),
    }
}

/// Runs `git` as on a machine where nobody has configured it.
fn git(args: &[String], input: &[u8], out: &mut Vec<u8>, err: &mut Vec<u8>) -> Result<u8, String> {
    let told = |error: io::Error| format!("git: {error}");
    let mut git = Command::new("git");
    git.args(["-c", "user.name=you", "-c", "user.email=you@example.com"])
        .args(["-c", "init.defaultBranch=main"])
        .args(args)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = git.spawn().map_err(told)?;
    child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input)).map_err(told)?;
    let done = child.wait_with_output().map_err(told)?;
    out.extend(done.stdout);
    err.extend(done.stderr);
    Ok(done.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}

/// The words of a command line. A quote keeps blanks in a word; nothing else is special.
fn words(command: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (vec![], None::<String>, None);
    for c in command.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        None => Ok(words),
        Some(quote) => Err(format!("the {quote} is not closed")),
    }
}

// === impl Failure ===

impl Failure {
    fn new(line: usize, what: impl ToString) -> Failure {
        Failure { line, what: what.to_string(), printed: None }
    }
}
