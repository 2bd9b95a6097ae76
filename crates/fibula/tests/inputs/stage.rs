//! A folder of its own to run the program in, with stand-ins for the programs that it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use snapbox::{Data, assert_data_eq};

/// A folder that is removed at the end.
pub(crate) struct Stage {
    folder: PathBuf,
    /// What is put first on the PATH, if anything.
    programs: PathBuf,
    /// Whether nothing else is on it.
    only: bool,
}

impl Stage {
    pub(crate) fn new(name: &str) -> Stage {
        let at = format!("fibula-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(at);
        let _ = fs::remove_dir_all(&folder);
        let programs = folder.join(".programs");
        fs::create_dir_all(&programs).expect("a folder");
        let folder = folder.canonicalize().expect("it is there");
        Stage { programs: folder.join(".programs"), folder, only: false }
    }

    /// The same folder, in which no program of the machine is found.
    pub(crate) fn alone(mut self) -> Stage {
        self.only = true;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// A program of some name, which is a shell script.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.programs.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        executable(&path);
    }

    pub(crate) fn git(&self, line: &str) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        git.current_dir(&self.folder).args(identity).args(line.split(' '));
        let date = "2026-01-01T00:00:00Z";
        git.env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        assert!(git.status().expect("git is here").success(), "git {line}");
    }

    /// Runs `fibula ARGS` here.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.run_as(env!("CARGO_BIN_EXE_fibula").as_ref(), args)
    }

    /// Runs a program here.
    pub(crate) fn run_as(&self, program: &Path, args: &[&str]) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = match self.only {
            true => self.programs.display().to_string(),
            false => format!("{}:{path}", self.programs.display()),
        };
        let mut command = Command::new(program);
        command.current_dir(&self.folder).args(args).env("PATH", path);
        command.env_remove("FIBULA_INPUT").env_remove("KUBECONFIG").env("LC_ALL", "C.UTF-8");
        command.output().expect("the program starts")
    }

    /// What a session looks like: each line as it is typed, what it prints, its exit code.
    pub(crate) fn session(&self, lines: &[&str]) -> String {
        let shown = lines.iter().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ran = self.run(&words);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let code = ran.status.code().expect("it ends by itself");
            format!("$ fibula {line}\n{}{}[exit {code}]\n", text(&ran.stderr), text(&ran.stdout))
        });
        let shown: Vec<String> = shown.collect();
        shown.join("\n")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// What a program printed on standard output.
pub(crate) fn out(ran: &Output) -> String {
    String::from_utf8(ran.stdout.clone()).expect("what is printed is UTF-8")
}

/// What it printed on standard error.
pub(crate) fn err(ran: &Output) -> String {
    String::from_utf8(ran.stderr.clone()).expect("what is printed is UTF-8")
}

pub(crate) fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}
