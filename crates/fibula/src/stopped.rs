//! A command that gave up, told where its answer is looked for: on standard output, and in the files
//! that `-o` names, so that nobody takes an older answer for the one of now.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::absolute;

use fibula_report::{
    Case, CaseOutcome, Notice, Page, Run, Screen, github, json, junit, notices_markdown, sarif,
};

use crate::args::{Command, LabCommand, OutputArgs};
use crate::output::{Format, Target, root, unwritten, write_json};
use crate::{Stop, Streams};

/// Where the answer of a command is wanted.
pub(crate) struct Wanted {
    /// The command, such as `check`.
    name: &'static str,
    targets: Vec<Target>,
}

// === impl Wanted ===

impl Wanted {
    pub(crate) fn of(command: &Command) -> Wanted {
        let of = |args: &OutputArgs| (args.quiet, args.output.clone());
        let (name, (quiet, targets)) = match command {
            Command::Demo(args) => ("demo", of(&args.output)),
            Command::Trace(args) => ("trace", of(&args.output)),
            Command::Why(args) => ("why", of(&args.output)),
            Command::Verify(args) => ("verify", of(&args.output)),
            Command::Explain(args) => ("explain", of(&args.output)),
            Command::Lab(LabCommand::Check(args)) => ("lab check", of(&args.output)),
            Command::Diff(args) => ("diff", (args.quiet, args.output.clone())),
            Command::Lint(args) => ("lint", (args.quiet, args.output.clone())),
            Command::Check(args) => ("check", (args.quiet, args.output.clone())),
            Command::Reach(args) => ("reach", (args.quiet, args.output.clone())),
            Command::Graph(args) => ("graph", (args.quiet, args.output.clone())),
            Command::Lab(_)
            | Command::Dump(_)
            | Command::Generate(_)
            | Command::Completions { .. } => ("", (true, vec![])),
        };
        let wanted = targets.into_iter().filter(|target| !quiet || target.file.is_some());
        Wanted { name, targets: wanted.collect() }
    }

    /// Refuses to write two answers into one file, of which the second alone would stay.
    pub(crate) fn once(&self) -> Result<(), Stop> {
        let mut files = BTreeSet::new();
        for target in &self.targets {
            let Some(file) = &target.file else { continue };
            if !files.insert(absolute(file).unwrap_or_else(|_| file.into())) {
                let what = format!("{file} is named twice: only one answer would stay in it");
                return Err(Stop::usage(&what, Some("say a file for each -o FORMAT=FILE")));
            }
        }
        Ok(())
    }

    /// Tells why there is no answer. Of what was asked wrongly no file is written: who says `-o` in
    /// the wrong way may have named one that is to stay.
    pub(crate) fn stopped(&self, stop: &Stop, streams: &mut Streams<'_>) -> io::Result<()> {
        for target in &self.targets {
            match &target.file {
                // People are told already, and there is no picture of it.
                None if matches!(target.format, Format::Text | Format::Dot | Format::Mermaid) => {}
                // What this answer is never printed as nobody reads as that.
                None if stop.usage
                    && !matches!(target.format, Format::Json | Format::Sarif | Format::Github) => {}
                None => self.write(target.format, stop, streams.out)?,
                Some(_) if stop.usage => {}
                Some(name) => {
                    let write = || {
                        let mut file = io::BufWriter::new(File::create(name)?);
                        self.write(target.format, stop, &mut file)?;
                        file.flush()
                    };
                    if let Err(error) = write() {
                        unwritten(name, &error).print(&streams.err_screen, streams.err)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write(&self, format: Format, stop: &Stop, out: &mut dyn Write) -> io::Result<()> {
        let why: Vec<Notice> = stop.pages.iter().map(Notice::stopped).collect();
        let root = root();
        let run = Run {
            command: self.name,
            version: env!("CARGO_PKG_VERSION"),
            notices: &[],
            beside: &why,
            exit: stop.exit.code(),
            root: &root,
            home: None,
        };
        let title = format!("fibula {}", self.name);
        match format {
            Format::Text => stop.pages.iter().try_for_each(|page| page.print(&Screen::PIPE, out)),
            Format::Json => write_json(&json::stopped(&stop.pages), out),
            Format::Sarif => write_json(&sarif(&run), out),
            Format::Github => github(&run, out),
            Format::Markdown => {
                let run = Run { notices: &why, beside: &[], ..run };
                notices_markdown(&title, &run, out)
            }
            Format::Junit => {
                let case = |notice: &Notice| Case {
                    suite: title.clone(),
                    name: "cannot run".to_owned(),
                    place: None,
                    outcome: CaseOutcome::Error(notice.message.clone(), notice.details.clone()),
                };
                let cases: Vec<Case> = why.iter().map(case).collect();
                junit(&title, &cases, &root, out)
            }
            Format::Dot => commented("//", &stop.pages, out),
            Format::Mermaid => commented("%%", &stop.pages, out),
        }
    }
}

/// Pages as comments: no picture.
fn commented(sign: &str, pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    let text: String = pages.iter().map(|page| page.render(&Screen::PIPE)).collect();
    text.lines().try_for_each(|line| writeln!(out, "{sign} {line}"))
}
