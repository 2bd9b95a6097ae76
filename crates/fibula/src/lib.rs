//! The command line: arguments, exit codes, and choosing a printer; nothing else.
//!
//! A library so that the specification can run commands as a reader would type them.

mod args;
mod commands;
mod config;
mod ignored;
mod inputs;
mod output;
mod plugin;
mod program;
mod progress;
mod refused;
mod session;
mod stopped;
mod told;
mod words;

use std::ffi::OsString;
use std::io;

use clap::{CommandFactory, FromArgMatches};
use fibula_report::{Page, Screen, error};

use args::{Args, ColorArg, Command};
use output::Output;
pub use program::program;
use stopped::Wanted;

/// What the program reads and writes.
pub struct Streams<'a> {
    /// Reads standard input to its end.
    pub input: &'a mut dyn FnMut() -> io::Result<Vec<u8>>,
    /// Standard output.
    pub out: &'a mut dyn io::Write,
    /// What that is printed on.
    pub screen: Screen,
    /// Standard error.
    pub err: &'a mut dyn io::Write,
    /// What that is printed on.
    pub err_screen: Screen,
}

/// The exit codes: what cannot run comes over no, no over undecided, undecided over yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Yes.
    Yes,
    /// No: violated, not delivered.
    No,
    /// Cannot run: usage, or input that was refused.
    Cannot,
    /// Undecided.
    Undecided,
    /// As another command that was run.
    As(u8),
}

/// Why a command gave up: pages that say so, and the code to exit with.
pub(crate) struct Stop {
    pages: Vec<Page>,
    exit: Exit,
    /// Whether programs have their answer already.
    answered: bool,
    /// Whether it was asked in a wrong way, whatever is read.
    usage: bool,
}

/// How wide help is at most: longer lines are hard to read.
const MOST_HELP: usize = 100;

/// A command's result.
pub(crate) type Done = Result<Exit, Stop>;

/// Runs a command line, with `default` as the input where it names none, and returns the exit
/// code: 0 yes, 1 no, 2 cannot run, 3 undecided; of `lab run` that of its command.
///
/// To be called while the process has one thread: `lab` may have to enter a user namespace.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> u8 {
    // Help is laid out for the screen that was given, not for one that clap would look for.
    let width = streams.screen.width.map_or(MOST_HELP, |width| width.min(MOST_HELP));
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = Args::command().term_width(width);
    let mut default = default;
    if plugin::is_plugin(args.first()) {
        command = plugin::renamed(command);
        // Who asks kubectl means the cluster.
        default = Some(inputs::CLUSTER.into());
    }
    let matches = command.try_get_matches_from(args);
    let args = match matches.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return usage(&error, streams).code(),
    };
    for screen in [&mut streams.screen, &mut streams.err_screen] {
        screen.color = match args.color {
            ColorArg::Auto => screen.color,
            ColorArg::Always => true,
            ColorArg::Never => false,
        };
    }
    let wanted = args.command.as_ref().map(Wanted::of);
    let done = match args.command {
        None => commands::overview(streams),
        Some(command) => {
            let once = wanted.as_ref().map_or(Ok(()), Wanted::once);
            once.and_then(|()| dispatch(command, default, streams))
        }
    };
    let exit = match done {
        Ok(exit) => exit,
        Err(stop) => {
            for page in &stop.pages {
                let _ = page.print(&streams.err_screen, streams.err);
            }
            if let Some(wanted) = wanted.filter(|_| !stop.answered) {
                let _ = wanted.stopped(&stop, streams);
            }
            stop.exit
        }
    };
    match streams.out.flush() {
        Ok(()) => exit.code(),
        // Nobody reads on: that is their answer.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit.code(),
        Err(_) => Exit::Cannot.code(),
    }
}

fn dispatch(command: Command, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    match command {
        Command::Demo(args) => commands::demo(&args, streams),
        Command::Graph(args) => commands::graph(&args, default, streams),
        Command::Trace(args) => commands::trace(&args, default, streams),
        Command::Why(args) => commands::why(&args, default, streams),
        Command::Reach(args) => commands::reach(&args, default, streams),
        Command::Verify(args) => commands::verify(&args, default, streams),
        Command::Diff(args) => commands::diff(&args, default, streams),
        Command::Lint(args) => commands::lint(&args, default, streams),
        Command::Check(args) => commands::check(&args, default, streams),
        Command::Lab(args) => commands::lab(&args, default, streams),
        Command::Explain(args) => commands::explain(&args, streams),
        Command::Dump(args) => commands::dump(&args, default, streams),
        Command::Generate(args) => commands::generate(&args, streams),
        Command::Completions { shell } => commands::completions(shell, streams),
    }
}

/// What clap has to say: help on standard output, errors on standard error.
fn usage(error: &clap::Error, streams: &mut Streams<'_>) -> Exit {
    let (exit, screen, out): (_, _, &mut dyn io::Write) = match error.use_stderr() {
        true => (Exit::Cannot, streams.err_screen, &mut *streams.err),
        false => (Exit::Yes, streams.screen, &mut *streams.out),
    };
    let text = error.render();
    let _ = match screen.color {
        true => write!(out, "{}", text.ansi()),
        false => write!(out, "{text}"),
    };
    let _ = out.flush();
    exit
}

// === impl Exit ===

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Cannot => 2,
            Exit::Undecided => 3,
            Exit::As(code) => code,
        }
    }
}

// === impl Stop ===

impl Stop {
    /// Cannot run, and why.
    pub(crate) fn cannot(message: &str, hint: Option<&str>) -> Stop {
        Stop::with(vec![error::error(message, hint)], Exit::Cannot)
    }

    /// Cannot run, whatever is read: it was asked in a wrong way, and why.
    pub(crate) fn usage(message: &str, hint: Option<&str>) -> Stop {
        Stop { usage: true, ..Stop::cannot(message, hint) }
    }

    /// Gives up with these pages, after programs were answered.
    pub(crate) fn answered(pages: Vec<Page>, exit: Exit) -> Stop {
        Stop { answered: true, ..Stop::with(pages, exit) }
    }

    /// Gives up with these pages.
    pub(crate) fn with(pages: Vec<Page>, exit: Exit) -> Stop {
        Stop { pages, exit, answered: false, usage: false }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        match error.kind() {
            // Nobody reads on: no error to tell them.
            io::ErrorKind::BrokenPipe => Stop::answered(vec![], Exit::Yes),
            _ => Stop::cannot(&format!("cannot write: {error}"), None),
        }
    }
}
