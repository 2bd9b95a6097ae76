//! Where answers go: `-o FORMAT[=FILE]`.

use std::fs::File;
use std::io::{self, Write};
use std::str::FromStr;

use fibula_report::{Page, Screen};
use serde_json::Value;

use crate::args::OutputArgs;
use crate::{Stop, Streams};

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
    Dot,
    Mermaid,
}

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
            Format::Dot => "dot",
            Format::Mermaid => "mermaid",
        }
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
            "dot" => Format::Dot,
            "mermaid" => Format::Mermaid,
            _ => {
                let some = "say text or json; for graph and reach also dot or mermaid, for reach \
                            markdown";
                return Err(some.to_owned());
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
                Format::Markdown => "; reach writes Markdown",
                Format::Text | Format::Json => "",
            };
            let hint = format!("say {}{hint}", names.join(" or "));
            let what = format!("{} is no form of this answer", wrong.format.name());
            return Err(Stop::cannot(&what, Some(&hint)));
        }
        let text = Target { format: Format::Text, file: None };
        let mut targets = if targets.is_empty() { vec![text] } else { targets.to_vec() };
        if quiet {
            targets.retain(|target| target.file.is_some());
        }
        Ok(Output { streams, targets })
    }

    /// Leaves out the forms that an answer does not have.
    pub(crate) fn only(mut self, has: impl Fn(Format) -> bool) -> Self {
        self.targets.retain(|target| has(target.format));
        self
    }

    /// Prints an answer in each form that is wanted.
    pub(crate) fn print(
        &mut self,
        text: &dyn Fn() -> Page,
        json: &dyn Fn() -> Value,
    ) -> Result<(), Stop> {
        self.each(&mut |format, screen, out| match format {
            Format::Text => text().print(screen, out),
            _ => {
                serde_json::to_writer_pretty(&mut *out, &json())?;
                out.write_all(b"\n")
            }
        })
    }

    /// Calls `print` for each form that is wanted.
    pub(crate) fn each(
        &mut self,
        print: &mut dyn FnMut(Format, &Screen, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Stop> {
        for target in &self.targets {
            match &target.file {
                None => print(target.format, &self.streams.screen, self.streams.out)?,
                Some(name) => {
                    let write = || {
                        let mut file = io::BufWriter::new(File::create(name)?);
                        print(target.format, &Screen::PIPE, &mut file)?;
                        file.flush()
                    };
                    write_to(name, write)?;
                }
            }
        }
        Ok(())
    }
}

fn write_to(name: &str, write: impl FnOnce() -> io::Result<()>) -> Result<(), Stop> {
    write().map_err(|error| Stop::cannot(&format!("cannot write {name}: {error}"), None))
}
