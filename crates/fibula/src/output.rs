//! Where answers go: `-o FORMAT[=FILE]`.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::str::FromStr;

use fibula_report::{Notice, Page, Root, Run, Screen, error};
use fibula_source::reason;
use serde_json::Value;

use crate::args::OutputArgs;
use crate::session::Session;
use crate::words::near;
use crate::{Exit, Stop, Streams};

/// A format, and the file to write it to; without one standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) format: Format,
    pub(crate) file: Option<String>,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Markdown,
    Sarif,
    Github,
    Junit,
    Dot,
    Mermaid,
}

const FORMATS: [Format; 8] = [
    Format::Text,
    Format::Json,
    Format::Markdown,
    Format::Sarif,
    Format::Github,
    Format::Junit,
    Format::Dot,
    Format::Mermaid,
];

/// Prints answers where they are wanted.
pub(crate) struct Output<'a, 'b> {
    streams: &'a mut Streams<'b>,
    targets: Vec<Target>,
}

// === impl Format ===

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Markdown => "markdown",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Junit => "junit",
            Format::Dot => "dot",
            Format::Mermaid => "mermaid",
        }
    }

    /// Whether it can stand in one stream with others: as lines, and not as one document.
    fn is_lines(self) -> bool {
        matches!(self, Format::Text | Format::Github)
    }
}

// === impl Target ===

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(file.to_owned())),
            None => (text, None),
        };
        let format = match format {
            "text" => Format::Text,
            "json" => Format::Json,
            "markdown" => Format::Markdown,
            "sarif" => Format::Sarif,
            "github" => Format::Github,
            "junit" => Format::Junit,
            "dot" => Format::Dot,
            "mermaid" => Format::Mermaid,
            other => {
                let names = FORMATS.map(Format::name);
                let near = near(other, &names);
                let near = error::meant(near.as_slice());
                let near = near.map_or_else(String::new, |near| format!("{near} "));
                let some = "say text, json, markdown, sarif, github, junit, dot or mermaid; --help \
                            says which of them this answer has";
                return Err(format!("{near}{some}"));
            }
        };
        match file.as_deref() {
            Some("") => Err("the file after = has no name".to_owned()),
            _ => Ok(Target { format, file }),
        }
    }
}

// === impl Output ===

impl<'a, 'b> Output<'a, 'b> {
    /// What `-o` and `-q` ask for: text, where they say nothing.
    pub(crate) fn new(args: &OutputArgs, streams: &'a mut Streams<'b>) -> Result<Self, Stop> {
        Output::of(&[Format::Text, Format::Json], &args.output, args.quiet, streams)
    }

    /// As [`new`](Output::new), of an answer that has these forms.
    pub(crate) fn of(
        forms: &[Format],
        targets: &[Target],
        quiet: bool,
        streams: &'a mut Streams<'b>,
    ) -> Result<Self, Stop> {
        if let Some(wrong) = targets.iter().find(|target| !forms.contains(&target.format)) {
            let names: Vec<&str> = forms.iter().map(|form| form.name()).collect();
            let hint = match wrong.format {
                Format::Dot | Format::Mermaid => "; graph and reach draw pictures",
                _ => "",
            };
            let hint = format!("say {}{hint}", names.join(" or "));
            let what = format!("{} is no form of this answer", wrong.format.name());
            return Err(Stop::usage(&what, Some(&hint)));
        }
        let text = Target { format: Format::Text, file: None };
        let mut targets = if targets.is_empty() { vec![text] } else { targets.to_vec() };
        if quiet {
            targets.retain(|target| target.file.is_some());
        }
        let printed: Vec<Format> =
            targets.iter().filter(|target| target.file.is_none()).map(|t| t.format).collect();
        if let (Some(whole), [_, _, ..]) = (printed.iter().find(|f| !f.is_lines()), &*printed) {
            let name = whole.name();
            let what = format!("{name} is one document: nothing else can be printed beside it");
            return Err(Stop::usage(&what, Some(&format!("say -o {name}=FILE"))));
        }
        Ok(Output { streams, targets })
    }

    /// Prints an answer in each form that is wanted.
    pub(crate) fn print(
        &mut self,
        text: &dyn Fn() -> Page,
        json: &dyn Fn() -> Value,
    ) -> Result<(), Stop> {
        self.each(&mut |format, screen, out| match format {
            Format::Text => text().print(screen, out),
            _ => write_json(&json(), out),
        })
    }

    /// Tells programs an answer that people read as errors, where they look for it; and whoever looks
    /// for the text in a file.
    pub(crate) fn told(&mut self, pages: &[Page], json: &dyn Fn() -> Value) -> Result<(), Stop> {
        self.targets.retain(|target| target.format != Format::Text || target.file.is_some());
        self.each(&mut |format, screen, out| match format {
            Format::Text => pages.iter().try_for_each(|page| page.print(screen, out)),
            _ => write_json(&json(), out),
        })
    }

    /// Calls `print` for each form that is wanted. A file that cannot be written keeps no other answer
    /// from being given.
    pub(crate) fn each(
        &mut self,
        print: &mut dyn FnMut(Format, &Screen, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Stop> {
        let mut failed = vec![];
        for target in &self.targets {
            match &target.file {
                None => print(target.format, &self.streams.screen, self.streams.out)?,
                Some(name) => {
                    let mut write = || {
                        let mut file = io::BufWriter::new(File::create(name)?);
                        print(target.format, &Screen::PIPE, &mut file)?;
                        file.flush()
                    };
                    if let Err(error) = write() {
                        failed.push(unwritten(name, &error));
                    }
                }
            }
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Stop::answered(failed, Exit::Cannot)),
        }
    }
}

/// What a command tells by notices, as formats want it.
pub(crate) struct Telling<'a> {
    command: &'static str,
    notices: Vec<Notice>,
    exit: Exit,
    beside: Vec<Notice>,
    root: Root,
    home: Option<&'a str>,
}

// === impl Telling ===

impl<'a> Telling<'a> {
    pub(crate) fn new(
        command: &'static str,
        notices: Vec<Notice>,
        exit: Exit,
        session: &'a Session,
    ) -> Telling<'a> {
        let unread = Notice::unread(&session.preface);
        let beside = session.refused.iter().cloned().chain(unread).collect();
        let home = session.first_file();
        Telling { command, notices, exit, beside, root: root(), home }
    }

    /// The same, with more to tell beside the answer.
    pub(crate) fn beside(mut self, more: impl Iterator<Item = Notice>) -> Telling<'a> {
        self.beside.extend(more);
        self
    }

    pub(crate) fn run(&self) -> Run<'_> {
        Run {
            command: self.command,
            version: env!("CARGO_PKG_VERSION"),
            notices: &self.notices,
            beside: &self.beside,
            exit: self.exit.code(),
            root: &self.root,
            home: self.home,
        }
    }
}

/// Writes an answer as JSON.
pub(crate) fn write_json(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Where files are told from: the repository that the program runs in, else where it runs.
pub(crate) fn root() -> Root {
    let runs_in = env::current_dir().unwrap_or_default();
    let repository = runs_in.ancestors().find(|folder| folder.join(".git").exists());
    Root::new(repository.unwrap_or(&runs_in), &runs_in)
}

/// That an answer could not be written into a file.
pub(crate) fn unwritten(name: &str, error: &io::Error) -> Page {
    error::error(&format!("cannot write {name}: {}", reason(error)), None)
}
