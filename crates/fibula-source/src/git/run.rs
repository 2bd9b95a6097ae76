//! What is asked of the program `git`.

use std::io::{self, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::GitError;

/// How many letters of a commit are shown at least.
const ABBREVIATED: &str = "--short=12";

/// The program, run in a folder.
pub(super) struct Git<'a> {
    pub(super) folder: &'a Path,
}

impl Git<'_> {
    /// The folder's own path in its repository: empty, or with a `/` at its end.
    pub(super) fn prefix(&self) -> Result<String, GitError> {
        let output = self.run(&["rev-parse", "--show-prefix"])?;
        if !output.status.success() {
            let error = failed(&output);
            let nowhere = matches!(&error, GitError::Failed(says) if says.contains("not a git"));
            return Err(if nowhere { GitError::NoRepository } else { error });
        }
        Ok(first_line(&output.stdout))
    }

    /// The commit that a revision means.
    pub(super) fn commit(&self, rev: &str) -> Result<String, GitError> {
        // What begins with `-` is an option to git: `--end-of-options` is not in every version.
        if rev.starts_with('-') || rev.chars().any(char::is_control) {
            return Err(GitError::NotARevision(rev.to_owned()));
        }
        let output =
            self.run(&["rev-parse", "--verify", "--quiet", &format!("{rev}^{{commit}}")])?;
        let commit = first_line(&output.stdout);
        match output.status.success() && !commit.is_empty() {
            true => Ok(commit),
            false => Err(GitError::NoRevision(rev.to_owned())),
        }
    }

    /// What two revisions have in common last, abbreviated; each with its commit.
    pub(super) fn base(&self, a: (&str, &str), b: (&str, &str)) -> Result<String, GitError> {
        let output = self.run(&["merge-base", a.1, b.1])?;
        let base = first_line(&output.stdout);
        if !output.status.success() || base.is_empty() {
            let shallow = self.run(&["rev-parse", "--is-shallow-repository"])?;
            let shallow = first_line(&shallow.stdout) == "true";
            return Err(GitError::NoBase { a: a.0.to_owned(), b: b.0.to_owned(), shallow });
        }
        let short = self.run(&["rev-parse", ABBREVIATED, &base])?;
        let short = first_line(&short.stdout);
        Ok(if short.is_empty() { base } else { short })
    }

    /// Every entry of a commit: its mode, what it is called inside of git, and its path.
    pub(super) fn entries(&self, commit: &str) -> Result<Vec<(String, String, String)>, GitError> {
        let output = self.run(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        if !output.status.success() {
            return Err(failed(&output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        // MODE TYPE OBJECT<tab>PATH
        let entry = |entry: &str| {
            let (what, path) = entry.split_once('\t')?;
            let mut what = what.split(' ');
            let (mode, _, object) = (what.next()?, what.next()?, what.next()?);
            Some((mode.to_owned(), object.to_owned(), path.to_owned()))
        };
        Ok(text.split('\0').filter_map(entry).collect())
    }

    /// The contents of objects, in their order.
    pub(super) fn contents(&self, objects: &[&str]) -> Result<Vec<Vec<u8>>, GitError> {
        if objects.is_empty() {
            return Ok(vec![]);
        }
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_run)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let asked = objects.join("\n") + "\n";
        // Asked and answered at once: whichever were first would wait for the other.
        let contents = std::thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(asked.as_bytes())));
            let mut answers = BufReader::new(stdout?);
            let one = |_: &&str| one(&mut answers).ok().flatten();
            objects.iter().map(one).collect::<Option<Vec<_>>>()
        });
        let output = child.wait_with_output().map_err(not_run)?;
        contents.ok_or_else(|| failed(&output))
    }

    fn run(&self, args: &[&str]) -> Result<Output, GitError> {
        self.command(args).stdin(Stdio::null()).output().map_err(not_run)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(self.folder)
            .args(args)
            // Nothing is fetched: a repository may say by which command that is done.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "")
            // Its errors are read here; and nobody is asked for a password.
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0");
        command
    }
}

/// One answer of `cat-file --batch`: `OBJECT TYPE SIZE`, and the bytes. None for an object that the
/// repository does not hold.
fn one(answers: &mut impl io::BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut header = String::new();
    answers.read_line(&mut header)?;
    let size = header.trim_end().split(' ').nth(2).and_then(|size| size.parse().ok());
    let Some(size) = size else { return Ok(None) };
    let mut bytes = Vec::new();
    answers.by_ref().take(size).read_to_end(&mut bytes)?;
    // A line break of its own ends the answer.
    let mut end = [0];
    answers.read_exact(&mut end)?;
    Ok((bytes.len() as u64 == size).then_some(bytes))
}

fn not_run(error: io::Error) -> GitError {
    match error.kind() {
        io::ErrorKind::NotFound => GitError::NotInstalled,
        _ => GitError::Failed(error.to_string()),
    }
}

/// What git says first, without the word before it.
fn failed(output: &Output) -> GitError {
    let said = first_line(&output.stderr);
    let said = said.strip_prefix("fatal: ").or(said.strip_prefix("error: ")).unwrap_or(&said);
    let said = if said.is_empty() { "nothing" } else { said };
    GitError::Failed(said.to_owned())
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned()
}
